//! The progress bar.

use std::fmt;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::Epoch;

const TEMPLATE: &str = "epoch {prefix} {wide_bar} {pos}/{len} steps, {rate}, {msg}{eta} left";

/// Lines on the standard error, one for each epoch. On a terminal, a progress bar below them shows all steps of a run.
pub(super) struct Progress {
    bar: ProgressBar,
    quiet: bool,
    epochs: u64,
    /// The last metrics, as text.
    metrics: String,
}

impl Progress {
    /// Creates a bar for a run of `epochs` epochs with `batches` batches each, of which `done` are finished.
    pub(super) fn new(quiet: bool, epochs: u64, batches: u64, done: u64) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let mut progress = Self::on(target, epochs, batches, done);
        progress.quiet = quiet;
        progress
    }

    fn on(target: ProgressDrawTarget, epochs: u64, batches: u64, done: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(epochs.saturating_mul(batches)), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.with_key("rate", |state: &ProgressState, line: &mut dyn fmt::Write| {
                let rate = state.per_sec();
                let _ = if rate < 10.0 { write!(line, "{rate:.1}/s") } else { write!(line, "{rate:.0}/s") };
            }));
        }
        bar.set_position(done);
        bar.reset_eta(); // the speed is that of this process, not of the resumed run
        Self { bar, quiet: false, epochs, metrics: String::new() }
    }

    pub(super) fn epoch(&self, number: u64) {
        self.bar.set_prefix(format!("{number}/{}", self.epochs));
    }

    /// Shows a step; `loss` is the mean so far in this epoch.
    pub(super) fn step(&self, loss: f64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("loss {loss:.4}{}, ", self.metrics));
        }
        self.bar.inc(1);
    }

    /// Shows that a batch was skipped.
    pub(super) fn skip(&self) {
        self.bar.inc(1);
    }

    /// Prints a line after an epoch, and one if it skipped batches.
    pub(super) fn ended(&mut self, epoch: &Epoch) {
        let validation = epoch.validation_loss.map(|loss| format!(", validation loss {loss:.4}"));
        let metrics = epoch.metrics.iter().map(|(name, value)| format!(", {name} {value:.4}"));
        self.metrics = metrics.collect();
        let (number, loss, validation) = (epoch.number, epoch.loss, validation.unwrap_or_default());
        self.line(&format!("epoch {number}/{}: loss {loss:.4}{validation}{}", self.epochs, self.metrics));
        match epoch.skipped {
            0 => {}
            1 => self.line("1 batch had no target that counts, and was skipped"),
            some => self.line(&format!("{some} batches had no target that counts, and were skipped")),
        }
    }

    /// Prints a line.
    pub(super) fn line(&self, line: &str) {
        if self.quiet {
        } else if self.bar.is_hidden() {
            // Not `eprintln!`, which panics if the stream is closed.
            let _ = writeln!(io::stderr(), "{line}");
        } else {
            self.bar.println(line);
        }
    }

    /// Hides the bar while `f` runs, because `f` may print lines.
    pub(super) fn suspend<R>(&self, f: impl FnOnce() -> R) -> R {
        // The bar holds its lock while `f` runs. If a panic unwound through it, the lock would be poisoned. `drop`
        // would then panic too, which aborts the process.
        match self.bar.suspend(|| catch_unwind(AssertUnwindSafe(f))) {
            Ok(result) => result,
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Written;

    #[test]
    fn a_panic_while_the_bar_is_hidden_unwinds_and_the_bar_can_be_used_after_it() {
        let screen = Written::default();
        let mut progress = Progress::on(ProgressDrawTarget::term_like(Box::new(screen.clone())), 3, 4, 0);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            progress.suspend(|| resume_unwind(Box::new("my own bug")));
        }));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"my own bug"));
        let (loss, skipped, validation_loss, metrics) = (0.25, 0, None, vec![]);
        progress.ended(&Epoch { number: 1, steps: 4, loss, skipped, validation_loss, metrics, best: false });
        drop(progress); // panics too if the lock is poisoned
        assert!(screen.text().contains("epoch 1/3: loss 0.2500"));
    }

    #[test]
    fn the_bar_shows_epoch_steps_speed_loss_metric_and_time_left() {
        let screen = Written::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let mut progress = Progress::on(target, 3, 4, 4);
        progress.metrics = ", accuracy 0.7500".into();
        progress.epoch(2);
        std::thread::sleep(std::time::Duration::from_millis(60)); // it draws 20 times a second at most
        progress.step(0.5);
        let metrics = vec![("accuracy".into(), 0.875)];
        let (number, steps, loss, skipped, validation_loss) = (2, 8, 0.25, 3, Some(0.5));
        progress.ended(&Epoch { number, steps, loss, skipped, validation_loss, metrics, best: true });
        drop(progress);
        let text = screen.text();
        for part in ["epoch 2/3 ", " 5/12 steps, ", "/s, loss 0.5000, accuracy 0.7500, ", " left"] {
            assert!(text.contains(part), "no {part:?} in {text:?}");
        }
        let line = "epoch 2/3: loss 0.2500, validation loss 0.5000, accuracy 0.8750";
        assert!(text.contains(line), "no {line:?} in {text:?}");
        assert!(text.contains("3 batches had no target that counts, and were skipped"), "{text:?}");
    }
}
