//! The columns of a table.

use super::bad_cell::{BadCell, excerpt, list};
use super::lines::Cells;
use super::{DataError, DataError::Columns};
use crate::kernel::Real;
use crate::tensor::Tensor;

/// A column of a table, by its name in the header or by its index, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its index, counted from 0.
    Index(usize),
    /// By its name in the header.
    Name(String),
}

impl From<usize> for Column {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

/// What becomes of a missing number among the inputs of a table: see [`Csv::missing`](super::Csv::missing).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// It is an error that names its line and column.
    #[default]
    Error,
    /// It becomes this number.
    Constant(f64),
    /// It becomes the mean of its column.
    Mean,
    /// Its row is left out.
    DropRow,
}

impl Missing {
    /// The texts of a missing cell, besides spaces.
    const TEXTS: [&'static [u8]; 9] = [b"", b"NA", b"N/A", b"NaN", b"nan", b"null", b"NULL", b"None", b"?"];

    /// Returns whether this text stands for a missing value.
    pub(super) fn is(self, text: &[u8]) -> bool {
        self != Self::Error && Self::TEXTS.contains(&text)
    }
}

/// How numbers are read.
#[derive(Clone, Copy, Default)]
pub(super) struct NumberFormat {
    pub(super) decimal_comma: bool,
    pub(super) missing: Missing,
}

impl NumberFormat {
    /// Parses a number.
    pub(super) fn parse(self, text: &[u8]) -> Option<f64> {
        let text = str::from_utf8(text).ok()?;
        if !self.decimal_comma {
            return text.parse().ok();
        }
        if text.contains('.') { None } else { text.replace(',', ".").parse().ok() }
    }

    /// Reads the number of this column.
    pub(super) fn read<T: Real>(self, cells: &Cells<'_>, column: usize) -> Result<T, DataError> {
        let text = cells.text(column)?;
        let value = self.parse(text);
        let value = value.ok_or_else(|| cells.bad(column, BadCell::Number { text: excerpt(text) }))?;
        let number = T::from_f64(value);
        if number.is_finite() {
            Ok(number)
        } else {
            Err(cells.bad(column, BadCell::NonFinite { text: excerpt(text) }))
        }
    }
}

/// The columns that make an input.
pub(super) struct InputColumns {
    /// The index of each column, and the names of its categories if it has text.
    columns: Vec<(usize, Option<Vec<String>>)>,
    format: NumberFormat,
    /// The elements of the last input that were missing.
    pub(super) holes: Vec<usize>,
}

impl InputColumns {
    pub(super) fn new(columns: Vec<(usize, Option<Vec<String>>)>, format: NumberFormat) -> Self {
        Self { columns, format, holes: vec![] }
    }

    /// Returns how many numbers an input has.
    pub(super) fn numbers(&self) -> usize {
        self.columns.iter().map(|(_, categories)| categories.as_ref().map_or(1, Vec::len)).sum()
    }

    pub(super) fn missing(&self) -> Missing {
        self.format.missing
    }

    /// Returns whether a cell of these columns is missing.
    pub(super) fn any_missing(&self, cells: &Cells<'_>) -> bool {
        self.columns.iter().any(|(column, _)| self.format.missing.is(cells.raw(*column)))
    }

    /// Returns the column of this element of an input.
    pub(super) fn column_of(&self, element: usize) -> usize {
        let mut left = element;
        for (column, categories) in &self.columns {
            let width = categories.as_ref().map_or(1, Vec::len);
            if left < width {
                return *column;
            }
            left -= width;
        }
        0
    }

    /// Reads the input of a row.
    pub(super) fn read<X: Tensor>(&mut self, cells: &Cells<'_>, input: &mut X) -> Result<(), DataError> {
        let Self { columns, format, holes } = self;
        let numbers = input.as_mut_slice();
        let mut at = 0;
        holes.clear();
        for (column, categories) in columns {
            let missing = format.missing.is(cells.raw(*column));
            if let Some(categories) = categories {
                let hot = if missing { None } else { Some(category(cells, *column, categories)?) };
                for index in 0..categories.len() {
                    numbers[at + index] = X::Scalar::from_f64(f64::from(u8::from(hot == Some(index))));
                }
                at += categories.len();
                continue;
            }
            numbers[at] = match format.missing {
                Missing::Constant(value) if missing => X::Scalar::from_f64(value),
                _ if missing => {
                    holes.push(at);
                    X::Scalar::default()
                }
                _ => format.read(cells, *column)?,
            };
            at += 1;
        }
        Ok(())
    }
}

/// Returns the index of a cell's text among these names.
pub(super) fn category(cells: &Cells<'_>, column: usize, names: &[String]) -> Result<usize, DataError> {
    let text = cells.text(column)?;
    let index = names.iter().position(|name| name.as_bytes() == text);
    let unknown = || BadCell::Unknown { text: excerpt(text), classes: list(names) };
    index.ok_or_else(|| cells.bad(column, unknown()))
}

/// Checks that there is one number for each of a tensor.
pub(super) fn check_count<X: Tensor>(
    path: &std::path::Path,
    what: &'static str,
    found: usize,
) -> Result<(), DataError> {
    if found == X::LEN {
        return Ok(());
    }
    Err(Columns { path: path.into(), what, shape: X::SHAPE, expected: X::LEN, found })
}
