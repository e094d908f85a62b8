use super::factor::cosine;

/// The settings of a [one-cycle schedule](super::Schedule::one_cycle). The comments give PyTorch's names.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::schedule::OneCycle;
///
/// let mut cycle = OneCycle::new(100);
/// (cycle.rise, cycle.start, cycle.linear) = (0.5, 0.1, true);
/// let schedule = Schedule::from(cycle);
/// assert_eq!(schedule.factor(0), 0.1);
/// assert_eq!(schedule.factor(49), 1.0);
/// ```
#[doc(alias("OneCycleLR", "super-convergence"))]
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct OneCycle {
    /// The number of steps of the whole training: `total_steps`.
    pub steps: u64,
    /// The share of the steps in which the factor rises: 0.3 by default; PyTorch's `pct_start`.
    pub rise: f64,
    /// The first factor: 1/25 by default; PyTorch's 1 / `div_factor`.
    pub start: f64,
    /// The last factor: 4e-6 by default; PyTorch's 1 / (`div_factor` `final_div_factor`).
    pub end: f64,
    /// Whether the factor changes along straight lines instead of cosines: `anneal_strategy="linear"`.
    pub linear: bool,
    /// Whether the factor falls to `start` in as many steps as it has risen, and then to `end`: `three_phase`.
    pub three_phases: bool,
}

impl OneCycle {
    /// Creates the settings with PyTorch's defaults.
    pub const fn new(steps: u64) -> Self {
        Self {
            steps,
            rise: 0.3,
            start: 1.0 / 25.0,
            end: 1.0 / 25.0 / 1e4,
            linear: false,
            three_phases: false,
        }
    }

    pub(super) fn factor(&self, step: u64) -> f64 {
        // As in PyTorch, the maximum is at rise · steps - 1, which may be between two steps.
        let (top, last) = (self.rise * self.steps as f64 - 1.0, self.steps.saturating_sub(1) as f64);
        let at = (step as f64).min(last);
        let between = |share: f64, from: f64, to: f64| {
            if self.linear { from + (to - from) * share } else { cosine(share, from, to) }
        };
        let down = 2.0 * top;
        if at <= top {
            between(at / top.max(1.0), self.start, 1.0)
        } else if !self.three_phases {
            between((at - top) / (last - top), 1.0, self.end)
        } else if at <= down {
            between((at - top) / (down - top), 1.0, self.start)
        } else {
            let down = down.clamp(0.0, last);
            let share = if down < last { (at - down) / (last - down) } else { 1.0 };
            between(share, self.start, self.end)
        }
    }
}
