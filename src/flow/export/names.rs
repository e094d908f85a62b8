//! Flat names of figures, for programs that draw charts.

use std::collections::HashSet;

use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::attention::{SCORES, way_share};
use crate::flow::{LayerFlow, Record};

/// A figure of a layer, with its name.
type Figure = (&'static str, fn(&LayerFlow) -> Option<f64>);

const FIGURES: &[Figure] = &[
    ("output_rms", |layer| Some(layer.output_rms)),
    ("gradient_rms", |layer| layer.output_grad_rms),
    ("gain", |layer| layer.gain),
    ("slope_mean", |layer| Some(layer.activation?.mean)),
    ("saturated", |layer| Some(layer.activation?.saturated)),
    ("attention_entropy", |layer| Some(layer.attention.as_ref()?.entropy())),
    ("collapsed_heads", |layer| Some(layer.attention.as_ref()?.collapsed())),
    ("scores_share", |layer| way_share(&layer.paths, SCORES)),
    ("dead", |layer| Some(layer.units?.dead_share())),
    ("dormant", |layer| Some(layer.units?.dormant_share())),
    ("effective_rank", |layer| Some(layer.rank?.effective)),
    ("stable_rank", |layer| Some(layer.rank?.stable)),
    ("feature_rank", |layer| Some(layer.rank?.feature as f64)),
    ("weight_norm", LayerFlow::weight_norm),
    ("gradient_norm", LayerFlow::gradient_norm),
    ("update_to_weight", LayerFlow::update_to_weight),
];

/// Returns the finite figures of a record with unique names.
pub(super) fn figures(record: &Record) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = Vec::new();
    let losses = [("loss", record.flow.loss), ("mean_loss", record.mean_loss)];
    all.extend(losses.into_iter().filter_map(|(name, loss)| Some((name.into(), loss?))));
    let paths = unique(record.flow.layers.iter().map(|layer| plain(&layer.path)));
    for (layer, path) in record.flow.layers.iter().zip(&paths) {
        let own = FIGURES.iter().filter_map(|(name, of)| Some((format!("{name}/{path}"), of(layer)?)));
        all.extend(own);
    }
    all.retain(|(_, value)| value.is_finite());
    all
}

/// Returns a path with only ASCII letters, digits and `_ - .`.
pub(super) fn plain(path: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match path {
        "" => "network".into(),
        _ => path.chars().map(|c| if allowed(c) { c } else { '_' }).collect(),
    }
}

/// Makes names unique: the second `a` becomes `a_2`.
fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let different = names.map(|name| {
        let mut number = 1;
        let mut tried = name.clone();
        while !seen.insert(tried.clone()) {
            number += 1;
            tried = format!("{name}_{number}");
        }
        tried
    });
    different.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_letters_digits_and_four_other_characters_only() {
        assert_eq!(plain("2.branch.0"), "2.branch.0");
        assert_eq!(plain(""), "network");
        assert_eq!(plain("größe/a b.r#type"), "gr__e_a_b.r_type");
    }

    #[test]
    fn two_layers_never_have_the_same_name() {
        let names = ["network", "a_b", "a_b", "a_b_2", "network"].map(String::from);
        assert_eq!(unique(names.into_iter()), ["network", "a_b", "a_b_2", "a_b_2_2", "network_2"]);
    }
}
