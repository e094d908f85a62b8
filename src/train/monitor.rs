use std::fmt;

use super::options::VALIDATION_LOSS;
use crate::Error;
use crate::optimizer::check_size;

/// The value that is compared after each epoch, for early stopping, the best network and a plateau: see
/// [`Fit::monitor`](crate::Fit::monitor).
///
/// ```
/// use chainrule::prelude::*;
///
/// let monitor = Monitor::max("accuracy").min_delta(0.001);
/// # let _ = monitor;
/// ```
#[doc(alias = "EarlyStopping")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Monitor {
    /// `loss`, `validation loss`, or the name of a metric.
    pub name: String,
    /// Whether a larger value is better.
    pub maximize: bool,
    /// The smallest change that counts as an improvement, at least 0: 0 by default.
    pub min_delta: f64,
}

impl Default for Monitor {
    /// The validation loss.
    fn default() -> Self {
        Self::min(VALIDATION_LOSS)
    }
}

impl Monitor {
    /// Monitors a value that should become small: `loss`, `validation loss`, or a metric by its name.
    pub fn min(name: impl Into<String>) -> Self {
        Self { name: name.into(), maximize: false, min_delta: 0.0 }
    }

    /// Monitors a value that should become large, such as an accuracy.
    pub fn max(name: impl Into<String>) -> Self {
        Self { maximize: true, ..Self::min(name) }
    }

    /// Sets the smallest change that counts as an improvement.
    pub fn min_delta(self, change: f64) -> Self {
        Self { min_delta: change, ..self }
    }

    /// Returns whether a value is better than the best one so far. A value that is not finite is never better.
    pub(super) fn is_better(&self, value: f64, best: Option<f64>) -> bool {
        let gain = |best: f64| if self.maximize { value - best } else { best - value };
        value.is_finite() && best.is_none_or(|best| gain(best) > self.min_delta)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check_size("the smallest change of a monitor", self.min_delta)
    }

    /// Returns the monitored value as text, without the smallest change.
    pub(super) fn measure(&self) -> String {
        Self { min_delta: 0.0, ..self.clone() }.to_string()
    }
}

/// Prints the monitor as Rust code.
impl fmt::Display for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Monitor::{}({:?})", if self.maximize { "max" } else { "min" }, self.name)?;
        if self.min_delta != 0.0 { write!(f, ".min_delta({:?})", self.min_delta) } else { Ok(()) }
    }
}
