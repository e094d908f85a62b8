//! Floor 1: the numbers. Slices in, slices out; knows no layer.
//!
//! The only module where `unsafe` is allowed: it calls functions that were compiled for processor features,
//! after asking the processor whether it has them.

mod convolution;
mod pool;
mod product;
mod real;

pub(crate) use convolution::{Room, Windows};
pub(crate) use pool::Pooling;
pub(crate) use product::{Strided, add_product};
pub use real::Real;
pub(crate) use real::{log_sum_exp, maximum, sigmoid, softplus, squared_norm};
