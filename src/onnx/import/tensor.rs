//! The tensors of a file: numbers with sides.

use super::fold::product;
use super::model::Reader;
use crate::onnx::OnnxError;
use crate::onnx::proto::TensorProto;

/// Numbers of the same type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    /// A single repeated number: an exporter fills the initial state of a recurrent layer with it.
    Filled(f64),
}

/// A tensor whose numbers are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) numbers: Numbers,
}

/// The largest number of axes of a tensor.
pub(super) const MOST_AXES: usize = 16;

/// The data types of ONNX that are read.
const FLOAT: i32 = 1;
const INT64: i32 = 7;
const DOUBLE: i32 = 11;

/// Returns the name of a data type of ONNX.
pub(super) fn type_name(kind: i32) -> String {
    const NAMES: [&str; 17] = [
        "undefined",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    let known = usize::try_from(kind).ok().and_then(|kind| NAMES.get(kind));
    known.map_or_else(|| format!("number {kind}"), |name| format!("`{name}`"))
}

impl Tensor {
    /// Reads a tensor of a file. Nothing is allocated before the length of its data is checked.
    pub(super) fn read(reader: &mut Reader<'_>, name: &str, proto: TensorProto) -> Result<Self, OnnxError> {
        let file = reader.file.clone();
        let kind = proto.data_type.unwrap_or(0);
        let size = match kind {
            FLOAT => 4,
            DOUBLE | INT64 => 8,
            _ => return Err(OnnxError::ElementType { file, tensor: name.into(), found: type_name(kind) }),
        };
        if proto.dims.len() > MOST_AXES {
            let reason = format!("`{name}` has {} axes, but at most {MOST_AXES} are read", proto.dims.len());
            return Err(OnnxError::NotOnnx { file, reason });
        }
        let mut dims = Vec::with_capacity(proto.dims.len());
        for (axis, &dim) in proto.dims.iter().enumerate() {
            let Ok(dim) = usize::try_from(dim) else {
                return Err(OnnxError::Dimension { file, value: name.into(), axis, found: dim.to_string() });
            };
            dims.push(dim);
        }
        let count = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
        let wrong = |found: usize, unit: &str| OnnxError::Length {
            file: file.clone(),
            tensor: name.into(),
            dims: proto.dims.clone(),
            expected: count
                .map_or_else(|| format!("more {unit} than fit"), |count| format!("{count} {unit}")),
            found,
        };
        let bytes = if proto.data_location == Some(1) {
            let expected =
                count.and_then(|count| count.checked_mul(size)).ok_or_else(|| wrong(0, "numbers"))?;
            Some(reader.external(name, &proto.external_data, expected)?)
        } else {
            proto.raw_data
        };
        let numbers = if let Some(bytes) = bytes {
            if count.and_then(|count| count.checked_mul(size)) != Some(bytes.len()) {
                return Err(wrong(bytes.len(), &format!("numbers of {size} bytes")));
            }
            match kind {
                FLOAT => Numbers::F32(elements(&bytes, f32::from_le_bytes)),
                DOUBLE => Numbers::F64(elements(&bytes, f64::from_le_bytes)),
                _ => Numbers::I64(elements(&bytes, i64::from_le_bytes)),
            }
        } else {
            match kind {
                FLOAT => Numbers::F32(proto.float_data),
                DOUBLE => Numbers::F64(proto.double_data),
                _ => Numbers::I64(proto.int64_data),
            }
        };
        let tensor = Self { dims, numbers };
        match tensor.stored() {
            found if Some(found) == count => Ok(tensor),
            found => Err(wrong(found, "numbers")),
        }
    }

    pub(super) fn scalar(numbers: Numbers) -> Self {
        Self { dims: Vec::new(), numbers }
    }

    pub(super) fn of_ints(ints: Vec<i64>) -> Self {
        Self { dims: vec![ints.len()], numbers: Numbers::I64(ints) }
    }

    /// Returns the number of elements in memory.
    pub(super) fn stored(&self) -> usize {
        match &self.numbers {
            Numbers::F32(numbers) => numbers.len(),
            Numbers::F64(numbers) => numbers.len(),
            Numbers::I64(numbers) => numbers.len(),
            Numbers::Filled(_) => 1,
        }
    }

    /// Returns the number of elements of the tensor. For a repeated number, it may be larger than any memory.
    pub(super) fn len(&self) -> usize {
        product(&self.dims)
    }

    /// Returns the element `at`, in memory order.
    pub(super) fn at(&self, at: usize) -> f64 {
        match &self.numbers {
            Numbers::F32(numbers) => numbers[at].into(),
            Numbers::F64(numbers) => numbers[at],
            Numbers::I64(numbers) => numbers[at] as f64,
            Numbers::Filled(number) => *number,
        }
    }

    /// Returns all numbers, if they are integers.
    pub(super) fn ints(&self) -> Option<&[i64]> {
        match &self.numbers {
            Numbers::I64(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// Returns the single number of the tensor, if it has only one.
    pub(super) fn one(&self) -> Option<f64> {
        (self.len() == 1 || matches!(self.numbers, Numbers::Filled(_)) && self.len() > 0).then(|| self.at(0))
    }

    /// Returns whether all elements are equal to `number`.
    pub(super) fn all(&self, number: f64) -> bool {
        self.len() > 0 && (0..self.stored()).all(|at| self.at(at) == number)
    }

    /// Returns the elements at these indices, with these sides.
    pub(super) fn pick(&self, dims: Vec<usize>, places: impl Iterator<Item = usize>) -> Self {
        let numbers = match &self.numbers {
            Numbers::F32(numbers) => Numbers::F32(places.map(|at| numbers[at]).collect()),
            Numbers::F64(numbers) => Numbers::F64(places.map(|at| numbers[at]).collect()),
            Numbers::I64(numbers) => Numbers::I64(places.map(|at| numbers[at]).collect()),
            Numbers::Filled(number) => Numbers::Filled(*number),
        };
        Self { dims, numbers }
    }

    /// Returns the same numbers with other sides, which have the same product.
    pub(super) fn reshaped(mut self, dims: Vec<usize>) -> Self {
        self.dims = dims;
        self
    }

    /// Returns the tensor with its axes in another order: the axis `i` of the result is the axis `order[i]` of this
    /// tensor.
    pub(super) fn permuted(&self, order: &[usize]) -> Self {
        let dims: Vec<usize> = order.iter().map(|&axis| self.dims[axis]).collect();
        let strides = strides(&self.dims);
        let steps: Vec<usize> = order.iter().map(|&axis| strides[axis]).collect();
        let count = if matches!(self.numbers, Numbers::Filled(_)) { 0 } else { self.len() };
        let place = |at: usize| {
            let (mut rest, mut place) = (at, 0);
            for (&dim, &step) in dims.iter().zip(&steps).rev() {
                place += rest % dim * step;
                rest /= dim;
            }
            place
        };
        self.pick(dims.clone(), (0..count).map(place))
    }

    /// Returns the transposed matrix.
    pub(super) fn transposed(&self) -> Self {
        self.permuted(&[1, 0])
    }

    /// Returns `f` of each number. The results are floats.
    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let numbers = match &self.numbers {
            Numbers::F32(numbers) => Numbers::F32(numbers.iter().map(|&x| f(x.into()) as f32).collect()),
            Numbers::F64(numbers) => Numbers::F64(numbers.iter().map(|&x| f(x)).collect()),
            Numbers::I64(numbers) => Numbers::I64(numbers.iter().map(|&x| f(x as f64) as i64).collect()),
            Numbers::Filled(number) => Numbers::Filled(f(*number)),
        };
        Self { dims: self.dims.clone(), numbers }
    }
}

/// Returns the distance in memory between neighbors along each axis.
pub(super) fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = usize::saturating_mul(strides[axis], dims[axis]);
    }
    strides
}

fn elements<const K: usize, T>(bytes: &[u8], read: impl Fn([u8; K]) -> T) -> Vec<T> {
    bytes.as_chunks::<K>().0.iter().map(|chunk| read(*chunk)).collect()
}
