//! Floor 1: the kernels, re-exported from the crate `chainrule-kernel`.

pub(crate) use chainrule_kernel::all_within;
#[cfg(feature = "checkpoint")]
pub(crate) use chainrule_kernel::instructions;
pub(crate) use chainrule_kernel::{
    Accumulate, Elementwise, GateWeights, GeneralPooling, GruSaved, Initial, Kernel, Length, Level,
    LstmSaved, Pooling, PoolingAxis, PoolingWindows, Strided, WindowPlaces, Windows, all_finite,
    bias_gradient, convolve, convolve_transposed, dispatch, elementwise, exp_below_largest, exp_each, gemm,
    gemm_by_row, gemm_deep, gru_row, gru_step, gru_step_gradient, largest, log_sum_exp, lstm_row, lstm_step,
    lstm_step_gradient, maximum, norm, squared_norm, sum, sum_rows, weight_gradient,
};
pub use chainrule_kernel::{PORTABLE, Real, exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};
