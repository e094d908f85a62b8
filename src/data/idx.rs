//! IDX, the format of MNIST: a big-endian header, then numbers of any type of the format (bytes, integers, floating
//! point). The file may be compressed by gzip.
//!
//! ```no_run
//! use chainrule::prelude::*;
//! use chainrule::data::idx;
//!
//! let (images, labels) = idx::pair::<28, 28, 10>("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")?;
//! # Ok::<(), chainrule::data::DataError>(())
//! ```
//!
//! [`Idx`] has settings for the memory limit and the progress.
//!
//! # Memory
//! The header and the length of the file determine the memory of the samples: 4 bytes for each label, and 4 bytes for
//! each pixel of an `Image<1, 28, 28>`. A compressed file may unpack to 1032 times its size, so a label may need only
//! 1/258 of a byte in the file. [`Idx::memory`] limits the memory; the limit is compared with the header before a
//! sample is read. While a file is read, at most a quarter more is reserved than has been read, so that a header with a
//! larger count than the file contains does not reserve memory for it. (While the vector of samples grows, the old and
//! the new one may exist together: at most twice the samples.) [`pair`] also compares the two headers before it reads
//! the samples, and [`stream`](fn@stream) has one sample in memory at a time.
//!
//! # Source
//! LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.

use std::path::{Path, PathBuf};

use chainrule_parameters::append_copies;

use super::DataError;
use super::idx_file::IdxFile;
use super::loading::{Loading, loading_methods, memory_method};
use super::stream::{self, Stream};
use crate::kernel::Real;
use crate::tensor::{Image, Label, Tensor};

/// An IDX file, and the settings for loading it.
///
/// ```no_run
/// use chainrule::data::idx::Idx;
/// use chainrule::prelude::*;
///
/// let labels: Vec<Label<10>> = Idx::new("labels.gz").memory(1 << 30).quiet().labels()?;
/// let spectra: Vec<Vector<512>> = Idx::new("spectra-idx2-float").read()?;
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
#[doc(alias = "MNIST")]
#[doc(alias = "Fashion-MNIST")]
#[doc(alias = "ubyte")]
pub struct Idx<'a> {
    path: PathBuf,
    loading: Loading<'a>,
}

impl<'a> Idx<'a> {
    /// Names the file. The methods that read it open it.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().into(), loading: Loading::default() }
    }

    loading_methods!('a);
    memory_method!();

    /// Reads images of bytes, and scales 0..255 to 0..1.
    ///
    /// # Errors
    /// [`DataError`] if the file is not an IDX file of images of `HEIGHT` x `WIDTH` bytes, is shorter or longer than
    /// its header says, or if its images take more [memory](Self::memory) than the limit.
    pub fn images<const HEIGHT: usize, const WIDTH: usize>(
        self,
    ) -> Result<Vec<Image<1, HEIGHT, WIDTH>>, DataError> {
        read_samples(IdxFile::images::<HEIGHT, WIDTH>(&self.path, self.loading)?, "image", 255.0)
    }

    /// Reads labels: bytes or integers in one dimension.
    ///
    /// # Errors
    /// The same as [`images`](Self::images). Also [`DataError`] for a number that is not a class below `CLASSES`.
    pub fn labels<const CLASSES: usize>(self) -> Result<Vec<Label<CLASSES>>, DataError> {
        read_labels(IdxFile::labels::<CLASSES>(&self.path, self.loading)?)
    }

    /// Reads samples of any type of numbers (bytes, signed bytes, integers of 2 and 4 bytes, floating point of 4 and 8
    /// bytes) without rescaling them. The first dimension is the number of samples. The others are the shape of a
    /// sample; sides of 1 are ignored in the comparison.
    ///
    /// # Errors
    /// The same as [`images`](Self::images). Also [`DataError::NonFinite`] for a NaN, an infinity, or a number too
    /// large for the scalar.
    pub fn read<X: Tensor>(self) -> Result<Vec<X>, DataError> {
        read_samples(IdxFile::samples::<X>(&self.path, self.loading)?, "sample", X::Scalar::from_f64(1.0))
    }
}

/// Reads the images of a file, and scales their bytes from 0..255 to 0..1: the short form of [`Idx::images`].
///
/// # Errors
/// The same as [`Idx::images`].
pub fn images<const HEIGHT: usize, const WIDTH: usize>(
    path: impl AsRef<Path>,
) -> Result<Vec<Image<1, HEIGHT, WIDTH>>, DataError> {
    Idx::new(path).images()
}

/// Reads the labels of a file: the short form of [`Idx::labels`].
///
/// # Errors
/// The same as [`Idx::labels`].
pub fn labels<const CLASSES: usize>(path: impl AsRef<Path>) -> Result<Vec<Label<CLASSES>>, DataError> {
    Idx::new(path).labels()
}

/// Reads samples of any type of numbers without rescaling them: the short form of [`Idx::read`].
///
/// # Errors
/// The same as [`Idx::read`].
pub fn read<X: Tensor>(path: impl AsRef<Path>) -> Result<Vec<X>, DataError> {
    Idx::new(path).read()
}

/// Reads the images of one file and the labels of another, one label for each image. The example of [`idx`](self) calls
/// it.
///
/// # Errors
/// The same as [`images`] and [`labels`]. Also [`DataError::Counts`] if the numbers of images and labels differ.
#[allow(clippy::type_complexity)]
pub fn pair<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize>(
    images_path: impl AsRef<Path>,
    labels_path: impl AsRef<Path>,
) -> Result<(Vec<Image<1, HEIGHT, WIDTH>>, Vec<Label<CLASSES>>), DataError> {
    let (images_path, labels_path) = (images_path.as_ref(), labels_path.as_ref());
    let (images, labels) = open_pair::<HEIGHT, WIDTH, CLASSES>(images_path, labels_path, None)?;
    Ok((read_samples(images, "image", 255.0)?, read_labels(labels)?))
}

/// Reads the same files as [`pair`], but returns a [`Stream`], which has one sample in memory at a time.
///
/// # Errors
/// The same as [`pair`]. Errors in the headers are returned here, later ones by the stream.
///
/// # Examples
/// ```no_run
/// use chainrule::data::{idx, stream};
///
/// let pairs = idx::stream::<28, 28, 10>("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")?;
/// let mut batches = stream::batches(pairs, 64)?;
/// while let Some((images, labels)) = batches.next()? {
///     assert_eq!(images.len(), labels.len());
/// }
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
pub fn stream<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize>(
    images_path: impl AsRef<Path>,
    labels_path: impl AsRef<Path>,
) -> Result<Pairs<HEIGHT, WIDTH, CLASSES>, DataError> {
    let (images_path, labels_path) = (images_path.as_ref(), labels_path.as_ref());
    let any_memory = Some(u64::MAX); // the samples are not in memory at once
    let (images, labels) = open_pair::<HEIGHT, WIDTH, CLASSES>(images_path, labels_path, any_memory)?;
    Ok(Pairs { images, labels, image: bytemuck::zeroed_box(), done: false })
}

/// Images with their labels, read one pair at a time. The function [`stream`](fn@stream) creates it; its example reads
/// one. It ends after an error.
pub struct Pairs<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize> {
    images: IdxFile<'static>,
    labels: IdxFile<'static>,
    /// The image that was read last.
    image: Box<Image<1, HEIGHT, WIDTH>>,
    done: bool,
}

impl<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize> Stream for Pairs<HEIGHT, WIDTH, CLASSES> {
    type Input = Image<1, HEIGHT, WIDTH>;
    type Target = Label<CLASSES>;

    fn append_next(
        &mut self,
        images: &mut Vec<Self::Input>,
        labels: &mut Vec<Self::Target>,
    ) -> Result<bool, DataError> {
        if core::mem::replace(&mut self.done, true) {
            return Ok(false);
        }
        let any = self.images.next_sample("image", &mut *self.image, 255.0)?;
        if let (true, Some(label)) = (any, self.labels.next_label()?) {
            append_copies(images, core::slice::from_ref(&*self.image));
            labels.push(label);
            self.done = false;
        }
        Ok(!self.done)
    }
}

impl<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize> IntoIterator
    for Pairs<HEIGHT, WIDTH, CLASSES>
{
    type Item = Result<(Image<1, HEIGHT, WIDTH>, Label<CLASSES>), DataError>;
    type IntoIter = stream::Pairs<Self>;

    fn into_iter(self) -> stream::Pairs<Self> {
        stream::Pairs::new(self)
    }
}

/// Opens two files, and checks that their headers have the same count.
fn open_pair<const HEIGHT: usize, const WIDTH: usize, const CLASSES: usize>(
    images_path: &Path,
    labels_path: &Path,
    memory: Option<u64>,
) -> Result<(IdxFile<'static>, IdxFile<'static>), DataError> {
    let loading = || Loading { memory, ..Loading::default() };
    let images = IdxFile::images::<HEIGHT, WIDTH>(images_path, loading())?;
    let labels = IdxFile::labels::<CLASSES>(labels_path, loading())?;
    if images.count != labels.count {
        return Err(DataError::Counts {
            images_path: images_path.into(),
            images: images.count as usize,
            labels_path: labels_path.into(),
            labels: labels.count as usize,
        });
    }
    Ok((images, labels))
}

fn read_samples<X: Tensor>(mut file: IdxFile<'_>, item: &str, unit: X::Scalar) -> Result<Vec<X>, DataError> {
    let (mut samples, mut sample) = (Vec::new(), bytemuck::zeroed_box::<X>());
    while file.next_sample(item, &mut *sample, unit)? {
        file.reserve(&mut samples);
        append_copies(&mut samples, core::slice::from_ref(&*sample));
    }
    Ok(samples)
}

fn read_labels<const CLASSES: usize>(mut file: IdxFile<'_>) -> Result<Vec<Label<CLASSES>>, DataError> {
    let mut labels = Vec::new();
    while let Some(label) = file.next_label()? {
        file.reserve(&mut labels);
        labels.push(label);
    }
    Ok(labels)
}
