use alloc::vec;
use alloc::vec::Vec;

use rand::RngExt;
use serde::Serialize;

use super::batch::Batch;
use super::figures::norm;
use super::passes::Passes;
use super::svd::singular_values;
use crate::layer::AnyLayer;
use crate::tensor::Numbers;

/// The largest and the smallest factor by which a linear map can change the length of a vector, in the forward and in
/// the backward pass: [`WeightsFlow::spectrum`](super::WeightsFlow::spectrum). See the example of
/// [`FlowHook`](crate::flow::FlowHook).
#[doc(alias = "spectral norm")]
#[doc(alias = "power iteration")]
#[doc(alias = "singular values")]
#[doc(alias = "svd")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spectrum {
    /// The largest singular value.
    pub largest: f64,
    /// The smallest of the min(inputs, outputs) singular values.
    pub smallest: f64,
    /// Whether both are exact up to rounding, from a singular value decomposition. For larger matrices, `largest` comes
    /// from a power iteration (at most a few percent too small), and `smallest` is an upper bound.
    pub exact: bool,
}

/// The largest number of rows and of columns for a decomposition.
const SIDE: usize = 128;
/// The largest number of elements for a decomposition. 784 x 128 takes about 20 ms.
const NUMBERS: usize = 1 << 17;
/// The number of steps of the power iterations.
const STEPS: usize = 100;

/// Computes the singular values of a layer that is a linear map plus a constant, in the scalar type of `like`. `None`
/// if its weights are not finite.
///
/// It calls the layer instead of reading its weights. So the values of a convolution are the singular values of the map
/// of whole images.
pub(super) fn spectrum(layer: &dyn AnyLayer, like: &Numbers<'_>) -> Option<Spectrum> {
    let mut map = Map::new(layer, like)?;
    if !map.finite() {
        return None;
    }
    let (inputs, outputs) = (map.inputs, map.outputs);
    if inputs.min(outputs) <= SIDE
        && inputs * outputs <= NUMBERS
        && let Some(values) = singular_values(map.matrix(), inputs)
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
    passes: Passes<'a>,
    at_zero: Batch,
    inputs: usize,
    outputs: usize,
}

impl<'a> Map<'a> {
    fn new(layer: &'a dyn AnyLayer, like: &'a Numbers<'a>) -> Option<Self> {
        let mut passes = Passes::new(layer, like);
        let (inputs, outputs) = (passes.inputs, passes.outputs);
        let at_zero = passes.forward(&Batch::zeros(like, inputs), 1)?;
        Some(Self { passes, at_zero, inputs, outputs })
    }

    fn finite(&mut self) -> bool {
        // With inputs and gradients of ones, every weight enters a sum.
        let ones = vec![1.0; self.inputs];
        self.forward(&ones).iter().all(|y| y.is_finite())
    }

    /// Computes W x.
    fn forward(&mut self, x: &[f64]) -> Vec<f64> {
        let Some(output) = self.passes.forward(&Batch::new(self.passes.like, x.len(), |at| x[at]), 1) else {
            return Vec::new();
        };
        output.numbers().iter().zip(self.at_zero.numbers().iter()).map(|(y, b)| y - b).collect()
    }

    /// Computes Wᵀ y.
    fn back(&mut self, y: &[f64]) -> Vec<f64> {
        self.passes.back(&Numbers::None, y)
    }

    /// Computes W, with a row for each output.
    fn matrix(&mut self) -> Vec<f64> {
        self.passes.jacobian(&Numbers::None)
    }

    /// Power iteration on WᵀW. Both halves of a step start with length 1, because W² may exceed the range of the scalar
    /// type even if W does not.
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

    /// Power iteration on σ² - WᵀW, or with WWᵀ if that is smaller. Its largest eigenvalue belongs to the smallest σ.
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

/// Returns a random direction, which is always the same.
pub(super) fn direction(len: usize) -> Vec<f64> {
    let mut rng = crate::random::rng(0);
    unit((0..len).map(|_| rng.random::<f64>() - 0.5).collect())
}

/// Scales `x` to length 1; 0 stays 0.
pub(super) fn unit(mut x: Vec<f64>) -> Vec<f64> {
    let norm = norm(&x);
    if norm > 0.0 {
        x.iter_mut().for_each(|x| *x /= norm);
    }
    x
}
