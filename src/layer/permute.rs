//! Layers that move numbers to other axes: transposing, permuting, and the function that does it.

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::onnx::Form;
use super::{Backward, Effect, Layer, Mode, Onnx, Plan, Window, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Image, Sequence, Tensor};

/// Swaps the steps and the features of a sequence, or the rows and the columns of an image.
///
/// Forward `y[f, t] = x[t, f]`, or `y[c, s, r] = x[c, r, s]`; backward `dx[t, f] = dy[f, t]`, or `dx[c, r, s] =
/// dy[c, s, r]`.
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Sequence<FEATURES, STEPS>`, `Image<C, H, W>` to `Image<C, W, H>`. For other orders
/// of the axes of an image use [`Permute`].
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// PyTorch's `x.transpose(-1, -2)`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(Transpose.predict(&steps)?, Sequence([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("swapaxes", "x.T"))]
#[derive(Clone, Copy, Parameters)]
pub struct Transpose;

/// Permutes the axes of an image: axis `i` of the output is the axis of the input that parameter `i` names, 0 for
/// channels, 1 for rows and 2 for columns.
///
/// Forward, for `Permute<1, 2, 0>`, `y[r, s, c] = x[c, r, s]`; backward the inverse permutation of `dy`.
///
/// # Shapes
/// `Image<D0, D1, D2>` to an image whose side `i` is the side of the input that parameter `i` names: `Permute<1, 2, 0>`
/// gives `Image<H, W, C>` for `Image<C, H, W>`. Each axis must be named once.
///
/// # Gradient flow
/// The Jacobian is a permutation: the length of a gradient does not change.
///
/// # Source
/// PyTorch's `x.permute(..)`, without the batch axis: `x.permute(0, 2, 3, 1)` is `Permute<1, 2, 0>`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // An image with its channels last, as in files, becomes one with its channels first.
/// let pixels = Image([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]); // one row of two pixels of three channels
/// let picture: Image<3, 1, 2> = Permute::<2, 0, 1>.predict(&pixels)?;
/// assert_eq!(picture, Image([[[1.0, 4.0]], [[2.0, 5.0]], [[3.0, 6.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("transpose", "channels last", "rearrange"))]
#[derive(Clone, Copy, Parameters)]
pub struct Permute<const AXIS_0: usize, const AXIS_1: usize, const AXIS_2: usize>;

comparable!([] Transpose);
comparable!([const A: usize, const B: usize, const C: usize] Permute<A, B, C>);

/// Implements a layer that only moves numbers. It reads its input as a tensor with the sides `$sides` (a side can be
/// split into several factors, each of which is an axis) and writes these axes in the order `$axes`.
macro_rules! rearrange {
    (@onnx $sides:expr, $axes:expr) => {
        $crate::layer::permute::onnx($sides, $axes)
    };
    (@onnx $sides:expr, $axes:expr, $onnx:expr) => {
        $onnx
    };
    (
        [$($generics:tt)*] $layer:ty, $X:ty => $Y:ty, [$($bounds:tt)*], $sides:expr, $axes:expr, $window:expr
        $(, $onnx:expr)?
    ) => {
        impl<$($generics)*, T: Real> Layer<$X> for $layer
        where
            $($bounds)*
        {
            type Output = $Y;
            const PLAN: Plan = Plan::leaf::<$X, Self>().effect(Effect::Unchanged).window($window)
                .onnx($crate::layer::permute::rearrange!(@onnx $sides, $axes $(, $onnx)?));

            fn forward(&self, input: &[$X], output: &mut [$Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                $crate::layer::permute::permute(Tensor::flat(input), $sides, $axes, Tensor::flat_mut(output));
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                let (sides, axes) = $crate::layer::permute::inverse($sides, $axes);
                $crate::layer::permute::permute(Tensor::flat(output_grad), sides, axes, Tensor::flat_mut(input_grad));
            }
        }
    };
}
pub(super) use rearrange;

/// Returns the ONNX form of a layer that [permutes](permute).
pub(super) const fn onnx<const N: usize>(sides: [usize; N], axes: [usize; N]) -> Onnx {
    let (mut of_sides, mut of_axes, mut at) = ([0; 5], [0; 5], 0);
    while at < N {
        (of_sides[at], of_axes[at]) = (sides[at], axes[at]);
        at += 1;
    }
    Onnx(Form::Reorder { sides: of_sides, axes: of_axes, rank: N })
}

rearrange!([const A: usize, const B: usize] Transpose, Sequence<A, B, T> => Sequence<B, A, T>, [], [A, B], [1, 0], Window::WHOLE);
rearrange!([const A: usize, const B: usize, const C: usize] Transpose, Image<A, B, C, T> => Image<A, C, B, T>, [], [A, B, C], [0, 2, 1], Window::WHOLE);
rearrange!([const A: usize, const B: usize, const C: usize] Permute<0, 1, 2>, Image<A, B, C, T> => Image<A, B, C, T>, [], [A, B, C], [0, 1, 2], Window::POINTWISE);
rearrange!([const A: usize, const B: usize, const C: usize] Permute<0, 2, 1>, Image<A, B, C, T> => Image<A, C, B, T>, [], [A, B, C], [0, 2, 1], Window::WHOLE);
rearrange!([const A: usize, const B: usize, const C: usize] Permute<1, 0, 2>, Image<A, B, C, T> => Image<B, A, C, T>, [], [A, B, C], [1, 0, 2], Window::WHOLE);
rearrange!([const A: usize, const B: usize, const C: usize] Permute<1, 2, 0>, Image<A, B, C, T> => Image<B, C, A, T>, [], [A, B, C], [1, 2, 0], Window::WHOLE);
rearrange!([const A: usize, const B: usize, const C: usize] Permute<2, 0, 1>, Image<A, B, C, T> => Image<C, A, B, T>, [], [A, B, C], [2, 0, 1], Window::WHOLE);
rearrange!([const A: usize, const B: usize, const C: usize] Permute<2, 1, 0>, Image<A, B, C, T> => Image<C, B, A, T>, [], [A, B, C], [2, 1, 0], Window::WHOLE);

/// Copies tensors with these sides, one after another, with their axes in another order: axis `i` of the copy is axis
/// `axes[i]`.
#[inline]
pub(crate) fn permute<T: Copy, const N: usize>(
    from: &[T],
    sides: [usize; N],
    axes: [usize; N],
    to: &mut [T],
) {
    let mut strides = [1; N];
    for axis in (1..N).rev() {
        strides[axis - 1] = strides[axis] * sides[axis];
    }
    let (lengths, steps) = (axes.map(|axis| sides[axis]), axes.map(|axis| strides[axis]));
    let (row, len) = (lengths[N - 1].max(1), sides.iter().product::<usize>().max(1));
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
        let mut place = [0; N]; // of the row, in the copy
        for to in to.chunks_exact_mut(row) {
            let start: usize = place.iter().zip(steps).map(|(place, step)| place * step).sum();
            let numbers = from[start..].iter().step_by(steps[N - 1]);
            to.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
            for axis in (0..N - 1).rev() {
                place[axis] += 1;
                if place[axis] < lengths[axis] {
                    break;
                }
                place[axis] = 0;
            }
        }
    }
}

/// Returns the sides and the axes of the inverse permutation.
#[inline]
pub(super) fn inverse<const N: usize>(sides: [usize; N], axes: [usize; N]) -> ([usize; N], [usize; N]) {
    let mut undone = [0; N];
    for (axis, from) in axes.into_iter().enumerate() {
        undone[from] = axis;
    }
    (axes.map(|axis| sides[axis]), undone)
}
