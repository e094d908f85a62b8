use alloc::string::String;
use core::fmt;

use serde::Serialize;

use super::{Cause, LayerFlow};
use crate::expected::ExpectedFlow;

/// A gradient vanishes if less than this share of its length is left between the last layer of weights and the first.
/// It explodes if it grows by more than the inverse. This is the whole rule, both for a measured flow and for the flow
/// that is expected at compile time: see [`ExpectedFlow::VANISHING`].
#[doc(alias = "vanishing gradient")]
#[doc(alias = "exploding gradient")]
pub const VANISHING: f64 = ExpectedFlow::VANISHING;

/// A layer has too many inactive units (saturated or dead) if their share is above this. A healthy ReLU has half. (A
/// convention of this crate. More than half of the layers must exceed it, so that a single layer does not give a
/// verdict.) See the example of [`Rules`](crate::flow::Rules).
pub const DEAD_FRACTION: f64 = 0.75;

/// With fewer samples than this, dead units are not diagnosed as a trend: a healthy ReLU is inactive in all of 8
/// independent samples with probability 1/256. (The verdict still names a layer that is inactive as a whole and stops
/// the gradient.) See the example of [the module](crate::flow).
pub const MIN_SAMPLES: usize = 8;

/// The state of the gradients. See the example of [the module](crate::flow).
#[doc(alias = "vanishing gradient")]
#[doc(alias = "exploding gradient")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum FlowState {
    /// The gradient reaches the first layers.
    Healthy,
    /// The gradient vanishes: the factors are below one.
    Vanishing,
    /// The gradient explodes: the factors are above one.
    Exploding,
    /// Units are dead: their output and g' are 0 in every sample.
    Dead,
    /// Units are saturated: their g' is close to 0.
    Saturated,
    /// A number is NaN or infinite.
    NonFinite,
}

/// A diagnosis of the gradients of a network: the state, where it begins, its cause, and a cure.
/// [`Flow::verdict`](super::Flow::verdict) returns it. See the example of [the module](crate::flow).
#[doc(alias = "diagnosis")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The state of the gradients.
    pub state: FlowState,
    /// The path of the layer where the problem starts in the backward pass.
    pub starts_at: Option<String>,
    /// The factor that causes it.
    pub cause: Option<Cause>,
    /// |dR/dZ| of the first layer of weights divided by that of the last.
    pub first_over_last: Option<f64>,
    /// The geometric mean of that per layer of weights.
    pub rate: Option<f64>,
    /// The measurements, as a sentence.
    pub why: String,
    /// The cure, as a sentence. Empty for healthy gradients.
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
