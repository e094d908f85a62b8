//! Convolutions, transposed convolutions and their weight gradients, in three ways.
//!
//! * Interleaved (`interleave`, `correlate`, `weight_gradient`): as many samples as a vector has lanes are computed at
//!   once, each in its own lane. Every pixel is then a vector, so that any window, stride, padding and number of
//!   channels runs at full width. A pixel is copied once, however many windows contain it.
//! * Direct (`direct`, `direct_gradient`): one sample after the other, with places next to one another in the lanes, on
//!   a padded copy of a band of the image. This is used for the samples that do not fill a vector, and for images of
//!   which a vector of samples does not fit into the cache.
//! * `im2col`: the windows of one sample are laid out as a matrix for one product. This is used for windows of one
//!   pixel, which are a matrix product already, for the largest windows, and for the weight gradient of few places.
//!
//! The two convolutions of a LeNet-5 took two to four times as long by `im2col` as interleaved (batch 32, AVX2).

mod axis;
mod bands;
mod bias_gradient;
mod correlate;
mod direct;
mod direct_gradient;
mod direct_tile;
mod im2col;
mod interleave;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_windows;
mod tile;
#[cfg(test)]
mod trust;
mod weight_gradient;
mod windows;
mod workspace;

use super::gemm::{Accumulate, Gemm};
use super::simd::dispatch;
use super::{Real, size};
use bias_gradient::BiasGradient;
use correlate::Correlate;
use weight_gradient::WeightGradient;
pub use windows::{WindowPlaces, Windows};

/// Computes the convolution `outputs = bias + W * images` of a batch, sample after sample.
///
/// `weights` has a row for each channel of the output, with a number for each of the window's taps; without a `bias` it
/// is 0. The `workspace` holds at least [`Windows::workspace_len`] numbers. The call is faster if it starts at a
/// multiple of 64 bytes.
///
/// # Panics
/// When the slices do not fit the windows or one another, or the workspace is too short.
#[inline]
pub fn convolve<T: Real>(
    windows: &Windows,
    weights: &[T],
    bias: Option<&[T]>,
    images: &[T],
    outputs: &mut [T],
    workspace: &mut [T],
) {
    T::correlate(Correlate::new(windows, false, weights, bias, images, outputs, workspace));
}

/// Computes the transposed convolution `images = bias + Wᵀ * outputs` of a batch. Arguments and panics are as for
/// [`convolve`]; here the `bias` has a number for each channel of the image.
#[inline]
pub fn convolve_transposed<T: Real>(
    windows: &Windows,
    weights: &[T],
    bias: Option<&[T]>,
    outputs: &[T],
    images: &mut [T],
    workspace: &mut [T],
) {
    T::correlate(Correlate::new(windows, true, weights, bias, outputs, images, workspace));
}

/// Computes `dW = Σ output ⊗ image` over a batch: the gradient of `Σ output · (W * image)` with respect to `W`.
/// Arguments and panics are as for [`convolve`]; `gradient` has the shape of the weights.
#[inline]
pub fn weight_gradient<T: Real>(
    windows: &Windows,
    outputs: &[T],
    images: &[T],
    accumulate: Accumulate,
    gradient: &mut [T],
    workspace: &mut [T],
) {
    T::weight_gradient(WeightGradient::new(windows, outputs, images, accumulate, gradient, workspace));
}

/// Computes `db = Σ planes`, over all samples and all `places` of each channel: the gradient of a bias, which has a
/// number for each channel.
///
/// # Panics
/// When `planes` is not a whole number of samples, or one of the sizes is 0.
#[inline]
pub fn bias_gradient<T: Real>(planes: &[T], places: usize, accumulate: Accumulate, gradient: &mut [T]) {
    let sample = size::product([places, gradient.len()]);
    assert!(
        sample > 0 && planes.len().is_multiple_of(sample),
        "the planes are not a whole number of samples"
    );
    T::bias_gradient(BiasGradient { planes, places, accumulate, gradient });
}

/// A scalar with its convolutions: compiled in this crate once, not in every crate that has a network.
///
/// Only this crate can call its functions: other crates cannot create their arguments.
#[doc(hidden)]
pub trait Convolve: Gemm {
    #[doc(hidden)]
    fn correlate(call: Correlate<'_, Self>);
    #[doc(hidden)]
    fn weight_gradient(call: WeightGradient<'_, Self>);
    #[doc(hidden)]
    fn bias_gradient(call: BiasGradient<'_, Self>);
}

macro_rules! convolve {
    ($scalar:ident) => {
        impl Convolve for $scalar {
            fn correlate(mut call: Correlate<'_, Self>) {
                let done = dispatch(&mut call);
                call.im2col(done);
            }

            fn weight_gradient(mut call: WeightGradient<'_, Self>) {
                let done = dispatch(&mut call);
                call.im2col(done);
            }

            fn bias_gradient(call: BiasGradient<'_, Self>) {
                dispatch(call);
            }
        }
    };
}
convolve!(f32);
convolve!(f64);
