use chainrule_derive::Parameters;
use super::{Output, Pooled, on_pixels, on_steps};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::{Backward, Layer, Mode, WorkspaceMut};
use crate::tensor::{Image, Sequence, Tensor};

/// The largest number of every `K` x `K` window, channel by channel.
///
/// Forward `y[c, r, s] = max x[c, STRIDE r + m - PAD, STRIDE s + n - PAD]` over m, n < K, where padding never wins; backward
/// `dx` = the sum of the `dy` of all windows that this pixel wins. Of equals the first wins, in memory order, as in PyTorch. A
/// NaN wins over every number.
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, (H + 2 PAD - K) / STRIDE + 1, (W + 2 PAD - K) / STRIDE + 1>`, rounded down: rows and
/// columns that fill no window are left out. The windows lie side by side unless `STRIDE` says otherwise; `PAD` is at most
/// half of `K`.
///
/// # Gradient flow
/// The Jacobian only selects: each gradient goes whole to one pixel, and the others get none. Its norm is 1, or up to
/// ⌈K / STRIDE⌉ where windows overlap and one pixel wins several.
///
/// Who won is not kept but searched for on the way back, where input and output are at hand. The search would cost as much
/// on the way forward, where inference would pay for it too, and what it finds a `u32` for each number of the output.
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
/// assert_eq!(MaxPool2d::<2>.predict(&picture)?, Image([[[4.0, 8.0]]])); // side by side
/// assert_eq!(MaxPool2d::<2, 1>.predict(&picture)?, Image([[[4.0, 8.0, 8.0]]])); // one pixel apart
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Default, Parameters)]
pub struct MaxPool2d<const K: usize, const STRIDE: usize = K, const PAD: usize = 0>;

/// The largest number of each feature in every window of `K` steps.
///
/// Forward `y[t, f] = max x[STRIDE t + k - PAD, f]` over k < K, where padding never wins; backward `dx` = the sum of the `dy` of
/// all windows that this number wins. Of equals the first wins; a NaN wins over every number.
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<(STEPS + 2 PAD - K) / STRIDE + 1, FEATURES>`, rounded down. `STRIDE` is `K`
/// unless given, `PAD` at most half of `K`.
///
/// # Gradient flow
/// As [`MaxPool2d`]: a selection, of norm 1, or up to √⌈K / STRIDE⌉ where windows overlap.
///
/// # Source
/// As [`MaxPool2d`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, -1.0], [3.0, -2.0], [2.0, -3.0], [0.0, -4.0]]);
/// assert_eq!(MaxPool1d::<2>.predict(&steps)?, Sequence([[3.0, -1.0], [2.0, -3.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Default, Parameters)]
pub struct MaxPool1d<const K: usize, const STRIDE: usize = K, const PAD: usize = 0>;

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

    fn forward(
        &self,
        input: &[Image<C, H, W, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        on_pixels::<K, STRIDE, PAD, Image<C, H, W, T>>().max(Tensor::flat(input), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Image<C, H, W, T>, Self>) {
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

    fn forward(
        &self,
        input: &[Sequence<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        on_steps::<K, STRIDE, PAD, Sequence<STEPS, FEATURES, T>>()
            .max(Tensor::flat(input), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, FEATURES, T>, Self>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    /// The gradient of the input for this gradient of the output.
    fn gradient<X: Tensor, Y: Tensor, L: crate::Maps<X, Y>>(layer: L, x: X, dy: Y) -> X {
        layer.vjp(&[x], &[dy]).unwrap().0[0]
    }

    #[test]
    fn of_equals_the_first_in_memory_gets_the_whole_gradient() {
        let dx = gradient(MaxPool2d::<2>, Image([[[1.0, 3.0], [3.0, 3.0]]]), Image([[[5.0]]]));
        assert_eq!(dx, Image([[[0.0, 5.0], [0.0, 0.0]]]));
        let dx = gradient(MaxPool1d::<3>, Sequence([[0.0], [-0.0], [0.0]]), Sequence([[5.0]]));
        assert_eq!(dx, Sequence([[5.0], [0.0], [0.0]]));

        // The two zeros are equal, so the first is the largest of both.
        let mut y = [Sequence([[1.0], [1.0]])];
        let zeros = Sequence([[0.0], [-0.0], [-0.0], [0.0]]);
        MaxPool1d::<2>.forward(&[zeros], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
        assert_eq!(y[0].0.map(|[y]| f64::is_sign_negative(y)), [false, true]);
    }

    #[test]
    fn a_pixel_that_wins_several_windows_gets_all_their_gradients() {
        let dx =
            gradient(MaxPool2d::<2, 1>, Image([[[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]]]), Image([[[2.0, 3.0]]]));
        assert_eq!(dx, Image([[[0.0, 0.0, 0.0], [0.0, 5.0, 0.0]]]));
    }

    #[test]
    fn padding_never_wins_even_over_minus_infinity() {
        let low = f32::NEG_INFINITY;
        let (x, mut y) = (Image([[[-1.0, -2.0], [-3.0, low]]]), [Image([[[0.0; 2]; 2]])]);
        MaxPool2d::<2, 2, 1>.forward(&[x], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
        assert_eq!(y[0], x); // each window holds one pixel and three of the padding
        assert_eq!(
            gradient(MaxPool2d::<2, 2, 1>, x, Image([[[1.0, 2.0], [3.0, 4.0]]])).0,
            [[[1.0, 2.0], [3.0, 4.0]]]
        );
    }

    #[test]
    fn a_nan_stays_one_wherever_it_stands_in_the_window_and_gets_the_gradient() {
        for at in 0..4 {
            let mut x = Image([[[1.0, 2.0], [4.0, 3.0]]]);
            x.as_mut_slice()[at] = f32::NAN;
            let mut y = [Image([[[0.0]]])];
            MaxPool2d::<2>.forward(&[x], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
            assert!(y[0][(0, 0, 0)].is_nan(), "at {at}");
            assert_eq!(gradient(MaxPool2d::<2>, x, Image([[[1.0]]])).as_slice()[at], 1.0);
        }
    }
}
