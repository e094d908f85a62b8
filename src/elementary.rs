// Tier 1.
//! Elementary functions that the compiler can vectorize, for your own activations and losses.
//!
//! They have no branches and no calls. The loops of an [`Activation`](crate::layer::Activation) are compiled for the
//! instruction set of each processor. There they are between two times (`exp`) and twenty times (`tanh`) as fast as the
//! functions of the platform, with the largest gain in `f32`.
//!
//! ```
//! use chainrule::{activation_layer, elementary, layer::Activation, prelude::*};
//!
//! /// g(x) = exp(-x²).
//! #[derive(Clone, Copy, Debug, Default, Parameters)]
//! struct Bell;
//!
//! impl Activation for Bell {
//!     #[inline(always)]
//!     fn apply<T: Real>(x: T) -> T {
//!         elementary::exp(-x * x)
//!     }
//!     #[inline(always)]
//!     fn derivative<T: Real>(x: T, y: T) -> T {
//!         T::from_f64(-2.0) * x * y
//!     }
//! }
//! activation_layer!(Bell);
//!
//! assert_eq!(Bell.predict(&Vector([0.0, 1e4]))?, Vector([1.0, 0.0]));
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! # Accuracy
//! The errors are over the whole range, including subnormal arguments: for `f32` in units in the last place, for `f64`
//! relative. They were measured in `f32` on every 31st number, with and without fused multiply-adds. In `f64` they were
//! measured on 400 numbers for each function; for [`exp_m1`] and [`tanh`] also on 12,000 numbers near the largest
//! error.
//!
//! | function | | `f32`, at most | measured | `f64`, at most | measured |
//! |---|---|---|---|---|---|
//! | [`exp`] | eˣ | 1 | 0.92 | 5.6e-16 | 3.2e-16 |
//! | [`exp_m1`] | eˣ - 1 | 2 | 1.65 | 8e-16 | 6.9e-16 |
//! | [`tanh`] | | 2 | 1.96 | 8e-16 | 7.5e-16 |
//! | [`sigmoid`] | 1 / (1 + e⁻ˣ) | 2 | 1.97 | 5.6e-16 | 3.3e-16 |
//! | [`softplus`] | ln(1 + eˣ) | 2 | 1.77 | 5.6e-16 | 2.1e-16 |
//! | [`normal_cdf`] | Φ(x) | 1 | 0.70 | 1.1e-15 | 6.2e-16 |
//! | [`normal_pdf`] | φ(x) | 1 | 0.57 | 1.1e-15 | 2.8e-16 |
//!
//! For a subnormal result, the unit of the bound is the smallest number. A NaN gives a NaN. The limits are exact:
//! exp(-∞) is 0, tanh(±∞) is ±1, tanh(-0) is -0, and no value exceeds them.
//!
//! # Bits
//! These functions use fused multiply-adds only if the program is compiled for a processor that has them. A program
//! that is compiled for every x86-64 processor has the same bits on all of them. The layers of this crate, and the
//! losses with a softmax, choose the instructions at run time, and use fused multiply-adds if the processor has them.
//! So the last digit of [`Tanh`](crate::layer::Tanh) may differ from that of [`tanh`], within the same bounds. With
//! `--cfg chainrule_portable` all of them have the same bits on every processor.

pub use crate::kernel::{exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};
