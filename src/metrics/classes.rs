use crate::Error;
use crate::kernel::Real;
use crate::loss::{ClassTarget, Position, check_lengths, class_index};
use crate::tensor::Tensor;

/// Returns the share of labels whose class has the largest score: from 0 to 1.
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
/// It accepts the same targets as [`CrossEntropy`](crate::loss::CrossEntropy): a label for each sample, each step of a
/// sequence, or each pixel of an image. `None` is an ignored label, which does not count. If a target has a probability
/// for each class, its label is the class with the largest one.
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
#[doc(alias = "accuracy_score")]
pub fn accuracy<Y: Tensor, Target: ClassTarget<Y>>(scores: &[Y], targets: &[Target]) -> Result<f64, Error> {
    share(scores, targets, 1)
}

/// Returns the share of labels whose class is among the `k` classes with the largest scores: from 0 to 1. Among equal
/// scores, the first counts as the larger, so that `k = 1` is [`accuracy`].
///
/// ```
/// use chainrule::metrics::top_k_accuracy;
/// use chainrule::prelude::*;
///
/// let scores = [Vector([0.5, 0.3, 0.2]), Vector([0.5, 0.3, 0.2])];
/// let labels = [Label::new(1)?, Label::new(2)?];
/// assert_eq!(top_k_accuracy(&scores, &labels, 2)?, 0.5);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// The same as [`accuracy`]. Also [`Error::Setting`] if `k` is not from 1 to the number of classes.
#[doc(alias = "top-5 accuracy")]
#[doc(alias = "top_k_accuracy_score")]
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

/// Calls `see` for each label that is not ignored, with a function that returns the score of a class at the position of
/// the label. Before this, checks that the numbers of scores and targets are equal and not 0, and that there is no NaN.
/// Infinite scores are allowed.
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
