use std::cell::RefCell;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use chainrule_parameters::append_copies;

use super::bad_cell::{BadCell, excerpt, list};
use super::column::{Column, InputColumns, Missing, NumberFormat, category, check_count};
use super::lines::{Cells, Lines, Syntax};
use super::loading::{Loading, loading_methods, memory_method};
use super::open::Opened;
use super::records::{Parse, Records};
use super::{DataError, Dataset};
use crate::tensor::{Label, Tensor};

/// A table of numbers in a file of comma-separated values, plain or compressed by gzip.
///
/// The first line is the header, unless [`without_header`](Self::without_header) is called. The inputs are all columns
/// except the targets, in the order of the table, unless [`inputs`](Self::inputs) selects them.
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
///
/// let short = Csv::from_reader("short.csv", "1.5,0\n3.0\n".as_bytes()).without_header().labels::<Vector<1>, 2>(1)?;
/// let error = short.read().unwrap_err().to_string();
/// assert_eq!(error, "short.csv, line 2: the first line has 2 columns, but this one has 1");
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// A file that does not fit in memory can be read row by row: [`Records`] is a [`Stream`](super::stream::Stream).
///
/// # Formats of tables
/// Lines may end in `\n` or `\r\n`. A byte order mark and empty lines at the end are skipped. A quoted cell may contain
/// line breaks; both kinds become `\n` in its text. There are settings for other formats:
///
/// ```
/// use chainrule::data::{Csv, Missing};
/// use chainrule::prelude::*;
///
/// let table = "# measured in May\n\nlength;color;kind\n1,5;red;a\n;blue;b\n2,5;red;a\n";
/// let csv = Csv::from_reader("flowers.csv", table.as_bytes())
///     .comment(b'#')
///     .skip_empty_lines()
///     .decimal_comma()
///     .missing(Missing::Mean)
///     .one_hot("color", ["blue", "red"]);
/// let (data, names) = csv.text_labels::<Vector<3>, 2>("kind")?;
/// assert_eq!(data.inputs(), [Vector([1.5, 0.0, 1.0]), Vector([2.0, 1.0, 0.0]), Vector([2.5, 0.0, 1.0])]);
/// assert_eq!((data.targets()[1].index(), names), (1, ["a".into(), "b".into()]));
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// # Limits
/// A row has at most 4 MiB of text. By default, the samples of a compressed table may take at most 256 times the bytes
/// of the file that have been read, or 64 MiB if that is more. [`memory`](Self::memory) sets another limit.
#[doc(alias = "read_csv")]
#[doc(alias = "pandas")]
#[doc(alias = "DataFrame")]
#[doc(alias = "table")]
pub struct Csv<'a> {
    path: PathBuf,
    bytes: Option<Box<dyn Read + 'a>>,
    syntax: Syntax,
    delimiter: Option<u8>,
    format: NumberFormat,
    inputs: Option<Vec<Column>>,
    categories: Vec<(Column, Vec<String>)>,
    loading: Loading<'a>,
}

impl<'a> Csv<'a> {
    /// Names the file of a table. The file is opened by [`labels`](Self::labels), [`classes`](Self::classes),
    /// [`numbers`](Self::numbers) or [`text_labels`](Self::text_labels).
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().into();
        Self {
            path,
            bytes: None,
            syntax: Syntax::default(),
            delimiter: None,
            format: NumberFormat::default(),
            inputs: None,
            categories: vec![],
            loading: Loading::default(),
        }
    }

    /// Reads the table from a reader. Error messages contain `name` in place of a path.
    pub fn from_reader(name: &str, bytes: impl Read + 'a) -> Self {
        Self { bytes: Some(Box::new(bytes)), ..Self::new(name) }
    }

    loading_methods!('a);
    memory_method!();

    /// Reads the first line as a row, because the table has no header.
    pub fn without_header(mut self) -> Self {
        self.syntax.header = false;
        self
    }

    /// Sets the byte between the columns; the default is `,`.
    #[doc(alias = "separator")]
    #[doc(alias = "TSV")]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// Reads numbers with a decimal comma: `2,5` is 2.5. The delimiter is then `;`, unless
    /// [`delimiter`](Self::delimiter) sets another one.
    pub fn decimal_comma(mut self) -> Self {
        self.format.decimal_comma = true;
        self
    }

    /// Skips lines that begin with this byte.
    pub fn comment(mut self, byte: u8) -> Self {
        self.syntax.comment = Some(byte);
        self
    }

    /// Skips empty lines everywhere. By default, an empty line between the rows is an error, because it may be a
    /// missing cell of a table with one column.
    pub fn skip_empty_lines(mut self) -> Self {
        self.syntax.skip_empty_lines = true;
        self
    }

    /// Sets how missing numbers among the inputs are replaced. By default they are an error.
    ///
    /// A cell is missing if it is empty, or one of `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL`, `None` and `?`. For a
    /// missing category of [`one_hot`](Self::one_hot), all its numbers are 0, or its row is left out. A missing target
    /// is an error, or its row is left out. But a name that is given to [`classes`](Self::classes) is always a class,
    /// not a missing value.
    ///
    /// [`Missing::Mean`] uses the means of this file; its documentation shows how to read a test file.
    #[doc(alias = "fillna")]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.format.missing = missing;
        self
    }

    /// Selects the columns, in this order, that become the numbers of an input.
    #[doc(alias = "usecols")]
    pub fn inputs(self, columns: impl IntoIterator<Item = impl Into<Column>>) -> Self {
        Self { inputs: Some(columns.into_iter().map(Into::into).collect()), ..self }
    }

    /// Reads a column of text among the inputs as one-hot numbers: one for each of these names. The number is 1 for the
    /// name in the cell, and 0 for the others. A column that is not among the inputs is an error.
    #[doc(alias = "OneHotEncoder")]
    #[doc(alias = "get_dummies")]
    #[doc(alias = "categorical")]
    pub fn one_hot(
        mut self,
        column: impl Into<Column>,
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.categories.push((column.into(), names.into_iter().map(Into::into).collect()));
        self
    }

    /// Reads targets that are class indices, counted from 0: `2`, or `2.0`.
    ///
    /// # Errors
    /// [`DataError`] if the file cannot be opened, or does not have the requested columns.
    pub fn labels<X: Tensor, const CLASSES: usize>(
        self,
        column: impl Into<Column>,
    ) -> Result<Records<'a, X, Label<CLASSES>>, DataError> {
        let format = self.format;
        let parse = move |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            let text = cells.text(columns[0])?;
            let bad = |wrong: fn(String) -> BadCell| cells.bad(columns[0], wrong(excerpt(text)));
            let class = format.parse(text).filter(|class| *class >= 0.0 && class.fract() == 0.0);
            let index = class.ok_or_else(|| bad(|text| BadCell::Class { text }))?;
            let label = Label::new(index as usize);
            into.push(label.map_err(|_| bad(|text| BadCell::Label { text, classes: CLASSES }))?);
            Ok(())
        };
        self.records(&[column.into()], vec![], Box::new(parse))
    }

    /// Reads targets that are names of classes. The index of a class is its position in `names`.
    ///
    /// # Errors
    /// The same as [`labels`](Self::labels).
    pub fn classes<X: Tensor, const CLASSES: usize>(
        self,
        column: impl Into<Column>,
        names: [impl Into<String>; CLASSES],
    ) -> Result<Records<'a, X, Label<CLASSES>>, DataError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let classes = names.clone();
        let parse = move |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            let index = category(cells, columns[0], &names)?;
            into.push(Label::new(index)?);
            Ok(())
        };
        self.records(&[column.into()], classes, Box::new(parse))
    }

    /// Reads a whole table whose targets are names of classes. Returns the data and the names that occur, in
    /// alphabetical order. The index of a class is its position in this list. Read further tables with
    /// [`classes`](Self::classes) and these names.
    ///
    /// # Errors
    /// The same as [`labels`](Self::labels) and [`Records::read`]. Also [`BadCell::TooMany`] if there are more names
    /// than `CLASSES`, and [`DataError::Classes`] if there are fewer.
    #[doc(alias = "LabelEncoder")]
    #[allow(clippy::type_complexity)]
    pub fn text_labels<X: Tensor, const CLASSES: usize>(
        self,
        column: impl Into<Column>,
    ) -> Result<(Dataset<X, Label<CLASSES>>, [String; CLASSES]), DataError> {
        let (path, found) = (self.path.clone(), Rc::new(RefCell::new(Vec::<String>::new())));
        let names = found.clone();
        let parse = move |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            let (text, mut names) = (cells.text(columns[0])?, names.borrow_mut());
            let name = String::from_utf8_lossy(text);
            let index = names.iter().position(|other| *other == name).unwrap_or(names.len());
            let label = Label::new(index).map_err(|_| {
                let wrong = BadCell::TooMany { text: excerpt(text), classes: list(&names) };
                cells.bad(columns[0], wrong)
            })?;
            if index == names.len() {
                names.push(name.into_owned());
            }
            into.push(label);
            Ok(())
        };
        let mut data = self.records(&[column.into()], vec![], Box::new(parse))?.read()?;
        let mut names = found.borrow().clone();
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by(|&a, &b| names[a].cmp(&names[b]));
        let mut rank = vec![0; names.len()];
        order.iter().enumerate().for_each(|(place, &index)| rank[index] = place);
        for label in data.targets_mut() {
            *label = Label::new(rank[label.index()])?;
        }
        names.sort();
        let names = names.try_into().map_err(|names: Vec<String>| DataError::Classes {
            path,
            expected: CLASSES,
            found: names.len(),
            names: list(&names),
        })?;
        Ok((data, names))
    }

    /// Reads targets that are the numbers of these columns, for a regression.
    ///
    /// # Errors
    /// The same as [`labels`](Self::labels).
    #[doc(alias = "regression")]
    pub fn numbers<X: Tensor, Y: Tensor>(
        self,
        columns: impl IntoIterator<Item = impl Into<Column>>,
    ) -> Result<Records<'a, X, Y>, DataError> {
        let columns: Vec<Column> = columns.into_iter().map(Into::into).collect();
        check_count::<Y>(&self.path, "a target", columns.len())?;
        let (format, mut target) = (self.format, bytemuck::zeroed_box::<Y>());
        let parse = move |cells: &Cells, columns: &[usize], into: &mut Vec<_>| {
            for (number, &column) in target.as_mut_slice().iter_mut().zip(columns) {
                *number = format.read(cells, column)?;
            }
            append_copies(into, core::slice::from_ref(&*target));
            Ok(())
        };
        self.records(&columns, vec![], Box::new(parse))
    }

    fn records<X: Tensor, Y>(
        mut self,
        targets: &[Column],
        classes: Vec<String>,
        parse: Parse<Y>,
    ) -> Result<Records<'a, X, Y>, DataError> {
        self.format.missing.check::<X::Scalar>()?;
        self.syntax.delimiter = self.delimiter.unwrap_or(if self.format.decimal_comma { b';' } else { b',' });
        let file = match self.bytes {
            None => Opened::file(&self.path, self.loading)?,
            Some(bytes) => Opened::reader(&self.path, bytes, self.loading)?,
        };
        let lines = Lines::new(file, self.syntax)?;
        let targets = lines.find(targets)?;
        let inputs =
            InputColumns::find(&lines, self.inputs.as_deref(), &targets, self.categories, self.format)?;
        Records::new(lines, inputs, targets, classes, parse)
    }
}
