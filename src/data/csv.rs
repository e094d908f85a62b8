use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::error::{BadCell, excerpt};
use super::lines::{Cells, Lines};
use super::open::{open, plain_or_gzip};
use super::{DataError, Dataset, push};
use crate::kernel::Real;
use crate::tensor::{Label, Tensor};

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

/// A table of numbers in a file of comma-separated values, plain or compressed by gzip.
///
/// One line is one row. The first line is the header unless [`without_header`](Self::without_header) says otherwise.
/// The inputs are all columns that are not targets, in the table's order, unless [`inputs`](Self::inputs) picks them.
///
/// ```
/// use chainrule::data::{Csv, Dataset};
/// use chainrule::prelude::*;
///
/// let table = "height,width,kind\n1.5,2.0,round\n3.0,1.0,flat\n";
/// let kinds = Csv::from_reader("kinds.csv", table.as_bytes()).classes("kind", ["flat", "round"])?;
/// let kinds: Dataset<Vector<2>, Label<2>> = kinds.read()?;
/// assert_eq!(kinds.inputs()[1], Vector([3.0, 1.0]));
/// assert_eq!(kinds.targets()[1].index(), 0);
///
/// let widths = Csv::from_reader("kinds.csv", table.as_bytes()).inputs(["height"]).numbers(["width"])?;
/// let widths: Dataset<Vector<1>, Vector<1>> = widths.read()?;
/// assert_eq!(widths.targets()[0], Vector([2.0]));
///
/// let table = "1.5,2.0,1\n3.0,1.x,0\n";
/// let kinds = Csv::from_reader("bad.csv", table.as_bytes()).without_header().labels::<Vector<2>, 2>(2)?;
/// let error = kinds.read().unwrap_err().to_string();
/// assert_eq!(error, r#"bad.csv, line 2, column 2: "1.x" is not a number"#);
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// A file that does not fit in memory can be read row by row: [`Records`] is an iterator, and [`stream`](super::stream)
/// makes batches of it.
pub struct Csv<'a> {
    path: PathBuf,
    bytes: Option<Box<dyn Read + 'a>>,
    header: bool,
    delimiter: u8,
    inputs: Option<Vec<Column>>,
}

impl<'a> Csv<'a> {
    /// Opens the table in this file.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().into();
        Self { path, bytes: None, header: true, delimiter: b',', inputs: None }
    }

    /// Reads the table from a reader; errors call it `name`.
    pub fn from_reader(name: &str, bytes: impl Read + 'a) -> Self {
        Self { bytes: Some(Box::new(bytes)), ..Self::new(name) }
    }

    /// Reads the first line as a row: the table has no header.
    pub fn without_header(self) -> Self {
        Self { header: false, ..self }
    }

    /// Sets the byte between the columns, in place of `,`.
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// Uses these columns, in this order, as the numbers of an input.
    pub fn inputs(self, columns: impl IntoIterator<Item = impl Into<Column>>) -> Self {
        Self { inputs: Some(columns.into_iter().map(Into::into).collect()), ..self }
    }

    /// Reads targets that are class indices, counted from 0.
    ///
    /// # Errors
    /// [`DataError`], when the file cannot be opened, or its columns are not those asked for.
    pub fn labels<X: Tensor, const CLASSES: usize>(
        self,
        column: impl Into<Column>,
    ) -> Result<Records<'a, X, Label<CLASSES>>, DataError> {
        let parse = |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            let text = cells.text(columns[0])?;
            let class = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            let index = class.ok_or_else(|| cells.bad(columns[0], BadCell::Class { text: excerpt(text) }))?;
            let label = Label::new(index);
            into.push(label.map_err(|error| cells.bad(columns[0], BadCell::Label(error.into())))?);
            Ok(())
        };
        self.records(&[column.into()], Box::new(parse))
    }

    /// Reads targets that are names of classes; a class's index is its position in `names`.
    ///
    /// # Errors
    /// As [`labels`](Self::labels).
    pub fn classes<X: Tensor, const CLASSES: usize>(
        self,
        column: impl Into<Column>,
        names: [&str; CLASSES],
    ) -> Result<Records<'a, X, Label<CLASSES>>, DataError> {
        let names = names.map(String::from);
        let parse = move |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            let text = cells.text(columns[0])?;
            let index = names.iter().position(|name| name.as_bytes() == text);
            let unknown = || BadCell::Unknown { text: excerpt(text), classes: list(&names) };
            let index = index.ok_or_else(|| cells.bad(columns[0], unknown()))?;
            into.push(Label::new(index)?);
            Ok(())
        };
        self.records(&[column.into()], Box::new(parse))
    }

    /// Reads targets that are the numbers of these columns, for a regression.
    ///
    /// # Errors
    /// As [`labels`](Self::labels).
    pub fn numbers<X: Tensor, Y: Tensor>(
        self,
        columns: impl IntoIterator<Item = impl Into<Column>>,
    ) -> Result<Records<'a, X, Y>, DataError> {
        let columns: Vec<Column> = columns.into_iter().map(Into::into).collect();
        self.check_count::<Y>("a target", columns.len())?;
        let mut target = bytemuck::zeroed_box::<Y>();
        let parse = move |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            numbers(cells, columns, &mut *target)?;
            push(into, &*target);
            Ok(())
        };
        self.records(&columns, Box::new(parse))
    }

    fn check_count<X: Tensor>(&self, what: &'static str, found: usize) -> Result<(), DataError> {
        if found == X::LEN {
            return Ok(());
        }
        Err(DataError::Columns { path: self.path.clone(), what, shape: X::SHAPE, expected: X::LEN, found })
    }

    fn records<X: Tensor, Y>(
        mut self,
        targets: &[Column],
        parse: Parse<Y>,
    ) -> Result<Records<'a, X, Y>, DataError> {
        let bytes = match self.bytes.take() {
            None => open(&self.path)?,
            Some(bytes) => plain_or_gzip(BufReader::new(bytes))
                .map_err(|source| DataError::Io { path: self.path.clone(), source })?,
        };
        let lines = Lines::new(self.path.clone(), bytes, self.delimiter, self.header)?;
        let targets = lines.find(targets)?;
        let inputs = match &self.inputs {
            Some(columns) => lines.find(columns)?,
            None => (0..lines.columns()).filter(|column| !targets.contains(column)).collect(),
        };
        self.check_count::<X>("an input", inputs.len())?;
        let (input, target) = (bytemuck::zeroed_box(), vec![]);
        Ok(Records { lines, inputs, targets, parse, any: false, input, target })
    }
}

/// The function that converts the cells of the target's columns to a target, and appends it.
type Parse<Y> = Box<dyn FnMut(&Cells<'_>, &[usize], &mut Vec<Y>) -> Result<(), DataError>>;

/// An iterator over the rows of a table, which reads one row at a time.
///
/// After an invalid row it continues with the next one; after an error in reading it ends.
pub struct Records<'a, X, Y> {
    lines: Lines<'a>,
    inputs: Vec<usize>,
    targets: Vec<usize>,
    parse: Parse<Y>,
    any: bool,
    /// The row that was read last, on the heap: a sample may be larger than the stack.
    input: Box<X>,
    target: Vec<Y>,
}

impl<X: Tensor, Y> Records<'_, X, Y> {
    /// Reads all remaining rows into memory. (The iterator returns each sample by value; for samples of more than some
    /// hundred kilobytes it needs a large stack, and this does not.)
    ///
    /// # Errors
    /// [`DataError`] for the first invalid row, and for a table without rows.
    pub fn read(mut self) -> Result<Dataset<X, Y>, DataError> {
        let (mut inputs, mut targets) = (vec![], vec![]);
        while let Some(read) = self.advance() {
            read?;
            push(&mut inputs, &*self.input);
            targets.append(&mut self.target);
        }
        Dataset::new(inputs, targets)
    }

    /// Reads the next row.
    fn advance(&mut self) -> Option<Result<(), DataError>> {
        let Self { lines, inputs, targets, parse, any, input, target } = self;
        let first = !core::mem::replace(any, true);
        target.clear();
        match lines.next() {
            Ok(None) if first => Some(Err(DataError::NoRows { path: lines.path().into() })),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
            Ok(Some(cells)) => {
                Some(numbers(&cells, inputs, &mut **input).and_then(|()| parse(&cells, targets, target)))
            }
        }
    }
}

impl<X: Tensor, Y> Iterator for Records<'_, X, Y> {
    type Item = Result<(X, Y), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance()? {
            Err(error) => Some(Err(error)),
            Ok(()) => Some(Ok((*self.input, self.target.pop()?))),
        }
    }
}

/// Reads the numbers of these columns.
fn numbers<X: Tensor>(cells: &Cells<'_>, columns: &[usize], x: &mut X) -> Result<(), DataError> {
    for (number, &column) in x.as_mut_slice().iter_mut().zip(columns) {
        let text = cells.text(column)?;
        let value: Option<f64> = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        let value = value.ok_or_else(|| cells.bad(column, BadCell::Number { text: excerpt(text) }))?;
        *number = X::Scalar::from_f64(value);
        if !number.is_finite() {
            return Err(cells.bad(column, BadCell::NonFinite { text: excerpt(text) }));
        }
    }
    Ok(())
}

/// Lists names for a message, at most a few of them.
pub(super) fn list(names: &[String]) -> String {
    const MOST: usize = 20;
    let shown = names.iter().take(MOST).map(|name| format!("{:?}", excerpt(name.as_bytes())));
    let more = if names.len() > MOST { format!(", .. ({} in all)", names.len()) } else { String::new() };
    shown.collect::<Vec<_>>().join(", ") + &more
}
