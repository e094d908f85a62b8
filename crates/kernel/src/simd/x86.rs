//! The levels of x86-64, and their detection.

use core::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use super::x86_int8::{INT8_LANES, dot4};
use super::{Kernel, Level, Sealed};

/// AVX-512 with the extensions VL, BW and DQ. A value proves that the processor has them.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

/// AVX2 with fused multiply-adds. A value proves that the processor has them.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Sealed for Avx512 {}
impl Sealed for Avx2 {}

impl Level for Avx512 {
    type F32 = __m512;
    type F64 = __m512d;
    const FUSED: bool = true;
    const INT8_LANES: usize = INT8_LANES;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
        fn run<K: Kernel>(level: Avx512, kernel: K) -> K::Output {
            kernel.run(level)
        }
        // SAFETY: `self` was made by `detect`, which asks for exactly the features of the function.
        unsafe { run(self, kernel) }
    }

    #[inline(always)]
    fn dot4(self, a: &[i8], others: [&[i8]; 4]) -> [i32; 4] {
        // SAFETY: `self` proves that the processor has AVX2 too.
        unsafe { dot4(a, others) }
    }
}

impl Level for Avx2 {
    type F32 = __m256;
    type F64 = __m256d;
    const FUSED: bool = true;
    const INT8_LANES: usize = INT8_LANES;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma")]
        fn run<K: Kernel>(level: Avx2, kernel: K) -> K::Output {
            kernel.run(level)
        }
        // SAFETY: `self` was made by `detect`, which asks for exactly the features of the function.
        unsafe { run(self, kernel) }
    }

    #[inline(always)]
    fn dot4(self, a: &[i8], others: [&[i8]; 4]) -> [i32; 4] {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { dot4(a, others) }
    }
}

/// Whether the processor has these features. Without the standard library: whether the crate is compiled for them.
macro_rules! has {
    ($($feature:tt),+) => {
        $({
            #[cfg(feature = "std")]
            let has = std::arch::is_x86_feature_detected!($feature);
            #[cfg(not(feature = "std"))]
            let has = cfg!(target_feature = $feature);
            has
        })&&+
    };
}

impl Avx512 {
    /// Returns the level if the processor has it.
    #[inline]
    pub fn detect() -> Option<Self> {
        has!("avx512f", "avx512vl", "avx512bw", "avx512dq", "avx2", "fma").then_some(Self(()))
    }
}

impl Avx2 {
    /// Returns the level if the processor has it.
    #[inline]
    pub fn detect() -> Option<Self> {
        has!("avx2", "fma").then_some(Self(()))
    }
}

/// The best level of this processor.
#[derive(Clone, Copy)]
pub(super) enum Best {
    Avx512(Avx512),
    Avx2(Avx2),
    Portable,
}

/// Returns the best level of this processor.
#[cfg(not(feature = "std"))]
#[inline(always)]
pub(super) fn best() -> Best {
    detect()
}

/// Returns the best level of this processor, which is detected once and remembered.
#[cfg(feature = "std")]
#[inline(always)]
pub(super) fn best() -> Best {
    use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
    /// The level, or 0 before the first call. Written below only, so that the tokens made here stand for a detected
    /// level.
    static BEST: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn first_call() -> Best {
        let best = detect();
        let number = match best {
            Best::Portable => 1,
            Best::Avx2(_) => 2,
            Best::Avx512(_) => 3,
        };
        BEST.store(number, Relaxed);
        best
    }
    match BEST.load(Relaxed) {
        3 => Best::Avx512(Avx512(())),
        2 => Best::Avx2(Avx2(())),
        1 => Best::Portable,
        _ => first_call(),
    }
}

/// Asks the processor for its best level.
fn detect() -> Best {
    if let Some(level) = Avx512::detect().filter(|_| !cfg!(chainrule_avx2)) {
        Best::Avx512(level)
    } else if let Some(level) = Avx2::detect() {
        Best::Avx2(level)
    } else {
        Best::Portable
    }
}
