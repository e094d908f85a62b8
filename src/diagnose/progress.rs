//! The progress bar of a diagnosis.

#[cfg(feature = "fit")]
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on the standard error, if that is a terminal. It appears after a second.
pub(super) struct Progress {
    #[cfg(feature = "fit")]
    bar: ProgressBar,
    #[cfg(feature = "fit")]
    started: std::time::Instant,
    #[cfg(feature = "fit")]
    quiet: bool,
}

#[cfg(feature = "fit")]
impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("diagnosis, trial {pos}: {msg}") {
            bar.set_style(style);
        }
        Self { bar, started: std::time::Instant::now(), quiet }
    }

    /// Shows the trial that runs now.
    pub(super) fn trial(&self, change: &str) {
        if !self.quiet && self.bar.is_hidden() && self.started.elapsed().as_secs() >= 1 {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(alloc::string::String::from(change));
        self.bar.inc(1);
    }
}

#[cfg(feature = "fit")]
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(not(feature = "fit"))]
impl Progress {
    pub(super) fn new(_: bool) -> Self {
        Self {}
    }

    pub(super) fn trial(&self, _: &str) {}
}
