use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::settings::{NOT_POSITIVE, Rest, epsilon, is_positive};
use super::{AffineOf, MachineEpsilon, NormSettings, Normal, add_sums, part_by_part, sums_space};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::dense::{Bias, NoBias};
use crate::layer::onnx::Form;
use crate::layer::{
    Backward, Effect, Layer, Mode, Normalized, Plan, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Sequence, Tensor, Vector, len};

/// Divides each sample, or each step of a sequence, by its root mean square.
///
/// Forward `x̂ᵢ = xᵢ r`, `yᵢ = γᵢ x̂ᵢ`, with r = 1 / √(mean x² + ε) over the n numbers; backward
/// `dxᵢ = r (gᵢ - x̂ᵢ mean g x̂)` with g = γ dy, and `dγ = Σ dy x̂` over the batch.
///
/// # Shapes
/// `RmsNorm<X>`: input and output have the shape X. `RmsNorm<Vector<F>>` also takes a `Sequence<S, F>`, and normalizes
/// each step separately. `gain` (γ) starts at 1 and has the shape X.
///
/// # Settings
/// `RmsNorm<X, S, A>`. S is ε, by default [`MachineEpsilon`] as in PyTorch. Many language models use 1e-5 or 1e-6:
/// `RmsNorm<X, Epsilon<1, 1_000_000>>`. With [`NoAffine`](super::NoAffine) as A there is no γ.
///
/// # Gradient flow
/// The Jacobian of x̂ is r (I - x̂ x̂ᵀ/n). Its norm is at most r, and it removes only the component along x̂ (up to ε).
/// Scaling x by s scales its gradient by 1/s. At x = 0 it is I/√ε, a factor of 2896 in `f32`.
///
/// # Source
/// Zhang, Sennrich, "Root mean square layer normalization", NeurIPS 2019, eq. 4. The paper has no ε.
///
/// # Examples
/// ```
/// use approx::assert_abs_diff_eq;
/// use chainrule::prelude::*;
///
/// let norm = RmsNorm::<Vector<2>>::init(&mut rng(0));
/// assert_abs_diff_eq!(norm.predict(&Vector([1.0, 7.0]))?, Vector([0.2, 1.4]), epsilon = 1e-6); // √(50 / 2) is 5
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.RMSNorm", "root mean square normalization"))]
#[derive(Clone, Parameters)]
#[parameters(name = "RmsNorm<{X}{=Rest::<X, S, A, MachineEpsilon, NoBias>::PART}>")]
pub struct RmsNorm<X: Tensor, S: NormSettings = MachineEpsilon, A: AffineOf<X, Bias = NoBias> = NoBias> {
    /// γ: a factor for each number of X.
    #[parameter(scale = 1.0, shape = X::SHAPE, scalar = X::Scalar)]
    pub gain: A::Gain,
    #[parameter(setting = Self::EPSILON)]
    epsilon: PhantomData<S>,
}

impl<X: Tensor, S: NormSettings, A: AffineOf<X, Bias = NoBias>> RmsNorm<X, S, A> {
    /// ε, which is added to the mean square.
    pub const EPSILON: f64 = epsilon::<S, X::Scalar>();
}

impl<X: Tensor, S: NormSettings, A: AffineOf<X, Bias = NoBias>> Layer<X> for RmsNorm<X, S, A> {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .saves(Space::per_sample::<Normal>(1))
        .backward_scratch(sums_space(1, len::<X>()))
        .window(Window::WHOLE)
        .requires(is_positive(Self::EPSILON), NOT_POSITIVE)
        .form(Form::LayerNorm { epsilon: Self::EPSILON, rank: X::SHAPE.len(), centered: false })
        .effect(Effect::Norm { of: Normalized::SampleAroundZero, epsilon: Self::EPSILON });

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        for ((x, y), normal) in input.iter().zip(output).zip(workspace.saved::<Normal>(input.len())) {
            let (x, y) = (x.as_slice(), y.as_mut_slice());
            *normal = Normal::around(0.0, x, Self::EPSILON);
            normal.normalize(x, self.gain.as_numbers(), None, y);
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, .. } = pass;
        let dgain = workspace.scratch::<f64>(X::LEN);
        dgain.fill(0.0);
        for (at, &normal) in workspace.saved::<Normal>(input.len()).iter().enumerate() {
            let (x, dy) = (input[at].as_slice(), output_grad[at].as_slice());
            for (dgain, (x, dy)) in dgain.iter_mut().zip(x.iter().zip(dy)) {
                *dgain += dy.to_f64() * normal.apply(x.to_f64());
            }
            let Some(input_grad) = input_grad.as_deref_mut() else { continue };
            let dx = input_grad[at].as_mut_slice();
            normal.differentiate([x, dy], self.gain.as_numbers(), false, dx);
        }
        add_sums(dgain, gradient.gain.as_numbers_mut());
    }
}

part_by_part!(
    [const STEPS: usize, const FEATURES: usize, T: Real, S: NormSettings, A: AffineOf<Vector<FEATURES, T>, Bias = NoBias>]
    RmsNorm<Vector<FEATURES, T>, S, A>: Sequence<STEPS, FEATURES, T>, as Vector<FEATURES, T>
);

comparable!([X: Tensor, S: NormSettings, A: AffineOf<X, Bias = NoBias>] RmsNorm<X, S, A>);
