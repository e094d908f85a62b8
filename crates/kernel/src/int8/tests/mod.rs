//! Each kernel equals a plain reference of gemmlowp's and TensorFlow Lite's formulas, to the bit.
//! (`tests/layers/tflite.rs` compares the layers with TensorFlow Lite itself.)

mod convolution;

use alloc::vec;
use alloc::vec::Vec;

use super::{Channel, Int32, Multiplier, Products, ScaledSum};
use crate::pool::Pooling;

/// `SaturatingRoundingDoublingHighMul` of gemmlowp's `fixedpoint.h`.
fn high_mul(a: i32, b: i32) -> i32 {
    if a == b && a == i32::MIN {
        return i32::MAX;
    }
    let ab = i64::from(a) * i64::from(b);
    let nudge = if ab >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    ((ab + nudge) / (1_i64 << 31)) as i32
}

/// `RoundingDivideByPOT`.
fn divide_by_pot(x: i32, exponent: i32) -> i32 {
    let mask = ((1_i64 << exponent) - 1) as i32;
    let remainder = x & mask;
    let threshold = (mask >> 1) + if x < 0 { 1 } else { 0 };
    (x >> exponent) + if remainder > threshold { 1 } else { 0 }
}

/// `MultiplyByQuantizedMultiplier`, with saturation where it is not defined.
fn requantize(x: i32, multiplier: i32, shift: i32) -> i32 {
    let (left, right) = if shift > 0 { (shift, 0) } else { (0, -shift) };
    let shifted = (i64::from(x) << left).clamp(i32::MIN.into(), i32::MAX.into()) as i32;
    divide_by_pot(high_mul(shifted, multiplier), right)
}

/// A sequence of random numbers: Knuth's generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as i32
    }

    /// Between -128 and 127; every fourth is one of the extremes.
    fn int8(&mut self) -> i8 {
        match self.next() & 7 {
            0 => i8::MIN,
            1 => i8::MAX,
            _ => self.next() as i8,
        }
    }

    fn many(&mut self, len: usize) -> Vec<i8> {
        (0..len).map(|_| self.int8()).collect()
    }

    /// A significand between 2^30 and 2^31, the largest one often, and an exponent.
    fn multiplier(&mut self, exponents: core::ops::Range<i32>) -> (i32, i32) {
        let significand = if self.next() & 3 == 0 { i32::MAX } else { self.next() & 0x3fff_ffff | 1 << 30 };
        (significand, exponents.start + self.next().rem_euclid(exponents.end - exponents.start))
    }
}

/// Channels whose outputs are often, but not always, between -128 and 127; with their numbers for the reference.
fn channels(random: &mut Random, count: usize) -> (Vec<Channel>, Vec<(i32, i32, i32)>) {
    let numbers: Vec<_> = (0..count)
        .map(|_| {
            let (significand, exponent) = random.multiplier(-12..-2);
            (random.next() >> 14, significand, exponent)
        })
        .collect();
    let channel = |&(bias, significand, exponent): &(i32, i32, i32)| Channel {
        bias: Int32::new(bias),
        multiplier: Multiplier::new(significand, exponent as i8),
    };
    (numbers.iter().map(channel).collect(), numbers)
}

#[test]
fn a_multiplier_rounds_as_the_reference() {
    let mut random = Random(1);
    let extremes = [0, 1, -1, 2, -2, i32::MAX, i32::MIN, i32::MAX - 1, i32::MIN + 1, 1 << 30, -(1 << 30)];
    for _ in 0..100_000 {
        let (significand, exponent) = random.multiplier(-31..31);
        let x = random.next() >> (random.next() & 31);
        for x in extremes.into_iter().chain([x]) {
            let y = Multiplier::new(significand, exponent as i8).apply(x);
            assert_eq!(y, requantize(x, significand, exponent), "{x} {significand} {exponent}");
        }
    }
    // The first rounding is half up, the second half away from zero.
    assert_eq!([1, 3, -1, -3].map(|x| Multiplier::of(0.5).apply(x)), [1, 2, 0, -1]);
    assert_eq!([2, 6, -2, -6].map(|x| Multiplier::of(0.25).apply(x)), [1, 2, -1, -2]);
}

#[test]
fn a_multiplier_is_the_nearest_one() {
    assert_eq!(Multiplier::of(1.0), Multiplier::new(1 << 30, 1));
    assert_eq!(Multiplier::of(0.75), Multiplier::new(3 << 29, 0));
    assert_eq!(Multiplier::of(1.0 - 1e-12), Multiplier::new(1 << 30, 1)); // rounded up to a power of 2
    assert_eq!(Multiplier::of(0.0), Multiplier::new(0, 0));
    assert_eq!(Multiplier::of(1e-30), Multiplier::new(0, 0));
    for large in [1e30, f64::INFINITY, f64::NAN] {
        assert_eq!(Multiplier::of(large), Multiplier::new(i32::MAX, 30));
    }
    let mut random = Random(2);
    for _ in 0..10_000 {
        let factor = f64::from(random.next() as u32) / 4e9 * libm::exp2(f64::from(random.next() % 12) - 8.0);
        let x = random.next() >> 12;
        let exact = factor * f64::from(x);
        let y = f64::from(Multiplier::of(factor).apply(x));
        // Half a unit for each of the two roundings, the first of which is of a number at least as large.
        assert!((y - exact).abs() <= 1.0 + exact.abs() * 1e-9, "{factor} * {x} = {exact}, and not {y}");
    }
}

#[test]
fn a_linear_map_is_that_of_the_reference() {
    let mut random = Random(3);
    for (inputs, outputs) in [(1, 1), (3, 5), (16, 7), (33, 10), (400, 12), (1025, 3)] {
        let (weights, x) = (random.many(inputs * outputs), random.many(inputs));
        let (channels, numbers) = channels(&mut random, outputs);
        let zero = random.int8();
        let products = Products { weights: &weights, channels: &channels, input_zero: 0, output_zero: zero };
        let mut y = vec![0; outputs];
        products.linear(&x, &mut y);
        for o in 0..outputs {
            let mut sum = numbers[o].0;
            for i in 0..inputs {
                sum += i32::from(weights[o * inputs + i]) * i32::from(x[i]);
            }
            let expected = (requantize(sum, numbers[o].1, numbers[o].2) + i32::from(zero)).clamp(-128, 127);
            assert_eq!(i32::from(y[o]), expected, "{inputs} {outputs}, output {o}");
        }
    }
}

#[test]
fn a_weight_for_each_channel_is_that_of_the_reference() {
    let mut random = Random(5);
    let (weights, x) = (random.many(3), random.many(3 * 4 * 2));
    let (channels, numbers) = channels(&mut random, 3);
    let products = Products { weights: &weights, channels: &channels, input_zero: 0, output_zero: -9 };
    let mut y = vec![0; x.len()];
    products.scale(4, &x, &mut y); // two rows of 3 channels, 4 numbers of each
    for (at, &y) in y.iter().enumerate() {
        let o = at / 4 % 3;
        let sum = numbers[o].0 + i32::from(weights[o]) * i32::from(x[at]);
        assert_eq!(i32::from(y), (requantize(sum, numbers[o].1, numbers[o].2) - 9).clamp(-128, 127));
    }
}

#[test]
fn pools_are_those_of_the_reference() {
    let mut random = Random(6);
    for (plane, window, stride, padding) in [
        ([6, 6], [2, 2], [2, 2], [0, 0]),
        ([7, 5], [3, 3], [2, 1], [1, 1]),
        ([9, 4], [4, 1], [3, 1], [0, 0]),
        ([13, 11], [13, 11], [1, 1], [0, 0]),
    ] {
        let places = [0, 1].map(|axis| (plane[axis] + 2 * padding[axis] - window[axis]) / stride[axis] + 1);
        let pooling = Pooling { plane, places, window, stride, padding };
        let (x, zero) = (random.many(2 * plane[0] * plane[1]), random.int8());
        let mut largest = vec![0; 2 * places[0] * places[1]];
        let mut mean = largest.clone();
        pooling.max_int8(&x, &mut largest);
        pooling.mean_int8(zero, &x, &mut mean);
        for at in 0..mean.len() {
            let (p, r, c) = (at / places[1] / places[0], at / places[1] % places[0], at % places[1]);
            let (mut max, mut sum) = (-128, 0);
            for m in 0..window[0] {
                for n in 0..window[1] {
                    let row = (r * stride[0] + m) as i32 - padding[0] as i32;
                    let column = (c * stride[1] + n) as i32 - padding[1] as i32;
                    if (0..plane[0] as i32).contains(&row) && (0..plane[1] as i32).contains(&column) {
                        let x = x[(p * plane[0] + row as usize) * plane[1] + column as usize];
                        (max, sum) = (max.max(x), sum + i32::from(x));
                    } else {
                        sum += i32::from(zero);
                    }
                }
            }
            let count = (window[0] * window[1]) as i32;
            // `reference_integer_ops::AveragePool`
            let mean_of_all = if sum > 0 { (sum + count / 2) / count } else { (sum - count / 2) / count };
            assert_eq!((largest[at], i32::from(mean[at])), (max, mean_of_all), "{plane:?}, place {at}");
        }
    }
}

#[test]
fn a_sum_is_that_of_the_reference() {
    let mut random = Random(7);
    for (s1, s2, out) in
        [(0.1, 0.1, 0.2), (0.02, 3.0, 2.9), (1.0, 0.001, 0.4), (0.5, 0.5, 1e-7), (1e-20, 1e-20, 1.0)]
    {
        let (z1, z2, z_out) = (random.int8(), random.int8(), random.int8());
        let sum = ScaledSum::of([(s1, z1), (s2, z2)], (out, z_out));
        let (mut y, x) = (random.many(1000), random.many(1000));
        let first = y.clone();
        sum.add(&x, &mut y);

        // The formulas of `ADD`.
        let parts = |factor: f64| {
            let (fraction, exponent) = libm::frexp(factor);
            let significand = libm::round(fraction * (1_i64 << 31) as f64) as i64;
            if significand == 1 << 31 { (1 << 30, exponent + 1) } else { (significand as i32, exponent) }
        };
        let twice = 2.0 * f64::max(s1, s2);
        let (m1, m2, m_out) = (parts(s1 / twice), parts(s2 / twice), parts(twice / ((1 << 20) as f64 * out)));
        let m_out = if m_out.1 < -31 { (0, 0) } else { m_out };
        for at in 0..1000 {
            let scaled =
                |x: i8, zero: i8, (m, shift)| requantize((i32::from(x) - i32::from(zero)) << 20, m, shift);
            let raw = scaled(first[at], z1, m1) + scaled(x[at], z2, m2);
            let expected = i64::from(requantize(raw, m_out.0, m_out.1)) + i64::from(z_out);
            assert_eq!(i64::from(y[at]), expected.clamp(-128, 127), "{s1} + {s2} = {out}");
        }
    }
}
