//! Problems of a setting.

use alloc::format;

use super::super::case::{Case, HELPS, LEARNS};
use super::super::change::Change;
use super::super::problem::{Finding, Problem};
use super::super::report::number_of;
use super::{higher_rate, lower_rate, percent};

/// A schedule whose factor stays below this has ended.
const ENDED: f64 = 1e-3;
/// A gradient is clipped too much if less than this share of its length is left.
const CLIPPED: f64 = 0.1;
/// A momentum of at least this averages 30 steps or more. Usual is 0.9, which averages ten steps (Sutskever et al. 2013
/// use up to 0.99, with a schedule of the momentum).
const MOMENTUM: f64 = 0.967;
/// Batches of at most this many samples can be too small. (A convention of this crate.)
const SMALL_BATCH: usize = 8;
/// A spike is a gradient this many times as long as the median: e³, the limit of an exploding gradient in `flow`.
const SPIKE: f64 = 20.0;
/// An update of less than this share of the weights is slow: it is a hundredth of the usual 1e-3 (Karpathy, CS231n,
/// "Ratio of weights:updates").
const SLOW: f64 = 1e-5;

/// A learning rate is nearly as good as the best if it learns this share of what the best learns. (A convention of this
/// crate.)
const NEARLY: f64 = 0.7;

/// The schedule has ended.
pub(super) fn schedule(case: &Case) -> Option<Finding> {
    let settings = &case.facts.settings;
    if settings.factor_soon > ENDED {
        return None;
    }
    let ended = |change: &Change| matches!(change, Change::NoSchedule);
    let trial = case.best_of(ended).map(|(at, _)| at);
    let confidence = if case.does_not_learn() || case.helping(ended).is_some() { 0.95 } else { 0.3 };
    let evidence = format!(
        "after {} steps the factor of the schedule is {}, and at most {} soon: nothing is left of the learning rate of {}",
        settings.steps_taken,
        number_of(settings.factor),
        number_of(settings.factor_soon),
        number_of(settings.rate)
    );
    let cure = "a schedule of as many steps as the training has, or one that ends above 0, `Schedule::floor`";
    Some(Case::finding(Problem::ScheduleEnded, None, confidence, evidence, cure, trial))
}

/// The gradient is clipped to a very small share of its length.
pub(super) fn clipping(case: &Case) -> Option<Finding> {
    let settings = &case.facts.settings;
    let clip = settings.clip_norm.or(settings.clip_value)?;
    let (at, share) = case.helping(|change| matches!(change, Change::NoClip))?;
    let left = settings.clip_norm.zip(settings.gradient_norm).map(|(clip, norm)| clip / norm);
    let confidence = if left.is_none_or(|left| left < CLIPPED) { 0.88 } else { 0.5 };
    let evidence = format!(
        "gradients are clipped to {}, but the gradient of this batch is {} long; without clipping it learns {} of the best, with it {}",
        number_of(clip),
        settings.gradient_norm.map_or("not finitely".into(), number_of),
        percent(share),
        percent(case.learned())
    );
    let cure = "a limit that only the longest gradients reach, several times the usual length";
    Some(Case::finding(Problem::ClippingTooTight, None, confidence, evidence, cure, Some(at)))
}

/// Weight decay pulls the weights to 0 faster than the gradient moves them.
pub(super) fn decay(case: &Case) -> Option<Finding> {
    let settings = &case.facts.settings;
    let (at, share) = case.helping(|change| matches!(change, Change::NoDecay))?;
    let evidence = format!(
        "without the weight decay of {} it learns {} of the best, and with it {}",
        number_of(settings.decay),
        percent(share),
        percent(case.learned())
    );
    let cure = "a weight decay of 1e-4 to 1e-2; for `AdamW` up to 0.1";
    Some(Case::finding(Problem::WeightDecayTooStrong, None, 0.87, evidence, cure, Some(at)))
}

/// Returns whether a training that looks healthy may not be: a large momentum reverses after more steps than a trial
/// has.
pub(in super::super) fn takes_longer(case: &Case) -> bool {
    case.facts.settings.momentum.is_some_and(|momentum| momentum >= MOMENTUM)
}

/// Old steps outweigh the current gradient.
pub(super) fn momentum(case: &Case) -> Option<Finding> {
    let momentum = case.facts.settings.momentum.filter(|momentum| *momentum >= MOMENTUM)?;
    let (at, share) = case.helping(|change| matches!(change, Change::Momentum(_)))?;
    let evidence = format!(
        "a momentum of {momentum} averages the last {:.0} steps, and adds as many of them up; with 0.9 it learns {} of the \
         best, as it is {}",
        1.0 / (1.0 - momentum),
        percent(share),
        percent(case.learned())
    );
    let cure = "a momentum of 0.9";
    Some(Case::finding(Problem::MomentumTooHigh, None, 0.86, evidence, cure, Some(at)))
}

/// Returns the length to which a trial clips gradients: that of a typical batch, if some gradients are longer.
pub(in super::super) fn usual_norm(case: &Case) -> Option<f64> {
    let usual = case.facts.settings.usual_norm.filter(|norm| *norm > 0.0)?;
    let spikes = case.facts.outliers > 0 || longest(case).is_some_and(|(ratio, _)| ratio > SPIKE);
    (spikes || case.control.outcome.stopped.is_some()).then_some(usual)
}

/// Returns how many times the longest gradient of the control is as long as the median, and the number of spikes.
fn longest(case: &Case) -> Option<(f64, usize)> {
    let mut norms = case.control.outcome.norms.clone();
    norms.retain(|norm| norm.is_finite());
    norms.sort_by(f64::total_cmp);
    let (&median, &largest) = (norms.get(norms.len() / 2)?, norms.last()?);
    let spikes = norms.iter().filter(|norm| **norm > SPIKE * median).count();
    (median > 0.0).then_some((largest / median, spikes))
}

/// A few batches undo what the others learn.
pub(super) fn spiky(case: &Case) -> Option<Finding> {
    let (ratio, spikes) = longest(case)?;
    let (outliers, count) = (case.facts.outliers, case.control.outcome.norms.len());
    // Spikes are rare. A training that diverges has long gradients until its end.
    let rare = spikes > 0 && 5 * spikes <= count;
    if outliers == 0 && !rare {
        return None;
    }
    let (at, share) = case.helping(|change| matches!(change, Change::Clip(_)))?;
    let rate = case.helping(lower_rate).map_or(-1.0, |(_, share)| share);
    let confidence = match outliers {
        0 if share > rate - HELPS => 0.81,
        0 => 0.4,
        _ => 0.85,
    };
    let data = match outliers {
        0 => alloc::string::String::new(),
        _ => format!(
            "{outliers} samples have a number more than 30 deviations away from the median of the others; "
        ),
    };
    let usual = case.facts.settings.usual_norm.map_or("-".into(), number_of);
    let evidence = format!(
        "{data}the longest gradient of {count} is {ratio:.0} times the median; clipped to {usual}, the length of a usual one, \
         it learns {} of the best",
        percent(share)
    );
    let cure = format!("clip gradients, `Trainer::clip_norm({usual})`; look for outliers in the data");
    Some(Case::finding(Problem::GradientSpikes, None, confidence, evidence, cure, Some(at)))
}

/// The noise of small batches outweighs the gradient.
pub(super) fn noisy(case: &Case) -> Option<Finding> {
    let settings = &case.facts.settings;
    if settings.batch > SMALL_BATCH || !case.does_not_learn() {
        return None;
    }
    let (at, share) = case.helping(|change| matches!(change, Change::Batch(_)))?;
    let rate = case.helping(lower_rate).map_or(-1.0, |(_, share)| share);
    let confidence = if share > rate - HELPS / 2.0 { 0.8 } else { 0.45 };
    let noise = settings
        .noise
        .map(|noise| format!(", and the square of its noise is {noise:.1} times that of the gradient"));
    let equal = if rate > 0.0 {
        "; a lower learning rate averages over more batches too, and fits as well"
    } else {
        ""
    };
    let evidence = format!(
        "a batch has {} samples{}; with 8 times as many it learns {} of the best, as it is {}{equal}",
        settings.batch,
        noise.unwrap_or_default(),
        percent(share),
        percent(case.learned())
    );
    let cure = "larger batches, or a lower learning rate";
    Some(Case::finding(Problem::NoisyGradient, None, confidence, evidence, cure, Some(at)))
}

/// The learning rate is too high.
pub(super) fn too_high(case: &Case) -> Option<Finding> {
    let (at, share) = case.helping(lower_rate).filter(|_| case.does_not_learn())?;
    let control = &case.control.outcome;
    let became = match (&control.stopped, control.after(), case.guessing()) {
        (Some(why), ..) => format!("the training stops: {why}"),
        (None, Some(after), Some(guessing)) if after > guessing => {
            format!("the loss becomes {}, worse than guessing, {}", number_of(after), number_of(guessing))
        }
        (_, after, _) => format!("the loss stays at {}", after.map_or("no finite number".into(), number_of)),
    };
    let pace = case.facts.weights.iter().filter_map(|parameter| parameter.update).fold(0.0, f64::max);
    let evidence = format!(
        "with {} {became}; a step changes a weight by up to {} of its size, where 1e-3 is usual; with \"{}\" it learns {} of \
         the best",
        number_of(case.facts.settings.rate),
        number_of(pace),
        case.tried[at].change.text(),
        percent(share)
    );
    let confidence = if share >= LEARNS { 0.8 } else { 0.6 };
    let cure = format!("{}, which is {}", case.tried[at].change.text(), rate_of(case, at));
    Some(Case::finding(Problem::LearningRateTooHigh, None, confidence, evidence, cure, Some(at)))
}

/// The learning rate is too low.
pub(super) fn too_low(case: &Case) -> Option<Finding> {
    if case.facts.settings.rate == 0.0 && case.does_not_learn() {
        let (evidence, cure) =
            ("the learning rate is 0", "a learning rate such as 1e-3 for Adam, or 0.01 for SGD");
        return Some(Case::finding(Problem::LearningRateTooLow, None, 0.99, evidence.into(), cure, None));
    }
    let (_, best) = case.helping(higher_rate).filter(|_| case.does_not_learn())?;
    // Takes the smallest rate that is nearly as good as the best: the best rate for a few steps can be too high for
    // many.
    let factor = |at: usize| match case.tried[at].change {
        Change::Rate(factor) if factor > 1.0 => Some(factor),
        _ => None,
    };
    let enough = (0..case.tried.len())
        .filter(|&at| factor(at).is_some() && case.either_share(&case.tried[at].outcome) >= NEARLY * best);
    let at = enough.min_by(|&a, &b| factor(a).unwrap_or(0.0).total_cmp(&factor(b).unwrap_or(0.0)))?;
    let share = case.either_share(&case.tried[at].outcome);
    let lower = case.helping(lower_rate).map_or(-1.0, |(_, share)| share);
    let pace = super::pace(&case.facts).unwrap_or(0.0);
    let slow = if pace < SLOW { "; less than 1e-5 is slow" } else { "" };
    let evidence = format!(
        "a step changes a weight by {pace:.0e} of its size, as the median, where 1e-3 is usual{slow}; in four times the steps \
         it learns {}, and with \"{}\" {} of the best",
        percent(case.learned()),
        case.tried[at].change.text(),
        percent(share)
    );
    let confidence = if lower >= share - HELPS || super::is_slow(case) { 0.4 } else { 0.79 };
    let cure = format!("{}, which is {}", case.tried[at].change.text(), rate_of(case, at));
    Some(Case::finding(Problem::LearningRateTooLow, None, confidence, evidence, cure, Some(at)))
}

/// Returns the learning rate of a trial, as text.
fn rate_of(case: &Case, at: usize) -> alloc::string::String {
    let factor = match case.tried[at].change {
        Change::Rate(factor) | Change::FreshAndRate(factor) => factor,
        _ => 1.0,
    };
    let rate = case.facts.settings.rate * factor;
    if rate >= 0.01 { number_of(rate) } else { format!("{rate:.0e}") }
}
