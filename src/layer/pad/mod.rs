//! Padding: layers that enlarge images and sequences at their borders.

mod mode;
mod plane;
mod side;

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::onnx::Form;
use super::place::at_input;
use super::{Backward, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::side::{Side, Sides};
use crate::tensor::{Image, Sequence, Tensor};

pub(crate) use mode::Fill;
pub use mode::{Circular, Constant, PadMode, Reflect, Replicate};
pub(crate) use plane::{Ends, Plane};
pub use side::PaddedTo;

/// Adds rows and columns at the borders of an image. The mode `M` determines their contents.
///
/// Forward `y[c, r, s] = x[c, f(r - TOP), g(s - LEFT)]`, where f and g map a place beyond the border to a place inside.
/// The mode [`Constant`] uses a constant there instead. Backward `dx` = the sum of `dy` over all places that are copies
/// of this pixel.
///
/// | mode | beyond the border | short name | in PyTorch's `nn` | in ONNX |
/// |---|---|---|---|---|
/// | [`Constant`] | the number NUM / DEN, 0 by default | [`ZeroPad2d`], [`ConstantPad2d`] | the same | `constant` |
/// | [`Reflect`] | the mirror image, without a copy of the first or last pixel | [`ReflectionPad2d`] | the same | `reflect` |
/// | [`Replicate`] | the nearest pixel of the border | [`ReplicationPad2d`] | the same | `edge` |
/// | [`Circular`] | the opposite side of the image | [`CircularPad2d`] | the same | `wrap` |
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C, TOP + H + BOTTOM, LEFT + W + RIGHT>`. The four numbers are in PyTorch's order: left,
/// right, top, bottom. If some are left out, they follow from the others: `ReflectionPad2d<1>` pads all sides by 1, and
/// `ReflectionPad2d<1, 2, 1, 2>` pads by one more at the right and at the bottom. A reflection must be smaller than the
/// side that it pads, and a circular padding must not be larger.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is 1 for a constant. For the other modes it is the square root of how often a pixel
/// occurs in the output. The gradient at a constant is lost.
///
/// # Source
/// PyTorch's `nn.ReflectionPad2d`, `nn.ReplicationPad2d`, `nn.CircularPad2d` and `nn.ConstantPad2d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let row = Image([[[1.0, 2.0, 3.0]]]);
/// let padded = |row: Image<1, 1, 6>| row.0[0][0];
/// assert_eq!(padded(ZeroPad2d::<2, 1, 0, 0>::default().predict(&row)?), [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]);
/// assert_eq!(padded(ReflectionPad2d::<2, 1, 0, 0>::default().predict(&row)?), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
/// assert_eq!(padded(ReplicationPad2d::<2, 1, 0, 0>::default().predict(&row)?), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
/// assert_eq!(padded(CircularPad2d::<2, 1, 0, 0>::default().predict(&row)?), [2.0, 3.0, 1.0, 2.0, 3.0, 1.0]);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("padding", "F.pad", "border"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "Pad2d<{M}, {LEFT}, {RIGHT}, {TOP}, {BOTTOM}>")]
pub struct Pad2d<
    M: PadMode,
    const LEFT: usize,
    const RIGHT: usize = LEFT,
    const TOP: usize = LEFT,
    const BOTTOM: usize = TOP,
> {
    #[parameter(skip)]
    mode: PhantomData<M>,
}

/// Adds steps at the ends of a sequence. The mode `M` determines their contents.
///
/// Forward and backward as in [`Pad2d`], along the steps.
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Sequence<BEFORE + STEPS + AFTER, FEATURES>`. `AFTER` is `BEFORE` by default. A
/// reflection must be smaller than `STEPS`, and a circular padding must not be larger.
///
/// # Gradient flow
/// The same as [`Pad2d`].
///
/// # Source
/// PyTorch's `nn.ReflectionPad1d`, `nn.ReplicationPad1d`, `nn.CircularPad1d` and `nn.ConstantPad1d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0], [2.0], [3.0]]);
/// let padded: Sequence<5, 1> = ReflectionPad1d::<1>::default().predict(&steps)?;
/// assert_eq!(padded, Sequence([[2.0], [1.0], [2.0], [3.0], [2.0]]));
/// let before: Sequence<4, 1> = ZeroPad1d::<1, 0>::default().predict(&steps)?;
/// assert_eq!(before, Sequence([[0.0], [1.0], [2.0], [3.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("padding", "F.pad"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "Pad1d<{M}, {BEFORE}, {AFTER}>")]
pub struct Pad1d<M: PadMode, const BEFORE: usize, const AFTER: usize = BEFORE> {
    #[parameter(skip)]
    mode: PhantomData<M>,
}

/// [`Pad2d`] with zeros. See the example of [`Pad2d`].
#[doc(alias("nn.ZeroPad2d", "ZeroPadding2D"))]
pub type ZeroPad2d<
    const LEFT: usize,
    const RIGHT: usize = LEFT,
    const TOP: usize = LEFT,
    const BOTTOM: usize = TOP,
> = Pad2d<Constant, LEFT, RIGHT, TOP, BOTTOM>;

/// [`Pad2d`] with the number `NUM / DEN`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The number 3 / 2, one column at the left and no other.
/// let padded: Image<1, 1, 3> = ConstantPad2d::<3, 2, 1, 0, 0, 0>::default().predict(&Image([[[1.0, 2.0]]]))?;
/// assert_eq!(padded, Image([[[1.5, 1.0, 2.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.ConstantPad2d"))]
pub type ConstantPad2d<
    const NUM: i64,
    const DEN: u64,
    const LEFT: usize,
    const RIGHT: usize = LEFT,
    const TOP: usize = LEFT,
    const BOTTOM: usize = TOP,
> = Pad2d<Constant<NUM, DEN>, LEFT, RIGHT, TOP, BOTTOM>;

/// [`Pad2d`] with the mirror image. See the example of [`Pad2d`].
#[doc(alias("nn.ReflectionPad2d", "mirror padding"))]
pub type ReflectionPad2d<
    const LEFT: usize,
    const RIGHT: usize = LEFT,
    const TOP: usize = LEFT,
    const BOTTOM: usize = TOP,
> = Pad2d<Reflect, LEFT, RIGHT, TOP, BOTTOM>;

/// [`Pad2d`] with copies of the pixels at the border. See the example of [`Pad2d`].
#[doc(alias("nn.ReplicationPad2d", "edge padding"))]
pub type ReplicationPad2d<
    const LEFT: usize,
    const RIGHT: usize = LEFT,
    const TOP: usize = LEFT,
    const BOTTOM: usize = TOP,
> = Pad2d<Replicate, LEFT, RIGHT, TOP, BOTTOM>;

/// [`Pad2d`] with the pixels of the opposite side. See the example of [`Pad2d`].
#[doc(alias("nn.CircularPad2d", "wrap padding", "periodic"))]
pub type CircularPad2d<
    const LEFT: usize,
    const RIGHT: usize = LEFT,
    const TOP: usize = LEFT,
    const BOTTOM: usize = TOP,
> = Pad2d<Circular, LEFT, RIGHT, TOP, BOTTOM>;

/// [`Pad1d`] with zeros. See the example of [`Pad1d`].
#[doc(alias("nn.ZeroPad1d", "ZeroPadding1D"))]
pub type ZeroPad1d<const BEFORE: usize, const AFTER: usize = BEFORE> = Pad1d<Constant, BEFORE, AFTER>;

/// [`Pad1d`] with the number `NUM / DEN`. See the example of [`ConstantPad2d`].
#[doc(alias("nn.ConstantPad1d"))]
pub type ConstantPad1d<const NUM: i64, const DEN: u64, const BEFORE: usize, const AFTER: usize = BEFORE> =
    Pad1d<Constant<NUM, DEN>, BEFORE, AFTER>;

/// [`Pad1d`] with the mirror image of the sequence. See the example of [`Pad1d`].
#[doc(alias("nn.ReflectionPad1d", "mirror padding"))]
pub type ReflectionPad1d<const BEFORE: usize, const AFTER: usize = BEFORE> = Pad1d<Reflect, BEFORE, AFTER>;

/// [`Pad1d`] with copies of the first and the last step.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let padded: Sequence<4, 1> = ReplicationPad1d::<1>::default().predict(&Sequence([[1.0], [2.0]]))?;
/// assert_eq!(padded, Sequence([[1.0], [1.0], [2.0], [2.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.ReplicationPad1d", "edge padding"))]
pub type ReplicationPad1d<const BEFORE: usize, const AFTER: usize = BEFORE> = Pad1d<Replicate, BEFORE, AFTER>;

/// [`Pad1d`] with the steps of the opposite end.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let padded: Sequence<5, 1> = CircularPad1d::<1>::default().predict(&Sequence([[1.0], [2.0], [3.0]]))?;
/// assert_eq!(padded, Sequence([[3.0], [1.0], [2.0], [3.0], [1.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.CircularPad1d", "wrap padding"))]
pub type CircularPad1d<const BEFORE: usize, const AFTER: usize = BEFORE> = Pad1d<Circular, BEFORE, AFTER>;

comparable!([M: PadMode, const LEFT: usize, const RIGHT: usize, const TOP: usize, const BOTTOM: usize] Pad2d<M, LEFT, RIGHT, TOP, BOTTOM>);
comparable!([M: PadMode, const BEFORE: usize, const AFTER: usize] Pad1d<M, BEFORE, AFTER>);

at_input!([M: PadMode, const LEFT: usize, const RIGHT: usize, const TOP: usize, const BOTTOM: usize, const C: usize, const H: usize, const W: usize, T: Real] Pad2d<M, LEFT, RIGHT, TOP, BOTTOM>, Image<C, H, W, T>);
at_input!([M: PadMode, const BEFORE: usize, const AFTER: usize, const STEPS: usize, const FEATURES: usize, T: Real] Pad1d<M, BEFORE, AFTER>, Sequence<STEPS, FEATURES, T>);

/// The side after padding.
type Padded<M, const D: usize, const BEFORE: usize, const AFTER: usize> =
    <Side<D> as PaddedTo<M, BEFORE, AFTER>>::Out;

/// Implements a layer that pads planes.
macro_rules! pads {
    ([$($generics:tt)*] $layer:ty, $X:ty => $Y:ty, [$($bounds:tt)*], $plane:expr) => {
        impl<M: PadMode, $($generics)*, T: Real> Layer<$X> for $layer
        where
            $($bounds)*
        {
            type Output = $Y;
            const PLAN: Plan = Plan::leaf::<$X, Self>()
                .window($plane.window::<M>())
                .effect($plane.effect::<M>())
                .form(Form::Pad { plane: $plane, fill: M::FILL })
                .requires(M::FAULT.is_empty(), M::FAULT);

            fn forward(&self, input: &[$X], output: &mut [$Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                const { $plane }.pad::<_, M>(Tensor::flat(input), Tensor::flat_mut(output));
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                const { $plane }.gradient::<_, M>(Tensor::flat(output_grad), Tensor::flat_mut(input_grad));
            }
        }
    };
}

pads!(
    [const LEFT: usize, const RIGHT: usize, const TOP: usize, const BOTTOM: usize, const C: usize, const H: usize, const W: usize]
    Pad2d<M, LEFT, RIGHT, TOP, BOTTOM>,
    Image<C, H, W, T> => <(Side<C>, Padded<M, H, TOP, BOTTOM>, Padded<M, W, LEFT, RIGHT>) as Sides<T>>::Tensor,
    [
        Side<H>: PaddedTo<M, TOP, BOTTOM>,
        Side<W>: PaddedTo<M, LEFT, RIGHT>,
        (Side<C>, Padded<M, H, TOP, BOTTOM>, Padded<M, W, LEFT, RIGHT>): Sides<T>,
    ],
    Plane {
        rows: Ends { side: H, before: TOP, after: BOTTOM },
        columns: Ends { side: W, before: LEFT, after: RIGHT },
    }
);

pads!(
    [const BEFORE: usize, const AFTER: usize, const STEPS: usize, const FEATURES: usize] Pad1d<M, BEFORE, AFTER>,
    Sequence<STEPS, FEATURES, T> => <(Padded<M, STEPS, BEFORE, AFTER>, Side<FEATURES>) as Sides<T>>::Tensor,
    [
        Side<STEPS>: PaddedTo<M, BEFORE, AFTER>,
        (Padded<M, STEPS, BEFORE, AFTER>, Side<FEATURES>): Sides<T>,
    ],
    Plane {
        rows: Ends { side: STEPS, before: BEFORE, after: AFTER },
        columns: Ends { side: FEATURES, before: 0, after: 0 },
    }
);
