use super::Loss;
use super::checks::check_target;
use crate::Error;
use crate::kernel::Real;
use crate::tensor::Vector;

/// The hinge loss of several classes at once. The score of each class of the sample should exceed each other score
/// by 1.
///
/// R = Σ max(0, 1 - aⱼ + aᵢ) / classes, over all j with a target of 1 and all i with a target of 0. The loss of a batch
/// is the mean over its samples.
///
/// # Shapes
/// Output `Vector<CLASSES>` of scores, and targets of the same shape: 1 for each class of the sample, and 0 for the
/// others. (PyTorch uses a list of the classes instead, with -1 after the last one.)
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = MultiLabelMargin.mean(&[Vector([0.5, 0.25, -2.0])], &[Vector([1.0, 0.0, 0.0])])?;
/// assert_eq!(loss, 0.75 / 3.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("MultiLabelMarginLoss", "nn.MultiLabelMarginLoss"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct MultiLabelMargin;

/// Calls `f` for each pair of a class of the sample and another class whose term is above 0. The arguments are the two
/// classes and the term.
fn terms<const CLASSES: usize, T: Real>(
    output: &Vector<CLASSES, T>,
    target: &Vector<CLASSES, T>,
    mut f: impl FnMut(usize, usize, f64),
) {
    let has = |class: &usize| target.0[*class] == T::one();
    for of_sample in (0..CLASSES).filter(has) {
        for other in (0..CLASSES).filter(|class| !has(class)) {
            let term = 1.0 - output.0[of_sample].to_f64() + output.0[other].to_f64();
            if term > 0.0 {
                f(of_sample, other, term);
            }
        }
    }
}

#[diagnostic::do_not_recommend] // the message says which target belongs to which output
impl<const CLASSES: usize, T: Real> Loss<Vector<CLASSES, T>, Vector<CLASSES, T>> for MultiLabelMargin {
    fn value(&self, output: &Vector<CLASSES, T>, target: &Vector<CLASSES, T>) -> f64 {
        let mut sum = 0.0;
        terms(output, target, |_, _, term| sum += term);
        sum / CLASSES as f64
    }

    fn gradient(
        &self,
        output: &Vector<CLASSES, T>,
        target: &Vector<CLASSES, T>,
        gradient: &mut Vector<CLASSES, T>,
    ) {
        let share = T::from_f64(1.0 / CLASSES as f64);
        gradient.0.fill(T::zero());
        terms(output, target, |of_sample, other, _| {
            gradient.0[of_sample] -= share;
            gradient.0[other] += share;
        });
    }

    fn check(&self, target: &Vector<CLASSES, T>, sample: usize) -> Result<(), Error> {
        check_target(target, sample, "1 for each class of the sample and 0 for the others", |y| {
            y == 0.0 || y == 1.0
        })
    }
}
