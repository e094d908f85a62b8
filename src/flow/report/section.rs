use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use super::packed::{self, number};
use crate::flow::Histogram;

/// A section of a report, in addition to flows and records.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Section {
    Note { title: String, text: String },
    Table { title: String, columns: Vec<String>, rows: Vec<Vec<Cell>> },
    Histogram { title: String, histogram: Histogram },
    Lines { title: String, x: String, y: String, lines: Vec<Line> },
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    name: String,
    #[serde(serialize_with = "packed::numbers")]
    x: Vec<f64>,
    #[serde(serialize_with = "packed::numbers")]
    y: Vec<f64>,
}

impl Line {
    pub(super) fn new(name: &str, points: &[(f64, f64)]) -> Self {
        let (x, y) = points.iter().copied().unzip();
        Self { name: name.to_string(), x, y }
    }
}

/// A cell of a [table](super::Report::table): a text or a number, by `into()`. `None` is an empty cell. See the
/// example of [`Report`](super::Report).
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text.
    Text(String),
    /// A number, shown with four significant digits. Whole numbers are shown with all digits.
    Number(f64),
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => to.serialize_none(),
            Self::Text(text) => to.serialize_str(text),
            // A number is inside a list, to distinguish an infinity, which is a text in JSON, from a text.
            Self::Number(x) => to.collect_seq([number(*x)]),
        }
    }
}

impl From<f64> for Cell {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl From<usize> for Cell {
    fn from(x: usize) -> Self {
        Self::Number(x as f64)
    }
}

impl From<u64> for Cell {
    fn from(x: u64) -> Self {
        Self::Number(x as f64)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<C: Into<Cell>> From<Option<C>> for Cell {
    fn from(cell: Option<C>) -> Self {
        cell.map_or(Self::Empty, C::into)
    }
}
