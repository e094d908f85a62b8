//! Opens plain and gzipped files, told apart by the first two bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::DataError;

/// Opens a file and decompresses it.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, DataError> {
    let open = || plain_or_gzip(BufReader::new(File::open(path)?));
    open().map_err(|source| DataError::Io { path: path.into(), source })
}

/// Decompresses the bytes of a reader, if they are compressed.
pub(super) fn plain_or_gzip<'a>(mut bytes: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let compressed = bytes.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    if compressed { gunzip(bytes) } else { Ok(Box::new(bytes)) }
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
