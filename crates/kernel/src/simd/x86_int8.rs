//! Products of 8-bit integers with AVX2.

use core::arch::x86_64::*;

use super::dot;

/// How many products one instruction computes.
pub(super) const INT8_LANES: usize = 16;

/// Returns the sums of the products of `a` and each of four others.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn dot4(a: &[i8], others: [&[i8]; 4]) -> [i32; 4] {
    let others = others.map(|other| &other[..a.len()]);
    let (blocks, tail) = a.as_chunks::<INT8_LANES>();
    let [b, c, d, e] = others.map(|other| other.as_chunks::<INT8_LANES>().0);
    // SAFETY: the caller promises AVX2, and each `widen` reads the bytes of one array. Pairs of 16-bit products are
    // added in 32 bits, where they fit.
    let [mut p, mut q, mut r, mut s] = unsafe {
        let mut sums = [_mm256_setzero_si256(); 4];
        for ((((a, b), c), d), e) in blocks.iter().zip(b).zip(c).zip(d).zip(e) {
            let a = widen(a);
            sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(a, widen(b)));
            sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(a, widen(c)));
            sums[2] = _mm256_add_epi32(sums[2], _mm256_madd_epi16(a, widen(d)));
            sums[3] = _mm256_add_epi32(sums[3], _mm256_madd_epi16(a, widen(e)));
        }
        // Each half has the sums of four lanes of all four.
        let pairs =
            _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
        let sums = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256::<1>(pairs));
        core::mem::transmute::<__m128i, [i32; 4]>(sums)
    };
    if !tail.is_empty() {
        let rest = others.map(|other| &other[blocks.len() * INT8_LANES..]);
        p = p.wrapping_add(dot(tail, rest[0]));
        q = q.wrapping_add(dot(tail, rest[1]));
        r = r.wrapping_add(dot(tail, rest[2]));
        s = s.wrapping_add(dot(tail, rest[3]));
    }
    [p, q, r, s]
}

/// Returns 16 integers with 16 bits each.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn widen(numbers: &[i8; INT8_LANES]) -> __m256i {
    // SAFETY: the caller promises the instructions; the load reads the 16 bytes of the array, at any alignment.
    unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(numbers.as_ptr().cast())) }
}
