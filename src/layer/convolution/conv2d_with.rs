use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::pixels::Pixels;
use super::settings::{PixelFields, PixelSettings, PixelWeights, Plain, WeightFields};
use super::{Along, blocks_scratch, weights};
use crate::kernel::Real;
use crate::layer::axis_at::ThenAxes;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::window_at::{ImageAt, window_at};
use crate::layer::window_settings::WindowFields;
use crate::layer::{At, Backward, Cost, Effect, Factor, Layer, Mode, Plan, Then, WorkspaceMut};
use crate::tensor::side::{Side, Sides, SlideAlong};
use crate::tensor::{Aligned, Image, Vector, len};

/// A [`Conv2d`](crate::layer::Conv2d) with settings: different windows for rows and columns, dilation, groups, and
/// other kinds of padding.
///
/// Forward `y[o, r, c] = b[o] + Σ W[o, i, m, n] x[i', S r + D m - P, S c + D n - P]`, zero outside the image, where i'
/// is the ith channel of the group of o, and S, D and P can differ between the axes; backward `dx` is the transposed
/// sum, `dW[o, i, m, n] = Σ dy[o, r, c] x[i', ..]`, `db[o] = Σ dy[o, r, c]`.
///
/// # Settings
/// One setting, or a tuple of several in any order. Only the kernel has no default.
///
/// | setting | meaning | PyTorch |
/// |---|---|---|
/// | [`Kernel<H, W>`](crate::layer::Kernel) | the window | `kernel_size` |
/// | [`Stride<H, W>`](crate::layer::Stride) | the distance between windows, 1 by default | `stride` |
/// | [`Padding<H, W>`](crate::layer::Padding) | zeros at both ends, none by default | `padding` |
/// | [`PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>`](crate::layer::PaddingEnds) | zeros at each end | `nn.ZeroPad2d` before it |
/// | [`Same`](crate::layer::Same), [`SameLower`](crate::layer::SameLower) | the sides of the output are those of the input, divided by the stride | `padding="same"` |
/// | [`Dilation<H, W>`](crate::layer::Dilation) | the distance between the pixels of a window, 1 by default | `dilation` |
/// | [`Groups<G>`](crate::layer::Groups) | groups of channels, each with a separate convolution | `groups` |
///
/// A setting with one number is the same for rows and columns. `Groups<IN>` is a depthwise convolution, with OUT / IN
/// filters for each channel.
///
/// # Shapes
/// Input `Image<IN, H, W>`; output `Image<OUT, ..>` with `(side + padding - D (K - 1) - 1) / S + 1` places along each
/// axis, rounded down. With `Same` it has `side / S` places, rounded up. The compiler computes it for sides up to 2048
/// and [some longer ones](crate::tensor::side). The number of groups must divide IN and OUT. `weight` is
/// `[OUT, IN / GROUPS, H, W]`, the same as in PyTorch. `bias` is `[OUT]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear. The fan-in is `IN / GROUPS` times the pixels of the window, the number of inputs that an output sums. The
/// fan-out is `OUT / GROUPS` times the pixels of the window, the number of outputs that depend on an input if every
/// window reaches it. (PyTorch's fan-out is `GROUPS` times larger.)
///
/// # Source
/// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), sections 2 and 5; Yu, Koltun,
/// "Multi-scale context aggregation by dilated convolutions", ICLR 2016, eq. 2; Krizhevsky, Sutskever, Hinton,
/// "ImageNet classification with deep convolutional neural networks" (2012), section 3.5 (groups).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // Every second pixel of a row, with padding that preserves the width.
/// let mut edges = Conv2dWith::<1, 1, (Kernel<1, 3>, Dilation<1, 2>, Same)>::zeros();
/// *edges.weight = [[[[-1.0, 0.0, 1.0]]]];
/// let picture = Image([[[1.0, 2.0, 4.0, 8.0]]]);
/// assert_eq!(edges.predict(&picture)?, Image([[[4.0, 8.0, -1.0, -2.0]]]));
///
/// // Two filters for each of 3 channels, on every second row.
/// type Depthwise = Conv2dWith<3, 6, (Kernel<3>, Stride<2, 1>, Padding<1>, Groups<3>)>;
/// assert_eq!(Depthwise::COUNT, 6 * 9 + 6);
/// let half: Image<6, 4, 8> = Depthwise::init(&mut rng(0)).predict(&Image::<3, 8, 8>::default())?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("dilated convolution", "grouped convolution", "atrous"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "Conv2dWith<{IN}, {OUT}, {=Part::Name(&<S::Fields as WindowFields>::NAME)}{=scalar_and_bias::<Vector<OUT, T>, B>()}>"
)]
pub struct Conv2dWith<
    const IN: usize,
    const OUT: usize,
    S: PixelWeights<IN, OUT>,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each output channel, a window of each input channel of its group.
    #[parameter(weight, fan_in = S::TAPS, fan_out = S::FEEDS, layout = OutputsFirst, shape = S::SHAPE, scalar = T)]
    pub weight: Aligned<<S::Fields as WeightFields<IN, OUT>>::OfPixels<T>>,
    /// b: one number for each output channel, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

/// The windows over rows, and over columns.
type Rows<S, const IN: usize, const OUT: usize> =
    <<S as PixelSettings<Plain, IN, OUT>>::Is as PixelFields<Plain, IN, OUT>>::Rows;
type Columns<S, const IN: usize, const OUT: usize> =
    <<S as PixelSettings<Plain, IN, OUT>>::Is as PixelFields<Plain, IN, OUT>>::Columns;

impl<
    const PLACE: usize,
    X,
    Checked,
    Fitting,
    const IN: usize,
    const OUT: usize,
    S: PixelSettings<Plain, IN, OUT>,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> At<PLACE, X> for Conv2dWith<IN, OUT, S, T, B>
where
    X: ImageAt<PLACE, Self, IN, T, Check = Checked>,
    Checked: ThenAxes<PLACE, X, Self, (Rows<S, IN, OUT>, Columns<S, IN, OUT>), Check = Fitting>,
    Fitting: Then<X, Self>,
{
    window_at!(@items X, Fitting);
}

weights!(
    [const IN: usize, const OUT: usize, S: PixelWeights<IN, OUT>, T: Real, B: Bias<Vector<OUT, T>>]
    Conv2dWith<IN, OUT, S, T, B>
);

impl<const IN: usize, const OUT: usize, S: PixelSettings<Plain, IN, OUT>, T: Real, B: Bias<Vector<OUT, T>>>
    Conv2dWith<IN, OUT, S, T, B>
{
    pub(crate) const PIXELS: Pixels = Pixels { axes: S::Is::AXES, groups: S::GROUPS, transposed: false };
}

impl<
    const IN: usize,
    const OUT: usize,
    S: PixelSettings<Plain, IN, OUT>,
    const H: usize,
    const W: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Layer<Image<IN, H, W, T>> for Conv2dWith<IN, OUT, S, T, B>
where
    Side<H>: SlideAlong<Rows<S, IN, OUT>>,
    Side<W>: SlideAlong<Columns<S, IN, OUT>>,
    (Side<OUT>, Along<H, Rows<S, IN, OUT>>, Along<W, Columns<S, IN, OUT>>): Sides<T>,
{
    type Output =
        <(Side<OUT>, Along<H, Rows<S, IN, OUT>>, Along<W, Columns<S, IN, OUT>>) as Sides<T>>::Tensor;
    const PLAN: Plan = Plan::leaf::<Image<IN, H, W, T>, Self>()
        .costs(Cost::weights((len::<Self::Output>() * S::TAPS) as u64, OUT))
        .factor(Factor::Weights)
        .effect(Effect::Weights { inputs: S::TAPS as f64 })
        .window(Self::PIXELS.window::<Image<IN, H, W, T>, Self::Output>())
        .form(Self::PIXELS.form())
        .scratch(Self::PIXELS.scratch::<Image<IN, H, W, T>, Self::Output>())
        .backward_scratch(blocks_scratch::<T>(OUT * S::TAPS));
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Image<IN, H, W, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        Self::PIXELS.forward(self.weights(), self.bias.as_numbers(), input, output, workspace);
    }

    fn backward(&self, pass: Backward<'_, Image<IN, H, W, T>, Self>) {
        Self::PIXELS.backward(self.weights(), pass, Self::parts_mut);
    }
}
