//! What a layer does to a random signal, by its effect.

use chainrule_parameters::{Layout, Node, Role, TypeName};

use super::elementary::sqrt;
use super::moments::expectations;
use crate::init::Initializer;
use crate::layer::{Effect, Factor, Moments, Normalized, Plan};

/// The numbers between two layers of a wide random network. NaN is what is not known.
#[derive(Clone, Copy)]
pub(super) struct Signal {
    /// q, the mean square.
    pub(super) square: f64,
    /// The mean.
    mean: f64,
    /// The mean product of the numbers of two samples.
    product: f64,
    /// Whether the numbers are normal, of mean 0, as those are that a layer of weights has summed up.
    normal: bool,
    /// Why something is not known.
    gap: Option<Gap>,
}

/// A layer that the theory does not cover, and the reason.
#[derive(Clone, Copy)]
pub(super) struct Gap {
    pub(super) layer: TypeName,
    pub(super) reason: &'static str,
}

/// A signal after a layer.
#[derive(Clone, Copy)]
pub(super) struct Passed {
    pub(super) signal: Signal,
    /// By what the layer multiplies the squared length of the gradient.
    pub(super) chi: f64,
    /// Why that is not known, if it is NaN.
    pub(super) gap: Option<Gap>,
}

/// Larger numbers overflow somewhere in `f32`.
const LARGEST: f64 = 1e76;

const UNKNOWN: &str = "has no known effect: set `Plan::effect` in its `PLAN`, for an activation \
                       `Activation::EFFECT`, or measure the gradients with `flow`";
const NOT_NORMAL: &str = "is an activation whose input is not normal: the theory is for those behind a layer of \
                          weights, or a norm or a sum of such layers; measure the gradients with `flow`";
const CORRELATED: &str = "leaves the correlation of two samples unknown, on which a batch norm behind it depends; \
                          measure the gradients with `flow`";
const POOLED: &str = "leaves a mean square that depends on how similar neighboring numbers are; measure the \
                      gradients with `flow`";
const CONSTANT: &str = "has weights that are not random, and the theory is for random ones; measure the gradients \
                        with `flow`";
const NO_WEIGHT: &str = "declares `Effect::Weights` and has no parameter that is a weight";
const DEPENDENT: &str =
    "adds paths without weights, which depend on each other; measure the gradients with `flow`";

impl Signal {
    /// Data of this mean square, with mean 0 and no correlation between samples.
    pub(super) const fn new(square: f64) -> Self {
        Self { square, mean: 0.0, product: 0.0, normal: false, gap: None }
    }

    /// Nothing is known behind `plan`, and neither is what becomes of the gradient there.
    const fn unknown(self, plan: &Plan, reason: &'static str) -> Passed {
        self.unknown_by(Some(Gap { layer: plan.name, reason }))
    }

    const fn unknown_by(self, gap: Option<Gap>) -> Passed {
        let signal = Self { square: f64::NAN, mean: f64::NAN, product: f64::NAN, normal: false, gap };
        Passed { signal, chi: f64::NAN, gap }
    }

    /// Returns the first reason.
    const fn or(&self, gap: Option<Gap>) -> Option<Gap> {
        if self.gap.is_some() { self.gap } else { gap }
    }

    const fn passed(self, chi: f64) -> Passed {
        let square = if self.square > LARGEST { LARGEST } else { self.square };
        Passed { gap: self.gap, signal: Self { square, ..self }, chi }
    }

    /// Returns whether two signals are equal, to 1e-12: a layer maps them to the same.
    pub(super) const fn equals(&self, other: &Self) -> bool {
        close(self.square, other.square)
            && close(self.mean, other.mean)
            && close(self.product, other.product)
            && self.normal == other.normal
    }
}

const fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-12 * b.abs() || a.is_nan() && b.is_nan()
}

/// Computes what `plan` makes of `signal`, if its parameters are those of `initializer`.
pub(super) const fn pass(plan: &Plan, signal: Signal, initializer: &Initializer) -> Passed {
    match plan.effect {
        Effect::Unknown => signal.unknown(plan, UNKNOWN),
        Effect::Unchanged => signal.passed(1.0),
        Effect::Weights { inputs } => {
            let Some((fans, layout, shape)) = weight(plan.parameters) else {
                return signal.unknown(plan, NO_WEIGHT);
            };
            let variance = inputs * initializer.weight_variance(fans, layout, shape);
            if variance.is_nan() {
                return signal.unknown(plan, CONSTANT);
            }
            let bias = bias(plan, initializer);
            let (square, product) = (variance * signal.square + bias, variance * signal.product + bias);
            Signal { square, product, mean: 0.0, normal: true, ..signal }.passed(variance)
        }
        Effect::Activation(g) => activation(plan, &g, signal),
        Effect::Norm { of, epsilon } => {
            let center = match of {
                Normalized::SampleAroundZero => 0.0,
                Normalized::Sample => signal.mean * signal.mean,
                Normalized::Batch => signal.product,
            };
            let chi = 1.0 / (signal.square - center + epsilon);
            let bias = bias(plan, initializer);
            let product = match of {
                Normalized::SampleAroundZero | Normalized::Sample => chi * (signal.product - center),
                Normalized::Batch => 0.0,
            };
            let around_zero = matches!(of, Normalized::SampleAroundZero);
            let mean = if around_zero { signal.mean * sqrt(chi) } else { 0.0 };
            // Its output is known even if its input is not.
            let square = if chi.is_nan() { 1.0 } else { chi * (signal.square - center) } + bias;
            let after = Signal { square, mean, product: product + bias, ..signal };
            let gap = if product.is_nan() || mean.is_nan() { signal.gap } else { None };
            Passed { gap: signal.gap, signal: Signal { gap, ..after }, chi }
        }
        Effect::Dropout { remaining } => {
            let normal = signal.normal && remaining == 1.0;
            Signal { square: signal.square / remaining, normal, ..signal }.passed(1.0 / remaining)
        }
        Effect::Pool { gradient } => Passed { chi: gradient, ..signal.unknown(plan, POOLED) },
        Effect::Stack => {
            let mut passed = signal.passed(1.0);
            let mut at = 0;
            while at < plan.children.len() {
                let child = plan.children[at];
                let mut copy = 0;
                while copy < child.copies {
                    let before = passed.signal;
                    let next = pass(child.plan, before, initializer);
                    copy += 1;
                    passed = Passed { chi: passed.chi * next.chi, gap: passed.or(next), ..next };
                    // At a fixed point all further copies multiply the gradient by the same.
                    while next.signal.equals(&before) && copy < child.copies {
                        passed.chi *= next.chi;
                        copy += 1;
                    }
                }
                at += 1;
            }
            passed
        }
        Effect::Sum => sum(plan, signal, initializer),
        Effect::Concat => concat(plan, signal, initializer),
    }
}

impl Passed {
    /// Returns why the gradient is not known after this layer and `next`.
    const fn or(&self, next: Self) -> Option<Gap> {
        if self.chi.is_nan() { self.gap } else { next.gap }
    }
}

const fn activation(plan: &Plan, g: &Moments, signal: Signal) -> Passed {
    if !signal.normal {
        // What is not known already has the reason.
        return if signal.square.is_nan() {
            signal.unknown_by(signal.gap)
        } else {
            signal.unknown(plan, NOT_NORMAL)
        };
    }
    let of = expectations(g, signal.square);
    // The outputs for independent inputs are independent.
    let product = if signal.product == 0.0 { of.mean * of.mean } else { f64::NAN };
    let gap = if product.is_nan() {
        signal.or(Some(Gap { layer: plan.name, reason: CORRELATED }))
    } else {
        signal.gap
    };
    Signal { square: of.square, mean: of.mean, product, normal: false, gap }.passed(of.slope)
}

/// Adds independent paths: their squares add up, and their means.
const fn sum(plan: &Plan, signal: Signal, initializer: &Initializer) -> Passed {
    let direct = plan.children.len() == 1;
    let mut without_weights = direct as usize;
    let mut passed =
        if direct { signal.passed(1.0) } else { Signal { normal: true, ..Signal::new(0.0) }.passed(0.0) };
    let mut at = 0;
    while at < plan.children.len() {
        let path = pass(plan.children[at].plan, signal, initializer);
        without_weights += !has_weights(plan.children[at].plan) as usize;
        let (a, b) = (passed.signal, path.signal);
        let crossed = 2.0 * a.mean * b.mean;
        let sum = Signal {
            square: a.square + b.square + crossed,
            mean: a.mean + b.mean,
            product: a.product + b.product + crossed,
            normal: a.normal && b.normal,
            gap: a.or(b.gap),
        };
        passed = Passed { gap: passed.or(path), ..sum.passed(passed.chi + path.chi) };
        at += 1;
    }
    if without_weights > 1 { signal.unknown(plan, DEPENDENT) } else { passed }
}

/// Puts the outputs of branches beside each other: each gets its share of the gradient.
const fn concat(plan: &Plan, signal: Signal, initializer: &Initializer) -> Passed {
    let whole = len(plan.output);
    let mut passed = Signal { normal: true, ..Signal::new(0.0) }.passed(0.0);
    let (mut at, mut first) = (0, 0.0);
    while at < plan.children.len() {
        let child = plan.children[at].plan;
        let path = pass(child, signal, initializer);
        let share = len(child.output) / whole;
        let (a, b) = (passed.signal, path.signal);
        if at == 0 {
            first = b.square;
        }
        let both = Signal {
            square: a.square + share * b.square,
            mean: a.mean + share * b.mean,
            product: a.product + share * b.product,
            // Normal numbers of different variances are not normal together.
            normal: a.normal && b.normal && close(b.square, first),
            gap: a.or(b.gap),
        };
        passed = Passed { gap: passed.or(path), ..both.passed(passed.chi + share * path.chi) };
        at += 1;
    }
    passed
}

const fn len(sides: &[usize]) -> f64 {
    let (mut len, mut at) = (1.0, 0);
    while at < sides.len() {
        len *= sides[at] as f64;
        at += 1;
    }
    len
}

/// Returns whether a layer has weights, or contains layers with weights.
pub(super) const fn has_weights(plan: &Plan) -> bool {
    let mut at = 0;
    while at < plan.children.len() {
        if has_weights(plan.children[at].plan) {
            return true;
        }
        at += 1;
    }
    matches!(plan.factor, Factor::Weights)
}

/// The fans, the layout and the sides of a weight.
type Weight = ([usize; 2], Layout, &'static [usize]);

/// Returns the first weight of a layer.
const fn weight(node: &Node) -> Option<Weight> {
    match node {
        Node::Tensor(tensor) => match tensor.role() {
            Role::Weight { fan_in, fan_out, layout } => Some(([fan_in, fan_out], layout, tensor.shape())),
            _ => None,
        },
        Node::Fields(fields) => {
            let mut at = 0;
            while at < fields.len() {
                let found = weight(fields[at].node);
                if found.is_some() {
                    return found;
                }
                at += 1;
            }
            None
        }
        Node::Nothing | Node::Repeat { .. } => None,
    }
}

/// Returns the variance of the layer's biases: 0, if it has none.
const fn bias(plan: &Plan, initializer: &Initializer) -> f64 {
    if has_bias(plan.parameters) { initializer.bias_variance() } else { 0.0 }
}

const fn has_bias(node: &Node) -> bool {
    match node {
        Node::Tensor(tensor) => matches!(tensor.role(), Role::Bias),
        Node::Fields(fields) => {
            let mut at = 0;
            while at < fields.len() {
                if has_bias(fields[at].node) {
                    return true;
                }
                at += 1;
            }
            false
        }
        Node::Nothing | Node::Repeat { .. } => false,
    }
}
