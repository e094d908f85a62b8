//! A file that is always whole: the old one or the new one, never a part of either.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{KeepError, Origin};

/// The whole of a file.
pub(super) fn read(path: &Path) -> Result<(Origin, Vec<u8>), KeepError> {
    let bytes = fs::read(path).map_err(|source| KeepError::Read { path: path.into(), source })?;
    Ok((path.into(), bytes))
}

/// Writes beside the file, makes sure that the disk has it, and only then puts it in the file's place.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), KeepError> {
    let failed = |source| KeepError::Write { path: path.into(), source };
    // Where a link leads, so that the link stays one.
    let target = if path.is_symlink() { fs::canonicalize(path).map_err(failed)? } else { path.into() };
    let old = match fs::metadata(&target) {
        Ok(old) if old.is_file() => Some(old),
        Ok(_) => return Err(KeepError::NotAFile { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let mut new = beside(&target, &folder, old).map_err(failed)?;
    fill(new.as_file_mut(), bytes).map_err(failed)?;
    new.persist(&target).map_err(|error| failed(error.error))?;
    sync(&folder).map_err(|source| KeepError::Sync { path: path.into(), source })
}

/// An empty file in the same folder, and so on the same disk, with the rights of the old one.
fn beside(target: &Path, folder: &Path, old: Option<Metadata>) -> io::Result<tempfile::NamedTempFile> {
    let prefix = format!(".{}.", target.file_name().unwrap_or_default().to_string_lossy());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less what the user's mask forbids
    let new = builder.tempfile_in(folder)?;
    if let Some(old) = old {
        new.as_file().set_permissions(old.permissions())?;
    }
    Ok(new)
}

fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name is in its folder on the disk only when the folder is.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        // A device that has no room, ever.
        let mut full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let error = super::fill(&mut full, &[1; 100]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}
