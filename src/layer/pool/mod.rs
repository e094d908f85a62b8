//! Pooling: the maximum, the mean or a norm of windows.

mod adaptive;
mod average;
mod general;
mod global;
mod lp;
mod lp_with;
mod macros;
mod max;
mod settings;
mod with;

use crate::kernel::{Pooling, Real};
use crate::layer::Effect;
use crate::layer::onnx::{Form, Pool};
use crate::tensor::side::{PaddedBy, Side, Sides, Slide};
use crate::tensor::{Image, Sample, Sequence, Tensor};

use general::{each, sliding};

pub use adaptive::{AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d};
pub use average::{AvgPool1d, AvgPool2d};
pub(crate) use general::GeneralPool;
pub use global::{GlobalAvgPool, GlobalMaxPool};
pub use lp::{LpPool1d, LpPool2d};
pub use lp_with::{LpPool1dWith, LpPool2dWith};
pub use max::{MaxPool1d, MaxPool2d};
pub use with::{AvgPool1dWith, AvgPool2dWith, MaxPool1dWith, MaxPool2dWith};

/// Returns the effect of windows that multiply the squared length of a gradient by `gradient` if they do not overlap.
/// For overlapping windows the effect depends on how similar the gradients of neighboring windows are.
const fn apart(gradient: f64, kernel: usize, stride: usize) -> Effect {
    if stride >= kernel { Effect::Pool { gradient } } else { Effect::Unknown }
}

/// The shape of this tensor after pooling with windows of `K`, the stride `STRIDE` and a padding of `PAD`.
pub trait Pooled<const K: usize, const STRIDE: usize, const PAD: usize>: Tensor {
    /// The output: a number for each window.
    type Output: Tensor<Scalar = Self::Scalar>;
}

impl<
    const K: usize,
    const STRIDE: usize,
    const PAD: usize,
    const C: usize,
    const H: usize,
    const W: usize,
    T: Real,
> Pooled<K, STRIDE, PAD> for Image<C, H, W, T>
where
    Side<K>: PaddedBy<PAD>,
    Side<H>: Slide<K, STRIDE, PAD>,
    Side<W>: Slide<K, STRIDE, PAD>,
    (Side<C>, Places<H, K, STRIDE, PAD>, Places<W, K, STRIDE, PAD>): Sides<T>,
{
    type Output = <(Side<C>, Places<H, K, STRIDE, PAD>, Places<W, K, STRIDE, PAD>) as Sides<T>>::Tensor;
}

impl<
    const K: usize,
    const STRIDE: usize,
    const PAD: usize,
    const STEPS: usize,
    const FEATURES: usize,
    T: Real,
> Pooled<K, STRIDE, PAD> for Sequence<STEPS, FEATURES, T>
where
    Side<K>: PaddedBy<PAD>,
    Side<STEPS>: Slide<K, STRIDE, PAD>,
    (Places<STEPS, K, STRIDE, PAD>, Side<FEATURES>): Sides<T>,
{
    type Output = <(Places<STEPS, K, STRIDE, PAD>, Side<FEATURES>) as Sides<T>>::Tensor;
}

type Places<const D: usize, const K: usize, const STRIDE: usize, const PAD: usize> =
    <Side<D> as Slide<K, STRIDE, PAD>>::Out;
type Output<const K: usize, const STRIDE: usize, const PAD: usize, X> = <X as Pooled<K, STRIDE, PAD>>::Output;

/// Returns the ONNX form of a pool with square windows.
const fn form<const K: usize, const STRIDE: usize, const PAD: usize, X: Pooled<K, STRIDE, PAD>>(
    kind: Pool,
) -> Form {
    let (x, y) = (X::SHAPE, X::Output::SHAPE);
    // The plane: the rows and columns of an image, or the steps of a sequence.
    let first = x.len() - 2;
    let columns = if first == 0 { each(x[1]) } else { sliding(x[2], y[2], K, STRIDE, 1, [PAD, PAD]) };
    Form::Pool { kind, axes: [sliding(x[first], y[first], K, STRIDE, 1, [PAD, PAD]), columns] }
}

/// Returns the geometry of windows of `K` x `K` pixels on an image.
#[inline(always)]
const fn on_pixels<const K: usize, const STRIDE: usize, const PAD: usize, X: Pooled<K, STRIDE, PAD>>()
-> Pooling {
    Pooling {
        plane: [X::SHAPE[1], X::SHAPE[2]],
        places: [X::Output::SHAPE[1], X::Output::SHAPE[2]],
        window: [K, K],
        stride: [STRIDE, STRIDE],
        padding: [PAD, PAD],
    }
}

/// Returns the geometry of windows of `K` steps on a sequence, for each feature separately. The plane has a row for
/// each step.
#[inline(always)]
const fn on_steps<const K: usize, const STRIDE: usize, const PAD: usize, X: Pooled<K, STRIDE, PAD>>()
-> Pooling {
    Pooling {
        plane: [X::SHAPE[0], X::SHAPE[1]],
        places: [X::Output::SHAPE[0], X::Output::SHAPE[1]],
        window: [K, 1],
        stride: [STRIDE, 1],
        padding: [PAD, 0],
    }
}
