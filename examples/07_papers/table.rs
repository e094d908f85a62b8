//! Trains the network of each row with several seeds, and prints the measured and the expected values.

use std::error::Error;
use std::ops::Range;

use chainrule::flow::Recorder;
use chainrule::optimizer::Optimizer;
use chainrule::prelude::*;

use crate::training::{Plan, Set, accuracy, train};

/// Each row is trained with each of these seeds, because the accuracy depends on the seed and, in networks that start
/// to learn late, on the rounding of the machine.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

/// The rows so far.
pub(crate) struct Table {
    outside: Vec<String>,
    /// The gradient at the first layer before training, relative to the last, and the accuracy after training.
    rows: Vec<(f64, f64)>,
}

impl Table {
    pub(crate) fn new() -> Self {
        println!(
            "{:24} {:>16} {:>5} {:>13} {:>15}   range          expected",
            "training", "first/last", "steps", "loss", "accuracy"
        );
        Self { outside: Vec::new(), rows: Vec::new() }
    }

    /// Trains one network with each seed and prints its row: the smallest and the largest of each figure. Returns the
    /// range of its accuracy.
    pub(crate) fn row<N, O, const D: usize>(
        &mut self,
        name: &str,
        new: impl Fn(u64) -> Owned<N>,
        optimizer: O,
        (learn, test): (&Set<D>, &Set<D>),
        plan: Plan,
        (expected, allowed): (&str, Range<f64>),
    ) -> Result<Range<f64>, Box<dyn Error>>
    where
        N: Maps<Vector<D>, Vector<10>>,
        O: Optimizer<N> + Clone,
    {
        let (mut lefts, mut losses, mut accuracies) = (Vec::new(), Vec::new(), Vec::new());
        for seed in SEEDS {
            let mut recorder = Recorder::every(u64::MAX); // only the first step
            let plan = Plan { seed, ..plan };
            let (net, loss) = train(new(seed), optimizer.clone(), learn, plan, &mut recorder, |_, _| ())?;
            let steps = recorder.records()[0].flow.steps();
            lefts.push(steps.iter().map(|step| step.gain).product());
            losses.push(loss);
            accuracies.push(accuracy(&*net, test)?);
        }
        let (left, loss, accuracy) = (range(&lefts), range(&losses), range(&accuracies));
        println!(
            "{name:24} {:>16} {:5} {:>13} {:>15}   {:.2} to {:.2}   {expected}",
            format!("{:.0e} to {:.0e}", left.start, left.end),
            plan.steps,
            format!("{:.2} to {:.2}", loss.start, loss.end),
            format!("{:.3} to {:.3}", accuracy.start, accuracy.end),
            allowed.start,
            allowed.end
        );
        if accuracy.start < allowed.start || accuracy.end >= allowed.end {
            self.outside.push(format!("{name}: {accuracies:.3?} is not within {allowed:.2?}"));
        }
        self.rows.extend(lefts.into_iter().zip(accuracies));
        Ok(accuracy)
    }

    /// Prints which gradients learned. Fails if a row is outside its range.
    pub(crate) fn done(self) -> Result<(), Box<dyn Error>> {
        if !self.outside.is_empty() {
            return Err(self.outside.join("\n").into());
        }
        let (learned, not): (Vec<_>, Vec<_>) = self.rows.iter().partition(|(_, accuracy)| *accuracy > 0.7);
        let lefts = |rows: Vec<(f64, f64)>| {
            let Range { start, end } = range(&rows.into_iter().map(|(left, _)| left).collect::<Vec<_>>());
            format!("{start:.0e} to {end:.0e}")
        };
        println!("\nThe gradient of the first layer before training, relative to the last layer:");
        println!("{} in the networks that learned, {} in the others.", lefts(learned), lefts(not));
        Ok(())
    }
}

/// Returns the smallest and the largest number.
fn range(numbers: &[f64]) -> Range<f64> {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    least..numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
