//! Iteration over parameters, with one generic method for both scalar types.

use chainrule_parameters as parameters;
pub use parameters::{Parameter, TableRows};
use parameters::{Parameters, View, ViewMut};

use crate::kernel::Real;

/// A function that is called for each parameter of several networks of one type: it reads `R` of them and writes `W` of
/// them.
///
/// Adam reads one network (the gradient) and writes three (the network and its two moments). A norm reads one and
/// writes none.
///
/// # Examples
/// ```
/// use chainrule::Real;
/// use chainrule::layer::{Parameter, View, Visitor, visit};
/// use chainrule::prelude::*;
///
/// /// Adds up the squares of all parameters.
/// struct SumOfSquares(f64);
///
/// impl Visitor<1, 0> for SumOfSquares {
///     fn visit<T: Real>(&mut self, _: &Parameter<'_>, [weights]: [&[T]; 1], _: [&mut [T]; 0]) {
///         self.0 += weights.iter().map(|w| w.to_f64() * w.to_f64()).sum::<f64>();
///     }
/// }
///
/// let mut net = Linear::<2, 1>::zeros();
/// *net.weight = [Vector([3.0]), Vector([4.0])];
/// let mut sum = SumOfSquares(0.0);
/// visit([View::of(&*net)], [], &mut sum);
/// assert_eq!(sum.0, 25.0);
/// ```
#[doc(alias("named_parameters", "tree_map"))]
pub trait Visitor<const R: usize, const W: usize> {
    /// Called for each parameter in order, with its numbers in each network, in memory order.
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, read: [&[T]; R], write: [&mut [T]; W]);

    /// Returns which rows of a [`Table`](parameters::Table) it needs: by default all. If it does not need all, it gets
    /// them in pieces, in order. [`Parameter::first`] is the start of a piece.
    fn rows(&self, _: &Parameter<'_>) -> TableRows<R, W> {
        TableRows::All
    }
}

struct Both<V>(V);

impl<V: Visitor<R, W>, const R: usize, const W: usize> parameters::Visitor<R, W> for Both<&mut V> {
    fn visit_f32(&mut self, parameter: &Parameter<'_>, read: [&[f32]; R], write: [&mut [f32]; W]) {
        self.0.visit(parameter, read, write);
    }

    fn rows(&self, parameter: &Parameter<'_>) -> TableRows<R, W> {
        self.0.rows(parameter)
    }

    fn visit_f64(&mut self, parameter: &Parameter<'_>, read: [&[f64]; R], write: [&mut [f64]; W]) {
        self.0.visit(parameter, read, write);
    }
}

/// Calls `visitor` for each parameter of several networks of one type. Allocates nothing. See the example of
/// [`Visitor`].
///
/// # Panics
/// Panics if the networks are not all of one type.
pub fn visit<const R: usize, const W: usize>(
    read: [View<'_>; R],
    write: [ViewMut<'_>; W],
    visitor: &mut impl Visitor<R, W>,
) {
    parameters::visit(read, write, &mut Both(visitor));
}

/// Calls `f` for each parameter of the type `N`. Needs no network of that type.
///
/// # Examples
/// ```
/// use chainrule::layer::{Linear, Tanh, describe};
/// let mut lines = Vec::new();
/// describe::<(Linear<4, 3>, Tanh)>(&mut |p| lines.push(format!("{} {:?}", p.path, p.shape)));
/// assert_eq!(lines, ["0.weight [4, 3]", "0.bias [3]"]);
/// ```
pub fn describe<N: Parameters>(f: &mut dyn FnMut(&Parameter<'_>)) {
    parameters::describe(&N::DESCRIPTION, f);
}

/// Returns the error for a path that leads to no parameter. It lists the paths of all parameters.
#[cfg(feature = "alloc")]
pub(crate) fn unknown_path(node: &parameters::Node, path: &str) -> crate::Error {
    let mut paths = alloc::vec::Vec::new();
    parameters::describe(node, &mut |parameter| {
        paths.push(alloc::string::ToString::to_string(&parameter.path))
    });
    crate::Error::UnknownPath { path: path.into(), paths }
}
