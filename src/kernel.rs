// Tier 1.
//! The kernels, re-exported from the crate `chainrule-kernel`.

pub(crate) use chainrule_kernel::all_within;
pub(crate) use chainrule_kernel::elementary;
#[cfg(feature = "checkpoint")]
pub(crate) use chainrule_kernel::instructions;
pub(crate) use chainrule_kernel::simd::Portable;
pub(crate) use chainrule_kernel::{
    Accumulate, Elementwise, GateWeights, GeneralPooling, GruSaved, Initial, Kernel, Length, Level,
    LstmSaved, Pooling, PoolingAxis, PoolingWindows, Strided, WindowPlaces, Windows, all_finite,
    bias_gradient, convolve, convolve_transposed, dispatch, elementwise, exp_below_largest, exp_each, gemm,
    gemm_deep, gemm_rows_alike, gru_row, gru_step, gru_step_gradient, largest, log_sum_exp, lstm_row,
    lstm_step, lstm_step_gradient, maximum, norm, squared_norm, sum, sum_rows, weight_gradient,
};
pub(crate) use chainrule_kernel::{
    Attention, AttentionSaved, AttentionStep, Reach, Rows as AttentionRows, attention, attention_gradient,
    attention_step,
};
pub use chainrule_kernel::{PORTABLE, Real, exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};

/// Computes the dot product, with several partial sums, which the compiler vectorizes.
#[cfg(feature = "alloc")]
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}
