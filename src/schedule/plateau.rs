use core::fmt;

use crate::Error;

/// Reduces the learning rate when a measure has stopped decreasing, or [increasing](Plateau::maximize).
///
/// PyTorch's `ReduceLROnPlateau`. Give it the loss after each epoch:
///
/// ```
/// use chainrule::prelude::*;
///
/// let mut plateau = Plateau::new(0.5, 2);
/// let factors: Vec<f64> = [1.0, 0.9, 0.9, 0.9, 0.9].map(|loss| plateau.observe(loss)).into();
/// assert_eq!(factors, [1.0, 1.0, 1.0, 1.0, 0.5]); // three in a row did not improve
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Plateau {
    /// The factor of the learning rate.
    pub factor: f64,
    /// How many measures in a row may fail to improve before that.
    pub patience: u32,
    /// How many measures after a reduction do not count: 0 by default.
    pub cooldown: u32,
    /// The smallest change that counts as an improvement, relative to the best measure: 1e-4 by default.
    pub threshold: f64,
    /// Whether the threshold is a difference itself, and not relative to the best measure.
    pub absolute: bool,
    /// Whether a larger measure is a better one.
    pub maximize: bool,
    /// The smallest learning rate, as a factor of the initial one: 0 by default.
    pub floor: f64,
    /// The best measure so far; `None` before the first.
    best: Option<f64>,
    waited: u32,
    /// The rest of the cooldown.
    cooling: u32,
    now: f64,
}

impl Plateau {
    /// Multiplies the learning rate by `factor` when more than `patience` measures in a row did not improve on the
    /// best one.
    ///
    /// The patience of `Fit::stop_early` counts in another way: it stops one epoch sooner, when as many epochs in a row
    /// did not improve. And `Monitor::min_delta` is a difference, while this threshold is relative to the best measure
    /// by default.
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

    /// Sets how many measures after a reduction do not count.
    pub const fn cooldown(self, measures: u32) -> Self {
        Self { cooldown: measures, ..self }
    }

    /// Sets the smallest change, relative to the best measure, that counts as an improvement.
    pub const fn relative_threshold(self, threshold: f64) -> Self {
        Self { threshold, absolute: false, ..self }
    }

    /// Sets the smallest difference from the best measure that counts as an improvement.
    pub const fn absolute_threshold(self, threshold: f64) -> Self {
        Self { threshold, absolute: true, ..self }
    }

    /// Counts larger measures as better ones.
    pub const fn maximize(self) -> Self {
        Self { maximize: true, ..self }
    }

    /// Sets the smallest learning rate, as a factor of the initial one.
    pub const fn floor(self, floor: f64) -> Self {
        Self { floor, ..self }
    }

    /// Adds a measure, such as a loss. Returns the factor of the initial learning rate. A measure that is not finite
    /// does not count as an improvement.
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

    /// Checks the settings: a factor and a threshold of at least 0 and below 1 (an absolute threshold may be larger),
    /// a floor between 0 and 1.
    ///
    /// # Errors
    /// [`Error::Setting`].
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

    /// Returns the plateau with these settings, in the state of another.
    #[cfg(feature = "fit")]
    pub(crate) fn in_state_of(self, other: Self) -> Self {
        let Self { best, waited, cooling, now, .. } = other;
        Self { best, waited, cooling, now, ..self }
    }

    /// Forgets the measures, which are of something else, and keeps the factor.
    #[cfg(feature = "fit")]
    pub(crate) fn forget(&mut self) {
        (self.best, self.waited, self.cooling) = (None, 0, 0);
    }
}

/// As a program writes it.
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
