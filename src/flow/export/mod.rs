//! Flows and records as CSV, JSON, JSON lines and TensorBoard's event files.

mod names;
#[cfg(feature = "tensorboard")]
mod proto;
#[cfg(feature = "tensorboard")]
mod tensorboard;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::Path;

use super::{AttentionFlow, Flow, LayerFlow, Recorder};
use crate::atomic_file;
use crate::data::{DataError, csv_row};
use names::figures;

/// The columns of [`Flow::to_csv`].
const COLUMNS: &[&str] = &[
    "path",
    "layer",
    "level",
    "input_shape",
    "output_shape",
    "input_rms",
    "output_rms",
    "output_grad_rms",
    "input_grad_rms",
    "gain",
    "slope_mean",
    "saturated",
    "dead",
    "fan_in",
    "singular_largest",
    "singular_smallest",
    "branch_grad_rms",
    "shortcut_grad_rms",
    "values_grad_rms",
    "scores_grad_rms",
    "cosine",
    "attention_entropy",
    "collapsed_heads",
    "uniform_heads",
    "window_samples",
    "window_dead",
    "window_dormant",
    "effective_rank",
    "stable_rank",
    "feature_rank",
    "weight_norm",
    "gradient_norm",
    "gradient_to_weight",
    "update_to_weight",
];

impl Flow {
    /// Returns a table as CSV, with a header and a row for each layer. A figure that a layer does not have is empty.
    /// Norms of parameters are over all parameters of the layer.
    pub fn to_csv(&self) -> String {
        let mut table = csv_row(COLUMNS.iter().copied());
        for layer in &self.layers {
            table += &csv_row(cells(layer).iter().map(String::as_str));
        }
        table
    }

    /// Returns all figures as JSON, nested as the public fields are. Numbers that are not finite are `null`.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of known types: serialization cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Recorder {
    /// Returns all records as CSV, one after the other. The rows are those of [`Flow::to_csv`], with the step in the
    /// first column.
    pub fn to_csv(&self) -> String {
        let mut table = csv_row(std::iter::once("step").chain(COLUMNS.iter().copied()));
        for record in self.records() {
            for layer in &record.flow.layers {
                let (step, cells) = (record.step.to_string(), cells(layer));
                table += &csv_row(std::iter::once(&step).chain(&cells).map(String::as_str));
            }
        }
        table
    }

    /// Returns all figures of all records as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self.records()).unwrap_or_default()
    }

    /// Returns one line for each record, a JSON object: its step, and its figures by flat names, such as
    /// `{"step":100,"loss":0.31,"gradient_rms/2.branch.0":0.0021}`. Figures that are not finite, or that a layer does
    /// not have, are left out.
    ///
    /// A name consists of the figure, a `/`, and the path of the layer, which is `network` for the whole network. It
    /// has only ASCII letters, digits, and `_ - . /`, and begins with a letter. Any other character of a path becomes
    /// `_`. TensorBoard, W&B and Aim group the charts by the part before the `/`. (W&B itself logs such names, like
    /// `gradients/fc1.weight`. To sort and filter *runs* by a figure, it requires names of letters, digits and `_`.) In
    /// Python:
    ///
    /// ```python
    /// for line in open("flow.jsonl"):
    ///     figures = json.loads(line)
    ///     run.log(figures, step=figures.pop("step"))     # W&B
    ///     run.track(figures, step=figures.pop("step"))   # or Aim
    /// ```
    #[doc(alias = "wandb")]
    #[doc(alias = "aim")]
    #[doc(alias = "json lines")]
    pub fn to_jsonl(&self) -> String {
        let mut lines = String::new();
        for record in self.records() {
            lines += &format!("{{\"step\":{}", record.step);
            for (name, value) in figures(record) {
                // The characters of a name need no escape, and finite numbers are valid JSON.
                lines += &format!(",\"{name}\":{}", serde_json::Value::from(value));
            }
            lines += "}\n";
        }
        lines
    }

    /// Returns the values of a figure with their steps, from each record that has it. The name is that of
    /// [`to_jsonl`](Recorder::to_jsonl), such as `loss` or `update_to_weight/2`.
    pub fn series(&self, name: &str) -> Vec<(u64, f64)> {
        let value = |record| figures(record).into_iter().find(|(other, _)| other == name);
        self.records().iter().filter_map(|record| Some((record.step, value(record)?.1))).collect()
    }

    /// Writes [`to_csv`](Recorder::to_csv) to a file, atomically: at any moment the file is either the old one or the
    /// new one.
    ///
    /// # Errors
    /// An error of the file system. The old file is then unchanged.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        write_file(path.as_ref(), self.to_csv().as_bytes())
    }

    /// Writes [`to_jsonl`](Recorder::to_jsonl) to a file, atomically.
    ///
    /// # Errors
    /// An error of the file system. The old file is then unchanged.
    pub fn write_jsonl(&self, path: impl AsRef<Path>) -> Result<(), DataError> {
        write_file(path.as_ref(), self.to_jsonl().as_bytes())
    }
}

/// Writes a whole file, atomically.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    atomic_file::write(path, bytes).map_err(|error| DataError::Io { path: path.into(), source: error.into() })
}

/// Returns the row of a layer.
fn cells(layer: &LayerFlow) -> Vec<String> {
    let shape = |sides: &[usize]| sides.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:e}"));
    let (slope, weights) = (layer.activation, layer.weights);
    let spectrum = weights.and_then(|weights| weights.spectrum);
    let path_grad =
        |name: &str| layer.paths.iter().find(|path| path.name == name).map(|path| path.input_grad_rms);
    let (units, rank, attention) = (layer.units, layer.rank, layer.attention.as_ref());
    vec![
        layer.path.clone(),
        layer.layer.clone(),
        layer.level.to_string(),
        shape(layer.input_shape),
        shape(layer.output_shape),
        number(Some(layer.input_rms)),
        number(Some(layer.output_rms)),
        number(layer.output_grad_rms),
        number(layer.input_grad_rms),
        number(layer.gain),
        number(slope.map(|slope| slope.mean)),
        number(slope.map(|slope| slope.saturated)),
        number(slope.map(|slope| slope.dead)),
        weights.map_or(String::new(), |weights| weights.fan_in.to_string()),
        number(spectrum.map(|spectrum| spectrum.largest)),
        number(spectrum.map(|spectrum| spectrum.smallest)),
        number(path_grad("branch")),
        number(path_grad("shortcut")),
        number(path_grad("values")),
        number(path_grad("scores")),
        number(layer.cosine),
        number(attention.map(AttentionFlow::entropy)),
        number(attention.map(AttentionFlow::collapsed)),
        number(attention.map(AttentionFlow::uniform)),
        units.map_or(String::new(), |units| units.samples.to_string()),
        number(units.map(|units| units.dead_share())),
        number(units.map(|units| units.dormant_share())),
        number(rank.map(|rank| rank.effective)),
        number(rank.map(|rank| rank.stable)),
        number(rank.map(|rank| rank.feature as f64)),
        number(layer.weight_norm()),
        number(layer.gradient_norm()),
        number(layer.gradient_to_weight()),
        number(layer.update_to_weight()),
    ]
}
