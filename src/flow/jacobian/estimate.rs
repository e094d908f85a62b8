use alloc::vec::Vec;

use rand::RngExt;

use super::figures::Found;
use crate::flow::batch::Batch;
use crate::flow::passes::Passes;
use crate::flow::spectrum::{direction, unit};
use crate::kernel::norm;
use crate::tensor::Numbers;

/// The number of random gradients.
const PROBES: usize = 32;
/// The number of steps of the power iteration.
const STEPS: usize = 30;

/// Estimates the mean of the squared singular values of a large Jacobian, and the largest one.
///
/// The mean square is the mean of |Jᵀu|² over random signs u, whose expectation is the trace of J Jᵀ (Hutchinson, "A
/// stochastic estimator of the trace of the influence matrix", 1989). The largest singular value is at least |Jᵀu| for
/// every unit vector u. A power iteration chooses u, and computes J v from differences of the outputs. The products Jᵀu
/// come from the backward pass: only the choice of u depends on a difference.
pub(super) fn estimate(passes: &mut Passes<'_>, at: &Numbers<'_>) -> Found {
    let (inputs, outputs) = (passes.inputs, passes.outputs);
    let mut random = crate::random::rng(0);
    let squares: Vec<f64> = (0..PROBES)
        .map(|_| {
            let signs: Vec<f64> =
                (0..outputs).map(|_| if random.random::<bool>() { 1.0 } else { -1.0 }).collect();
            norm(&passes.back(at, &signs)).powi(2) / inputs.min(outputs) as f64
        })
        .collect();
    let mean_square = squares.iter().sum::<f64>() / PROBES as f64;
    let variance = squares.iter().map(|square| (square - mean_square).powi(2)).sum::<f64>();
    let standard_error = (variance / (PROBES * (PROBES - 1)) as f64).sqrt();

    let mut u = direction(outputs);
    let mut largest: f64 = 0.0;
    for _ in 0..STEPS {
        let v = passes.back(at, &u);
        largest = largest.max(norm(&v));
        let Some(y) = difference(passes, at, &unit(v)) else { break };
        u = unit(y);
    }
    Found::Estimate { mean_square, standard_error, largest }
}

/// Returns the direction of J v, from the difference of the outputs on both sides of the input. `None` if it is 0 or
/// not finite.
fn difference(passes: &mut Passes<'_>, at: &Numbers<'_>, v: &[f64]) -> Option<Vec<f64>> {
    // The cube root of ε, at which the errors of rounding and of the difference are equal, times the size of a number.
    let epsilon: f64 = if matches!(at, Numbers::F32(_)) { f32::EPSILON.into() } else { f64::EPSILON };
    let numbers: Vec<f64> = at.iter().collect();
    let step = epsilon.cbrt() * norm(&numbers).max((v.len() as f64).sqrt());
    let mut side = |sign: f64| {
        let input = Batch::new(passes.like, v.len(), |number| numbers[number] + sign * step * v[number]);
        passes.forward(&input, 1)
    };
    let [above, below] = [side(1.0)?, side(-1.0)?];
    let difference: Vec<f64> =
        above.numbers().iter().zip(below.numbers().iter()).map(|(a, b)| a - b).collect();
    let length = norm(&difference);
    (length > 0.0 && length.is_finite()).then_some(difference)
}
