//! `.npy`, the format of NumPy's `save` and `load`: one array of samples. The first dimension is the number of samples.
//!
//! ```
//! use chainrule::data::npy;
//! use chainrule::prelude::*;
//!
//! # let path = std::env::temp_dir().join(format!("chainrule-{}.npy", std::process::id()));
//! let images = vec![Image::<1, 2, 2>([[[0.0, 0.25], [0.5, 1.0]]]); 3];
//! npy::write(&path, &images)?; // numpy.load(path).shape == (3, 1, 2, 2)
//! assert_eq!(npy::read::<Image<1, 2, 2>>(&path)?, images);
//! # let _ = std::fs::remove_file(&path);
//! # Ok::<(), chainrule::data::DataError>(())
//! ```
//!
//! The shape of an array is the number of samples, then the shape of a sample: `(3, 1, 2, 2)` for three
//! `Image<1, 2, 2>`. (For a `Vector<1>`, both `(3,)` and `(3, 1)` are accepted.) The array may be in C or Fortran
//! order, and in either byte order. Its numbers may be floating point (`f2`, `f4`, `f8`, and `V2`, the type that NumPy
//! saves for the `bfloat16` of ml_dtypes), integers (`i1` to `i8`, `u1` to `u8`) or booleans. Each number is converted
//! to the nearest number of the sample's scalar type; nothing is rescaled.
//!
//! # Source
//! NumPy enhancement proposal 1 and `numpy.lib.format`, versions 1.0 to 3.0 of the format.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::npy_header::Header;
use super::{DataError, npy_header};
use crate::kernel::Real;
use crate::tensor::{Label, Tensor, Vector};

/// Reads the samples of a file. The example of [`npy`](self) calls it.
///
/// # Errors
/// [`DataError`] if the file is not a complete array of samples of this shape, or contains a NaN, an infinity, or a
/// number too large for the scalar. The header is compared with the length of the file before anything is allocated.
#[doc(alias = "numpy.load")]
pub fn read<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    open(path.as_ref())?.read()
}

/// Reads the class indices of a file: an array of integers of shape `(samples,)`. The example of [`write_labels`] reads
/// one.
///
/// # Errors
/// The same as [`read`]. Also [`DataError::Class`] for a number that is not a class index.
pub fn labels<const CLASSES: usize>(path: impl AsRef<Path>) -> Result<Vec<Label<CLASSES>>, DataError> {
    open(path.as_ref())?.labels()
}

/// Writes samples as an array of shape `(samples.len(), ..SHAPE)` in C order, of type `f4` or `f8`. An existing file is
/// replaced. The example of [`npy`](self) calls it.
///
/// # Errors
/// [`DataError::Io`].
#[doc(alias = "numpy.save")]
pub fn write<X: Tensor>(path: impl AsRef<Path>, samples: &[X]) -> Result<(), DataError> {
    let header = npy_header::bytes(&format!("f{}", size_of::<X::Scalar>()), samples.len(), X::SHAPE);
    write_file(path.as_ref(), &header, bytemuck::must_cast_slice(X::flat(samples)))
}

/// Writes class indices as an array of integers (`i8`) of shape `(labels.len(),)`. An existing file is replaced.
///
/// ```
/// use chainrule::data::npy;
/// use chainrule::prelude::*;
///
/// # let path = std::env::temp_dir().join(format!("chainrule-labels-{}.npy", std::process::id()));
/// let labels: Vec<Label<3>> = Label::all().collect();
/// npy::write_labels(&path, &labels)?; // numpy.load(path).tolist() == [0, 1, 2]
/// assert_eq!(npy::labels::<3>(&path)?, labels);
/// # let _ = std::fs::remove_file(&path);
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// # Errors
/// [`DataError::Io`].
pub fn write_labels<const CLASSES: usize>(
    path: impl AsRef<Path>,
    labels: &[Label<CLASSES>],
) -> Result<(), DataError> {
    let indices: Vec<i64> = labels.iter().map(|label| label.index() as i64).collect();
    let header = npy_header::bytes("i8", labels.len(), &[]);
    write_file(path.as_ref(), &header, bytemuck::must_cast_slice(&indices))
}

fn write_file(path: &Path, header: &[u8], numbers: &[u8]) -> Result<(), DataError> {
    let write = || -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(header)?;
        file.write_all(numbers)
    };
    write().map_err(|source| DataError::Io { path: path.into(), source })
}

/// Reads a file's header.
fn open(path: &Path) -> Result<Array<'_, BufReader<File>>, DataError> {
    let open = || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok((BufReader::new(file), length))
    };
    let (bytes, length) = open().map_err(|source| DataError::Io { path: path.into(), source })?;
    Array::open(path, bytes, length)
}

/// An array whose header has been read. It is a file, or a part of one.
pub(super) struct Array<'a, R> {
    path: &'a Path,
    header: Header,
    bytes: R,
    /// The number of bytes, including the header.
    length: u64,
}

impl<'a, R: Read> Array<'a, R> {
    pub(super) fn open(path: &'a Path, mut bytes: R, length: u64) -> Result<Self, DataError> {
        let header = Header::read(path, &mut bytes)?;
        Ok(Self { path, header, bytes, length })
    }

    /// Returns the largest number of elements that the length allows.
    #[cfg(feature = "npz")]
    pub(super) fn numbers(&self) -> u64 {
        self.length / self.header.number.size() as u64
    }

    pub(super) fn labels<const CLASSES: usize>(self) -> Result<Vec<Label<CLASSES>>, DataError> {
        let path = self.path;
        if self.header.number.is_floating() {
            let (field, expected) = ("type", "one of whole numbers, i1 to i8 or u1 to u8".into());
            return Err(DataError::Header { path: path.into(), field, expected, found: self.header.descr });
        }
        let label = |(index, &Vector([value])): (usize, &Vector<1, f64>)| {
            // The cast of a negative number is 0. The comparison distinguishes it from a real 0.
            let label = Label::new(value as usize).ok().filter(|label| label.index() as f64 == value);
            label.ok_or(DataError::Class { path: path.into(), index, value, classes: CLASSES })
        };
        self.read::<Vector<1, f64>>()?.iter().enumerate().map(label).collect()
    }

    pub(super) fn read<X: Tensor>(mut self) -> Result<Vec<X>, DataError> {
        let samples = check_shape::<X>(self.path, &self.header.shape)?;
        self.check_length::<X>(samples)?;
        let mut array: Vec<X> = bytemuck::zeroed_vec(samples);
        if self.header.fortran_order {
            for turned in 0..X::LEN {
                let element = c_order(turned, X::SHAPE);
                for sample in 0..samples {
                    self.number(sample, element, &mut array)?;
                }
            }
        } else {
            for sample in 0..samples {
                for element in 0..X::LEN {
                    self.number(sample, element, &mut array)?;
                }
            }
        }
        self.end(samples)?;
        Ok(array)
    }

    /// Reads the next number into this element of this sample.
    fn number<X: Tensor>(&mut self, sample: usize, element: usize, array: &mut [X]) -> Result<(), DataError> {
        let mut buffer = [0; 8];
        let bytes = &mut buffer[..self.header.number.size()];
        self.bytes.read_exact(bytes).map_err(|source| DataError::Io { path: self.path.into(), source })?;
        let value = self.header.number.decode(bytes);
        let place = &mut array[sample].as_mut_slice()[element];
        *place = X::Scalar::from_f64(value);
        let (path, finite) = (self.path.into(), place.is_finite());
        if finite { Ok(()) } else { Err(DataError::NonFinite { path, sample, element, value }) }
    }

    /// Checks that the number of bytes is the one that follows from the header.
    fn check_length<X: Tensor>(&self, samples: usize) -> Result<(), DataError> {
        let there = u128::from(self.length.saturating_sub(self.header.length));
        let sample = X::LEN as u128 * self.header.number.size() as u128;
        let path = self.path.into();
        match there.cmp(&(samples as u128 * sample)) {
            core::cmp::Ordering::Equal => Ok(()),
            core::cmp::Ordering::Greater => Err(DataError::Excess { path, count: samples }),
            core::cmp::Ordering::Less => {
                Err(DataError::Truncated { path, what: format!("sample {} of {samples}", there / sample) })
            }
        }
    }

    /// Checks that the array ends here. Reading to the end also verifies the checksum of a part of an archive.
    fn end(&mut self, count: usize) -> Result<(), DataError> {
        match self.bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(DataError::Excess { path: self.path.into(), count }),
            Err(source) => Err(DataError::Io { path: self.path.into(), source }),
        }
    }
}

/// Returns the number of samples, if each has the shape of an `X`.
fn check_shape<X: Tensor>(path: &Path, shape: &[u64]) -> Result<usize, DataError> {
    let sides: Vec<u64> = X::SHAPE.iter().map(|&side| side as u64).collect();
    if let [samples, sample @ ..] = shape
        && (sample == sides || (sample.is_empty() && sides == [1]))
        && let Ok(samples) = usize::try_from(*samples)
    {
        return Ok(samples);
    }
    let sides: String = sides.iter().map(|side| format!(", {side}")).collect();
    let (field, expected) = ("shape", format!("(samples{sides})"));
    Err(DataError::Header { path: path.into(), field, expected, found: npy_header::tuple(shape) })
}

/// Converts an index in Fortran order, where the first side varies fastest, to C order, where the last side does.
fn c_order(mut place: usize, shape: &[usize]) -> usize {
    shape.iter().fold(0, |c, &side| {
        let index = place % side;
        place /= side;
        c * side + index
    })
}
