//! Pools with windows of any kind: what they compute from a window, and their passes.

use chainrule_parameters::Part;

use crate::kernel::{GeneralPooling, PoolingAxis, PoolingWindows, Real};
use crate::layer::Layer;
use crate::layer::onnx::Pool;
use crate::tensor::Sample;

/// A pool with windows of any kind, on an input `X`.
pub trait GeneralPool<X: Sample>: Layer<X> {
    /// The windows.
    const POOLING: GeneralPooling;
    /// Whether a mean includes the padding.
    const COUNTS_PADDING: bool;
}

/// What a pool computes from the numbers of a window.
pub(super) trait Pools {
    /// The form in ONNX.
    const KIND: Pool;
    /// Whether the result includes the padding.
    const COUNTS_PADDING: bool = matches!(Self::KIND, Pool::Mean { padding: true });

    /// Computes the outputs `y`.
    fn forward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &mut [T]);

    /// Computes the gradient `dx`.
    fn backward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &[T], dy: &[T], dx: &mut [T]);
}

/// The maximum of a window.
pub(super) struct Largest;

/// The `P`-norm of a window.
pub(super) struct Norm<const P: u8>;

impl Pools for Largest {
    const KIND: Pool = Pool::Max;

    fn forward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &mut [T]) {
        pooling.max(x, y);
    }

    fn backward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        pooling.max_gradient(x, y, dy, dx);
    }
}

impl<const P: u8> Pools for Norm<P> {
    const KIND: Pool = Pool::Norm(P);

    fn forward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &mut [T]) {
        pooling.norm(P.into(), x, y);
    }

    fn backward<T: Real>(pooling: &GeneralPooling, x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
        pooling.norm_gradient(P.into(), x, y, dy, dx);
    }
}

/// Returns the axis for adaptive windows.
pub(super) const fn adaptive(side: usize, places: usize) -> PoolingAxis {
    PoolingAxis { side, places, windows: PoolingWindows::Adaptive }
}

/// Returns the axis for windows of one number: the features of a sequence.
pub(super) const fn each(side: usize) -> PoolingAxis {
    sliding(side, side, 1, 1, 1, [0, 0])
}

/// Returns the axis for windows of one size.
pub(super) const fn sliding(
    side: usize,
    places: usize,
    window: usize,
    stride: usize,
    dilation: usize,
    padding: [usize; 2],
) -> PoolingAxis {
    PoolingAxis { side, places, windows: PoolingWindows::Sliding { window, stride, dilation, padding } }
}

/// Returns whether each of these windows contains a number of the side. (On a short side, a dilated window can have
/// padding on both sides and no number.)
const fn has_numbers(axis: PoolingAxis) -> bool {
    let PoolingWindows::Sliding { window, stride, dilation, padding: [before, _] } = axis.windows else {
        return true;
    };
    let mut place = 0;
    while place < axis.places {
        let (mut at, mut tap, mut found) = (place * stride, 0, false);
        while tap < window {
            found |= before <= at && at < before + axis.side;
            at += dilation;
            tap += 1;
        }
        if !found {
            return false;
        }
        place += 1;
    }
    true
}

/// Returns whether each window of a pool contains a number.
pub(super) const fn have_numbers(axes: [PoolingAxis; 2]) -> bool {
    has_numbers(axes[0]) && has_numbers(axes[1])
}

pub(super) const ONLY_PADDING: &[Part] = &[Part::Text(
    "has a window that contains only padding: use less padding or dilation, or a larger window",
)];

/// Implements a layer that pools by a [`Pools`], with these windows along the rows and the columns of a plane.
macro_rules! general_pool {
    (
        [$($generics:tt)*] $layer:ty, $X:ty => $Y:ty, $pools:ty, $axes:expr,
        [$($bounds:tt)*], plan $($plan:tt)*
    ) => {
        impl<$($generics)*, T: Real> $crate::layer::pool::general::GeneralPool<$X> for $layer
        where
            $($bounds)*
        {
            const POOLING: $crate::kernel::GeneralPooling = $crate::kernel::GeneralPooling { axes: $axes };
            const COUNTS_PADDING: bool = <$pools as $crate::layer::pool::general::Pools>::COUNTS_PADDING;
        }

        impl<$($generics)*, T: Real> Layer<$X> for $layer
        where
            $($bounds)*
        {
            type Output = $Y;
            const PLAN: Plan = Plan::leaf::<$X, Self>()
                $($plan)*
                .form($crate::layer::onnx::Form::Pool {
                    kind: <$pools as $crate::layer::pool::general::Pools>::KIND,
                    axes: $axes,
                })
                .requires(
                    $crate::layer::pool::general::have_numbers($axes),
                    $crate::layer::pool::general::ONLY_PADDING,
                );

            fn forward(&self, input: &[$X], output: &mut [$Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                let pooling = $crate::kernel::GeneralPooling { axes: const { $axes } };
                <$pools as $crate::layer::pool::general::Pools>::forward(
                    &pooling,
                    Tensor::flat(input),
                    Tensor::flat_mut(output),
                );
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { input, output, output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                let pooling = $crate::kernel::GeneralPooling { axes: const { $axes } };
                let (x, y, dy) = (Tensor::flat(input), Tensor::flat(output), Tensor::flat(output_grad));
                let dx = Tensor::flat_mut(input_grad);
                <$pools as $crate::layer::pool::general::Pools>::backward(&pooling, x, y, dy, dx);
            }
        }
    };
}
pub(super) use general_pool;
