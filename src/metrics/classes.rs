use crate::Error;
use crate::kernel::Real;
use crate::loss::check_lengths;
use crate::tensor::{Label, Vector};

/// Returns the share of samples whose largest score is that of their class: 0 to 1.
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
/// # Errors
/// [`Error::EmptyBatch`], [`Error::BatchLengths`], and [`Error::NonFiniteData`] for a score that is NaN.
pub fn accuracy<const CLASSES: usize, T: Real>(
    scores: &[Vector<CLASSES, T>],
    labels: &[Label<CLASSES>],
) -> Result<f64, Error> {
    share(scores, labels, |scores, label| Label::from_scores(scores) == label)
}

/// Returns the share of samples whose class is among those with the `k` largest scores: 0 to 1. Of equal scores the
/// first counts as the larger, so that `k = 1` is [`accuracy`].
///
/// # Errors
/// As [`accuracy`], and [`Error::Setting`] when `k` is not 1 to `CLASSES`.
pub fn top_k_accuracy<const CLASSES: usize, T: Real>(
    scores: &[Vector<CLASSES, T>],
    labels: &[Label<CLASSES>],
    k: usize,
) -> Result<f64, Error> {
    if k == 0 || k > CLASSES {
        let expected = "at least 1, and at most the number of classes";
        return Err(Error::Setting { name: "k", value: k as f64, expected });
    }
    share(scores, labels, |scores, label| {
        let own = scores[label.index()];
        let before = scores.0.iter().enumerate();
        before.filter(|&(class, &score)| score > own || (score == own && class < label.index())).count() < k
    })
}

fn share<const CLASSES: usize, T: Real>(
    scores: &[Vector<CLASSES, T>],
    labels: &[Label<CLASSES>],
    right: impl Fn(&Vector<CLASSES, T>, Label<CLASSES>) -> bool,
) -> Result<f64, Error> {
    check_scores(scores, labels)?;
    let count = scores.iter().zip(labels).filter(|(scores, label)| right(scores, **label)).count();
    Ok(count as f64 / labels.len() as f64)
}

/// Checks that there are as many scores as labels, at least one, and no NaN. Infinite scores are allowed.
pub(super) fn check_scores<const CLASSES: usize, T: Real>(
    scores: &[Vector<CLASSES, T>],
    labels: &[Label<CLASSES>],
) -> Result<(), Error> {
    check_lengths(scores.len(), labels.len())?;
    for (sample, scores) in scores.iter().enumerate() {
        if let Some(element) = scores.0.iter().position(|score| score.to_f64().is_nan()) {
            return Err(Error::NonFiniteData { what: "output", sample, element, value: f64::NAN });
        }
    }
    Ok(())
}
