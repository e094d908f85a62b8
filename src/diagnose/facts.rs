//! The facts of a training before any trial: numbers without types.

use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::Flow;

/// The known settings of a trainer.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The learning rate that the schedule multiplies.
    pub(super) rate: f64,
    /// The factor of the schedule now, and the largest factor within ten trials from now.
    pub(super) factor: f64,
    pub(super) factor_soon: f64,
    /// Whether the schedule is in its warm-up, which the trials skip.
    pub(super) warms_up: bool,
    pub(super) clip_norm: Option<f64>,
    pub(super) clip_value: Option<f64>,
    pub(super) momentum: Option<f64>,
    pub(super) decay: f64,
    pub(super) batch: usize,
    /// The size of a micro-batch.
    pub(super) at_once: Option<usize>,
    pub(super) steps_taken: u64,
    /// The length of the gradient before it is clipped.
    pub(super) gradient_norm: Option<f64>,
    /// The mean square of the noise of a batch's gradient, over the square of the gradient.
    pub(super) noise: Option<f64>,
    /// The length of the gradient of a typical batch: the median of several.
    pub(super) usual_norm: Option<f64>,
}

/// One parameter tensor.
#[derive(Clone, Debug)]
pub(super) struct WeightFacts {
    pub(super) path: String,
    pub(super) layer: String,
    pub(super) is_weight: bool,
    pub(super) is_bias: bool,
    pub(super) is_buffer: bool,
    pub(super) finite: bool,
    pub(super) rms: f64,
    /// The standard deviation of weights by Glorot's initialization.
    pub(super) expected: Option<f64>,
    /// |update| / |W| of one step.
    pub(super) update: Option<f64>,
    /// Whether one step changed it.
    pub(super) moved: bool,
    /// Whether it has at least two units, and all have the same weights.
    pub(super) equal: bool,
    /// Whether all of its numbers are equal.
    pub(super) constant: bool,
}

/// The inputs, feature by feature.
#[derive(Clone, Debug, Default)]
pub(super) struct InputFacts {
    pub(super) means: Vec<f64>,
    pub(super) deviations: Vec<f64>,
    pub(super) rms: f64,
}

/// The targets.
#[derive(Clone, Debug, Default)]
pub(super) struct TargetFacts {
    /// For targets that are tensors: mean and standard deviation of each number, and all numbers, sorted.
    pub(super) means: Vec<f64>,
    pub(super) deviations: Vec<f64>,
    pub(super) sorted: Vec<f64>,
    /// The samples of each class.
    pub(super) classes: Option<Vec<Vec<usize>>>,
    /// The share of samples that have the same input as others, but not the most frequent target of that input. For
    /// numbers: the share of their variance that is among equal inputs.
    pub(super) conflicting: f64,
}

/// All facts.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) settings: Settings,
    pub(super) weights: Vec<WeightFacts>,
    pub(super) flow: Flow,
    pub(super) inputs: Option<InputFacts>,
    pub(super) targets: TargetFacts,
    pub(super) loss: String,
    /// How many samples are outliers.
    pub(super) outliers: usize,
    /// The loss of the best constant answer, on the measured and on the held-out part.
    pub(super) guessing: Option<f64>,
    pub(super) guessing_held_out: Option<f64>,
}
