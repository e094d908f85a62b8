//! The vectors of x86-64: 32 bytes for AVX2, 64 for AVX-512.

use core::arch::x86_64::*;

use super::{Sealed, Vector};

/// From index `LANES - count` on, this is a mask of the first `count` lanes.
static FIRST_F32: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
static FIRST_F64: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

/// Implements the methods of a vector by the names of its instructions.
macro_rules! vector {
    (
        $vector:ident of $scalar:ident, $lanes:literal, $masked:literal: $set1:ident, $fmadd:ident, $add:ident, $loadu:ident, $storeu:ident,
        read_first: |$from:ident, $n:ident| $read_first:expr,
        write_first: |$this:ident, $to:ident, $m:ident| $write_first:expr,
        any_outside: |$x:ident, $limit:ident| $any_outside:expr,
        sum: |$all:ident| $sum:expr,
        transpose: $transpose:path, $block:literal
    ) => {
        impl Sealed for $vector {}

        impl Vector<$scalar> for $vector {
            const LANES: usize = $lanes;
            const BLOCK: usize = $block;
            const MASKED: bool = $masked;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller promises that the processor has the level; that is all `splat` asks for.
                unsafe { Self::splat(0.0) }
            }
            #[inline(always)]
            unsafe fn splat(x: $scalar) -> Self {
                // SAFETY: the caller promises that the processor has this instruction; it touches registers only.
                unsafe { $set1(x) }
            }
            #[inline(always)]
            unsafe fn multiply_add(self, b: Self, c: Self) -> Self {
                // SAFETY: the caller promises that the processor has this instruction; it touches registers only.
                unsafe { $fmadd(self, b, c) }
            }
            #[inline(always)]
            unsafe fn add(self, b: Self) -> Self {
                // SAFETY: the caller promises that the processor has this instruction; it touches registers only.
                unsafe { $add(self, b) }
            }
            #[inline(always)]
            unsafe fn read(from: *const $scalar) -> Self {
                // SAFETY: the caller promises the instruction, and `LANES` numbers at `from`, of any alignment.
                unsafe { $loadu(from) }
            }
            #[inline(always)]
            unsafe fn read_first($from: *const $scalar, $n: usize) -> Self {
                // SAFETY: the caller promises the instruction and `count` numbers at `from`; the mask, which lies
                // within its table because `count` is at most `LANES`, hides the other lanes from the processor.
                unsafe { $read_first }
            }
            #[inline(always)]
            unsafe fn write(self, to: *mut $scalar) {
                // SAFETY: the caller promises the instruction, and that `LANES` numbers can be written at `to`.
                unsafe { $storeu(to, self) }
            }
            #[inline(always)]
            unsafe fn write_first(self, $to: *mut $scalar, $m: usize) {
                let $this = self;
                // SAFETY: the caller promises the instructions and that `count` numbers can be written at `to`; the
                // stores together write exactly these.
                unsafe { $write_first }
            }
            #[inline(always)]
            fn prefetch(at: *const $scalar) {
                // SAFETY: every x86-64 has this instruction. It is a hint: no address makes it fail.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
            }
            #[inline(always)]
            fn prefetch_near(at: *const $scalar) {
                // SAFETY: as above.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
            }
            #[inline(always)]
            unsafe fn any_outside(self, $limit: Self) -> bool {
                let $x = self;
                // SAFETY: the caller promises that the processor has these instructions; they touch registers only.
                unsafe { $any_outside }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $scalar {
                let $all = self;
                // SAFETY: the caller promises that the processor has these instructions; they touch registers only.
                unsafe { $sum }
            }

            #[inline(always)]
            unsafe fn transpose(from: *const $scalar, from_row: usize, to: *mut $scalar, to_row: usize) {
                // SAFETY: the caller promises AVX2, which both levels have, and a block at either pointer.
                unsafe { $transpose(from, from_row, to, to_row) }
            }
        }
    };
}

vector!(
    __m256 of f32, 8, false: _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_loadu_ps, _mm256_storeu_ps,
    read_first: |from, n| _mm256_maskload_ps(from, _mm256_loadu_si256(FIRST_F32.as_ptr().add(8 - n).cast())),
    write_first: |all, to, n| {
        // A masked store takes some fifty cycles on AMD's processors.
        let mut at = 0;
        let mut half = _mm256_castps256_ps128(all);
        if n & 8 != 0 {
            return _mm256_storeu_ps(to, all);
        }
        if n & 4 != 0 {
            _mm_storeu_ps(to, half);
            half = _mm256_extractf128_ps::<1>(all);
            at = 4;
        }
        if n & 2 != 0 {
            _mm_storeu_si64(to.add(at).cast(), _mm_castps_si128(half));
            half = _mm_movehl_ps(half, half);
            at += 2;
        }
        if n & 1 != 0 {
            _mm_store_ss(to.add(at), half);
        }
    },
    any_outside: |x, limit| {
        let outside = _mm256_cmp_ps::<_CMP_NLE_UQ>(_mm256_andnot_ps(_mm256_set1_ps(-0.0), x), limit);
        _mm256_movemask_ps(outside) != 0
    },
    sum: |all| {
        let four = _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps::<1>(all));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
    },
    transpose: transpose_f32, 8
);
vector!(
    __m256d of f64, 4, false: _mm256_set1_pd, _mm256_fmadd_pd, _mm256_add_pd, _mm256_loadu_pd, _mm256_storeu_pd,
    read_first: |from, n| _mm256_maskload_pd(from, _mm256_loadu_si256(FIRST_F64.as_ptr().add(4 - n).cast())),
    write_first: |all, to, n| {
        let mut at = 0;
        let mut half = _mm256_castpd256_pd128(all);
        if n & 4 != 0 {
            return _mm256_storeu_pd(to, all);
        }
        if n & 2 != 0 {
            _mm_storeu_pd(to, half);
            half = _mm256_extractf128_pd::<1>(all);
            at = 2;
        }
        if n & 1 != 0 {
            _mm_store_sd(to.add(at), half);
        }
    },
    any_outside: |x, limit| {
        let outside = _mm256_cmp_pd::<_CMP_NLE_UQ>(_mm256_andnot_pd(_mm256_set1_pd(-0.0), x), limit);
        _mm256_movemask_pd(outside) != 0
    },
    sum: |all| {
        let two = _mm_add_pd(_mm256_castpd256_pd128(all), _mm256_extractf128_pd::<1>(all));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    },
    transpose: transpose_f64, 4
);
vector!(
    __m512 of f32, 16, true: _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_loadu_ps, _mm512_storeu_ps,
    read_first: |from, n| _mm512_maskz_loadu_ps(u16::MAX >> (16 - n), from),
    write_first: |all, to, n| _mm512_mask_storeu_ps(to, u16::MAX >> (16 - n), all),
    any_outside: |x, limit| _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(_mm512_abs_ps(x), limit) != 0,
    sum: |all| _mm512_reduce_add_ps(all),
    transpose: transpose_f32, 8
);
vector!(
    __m512d of f64, 8, true: _mm512_set1_pd, _mm512_fmadd_pd, _mm512_add_pd, _mm512_loadu_pd, _mm512_storeu_pd,
    read_first: |from, n| _mm512_maskz_loadu_pd(u8::MAX >> (8 - n), from),
    write_first: |all, to, n| _mm512_mask_storeu_pd(to, u8::MAX >> (8 - n), all),
    any_outside: |x, limit| _mm512_cmp_pd_mask::<_CMP_NLE_UQ>(_mm512_abs_pd(x), limit) != 0,
    sum: |all| _mm512_reduce_add_pd(all),
    transpose: transpose_f64, 4
);

/// Transposes 8 rows of 8: halves change places as they are read, then pairs, then fours.
///
/// # Safety
/// The processor has AVX2; 8 numbers can be read at `from + r * from_row` and written at `to + r * to_row`, for `r`
/// below 8.
#[inline(always)]
unsafe fn transpose_f32(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    // SAFETY: every pointer is `r * from_row` or `r * to_row` away, with r below 8: a row that the caller promises, of
    // 8 numbers.
    unsafe {
        // Row r of the left half and row r + 4 below it, then of the right half: a half that comes from memory takes no
        // place in the unit that shuffles.
        let mut rows = [_mm256_setzero_ps(); 8];
        for r in 0..8 {
            let (row, left) = (r % 4, r / 4 * 4);
            let top = _mm256_castps128_ps256(_mm_loadu_ps(from.add(row * from_row + left)));
            rows[r] = _mm256_insertf128_ps::<1>(top, _mm_loadu_ps(from.add((row + 4) * from_row + left)));
        }
        for left in [0, 4] {
            let [a, b, c, d] = [rows[left], rows[left + 1], rows[left + 2], rows[left + 3]];
            let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
            _mm256_storeu_ps(to.add(left * to_row), _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd));
            _mm256_storeu_ps(to.add((left + 1) * to_row), _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd));
            let (ab, cd) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
            _mm256_storeu_ps(to.add((left + 2) * to_row), _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd));
            _mm256_storeu_ps(to.add((left + 3) * to_row), _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd));
        }
    }
}

/// Transposes 4 rows of 4.
///
/// # Safety
/// The processor has AVX2; 4 numbers can be read at `from + r * from_row` and written at `to + r * to_row`, for `r`
/// below 4.
#[inline(always)]
unsafe fn transpose_f64(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
    // SAFETY: every pointer is `r * from_row` or `r * to_row` away, with r below 4: a row that the caller promises, of
    // 4 numbers.
    unsafe {
        let mut rows = [_mm256_setzero_pd(); 4];
        for r in 0..4 {
            rows[r] = _mm256_loadu_pd(from.add(r * from_row));
        }
        let (a, b) = (_mm256_unpacklo_pd(rows[0], rows[1]), _mm256_unpackhi_pd(rows[0], rows[1]));
        let (c, d) = (_mm256_unpacklo_pd(rows[2], rows[3]), _mm256_unpackhi_pd(rows[2], rows[3]));
        _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(a, c));
        _mm256_storeu_pd(to.add(to_row), _mm256_permute2f128_pd::<0x20>(b, d));
        _mm256_storeu_pd(to.add(2 * to_row), _mm256_permute2f128_pd::<0x31>(a, c));
        _mm256_storeu_pd(to.add(3 * to_row), _mm256_permute2f128_pd::<0x31>(b, d));
    }
}
