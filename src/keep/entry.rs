//! A network as a list of the tensors that it is in a file.

use safetensors::Dtype;

use super::container::{Container, Written};
use super::number;
use super::{KeepError, Origin};
use crate::kernel::Real;
use crate::layer::{Field, Fields, Parameter, Parameters, Path, Role, Segment, Visitor, visit};

/// A parameter tensor of a network, and what it is in a file.
#[derive(Debug)]
pub(super) struct Entry {
    /// The path in the network.
    pub(super) path: String,
    pub(super) role: Role,
    pub(super) dtype: Dtype,
    /// The name in the file.
    pub(super) name: String,
    /// The sides in the file.
    pub(super) shape: Vec<usize>,
    /// Whether the sides are in the opposite order in the file.
    pub(super) reversed: bool,
}

/// The tensors of the type `N`, in the order of its fields, each as it is here.
pub(super) fn entries<N: Parameters>() -> Vec<Entry> {
    let mut entries = Vec::new();
    N::fields(&mut List { path: &Path::ROOT, entries: &mut entries });
    entries
}

struct List<'a> {
    path: &'a Path<'a>,
    entries: &'a mut Vec<Entry>,
}

impl<N> Fields<N> for List<'_> {
    fn tensor<T: Real>(&mut self, field: Field<'_>, _: impl Fn(&N) -> &[T], _: impl Fn(&mut N) -> &mut [T]) {
        let path = self.path.join(field.name).to_string();
        let (name, shape) = (path.clone(), field.shape.to_vec());
        self.entries.push(Entry {
            path,
            role: field.role,
            dtype: number::dtype::<T>(),
            name,
            shape,
            reversed: false,
        });
    }

    fn layer<C: Parameters>(
        &mut self,
        name: impl Into<Segment>,
        _: impl Fn(&N) -> &C,
        _: impl Fn(&mut N) -> &mut C,
    ) {
        C::fields(&mut List { path: &self.path.join(name), entries: self.entries });
    }
}

/// The numbers of a network, for a file.
pub(super) fn collect<N: Parameters>(
    origin: &Origin,
    network: &N,
    entries: &[Entry],
) -> Result<Vec<(String, Written)>, KeepError> {
    check_fields(network)?;
    let mut collect = Collect { origin, entries: entries.iter(), tensors: Ok(Vec::new()) };
    visit([network], [], &mut collect);
    collect.tensors
}

struct Collect<'a> {
    origin: &'a Origin,
    entries: std::slice::Iter<'a, Entry>,
    tensors: Result<Vec<(String, Written)>, KeepError>,
}

impl Visitor<1, 0> for Collect<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        let (Some(entry), Ok(tensors)) = (self.entries.next(), &mut self.tensors) else { return };
        let place = |at| if entry.reversed { number::reversed(parameter.field.shape, at) } else { at };
        if let Some(at) = xs.iter().position(|x| !x.is_finite()) {
            self.tensors = Err(KeepError::NonFinite {
                origin: self.origin.clone(),
                tensor: entry.name.clone(),
                element: place(at),
                value: xs[at].to_f64(),
            });
            return;
        }
        let mut bytes = Vec::with_capacity(size_of_val(xs));
        if entry.reversed {
            let mut ordered = xs.to_vec();
            xs.iter().enumerate().for_each(|(at, &x)| ordered[place(at)] = x);
            ordered.into_iter().for_each(|x| number::write(x, &mut bytes));
        } else {
            xs.iter().for_each(|&x| number::write(x, &mut bytes));
        }
        let tensor = Written { dtype: entry.dtype, shape: entry.shape.clone(), bytes };
        tensors.push((entry.name.clone(), tensor));
    }
}

/// Sets a network to the numbers of a file that has been checked against the same entries. Changes nothing on an error.
pub(super) fn fill<N: Parameters>(
    network: &mut N,
    entries: &[Entry],
    file: &Container<'_>,
) -> Result<(), KeepError> {
    check_fields(network)?;
    visit([], [network], &mut Fill { entries: entries.iter(), file });
    Ok(())
}

struct Fill<'a> {
    entries: std::slice::Iter<'a, Entry>,
    file: &'a Container<'a>,
}

impl Visitor<0, 1> for Fill<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        let Some(entry) = self.entries.next() else { return };
        let Some(info) = self.file.tensors.get(&entry.name) else { return };
        let bytes = self.file.bytes(info);
        for (at, x) in xs.iter_mut().enumerate() {
            let place = if entry.reversed { number::reversed(parameter.field.shape, at) } else { at };
            *x = T::from_f64(number::read(info.dtype, bytes, place));
        }
    }
}

/// Whether each tensor of a network has as many numbers as its field says: what a layer of one's own may have wrong.
pub(super) fn check_fields<N: Parameters>(network: &N) -> Result<(), KeepError> {
    let mut check = CheckFields(Ok(()));
    visit([network], [], &mut check);
    check.0
}

struct CheckFields(Result<(), KeepError>);

impl Visitor<1, 0> for CheckFields {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.0.is_ok() && xs.len() != parameter.field.len() {
            let (parameter, shape) = (parameter.path.to_string(), parameter.field.shape.to_vec());
            self.0 = Err(KeepError::Field { parameter, shape, found: xs.len() });
        }
    }
}
