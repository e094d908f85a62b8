use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process;

use super::ReportError;

/// Writes a file in full or not at all: to a temporary file in the same folder, which is then renamed.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    write(path, bytes).map_err(|source| ReportError::Io { path: path.into(), source })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A symbolic link is followed, so that it is not replaced.
    let target = if path.is_symlink() { fs::canonicalize(path)? } else { path.into() };
    let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
    if fs::metadata(&target).is_ok_and(|old| !old.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    let mut new = name.to_owned();
    new.push(format!(".{}.tmp", process::id()));
    let new = target.with_file_name(new);
    let written = fill(&new, bytes).and_then(|()| fs::rename(&new, &target));
    if written.is_err() {
        let _ = fs::remove_file(&new); // the error that is reported is the first one
    }
    written
}

fn fill(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
