//! Reading an IDX file: a big-endian header and numbers.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::DataError;
use super::loading::Loading;
use super::number::Number;
use super::open::Opened;
use crate::kernel::Real;
use crate::tensor::{Image, Label, Tensor};

/// The magic number of "unsigned bytes in one dimension".
pub(super) const LABELS: u32 = 0x0801;
/// The magic number of "unsigned bytes in three dimensions".
const IMAGES: u32 = 0x0803;
/// The largest number of dimensions, the low byte of the magic number. Real files have at most 4.
const MOST_SIDES: u8 = 8;
/// The number of samples for which memory is reserved at first.
const LEAST: usize = 16;

/// A file whose header has been read.
pub(super) struct IdxFile<'a> {
    file: Opened<'a>,
    number: Number,
    /// The bytes of a sample.
    buffer: Vec<u8>,
    /// The number of items in the header, and the number that have been read.
    pub(super) count: u32,
    read: u32,
}

impl<'a> IdxFile<'a> {
    /// Opens a file of images of bytes.
    pub(super) fn images<const HEIGHT: usize, const WIDTH: usize>(
        path: &Path,
        loading: Loading<'a>,
    ) -> Result<Self, DataError> {
        let (mut file, magic) = Self::open(path, loading)?;
        file.check("magic number", IMAGES, magic)?;
        file.count = file.u32("number of images")?;
        for (field, side) in [("number of rows", HEIGHT), ("number of columns", WIDTH)] {
            let found = file.u32(field)?;
            // The sides of a file are u32: a larger one cannot match.
            file.check(field, u32::try_from(side).unwrap_or(u32::MAX), found)?;
        }
        file.checked::<Image<1, HEIGHT, WIDTH>>()
    }

    /// Opens a file of labels: whole numbers of any type in one dimension.
    pub(super) fn labels<const CLASSES: usize>(path: &Path, loading: Loading<'a>) -> Result<Self, DataError> {
        let (mut file, magic) = Self::open(path, loading)?;
        if magic & 0xff != 1 || file.number.is_floating() {
            file.check("magic number", LABELS, magic)?;
        }
        file.count = file.u32("number of labels")?;
        file.checked::<Label<CLASSES>>()
    }

    /// Opens a file of samples of any type of numbers.
    pub(super) fn samples<X: Tensor>(path: &Path, loading: Loading<'a>) -> Result<Self, DataError> {
        let (mut file, magic) = Self::open(path, loading)?;
        let sides = magic as u8;
        if !(1..=MOST_SIDES).contains(&sides) {
            return Err(file.wrong("number of dimensions", "from 1 to 8".into(), sides.to_string()));
        }
        file.count = file.u32("number of samples")?;
        let shape = (1..sides).map(|_| file.u32("shape")).collect::<Result<Vec<u32>, _>>()?;
        let found = shape.iter().map(|&side| side as usize).filter(|&side| side != 1);
        if !found.eq(X::SHAPE.iter().copied().filter(|&side| side != 1)) {
            let expected = format!("{:?} (sides of 1 do not count)", X::SHAPE);
            return Err(file.wrong("shape of a sample", expected, format!("{shape:?}")));
        }
        file.checked::<X>()
    }

    /// Opens a file and reads its magic number.
    fn open(path: &Path, loading: Loading<'a>) -> Result<(Self, u32), DataError> {
        let file = Opened::file(path, loading)?;
        let mut file = Self { file, number: Number::BYTE, buffer: vec![], count: 0, read: 0 };
        let magic = file.u32("magic number")?;
        match Number::idx((magic >> 8) as u8).filter(|_| magic >> 16 == 0) {
            Some(number) => file.number = number,
            None => return Err(file.wrong("magic number", "that of an IDX file".into(), magic.to_string())),
        }
        Ok((file, magic))
    }

    /// Checks that samples of this type fit in the memory limit.
    fn checked<S>(self) -> Result<Self, DataError> {
        self.file.check_memory(u128::from(self.count) * size_of::<S>() as u128)?;
        Ok(self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.file.path
    }

    /// Reads the next sample, if there is one, and divides its numbers by `unit`.
    pub(super) fn next_sample<X: Tensor>(
        &mut self,
        item: &str,
        sample: &mut X,
        unit: X::Scalar,
    ) -> Result<bool, DataError> {
        let (number, mut bytes) = (self.number, core::mem::take(&mut self.buffer));
        bytes.resize(X::LEN * number.size(), 0);
        let index = self.next(item, &mut bytes)?;
        if let Some(index) = index {
            let numbers = sample.as_mut_slice().iter_mut().zip(bytes.chunks_exact(number.size()));
            for (element, (x, bytes)) in numbers.enumerate() {
                let value = number.decode(bytes);
                *x = X::Scalar::from_f64(value) / unit;
                if !x.is_finite() {
                    return Err(DataError::NonFinite {
                        path: self.path().into(),
                        sample: index,
                        element,
                        value,
                    });
                }
            }
        }
        self.buffer = bytes;
        Ok(index.is_some())
    }

    pub(super) fn next_label<const CLASSES: usize>(&mut self) -> Result<Option<Label<CLASSES>>, DataError> {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..self.number.size()];
        let Some(index) = self.next("label", bytes)? else { return Ok(None) };
        let value = self.number.decode(bytes);
        if value < 0.0 {
            return Err(DataError::Class { path: self.path().into(), index, value, classes: CLASSES });
        }
        let label = Label::new(value as usize);
        label.map(Some).map_err(|source| DataError::Label { path: self.path().into(), index, source })
    }

    /// Reserves memory for a sample that has been read: at most a quarter more than have been read, and at most the
    /// count in the header.
    pub(super) fn reserve<S>(&self, samples: &mut Vec<S>) {
        if samples.len() == samples.capacity() {
            let left = (self.count as usize).saturating_sub(samples.len());
            samples.reserve_exact((samples.len() / 4).max(LEAST).min(left.max(1)));
        }
    }

    /// Returns the bytes of the next item, and its index.
    fn next(&mut self, item: &str, bytes: &mut [u8]) -> Result<Option<usize>, DataError> {
        let (read, count) = (self.read, self.count);
        if read == count {
            return self.end().map(|()| None);
        }
        self.fill(bytes, || format!("{item} {read} of {count}"))?;
        self.file.report();
        self.read += 1;
        Ok(Some(read as usize))
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, DataError> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes, || format!("the {field}"))?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn check(&self, field: &'static str, expected: u32, found: u32) -> Result<(), DataError> {
        if found == expected {
            Ok(())
        } else {
            Err(self.wrong(field, expected.to_string(), found.to_string()))
        }
    }

    fn wrong(&self, field: &'static str, expected: String, found: String) -> DataError {
        DataError::Header { path: self.path().into(), field, expected, found }
    }

    fn fill(&mut self, bytes: &mut [u8], what: impl Fn() -> String) -> Result<(), DataError> {
        self.file.bytes.read_exact(bytes).map_err(|source| {
            let path = self.path().into();
            match source.kind() {
                ErrorKind::UnexpectedEof => DataError::Truncated { path, what: what() },
                _ => DataError::Io { path, source },
            }
        })
    }

    /// Checks that the file ends here. Reading to the end also verifies the checksum of a compressed file.
    fn end(&mut self) -> Result<(), DataError> {
        match self.file.bytes.read(&mut [0]) {
            Ok(0) => {
                self.file.end();
                Ok(())
            }
            Ok(_) => Err(DataError::Excess { path: self.path().into(), count: self.count as usize }),
            Err(source) => Err(DataError::Io { path: self.path().into(), source }),
        }
    }
}
