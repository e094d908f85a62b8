//! Floor 1: the numbers. Slices in, slices out; knows no layer.
//!
//! The only module where `unsafe` is allowed, for two things, each beside its argument: calling functions compiled for processor
//! features, once the processor has said that it has them; and reading a tile without a check a number, once its last is checked.

mod convolution;
mod pool;
mod product;
mod real;

pub(crate) use convolution::{Room, Windows};
pub(crate) use pool::Pooling;
pub(crate) use product::{Strided, add_product};
pub use real::Real;
pub(crate) use real::{log_sum_exp, maximum, sigmoid, softplus, squared_norm};
