use alloc::string::String;
use core::fmt;

use serde::Serialize;

use super::LayerFlow;
use crate::layer::Factor;

/// A gradient vanishes where less than this is left of its length between the last layer of weights and the first, and
/// explodes where it grows by more than the inverse: e⁻³ = 0.05.
///
/// # Source
/// Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017, section 5: random networks train
/// down to about six depth scales ξ. The scale of the gradient's squared norm is ξ = 1 / |ln χ|, so that over six of them
/// the norm changes by e³.
pub const VANISHING: f64 = 0.049_787_068_367_863_944;

/// More than this share of a layer's units off (saturated, or dead) is too many: with a half of them off a ReLU is healthy.
/// (A convention of this crate; it must hold in more than half of the layers, so that no single one gives a verdict.)
pub const DEAD_FRACTION: f64 = 0.75;

/// With fewer samples no trend is seen in dead units (a layer that is off as a whole and stops the gradient is named all the same): a healthy ReLU is off in all of 8 independent samples once in 256.
pub const MIN_SAMPLES: usize = 8;

/// What is the matter with a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FlowState {
    /// It arrives.
    Healthy,
    /// Factors below one.
    Vanishing,
    /// Factors above one.
    Exploding,
    /// Units that are off in every sample.
    Dead,
    /// Units where g' is next to nothing.
    Saturated,
    /// NaN or infinity.
    NonFinite,
}

/// Which of the chain rule's factors does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Cause {
    /// W.
    Weights,
    /// g'.
    Activation,
    /// The sum over the ways through residual blocks.
    Sum,
    /// Something between: a norm, a pooling, a dropout.
    Other,
}

/// What is the matter with the gradients of a network, where, why, and what to try.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What is the matter.
    pub state: FlowState,
    /// The path of the layer where it starts, on the way back from the loss.
    pub starts_at: Option<String>,
    /// The factor that does it.
    pub cause: Option<Cause>,
    /// |dR/dZ| of the first layer of weights over that of the last.
    pub first_over_last: Option<f64>,
    /// The same for one layer: the geometric mean.
    pub rate: Option<f64>,
    /// What was seen, in a sentence.
    pub why: String,
    /// What to try, in a sentence; empty where nothing is the matter.
    pub cure: String,
}

impl fmt::Display for FlowState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Vanishing => "vanishing",
            Self::Exploding => "exploding",
            Self::Dead => "dead",
            Self::Saturated => "saturated",
            Self::NonFinite => "non-finite",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.state, self.why)?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, "\ncure: {}", self.cure) }
    }
}

impl Verdict {
    pub(super) fn new(
        state: FlowState,
        at: Option<&LayerFlow>,
        why: String,
        cure: impl Into<String>,
    ) -> Self {
        let starts_at = at.map(|layer| layer.path.clone());
        Self { state, starts_at, cause: None, first_over_last: None, rate: None, why, cure: cure.into() }
    }
}

impl Cause {
    pub(super) fn of(layer: &LayerFlow) -> Self {
        match layer.factor {
            Factor::Weights => Self::Weights,
            Factor::Activation { .. } => Self::Activation,
            Factor::Sum => Self::Sum,
            Factor::Product | Factor::Other => Self::Other,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weights => "W",
            Self::Activation => "g'",
            Self::Sum => "sum of ways",
            Self::Other => "other factor",
        })
    }
}
