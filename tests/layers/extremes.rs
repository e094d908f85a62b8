//! Numbers at the ends of what a scalar can hold: finite values and gradients, right limits, and a NaN stays a NaN.

use std::f64::consts::FRAC_2_SQRT_PI;

use crate::common::{backward, bits, every_combinator, every_layer, forward};
use approx::assert_relative_eq;
use chainrule::Real;
use chainrule::prelude::*;

/// Large and small numbers, and the edges of `exp` in `f32` (overflow past 88.7, zero past -104) and in `f64` (709.8,
/// -745.2). The last is for layers that work number by number.
const SIZES: [f64; 11] = [0.0, 1e-30, 1.0, 17.4, 88.7, 88.8, 104.0, 709.8, 745.2, 1e4, 1e30];

/// Whether a layer of this file works number by number.
fn is_elementwise(file: &str) -> bool {
    file.starts_with("activation/") || ["identity", "dropout", "prelu", "affine", "noise"].contains(&file)
}

/// One sample for each of: all `+size`, all `-size`, alternating; and one with all sizes and signs in a row.
fn extreme_samples<X: Tensor>(sizes: &[f64]) -> Vec<X> {
    let signs: [fn(usize) -> f64; 4] = [
        |_| 1.0,
        |_| -1.0,
        |at| if at % 2 == 0 { 1.0 } else { -1.0 },
        |at| if at % 3 == 0 { -1.0 } else { 1.0 },
    ];
    let mut samples = vec![X::zeroed(); 4 * sizes.len()];
    for (sample, x) in samples.iter_mut().enumerate() {
        let (sign, size) = (signs[sample % 4], sample / 4);
        for (at, x) in x.as_mut_slice().iter_mut().enumerate() {
            let size = if sample % 4 == 3 { (size + at) % sizes.len() } else { size };
            *x = Real::from_f64(sign(at) * sizes[size]);
        }
    }
    samples
}

/// Numbers in `f64`, so that what is done with them is compiled once, and not for each layer.
fn numbers<X: Tensor>(samples: &[X]) -> Vec<f64> {
    X::flat(samples).iter().map(|x| x.to_f64()).collect()
}

fn assert_finite(name: &str, what: &str, numbers: &[f64]) {
    assert!(numbers.iter().all(|x| x.is_finite()), "{name}: {what} is {numbers:?}");
}

/// What the layer gives for these inputs, and the gradient by them for cotangents of this sign, or of alternating signs
/// (0).
fn pass<L: Layer<X, Output: Tensor>, X: Tensor>(
    layer: &L,
    x: &[X],
    sign: f64,
    train: bool,
) -> (Vec<L::Output>, Vec<X>, Owned<L>) {
    let (mut workspace, mut rng) = (Workspace::default(), rng(2));
    let mut mode = if train { Mode::Train(&mut rng) } else { Mode::Evaluate };
    let y = forward(layer, x, &mut workspace, &mut mode);
    let mut dy = y.clone();
    for (at, dy) in L::Output::flat_mut(&mut dy).iter_mut().enumerate() {
        *dy = Real::from_f64(if sign != 0.0 { sign } else { 1.0 - 2.0 * (at % 2) as f64 });
    }
    let (dx, gradient) = backward(layer, x, &y, &dy, &mut workspace, None);
    (y, dx, gradient)
}

fn assert_finite_at_the_extremes<L: Layer<X, Output: Tensor>, X: Tensor>(file: &str, name: &str) {
    let sizes = if is_elementwise(file) { &SIZES[..] } else { &SIZES[..SIZES.len() - 1] };
    let (layer, x) = (L::init(&mut rng(1)), extreme_samples::<X>(sizes));
    for (sign, train) in [(1.0, true), (-1.0, true), (0.0, true), (0.0, false)] {
        let (y, dx, gradient) = pass(&*layer, &x, sign, train);
        assert_finite(name, "output", &numbers(&y));
        assert_finite(name, "the gradient of the input", &numbers(&dx));
        assert_finite(name, "the gradient", &floats(bits(&gradient)));
    }
}

/// A NaN in a sample is a NaN in its output, wherever the layer looks at that number at all; where it works number by
/// number, in the same place. In evaluation mode it does not affect other samples.
fn assert_nan_stays<L: Layer<X, Output: Tensor>, X: Tensor>(file: &str, name: &str) {
    let layer = L::init(&mut rng(1));
    assert_nan_stays_in(file, name, [X::LEN, L::Output::LEN], &|at, number, train| {
        let mut x = crate::common::inputs::<X>(3);
        x[1].as_mut_slice()[at] = Real::from_f64(number);
        numbers(&pass(&*layer, &x, 1.0, train).0)
    });
}

/// `output` returns the outputs for three samples, of which the middle one has this number at this place.
fn assert_nan_stays_in(
    file: &str,
    name: &str,
    [inputs, outputs]: [usize; 2],
    output: &dyn Fn(usize, f64, bool) -> Vec<f64>,
) {
    for (at, train) in (0..inputs).flat_map(|at| [(at, false), (at, true)]) {
        let y = output(at, f64::NAN, train);
        let nan = |sample: usize, at: usize| y[sample * outputs + at].is_nan();
        // A norm has the same value for both signs.
        let large = output(at, 1e3, train);
        let looked_at = is_elementwise(file) || [-1e3, 0.0].iter().any(|x| output(at, *x, train) != large);
        let said = format!("{name}: a NaN at {at} of sample 1 gives {y:?}");
        assert_eq!((0..outputs).any(|at| nan(1, at)), looked_at, "{said}");
        if is_elementwise(file) {
            assert!((0..outputs).all(|other| nan(1, other) == (other == at)), "{said}");
        }
        if !train {
            assert!([0, 2].iter().all(|&other| (0..outputs).all(|at| !nan(other, at))), "{said}");
        }
    }
}

fn floats(bits: Vec<u64>) -> Vec<f64> {
    bits.into_iter().map(f64::from_bits).collect()
}

macro_rules! each_layer_in_both_scalars {
    ($check:ident) => {
        macro_rules! case {
            ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
                {
                    type T = f32;
                    $check::<$layer, $input>($file, stringify!($name));
                }
                {
                    type T = f64;
                    $check::<$layer, $input>($file, stringify!($name));
                }
            }};
        }
        every_layer!(case);
    };
}

#[test]
fn every_layer_gives_finite_values_and_gradients_at_the_extremes() {
    each_layer_in_both_scalars!(assert_finite_at_the_extremes);
}

#[test]
fn every_combinator_gives_finite_values_and_gradients_at_the_extremes() {
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
            type T = f32;
            assert_finite_at_the_extremes::<$layer, $input>($file, stringify!($name));
        }};
    }
    every_combinator!(case);
}

#[test]
fn a_nan_goes_through_every_layer() {
    each_layer_in_both_scalars!(assert_nan_stays);
}

/// g and g' at these numbers, in one scalar.
fn assert_values<L, T: Real>(name: &str, rows: &[(f64, f64, f64)])
where
    L: Maps<Vector<1, T>, Vector<1, T>>,
{
    for &(x, value, slope) in rows {
        let (y, dx, _) = pass(&*L::init(&mut rng(1)), &[Vector([T::from_f64(x)])], 1.0, false);
        // Some roundings, and in the tails a rounding of x²/2 in the exponent.
        let tolerance = T::EPSILON.to_f64() * if x.abs() < 100.0 { 4.0 + x * x } else { 4.0 };
        for (what, got, expected) in [("g", y[0][0].to_f64(), value), ("g'", dx[0][0].to_f64(), slope)] {
            let error = (got - expected).abs();
            assert!(
                error <= tolerance * expected.abs(),
                "{name}: {what}({x:e}) is {got:e}, not {expected:e}"
            );
        }
    }
}

macro_rules! values {
    ($($layer:ty: $(($x:expr, $value:expr, $slope:expr)),+;)+) => {$({
        let rows = [$(($x, $value, $slope)),+];
        {
            type T = f32;
            assert_values::<$layer, T>(stringify!($layer in f32), &rows);
        }
        {
            type T = f64;
            assert_values::<$layer, T>(stringify!($layer in f64), &rows);
        }
    })+};
}

#[test]
fn far_from_zero_every_activation_is_at_its_limit() {
    const LAMBDA: f64 = 1.050_700_987_355_480_5;
    values! {
        Sigmoid: (-1e4, 0.0, 0.0), (1e4, 1.0, 0.0);
        Tanh: (-1e4, -1.0, 0.0), (1e4, 1.0, 0.0);
        Relu: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        LeakyRelu: (-1e4, -100.0, 0.01), (1e4, 1e4, 1.0);
        PRelu<T>: (-1e4, -2500.0, 0.25), (1e4, 1e4, 1.0);
        Elu: (-1e4, -1.0, 0.0), (1e4, 1e4, 1.0);
        Elu<1, 2>: (-1e4, -0.5, 0.0), (1e4, 1e4, 1.0);
        Selu: (-1e4, -1.758_099_340_847_376_8, 0.0), (1e4, 1e4 * LAMBDA, LAMBDA);
        Gelu: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        GeluTanh: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Silu: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Mish: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Softplus: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Softsign: (-1e4, -1e4 / 10_001.0, 1.0 / 10_001.0_f64.powi(2)), (1e4, 1e4 / 10_001.0, 1.0 / 10_001.0_f64.powi(2));
        HardTanh: (-1e4, -1.0, 0.0), (1e4, 1.0, 0.0);
        HardSigmoid: (-1e4, 0.0, 0.0), (1e4, 1.0, 0.0);
        HardSigmoid<1, 5>: (-1e4, 0.0, 0.0), (1e4, 1.0, 0.0);
        HardSwish: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Relu6: (-1e4, 0.0, 0.0), (1e4, 6.0, 0.0);
        Clamp<-1, 3, 2>: (-1e4, -0.5, 0.0), (1e4, 1.5, 0.0);
        Clamp<{ i32::MIN }, { i32::MAX }>: (-1e30, -1e30, 1.0), (1e30, 1e30, 1.0);
        HardTanh<0, 3, 2>: (-1e4, 0.0, 0.0), (1e4, 1.5, 0.0);
        HardShrink: (-1e4, -1e4, 1.0), (1e4, 1e4, 1.0);
        SoftShrink: (-1e4, -9999.5, 1.0), (1e4, 9999.5, 1.0);
        TanhShrink: (-1e4, -9999.0, 1.0), (1e4, 9999.0, 1.0), (1e30, 1e30, 1.0);
        ThresholdedRelu: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Threshold<1, -4, 2>: (-1e4, -2.0, 0.0), (1e4, 1e4, 1.0);
        Celu: (-1e4, -1.0, 0.0), (1e4, 1e4, 1.0);
        Celu<1, 2>: (-1e4, -0.5, 0.0), (1e4, 1e4, 1.0);
        LogSigmoid: (-1e4, -1e4, 1.0), (1e4, 0.0, 0.0);
        QuickGelu: (-1e4, 0.0, 0.0), (1e4, 1e4, 1.0);
        Abs: (-1e4, 1e4, -1.0), (1e4, 1e4, 1.0);
        Erf: (-1e4, -1.0, 0.0), (1e4, 1.0, 0.0);
    }
    let scores = [Vector([-1e4_f32, 1e4, 1e4])];
    let (third, _, _) = pass(&Softmax, &scores, 1.0, false);
    assert_eq!(third, [Vector([0.0, 0.5, 0.5])]);
    let (logs, _, _) = pass(&LogSoftmax, &scores, 1.0, false);
    assert_relative_eq!(logs[0], Vector([-2e4 - 2.0_f32.ln(), -2.0_f32.ln(), -2.0_f32.ln()]));
}

/// Functions that are not defined for all numbers, or overflow.
#[test]
fn layers_for_some_numbers_have_the_limits_of_their_functions() {
    values! {
        Square: (-1e4, 1e8, -2e4), (3.0, 9.0, 6.0);
        Exp: (-1e4, 0.0, 0.0), (0.0, 1.0, 1.0);
        Log: (1.0, 0.0, 1.0), (1e30, 30.0 * 10.0_f64.ln(), 1e-30);
        Sqrt: (4.0, 2.0, 0.25), (1e30, 1e15, 0.5e-15);
        Reciprocal: (-4.0, -0.25, -0.0625), (1e10, 1e-10, -1e-20);
    }
    let exp = |x| pass(&Exp, &[Vector([x])], 1.0, false).0[0][0];
    let log = |x| pass(&Log, &[Vector([x])], 1.0, false).0[0][0];
    let sqrt = |x| pass(&Sqrt, &[Vector([x])], 1.0, false).0[0][0];
    let reciprocal = |x| pass(&Reciprocal, &[Vector([x])], 1.0, false).0[0][0];
    let infinite: [f32; 4] = [exp(89.0), -log(0.0), reciprocal(0.0), -reciprocal(-0.0)];
    assert_eq!(infinite, [f32::INFINITY; 4]);
    assert!([exp(f32::NAN), log(f32::NAN), sqrt(f32::NAN), reciprocal(f32::NAN)].iter().all(|y| y.is_nan()));
    assert!(log(-1.0).is_nan() && sqrt(-1.0).is_nan());
    // The number that is not finite is an error for whoever predicts with it.
    assert!(Log.predict(&Vector([-1.0_f32])).is_err());
}

/// Where a naive formula, such as 1 - 1 / (1 + exp(x)), has already lost every digit.
#[test]
fn in_the_tails_and_next_to_zero_no_digits_are_lost() {
    let e = (-80.0_f64).exp();
    // Φ(-8) and φ(-8) of the normal distribution.
    let (area, density) = (6.220_960_574_271_785e-16, 5.052_271_083_536_893e-15);
    let (x, ln2) = (1e-30, 2.0_f64.ln());
    // x³/3 - 2x⁵/15 + 17x⁷/315 at x = 2⁻¹⁰: the next term is below 1e-19 of it.
    let cube = {
        let x = 2.0_f64.powi(-10);
        (x, x.powi(3) / 3.0 * (1.0 - 0.4 * x * x + 17.0 / 105.0 * x.powi(4)), x.tanh().powi(2))
    };
    values! {
        Sigmoid: (-80.0, e, e), (x, 0.5, 0.25);
        Softplus: (-80.0, e, e), (-x, ln2, 0.5);
        Silu: (-80.0, -80.0 * e, -79.0 * e), (-x, -0.5 * x, 0.5);
        Mish: (-80.0, -80.0 * e, -79.0 * e), (-x, -0.6 * x, 0.6); // tanh ln 2 = 3/5
        Gelu: (-8.0, -8.0 * area, area - 8.0 * density), (-x, -0.5 * x, 0.5);
        GeluTanh: (-x, -0.5 * x, 0.5);
        Elu: (-80.0, -1.0, e), (-x, -x, 1.0);
        Tanh: (-x, -x, 1.0);
        Softsign: (-x, -x, 1.0);
        HardTanh: (-x, -x, 1.0);
        HardSwish: (-x, -0.5 * x, 0.5);
        Celu: (-80.0, -1.0, e), (-x, -x, 1.0);
        Celu<1, 2>: (-40.0, -0.5, e), (-x, -x, 1.0);
        LogSigmoid: (80.0, -e, e), (x, -ln2, 0.5);
        QuickGelu: (-x, -0.5 * x, 0.5);
        Erf: (-x, -FRAC_2_SQRT_PI * x, FRAC_2_SQRT_PI), (0.5, 0.5204998778130465, 0.8787825789354448),
            (-0.501953125, -0.5222145728042037, 0.8770645360229357);
        TanhShrink: (cube.0, cube.1, cube.2);
    }
}
