//! Floor 1: the numbers, which are the crate `chainrule-kernel`.

pub(crate) use chainrule_kernel::{
    Accumulate, Elementwise, Initial, Kernel, Level, Pooling, Strided, Windows, all_finite, bias_gradient,
    convolve, convolve_transposed, dispatch, elementwise, exp_below_largest, exp_each, gemm, log_sum_exp,
    maximum, squared_norm, sum, weight_gradient,
};
pub use chainrule_kernel::{Real, exp, exp_m1, normal_cdf, normal_pdf, sigmoid, softplus, tanh};

// Names that the layers had before the kernel was a crate; they go when the last layer is rewritten.
pub(crate) use chainrule_kernel::{Initial as Start, gemm as product};

/// Computes `c += a b`.
pub(crate) fn add_product<T: Real>(
    a: Strided<'_, T>,
    b: Strided<'_, T>,
    c: &mut [T],
    inner: usize,
    columns: usize,
) {
    gemm(a, b, Initial::Output, c, inner, columns);
}

/// Computes the sum of rows that are as long as `sum`.
pub(crate) fn sum_rows<T: Real>(rows: &[T], sum: &mut [T]) {
    chainrule_kernel::sum_rows(rows, Accumulate::Overwrite, sum);
}
