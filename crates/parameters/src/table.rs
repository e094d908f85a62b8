use core::fmt;
use core::ops::{Deref, DerefMut, Range};

use bytemuck::{Pod, Zeroable};

use crate::{Aligned, Storage};

/// The rows of a large parameter, such as that of an embedding, of which a batch uses few.
///
/// Each row has a flag. If it is not set, the row is 0, so that a walk over a gradient can leave the row out. Flags
/// save time, and no number depends on them. Whoever borrows all rows mutably, as `*table = ..` does, sets all flags;
/// [`row_mut`](Table::row_mut) sets the flag of one row.
///
/// ```
/// use chainrule_parameters::Table;
///
/// let mut table = Table::<[f32; 2], 1000>::ZERO;
/// table.row_mut(7)[1] += 0.5;
/// assert_eq!((table[7], table.touched()), ([0.0, 0.5], 1));
/// table[8] = [1.0, 1.0]; // borrows all rows
/// assert_eq!(table.touched(), 1000);
/// ```
#[derive(Copy)]
#[repr(C)]
pub struct Table<E, const ROWS: usize> {
    rows: Aligned<[E; ROWS]>,
    /// 1 for each row that may have a number that is not 0, else 0.
    touched: [u8; ROWS],
}

/// Where the flags of a [`Table`] are.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flags {
    /// How many bytes after the start of the table.
    pub(crate) offset: usize,
    /// How many there are: the rows.
    pub(crate) rows: usize,
}

impl<E: Zeroable, const ROWS: usize> Table<E, ROWS> {
    /// All rows are 0.
    // SAFETY: all bytes zero are a valid `E`, and so are flags.
    pub const ZERO: Self = unsafe { core::mem::zeroed() };
}

impl<E, const ROWS: usize> Table<E, ROWS> {
    /// Borrows one row mutably, and sets its flag.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn row_mut(&mut self, row: usize) -> &mut E {
        self.touched[row] = 1;
        &mut self.rows.0[row]
    }

    /// Returns how many flags are set.
    pub fn touched(&self) -> usize {
        self.touched.iter().filter(|&&flag| flag != 0).count()
    }
}

// Not derived: the derived implementation would clone element by element.
impl<E: Copy, const ROWS: usize> Clone for Table<E, ROWS> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, const ROWS: usize> Deref for Table<E, ROWS> {
    type Target = [E; ROWS];

    #[inline(always)]
    fn deref(&self) -> &[E; ROWS] {
        &self.rows
    }
}

/// Sets all flags.
impl<E, const ROWS: usize> DerefMut for Table<E, ROWS> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [E; ROWS] {
        self.touched.fill(1);
        &mut self.rows
    }
}

impl<E: fmt::Debug, const ROWS: usize> fmt::Debug for Table<E, ROWS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.fmt(f)
    }
}

// SAFETY: `repr(C)` puts the rows first, and the flags at the offset that the compiler gives: `ROWS` bytes inside the
// value and outside of the rows, where any bytes are valid. The rest is padding.
unsafe impl<E: Pod + Send + Sync, const ROWS: usize> Storage for Table<E, ROWS> {
    type Numbers = [E; ROWS];
    const FLAGS: Option<Flags> = Some(Flags { offset: core::mem::offset_of!(Self, touched), rows: ROWS });
}

/// Which rows of a [`Table`] a walk gives to its [`Visitor`](crate::Visitor).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TableRows<const R: usize, const W: usize> {
    /// All rows, in one piece. All flags of the networks that are written are set.
    All,
    /// Those whose flag is set in one of these networks, the ones that are read and the ones that are written. Rows
    /// that follow one another are one piece. Their flags are set in the networks that are written.
    TouchedIn([bool; R], [bool; W]),
}

/// Returns the next rows from this one on, one after the other, of which one of the flags is set.
///
/// # Safety
/// `rows` bytes can be read at each of the pointers.
pub(crate) unsafe fn next_run(flags: &[*const u8], rows: usize, from: usize) -> Option<Range<usize>> {
    let any = |at: usize| {
        flags.iter().any(|&flags| {
            // SAFETY: `at` is below `rows`, and so is `at + 7` of a word.
            (unsafe { *flags.add(at) }) != 0
        })
    };
    let word = |at: usize| {
        flags.iter().fold(0, |all, &flags| {
            // SAFETY: as above.
            all | unsafe { flags.add(at).cast::<u64>().read_unaligned() }
        })
    };
    let mut start = from;
    loop {
        match rows - start {
            0 => return None,
            8.. if word(start) == 0 => start += 8,
            _ if any(start) => break,
            _ => start += 1,
        }
    }
    let mut end = start + 1;
    loop {
        match rows - end {
            0 => break,
            8.. if word(end) == u64::from_ne_bytes([1; 8]) => end += 8,
            _ if any(end) => end += 1,
            _ => break,
        }
    }
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn runs_are_those_of_a_search_row_by_row() {
        let mut state = 1_u32;
        for rows in (0..40).chain([100, 257]) {
            for share in [1, 3, 6, 8] {
                let mut draw = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    u8::from(state >> 29 < share)
                };
                let flags: [Vec<u8>; 2] = core::array::from_fn(|_| (0..rows).map(|_| draw()).collect());
                let pointers = [flags[0].as_ptr(), flags[1].as_ptr()];
                let (mut found, mut from) = (vec![0; rows], 0);
                // SAFETY: each has `rows` bytes.
                while let Some(run) = unsafe { next_run(&pointers, rows, from) } {
                    assert!(run.start >= from && run.end <= rows && !run.is_empty());
                    assert!(run.start == 0 || found[run.start - 1] == 0, "two runs are one");
                    found[run.clone()].fill(1);
                    from = run.end;
                }
                let expected: Vec<_> = (0..rows).map(|at| flags[0][at] | flags[1][at]).collect();
                assert_eq!(found, expected);
            }
        }
    }
}
