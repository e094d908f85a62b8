//! The facts of a training, and the outcomes of its trials.

use alloc::string::String;
use alloc::vec::Vec;

use super::bench::Ran;
use super::change::Change;
use super::course::Outcome;
use super::facts::Facts;
use super::problem::{Finding, Problem};

/// A trial and its outcome.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) change: Change,
    pub(super) outcome: Outcome,
}

/// All facts and outcomes.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) facts: Facts,
    pub(super) control: Ran,
    /// The control after four times as many steps.
    pub(super) slow: Option<Outcome>,
    /// The linear reference network, and the one with a hidden layer.
    pub(super) linear: Option<Outcome>,
    pub(super) reference: Option<Outcome>,
    pub(super) tried: Vec<Tried>,
    /// The recall of the class with the lowest recall, for the control and for balanced batches.
    pub(super) recall: Option<f64>,
    pub(super) balanced_recall: Option<f64>,
    /// How many samples are held out.
    pub(super) held_out: usize,
}

/// A training is healthy if it learns this share of what a trial or a reference network learns. (A convention of this
/// crate: a half, in up to four times the steps, so that a training that is only slow is healthy.)
pub(super) const LEARNS: f64 = 0.5;
/// A cure helps if it adds this share to what is learned. (A convention of this crate: half of what makes a training
/// healthy.)
pub(super) const HELPS: f64 = 0.25;
/// A training learns something if its loss falls by this share of the loss of guessing.
const SOMETHING: f64 = 0.05;

impl Case {
    /// Returns the loss of guessing, or the loss at the start if guessing has none.
    pub(super) fn guessing(&self) -> Option<f64> {
        self.facts.guessing.or_else(|| *self.control.outcome.measured.first()?)
    }

    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let references = [&self.linear, &self.reference, &self.slow].into_iter().flatten();
        let tried = self.tried.iter().map(|tried| &tried.outcome);
        [&self.control.outcome].into_iter().chain(references).chain(tried)
    }

    /// Returns the smallest loss of all trials.
    fn best(&self) -> Option<f64> {
        self.outcomes().filter_map(Outcome::after).min_by(f64::total_cmp)
    }

    fn best_held_out(&self) -> Option<f64> {
        self.outcomes().filter_map(Outcome::held_out_after).min_by(f64::total_cmp)
    }

    /// Returns whether any trial learns something: at least 5 % of the loss of guessing.
    pub(super) fn anything_learns(&self) -> bool {
        let (Some(guessing), Some(best)) = (self.guessing(), self.best()) else { return false };
        guessing - best > SOMETHING * guessing.abs()
    }

    /// Returns whether any trial learns something that generalizes to samples that it was not trained on. The loss of a
    /// mean of n samples varies by about 1/√n of itself. The limit is 0.4 of that, since all outcomes use the same
    /// samples.
    pub(super) fn anything_generalizes(&self) -> bool {
        let Some(guessing) = self.facts.guessing_held_out else { return true };
        // For the trainings that always run, takes the best moment, before they memorize. For the many trials, takes
        // the end: the best of many noisy moments is always better than guessing.
        let run =
            [Some(&self.control.outcome), self.slow.as_ref(), self.linear.as_ref(), self.reference.as_ref()];
        let run = run.into_iter().flatten().filter_map(Outcome::held_out_best);
        let tried = self.tried.iter().filter_map(|tried| tried.outcome.held_out_after());
        let Some(best) = run.chain(tried).min_by(f64::total_cmp) else { return true };
        guessing - best > (0.4 / (self.held_out.max(1) as f64).sqrt()).max(0.02) * guessing.abs()
    }

    /// Returns what this outcome has learned, as a share of what can be learned: 1 for the best outcome, and 0 for
    /// guessing. A trial that stopped is below 0.
    pub(super) fn share(&self, outcome: &Outcome) -> f64 {
        let (Some(guessing), Some(best)) = (self.guessing(), self.best()) else { return -1.0 };
        share(guessing, best, outcome.after())
    }

    fn share_held_out(&self, outcome: &Outcome) -> f64 {
        let (Some(guessing), Some(best)) = (self.facts.guessing_held_out, self.best_held_out()) else {
            return -1.0;
        };
        share(guessing, best, outcome.held_out_after())
    }

    /// Returns the share that this outcome has learned on the samples it was trained on. If the best trial memorizes,
    /// returns the share on held-out samples if that is larger: a network that memorizes less noise is not worse. (A
    /// network that learns nothing on its training samples learns nothing.)
    pub(super) fn either_share(&self, outcome: &Outcome) -> f64 {
        let share = self.share(outcome);
        let counts = share >= 0.1 && self.memorizes() && self.anything_generalizes();
        if counts { share.max(self.share_held_out(outcome)) } else { share }
    }

    /// Returns whether the best trial memorizes: its loss on held-out samples is larger by a fifth of the loss of
    /// guessing.
    fn memorizes(&self) -> bool {
        let best = self.outcomes().filter_map(|outcome| Some((outcome.after()?, outcome.held_out_after()?)));
        let best = best.min_by(|a, b| a.0.total_cmp(&b.0));
        best.zip(self.guessing())
            .is_some_and(|((after, held_out), guessing)| held_out - after > 0.2 * guessing.abs())
    }

    /// Returns whether the training learns late and the flow of its gradients is far beyond the limits: by twice as
    /// many depth scales.
    pub(super) fn late(&self) -> bool {
        let verdict = self.facts.flow.verdict();
        let limit = crate::flow::VANISHING * crate::flow::VANISHING;
        let far = verdict.first_over_last.is_some_and(|share| !(limit..=1.0 / limit).contains(&share));
        far && !self.facts.flow.is_through_time() && self.either_share(&self.control.outcome) < HELPS
    }

    /// Returns what the unchanged training has learned. If it was watched for four times the steps, this is the share
    /// at their end: a slow training has learned more by then, and an unstable one less.
    pub(super) fn learned(&self) -> f64 {
        self.either_share(self.slow.as_ref().unwrap_or(&self.control.outcome))
    }

    /// Returns whether the unchanged training does not learn.
    pub(super) fn does_not_learn(&self) -> bool {
        self.learned() < LEARNS || !self.anything_learns() || !self.anything_generalizes()
    }

    /// Returns the trial of these changes that learned most, and its share.
    pub(super) fn best_of(&self, which: impl Fn(&Change) -> bool) -> Option<(usize, f64)> {
        let these = self.tried.iter().enumerate().filter(|(_, tried)| which(&tried.change));
        let shares = these.map(|(at, tried)| (at, self.either_share(&tried.outcome)));
        shares.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Returns the best trial of these changes, if it helps.
    pub(super) fn helping(&self, which: impl Fn(&Change) -> bool) -> Option<(usize, f64)> {
        let learned = self.learned().max(0.0);
        self.best_of(which).filter(|(_, share)| share - learned >= HELPS && *share >= LEARNS / 2.0)
    }

    /// Returns how much more the reference network with a hidden layer learns than the control, and than the linear
    /// one.
    pub(super) fn reference_ahead(&self) -> Option<[f64; 2]> {
        let [reference, linear] = [self.reference.as_ref()?, self.linear.as_ref()?];
        // Uses held-out samples if there are any: a larger network memorizes more of its training samples.
        let share = |outcome: &Outcome| {
            if self.facts.guessing_held_out.is_some() {
                self.share_held_out(outcome)
            } else {
                self.share(outcome)
            }
        };
        let learned = self.slow.as_ref().map_or(-1.0, share).max(share(&self.control.outcome)).max(0.0);
        let reference = share(reference);
        Some([reference - learned, reference - share(linear).max(0.0)])
    }

    /// Returns a finding. `trial` is the trial that tried its cure, if there is one.
    pub(super) fn finding(
        problem: Problem,
        at: Option<String>,
        confidence: f64,
        evidence: String,
        cure: impl Into<String>,
        trial: Option<usize>,
    ) -> Finding {
        // The control is the first trial of a diagnosis.
        Finding { problem, at, evidence, cure: cure.into(), confidence, trial: trial.map(|at| at + 1) }
    }
}

fn share(guessing: f64, best: f64, after: Option<f64>) -> f64 {
    let range = guessing - best;
    match after {
        Some(after) if range > 0.0 => ((guessing - after) / range).max(-1.0),
        _ => -1.0,
    }
}
