//! Random numbers for one weight.

use alloc::vec::Vec;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

use super::Initializer;
use super::initializer::Scheme;
use super::variance::{pytorch_sides, rows};
use crate::kernel::{Real, dot};
use crate::layer::Layout;

impl Initializer {
    /// Fills one weight tensor. `fans` are the fans that its layer declares.
    pub(super) fn fill<T: Real>(
        &self,
        declared: [usize; 2],
        layout: Layout,
        shape: &[usize],
        weights: &mut [T],
        rng: &mut dyn Rng,
    ) {
        let [fan_in, fan_out] = self.fans(declared, layout, shape);
        let mut each = |draw: &mut dyn FnMut(&mut dyn Rng) -> f64| {
            weights.iter_mut().for_each(|w| *w = T::from_f64(draw(rng) * self.gain));
        };
        match self.scheme {
            Scheme::Uniform(variance) => {
                let bound = libm::sqrt(3.0 * variance.of(fan_in, fan_out)) * self.gain;
                weights.iter_mut().for_each(|w| *w = T::from_f64(bound * symmetric(rng)));
            }
            Scheme::Normal(variance) => {
                let deviation = libm::sqrt(variance.of(fan_in, fan_out)) * self.gain;
                weights.iter_mut().for_each(|w| *w = T::from_f64(deviation * normal(rng)));
            }
            Scheme::Truncated(variance) => {
                let deviation = libm::sqrt(variance.of(fan_in, fan_out)) / DEVIATION_WITHIN_TWO;
                each(&mut |rng| truncated(deviation, 2.0 * deviation, rng));
            }
            Scheme::UniformBetween { low, high } => {
                each(&mut |rng| low + (high - low) * rng.random::<f64>());
            }
            Scheme::NormalAround { mean, deviation } => each(&mut |rng| mean + deviation * normal(rng)),
            Scheme::Cut { deviation, bound } => each(&mut |rng| truncated(deviation, bound, rng)),
            Scheme::Sparse { zeros, deviation } => {
                each(&mut |rng| deviation * normal(rng));
                let inputs_first = !matches!(layout, Layout::OutputsFirst);
                set_some_zero(zeros, rows(layout, shape), inputs_first, weights, rng);
            }
            Scheme::Orthogonal => self.fill_orthogonal(rows(layout, shape), weights, rng),
            Scheme::Identity => self.fill_identity(declared, layout, shape, weights),
            Scheme::Constant(value) => weights.fill(T::from_f64(value * self.gain)),
        }
    }

    /// Sets the weights between each input and the output with the same index to the gain, in each group. In a
    /// convolution, only the center of the window is set.
    fn fill_identity<T: Real>(
        &self,
        [fan_in, fan_out]: [usize; 2],
        layout: Layout,
        shape: &[usize],
        weights: &mut [T],
    ) {
        weights.fill(T::zero());
        let [first, second, window] = pytorch_sides(layout, shape);
        let outputs_first = matches!(layout, Layout::OutputsFirst);
        // The second side belongs to one group, so its fan is the declared one. The fan of the first side gives the
        // number of groups.
        let fan_of_first = if second * window == fan_in { fan_out } else { fan_in };
        let groups = (first * window / fan_of_first).max(1);
        let windows = match shape {
            [_, _, windows @ ..] if outputs_first => windows,
            [windows @ .., _, _] => windows,
            _ => &[],
        };
        let center = windows.iter().fold(0, |center, side| center * side + side / 2);
        for at in 0..first {
            let channel = at % (first / groups).max(1);
            if channel < second {
                let place = if outputs_first {
                    (at * second + channel) * window + center
                } else {
                    (center * second + channel) * first + at
                };
                weights[place] = T::from_f64(self.gain);
            }
        }
    }

    fn fill_orthogonal<T: Real>(&self, rows: usize, weights: &mut [T], rng: &mut dyn Rng) {
        let columns = weights.len() / rows.max(1);
        let (long, short) = (rows.max(columns), rows.min(columns));
        if short == 0 {
            return;
        }
        // Column after column.
        let mut q: Vec<f64> = (0..long * short).map(|_| normal(rng)).collect();
        orthonormalize(&mut q, long);
        for (at, weight) in weights.iter_mut().enumerate() {
            let (row, column) = (at / columns, at % columns);
            let at = if rows >= columns { column * long + row } else { row * long + column };
            *weight = T::from_f64(self.gain * q[at]);
        }
    }
}

/// Makes columns of this length orthonormal. The result is Q of their QR decomposition, by the Gram-Schmidt method,
/// applied twice to each column ("twice is enough": Giraud et al. 2005). The diagonal of R is positive, which makes Q
/// uniformly distributed (Mezzadri 2007, section 5).
fn orthonormalize(columns: &mut [f64], len: usize) {
    for at in 0..columns.len() / len {
        let (before, column) = columns.split_at_mut(at * len);
        let column = &mut column[..len];
        for _ in 0..2 {
            for before in before.chunks_exact(len) {
                let projection = dot(before, column);
                column.iter_mut().zip(before).for_each(|(x, b)| *x -= projection * b);
            }
        }
        let norm = libm::sqrt(dot(column, column));
        column.iter_mut().for_each(|x| *x /= norm);
    }
}

pub(super) fn normal(rng: &mut dyn Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Draws uniformly between -1 and 1.
pub(super) fn symmetric(rng: &mut dyn Rng) -> f64 {
    2.0 * rng.random::<f64>() - 1.0
}

/// The standard deviation of a standard normal distribution that is truncated at ±2.
const DEVIATION_WITHIN_TWO: f64 = 0.879_625_661_034_239_8;

/// Draws from a normal distribution that is truncated at ±`bound`, by rejection. For a narrow bound most normal numbers
/// would be rejected. So there it draws uniform numbers, and accepts each with the probability of its density.
fn truncated(deviation: f64, bound: f64, rng: &mut dyn Rng) -> f64 {
    if bound >= deviation / 2.0 {
        loop {
            let x = deviation * normal(rng);
            if x.abs() > bound {
                continue;
            }
            return x;
        }
    }
    loop {
        let x = bound * symmetric(rng);
        let z = x / deviation;
        if rng.random::<f64>() > libm::exp(-0.5 * z * z) {
            continue;
        }
        return x; // also a NaN
    }
}

/// Sets a share of the weights of each input to 0, rounded up.
fn set_some_zero<T: Real>(share: f64, rows: usize, inputs_first: bool, weights: &mut [T], rng: &mut dyn Rng) {
    let columns = weights.len() / rows.max(1);
    let (inputs, outputs) = if inputs_first { (rows, columns) } else { (columns, rows) };
    let zeros = (libm::ceil(share * outputs as f64) as usize).min(outputs);
    let mut order: Vec<usize> = (0..outputs).collect();
    for input in 0..inputs {
        for at in 0..zeros {
            order.swap(at, rng.random_range(at..outputs));
            let output = order[at];
            let place = if inputs_first { input * outputs + output } else { output * inputs + input };
            weights[place] = T::zero();
        }
    }
}
