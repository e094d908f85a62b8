use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::classes::{first_largest, for_each_label};
use crate::Error;
use crate::loss::{ClassAxis, ClassTarget};
use crate::tensor::Label;

/// A confusion matrix: the number of samples of each class (row) that were predicted as each class (column), with
/// precision, recall and F1.
///
/// Batches are added one after another. It prints a table of the counts, with precision, recall and F1 of each class:
///
/// ```
/// use chainrule::metrics::ConfusionMatrix;
/// use chainrule::prelude::*;
///
/// let mut confusion = ConfusionMatrix::<2>::default();
/// let labels = [0, 0, 0, 1].map(|class| Label::new(class).unwrap());
/// let scores = [Vector([2.0, 1.0]), Vector([2.0, 1.0]), Vector([0.0, 1.0]), Vector([0.0, 1.0])];
/// confusion.add(&scores, &labels)?;
/// assert_eq!(confusion.accuracy(), 0.75);
/// assert_eq!(confusion.precision(labels[3]), 0.5); // of two that were predicted as class 1, one was
/// assert_eq!(confusion.recall(labels[0]), 2.0 / 3.0);
/// assert_eq!(confusion.to_string(), "\
/// true  0  1  precision  recall      F1  samples
///    0  2  1     1.0000  0.6667  0.8000        3
///    1  .  1     0.5000  1.0000  0.6667        1
/// mean           0.7500  0.8333  0.7333        4");
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// A ratio 0 / 0 is 0: the precision of a class that was never predicted, the recall of a class without samples, and
/// the F1 of a class with neither. The means include such classes. (This is scikit-learn's `zero_division=0` over all
/// `labels`.)
#[doc(alias = "classification_report")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix<const CLASSES: usize> {
    /// The counts in row-major order.
    counts: Vec<u64>,
}

impl<const CLASSES: usize> Default for ConfusionMatrix<CLASSES> {
    fn default() -> Self {
        Self { counts: vec![0; CLASSES * CLASSES] }
    }
}

impl<const CLASSES: usize> ConfusionMatrix<CLASSES> {
    /// Creates the matrix of one batch, or of a whole data set.
    ///
    /// # Errors
    /// The same as [`add`](Self::add).
    pub fn of<Y: ClassAxis<CLASSES>, Target: ClassTarget<Y>>(
        scores: &[Y],
        targets: &[Target],
    ) -> Result<Self, Error> {
        let mut confusion = Self::default();
        confusion.add(scores, targets)?;
        Ok(confusion)
    }

    /// Adds a batch. The prediction of a sample is the class with the largest score; the first one in a tie.
    ///
    /// The targets are the same as for [`accuracy`](super::accuracy). Each step of a sequence and each pixel of an
    /// image that has a label counts as a sample.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`], [`Error::BatchLengths`], and [`Error::NonFiniteData`] for a score that is NaN. After an
    /// error, the matrix has not changed.
    pub fn add<Y: ClassAxis<CLASSES>, Target: ClassTarget<Y>>(
        &mut self,
        scores: &[Y],
        targets: &[Target],
    ) -> Result<(), Error> {
        for_each_label(scores, targets, |score, truth| {
            self.counts[truth * CLASSES + first_largest(CLASSES, score)] += 1;
        })
    }

    /// Returns the number of samples of the class `truth` that were predicted as `predicted`.
    pub fn count(&self, truth: Label<CLASSES>, predicted: Label<CLASSES>) -> u64 {
        self.counts[truth.index() * CLASSES + predicted.index()]
    }

    /// Returns the number of samples of this class.
    #[doc(alias = "support")]
    pub fn samples(&self, class: Label<CLASSES>) -> u64 {
        Label::all().map(|predicted| self.count(class, predicted)).sum()
    }

    /// Returns the number of samples that were predicted as this class.
    pub fn predicted(&self, class: Label<CLASSES>) -> u64 {
        Label::all().map(|truth| self.count(truth, class)).sum()
    }

    /// Returns the number of all samples.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the share of all samples that were predicted correctly.
    pub fn accuracy(&self) -> f64 {
        ratio(Label::all().map(|class| self.count(class, class)).sum(), self.total())
    }

    /// Returns the share of correct predictions among the samples that were predicted as this class.
    #[doc(alias = "positive predictive value")]
    pub fn precision(&self, class: Label<CLASSES>) -> f64 {
        ratio(self.count(class, class), self.predicted(class))
    }

    /// Returns the share of correct predictions among the samples of this class.
    #[doc(alias = "sensitivity")]
    pub fn recall(&self, class: Label<CLASSES>) -> f64 {
        ratio(self.count(class, class), self.samples(class))
    }

    /// Returns the harmonic mean of precision and recall: 2 · correct / (samples + predicted).
    #[doc(alias = "f1_score")]
    pub fn f1(&self, class: Label<CLASSES>) -> f64 {
        ratio(2 * self.count(class, class), self.samples(class) + self.predicted(class))
    }

    /// Returns the mean precision of all classes, with equal weights ("macro average").
    pub fn mean_precision(&self) -> f64 {
        mean(|class| self.precision(class))
    }

    /// Returns the mean recall of all classes, with equal weights ("macro average", "balanced accuracy").
    #[doc(alias = "balanced_accuracy")]
    pub fn mean_recall(&self) -> f64 {
        mean(|class| self.recall(class))
    }

    /// Returns the mean F1 of all classes, with equal weights ("macro average").
    pub fn mean_f1(&self) -> f64 {
        mean(|class| self.f1(class))
    }

    /// Returns the table with these names in place of the indices.
    pub fn table(&self, names: [&str; CLASSES]) -> String {
        let mut rows = vec![vec!["true".to_string()]];
        rows[0].extend(names.map(String::from));
        rows[0].extend(["precision", "recall", "F1", "samples"].map(String::from));
        let ratios = |row: &mut Vec<String>, ratios: [f64; 3], samples: u64| {
            row.extend(ratios.map(|ratio| alloc::format!("{ratio:.4}")));
            row.push(samples.to_string());
        };
        for (class, name) in Label::all().zip(names) {
            let count = |predicted| match self.count(class, predicted) {
                0 => ".".into(),
                count => count.to_string(),
            };
            let mut row = vec![name.to_string()];
            row.extend(Label::all().map(count));
            ratios(
                &mut row,
                [self.precision(class), self.recall(class), self.f1(class)],
                self.samples(class),
            );
            rows.push(row);
        }
        let mut row = vec!["mean".to_string()];
        row.resize(1 + CLASSES, String::new());
        ratios(&mut row, [self.mean_precision(), self.mean_recall(), self.mean_f1()], self.total());
        rows.push(row);
        aligned(&rows)
    }
}

impl<const CLASSES: usize> fmt::Display for ConfusionMatrix<CLASSES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indices: [String; CLASSES] = core::array::from_fn(|class| class.to_string());
        f.write_str(&self.table(indices.each_ref().map(String::as_str)))
    }
}

/// Returns a ratio of counts; 0 / 0 is 0.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn mean<const CLASSES: usize>(f: impl Fn(Label<CLASSES>) -> f64) -> f64 {
    Label::all().map(f).sum::<f64>() / CLASSES as f64
}

/// Formats the table. Each column is as wide as its widest cell, with two spaces between columns.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| alloc::format!("{cell:>width$}"));
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
