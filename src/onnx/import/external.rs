//! External data: tensors whose numbers are in other files, in the folder of the model or in a folder inside it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::model::Reader;
use crate::onnx::OnnxError;
use crate::onnx::proto::StringStringEntryProto;

impl Reader<'_> {
    /// Reads the `expected` bytes of a tensor from another file.
    pub(super) fn external(
        &mut self,
        tensor: &str,
        entries: &[StringStringEntryProto],
        expected: usize,
    ) -> Result<Vec<u8>, OnnxError> {
        self.read_external(entries, expected as u64).map_err(|reason| OnnxError::External {
            file: self.file.clone(),
            tensor: tensor.into(),
            reason,
        })
    }

    fn read_external(
        &mut self,
        entries: &[StringStringEntryProto],
        expected: u64,
    ) -> Result<Vec<u8>, String> {
        let entry = |key: &str| {
            let found = entries.iter().find(|entry| entry.key.as_deref() == Some(key));
            found.and_then(|entry| entry.value.as_deref())
        };
        let number = |key: &str| {
            let number =
                entry(key).map(|text| text.parse::<u64>().map_err(|_| format!("its {key} is `{text}`")));
            number.transpose()
        };
        let location = entry("location").ok_or("the file does not contain its name")?;
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let folder = self.folder.ok_or("the model is read from bytes in memory, which have no folder")?;
        let relative = Path::new(location);
        // A backslash is a separator on some systems, and part of a name on others.
        let inside =
            relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if location.is_empty() || location.contains('\\') || !inside {
            return Err(format!("`{location}` is outside the model's folder"));
        }
        let system = |error: std::io::Error| format!("`{location}`: {error}");
        // Symbolic links are resolved first, so that none leads out of the folder.
        let folder = fs::canonicalize(folder).map_err(system)?;
        let path = fs::canonicalize(folder.join(relative)).map_err(system)?;
        if !path.starts_with(&folder) {
            return Err(format!("`{location}` is a link to a file outside the model's folder"));
        }
        let size = match fs::metadata(&path).map_err(system)? {
            data if data.is_file() => data.len(),
            _ => return Err(format!("`{location}` is not a regular file")),
        };
        let length = length.unwrap_or(expected);
        if length != expected {
            return Err(format!("its length is {length} bytes, but its dimensions need {expected}"));
        }
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(format!("{length} bytes at {offset} are beyond the end of `{location}`, at {size}"));
        }
        // Tensors that overlap could be larger than the file in total.
        let read = self.read.entry(path.clone()).or_default();
        *read += length;
        if *read > size {
            return Err(format!("tensors overlap in `{location}`"));
        }
        let mut file = File::open(&path).map_err(system)?;
        file.seek(SeekFrom::Start(offset)).map_err(system)?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).map_err(system)?;
        Ok(bytes)
    }
}
