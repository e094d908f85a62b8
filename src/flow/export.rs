use alloc::string::String;
use alloc::vec::Vec;

use super::{Flow, LayerFlow};

/// The columns of [`Flow::to_csv`].
const COLUMNS: &[&str] = &[
    "path",
    "layer",
    "level",
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
    "cosine",
    "weight_norm",
    "gradient_norm",
    "gradient_to_weight",
    "update_to_weight",
];

impl Flow {
    /// A table with a row for each layer and a header; what a layer does not have is empty. Norms of parameters are over
    /// all of the layer's own.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let rows = std::iter::once(COLUMNS.iter().map(|name| (*name).into()).collect());
        for row in rows.chain(self.layers.iter().map(cells)) {
            write(&mut writer, &row);
        }
        finish(writer)
    }

    /// Every figure, nested as the public fields are. What is not finite is `null`.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of known types: nothing that could fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Writing into memory cannot fail.
pub(super) fn write(writer: &mut csv::Writer<Vec<u8>>, row: &[String]) {
    let _ = writer.write_record(row);
}

pub(super) fn finish(writer: csv::Writer<Vec<u8>>) -> String {
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

pub(super) fn header() -> impl Iterator<Item = String> {
    COLUMNS.iter().map(|name| (*name).into())
}

/// A layer's row.
pub(super) fn cells(layer: &LayerFlow) -> Vec<String> {
    let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:e}"));
    let (slope, weights) = (layer.slope, layer.weights);
    let spectrum = weights.and_then(|weights| weights.spectrum);
    let way = |name: &str| layer.ways.iter().find(|way| way.name == name).map(|way| way.input_grad_rms);
    let over_all = |norms: &mut dyn Iterator<Item = f64>| norms.map(|x| x * x).sum::<f64>().sqrt();
    let parameters = &layer.parameters;
    let weight = over_all(&mut parameters.iter().map(|p| p.norm));
    let gradient = over_all(&mut parameters.iter().map(|p| p.gradient_norm));
    let update: Option<Vec<f64>> = parameters.iter().map(|p| p.update_norm).collect();
    let update = update.map(|norms| over_all(&mut norms.into_iter()));
    let some = |x: f64| (!parameters.is_empty()).then_some(x);
    vec![
        layer.path.clone(),
        layer.layer.clone(),
        layer.level.to_string(),
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
        number(way("branch")),
        number(way("shortcut")),
        number(layer.cosine),
        number(some(weight)),
        number(some(gradient)),
        number(some(gradient / weight).filter(|x| x.is_finite())),
        number(update.and_then(|update| some(update / weight)).filter(|x| x.is_finite())),
    ]
}
