//! All that is known of a training: facts, and the outcomes of trials.

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

/// What is known.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) facts: Facts,
    pub(super) control: Ran,
    /// The control after four times as many steps.
    pub(super) slow: Option<Outcome>,
    /// The linear reference network, and that with a hidden layer.
    pub(super) linear: Option<Outcome>,
    pub(super) reference: Option<Outcome>,
    pub(super) tried: Vec<Tried>,
    /// The recall of the least recalled class, of the control and of balanced batches.
    pub(super) recall: Option<f64>,
    pub(super) balanced_recall: Option<f64>,
    /// How many samples are held out.
    pub(super) held_out: usize,
}

/// A training is healthy if it learns this share of what a trial or a reference network learns. (A convention of this
/// crate: a half, in up to four times the steps, so that a training that is merely slow is healthy.)
pub(super) const LEARNS: f64 = 0.5;
/// A cure helps if it adds this share to what is learned. (A convention of this crate: half of what health takes.)
pub(super) const HELPS: f64 = 0.25;
/// Something was learned at all if the loss of guessing falls by this share.
const SOMETHING: f64 = 0.05;

impl Case {
    /// Returns the loss of guessing, or of the start where guessing has none.
    pub(super) fn guessing(&self) -> Option<f64> {
        self.facts.guessing.or_else(|| *self.control.outcome.measured.first()?)
    }

    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let references = [&self.linear, &self.reference, &self.slow].into_iter().flatten();
        let tried = self.tried.iter().map(|tried| &tried.outcome);
        [&self.control.outcome].into_iter().chain(references).chain(tried)
    }

    /// Returns the least loss of all trials.
    fn best(&self) -> Option<f64> {
        self.outcomes().filter_map(Outcome::after).min_by(f64::total_cmp)
    }

    fn best_held_out(&self) -> Option<f64> {
        self.outcomes().filter_map(Outcome::held_out_after).min_by(f64::total_cmp)
    }

    /// Returns whether any trial learns at all: at least 5 % of the loss of guessing.
    pub(super) fn anything_learns(&self) -> bool {
        let (Some(guessing), Some(best)) = (self.guessing(), self.best()) else { return false };
        guessing - best > SOMETHING * guessing.abs()
    }

    /// Returns whether any trial learns something that holds for samples that it was not trained on. The loss of a mean of n
    /// samples varies by about 1/√n of itself; 0.4 of that is asked for, since all outcomes are of the same samples.
    pub(super) fn anything_generalizes(&self) -> bool {
        let Some(guessing) = self.facts.guessing_held_out else { return true };
        // Of those that are always run, the best moment, before they memorize; of the many trials, the end, since the best of
        // many moments of noise is always better than guessing.
        let run =
            [Some(&self.control.outcome), self.slow.as_ref(), self.linear.as_ref(), self.reference.as_ref()];
        let run = run.into_iter().flatten().filter_map(Outcome::held_out_best);
        let tried = self.tried.iter().filter_map(|tried| tried.outcome.held_out_after());
        let Some(best) = run.chain(tried).min_by(f64::total_cmp) else { return true };
        guessing - best > (0.4 / (self.held_out.max(1) as f64).sqrt()).max(0.02) * guessing.abs()
    }

    /// Returns the share of what can be learned that this outcome has learned: 1 for the best, and 0 for guessing. A trial
    /// that stopped has learned less than nothing.
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

    /// Returns the share that this outcome has learned of the samples that are trained on; or that of the samples that are
    /// held out, if it is larger and the best trial memorizes: a network that memorizes less noise is not worse. (A network
    /// that learns nothing of the former learns nothing.)
    pub(super) fn either_share(&self, outcome: &Outcome) -> f64 {
        let share = self.share(outcome);
        let counts = share >= 0.1 && self.memorizes() && self.anything_generalizes();
        if counts { share.max(self.share_held_out(outcome)) } else { share }
    }

    /// Returns whether the best trial's loss on samples that are held out is larger by a fifth of the loss of guessing.
    fn memorizes(&self) -> bool {
        let best = self.outcomes().filter_map(|outcome| Some((outcome.after()?, outcome.held_out_after()?)));
        let best = best.min_by(|a, b| a.0.total_cmp(&b.0));
        best.zip(self.guessing())
            .is_some_and(|((after, held_out), guessing)| held_out - after > 0.2 * guessing.abs())
    }

    /// Returns whether the training learns late, and the flow of its gradients is far beyond the limits: by twice as many
    /// depth scales.
    pub(super) fn late(&self) -> bool {
        let verdict = self.facts.flow.verdict();
        let limit = crate::flow::VANISHING * crate::flow::VANISHING;
        let far = verdict.first_over_last.is_some_and(|share| !(limit..=1.0 / limit).contains(&share));
        far && !self.facts.flow.is_through_time() && self.either_share(&self.control.outcome) < HELPS
    }

    /// Returns what the training as it is has learned: after four times the steps if they were taken, since a training that
    /// learns slowly has learned more by then, and one that is not stable less.
    pub(super) fn learned(&self) -> f64 {
        self.either_share(self.slow.as_ref().unwrap_or(&self.control.outcome))
    }

    /// Returns whether the training as it is does not learn.
    pub(super) fn does_not_learn(&self) -> bool {
        self.learned() < LEARNS || !self.anything_learns() || !self.anything_generalizes()
    }

    /// Returns the trial of these changes that learned most, with its share.
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

    /// Returns by how much more the network with a hidden layer learns than the control and than the linear one.
    pub(super) fn reference_ahead(&self) -> Option<[f64; 2]> {
        let [reference, linear] = [self.reference.as_ref()?, self.linear.as_ref()?];
        // On held-out samples, if there are any: on those that are trained on, a larger network memorizes more.
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

    /// Returns a finding whose cure was tried by this trial, if it was.
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
