use super::{Output, Pooled, apart, form, on_pixels, on_steps};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Pool;
use crate::layer::window_at::window_at;
use crate::layer::{Backward, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Image, Sequence, Tensor};
use chainrule_derive::Parameters;

/// The mean of each `K` x `K` window, channel by channel.
///
/// Forward `y[c, r, s] = Σ x[c, STRIDE r + m - PAD, STRIDE s + n - PAD] / K²` over m, n < K, where padding counts as
/// zeros (PyTorch's default); backward `dx = Σ dy / K²` over all windows that contain the pixel.
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, (H + 2 PAD - K) / STRIDE + 1, (W + 2 PAD - K) / STRIDE + 1>`, rounded down:
/// rows and columns that do not fill a window are ignored. `STRIDE` is `K` by default, so that the windows do not
/// overlap. `PAD` is at most half of `K`.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is 1 / K for windows that do not overlap, otherwise at most ⌈K / STRIDE⌉ / K. A
/// gradient is spread over the window, and its norm shrinks.
///
/// # Source
/// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998), section II.B,
/// without the trained factor.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0, 5.0, 6.0], [4.0, 3.0, 8.0, 7.0]]]);
/// assert_eq!(AvgPool2d::<2>.predict(&picture)?, Image([[[2.5, 6.5]]])); // windows next to each other
/// assert_eq!(AvgPool2d::<2, 1>.predict(&picture)?, Image([[[2.5, 4.5, 6.5]]])); // windows one pixel apart
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("average pooling", "mean pooling", "nn.AvgPool2d", "subsampling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct AvgPool2d<const K: usize, const STRIDE: usize = K, const PAD: usize = 0>;

/// The mean of each feature in each window of `K` steps.
///
/// Forward `y[t, f] = Σ x[STRIDE t + k - PAD, f] / K` over k < K, where padding counts as zeros; backward
/// `dx = Σ dy / K` over all windows that contain the step.
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<(STEPS + 2 PAD - K) / STRIDE + 1, FEATURES>`, rounded down.
/// `STRIDE` is `K` by default. `PAD` is at most half of `K`.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is 1 / √K for windows that do not overlap, otherwise at most √(⌈K / STRIDE⌉ / K).
///
/// # Source
/// Waibel, Hanazawa, Hinton, Shikano, Lang, "Phoneme recognition using time-delay neural networks" (1989), which sums
/// over time.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, -1.0], [3.0, -2.0], [2.0, -3.0], [0.0, -4.0]]);
/// assert_eq!(AvgPool1d::<2>.predict(&steps)?, Sequence([[2.0, -1.5], [1.0, -3.5]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("average pooling", "mean pooling", "nn.AvgPool1d", "moving average"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct AvgPool1d<const K: usize, const STRIDE: usize = K, const PAD: usize = 0>;

window_at!([const K: usize, const S: usize, const P: usize, const C: usize, const H: usize, const W: usize, T: Real] AvgPool2d<K, S, P>, Image<C, H, W, T>, K, S, P);
window_at!([const K: usize, const S: usize, const P: usize, const STEPS: usize, const FEATURES: usize, T: Real] AvgPool1d<K, S, P>, Sequence<STEPS, FEATURES, T>, K, S, P);

comparable!([const K: usize, const STRIDE: usize, const PAD: usize] AvgPool2d<K, STRIDE, PAD>);
comparable!([const K: usize, const STRIDE: usize, const PAD: usize] AvgPool1d<K, STRIDE, PAD>);

impl<
    const K: usize,
    const STRIDE: usize,
    const PAD: usize,
    const C: usize,
    const H: usize,
    const W: usize,
    T: Real,
> Layer<Image<C, H, W, T>> for AvgPool2d<K, STRIDE, PAD>
where
    Image<C, H, W, T>: Pooled<K, STRIDE, PAD>,
{
    type Output = Output<K, STRIDE, PAD, Image<C, H, W, T>>;
    const PLAN: Plan = Plan::leaf::<Image<C, H, W, T>, Self>()
        .form(form::<K, STRIDE, PAD, Image<C, H, W, T>>(Pool::Mean { padding: true }))
        .window(Window::of(K, STRIDE, PAD))
        .effect(apart(1.0 / (K * K) as f64, K, STRIDE));

    fn forward(
        &self,
        input: &[Image<C, H, W, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        on_pixels::<K, STRIDE, PAD, Image<C, H, W, T>>().mean(Tensor::flat(input), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Image<C, H, W, T>, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        on_pixels::<K, STRIDE, PAD, Image<C, H, W, T>>()
            .mean_gradient(Tensor::flat(output_grad), Tensor::flat_mut(input_grad));
    }
}

impl<
    const K: usize,
    const STRIDE: usize,
    const PAD: usize,
    const STEPS: usize,
    const FEATURES: usize,
    T: Real,
> Layer<Sequence<STEPS, FEATURES, T>> for AvgPool1d<K, STRIDE, PAD>
where
    Sequence<STEPS, FEATURES, T>: Pooled<K, STRIDE, PAD>,
{
    type Output = Output<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, FEATURES, T>, Self>()
        .form(form::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>(Pool::Mean { padding: true }))
        .window(Window::of(K, STRIDE, PAD))
        .effect(apart(1.0 / (K) as f64, K, STRIDE));

    fn forward(
        &self,
        input: &[Sequence<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        on_steps::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>()
            .mean(Tensor::flat(input), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        on_steps::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>()
            .mean_gradient(Tensor::flat(output_grad), Tensor::flat_mut(input_grad));
    }
}
