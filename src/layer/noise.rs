//! Noise in training mode: random numbers that are added to the signal, or by which it is multiplied.

use chainrule_derive::Parameters;
use chainrule_parameters::Part;
use rand::{Rng, RngExt};

use super::compare::comparable;
use super::dropout::nothing_remains;
use super::{Backward, Effect, Layer, Mode, Onnx, Plan, Space, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::random::normal;
use crate::tensor::Tensor;

/// In training mode, adds noise with the standard deviation σ = `NUM / DEN` to each number. In evaluation mode, does
/// nothing.
///
/// Forward `y = x + σ n`, with a random n from the standard normal distribution for each number; backward `dx = dy`.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is the identity.
///
/// # Source
/// Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural Computation 7 (1995), eq. 9.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Noise = GaussianNoise<1, 10>;
/// let x = Vector([1.0_f32; 1000]);
/// assert_eq!(GaussianNoise::<1, 10>.predict(&x)?, x); // evaluation mode
///
/// let (mut y, mut workspace) = ([Vector::default()], Workspace::default());
/// Noise {}.forward(&[x], &mut y, workspace.prepare::<Vector<1000>, Noise>(1), &mut Mode::Train(&mut rng(1)));
/// let variance = y[0].0.iter().map(|y| (y - 1.0).powi(2)).sum::<f32>() / 1000.0;
/// assert!((variance - 0.01).abs() < 0.002); // 4 of its standard deviations, 0.01 √(2 / 1000)
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("noise injection", "additive noise", "jitter"))]
#[derive(Clone, Copy, Parameters)]
pub struct GaussianNoise<const NUM: u32 = 1, const DEN: u32 = 1>;

comparable!([const NUM: u32, const DEN: u32] GaussianNoise<NUM, DEN>);

impl<const NUM: u32, const DEN: u32> GaussianNoise<NUM, DEN> {
    const DEVIATION: f64 = NUM as f64 / DEN as f64;
}

impl<X: Tensor, const NUM: u32, const DEN: u32> Layer<X> for GaussianNoise<NUM, DEN> {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .onnx(Onnx::IDENTITY)
        .effect(Effect::Noise {
            mean: 1.0,
            square: 1.0,
            mixed: 0.0,
            added: Self::DEVIATION * Self::DEVIATION,
        })
        .requires(
            DEN > 0,
            &[
                Part::Text("has the deviation "),
                Part::Number(NUM as u64),
                Part::Text(" / 0: DEN must be at least 1"),
            ],
        );

    fn forward(&self, input: &[X], output: &mut [X], _: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        output.copy_from_slice(input);
        if let Mode::Train(rng) = mode {
            for y in X::flat_mut(output) {
                *y += X::Scalar::from_f64(Self::DEVIATION * normal(*rng));
            }
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        if let Some(input_grad) = pass.input_grad {
            input_grad.copy_from_slice(pass.output_grad);
        }
    }
}

/// In training mode, multiplies each number by a normal random number with mean 1. Its variance equals that of the
/// factors of [`Dropout`](super::Dropout) with `PERCENT` percent. In evaluation mode, does nothing.
///
/// Forward `y = m x`, backward `dx = m dy`, with `m = 1 + n √(p / (1 - p))`, p = `PERCENT` / 100 and a random n from
/// the standard normal distribution for each number.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is diag(m): it multiplies the squared norm of a gradient by 1 / (1 - p) on average, the same as
/// `Dropout`.
///
/// # Source
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15 (2014), section 10.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Vector([1.0_f32; 1000]);
/// assert_eq!(GaussianDropout::<50>.predict(&x)?, x); // evaluation mode
///
/// let (mut y, mut workspace) = ([Vector::default()], Workspace::default());
/// let workspace = workspace.prepare::<Vector<1000>, GaussianDropout<50>>(1);
/// GaussianDropout::<50>.forward(&[x], &mut y, workspace, &mut Mode::Train(&mut rng(1)));
/// let variance = y[0].0.iter().map(|y| (y - 1.0).powi(2)).sum::<f32>() / 1000.0;
/// assert!((variance - 1.0).abs() < 0.2); // 4 of its standard deviations, √(2 / 1000)
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("multiplicative noise", "keras.layers.GaussianDropout"))]
#[derive(Clone, Copy, Parameters)]
pub struct GaussianDropout<const PERCENT: u32>;

/// [`Dropout`](super::Dropout) that preserves the mean and the variance of a signal with mean 0 and variance 1, for
/// networks with [`Selu`](super::Selu). In evaluation mode, does nothing.
///
/// Forward `y = a x + b` with probability q = 1 - `PERCENT` / 100, otherwise `y = a α' + b`: dropped numbers become α'
/// = -1.758, the lower limit of SELU. `a = 1 / √(q + α'² q (1 - q))` and `b = -a (1 - q) α'`. Backward `dx = a dy` or
/// 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The squared norm of a gradient is multiplied by a² q on average. This is 1 / (1 + α'² (1 - q)), which is below 1.
///
/// # Source
/// Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", NIPS 2017, section 2, new dropout
/// technique.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Vector([1.0_f32, -1.0]);
/// assert_eq!(AlphaDropout::<10>.predict(&x)?, x); // evaluation mode
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AlphaDropout", "self-normalizing"))]
#[derive(Clone, Copy, Parameters)]
pub struct AlphaDropout<const PERCENT: u32>;

impl<const PERCENT: u32> AlphaDropout<PERCENT> {
    const DROPPED: f64 = PERCENT as f64 / 100.0;
    const KEPT: f64 = 1.0 - Self::DROPPED;
    /// α' = -λ α.
    const LOWEST: f64 = -1.758_099_340_847_376_8;
    /// a².
    const SQUARE: f64 = 1.0 / (Self::KEPT * (1.0 + Self::LOWEST * Self::LOWEST * Self::DROPPED));

    const A: f64 = root(Self::SQUARE);
    const B: f64 = -Self::A * Self::DROPPED * Self::LOWEST;
}

/// Computes the square root of a number from 0.1 to 100, by Newton's iteration. (The function of `libm` is not
/// `const`.)
const fn root(x: f64) -> f64 {
    let (mut y, mut step) = (x, 0);
    while step < 20 {
        y = 0.5 * (y + x / y);
        step += 1;
    }
    y
}

/// A layer that computes y = m x + n with random m and n.
trait Factors {
    /// The effect on the moments of the signal.
    const EFFECT: Effect;

    /// Draws m and n.
    fn draw(rng: &mut dyn Rng) -> [f64; 2];
}

impl<const PERCENT: u32> Factors for GaussianDropout<PERCENT> {
    const EFFECT: Effect = Effect::Dropout { remaining: 1.0 - PERCENT as f64 / 100.0 };

    fn draw(rng: &mut dyn Rng) -> [f64; 2] {
        let odds = f64::from(PERCENT) / (100.0 - f64::from(PERCENT));
        [1.0 + libm::sqrt(odds) * normal(rng), 0.0]
    }
}

impl<const PERCENT: u32> Factors for AlphaDropout<PERCENT> {
    // m = a and n = b, or m = 0 and n = a α' + b.
    const EFFECT: Effect = {
        let dropped = Self::A * Self::LOWEST + Self::B;
        Effect::Noise {
            mean: Self::A * Self::KEPT,
            square: Self::SQUARE * Self::KEPT,
            mixed: 2.0 * Self::A * Self::KEPT * Self::B,
            added: Self::KEPT * Self::B * Self::B + Self::DROPPED * dropped * dropped,
        }
    };

    fn draw(rng: &mut dyn Rng) -> [f64; 2] {
        let is_dropped = rng.random_range(0..100) < PERCENT;
        if is_dropped { [0.0, Self::A * Self::LOWEST + Self::B] } else { [Self::A, Self::B] }
    }
}

macro_rules! factors {
    ($layer:ident) => {
        comparable!([const PERCENT: u32] $layer<PERCENT>);

        impl<X: Tensor, const PERCENT: u32> Layer<X> for $layer<PERCENT> {
            type Output = X;
            // The factors m, and a byte: whether there are factors (in training mode).
            const PLAN: Plan = Plan::leaf::<X, Self>()
        .onnx(Onnx::IDENTITY)
                .saves(Space::per_batch::<u8>(1))
                .saves(Space::per_sample::<X>(1))
                .effect(<Self as Factors>::EFFECT)
                .requires(PERCENT < 100, nothing_remains!(PERCENT));

            fn forward(
                &self,
                input: &[X],
                output: &mut [X],
                mut workspace: WorkspaceMut<'_>,
                mode: &mut Mode<'_>,
            ) {
                check_lengths(input.len(), output.len());
                let active = &mut workspace.saved::<u8>(1)[0];
                *active = 0;
                if let Mode::Train(rng) = mode
                    && PERCENT > 0
                {
                    *active = 1;
                    let factors = X::flat_mut(workspace.saved::<X>(input.len()));
                    for ((y, &x), m) in X::flat_mut(output).iter_mut().zip(X::flat(input)).zip(factors) {
                        let [factor, summand] = Self::draw(*rng).map(X::Scalar::from_f64);
                        *m = factor;
                        *y = factor * x + summand;
                    }
                } else {
                    output.copy_from_slice(input);
                }
            }

            fn backward(&self, pass: Backward<'_, X, Self>) {
                pass.check_lengths();
                let Backward { input, output_grad, input_grad, mut workspace, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                if workspace.saved::<u8>(1)[0] != 0 {
                    let factors = X::flat(workspace.saved::<X>(input.len())).iter();
                    let dx = X::flat_mut(input_grad).iter_mut();
                    dx.zip(factors).zip(X::flat(output_grad)).for_each(|((dx, &m), &dy)| *dx = m * dy);
                } else {
                    input_grad.copy_from_slice(output_grad);
                }
            }
        }
    };
}
factors!(GaussianDropout);
factors!(AlphaDropout);
