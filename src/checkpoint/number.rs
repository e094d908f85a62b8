//! Numbers in a file: their scalars, their bytes, and their order.

use chainrule_parameters::Scalar;
use safetensors::Dtype;

use crate::kernel::Real;

/// Returns the name of a scalar in a file.
pub(super) fn dtype_of(scalar: Scalar) -> Dtype {
    match scalar {
        Scalar::F32 => Dtype::F32,
        Scalar::F64 => Dtype::F64,
    }
}

/// Returns whether every number of this scalar is exactly an `f64`.
pub(super) fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64)
}

/// Reads the element `at` of a tensor's bytes, exactly.
pub(super) fn read(dtype: Dtype, bytes: &[u8], at: usize) -> f64 {
    match dtype {
        Dtype::F64 => f64::from_le_bytes(take(bytes, at)),
        Dtype::F32 => f32::from_le_bytes(take(bytes, at)).into(),
        // A BF16 is the upper half of an f32.
        Dtype::BF16 => f32::from_bits(u32::from(u16::from_le_bytes(take(bytes, at))) << 16).into(),
        Dtype::F16 => half(u16::from_le_bytes(take(bytes, at))),
        _ => f64::NAN, // not a float: rejected before
    }
}

/// Appends a number in the scalar `T`.
pub(super) fn write<T: Real>(number: T, bytes: &mut Vec<u8>) {
    match dtype_of(T::SCALAR) {
        Dtype::F32 => bytes.extend((number.to_f64() as f32).to_le_bytes()),
        _ => bytes.extend(number.to_f64().to_le_bytes()),
    }
}

fn take<const K: usize>(bytes: &[u8], at: usize) -> [u8; K] {
    let mut taken = [0; K];
    taken.copy_from_slice(&bytes[at * K..][..K]);
    taken
}

/// Converts a binary16 of IEEE 754: a sign, 5 bits of exponent, 10 bits of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff) / 1024.0);
    let size = match exponent {
        0 => fraction * f64::powi(2.0, -14),
        0x1f if fraction > 0.0 => f64::NAN,
        0x1f => f64::INFINITY,
        _ => (1.0 + fraction) * f64::powi(2.0, i32::from(exponent) - 15),
    };
    if bits >> 15 == 0 { size } else { -size }
}

/// Returns the index of the element `at` of a tensor of this shape after the order of its sides is reversed (with two
/// sides: after it is transposed).
pub(super) fn reversed(shape: &[usize], at: usize) -> usize {
    let (mut rest, mut inner, mut stride, mut place) = (at, shape.iter().product::<usize>(), 1, 0);
    for side in shape {
        inner /= side;
        place += rest / inner * stride;
        rest %= inner;
        stride *= side;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversing_the_sides_of_a_matrix_transposes_it() {
        let places: Vec<_> = (0..6).map(|at| reversed(&[2, 3], at)).collect();
        assert_eq!(places, [0, 2, 4, 1, 3, 5]); // the numbers 0 1 2 | 3 4 5 become 0 3 | 1 4 | 2 5
    }

    #[test]
    fn reversing_three_sides_takes_index_ijk_to_kji() {
        let (a, b, c) = (2, 3, 4);
        for i in 0..a {
            for j in 0..b {
                for k in 0..c {
                    assert_eq!(reversed(&[a, b, c], (i * b + j) * c + k), (k * b + j) * a + i);
                }
            }
        }
    }

    #[test]
    fn half_precision_is_that_of_the_standard() {
        // IEEE 754-2019, binary16: one, the largest, the smallest normal and subnormal, a third, minus two, zeros.
        let table = [
            (0x3c00, 1.0),
            (0x7bff, 65504.0),
            (0x0400, 1.0 / 16384.0),
            (0x0001, 1.0 / 16_777_216.0),
            (0x03ff, 1023.0 / 16_777_216.0),
            (0x3555, 1365.0 / 4096.0),
            (0xc000, -2.0),
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ];
        for (bits, number) in table {
            assert_eq!(half(bits).to_bits(), f64::to_bits(number), "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
