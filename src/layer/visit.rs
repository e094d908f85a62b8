//! The walk over parameters, with one generic method for both scalars.

use chainrule_parameters as parameters;
pub use parameters::{Parameter, TableRows};
use parameters::{Parameters, View, ViewMut};

use crate::kernel::Real;

/// A function of each parameter of `R` networks that are read and `W` networks that are written, all of one type.
///
/// Adam reads one (the gradient) and writes three (the network and its two moments); a norm reads one and writes none.
pub trait Visitor<const R: usize, const W: usize> {
    /// Called for each parameter in order, with its numbers in each of the networks, in memory order.
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, read: [&[T]; R], write: [&mut [T]; W]);

    /// Returns which rows of a [`Table`](parameters::Table) it needs: all by default. If not all, it gets them in pieces,
    /// in order; [`Parameter::first`] is where a piece begins.
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

/// Walks over the parameters of several networks of one type at once. Allocates nothing.
///
/// # Panics
/// When the networks are not all of one type.
pub fn visit<const R: usize, const W: usize>(
    read: [View<'_>; R],
    write: [ViewMut<'_>; W],
    visitor: &mut impl Visitor<R, W>,
) {
    parameters::visit(read, write, &mut Both(visitor));
}

/// Walks over the parameters of the type `N`, without a network.
///
/// ```
/// use chainrule::layer::{Linear, Tanh, describe};
/// let mut lines = Vec::new();
/// describe::<(Linear<4, 3>, Tanh)>(&mut |p| lines.push(format!("{} {:?}", p.path, p.shape)));
/// assert_eq!(lines, ["0.weight [4, 3]", "0.bias [3]"]);
/// ```
pub fn describe<N: Parameters>(f: &mut dyn FnMut(&Parameter<'_>)) {
    parameters::describe(&N::DESCRIPTION, f);
}

/// Returns the error for a path that leads to no parameter: it lists those that there are.
#[cfg(feature = "alloc")]
pub(crate) fn unknown_path(node: &parameters::Node, path: &str) -> crate::Error {
    let mut paths = alloc::vec::Vec::new();
    parameters::describe(node, &mut |parameter| {
        paths.push(alloc::string::ToString::to_string(&parameter.path))
    });
    crate::Error::UnknownPath { path: path.into(), paths }
}
