//! Parallel layers on the same input.

use super::gate::gate;
use super::signal::{CONSTANT, Passed, Signal, close, correlated, pass};
use super::weights::{has_weights, weight};
use crate::init::Initializer;
use crate::layer::Plan;

const DEPENDENT: &str =
    "adds paths without weights, which depend on each other; measure the gradients with `flow`";

/// Adds independent paths. Their squares add up, and so do their means.
pub(super) const fn sum(plan: &Plan, signal: Signal, initializer: &Initializer) -> Passed {
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

/// Concatenates the outputs of branches. Each branch gets its share of the gradient.
pub(super) const fn concat(plan: &Plan, signal: Signal, initializer: &Initializer) -> Passed {
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
            // A mixture of normal numbers with different variances is not normal.
            normal: a.normal && b.normal && close(b.square, first),
            gap: a.or(b.gap),
        };
        passed = Passed { gap: passed.or(path), ..both.passed(passed.chi + share * path.chi) };
        at += 1;
    }
    passed
}

/// Mixes a branch and the input: y = t f + (1 - t) x, with t = σ(z) and z normal around `bias`.
///
/// With independent weights of branch and gate, the squares of the two terms add up. The gradient has three paths: (1 -
/// t)², t² times that of the branch, and (f - x)² σ'(z)² times the weights of the gate.
pub(super) const fn highway(plan: &Plan, bias: f64, signal: Signal, initializer: &Initializer) -> Passed {
    let [branch, gate_plan] = plan.children else { return signal.unknown(plan, NO_GATE) };
    let Some((fans, layout, shape)) = weight(gate_plan.plan.parameters) else {
        return signal.unknown(plan, NO_GATE);
    };
    let weights = fans[0] as f64 * initializer.weight_variance(fans, layout, shape);
    if weights.is_nan() {
        return signal.unknown(plan, CONSTANT);
    }
    let passed = pass(branch.plan, signal, initializer);
    let (f, t) = (passed.signal, gate(bias, weights * signal.square));
    let crossed = f.mean * signal.mean;
    let product = if signal.product == 0.0 && f.product == f.mean * f.mean {
        t.mean * t.mean * f.product
    } else {
        f64::NAN
    };
    let mixed = Signal {
        square: t.rest_square * signal.square + t.square * f.square + 2.0 * t.crossed * crossed,
        mean: (1.0 - t.mean) * signal.mean + t.mean * f.mean,
        product,
        normal: false,
        gap: signal.or(f.gap),
    };
    let mixed = Signal { gap: if product.is_nan() { correlated(plan, mixed) } else { mixed.gap }, ..mixed };
    let by_gate = weights * t.slope * (f.square + signal.square - 2.0 * crossed);
    let after = mixed.passed(t.rest_square + t.square * passed.chi + by_gate);
    Passed { gap: if signal.square.is_nan() { signal.gap } else { passed.gap }, ..after }
}

const NO_GATE: &str = "declares `Effect::Highway`, but does not contain a branch and a gate with weights";

const fn len(sides: &[usize]) -> f64 {
    let (mut len, mut at) = (1.0, 0);
    while at < sides.len() {
        len *= sides[at] as f64;
        at += 1;
    }
    len
}
