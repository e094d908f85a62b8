//! The effect of a layer on a random signal.

use chainrule_parameters::{Layout, TypeName};

use super::elementary::sqrt;
use super::moments::expectations;
use super::paths::{concat, highway, sum};
use super::recurrent::{Through, recurrent};
use super::weights::{bias, weight};
use crate::init::Initializer;
use crate::layer::{Effect, Moments, Normalized, Plan};

/// The numbers between two layers of a wide random network. NaN stands for an unknown figure.
#[derive(Clone, Copy)]
pub(super) struct Signal {
    /// q, the mean square.
    pub(super) square: f64,
    /// The mean.
    pub(super) mean: f64,
    /// The mean product of the numbers of two samples.
    pub(super) product: f64,
    /// Whether the numbers are normal with mean 0, as after a layer of weights.
    pub(super) normal: bool,
    /// The reason why a figure is unknown.
    pub(super) gap: Option<Gap>,
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
    /// The factor of the squared length of the gradient.
    pub(super) chi: f64,
    /// The reason why it is unknown, if it is NaN.
    pub(super) gap: Option<Gap>,
    /// The gradient that arrives through the steps of a recurrent layer.
    pub(super) through: Option<Through>,
}

/// Larger numbers overflow in `f32` somewhere.
pub(super) const LARGEST: f64 = 1e76;

const UNKNOWN: &str = "has no known effect: set `Plan::effect` in its `PLAN`, for an activation \
                       `Activation::EFFECT`, or measure the gradients with `flow`";
const ATTENTION: &str = "averages steps with weights that depend on the similarity of the steps, which the theory does \
                         not cover; measure the gradients with `flow`";
const NOT_NORMAL: &str = "is an activation whose input is not normal: the theory covers those after a layer of \
                          weights, or after a norm or a sum of such layers; measure the gradients with `flow`";
const CORRELATED: &str = "leaves the correlation of two samples unknown, but a later batch norm depends on it; \
                          measure the gradients with `flow`";
const POOLED: &str = "has an output whose mean square depends on the similarity of neighboring numbers; measure \
                      the gradients with `flow`";
pub(super) const CONSTANT: &str = "has weights that are not random, but the theory assumes random ones; measure the gradients \
                        with `flow`";
const NO_WEIGHT: &str = "declares `Effect::Weights`, but has no parameter that is a weight";

impl Signal {
    /// Creates data with this mean square, mean 0, and no correlation between samples.
    pub(super) const fn new(square: f64) -> Self {
        Self { square, mean: 0.0, product: 0.0, normal: false, gap: None }
    }

    /// Returns an unknown signal after `plan`, whose effect on the gradient is unknown too.
    pub(super) const fn unknown(self, plan: &Plan, reason: &'static str) -> Passed {
        self.unknown_by(Some(Gap { layer: plan.name, reason }))
    }

    const fn unknown_by(self, gap: Option<Gap>) -> Passed {
        let signal = Self { square: f64::NAN, mean: f64::NAN, product: f64::NAN, normal: false, gap };
        Passed { signal, chi: f64::NAN, gap, through: None }
    }

    /// Returns the first reason.
    pub(super) const fn or(&self, gap: Option<Gap>) -> Option<Gap> {
        if self.gap.is_some() { self.gap } else { gap }
    }

    pub(super) const fn passed(self, chi: f64) -> Passed {
        let square = if self.square > LARGEST { LARGEST } else { self.square };
        Passed { gap: self.gap, signal: Self { square, ..self }, chi, through: None }
    }

    /// Returns whether two signals are equal up to 1e-12. A layer maps both to the same signal.
    pub(super) const fn equals(&self, other: &Self) -> bool {
        close(self.square, other.square)
            && close(self.mean, other.mean)
            && close(self.product, other.product)
            && self.normal == other.normal
    }
}

pub(super) const fn close(a: f64, b: f64) -> bool {
    close_to(a, b, 1e-12)
}

/// Returns whether two numbers differ by at most this share.
pub(super) const fn close_to(a: f64, b: f64, share: f64) -> bool {
    a == b || (a - b).abs() <= share * b.abs() || a.is_nan() && b.is_nan()
}

/// Computes the effect of `plan` on `signal`, for parameters that `initializer` draws.
pub(super) const fn pass(plan: &Plan, signal: Signal, initializer: &Initializer) -> Passed {
    match plan.effect {
        Effect::Unknown => signal.unknown(plan, UNKNOWN),
        Effect::Attention => signal.unknown(plan, ATTENTION),
        Effect::Recurrent(kind) => match recurrent(plan, kind, signal, initializer) {
            Ok((passed, through)) => Passed { through: Some(through), ..passed },
            Err(reason) => signal.unknown(plan, reason),
        },
        Effect::LastStep => signal.passed(1.0),
        Effect::Highway { bias } => highway(plan, bias, signal, initializer),
        Effect::Unchanged => {
            let bias = bias(plan, initializer); // a layer that only shifts its numbers
            Signal { square: signal.square + bias, product: signal.product + bias, ..signal }.passed(1.0)
        }
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
        Effect::TiedTable { width, vocab } => {
            let table = initializer.weight_variance([width, width], Layout::OutputsFirst, &[vocab, width]);
            let variance = width as f64 * table;
            if variance.is_nan() {
                return signal.unknown(plan, CONSTANT);
            }
            let (square, product) = (variance * signal.square, variance * signal.product);
            Signal { square, product, mean: 0.0, normal: true, ..signal }.passed(variance)
        }
        Effect::Table | Effect::AddedTable => {
            let Some((fans, layout, shape)) = weight(plan.parameters) else {
                return signal.unknown(plan, NO_WEIGHT);
            };
            let variance = initializer.weight_variance(fans, layout, shape);
            if variance.is_nan() {
                return signal.unknown(plan, CONSTANT);
            }
            if let Effect::Table = plan.effect {
                // The rows of two tokens are independent. A single one need not be normal.
                Signal { square: variance, product: 0.0, mean: 0.0, normal: false, gap: None }.passed(1.0)
            } else {
                let (square, product) = (signal.square + variance, signal.product + variance);
                Signal { square, product, normal: false, ..signal }.passed(1.0)
            }
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
            // Its output is known even if its input is unknown.
            let square = if chi.is_nan() { 1.0 } else { chi * (signal.square - center) } + bias;
            let after = Signal { square, mean, product: product + bias, ..signal };
            let gap = if product.is_nan() || mean.is_nan() { signal.gap } else { None };
            Passed { gap: signal.gap, signal: Signal { gap, ..after }, chi, through: None }
        }
        Effect::Dropout { remaining } => {
            let normal = signal.normal && remaining == 1.0;
            Signal { square: signal.square / remaining, normal, ..signal }.passed(1.0 / remaining)
        }
        Effect::Noise { mean, square, mixed, added } => {
            let after = Signal {
                square: square * signal.square + mixed * signal.mean + added,
                mean: mean * signal.mean,
                product: mean * mean * signal.product,
                normal: signal.normal && square == mean * mean,
                ..signal
            };
            after.passed(square)
        }
        Effect::Gate(g) => {
            if !signal.normal {
                return activation(plan, &g, signal);
            }
            let of = expectations(&g, signal.square);
            // The halves are independent, and the mean of the first is 0.
            let square = signal.square * of.square;
            let product = if signal.product == 0.0 { 0.0 } else { f64::NAN };
            let gap = if product.is_nan() { correlated(plan, signal) } else { signal.gap };
            Signal { square, mean: 0.0, product, normal: false, gap }
                .passed(of.square + signal.square * of.slope)
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
                    // At a fixed point all further copies multiply the gradient by the same factor.
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
    /// Returns the reason why the gradient is unknown after this layer and `next`.
    pub(super) const fn or(&self, next: Self) -> Option<Gap> {
        if self.chi.is_nan() { self.gap } else { next.gap }
    }
}

/// Returns the reason why the correlation of two samples is unknown after this layer.
pub(super) const fn correlated(plan: &Plan, signal: Signal) -> Option<Gap> {
    signal.or(Some(Gap { layer: plan.name, reason: CORRELATED }))
}

const fn activation(plan: &Plan, g: &Moments, signal: Signal) -> Passed {
    if let Moments::Line { start, slope } = *g {
        let (mean, twice) = (slope * signal.mean, 2.0 * start * slope * signal.mean + start * start);
        let after = Signal {
            square: slope * slope * signal.square + twice,
            mean: mean + start,
            product: slope * slope * signal.product + twice,
            normal: signal.normal && start == 0.0,
            ..signal
        };
        return after.passed(slope * slope);
    }
    if !signal.normal {
        // A figure that is unknown already has its reason.
        return if signal.square.is_nan() {
            signal.unknown_by(signal.gap)
        } else {
            signal.unknown(plan, NOT_NORMAL)
        };
    }
    let of = expectations(g, signal.square);
    // The outputs for independent inputs are independent.
    let product = if signal.product == 0.0 { of.mean * of.mean } else { f64::NAN };
    let gap = if product.is_nan() { correlated(plan, signal) } else { signal.gap };
    Signal { square: of.square, mean: of.mean, product, normal: false, gap }.passed(of.slope)
}
