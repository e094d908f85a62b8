use super::{Output, Pooled, apart, form, on_pixels, on_steps};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Pool;
use crate::layer::window_at::window_at;
use crate::layer::{Backward, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Image, Sequence, Tensor};
use chainrule_derive::Parameters;

/// The maximum of each `K` x `K` window, channel by channel.
///
/// Forward `y[c, r, s] = max x[c, STRIDE r + m - PAD, STRIDE s + n - PAD]` over m, n < K, where padding is never the
/// maximum; backward `dx` = the sum of the `dy` of all windows in which this pixel is the maximum. If several numbers
/// are equal, the first one in memory counts, as in PyTorch. A NaN counts as larger than any number.
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, (H + 2 PAD - K) / STRIDE + 1, (W + 2 PAD - K) / STRIDE + 1>`, rounded down:
/// rows and columns that do not fill a window are ignored. `STRIDE` is `K` by default, so that the windows do not
/// overlap. `PAD` is at most half of `K`.
///
/// # Gradient flow
/// The Jacobian is a selection: each gradient goes unchanged to one pixel, and the others get none. Its norm is 1, or
/// up to ⌈K / STRIDE⌉ for windows that overlap.
///
/// The indices of the maxima are not saved. The backward pass has the input and the output, and searches for the
/// maxima. A search in the forward pass would take as long, slow down inference, and need memory for a `u32` for each
/// output.
///
/// # Source
/// Scherer, Müller, Behnke, "Evaluation of pooling operations in convolutional architectures for object recognition",
/// ICANN 2010.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0, 5.0, 6.0], [4.0, 3.0, 8.0, 7.0]]]);
/// assert_eq!(MaxPool2d::<2>.predict(&picture)?, Image([[[4.0, 8.0]]])); // windows next to each other
/// assert_eq!(MaxPool2d::<2, 1>.predict(&picture)?, Image([[[4.0, 8.0, 8.0]]])); // windows one pixel apart
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("max pooling", "nn.MaxPool2d", "downsampling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct MaxPool2d<const K: usize, const STRIDE: usize = K, const PAD: usize = 0>;

/// The maximum of each feature in each window of `K` steps.
///
/// Forward `y[t, f] = max x[STRIDE t + k - PAD, f]` over k < K, where padding is never the maximum; backward `dx` = the
/// sum of the `dy` of all windows in which this number is the maximum. If several numbers are equal, the first one
/// counts. A NaN counts as larger than any number.
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<(STEPS + 2 PAD - K) / STRIDE + 1, FEATURES>`, rounded down.
/// `STRIDE` is `K` by default. `PAD` is at most half of `K`.
///
/// # Gradient flow
/// The same as [`MaxPool2d`]: a selection. Its norm is 1, or up to √⌈K / STRIDE⌉ for windows that overlap.
///
/// # Source
/// The same as [`MaxPool2d`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, -1.0], [3.0, -2.0], [2.0, -3.0], [0.0, -4.0]]);
/// assert_eq!(MaxPool1d::<2>.predict(&steps)?, Sequence([[3.0, -1.0], [2.0, -3.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("max pooling", "nn.MaxPool1d"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct MaxPool1d<const K: usize, const STRIDE: usize = K, const PAD: usize = 0>;

window_at!([const K: usize, const S: usize, const P: usize, const C: usize, const H: usize, const W: usize, T: Real] MaxPool2d<K, S, P>, Image<C, H, W, T>, K, S, P);
window_at!([const K: usize, const S: usize, const P: usize, const STEPS: usize, const FEATURES: usize, T: Real] MaxPool1d<K, S, P>, Sequence<STEPS, FEATURES, T>, K, S, P);

comparable!([const K: usize, const STRIDE: usize, const PAD: usize] MaxPool2d<K, STRIDE, PAD>);
comparable!([const K: usize, const STRIDE: usize, const PAD: usize] MaxPool1d<K, STRIDE, PAD>);

impl<
    const K: usize,
    const STRIDE: usize,
    const PAD: usize,
    const C: usize,
    const H: usize,
    const W: usize,
    T: Real,
> Layer<Image<C, H, W, T>> for MaxPool2d<K, STRIDE, PAD>
where
    Image<C, H, W, T>: Pooled<K, STRIDE, PAD>,
{
    type Output = Output<K, STRIDE, PAD, Image<C, H, W, T>>;
    const PLAN: Plan = Plan::leaf::<Image<C, H, W, T>, Self>()
        .form(form::<K, STRIDE, PAD, Image<C, H, W, T>>(Pool::Max))
        .window(Window::of(K, STRIDE, PAD))
        .effect(apart(1.0, K, STRIDE));

    fn forward(
        &self,
        input: &[Image<C, H, W, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        on_pixels::<K, STRIDE, PAD, Image<C, H, W, T>>().max(Tensor::flat(input), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Image<C, H, W, T>, Self>) {
        pass.check_lengths();
        let Backward { input, output, output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        let (x, y, dy) = (Tensor::flat(input), Tensor::flat(output), Tensor::flat(output_grad));
        on_pixels::<K, STRIDE, PAD, Image<C, H, W, T>>().max_gradient(x, y, dy, Tensor::flat_mut(input_grad));
    }
}

impl<
    const K: usize,
    const STRIDE: usize,
    const PAD: usize,
    const STEPS: usize,
    const FEATURES: usize,
    T: Real,
> Layer<Sequence<STEPS, FEATURES, T>> for MaxPool1d<K, STRIDE, PAD>
where
    Sequence<STEPS, FEATURES, T>: Pooled<K, STRIDE, PAD>,
{
    type Output = Output<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, FEATURES, T>, Self>()
        .form(form::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>(Pool::Max))
        .window(Window::of(K, STRIDE, PAD))
        .effect(apart(1.0, K, STRIDE));

    fn forward(
        &self,
        input: &[Sequence<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        on_steps::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>()
            .max(Tensor::flat(input), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let Backward { input, output, output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        let (x, y, dy) = (Tensor::flat(input), Tensor::flat(output), Tensor::flat(output_grad));
        on_steps::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>().max_gradient(
            x,
            y,
            dy,
            Tensor::flat_mut(input_grad),
        );
    }
}
