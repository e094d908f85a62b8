//! Files of safetensors, written by hand: the length of the header, the header, the numbers.
#![allow(dead_code)]

/// A file with this header before these bytes.
pub(crate) fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
}

/// The header of a file, and the numbers after it.
pub(crate) fn split(file: &[u8]) -> (serde_json::Value, &[u8]) {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&file[8..8 + length]).unwrap(), &file[8 + length..])
}

/// The same file with another header.
pub(crate) fn with_header(whole: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let (mut header, numbers) = split(whole);
    change(&mut header);
    file(&header.to_string(), numbers)
}
