//! The settings of a norm: ε, the momentum of its running statistics, and its trained gain and bias.

use core::marker::PhantomData;

use chainrule_parameters::{Number, Part, Scalar, TypeName};

use crate::layer::dense::{Bias, NoBias};
use crate::tensor::Tensor;

/// ε and the momentum of a norm: [`Epsilon`], [`MachineEpsilon`], or a pair of one of them and a [`Momentum`]. See the
/// example of [`Epsilon`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of a norm",
    label = "expected an epsilon, or an epsilon and a momentum",
    note = "write an epsilon, as in `BatchNorm<16, f32, Epsilon<1, 1000>>`, or an epsilon and a momentum, as in `BatchNorm<16, f32, (Epsilon<1, 1000>, Momentum<1, 100>)>`"
)]
pub trait NormSettings: Copy + Send + Sync + 'static {
    /// ε, or `None` for the machine epsilon of the scalar type.
    #[doc(hidden)]
    const EPSILON: Option<f64>;
    #[doc(hidden)]
    const MOMENTUM: f64 = 0.1;
    #[doc(hidden)]
    const NAME: TypeName;
}

/// ε = `NUM / DEN`, the number that a norm adds to the variance. The default is 1e-5, as in PyTorch.
///
/// # Examples
/// ```
/// use approx::assert_abs_diff_eq;
/// use chainrule::prelude::*;
///
/// // Batch normalization with the settings of Keras.
/// type Keras = BatchNorm<1, f32, (Epsilon<1, 1000>, Momentum<1, 100>)>;
/// let mut norm = Keras::init(&mut rng(0));
/// norm.running_variance = Vector([1e-4]);
/// assert_abs_diff_eq!(norm.predict(&Vector([0.1]))?, Vector([0.1 / 1.1e-3_f32.sqrt()]), epsilon = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("eps", "epsilon parameter"))]
#[derive(Clone, Copy, Debug)]
pub struct Epsilon<const NUM: u64 = 1, const DEN: u64 = 100_000>;

/// The machine epsilon as ε: the distance from 1 to the next number of the scalar type, 2⁻²³ in `f32` and 2⁻⁵² in
/// `f64`. It is the default of [`RmsNorm`](super::RmsNorm), as in PyTorch's `nn.RMSNorm`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// assert_eq!(<RmsNorm<Vector<4>>>::EPSILON, f64::from(f32::EPSILON));
/// assert_eq!(<RmsNorm<Vector<4, f64>>>::EPSILON, f64::EPSILON);
/// ```
#[doc(alias("finfo.eps"))]
#[derive(Clone, Copy, Debug)]
pub struct MachineEpsilon;

/// The momentum `NUM / DEN` of a [`BatchNorm`](super::BatchNorm): each step moves the running mean and variance by this
/// share of their distance to the batch's values. The default is 0.1, as in PyTorch. A momentum of 0.99 in Keras is
/// `Momentum<1, 100>`. See the example of [`Epsilon`].
#[doc(alias("running average", "decay"))]
#[derive(Clone, Copy, Debug)]
pub struct Momentum<const NUM: u64 = 1, const DEN: u64 = 10>;

impl<const NUM: u64, const DEN: u64> NormSettings for Epsilon<NUM, DEN> {
    const EPSILON: Option<f64> = Some(NUM as f64 / DEN as f64);
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("Epsilon<"),
            Part::Number(NUM),
            Part::Text(", "),
            Part::Number(DEN),
            Part::Text(">"),
        ],
    };
}

impl NormSettings for MachineEpsilon {
    const EPSILON: Option<f64> = None;
    const NAME: TypeName = TypeName { parts: &[Part::Text("MachineEpsilon")] };
}

impl<E: NormSettings, const NUM: u64, const DEN: u64> NormSettings for (E, Momentum<NUM, DEN>) {
    const EPSILON: Option<f64> = E::EPSILON;
    const MOMENTUM: f64 = NUM as f64 / DEN as f64;
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("("),
            Part::Name(&E::NAME),
            Part::Text(", Momentum<"),
            Part::Number(NUM),
            Part::Text(", "),
            Part::Number(DEN),
            Part::Text(">)"),
        ],
    };
}

/// Returns ε for the scalar type `T`.
pub(super) const fn epsilon<S: NormSettings, T: Number>() -> f64 {
    match (S::EPSILON, T::SCALAR) {
        (Some(epsilon), _) => epsilon,
        (None, Scalar::F32) => f32::EPSILON as f64,
        (None, Scalar::F64) => f64::EPSILON,
    }
}

/// Returns whether ε is above 0. With 0, numbers that are all equal would be divided by 0.
pub(super) const fn is_positive(epsilon: f64) -> bool {
    epsilon > 0.0 && epsilon < f64::INFINITY
}

pub(super) const NOT_POSITIVE: &[Part] = &[Part::Text(
    "has an epsilon that is not positive: in `Epsilon<NUM, DEN>`, both numbers must be at least 1",
)];

/// The trained parameters of a norm of `V`: [`GainAndBias`], [`NoBias`], [`NoGain`] or [`NoAffine`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // For 8 features: a gain and a bias, one of the two, or neither.
/// assert_eq!(<LayerNorm<Vector<8>>>::COUNT, 16);
/// assert_eq!(<LayerNorm<Vector<8>, Epsilon, NoBias>>::COUNT, 8);
/// assert_eq!(<BatchNorm<8, f32, Epsilon, NoGain>>::COUNT, <BatchNorm<8, f32, Epsilon, NoAffine>>::COUNT + 8);
/// assert_eq!(<LayerNorm<Vector<8>, Epsilon, NoAffine>>::COUNT, 0);
/// ```
#[doc(alias("affine"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not set which parameters a norm of `{V}` has",
    label = "expected `GainAndBias`, `NoBias` or `NoAffine`",
    note = "`GainAndBias` trains a gain and a bias, `NoBias` only a gain (as in an RMS norm), `NoAffine` neither"
)]
pub trait AffineOf<V: Tensor>: Copy + Send + Sync + 'static {
    /// The type of the gain: `V`, or [`NoBias`] if there is none.
    type Gain: Bias<V>;
    /// The type of the bias: `V`, or [`NoBias`] if there is none.
    type Bias: Bias<V>;
    #[doc(hidden)]
    const NAME: TypeName;
}

/// A norm with a gain and a bias for each number: the default. See the example of [`AffineOf`].
#[doc(alias("affine=True", "elementwise_affine"))]
#[derive(Clone, Copy, Debug)]
pub struct GainAndBias;

/// A norm without a gain and without a bias. See the example of [`AffineOf`].
#[doc(alias("affine=False"))]
#[derive(Clone, Copy, Debug)]
pub struct NoAffine;

/// A norm with a bias and without a gain: `scale=False` in Keras. See the example of [`AffineOf`].
#[doc(alias("scale=False"))]
#[derive(Clone, Copy, Debug)]
pub struct NoGain;

impl<V: Tensor> AffineOf<V> for NoGain {
    type Gain = NoBias;
    type Bias = V;
    const NAME: TypeName = TypeName { parts: &[Part::Text("NoGain")] };
}

impl<V: Tensor> AffineOf<V> for GainAndBias {
    type Gain = V;
    type Bias = V;
    const NAME: TypeName = TypeName { parts: &[Part::Text("GainAndBias")] };
}

impl<V: Tensor> AffineOf<V> for NoBias {
    type Gain = V;
    type Bias = NoBias;
    const NAME: TypeName = TypeName { parts: &[Part::Text("NoBias")] };
}

impl<V: Tensor> AffineOf<V> for NoAffine {
    type Gain = NoBias;
    type Bias = NoBias;
    const NAME: TypeName = TypeName { parts: &[Part::Text("NoAffine")] };
}

/// The end of a norm's name: the settings `S` and `A`, unless they are the defaults `D` and `E`.
pub(in crate::layer) struct Rest<V, S, A, D, E>(PhantomData<(V, S, A, D, E)>);

impl<V: Tensor, S: NormSettings, A: AffineOf<V>, D: NormSettings, E: AffineOf<V>> Rest<V, S, A, D, E> {
    const AFFINE: bool = A::Gain::IS_NONE == E::Gain::IS_NONE && A::Bias::IS_NONE == E::Bias::IS_NONE;
    const DEFAULT: bool = Self::AFFINE
        && S::MOMENTUM == D::MOMENTUM
        && match (S::EPSILON, D::EPSILON) {
            (Some(epsilon), Some(default)) => epsilon == default,
            (None, None) => true,
            _ => false,
        };
    const SETTINGS: TypeName = TypeName {
        parts: if Self::DEFAULT {
            &[]
        } else if Self::AFFINE {
            &[Part::Text(", "), Part::Name(&S::NAME)]
        } else {
            &[Part::Text(", "), Part::Name(&S::NAME), Part::Text(", "), Part::Name(&A::NAME)]
        },
    };

    /// `, f64`, and `, f32` before other settings.
    pub(super) const SCALAR: Part = match <V::Scalar as Number>::SCALAR {
        Scalar::F32 if !Self::DEFAULT => Part::Text(", f32"),
        scalar => Part::Scalar(scalar),
    };
    /// The settings that are not the defaults.
    pub(super) const PART: Part = Part::Name(&Self::SETTINGS);

    /// The same as `SCALAR` and `PART`, for a layer without ε.
    pub(in crate::layer) const AFFINE_SCALAR: Part = match <V::Scalar as Number>::SCALAR {
        Scalar::F32 if !Self::AFFINE => Part::Text(", f32"),
        scalar => Part::Scalar(scalar),
    };
    pub(in crate::layer) const AFFINE_PART: Part = Part::Name(&TypeName {
        parts: if Self::AFFINE { &[] } else { &[Part::Text(", "), Part::Name(&A::NAME)] },
    });
}
