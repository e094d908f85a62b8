//! Errors that the types cannot exclude.

#[cfg(feature = "checkpoint")]
mod rank;
#[cfg(feature = "flow")]
mod stopped;
mod text;

#[cfg(any(feature = "checkpoint", feature = "flow"))]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::{format, string::String, vec::Vec};

use chainrule_parameters::{ParameterPath, TypeName};

#[cfg(feature = "checkpoint")]
pub use rank::RankError;
#[cfg(feature = "flow")]
pub use stopped::StoppedByRule;
pub(crate) use text::Text;

/// Invalid data or settings. They are reported before anything changes.
///
/// Shapes never appear here: a network with mismatched shapes does not compile.
///
/// ```
/// use chainrule::{Error, prelude::*};
///
/// let net = Linear::<1, 1>::init(&mut rng(1));
/// let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1);
/// let error = trainer.step(&[Vector([1.0]), Vector([f32::NAN])], &[Vector([0.0]); 2]).unwrap_err();
/// assert!(matches!(error, Error::NonFiniteData { what: "input", sample: 1, .. }));
/// assert!(error.to_string().starts_with("input 1 of the batch has NaN at element 0"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A class index is not below the number of classes.
    #[error("label {index} is out of range: there are {classes} classes, 0 to {}", classes - 1)]
    LabelOutOfRange {
        /// The index.
        index: usize,
        /// The number of classes of the label's type.
        classes: usize,
    },
    /// The length of a slice is not the number of elements of the tensor.
    #[error("a tensor of shape {shape:?} has {expected} numbers, but this slice has {found}")]
    SliceLength {
        /// The sides of the tensor.
        shape: &'static [usize],
        /// The product of its sides.
        expected: usize,
        /// The length of the slice.
        found: usize,
    },
    /// A padded sequence has no steps, or too many.
    #[error("the sequence has {found} steps, but its type allows 1 to {most}")]
    SequenceLength {
        /// The number of steps.
        found: usize,
        /// The largest number.
        most: usize,
    },
    /// The batch is empty, so that its mean loss would be 0/0.
    #[error("the batch is empty: give at least one sample")]
    EmptyBatch,
    /// The numbers of inputs and targets differ.
    #[error("the batch has {inputs} inputs and {targets} targets: give one target for each input")]
    BatchLengths {
        /// The number of inputs (or outputs).
        inputs: usize,
        /// The number of targets.
        targets: usize,
    },
    /// The numbers of inputs and cotangents differ.
    #[error("the batch has {inputs} inputs and {cotangents} cotangents: give one cotangent for each input")]
    CotangentLengths {
        /// The number of inputs.
        inputs: usize,
        /// The number of cotangents.
        cotangents: usize,
    },
    /// The number of inputs is not the length of the slice for the outputs.
    #[error(
        "the batch has {inputs} inputs, but the slice for the outputs has {outputs} elements: give one element for each input"
    )]
    OutputLengths {
        /// The number of inputs.
        inputs: usize,
        /// The length of the slice.
        outputs: usize,
    },
    /// A [`CarriedState`](crate::stream::CarriedState) belongs to another network.
    #[error(
        "the carried state belongs to another network, or to windows of another shape: create one with \
         `CarriedState::new::<Net, Input>(streams)`"
    )]
    OtherState,
    /// A batch of windows does not have one window of each stream.
    #[error(
        "the batch has {inputs} windows, but the carried state has {streams} streams: give one window of each \
         stream, in the same order each time"
    )]
    StreamCount {
        /// The number of inputs.
        inputs: usize,
        /// The number of streams.
        streams: usize,
    },
    /// A workspace of fixed size is too small for the network and the batch.
    #[error(
        "the workspace has {found} bytes, but this network needs {needed} for this batch: see `budget::<Net, \
         Input>()`"
    )]
    WorkspaceSize {
        /// The number of bytes that the pass needs.
        needed: usize,
        /// The number of bytes of the workspace.
        found: usize,
    },
    /// The data contain a NaN or an infinity.
    #[error(
        "{what} {sample} of the batch has {value} at element {element}: clean the data before training on it"
    )]
    NonFiniteData {
        /// "input", "target" or "cotangent".
        what: &'static str,
        /// The index of the sample in the batch.
        sample: usize,
        /// The index of the number in the sample, in memory order.
        element: usize,
        /// The number.
        value: f64,
    },
    /// An output of the network is NaN or infinite, although its input is finite.
    #[error(
        "output {element} of sample {sample} is {value} although the input is finite: \
         the weights are not finite or have overflowed; lower the learning rate or the initial gain"
    )]
    NonFiniteOutput {
        /// The index of the sample in the batch.
        sample: usize,
        /// The index of the number in the output, in memory order.
        element: usize,
        /// The number.
        value: f64,
    },
    /// The output of a step of a stream is NaN or infinite, although the input of the step is finite. The state may
    /// also be NaN or infinite.
    #[error(
        "output {element} of this step of the stream is {value} although its input is finite: the state may stay NaN \
         or infinite; start a new `StreamState`, and check the weights and the size of the inputs"
    )]
    NonFiniteStream {
        /// The index of the number in the output, in memory order.
        element: usize,
        /// The number.
        value: f64,
    },
    /// The score of a token is NaN or infinite, so that no token can be drawn.
    #[error(
        "the score (logit) of token {index} is {value}: check the weights, and the code that changes the scores \
         (-inf excludes a token, but one token must remain)"
    )]
    NonFiniteLogit {
        /// The index of the token.
        index: usize,
        /// The score.
        value: f64,
    },
    /// A stream continues after the last step of a layer.
    #[error(
        "the stream ends after {steps} steps, because `{layer}` has no more positions: start a new `StreamState`, or \
         use `SinusoidalPositions` or `Rotary`, which have no end"
    )]
    StreamEnd {
        /// The layer.
        layer: &'static chainrule_parameters::TypeName,
        /// The number of steps of this layer.
        steps: usize,
    },
    /// The loss or its gradient is NaN or infinite.
    #[error(
        "the loss or its gradient is {value}: the outputs are not finite, or too far from the targets for the \
         scalar's range"
    )]
    NonFiniteLoss {
        /// The loss, or an element of its gradient.
        value: f64,
    },
    /// A gradient contains a NaN or an infinity. The network has not changed.
    #[error(
        "the gradient of `{parameter}` is {value} at element {element}, and no step was taken: \
         the gradient explodes; lower the learning rate or the initial gain, or add a skip connection"
    )]
    NonFiniteGradient {
        /// The path of the parameter, such as `2.branch.0.weight`.
        parameter: ParameterPath,
        /// The index of the number in the parameter, in memory order.
        element: usize,
        /// The number.
        value: f64,
    },
    /// The gradient is finite, but a step with it would overflow a weight or a number of the optimizer's state, such as
    /// the square of the gradient. Network and optimizer have not changed.
    #[error(
        "the gradient of `{parameter}` is {value:e} at element {element}, and no step was taken: a weight or a \
         moment of the optimizer would overflow; look for an outlier in the batch, clip the gradient, or lower the \
         learning rate"
    )]
    StepOverflow {
        /// The path of the parameter, such as `2.branch.0.weight`.
        parameter: ParameterPath,
        /// The index of the number in the parameter, in memory order.
        element: usize,
        /// The gradient of this number.
        value: f64,
    },
    /// An optimizer that contains its moments, [`Inline`](crate::optimizer::Inline), has too few of them for its
    /// settings.
    #[error(
        "the optimizer needs {needed} moments with these settings, but has {found}: use `Inline<{needed}>`"
    )]
    MomentCount {
        /// The number of moments that it needs. Each has the size of the network.
        needed: usize,
        /// The number of moments that it has.
        found: usize,
    },
    /// A step could not be taken because of this layer. Network and optimizer have not changed.
    #[cfg(feature = "alloc")]
    #[error("step {step} was not taken: {why}; {cure}")]
    NonFiniteStep {
        /// The number of steps that had been taken before.
        step: u64,
        /// The path of the layer; `None` for the loss.
        layer: Option<String>,
        /// The cause.
        why: String,
        /// A possible cure.
        cure: String,
    },
    /// A [rule](crate::flow::Rules::stop) stopped the training. The step has been taken; the network is the one after
    /// it.
    #[cfg(feature = "flow")]
    #[error(transparent)]
    StoppedByRule(Box<StoppedByRule>),
    /// A target is outside the range for which the loss is defined.
    #[error("target {sample} of the batch has {value} at element {element}, but this loss takes {expected}")]
    TargetRange {
        /// The index of the sample in the batch.
        sample: usize,
        /// The index of the number in the target, in memory order.
        element: usize,
        /// The number.
        value: f64,
        /// The range that the loss accepts.
        expected: &'static str,
    },
    /// An output of the network is outside the range for which the loss is defined.
    #[error("output {sample} of the batch has {value} at element {element}, but this loss takes {expected}")]
    OutputRange {
        /// The index of the sample in the batch.
        sample: usize,
        /// The index of the number in the output, in memory order.
        element: usize,
        /// The number.
        value: f64,
        /// The range that the loss accepts, and a last layer with this range.
        expected: &'static str,
    },
    /// A target has more labels than fit in its type.
    #[error("the target has {found} labels, but its type allows at most {most}")]
    TooManyLabels {
        /// The number of labels.
        found: usize,
        /// The largest number of labels of the type.
        most: usize,
    },
    /// All targets of a batch are ignored or have weight 0: the mean loss would be 0/0.
    #[error(
        "every target of the batch is ignored, or belongs to a class of weight 0: give at least one target that counts"
    )]
    NoWeight,
    /// No parameter of the network has this path.
    #[cfg(feature = "alloc")]
    #[error("there is no parameter at `{path}` or below it: the parameters are {}", list(paths))]
    UnknownPath {
        /// The path.
        path: String,
        /// The paths of all parameters.
        paths: Vec<String>,
    },
    /// No layer on the main path of the network has this path.
    #[cfg(feature = "flow")]
    #[error(
        "the main path has no layer at `{path}` or below it, after the start of the span: its layers are {}",
        list(paths)
    )]
    NotOnMainPath {
        /// The path.
        path: String,
        /// The paths of all layers on the main path.
        paths: Vec<String>,
    },
    /// A Jacobian contains a NaN or an infinity, although the output is finite.
    #[cfg(feature = "flow")]
    #[error(
        "the Jacobian of {} is not finite, although the output is: it overflows the scalar; lower the initial gain",
        part(path)
    )]
    NonFiniteJacobian {
        /// The part of the network; empty for the whole network.
        path: String,
    },
    /// A running mean or variance is frozen, but its layer is not in evaluation mode.
    #[cfg(feature = "alloc")]
    #[error(
        "`{path}` is frozen, but in training its layer still normalizes by the batch: write `Evaluate<..>` around \
         the layer, which keeps it in evaluation mode"
    )]
    FrozenStatistics {
        /// The path of the running mean or variance.
        path: String,
    },
    /// A calibration set is empty, so that it has no range.
    #[error("the calibration set is empty: give typical inputs of the network")]
    EmptyCalibration,
    /// All numbers of a calibration set are equal, so that it does not show the range of the data.
    #[error("every number of the calibration set is {value}: give typical inputs of the network")]
    ConstantCalibration {
        /// The number.
        value: f64,
    },
    /// A weight of a layer, or its output for the calibration set, is NaN or infinite.
    #[error("a weight or an output of `{layer}` is NaN or infinite: such a network cannot be quantized")]
    NonFiniteCalibration {
        /// The layer.
        layer: TypeName,
    },
    /// The memory for a quantized network is too small.
    #[error(
        "the memory has {found} bytes, but this network needs {needed}: see `Quantized::<Net, Input>::RAM`"
    )]
    QuantizedMemory {
        /// The number of bytes that the network needs.
        needed: usize,
        /// The number of bytes of the memory.
        found: usize,
    },
    /// A setting is outside its range.
    #[error("{name} is {value}, but must be {expected}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// The value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// A step on several ranks failed on one of them: see `distributed`.
    #[cfg(feature = "checkpoint")]
    #[error(transparent)]
    Rank(Box<RankError>),
}

#[cfg(feature = "checkpoint")]
impl From<RankError> for Error {
    fn from(error: RankError) -> Self {
        Self::Rank(Box::new(error))
    }
}

#[cfg(feature = "alloc")]
impl Error {
    /// Returns the same error for a piece of a larger batch. The piece starts at the sample `start` of the batch.
    pub(crate) fn in_batch(mut self, start: usize) -> Self {
        if let Self::NonFiniteData { sample, .. }
        | Self::NonFiniteOutput { sample, .. }
        | Self::OutputRange { sample, .. }
        | Self::TargetRange { sample, .. } = &mut self
        {
            *sample += start;
        }
        self
    }
}

/// Returns the name of a part of a network: its path, which is empty for the whole network.
#[cfg(feature = "flow")]
fn part(path: &str) -> String {
    if path.is_empty() { "the network".into() } else { alloc::format!("`{path}`") }
}

/// Returns a list as text: only the first elements, if there are many.
#[cfg(feature = "alloc")]
fn list(names: &[String]) -> String {
    const MOST: usize = 40;
    match names {
        [] => "none".into(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= MOST => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} others", names[..MOST].join(", "), names.len() - MOST),
    }
}

/// Asserts a condition in a constant. The compiler's error points at the caller; the error of `assert!` would point
/// into the standard library.
#[track_caller]
pub(crate) const fn require(holds: bool, what: &'static str) {
    if !holds {
        panic!("{}", what)
    }
}

/// Returns the name of a type without the paths of its modules, for types that are not layers: losses and checkpoints.
#[cfg(feature = "alloc")]
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    shorten(core::any::type_name::<T>())
}

#[cfg(feature = "alloc")]
fn shorten(name: &str) -> String {
    let mut short = String::new();
    for part in name.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':') {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}
