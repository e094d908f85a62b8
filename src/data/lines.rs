//! The lines of a table, each a row of cells: where an error is, in line and column.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::DataError;
use super::csv::{Column, list};
use super::error::{BadCell, BadLine};

/// 16 MiB: far above a row of 150,528 pixels of 20 digits, and little enough to hold: a gzip file may unpack to a thousand
/// times its size, in one line.
const LONGEST: u64 = 1 << 24;

/// A table that is read line by line.
///
/// The csv crate parses one line at a time, because of a whole file it skips empty lines, and of a file with `\r\n` it
/// counts other lines than an editor.
pub(crate) struct Lines<'a> {
    path: PathBuf,
    bytes: Box<dyn BufRead + 'a>,
    format: csv::ReaderBuilder,
    text: Vec<u8>,
    /// The number of the line in `cells`.
    line: u64,
    cells: csv::ByteRecord,
    columns: usize,
    names: Option<Vec<String>>,
    /// The first line of a table without a header is a row that has been read already.
    pending: bool,
    done: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(
        path: PathBuf,
        bytes: Box<dyn BufRead + 'a>,
        delimiter: u8,
        header: bool,
    ) -> Result<Self, DataError> {
        let mut format = csv::ReaderBuilder::new();
        format.has_headers(false).flexible(true).trim(csv::Trim::All).delimiter(delimiter);
        let mut lines = Self {
            path,
            bytes,
            format,
            text: vec![],
            line: 0,
            cells: csv::ByteRecord::new(),
            columns: 0,
            names: None,
            pending: false,
            done: false,
        };
        if !lines.read_line()? {
            return Err(DataError::NoRows { path: lines.path });
        }
        lines.columns = lines.cells.len();
        lines.pending = !header;
        if header {
            let name = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
            lines.names = Some(lines.cells.iter().map(name).collect());
        }
        Ok(lines)
    }

    /// The names of the columns, where there is a header.
    pub(crate) fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The indices of these columns.
    pub(crate) fn find(&self, columns: &[Column]) -> Result<Vec<usize>, DataError> {
        let error = |column, found| {
            let there = match &self.names {
                Some(names) => list(names),
                None => format!("0 to {}, without names", self.columns - 1),
            };
            DataError::Column { path: self.path.clone(), column, found, there }
        };
        let index = |column: &Column| match column {
            Column::Index(index) if *index < self.columns => Ok(*index),
            Column::Index(index) => Err(error(index.to_string(), "no")),
            Column::Name(name) => {
                let names = self.names.as_deref().unwrap_or_default().iter().enumerate();
                let mut places = names.filter(|(_, there)| *there == name).map(|(place, _)| place);
                match (places.next(), places.next()) {
                    (Some(place), None) => Ok(place),
                    (None, _) => Err(error(format!("{name:?}"), "no")),
                    (Some(_), Some(_)) => Err(error(format!("{name:?}"), "more than one")),
                }
            }
        };
        columns.iter().map(index).collect()
    }

    /// The next row, with as many cells as the table has columns.
    pub(crate) fn next(&mut self) -> Result<Option<Cells<'_>>, DataError> {
        if !core::mem::take(&mut self.pending) && !self.read_line()? {
            return Ok(None);
        }
        if self.cells.len() != self.columns {
            return Err(self.bad(BadLine::Columns { expected: self.columns, found: self.cells.len() }));
        }
        let Self { path, line, cells, names, .. } = self;
        Ok(Some(Cells { path, line: *line, cells, names: names.as_deref() }))
    }

    /// Reads a line into `cells`; false at the end.
    fn read_line(&mut self) -> Result<bool, DataError> {
        if self.done {
            return Ok(false);
        }
        self.text.clear();
        self.line += 1;
        let read = (&mut self.bytes).take(LONGEST + 1).read_until(b'\n', &mut self.text);
        match read {
            Err(source) => {
                self.done = true;
                return Err(DataError::Io { path: self.path.clone(), source });
            }
            Ok(0) => {
                self.done = true;
                return Ok(false);
            }
            Ok(length) if length as u64 > LONGEST => {
                self.done = true;
                return Err(self.bad(BadLine::Long { limit: LONGEST }));
            }
            Ok(_) => {}
        }
        let text = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.trim_ascii().is_empty() {
            return Err(self.bad(BadLine::Empty));
        }
        if text.iter().filter(|&&byte| byte == b'"').count() % 2 == 1 {
            return Err(self.bad(BadLine::Quote));
        }
        match self.format.from_reader(text).read_byte_record(&mut self.cells) {
            Ok(_) => Ok(true),
            Err(error) => Err(DataError::Io { path: self.path.clone(), source: error.into() }),
        }
    }

    fn bad(&self, wrong: BadLine) -> DataError {
        DataError::Line { path: self.path.clone(), line: self.line, wrong }
    }
}

/// The cells of one row.
pub(crate) struct Cells<'a> {
    path: &'a Path,
    line: u64,
    cells: &'a csv::ByteRecord,
    names: Option<&'a [String]>,
}

impl Cells<'_> {
    /// What stands in this column, if anything does.
    pub(crate) fn text(&self, column: usize) -> Result<&[u8], DataError> {
        match self.cells.get(column) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.bad(column, BadCell::Empty)),
        }
    }

    /// Something is wrong with this cell.
    pub(crate) fn bad(&self, column: usize, wrong: BadCell) -> DataError {
        let name = self.names.map(|names| names[column].clone());
        DataError::Cell { path: self.path.into(), line: self.line, column: column + 1, name, wrong }
    }
}
