//! Problems of the weights and the gradients of a network.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::case::{Case, HELPS};
use super::super::change::Change;
use super::super::facts::WeightFacts;
use super::super::problem::{Finding, Problem};
use super::super::report::number_of;
use super::{is_of_weights, lower_rate, percent};
use crate::flow::{Flow, FlowState};

/// Weights are off scale if their standard deviation is more than this many times that of Glorot's initialization, or
/// less than its inverse. He's weights are at most √2 times as large for equal fans and twice for unequal ones, and
/// PyTorch's 0.58 times.
const OFF_SCALE: f64 = 4.0;

/// A weight is not finite.
pub(super) fn non_finite(case: &Case) -> Option<Finding> {
    let bad = case.facts.weights.iter().find(|parameter| !parameter.finite)?;
    let count = case.facts.weights.iter().filter(|parameter| !parameter.finite).count();
    let evidence = format!(
        "`{}` is not finite before the first step; {count} of {} parameters are not finite",
        bad.path,
        case.facts.weights.len()
    );
    let cure = "load the last good weights, or draw new ones, `Init::init`; then check the step that made them: a learning rate that is too high, or an outlier in a batch";
    let trial = case.best_of(is_of_weights).map(|(at, _)| at);
    Some(Case::finding(Problem::NonFiniteWeights, Some(bad.path.clone()), 1.0, evidence, cure, trial))
}

/// Returns the weights of the hidden layers: all except those of the last layer of weights.
fn hidden(weights: &[WeightFacts]) -> Vec<&WeightFacts> {
    let last = weights.iter().rev().find(|parameter| parameter.is_weight).map(|last| &last.layer);
    weights.iter().filter(|parameter| parameter.is_weight && Some(&parameter.layer) != last).collect()
}

/// Returns the hidden weights whose units are all equal, in layers whose biases are equal too.
fn symmetric_in(weights: &[WeightFacts]) -> Vec<&WeightFacts> {
    let other_biases = |layer: &str| {
        weights.iter().any(|parameter| parameter.is_bias && parameter.layer == layer && !parameter.constant)
    };
    let mut equal = hidden(weights);
    equal.retain(|parameter| parameter.equal && !other_biases(&parameter.layer));
    equal
}

/// All units of hidden layers have the same weights, at the start and after the control.
pub(super) fn symmetric(case: &Case) -> Option<Finding> {
    let weights = &case.facts.weights;
    let (before, after) = (symmetric_in(weights), symmetric_in(&case.control.weights));
    let first = before.first()?;
    let all = hidden(weights).len();
    let most = 2 * before.len() >= all;
    let still = before.iter().filter(|one| after.iter().any(|other| other.path == one.path)).count();
    // Zeros in a single layer are often intended, and disappear after a few steps.
    let confidence = match (most && still > 0, case.does_not_learn()) {
        (true, true) => 0.97,
        (true, false) => 0.6,
        (false, true) if still > 0 => 0.6,
        _ if most && case.does_not_learn() => 0.6,
        _ => 0.2,
    };
    let zeros = before.iter().all(|parameter| parameter.rms == 0.0);
    let evidence = format!(
        "in {} of {all} hidden layers all units have the same weights{}, and in {still} of them still after {} steps: equal \
         units have equal gradients",
        before.len(),
        if zeros { ", zeros" } else { "" },
        case.control.outcome.steps
    );
    let cure =
        "draw the weights at random: `Init::init`, or `init_with(Initializer::he_normal(), ..)` for ReLU";
    let trial = case.best_of(|change| matches!(change, Change::Fresh(..))).map(|(at, _)| at);
    Some(Case::finding(
        Problem::SymmetricWeights,
        Some(first.path.clone()),
        confidence,
        evidence,
        cure,
        trial,
    ))
}

/// Returns the paths of layers of weights without any gradient.
fn without_gradient(flow: &Flow) -> Vec<&str> {
    let leaves =
        flow.leaves().filter(|layer| layer.parameters.iter().any(|own| own.name.starts_with("weight")));
    let without = leaves.filter(|layer| layer.parameters.iter().all(|own| own.gradient_norm == 0.0));
    without.map(|layer| &layer.path[..]).collect()
}

/// No gradient arrives at a layer, because weights or gains after it are 0 and stay 0.
pub(super) fn disconnected(case: &Case) -> Option<Finding> {
    if !case.does_not_learn() {
        return None;
    }
    let after = without_gradient(case.control.flow.as_ref()?);
    let before = without_gradient(&case.facts.flow);
    let cut = before.iter().find(|path| after.contains(path))?;
    let layer_at = case.facts.weights.iter().position(|parameter| parameter.layer == **cut)?;
    let zero = |weights: &[WeightFacts], at: usize| {
        weights
            .get(at)
            .is_some_and(|parameter| parameter.rms == 0.0 && !parameter.is_bias && !parameter.is_buffer)
    };
    let count = case.facts.weights.len();
    let blocks =
        (layer_at..count).find(|&at| zero(&case.facts.weights, at) && zero(&case.control.weights, at))?;
    let at = &case.facts.weights[blocks].path;
    let evidence = format!(
        "no gradient arrives at `{cut}`, neither now nor after {} steps; `{at}` is 0 and stays 0",
        case.control.outcome.steps
    );
    let cure = "draw these weights, `Initializer::init_part`, or unfreeze them; of two layers in a row, at most one can \
                start at 0";
    let trial = case.best_of(|change| matches!(change, Change::Fresh(..))).map(|(at, _)| at);
    Some(Case::finding(Problem::DisconnectedLayer, Some(at.clone()), 0.94, evidence, cure, trial))
}

/// A step does not change most weights, although they have a gradient.
pub(super) fn frozen(case: &Case) -> Option<Finding> {
    let weights: Vec<_> = case.facts.weights.iter().filter(|parameter| parameter.is_weight).collect();
    let still: Vec<_> = weights.iter().filter(|parameter| !parameter.moved && parameter.finite).collect();
    let first = still.first()?;
    let moves = weights.len() > still.len();
    if !case.does_not_learn() || !moves || case.helping(|_| true).is_some() {
        return None;
    }
    let evidence = format!(
        "a step does not change {} of {} weights, such as `{}`",
        still.len(),
        weights.len(),
        first.path
    );
    let cure = "unfreeze them: `FreezeParameters::paths`, `Group::rate`";
    Some(Case::finding(Problem::DisconnectedLayer, Some(first.path.clone()), 0.6, evidence, cure, None))
}

/// The verdict of the flow: vanishing or exploding gradients, dead or saturated units.
pub(super) fn gradients(case: &Case) -> Option<Finding> {
    let flow = &case.facts.flow;
    let verdict = flow.verdict();
    let in_time = flow.is_through_time();
    let finite = case.facts.weights.iter().all(|parameter| parameter.finite);
    let (problem, why, cure, at) = match verdict.state {
        FlowState::Vanishing if in_time => {
            (Problem::VanishingThroughTime, verdict.why, verdict.cure, verdict.starts_at)
        }
        FlowState::Exploding if in_time => {
            (Problem::ExplodingThroughTime, verdict.why, verdict.cure, verdict.starts_at)
        }
        FlowState::Vanishing => (Problem::VanishingGradient, verdict.why, verdict.cure, verdict.starts_at),
        FlowState::Exploding => (Problem::ExplodingGradient, verdict.why, verdict.cure, verdict.starts_at),
        FlowState::NonFinite if finite => {
            (Problem::ExplodingGradient, verdict.why, verdict.cure, verdict.starts_at)
        }
        FlowState::Dead => (Problem::DeadUnits, verdict.why, verdict.cure, verdict.starts_at),
        FlowState::Saturated => (Problem::SaturatedUnits, verdict.why, verdict.cure, verdict.starts_at),
        _ => single_layer(flow)?,
    };
    let problem = refine(case, problem);
    let weights = case.helping(is_of_weights);
    let rates = case.helping(|change| matches!(change, Change::Rate(_) | Change::FreshAndRate(_)));
    let best = case.best_of(is_of_weights);
    let early = best.is_some_and(|(at, _)| {
        case.either_share(&case.tried[at].outcome) - case.either_share(&case.control.outcome).max(0.0)
            >= HELPS
    });
    let confidence = match (case.does_not_learn(), weights, rates) {
        (false, ..) if case.late() && early => 0.7,
        (false, ..) => 0.3,
        // New weights do not help, but another learning rate does: the flow is not the cause.
        (true, None, Some((_, rate))) if best.is_none_or(|(_, share)| share < rate - HELPS) => 0.4,
        (true, Some(_), _) => 0.9,
        (true, None, _) => 0.75,
    };
    let mut evidence = why;
    if let (Some((at, share)), Some((_, of_rate))) = (weights, rates)
        && (share - of_rate).abs() < HELPS
    {
        evidence += &format!(
            "; \"{}\" helps as much as another learning rate, and comes first because the gradient is so before the first step",
            case.tried[at].change.text()
        );
    }
    let candidate = case.helping(|change| matches!(change, Change::Network(_)));
    let cure = match candidate {
        Some((at, share)) => {
            let name = case.tried[at].change.text();
            format!("{name}: with them it learns {} of the best; otherwise: {cure}", percent(share))
        }
        None => cure,
    };
    let trial = candidate.or(weights).or(best).map(|(at, _)| at);
    Some(Case::finding(problem, at, confidence, evidence, cure, trial))
}

/// Returns a layer whose units are nearly all dead or saturated, if there is one. (The verdict requires most layers.)
fn single_layer(
    flow: &Flow,
) -> Option<(Problem, alloc::string::String, alloc::string::String, Option<alloc::string::String>)> {
    let last = flow.leaves().last()?.path.clone();
    let hidden = || flow.leaves().filter(|layer| layer.path != last && !layer.path.contains("branch"));
    let mut off = hidden().filter_map(|layer| Some((layer, layer.activation?)));
    let (layer, slope) = off.find(|(_, slope)| slope.dead > 0.9 || slope.saturated > 0.9)?;
    let dead = slope.dead > 0.9;
    let (problem, share, what, cure) = if dead {
        let cure =
            "biases of 0; He's weights, `Initializer::he_normal()`; `LeakyRelu`; a lower learning rate";
        (Problem::DeadUnits, slope.dead, "units are inactive in every sample", cure)
    } else {
        let cure = "smaller weights or biases; or standardized inputs";
        (Problem::SaturatedUnits, slope.saturated, "units are where the slope is nearly 0", cure)
    };
    let why = format!("at `{}` ({}) {} of the {what}", layer.path, layer.layer, percent(share));
    Some((problem, why, cure.to_string(), Some(layer.path.clone())))
}

/// Saturated units make gradients vanish: then the saturation is the cause.
fn refine(case: &Case, problem: Problem) -> Problem {
    let slopes: Vec<_> = case.facts.flow.leaves().filter_map(|layer| layer.activation).collect();
    let most = |share: &dyn Fn(&crate::flow::ActivationFlow) -> f64| {
        !slopes.is_empty() && 2 * slopes.iter().filter(|slope| share(slope) > 0.6).count() > slopes.len()
    };
    match problem {
        Problem::VanishingGradient | Problem::ExplodingGradient if most(&|slope| slope.dead) => {
            Problem::DeadUnits
        }
        Problem::VanishingGradient | Problem::ExplodingGradient
            if most(&|slope| slope.saturated - slope.dead) =>
        {
            Problem::SaturatedUnits
        }
        _ => problem,
    }
}

/// The weights are far from the scale of new weights, and new weights help.
pub(super) fn scale(case: &Case) -> Option<Finding> {
    let weights = case.facts.weights.iter().filter_map(|parameter| Some((parameter, parameter.expected?)));
    let ratios: Vec<_> = weights.map(|(parameter, expected)| (parameter, parameter.rms / expected)).collect();
    let off: Vec<_> =
        ratios.iter().filter(|(_, ratio)| !(1.0 / OFF_SCALE..=OFF_SCALE).contains(ratio)).collect();
    if !case.does_not_learn() || ratios.iter().any(|(parameter, _)| !parameter.finite) {
        return None;
    }
    let (worst, ratio) = off.iter().max_by(|a, b| a.1.ln().abs().total_cmp(&b.1.ln().abs()))?;
    let helps = case.helping(|change| matches!(change, Change::Fresh(..) | Change::UnitVariance));
    let rate = case.helping(lower_rate).map_or(-1.0, |(_, share)| share);
    let confidence = match helps {
        Some((_, share)) if share > rate - HELPS && 2 * off.len() >= ratios.len() => 0.82,
        Some((_, share)) if share > rate => 0.6,
        _ => 0.3,
    };
    let evidence = format!(
        "the weights of {} of {} layers are far from those of a new network: `{}` is {} times Glorot's",
        off.len(),
        ratios.len(),
        worst.path,
        number_of(*ratio)
    );
    let cure = "draw them again: `Init::init`, or `init_with(Initializer::he_normal(), ..)` for ReLU";
    Some(Case::finding(
        Problem::WeightScale,
        Some(worst.path.clone()),
        confidence,
        evidence,
        cure,
        helps.map(|(at, _)| at),
    ))
}

/// New weights, or a network of another type, help, and there is no other explanation.
pub(super) fn other(case: &Case) -> Option<Finding> {
    let (at, share) = case.helping(is_of_weights).filter(|_| case.does_not_learn())?;
    let change = &case.tried[at].change;
    let evidence = format!(
        "as it is, it learns {}; with \"{}\" it learns {} of the best",
        percent(case.learned()),
        change.text(),
        percent(share)
    );
    let (problem, cure) = match change {
        Change::Network(name) => (Problem::Unexplained, format!("use that network: {name}")),
        _ => (Problem::WeightScale, "draw the weights again: `Init::init`, or `init_with(..)`".into()),
    };
    Some(Case::finding(problem, None, 0.52, evidence, cure, Some(at)))
}
