use alloc::string::String;

/// A [rule](crate::flow::Rules::stop) stopped a training. The recorded step returns this error in
/// [`Error::StoppedByRule`](crate::Error::StoppedByRule).
///
/// The step has been taken; the network is the one after it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "the rule `{rule}` stopped the training after step {step}: {why}; its value is {value:.3e}, and its threshold \
     {threshold:.3e}; cure: {cure}"
)]
pub struct StoppedByRule {
    /// The number of steps that had been taken before.
    pub step: u64,
    /// The name of the rule.
    pub rule: &'static str,
    /// The path of the layer; `None` for the loss, and for a rule of the whole network.
    pub layer: Option<String>,
    /// The value that the rule compares with its threshold.
    pub value: f64,
    /// The threshold.
    pub threshold: f64,
    /// The cause.
    pub why: String,
    /// A possible cure.
    pub cure: String,
}
