use crate::Error;
use crate::kernel::Real;
use crate::loss::{ClassTarget, Position, check_lengths, class_index};
use crate::tensor::Tensor;

/// Returns the share of labels whose class has the largest score: 0 to 1.
///
/// ```
/// use chainrule::metrics::accuracy;
/// use chainrule::prelude::*;
/// let scores = [Vector([0.9, 0.1]), Vector([0.3, 0.7]), Vector([0.5, 0.5])]; // a tie goes to the first class
/// let labels = [0, 0, 0].map(|class| Label::new(class).unwrap());
/// assert_eq!(accuracy(&scores, &labels)?, 2.0 / 3.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// It takes the targets that [`CrossEntropy`](crate::loss::CrossEntropy) takes: a label for each sample, each step of a
/// sequence or each pixel of an image, or `None` where the label is ignored and does not count. Of a probability for
/// each class, the label is the class with the largest one.
///
/// ```
/// # use chainrule::metrics::accuracy;
/// # use chainrule::prelude::*;
/// let tags = [Some(Label::<2>::new(1)?), None, Some(Label::new(1)?)];
/// let scores = Sequence([[0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]);
/// assert_eq!(accuracy(&[scores], &[tags])?, 0.5);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// [`Error::EmptyBatch`], [`Error::BatchLengths`], [`Error::NonFiniteData`] for a score that is NaN, and
/// [`Error::NoWeight`] if every label is ignored.
pub fn accuracy<Y: Tensor, Target: ClassTarget<Y>>(scores: &[Y], targets: &[Target]) -> Result<f64, Error> {
    share(scores, targets, 1)
}

/// Returns the share of labels whose class is among those with the `k` largest scores: 0 to 1. Of equal scores the
/// first counts as the larger, so that `k = 1` is [`accuracy`].
///
/// # Errors
/// As [`accuracy`], and [`Error::Setting`] when `k` is not 1 to the number of classes.
pub fn top_k_accuracy<Y: Tensor, Target: ClassTarget<Y>>(
    scores: &[Y],
    targets: &[Target],
    k: usize,
) -> Result<f64, Error> {
    if k == 0 || k > Target::CLASSES {
        let expected = "at least 1, and at most the number of classes";
        return Err(Error::Setting { name: "k", value: k as f64, expected });
    }
    share(scores, targets, k)
}

fn share<Y: Tensor, Target: ClassTarget<Y>>(
    scores: &[Y],
    targets: &[Target],
    k: usize,
) -> Result<f64, Error> {
    let (mut right, mut labels) = (0_u64, 0_u64);
    for_each_label(scores, targets, |score, truth| {
        let own = score(truth);
        let is_before = |&class: &usize| score(class) > own || (score(class) == own && class < truth);
        right += u64::from((0..Target::CLASSES).filter(is_before).count() < k);
        labels += 1;
    })?;
    if labels == 0 { Err(Error::NoWeight) } else { Ok(right as f64 / labels as f64) }
}

/// Calls `see` for each label that is not ignored, with the function that returns the score of a class at its position.
/// Checks first that there are as many scores as targets, at least one, and no NaN. Infinite scores are allowed.
pub(super) fn for_each_label<Y: Tensor, Target: ClassTarget<Y>>(
    scores: &[Y],
    targets: &[Target],
    mut see: impl FnMut(&dyn Fn(usize) -> f64, usize),
) -> Result<(), Error> {
    check_lengths(scores.len(), targets.len())?;
    for (sample, (scores, target)) in scores.iter().zip(targets).enumerate() {
        if let Some(element) = scores.as_slice().iter().position(|score| score.to_f64().is_nan()) {
            return Err(Error::NonFiniteData { what: "output", sample, element, value: f64::NAN });
        }
        target.check(sample)?;
    }
    for (scores, target) in scores.iter().zip(targets) {
        for position in 0..Target::POSITIONS {
            let truth = match target.at(position) {
                Position::Ignored => continue,
                Position::Class(class) => class,
                Position::Probabilities => {
                    first_largest(Target::CLASSES, |class| target.probability(position, class))
                }
            };
            see(&|class| scores.as_slice()[class_index::<Y, Target>(position, class)].to_f64(), truth);
        }
    }
    Ok(())
}

/// Returns the class with the largest number, the first one in a tie.
pub(super) fn first_largest(classes: usize, of: impl Fn(usize) -> f64) -> usize {
    (0..classes).fold(0, |best, class| if of(class) > of(best) { class } else { best })
}
