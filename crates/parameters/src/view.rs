use core::any::TypeId;
use core::marker::PhantomData;

use crate::{Node, Parameters, TypeName};

/// A shared reference to the parameters of a network, without its type.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(crate) kind: Kind,
    pub(crate) base: *const u8,
    lifetime: PhantomData<&'a ()>,
}

/// A mutable reference to the parameters of a network, without its type.
pub struct ViewMut<'a> {
    pub(crate) kind: Kind,
    pub(crate) base: *mut u8,
    lifetime: PhantomData<&'a mut ()>,
}

/// The type of the network.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) id: TypeId,
    pub(crate) node: &'static Node,
    name: &'static TypeName,
}

impl Kind {
    fn of<N: Parameters>() -> Self {
        Self { id: TypeId::of::<N>(), node: NonEmpty::<N>::DESCRIPTION, name: &<N as Parameters>::NAME }
    }
}

/// The description of a network, each of whose layers has a width: otherwise the program does not compile.
///
/// Everything that reads the parameters of a network uses this one constant, so that there is one error. A function
/// that mentions it is named in the error, with its caller.
#[doc(hidden)]
#[derive(Debug)]
pub struct NonEmpty<N>(PhantomData<N>);

impl<N: Parameters> NonEmpty<N> {
    /// The description.
    pub const DESCRIPTION: &'static Node = {
        if N::DESCRIPTION.has_empty_weight() {
            panic!("every dimension of a tensor must be at least 1");
        }
        &N::DESCRIPTION
    };
}

// SAFETY: it stands for a `&N`, and `N` is `Sync`.
unsafe impl Send for View<'_> {}
// SAFETY: as above.
unsafe impl Sync for View<'_> {}
// SAFETY: it stands for a `&mut N`, and `N` is `Send`.
unsafe impl Send for ViewMut<'_> {}
// SAFETY: a shared one gives out shared references only, and `N` is `Sync`.
unsafe impl Sync for ViewMut<'_> {}

impl<'a> View<'a> {
    /// Borrows the parameters of `network`.
    pub fn of<N: Parameters>(network: &'a N) -> Self {
        Self { kind: Kind::of::<N>(), base: core::ptr::from_ref(network).cast(), lifetime: PhantomData }
    }

    /// Returns the description of the network's parameters.
    pub fn description(&self) -> &'static Node {
        self.kind.node
    }

    /// Returns the name of the network's type.
    pub fn name(&self) -> &'static TypeName {
        self.kind.name
    }
}

impl<'a> ViewMut<'a> {
    /// Borrows the parameters of `network`.
    pub fn of<N: Parameters>(network: &'a mut N) -> Self {
        Self { kind: Kind::of::<N>(), base: core::ptr::from_mut(network).cast(), lifetime: PhantomData }
    }

    /// Borrows the same network for a shorter lifetime.
    pub fn reborrow(&mut self) -> ViewMut<'_> {
        ViewMut { kind: self.kind, base: self.base, lifetime: PhantomData }
    }

    /// Borrows the same network as a shared [`View`].
    pub fn as_view(&self) -> View<'_> {
        View { kind: self.kind, base: self.base, lifetime: PhantomData }
    }

    /// Returns the description of the network's parameters.
    pub fn description(&self) -> &'static Node {
        self.kind.node
    }

    /// Returns the name of the network's type.
    pub fn name(&self) -> &'static TypeName {
        self.kind.name
    }

    /// Returns the network itself, if `N` is its type.
    pub fn downcast<N: Parameters>(self) -> Option<&'a mut N> {
        // SAFETY: the view was made of a `&'a mut N` of this very type, and is used up.
        (self.kind.id == TypeId::of::<N>()).then(|| unsafe { &mut *self.base.cast::<N>() })
    }
}
