#[cfg(feature = "serde")]
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{History, Row};
#[cfg(feature = "serde")]
use crate::data::BadLine;
use crate::data::DataError;
#[cfg(feature = "csv")]
use crate::data::{BadCell, Lines, excerpt};

/// Reads the rows of a `.csv`.
#[cfg(feature = "csv")]
pub(super) fn csv(path: &Path, text: &[u8]) -> Result<History, DataError> {
    let mut lines = Lines::of_text(path, text)?;
    let names = lines.names().unwrap_or_default();
    let [epoch, step, names @ ..] = names else { return Err(no_log(path, names)) };
    if epoch != "epoch" || step != "step" {
        return Err(no_log(path, lines.names().unwrap_or_default()));
    }
    let mut history = History::new(names.iter().cloned())?;
    while let Some(cells) = lines.next()? {
        let text = |column| cells.text(column).map(|text| str::from_utf8(text).unwrap_or_default());
        let bad = |column, text: &str| cells.bad(column, BadCell::Number { text: excerpt(text.as_bytes()) });
        let whole = |column| text(column).and_then(|text| text.parse().map_err(|_| bad(column, text)));
        let value = |column| match text(column) {
            Err(_) => Ok(None), // empty: not measured in this row
            Ok(text) => text.parse().map(Some).map_err(|_| bad(column, text)),
        };
        let (epoch, step) = (whole(0)?, whole(1)?);
        let values = (0..history.names.len()).map(|at| value(at + 2)).collect::<Result<_, _>>()?;
        history.rows.push(Row { epoch, step, values });
    }
    Ok(history)
}

#[cfg(feature = "csv")]
fn no_log(path: &Path, names: &[String]) -> DataError {
    DataError::Header {
        path: path.into(),
        field: "header",
        expected: "epoch, step and the names of the values".into(),
        found: format!("{:?}", excerpt(names.join(",").as_bytes())),
    }
}

/// Reads the rows of a `.jsonl`.
#[cfg(feature = "serde")]
pub(super) fn json_lines(path: &Path, text: &[u8]) -> Result<History, DataError> {
    #[derive(serde::Deserialize)]
    struct Line {
        epoch: u64,
        step: u64,
        #[serde(flatten)]
        values: BTreeMap<String, Option<f64>>,
    }
    let mut lines = vec![];
    for (at, text) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let line: Line = serde_json::from_slice(text).map_err(|error| DataError::Line {
            path: path.into(),
            line: at as u64 + 1,
            wrong: BadLine::Row { problem: error.to_string() },
        })?;
        lines.push(line);
    }
    let names: BTreeSet<&String> = lines.iter().flat_map(|line| line.values.keys()).collect();
    let mut history = History::new(names.into_iter().cloned())?;
    for Line { epoch, step, values } in lines {
        let value = |name| values.get(name).map(|value| value.unwrap_or(f64::NAN));
        history.rows.push(Row { epoch, step, values: history.names.iter().map(value).collect() });
    }
    Ok(history)
}
