//! Problems of the data.

use alloc::format;

use super::super::case::{Case, HELPS, LEARNS};
use super::super::change::Change;
use super::super::course::Outcome;
use super::super::mapped::OutputMap;
use super::super::problem::{Finding, Problem};
use super::super::report::number_of;
use super::percent;

/// Numbers above this, or below its inverse, are not scaled. LeCun et al. 1998, "Efficient BackProp", section 4.3,
/// recommend means near 0 and equal covariances of about 1. The input scales the step of a weight, so a factor of 30
/// changes the best learning rate by about a thousand. (Pixels from 0 to 16 are within the limit, and pixels from 0 to
/// 255 are not.)
const SCALE: f64 = 30.0;
/// A mean this many standard deviations from 0 creates one direction with a much larger curvature: this number squared
/// times that of the others.
const OFFSET: f64 = 10.0;
/// Conflicting labels contradict the most frequent label of the same input. A larger share than this is not noise any
/// more: with 20 %, at least a third of the pairs of equal inputs contradict each other. (A convention of this crate.)
const CONFLICTING: f64 = 0.2;
/// The same for targets that are numbers: more of their variance is among equal inputs than between different inputs.
const CONFLICTING_NUMBERS: f64 = 0.5;
/// If a class has more than this share of all samples, a network can always predict it. (A convention of this crate: at
/// 85 %, the other classes have less than a fifth of the largest one's weight in the loss.)
pub(in super::super) const IMBALANCED: f64 = 0.85;
/// A class whose recall is below this is not learned.
const NOT_RECOGNIZED: f64 = 0.1;

/// All samples have the same input.
pub(super) fn constant_inputs(case: &Case) -> Option<Finding> {
    let inputs = case.facts.inputs.as_ref()?;
    let count = inputs.means.len();
    (0..count).all(|at| inputs.is_constant(at)).then(|| {
        let evidence = format!(
            "all {count} features are the same in every sample: the first is {}, with a deviation of {:.0e}",
            number_of(inputs.means[0]),
            inputs.deviations[0]
        );
        let cure = "check how the inputs are read and scaled: a type that is too small, a division by a large number, or the same \
                    row in every sample";
        Case::finding(Problem::ConstantInputs, None, 1.0, evidence, cure, None)
    })
}

/// All samples have the same target.
pub(super) fn constant_targets(case: &Case) -> Option<Finding> {
    let targets = &case.facts.targets;
    let evidence = if let Some(classes) = &targets.classes {
        let mut present = classes.iter().filter(|members| !members.is_empty());
        let only = present.next()?;
        if present.next().is_some() {
            return None;
        }
        format!("all {} measured samples have the same target", only.len())
    } else {
        let numbers = targets.means.iter().zip(&targets.deviations);
        let mut constant = numbers.map(|(mean, deviation)| *deviation <= 1e-6 * mean.abs());
        if targets.deviations.is_empty() || !constant.all(|constant| constant) {
            return None;
        }
        format!(
            "the targets are the same in every sample: the first number is {}",
            number_of(targets.means[0])
        )
    };
    let cure = "check how the targets are read: a column that is read twice, or the same row in every sample";
    Some(Case::finding(Problem::ConstantTargets, None, 1.0, evidence, cure, None))
}

/// Equal inputs have different targets.
pub(super) fn conflicting(case: &Case) -> Option<Finding> {
    let targets = &case.facts.targets;
    let (share, numbers) = (targets.conflicting, targets.classes.is_none());
    (share >= if numbers { CONFLICTING_NUMBERS } else { CONFLICTING }).then(|| {
        let evidence = if numbers {
            format!("{} of the variance of the targets is among samples with exactly the same input", percent(share))
        } else {
            format!("{} of the samples have exactly the same input as others, but another target than most of these", percent(share))
        };
        let cure = "check where the targets come from: a join by the wrong key, labels of several people, or a feature that \
                    is missing and would tell these samples apart";
        Case::finding(Problem::ConflictingTargets, None, 0.95, evidence, cure, None)
    })
}

/// Inputs are too large, too small, far from 0, or of very different sizes.
pub(super) fn input_scale(case: &Case) -> Option<Finding> {
    let inputs = case.facts.inputs.as_ref()?;
    let features = inputs.means.iter().zip(&inputs.deviations).enumerate();
    let varying = features.filter(|(at, _)| !inputs.is_constant(*at));
    let varying: alloc::vec::Vec<(usize, f64, f64)> = varying.map(|(at, (m, d))| (at, *m, *d)).collect();
    let mut deviations: alloc::vec::Vec<f64> = varying.iter().map(|of| of.2).collect();
    deviations.sort_by(f64::total_cmp);
    let (&largest, &median) = (deviations.last()?, deviations.get(deviations.len() / 2)?);
    let widest = varying.iter().max_by(|a, b| a.2.total_cmp(&b.2))?.0;
    let far = varying.iter().filter(|(_, mean, deviation)| mean.abs() > OFFSET * deviation).count();
    let helps = case.helping(|change| matches!(change, Change::StandardInputs));
    let standard = case.best_of(|change| matches!(change, Change::StandardInputs)).map(|(at, _)| at);
    let (what, extreme) = if inputs.rms > SCALE || inputs.rms < 1.0 / SCALE {
        let what = format!("the root mean square of the inputs is {}", number_of(inputs.rms));
        (what, inputs.rms > SCALE * SCALE || inputs.rms < 1.0 / (SCALE * SCALE))
    } else if largest > SCALE * median && deviations.len() > 2
        || largest > SCALE * deviations[0] && deviations.len() == 2
    {
        let other = if deviations.len() > 2 { median } else { deviations[0] };
        let what = format!(
            "feature {widest} has a deviation of {}, {:.0} times the {}",
            number_of(largest),
            largest / other,
            if deviations.len() > 2 { "median feature's" } else { "other feature's" }
        );
        (what, false)
    } else if 2 * far > varying.len() {
        (format!("{far} of {} features are more than {OFFSET} deviations away from 0", varying.len()), false)
    } else {
        return None;
    };
    // The facts decide, unless trials show that another cure helps and this one does not.
    let others = case.helping(|change| {
        !matches!(change, Change::StandardInputs | Change::Rate(_) | Change::FreshAndRate(_))
    });
    let confidence = match (helps, case.does_not_learn()) {
        (Some(_), _) => 0.92,
        (None, true) if others.is_none() => {
            if extreme {
                0.86
            } else {
                0.8
            }
        }
        (None, true) if extreme => 0.6,
        _ => 0.3,
    };
    let cure = "standardize the inputs: `data::Standardize`";
    Some(Case::finding(Problem::InputScale, None, confidence, what, cure, standard))
}

/// Targets of a regression are too large, too small, or far from 0.
pub(super) fn target_scale(case: &Case) -> Option<Finding> {
    let targets = &case.facts.targets;
    if targets.classes.is_some() || targets.deviations.is_empty() {
        return None;
    }
    let deviation = targets.deviations.iter().copied().fold(0.0, f64::max);
    let mean = targets.means.iter().fold(0.0, |mean: f64, x| mean.max(x.abs()));
    let wide = !(1.0 / SCALE..=SCALE).contains(&deviation);
    if !wide && mean <= OFFSET * deviation {
        return None;
    }
    let scaled = |change: &Change| matches!(change, Change::Outputs(OutputMap::Affine { .. }));
    let helps = case.helping(scaled);
    let trial = case.best_of(scaled).map(|(at, _)| at);
    let others = case
        .helping(|change| !scaled(change) && !matches!(change, Change::Rate(_) | Change::FreshAndRate(_)));
    let confidence = match (helps, case.does_not_learn()) {
        (Some(_), _) => 0.91,
        (None, true) if others.is_none() => 0.85,
        (None, true) => 0.55,
        _ => 0.3,
    };
    let evidence =
        format!("the targets have a mean of {} and a deviation of {}", number_of(mean), number_of(deviation));
    let cure = "standardize the targets, and undo it for predictions: `data::Standardize`";
    Some(Case::finding(Problem::TargetScale, None, confidence, evidence, cure, trial))
}

/// No trial predicts the targets of held-out samples.
pub(super) fn unrelated(case: &Case) -> Option<Finding> {
    if case.held_out == 0 || case.anything_generalizes() {
        return None;
    }
    let guessing = case.facts.guessing_held_out?;
    let control = case.control.outcome.held_out_best().map_or("no finite loss".into(), number_of);
    let memorizes = case.reference.as_ref().and_then(Outcome::after).zip(case.facts.guessing);
    let memorizes = memorizes.map(|(after, guessing)| {
        format!(
            "; on its training samples, the loss of a reference network falls from {} to {}",
            number_of(guessing),
            number_of(after)
        )
    });
    let evidence = format!(
        "on {} held-out samples, guessing has a loss of {} and this network {control} at best; no trial and no reference \
         network is better than guessing by more than chance{}",
        case.held_out,
        number_of(guessing),
        memorizes.unwrap_or_default()
    );
    let cure = "check that inputs and targets match: one of them may be shuffled or sorted without the other, or a label may \
                be of another row; if they match, the inputs do not determine the target, or more samples are needed";
    Some(Case::finding(Problem::UnrelatedTargets, None, 0.85, evidence, cure, None))
}

/// The network always predicts the most frequent class.
pub(super) fn imbalance(case: &Case) -> Option<Finding> {
    let classes = case.facts.targets.classes.as_ref()?;
    let recall = case.recall.filter(|recall| *recall < NOT_RECOGNIZED)?;
    let samples: usize = classes.iter().map(|class| class.len()).sum();
    let largest = classes.iter().map(|class| class.len()).max()? as f64 / samples.max(1) as f64;
    // If another cure makes it learn, the other classes can be learned without balancing.
    let cured = case.best_of(|change| !matches!(change, Change::Balanced)).is_some_and(|(_, share)| {
        case.does_not_learn() && share >= LEARNS && share - case.learned() >= HELPS
    });
    let helps = case.balanced_recall.is_some_and(|balanced| balanced >= recall + HELPS);
    let confidence = match (helps, cured) {
        (true, false) => 0.8,
        (true, true) => 0.55,
        _ => 0.4,
    };
    let balanced =
        case.balanced_recall.map(|recall| format!("; with balanced batches it is {}", percent(recall)));
    let evidence = format!(
        "{} of the samples are of one class, and the lowest recall of a class is {}{}",
        percent(largest),
        percent(recall),
        balanced.unwrap_or_default()
    );
    let cure = "draw equally many of each class, `Sampling::balanced`, or weight the classes, `WeightedCrossEntropy`; judge by \
                the recall of each class, not by the accuracy";
    let trial = case.best_of(|change| matches!(change, Change::Balanced)).map(|(at, _)| at);
    Some(Case::finding(Problem::ClassImbalance, None, confidence, evidence, cure, trial))
}
