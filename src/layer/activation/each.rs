//! An activation of every number, compiled for each level of instructions.

use core::marker::PhantomData;

use super::Activation;
use crate::kernel::{Kernel, Level, Real, dispatch};

/// y = g(x) for every number.
pub fn apply_each<A: Activation, T: Real>(x: &[T], y: &mut [T]) {
    dispatch(Apply { x, y, activation: PhantomData::<A> });
}

/// dx = dy g'(x) for every number, where y = g(x).
pub fn differentiate_each<A: Activation, T: Real>(x: &[T], y: &[T], dy: &[T], dx: &mut [T]) {
    dispatch(Differentiate { x, y, dy, dx, activation: PhantomData::<A> });
}

struct Apply<'a, A, T> {
    x: &'a [T],
    y: &'a mut [T],
    activation: PhantomData<A>,
}

impl<A: Activation, T: Real> Kernel for Apply<'_, A, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = A::apply(x);
        }
    }
}

struct Differentiate<'a, A, T> {
    x: &'a [T],
    y: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
    activation: PhantomData<A>,
}

impl<A: Activation, T: Real> Kernel for Differentiate<'_, A, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        let xy = self.x.iter().zip(self.y);
        for ((dx, &dy), (&x, &y)) in self.dx.iter_mut().zip(self.dy).zip(xy) {
            *dx = dy * A::derivative(x, y);
        }
    }
}
