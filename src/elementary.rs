//! Floor 1: elementary functions of which the compiler makes vectors, for activations and losses of one's own.
//!
//! They have no branch and no call. In an [`Activation`](crate::layer::Activation), whose loops are compiled for the instructions of
//! each processor, they take from a half to two nanoseconds a number, where the platform's functions take from four to twenty.
//!
//! ```
//! use chainrule::{activation_layer, elementary, layer::Activation, prelude::*};
//!
//! /// g(x) = exp(-x²).
//! #[derive(Clone, Copy, Debug, Default)]
//! struct Bell;
//!
//! impl Activation for Bell {
//!     #[inline(always)]
//!     fn apply<T: Real>(x: T) -> T {
//!         elementary::exp(-x * x)
//!     }
//!     #[inline(always)]
//!     fn derivative<T: Real>(x: T, y: T) -> T {
//!         T::of(-2.0) * x * y
//!     }
//! }
//! activation_layer!(Bell);
//!
//! assert_eq!(Bell.predict(&Vector([0.0, 1e4]))?, Vector([1.0, 0.0]));
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! # Accuracy
//! The largest errors: in `f32` in units in the last place, of all 2³² numbers; in `f64` relative, of 20,000 numbers over the whole
//! range.
//!
//! ACCURACY
//!
//! Where a result is subnormal, the error is as large in units of the smallest number. Arguments may be subnormal. A NaN stays one, and
//! the ends are exact: exp(-∞) = 0, tanh(±∞) = ±1, tanh(-0) = -0. Every processor gives the same bits.

pub use crate::kernel::{exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};
