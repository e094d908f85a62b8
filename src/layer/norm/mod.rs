//! Normalization to mean 0 and variance 1, followed by a trained gain and bias.
//!
//! | layer | numbers normalized together | depends on the batch |
//! |---|---|---|
//! | [`BatchNorm`] | a feature or channel, over all samples of a batch and all places | mean and variance in training mode, nothing in evaluation mode |
//! | [`LayerNorm`] | a sample, or each step of a sequence | nothing |
//! | [`RmsNorm`] | the same, without subtracting the mean | nothing |
//! | [`GroupNorm`] | a group of the channels or features of a sample | nothing |
//! | [`InstanceNorm`] | a channel of an image, or a feature of a sequence over all steps | nothing |
//! | [`LocalResponseNorm`] | the same place in neighboring channels | nothing |
//!
//! ε, the momentum and the trained parameters are settings in the type: [`Epsilon`], [`Momentum`], [`AffineOf`]. The
//! defaults are those of PyTorch. A file of this crate contains ε and the momentum. It does not load into a network
//! with other values.
//!
//! Each number is normalized in `f64` and rounded once. A small variance around a large mean is therefore not lost.

mod batch_norm;
mod group_norm;
mod groups_at;
mod layer_norm;
mod local_response;
mod rms_norm;
mod settings;

use core::iter::once;

use bytemuck::{Pod, Zeroable};

use crate::kernel::Real;
use crate::layer::Space;

pub use batch_norm::BatchNorm;
pub use group_norm::{GroupNorm, InstanceNorm};
pub use layer_norm::LayerNorm;
pub use local_response::{Alpha, Beta, LocalResponseNorm, Offset, ResponseSettings};
pub use rms_norm::RmsNorm;
pub(super) use settings::Rest;
pub use settings::{
    AffineOf, Epsilon, GainAndBias, MachineEpsilon, Momentum, NoAffine, NoGain, NormSettings,
};

/// The mean and factor that normalize the numbers of one sample, step or group: x̂ = (x - mean) * factor.
#[derive(Clone, Copy, Debug, Zeroable, Pod)]
#[repr(C)]
pub(super) struct Normal {
    mean: f64,
    factor: f64,
}

impl Normal {
    /// Normalizes to mean 0 and variance 1. The mean is computed first, because the mean of the squares minus the
    /// square of the mean would lose precision by cancellation.
    fn of<T: Real>(xs: &[T], epsilon: f64) -> Self {
        Self::of_parts(once(xs), epsilon)
    }

    /// Normalizes several slices together.
    fn of_parts<'a, T: Real>(parts: impl Iterator<Item = &'a [T]> + Clone, epsilon: f64) -> Self {
        let [sum, count] = sums_of(parts.clone(), |x| x);
        Self::around_parts(sum / count, parts, epsilon)
    }

    /// Normalizes to mean square 1 around this mean.
    fn around<T: Real>(mean: f64, xs: &[T], epsilon: f64) -> Self {
        Self::around_parts(mean, once(xs), epsilon)
    }

    /// The same as [`around`](Self::around), for several slices together.
    fn around_parts<'a, T: Real>(
        mean: f64,
        parts: impl Iterator<Item = &'a [T]> + Clone,
        epsilon: f64,
    ) -> Self {
        let [squares, count] = sums_of(parts.clone(), |x| (x - mean) * (x - mean));
        if squares.is_finite() {
            return Self { mean, factor: factor(squares / count, epsilon) };
        }
        // The squares overflow, and ε is negligible compared with them.
        let distances = parts.clone().flatten().map(|x| (x.to_f64() - mean).abs());
        let largest = distances.fold(0.0, f64::max);
        let [squares, count] = sums_of(parts, |x| (x - mean) / largest * ((x - mean) / largest));
        Self { mean, factor: factor(squares / count, 0.0) / largest }
    }

    /// Returns x̂.
    #[inline(always)]
    fn apply(self, x: f64) -> f64 {
        (x - self.mean) * self.factor
    }

    /// Computes y = γ x̂ + β. Leaves out γ or β if there is none.
    fn normalize<T: Real>(self, xs: &[T], gain: Option<&[T]>, bias: Option<&[T]>, ys: &mut [T]) {
        let numbers = ys.iter_mut().zip(xs);
        match (gain, bias) {
            (Some(gain), Some(bias)) => {
                for ((y, x), (gain, bias)) in numbers.zip(gain.iter().zip(bias)) {
                    *y = T::from_f64(gain.to_f64() * self.apply(x.to_f64()) + bias.to_f64());
                }
            }
            (Some(gain), None) => {
                for ((y, x), gain) in numbers.zip(gain) {
                    *y = T::from_f64(gain.to_f64() * self.apply(x.to_f64()));
                }
            }
            (None, _) => numbers.for_each(|(y, x)| *y = T::from_f64(self.apply(x.to_f64()))),
        }
    }

    /// Computes dx = r (g - mean g - x̂ mean g x̂) for g = γ dy. Without `centered`, the mean was not subtracted from
    /// x, and mean g is left out.
    fn differentiate<T: Real>(self, [x, dy]: [&[T]; 2], gain: Option<&[T]>, centered: bool, dx: &mut [T]) {
        let count = x.len() as f64;
        let is_some = gain.is_some();
        let gain = gain.unwrap_or(dy); // has the same length, and is not read
        let g = |gain: f64, dy: f64| if is_some { gain * dy } else { dy };
        let [plain, along] = sums([gain, dy, x], |[gain, dy, x]| {
            let g = g(gain, dy);
            [g, g * self.apply(x)]
        });
        let [plain, along] = [if centered { plain / count } else { 0.0 }, along / count];
        for ((dx, x), (gain, dy)) in dx.iter_mut().zip(x).zip(gain.iter().zip(dy)) {
            let across = g(gain.to_f64(), dy.to_f64()) - plain - self.apply(x.to_f64()) * along;
            *dx = T::from_f64(self.factor * across);
        }
    }
}

/// Returns number `at` of a gain, or 1 if there is none.
#[inline(always)]
fn gain_at<T: Real>(gain: Option<&[T]>, at: usize) -> f64 {
    gain.map_or(1.0, |gain| gain[at].to_f64())
}

/// Returns number `at` of a bias, or 0 if there is none.
#[inline(always)]
fn bias_at<T: Real>(bias: Option<&[T]>, at: usize) -> f64 {
    bias.map_or(0.0, |bias| bias[at].to_f64())
}

/// Adds to number `at` of a gradient, if there is one.
#[inline(always)]
fn add_at<T: Real>(gradient: Option<&mut [T]>, at: usize, term: f64) {
    if let Some(gradient) = gradient {
        gradient[at] += T::from_f64(term);
    }
}

/// Computes 1 / √(variance + ε).
fn factor(variance: f64, epsilon: f64) -> f64 {
    1.0 / libm::sqrt(variance + epsilon)
}

/// Computes the sum of a term over several slices, and how many numbers the slices have.
#[inline(always)]
fn sums_of<'a, T: Real>(parts: impl Iterator<Item = &'a [T]>, term: impl Fn(f64) -> f64) -> [f64; 2] {
    let (mut total, mut count) = (0.0, 0);
    for part in parts {
        let [sum] = sums([part], |[x]| [term(x)]);
        total += sum;
        count += part.len();
    }
    [total, count as f64]
}

/// Computes the sums of `N` terms over slices of equal length, in `f64`.
///
/// Eight sums run in parallel, because a single sum would wait for each of its additions.
#[inline(always)]
fn sums<T: Real, const K: usize, const N: usize>(
    slices: [&[T]; K],
    terms: impl Fn([f64; K]) -> [f64; N],
) -> [f64; N] {
    const LANES: usize = 8;
    let mut lanes = [[0.0; LANES]; N];
    let split = slices.map(<[T]>::as_chunks::<LANES>);
    for chunk in 0..split[0].0.len() {
        let chunks = split.map(|(chunks, _)| chunks[chunk]);
        for lane in 0..LANES {
            let terms = terms(core::array::from_fn(|k| chunks[k][lane].to_f64()));
            for n in 0..N {
                lanes[n][lane] += terms[n];
            }
        }
    }
    let mut totals = lanes.map(|lanes| lanes.iter().sum());
    for at in 0..split[0].1.len() {
        let terms = terms(core::array::from_fn(|k| split[k].1[at].to_f64()));
        for n in 0..N {
            totals[n] += terms[n];
        }
    }
    totals
}

/// Returns the scratch memory of `slices` x `len` sums over a batch. They are in `f64`, so that rounding errors do not
/// grow with the batch.
const fn sums_space(slices: usize, len: usize) -> Space {
    let (mut space, mut at) = (Space::NONE, 0);
    while at < slices {
        space = space.and(Space::per_batch::<f64>(len));
        at += 1;
    }
    space
}

/// Adds sums over a batch to a gradient.
fn add_sums<T: Real>(sums: &[f64], gradient: Option<&mut [T]>) {
    gradient.into_iter().flatten().zip(sums).for_each(|(gradient, sum)| *gradient += T::from_f64(*sum));
}

/// Returns how many `P` an `X` consists of. The result is 0 if they are empty, which `Plan::check` does not accept.
pub(super) const fn parts<X, P>() -> usize {
    match size_of::<X>().checked_div(size_of::<P>()) {
        Some(parts) => parts,
        None => 0,
    }
}

/// Implements [`Layer<$input>`](crate::layer::Layer) for a norm that takes `$part`, where `$input` consists of one or
/// more `$part`s.
macro_rules! part_by_part {
    ([$($generics:tt)*] $norm:ty: $input:ty, as $part:ty) => {
        impl<$($generics)*> $crate::layer::Layer<$input> for $norm {
            type Output = $input;
            const PLAN: $crate::layer::Plan = {
                let part = <Self as $crate::layer::Layer<$part>>::PLAN;
                $crate::layer::Plan::leaf::<$input, Self>()
                    .effect(part.effect)
                    .onnx_of(&part)
                    .saves(part.saved.for_parts($crate::layer::norm::parts::<$input, $part>()))
                    .backward_scratch(part.backward_scratch)
            };

            fn forward(
                &self,
                input: &[$input],
                output: &mut [$input],
                workspace: $crate::layer::WorkspaceMut<'_>,
                mode: &mut $crate::layer::Mode<'_>,
            ) {
                use bytemuck::{must_cast_slice, must_cast_slice_mut};
                $crate::layer::Layer::<$part>::forward(
                    self, must_cast_slice(input), must_cast_slice_mut(output), workspace, mode,
                );
            }

            fn backward(&self, pass: $crate::layer::Backward<'_, $input, Self>) {
                use bytemuck::{must_cast_slice, must_cast_slice_mut};
                $crate::layer::Layer::<$part>::backward(self, $crate::layer::Backward {
                    input: must_cast_slice(pass.input),
                    output: must_cast_slice(pass.output),
                    output_grad: must_cast_slice(pass.output_grad),
                    input_grad: pass.input_grad.map(|input_grad| must_cast_slice_mut(input_grad)),
                    gradient: pass.gradient,
                    workspace: pass.workspace,
                    accumulate: pass.accumulate,
                });
            }
        }
    };
}
use part_by_part;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_take_in_every_number_around_the_edges_of_the_lanes() {
        for len in [0, 1, 7, 8, 9, 15, 16, 17, 31] {
            let xs: Vec<f32> = (1..=len).map(|x| x as f32).collect();
            let n = f64::from(len);
            // Sums of small integers are exact in any order.
            let closed_form = [n * (n + 1.0) / 2.0, n * (n + 1.0) * (2.0 * n + 1.0) / 6.0];
            assert_eq!(sums([&xs, &xs], |[a, b]| [a, a * b]), closed_form);
        }
    }
}
