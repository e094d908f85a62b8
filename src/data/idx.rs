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
//! # Memory
//! The samples in memory take 4 bytes for each pixel and each label, of as many as the header says and the file has:
//! while a file is read, at most a quarter more is reserved. A compressed file may unpack to 1032 times its size, so that
//! a label may cost 1/258 of a byte in the file. [`pair`] compares the two headers before it reads the samples, and
//! [`stream`] has one sample in memory at a time.
//!
//! # Source
//! LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::open::open;
use super::{DataError, push};
use crate::tensor::{Image, Label};

/// The magic number of "unsigned bytes in one dimension".
const LABELS: u32 = 0x0801;
/// The magic number of "unsigned bytes in three dimensions".
const IMAGES: u32 = 0x0803;
/// For how many samples memory is reserved at first.
const LEAST: usize = 16;

/// Reads the images of a file, with their bytes 0..255 scaled to 0..1.
///
/// # Errors
/// [`DataError`], when the file is not an IDX file of images of `HEIGHT` x `WIDTH`, or shorter or longer than its
/// header says.
pub fn images<const HEIGHT: usize, const WIDTH: usize>(
    path: impl AsRef<Path>,
) -> Result<Vec<Image<1, HEIGHT, WIDTH>>, DataError> {
    let mut file = IdxFile::images::<HEIGHT, WIDTH>(path.as_ref())?;
    let (mut images, mut image) = (Vec::new(), bytemuck::zeroed_box());
    while file.next_image(&mut image)? {
        file.reserve(&mut images);
        push(&mut images, &*image);
    }
    Ok(images)
}

/// Reads the labels of a file.
///
/// # Errors
/// [`DataError`], when the file is not an IDX file of labels below `CLASSES`, or shorter or longer than its header
/// says.
pub fn labels<const CLASSES: usize>(path: impl AsRef<Path>) -> Result<Vec<Label<CLASSES>>, DataError> {
    read_labels(IdxFile::labels(path.as_ref())?)
}

/// Reads the images of one file and the labels of another, one label for each image.
///
/// # Errors
/// As [`images`] and [`labels`], and [`DataError::Counts`].
#[allow(clippy::type_complexity)]
pub fn pair<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize>(
    images_path: impl AsRef<Path>,
    labels_path: impl AsRef<Path>,
) -> Result<(Vec<Image<1, HEIGHT, WIDTH>>, Vec<Label<CLASSES>>), DataError> {
    let (images_path, labels_path) = (images_path.as_ref(), labels_path.as_ref());
    let labels = IdxFile::labels(labels_path)?;
    let count = IdxFile::images::<HEIGHT, WIDTH>(images_path)?.count;
    check_counts(images_path, count as usize, labels_path, labels.count as usize)?;
    Ok((images(images_path)?, read_labels(labels)?))
}

fn read_labels<const CLASSES: usize>(mut file: IdxFile) -> Result<Vec<Label<CLASSES>>, DataError> {
    let mut labels = Vec::new();
    while let Some(label) = file.next_label()? {
        file.reserve(&mut labels);
        labels.push(label);
    }
    Ok(labels)
}

/// As [`pair`], but as an iterator, which has one sample in memory at a time.
///
/// # Errors
/// As [`pair`]: errors in the headers are returned here, later ones by the iterator.
pub fn stream<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize>(
    images_path: impl AsRef<Path>,
    labels_path: impl AsRef<Path>,
) -> Result<Pairs<HEIGHT, WIDTH, CLASSES>, DataError> {
    let images = IdxFile::images::<HEIGHT, WIDTH>(images_path.as_ref())?;
    let labels = IdxFile::labels(labels_path.as_ref())?;
    check_counts(&images.path, images.count as usize, &labels.path, labels.count as usize)?;
    Ok(Pairs { images, labels, image: bytemuck::zeroed_box(), done: false })
}

/// An iterator over images with their labels, which reads one pair at a time: see [`stream`]. It ends after an error.
pub struct Pairs<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize> {
    images: IdxFile,
    labels: IdxFile,
    /// The image that was read last.
    image: Box<Image<1, HEIGHT, WIDTH>>,
    done: bool,
}

impl<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize> Iterator
    for Pairs<HEIGHT, WIDTH, CLASSES>
{
    type Item = Result<(Image<1, HEIGHT, WIDTH>, Label<CLASSES>), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read =
            self.images.next_image(&mut self.image).and_then(|any| Ok((any, self.labels.next_label()?)));
        self.done = !matches!(read, Ok((true, Some(_))));
        match read {
            Err(error) => Some(Err(error)),
            Ok((any, label)) => label.filter(|_| any).map(|label| Ok((*self.image, label))),
        }
    }
}

fn check_counts(
    images_path: &Path,
    images: usize,
    labels_path: &Path,
    labels: usize,
) -> Result<(), DataError> {
    let (images_path, labels_path) = (images_path.into(), labels_path.into());
    if images == labels {
        Ok(())
    } else {
        Err(DataError::Counts { images_path, images, labels_path, labels })
    }
}

/// A file whose header has been read.
struct IdxFile {
    path: PathBuf,
    bytes: Box<dyn Read>,
    /// The bytes of an image.
    buffer: Vec<u8>,
    /// How many items the header promises, and how many of them have been read.
    count: u32,
    read: u32,
}

impl IdxFile {
    fn images<const HEIGHT: usize, const WIDTH: usize>(path: &Path) -> Result<Self, DataError> {
        let mut file = Self::open(path, IMAGES)?;
        file.count = file.number("number of images")?;
        file.check_side("number of rows", HEIGHT)?;
        file.check_side("number of columns", WIDTH)?;
        Ok(file)
    }

    fn labels(path: &Path) -> Result<Self, DataError> {
        let mut file = Self::open(path, LABELS)?;
        file.count = file.number("number of labels")?;
        Ok(file)
    }

    fn open(path: &Path, magic: u32) -> Result<Self, DataError> {
        let mut file = Self { path: path.into(), bytes: open(path)?, buffer: vec![], count: 0, read: 0 };
        let found = file.number("magic number")?;
        file.check("magic number", magic, found)?;
        Ok(file)
    }

    /// Reads the next image, if there is one.
    fn next_image<const HEIGHT: usize, const WIDTH: usize>(
        &mut self,
        image: &mut Image<1, HEIGHT, WIDTH>,
    ) -> Result<bool, DataError> {
        let mut bytes = core::mem::take(&mut self.buffer);
        bytes.resize(HEIGHT * WIDTH, 0);
        let any = self.next("image", &mut bytes)?.is_some();
        if any {
            let pixels = image.0.as_flattened_mut().as_flattened_mut();
            for (pixel, &byte) in pixels.iter_mut().zip(&bytes) {
                *pixel = f32::from(byte) / 255.0;
            }
        }
        self.buffer = bytes;
        Ok(any)
    }

    /// Makes room for a sample that has been read: for at most a quarter more than have been read, and not for more than
    /// the header says.
    fn reserve<S>(&self, samples: &mut Vec<S>) {
        if samples.len() == samples.capacity() {
            let left = (self.count as usize).saturating_sub(samples.len());
            samples.reserve_exact((samples.len() / 4).max(LEAST).min(left.max(1)));
        }
    }

    fn next_label<const CLASSES: usize>(&mut self) -> Result<Option<Label<CLASSES>>, DataError> {
        let mut byte = [0];
        let Some(index) = self.next("label", &mut byte)? else { return Ok(None) };
        let label = Label::new(byte[0].into());
        label.map(Some).map_err(|source| DataError::Label { path: self.path.clone(), index, source })
    }

    /// Returns the bytes of the next item, and its index.
    fn next(&mut self, item: &str, bytes: &mut [u8]) -> Result<Option<usize>, DataError> {
        let (read, count) = (self.read, self.count);
        if read == count {
            return self.end().map(|()| None);
        }
        self.fill(bytes, || format!("{item} {read} of {count}"))?;
        self.read += 1;
        Ok(Some(read as usize))
    }

    fn number(&mut self, field: &'static str) -> Result<u32, DataError> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, || format!("the {field}"))?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn check_side(&mut self, field: &'static str, side: usize) -> Result<(), DataError> {
        let found = self.number(field)?;
        // The sides of a file are u32: a larger one cannot match.
        self.check(field, u32::try_from(side).unwrap_or(u32::MAX), found)
    }

    fn check(&self, field: &'static str, expected: u32, found: u32) -> Result<(), DataError> {
        if found == expected {
            return Ok(());
        }
        let (expected, found) = (expected.to_string(), found.to_string());
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

    /// Checks that nothing follows. Reading to the end also checks the checksum of a compressed file.
    fn end(&mut self) -> Result<(), DataError> {
        match self.bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(DataError::Excess { path: self.path.clone(), count: self.count as usize }),
            Err(source) => Err(DataError::Io { path: self.path.clone(), source }),
        }
    }
}
