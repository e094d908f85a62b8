//! Floor 1: the numbers. Slices in, slices out; knows no layer.
//!
//! The only module where `unsafe` is allowed, for two things, each beside its argument: calling functions compiled for processor
//! features, once the processor has said that it has them (`simd`); and reading and writing vectors of numbers without a check for
//! each, once the sides of a product or of a batch are checked (`product`, `convolution`).

mod convolution;
mod elementary;
mod elementwise;
mod pool;
mod product;
mod real;
pub(crate) mod simd;
mod softmax;

pub(crate) use convolution::{Room, Windows};
pub use elementary::{exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};
pub(crate) use elementwise::{Elementwise, all_finite, elementwise, sum_rows};
pub(crate) use pool::Pooling;
pub(crate) use product::{Start, Strided, add_product, product};
pub use real::Real;
pub(crate) use real::squared_norm;
pub(crate) use simd::{Kernel, Level, dispatch};
pub(crate) use softmax::{exp_below_largest, exp_each, log_sum_exp, maximum, sum};
