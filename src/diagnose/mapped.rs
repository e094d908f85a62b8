//! A loss of transformed outputs, with which a trial can scale outputs or undo the last activation of a network.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::Error;
use crate::kernel::Real;
use crate::loss::{Loss, TargetFor};
use crate::tensor::Tensor;

/// The transformation of the outputs before the loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum OutputMap {
    /// None: the loss and its gradient are bit for bit those of the original loss.
    #[default]
    Same,
    /// y' = scale y + shift for each number: the network then learns the targets (t - shift) / scale. The gradient is
    /// divided by the mean square of the scales, so that a squared error has the gradient of the scaled targets.
    Affine { scale: Vec<f64>, shift: Vec<f64> },
    /// Scores before a softmax, up to a constant: ln y.
    UndoSoftmax,
    /// Scores before a sigmoid: ln y - ln(1 - y).
    UndoSigmoid,
}

/// The smallest probability whose score is computed. (The scores of smaller ones would have gradients above 1e6.)
const LEAST: f64 = 1e-6;

impl OutputMap {
    /// Returns the transformed number `at`, and its derivative.
    fn at(&self, at: usize, y: f64) -> (f64, f64) {
        match self {
            Self::Same => (y, 1.0),
            Self::Affine { scale, shift } => {
                let scale = scale.get(at).copied().unwrap_or(1.0);
                (scale * y + shift.get(at).copied().unwrap_or(0.0), scale)
            }
            Self::UndoSoftmax => {
                let y = y.max(LEAST);
                (y.ln(), 1.0 / y)
            }
            Self::UndoSigmoid => {
                let y = y.clamp(LEAST, 1.0 - LEAST);
                ((y / (1.0 - y)).ln(), 1.0 / (y * (1.0 - y)))
            }
        }
    }

    /// Returns the factor of the gradient.
    fn factor(&self) -> f64 {
        match self {
            Self::Affine { scale, .. } if !scale.is_empty() => {
                scale.len() as f64 / scale.iter().map(|scale| scale * scale).sum::<f64>()
            }
            _ => 1.0,
        }
    }
}

/// The loss `L` of transformed outputs.
#[derive(Clone, Debug)]
pub(super) struct Mapped<L> {
    pub(super) loss: L,
    pub(super) map: OutputMap,
}

impl<L> Mapped<L> {
    fn apply<Y: Tensor>(&self, output: &Y) -> Box<Y> {
        let mut changed: Box<Y> = bytemuck::zeroed_box();
        for (at, (to, from)) in changed.as_mut_slice().iter_mut().zip(output.as_slice()).enumerate() {
            *to = Real::from_f64(self.map.at(at, from.to_f64()).0);
        }
        changed
    }
}

impl<L: Sync, Y: Tensor, Target: TargetFor<L, Y>> Loss<Y, Target> for Mapped<L> {
    fn value(&self, output: &Y, target: &Target) -> f64 {
        let loss = Target::compare_by(&self.loss);
        match self.map {
            OutputMap::Same => loss.value(output, target),
            _ => loss.value(&self.apply(output), target),
        }
    }

    fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y) {
        let loss = Target::compare_by(&self.loss);
        if self.map == OutputMap::Same {
            return loss.gradient(output, target, gradient);
        }
        loss.gradient(&self.apply(output), target, gradient);
        let factor = self.map.factor();
        for (at, (g, y)) in gradient.as_mut_slice().iter_mut().zip(output.as_slice()).enumerate() {
            *g = Real::from_f64(g.to_f64() * factor * self.map.at(at, y.to_f64()).1);
        }
    }

    fn weight(&self, target: &Target) -> f64 {
        Target::compare_by(&self.loss).weight(target)
    }

    fn check(&self, target: &Target, sample: usize) -> Result<(), Error> {
        Target::compare_by(&self.loss).check(target, sample)
    }

    fn check_output(&self, output: &Y, sample: usize) -> Result<(), Error> {
        let loss = Target::compare_by(&self.loss);
        match self.map {
            OutputMap::Same => loss.check_output(output, sample),
            _ => loss.check_output(&self.apply(output), sample),
        }
    }
}
