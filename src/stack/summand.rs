//! Samples that can be added.

use bytemuck::Pod;

use crate::kernel::{Elementwise, Real, elementwise};
use crate::tensor::{Padded, Sample, Sequence, Tensor};

/// A sample that can be added to another: a tensor, or a padded sequence. Two padded sequences must have the same
/// length.
#[doc(hidden)]
pub trait Summand: Sample<Grad: Tensor> + Pod {
    /// Computes y = f + s.
    fn add(f: &[Self], s: &[Self], y: &mut [Self]);

    /// Computes dx = dx + ds for the gradient of a summand.
    fn add_grads(input: &[Self], ds: &[Self::Grad], dx: &mut [Self::Grad]);
}

impl<X: Tensor> Summand for X {
    fn add(f: &[X], s: &[X], y: &mut [X]) {
        elementwise(&Add, [X::flat(f), X::flat(s)], [X::flat_mut(y)]);
    }

    fn add_grads(_: &[X], ds: &[X], dx: &mut [X]) {
        elementwise(&AddTo, [X::flat(ds)], [X::flat_mut(dx)]);
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Summand for Padded<STEPS, FEATURES, T> {
    fn add(f: &[Self], s: &[Self], y: &mut [Self]) {
        f.iter().zip(s).zip(y).for_each(|((f, s), y)| y.set_sum(f, s));
    }

    fn add_grads(
        input: &[Self],
        ds: &[Sequence<STEPS, FEATURES, T>],
        dx: &mut [Sequence<STEPS, FEATURES, T>],
    ) {
        for ((padded, ds), dx) in input.iter().zip(ds).zip(dx) {
            let (steps, padding) = dx.0.split_at_mut(padded.length());
            let ds = ds.0.as_flattened();
            steps.as_flattened_mut().iter_mut().zip(ds).for_each(|(dx, &ds)| *dx += ds);
            padding.as_flattened_mut().fill(T::zero());
        }
    }
}

/// Computes y = f + s.
struct Add;

impl<T: Real> Elementwise<T, 2, 1> for Add {
    #[inline(always)]
    fn apply(&self, [branch, skip]: [T; 2], _: [T; 1]) -> [T; 1] {
        [branch + skip]
    }
}

/// Computes dx = dx + ds.
pub(super) struct AddTo;

impl<T: Real> Elementwise<T, 1, 1> for AddTo {
    #[inline(always)]
    fn apply(&self, [skip]: [T; 1], [dx]: [T; 1]) -> [T; 1] {
        [dx + skip]
    }
}
