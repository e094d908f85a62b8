//! Vector registers, and the choice between instruction sets at run time.
//!
//! A [`Kernel`] is a value with everything that a computation needs; [`Kernel::run`] computes it, written once for any
//! [`Level`]. It is compiled for each level, and [`dispatch`] takes the best one that the processor has.
//!
//! Everything that `run` calls must be `#[inline(always)]`, down to the innermost loop: only what is inlined into the
//! instance of a level is compiled with its instructions. Closures cannot be marked so: avoid them. Outside such an
//! instance `mul_add` is a call.
//!
//! | level | size of a vector | processors |
//! |---|---|---|
//! | `Avx512` | 64 bytes | x86-64, since Skylake-X and Zen 4 |
//! | `Avx2`, with fused multiply-adds | 32 bytes | x86-64, since Haswell and Zen |
//! | [`Portable`] | 16 bytes | all: the compiler uses SSE2 or NEON |
//!
//! A sum depends on the size of a vector, and a fused multiply-add rounds once, so the bits of a result differ from
//! level to level. With `RUSTFLAGS="--cfg chainrule_portable"` there is only the level [`Portable`], without fused
//! multiply-adds, and the functions of [`Real`](crate::Real) are those of `libm`: the bits are the same on every
//! processor. With `--cfg chainrule_avx2`, `Avx512` is not taken: to measure the level `Avx2` on a processor that has
//! both.

mod portable;
#[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
mod x86;
#[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
mod x86_int8;
#[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
mod x86_vectors;

pub use portable::Portable;
#[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
pub use x86::{Avx2, Avx512};

mod sealed {
    /// Only this crate implements levels and vectors: `unsafe` code relies on them.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
use sealed::Sealed;

/// The largest number of bytes in a vector of any level.
pub(crate) const VECTOR_BYTES: usize = 64;

/// A computation that is compiled for every level.
pub trait Kernel {
    /// The result of the computation.
    type Output;

    /// Runs the computation. Mark it `#[inline(always)]`, and everything that it calls.
    ///
    /// `level` proves that the processor has the instructions of `L`.
    fn run<L: Level>(self, level: L) -> Self::Output;
}

/// A set of instructions. A value of it proves that the processor has them: only the detection creates one.
pub trait Level: Copy + Sealed {
    /// A vector of `f32`.
    type F32: Vector<f32>;
    /// A vector of `f64`.
    type F64: Vector<f64>;

    /// Whether `a * b + c` is one instruction, which rounds once.
    const FUSED: bool;

    /// How many products of 8-bit integers [`dot4`](Level::dot4) computes at once.
    const INT8_LANES: usize;

    /// Runs a kernel in a function that is compiled with the instructions of this level.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;

    /// Returns the sums of the products of `a` and each of four others, as wrapping 32-bit integers: the same on every
    /// level.
    ///
    /// # Panics
    /// If one of the others is shorter than `a`.
    fn dot4(self, a: &[i8], others: [&[i8]; 4]) -> [i32; 4];
}

/// Returns the sum of all products, as a wrapping 32-bit integer. (LLVM makes it a loop of 16-bit products that are
/// added in pairs.)
#[inline(always)]
pub(crate) fn dot(a: &[i8], b: &[i8]) -> i32 {
    let mut sum = 0_i32;
    for (&a, &b) in a.iter().zip(b) {
        sum = sum.wrapping_add(i32::from(a) * i32::from(b));
    }
    sum
}

/// A scalar for which there are vectors.
pub trait Lanes: Copy + core::ops::Add<Output = Self> + Sealed {
    /// The vector of a level.
    type Vector<L: Level>: Vector<Self>;

    /// Computes `self * b + c`, with one rounding where the level has that. On other processors a plain `mul_add` would
    /// be a function call.
    fn multiply_add<L: Level>(self, b: Self, c: Self) -> Self;
}

macro_rules! lanes {
    ($scalar:ident, $vector:ident, $fma:ident) => {
        impl Lanes for $scalar {
            type Vector<L: Level> = L::$vector;

            #[inline(always)]
            fn multiply_add<L: Level>(self, b: Self, c: Self) -> Self {
                if !L::FUSED {
                    return self * b + c;
                }
                #[cfg(feature = "std")]
                let sum = self.mul_add(b, c);
                // The same bits, by a function: `core` has no such instruction.
                #[cfg(not(feature = "std"))]
                let sum = libm::$fma(self, b, c);
                sum
            }
        }
    };
}
lanes!(f32, F32, fmaf);
lanes!(f64, F64, fma);

/// A vector register of numbers.
///
/// Its methods are `unsafe`, because each is an instruction that the processor must have: the caller must have a value
/// of the [`Level`] whose vector this is. Pointers need no alignment.
pub trait Vector<T>: Copy + Sealed {
    /// How many numbers it holds.
    const LANES: usize;

    /// The side of the blocks that [`transpose`](Vector::transpose) takes. It divides `LANES`.
    const BLOCK: usize;

    /// Whether [`read_first`](Vector::read_first) takes no longer than [`read`](Vector::read).
    const MASKED: bool;

    /// Returns 0 in every lane.
    ///
    /// # Safety
    /// The processor has the level of this vector.
    unsafe fn zero() -> Self;

    /// Returns `x` in every lane.
    ///
    /// # Safety
    /// The processor has the level of this vector.
    unsafe fn splat(x: T) -> Self;

    /// Computes `self * b + c`, with one rounding where the level has that.
    ///
    /// # Safety
    /// The processor has the level of this vector.
    unsafe fn multiply_add(self, b: Self, c: Self) -> Self;

    /// Computes `self + b`.
    ///
    /// # Safety
    /// The processor has the level of this vector.
    unsafe fn add(self, b: Self) -> Self;

    /// Returns whether a lane is not between `-limit` and `limit`: a NaN is not.
    ///
    /// # Safety
    /// The processor has the level of this vector.
    unsafe fn any_outside(self, limit: Self) -> bool;

    /// Returns the sum of all lanes.
    ///
    /// # Safety
    /// The processor has the level of this vector.
    unsafe fn sum(self) -> T;

    /// Reads `LANES` numbers.
    ///
    /// # Safety
    /// The processor has the level of this vector, and `LANES` numbers can be read at `from`.
    unsafe fn read(from: *const T) -> Self;

    /// Reads the first `count` lanes; the others are 0.
    ///
    /// # Safety
    /// The processor has the level of this vector, `count` is between 1 and `LANES`, and `count` numbers can be read at
    /// `from`.
    unsafe fn read_first(from: *const T, count: usize) -> Self;

    /// Writes `LANES` numbers.
    ///
    /// # Safety
    /// The processor has the level of this vector, and `LANES` numbers can be written at `to`.
    unsafe fn write(self, to: *mut T);

    /// Writes the first `count` lanes.
    ///
    /// # Safety
    /// The processor has the level of this vector, `count` is between 1 and `LANES`, and `count` numbers can be written
    /// at `to`.
    unsafe fn write_first(self, to: *mut T, count: usize);

    /// Loads the cache line of an address into the second-level cache. Nothing need be allocated there.
    fn prefetch(_: *const T) {}

    /// Loads the cache line of an address into the first-level cache. Nothing need be allocated there.
    fn prefetch_near(_: *const T) {}

    /// Copies the transpose of a block of `BLOCK` rows by `BLOCK` columns.
    ///
    /// # Safety
    /// The processor has the level of this vector; `BLOCK` numbers can be read at `from + r * from_row` and written at
    /// `to + r * to_row`, for each `r` below `BLOCK`.
    unsafe fn transpose(from: *const T, from_row: usize, to: *mut T, to_row: usize);
}

/// Runs a kernel with the best instructions that the processor has; with `--cfg chainrule_portable`, with those that
/// give the same bits on every processor.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
    match x86::best() {
        x86::Best::Avx512(level) => level.run(kernel),
        x86::Best::Avx2(level) => level.run(kernel),
        x86::Best::Portable => run_portable(kernel),
    }
    #[cfg(not(all(target_arch = "x86_64", not(chainrule_portable))))]
    Portable.run(kernel)
}

/// Runs a kernel at the level `Portable`. It is a separate function, so that the other levels save no registers and no
/// stack for it.
#[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
#[cold]
#[inline(never)]
fn run_portable<K: Kernel>(kernel: K) -> K::Output {
    Portable.run(kernel)
}

/// Returns the name of the instructions that [`dispatch`] takes. Processors with the same give the same bits.
pub fn instructions() -> &'static str {
    #[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
    match x86::best() {
        x86::Best::Avx512(_) => return "x86-64 with AVX-512",
        x86::Best::Avx2(_) => return "x86-64 with AVX2",
        x86::Best::Portable => {}
    }
    if Portable::FUSED { "portable, fused multiply-add" } else { "portable" }
}

/// Runs a block of a test once for each level that this processor has; the level is the variable that is named first.
#[cfg(test)]
macro_rules! for_each_level {
    ($level:ident => $block:block) => {{
        {
            let $level = $crate::simd::Portable;
            $block
        }
        #[cfg(all(target_arch = "x86_64", not(chainrule_portable)))]
        {
            if let Some($level) = $crate::simd::Avx2::detect() {
                $block
            }
            if let Some($level) = $crate::simd::Avx512::detect() {
                $block
            }
        }
    }};
}
#[cfg(test)]
pub(crate) use for_each_level;
