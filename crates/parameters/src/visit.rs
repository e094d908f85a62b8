use core::slice::{from_raw_parts, from_raw_parts_mut};

use crate::{Node, Path, Role, Scalar, Tensor, View, ViewMut};

/// A parameter tensor of a network, and its path.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// The path from the network down to it; prints as `0.weight`.
    pub path: &'a Path<'a>,
    /// What it is for.
    pub role: Role,
    /// Its sides, outermost first.
    pub shape: &'static [usize],
    /// Its scalar.
    pub scalar: Scalar,
    len: usize,
}

impl<'a> Parameter<'a> {
    fn new(path: &'a Path<'a>, tensor: &Tensor) -> Self {
        let (role, shape, scalar, len) = (tensor.role(), tensor.shape(), tensor.scalar(), tensor.len());
        Self { path, role, shape, scalar, len }
    }

    /// Returns how many numbers it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether it has no numbers.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A function of each parameter of `R` networks that are read and `W` networks that are written, all of one type.
///
/// Adam reads one (the gradient) and writes three (the network and its two moments); a norm reads one and writes none.
pub trait Visitor<const R: usize, const W: usize> {
    /// Called for each parameter of `f32` in order, with its numbers in each of the networks, in memory order.
    fn visit_f32(&mut self, parameter: &Parameter<'_>, read: [&[f32]; R], write: [&mut [f32]; W]);

    /// Called for each parameter of `f64` in order, with its numbers in each of the networks, in memory order.
    fn visit_f64(&mut self, parameter: &Parameter<'_>, read: [&[f64]; R], write: [&mut [f64]; W]);
}

/// Walks over the parameters of several networks of one type at once. Allocates nothing.
///
/// # Panics
/// When the networks are not all of one type.
pub fn visit<const R: usize, const W: usize>(
    read: [View<'_>; R],
    write: [ViewMut<'_>; W],
    visitor: &mut dyn Visitor<R, W>,
) {
    let mut kinds = read.iter().map(|view| view.kind).chain(write.iter().map(|view| view.kind));
    let Some(first) = kinds.next() else { return };
    assert!(
        kinds.all(|kind| kind.id == first.id),
        "networks that are walked over at once must be of one type"
    );
    // SAFETY: each pointer is that of a network which this description describes, borrowed for the whole call: a `View`
    // shared, a `ViewMut` exclusively, so that no two of the latter are the same network.
    unsafe {
        walk(first.node, read.map(|view| view.base), write.map(|view| view.base), &Path::ROOT, visitor);
    }
}

/// # Safety
/// Each of the pointers is that of a value which `node` describes; those to be written are exclusive.
unsafe fn walk<const R: usize, const W: usize>(
    node: &Node,
    read: [*const u8; R],
    write: [*mut u8; W],
    path: &Path<'_>,
    visitor: &mut dyn Visitor<R, W>,
) {
    match node {
        Node::Nothing | Node::Setting(_) | Node::Flattens => {}
        Node::Tensor(tensor) => {
            let (parameter, len) = (Parameter::new(path, tensor), tensor.len());
            // SAFETY: the contract of `Parameters` says that a tensor of `len` numbers of this scalar is here, aligned
            // and in no other tensor; the caller that the pointers are valid for the whole network.
            unsafe {
                match tensor.scalar() {
                    Scalar::F32 => visitor.visit_f32(
                        &parameter,
                        read.map(|from| from_raw_parts(from.cast(), len)),
                        write.map(|to| from_raw_parts_mut(to.cast(), len)),
                    ),
                    Scalar::F64 => visitor.visit_f64(
                        &parameter,
                        read.map(|from| from_raw_parts(from.cast(), len)),
                        write.map(|to| from_raw_parts_mut(to.cast(), len)),
                    ),
                }
            }
        }
        Node::Fields(fields) => {
            for field in *fields {
                let path = &path.join(field.name);
                // SAFETY: the field is inside the value, at this offset.
                unsafe {
                    let (read, write) = after(read, write, field.offset);
                    walk(field.node, read, write, path, visitor);
                }
            }
        }
        Node::Repeat { count, stride, of, .. } => {
            for at in 0..*count {
                let path = &path.join(at);
                // SAFETY: an array has `count` values, `stride` bytes apart.
                unsafe {
                    let (read, write) = after(read, write, at * stride);
                    walk(of, read, write, path, visitor);
                }
            }
        }
    }
}

/// The pointers, this many bytes on.
///
/// # Safety
/// That is inside of what each of them is a pointer to.
unsafe fn after<const R: usize, const W: usize>(
    mut read: [*const u8; R],
    mut write: [*mut u8; W],
    offset: usize,
) -> ([*const u8; R], [*mut u8; W]) {
    // SAFETY: what the caller says. (`map` on an array would be compiled anew, some hundreds of lines, for each `R` and
    // `W`.)
    unsafe {
        for from in &mut read {
            *from = from.add(offset);
        }
        for to in &mut write {
            *to = to.add(offset);
        }
    }
    (read, write)
}

/// Calls `f` for each parameter of a description, in order, without a network.
pub fn describe(node: &Node, f: &mut dyn FnMut(&Parameter<'_>)) {
    list(node, &Path::ROOT, f);
}

fn list(node: &Node, path: &Path<'_>, f: &mut dyn FnMut(&Parameter<'_>)) {
    match node {
        Node::Nothing | Node::Setting(_) | Node::Flattens => {}
        Node::Tensor(tensor) => f(&Parameter::new(path, tensor)),
        Node::Fields(fields) => fields.iter().for_each(|field| list(field.node, &path.join(field.name), f)),
        Node::Repeat { count, of, .. } => (0..*count).for_each(|at| list(of, &path.join(at), f)),
    }
}

/// Calls `f` for each leaf of a description, in order, with its path: tensors, settings and layers that flatten.
pub fn describe_leaves(node: &Node, f: &mut dyn FnMut(&Path<'_>, &Node)) {
    list_leaves(node, &Path::ROOT, f);
}

fn list_leaves(node: &Node, path: &Path<'_>, f: &mut dyn FnMut(&Path<'_>, &Node)) {
    match node {
        Node::Nothing => {}
        Node::Tensor(_) | Node::Setting(_) | Node::Flattens => f(path, node),
        Node::Fields(fields) => {
            fields.iter().for_each(|field| list_leaves(field.node, &path.join(field.name), f));
        }
        Node::Repeat { count, of, .. } => (0..*count).for_each(|at| list_leaves(of, &path.join(at), f)),
    }
}
