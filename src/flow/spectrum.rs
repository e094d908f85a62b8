use alloc::vec;
use alloc::vec::Vec;

use rand::RngExt;
use serde::Serialize;

use super::batch::Batch;
use super::figures::norm;
use crate::layer::{AnyLayer, Space, Workspace};
use crate::tensor::Numbers;

/// The largest and the smallest factor by which a linear map can change the length of a vector, in the forward and in
/// the backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// The largest singular value.
    pub largest: f64,
    /// The smallest of the min(inputs, outputs) singular values.
    pub smallest: f64,
    /// Whether they are exact to rounding, from a singular value decomposition. For larger matrices, `largest` comes
    /// from a power iteration (a few per cent too small at most), and `smallest` is an upper bound.
    pub exact: bool,
}

/// The decomposition is used if the matrix has at most this many rows or columns ..
const SIDE: usize = 128;
/// .. and this many numbers. 784 x 128 takes some 20 ms.
const NUMBERS: usize = 1 << 17;
/// The maximum number of sweeps of the decomposition, which needs six to ten.
const SWEEPS: usize = 60;
/// The number of steps of the power iterations.
const STEPS: usize = 100;

/// Computes the singular values of a layer that is a linear map plus a constant, in the scalar of `like`, or `None` if
/// its weights are not finite.
///
/// It calls the layer instead of reading its weights, so that those of a convolution are the singular values of the map
/// of whole images.
pub(super) fn spectrum(layer: &dyn AnyLayer, like: &Numbers<'_>) -> Option<Spectrum> {
    let mut map = Map::new(layer, like)?;
    if !map.finite() {
        return None;
    }
    if map.inputs.min(map.outputs) <= SIDE
        && map.inputs * map.outputs <= NUMBERS
        && let Some(values) = singular_values(map.matrix(), map.inputs)
    {
        let (largest, smallest) = values.iter().fold((0.0, f64::INFINITY), |(largest, smallest), &value| {
            (f64::max(largest, value), f64::min(smallest, value))
        });
        return Some(Spectrum { largest, smallest, exact: true });
    }
    let largest = map.largest();
    Some(Spectrum { largest, smallest: map.smallest(largest), exact: false })
}

/// W of a layer y = W x + b, as functions that apply W and Wᵀ.
struct Map<'a> {
    layer: &'a dyn AnyLayer,
    like: &'a Numbers<'a>,
    inputs: usize,
    outputs: usize,
    workspace: Workspace,
    at_zero: Batch,
}

impl<'a> Map<'a> {
    fn new(layer: &'a dyn AnyLayer, like: &'a Numbers<'a>) -> Option<Self> {
        let [inputs, outputs] = [layer.plan().input, layer.plan().output].map(|shape| shape.iter().product());
        let at_zero = Batch::zeros(like, outputs);
        let mut map = Self { layer, like, inputs, outputs, workspace: Workspace::default(), at_zero };
        map.at_zero = map.pass(&Batch::zeros(like, inputs), 1)?;
        Some(map)
    }

    /// Computes the layer's outputs for these inputs.
    fn pass(&mut self, input: &Batch, samples: usize) -> Option<Batch> {
        let mut output = Batch::zeros(self.like, samples * self.outputs);
        let workspace = self.workspace.reserve(self.layer.plan(), Space::NONE, samples);
        self.layer.forward(input.bytes(), output.bytes_mut(), workspace).then_some(output)
    }

    fn finite(&mut self) -> bool {
        // With inputs and gradients of ones, every weight enters a sum.
        let ones = vec![1.0; self.inputs];
        self.forward(&ones).iter().all(|y| y.is_finite())
    }

    /// Computes W x.
    fn forward(&mut self, x: &[f64]) -> Vec<f64> {
        let Some(output) = self.pass(&Batch::new(self.like, x.len(), |at| x[at]), 1) else {
            return Vec::new();
        };
        output.numbers().iter().zip(self.at_zero.numbers().iter()).map(|(y, b)| y - b).collect()
    }

    /// Computes Wᵀ y.
    fn back(&mut self, y: &[f64]) -> Vec<f64> {
        let output_grad = Batch::new(self.like, y.len(), |at| y[at]);
        self.rows(&output_grad, 1).numbers().iter().collect()
    }

    /// Computes Wᵀ y for each of several y.
    fn rows(&mut self, output_grad: &Batch, samples: usize) -> Batch {
        let input = Batch::zeros(self.like, samples * self.inputs);
        let mut input_grad = Batch::zeros(self.like, samples * self.inputs);
        if let Some(output) = self.pass(&input, samples) {
            let workspace = self.workspace.reserve(self.layer.plan(), Space::NONE, samples);
            let dx = input_grad.bytes_mut();
            self.layer.backward(input.bytes(), output.bytes(), output_grad.bytes(), dx, workspace);
        }
        input_grad
    }

    /// Computes W, with a row for each output.
    fn matrix(&mut self) -> Vec<f64> {
        let outputs = self.outputs;
        let units =
            Batch::new(self.like, outputs * outputs, |at| f64::from(u8::from(at % (outputs + 1) == 0)));
        let rows = self.rows(&units, outputs);
        rows.numbers().iter().collect()
    }

    /// Power iteration on WᵀW. Both halves of a step start at length 1, because W² may exceed the scalar's range where
    /// W does not.
    fn largest(&mut self) -> f64 {
        let (mut x, mut value) = (direction(self.inputs), 0.0);
        for _ in 0..STEPS {
            let y = self.forward(&x);
            let now = norm(&y);
            if (now - value).abs() <= 1e-6 * now {
                return now;
            }
            value = now;
            x = unit(self.back(&unit(y)));
        }
        value
    }

    /// Power iteration on σ² - WᵀW, or WWᵀ where that is smaller, whose largest eigenvalue is that of the smallest σ.
    fn smallest(&mut self, largest: f64) -> f64 {
        let wide = self.inputs > self.outputs;
        let mut x = direction(self.inputs.min(self.outputs));
        let mut value = largest;
        for _ in 0..STEPS {
            let y = if wide { self.back(&x) } else { self.forward(&x) };
            let now = norm(&y);
            value = value.min(now);
            if value == 0.0 {
                break;
            }
            let y = unit(y);
            let again = if wide { self.forward(&y) } else { self.back(&y) };
            x = unit(x.iter().zip(again).map(|(x, w)| x - w / largest * (now / largest)).collect());
        }
        value
    }
}

/// Returns a random direction, always the same.
fn direction(len: usize) -> Vec<f64> {
    let mut rng = crate::random::rng(0);
    unit((0..len).map(|_| rng.random::<f64>() - 0.5).collect())
}

/// Scales `x` to length 1; 0 stays 0.
fn unit(mut x: Vec<f64>) -> Vec<f64> {
    let norm = norm(&x);
    if norm > 0.0 {
        x.iter_mut().for_each(|x| *x /= norm);
    }
    x
}

/// Computes the singular values of a matrix of these rows, by Jacobi's method: pairs of rows are rotated until they are
/// orthogonal, and then their lengths are the singular values, to rounding of the largest. `None` if it does not
/// converge.
///
/// # Source
/// Hestenes, "Inversion of matrices by biorthogonalization and related results", SIAM J. Appl. Math. 6 (1958); Demmel,
/// Veselić, "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13 (1992), algorithm 4.1.
pub(super) fn singular_values(matrix: Vec<f64>, columns: usize) -> Option<Vec<f64>> {
    let rows = matrix.len() / columns;
    let (mut a, count, len) = if rows <= columns {
        (matrix, rows, columns)
    } else {
        ((0..matrix.len()).map(|at| matrix[at % rows * columns + at / rows]).collect(), columns, rows)
    };
    let scale = a.iter().fold(0.0, |scale, x| f64::max(scale, x.abs()));
    if scale == 0.0 {
        return Some(vec![0.0; count]);
    }
    a.iter_mut().for_each(|x| *x /= scale); // so that squares neither overflow nor vanish
    let len = if len > count { triangle(&mut a, len) } else { len };
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..count {
            for q in p + 1..count {
                let (before, after) = a.split_at_mut(q * len);
                rotated |= orthogonalize(&mut before[p * len..][..len], &mut after[..len]);
            }
        }
        if !rotated {
            return Some(a.chunks_exact(len).map(|row| scale * norm(row)).collect());
        }
    }
    None
}

/// Reduces rows of length `len` by Householder's reflections to a lower triangle with the same singular values. Returns
/// the new length of the rows: their number. The time of a rotation is proportional to that length.
///
/// # Source
/// Golub, Van Loan, "Matrix computations", 4th edition, section 5.2.2, on the transposed matrix.
fn triangle(a: &mut Vec<f64>, len: usize) -> usize {
    let count = a.len() / len;
    for k in 0..count {
        let (above, below) = a.split_at_mut((k + 1) * len);
        let row = &mut above[k * len + k..];
        let length = -norm(row).copysign(row[0]);
        row[0] -= length;
        let [square, ..] = products(row, row);
        if square > 0.0 {
            for other in below.chunks_exact_mut(len) {
                let [.., product] = products(row, &other[k..]);
                let factor = 2.0 * product / square;
                other[k..].iter_mut().zip(&*row).for_each(|(x, v)| *x -= factor * v);
            }
        }
        row.fill(0.0);
        row[0] = length;
    }
    *a = a.chunks_exact(len).flat_map(|row| &row[..count]).copied().collect();
    count
}

/// Computes p·p, q·q and p·q, in four sums each: a single sum would wait for each of its additions.
fn products(p: &[f64], q: &[f64]) -> [f64; 3] {
    let ((p, p_rest), (q, q_rest)) = (p.as_chunks::<4>(), q.as_chunks::<4>());
    let [mut pp, mut qq, mut pq] = [[0.0; 4]; 3];
    for (p, q) in p.iter().zip(q) {
        for at in 0..4 {
            pp[at] += p[at] * p[at];
            qq[at] += q[at] * q[at];
            pq[at] += p[at] * q[at];
        }
    }
    for (at, (p, q)) in p_rest.iter().zip(q_rest).enumerate() {
        pp[at] += p * p;
        qq[at] += q * q;
        pq[at] += p * q;
    }
    [pp, qq, pq].map(|sums| sums.iter().sum())
}

/// Rotates two rows until they are orthogonal. Returns whether a rotation was needed.
fn orthogonalize(p: &mut [f64], q: &mut [f64]) -> bool {
    let [pp, qq, pq] = products(p, q);
    // Rows of zeros are orthogonal to all others.
    if pq.abs() <= f64::EPSILON * p.len() as f64 * (pp * qq).sqrt() || pp.min(qq) == 0.0 {
        return false;
    }
    let zeta = (qq - pp) / (2.0 * pq);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (p, q) in p.iter_mut().zip(q) {
        (*p, *q) = (cosine * *p - sine * *q, sine * *p + cosine * *q);
    }
    true
}
