use core::fmt;

use crate::Error;

/// Reduces the learning rate when a metric stops decreasing, or [increasing](Plateau::maximize).
///
/// It is PyTorch's `ReduceLROnPlateau`. Call [`observe`](Plateau::observe) with the loss after each epoch:
///
/// ```
/// use chainrule::prelude::*;
///
/// let mut plateau = Plateau::new(0.5, 2);
/// let factors: Vec<f64> = [1.0, 0.9, 0.9, 0.9, 0.9].map(|loss| plateau.observe(loss)).into();
/// assert_eq!(factors, [1.0, 1.0, 1.0, 1.0, 0.5]); // three epochs in a row without an improvement
/// ```
#[doc(alias("ReduceLROnPlateau", "reduce on plateau"))]
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plateau {
    /// The factor of the learning rate.
    pub factor: f64,
    /// The number of metrics in a row without an improvement after which the next one reduces the learning rate.
    pub patience: u32,
    /// The number of metrics after a reduction that are not counted: 0 by default.
    pub cooldown: u32,
    /// The smallest change that counts as an improvement, relative to the best metric: 1e-4 by default.
    pub threshold: f64,
    /// Whether the threshold is an absolute difference instead of relative to the best metric.
    pub absolute: bool,
    /// Whether a larger metric is better.
    pub maximize: bool,
    /// The smallest learning rate, as a factor of the initial one: 0 by default.
    pub floor: f64,
    /// The best metric so far, or `None` before the first one.
    best: Option<f64>,
    waited: u32,
    /// The number of metrics left in the cooldown.
    cooling: u32,
    now: f64,
}

impl Plateau {
    /// Creates a plateau that multiplies the learning rate by `factor` when more than `patience` metrics in a row did
    /// not improve on the best one.
    ///
    /// The patience of `Fit::stop_early` is counted differently: it stops one epoch earlier, when `patience` epochs in
    /// a row did not improve. And `Monitor::min_delta` is an absolute difference, but this threshold is relative to the
    /// best metric by default.
    pub const fn new(factor: f64, patience: u32) -> Self {
        Self {
            factor,
            patience,
            cooldown: 0,
            threshold: 1e-4,
            absolute: false,
            maximize: false,
            floor: 0.0,
            best: None,
            waited: 0,
            cooling: 0,
            now: 1.0,
        }
    }

    /// Sets the number of metrics after a reduction that are not counted.
    pub const fn cooldown(self, measures: u32) -> Self {
        Self { cooldown: measures, ..self }
    }

    /// Sets the smallest change, relative to the best metric, that counts as an improvement.
    pub const fn relative_threshold(self, threshold: f64) -> Self {
        Self { threshold, absolute: false, ..self }
    }

    /// Sets the smallest absolute change that counts as an improvement.
    pub const fn absolute_threshold(self, threshold: f64) -> Self {
        Self { threshold, absolute: true, ..self }
    }

    /// Makes larger metrics better ones.
    pub const fn maximize(self) -> Self {
        Self { maximize: true, ..self }
    }

    /// Sets the smallest learning rate, as a factor of the initial one.
    pub const fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Adds a metric, such as a loss, and returns the factor of the initial learning rate. A NaN or an infinity is not
    /// an improvement.
    pub fn observe(&mut self, measure: f64) -> f64 {
        let sign = if self.maximize { -1.0 } else { 1.0 };
        let is_better = self.best.is_none_or(|best| {
            let change = self.threshold * if self.absolute { 1.0 } else { best.abs() };
            sign * measure < sign * best - change
        });
        if is_better && measure.is_finite() {
            (self.best, self.waited) = (Some(measure), 0);
        } else {
            self.waited += 1;
        }
        if self.cooling > 0 {
            (self.cooling, self.waited) = (self.cooling - 1, 0);
        }
        if self.waited > self.patience {
            self.now = (self.now * self.factor).max(self.floor).min(self.now);
            (self.cooling, self.waited) = (self.cooldown, 0);
        }
        self.now
    }

    /// Returns the factor of the initial learning rate.
    pub const fn rate(&self) -> f64 {
        self.now
    }

    /// Checks the settings. The factor must be at least 0 and less than 1, and so must the threshold (an absolute
    /// threshold may be larger). The floor must be between 0 and 1.
    ///
    /// # Errors
    /// [`Error::Setting`] if a setting is out of its range.
    pub fn check(&self) -> Result<(), Error> {
        let [below_1, up_to_1] = ["at least 0 and below 1", "between 0 and 1"];
        let (most, threshold) =
            if self.absolute { (f64::INFINITY, "at least 0 and finite") } else { (1.0, below_1) };
        let settings = [
            ("the factor of a plateau", self.factor, (0.0..1.0).contains(&self.factor), below_1),
            ("the threshold of a plateau", self.threshold, (0.0..most).contains(&self.threshold), threshold),
            ("the floor of a plateau", self.floor, (0.0..=1.0).contains(&self.floor), up_to_1),
        ];
        match settings.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((name, value, _, expected)) => Err(Error::Setting { name, value, expected }),
            None => Ok(()),
        }
    }

    /// Returns a plateau with these settings and the state of `other`.
    #[cfg(feature = "fit")]
    pub(crate) fn in_state_of(self, other: Self) -> Self {
        let Self { best, waited, cooling, now, .. } = other;
        Self { best, waited, cooling, now, ..self }
    }

    /// Resets the best metric, because the next metrics are of a different kind, and keeps the factor.
    #[cfg(feature = "fit")]
    pub(crate) fn forget(&mut self) {
        (self.best, self.waited, self.cooling) = (None, 0, 0);
    }
}

/// Prints the plateau as Rust code.
impl fmt::Display for Plateau {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { factor, patience, cooldown, threshold, absolute, maximize, floor, .. } = *self;
        write!(f, "Plateau::new({factor:?}, {patience})")?;
        if absolute {
            write!(f, ".absolute_threshold({threshold:?})")?;
        } else if threshold != Self::new(factor, patience).threshold {
            write!(f, ".relative_threshold({threshold:?})")?;
        }
        if cooldown > 0 {
            write!(f, ".cooldown({cooldown})")?;
        }
        if maximize {
            write!(f, ".maximize()")?;
        }
        if floor != 0.0 { write!(f, ".floor({floor:?})") } else { Ok(()) }
    }
}
