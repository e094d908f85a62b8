// Tier 7.
//! The predictions of mean field theory for wide random networks, to compare with measured gradients.
//!
//! | question | answer |
//! |---|---|
//! | how fast do gradients vanish or explode in a plain stack? | [`MeanField::gradient_rate`], [`MeanField::gradient_ratio`] |
//! | which weights preserve them? | [`MeanField::critical`] |
//! | what changes with skip connections? | [`ResidualField`] |
//! | do the gradients of two inputs point the same way? | [`Pair`] |
//! | how far can a single network of finite width be from that? | [`linear_deviation`], [`relu_deviation`] |
//! | which numbers does an activation declare for [`expected_flow`](crate::expected_flow)? | [`moments`] |
//! | how much does a product of random matrices stretch single directions? | [`largest_singular_value`] |
//!
//! All predictions are for networks at initialization, with independent weights, in the limit of large width at
//! constant depth. Each formula states its assumptions.
//!
//! ```
//! use chainrule::prelude::*;
//! use chainrule::theory::MeanField;
//!
//! // tanh with biases of variance 0.05: below σw² = 1.761 gradients vanish, above it they explode.
//! let critical = MeanField::<Tanh>::critical(0.05).expect("tanh has an edge");
//! approx::assert_relative_eq!(critical.weight_variance(), 1.76095, max_relative = 1e-5);
//!
//! // σw² = 1: each layer multiplies the squared norm of a gradient by 0.759.
//! let ordered = MeanField::<Tanh>::new(1.0, 0.05)?;
//! approx::assert_relative_eq!(ordered.chi(ordered.fixed_point()), 0.759, max_relative = 1e-3);
//! # Ok::<(), chainrule::Error>(())
//! ```

mod correlation;
mod gaussian;
mod mean_field;
mod moments;
mod residual;
mod width;

pub use correlation::{Pair, arc_cosine_0, arc_cosine_1};
pub use gaussian::expectation;
pub use mean_field::MeanField;
pub use moments::{MomentSeries, moments};
pub use residual::ResidualField;
pub use width::{largest_singular_value, linear_deviation, relu_deviation};
