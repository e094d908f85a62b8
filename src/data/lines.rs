//! The lines of a table, with the line and column of each error.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::path::Path;

use super::DataError;
use super::bad_cell::{BadCell, BadLine, list};
use super::column::Column;
use super::loading::Loading;
use super::open::Opened;

/// 4 MiB: more than a row of 150,528 pixels of 20 digits, and small enough for memory. (A gzip file may unpack to a
/// thousand times its size, in one line.)
const LONGEST: u64 = 1 << 22;
const LONGEST_LINE: usize = LONGEST as usize;

/// The format of a table.
pub(super) struct Syntax {
    pub(super) header: bool,
    pub(super) delimiter: u8,
    /// The byte at the start of a comment.
    pub(super) comment: Option<u8>,
    pub(super) skip_empty_lines: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        Self { header: true, delimiter: b',', comment: None, skip_empty_lines: false }
    }
}

/// Reads a table row by row.
///
/// The parser of csv-core is restarted for each row. If it parsed the whole file, it would skip empty lines, and its
/// line numbers would differ from an editor's in files with `\r\n`.
pub(crate) struct Lines<'a> {
    pub(super) file: Opened<'a>,
    parser: csv_core::Reader,
    syntax: Syntax,
    /// The last line that has been read, and its number.
    text: Vec<u8>,
    line: u64,
    /// Whether that line has not been parsed yet.
    ahead: bool,
    /// The cells of a row without their quotation marks, concatenated, and the end of each.
    cells: Vec<u8>,
    ends: Vec<usize>,
    /// The number of the line in which the row starts.
    row: u64,
    columns: usize,
    names: Option<Vec<String>>,
    /// Whether the first line, a row of a table without a header, has been read but not returned.
    pending: bool,
    done: bool,
}

impl<'a> Lines<'a> {
    /// Reads a table with a header from memory.
    pub(crate) fn of_text(path: &Path, text: &'a [u8]) -> Result<Self, DataError> {
        Self::new(
            Opened::reader(path, text, Loading { quiet: true, ..Loading::default() })?,
            Syntax::default(),
        )
    }

    pub(super) fn new(file: Opened<'a>, syntax: Syntax) -> Result<Self, DataError> {
        let line = csv_core::Terminator::Any(b'\n');
        let parser = csv_core::ReaderBuilder::new().delimiter(syntax.delimiter).terminator(line).build();
        let mut lines = Self {
            file,
            parser,
            syntax,
            text: vec![],
            line: 0,
            ahead: false,
            cells: vec![],
            ends: vec![],
            row: 0,
            columns: 0,
            names: None,
            pending: false,
            done: false,
        };
        if !lines.read_row()? {
            return Err(DataError::NoRows { path: lines.file.path });
        }
        lines.columns = lines.ends.len();
        lines.pending = !lines.syntax.header;
        if lines.syntax.header {
            let name = |column| String::from_utf8_lossy(cell(&lines.cells, &lines.ends, column)).into_owned();
            lines.names = Some((0..lines.columns).map(name).collect());
        }
        Ok(lines)
    }

    /// Returns the names of the columns, if there is a header.
    pub(crate) fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }

    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the indices of these columns.
    pub(crate) fn find(&self, columns: &[Column]) -> Result<Vec<usize>, DataError> {
        let error = |column: &Column, found| {
            let there = match &self.names {
                Some(names) => list(names),
                None => format!("0 to {}, without names", self.columns - 1),
            };
            DataError::Column { path: self.path().into(), column: column.shown(), found, there }
        };
        let mut places: HashMap<&str, (usize, usize)> = HashMap::new();
        for (place, name) in self.names.as_deref().unwrap_or_default().iter().enumerate() {
            places.entry(name).or_insert((place, 0)).1 += 1;
        }
        let index = |column: &Column| match column {
            Column::Index(index) if *index < self.columns => Ok(*index),
            Column::Index(_) => Err(error(column, "no")),
            Column::Name(name) => match places.get(&name[..]) {
                Some((place, 1)) => Ok(*place),
                Some(_) => Err(error(column, "more than one")),
                None => Err(error(column, "no")),
            },
        };
        columns.iter().map(index).collect()
    }

    /// Returns the next row. It has one cell for each column of the table.
    pub(crate) fn next(&mut self) -> Result<Option<Cells<'_>>, DataError> {
        if !core::mem::take(&mut self.pending) && !self.read_row()? {
            return Ok(None);
        }
        self.file.report();
        if self.ends.len() != self.columns {
            return Err(
                self.bad(self.row, BadLine::Columns { expected: self.columns, found: self.ends.len() })
            );
        }
        let Self { file, row, cells, ends, names, .. } = self;
        Ok(Some(Cells { path: &file.path, line: *row, cells, ends, names: names.as_deref() }))
    }

    /// Reads a row into `cells`. Returns `false` at the end of the file. Empty lines before the end are not an error.
    fn read_row(&mut self) -> Result<bool, DataError> {
        let mut empty = None;
        while !self.ahead {
            if !self.read_line()? {
                self.file.end();
                return Ok(false);
            }
            if self.text.trim_ascii().is_empty() {
                empty.get_or_insert(self.line);
            } else {
                self.ahead = self.syntax.comment.is_none_or(|byte| self.text[0] != byte);
            }
        }
        if let Some(line) = empty.filter(|_| !self.syntax.skip_empty_lines) {
            return Err(self.bad(line, BadLine::Empty));
        }
        self.ahead = false;
        self.parse()
    }

    /// Parses the row that starts in the last line. A quoted cell may continue in further lines.
    fn parse(&mut self) -> Result<bool, DataError> {
        self.row = self.line;
        self.parser.reset();
        let (mut bytes, mut cells) = (0, 0);
        let mut length = 0;
        loop {
            // Large enough for all cells of the line, so that one call of the parser is enough.
            let delimiters = self.text.iter().filter(|&&byte| byte == self.syntax.delimiter).count();
            self.text.push(b'\n');
            self.cells.resize(bytes + self.text.len(), 0);
            self.ends.resize(cells + delimiters + 1, 0);
            let (result, _, written, ended) =
                self.parser.read_record(&self.text, &mut self.cells[bytes..], &mut self.ends[cells..]);
            (bytes, cells, length) = (bytes + written, cells + ended, length + self.text.len() as u64);
            if let csv_core::ReadRecordResult::Record = result {
                self.ends.truncate(cells);
                return Ok(true);
            }
            if length > LONGEST || !self.read_line()? {
                self.done = true;
                return Err(self.bad(self.row, BadLine::Quote));
            }
        }
    }

    /// Reads a line into `text`, without its line break. Returns `false` at the end of the file.
    fn read_line(&mut self) -> Result<bool, DataError> {
        if self.done {
            return Ok(false);
        }
        self.text.clear();
        self.line += 1;
        let read = (&mut self.file.bytes).take(LONGEST + 1).read_until(b'\n', &mut self.text);
        self.done = !matches!(read, Ok(1..=LONGEST_LINE));
        match read {
            Err(source) => return Err(DataError::Io { path: self.path().into(), source }),
            Ok(0) => return Ok(false),
            Ok(_) if self.done => return Err(self.bad(self.line, BadLine::Long { limit: LONGEST })),
            Ok(_) => {}
        }
        while let [.., b'\n' | b'\r'] = self.text[..] {
            self.text.pop();
        }
        if self.line == 1 && self.text.starts_with(b"\xef\xbb\xbf") {
            self.text.drain(..3); // the mark of UTF-8
        }
        Ok(true)
    }

    fn bad(&self, line: u64, wrong: BadLine) -> DataError {
        DataError::Line { path: self.path().into(), line, wrong }
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
    /// Returns the text of the cell in this column.
    pub(super) fn raw(&self, column: usize) -> &'a [u8] {
        cell(self.cells, self.ends, column)
    }

    /// Returns the text of the cell in this column, or an error if it is empty.
    pub(crate) fn text(&self, column: usize) -> Result<&'a [u8], DataError> {
        let text = self.raw(column);
        if text.is_empty() { Err(self.bad(column, BadCell::Empty)) } else { Ok(text) }
    }

    /// Returns the error of this cell.
    pub(crate) fn bad(&self, column: usize, wrong: BadCell) -> DataError {
        let name = self.names.map(|names| names[column].clone());
        DataError::Cell { path: self.path.into(), line: self.line, column: column + 1, name, wrong }
    }
}
