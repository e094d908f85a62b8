use core::f64::consts::{FRAC_1_SQRT_2, PI};

use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::simd::{Kernel, Level, Portable, for_each_level};

/// Computes all functions of these numbers, in a loop that the compiler vectorizes.
struct All<'a, T> {
    x: &'a [T],
    y: [&'a mut [T]; 8],
}

impl<T: Real> Kernel for All<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let [a, b, c, d, e, f, g, h] = self.y;
        for at in 0..self.x.len() {
            let x = self.x[at];
            (a[at], b[at], c[at]) = (exp::<L, T>(x), exp_m1::<L, T>(x), tanh::<L, T>(x));
            (d[at], e[at]) = (sigmoid::<L, T>(x), softplus::<L, T>(x));
            (f[at], g[at]) = (normal_cdf::<L, T>(x), normal_pdf::<L, T>(x));
            h[at] = exp_below_0::<L, T>(-x.abs());
        }
    }
}

fn run<T: Real>(level: impl Level, x: &[T]) -> [Vec<T>; 8] {
    let mut y = core::array::from_fn(|_| vec![T::zero(); x.len()]);
    level.run(All { x, y: y.each_mut().map(|y| &mut y[..]) });
    y
}

/// Sizes from 2⁻¹⁵⁰ to 2¹⁰⁰, and their negatives.
fn numbers<T: Real>() -> Vec<T> {
    let sizes = (0..2000).map(|at| (f64::from(at) / 2000.0 * 173.0 - 104.0).exp());
    sizes.flat_map(|size| [T::from_f64(size), T::from_f64(-size)]).collect()
}

fn check_alone<T: Real>(level: impl Level) {
    let x = numbers::<T>();
    let together = run(level, &x);
    for (at, &x) in x.iter().enumerate() {
        for (function, alone) in run(level, &[x]).iter().enumerate() {
            assert_eq!(alone[0], together[function][at], "function {function} of {x}");
        }
        let below_0 = run(level, &[-x.abs()])[0][0];
        assert_eq!(below_0, together[7][at], "the exponential of {x}, which is not above 0");
    }
}

#[test]
fn a_number_has_the_same_bits_alone_and_in_a_vector() {
    for_each_level!(level => {
        check_alone::<f32>(level);
        check_alone::<f64>(level);
    });
}

/// The levels differ by fused products alone: where no product is fused, the bits are those of the functions that are
/// called without a level.
#[test]
fn without_fused_products_every_level_has_the_same_bits() {
    fn check<T: Real, L: Level>(level: L) {
        if fused::<L>() != fused::<Portable>() {
            return;
        }
        let x = numbers::<T>();
        let together = run(level, &x);
        let functions = [alone::exp, alone::exp_m1, alone::tanh, alone::sigmoid, alone::softplus];
        let functions = functions.into_iter().chain([alone::normal_cdf, alone::normal_pdf]);
        for (function, (f, y)) in functions.zip(together).enumerate() {
            assert!(x.iter().zip(y).all(|(&x, y)| f(x) == y), "function {function}");
        }
    }
    for_each_level!(level => {
        check::<f32, _>(level);
        check::<f64, _>(level);
    });
}

/// One unit in the last place of an `f32` that is nearest to `value`; below the normal numbers, the smallest.
fn unit(value: f64) -> f64 {
    let exponent = ((value.abs().to_bits() >> 52) as i32 - 1023).max(-126);
    2.0_f64.powi(exponent - 23)
}

/// The largest error in units, against the platform's functions and `libm`'s in `f64`, of every number of an `f32` in
/// steps of `step`.
fn errors(level: impl Level, step: usize) -> [(f64, f32); 7] {
    let exact: [fn(f64) -> f64; 7] = [
        f64::exp,
        f64::exp_m1,
        f64::tanh,
        // In f64 e⁻ˣ does not overflow for an x of more than -709, below which the result is 0 in f32.
        |x| 1.0 / (1.0 + (-x).exp()),
        |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
        |x| 0.5 * libm::erfc(-x * FRAC_1_SQRT_2),
        |x| (-0.5 * x * x).exp() / (2.0 * PI).sqrt(),
    ];
    let ends = [
        (0.0, f32::INFINITY),
        (-1.0, f32::INFINITY),
        (-1.0, 1.0),
        (0.0, 1.0),
        (0.0, f32::INFINITY),
        (0.0, 1.0),
        (0.0, 0.4),
    ];
    let mut worst = [(0.0, 0.0); 7];
    let mut bits = (0..=u32::MAX).step_by(step);
    loop {
        let x: Vec<f32> = bits.by_ref().take(4096).map(f32::from_bits).collect();
        if x.is_empty() {
            return worst;
        }
        let y = run(level, &x);
        for (function, exact) in exact.into_iter().enumerate() {
            for (&x, &got) in x.iter().zip(&y[function]) {
                assert_eq!(got.is_nan(), x.is_nan(), "function {function} of {x:e} is {got}");
                let expected = exact(f64::from(x));
                // Half a unit above the greatest number is infinite.
                if x.is_nan() || f64::from(got) == expected || got.is_infinite() && expected as f32 == got {
                    continue;
                }
                assert!(
                    got >= ends[function].0 && got <= ends[function].1,
                    "function {function} of {x:e} is {got}"
                );
                let error = (f64::from(got) - expected).abs() / unit(expected);
                if error > worst[function].0 {
                    worst[function] = (error, x);
                }
            }
        }
    }
}

/// `ELEMENTARY_STEP=1 cargo test --release` tests every number there is. (The step is odd, so that all last digits
/// come.)
#[test]
fn in_f32_the_functions_are_within_their_bounds_at_every_level() {
    let step = std::env::var("ELEMENTARY_STEP").map_or(5_003, |step| step.parse().unwrap());
    for_each_level!(level => {
        let worst = errors(level, step);
        std::println!("{worst:?}");
        for ((function, (error, at)), most) in worst.into_iter().enumerate().zip([1.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0]) {
            assert!(error > 0.0 && error <= most, "function {function} is off by {error} units at {at:e}");
        }
    });
}

/// A function of the platform's, the largest relative error of ours, and how much the platform's may add to it.
type Compared = (fn(f64) -> f64, f64, f64);

/// `exp`, `exp_m1`, `tanh`, `sigmoid` and `softplus`.
#[test]
fn in_f64_the_functions_are_within_their_bounds_at_every_level() {
    let sizes = (0..8000).map(|at| (f64::from(at) / 8000.0 * 22.0 - 18.0).exp());
    // Here `tanh` and `exp_m1` have their largest errors.
    let sizes = sizes.chain((0..8000).map(|at| 0.1 + f64::from(at) * 4e-5));
    let x: Vec<f64> = sizes.flat_map(|size| [size, -size]).collect();
    let functions: [Compared; 5] = [
        (f64::exp, 5.6e-16, 2.3e-16),
        (f64::exp_m1, 8e-16, 2.3e-16),
        (f64::tanh, 8e-16, 2.3e-16),
        (|x| 1.0 / (1.0 + (-x).exp()), 5.6e-16, 4.5e-16),
        (|x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 5.6e-16, 4.5e-16),
    ];
    for_each_level!(level => {
        let y = run(level, &x);
        for (function, (exact, most, more)) in functions.into_iter().enumerate() {
            for (&x, &got) in x.iter().zip(&y[function]) {
                let error = (got / exact(x) - 1.0).abs();
                assert!(error <= most + more, "function {function} of {x:e} is off by {error:e}");
            }
        }
    });
}
