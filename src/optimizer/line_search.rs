//! The line search for the step length along a direction.

use super::vectors::{DIRECTION, ENDS, GRADIENT, NETWORK, NEW, START, Vectors};
use crate::Error;

/// A point on the line `START + step * DIRECTION`.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) step: f64,
    pub(super) loss: f64,
    /// The derivative of the loss with respect to the step.
    pub(super) slope: f64,
}

/// The minimal decrease of the loss, as a share of the decrease that the first slope predicts.
const SUFFICIENT: f64 = 1e-4;
/// The largest slope at the end of a step, as a share of the first slope.
const CURVATURE: f64 = 0.9;
/// The number of times that a step to a network that cannot be evaluated is divided by ten.
const SHORTENED: usize = 10;

/// Evaluates the network at a step from the start. If a number there is not finite, the step is shortened toward
/// `from`.
fn place(vectors: &mut dyn Vectors, sign: f64, from: f64, mut step: f64) -> Result<Place, Error> {
    let mut shortened = 0;
    loop {
        vectors.copy(START, NETWORK);
        vectors.combine(1.0, NETWORK, step, DIRECTION);
        match vectors.evaluate_finite(sign) {
            Ok(loss) => return Ok(Place { step, loss, slope: vectors.dot(NEW, DIRECTION) }),
            Err(
                Error::NonFiniteOutput { .. }
                | Error::NonFiniteLoss { .. }
                | Error::NonFiniteGradient { .. }
                | Error::StepOverflow { .. },
            ) if shortened < SHORTENED => {
                shortened += 1;
                step = from + 0.1 * (step - from);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Finds a step that satisfies the strong Wolfe conditions, or the best of `most` steps. Returns its place and the
/// number of evaluations. Its gradient is in [`GRADIENT`].
///
/// # Source
/// Nocedal, Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6, in PyTorch's form.
pub(super) fn strong_wolfe(
    vectors: &mut dyn Vectors,
    sign: f64,
    origin: Place,
    first: f64,
    smallest_change: f64,
    most: u64,
) -> Result<(Place, u64), Error> {
    let [largest, _] = vectors.sizes(DIRECTION);
    let [low, high] = ENDS;
    let is_insufficient = |place: Place| place.loss > origin.loss + SUFFICIENT * place.step * origin.slope;
    let is_flat = |place: Place| place.slope.abs() <= -CURVATURE * origin.slope;

    // Lengthen the step until the interval contains a minimum.
    vectors.copy(GRADIENT, low);
    let mut previous = origin;
    let mut new = place(vectors, sign, 0.0, first)?;
    let (mut evaluations, mut tried, mut done) = (1, 0, false);
    let mut bracket = loop {
        if tried >= most {
            vectors.copy(GRADIENT, low);
            vectors.copy(NEW, high);
            break [origin, new];
        }
        let is_passed = is_insufficient(new) || (tried > 1 && new.loss >= previous.loss);
        if !is_passed && is_flat(new) {
            done = true;
            vectors.copy(NEW, low);
            break [new, new];
        }
        if is_passed || new.slope >= 0.0 {
            vectors.copy(NEW, high);
            break [previous, new];
        }
        let bounds = [new.step + 0.01 * (new.step - previous.step), 10.0 * new.step];
        let step = interpolate(previous, new, bounds);
        previous = new;
        vectors.copy(NEW, low);
        new = place(vectors, sign, previous.step, step)?;
        evaluations += 1;
        tried += 1;
    };

    // Narrow the interval.
    let order = |bracket: [Place; 2]| if bracket[0].loss <= bracket[1].loss { [0, 1] } else { [1, 0] };
    let [mut best, mut other] = order(bracket);
    let mut is_slow = false;
    while !done && tried < most {
        let [left, right] = [bracket[0].step.min(bracket[1].step), bracket[0].step.max(bracket[1].step)];
        if (right - left) * largest < smallest_change {
            break;
        }
        let mut step = interpolate(bracket[0], bracket[1], [left, right]);
        // Twice near or at an end: move away from it by a tenth of the interval.
        let tenth = 0.1 * (right - left);
        let is_near = (right - step).min(step - left) < tenth;
        if is_near && (is_slow || step >= right || step <= left) {
            step = if (step - right).abs() < (step - left).abs() { right - tenth } else { left + tenth };
            is_slow = false;
        } else {
            is_slow = is_near;
        }
        let new = place(vectors, sign, bracket[best].step, step)?;
        evaluations += 1;
        tried += 1;
        if is_insufficient(new) || new.loss >= bracket[best].loss {
            bracket[other] = new;
            vectors.copy(NEW, ENDS[other]);
            [best, other] = order(bracket);
        } else {
            done = is_flat(new);
            if !done && new.slope * (bracket[other].step - bracket[best].step) >= 0.0 {
                bracket[other] = bracket[best];
                vectors.copy(ENDS[best], ENDS[other]);
            }
            bracket[best] = new;
            vectors.copy(NEW, ENDS[best]);
        }
    }
    vectors.copy(ENDS[best], GRADIENT);
    vectors.copy(START, NETWORK);
    vectors.combine(1.0, NETWORK, bracket[best].step, DIRECTION);
    Ok((bracket[best], evaluations))
}

/// Returns the minimum of the cubic through two points, within bounds.
fn interpolate(a: Place, b: Place, [left, right]: [f64; 2]) -> f64 {
    let [a, b] = if a.step <= b.step { [a, b] } else { [b, a] };
    let secant = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.step - b.step);
    let square = secant * secant - a.slope * b.slope;
    if square < 0.0 || square.is_nan() {
        return 0.5 * (left + right);
    }
    let root = libm::sqrt(square);
    let share = (b.slope + root - secant) / (b.slope - a.slope + 2.0 * root);
    let step = b.step - (b.step - a.step) * share;
    if step.is_nan() { 0.5 * (left + right) } else { step.max(left).min(right) }
}
