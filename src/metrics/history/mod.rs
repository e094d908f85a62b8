//! The log of a training run, in memory and in files.

#[cfg(feature = "plot")]
mod picture;
#[cfg(any(feature = "csv", feature = "serde"))]
mod read;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::data::{DataError, csv_row};

/// The log of a training run: rows of measured values, in memory and in files of comma-separated values (`.csv`) or
/// JSON lines (`.jsonl`).
///
/// Each row is written to the files at once, so that the rows remain if the run is killed. At worst the last line is
/// incomplete; reading ignores this line.
///
/// ```
/// use chainrule::metrics::History;
///
/// # let path = std::env::temp_dir().join(format!("chainrule-{}.csv", std::process::id()));
/// let mut history = History::new(["loss", "accuracy"])?.log_to(&path)?;
/// history.record(1, 120, &[("loss", 0.51)])?;
/// history.record(1, 240, &[("accuracy", 0.9), ("loss", 0.31)])?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "epoch,step,loss,accuracy\n1,120,0.51,\n1,240,0.31,0.9\n");
/// # #[cfg(feature = "csv")] {
/// assert_eq!(History::read(&path)?.values("loss").collect::<Vec<_>>(), [(120, 0.51), (240, 0.31)]);
///
/// // The run was killed, and is resumed from a checkpoint at step 120.
/// let history = History::resume(["loss", "accuracy"], &path, 120)?;
/// assert_eq!(history.rows().len(), 1);
/// assert_eq!(history.rows()[0].step, 120);
/// # }
/// # let _ = std::fs::remove_file(&path);
/// # Ok::<(), chainrule::data::DataError>(())
/// ```
///
/// Reading a `.csv` needs the feature `csv`; writing does not. A `.jsonl` needs the feature `serde`, which is one of
/// the default features. Checkpoints contain the rows too, so [`Trainer::fit`](crate::Trainer) resumes without reading
/// its log.
///
/// A `.csv` contains NaN and infinities as text. JSON has neither: they are written as `null`, and read as NaN.
#[doc(alias = "CSVLogger")]
#[doc(alias = "TensorBoard")]
#[doc(alias = "learning curve")]
#[derive(Debug)]
pub struct History {
    names: Vec<String>,
    rows: Vec<Row>,
    files: Vec<Open>,
}

/// The values that were measured at one step: an element of [`History::rows`]. See the example of [`History`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The epoch.
    pub epoch: u64,
    /// The number of steps since the start of the run.
    pub step: u64,
    /// One value for each of the history's [names](History::names); `None` if it was not measured.
    pub values: Vec<Option<f64>>,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Csv,
    #[cfg(feature = "serde")]
    JsonLines,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    format: Format,
    file: File,
}

impl History {
    /// Creates a history of values with these names.
    ///
    /// # Errors
    /// [`DataError::Name`] for a name that is empty, occurs twice, starts or ends with a space, contains a line break,
    /// or is `epoch` or `step`.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, DataError> {
        let mut history = Self { names: vec![], rows: vec![], files: vec![] };
        for name in names {
            let name = name.into();
            let wrong = match &name[..] {
                "" => Some("it is empty"),
                "epoch" | "step" => Some("each row already has one"),
                name if history.names.iter().any(|other| other == name) => Some("it occurs twice"),
                name if name.trim() != name => Some("it starts or ends with a space"),
                name if name.contains(['\n', '\r']) => Some("it contains a line break"),
                _ => None,
            };
            match wrong {
                Some(problem) => return Err(DataError::Name { name, problem }),
                None => history.names.push(name),
            }
        }
        Ok(history)
    }

    /// Reads the complete lines of a file.
    ///
    /// # Errors
    /// [`DataError`] with the line (and the column) of the error.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        let mut text = fs::read(path).map_err(|source| DataError::Io { path: path.into(), source })?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        text.truncate(whole);
        match format {
            #[cfg(feature = "csv")]
            Format::Csv => read::csv(path, &text),
            #[cfg(not(feature = "csv"))]
            Format::Csv => Err(DataError::Feature { path: path.into(), feature: "csv" }),
            #[cfg(feature = "serde")]
            Format::JsonLines => read::json_lines(path, &text),
        }
    }

    /// Continues the log of an interrupted run: reads the file, drops the rows after `step`, and writes further rows to
    /// it. The example of [`History`] calls it.
    ///
    /// # Errors
    /// The same as [`new`](Self::new), [`read`](Self::read) and [`log_to`](Self::log_to). Also [`DataError::Name`] for
    /// a name in the file that is not among `names`.
    pub fn resume(
        names: impl IntoIterator<Item = impl Into<String>>,
        path: impl AsRef<Path>,
        step: u64,
    ) -> Result<Self, DataError> {
        let (mut history, read) = (Self::new(names)?, Self::read(&path)?);
        for Row { epoch, step, values } in read.rows.into_iter().filter(|row| row.step <= step) {
            let values = read.names.iter().zip(values).filter_map(|(name, value)| Some((&name[..], value?)));
            history.record(epoch, step, &values.collect::<Vec<_>>())?;
        }
        history.log_to(path)
    }

    /// Writes the rows so far and all later rows to this file. An existing file is replaced atomically.
    ///
    /// # Errors
    /// [`DataError::Header`] if the path ends with neither `.csv` nor `.jsonl`, and [`DataError::Io`].
    pub fn log_to(self, path: impl AsRef<Path>) -> Result<Self, DataError> {
        self.log_to_each(&[path.as_ref().to_path_buf()])
    }

    /// Does the same for several files. If one of them cannot be written, none is replaced.
    pub(crate) fn log_to_each(mut self, paths: &[PathBuf]) -> Result<Self, DataError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            |source| DataError::Io { path, source }
        };
        let mut beside = vec![];
        let written = paths.iter().try_for_each(|path| {
            let (format, bytes) = self.whole(path)?;
            let mut new = path.as_os_str().to_owned();
            new.push(".new");
            let mut file = File::create(&new).map_err(failed(path))?;
            beside.push(PathBuf::from(new));
            file.write_all(&bytes).map_err(failed(path))?;
            self.files.push(Open { path: path.clone(), format, file });
            Ok(())
        });
        let replaced = written.and_then(|()| {
            let mut renames = beside.iter().zip(paths);
            renames.try_for_each(|(new, path)| fs::rename(new, path).map_err(failed(path)))
        });
        if replaced.is_err() {
            beside.iter().for_each(|new| _ = fs::remove_file(new)); // the error that is reported is the first one
        }
        replaced.map(|()| self)
    }

    /// Returns the format and all bytes of a file with the rows so far.
    fn whole(&self, path: &Path) -> Result<(Format, Vec<u8>), DataError> {
        let format = Format::of(path)?;
        let mut bytes = match format {
            Format::Csv => {
                csv_row(["epoch", "step"].into_iter().chain(self.names.iter().map(String::as_str)))
                    .into_bytes()
            }
            #[cfg(feature = "serde")]
            Format::JsonLines => vec![],
        };
        for row in &self.rows {
            bytes.extend(self.line(format, row));
        }
        Ok((format, bytes))
    }

    /// Adds a row, and writes it to the files.
    ///
    /// # Errors
    /// [`DataError::Name`] for a name that the history does not have, or that occurs twice; [`DataError::Io`].
    pub fn record(&mut self, epoch: u64, step: u64, values: &[(&str, f64)]) -> Result<(), DataError> {
        let mut row = Row { epoch, step, values: vec![None; self.names.len()] };
        for &(name, value) in values {
            let wrong = |problem| DataError::Name { name: name.into(), problem };
            let place = self.names.iter().position(|other| other == name);
            let place = place.ok_or_else(|| wrong("it is not among the names of this history"))?;
            if row.values[place].replace(value).is_some() {
                return Err(wrong("it occurs twice in one row"));
            }
        }
        for at in 0..self.files.len() {
            let line = self.line(self.files[at].format, &row);
            let Open { path, file, .. } = &mut self.files[at];
            file.write_all(&line).map_err(|source| DataError::Io { path: path.clone(), source })?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// Returns the names of the values.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns all rows so far.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the values of this name, each with its step: a learning curve. It is empty if there is no such name.
    pub fn values(&self, name: &str) -> impl Iterator<Item = (u64, f64)> {
        let place = self.names.iter().position(|other| other == name);
        self.rows.iter().filter_map(move |row| Some((row.step, row.values[place?]?)))
    }

    /// Returns the line of a row as bytes.
    fn line(&self, format: Format, row: &Row) -> Vec<u8> {
        let pairs = self.names.iter().zip(&row.values);
        match format {
            Format::Csv => {
                let mut cells = vec![row.epoch.to_string(), row.step.to_string()];
                // `{:?}` is the shortest text that is read as the same number, with an exponent if that is shorter.
                cells.extend(pairs.map(|(_, value)| value.map(|x| format!("{x:?}")).unwrap_or_default()));
                csv_row(cells.iter().map(String::as_str)).into_bytes()
            }
            #[cfg(feature = "serde")]
            Format::JsonLines => {
                let mut object = serde_json::Map::new();
                object.insert("epoch".into(), row.epoch.into());
                object.insert("step".into(), row.step.into());
                object.extend(pairs.filter_map(|(name, value)| Some((name.clone(), (*value)?.into()))));
                let mut line = serde_json::Value::Object(object).to_string();
                line.push('\n');
                line.into_bytes()
            }
        }
    }
}

impl Format {
    /// Returns the format from the file's extension.
    fn of(path: &Path) -> Result<Self, DataError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => Ok(Self::Csv),
            #[cfg(feature = "serde")]
            Some("jsonl") => Ok(Self::JsonLines),
            #[cfg(not(feature = "serde"))]
            Some("jsonl") => Err(DataError::Feature { path: path.into(), feature: "serde" }),
            other => Err(DataError::Header {
                path: path.into(),
                field: "end of the name",
                expected: "`.csv` or `.jsonl`".into(),
                found: other.map_or("missing".into(), |other| format!("`.{other}`")),
            }),
        }
    }
}
