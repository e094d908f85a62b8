//! Comparing and copying layers, networks and gradients, number by number.

use core::fmt;

#[cfg(feature = "alloc")]
use chainrule_parameters::Owned;
use chainrule_parameters::{Parameters, Role, View, ViewMut, clear_flags};

use super::{Parameter, TableRows, Visitor, visit};
use crate::kernel::{Length, Real, largest, norm, squared_norm};

/// A view of all parameters of a network, which can be compared and printed.
///
/// Rust's orphan rule does not allow this crate to implement the traits of `approx` for tuples. Compare tuples through
/// this view:
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 3>, Tanh, Linear<3, 1>);
/// let (a, b) = (Net::init(&mut rng(1)), Net::init(&mut rng(1)));
/// assert_relative_eq!(a.parameters(), b.parameters());
/// ```
///
/// A tolerance is an `f64`. If it is smaller than the epsilon of the compared scalar, that epsilon is used.
#[doc(alias("allclose", "assert_close"))]
#[derive(Clone, Copy)]
pub struct ParametersView<'a> {
    view: View<'a>,
}

impl<'a> ParametersView<'a> {
    pub(crate) fn new<N: Parameters>(network: &'a N) -> Self {
        Self { view: View::of(network) }
    }

    fn view<'b>(&'b self) -> View<'b> {
        self.view
    }
}

/// Prints the path, the shape and the root mean square of each parameter, one parameter a line.
impl fmt::Debug for ParametersView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut print = Print { f, result: Ok(()) };
        visit([self.view], [], &mut print);
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
            let rms = norm(xs) / libm::sqrt(xs.len().max(1) as f64);
            self.result = writeln!(self.f, "{} {:?} rms {rms:.4}", parameter.path, parameter.shape);
        }
    }
}

/// How two numbers are compared. Tolerances are at least the epsilon of the compared scalar.
#[derive(Clone, Copy)]
pub(crate) enum Comparison {
    Exact,
    /// By their difference.
    Absolute(f64),
    /// By their difference, or relative to the larger number.
    Relative(f64, f64),
    /// By their difference, or by how many floating-point numbers are between them.
    Ulps(f64, u32),
}

impl Comparison {
    fn same<T: Real>(self, a: &T, b: &T) -> bool {
        let tolerance = |epsilon| T::from_f64(epsilon).max(T::EPSILON);
        match self {
            Self::Exact => a == b,
            Self::Absolute(epsilon) => a.abs_diff_eq(b, tolerance(epsilon)),
            Self::Relative(epsilon, relative) => a.relative_eq(b, tolerance(epsilon), tolerance(relative)),
            Self::Ulps(epsilon, ulps) => a.ulps_eq(b, tolerance(epsilon), ulps),
        }
    }
}

struct Compare {
    comparison: Comparison,
    same: bool,
}

impl Visitor<2, 0> for Compare {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [a, b]: [&[T]; 2], []: [&mut [T]; 0]) {
        self.same = self.same && a.iter().zip(b).all(|(a, b)| self.comparison.same(a, b));
    }
}

/// Returns whether every parameter of `a` equals the same parameter of `b`.
pub(crate) fn same(a: View<'_>, b: View<'_>, comparison: Comparison) -> bool {
    let mut compare = Compare { comparison, same: true };
    visit([a, b], [], &mut compare);
    compare.same
}

/// Sets all parameters to zero.
pub(crate) fn set_zero(mut network: ViewMut<'_>) {
    visit([], [network.reborrow()], &mut SetZero);
    clear_flags(network);
}

struct SetZero;

impl Visitor<0, 1> for SetZero {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        xs.fill(T::zero());
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<0, 1> {
        TableRows::TouchedIn([], [true])
    }
}

/// Returns a copy of a network on the heap.
#[cfg(feature = "alloc")]
pub(crate) fn copy<N: Parameters>(network: &N) -> Owned<N> {
    let mut copy = Owned::zeros();
    copy_into(View::of(network), ViewMut::of(&mut *copy));
    copy
}

/// Copies every parameter.
#[cfg(feature = "alloc")]
pub(crate) fn copy_into(from: View<'_>, to: ViewMut<'_>) {
    visit([from], [to], &mut Copy);
}

/// Returns the Euclidean length over all parameters except buffers, summed in `f64`. The squares do not overflow or
/// underflow.
pub(crate) fn length(network: View<'_>) -> Length {
    let sum = |scale| {
        let mut squares = Squares { scale, sum: 0.0 };
        visit([network], [], &mut squares);
        squares.sum
    };
    Length::of(sum, || {
        let mut largest = Largest(0.0);
        visit([network], [], &mut largest);
        largest.0
    })
}

struct Squares {
    scale: f64,
    sum: f64,
}

impl Visitor<1, 0> for Squares {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return; // a distance from the batch's value, not a derivative of the loss
        }
        // Row by row, so that the sum does not depend on the rows that are left out.
        for row in xs.chunks(parameter.row.max(1)) {
            self.sum += squared_norm(row, self.scale);
        }
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<1, 0> {
        TableRows::TouchedIn([true], [])
    }
}

struct Largest(f64);

impl Visitor<1, 0> for Largest {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        self.0 = largest(&[self.0, largest(xs)]);
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<1, 0> {
        TableRows::TouchedIn([true], [])
    }
}

#[cfg(feature = "alloc")]
struct Copy;

#[cfg(feature = "alloc")]
impl Visitor<1, 1> for Copy {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        to.copy_from_slice(from);
    }
}

/// Implements `PartialEq`, `Debug` and the `approx` traits for a layer, over all its parameters, and `Default`, which
/// sets all of them to 0.
macro_rules! comparable {
    ([$($generics:tt)*] $layer:ty) => {
        $crate::layer::compare::comparable!(@compare [$($generics)*] $layer, chainrule_parameters::View::of);

        impl<$($generics)*> Default for $layer {
            fn default() -> Self {
                chainrule_parameters::Parameters::zeroed()
            }
        }

        impl<$($generics)*> core::fmt::Debug for $layer {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&<Self as chainrule_parameters::Named>::NAME, f)
            }
        }
    };
    (@compare [$($generics:tt)*] $layer:ty, $view:expr) => {
        impl<$($generics)*> PartialEq for $layer {
            fn eq(&self, other: &Self) -> bool {
                $crate::layer::compare::same($view(self), $view(other), $crate::layer::compare::Comparison::Exact)
            }
        }

        impl<$($generics)*> approx::AbsDiffEq for $layer {
            type Epsilon = f64;
            fn default_epsilon() -> f64 {
                f64::EPSILON
            }
            fn abs_diff_eq(&self, other: &Self, epsilon: f64) -> bool {
                use $crate::layer::compare::{Comparison, same};
                same($view(self), $view(other), Comparison::Absolute(epsilon))
            }
        }

        impl<$($generics)*> approx::RelativeEq for $layer {
            fn default_max_relative() -> f64 {
                f64::EPSILON
            }
            fn relative_eq(&self, other: &Self, epsilon: f64, max_relative: f64) -> bool {
                use $crate::layer::compare::{Comparison, same};
                same($view(self), $view(other), Comparison::Relative(epsilon, max_relative))
            }
        }

        impl<$($generics)*> approx::UlpsEq for $layer {
            fn default_max_ulps() -> u32 {
                4
            }
            fn ulps_eq(&self, other: &Self, epsilon: f64, max_ulps: u32) -> bool {
                use $crate::layer::compare::{Comparison, same};
                same($view(self), $view(other), Comparison::Ulps(epsilon, max_ulps))
            }
        }
    };
}
pub(crate) use comparable;

comparable!(@compare ['a] ParametersView<'a>, ParametersView::view);
