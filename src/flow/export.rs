use alloc::string::String;
use alloc::vec::Vec;

use super::figures::{norm, ratio};
use super::{Flow, LayerFlow, ParameterFlow};
use crate::data::csv_row;

/// The columns of [`Flow::to_csv`].
pub(super) const COLUMNS: &[&str] = &[
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
    "cosine",
    "weight_norm",
    "gradient_norm",
    "gradient_to_weight",
    "update_to_weight",
];

impl Flow {
    /// Returns a table as CSV, with a header and a row for each layer; a figure that a layer does not have is empty.
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

/// Returns a layer's row.
pub(super) fn cells(layer: &LayerFlow) -> Vec<String> {
    let shape = |sides: &[usize]| sides.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:e}"));
    let (slope, weights) = (layer.activation, layer.weights);
    let spectrum = weights.and_then(|weights| weights.spectrum);
    let path_grad =
        |name: &str| layer.paths.iter().find(|path| path.name == name).map(|path| path.input_grad_rms);
    // Without parameters there are no norms of them, and without a gradient no norm of it.
    let parameters = &layer.parameters;
    let over_all = |figure: fn(&ParameterFlow) -> Option<f64>| {
        let norms: Option<Vec<f64>> = parameters.iter().map(figure).collect();
        norms.filter(|norms| !norms.is_empty()).map(|norms| norm(&norms))
    };
    let weight = over_all(|parameter| Some(parameter.norm));
    let gradient =
        over_all(|parameter| Some(parameter.gradient_norm)).filter(|_| layer.output_grad_rms.is_some());
    let update = over_all(|parameter| parameter.update_norm);
    let to_weight = |x: Option<f64>| ratio(x?, weight?);
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
        number(layer.cosine),
        number(weight),
        number(gradient),
        number(to_weight(gradient)),
        number(to_weight(update)),
    ]
}
