//! Atomic writing: at each moment the file is either the old one or the new one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{CheckpointError, Origin};

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<(Origin, Vec<u8>), CheckpointError> {
    let bytes = fs::read(path).map_err(|source| CheckpointError::Read { path: path.into(), source })?;
    Ok((path.into(), bytes))
}

/// Writes a temporary file in the same folder, syncs it to the disk, and then renames it over the file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let failed = |source| CheckpointError::Write { path: path.into(), source };
    // A symbolic link is followed, so that it is not replaced.
    let target = if path.is_symlink() { fs::canonicalize(path).map_err(failed)? } else { path.into() };
    let old = match fs::metadata(&target) {
        Ok(old) if old.is_file() => Some(old),
        Ok(_) => return Err(CheckpointError::NotAFile { path: path.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let mut new = Beside::create(&target, &folder).map_err(failed)?;
    if let Some(old) = old {
        new.file.set_permissions(old.permissions()).map_err(failed)?;
    }
    fill(&mut new.file, bytes).map_err(failed)?;
    new.replace(&target).map_err(failed)?;
    sync(&folder).map_err(|source| CheckpointError::Sync { path: path.into(), source })
}

/// A new file in the same folder, and so on the same disk. It is deleted unless it replaces the old one.
struct Beside {
    file: File,
    path: Option<PathBuf>,
}

impl Beside {
    /// Creates an empty file, `.NAME.PROCESS.NUMBER.tmp`.
    fn create(target: &Path, folder: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!(".{name}.{}.{number}.tmp", process::id()));
            match File::create_new(&path) {
                // Left by a process of the same number that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                file => return Ok(Self { file: file?, path: Some(path) }),
            }
        }
    }

    fn replace(mut self, target: &Path) -> io::Result<()> {
        if let Some(path) = &self.path {
            fs::rename(path, target)?;
        }
        self.path = None;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path); // the error that is reported is the first one
        }
    }
}

fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Syncs the folder: without that, the disk may not have the new name.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        // A device that is always full.
        let mut full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let error = super::fill(&mut full, &[1; 100]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}
