//! Rules that check a recorded training, and their warnings.

mod check;
mod sudden;
mod warning;
mod watch;

use alloc::vec::Vec;

use super::verdict::{DEAD_FRACTION, VANISHING};
use super::{Record, SATURATED};
use crate::Error;

pub use warning::Warning;
pub(super) use watch::Watch;

/// A problem of a training. A [`Recorder`](super::Recorder) checks each record for it. See the example of [`Rules`].
#[doc(alias = "alert")]
#[doc(alias = "loss spike")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The [verdict](super::Flow::verdict) of two records in a row is that the gradient vanishes, and that less than
    /// the threshold, 0.0498, is left of it.
    Vanishing,
    /// The verdict of two records in a row is that the gradient explodes, by more than the threshold, 20.1.
    Exploding,
    /// The verdict of three records in a row is that more than the threshold, 0.75, of the units of most activations
    /// are saturated.
    Saturated,
    /// More than the threshold, 0.5, of an activation's units are dead in the whole window of records.
    DeadUnits,
    /// More than the threshold, 0.5, of an activation's units are [dormant](super::DORMANT) in the window, and most of
    /// them are not dead.
    DormantUnits,
    /// More than the threshold, 0.75, of the heads of an attention layer have [collapsed](super::HeadFlow::collapsed)
    /// in three records in a row.
    AttentionCollapse,
    /// No record so far, of at least three, has an |update| / |W| of a layer of weights above the threshold, 1e-5.
    /// Parameters that do not change at all, such as frozen ones, do not count.
    SmallUpdates,
    /// |update| / |W| of a layer of weights is above the threshold, 1e-1, in three records in a row.
    LargeUpdates,
    /// The gradient, the update or the output of a layer of weights, or the loss, is more than the threshold, 10, times
    /// its median over the last 20 records. Or a gradient or an output is less than 1 / threshold of its median in two
    /// records in a row. The figure must also be far from the usual values. With at least 8 earlier records, the
    /// modified z-score of the logarithm, 0.6745 |log x - median| / MAD, must be above 7. This is twice the limit of
    /// Iglewicz and Hoaglin, because a training has thousands of such figures.
    SuddenChange,
    /// The [feature rank](super::RankFlow) of a hidden layer's outputs is at most the threshold, 0.05, of the possible
    /// rank, in three records in a row: (rank - 1) / (most - 1), where most is at least 8. It needs
    /// [`FlowOptions::ranks`](super::FlowOptions).
    RankCollapse,
    /// The loss has risen by more than the threshold, 0.5, of what the training had gained, in three records in a row:
    /// (now - least) / (first - least), each a median of five records. A gain below 0.2 |first| counts as 0.2 |first|.
    LossAboveBest,
    /// After 20 records, the loss (a median of five) is still more than the threshold, 0.98, times the loss of
    /// guessing, which [`Rules::guessing`] sets.
    LossOfGuessing,
    /// Your own rule, with its name: [`Rules::own`].
    Own(&'static str),
}

/// The rules of a recorder, with their thresholds, and which of them stop the training.
///
/// ```
/// use chainrule::flow::{DEAD_FRACTION, Recorder, Rule, Rules};
///
/// let rules = Rules::default() // all rules; none of them stops a training
///     .threshold(Rule::DeadUnits, 0.3)
///     .without(Rule::Saturated)
///     .guessing(10f64.ln()) // the cross-entropy of ten equally likely classes
///     .stop(Rule::SuddenChange);
/// let recorder = Recorder::every(100).rules(rules);
/// assert_eq!(Rule::Saturated.default_threshold(), DEAD_FRACTION);
/// # assert!(recorder.warnings().is_empty());
/// ```
#[doc(alias = "alerts")]
#[derive(Clone, Debug)]
pub struct Rules {
    settings: Vec<Setting>,
    own: Vec<OwnRule>,
    /// The loss of guessing.
    guessing: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    rule: Rule,
    threshold: f64,
    stops: bool,
}

#[derive(Clone, Copy, Debug)]
struct OwnRule {
    name: &'static str,
    source: &'static str,
    figure: fn(&Record) -> Option<f64>,
}

const ALL: [Rule; 12] = [
    Rule::Vanishing,
    Rule::Exploding,
    Rule::Saturated,
    Rule::DeadUnits,
    Rule::DormantUnits,
    Rule::AttentionCollapse,
    Rule::SmallUpdates,
    Rule::LargeUpdates,
    Rule::SuddenChange,
    Rule::RankCollapse,
    Rule::LossAboveBest,
    Rule::LossOfGuessing,
];

impl Default for Rules {
    /// All rules with their default thresholds. None of them stops a training.
    fn default() -> Self {
        ALL.into_iter().fold(Self::none(), |rules, rule| rules.threshold(rule, rule.default_threshold()))
    }
}

impl Rules {
    /// Creates an empty set of rules.
    pub fn none() -> Self {
        Self { settings: Vec::new(), own: Vec::new(), guessing: None }
    }

    /// Adds a rule with this threshold, or sets its threshold.
    pub fn threshold(mut self, rule: Rule, threshold: f64) -> Self {
        match self.settings.iter_mut().find(|setting| setting.rule == rule) {
            Some(setting) => setting.threshold = threshold,
            None => self.settings.push(Setting { rule, threshold, stops: false }),
        }
        self
    }

    /// Removes a rule.
    pub fn without(mut self, rule: Rule) -> Self {
        self.settings.retain(|setting| setting.rule != rule);
        self
    }

    /// Stops the training when this rule warns: the step returns [`Error::StoppedByRule`]. It adds the rule if it is
    /// missing.
    pub fn stop(mut self, rule: Rule) -> Self {
        if !self.settings.iter().any(|setting| setting.rule == rule) {
            self = self.threshold(rule, rule.default_threshold());
        }
        self.settings.iter_mut().filter(|setting| setting.rule == rule).for_each(|own| own.stops = true);
        self
    }

    /// Sets the loss of guessing for [`Rule::LossOfGuessing`], such as ln C for the cross-entropy of C equally likely
    /// classes.
    pub fn guessing(self, loss: f64) -> Self {
        Self { guessing: Some(loss), ..self }
    }

    /// Adds your own rule. It warns if a figure is above this threshold.
    ///
    /// ```
    /// use chainrule::flow::{Rule, Rules};
    ///
    /// let rules = Rules::none()
    ///     .own("attenuation", "our last ten models", 100.0, |record| record.flow.attenuation())
    ///     .stop(Rule::Own("attenuation"));
    /// # let _ = rules;
    /// ```
    pub fn own(
        mut self,
        name: &'static str,
        source: &'static str,
        threshold: f64,
        figure: fn(&Record) -> Option<f64>,
    ) -> Self {
        self.own.retain(|own| own.name != name);
        self.own.push(OwnRule { name, source, figure });
        self.threshold(Rule::Own(name), threshold)
    }

    /// Checks the thresholds.
    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = |value: f64| !(value.is_finite() && value >= 0.0);
        let thresholds = self.settings.iter().filter(|setting| !matches!(setting.rule, Rule::Own(_)));
        let expected = "at least 0 and finite";
        if let Some(value) = thresholds.map(|setting| setting.threshold).find(|value| wrong(*value)) {
            return Err(Error::Setting { name: "the threshold of a rule", value, expected });
        }
        match self.guessing.filter(|value| wrong(*value)) {
            Some(value) => Err(Error::Setting { name: "the loss of guessing", value, expected }),
            None => Ok(()),
        }
    }
}

impl Rule {
    /// Returns its name, such as `sudden change`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vanishing => "vanishing",
            Self::Exploding => "exploding",
            Self::Saturated => "saturated",
            Self::DeadUnits => "dead units",
            Self::DormantUnits => "dormant units",
            Self::AttentionCollapse => "attention collapse",
            Self::SmallUpdates => "small updates",
            Self::LargeUpdates => "large updates",
            Self::SuddenChange => "sudden change",
            Self::RankCollapse => "rank collapse",
            Self::LossAboveBest => "loss above its best",
            Self::LossOfGuessing => "loss of guessing",
            Self::Own(name) => name,
        }
    }

    /// Returns the threshold of the rule in [`Rules::default`].
    pub fn default_threshold(self) -> f64 {
        match self {
            Self::Vanishing => VANISHING,
            Self::Exploding => 1.0 / VANISHING,
            Self::Saturated | Self::AttentionCollapse => DEAD_FRACTION,
            Self::DeadUnits | Self::DormantUnits | Self::LossAboveBest => 0.5,
            Self::SmallUpdates => 1e-5,
            Self::LargeUpdates => 1e-1,
            Self::SuddenChange => 10.0,
            Self::RankCollapse => 0.05,
            Self::LossOfGuessing => 0.98,
            Self::Own(_) => 0.0,
        }
    }

    /// Returns the source of the rule and its threshold.
    pub fn source(self) -> &'static str {
        const _: () = assert!(SATURATED == 0.05); // the text of `Saturated`
        match self {
            Self::Vanishing | Self::Exploding => {
                "six depth scales, e^-3 and e^3: Schoenholz et al., \"Deep information propagation\", ICLR 2017"
            }
            Self::Saturated => {
                "Glorot, Bengio 2010, section 3; a slope below 0.05 of the steepest, and the share, are conventions of \
                 this crate"
            }
            Self::DeadUnits => {
                "Lu et al., \"Dying ReLU and initialization\", 2019; the share is a convention of this crate"
            }
            Self::DormantUnits => {
                "Sokar et al., \"The dormant neuron phenomenon in deep reinforcement learning\", ICML 2023, definition \
                 3.1, with 0.025; the share is a convention of this crate"
            }
            Self::AttentionCollapse => {
                "Zhai et al., \"Stabilizing transformer training by preventing attention entropy collapse\", ICML 2023; an \
                 entropy below 0.05 of the largest, and the share, are conventions of this crate"
            }
            Self::SmallUpdates | Self::LargeUpdates => {
                "Karpathy, CS231n, \"Ratio of weights:updates\": about 1e-3; two decades on either side are a \
                 convention of this crate"
            }
            Self::SuddenChange => {
                "Iglewicz, Hoaglin, \"How to detect and handle outliers\", 1993: modified z-scores; 7 and 10-fold are \
                 conventions of this crate"
            }
            Self::RankCollapse => {
                "Kumar et al., \"Implicit under-parameterization inhibits data-efficient deep reinforcement \
                 learning\", ICLR 2021: srank with 0.01; the share is a convention of this crate"
            }
            Self::LossAboveBest => "a convention of this crate",
            Self::LossOfGuessing => {
                "ln C is the cross-entropy of C equally likely classes; 0.98 and 20 records are conventions"
            }
            Self::Own(_) => "the program",
        }
    }

    /// Returns the number of records in a row with the finding before the rule warns.
    fn patience(self) -> u64 {
        match self {
            Self::Vanishing | Self::Exploding => 2,
            Self::Saturated
            | Self::AttentionCollapse
            | Self::LargeUpdates
            | Self::RankCollapse
            | Self::LossAboveBest => 3,
            _ => 1,
        }
    }
}
