//! Layers that move numbers between channels, and between channels and pixels.

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::permute::rearrange;
use super::place::at_input;
use super::{
    Backward, Effect, Layer, Mode, Onnx, OnnxAttribute, OnnxNode, Plan, Window, WorkspaceMut, check_lengths,
};
use crate::kernel::Real;
use crate::tensor::side::{Over, OverSquare, Side, Sides, SplitInto, Times};
use crate::tensor::{Image, Sequence, Tensor};

/// Rearranges R² channels of one pixel into one channel of `R` x `R` pixels: the last step of a sub-pixel convolution.
///
/// Forward `y[c, R r + i, R s + j] = x[c R R + i R + j, r, s]` for i, j < R; backward the inverse permutation, which is
/// [`PixelUnshuffle`].
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C / (R R), R H, R W>`; R R must divide C.
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// Shi and others, "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
/// network", CVPR 2016, eq. 4. The channels are in the order of PyTorch's `nn.PixelShuffle`, which is `DepthToSpace`
/// with the mode `CRD` in ONNX. [`DepthToSpace`] has the order of the mode `DCR`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let four = Image([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]);
/// assert_eq!(PixelShuffle::<2>.predict(&four)?, Image([[[1.0, 2.0], [3.0, 4.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("sub-pixel convolution", "nn.PixelShuffle", "upsample"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct PixelShuffle<const R: usize>;

/// Rearranges `R` x `R` pixels of one channel into R² channels of one pixel: the inverse of [`PixelShuffle`].
///
/// Forward `y[c R R + i R + j, r, s] = x[c, R r + i, R s + j]` for i, j < R; backward [`PixelShuffle`] of `dy`.
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C R R, H / R, W / R>`; R must divide H and W.
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// PyTorch's `nn.PixelUnshuffle`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let four = PixelUnshuffle::<2>.predict(&Image([[[1.0, 2.0], [3.0, 4.0]]]))?;
/// assert_eq!(four, Image([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.PixelUnshuffle"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct PixelUnshuffle<const R: usize>;

/// [`PixelShuffle`] with the input channels in another order: the place in the square of pixels comes first, then the
/// output channel.
///
/// Forward `y[c, R r + i, R s + j] = x[(i R + j) C' + c, r, s]`, where C' is how many channels the output has; backward
/// the inverse permutation, which is [`SpaceToDepth`].
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C / (R R), R H, R W>`; R R must divide C.
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// ONNX's `DepthToSpace` with the mode `DCR`, its default, and TensorFlow's `depth_to_space`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let eight = Image([[[1.0]], [[2.0]], [[3.0]], [[4.0]], [[5.0]], [[6.0]], [[7.0]], [[8.0]]]);
/// let two = DepthToSpace::<2>.predict(&eight)?;
/// assert_eq!(two, Image([[[1.0, 3.0], [5.0, 7.0]], [[2.0, 4.0], [6.0, 8.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("depth_to_space", "pixel shuffle"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct DepthToSpace<const R: usize>;

/// The inverse of [`DepthToSpace`].
///
/// Forward `y[(i R + j) C + c, r, s] = x[c, R r + i, R s + j]` for i, j < R; backward [`DepthToSpace`] of `dy`.
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C R R, H / R, W / R>`; R must divide H and W.
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// ONNX's `SpaceToDepth`, and TensorFlow's `space_to_depth`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let eight = SpaceToDepth::<2>.predict(&Image([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]))?;
/// assert_eq!(eight.0.map(|[[x]]| x), [1.0, 5.0, 2.0, 6.0, 3.0, 7.0, 4.0, 8.0]);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("space_to_depth", "pixel unshuffle"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct SpaceToDepth<const R: usize>;

/// Mixes `GROUPS` equal groups of channels: consecutive channels of the output come from different groups.
///
/// Forward `y[i GROUPS + g] = x[g n + i]` for i < n, where a group has n = C / GROUPS channels; backward the inverse
/// permutation.
///
/// # Shapes
/// `Image<C, H, W>`, or `Sequence<STEPS, C>` with the features as channels; the output has the shape of the input.
/// `GROUPS` must divide C.
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// Zhang, Zhou, Lin, Sun, "ShuffleNet", CVPR 2018, section 3.1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mixed = ChannelShuffle::<2>.predict(&Image([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]))?;
/// assert_eq!(mixed, Image([[[1.0]], [[3.0]], [[2.0]], [[4.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("ShuffleNet", "nn.ChannelShuffle"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct ChannelShuffle<const GROUPS: usize>;

comparable!([const R: usize] PixelShuffle<R>);
comparable!([const R: usize] PixelUnshuffle<R>);
comparable!([const R: usize] DepthToSpace<R>);
comparable!([const R: usize] SpaceToDepth<R>);
comparable!([const GROUPS: usize] ChannelShuffle<GROUPS>);

at_input!([const R: usize, const C: usize, const H: usize, const W: usize, T: Real] PixelShuffle<R>, Image<C, H, W, T>);
at_input!([const R: usize, const C: usize, const H: usize, const W: usize, T: Real] PixelUnshuffle<R>, Image<C, H, W, T>);
at_input!([const R: usize, const C: usize, const H: usize, const W: usize, T: Real] DepthToSpace<R>, Image<C, H, W, T>);
at_input!([const R: usize, const C: usize, const H: usize, const W: usize, T: Real] SpaceToDepth<R>, Image<C, H, W, T>);
at_input!([const GROUPS: usize, const C: usize, const H: usize, const W: usize, T: Real] ChannelShuffle<GROUPS>, Image<C, H, W, T>);
at_input!([const GROUPS: usize, const STEPS: usize, const C: usize, T: Real] ChannelShuffle<GROUPS>, Sequence<STEPS, C, T>);

impl<const R: usize> PixelShuffle<R> {
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("DepthToSpace")
        .with(&[("blocksize", OnnxAttribute::Int(R as i64)), ("mode", OnnxAttribute::Text("CRD"))])]);
}

impl<const R: usize> DepthToSpace<R> {
    const ONNX: Onnx = Onnx::nodes(&[OnnxNode::of_input("DepthToSpace")
        .with(&[("blocksize", OnnxAttribute::Int(R as i64)), ("mode", OnnxAttribute::Text("DCR"))])]);
}

impl<const R: usize> SpaceToDepth<R> {
    const ONNX: Onnx = Onnx::nodes(&[
        OnnxNode::of_input("SpaceToDepth").with(&[("blocksize", OnnxAttribute::Int(R as i64))])
    ]);
}

/// The image with R R times fewer channels and R R times more pixels.
type Spread<const R: usize, const C: usize, const H: usize, const W: usize, T> = <(
    <Side<C> as OverSquare<R>>::Out,
    <Side<H> as Times<R>>::Out,
    <Side<W> as Times<R>>::Out,
) as Sides<T>>::Tensor;

/// The image with R R times more channels and R R times fewer pixels.
type Gathered<const R: usize, const C: usize, const H: usize, const W: usize, T> = <(
    <<Side<C> as Times<R>>::Out as Times<R>>::Out,
    <Side<H> as Over<R>>::Out,
    <Side<W> as Over<R>>::Out,
) as Sides<T>>::Tensor;

rearrange!(
    [const R: usize, const C: usize, const H: usize, const W: usize] PixelShuffle<R>,
    Image<C, H, W, T> => Spread<R, C, H, W, T>,
    [
        Side<C>: OverSquare<R>,
        Side<H>: Times<R>,
        Side<W>: Times<R>,
        (<Side<C> as OverSquare<R>>::Out, <Side<H> as Times<R>>::Out, <Side<W> as Times<R>>::Out): Sides<T>,
    ],
    [C / (R * R), R, R, H, W],
    [0, 3, 1, 4, 2],
    Window::WHOLE,
    Self::ONNX
);

rearrange!(
    [const R: usize, const C: usize, const H: usize, const W: usize] DepthToSpace<R>,
    Image<C, H, W, T> => Spread<R, C, H, W, T>,
    [
        Side<C>: OverSquare<R>,
        Side<H>: Times<R>,
        Side<W>: Times<R>,
        (<Side<C> as OverSquare<R>>::Out, <Side<H> as Times<R>>::Out, <Side<W> as Times<R>>::Out): Sides<T>,
    ],
    [R, R, C / (R * R), H, W],
    [2, 3, 0, 4, 1],
    Window::WHOLE,
    Self::ONNX
);

rearrange!(
    [const R: usize, const C: usize, const H: usize, const W: usize] PixelUnshuffle<R>,
    Image<C, H, W, T> => Gathered<R, C, H, W, T>,
    [
        Side<C>: Times<R>,
        <Side<C> as Times<R>>::Out: Times<R>,
        Side<H>: Over<R>,
        Side<W>: Over<R>,
        (
            <<Side<C> as Times<R>>::Out as Times<R>>::Out,
            <Side<H> as Over<R>>::Out,
            <Side<W> as Over<R>>::Out,
        ): Sides<T>,
    ],
    [C, H / R, R, W / R, R],
    [0, 2, 4, 1, 3],
    Window::of(R, R, 0)
);

rearrange!(
    [const R: usize, const C: usize, const H: usize, const W: usize] SpaceToDepth<R>,
    Image<C, H, W, T> => Gathered<R, C, H, W, T>,
    [
        Side<C>: Times<R>,
        <Side<C> as Times<R>>::Out: Times<R>,
        Side<H>: Over<R>,
        Side<W>: Over<R>,
        (
            <<Side<C> as Times<R>>::Out as Times<R>>::Out,
            <Side<H> as Over<R>>::Out,
            <Side<W> as Over<R>>::Out,
        ): Sides<T>,
    ],
    [C, H / R, R, W / R, R],
    [2, 4, 0, 1, 3],
    Window::of(R, R, 0),
    Self::ONNX
);

rearrange!(
    [const GROUPS: usize, const C: usize, const H: usize, const W: usize] ChannelShuffle<GROUPS>,
    Image<C, H, W, T> => Image<C, H, W, T>,
    [Side<C>: SplitInto<GROUPS>],
    [GROUPS, C / GROUPS, H * W],
    [1, 0, 2],
    Window::POINTWISE
);

rearrange!(
    [const GROUPS: usize, const STEPS: usize, const C: usize] ChannelShuffle<GROUPS>,
    Sequence<STEPS, C, T> => Sequence<STEPS, C, T>,
    [Side<C>: SplitInto<GROUPS>],
    [GROUPS, C / GROUPS],
    [1, 0],
    Window::POINTWISE,
    super::permute::onnx([STEPS, GROUPS, C / GROUPS], [0, 2, 1])
);
