use core::slice::{from_raw_parts, from_raw_parts_mut};

use crate::table::next_run;
use crate::{Node, Path, Role, Scalar, TableRows, Tensor, View, ViewMut};

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
    /// Its place in the order of the walk.
    pub index: usize,
    /// Which of its numbers is the first of those that the visitor gets: 0, unless it asks for some
    /// [rows](Visitor::rows).
    pub first: usize,
    /// How many numbers a row of a [`Table`](crate::Table) has; for every other parameter, all of them.
    pub row: usize,
    len: usize,
}

impl<'a> Parameter<'a> {
    /// Describes the next one, and counts it.
    fn new(path: &'a Path<'a>, tensor: &Tensor, count: &mut usize) -> Self {
        let (role, shape, scalar, len) = (tensor.role(), tensor.shape(), tensor.scalar(), tensor.len());
        let row = tensor.flags.map_or(len, |flags| len / flags.rows.max(1));
        let index = *count;
        *count += 1;
        Self { path, role, shape, scalar, index, first: 0, row, len }
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

    /// Returns which rows of a [`Table`](crate::Table) it needs. If not all, it gets them in pieces, in order; of what
    /// is written, all other rows must be 0 already or stay as they are.
    fn rows(&self, _: &Parameter<'_>) -> TableRows<R, W> {
        TableRows::All
    }
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
        walk(
            first.node,
            read.map(|view| view.base),
            write.map(|view| view.base),
            &Path::ROOT,
            &mut 0,
            visitor,
        );
    }
}

/// # Safety
/// Each of the pointers is that of a value which `node` describes; those to be written are exclusive.
unsafe fn walk<const R: usize, const W: usize>(
    node: &Node,
    read: [*const u8; R],
    write: [*mut u8; W],
    path: &Path<'_>,
    count: &mut usize,
    visitor: &mut dyn Visitor<R, W>,
) {
    match node {
        Node::Nothing | Node::Setting(_) | Node::Flattens => {}
        Node::Tensor(tensor) => {
            let parameter = Parameter::new(path, tensor, count);
            // SAFETY: the contract of `Parameters` says that the tensor is here; the caller that the pointers are valid
            // for the whole network.
            unsafe { tensor_of(tensor, parameter, read, write, visitor) };
        }
        Node::Fields(fields) => {
            for field in *fields {
                let path = &path.join(field.name);
                // SAFETY: the field is inside the value, at this offset.
                unsafe {
                    let (read, write) = after(read, write, field.offset);
                    walk(field.node, read, write, path, count, visitor);
                }
            }
        }
        Node::Repeat { count: copies, stride, of, .. } => {
            for at in 0..*copies {
                let path = &path.join(at);
                // SAFETY: an array has this many values, `stride` bytes apart.
                unsafe {
                    let (read, write) = after(read, write, at * stride);
                    walk(of, read, write, path, count, visitor);
                }
            }
        }
    }
}

/// Calls the visitor with a tensor, or with the rows of a table that it needs.
///
/// # Safety
/// Each of the pointers is that of a value which `tensor` describes; those to be written are exclusive.
unsafe fn tensor_of<const R: usize, const W: usize>(
    tensor: &Tensor,
    mut parameter: Parameter<'_>,
    read: [*const u8; R],
    write: [*mut u8; W],
    visitor: &mut dyn Visitor<R, W>,
) {
    let Some(flags) = tensor.flags else {
        // SAFETY: all numbers of the tensor are here.
        return unsafe { numbers(&parameter, parameter.len, read, write, visitor) };
    };
    let (mut chosen, mut count) = ([core::ptr::null(); MOST_NETWORKS], 0);
    let rows = visitor.rows(&parameter);
    if let TableRows::TouchedIn(of_read, of_write) = rows {
        let read = read.iter().zip(of_read).map(|(&network, is)| (network, is));
        let write = write.iter().zip(of_write).map(|(&network, is)| (network.cast_const(), is));
        for (network, _) in read.chain(write).filter(|(_, is)| *is) {
            // SAFETY: the flags of a table are in it.
            chosen[count] = unsafe { network.add(flags.offset) };
            count += 1;
        }
    }
    let size = parameter.row * parameter.scalar.size();
    let mut from = 0;
    loop {
        let run = match rows {
            TableRows::All => (from == 0 && flags.rows > 0).then_some(0..flags.rows),
            // SAFETY: each of the chosen has that many flags.
            TableRows::TouchedIn(..) => unsafe { next_run(&chosen[..count], flags.rows, from) },
        };
        let Some(run) = run else { return };
        for to in write {
            // SAFETY: these are some of the flags, which are in no tensor; the network is exclusive.
            unsafe { to.add(flags.offset + run.start).write_bytes(1, run.len()) };
        }
        parameter.first = run.start * parameter.row;
        // SAFETY: the rows are some of those of the tensor.
        unsafe {
            let (read, write) = after(read, write, run.start * size);
            numbers(&parameter, run.len() * parameter.row, read, write, visitor);
        }
        from = run.end;
        if from >= flags.rows {
            return;
        }
    }
}

/// The largest number of networks that are walked over at once.
const MOST_NETWORKS: usize = 8;

/// Calls the visitor with some numbers.
///
/// # Safety
/// `len` numbers of the parameter's scalar are at each of the pointers, aligned; those to be written are exclusive.
unsafe fn numbers<const R: usize, const W: usize>(
    parameter: &Parameter<'_>,
    len: usize,
    read: [*const u8; R],
    write: [*mut u8; W],
    visitor: &mut dyn Visitor<R, W>,
) {
    // SAFETY: what the caller says.
    unsafe {
        match parameter.scalar {
            Scalar::F32 => visitor.visit_f32(
                parameter,
                read.map(|from| from_raw_parts(from.cast(), len)),
                write.map(|to| from_raw_parts_mut(to.cast(), len)),
            ),
            Scalar::F64 => visitor.visit_f64(
                parameter,
                read.map(|from| from_raw_parts(from.cast(), len)),
                write.map(|to| from_raw_parts_mut(to.cast(), len)),
            ),
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
    // SAFETY: what the caller says. (`map` on an array would be compiled again, some hundreds of lines, for each `R`
    // and `W`.)
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
    list(node, &Path::ROOT, &mut 0, f);
}

fn list(node: &Node, path: &Path<'_>, visited: &mut usize, f: &mut dyn FnMut(&Parameter<'_>)) {
    match node {
        Node::Nothing | Node::Setting(_) | Node::Flattens => {}
        Node::Tensor(tensor) => f(&Parameter::new(path, tensor, visited)),
        Node::Fields(fields) => {
            fields.iter().for_each(|field| list(field.node, &path.join(field.name), visited, f));
        }
        Node::Repeat { count, of, .. } => (0..*count).for_each(|at| list(of, &path.join(at), visited, f)),
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
