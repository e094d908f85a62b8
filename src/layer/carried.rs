//! The state that a layer carries from one window of a stream to the next.

use core::cell::Cell;
use core::fmt;

use crate::kernel::Real;

/// The state that a layer carries for each sample of a pass. It is empty if the pass does not use a
/// [`CarriedState`](crate::stream::CarriedState), whose example shows the result.
///
/// It has a row for each sample: first 1 if the stream of the sample begins, otherwise 0; then the state before the
/// window; then the state after it. The numbers are `f64`, which can represent every `f32`. They are cells, because all
/// layers of the network have a reference to them.
///
/// A recurrent layer takes it by [`WorkspaceMut::carried`](super::WorkspaceMut::carried) in its forward pass, calls
/// [`load`](Self::load) before the first step and [`store`](Self::store) after the last.
#[derive(Clone, Copy, Default)]
pub struct Carried<'a> {
    rows: &'a [Cell<f64>],
    /// How many numbers the state of all layers has.
    state: usize,
    /// Where the part of this layer starts.
    first: usize,
    count: usize,
}

impl fmt::Debug for Carried<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Carried({} numbers of each stream)", if self.rows.is_empty() { 0 } else { self.count })
    }
}

impl<'a> Carried<'a> {
    /// Returns the state of all layers, with `state` numbers for each stream.
    #[cfg(feature = "alloc")]
    pub(crate) fn of_all(rows: &'a mut [f64], state: usize) -> Self {
        Self { rows: Cell::from_mut(rows).as_slice_of_cells(), state, first: 0, count: state }
    }

    /// Takes the next numbers.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Self {
        let taken = Self { count, ..*self };
        *self = self.after(count);
        taken
    }

    /// Returns the part after these numbers.
    #[inline]
    pub(super) fn after(self, numbers: usize) -> Self {
        Self { first: self.first + numbers, count: self.count.saturating_sub(numbers), ..self }
    }

    /// Overwrites the state of each stream that continues with the state that it carries. `states` has a row for each
    /// sample. The row of a stream that begins does not change. If the pass carries no state, no row changes.
    pub fn load<T: Real>(&self, states: &mut [T]) {
        for (state, [begins, before, _]) in states.chunks_exact_mut(self.count.max(1)).zip(self.parts()) {
            if begins[0].get() == 0.0 {
                state.iter_mut().zip(before).for_each(|(x, before)| *x = T::from_f64(before.get()));
            }
        }
    }

    /// Stores the state of each stream after the window. `states` has a row for each sample.
    pub fn store<T: Real>(&self, states: &[T]) {
        for (state, [.., after]) in states.chunks_exact(self.count.max(1)).zip(self.parts()) {
            state.iter().zip(after).for_each(|(x, after)| after.set(x.to_f64()));
        }
    }

    /// Sets the rows of the streams that continue to 0: the gradient with respect to an initial state comes only from
    /// the streams that begin.
    pub fn keep_beginnings<T: Real>(&self, states_grad: &mut [T]) {
        for (row, [begins, ..]) in states_grad.chunks_exact_mut(self.count.max(1)).zip(self.parts()) {
            if begins[0].get() == 0.0 {
                row.fill(T::zero());
            }
        }
    }

    /// Returns, for each stream, whether it begins, and this layer's state before and after.
    fn parts(&self) -> impl Iterator<Item = [&'a [Cell<f64>]; 3]> {
        let Self { rows, state, first, count } = *self;
        rows.chunks_exact(1 + 2 * state)
            .map(move |row| [&row[..1], &row[1 + first..][..count], &row[1 + state + first..][..count]])
    }
}
