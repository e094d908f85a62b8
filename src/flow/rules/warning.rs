use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use serde::Serialize;

use super::super::table::fold;
use crate::Error;
use crate::error::StoppedByRule;

/// A finding of a [`Rule`](super::Rule) at a step of a training: an element of
/// [`Recorder::warnings`](crate::flow::Recorder::warnings).
///
/// A rule warns once about a layer. It warns again after three records in a row without a finding there. If it finds
/// the same in several layers at a step, one warning names the worst and counts the others.
///
/// It prints as a few lines. See the example of [`Recorder`](crate::flow::Recorder).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warning {
    /// The step: the number of steps taken before it.
    pub step: u64,
    /// The name of the rule.
    pub rule: &'static str,
    /// The path of the layer. `None` for the loss, and for a rule about the whole network.
    pub layer: Option<String>,
    /// The figure that the rule compares with its threshold. For a sudden change it is the ratio to the median.
    pub value: f64,
    /// The threshold.
    pub threshold: f64,
    /// The source of the rule and its threshold.
    pub source: &'static str,
    /// The finding, as a sentence that names the layer.
    pub text: String,
    /// The cure.
    pub cure: String,
    /// The number of other layers with the same finding at this step.
    pub others: usize,
}

impl fmt::Display for Warning {
    /// Prints the warning in lines of 80 columns, without its source.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fold(f, &format!("step {}, {}: {}\ncure: {}", self.step, self.rule, self.whole_text(), self.cure), 79)
    }
}

impl Warning {
    /// Returns the text with the number of further layers.
    pub(in crate::flow) fn whole_text(&self) -> String {
        match self.others {
            0 => self.text.clone(),
            1 => format!("{} (and in 1 more place)", self.text),
            others => format!("{} (and in {others} more places)", self.text),
        }
    }

    pub(super) fn error(&self) -> Error {
        Error::StoppedByRule(Box::new(StoppedByRule {
            step: self.step,
            rule: self.rule,
            layer: self.layer.clone(),
            value: self.value,
            threshold: self.threshold,
            why: self.whole_text(),
            cure: self.cure.clone(),
        }))
    }
}
