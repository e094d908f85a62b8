//! Rules that a recorded training is held to, and their warnings.

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

/// Something that can go wrong in a training, which a [`Recorder`](super::Recorder) looks for in each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The [verdict](super::Flow::verdict) of two records in a row is that the gradient vanishes, and less than the
    /// threshold is left of it: 0.0498.
    Vanishing,
    /// The verdict of two records in a row is that the gradient explodes, by more than the threshold: 20.1.
    Exploding,
    /// The verdict of three records in a row is that more than the threshold of the units of most activations, 0.75,
    /// are saturated.
    Saturated,
    /// Of an activation's units more than the threshold, 0.5, are dead in the whole window of records.
    DeadUnits,
    /// Of an activation's units more than the threshold, 0.5, are [dormant](super::DORMANT) in the window, and not
    /// most of them dead.
    DormantUnits,
    /// Of an attention layer's heads more than the threshold, 0.75, have [collapsed](super::HeadFlow::collapsed) in three
    /// records in a row.
    AttentionCollapse,
    /// No record so far had an |update| / |W| of a layer of weights above the threshold, 1e-5, after at least three.
    /// Parameters that do not change at all, as frozen ones, do not count.
    SmallUpdates,
    /// |update| / |W| of a layer of weights is above the threshold, 1e-1, in three records in a row.
    LargeUpdates,
    /// The gradient, the update or the output of a layer of weights, or the loss, is more than the threshold times its
    /// median over the last 20 records, 10; or a gradient or an output is less than 1 / threshold of it, in two records
    /// in a row. And it is far from what was usual: with at least 8 records before it, the modified z-score of the
    /// logarithm, 0.6745 |log x - median| / MAD, is above 7, twice the limit of Iglewicz and Hoaglin, because a training
    /// has thousands of such figures.
    SuddenChange,
    /// The [feature rank](super::RankFlow) of a hidden layer's outputs is at most the threshold, 0.05, of the possible
    /// one, in three records in a row: (rank - 1) / (most - 1), where most is at least 8. It needs
    /// [`FlowOptions::ranks`](super::FlowOptions).
    RankCollapse,
    /// The loss has lost more than the threshold, 0.5, of what the training had gained, in three records in a row:
    /// (now - least) / (first - least), each a median of five records. A gain below 0.2 |first| counts as that much.
    LossAboveBest,
    /// After 20 records, the loss (a median of five) is still more than the threshold, 0.98, of that of guessing,
    /// which [`Rules::guessing`] sets.
    LossOfGuessing,
    /// A rule of your own, by its name: [`Rules::own`].
    Own(&'static str),
}

/// The rules of a recorder, with their thresholds, and which of them stop the training.
///
/// ```
/// use chainrule::flow::{Recorder, Rule, Rules};
///
/// let rules = Rules::default() // all rules; none of them stops a training
///     .threshold(Rule::DeadUnits, 0.3)
///     .without(Rule::Saturated)
///     .guessing(10f64.ln()) // the cross-entropy of ten equally likely classes
///     .stop(Rule::SuddenChange);
/// let recorder = Recorder::every(100).rules(rules);
/// # assert!(recorder.warnings().is_empty());
/// ```
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
    /// All rules with their own thresholds. None of them stops a training.
    fn default() -> Self {
        ALL.into_iter().fold(Self::none(), |rules, rule| rules.threshold(rule, rule.default_threshold()))
    }
}

impl Rules {
    /// No rule.
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

    /// Leaves out a rule.
    pub fn without(mut self, rule: Rule) -> Self {
        self.settings.retain(|setting| setting.rule != rule);
        self
    }

    /// Stops the training when this rule warns: the step returns [`Error::StoppedByRule`]. The rule is added if it is
    /// not there.
    pub fn stop(mut self, rule: Rule) -> Self {
        if !self.settings.iter().any(|setting| setting.rule == rule) {
            self = self.threshold(rule, rule.default_threshold());
        }
        self.settings.iter_mut().filter(|setting| setting.rule == rule).for_each(|own| own.stops = true);
        self
    }

    /// Sets the loss of guessing, as ln C for the cross-entropy of C equally likely classes, for
    /// [`Rule::LossOfGuessing`].
    pub fn guessing(self, loss: f64) -> Self {
        Self { guessing: Some(loss), ..self }
    }

    /// Adds a rule of your own: it warns where a figure is above this threshold.
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

    /// Returns the threshold that [`Rules::default`] has.
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

    /// Returns where the rule and its threshold come from.
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

    /// Returns in how many records in a row the rule must find it before it warns.
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
