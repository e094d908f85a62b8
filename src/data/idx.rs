//! IDX, the format of MNIST: a big-endian header and bytes; plain, or compressed by gzip.
//!
//! ```no_run
//! use chainrule::prelude::*;
//! use chainrule::data::idx;
//!
//! let (images, labels) = idx::pair::<28, 28, 10>("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")?;
//! # Ok::<(), chainrule::data::DataError>(())
//! ```
//!
//! # Source
//! LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bytemuck::Zeroable;
use flate2::bufread::MultiGzDecoder;

use super::DataError;
use crate::tensor::{Image, Label};

/// "Unsigned bytes in one dimension".
const LABELS: u32 = 0x0801;
/// "Unsigned bytes in three dimensions".
const IMAGES: u32 = 0x0803;

/// The images of a file, with their bytes 0..255 scaled to 0..1.
///
/// # Errors
/// [`DataError`], when the file is not an IDX file of images of `HEIGHT` x `WIDTH`, whole and no longer.
pub fn images<const HEIGHT: usize, const WIDTH: usize>(
    path: impl AsRef<Path>,
) -> Result<Vec<Image<1, HEIGHT, WIDTH>>, DataError> {
    let mut file = IdxFile::open(path.as_ref(), IMAGES)?;
    let count = file.number("number of images")?;
    file.check_side("number of rows", HEIGHT)?;
    file.check_side("number of columns", WIDTH)?;
    let mut images = Vec::new();
    let mut bytes = [[0; WIDTH]; HEIGHT];
    for index in 0..count as usize {
        file.fill(bytes.as_flattened_mut(), || format!("image {index} of {count}"))?;
        let mut image = Image::zeroed();
        for (pixel, &byte) in
            image.0.as_flattened_mut().as_flattened_mut().iter_mut().zip(bytes.as_flattened())
        {
            *pixel = f32::from(byte) / 255.0;
        }
        images.push(image);
    }
    file.end(count)?;
    Ok(images)
}

/// The labels of a file.
///
/// # Errors
/// [`DataError`], when the file is not an IDX file of labels, whole and no longer, each below `CLASSES`.
pub fn labels<const CLASSES: usize>(path: impl AsRef<Path>) -> Result<Vec<Label<CLASSES>>, DataError> {
    let mut file = IdxFile::open(path.as_ref(), LABELS)?;
    let count = file.number("number of labels")?;
    let mut labels = Vec::new();
    for index in 0..count as usize {
        let mut byte = [0];
        file.fill(&mut byte, || format!("label {index} of {count}"))?;
        let label = Label::new(byte[0].into());
        labels.push(label.map_err(|source| DataError::Label { path: file.path.clone(), index, source })?);
    }
    file.end(count)?;
    Ok(labels)
}

/// The images of one file and the labels of another, one for each.
///
/// # Errors
/// As [`images`] and [`labels`], and [`DataError::Counts`].
#[allow(clippy::type_complexity)]
pub fn pair<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize>(
    images_path: impl AsRef<Path>,
    labels_path: impl AsRef<Path>,
) -> Result<(Vec<Image<1, HEIGHT, WIDTH>>, Vec<Label<CLASSES>>), DataError> {
    let (images_path, labels_path) = (images_path.as_ref(), labels_path.as_ref());
    let (images, labels) = (images(images_path)?, labels(labels_path)?);
    if images.len() != labels.len() {
        return Err(DataError::Counts {
            images_path: images_path.into(),
            images: images.len(),
            labels_path: labels_path.into(),
            labels: labels.len(),
        });
    }
    Ok((images, labels))
}

/// A file past its magic number.
struct IdxFile {
    path: PathBuf,
    bytes: Box<dyn Read>,
}

impl IdxFile {
    fn open(path: &Path, magic: u32) -> Result<Self, DataError> {
        let failed = |source| DataError::Io { path: path.into(), source };
        let mut plain = BufReader::new(File::open(path).map_err(failed)?);
        let compressed = plain.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
        let bytes: Box<dyn Read> =
            if compressed { Box::new(BufReader::new(MultiGzDecoder::new(plain))) } else { Box::new(plain) };
        let mut file = Self { path: path.into(), bytes };
        let found = file.number("magic number")?;
        file.check("magic number", magic, found)?;
        Ok(file)
    }

    fn number(&mut self, field: &'static str) -> Result<u32, DataError> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, || format!("the {field}"))?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn check_side(&mut self, field: &'static str, side: usize) -> Result<(), DataError> {
        let found = self.number(field)?;
        // A side that is no u32 is that of no file.
        self.check(field, u32::try_from(side).unwrap_or(u32::MAX), found)
    }

    fn check(&self, field: &'static str, expected: u32, found: u32) -> Result<(), DataError> {
        if found == expected {
            return Ok(());
        }
        Err(DataError::Header { path: self.path.clone(), field, expected, found })
    }

    fn fill(&mut self, bytes: &mut [u8], what: impl Fn() -> String) -> Result<(), DataError> {
        self.bytes.read_exact(bytes).map_err(|source| {
            let path = self.path.clone();
            match source.kind() {
                ErrorKind::UnexpectedEof => DataError::Truncated { path, what: what() },
                _ => DataError::Io { path, source },
            }
        })
    }

    /// Nothing may follow; and the checksum of a compressed file is only looked at when it is read to its end.
    fn end(&mut self, count: u32) -> Result<(), DataError> {
        match self.bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(DataError::Excess { path: self.path.clone(), count: count as usize }),
            Err(source) => Err(DataError::Io { path: self.path.clone(), source }),
        }
    }
}
