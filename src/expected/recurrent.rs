//! The effect of a recurrent layer on a signal, and on a gradient on the way back through the steps.
//!
//! The theory follows the two moments through the steps, for weights that are drawn again for each step. In an RNN it
//! makes no difference that all steps share their weights (Chen, Pennington, Schoenholz 2018). With gates it does: see
//! `tied`.

use super::elementary::{exp, ln, sqrt};
use super::gate::{gate, tanh};
use super::moments::expectations;
use super::signal::{CONSTANT, LARGEST, Passed, Signal, close_to, correlated};
use super::tied::{Pairs, Parts};
use super::weights::{weight, weight_of};
use crate::init::Initializer;
use crate::layer::{Plan, Recurrence};

/// Two states of the forward pass are equal if they differ by less than this. It changes a rate by less.
const SAME: f64 = 1e-7;

/// The gradient that arrives at the first step from the last.
#[derive(Clone, Copy)]
pub(super) struct Through {
    pub(super) steps: usize,
    /// The logarithm of the change of the squared length of dR/dh, over all steps except one.
    pub(super) share: f64,
    /// The same for the path through the gates alone. Minus infinity if there is none.
    pub(super) carried: f64,
    pub(super) kind: Recurrence,
}

impl Through {
    /// Returns the number of factors from the last step to the first, at least 1.
    pub(super) const fn factors(&self) -> f64 {
        if self.steps > 1 { (self.steps - 1) as f64 } else { 1.0 }
    }

    /// Returns the larger of the two shares. A gradient that arrives at the cell has arrived.
    pub(super) const fn arriving(&self) -> f64 {
        if self.carried > self.share { self.carried } else { self.share }
    }
}

/// The state that a layer carries from step to step: the mean squares, and the mean of the hidden state.
#[derive(Clone, Copy)]
struct State {
    hidden: f64,
    hidden_mean: f64,
    cell: f64,
}

impl State {
    const fn equals(&self, other: &Self) -> bool {
        close_to(self.hidden, other.hidden, SAME) && close_to(self.cell, other.cell, SAME)
    }
}

/// The effect of one step on the squared length of a gradient: of dR/dh, and of the part of dR/dc that comes from later
/// steps.
#[derive(Clone, Copy)]
struct Step {
    /// From the step to the step before.
    back: [[f64; 2]; 2],
    /// To the sums of the input.
    to_sums: [f64; 2],
    /// Through the gate that keeps the state alone.
    by_gate: f64,
    /// The mean of that gate.
    kept: f64,
    /// The average factor of the length of a gradient that passes through the candidate and the hidden weights.
    through_weights: f64,
}

impl Step {
    const NONE: Self =
        Self { back: [[0.0; 2]; 2], to_sums: [0.0; 2], by_gate: 0.0, kept: 0.0, through_weights: 0.0 };

    const fn parts(&self) -> Parts {
        let [[a, b], [c, d]] = self.back;
        // The larger eigenvalue.
        let (mean, half) = (0.5 * (a + d), 0.5 * (a - d));
        let redrawn = mean + sqrt(half * half + b * c);
        Parts { kept: self.kept, through_weights: self.through_weights, redrawn }
    }
}

/// The facts about the sums of a layer.
#[derive(Clone, Copy)]
struct Sums {
    /// The variance that comes from the input.
    from_input: f64,
    /// The factor of a mean square through the hidden weights.
    hidden: f64,
    /// The variance of one of the two biases.
    bias: f64,
}

/// Computes the effect of a recurrent layer on `signal`, and the gradient that arrives through its steps. The gain for
/// the layers before it is computed for a gradient that starts at the last step. A gradient that starts at all steps
/// has about the same gain.
pub(super) const fn recurrent(
    plan: &Plan,
    kind: Recurrence,
    signal: Signal,
    initializer: &Initializer,
) -> Result<(Passed, Through), &'static str> {
    let ([steps, inputs], Some((fans, layout, shape)), Some((hidden_fans, hidden_layout, hidden_shape))) =
        (sides(plan.input), weight(plan.parameters), weight_of(plan.parameters, 1))
    else {
        return Err(NO_WEIGHTS);
    };
    if matches!(kind, Recurrence::Unknown) {
        return Err(NOT_KNOWN);
    }
    let input = inputs as f64 * initializer.weight_variance(fans, layout, shape);
    let hidden =
        hidden_fans[0] as f64 * initializer.weight_variance(hidden_fans, hidden_layout, hidden_shape);
    if input.is_nan() || hidden.is_nan() {
        return Err(CONSTANT);
    }
    let fan_in = initializer.fans(hidden_fans, hidden_layout, hidden_shape)[0];
    let gated = matches!(kind, Recurrence::Lstm | Recurrence::Gru);
    if gated && initializer.has_constant_bias() {
        return Err(BIASED);
    }
    let bias = initializer.bias_variance(Some(fan_in));
    let sums = Sums { from_input: input * signal.square, hidden, bias };
    let mut state = State { hidden: 0.0, hidden_mean: 0.0, cell: 0.0 };
    // back(2) back(3) .. back(t). Its first row is what arrives at h(1).
    let (mut product, mut pairs) = (Scaled::ONE, Pairs::START);
    let (mut carried, mut step, mut settled, mut at) = (0.0, Step::NONE, false, 0);
    while at < steps {
        if !settled {
            let (after, here) = forward(kind, &state, &sums);
            settled = after.equals(&state);
            (state, step) = (after, here);
        }
        // If the state does not change any more, all other steps have the same effect as this one.
        let times = if settled && pairs.are_many() { steps - at } else { 1 };
        if at > 0 {
            product = product.times(&Scaled::of(step.back).power(times));
            carried += times as f64 * ln(step.by_gate);
            if pairs.are_many() {
                pairs.many(&step.parts(), times);
            } else {
                pairs.step(&step.parts());
            }
        }
        at += times;
    }
    let carried = if step.by_gate == 0.0 { f64::NEG_INFINITY } else { carried };
    let share = product.ln_first() + pairs.log;
    // A gradient that starts at the last step and arrives at the inputs of all steps.
    let (mut sum, mut gradient, mut left, mut pairs) = (0.0, [1.0, 0.0], steps, Pairs::START);
    while left > 0 {
        let term = row(step.to_sums, gradient) * exp(pairs.log);
        sum += term;
        gradient = [row(step.back[0], gradient), row(step.back[1], gradient)];
        pairs.step(&step.parts());
        left = if term < 1e-9 * sum || sum > 1e60 || sum.is_nan() { 0 } else { left - 1 };
    }
    let product = if signal.product == 0.0 { state.hidden_mean * state.hidden_mean } else { f64::NAN };
    let after = Signal { square: state.hidden, mean: state.hidden_mean, product, normal: false, ..signal };
    let after = Signal { gap: if product.is_nan() { correlated(plan, signal) } else { signal.gap }, ..after };
    Ok((after.passed(input * sum), Through { steps, share, carried, kind }))
}

const NO_WEIGHTS: &str = "declares `Effect::Recurrent`, but is not a layer of sequences with two weights";
const NOT_KNOWN: &str = "applies an activation at each step whose `Activation::EFFECT` is not known; measure the \
                         gradients with `flow`";

const BIASED: &str = "starts with biases that are not 0, which hold the gates of each unit open or closed in all steps, but \
                      the theory assumes gates that vary; measure the gradients with `flow`";

const fn sides(shape: &[usize]) -> [usize; 2] {
    match *shape {
        [steps, inputs] => [steps, inputs],
        _ => [0, 0],
    }
}

const fn row(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// Computes the state after a step, and the effect of the step on a gradient.
const fn forward(kind: Recurrence, state: &State, sums: &Sums) -> (State, Step) {
    let of_hidden = sums.hidden * state.hidden;
    let variance = sums.from_input + of_hidden + 2.0 * sums.bias;
    match kind {
        Recurrence::Unknown => (*state, Step { back: [[f64::NAN; 2]; 2], ..Step::NONE }),
        Recurrence::Plain(g) => {
            let of = expectations(&g, variance);
            let hidden = if of.square > LARGEST { LARGEST } else { of.square };
            let back = [[sums.hidden * of.slope, 0.0], [0.0, 0.0]];
            let step = Step { back, to_sums: [of.slope, 0.0], ..Step::NONE };
            (State { hidden, hidden_mean: of.mean, ..*state }, step)
        }
        Recurrence::Lstm => {
            let (gates, candidate) = (gate(0.0, variance), tanh(0.0, variance));
            let cell = gates.square * (state.cell + candidate.square);
            let read = tanh(0.0, cell);
            // dR/dc is the part from later steps, plus `by_hidden` times dR/dh.
            let by_hidden = gates.square * read.slope;
            let by_cell = (candidate.square + state.cell) * gates.slope + gates.square * candidate.slope;
            let to_sums = [by_cell * by_hidden + read.square * gates.slope, by_cell];
            let back = [
                [sums.hidden * to_sums[0], sums.hidden * to_sums[1]],
                [gates.square * by_hidden, gates.square],
            ];
            let through_weights = sqrt(sums.hidden) * gates.mean * read.rise * gates.mean * candidate.rise;
            let step = Step { back, to_sums, by_gate: gates.square, kept: gates.mean, through_weights };
            (State { hidden: gates.square * read.square, cell, ..*state }, step)
        }
        Recurrence::Gru => {
            let gates = gate(0.0, variance);
            // n = tanh(W x + b + r u) with u = U h + b'.
            let u = of_hidden + sums.bias;
            let n = tanh(0.0, sums.from_input + sums.bias + gates.square * u);
            let hidden = gates.rest_square * n.square + gates.square * state.hidden;
            let by_update = (state.hidden + n.square) * gates.slope;
            let by_candidate = gates.rest_square * n.slope;
            let by_reset = by_candidate * u * gates.slope;
            let back = gates.square + sums.hidden * (by_update + by_candidate * gates.square + by_reset);
            let step = Step {
                back: [[back, 0.0], [0.0, 0.0]],
                to_sums: [by_update + by_candidate + by_reset, 0.0],
                by_gate: gates.square,
                kept: gates.mean,
                through_weights: sqrt(sums.hidden) * (1.0 - gates.mean) * n.rise * gates.mean,
            };
            (State { hidden, ..*state }, step)
        }
    }
}

/// A matrix of numbers that are not negative, times exp(`log`).
#[derive(Clone, Copy)]
struct Scaled {
    matrix: [[f64; 2]; 2],
    log: f64,
}

impl Scaled {
    const ONE: Self = Self { matrix: [[1.0, 0.0], [0.0, 1.0]], log: 0.0 };

    const fn of(matrix: [[f64; 2]; 2]) -> Self {
        Self { matrix, log: 0.0 }
    }

    const fn times(&self, other: &Self) -> Self {
        let ([[a, b], [c, d]], [[e, f], [g, h]]) = (self.matrix, other.matrix);
        let (first, second) = ([a * e + b * g, a * f + b * h], [c * e + d * g, c * f + d * h]);
        let log = self.log + other.log;
        let size = first[0] + first[1] + second[0] + second[1];
        if size > 1e-100 && size < 1e100 || size == 0.0 || size.is_nan() {
            return Self { matrix: [first, second], log };
        }
        let matrix = [[first[0] / size, first[1] / size], [second[0] / size, second[1] / size]];
        Self { matrix, log: log + ln(size) }
    }

    const fn power(&self, mut exponent: usize) -> Self {
        let (mut result, mut square) = (Self::ONE, *self);
        while exponent > 0 {
            if exponent % 2 == 1 {
                result = result.times(&square);
            }
            square = square.times(&square);
            exponent /= 2;
        }
        result
    }

    /// Returns the logarithm of the first number. For 0 this is a large negative number.
    const fn ln_first(&self) -> f64 {
        let first = self.matrix[0][0];
        if first == 0.0 { -1e7 } else { self.log + ln(first) }
    }
}
