use alloc::alloc::{alloc_zeroed, handle_alloc_error};
use alloc::boxed::Box;
use core::alloc::Layout;
use core::fmt;
use core::ops::{AddAssign, Deref, DerefMut};
use core::ptr::NonNull;

use crate::{AsNetwork, Parameter, Parameters, TableRows, View, ViewMut, Visitor, visit};

/// A network on the heap.
///
/// It dereferences to the network: `net.predict(&x)`, `net.0.weight`. Making, copying, comparing, printing and dropping
/// it never move the network through the stack, so a network of 100 MB needs no more stack than a small one. (A `Box`
/// would not do: its `clone` may build the copy on the stack, and tuples of 13 layers and arrays of 50 have no
/// `Default`.)
pub struct Owned<N>(Box<N>);

impl<N: Parameters> Owned<N> {
    /// Creates a network with every parameter 0.
    pub fn zeros() -> Self {
        let layout = Layout::new::<N>();
        let pointer = if layout.size() == 0 {
            NonNull::<N>::dangling().as_ptr()
        } else {
            // SAFETY: the layout is not empty.
            let pointer = unsafe { alloc_zeroed(layout) };
            if pointer.is_null() {
                handle_alloc_error(layout);
            }
            pointer.cast()
        };
        // SAFETY: the memory is allocated as that of a `Box<N>`, and all bytes zero are a valid `N` by the contract of
        // `Parameters`.
        Self(unsafe { Box::from_raw(pointer) })
    }

    /// Moves an ordinary value to the heap, through the stack.
    pub fn new(network: N) -> Self {
        Self(Box::new(network))
    }

    /// Returns the network as an ordinary value, moved through the stack.
    pub fn into_inner(self) -> N {
        *self.0
    }
}

impl<N: Parameters> From<N> for Owned<N> {
    fn from(network: N) -> Self {
        Self::new(network)
    }
}

impl<N> Deref for Owned<N> {
    type Target = N;

    #[inline(always)]
    fn deref(&self) -> &N {
        &self.0
    }
}

impl<N> DerefMut for Owned<N> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut N {
        &mut self.0
    }
}

impl<N: Parameters> Default for Owned<N> {
    fn default() -> Self {
        Self::zeros()
    }
}

impl<N: Parameters> Clone for Owned<N> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros();
        copy.clone_from(self);
        copy
    }

    /// Copies into the memory that is already allocated.
    fn clone_from(&mut self, source: &Self) {
        // SAFETY: both are an `N`, of which the contract of `Parameters` says that a bitwise copy is a valid value;
        // they are two boxes.
        unsafe { core::ptr::copy_nonoverlapping(&raw const *source.0, &raw mut *self.0, 1) };
    }
}

/// Compares every number of every parameter.
impl<N: Parameters> PartialEq for Owned<N> {
    fn eq(&self, other: &Self) -> bool {
        let mut compare = Compare(true);
        visit([View::of(&**self), View::of(&**other)], [], &mut compare);
        compare.0
    }
}

/// Adds every number of every parameter.
impl<N: Parameters> AddAssign<&Owned<N>> for Owned<N> {
    fn add_assign(&mut self, other: &Self) {
        visit([View::of(&**other)], [ViewMut::of(&mut **self)], &mut Add);
    }
}

struct Add;

impl Visitor<1, 1> for Add {
    fn rows(&self, _: &Parameter<'_>) -> TableRows<1, 1> {
        TableRows::TouchedIn([true], [false])
    }

    fn visit_f32(&mut self, _: &Parameter<'_>, [from]: [&[f32]; 1], [to]: [&mut [f32]; 1]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }

    fn visit_f64(&mut self, _: &Parameter<'_>, [from]: [&[f64]; 1], [to]: [&mut [f64]; 1]) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
}

struct Compare(bool);

impl Visitor<2, 0> for Compare {
    fn visit_f32(&mut self, _: &Parameter<'_>, [a, b]: [&[f32]; 2], []: [&mut [f32]; 0]) {
        self.0 = self.0 && a == b;
    }

    fn visit_f64(&mut self, _: &Parameter<'_>, [a, b]: [&[f64]; 2], []: [&mut [f64]; 0]) {
        self.0 = self.0 && a == b;
    }
}

/// Prints the type of the network, and how many parameters it has.
impl<N: Parameters> fmt::Debug for Owned<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {} parameters", <N as Parameters>::NAME, N::COUNT)
    }
}

#[diagnostic::do_not_recommend]
impl<N: Parameters> AsNetwork for Owned<N> {
    type Network = N;

    fn as_network(&self) -> &N {
        self
    }

    fn as_network_mut(&mut self) -> &mut N {
        self
    }
}

/// Values that can be converted to an [`Owned`] network: an [`Owned`] one, or an ordinary value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network: it does not implement `Parameters`",
    label = "expected a network",
    note = "declare a struct whose fields are layers with `network! {{ struct Name: Input => Output {{ .. }} }}`",
    note = "a layer that you write yourself needs `#[derive(Parameters)]` and implements `Layer<X>`; a stack is a tuple or an array of layers"
)]
pub trait IntoOwned {
    /// The type of the network.
    type Network: Parameters;

    /// Returns the network, on the heap.
    fn into_owned(self) -> Owned<Self::Network>;
}

#[diagnostic::do_not_recommend]
impl<N: Parameters> IntoOwned for N {
    type Network = N::Is; // `N`, unless that is not a network

    fn into_owned(self) -> Owned<N> {
        Owned::new(self)
    }
}

#[diagnostic::do_not_recommend]
impl<N: Parameters> IntoOwned for Owned<N> {
    type Network = N;

    fn into_owned(self) -> Self {
        self
    }
}
