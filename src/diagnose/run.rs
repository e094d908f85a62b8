//! The steps of a diagnosis: facts, control, trials, findings.

use alloc::vec::Vec;

use super::bench::Bench;
use super::case::Case;
use super::course::{Course, Outcome};
use super::data::{Rows, input_facts, target_facts};
use super::facts::{Facts, TargetFacts};
use super::judge;
use super::progress::Progress;
use super::report::{Diagnosis, Trial};
use super::{CERTAIN_ENOUGH, reference, rules, trials};
use crate::Error;
use crate::flow::Flow;

/// A network of another type, and the function that trains it.
pub(super) type Candidate<'a> = (&'a str, &'a mut dyn FnMut(&Course<'_>) -> Result<Outcome, Error>);

/// If the control has learned less than this, it is watched for longer, and cures are tried.
const WELL: f64 = 0.8;
/// How much longer a slow control is watched.
pub(super) const LONGER: u64 = 4;

pub(super) fn diagnose(
    bench: &mut dyn Bench,
    rows: Option<&Rows>,
    course: &Course<'_>,
    candidates: &mut [Candidate<'_>],
    quiet: bool,
) -> Result<Diagnosis, Error> {
    let progress = Progress::new(quiet);
    progress.trial("the training as it is");
    let facts = facts(bench, rows, course)?;
    let mut control = bench.run(&[], course)?;
    if let Some(error) = control.outcome.refused.take() {
        return Err(error);
    }
    let held_out = course.held_out.len();
    let mut case = Case {
        facts,
        control,
        slow: None,
        linear: None,
        reference: None,
        tried: Vec::new(),
        recall: None,
        balanced_recall: None,
        held_out,
    };
    progress.trial("reference networks");
    if let Some((rows, constant)) = rows.zip(constant(bench, course, &case)) {
        let scale = scale(&case.facts.targets, constant.len());
        let train = |hidden| reference::train(bench.judge(), rows, hidden, &constant, &scale, course);
        case.linear = train(0);
        case.reference = train(reference::HIDDEN);
    }
    if case.learned() < WELL || case.does_not_learn() || rules::takes_longer(&case) {
        progress.trial("the training as it is, for longer");
        case.slow = Some(bench.run(&[], &Course { steps: LONGER * course.steps, ..course.clone() })?.outcome);
        if case.learned() < WELL || case.late() || case.does_not_learn() {
            trials::trials(bench, course, candidates, &mut case, &progress)?;
        }
    }
    trials::balance(bench, course, &mut case, &progress)?;
    Ok(report(case))
}

/// Returns the best constant output for the training samples. Reference networks start from it. `None` for losses that
/// are not defined for all outputs.
fn constant(bench: &dyn Bench, course: &Course<'_>, case: &Case) -> Option<Vec<f64>> {
    let judge = bench.judge();
    case.facts.guessing.filter(|_| !judge::is_normalized(judge))?;
    let places: Vec<usize> = course.measured.clone().collect();
    [0.0, 0.5, -1.0]
        .into_iter()
        .find_map(|start| judge::best_constant(judge, &places, &alloc::vec![start; judge.len()]))
        .map(|(constant, _)| constant)
}

/// Returns the scale of the targets, for the reference networks.
pub(super) fn scale(targets: &TargetFacts, len: usize) -> Vec<f64> {
    if targets.deviations.is_empty() || targets.classes.is_some() {
        return alloc::vec![1.0; len];
    }
    targets.deviations.iter().map(|deviation| if *deviation > 0.0 { *deviation } else { 1.0 }).collect()
}

/// Measures all facts that need no trial.
fn facts(bench: &mut dyn Bench, rows: Option<&Rows>, course: &Course<'_>) -> Result<Facts, Error> {
    let (flow, weights) = bench.examine(course)?;
    let mut settings = bench.settings(course);
    settings.gradient_norm = gradient_norm(&flow);
    let judge = bench.judge();
    let guess = |range: core::ops::Range<usize>| {
        let places: Vec<usize> = range.collect();
        let starts = [0.0, 0.5, -1.0].into_iter();
        starts.filter_map(|at| judge::best_constant(judge, &places, &alloc::vec![at; judge.len()])).next()
    };
    let guessing = guess(course.measured.clone());
    // Uses the constant that is best for the training samples, since the network does not see the others.
    let guessing_held_out =
        guessing.as_ref().filter(|_| !course.held_out.is_empty()).and_then(|(constant, _)| {
            let places: Vec<usize> = course.held_out.clone().collect();
            let outputs: Vec<f64> = places.iter().flat_map(|_| constant.iter().copied()).collect();
            judge::mean(judge, &places, &outputs, &mut alloc::vec![0.0; outputs.len()])
        });
    let samples = (course.train - course.outliers).min(1024);
    Ok(Facts {
        settings,
        weights,
        flow,
        inputs: rows.map(|rows| input_facts(rows, samples)),
        targets: target_facts(judge, rows, samples),
        loss: judge.name().into(),
        outliers: course.outliers,
        guessing: guessing.map(|(_, loss)| loss),
        guessing_held_out,
    })
}

/// Returns the length of the gradient of a flow. Shared parameters count once.
fn gradient_norm(flow: &Flow) -> Option<f64> {
    let parameters = flow.layers.iter().flat_map(|layer| &layer.parameters);
    let squares: f64 = parameters.map(|parameter| parameter.gradient_norm.powi(2)).sum();
    Some(squares.sqrt()).filter(|norm| norm.is_finite())
}

/// Creates the report.
fn report(case: Case) -> Diagnosis {
    let trial = |change: alloc::string::String, outcome: &Outcome| Trial {
        change,
        steps: outcome.steps,
        loss_before: outcome.measured.first().copied().flatten(),
        loss_after: outcome.after(),
        held_out: outcome.held_out_after(),
        stopped: outcome.stopped.clone(),
        learned: Some(case.share(outcome)).filter(|_| case.anything_learns() && outcome.after().is_some()),
    };
    let mut trials = alloc::vec![trial("as it is".into(), &case.control.outcome)];
    trials.extend(case.tried.iter().map(|tried| trial(tried.change.text(), &tried.outcome)));
    let more = [
        (super::report::LONGER, &case.slow),
        ("reference: a linear network", &case.linear),
        ("reference: 32 ReLUs, standardized inputs", &case.reference),
    ];
    trials.extend(more.into_iter().filter_map(|(name, outcome)| Some(trial(name.into(), outcome.as_ref()?))));
    let all = || {
        let tried = case.tried.iter().map(|tried| &tried.outcome);
        tried
            .chain([&case.slow, &case.linear, &case.reference].into_iter().flatten())
            .chain([&case.control.outcome])
    };
    let steps = all().map(|outcome| outcome.steps).sum();
    // The flow and the noise of the gradient take another twenty passes.
    let passes = all().map(|outcome| outcome.passes).sum::<u64>() + 20;
    let (findings, remarks) =
        rules::findings(&case).into_iter().partition(|finding| finding.confidence >= CERTAIN_ENOUGH);
    let settings = &case.facts.settings;
    let full_rate = settings.warms_up.then_some(settings.rate);
    Diagnosis { findings, remarks, trials, guessing: case.facts.guessing, full_rate, steps, passes }
}
