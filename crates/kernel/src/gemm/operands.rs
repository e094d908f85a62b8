//! The matrices of a product, and the check that the slices are long enough.

use super::Gemm;

/// A matrix as the kernel reads it: row `r`, column `c` is `numbers[r * strides[0] + c * strides[1]]`.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a, T> {
    /// The numbers of the matrix, and perhaps more.
    pub numbers: &'a [T],
    /// The distance between two rows, and between two columns.
    pub strides: [usize; 2],
}

impl<'a, T> Strided<'a, T> {
    /// A row-major matrix: contiguous rows of `columns` numbers.
    pub const fn rows(numbers: &'a [T], columns: usize) -> Self {
        Self { numbers, strides: [columns, 1] }
    }

    /// The transpose of a row-major matrix of `columns` columns.
    pub const fn transposed(numbers: &'a [T], columns: usize) -> Self {
        Self { numbers, strides: [1, columns] }
    }

    /// Returns the matrix from this row and column on.
    pub(super) fn starting_at(self, row: usize, column: usize) -> Self {
        let start = row * self.strides[0] + column * self.strides[1];
        Self { numbers: self.numbers.get(start..).unwrap_or_default(), ..self }
    }

    /// Returns whether the slice has all numbers of a matrix of these sides. False where their index would overflow.
    #[inline(always)]
    pub(crate) const fn holds(&self, rows: usize, columns: usize) -> bool {
        if rows == 0 || columns == 0 {
            return true;
        }
        let (Some(row), Some(column)) =
            ((rows - 1).checked_mul(self.strides[0]), (columns - 1).checked_mul(self.strides[1]))
        else {
            return false;
        };
        match row.checked_add(column) {
            Some(last) => last < self.numbers.len(),
            None => false,
        }
    }
}

/// What a product is added to.
#[derive(Clone, Copy, Debug)]
pub enum Initial<'a, T> {
    /// Zero: `c = a b`.
    Zero,
    /// This row (a bias), in every row of `c`.
    Row(&'a [T]),
    /// The output: `c += a b`.
    Output,
}

/// Whether a gradient replaces what is in its slice, or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accumulate {
    /// Writes over the slice.
    Overwrite,
    /// Adds to the slice.
    Add,
}

impl From<bool> for Accumulate {
    /// Returns whether to add.
    fn from(add: bool) -> Self {
        if add { Self::Add } else { Self::Overwrite }
    }
}

impl<T> From<Accumulate> for Initial<'_, T> {
    fn from(accumulate: Accumulate) -> Self {
        match accumulate {
            Accumulate::Overwrite => Self::Zero,
            Accumulate::Add => Self::Output,
        }
    }
}

/// The matrices of a product as pointers, since a tile does not end where a row does. Only [`new`](Operands::new) and
/// [`in_order`](Operands::in_order) make one, both with checks, and `from` makes a part of one.
///
/// Row `r` and column `c` of a matrix are `r * row + c * column` numbers from its pointer. `new` guarantees, for every
/// row below `rows`, column below `columns` and `k` below `inner`, that these numbers of `a`, `b`, `initial` and `c`
/// are there and that none of the offsets overflows; those of `c` can be written.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Operands<T> {
    pub(super) a: *const T,
    pub(super) a_row: usize,
    pub(super) a_column: usize,
    pub(super) b: *const T,
    pub(super) b_row: usize,
    pub(super) b_column: usize,
    /// One past the last number of `b` that may be read.
    pub(super) b_end: *const T,
    pub(super) initial: *const T,
    pub(super) initial_row: usize,
    pub(super) initial_column: usize,
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) columns: usize,
    /// The columns of the whole product, if this is a part of it: they decide in which order its sums are.
    pub(super) order_of: usize,
}

impl<T: Gemm> Operands<T> {
    /// Checks the matrices.
    ///
    /// # Panics
    /// When one is smaller than the product.
    #[inline(always)]
    pub(super) fn new(
        a: Strided<'_, T>,
        b: Strided<'_, T>,
        initial: Initial<'_, T>,
        c: &mut [T],
        inner: usize,
        columns: usize,
    ) -> Self {
        assert!(columns > 0, "a product has at least one column");
        let rows = c.len() / columns;
        assert!(c.len().is_multiple_of(columns), "c is not a whole number of rows");
        assert!(a.holds(rows, inner) && b.holds(inner, columns), "a or b is smaller than the product");
        if let Initial::Row(row) = initial {
            assert!(row.len() >= columns, "the initial row is shorter than the product's");
        }
        let c = c.as_mut_ptr();
        let (initial, initial_row, initial_column) = match initial {
            Initial::Zero => (T::ZEROS.0.as_ptr(), 0, 0),
            Initial::Row(row) => (row.as_ptr(), 0, 1),
            Initial::Output => (c.cast_const(), columns, 1),
        };
        // `holds` has not checked the distance between neighbors that do not exist. It is set to 1, so that nothing
        // overflows.
        let stride = |stride: usize, checked: bool| if checked { stride } else { 1 };
        Self {
            a: a.numbers.as_ptr(),
            a_row: stride(a.strides[0], rows > 1 && inner > 0),
            a_column: stride(a.strides[1], inner > 1),
            b: b.numbers.as_ptr(),
            b_row: stride(b.strides[0], inner > 1),
            // The only column's distance is never used, but it says whether `b` is transposed.
            b_column: stride(b.strides[1], inner > 0),
            b_end: b.numbers.as_ptr_range().end,
            initial,
            initial_row,
            initial_column,
            c,
            c_row: columns,
            rows,
            inner,
            columns,
            order_of: columns,
        }
    }

    /// Checks the matrices of `c = a b`, or `c += a b`, where the rows of `c` are `c_row` numbers apart, and each
    /// number is a sum in the order of `inner`, however few columns there are.
    ///
    /// # Panics
    /// When a matrix is smaller than the product.
    #[inline(always)]
    pub(super) fn in_order(
        a: Strided<'_, T>,
        b: Strided<'_, T>,
        add: Accumulate,
        (c, c_row): (&mut [T], usize),
        [rows, inner, columns]: [usize; 3],
    ) -> Self {
        if rows == 0 {
            return Self::new(a, b, Initial::Zero, &mut [], inner, columns);
        }
        assert!(rows == 1 || c_row >= columns, "the rows of c overlap");
        assert!(a.holds(rows, inner), "a is smaller than the product");
        assert!(
            Strided { numbers: &*c, strides: [c_row, 1] }.holds(rows, columns),
            "c is smaller than the product"
        );
        // `new` checks the product of the first row; the other rows are checked above.
        let mut all = Self::new(a, b, Initial::Zero, &mut c[..columns], inner, columns);
        all.rows = rows;
        all.a_row = if rows > 1 && inner > 0 { a.strides[0] } else { 1 };
        (all.c, all.c_row) = (c.as_mut_ptr(), if rows > 1 { c_row } else { columns });
        if add == Accumulate::Add {
            (all.initial, all.initial_row, all.initial_column) = (all.c.cast_const(), all.c_row, 1);
        }
        all.order_of = usize::MAX;
        all
    }

    /// Returns whether there is nothing to compute.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Returns how many multiply-adds the product takes, or the largest number if there are more.
    #[inline(always)]
    pub(super) fn multiply_adds(&self) -> usize {
        self.rows.saturating_mul(self.inner).saturating_mul(self.columns)
    }

    /// The product of the rows and columns from these on.
    #[cfg(feature = "threads")]
    pub(super) fn from(self, row: usize, column: usize) -> Self {
        assert!(row < self.rows && column < self.columns);
        Self {
            a: self.a.wrapping_add(row * self.a_row),
            b: self.b.wrapping_add(column * self.b_column),
            initial: self.initial.wrapping_add(row * self.initial_row + column * self.initial_column),
            c: self.c.wrapping_add(row * self.c_row + column),
            rows: self.rows - row,
            columns: self.columns - column,
            ..self
        }
    }
}
