use chainrule_derive::Parameters;

use super::{Normal, add_sums, part_by_part, sums, sums_space};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::{
    Backward, Effect, Layer, Mode, Normalized, Plan, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Sequence, Tensor, Vector, len};

/// Divides each sample, or each step of a sequence, by its root mean square.
///
/// Forward `x̂ᵢ = xᵢ r`, `yᵢ = γᵢ x̂ᵢ`, with r = 1 / √(mean x² + ε) over the n numbers, ε = 1e-6; backward
/// `dxᵢ = r (gᵢ - x̂ᵢ mean g x̂)` with g = γ dy, and `dγ = Σ dy x̂` over the batch.
///
/// # Shapes
/// `RmsNorm<X>`: input and output have the shape X. `RmsNorm<Vector<F>>` takes a `Sequence<S, F>` too, and normalizes
/// each step separately. `gain` (γ) starts at 1 and has the shape X.
///
/// # Gradient flow
/// The Jacobian of x̂ is r (I - x̂ x̂ᵀ/n): its norm is at most r, and it removes (up to ε) the component along x̂ only.
/// Scaling x by s scales its gradient by 1/s. At x = 0 it is I/√ε, a factor of 1000.
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
#[derive(Clone, Parameters)]
#[parameters(name = "RmsNorm<{X}>")]
pub struct RmsNorm<X: Tensor> {
    /// γ: a factor for each number of X.
    #[parameter(scale = 1.0, shape = X::SHAPE, scalar = X::Scalar)]
    pub gain: X,
}

impl<X: Tensor> RmsNorm<X> {
    /// ε, added to the mean of the squares.
    pub const EPSILON: f64 = 1e-6;
}

impl<X: Tensor> Layer<X> for RmsNorm<X> {
    type Output = X;
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .saves(Space::per_sample::<Normal>(1))
        .backward_scratch(sums_space(1, len::<X>()))
        .window(Window::WHOLE)
        .effect(Effect::Norm { of: Normalized::SampleAroundZero, epsilon: Self::EPSILON });

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        for ((x, y), normal) in input.iter().zip(output).zip(workspace.saved::<Normal>(input.len())) {
            let (x, y) = (x.as_slice(), y.as_mut_slice());
            *normal = Normal::around(0.0, x, Self::EPSILON);
            for ((y, x), gain) in y.iter_mut().zip(x).zip(self.gain.as_slice()) {
                *y = X::Scalar::from_f64(gain.to_f64() * normal.apply(x.to_f64()));
            }
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, .. } = pass;
        let gain = self.gain.as_slice();
        let dgain = workspace.scratch::<f64>(X::LEN);
        dgain.fill(0.0);
        for (at, &normal) in workspace.saved::<Normal>(input.len()).iter().enumerate() {
            let (x, dy) = (input[at].as_slice(), output_grad[at].as_slice());
            for (dgain, (x, dy)) in dgain.iter_mut().zip(x.iter().zip(dy)) {
                *dgain += dy.to_f64() * normal.apply(x.to_f64());
            }
            let Some(input_grad) = input_grad.as_deref_mut() else { continue };
            let [along] = sums([gain, dy, x], |[gain, dy, x]| [gain * dy * normal.apply(x)]);
            let along = along / X::LEN as f64;
            let dx = input_grad[at].as_mut_slice().iter_mut();
            for ((dx, x), (gain, dy)) in dx.zip(x).zip(gain.iter().zip(dy)) {
                let across = gain.to_f64() * dy.to_f64() - normal.apply(x.to_f64()) * along;
                *dx = X::Scalar::from_f64(normal.factor * across);
            }
        }
        add_sums(dgain, gradient.gain.as_mut_slice());
    }
}

part_by_part!(
    [const STEPS: usize, const FEATURES: usize, T: Real]
    RmsNorm<Vector<FEATURES, T>>: Sequence<STEPS, FEATURES, T>, as Vector<FEATURES, T>
);

comparable!([X: Tensor] RmsNorm<X>);
