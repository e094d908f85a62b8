// Tier 1.
//! Atomic writing. The file is always either the old one or the new one, never a part of one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// The reason why a file was not written.
pub(crate) enum NotWritten {
    /// The path is a folder or a device.
    NotAFile,
    /// Writing failed. The old file is unchanged.
    Write(io::Error),
    /// The file is written, but its new name may not be on the disk yet.
    Sync(io::Error),
}

impl From<NotWritten> for io::Error {
    fn from(error: NotWritten) -> Self {
        match error {
            NotWritten::NotAFile => Self::new(io::ErrorKind::InvalidInput, "not a file"),
            NotWritten::Write(error) | NotWritten::Sync(error) => error,
        }
    }
}

/// Writes these bytes as the file.
#[cfg(any(feature = "checkpoint", feature = "flow"))]
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), NotWritten> {
    write_by(path, |file| io::Write::write_all(file, bytes))
}

/// Writes a temporary file in the same folder with `fill`, syncs it to the disk, and then renames it to the file.
pub(crate) fn write_by(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), NotWritten> {
    let failed = NotWritten::Write;
    // Follows a symbolic link, so that the link itself is not replaced.
    let target = if path.is_symlink() { fs::canonicalize(path).map_err(failed)? } else { path.into() };
    let old = match fs::metadata(&target) {
        Ok(old) if old.is_file() => Some(old),
        Ok(_) => return Err(NotWritten::NotAFile),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let key = key(&target);
    remove_stale(&folder, &key);
    let mut new = Temporary::create(&folder, &key).map_err(failed)?;
    if let Some(old) = old {
        new.file.set_permissions(old.permissions()).map_err(failed)?;
    }
    write_and_sync(&mut new.file, fill).map_err(failed)?;
    new.replace(&target).map_err(failed)?;
    sync(&folder).map_err(NotWritten::Sync)
}

/// Returns the prefix of the names of a target's temporary files. Its length does not depend on the target's name,
/// because file systems limit the length of a name.
fn key(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().as_encoded_bytes();
    // FNV-1a, the same in every version of Rust.
    let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!(".chainrule-{:016x}-", name.iter().fold(0xcbf2_9ce4_8422_2325, add))
}

/// Removes the temporary files of processes that were killed. The files of running processes are locked.
fn remove_stale(folder: &Path, key: &str) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files.filter(|file| {
        let name = file.file_name();
        let name = name.as_encoded_bytes();
        name.starts_with(key.as_bytes()) && name.ends_with(b".tmp")
    }) {
        let path = file.path();
        if let Ok(stale) = File::open(&path)
            && stale.try_lock().is_ok()
        {
            let _ = fs::remove_file(path); // the lock is held until here
        }
    }
}

/// A new file in the same folder, and therefore on the same disk. It is deleted unless it replaces the old file.
struct Temporary {
    file: File,
    path: Option<PathBuf>,
}

impl Temporary {
    /// Creates an empty file, `.chainrule-KEY-PROCESS-NUMBER.tmp`, and locks it if the file system has locks.
    fn create(folder: &Path, key: &str) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{key}{}-{number}.tmp", process::id()));
            let file = match File::create_new(&path) {
                // A process with the same number was killed and left this file.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let _ = file.lock();
            // Before the file was locked, another process may have removed it as stale.
            if path.try_exists()? {
                return Ok(Self { file, path: Some(path) });
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

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path); // the error that is reported is the first one
        }
    }
}

fn write_and_sync(file: &mut File, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    fill(file)?;
    file.sync_all()
}

/// Syncs the folder. Without this, the new name may not be on the disk.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        use std::io::Write;

        // A device that is always full.
        let mut full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let error = super::write_and_sync(&mut full, |file| file.write_all(&[1; 100])).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    }
}
