//! Matrix products (GEMM), which take nearly all of the time of training.
//!
//! `c = initial + a b`, where `a` and `b` may be transposed. The innermost loop is the same for all: the sums of a
//! [`tile`] of `c` stay in registers while `a` and `b` go by. How the tiles go over `c` depends on the sizes, so that
//! what they read is in the first-level cache:
//!
//! * One row (a single sample): no driver, and no packing (`gemv`).
//! * Small: `b` is read in place (`direct`). Where it fits into the cache, a few rows of `c` are computed at a time,
//!   else strip by strip of `b`.
//! * Many rows but few columns, or a transposed `b`: strips of `b` are copied (packed) first, so that their rows are
//!   contiguous.
//! * Many rows and columns: blocks of `b` and panels of `a` are packed ([`packed`]). (In a matrix whose rows are a
//!   multiple of 4 KiB apart, a whole column would share one set of the cache, and be spread over as many pages as it
//!   has rows.)
//! * A few rows with a transposed `b`, which is not worth packing: dot products.
//!
//! The crate `gemm` is not used: `docs/performance.md` has its times.

mod deep;
mod direct;
mod dots;
mod driver;
mod gemv;
mod operands;
mod pack;
mod packed;
#[cfg(feature = "threads")]
mod parallel;
mod sums;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_packed;
mod tile;

use core::mem::MaybeUninit;

use super::Real;
use super::simd::{Lanes, Level, dispatch};
pub use deep::gemm_deep;
use direct::Direct;
use dots::DotProducts;
use driver::GemmDriver;
use gemv::Gemv;
pub(crate) use gemv::gemv;
use operands::Operands;
pub use operands::{Accumulate, Initial, Strided};
use packed::PackedGemm;
use tile::MAX_LANES;

/// The length along the inner dimension of one tile: a strip of `b` this deep stays in the first-level cache.
const DEPTH: usize = 256;
/// How many strips of `b` are packed at a time, so that whole cache lines of its rows are read.
const STRIPS: usize = 4;
/// Up to this number of rows, packing a `b` that is not transposed costs more than it saves.
const FEW_ROWS: usize = 48;
/// Up to this number of rows, a transposed `b` is read by dot products instead of packed.
const DOT_ROWS: usize = 8;
/// From this number of multiply-adds on, blocks of `b` and panels of `a` are packed if there are more than twice
/// `FEW_ROWS` rows.
const MEDIUM: usize = 1 << 20;
/// From this number of multiply-adds on, they are packed if there are more rows than half of `FEW_ROWS`.
const LARGE: usize = 1 << 24;
/// From this number of columns on, the sums are not divided at any level, and a panel is read often enough.
const PACKED_COLUMNS: usize = 128;

/// The most numbers of a row of a tile: one row has up to 12 vectors.
const ROW: usize = 12 * MAX_LANES;

/// The lanes of the widest vector that this build has: without AVX2 it has the level `Portable` alone.
const WIDEST: usize =
    if cfg!(all(target_arch = "x86_64", not(chainrule_portable))) { MAX_LANES } else { MAX_LANES / 4 };

/// The numbers of the packed strips of `b`, and of a block of a product below [`LARGE`]: 128 KiB of `f32`, or 32 KiB
/// where vectors have 16 bytes.
const STRIPS_BLOCK: usize = STRIPS * DEPTH * 2 * WIDEST;
/// The numbers of a block of a large product: 240 KiB of `f32`, or 60 KiB.
const LARGE_BLOCK: usize = STRIPS_BLOCK / 8 * 15;

/// Memory for packed numbers, on the stack. It is aligned, so that no vector is in two cache lines.
#[repr(C, align(64))]
struct Block<T, const NUMBERS: usize>(MaybeUninit<[T; NUMBERS]>);

/// Computes `c = initial + a b`.
///
/// `inner` is the number of columns of `a` and of rows of `b`; `columns` is that of `b` and of `c`. The rows of `c` are
/// contiguous, and their number is `c.len() / columns`.
///
/// If the columns of `b` are 1 apart (it is not transposed), the bits of a row of `c` do not depend on how many rows
/// there are.
///
/// # Panics
/// When `a`, `b` or the row of `initial` is smaller than that, or `c` is not a whole number of rows.
#[inline(always)] // a layer's sizes are constants, so the compiler removes nearly all checks
pub fn gemm<T: Real>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    initial: Initial<'_, T>,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    let operands = Operands::new(a, b, initial, c, inner, columns);
    if !operands.is_empty() {
        // SAFETY: `new` has checked the operands, which borrow `a`, `b`, `initial` and `c` until this function returns.
        unsafe { T::gemm(&operands) };
    }
}

/// Computes the same, where the bits of a row of `c` do not depend on how many rows there are, also if `b` is
/// transposed. For few rows that takes longer.
///
/// # Panics
/// As [`gemm`].
#[inline(always)]
pub fn gemm_rows_alike<T: Real>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    initial: Initial<'_, T>,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    let operands = Operands::new(a, b, initial, c, inner, columns);
    if operands.is_empty() {
        return;
    }
    // SAFETY: `new` has checked the operands, which borrow `a`, `b`, `initial` and `c` until this function returns;
    // where strips are needed, `inner` is not 0.
    unsafe {
        if operands.b_column != 1 && operands.rows <= DOT_ROWS && inner > 0 {
            T::gemm_strips(&operands);
        } else {
            T::gemm(&operands);
        }
    }
}

/// Computes `c = a b`, or adds it to `c`, within the instance of a level. The rows of `c` are `c_row` numbers apart.
/// Each number is a sum in the order of `inner`, whatever the sizes: terms of 0 change nothing.
///
/// # Panics
/// As [`gemm`], and when `b` is transposed.
#[inline(always)]
pub(crate) fn gemm_in_order<T: Gemm, L: Level>(
    level: L,
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    add: Accumulate,
    c: (&mut [T], usize),
    sides: [usize; 3],
) {
    assert!(b.strides[1] == 1, "a product in order has a b that is not transposed");
    let operands = Operands::in_order(a, b, add, c, sides);
    if !operands.is_empty() {
        // SAFETY: `in_order` has checked the operands, which are borrowed until this function returns.
        unsafe { in_order(level, operands) };
    }
}

/// Computes a product in place.
///
/// # Safety
/// The operands come from [`Operands::in_order`], `b` is not transposed, and what they were made from is still
/// borrowed.
#[inline(never)]
unsafe fn in_order<T: Gemm, L: Level>(level: L, operands: Operands<T>) {
    // SAFETY: the caller's promise.
    level.run(unsafe { Direct::new(&operands) });
}

/// A scalar with its products: compiled in this crate once, not in every crate that has a network.
///
/// Only this crate can call its function: other crates cannot create [`Operands`].
#[doc(hidden)]
pub trait Gemm: Lanes + Send + Sync + 'static {
    /// The initial values of a tile that starts at 0.
    #[doc(hidden)]
    const ZEROS: Zeros<Self>;

    /// Computes a product that is not empty.
    ///
    /// # Safety
    /// The operands come from [`Operands::new`], and what they were made from is still borrowed.
    #[doc(hidden)]
    unsafe fn gemm(operands: &Operands<Self>);

    /// Computes a product that is not empty, with packed strips of `b`.
    ///
    /// # Safety
    /// As for [`gemm`](Gemm::gemm), and `inner` is not 0.
    #[doc(hidden)]
    unsafe fn gemm_strips(operands: &Operands<Self>);
}

/// As many zeros as the widest row of a tile has numbers: twelve vectors.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Zeros<T: 'static>(&'static [T; ROW]);

macro_rules! gemm {
    ($scalar:ident) => {
        impl Gemm for $scalar {
            const ZEROS: Zeros<Self> = Zeros(&[0.0; ROW]);

            unsafe fn gemm(operands: &Operands<Self>) {
                if operands.rows == 1 && operands.b_column == 1 {
                    // SAFETY: the caller's promise, and the condition is the one that `new` asks for.
                    dispatch(unsafe { Gemv::new(operands) })
                } else {
                    // SAFETY: the caller's promise is the one that `gemm_batch` asks for.
                    unsafe { gemm_batch(operands) }
                }
            }

            unsafe fn gemm_strips(operands: &Operands<Self>) {
                // SAFETY: the caller's promise is the one that `gemm_strips` asks for.
                unsafe { gemm_strips(*operands) }
            }
        }
    };
}
gemm!(f32);
gemm!(f64);

/// Computes a product of several rows, with the algorithm that is fastest for its sizes.
///
/// # Safety
/// The operands come from [`Operands::new`] and are not empty, and what they were made from is still borrowed.
#[inline(never)]
unsafe fn gemm_batch<T: Gemm>(operands: &Operands<T>) {
    let Operands { rows, inner, columns, a_column, b_row, b_column, .. } = *operands;
    let transposed = b_column != 1;
    // Rows of b that are a multiple of 4 KiB apart would evict one another from the cache.
    let crowded = b_row.is_multiple_of(4096 / size_of::<T>()) && inner > 8;
    if inner > 0 && rows <= DOT_ROWS && transposed && b_row == 1 && a_column == 1 {
        // SAFETY: the caller's promise, and the conditions are those that `new` asks for.
        dispatch(unsafe { DotProducts::new(*operands) })
    } else if columns >= PACKED_COLUMNS
        && (rows > 2 * FEW_ROWS && operands.multiply_adds() >= MEDIUM
            || rows > FEW_ROWS / 2 && operands.multiply_adds() >= LARGE)
    {
        #[cfg(feature = "threads")]
        if operands.multiply_adds() >= 2 * LARGE {
            // SAFETY: the caller's promise; `inner` is not 0, since there are multiply-adds.
            return unsafe { parallel::gemm_large(*operands, rayon::current_num_threads()) };
        }
        // SAFETY: as above; from `PACKED_COLUMNS` columns on, the sums are not divided.
        unsafe { gemm_packed(*operands) };
    } else if inner > 0 && (transposed || rows > FEW_ROWS && inner > 64 || rows > 8 && crowded) {
        // SAFETY: the caller's promise, and `inner` is not 0.
        unsafe { gemm_strips(*operands) }
    } else {
        // SAFETY: the caller's promise. Here `b` is not transposed or `inner` is 0.
        dispatch(unsafe { Direct::new(operands) })
    }
}

/// Computes a product with packed strips of `b`. Their buffer is on the stack, which only these products pay for.
///
/// # Safety
/// As for [`gemm_batch`], and `inner` is not 0.
#[inline(never)]
unsafe fn gemm_strips<T: Gemm>(operands: Operands<T>) {
    let mut strips = Block::<T, STRIPS_BLOCK>(MaybeUninit::uninit());
    // SAFETY: the caller's promise; the buffer lives until the driver is done, and is not used otherwise.
    dispatch(unsafe { GemmDriver::new(operands, strips.0.as_mut_ptr().cast()) });
}

/// Computes a product with packed blocks of `b` and packed panels of `a`.
///
/// # Safety
/// As for [`PackedGemm::new`].
unsafe fn gemm_packed<T: Gemm>(operands: Operands<T>) {
    // SAFETY: the caller's promise.
    unsafe {
        if operands.multiply_adds() < LARGE {
            packed_in::<T, STRIPS_BLOCK>(operands)
        } else {
            packed_in::<T, LARGE_BLOCK>(operands)
        }
    }
}

/// Computes it with a block of this many numbers, on the stack: only the products that need it pay for it.
///
/// # Safety
/// As for [`PackedGemm::new`].
#[inline(never)]
unsafe fn packed_in<T: Gemm, const NUMBERS: usize>(operands: Operands<T>) {
    let mut block = Block::<T, NUMBERS>(MaybeUninit::uninit());
    // SAFETY: the caller's promise; the block lives until the kernel is done, and is not used otherwise.
    dispatch(unsafe { PackedGemm::new(operands, block.0.as_mut_ptr().cast(), NUMBERS) });
}
