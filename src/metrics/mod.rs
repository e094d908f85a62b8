// Tier 6, above `data`.
//! Metrics of classifiers and regressions.
//!
//! | metric | arguments |
//! |---|---|
//! | [`accuracy`], [`top_k_accuracy`] | scores and labels: of samples, steps or pixels |
//! | [`ConfusionMatrix`], with precision, recall and F1 | the same, batch after batch |
//! | [`mean_absolute_error`], [`mean_squared_error`], [`r_squared`] | outputs and targets |
//!
//! The values agree with scikit-learn's up to rounding; sums are in `f64`. A tie between scores goes to the first
//! class, as in [`Label::from_scores`](crate::tensor::Label::from_scores). With the feature `std`, `History` writes
//! them to a log file.

mod classes;
mod confusion_matrix;
#[cfg(feature = "std")]
mod history;
mod numbers;

pub use classes::{accuracy, top_k_accuracy};
pub use confusion_matrix::ConfusionMatrix;
#[cfg(feature = "std")]
pub use history::{History, Row};
pub use numbers::{mean_absolute_error, mean_squared_error, r_squared};
