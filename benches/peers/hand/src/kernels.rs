//! Loops that say what a machine can do.
#![allow(clippy::needless_range_loop)] // they read as their formula

use std::hint::black_box;

use common::{Job, digest, transposed, uniform};

/// The numbers in a vector register of the processor that this is built for.
const LANES: usize = if cfg!(target_feature = "avx512f") {
    16
} else if cfg!(target_feature = "avx") {
    8
} else {
    4
};

/// Fused where there is an instruction for it; elsewhere `mul_add` is a call.
#[inline(always)]
fn multiply_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

/// 33.55 million operations, half of them multiplications, in twelve registers.
pub fn peak(job: &Job) {
    let rounds = (1 << 24) / (12 * LANES);
    job.run(|| multiply_adds(rounds, black_box([0.5; LANES]), black_box([1e-3; LANES])), f64::from);
}

#[cfg(not(all(target_arch = "x86_64", target_feature = "avx512f")))]
fn multiply_adds(rounds: usize, a: [f32; LANES], b: [f32; LANES]) -> f32 {
    let mut sums = [[1.0f32; LANES]; 12];
    for _ in 0..rounds {
        for sum in &mut sums {
            for lane in 0..LANES {
                sum[lane] = multiply_add(sum[lane], a[lane], b[lane]);
            }
        }
    }
    sums.as_flattened().iter().sum()
}

/// By instructions: LLVM does not keep vectors of 64 bytes whole in such a loop.
#[cfg(all(target_arch = "x86_64", target_feature = "avx512f"))]
fn multiply_adds(rounds: usize, a: [f32; LANES], b: [f32; LANES]) -> f32 {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_loadu_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    // SAFETY: this is compiled for a processor with AVX-512 only, and both arrays have 16 numbers.
    unsafe {
        let (a, b) = (_mm512_loadu_ps(a.as_ptr()), _mm512_loadu_ps(b.as_ptr()));
        let mut sums = [_mm512_set1_ps(1.0); 12];
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, a, b);
            }
        }
        sums.map(|sum| _mm512_reduce_add_ps(sum)).iter().sum()
    }
}

/// Weights [input][output], aligned so that no load straddles two lines of the cache.
#[repr(C, align(64))]
struct Aligned<T>(T);

type Samples<const BATCH: usize> = [[f32; 64]; BATCH];

pub fn tiled(job: &Job) {
    match job.batch() {
        1 => of_batch::<1>(job),
        8 => of_batch::<8>(job),
        32 => of_batch::<32>(job),
        _ => of_batch::<128>(job),
    }
}

fn of_batch<const BATCH: usize>(job: &Job) {
    let mut w = Box::new(Aligned([[0.0; 64]; 64]));
    w.0.as_flattened_mut().copy_from_slice(&transposed(&uniform(1, 64 * 64, 0.125), 64));
    let mut x = Box::new(Aligned([[0.0; 64]; BATCH]));
    x.0.as_flattened_mut().copy_from_slice(&uniform(2, BATCH * 64, 1.0));
    let mut c = Box::new(Aligned([[0.0; 64]; BATCH]));
    // As many sums as registers hold: 16, or 32 with AVX-512.
    let kernel = if BATCH == 1 {
        product::<BATCH, { 64 / LANES }, 1>
    } else if LANES == 16 {
        product::<BATCH, 4, 4>
    } else {
        product::<BATCH, 2, 4>
    };
    job.kernel(
        &mut c,
        |c| kernel(&mut c.0, black_box(&w.0), black_box(&x.0)),
        |c| digest(c.0.as_flattened()),
    );
}

/// c += x W, in tiles of several registers of outputs by several samples, which stay in registers over all inputs.
#[inline(never)]
fn product<const BATCH: usize, const REGISTERS: usize, const SAMPLES: usize>(
    c: &mut Samples<BATCH>,
    w: &[[f32; 64]; 64],
    x: &Samples<BATCH>,
) {
    for sample in (0..BATCH).step_by(SAMPLES) {
        for output in (0..64).step_by(REGISTERS * LANES) {
            let mut sums = [[[0.0; LANES]; REGISTERS]; SAMPLES];
            for input in 0..64 {
                let row = &w[input][output..output + REGISTERS * LANES];
                for s in 0..SAMPLES {
                    for (sum, w) in sums[s].iter_mut().zip(row.as_chunks::<LANES>().0) {
                        for lane in 0..LANES {
                            sum[lane] = multiply_add(w[lane], x[sample + s][input], sum[lane]);
                        }
                    }
                }
            }
            for (c, sums) in c[sample..].iter_mut().zip(&sums) {
                let c = c[output..].iter_mut().zip(sums.as_flattened());
                c.for_each(|(c, sum)| *c += sum);
            }
        }
    }
}

/// tanh x = x P(x²) / Q(x²), fitted on [0, 8.5], where tanh is 1 except for 8e-8: within 4e-7 of the value everywhere.
#[inline(always)]
pub fn rational_tanh(x: f32) -> f32 {
    const P: [f32; 6] = [0.99999994, 0.12949894, 0.0029538807, 9.573766e-06, -1.3719003e-08, 2.0724096e-11];
    const Q: [f32; 4] = [1.0, 0.46283197, 0.023898311, 0.00023270363];
    let x = x.clamp(-8.5, 8.5);
    let at = |polynomial: &[f32]| polynomial.iter().rev().fold(0.0, |sum, &c| multiply_add(sum, x * x, c));
    x * at(&P) / at(&Q)
}

pub fn tanh(job: &Job) {
    let x = uniform(1, 4096, 3.0);
    let mut y = vec![0.0; 4096];
    let all = if job.variant == "std" { all::<false> } else { all::<true> };
    job.kernel(&mut y, |y| all(y, black_box(&x)), |y| digest(y));
}

#[inline(never)]
fn all<const RATIONAL: bool>(y: &mut [f32], x: &[f32]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = if RATIONAL { rational_tanh(x) } else { x.tanh() };
    }
}
