//! The kernels of `chainrule`: matrix products, convolutions, poolings, attention, elementary functions, and the same
//! for 8-bit integers ([`int8`]). All functions work on slices.
//!
//! This crate does not depend on layers or networks. It chooses the instructions at run time ([`simd`]), so that a
//! plain `cargo build --release` is fast on every processor.
//!
//! # Safety
//! Every function that is not marked `unsafe` checks its arguments, in release as in debug: it panics when a slice is
//! too short or when a size overflows. It trusts only the lengths of slices. The `unsafe` code does two things:
//! it calls functions that are compiled for processor features, after a [`Level`] has shown that the processor has
//! them; and it reads and writes vectors of numbers without a check for each, after the sizes of the whole operation
//! are checked.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(test)]
extern crate alloc;

mod attention;
mod convolution;
pub mod elementary;
mod elementwise;
mod gemm;
pub mod int8;
mod pool;
mod real;
mod recurrent;
pub mod simd;
mod size;
mod softmax;

pub use attention::{
    Attention, AttentionSaved, AttentionStep, Reach, Rows, attention, attention_gradient, attention_step,
};
pub use convolution::{WindowPlaces, Windows, bias_gradient, convolve, convolve_transposed, weight_gradient};
pub use elementary::alone::{exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};
pub use elementwise::{Elementwise, all_finite, all_within, elementwise, sum_rows};
pub use gemm::{Accumulate, Initial, Strided, gemm, gemm_deep, gemm_rows_alike};
pub use pool::{GeneralPooling, Pooling, PoolingAxis, PoolingWindows};
pub use real::{Length, Real, largest, norm, squared_norm};
pub use recurrent::{
    GateWeights, GruSaved, LstmSaved, gru_row, gru_step, gru_step_gradient, lstm_row, lstm_step,
    lstm_step_gradient,
};
pub use simd::{Kernel, Level, dispatch, instructions};
pub use softmax::{exp_below_largest, exp_each, log_sum_exp, maximum, sum};

/// Whether this was compiled with `--cfg chainrule_portable`: the bits of all results are the same on every processor.
pub const PORTABLE: bool = cfg!(chainrule_portable);
