//! Vectors of the processor, and the choice between its instruction sets at run time.
//!
//! A kernel is a value with all that it works on, and [`Kernel::run`] its work, written once for any [`Level`]. It is compiled for
//! each level, and [`dispatch`] takes the best that the processor has. So a plain `cargo build --release` is fast everywhere.
//!
//! What `run` calls must be `#[inline(always)]`, down to the last loop: only what is inlined into the instance of a level is
//! compiled with its instructions. A closure need not be, so there are none, and outside of such an instance `mul_add` is a call.
//!
//! | level | vectors of | where |
//! |---|---|---|
//! | [`Avx512`](x86::Avx512) | 64 bytes | x86-64, since Skylake-X and Zen 4 |
//! | [`Avx2`](x86::Avx2), with fused multiply-adds | 32 bytes | x86-64, since Haswell and Zen |
//! | [`Portable`] | 16 bytes | everywhere: the compiler makes SSE2 or NEON of it |

pub(crate) mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

use portable::Portable;

/// Work that is compiled for every level.
pub(crate) trait Kernel {
    type Output;

    /// Does the work. `#[inline(always)]`, as all that it calls.
    fn run<L: Level>(self) -> Self::Output;
}

/// A set of instructions.
pub trait Level: Copy {
    type F32: Vector<f32>;
    type F64: Vector<f64>;

    /// Whether `a * b + c` is one instruction, with one rounding.
    const FUSED: bool;
}

/// A scalar of which there are vectors.
#[doc(hidden)]
pub trait Lanes: Copy + core::ops::Add<Output = Self> {
    type Vector<L: Level>: Vector<Self>;

    /// `self * b + c`, with one rounding where the level has that. A plain `mul_add` would be a call where it has not.
    fn multiply_add<L: Level>(self, b: Self, c: Self) -> Self;
}

macro_rules! lanes {
    ($scalar:ident, $vector:ident) => {
        impl Lanes for $scalar {
            type Vector<L: Level> = L::$vector;

            #[inline(always)]
            fn multiply_add<L: Level>(self, b: Self, c: Self) -> Self {
                #[cfg(feature = "std")]
                if L::FUSED {
                    return self.mul_add(b, c);
                }
                self * b + c
            }
        }
    };
}
lanes!(f32, F32);
lanes!(f64, F64);

/// A vector register of numbers.
///
/// # Safety
/// The pointers given to the unsafe methods need no alignment, but so many numbers as a method says must be there, to be read or
/// written. They may only be called in the instance of a level that the processor has; so may all others.
#[allow(unsafe_code)]
pub trait Vector<T>: Copy {
    const LANES: usize;

    /// 0 in every lane.
    fn zero() -> Self;

    /// `x` in every lane.
    fn splat(x: T) -> Self;

    /// `self * b + c`, with one rounding where the level has that.
    fn multiply_add(self, b: Self, c: Self) -> Self;

    /// `self + b`.
    fn add(self, b: Self) -> Self;

    /// `LANES` numbers.
    unsafe fn read(from: *const T) -> Self;

    /// The first `count` lanes, from 1 to `LANES`, and 0 in the others.
    unsafe fn read_first(from: *const T, count: usize) -> Self;

    /// `LANES` numbers.
    unsafe fn write(self, to: *mut T);

    /// The first `count` lanes, from 1 to `LANES`.
    unsafe fn write_first(self, to: *mut T, count: usize);

    /// Asks for the cache line of this place, which need not be there at all, to be in the cache when it is read.
    fn prefetch(_: *const T) {}

    /// The sum of all lanes.
    fn sum(self) -> T;

    /// The side of the blocks that [`transpose`](Vector::transpose) takes.
    const BLOCK: usize;

    /// Copies a block of `BLOCK` rows, `from_row` numbers apart, to where its columns are rows, `to_row` numbers apart.
    unsafe fn transpose(from: *const T, from_row: usize, to: *mut T, to_row: usize);
}

/// Does the kernel's work with the best instructions that the processor has.
#[inline]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    match x86::best() {
        // SAFETY: the processor has said that it has the instructions of the function that is called.
        #[allow(unsafe_code)]
        x86::Best::Avx512 => return unsafe { x86::run_avx512(kernel) },
        #[allow(unsafe_code)]
        x86::Best::Avx2 => return unsafe { x86::run_avx2(kernel) },
        x86::Best::Portable => {}
    }
    kernel.run::<Portable>()
}

/// Runs a block of a test once for each level that this processor has, named by a type.
#[cfg(test)]
macro_rules! for_each_level {
    ($level:ident => $block:block) => {{
        {
            type $level = $crate::kernel::simd::portable::Portable;
            $block
        }
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                type $level = $crate::kernel::simd::x86::Avx2;
                $block
            }
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512dq")
            {
                type $level = $crate::kernel::simd::x86::Avx512;
                $block
            }
        }
    }};
}
#[cfg(test)]
pub(crate) use for_each_level;
