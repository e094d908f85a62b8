use alloc::boxed::Box;
use core::fmt;
use core::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

/// Numbers on the heap that begin with a cache line, for a layer's weights: a vector register then never reads from two lines at once, which
/// would take a product for one sample a third longer.
///
/// It is used as a `Box`: `*layer.weight = ..`.
///
/// ```
/// use chainrule::tensor::{Aligned, Vector};
/// let mut weight = Aligned::<[Vector<3>; 2]>::zeros();
/// weight[1] = Vector([1.0, 2.0, 3.0]);
/// assert_eq!(*weight, [[0.0; 3], [1.0, 2.0, 3.0]].map(Vector));
/// assert_eq!(weight.as_ptr().addr() % 64, 0);
/// ```
#[derive(Clone)]
pub struct Aligned<E>(Box<Lines<E>>);

#[derive(Clone, Copy, Zeroable)]
#[repr(C, align(64))]
struct Lines<E>(E);

impl<E: Pod> Aligned<E> {
    /// All zero, without crossing the stack.
    pub fn zeros() -> Self {
        Self(bytemuck::zeroed_box())
    }
}

impl<E> Deref for Aligned<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.0.0
    }
}

impl<E> DerefMut for Aligned<E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.0.0
    }
}

impl<E: fmt::Debug> fmt::Debug for Aligned<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
