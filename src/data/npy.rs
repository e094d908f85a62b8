//! `.npy`, the format of NumPy's `save` and `load`: one array of samples, whose first side counts the samples.
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
//! `Image<1, 2, 2>` (for a `Vector<1>`, `(3,)` is accepted as well as `(3, 1)`). It may be in C or Fortran order, of
//! either endianness, of floating point numbers (`f4`, `f8`), integers (`i1` to `i8`, `u1` to `u8`) or booleans. Each
//! number is converted to the nearest one of the sample's scalar; nothing is rescaled.
//!
//! # Source
//! NumPy enhancement proposal 1 and `numpy.lib.format`, versions 1.0 to 3.0 of the format.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::npy_header::Header;
use super::{DataError, npy_header};
use crate::kernel::Real;
use crate::tensor::{Label, Tensor, Vector};

/// Reads the samples of a file.
///
/// # Errors
/// [`DataError`], when the file is not a complete array of samples of this shape, or has a NaN or an infinity, or a
/// number too large for the scalar. The header must agree with the file's length before anything is allocated.
pub fn read<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    let path = path.as_ref();
    let (header, bytes) = open(path)?;
    read_array(path, &header, bytes)
}

/// Reads the class indices of a file: an array of integers of shape `(samples,)`.
///
/// # Errors
/// As [`read`], and [`DataError::Class`] for a number that is not a class index.
pub fn labels<const CLASSES: usize>(path: impl AsRef<Path>) -> Result<Vec<Label<CLASSES>>, DataError> {
    let path = path.as_ref();
    let (header, bytes) = open(path)?;
    if header.number.is_floating() {
        let (field, expected, found) = ("type", "one of whole numbers, i1 to i8 or u1 to u8", &header.descr);
        return Err(DataError::Header {
            path: path.into(),
            field,
            expected: expected.into(),
            found: found.clone(),
        });
    }
    let label = |(index, &Vector([value])): (usize, &Vector<1, f64>)| {
        // The cast of a negative number is 0, which the comparison tells from a real 0.
        let label = Label::new(value as usize).ok().filter(|label| label.index() as f64 == value);
        label.ok_or(DataError::Class { path: path.into(), index, value, classes: CLASSES })
    };
    read_array::<Vector<1, f64>>(path, &header, bytes)?.iter().enumerate().map(label).collect()
}

/// Writes samples as an array of shape `(samples.len(), ..SHAPE)` in C order, of `f4` or `f8`. An existing file is
/// replaced.
///
/// # Errors
/// [`DataError::Io`].
pub fn write<X: Tensor>(path: impl AsRef<Path>, samples: &[X]) -> Result<(), DataError> {
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(&path)?);
        file.write_all(&npy_header::bytes(size_of::<X::Scalar>(), samples.len(), X::SHAPE))?;
        file.write_all(bytemuck::must_cast_slice(X::flat(samples)))?;
        file.flush()
    };
    write().map_err(|source| DataError::Io { path: path.as_ref().into(), source })
}

/// Reads a file's header. Returns it with the rest of the file.
fn open(path: &Path) -> Result<(Header, BufReader<File>), DataError> {
    let file = File::open(path).map_err(|source| DataError::Io { path: path.into(), source })?;
    let mut bytes = BufReader::new(file);
    let header = Header::read(path, &mut bytes)?;
    Ok((header, bytes))
}

fn read_array<X: Tensor>(
    path: &Path,
    header: &Header,
    mut bytes: BufReader<File>,
) -> Result<Vec<X>, DataError> {
    let samples = check_shape::<X>(path, &header.shape)?;
    check_length::<X>(path, header, samples, &bytes)?;
    let mut array: Vec<X> = bytemuck::zeroed_vec(samples);
    let number = |sample: usize, element: usize, array: &mut [X], bytes: &mut BufReader<File>| {
        let mut buffer = [0; 8];
        let read = bytes.read_exact(&mut buffer[..header.number.size()]);
        read.map_err(|source| DataError::Io { path: path.into(), source })?;
        let value = header.number.decode(buffer);
        let place = &mut array[sample].as_mut_slice()[element];
        *place = X::Scalar::from_f64(value);
        let (path, finite) = (path.into(), place.is_finite());
        if finite { Ok(()) } else { Err(DataError::NonFinite { path, sample, element, value }) }
    };
    if header.fortran_order {
        for turned in 0..X::LEN {
            let element = c_order(turned, X::SHAPE);
            for sample in 0..samples {
                number(sample, element, &mut array, &mut bytes)?;
            }
        }
    } else {
        for sample in 0..samples {
            for element in 0..X::LEN {
                number(sample, element, &mut array, &mut bytes)?;
            }
        }
    }
    Ok(array)
}

/// Returns the number of samples, when each has the shape of an `X`.
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

/// Checks that the file is as long as the header claims.
fn check_length<X: Tensor>(
    path: &Path,
    header: &Header,
    samples: usize,
    bytes: &BufReader<File>,
) -> Result<(), DataError> {
    let length =
        bytes.get_ref().metadata().map_err(|source| DataError::Io { path: path.into(), source })?.len();
    let there = u128::from(length.saturating_sub(header.length));
    let sample = X::LEN as u128 * header.number.size() as u128;
    let path = path.into();
    match there.cmp(&(samples as u128 * sample)) {
        core::cmp::Ordering::Equal => Ok(()),
        core::cmp::Ordering::Greater => Err(DataError::Excess { path, count: samples }),
        core::cmp::Ordering::Less => {
            Err(DataError::Truncated { path, what: format!("sample {} of {samples}", there / sample) })
        }
    }
}

/// Converts an index in Fortran order, where the first side runs fastest, to one in C order, where the last does.
fn c_order(mut place: usize, shape: &[usize]) -> usize {
    shape.iter().fold(0, |c, &side| {
        let index = place % side;
        place /= side;
        c * side + index
    })
}
