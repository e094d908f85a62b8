// Tier 5.
//! Losses R = L(A, Y), which compare the outputs A of a network with the targets Y.
//!
//! | loss | PyTorch's name | output | target of a sample | loss of a sample |
//! |---|---|---|---|---|
//! | [`CrossEntropy`] | `CrossEntropyLoss` | scores of classes | [classes](#classes) | mean over positions |
//! | [`WeightedCrossEntropy`] | `CrossEntropyLoss(weight)` | scores of classes | [classes](#classes) | weighted mean |
//! | [`NllLoss`], [`WeightedNllLoss`] | `NLLLoss` | log-probabilities of classes | [classes](#classes) | as the cross-entropies |
//! | [`MultiMargin`] | `MultiMarginLoss` | `Vector<CLASSES>` of scores | [`Label<CLASSES>`](crate::tensor::Label) | mean over classes |
//! | [`MultiLabelMargin`] | `MultiLabelMarginLoss` | `Vector<CLASSES>` of scores | 1 for each class of the sample, else 0 | mean over classes |
//! | [`Ctc`] | `CTCLoss` of a `log_softmax` | `Sequence<STEPS, CLASSES>` of scores | [`Labels<CLASSES, MOST>`](Labels) | divided by the count of labels |
//! | [`BinaryCrossEntropy`] | `BCEWithLogitsLoss` | any tensor of scores | probabilities | mean over numbers |
//! | [`WeightedBinaryCrossEntropy`] | `BCEWithLogitsLoss(pos_weight)` | scores of classes | probabilities | mean over numbers |
//! | [`BinaryCrossEntropyOfProbabilities`] | `BCELoss` | probabilities | probabilities | mean over numbers |
//! | [`SoftMargin`] | `SoftMarginLoss` | any tensor of scores | 1 or -1 | mean over numbers |
//! | [`Hinge`], [`SquaredHinge`] | (Keras: `Hinge`, `SquaredHinge`) | any tensor of scores | 1 or -1 | mean over numbers |
//! | [`HingeEmbedding`] | `HingeEmbeddingLoss` | any tensor of distances | 1 or -1 | mean over numbers |
//! | [`MeanSquaredError`], [`MeanAbsoluteError`] | `MSELoss`, `L1Loss` | any tensor | the same tensor | mean over numbers |
//! | [`Huber`], [`SmoothL1`] | `HuberLoss`, `SmoothL1Loss` | any tensor | the same tensor | mean over numbers |
//! | [`LogCosh`] | (Keras: `LogCosh`) | any tensor | the same tensor | mean over numbers |
//! | [`KlDivergence`] | `KLDivLoss(reduction="batchmean")` | log-probabilities | probabilities | sum over numbers |
//! | [`PoissonNllLoss`] | `PoissonNLLLoss` | logarithms of rates, or rates | counts | mean over numbers |
//! | [`GaussianNllLoss`] | `GaussianNLLLoss` | `Sequence<2, N>`: means, variances | `Vector<N>` | mean over numbers |
//! | [`CosineEmbedding`] | `CosineEmbeddingLoss` | `Sequence<2, N>`: two vectors | `bool` | one number |
//! | [`TripletMargin`] | `TripletMarginLoss` | `Sequence<3, N>`: three vectors | `()` | one number |
//! | [`MarginRanking`] | `MarginRankingLoss` | `Vector<2>` of scores | `bool` | one number |
//!
//! Every loss is a mean over the samples of the batch, as is the default in PyTorch. Each sample has a
//! [weight](Loss::weight), which is 1 except for the cross-entropies, [`NllLoss`] and [`WeightedNllLoss`]. Outputs and
//! targets of different shapes do not compile, for example ten scores and labels of twelve classes.
//!
//! # Classes
//! A target of classes has a label for each position of the output. Each label may also be an `Option`: a position with
//! `None` is ignored. Alternatively, the target is a tensor of the output's own type with probabilities.
//!
//! | output | positions | target |
//! |---|---|---|
//! | `Vector<CLASSES>` | one | `Label<CLASSES>` |
//! | `Sequence<STEPS, CLASSES>` | steps | `[Label<CLASSES>; STEPS]` |
//! | `Image<CLASSES, HEIGHT, WIDTH>` | pixels | `[[Label<CLASSES>; WIDTH]; HEIGHT]` |
//!
//! ```
//! use chainrule::prelude::*;
//!
//! // A class for each step of a sequence. The last step is padding.
//! const NOUN: Label<3> = Label::of::<0>();
//! const VERB: Label<3> = Label::of::<1>();
//! let scores = Sequence([[5.0, 1.0, 0.0], [0.0, 6.0, 0.0], [9.0, 9.0, 9.0]]);
//! let loss = CrossEntropy::default().mean(&[scores], &[[Some(NOUN), Some(VERB), None]])?;
//! let first = CrossEntropy::default().mean(&[Vector([5.0, 1.0, 0.0])], &[NOUN])?;
//! let second = CrossEntropy::default().mean(&[Vector([0.0, 6.0, 0.0])], &[VERB])?;
//! approx::assert_relative_eq!(loss, (first + second) / 2.0, max_relative = 1e-6);
//! # Ok::<(), chainrule::Error>(())
//! ```

mod absolute;
mod binary;
mod binary_probabilities;
mod checks;
mod class_target;
mod cosine;
mod cross_entropy;
mod ctc;
mod gaussian;
mod hinge;
mod hinge_embedding;
mod huber;
mod kl_divergence;
mod labels;
mod log_cosh;
mod multi_label_margin;
mod multi_margin;
mod nll;
mod pairwise;
mod poisson;
mod ranking;
mod smooth_l1;
mod soft_margin;
mod softmax;
mod squared;
mod triplet;

use crate::Error;
use crate::kernel::Real;
use crate::tensor::Tensor;

pub use absolute::MeanAbsoluteError;
pub use binary::{BinaryCrossEntropy, WeightedBinaryCrossEntropy};
pub use binary_probabilities::BinaryCrossEntropyOfProbabilities;
#[cfg(feature = "alloc")]
pub(crate) use checks::check_finite;
pub(crate) use checks::check_lengths;
use checks::{finite_with_gradient, mean_of};
#[cfg(feature = "alloc")]
pub(crate) use class_target::index as class_index;
#[doc(hidden)]
pub use class_target::{ClassAxis, ClassTarget, Position};
pub use cosine::CosineEmbedding;
pub use cross_entropy::{CrossEntropy, WeightedCrossEntropy};
pub use ctc::Ctc;
pub use gaussian::GaussianNllLoss;
pub use hinge::{Hinge, SquaredHinge};
pub use hinge_embedding::HingeEmbedding;
pub use huber::Huber;
pub use kl_divergence::KlDivergence;
pub use labels::Labels;
pub use log_cosh::LogCosh;
pub use multi_label_margin::MultiLabelMargin;
pub use multi_margin::MultiMargin;
pub use nll::{NllLoss, WeightedNllLoss};
pub use poisson::PoissonNllLoss;
pub use ranking::MarginRanking;
pub use smooth_l1::SmoothL1;
pub use soft_margin::SoftMargin;
pub use squared::MeanSquaredError;
pub use triplet::TripletMargin;

/// Compares an output `Y` with a `Target`, and computes the gradient with respect to the output.
///
/// The loss of a batch is the sum of its samples' [values](Loss::value), divided by the sum of their
/// [weights](Loss::weight). The default weight is 1. Then the loss of the batch is the mean over its samples.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // R = (6 - 5)², dR/da = 2 (6 - 5).
/// assert_eq!(MeanSquaredError.value(&Vector([6.0]), &Vector([5.0])), 1.0);
/// let mut gradient = Vector([0.0]);
/// MeanSquaredError.gradient(&Vector([6.0]), &Vector([5.0]), &mut gradient);
/// assert_eq!(gradient, Vector([2.0]));
///
/// // A batch of two samples: the mean, and its gradient with respect to each output.
/// let (outputs, targets) = ([Vector([6.0]), Vector([5.0])], [Vector([5.0]); 2]);
/// assert_eq!(MeanSquaredError.mean(&outputs, &targets)?, 0.5);
/// let mut gradients = [Vector([0.0]); 2];
/// MeanSquaredError.mean_and_gradient(&outputs, &targets, &mut gradients)?;
/// assert_eq!(gradients, [Vector([1.0]), Vector([0.0])]);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("criterion", "objective", "cost function"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot compare the output `{Y}` with the target `{Target}`",
    label = "the network gives `{Y}`, and the targets are `{Target}`",
    note = "`CrossEntropy` compares a `Vector<10>`, with a score for each class, with a `Label<10>`, and a `Sequence<5, 10>` with a `[Label<10>; 5]`; `Label::<10>::new(index)?` makes a label of an index",
    note = "other targets have the type of the output, `{Y}`: write `Vector(array)` for an array, `Vector([y])` for one number"
)]
pub trait Loss<Y: Tensor, Target>: Sync {
    /// Returns the loss of one sample, multiplied by its [weight](Loss::weight).
    fn value(&self, output: &Y, target: &Target) -> f64;

    /// Writes the gradient of one sample's [value](Loss::value) with respect to its output to `gradient`.
    fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y);

    /// Returns the weight of a sample with this target in the mean of its batch. The default is 1. A weight is finite
    /// and at least 0. A sample of weight 0 has a value of 0 and a gradient of 0.
    ///
    /// (The training loss of an epoch, which `fit` reports, is the mean of the losses of its batches by their number of
    /// samples, not by their weight. The validation loss is the weighted mean over the whole data set.)
    fn weight(&self, _: &Target) -> f64 {
        1.0
    }

    /// Checks this target and the settings of the loss. `sample` is the index of the target in its batch.
    ///
    /// # Errors
    /// [`Error::NonFiniteData`], [`Error::TargetRange`] or [`Error::Setting`].
    fn check(&self, target: &Target, sample: usize) -> Result<(), Error>;

    /// Checks this output, for losses that are not defined for every number. `sample` is the index of the output in its
    /// batch.
    ///
    /// # Errors
    /// [`Error::OutputRange`].
    fn check_output(&self, _: &Y, _sample: usize) -> Result<(), Error> {
        Ok(())
    }

    /// Returns the mean loss of a batch.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`], [`Error::BatchLengths`], the errors of [`check`](Loss::check) and
    /// [`check_output`](Loss::check_output), [`Error::NoWeight`], and [`Error::NonFiniteLoss`].
    fn mean(&self, outputs: &[Y], targets: &[Target]) -> Result<f64, Error> {
        check_lengths(outputs.len(), targets.len())?;
        let mut sum = 0.0;
        for (sample, (output, target)) in outputs.iter().zip(targets).enumerate() {
            self.check(target, sample)?;
            self.check_output(output, sample)?;
            sum += self.value(output, target);
        }
        mean_of(sum, self.total_weight(targets))
    }

    /// Returns the sum of the [weights](Loss::weight) of a batch.
    fn total_weight(&self, targets: &[Target]) -> f64 {
        targets.iter().fold(0.0, |sum, target| sum + self.weight(target))
    }

    /// Returns the mean loss of a batch for validation, without additions for training such as label smoothing. The
    /// default is [`mean`](Loss::mean).
    ///
    /// # Errors
    /// As [`mean`](Loss::mean).
    fn evaluate(&self, outputs: &[Y], targets: &[Target]) -> Result<f64, Error> {
        self.mean(outputs, targets)
    }

    /// Returns the mean loss of a batch, and writes its gradient with respect to each output to `gradients`.
    ///
    /// # Errors
    /// As [`mean`](Loss::mean).
    fn mean_and_gradient(
        &self,
        outputs: &[Y],
        targets: &[Target],
        gradients: &mut [Y],
    ) -> Result<f64, Error> {
        check_lengths(gradients.len(), targets.len())?;
        let mean = self.mean(outputs, targets)?;
        for ((output, target), gradient) in outputs.iter().zip(targets).zip(gradients.iter_mut()) {
            self.gradient(output, target, gradient);
        }
        let share = Y::Scalar::from_f64(1.0 / self.total_weight(targets));
        Y::flat_mut(gradients).iter_mut().for_each(|g| *g *= share);
        finite_with_gradient(mean, Y::flat(gradients))
    }
}

/// Targets that a loss `L` can compare with an output `Y`: every `Target` for which `L` is a [`Loss<Y, Target>`](Loss).
///
/// Methods have this bound on the targets instead of the bound `Loss` on the loss, so that the compiler's error is at
/// the targets.
pub trait TargetFor<L, Y: Tensor>: Sized + Sync {
    #[doc(hidden)]
    type Loss: Loss<Y, Self>;
    #[doc(hidden)]
    fn compare_by(loss: &L) -> &Self::Loss;
}

impl<L, Y: ComparedBy<L, Target>, Target: Sync> TargetFor<L, Y> for Target {
    type Loss = Y::Loss;
    fn compare_by(loss: &L) -> &Y::Loss {
        Y::loss(loss)
    }
}

/// An output that the loss `L` can compare with a `Target`. The bound is on the output, so that the compiler does not
/// infer the output from the targets. Otherwise the error for targets of the wrong size would be reported at the
/// network.
#[doc(hidden)]
pub trait ComparedBy<L, Target>: Tensor {
    /// `L`.
    type Loss: Loss<Self, Target>;
    fn loss(loss: &L) -> &Self::Loss;
}

impl<L: Loss<Y, Target>, Y: Tensor, Target> ComparedBy<L, Target> for Y {
    type Loss = L;
    fn loss(loss: &L) -> &L {
        loss
    }
}
