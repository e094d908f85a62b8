use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::pixels::Pixels;
use super::settings::{PixelFields, PixelSettings, PixelWeights, Transposed, WeightFields};
use super::{GrownAlong, blocks_scratch, weights};
use crate::kernel::Real;
use crate::layer::axis_at::ThenAxes;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::grow_at::Grown;
use crate::layer::window_at::{ImageAt, window_at};
use crate::layer::window_settings::WindowFields;
use crate::layer::{At, Backward, Cost, Effect, Factor, Layer, Mode, Plan, Then, WorkspaceMut};
use crate::tensor::side::{GrowAlong, Side, Sides};
use crate::tensor::{Aligned, Image, Vector};

/// A [`TransposedConv2d`](crate::layer::TransposedConv2d) with settings: different windows for rows and columns,
/// dilation, groups, output padding, and other kinds of padding.
///
/// Forward `y[o, S r + D m - P, S c + D n - P] = b[o'] + Σ W[i, o, m, n] x[i, r, c]`, summed over all terms with that
/// place and cropped to the image, where o' is the oth channel of the group of i, and S, D and P can differ between the
/// axes; backward `dx` is a convolution of `dy` with the same W, `dW[i, o, m, n] = Σ x[i, r, c] dy[o', ..]`,
/// `db[o] = Σ dy[o, r, c]`.
///
/// With the same `weight` and settings (without an output padding), and without a bias, it computes the input gradient
/// of [`Conv2dWith<OUT, IN, ..>`](crate::layer::Conv2dWith).
///
/// # Settings
/// The settings of [`Conv2dWith`](crate::layer::Conv2dWith), and [`OutputPadding<H, W>`](crate::layer::OutputPadding):
/// how many rows and columns are added at the end. Both must be less than the stride or the dilation.
///
/// Padding is removed from the output. With [`Same`](crate::layer::Same) and [`SameLower`](crate::layer::SameLower) the
/// sides of the output are those of the input times the stride, as in ONNX. An output padding is not needed then.
///
/// # Shapes
/// Input `Image<IN, H, W>`; output `Image<OUT, ..>` with `(side - 1) S + D (K - 1) + 1 - padding + output padding`
/// places along each axis. The compiler computes it for sides up to 2048 and [some longer ones](crate::tensor::side).
/// The number of groups must divide IN and OUT. `weight` is `[IN, OUT / GROUPS, H, W]`, the same as PyTorch's
/// `ConvTranspose2d`. `bias` is `[OUT]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear. The fan-in is `IN / GROUPS` times the pixels of the window, and the fan-out `OUT / GROUPS` times these
/// pixels. With a stride, only about 1 / (S S) of the fan-in reaches an output pixel. (PyTorch computes the fans from
/// the weight as if it belonged to a convolution that is not transposed: fan-in and fan-out are exchanged, and IN is
/// not divided by `GROUPS`.)
///
/// # Source
/// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // Doubles height and width, as in many decoders.
/// type Up = TransposedConv2dWith<8, 4, (Kernel<3>, Stride<2>, Padding<1>, OutputPadding<1>)>;
/// let up: Image<4, 14, 14> = Up::init(&mut rng(0)).predict(&Image::<8, 7, 7>::default())?;
///
/// let mut copy = TransposedConv2dWith::<1, 1, (Kernel<1, 2>, Stride<1, 3>, OutputPadding<0, 1>)>::zeros();
/// *copy.weight = [[[[1.0, 10.0]]]];
/// assert_eq!(copy.predict(&Image([[[1.0, 2.0]]]))?, Image([[[1.0, 10.0, 0.0, 2.0, 20.0, 0.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("ConvTranspose2d", "output_padding"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "TransposedConv2dWith<{IN}, {OUT}, {=Part::Name(&<S::Fields as WindowFields>::NAME)}{=scalar_and_bias::<Vector<OUT, T>, B>()}>"
)]
pub struct TransposedConv2dWith<
    const IN: usize,
    const OUT: usize,
    S: PixelWeights<OUT, IN>,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each input channel, a window of each output channel of its group.
    #[parameter(weight, fan_in = S::FEEDS, fan_out = S::TAPS, layout = OutputsFirst, shape = S::SHAPE, scalar = T)]
    pub weight: Aligned<<S::Fields as WeightFields<OUT, IN>>::OfPixels<T>>,
    /// b: one number for each output channel, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

type Is<S, const IN: usize, const OUT: usize> = <S as PixelSettings<Transposed, OUT, IN>>::Is;
/// The windows over rows, with the output padding.
type Rows<S, const IN: usize, const OUT: usize> = <Is<S, IN, OUT> as PixelFields<Transposed, OUT, IN>>::Rows;
type Columns<S, const IN: usize, const OUT: usize> =
    <Is<S, IN, OUT> as PixelFields<Transposed, OUT, IN>>::Columns;
type MoreRows<S, const IN: usize, const OUT: usize> =
    <Is<S, IN, OUT> as PixelFields<Transposed, OUT, IN>>::MoreRows;
type MoreColumns<S, const IN: usize, const OUT: usize> =
    <Is<S, IN, OUT> as PixelFields<Transposed, OUT, IN>>::MoreColumns;
/// The height of the output.
type Height<const H: usize, S, const IN: usize, const OUT: usize> =
    GrownAlong<H, Rows<S, IN, OUT>, MoreRows<S, IN, OUT>>;
type Width<const W: usize, S, const IN: usize, const OUT: usize> =
    GrownAlong<W, Columns<S, IN, OUT>, MoreColumns<S, IN, OUT>>;

impl<
    const PLACE: usize,
    X,
    Checked,
    Fitting,
    const IN: usize,
    const OUT: usize,
    S: PixelSettings<Transposed, OUT, IN>,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> At<PLACE, X> for TransposedConv2dWith<IN, OUT, S, T, B>
where
    X: ImageAt<PLACE, Self, IN, T, Check = Checked>,
    Checked: ThenAxes<
            PLACE,
            X,
            Self,
            (
                Grown<Rows<S, IN, OUT>, MoreRows<S, IN, OUT>>,
                Grown<Columns<S, IN, OUT>, MoreColumns<S, IN, OUT>>,
            ),
            Check = Fitting,
        >,
    Fitting: Then<X, Self>,
{
    window_at!(@items X, Fitting);
}

weights!(
    [const IN: usize, const OUT: usize, S: PixelWeights<OUT, IN>, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv2dWith<IN, OUT, S, T, B>
);

impl<
    const IN: usize,
    const OUT: usize,
    S: PixelSettings<Transposed, OUT, IN>,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> TransposedConv2dWith<IN, OUT, S, T, B>
{
    /// The windows of the matching convolution, which maps this layer's output to its input.
    const PIXELS: Pixels = Pixels { axes: S::Is::AXES, groups: S::GROUPS, transposed: true };
    const STRIDES: usize = S::Is::AXES[0].stride * S::Is::AXES[1].stride;
}

impl<
    const IN: usize,
    const OUT: usize,
    S: PixelSettings<Transposed, OUT, IN>,
    const H: usize,
    const W: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Layer<Image<IN, H, W, T>> for TransposedConv2dWith<IN, OUT, S, T, B>
where
    Side<H>: GrowAlong<Rows<S, IN, OUT>, MoreRows<S, IN, OUT>>,
    Side<W>: GrowAlong<Columns<S, IN, OUT>, MoreColumns<S, IN, OUT>>,
    (Side<OUT>, Height<H, S, IN, OUT>, Width<W, S, IN, OUT>): Sides<T>,
{
    type Output = <(Side<OUT>, Height<H, S, IN, OUT>, Width<W, S, IN, OUT>) as Sides<T>>::Tensor;
    const PLAN: Plan = Plan::leaf::<Image<IN, H, W, T>, Self>()
        .costs(Cost::weights((IN * H * W * S::TAPS) as u64, OUT))
        .factor(Factor::Weights)
        .effect(Effect::Weights { inputs: S::FEEDS as f64 / Self::STRIDES as f64 })
        .window(Self::PIXELS.window::<Image<IN, H, W, T>, Self::Output>())
        .form(Self::PIXELS.form())
        .scratch(Self::PIXELS.scratch::<Image<IN, H, W, T>, Self::Output>())
        .backward_scratch(blocks_scratch::<T>(IN * S::TAPS));
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
