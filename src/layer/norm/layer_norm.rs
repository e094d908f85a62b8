use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::settings::{NOT_POSITIVE, Rest, epsilon, is_positive};
use super::{AffineOf, Epsilon, GainAndBias, NormSettings, Normal, add_sums, part_by_part, sums_space};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::dense::Bias;
use crate::layer::onnx::Form;
use crate::layer::{
    Backward, Effect, Layer, Mode, Normalized, Plan, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Sequence, Tensor, Vector, len};

/// Normalizes each sample, or each step of a sequence, to mean 0 and variance 1 over all its numbers.
///
/// Forward `x̂ᵢ = (xᵢ - μ) r`, `yᵢ = γᵢ x̂ᵢ + βᵢ`, where μ is the mean of the n numbers, σ² the mean of (x - μ)², and r
/// = 1 / √(σ² + ε); backward `dxᵢ = r (gᵢ - mean g - x̂ᵢ mean g x̂)` with g = γ dy, and `dγ = Σ dy x̂`, `dβ = Σ dy`
/// over the batch.
///
/// # Shapes
/// `LayerNorm<X>`: input and output have the shape X. `LayerNorm<Vector<F>>` also takes a `Sequence<S, F>`, and
/// normalizes each step separately. `gain` (γ) starts at 1, `bias` (β) at 0; both have the shape X.
///
/// # Settings
/// `LayerNorm<X, S, A>`. S is ε, by default 1e-5 as in PyTorch: `LayerNorm<X, Epsilon<1, 1000>>`. A is `GainAndBias` by
/// default. With [`NoBias`](crate::layer::NoBias) there is no β, with [`NoAffine`](super::NoAffine) neither γ nor β.
///
/// # Gradient flow
/// The Jacobian of x̂ is r (I - 1 1ᵀ/n - x̂ x̂ᵀ/n). Its norm is at most r, and it removes the components along 1 and
/// (up to ε) along x̂. Scaling x by s scales its gradient by 1/s. Therefore the scale of the weights before this layer
/// cannot make activations or gradients explode. If all numbers are equal, the output is the bias, and r is 1/√ε: 316
/// for 1e-5.
///
/// # Source
/// Ba, Kiros, Hinton, "Layer normalization" (2016), arXiv:1607.06450, eq. 3 and 4.
///
/// # Examples
/// ```
/// use approx::assert_abs_diff_eq;
/// use chainrule::prelude::*;
///
/// let norm = LayerNorm::<Vector<2>>::init(&mut rng(0));
/// assert_abs_diff_eq!(norm.predict(&Vector([1.0, 3.0]))?, Vector([-1.0, 1.0]), epsilon = 1e-5);
/// let steps = Sequence([[1.0, 3.0], [5000.0, -1000.0]]);
/// assert_abs_diff_eq!(norm.predict(&steps)?, Sequence([[-1.0, 1.0], [1.0, -1.0]]), epsilon = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LayerNorm", "layer normalization", "LayerNormalization"))]
#[derive(Clone, Parameters)]
#[parameters(name = "LayerNorm<{X}{=Rest::<X, S, A, Epsilon, GainAndBias>::PART}>")]
pub struct LayerNorm<X: Tensor, S: NormSettings = Epsilon, A: AffineOf<X> = GainAndBias> {
    /// γ: a factor for each number of X.
    #[parameter(scale = 1.0, shape = X::SHAPE, scalar = X::Scalar)]
    pub gain: A::Gain,
    /// β: a bias for each number of X.
    #[parameter(bias, shape = X::SHAPE, scalar = X::Scalar)]
    pub bias: A::Bias,
    #[parameter(setting = Self::EPSILON)]
    epsilon: PhantomData<S>,
}

impl<X: Tensor, S: NormSettings, A: AffineOf<X>> LayerNorm<X, S, A> {
    /// ε, which is added to the variance.
    pub const EPSILON: f64 = epsilon::<S, X::Scalar>();
}

impl<X: Tensor, S: NormSettings, A: AffineOf<X>> Layer<X> for LayerNorm<X, S, A> {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .saves(Space::per_sample::<Normal>(1))
        .backward_scratch(sums_space(2, len::<X>()))
        .window(Window::WHOLE)
        .requires(is_positive(Self::EPSILON), NOT_POSITIVE)
        .form(Form::LayerNorm { epsilon: Self::EPSILON, rank: X::SHAPE.len(), centered: true })
        .effect(Effect::Norm { of: Normalized::Sample, epsilon: Self::EPSILON });

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        for ((x, y), normal) in input.iter().zip(output).zip(workspace.saved::<Normal>(input.len())) {
            *normal = Normal::of(x.as_slice(), Self::EPSILON);
            normal.normalize(x.as_slice(), self.gain.as_numbers(), self.bias.as_numbers(), y.as_mut_slice());
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, .. } = pass;
        let (dgain, dbias) = (workspace.scratch::<f64>(X::LEN), workspace.scratch::<f64>(X::LEN));
        dgain.fill(0.0);
        dbias.fill(0.0);
        for (at, &normal) in workspace.saved::<Normal>(input.len()).iter().enumerate() {
            let (x, dy) = (input[at].as_slice(), output_grad[at].as_slice());
            for ((dgain, dbias), (x, dy)) in dgain.iter_mut().zip(&mut *dbias).zip(x.iter().zip(dy)) {
                *dgain += dy.to_f64() * normal.apply(x.to_f64());
                *dbias += dy.to_f64();
            }
            let Some(input_grad) = input_grad.as_deref_mut() else { continue };
            let dx = input_grad[at].as_mut_slice();
            normal.differentiate([x, dy], self.gain.as_numbers(), true, dx);
        }
        add_sums(dgain, gradient.gain.as_numbers_mut());
        add_sums(dbias, gradient.bias.as_numbers_mut());
    }
}

part_by_part!(
    [const STEPS: usize, const FEATURES: usize, T: Real, S: NormSettings, A: AffineOf<Vector<FEATURES, T>>]
    LayerNorm<Vector<FEATURES, T>, S, A>: Sequence<STEPS, FEATURES, T>, as Vector<FEATURES, T>
);

comparable!([X: Tensor, S: NormSettings, A: AffineOf<X>] LayerNorm<X, S, A>);
