//! Selects and runs the trials.

use alloc::vec::Vec;

use super::bench::Bench;
use super::case::{Case, LEARNS, Tried};
use super::change::Change;
use super::course::Course;
use super::mapped::OutputMap;
use super::progress::Progress;
use super::rules;
use super::run::{Candidate, LONGER, scale};
use crate::Error;
use crate::init::Initializer;

/// The factor of the batch size in a trial with larger batches. It divides the variance of the gradient's noise by 8.
const LARGER_BATCH: usize = 8;

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
    if settings.factor_soon < 1.0 && !settings.warms_up {
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

/// Returns whether a learning rate with this factor could be right. A step must change weights by between 3e-6 and 3 of
/// their size (median), where 1e-3 is usual. Rates far from that are not tried.
fn is_sensible(case: &Case, factor: f64) -> bool {
    rules::pace(&case.facts).is_none_or(|pace| {
        let pace = pace * factor;
        if factor < 1.0 { pace >= 3e-6 } else { pace <= 3.0 }
    })
}

/// Tries learning rates further in the direction that helps, or in both directions if nothing helps.
fn further_rates(
    bench: &mut dyn Bench,
    course: &Course<'_>,
    case: &mut Case,
    progress: &Progress,
) -> Result<(), Error> {
    let share = |case: &Case, factor: f64| {
        case.best_of(|change| matches!(change, Change::Rate(other) if *other == factor))
            .map_or(-1.0, |of| of.1)
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
pub(super) fn trials(
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
    // If a learning rate has ruined the weights, neither new weights nor a lower rate helps alone.
    for factor in [0.1, 0.01] {
        if case.best_of(|_| true).is_none_or(|(_, share)| share < LEARNS) && is_sensible(case, factor) {
            try_one(bench, course, case, progress, Change::FreshAndRate(factor))?;
        }
    }
    for change in rules::backed(case) {
        progress.trial(&change.text());
        let longer = Course { steps: LONGER * course.steps, ..course.clone() };
        let outcome = bench.run(core::slice::from_ref(&change), &longer)?.outcome;
        case.tried.push(Tried { change, outcome });
    }
    Ok(())
}

/// Tries balanced batches, if one class has far more samples than the others.
pub(super) fn balance(
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

/// Returns the lowest recall of a class. A sample is assigned to the class whose target has the smallest loss for its
/// output.
fn recall(
    bench: &mut dyn Bench,
    changes: &[Change],
    classes: &[Vec<usize>],
    course: &Course<'_>,
) -> Option<f64> {
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
            right +=
                usize::from(losses.iter().enumerate().all(|(other, loss)| other == at || *loss > losses[at]));
        }
        let share = right as f64 / members.len().max(1) as f64;
        least = Some(least.map_or(share, |least| least.min(share)));
    }
    least
}
