use super::{Loss, check_batch, check_probabilities, finite_with_gradient};
use crate::Error;
use crate::kernel::{Real, exp_below_largest, log_sum_exp, maximum, sum};
use crate::tensor::{Label, Tensor, Vector};

/// The cross-entropy of one class among several, from scores (logits): use no softmax before it.
///
/// With p = softmax(a) and q the target's probabilities: R = -Σ qₖ ln pₖ, and dR/da = p - q.
/// For a label q is 1 at its class; label smoothing s makes that 1 - s, and adds s / classes everywhere.
///
/// # Shapes
/// Output `Vector<CLASSES>`; targets [`Label<CLASSES>`](Label), or `Vector<CLASSES>` of probabilities, each between 0
/// and 1. As in PyTorch, it is not checked that they sum to 1: a smaller sum gives the sample a smaller weight.
///
/// # Gradient flow
/// p - q does not vanish for a confident wrong prediction, because the softmax's Jacobian cancels with the logarithm.
///
/// # Source
/// Bridle (1990); label smoothing: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7.
///
/// ```
/// use chainrule::prelude::*;
/// let loss = CrossEntropy::default();
/// let third = Label::new(2)?;
/// let value = loss.mean(&[Vector([0.0; 4])], &[third])?;
/// approx::assert_relative_eq!(value, 4.0_f64.ln());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropy {
    smoothing: f64,
}

impl CrossEntropy {
    /// Creates a cross-entropy with labels smoothed by `smoothing`, from 0 (not at all) to below 1. Validation does not
    /// smooth: see [`Loss::evaluate`].
    pub const fn smoothed(smoothing: f64) -> Self {
        Self { smoothing }
    }

    fn check_smoothing(&self) -> Result<(), Error> {
        if (0.0..1.0).contains(&self.smoothing) {
            return Ok(());
        }
        Err(Error::Setting {
            name: "label smoothing",
            value: self.smoothing,
            expected: "at least 0 and below 1",
        })
    }

    /// Computes Σ qₖ (ln Σ exp aⱼ - aₖ), for the q that `target` gives for each class; `largest` and `log_sum` are
    /// those of the scores.
    fn of<T: Real>(&self, scores: &[T], (largest, log_sum): (T, T), target: impl Fn(usize) -> f64) -> f64 {
        let minus_log = |a: T| (largest - a).to_f64() + log_sum.to_f64();
        scores.iter().enumerate().fold(0.0, |sum, (class, &a)| {
            let q = self.smooth(target(class), scores.len());
            if q == 0.0 { sum } else { sum + q * minus_log(a) }
        })
    }

    /// Returns the sum of the losses of all samples, and writes `share` times p Σ q - q for each to `gradient`. It
    /// computes one exponential for each score. `target` gives q for a sample and a class.
    fn sum_and_gradient<T: Real>(
        &self,
        scores: &[T],
        classes: usize,
        target: impl Fn(usize, usize) -> f64,
        gradient: &mut [T],
        share: f64,
    ) -> f64 {
        exp_below_largest(scores, classes, gradient);
        let rows = scores.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
        rows.enumerate().fold(0.0, |total, (sample, (scores, gradient))| {
            let (target, norm) = (|class| target(sample, class), sum(gradient));
            let q = |class| self.smooth(target(class), classes);
            let scale = T::from_f64((0..classes).fold(0.0, |sum, class| sum + q(class)) * share) / norm;
            for (class, g) in gradient.iter_mut().enumerate() {
                *g = *g * scale - T::from_f64(q(class) * share);
            }
            total + self.of(scores, (maximum(scores), norm.ln()), target)
        })
    }

    fn smooth(&self, q: f64, classes: usize) -> f64 {
        (1.0 - self.smoothing) * q + self.smoothing / classes as f64
    }
}

#[diagnostic::do_not_recommend] // the message says which target goes with which output
impl<const CLASSES: usize, T: Real> Loss<Vector<CLASSES, T>, Label<CLASSES>> for CrossEntropy {
    fn value(&self, output: &Vector<CLASSES, T>, target: &Label<CLASSES>) -> f64 {
        self.of(&output.0, log_sum_exp(&output.0), |class| f64::from(class == target.index()))
    }

    fn gradient(
        &self,
        output: &Vector<CLASSES, T>,
        target: &Label<CLASSES>,
        gradient: &mut Vector<CLASSES, T>,
    ) {
        self.sum_and_gradient(
            &output.0,
            CLASSES,
            |_, class| f64::from(class == target.index()),
            &mut gradient.0,
            1.0,
        );
    }

    fn mean_and_gradient(
        &self,
        outputs: &[Vector<CLASSES, T>],
        targets: &[Label<CLASSES>],
        gradients: &mut [Vector<CLASSES, T>],
    ) -> Result<f64, Error> {
        check_batch(self, outputs, targets, gradients)?;
        let (scores, gradient) = (Vector::flat(outputs), Vector::flat_mut(gradients));
        let target = |sample: usize, class| f64::from(class == targets[sample].index());
        let samples = outputs.len() as f64;
        let sum = self.sum_and_gradient(scores, CLASSES, target, gradient, 1.0 / samples);
        finite_with_gradient(sum / samples, gradient)
    }

    fn evaluate(&self, outputs: &[Vector<CLASSES, T>], targets: &[Label<CLASSES>]) -> Result<f64, Error> {
        self.check_smoothing()?;
        Self::default().mean(outputs, targets)
    }

    fn check(&self, _: &Label<CLASSES>, _: usize) -> Result<(), Error> {
        self.check_smoothing()
    }
}

#[diagnostic::do_not_recommend] // the message says which target goes with which output
impl<const CLASSES: usize, T: Real> Loss<Vector<CLASSES, T>, Vector<CLASSES, T>> for CrossEntropy {
    fn value(&self, output: &Vector<CLASSES, T>, target: &Vector<CLASSES, T>) -> f64 {
        self.of(&output.0, log_sum_exp(&output.0), |class| target.0[class].to_f64())
    }

    fn gradient(
        &self,
        output: &Vector<CLASSES, T>,
        target: &Vector<CLASSES, T>,
        gradient: &mut Vector<CLASSES, T>,
    ) {
        self.sum_and_gradient(&output.0, CLASSES, |_, class| target.0[class].to_f64(), &mut gradient.0, 1.0);
    }

    fn mean_and_gradient(
        &self,
        outputs: &[Vector<CLASSES, T>],
        targets: &[Vector<CLASSES, T>],
        gradients: &mut [Vector<CLASSES, T>],
    ) -> Result<f64, Error> {
        check_batch(self, outputs, targets, gradients)?;
        let (scores, gradient) = (Vector::flat(outputs), Vector::flat_mut(gradients));
        let target = |sample: usize, class: usize| targets[sample].0[class].to_f64();
        let samples = outputs.len() as f64;
        let sum = self.sum_and_gradient(scores, CLASSES, target, gradient, 1.0 / samples);
        finite_with_gradient(sum / samples, gradient)
    }

    fn evaluate(&self, outputs: &[Vector<CLASSES, T>], targets: &[Vector<CLASSES, T>]) -> Result<f64, Error> {
        self.check_smoothing()?;
        Self::default().mean(outputs, targets)
    }

    fn check(&self, target: &Vector<CLASSES, T>, sample: usize) -> Result<(), Error> {
        self.check_smoothing()?;
        check_probabilities(target, sample)
    }
}
