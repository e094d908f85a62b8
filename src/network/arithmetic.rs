//! Sums and means of networks, and access to single parameters by path.

#[cfg(feature = "alloc")]
use alloc::string::ToString;

use chainrule_parameters::{View, ViewMut};

#[cfg(feature = "alloc")]
use crate::Error;
use crate::kernel::{Elementwise, Real, elementwise};
#[cfg(feature = "alloc")]
use crate::layer::unknown_path;
use crate::layer::{Parameter, Visitor, visit};

/// Computes `to = own * to + other * from` for every parameter.
pub(super) fn combine(own: f64, to: ViewMut<'_>, other: f64, from: View<'_>) {
    visit([from], [to], &mut Combine { own, other });
}

struct Combine<T> {
    own: T,
    other: T,
}

impl Visitor<1, 1> for Combine<f64> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        let [own, other] = [self.own, self.other].map(T::from_f64);
        elementwise(&Combine { own, other }, [from], [to]);
    }
}

impl<T: Real> Elementwise<T, 1, 1> for Combine<T> {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to]: [T; 1]) -> [T; 1] {
        [self.own * to + self.other * from]
    }
}

/// Calls `f` with each parameter of this scalar type.
pub(super) fn edit_all<S: Real>(network: ViewMut<'_>, f: impl FnMut(&Parameter<'_>, &mut [S])) {
    visit([], [network], &mut EditAll { f, scalar: core::marker::PhantomData });
}

struct EditAll<S, F> {
    f: F,
    scalar: core::marker::PhantomData<S>,
}

impl<S: Real, F: FnMut(&Parameter<'_>, &mut [S])> Visitor<0, 1> for EditAll<S, F> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        // The two scalar types differ in size.
        if size_of::<S>() == size_of::<T>() {
            (self.f)(parameter, bytemuck::cast_slice_mut(xs));
        }
    }
}

/// Calls `f` with the numbers of the parameter at this path.
#[cfg(feature = "alloc")]
pub(super) fn edit<S: Real, R>(
    network: ViewMut<'_>,
    path: &str,
    f: impl FnOnce(&mut [S]) -> R,
) -> Result<R, Error> {
    let node = network.description();
    let mut edit = Edit { path, f: Some(f), result: None, scalar: core::marker::PhantomData };
    visit([], [network], &mut edit);
    edit.result.ok_or_else(|| unknown_path(node, path))
}

#[cfg(feature = "alloc")]
struct Edit<'a, S, F, R> {
    path: &'a str,
    f: Option<F>,
    result: Option<R>,
    scalar: core::marker::PhantomData<S>,
}

#[cfg(feature = "alloc")]
impl<S: Real, R, F: FnOnce(&mut [S]) -> R> Visitor<0, 1> for Edit<'_, S, F, R> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        // The two scalar types differ in size.
        if size_of::<S>() == size_of::<T>()
            && parameter.path.to_string() == self.path
            && let Some(f) = self.f.take()
        {
            self.result = Some(f(bytemuck::cast_slice_mut(xs)));
        }
    }
}
