//! The header of a `.npy` file: magic number, version, length, and a Python dictionary of three keys.
//!
//! The npyz crate reads more kinds of files, but multiplies the sides of a shape without a check: with a header of more
//! than 2^64 numbers, it panics or the product wraps.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::DataError;
use super::bad_cell::excerpt;
use super::number::Number;

const MAGIC: &[u8] = b"\x93NUMPY";

/// NumPy also rejects longer headers.
const LONGEST: u32 = 10_000;

/// The header of an array, the same for every version of the format.
const DICTIONARY: &str = "a dictionary of 'descr', 'fortran_order' and 'shape'";

pub(super) struct Header {
    /// The type, as written in the file.
    pub(super) descr: String,
    pub(super) number: Number,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<u64>,
    /// The number of bytes before the first number.
    pub(super) length: u64,
}

impl Header {
    /// Reads a header, and nothing after it.
    pub(super) fn read(path: &Path, bytes: &mut impl Read) -> Result<Self, DataError> {
        let mut fill = |buffer: &mut [u8], what: &str| {
            bytes.read_exact(buffer).map_err(|source| match source.kind() {
                ErrorKind::UnexpectedEof => DataError::Truncated { path: path.into(), what: what.into() },
                _ => DataError::Io { path: path.into(), source },
            })
        };
        let wrong = |field, expected: &str, found: String| {
            Err(DataError::Header { path: path.into(), field, expected: expected.into(), found })
        };
        let (mut magic, mut version) = ([0; 6], [0; 2]);
        fill(&mut magic, "the magic number")?;
        if magic != MAGIC {
            return wrong("magic number", "that of a .npy file", format!("{:?}", excerpt(&magic)));
        }
        fill(&mut version, "the version")?;
        let size = match version {
            [1, 0] => 2,
            [2 | 3, 0] => 4,
            [major, minor] => return wrong("version", "1.0, 2.0 or 3.0", format!("{major}.{minor}")),
        };
        let mut length = [0; 4];
        fill(&mut length[..size], "the length of the header")?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return wrong("length of the header", "at most 10000", length.to_string());
        }
        let mut text = vec![0; length as usize];
        fill(&mut text, "the header")?;
        let found = || format!("{:?}", excerpt(&text));
        let Some((descr, fortran_order, shape)) = str::from_utf8(&text).ok().and_then(parse) else {
            return wrong("header", DICTIONARY, found());
        };
        let Some(number) = Number::numpy(descr) else {
            return wrong(
                "type",
                "f2, f4, f8, V2 (bfloat16), i1 to i8, u1 to u8 or b1",
                format!("{:?}", excerpt(descr.as_bytes())),
            );
        };
        let length = (MAGIC.len() + version.len() + size) as u64 + u64::from(length);
        Ok(Self { descr: descr.into(), number, fortran_order, shape, length })
    }
}

/// Returns the header of an array of `samples` of this type (`f4`) in the byte order of this machine, with the same
/// padding as NumPy's.
pub(super) fn bytes(kind: &str, samples: usize, shape: &[usize]) -> Vec<u8> {
    let order = if cfg!(target_endian = "big") { '>' } else { '<' };
    let shape: Vec<u64> = [samples].iter().chain(shape).map(|&side| side as u64).collect();
    let shape = tuple(&shape);
    let mut text = format!("{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic number, version and length take 10 bytes. The numbers start at a multiple of 64.
    let padded = (10 + text.len() + 1).next_multiple_of(64) - 10;
    text += &" ".repeat(padded - 1 - text.len());
    text.push('\n');
    [MAGIC, &[1, 0], &(padded as u16).to_le_bytes(), text.as_bytes()].concat()
}

/// Formats a shape as Python does: `(3, 4)`.
pub(super) fn tuple(shape: &[u64]) -> String {
    match shape {
        [side] => format!("({side},)"),
        sides => format!("({})", sides.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: three keys, each once, in any order.
fn parse(text: &str) -> Option<(&str, bool, Vec<u64>)> {
    let mut rest = text.trim().strip_prefix('{')?;
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    while !rest.starts_with('}') {
        let (key, behind) = quoted(rest)?;
        let value = behind.trim_start().strip_prefix(':')?.trim_start();
        let (again, behind) = match key {
            "descr" => quoted(value).map(|(value, behind)| (descr.replace(value).is_some(), behind))?,
            "fortran_order" => {
                let name = value.split(|c: char| !c.is_alphabetic()).next()?;
                let order = ["False", "True"].iter().position(|value| *value == name)? == 1;
                (fortran_order.replace(order).is_some(), &value[name.len()..])
            }
            "shape" => {
                let (sides, behind) = value.strip_prefix('(')?.split_once(')')?;
                (shape.replace(numbers(sides)?).is_some(), behind)
            }
            _ => return None,
        };
        if again {
            return None;
        }
        let behind = behind.trim_start();
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
    }
    (rest == "}").then_some((descr?, fortran_order?, shape?))
}

/// Parses `'text' rest`, in either quotation mark.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mark = text.chars().next().filter(|mark| ['\'', '"'].contains(mark))?;
    text[1..].split_once(mark)
}

/// Parses `3, 4` or `3,`, or nothing.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(vec![]);
    }
    // A long of Python 2 ends with L.
    let number = |side: &str| side.trim().trim_end_matches('L').parse().ok();
    text.strip_suffix(',').unwrap_or(text).split(',').map(number).collect()
}
