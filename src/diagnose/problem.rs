use alloc::string::String;
use core::fmt;

use serde::Serialize;

/// What can be wrong with a training. See the example of [`diagnose`](crate::diagnose).
#[doc(alias = "vanishing gradient")]
#[doc(alias = "exploding gradient")]
#[doc(alias = "dying relu")]
#[doc(alias = "loss does not decrease")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum Problem {
    /// A weight of the network is NaN or infinite, before the first step.
    NonFiniteWeights,
    /// All samples have the same input, so nothing distinguishes them.
    ConstantInputs,
    /// All samples have the same target, so there is nothing to learn.
    ConstantTargets,
    /// Samples with the same input have different targets.
    ConflictingTargets,
    /// The targets have no relation to the inputs: the network can memorize the training set, but predicts nothing.
    UnrelatedTargets,
    /// Nearly all samples are of one class, and the network always predicts that class.
    ClassImbalance,
    /// The inputs, or some of their features, are too large, too small, or far from 0.
    InputScale,
    /// The targets of a regression are too large, too small, or far from 0.
    TargetScale,
    /// Targets are outside the range of the output's activation, such as -1 for a sigmoid.
    TargetsOutOfRange,
    /// The network ends with an activation, such as softmax or sigmoid, but the loss expects scores (logits).
    OutputActivation,
    /// All units of a layer have the same weights (zeros, or another constant), and so always the same gradient.
    SymmetricWeights,
    /// No gradient arrives at a layer, because a layer after it has weights of 0, or its parameters do not change in a
    /// step.
    DisconnectedLayer,
    /// The gradient vanishes on the way back through the layers.
    VanishingGradient,
    /// The gradient explodes on the way back through the layers.
    ExplodingGradient,
    /// The gradient vanishes on the way back through the steps of a sequence.
    VanishingThroughTime,
    /// The gradient explodes on the way back through the steps of a sequence.
    ExplodingThroughTime,
    /// Units are inactive for every sample, and their gradient is 0.
    DeadUnits,
    /// The branch of a residual block is dead: only the skip connection carries a signal.
    DeadBranch,
    /// Units are in the flat part of their activation for nearly every sample.
    SaturatedUnits,
    /// The scale of the weights is far from the scale of new weights.
    WeightScale,
    /// A batch norm computes mean and variance of a single number, so its output is always 0.
    BatchNormOfOne,
    /// Dropout sets nearly all numbers to 0.
    TooMuchDropout,
    /// The network has no activation, so it is a linear map, but the task is not linear.
    LinearNetwork,
    /// A layer is too narrow for the information that must pass through it.
    Bottleneck,
    /// The schedule has ended: its factor of the learning rate is about 0.
    ScheduleEnded,
    /// The gradient is clipped to a small share of its length.
    ClippingTooTight,
    /// Weight decay is stronger than the gradient of the loss.
    WeightDecayTooStrong,
    /// The momentum is so close to 1 that old steps outweigh the current gradient.
    MomentumTooHigh,
    /// The learning rate is too high.
    LearningRateTooHigh,
    /// The learning rate is too low.
    LearningRateTooLow,
    /// A few batches have much longer gradients than the others, and undo what was learned.
    GradientSpikes,
    /// The batch is so small that the noise of its gradient outweighs the gradient.
    NoisyGradient,
    /// The training does not learn, and no trial helps.
    Unexplained,
}

impl Problem {
    /// Returns the name of the problem in the terms of the field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NonFiniteWeights => "weights that are not finite",
            Self::ConstantInputs => "constant inputs",
            Self::ConstantTargets => "constant targets",
            Self::ConflictingTargets => "conflicting targets",
            Self::UnrelatedTargets => "targets without relation to the inputs",
            Self::ClassImbalance => "class imbalance",
            Self::InputScale => "inputs that are not scaled",
            Self::TargetScale => "targets that are not scaled",
            Self::TargetsOutOfRange => "targets outside of the output's range",
            Self::OutputActivation => "an activation where the loss expects scores",
            Self::SymmetricWeights => "symmetric weights",
            Self::DisconnectedLayer => "a layer without gradient",
            Self::VanishingGradient => "vanishing gradient",
            Self::ExplodingGradient => "exploding gradient",
            Self::VanishingThroughTime => "gradient vanishing through time",
            Self::ExplodingThroughTime => "gradient exploding through time",
            Self::DeadUnits => "dead units",
            Self::DeadBranch => "a dead residual branch",
            Self::SaturatedUnits => "saturated units",
            Self::WeightScale => "weights of the wrong scale",
            Self::BatchNormOfOne => "batch norm of a single number",
            Self::TooMuchDropout => "too much dropout",
            Self::LinearNetwork => "a linear network for a nonlinear task",
            Self::Bottleneck => "a bottleneck",
            Self::ScheduleEnded => "a schedule that has ended",
            Self::ClippingTooTight => "clipping that is too tight",
            Self::WeightDecayTooStrong => "weight decay that is too strong",
            Self::MomentumTooHigh => "momentum that is too high",
            Self::LearningRateTooHigh => "learning rate too high",
            Self::LearningRateTooLow => "learning rate too low",
            Self::GradientSpikes => "gradient spikes",
            Self::NoisyGradient => "a gradient that is mostly noise",
            Self::Unexplained => "no learning, for an unknown reason",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A problem of a training, with the evidence and a cure. See the example of [`Diagnose`](super::Diagnose).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub problem: Problem,
    /// The path of the layer or parameter with the problem, as `summary` prints it. `None` if the problem is in the
    /// whole network, the data or a setting.
    pub at: Option<String>,
    /// The measurements that show the problem, as a sentence with numbers.
    pub evidence: String,
    /// The cure, as a sentence.
    pub cure: String,
    /// The confidence, from 0 to 1. A finding has at least [`CERTAIN_ENOUGH`](super::CERTAIN_ENOUGH); a remark has
    /// less. It orders findings, and is not a probability.
    pub confidence: f64,
    /// The trial that tried the cure, as an index into [`Diagnosis::trials`](super::Diagnosis::trials). If several did,
    /// the best one.
    pub trial: Option<usize>,
}
