//! The columns of a table.

use super::bad_cell::{BadCell, excerpt, list};
use super::lines::{Cells, Lines};
use super::{DataError, DataError::Columns};
use crate::Error;
use crate::kernel::Real;
use crate::tensor::Tensor;

/// A column of a table: its name in the header, or its index, counted from 0. The methods of [`Csv`](super::Csv) accept
/// a text or a number in place of it. See the example of [`Csv`](crate::data::Csv).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The index of the column, counted from 0.
    Index(usize),
    /// The name of the column in the header.
    Name(String),
}

impl Column {
    /// Returns the column as text for an error message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Name(name) => format!("{name:?}"),
        }
    }
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

/// How to replace missing numbers among the inputs of a table: see [`Csv::missing`](super::Csv::missing).
#[doc(alias = "fillna")]
#[doc(alias = "SimpleImputer")]
#[doc(alias = "dropna")]
#[doc(alias = "NaN")]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// A missing number is an error, which contains its line and column.
    #[default]
    Error,
    /// A missing number is replaced by this number, which must be finite in the scalar of the inputs.
    Constant(f64),
    /// A missing number is replaced by the mean of its column in the same file.
    ///
    /// A test file must use the means of the training data, not its own. Read the test file with a constant that does
    /// not occur in it, and then replace the constant:
    ///
    /// ```
    /// use chainrule::data::{Csv, Missing, Standardize};
    /// use chainrule::prelude::*;
    ///
    /// let csv = |table: &'static str| Csv::from_reader("t.csv", table.as_bytes()).without_header();
    /// let train = csv("1,0\n?,1\n3,1\n").missing(Missing::Mean).labels::<Vector<1>, 2>(1)?.read()?;
    /// let means = Standardize::fit(train.inputs())?; // the filled cells do not change a mean
    ///
    /// let mut test = csv("?,0\n9,1\n").missing(Missing::Constant(-1e9)).labels::<Vector<1>, 2>(1)?.read()?;
    /// for input in test.inputs_mut() {
    ///     for (x, mean) in input.iter_mut().zip(means.mean()).filter(|(x, _)| **x == -1e9) {
    ///         *x = *mean as f32;
    ///     }
    /// }
    /// assert_eq!(test.inputs(), [Vector([2.0]), Vector([9.0])]);
    /// # Ok::<(), chainrule::data::DataError>(())
    /// ```
    Mean,
    /// A row with a missing number is left out.
    DropRow,
}

impl Missing {
    /// The texts that mean a missing value. Spaces around them are removed before.
    const TEXTS: [&'static [u8]; 9] = [b"", b"NA", b"N/A", b"NaN", b"nan", b"null", b"NULL", b"None", b"?"];

    /// Returns whether this text means a missing value.
    pub(super) fn matches(text: &[u8]) -> bool {
        Self::TEXTS.contains(&text)
    }

    /// Returns whether this text means a missing value, and a missing value is not an error.
    pub(super) fn is(self, text: &[u8]) -> bool {
        self != Self::Error && Self::matches(text)
    }

    /// Checks that the constant is finite in this scalar.
    pub(super) fn check<T: Real>(self) -> Result<(), Error> {
        match self {
            Self::Constant(value) if !T::from_f64(value).is_finite() => {
                let expected = "finite in the scalar of the inputs";
                Err(Error::Setting { name: "the constant for missing cells", value, expected })
            }
            _ => Ok(()),
        }
    }
}

/// The format of numbers.
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
        let text = cells.raw(column);
        if Missing::matches(text) {
            return Err(cells.bad(column, BadCell::Missing { text: excerpt(text) }));
        }
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

/// The columns of an input.
pub(super) struct InputColumns {
    /// The index of each column, and the names of its categories if it contains text.
    columns: Vec<(usize, Option<Vec<String>>)>,
    format: NumberFormat,
    /// The elements of the last input that were missing.
    pub(super) holes: Vec<usize>,
}

impl InputColumns {
    /// Finds these columns, by default all columns except the targets, and the categories of the columns of text.
    pub(super) fn find(
        lines: &Lines<'_>,
        chosen: Option<&[Column]>,
        targets: &[usize],
        categories: Vec<(Column, Vec<String>)>,
        format: NumberFormat,
    ) -> Result<Self, DataError> {
        let chosen = match chosen {
            Some(columns) => lines.find(columns)?,
            None => {
                let mut left = vec![true; lines.columns()];
                targets.iter().for_each(|&target| left[target] = false);
                (0..lines.columns()).filter(|&column| left[column]).collect()
            }
        };
        let mut columns: Vec<_> = chosen.into_iter().map(|column| (column, None)).collect();
        for (column, names) in categories {
            let place = lines.find(core::slice::from_ref(&column))?[0];
            let mut found = false;
            for (_, categories) in columns.iter_mut().filter(|(input, _)| *input == place) {
                *categories = Some(names.clone());
                found = true;
            }
            if !found {
                return Err(DataError::NoInput { path: lines.path().into(), column: column.shown() });
            }
        }
        Ok(Self { columns, format, holes: vec![] })
    }

    /// Returns the number of numbers in an input.
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

/// Checks that there is one column for each number of a tensor.
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
