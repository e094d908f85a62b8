//! From facts and trials to findings: one function for each problem.
//!
//! The order of the rules is that from causes to symptoms: what is wrong with the data comes before what is wrong with the
//! network, and that before what is wrong with a setting, which would also cure what another cause does. Findings that are
//! equally sure keep this order.

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

/// What finds one problem.
type Rule<'a> = &'a dyn Fn(&Case) -> Option<Finding>;

/// Returns all findings and remarks, the surest first.
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
    // A specific finding explains those that are found only because a general cure helps.
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

/// A finding that is surer than this explains the general ones.
const GENERAL: f64 = 0.84;

/// Returns whether the cure of a problem, another learning rate or new weights, helps against many others too.
fn is_general(problem: Problem) -> bool {
    use Problem::{LearningRateTooHigh, LearningRateTooLow, NoisyGradient, WeightScale};
    matches!(problem, LearningRateTooHigh | LearningRateTooLow | NoisyGradient | WeightScale)
}

/// Returns the changes that facts speak for and that have not learned enough: they are tried for as many steps as the control
/// was watched.
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

/// Returns by which share of its size a step changes a weight, as the median of all weights.
pub(super) fn pace(facts: &Facts) -> Option<f64> {
    let weights = facts.weights.iter().filter(|parameter| parameter.is_weight);
    let mut paces: Vec<f64> = weights.filter_map(|parameter| parameter.update).collect();
    paces.sort_by(f64::total_cmp);
    paces.get(paces.len() / 2).copied().filter(|pace| *pace > 0.0)
}

/// A step that changes weights by this share of their size, as the median, is usual (Karpathy, CS231n, "Ratio of
/// weights:updates").
const USUAL_PACE: f64 = 1e-3;

/// Returns whether steps have the usual size and the training learns a quarter of what others learn in as few: then it is
/// slow, and not faulty, if only a higher learning rate helps.
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
        _ => "neither it nor a reference network nor any trial gets below the loss of guessing".into(),
    };
    let cure =
        "look at the data sample by sample; try to fit ten samples; try another network, `Diagnose::network`";
    Case::finding(Problem::Unexplained, None, 0.5, evidence, cure, best.map(|(at, _)| at))
}

/// Returns a share as text; what is worse than guessing has learned nothing.
fn percent(share: f64) -> alloc::string::String {
    if share <= 0.0 { "nothing".into() } else { alloc::format!("{:.0} %", 100.0 * share) }
}

/// Returns whether a change draws new weights, or is another network.
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

/// Returns the most steps of a recurrent layer.
pub(super) fn time_steps(facts: &Facts) -> Option<usize> {
    let layers = facts.flow.layers.iter().filter_map(|layer| layer.time.as_ref());
    layers.map(|time| time.gradients.len()).max()
}

/// Returns whether there is an LSTM.
pub(super) fn has_forget_gates(facts: &Facts) -> bool {
    facts.flow.layers.iter().any(|layer| layer.gates.iter().any(|gate| gate.name == "forget"))
}
