//! Random changes of images, for [`Loader::augment`](super::Loader::augment) and `Fit::augment`.
//!
//! ```
//! use chainrule::data::{Dataset, Loader, augment};
//! use chainrule::prelude::*;
//!
//! let data = Dataset::new(vec![Image::<3, 8, 8>([[[0.5; 8]; 8]; 3]); 4], Label::<4>::all().collect())?;
//! let (mut flip, mut shift) = (augment::flip(0.5), augment::shift(2));
//! let mut loader = Loader::new(&data, 2)?.augment(|image, rng| {
//!     flip(image, rng);
//!     shift(image, rng);
//! });
//! assert_eq!(loader.next(&mut rng(1))?.unwrap().0.len(), 2);
//! # Ok::<(), chainrule::data::DataError>(())
//! ```

use rand::{Rng, RngExt};

use crate::kernel::Real;
use crate::tensor::Image;

/// Mirrors an image left to right with this probability (limited to 0..1).
#[doc(alias = "RandomHorizontalFlip")]
pub fn flip<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>(
    probability: f64,
) -> impl FnMut(&mut Image<CHANNELS, HEIGHT, WIDTH, T>, &mut dyn Rng) {
    let probability = if probability.is_nan() { 0.0 } else { probability.clamp(0.0, 1.0) };
    move |image, rng| {
        if rng.random_bool(probability) {
            image.0.as_flattened_mut().iter_mut().for_each(|row| row.reverse());
        }
    }
}

/// Shifts an image by a random number of pixels, vertically and horizontally: from `-most` to `most`, each with the
/// same probability. The pixels that enter at the edges are 0. This is a random crop after padding with `most` zeros on
/// each side.
#[doc(alias = "RandomCrop")]
pub fn shift<const CHANNELS: usize, const HEIGHT: usize, const WIDTH: usize, T: Real>(
    most: usize,
) -> impl FnMut(&mut Image<CHANNELS, HEIGHT, WIDTH, T>, &mut dyn Rng) {
    move |image, rng| {
        let down = rng.random_range(0..=2 * most);
        let right = rng.random_range(0..=2 * most);
        for channel in &mut image.0 {
            let pixels = channel.as_flattened_mut();
            shift_slice(pixels, down.abs_diff(most).saturating_mul(WIDTH), down >= most);
            channel.iter_mut().for_each(|row| shift_slice(row, right.abs_diff(most), right >= most));
        }
    }
}

/// Moves all numbers by `by` places, toward the end or the beginning, and fills the other side with zeros.
fn shift_slice<T: Real>(numbers: &mut [T], by: usize, to_the_end: bool) {
    let length = numbers.len();
    let by = by.min(length);
    if to_the_end {
        numbers.copy_within(..length - by, by);
        numbers[..by].fill(T::default());
    } else {
        numbers.copy_within(by.., 0);
        numbers[length - by..].fill(T::default());
    }
}
