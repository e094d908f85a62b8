//! The lines of a table, with the line and column of each error.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use super::DataError;
use super::csv::{Column, list};
use super::error::{BadCell, BadLine};

/// 4 MiB: more than a row of 150,528 pixels of 20 digits has, and small enough for memory: a gzip file may unpack to a
/// thousand times its size, in one line.
const LONGEST: u64 = 1 << 22;

/// Reads a table line by line.
///
/// The parser of csv-core is restarted for each line. On a whole file, it would skip empty lines, and count lines with
/// `\r\n` otherwise than an editor.
pub(crate) struct Lines<'a> {
    path: PathBuf,
    bytes: Box<dyn BufRead + 'a>,
    parser: csv_core::Reader,
    delimiter: u8,
    text: Vec<u8>,
    /// The cells of a line without their quotation marks, concatenated, and where each ends.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// The number of the line in `cells`.
    line: u64,
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
        let line = csv_core::Terminator::Any(b'\n');
        let parser = csv_core::ReaderBuilder::new().delimiter(delimiter).terminator(line).build();
        let mut lines = Self {
            path,
            bytes,
            parser,
            delimiter,
            text: vec![],
            cells: vec![],
            ends: vec![],
            line: 0,
            columns: 0,
            names: None,
            pending: false,
            done: false,
        };
        if !lines.read_line()? {
            return Err(DataError::NoRows { path: lines.path });
        }
        lines.columns = lines.ends.len();
        lines.pending = !header;
        if header {
            let name = |column| String::from_utf8_lossy(cell(&lines.cells, &lines.ends, column)).into_owned();
            lines.names = Some((0..lines.columns).map(name).collect());
        }
        Ok(lines)
    }

    /// Returns the names of the columns, where there is a header.
    pub(crate) fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the indices of these columns.
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

    /// Returns the next row, with as many cells as the table has columns.
    pub(crate) fn next(&mut self) -> Result<Option<Cells<'_>>, DataError> {
        if !core::mem::take(&mut self.pending) && !self.read_line()? {
            return Ok(None);
        }
        if self.ends.len() != self.columns {
            return Err(self.bad(BadLine::Columns { expected: self.columns, found: self.ends.len() }));
        }
        let Self { path, line, cells, ends, names, .. } = self;
        Ok(Some(Cells { path, line: *line, cells, ends, names: names.as_deref() }))
    }

    /// Reads a line into `cells`. Returns `false` at the end of the file.
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
        while let [.., b'\n' | b'\r'] = self.text[..] {
            self.text.pop();
        }
        if self.text.trim_ascii().is_empty() {
            return Err(self.bad(BadLine::Empty));
        }
        // Large enough for all cells of the line, so that the parser needs to be called once.
        let delimiters = self.text.iter().filter(|&&byte| byte == self.delimiter).count();
        self.text.push(b'\n');
        self.cells.resize(self.text.len(), 0);
        self.ends.resize(delimiters + 1, 0);
        self.parser.reset();
        match self.parser.read_record(&self.text, &mut self.cells, &mut self.ends) {
            (csv_core::ReadRecordResult::Record, _, _, ends) => {
                self.ends.truncate(ends);
                Ok(true)
            }
            _ => Err(self.bad(BadLine::Quote)), // the quoted cell does not end on its line
        }
    }

    fn bad(&self, wrong: BadLine) -> DataError {
        DataError::Line { path: self.path.clone(), line: self.line, wrong }
    }
}

/// Returns the text of a cell, without the spaces around it.
fn cell<'a>(cells: &'a [u8], ends: &[usize], column: usize) -> &'a [u8] {
    let start = if column == 0 { 0 } else { ends[column - 1] };
    cells[start..ends[column]].trim_ascii()
}

/// The cells of one row.
pub(crate) struct Cells<'a> {
    path: &'a Path,
    line: u64,
    cells: &'a [u8],
    ends: &'a [usize],
    names: Option<&'a [String]>,
}

impl<'a> Cells<'a> {
    /// Returns the text of the cell in this column, or an error if it is empty.
    pub(crate) fn text(&self, column: usize) -> Result<&'a [u8], DataError> {
        let text = cell(self.cells, self.ends, column);
        if text.is_empty() { Err(self.bad(column, BadCell::Empty)) } else { Ok(text) }
    }

    /// Returns the error of this cell.
    pub(crate) fn bad(&self, column: usize, wrong: BadCell) -> DataError {
        let name = self.names.map(|names| names[column].clone());
        DataError::Cell { path: self.path.into(), line: self.line, column: column + 1, name, wrong }
    }
}
