use alloc::string::String;

/// A [rule](crate::flow::Rules::stop) stopped a training: the error that the recorded step returns, as
/// [`Error::StoppedByRule`](crate::Error::StoppedByRule).
///
/// The step has been taken: the network is that after it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "the rule `{rule}` stopped the training after step {step}: {why}; its value is {value:.3e}, and its threshold \
     {threshold:.3e}; cure: {cure}"
)]
pub struct StoppedByRule {
    /// How many steps had been taken before it.
    pub step: u64,
    /// The name of the rule.
    pub rule: &'static str,
    /// The path of the layer; `None` for the loss, and for a rule of the whole network.
    pub layer: Option<String>,
    /// The figure that the rule compares with its threshold.
    pub value: f64,
    /// The threshold.
    pub threshold: f64,
    /// What was found.
    pub why: String,
    /// What to try.
    pub cure: String,
}
