use alloc::vec;
use alloc::vec::Vec;

use nalgebra::DMatrix;
use rand::RngExt;
use serde::Serialize;

use super::figures::norm;
use crate::kernel::Real;
use crate::layer::{Layer, Mode, NoProbe};
use crate::tensor::Tensor;

/// The largest and the smallest factor by which a linear map can change the length of a vector, forward or back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// The largest singular value.
    pub largest: f64,
    /// The smallest of the min(inputs, outputs) singular values.
    pub smallest: f64,
    /// Whether they are the singular value decomposition's, to rounding. Where the matrix is too large for that, `largest`
    /// is a power iteration's, to some per cent and never too large, and `smallest` is an upper bound.
    pub exact: bool,
}

/// The decomposition is taken where the matrix has at most this many rows or columns ..
const SIDE: usize = 128;
/// .. and this many numbers. 784 x 128 takes some 50 ms.
const NUMBERS: usize = 1 << 17;
/// Sweeps after which the decomposition is given up, far more than one needs (two or three for each singular value).
const SWEEPS: usize = 100 * SIDE;
/// Steps of the power iterations.
const STEPS: usize = 100;

/// The singular values of a layer that is a linear map plus a constant; `None` where its weights are not finite.
///
/// The layer itself is asked, not its weights, so that a convolution's are those of the map of whole images.
pub(super) fn spectrum<X: Tensor, L: Layer<X>>(layer: &L) -> Option<Spectrum> {
    let (inputs, outputs) = (X::LEN, L::Output::LEN);
    let mut map = Map::<X, L>::new(layer);
    if !map.finite() {
        return None;
    }
    if inputs.min(outputs) <= SIDE
        && inputs * outputs <= NUMBERS
        && let Some(svd) = map.matrix().try_svd(false, false, f64::EPSILON, SWEEPS)
    {
        let (largest, smallest) = (svd.singular_values.max(), svd.singular_values.min());
        return Some(Spectrum { largest, smallest, exact: true });
    }
    let largest = map.largest();
    Some(Spectrum { largest, smallest: map.smallest(largest), exact: false })
}

/// W of a layer y = W x + b, as a map of numbers both ways.
struct Map<'a, X: Tensor, L: Layer<X>> {
    layer: &'a L,
    tape: L::Tape,
    scratch: L,
    at_zero: Vec<L::Output>,
}

impl<'a, X: Tensor, L: Layer<X>> Map<'a, X, L> {
    fn new(layer: &'a L) -> Self {
        let (mut tape, mut at_zero) = (L::Tape::default(), bytemuck::zeroed_vec(1));
        layer.forward(&bytemuck::zeroed_vec::<X>(1), &mut at_zero, &mut tape, &mut Mode::Evaluate);
        Self { layer, tape, scratch: L::zeros(), at_zero }
    }

    fn finite(&mut self) -> bool {
        // With ones on either side every weight enters a sum.
        let ones = vec![1.0; X::LEN];
        self.forward(&ones).iter().all(|y| y.is_finite())
    }

    /// W x.
    fn forward(&mut self, x: &[f64]) -> Vec<f64> {
        let (mut input, mut output) = (bytemuck::zeroed_vec::<X>(1), bytemuck::zeroed_vec(1));
        X::flat_mut(&mut input).iter_mut().zip(x).for_each(|(to, &from)| *to = X::Scalar::from_f64(from));
        self.layer.forward(&input, &mut output, &mut self.tape, &mut Mode::Evaluate);
        let at_zero = L::Output::flat(&self.at_zero);
        L::Output::flat(&output).iter().zip(at_zero).map(|(y, b)| y.to_f64() - b.to_f64()).collect()
    }

    /// Wᵀ y.
    fn back(&mut self, y: &[f64]) -> Vec<f64> {
        let mut output_grad = bytemuck::zeroed_vec(1);
        L::Output::flat_mut(&mut output_grad)
            .iter_mut()
            .zip(y)
            .for_each(|(to, &y)| *to = X::Scalar::from_f64(y));
        X::flat(&self.rows(&output_grad)).iter().map(|x| x.to_f64()).collect()
    }

    /// Wᵀ y for each of several y.
    fn rows(&mut self, output_grad: &[L::Output]) -> Vec<X> {
        let samples = output_grad.len();
        let (input, mut output) = (bytemuck::zeroed_vec::<X>(samples), bytemuck::zeroed_vec(samples));
        let mut input_grad = bytemuck::zeroed_vec(samples);
        self.layer.forward(&input, &mut output, &mut self.tape, &mut Mode::Evaluate);
        let dx = Some(&mut input_grad[..]);
        self.layer.backward(
            &input,
            &output,
            output_grad,
            dx,
            &mut self.scratch,
            &mut self.tape,
            &mut NoProbe,
        );
        input_grad
    }

    /// W, a row for each output.
    fn matrix(&mut self) -> DMatrix<f64> {
        let mut units: Vec<L::Output> = bytemuck::zeroed_vec(L::Output::LEN);
        for (at, unit) in units.iter_mut().enumerate() {
            unit.as_mut_slice()[at] = X::Scalar::from_f64(1.0);
        }
        let rows = self.rows(&units);
        DMatrix::from_row_iterator(L::Output::LEN, X::LEN, X::flat(&rows).iter().map(|w| w.to_f64()))
    }

    /// Power iteration on WᵀW. Both halves of a step start at length 1: W² may be out of the scalar's range where W is not.
    fn largest(&mut self) -> f64 {
        let (mut x, mut value) = (direction(X::LEN), 0.0);
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
        let wide = X::LEN > L::Output::LEN;
        let mut x = direction(X::LEN.min(L::Output::LEN));
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

/// A random direction, always the same.
fn direction(len: usize) -> Vec<f64> {
    let mut rng = crate::rng(0);
    unit((0..len).map(|_| rng.random::<f64>() - 0.5).collect())
}

/// `x` at length 1; 0 stays 0.
fn unit(mut x: Vec<f64>) -> Vec<f64> {
    let norm = norm(&x);
    if norm > 0.0 {
        x.iter_mut().for_each(|x| *x /= norm);
    }
    x
}
