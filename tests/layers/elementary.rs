//! The elementary functions against others: in `f32` against the platform's and `libm`'s in `f64`, in `f64` against 60
//! digits (`tests/fixtures/elementary.json`, made by `elementary.py` next to it).

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

use chainrule::Real;
use chainrule::elementary::*;
use chainrule::layer::{Activation, Erf, TanhShrink};

/// An argument and its value, as text.
type Case = [String; 2];

type Named = (&'static str, fn(f64) -> f64);

const INFINITY: f64 = f64::INFINITY;

/// The bits of an `f32` are gone through in such steps: odd, so that all last digits come. A third of a million numbers
/// a function where debugging is slow.
const STEP: usize = if cfg!(debug_assertions) { 15_013 } else { 131 };

/// One unit in the last place of an `f32` that is nearest to `value`; below the normal numbers, the smallest.
fn unit(value: f64) -> f64 {
    let exponent = ((value.abs().to_bits() >> 52) as i32 - 1023).max(-126);
    2.0_f64.powi(exponent - 23)
}

/// The largest error of `function` in units, which must be at most `most`; and all its values lie between the `ends`.
fn assert_close(name: &str, function: fn(f32) -> f32, exact: fn(f64) -> f64, most: f64, ends: [f32; 2]) {
    let (mut worst, mut at) = (0.0, 0.0);
    for bits in (0..=u32::MAX).step_by(STEP) {
        let x = f32::from_bits(bits);
        let (got, expected) = (function(x), exact(f64::from(x)));
        assert_eq!(got.is_nan(), x.is_nan(), "{name}({x:e}) is {got}");
        if x.is_nan() {
            continue;
        }
        assert!(got >= ends[0] && got <= ends[1], "{name}({x:e}) is {got}");
        // Half a unit above the greatest number is infinite.
        if got as f64 == expected || got.is_infinite() && expected as f32 == got {
            continue;
        }
        let error = (f64::from(got) - expected).abs() / unit(expected);
        if error > worst {
            (worst, at) = (error, x);
        }
    }
    println!("{name}: {worst:.3} units at {at:e}");
    assert!(worst > 0.0 && worst <= most, "{name} is off by {worst} units at {at:e}");
}

#[test]
fn in_f32_exp_is_within_one_unit_and_exp_m1_within_two() {
    assert_close("exp", exp, f64::exp, 1.0, [0.0, f32::INFINITY]);
    assert_close("exp_m1", exp_m1, f64::exp_m1, 2.0, [-1.0, f32::INFINITY]);
}

#[test]
fn in_f32_tanh_and_the_sigmoid_are_within_two_units_and_their_ends() {
    assert_close("tanh", tanh, f64::tanh, 2.0, [-1.0, 1.0]);
    // In f64 e⁻ˣ does not overflow for an x of more than -709, below which the result is 0 in f32.
    assert_close("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 2.0, [0.0, 1.0]);
}

#[test]
fn in_f32_softplus_is_within_two_units() {
    assert_close("softplus", softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 2.0, [0.0, f32::INFINITY]);
}

#[test]
fn in_f32_the_normal_distribution_is_within_one_unit() {
    assert_close("normal_cdf", normal_cdf, |x| 0.5 * libm::erfc(-x * FRAC_1_SQRT_2), 1.0, [0.0, 1.0]);
    assert_close("normal_pdf", normal_pdf, |x| (-0.5 * x * x).exp() / (2.0 * PI).sqrt(), 1.0, [0.0, 0.4]);
}

/// Two activations that are made of these functions, where a plain formula loses digits.
#[test]
fn in_f32_erf_and_tanh_shrink_are_within_four_units() {
    assert_close("erf", Erf::apply, libm::erf, 4.0, [-1.0, 1.0]);
    // The power series, whose next term is 1e-14 of it at 0.1; above, 1e-16 of x is at most 3e-14 of x - tanh x.
    let exact = |x: f64| {
        let s = x * x;
        let series =
            1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0 - s * (62.0 / 2835.0 - s * 1382.0 / 155_925.0)));
        if x.abs() < 0.1 { x * s * (series - s.powi(5) * 21_844.0 / 6_081_075.0) } else { x - x.tanh() }
    };
    assert_close("tanh_shrink", TanhShrink::apply, exact, 4.0, [f32::NEG_INFINITY, f32::INFINITY]);
}

/// Relative; and a subnormal result is a rounding of the smallest number off.
#[test]
fn in_f64_all_are_within_a_few_roundings_of_sixty_digits() {
    let mut fixture: BTreeMap<String, Vec<Case>> =
        serde_json::from_str(include_str!("../fixtures/elementary.json")).unwrap();
    let functions: [Named; 7] = [
        ("exp", exp),
        ("exp_m1", exp_m1),
        ("tanh", tanh),
        ("sigmoid", sigmoid),
        ("softplus", softplus),
        ("normal_cdf", normal_cdf),
        ("normal_pdf", normal_pdf),
    ];
    for (name, function) in functions {
        let (mut worst, mut at) = (0.0, 0.0);
        for [x, expected] in fixture.remove(name).unwrap() {
            let [x, expected]: [f64; 2] = [x, expected].map(|number| number.parse().unwrap());
            let got = function(x);
            if got == expected {
                continue;
            }
            let subnormal = if expected.abs() < f64::MIN_POSITIVE { 5e-324 } else { 0.0 };
            let error = ((got - expected).abs() - subnormal) / expected.abs();
            if error > worst || error.is_nan() {
                (worst, at) = (error, x);
            }
        }
        println!("{name}: {worst:.2e} at {at:e}");
        // Five roundings of 1.1e-16 each; ten where two polynomials are divided.
        let most = if name.starts_with("normal") { 1.12e-15 } else { 5.6e-16 };
        assert!(worst > 0.0 && worst < most, "{name} is off by {worst:e} at {at:e}");
    }
    assert!(fixture.is_empty(), "not compared: {:?}", fixture.keys());
}

fn assert_ends<T: Real>() {
    let is = |name: &str, function: fn(T) -> T, table: &[(f64, f64)]| {
        for &(x, y) in table {
            let got = function(T::from_f64(x));
            assert_eq!(got, T::from_f64(y), "{name}({x})");
            assert_eq!(
                got.to_f64().is_sign_negative(),
                y.to_f64().is_sign_negative(),
                "the sign of {name}({x})"
            );
        }
        assert!(function(T::from_f64(f64::NAN)).to_f64().is_nan(), "{name}(NaN)");
    };
    let large = if T::EPSILON.to_f64() > 1e-10 { 3e38 } else { 1e308 };
    is(
        "exp",
        exp,
        &[(0.0, 1.0), (-0.0, 1.0), (-INFINITY, 0.0), (-large, 0.0), (large, INFINITY), (INFINITY, INFINITY)],
    );
    is(
        "exp_m1",
        exp_m1,
        &[
            (0.0, 0.0),
            (-0.0, -0.0),
            (-INFINITY, -1.0),
            (-large, -1.0),
            (large, INFINITY),
            (INFINITY, INFINITY),
        ],
    );
    is(
        "tanh",
        tanh,
        &[(0.0, 0.0), (-0.0, -0.0), (large, 1.0), (-large, -1.0), (INFINITY, 1.0), (-INFINITY, -1.0)],
    );
    is(
        "sigmoid",
        sigmoid,
        &[(0.0, 0.5), (-0.0, 0.5), (large, 1.0), (-large, 0.0), (INFINITY, 1.0), (-INFINITY, 0.0)],
    );
    is("softplus", softplus, &[(large, large), (-large, 0.0), (INFINITY, INFINITY), (-INFINITY, 0.0)]);
    is("normal_cdf", normal_cdf, &[(large, 1.0), (-large, 0.0), (INFINITY, 1.0), (-INFINITY, 0.0)]);
    is("normal_pdf", normal_pdf, &[(large, 0.0), (-large, 0.0), (INFINITY, 0.0), (-INFINITY, 0.0)]);
    // The smallest number there is: x is exp(x) - 1 and tanh x, to the last digit.
    let tiny = if T::EPSILON.to_f64() > 1e-10 { 1e-45 } else { 5e-324 };
    for function in [exp_m1, tanh] {
        is("at the smallest", function, &[(tiny, tiny), (-tiny, -tiny), (3.0 * tiny, 3.0 * tiny)]);
    }
}

#[test]
fn the_ends_are_exact_and_a_nan_stays_one() {
    assert_ends::<f32>();
    assert_ends::<f64>();
}
