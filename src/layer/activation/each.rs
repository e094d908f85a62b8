//! Loops that apply an activation to slices, compiled for each set of vector instructions.

use core::marker::PhantomData;

use super::Activation;
use crate::kernel::{Elementwise, Level, Portable, Real, elementwise};

/// Computes y = g(x) for each number.
pub fn apply_each<A: Activation, T: Real>(x: &[T], y: &mut [T]) {
    elementwise(&Apply::<A>(PhantomData), [x], [y]);
}

/// Computes dx = dy g'(x) for each number, where y = g(x).
pub fn differentiate_each<A: Activation, T: Real>(x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
    elementwise(&Differentiate::<A>(PhantomData), [x, y, dy], [dx]);
}

struct Apply<A>(PhantomData<fn() -> A>);

impl<A: Activation, T: Real> Elementwise<T, 1, 1> for Apply<A> {
    #[inline(always)]
    fn apply(&self, read: [T; 1], write: [T; 1]) -> [T; 1] {
        self.apply_at::<Portable>(read, write)
    }

    #[inline(always)]
    fn apply_at<L: Level>(&self, [x]: [T; 1], _: [T; 1]) -> [T; 1] {
        [A::apply_at::<L, T>(x)]
    }
}

struct Differentiate<A>(PhantomData<fn() -> A>);

impl<A: Activation, T: Real> Elementwise<T, 3, 1> for Differentiate<A> {
    #[inline(always)]
    fn apply(&self, read: [T; 3], write: [T; 1]) -> [T; 1] {
        self.apply_at::<Portable>(read, write)
    }

    #[inline(always)]
    fn apply_at<L: Level>(&self, [x, y, dy]: [T; 3], _: [T; 1]) -> [T; 1] {
        [dy * A::derivative_at::<L, T>(x, y)]
    }
}
