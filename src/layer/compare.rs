//! Comparing and copying layers, networks and gradients, number by number.

use core::fmt;

use super::{Parameter, Parameters, Role, Visitor, visit};
use crate::kernel::{Real, squared_norm};

/// All parameters of a network, to be compared and printed.
///
/// Rust lets no crate but `approx` itself compare a bare tuple, so a network that is one is compared through this view:
///
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 3>, Tanh, Linear<3, 1>);
/// let (a, b) = (Net::init(&mut rng(1)), Net::init(&mut rng(1)));
/// assert_relative_eq!(a.parameters(), b.parameters());
/// ```
///
/// A tolerance is an `f64`, and counts as no less than the epsilon of the scalar that is compared.
#[derive(Clone, Copy)]
pub struct View<'a, N> {
    network: &'a N,
}

impl<'a, N: Parameters> View<'a, N> {
    pub(crate) fn new(network: &'a N) -> Self {
        Self { network }
    }
}

/// Prints each parameter's path, shape and root mean square, a line each.
impl<N: Parameters> fmt::Debug for View<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut print = Print { f, result: Ok(()) };
        visit([self.network], [], &mut print);
        print.result
    }
}

struct Print<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    result: fmt::Result,
}

impl Visitor<1, 0> for Print<'_, '_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.result.is_ok() {
            let rms = libm::sqrt(squared_norm(xs) / xs.len().max(1) as f64);
            self.result = writeln!(self.f, "{} {:?} rms {rms:.4}", parameter.path, parameter.field.shape);
        }
    }
}

/// How two numbers are compared.
pub(crate) trait Comparison {
    fn same<T: Real>(&self, a: &T, b: &T) -> bool;
}

pub(crate) struct Exact;
pub(crate) struct Absolute(pub(crate) f64);
pub(crate) struct Relative(pub(crate) f64, pub(crate) f64);
pub(crate) struct Ulps(pub(crate) f64, pub(crate) u32);

/// The tolerance in the scalar that is compared: no finer than that scalar can tell apart.
fn tolerance<T: Real>(epsilon: f64) -> T {
    T::from_f64(epsilon).max(T::EPSILON)
}

impl Comparison for Exact {
    fn same<T: Real>(&self, a: &T, b: &T) -> bool {
        a == b
    }
}

impl Comparison for Absolute {
    fn same<T: Real>(&self, a: &T, b: &T) -> bool {
        a.abs_diff_eq(b, tolerance(self.0))
    }
}

impl Comparison for Relative {
    fn same<T: Real>(&self, a: &T, b: &T) -> bool {
        a.relative_eq(b, tolerance(self.0), tolerance(self.1))
    }
}

impl Comparison for Ulps {
    fn same<T: Real>(&self, a: &T, b: &T) -> bool {
        a.ulps_eq(b, tolerance(self.0), self.1)
    }
}

struct Compare<C> {
    comparison: C,
    same: bool,
}

impl<C: Comparison> Visitor<2, 0> for Compare<C> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [a, b]: [&[T]; 2], []: [&mut [T]; 0]) {
        self.same = self.same && a.iter().zip(b).all(|(a, b)| self.comparison.same(a, b));
    }
}

/// Whether every parameter of `a` is the same as that of `b`.
pub(crate) fn same<N: Parameters>(a: &N, b: &N, comparison: impl Comparison) -> bool {
    let mut compare = Compare { comparison, same: true };
    visit([a, b], [], &mut compare);
    compare.same
}

/// A copy of a layer, made on the heap: `Box::clone` may take the numbers across the stack.
pub(crate) fn copy<N: Parameters>(network: &N) -> N {
    let mut copy = N::zeros();
    visit([network], [&mut copy], &mut Copy);
    copy
}

/// The Euclidean norm over all parameters but the statistics, summed in `f64`.
pub(crate) fn norm<N: Parameters>(network: &N) -> f64 {
    let mut square = Square(0.0);
    visit([network], [], &mut square);
    libm::sqrt(square.0)
}

struct Square(f64);

impl Visitor<1, 0> for Square {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if let Role::Statistic { .. } = parameter.field.role {
            return; // a distance from what was measured, no slope of the loss
        }
        self.0 += squared_norm(xs);
    }
}

struct Copy;

impl Visitor<1, 1> for Copy {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        to.copy_from_slice(from);
    }
}

/// Implements `PartialEq` and the `approx` traits for a layer, over all its parameters.
macro_rules! comparable {
    ([$($generics:tt)*] $layer:ty $(, .$network:ident)?) => {
        impl<$($generics)*> PartialEq for $layer {
            fn eq(&self, other: &Self) -> bool {
                use $crate::layer::compare::{Exact, same};
                same(self$(.$network)?, other$(.$network)?, Exact)
            }
        }

        impl<$($generics)*> approx::AbsDiffEq for $layer {
            type Epsilon = f64;
            fn default_epsilon() -> f64 {
                f64::EPSILON
            }
            fn abs_diff_eq(&self, other: &Self, epsilon: f64) -> bool {
                use $crate::layer::compare::{Absolute, same};
                same(self$(.$network)?, other$(.$network)?, Absolute(epsilon))
            }
        }

        impl<$($generics)*> approx::RelativeEq for $layer {
            fn default_max_relative() -> f64 {
                f64::EPSILON
            }
            fn relative_eq(&self, other: &Self, epsilon: f64, max_relative: f64) -> bool {
                use $crate::layer::compare::{Relative, same};
                same(self$(.$network)?, other$(.$network)?, Relative(epsilon, max_relative))
            }
        }

        impl<$($generics)*> approx::UlpsEq for $layer {
            fn default_max_ulps() -> u32 {
                4
            }
            fn ulps_eq(&self, other: &Self, epsilon: f64, max_ulps: u32) -> bool {
                use $crate::layer::compare::{Ulps, same};
                same(self$(.$network)?, other$(.$network)?, Ulps(epsilon, max_ulps))
            }
        }
    };
}
pub(crate) use comparable;

comparable!(['a, N: Parameters] View<'a, N>, .network);
