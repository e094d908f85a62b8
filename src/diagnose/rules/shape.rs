//! Problems of a network's type.

use alloc::format;
use alloc::vec::Vec;

use super::super::case::{Case, HELPS, LEARNS};
use super::super::change::Change;
use super::super::problem::{Finding, Problem};
use super::{is_of_weights, percent};
use crate::flow::LayerFlow;
use crate::layer::Factor;

/// Dropout of more than this share, in a layer or in all of them together, is too much: Srivastava et al. 2014 (section
/// A.4) use 0.5 for hidden units and 0.2 for inputs, and the error rises beyond about 0.6 (section 7.3).
const MOST_DROPPED: f64 = 0.7;
/// A layer with at most this many units is a bottleneck.
const NARROW: usize = 2;

/// Layers that are linear maps or identities, by the start of their names.
const LINEAR: [&str; 27] = [
    "Linear",
    "Dense",
    "Conv",
    "Depthwise",
    "Transposed",
    "Flatten",
    "Reshape",
    "Identity",
    "Dropout",
    "Affine",
    "AvgPool",
    "AdaptiveAvgPool",
    "GlobalAvgPool",
    "Permute",
    "Transpose",
    "Scale",
    "Shift",
    "Neg",
    "Pad",
    "ZeroPad",
    "LastStep",
    "MeanOver",
    "SumOver",
    "Upsample",
    "Reverse",
    "GaussianNoise",
    "BatchNorm",
];

/// A batch norm gets one sample with one position.
pub(super) fn batch_norm_of_one(case: &Case) -> Option<Finding> {
    let settings = &case.facts.settings;
    let samples = settings.at_once.map_or(settings.batch, |at_once| at_once.min(settings.batch));
    let of_one = |layer: &&LayerFlow| {
        let positions: usize = layer.input_shape.iter().skip(1).product();
        layer.layer.starts_with("BatchNorm") && samples * positions == 1
    };
    let evaluated = |layer: &LayerFlow| {
        let outer = case.facts.flow.layers.iter().filter(|outer| outer.layer.starts_with("Evaluate<"));
        outer.into_iter().any(|outer| layer.path.starts_with(&outer.path))
    };
    let layer = case.facts.flow.leaves().filter(of_one).find(|layer| !evaluated(layer))?;
    let evidence = format!(
        "`{}` gets {samples} sample at once: the mean is the number itself and the variance 0, so that its output is its bias for any input",
        layer.layer
    );
    let cure = "larger batches; or a norm of the features of one sample, `LayerNorm` or `GroupNorm`";
    let trial = case.best_of(|change| matches!(change, Change::Batch(_))).map(|(at, _)| at);
    Some(Case::finding(Problem::BatchNormOfOne, Some(layer.path.clone()), 0.99, evidence, cure, trial))
}

/// The branch of a residual block is dead.
pub(super) fn dead_branch(case: &Case) -> Option<Finding> {
    let flow = &case.facts.flow;
    if flow.samples < 16 {
        return None;
    }
    let dead = |layer: &&LayerFlow| layer.activation.is_some_and(|slope| slope.dead >= 0.999);
    let after = case.control.flow.as_ref()?;
    let inside = flow.leaves().filter(dead).filter(|layer| layer.path.contains("branch"));
    let still: Vec<_> = inside.filter(|layer| after.layer(&layer.path).as_ref().is_some_and(dead)).collect();
    let first = still.first()?;
    let others = match still.len() {
        1 => alloc::string::String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let evidence = format!(
        "in the branch, all units of `{}` ({}){others} are 0 in each of {} samples, now and after {} steps: the block is only \
         its skip connection",
        first.path, first.layer, flow.samples, case.control.outcome.steps
    );
    let cure = "biases of 0 before it, He's weights, or `LeakyRelu`; a lower learning rate, if this happened in training";
    let trial = case.best_of(is_of_weights).map(|(at, _)| at);
    Some(Case::finding(Problem::DeadBranch, Some(first.path.clone()), 0.93, evidence, cure, trial))
}

/// Returns the share of numbers that a dropout layer sets to 0.
fn dropped(layer: &LayerFlow) -> Option<f64> {
    let name = layer.layer.split('<').next()?;
    let is_dropout = name.ends_with("Dropout") || name == "Dropout1d" || name == "Dropout2d";
    let setting = layer.layer.split('<').nth(1).filter(|_| is_dropout)?;
    let digits: alloc::string::String = setting.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<f64>().ok().map(|percent| percent / 100.0)
}

/// Dropout sets too many numbers to 0.
pub(super) fn dropout(case: &Case) -> Option<Finding> {
    let layers: Vec<_> =
        case.facts.flow.leaves().filter_map(|layer| Some((layer, dropped(layer)?))).collect();
    let (worst, share) = layers.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let remains: f64 = layers.iter().map(|(_, share)| 1.0 - share).product();
    if *share < MOST_DROPPED && remains > 0.5 * (1.0 - MOST_DROPPED) {
        return None;
    }
    let behind = case.reference_ahead().is_some_and(|[ahead, _]| ahead >= HELPS);
    let confidence = match (case.does_not_learn(), behind) {
        (true, _) => 0.84,
        (false, true) => 0.6,
        _ => 0.3,
    };
    let evidence = format!(
        "`{}` sets {} of its numbers to 0; {} remain after all layers of dropout, and the training learns {} of the best",
        worst.layer,
        percent(*share),
        percent(remains),
        percent(case.learned())
    );
    let cure = "less dropout, 10 to 50 percent; or none until the network learns";
    let trial = case.helping(|change| matches!(change, Change::Network(_))).map(|(at, _)| at);
    Some(Case::finding(Problem::TooMuchDropout, Some(worst.path.clone()), confidence, evidence, cure, trial))
}

/// The network is a linear map, but a network with a hidden layer learns much more than a linear one.
pub(super) fn linear(case: &Case) -> Option<Finding> {
    let leaves: Vec<_> = case.facts.flow.leaves().collect();
    let (_, hidden) = leaves.split_last()?;
    let is_linear = |layer: &&LayerFlow| {
        layer.factor == Factor::Weights && layer.time.is_none()
            || LINEAR.iter().any(|name| layer.layer.starts_with(name))
    };
    if !hidden.iter().all(is_linear) {
        return None;
    }
    let [ahead, of_linear] = case.reference_ahead()?;
    if ahead < HELPS || of_linear < HELPS {
        return None;
    }
    let depth = leaves.iter().filter(|layer| layer.factor == Factor::Weights).count();
    let evidence = format!(
        "there is no activation between its {depth} layers of weights, so that it is one linear map; a reference network with \
         32 ReLUs learns {} more of the task, and {} more than a linear one",
        percent(ahead),
        percent(of_linear)
    );
    let cure = "an activation after each layer except the last: `(Linear<..>, Relu, Linear<..>)`";
    let trial = case.helping(|change| matches!(change, Change::Network(_))).map(|(at, _)| at);
    Some(Case::finding(Problem::LinearNetwork, None, 0.9, evidence, cure, trial))
}

/// A hidden layer has only one or two units.
pub(super) fn bottleneck(case: &Case) -> Option<Finding> {
    let weights: Vec<_> = case.facts.flow.leaves().filter(|layer| layer.factor == Factor::Weights).collect();
    let (_, hidden) = weights.split_last()?;
    let width = |layer: &LayerFlow| layer.output_shape.iter().product::<usize>();
    let inputs = |layer: &LayerFlow| layer.input_shape.iter().product::<usize>();
    let narrow = hidden.iter().find(|layer| width(layer) <= NARROW && inputs(layer) > NARROW)?;
    let ahead = case.reference_ahead().map_or(0.0, |[ahead, _]| ahead);
    if ahead < HELPS || case.learned() >= 1.0 - HELPS {
        return None;
    }
    // If a setting or other weights make it learn, it is wide enough.
    let cured = case
        .helping(|change| !matches!(change, Change::Network(_)))
        .is_some_and(|(_, share)| share >= LEARNS);
    let confidence = if cured { 0.4 } else { 0.83 };
    let evidence = format!(
        "`{}` passes on only {} of {} numbers; a reference network with 32 units learns {} more of the task",
        narrow.layer,
        width(narrow),
        inputs(narrow),
        percent(ahead)
    );
    let trial = case.helping(|change| matches!(change, Change::Network(_))).map(|(at, _)| at);
    let cure = "more units in this layer";
    Some(Case::finding(Problem::Bottleneck, Some(narrow.path.clone()), confidence, evidence, cure, trial))
}
