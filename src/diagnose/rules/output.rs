//! Problems of the last layer of a network and its loss.

use alloc::format;

use super::super::case::Case;
use super::super::change::Change;
use super::super::facts::Facts;
use super::super::mapped::OutputMap;
use super::super::problem::{Finding, Problem};
use super::super::report::number_of;
use super::percent;
use crate::flow::LayerFlow;

/// Losses that take the scores of classes, and apply a softmax or a sigmoid themselves.
const OF_SCORES: [&str; 4] =
    ["CrossEntropy", "WeightedCrossEntropy", "BinaryCrossEntropy", "WeightedBinaryCrossEntropy"];
/// Losses that are distances between numbers.
const OF_NUMBERS: [&str; 7] =
    ["MeanSquaredError", "MeanAbsoluteError", "Huber", "SmoothL1", "LogCosh", "Hinge", "SquaredHinge"];
/// Targets outside the range of the outputs are a problem from this share on. Fewer are outliers.
const OUTSIDE: f64 = 0.05;

/// The ranges of activations, by the names of their types.
const RANGES: [(&str, f64, f64); 20] = [
    ("Sigmoid", 0.0, 1.0),
    ("HardSigmoid", 0.0, 1.0),
    ("Softmax", 0.0, 1.0),
    ("Softmin", 0.0, 1.0),
    ("Tanh", -1.0, 1.0),
    ("HardTanh", -1.0, 1.0),
    ("Softsign", -1.0, 1.0),
    ("Erf", -1.0, 1.0),
    ("Sin", -1.0, 1.0),
    ("Cos", -1.0, 1.0),
    ("Relu", 0.0, f64::INFINITY),
    ("Relu6", 0.0, 6.0),
    ("Softplus", 0.0, f64::INFINITY),
    ("Exp", 0.0, f64::INFINITY),
    ("Abs", 0.0, f64::INFINITY),
    ("Square", 0.0, f64::INFINITY),
    ("Elu", -1.0, f64::INFINITY),
    ("Gelu", -0.17, f64::INFINITY),
    ("Silu", -0.28, f64::INFINITY),
    ("LogSigmoid", f64::NEG_INFINITY, 0.0),
];

/// Returns the last layer of a network that computes something.
fn last(facts: &Facts) -> Option<&LayerFlow> {
    let computes = |layer: &&LayerFlow| {
        let moves = ["Identity", "Flatten", "Reshape", "Dropout", "LastStep"];
        !moves.iter().any(|name| layer.layer.starts_with(name))
    };
    facts.flow.leaves().filter(computes).last()
}

/// Returns the name of a type without its settings.
fn name(layer: &LayerFlow) -> &str {
    layer.layer.split('<').next().unwrap_or_default()
}

fn takes_scores(facts: &Facts) -> bool {
    let loss = facts.loss.split('<').next().unwrap_or_default();
    OF_SCORES.contains(&loss)
}

/// Returns the transformation that undoes the last activation, if the loss expects scores.
pub(in super::super) fn undone(facts: &Facts) -> Option<OutputMap> {
    let last = last(facts).filter(|_| takes_scores(facts))?;
    match name(last) {
        "Softmax" => Some(OutputMap::UndoSoftmax),
        "Sigmoid" => Some(OutputMap::UndoSigmoid),
        _ => None,
    }
}

/// The network ends with an activation, but the loss expects scores.
pub(super) fn activation(case: &Case) -> Option<Finding> {
    let facts = &case.facts;
    let last = last(facts).filter(|_| takes_scores(facts))?;
    let (confidence, what) = match name(last) {
        "Softmax" | "Softmin" | "Sigmoid" | "HardSigmoid" => {
            (0.97, "from 0 to 1, so that no class can be more than e times as likely as another")
        }
        "Relu" | "Relu6" | "Abs" | "Square" | "Exp" | "Softplus" => {
            (0.85, "at least 0, so that no class can be ruled out")
        }
        "Tanh" | "HardTanh" | "Softsign" | "Erf" | "Sin" | "Cos" => (0.85, "between -1 and 1"),
        _ => return None,
    };
    // Even if a score is bounded, or never negative, a network can learn which class is more likely.
    let confidence = if confidence < 0.9 && !case.does_not_learn() { 0.4 } else { confidence };
    let loss = facts.loss.split('<').next().unwrap_or_default();
    let evidence = format!(
        "`{loss}` takes scores, but the network ends with `{}`, whose outputs are {what}",
        last.layer
    );
    let cure = format!("leave out the last `{}`: the loss applies the activation itself", last.layer);
    let trial = case.best_of(|change| matches!(change, Change::Outputs(_))).map(|(at, _)| at);
    Some(Case::finding(Problem::OutputActivation, Some(last.path.clone()), confidence, evidence, cure, trial))
}

/// Targets are outside the range of the last activation.
pub(super) fn out_of_range(case: &Case) -> Option<Finding> {
    let facts = &case.facts;
    let loss = facts.loss.split('<').next().unwrap_or_default();
    let last = last(facts).filter(|_| OF_NUMBERS.contains(&loss))?;
    let &(_, low, high) = RANGES.iter().find(|(of, ..)| *of == name(last))?;
    let sorted = &facts.targets.sorted;
    let (first, largest) = (*sorted.first()?, *sorted.last()?);
    // Targets that are outside by a hundredth of their own range do not keep the network from learning.
    let margin = 0.01 * (largest - first);
    let outside = sorted.iter().filter(|y| **y < low - margin || **y > high + margin).count();
    let share = outside as f64 / sorted.len() as f64;
    (share >= OUTSIDE).then(|| {
        let range = match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("between {low} and {high}"),
            (true, false) => format!("at least {low}"),
            _ => format!("at most {high}"),
        };
        let evidence = format!(
            "the outputs of `{}` are {range}, and {} of the targets are not: these are from {} to {}",
            last.layer,
            percent(share),
            number_of(first),
            number_of(largest)
        );
        let cure = "end with a linear layer, or scale the targets into the range";
        let trial = case.best_of(|change| matches!(change, Change::Outputs(_))).map(|(at, _)| at);
        Case::finding(Problem::TargetsOutOfRange, Some(last.path.clone()), 0.96, evidence, cure, trial)
    })
}
