//! Numbers with sides: the initializers of a file.

use chainrule_parameters::Scalar;

use crate::onnx::proto::TensorProto;

/// Returns ONNX's number of an element type.
pub(super) const fn element_type(scalar: Scalar) -> i32 {
    match scalar {
        Scalar::F32 => 1,
        Scalar::F64 => 11,
    }
}

/// ONNX's number of 64-bit integers.
pub(super) const INT64: i32 = 7;

/// Little-endian numbers in C order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array {
    pub(super) sides: Vec<usize>,
    pub(super) element_type: i32,
    pub(super) bytes: Vec<u8>,
}

impl Array {
    /// Converts numbers of `f64` to a scalar.
    pub(super) fn of(scalar: Scalar, sides: &[usize], numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut bytes = Vec::new();
        for number in numbers {
            match scalar {
                Scalar::F32 => bytes.extend((number as f32).to_le_bytes()),
                Scalar::F64 => bytes.extend(number.to_le_bytes()),
            }
        }
        Self { sides: sides.to_vec(), element_type: element_type(scalar), bytes }
    }

    /// Returns a list of whole numbers.
    pub(super) fn integers(numbers: &[i64]) -> Self {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Self { sides: vec![numbers.len()], element_type: INT64, bytes }
    }

    /// Returns the same numbers with other sides. The product of the sides must be the same.
    pub(super) fn reshape(self, sides: &[usize]) -> Self {
        Self { sides: sides.to_vec(), ..self }
    }

    /// Returns the numbers with the axes in this order.
    pub(super) fn transpose(self, axes: &[usize]) -> Self {
        let size = self.element_size();
        let mut strides = vec![1; self.sides.len()];
        for axis in (1..self.sides.len()).rev() {
            strides[axis - 1] = strides[axis] * self.sides[axis];
        }
        let sides: Vec<usize> = axes.iter().map(|&axis| self.sides[axis]).collect();
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut place = vec![0; sides.len()];
        for _ in 0..self.bytes.len() / size {
            let at: usize = place.iter().zip(axes).map(|(place, &axis)| place * strides[axis]).sum();
            bytes.extend_from_slice(&self.bytes[at * size..][..size]);
            for axis in (0..sides.len()).rev() {
                place[axis] += 1;
                if place[axis] < sides[axis] {
                    break;
                }
                place[axis] = 0;
            }
        }
        Self { sides, bytes, ..self }
    }

    /// Returns the parts along the first axis in this order.
    pub(super) fn take(self, order: &[usize]) -> Self {
        let part = self.bytes.len() / self.sides[0].max(1);
        let bytes = order.iter().flat_map(|&at| &self.bytes[at * part..][..part]).copied().collect();
        let sides = [&[order.len()], &self.sides[1..]].concat();
        Self { sides, bytes, ..self }
    }

    /// Joins two arrays along the first axis.
    pub(super) fn join(mut self, other: &Self) -> Self {
        self.sides[0] += other.sides[0];
        self.bytes.extend_from_slice(&other.bytes);
        self
    }

    fn element_size(&self) -> usize {
        if self.element_type == element_type(Scalar::F32) { 4 } else { 8 }
    }

    /// Returns the initializer of this name.
    pub(super) fn into_proto(self, name: String) -> TensorProto {
        TensorProto {
            dims: self.sides.iter().map(|&side| side as i64).collect(),
            data_type: Some(self.element_type),
            name: Some(name),
            raw_data: Some(self.bytes),
            ..TensorProto::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_and_parts_are_moved() {
        let array = Array::of(Scalar::F64, &[2, 3], (0..6).map(f64::from));
        let numbers = |array: &Array| -> Vec<f64> {
            array.bytes.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
        };
        let transposed = array.clone().transpose(&[1, 0]);
        assert_eq!(
            (&transposed.sides[..], &numbers(&transposed)[..]),
            (&[3, 2][..], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0][..])
        );
        let taken = transposed.take(&[2, 0]);
        assert_eq!((&taken.sides[..], &numbers(&taken)[..]), (&[2, 2][..], &[2.0, 5.0, 0.0, 3.0][..]));
        assert_eq!(numbers(&array.clone().reshape(&[6]).join(&array.reshape(&[6]))).len(), 12);
    }
}
