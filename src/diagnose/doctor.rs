//! The course of a diagnosis: facts, the control, trials, findings.

use alloc::vec::Vec;

use super::bench::{Bench, Course, Outcome};
use super::case::{Case, LEARNS, Tried};
use super::change::Change;
use super::data::{Rows, input_facts, target_facts};
use super::facts::{Facts, TargetFacts};
use super::judge;
use super::mapped::OutputMap;
use super::progress::Progress;
use super::report::{Diagnosis, Trial};
use super::{CERTAIN_ENOUGH, reference, rules};
use crate::Error;
use crate::flow::Flow;
use crate::init::Initializer;

/// A network of another type, and how to train it.
pub(super) type Candidate<'a> = (&'a str, &'a mut dyn FnMut(&Course<'_>) -> Result<Outcome, Error>);

/// A control that has learned less than this is watched for longer, and cures are tried.
const WELL: f64 = 0.8;
/// By how much longer a slow control is watched.
const LONGER: u64 = 4;
/// By how much batches are larger in a trial: the noise of their gradient is 1/8, in variance.
const LARGER_BATCH: usize = 8;

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
    let control = bench.run(&[], course)?;
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
    if case.learned() < WELL || case.sick() || rules::takes_longer(&case) {
        progress.trial("the training as it is, for longer");
        case.slow = Some(bench.run(&[], &Course { steps: LONGER * course.steps, ..course.clone() })?.outcome);
        if case.learned() < WELL || case.late() || case.sick() {
            trials(bench, course, candidates, &mut case, &progress)?;
        }
    }
    balance(bench, course, &mut case, &progress)?;
    Ok(report(case))
}

/// Returns the best constant answer for the samples that are trained on.
fn constant(bench: &dyn Bench, course: &Course<'_>, case: &Case) -> Option<Vec<f64>> {
    case.facts.guessing?;
    let places: Vec<usize> = course.measured.clone().collect();
    let judge = bench.judge();
    [0.0, 0.5, -1.0]
        .into_iter()
        .find_map(|start| judge::best_constant(judge, &places, &alloc::vec![start; judge.len()]))
        .map(|(constant, _)| constant)
}

/// Returns the scale of the targets, for the reference networks.
fn scale(targets: &TargetFacts, len: usize) -> Vec<f64> {
    if targets.deviations.is_empty() || targets.classes.is_some() {
        return alloc::vec![1.0; len];
    }
    targets.deviations.iter().map(|deviation| if *deviation > 0.0 { *deviation } else { 1.0 }).collect()
}

/// Measures whatever takes no trial.
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
    // The constant that is best for the samples that are trained on, since the others are not known to the network.
    let guessing_held_out = guessing.as_ref().filter(|_| !course.held_out.is_empty()).and_then(|(constant, _)| {
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

/// Returns the length of the gradient of a flow, with shared parameters once.
fn gradient_norm(flow: &Flow) -> Option<f64> {
    let parameters = flow.layers.iter().flat_map(|layer| &layer.parameters);
    let squares: f64 = parameters.map(|parameter| parameter.gradient_norm.powi(2)).sum();
    Some(squares.sqrt()).filter(|norm| norm.is_finite())
}

/// Returns the cures that can be tried while the program runs.
fn cures(case: &Case, course: &Course<'_>) -> Vec<Change> {
    let (settings, facts) = (&case.facts.settings, &case.facts);
    let mut cures = Vec::new();
    if facts.inputs.is_some() {
        cures.push(Change::StandardInputs);
    }
    if let Some(map) = rules::undone(facts) {
        cures.push(Change::Outputs(map));
    } else if facts.targets.classes.is_none() && !facts.targets.deviations.is_empty() {
        let (scale, shift) = (scale(&facts.targets, 0), facts.targets.means.clone());
        cures.push(Change::Outputs(OutputMap::Affine { scale, shift }));
    }
    if settings.factor_soon < 1.0 {
        cures.push(Change::NoSchedule);
    }
    if settings.clip_norm.is_some() || settings.clip_value.is_some() {
        cures.push(Change::NoClip);
    }
    if settings.decay > 0.0 {
        cures.push(Change::NoDecay);
    }
    if settings.momentum.is_some_and(|momentum| momentum > 0.9) {
        cures.push(Change::Momentum(0.9));
    }
    cures.extend([
        Change::Fresh(Initializer::glorot_uniform(), "Glorot's"),
        Change::Fresh(Initializer::he_normal(), "He's"),
        Change::UnitVariance,
    ]);
    let rates = [0.1, 0.01, 10.0, 100.0].into_iter().filter(|factor| is_sensible(case, *factor));
    cures.extend(rates.map(Change::Rate));
    if 4 * settings.batch <= course.train {
        cures.push(Change::Batch(LARGER_BATCH));
    }
    if rules::has_biases(facts) {
        cures.push(Change::NoBiases);
    }
    if let Some(steps) = rules::time_steps(facts) {
        cures.push(Change::OrthogonalState);
        if rules::has_forget_gates(facts) {
            cures.push(Change::ForgetBias((steps as f64 - 1.0).max(1.0).ln().max(1.0)));
        }
    }
    if let Some(usual) = rules::usual_norm(case) {
        cures.push(Change::Clip(usual));
    }
    cures
}

/// Returns whether a learning rate of this factor could be right: a step then changes weights by between 3e-6 and 3 of their
/// size, as the median, where 1e-3 is usual. A rate that is far from that needs no trial.
fn is_sensible(case: &Case, factor: f64) -> bool {
    rules::pace(&case.facts).is_none_or(|pace| {
        let pace = pace * factor;
        if factor < 1.0 { pace >= 3e-6 } else { pace <= 3.0 }
    })
}

/// Tries learning rates further up or down, where that way lies the cure, or where nothing helps.
fn further_rates(
    bench: &mut dyn Bench,
    course: &Course<'_>,
    case: &mut Case,
    progress: &Progress,
) -> Result<(), Error> {
    let share = |case: &Case, factor: f64| {
        case.best_of(|change| matches!(change, Change::Rate(other) if *other == factor)).map_or(-1.0, |of| of.1)
    };
    for [first, second, third] in [[1e-2, 1e-3, 1e-4], [1e2, 1e3, 1e4]] {
        for (inner, outer) in [(first, second), (second, third)] {
            let best = case.best_of(|_| true).map_or(-1.0, |of| of.1);
            let further = best < LEARNS || (share(case, inner) > 0.9 * best && share(case, inner) > LEARNS);
            if further && is_sensible(case, outer) {
                try_one(bench, course, case, progress, Change::Rate(outer))?;
            }
        }
    }
    Ok(())
}

/// Tries the cures.
fn trials(
    bench: &mut dyn Bench,
    course: &Course<'_>,
    candidates: &mut [Candidate<'_>],
    case: &mut Case,
    progress: &Progress,
) -> Result<(), Error> {
    for change in cures(case, course) {
        try_one(bench, course, case, progress, change)?;
    }
    for (name, run) in candidates {
        progress.trial(name);
        let outcome = run(course)?;
        case.tried.push(Tried { change: Change::Network((*name).into()), outcome });
    }
    further_rates(bench, course, case, progress)?;
    for change in rules::backed(case) {
        progress.trial(&change.text());
        let longer = Course { steps: LONGER * course.steps, ..course.clone() };
        let outcome = bench.run(core::slice::from_ref(&change), &longer)?.outcome;
        case.tried.push(Tried { change, outcome });
    }
    Ok(())
}

/// Tries batches with as many of each class, if there are far more of one.
fn balance(
    bench: &mut dyn Bench,
    course: &Course<'_>,
    case: &mut Case,
    progress: &Progress,
) -> Result<(), Error> {
    if let Some(classes) = &case.facts.targets.classes.clone() {
        let largest = classes.iter().map(Vec::len).max().unwrap_or(0);
        let samples: usize = classes.iter().map(Vec::len).sum();
        if largest as f64 > rules::IMBALANCED * samples as f64 {
            progress.trial("balanced batches");
            case.recall = recall(bench, &[], classes, course);
            let balanced = Course { balanced: Some(classes), ..course.clone() };
            let outcome = bench.run(&[], &balanced)?.outcome;
            case.tried.push(Tried { change: Change::Balanced, outcome });
            case.balanced_recall = recall(bench, &[], classes, &balanced);
        }
    }
    Ok(())
}

fn try_one(
    bench: &mut dyn Bench,
    course: &Course<'_>,
    case: &mut Case,
    progress: &Progress,
    change: Change,
) -> Result<(), Error> {
    progress.trial(&change.text());
    let outcome = bench.run(core::slice::from_ref(&change), course)?.outcome;
    case.tried.push(Tried { change, outcome });
    Ok(())
}

/// Returns the least share of a class that is recognized: a sample counts as of the class whose target gives its output the
/// least loss.
fn recall(bench: &mut dyn Bench, changes: &[Change], classes: &[Vec<usize>], course: &Course<'_>) -> Option<f64> {
    let outputs = bench.outputs(changes, 0..course.train, course)?;
    let judge = bench.judge();
    let len = judge.len();
    let mut gradient = alloc::vec![0.0; len];
    let mut least: Option<f64> = None;
    for (at, members) in classes.iter().enumerate() {
        let mut right = 0;
        for &sample in members {
            let output = outputs.get(sample * len..(sample + 1) * len)?;
            let losses = classes.iter().map(|of| judge.one(*of.first()?, output, &mut gradient));
            let losses: Option<Vec<f64>> = losses.collect();
            let losses = losses?;
            right += usize::from(losses.iter().enumerate().all(|(other, loss)| other == at || *loss > losses[at]));
        }
        let share = right as f64 / members.len().max(1) as f64;
        least = Some(least.map_or(share, |least| least.min(share)));
    }
    least
}

/// Writes down what was found.
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
        ("as it is, for longer", &case.slow),
        ("reference: a linear network", &case.linear),
        ("reference: 32 ReLUs, standardized inputs", &case.reference),
    ];
    trials.extend(more.into_iter().filter_map(|(name, outcome)| Some(trial(name.into(), outcome.as_ref()?))));
    let all = || {
        let tried = case.tried.iter().map(|tried| &tried.outcome);
        tried.chain([&case.slow, &case.linear, &case.reference].into_iter().flatten()).chain([&case.control.outcome])
    };
    let steps = all().map(|outcome| outcome.steps).sum();
    // The flow and the noise of the gradient take another twenty passes.
    let passes = all().map(|outcome| outcome.passes).sum::<u64>() + 20;
    let (findings, remarks) =
        rules::findings(&case).into_iter().partition(|finding| finding.confidence >= CERTAIN_ENOUGH);
    Diagnosis { findings, remarks, trials, guessing: case.facts.guessing, steps, passes }
}
