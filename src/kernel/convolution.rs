//! Convolution as a matrix product.
//!
//! The windows of an image are laid out as a matrix, `patches`, with a row for each place in a window (channel, row, column) and
//! a column for each place of the output: a convolution is then one product of it, and so are its two gradients. A row of
//! `patches` is the image shifted by that place, so it is mostly copied whole.

use super::{Real, Strided, add_product};

/// How windows lie on an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// The window's side.
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) out_height: usize,
    pub(crate) out_width: usize,
}

impl Windows {
    /// How many numbers of the image a window covers.
    pub(crate) const fn taps(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// How many places a window has on the image.
    pub(crate) const fn places(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Calls `f` for each run of output places whose tap `(channel, ky, kx)` lies on the image: the row of patches, the
    /// first place, the first pixel, and how many. Places whose tap lies on the padding are left out.
    fn runs(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        for channel in 0..self.channels {
            for ky in 0..self.kernel {
                for kx in 0..self.kernel {
                    let tap = (channel * self.kernel + ky) * self.kernel + kx;
                    let Some((first, last)) = self.on_image(kx, self.width, self.out_width) else { continue };
                    for oy in 0..self.out_height {
                        let y = oy * self.stride + ky;
                        if y < self.padding || y - self.padding >= self.height {
                            continue;
                        }
                        let row = (channel * self.height + y - self.padding) * self.width;
                        let pixel = row + first * self.stride + kx - self.padding;
                        f(tap, oy * self.out_width + first, pixel, last - first);
                    }
                }
            }
        }
    }

    /// The output places, first and one past the last, whose tap `k` lies within a side rather than on its padding.
    fn on_image(&self, k: usize, side: usize, out: usize) -> Option<(usize, usize)> {
        let first = self.padding.saturating_sub(k).div_ceil(self.stride);
        let last = (side + self.padding).checked_sub(k + 1)? / self.stride + 1;
        let last = last.min(out);
        (first < last).then_some((first, last))
    }

    /// Lays the windows of one image out as columns.
    pub(crate) fn gather<T: Real>(&self, image: &[T], patches: &mut [T]) {
        let places = self.places();
        if self.padding > 0 {
            patches.fill(T::zero());
        }
        self.runs(|tap, place, pixel, count| {
            let patches = &mut patches[tap * places + place..][..count];
            if self.stride == 1 {
                patches.copy_from_slice(&image[pixel..][..count]);
            } else {
                let pixels = image[pixel..].iter().step_by(self.stride);
                patches.iter_mut().zip(pixels).for_each(|(patch, &pixel)| *patch = pixel);
            }
        });
    }

    /// Adds the columns back onto one image, each number to the pixel it came from.
    pub(crate) fn scatter<T: Real>(&self, patches: &[T], image: &mut [T]) {
        let places = self.places();
        self.runs(|tap, place, pixel, count| {
            let patches = &patches[tap * places + place..][..count];
            let pixels = image[pixel..].iter_mut().step_by(self.stride);
            pixels.zip(patches).for_each(|(pixel, &patch)| *pixel += patch);
        });
    }

    /// `output += W patches`, with `W` of a row for each output channel.
    pub(crate) fn add_outputs<T: Real>(&self, weights: &[T], patches: &[T], output: &mut [T]) {
        let (weights, patches) = (Strided::rows(weights, self.taps()), Strided::rows(patches, self.places()));
        add_product(weights, patches, output, self.taps(), self.places());
    }

    /// `dW += dY patchesᵀ`.
    pub(crate) fn add_weight_gradient<T: Real>(&self, output_grad: &[T], patches: &[T], gradient: &mut [T]) {
        let output_grad = Strided::rows(output_grad, self.places());
        add_product(
            output_grad,
            Strided::transposed(patches, self.places()),
            gradient,
            self.places(),
            self.taps(),
        );
    }

    /// `patches_grad = Wᵀ dY`.
    pub(crate) fn patches_gradient<T: Real>(&self, weights: &[T], output_grad: &[T], patches_grad: &mut [T]) {
        let channels = output_grad.len() / self.places();
        patches_grad.fill(T::zero());
        let weights = Strided::transposed(weights, self.taps());
        add_product(
            weights,
            Strided::rows(output_grad, self.places()),
            patches_grad,
            channels,
            self.places(),
        );
    }
}
