//! `.npz`, NumPy's archive of arrays: the format of `savez` and `savez_compressed`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::DataError;
use super::bad_cell::list;
use super::memory::check_memory;
use super::npy::Array;
use crate::tensor::{Label, Tensor};

/// An archive of NumPy arrays, stored or compressed. Each array has a name.
///
/// ```no_run
/// use chainrule::data::{Dataset, npz::Npz};
/// use chainrule::prelude::*;
///
/// let mut archive = Npz::open("mnist.npz")?; // numpy.savez("mnist.npz", x_train=.., y_train=..)
/// let images: Vec<Image<1, 28, 28>> = archive.read("x_train")?;
/// let data = Dataset::new(images, archive.labels::<10>("y_train")?)?;
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// Each array has the format that [`npy`](super::npy) reads.
#[doc(alias = "savez")]
#[doc(alias = "numpy.load")]
pub struct Npz {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    length: u64,
    memory: Option<u64>,
}

impl Npz {
    /// Opens an archive and reads its directory.
    ///
    /// # Errors
    /// [`DataError::Io`], or [`DataError::Archive`] if the file is not a ZIP archive.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let open = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok((BufReader::new(file), length))
        };
        let (file, length) = open().map_err(|source| DataError::Io { path: path.into(), source })?;
        let archive = ZipArchive::new(file).map_err(|error| broken(path, error))?;
        Ok(Self { path: path.into(), archive, length, memory: None })
    }

    /// Limits the bytes that an array may take in memory. More than that are [`DataError::Memory`]. The default is 256
    /// times the compressed size of the array, or 64 MiB if that is more.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Returns the names of the arrays in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        let files = self.archive.file_names().filter_map(Result::ok);
        let mut names: Vec<String> =
            files.filter_map(|file| Some(file.strip_suffix(".npy")?.into())).collect();
        names.sort();
        names
    }

    /// Reads the samples of the array of this name.
    ///
    /// # Errors
    /// [`DataError::Array`] if there is no array of this name, [`DataError::Memory`], and the errors of
    /// [`npy::read`](super::npy::read).
    pub fn read<X: Tensor>(&mut self, name: &str) -> Result<Vec<X>, DataError> {
        self.array(name, size_of::<X::Scalar>(), |array| array.read())
    }

    /// Reads the class indices of the array of this name.
    ///
    /// # Errors
    /// The same as [`read`](Self::read) and [`npy::labels`](super::npy::labels).
    pub fn labels<const CLASSES: usize>(&mut self, name: &str) -> Result<Vec<Label<CLASSES>>, DataError> {
        self.array(name, size_of::<f64>(), |array| array.labels())
    }

    /// Reads an array whose numbers take `size` bytes each in memory.
    fn array<T>(
        &mut self,
        name: &str,
        size: usize,
        read: impl FnOnce(Array<'_, BufReader<zip::read::ZipFile<'_, BufReader<File>>>>) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let path = self.path.join(name); // as errors call it
        let there = list(&self.names());
        let entry = self.archive.by_name(&format!("{name}.npy")).map_err(|error| match error {
            ZipError::FileNotFound => DataError::Array { path: self.path.clone(), name: name.into(), there },
            error => broken(&path, error),
        })?;
        let (length, compressed) = (entry.size(), entry.compressed_size().min(self.length));
        let array = Array::open(&path, BufReader::new(entry), length)?;
        let needed = u128::from(array.numbers()) * size as u128;
        check_memory(&path, needed, self.memory, Some(compressed))?;
        read(array)
    }
}

fn broken(path: &Path, error: ZipError) -> DataError {
    DataError::Archive { path: path.into(), problem: error.to_string() }
}
