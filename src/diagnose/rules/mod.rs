//! Finds problems from facts and trials: one function for each problem.
//!
//! The rules are ordered from causes to symptoms. Problems of the data come first, then problems of the network, and
//! then problems of a setting, since the cure of a setting also helps against other causes. Findings with equal
//! confidence keep this order.

mod data;
mod network;
mod output;
mod settings;
mod shape;

use alloc::vec::Vec;

use super::case::{Case, HELPS};
use super::change::Change;
use super::facts::Facts;
use super::problem::{Finding, Problem};

pub(super) use data::IMBALANCED;
pub(super) use output::undone;
pub(super) use settings::{takes_longer, usual_norm};

/// A function that finds one problem.
type Rule<'a> = &'a dyn Fn(&Case) -> Option<Finding>;

/// Returns all findings and remarks, those with the highest confidence first.
pub(super) fn findings(case: &Case) -> Vec<Finding> {
    let rules: [Rule<'_>; 28] = [
        &network::non_finite,
        &data::constant_inputs,
        &data::constant_targets,
        &data::conflicting,
        &shape::batch_norm_of_one,
        &output::activation,
        &output::out_of_range,
        &settings::schedule,
        &network::symmetric,
        &network::disconnected,
        &data::input_scale,
        &data::target_scale,
        &shape::dead_branch,
        &network::gradients,
        &settings::clipping,
        &settings::decay,
        &settings::momentum,
        &shape::dropout,
        &shape::linear,
        &network::scale,
        &data::unrelated,
        &settings::spiky,
        &settings::noisy,
        &shape::bottleneck,
        &settings::too_high,
        &settings::too_low,
        &data::imbalance,
        &network::frozen,
    ];
    let mut findings: Vec<Finding> = rules.iter().filter_map(|rule| rule(case)).collect();
    // A specific finding explains the general ones, which are found only because a general cure helps.
    if findings.iter().any(|finding| finding.confidence > GENERAL && !is_general(finding.problem)) {
        let general = findings.iter_mut().filter(|finding| is_general(finding.problem));
        general.for_each(|finding| finding.confidence = finding.confidence.min(0.45));
    }
    findings.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let certain = findings.iter().any(|finding| finding.confidence >= super::CERTAIN_ENOUGH);
    if case.does_not_learn() && !certain && !is_slow(case) {
        findings.insert(0, network::other(case).unwrap_or_else(|| unexplained(case)));
    }
    findings
}

/// A finding with a higher confidence than this explains the general ones.
const GENERAL: f64 = 0.84;

/// Returns whether the cure of a problem (another learning rate, or new weights) also helps against many other
/// problems.
fn is_general(problem: Problem) -> bool {
    use Problem::{LearningRateTooHigh, LearningRateTooLow, NoisyGradient, WeightScale};
    matches!(problem, LearningRateTooHigh | LearningRateTooLow | NoisyGradient | WeightScale)
}

/// Returns the changes that facts support but that have not learned enough. They are tried again, for as many steps as
/// the control was watched.
pub(super) fn backed(case: &Case) -> Vec<Change> {
    let mut backed = Vec::new();
    let mut add = |which: &dyn Fn(&Change) -> bool| {
        if let Some((at, share)) = case.best_of(which)
            && share < super::case::LEARNS
        {
            backed.push(case.tried[at].change.clone());
        }
    };
    if data::input_scale(case).is_some() {
        add(&|change| matches!(change, Change::StandardInputs));
    }
    if data::target_scale(case).is_some() {
        add(&|change| matches!(change, Change::Outputs(_)));
    }
    if network::gradients(case).is_some() {
        add(&is_of_weights);
        add(&|change| matches!(change, Change::Network(_)));
    }
    if case.facts.settings.factor_soon < 0.1 {
        add(&|change| matches!(change, Change::NoSchedule));
    }
    if case.facts.outliers > 0 {
        add(&|change| matches!(change, Change::Clip(_)));
    }
    backed.retain(|change| !matches!(change, Change::Network(_))); // it cannot be run twice
    backed
}

/// Returns the median share of its size by which a step changes a weight.
pub(super) fn pace(facts: &Facts) -> Option<f64> {
    let weights = facts.weights.iter().filter(|parameter| parameter.is_weight);
    let mut paces: Vec<f64> = weights.filter_map(|parameter| parameter.update).collect();
    paces.sort_by(f64::total_cmp);
    paces.get(paces.len() / 2).copied().filter(|pace| *pace > 0.0)
}

/// A step usually changes weights by this share of their size, in the median (Karpathy, CS231n, "Ratio of
/// weights:updates").
const USUAL_PACE: f64 = 1e-3;

/// Returns whether the training is only slow: its steps have the usual size, and it learns a quarter of what the other
/// trainings learn in as many steps. If only a higher learning rate helps such a training, it is slow and not faulty.
fn is_slow(case: &Case) -> bool {
    pace(&case.facts).is_some_and(|pace| pace >= USUAL_PACE)
        && case.learned() >= HELPS
        && case.anything_generalizes()
}

fn unexplained(case: &Case) -> Finding {
    let best = case.best_of(|_| true);
    let evidence = match (case.anything_learns(), best) {
        (true, Some((at, share))) if share > case.learned() => alloc::format!(
            "as it is, it learns {} of what a trial or a reference network learns; the best trial is \"{}\", with {}",
            percent(case.learned()),
            case.tried[at].change.text(),
            percent(share)
        ),
        (true, _) => alloc::format!(
            "as it is, it learns {} of what a reference network learns, and no trial is better",
            percent(case.learned())
        ),
        _ => "no trial and no reference network gets below the loss of guessing".into(),
    };
    let cure =
        "look at the data sample by sample; try to fit ten samples; try another network, `Diagnose::network`";
    Case::finding(Problem::Unexplained, None, 0.5, evidence, cure, best.map(|(at, _)| at))
}

/// Returns a share as text. A result worse than guessing has learned nothing.
fn percent(share: f64) -> alloc::string::String {
    if share <= 0.0 { "nothing".into() } else { alloc::format!("{:.0} %", 100.0 * share) }
}

/// Returns whether a change draws new weights, or uses another network.
fn is_of_weights(change: &Change) -> bool {
    matches!(
        change,
        Change::Fresh(..)
            | Change::UnitVariance
            | Change::NoBiases
            | Change::ForgetBias(_)
            | Change::OrthogonalState
            | Change::Network(_)
    )
}

fn lower_rate(change: &Change) -> bool {
    matches!(change, Change::Rate(factor) | Change::FreshAndRate(factor) if *factor < 1.0)
}

fn higher_rate(change: &Change) -> bool {
    matches!(change, Change::Rate(factor) if *factor > 1.0)
}

/// Returns whether any bias is not 0.
pub(super) fn has_biases(facts: &Facts) -> bool {
    facts.weights.iter().any(|parameter| parameter.is_bias && parameter.rms > 0.0)
}

/// Returns the largest number of steps of a recurrent layer.
pub(super) fn time_steps(facts: &Facts) -> Option<usize> {
    let layers = facts.flow.layers.iter().filter_map(|layer| layer.time.as_ref());
    layers.map(|time| time.gradients.len()).max()
}

/// Returns whether the network has an LSTM.
pub(super) fn has_forget_gates(facts: &Facts) -> bool {
    facts.flow.layers.iter().any(|layer| layer.gates.iter().any(|gate| gate.name == "forget"))
}
