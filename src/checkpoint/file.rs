//! Reading and writing of whole files.

use std::fs;
use std::path::Path;

use super::{CheckpointError, Origin};
use crate::atomic_file::{self, NotWritten};

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<(Origin, Vec<u8>), CheckpointError> {
    let bytes = fs::read(path).map_err(|source| CheckpointError::Read { path: path.into(), source })?;
    Ok((path.into(), bytes))
}

/// Writes a whole file, atomically.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    atomic_file::write(path, bytes).map_err(|error| {
        let path = path.into();
        match error {
            NotWritten::NotAFile => CheckpointError::NotAFile { path },
            NotWritten::Write(source) => CheckpointError::Write { path, source },
            NotWritten::Sync(source) => CheckpointError::Sync { path, source },
        }
    })
}
