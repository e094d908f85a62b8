//! The changes that trials try, and how they change a trainer.

use alloc::format;
use alloc::string::{String, ToString};

use super::mapped::OutputMap;
use super::report::number_of;
use crate::init::Initializer;
use crate::kernel::Real;
use crate::layer::{Parameter, ViewMut, Visitor, visit};

/// One change of a training.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Multiplies the learning rate.
    Rate(f64),
    /// Turns clipping off.
    NoClip,
    /// Clips gradients to this length.
    Clip(f64),
    /// Sets the weight decay to 0.
    NoDecay,
    /// Sets the momentum.
    Momentum(f64),
    /// Multiplies the batch size.
    Batch(usize),
    /// Standardizes each feature of the inputs.
    StandardInputs,
    /// Maps the outputs before the loss.
    Outputs(OutputMap),
    /// Draws all weights again.
    Fresh(Initializer, &'static str),
    /// Draws all weights again with He's initialization, and multiplies the learning rate. If a learning rate has
    /// ruined the weights, neither change helps alone.
    FreshAndRate(f64),
    /// Draws orthogonal weights, and scales each layer to outputs with a mean square of 1.
    UnitVariance,
    /// Keeps the learning rate that the schedule would multiply.
    NoSchedule,
    /// Draws equally many samples of each class.
    Balanced,
    /// Sets the bias of the forget gates.
    ForgetBias(f64),
    /// Initializes the hidden state's weights of recurrent layers with an orthogonal matrix.
    OrthogonalState,
    /// Sets all biases to 0.
    NoBiases,
    /// Trains another network, with the name that the program gave it.
    Network(String),
}

impl Change {
    /// Returns the change in a few words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Rate(factor) if *factor < 1.0 => format!("learning rate / {}", 1.0 / factor),
            Self::Rate(factor) => format!("learning rate x {factor}"),
            Self::NoClip => "without clipping".into(),
            Self::Clip(longest) => format!("gradients clipped to {}", number_of(*longest)),
            Self::NoDecay => "without weight decay".into(),
            Self::Momentum(momentum) => format!("momentum {momentum}"),
            Self::Batch(factor) => format!("batches {factor} times as large"),
            Self::StandardInputs => "standardized inputs".into(),
            Self::Outputs(OutputMap::Affine { .. }) => "standardized targets".into(),
            Self::Outputs(_) => "without the last activation".into(),
            Self::Fresh(_, name) => format!("new weights, {name}"),
            Self::FreshAndRate(factor) => format!("new weights, learning rate / {}", 1.0 / factor),
            Self::UnitVariance => "new weights of unit variance (LSUV)".into(),
            Self::NoSchedule => "without the schedule".into(),
            Self::Balanced => "batches with as many of each class".into(),
            Self::ForgetBias(bias) => format!("forget bias {bias:.1}"),
            Self::OrthogonalState => "orthogonal weights of the state".into(),
            Self::NoBiases => "biases of 0".into(),
            Self::Network(name) => name.clone(),
        }
    }
}

/// Sets the bias of the forget gate of each LSTM: the second row of `bias_ih`, as PyTorch orders the gates.
pub(super) fn set_forget_bias(network: ViewMut<'_>, bias: f64) {
    visit([], [network], &mut ForgetBias(bias));
}

struct ForgetBias(f64);

impl Visitor<0, 1> for ForgetBias {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        let path = parameter.path.to_string();
        if let [4, hidden] = *parameter.shape
            && (path.ends_with("bias_ih") || path.ends_with("bias_hh"))
        {
            let bias = if path.ends_with("bias_ih") { self.0 } else { 0.0 };
            xs.iter_mut().skip(hidden).take(hidden).for_each(|x| *x = T::from_f64(bias));
        }
    }
}

/// Sets every bias to 0.
pub(super) fn clear_biases(network: ViewMut<'_>) {
    visit([], [network], &mut ClearBiases);
}

struct ClearBiases;

impl Visitor<0, 1> for ClearBiases {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if parameter.role == crate::layer::Role::Bias {
            xs.fill(T::zero());
        }
    }
}

/// Multiplies the parameter at this path.
pub(super) fn scale(network: ViewMut<'_>, path: &str, factor: f64) {
    visit([], [network], &mut Scale { path, factor });
}

struct Scale<'a> {
    path: &'a str,
    factor: f64,
}

impl Visitor<0, 1> for Scale<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if parameter.path.to_string() == self.path {
            xs.iter_mut().for_each(|x| *x *= T::from_f64(self.factor));
        }
    }
}
