//! Convolutions: linear maps that look at windows, with the same weights at every place.

mod conv2d;

use crate::kernel::{Real, Windows};
use crate::tensor::Buffer;

pub use conv2d::Conv2d;

/// Room for the windows of one image, and for their gradient.
#[derive(Debug)]
pub struct PatchTape<T> {
    patches: Buffer<T>,
    grads: Buffer<T>,
}

impl<T> Default for PatchTape<T> {
    fn default() -> Self {
        Self { patches: Buffer::default(), grads: Buffer::default() }
    }
}

/// One image through a convolution; `output` holds the bias already.
fn forward<T: Real>(
    windows: &Windows,
    weights: &[T],
    image: &[T],
    output: &mut [T],
    tape: &mut PatchTape<T>,
) {
    let patches = tape.patches.take(windows.taps() * windows.places());
    windows.gather(image, patches);
    windows.add_outputs(weights, patches, output);
}

/// The gradients of one image's convolution: added to those of the weights, written to that of the image.
fn backward<T: Real>(
    windows: &Windows,
    weights: &[T],
    image: &[T],
    output_grad: &[T],
    image_grad: Option<&mut [T]>,
    gradient: &mut [T],
    tape: &mut PatchTape<T>,
) {
    let len = windows.taps() * windows.places();
    let patches = tape.patches.take(len);
    windows.gather(image, patches);
    windows.add_weight_gradient(output_grad, patches, gradient);
    if let Some(image_grad) = image_grad {
        let grads = tape.grads.take(len);
        windows.patches_gradient(weights, output_grad, grads);
        image_grad.fill(T::zero());
        windows.scatter(grads, image_grad);
    }
}

/// Every channel of an output starts at its bias, or at zero.
fn fill_bias<T: Real>(output: &mut [T], bias: Option<&[T]>, channels: usize) {
    let places = output.len() / channels;
    for (channel, output) in output.chunks_exact_mut(places).enumerate() {
        output.fill(bias.map_or(T::zero(), |bias| bias[channel]));
    }
}

/// The gradient of a bias is the sum over all places of its channel.
fn add_bias_gradient<T: Real>(output_grad: &[T], gradient: Option<&mut [T]>) {
    let Some(gradient) = gradient else { return };
    let places = output_grad.len() / gradient.len();
    for (gradient, output_grad) in gradient.iter_mut().zip(output_grad.chunks_exact(places)) {
        *gradient += output_grad.iter().fold(T::zero(), |sum, &g| sum + g);
    }
}
