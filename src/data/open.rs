//! Opens plain and gzipped files, which it distinguishes by the first two bytes.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::DataError;
use super::loading::{Loading, Meter, Unit};
use super::memory::check_memory;

/// A file that is being loaded. Its bytes are decompressed.
pub(super) struct Opened<'a> {
    pub(super) path: PathBuf,
    pub(super) bytes: Box<dyn BufRead + 'a>,
    compressed: bool,
    /// The number of bytes of the file that have been read, and the total.
    taken: Rc<Cell<u64>>,
    length: Option<u64>,
    memory: Option<u64>,
    meter: Meter<'a>,
}

impl<'a> Opened<'a> {
    /// Opens a file.
    pub(super) fn file(path: &Path, loading: Loading<'a>) -> Result<Self, DataError> {
        let open = || {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            let length = metadata.is_file().then_some(metadata.len()); // a pipe has no length
            Ok((file, length))
        };
        let (file, length) = open().map_err(|source| DataError::Io { path: path.into(), source })?;
        Self::new(path, file, length, loading)
    }

    /// Reads from a reader. Error messages contain `path`.
    #[cfg(feature = "csv")]
    pub(super) fn reader(
        path: &Path,
        bytes: impl Read + 'a,
        loading: Loading<'a>,
    ) -> Result<Self, DataError> {
        Self::new(path, bytes, None, loading)
    }

    fn new(
        path: &Path,
        bytes: impl Read + 'a,
        length: Option<u64>,
        mut loading: Loading<'a>,
    ) -> Result<Self, DataError> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted { bytes, taken: taken.clone() };
        let (bytes, compressed) = plain_or_gzip(BufReader::new(counted))
            .map_err(|source| DataError::Io { path: path.into(), source })?;
        let meter = Meter::new(&mut loading, path, length, Unit::Bytes);
        Ok(Self { path: path.into(), bytes, compressed, taken, length, memory: loading.memory, meter })
    }

    /// Checks that samples of this many bytes may be loaded from this file.
    pub(super) fn check_memory(&self, needed: u128) -> Result<(), DataError> {
        let size = self.compressed.then(|| self.length.unwrap_or(self.taken.get()));
        check_memory(&self.path, needed, self.memory, size)
    }

    /// Reports the progress.
    pub(super) fn report(&mut self) {
        self.meter.at(self.taken.get());
    }

    /// Reports the end.
    pub(super) fn end(&mut self) {
        self.meter.end(self.taken.get());
    }
}

/// A reader that counts its bytes.
struct Counted<R> {
    bytes: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// Decompresses the bytes of a reader if they are compressed. Returns whether they are.
fn plain_or_gzip<'a>(mut bytes: impl BufRead + 'a) -> io::Result<(Box<dyn BufRead + 'a>, bool)> {
    let compressed = bytes.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok((if compressed { gunzip(bytes)? } else { Box::new(bytes) }, compressed))
}

#[cfg(feature = "gzip")]
fn gunzip<'a>(bytes: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    Ok(Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(bytes))))
}

#[cfg(not(feature = "gzip"))]
fn gunzip<'a>(_: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let cure = "it is compressed by gzip: enable chainrule's feature `gzip`, or decompress it";
    Err(io::Error::new(io::ErrorKind::Unsupported, cure))
}
