//! The format of numbers in the page: JSON with four significant digits in a flow, and 24 bits each for recorded steps.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

/// Returns a number in JSON, which has no NaN and no infinities: these become texts that JavaScript's `Number` reads.
pub(super) fn number(x: f64) -> Number {
    if x.is_finite() {
        Number::Finite(x)
    } else if x.is_nan() {
        Number::Other("NaN")
    } else {
        Number::Other(if x > 0.0 { "Infinity" } else { "-Infinity" })
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Number {
    Finite(f64),
    Other(&'static str),
}

/// Rounds to four significant digits.
pub(super) fn short(x: f64) -> Number {
    number(if x.is_finite() { format!("{x:.3e}").parse().unwrap_or(x) } else { x })
}

/// Rounds to seven significant digits, since a loss may change little.
pub(super) fn loss(x: f64) -> Number {
    number(if x.is_finite() { format!("{x:.6e}").parse().unwrap_or(x) } else { x })
}

pub(super) fn shorts(xs: impl IntoIterator<Item = Option<f64>>) -> Vec<Option<Number>> {
    xs.into_iter().map(|x| x.map(short)).collect()
}

pub(super) fn numbers<S: Serializer>(xs: &[f64], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(xs.iter().map(|x| number(*x)))
}

/// The value for a figure that was not measured. No figure has this value: norms are not negative.
const MISSING: f64 = f64::NEG_INFINITY;

/// Appends a number as four characters of base64: its sign, its exponent and 12 bits of its fraction. These are the
/// upper 24 bits of an `f64`, rounded. The relative error is at most 2⁻¹³, as with four significant digits.
pub(super) fn pack(x: Option<f64>, to: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let x = x.unwrap_or(MISSING);
    let bits = x.to_bits();
    let upper = if x.is_finite() { (bits + (1 << 39)) >> 40 } else { bits >> 40 };
    for at in [18, 12, 6, 0] {
        to.push(char::from(DIGITS[(upper >> at) as usize & 63]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(packed: &str) -> f64 {
        let digit = |c: u8| match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        f64::from_bits(packed.bytes().fold(0, |bits, c| bits << 6 | u64::from(digit(c))) << 40)
    }

    #[test]
    fn a_packed_number_has_four_significant_digits() {
        for exponent in -300..300 {
            for x in [1.0, 1.2345678, -9.9996, 5.55555] {
                let (x, mut packed) = (x * 10f64.powi(exponent), String::new());
                pack(Some(x), &mut packed);
                assert_eq!(packed.len(), 4);
                assert!((unpack(&packed) / x - 1.0).abs() <= 0.5f64.powi(13), "{x}: {}", unpack(&packed));
            }
        }
        let packed = |x| {
            let mut packed = String::new();
            pack(x, &mut packed);
            unpack(&packed)
        };
        assert_eq!((packed(Some(0.0)), packed(Some(f64::INFINITY))), (0.0, f64::INFINITY));
        assert_eq!(packed(None), MISSING);
        assert!(packed(Some(f64::NAN)).is_nan());
    }

    #[test]
    fn numbers_of_json_have_four_significant_digits_and_no_nan() {
        let xs = [2.512345, 1.23456e-31, 0.0, -1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let json = serde_json::to_string(&shorts(xs.map(Some))).unwrap();
        assert_eq!(json, r#"[2.512,1.235e-31,0.0,-1e+300,"NaN","Infinity","-Infinity"]"#);
    }
}
