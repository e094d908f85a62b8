//! A small network that can learn most tasks. It shows whether the task can be learned.

use alloc::vec::Vec;

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::course::{Course, MEASUREMENTS, Outcome};
use super::data::Rows;
use super::judge::{self, Judge};
use crate::kernel::dot;

/// The number of hidden units of the reference network.
pub(super) const HIDDEN: usize = 32;
/// Its learning rate: ten times Adam's default, since it has a single hidden layer and short trials.
const RATE: f64 = 0.01;
/// Larger reference networks would take longer than the training.
const MOST_WEIGHTS: usize = 100_000;

/// A layer of weights, with Adam's moments (Kingma, Ba 2015).
struct Weights {
    w: Vec<f64>,
    g: Vec<f64>,
    moments: [Vec<f64>; 2],
}

impl Weights {
    fn new(count: usize, deviation: f64, rng: &mut rand::rngs::ChaCha8Rng) -> Self {
        let normal = |rng: &mut _| -> f64 { StandardNormal.sample(rng) };
        let w = (0..count).map(|_| deviation * normal(rng)).collect();
        let zeros = || alloc::vec![0.0; count];
        Self { w, g: zeros(), moments: [zeros(), zeros()] }
    }

    fn step(&mut self, step: u64) {
        let [first, second] = [0.9f64, 0.999].map(|beta| 1.0 - beta.powi(step as i32 + 1));
        let [m, v] = &mut self.moments;
        for (((w, g), m), v) in self.w.iter_mut().zip(&self.g).zip(m).zip(v) {
            *m += 0.1 * (g - *m);
            *v += 0.001 * (g * g - *v);
            *w -= RATE * (*m / first) / ((*v / second).sqrt() + 1e-8);
        }
    }
}

/// y = shift + scale (V relu(W x + b) + c), or y = shift + scale (V x + c) without a hidden layer.
struct Reference {
    hidden: Option<[Weights; 2]>,
    output: [Weights; 2],
    inputs: usize,
    width: usize,
    shift: Vec<f64>,
    scale: Vec<f64>,
}

impl Reference {
    /// Computes the hidden units and the outputs of a sample.
    fn forward(&self, x: &[f64], units: &mut Vec<f64>, y: &mut [f64]) {
        units.clear();
        match &self.hidden {
            Some([w, b]) => {
                units.extend(w.w.chunks_exact(self.inputs).zip(&b.w).map(|(w, b)| (dot(w, x) + b).max(0.0)))
            }
            None => units.extend_from_slice(x),
        }
        let [v, c] = &self.output;
        for (at, (v, c)) in v.w.chunks_exact(self.width).zip(&c.w).enumerate() {
            y[at] = self.shift[at] + self.scale[at] * (dot(v, units) + c);
        }
    }

    /// Adds the gradient of a sample.
    fn backward(&mut self, x: &[f64], units: &[f64], dy: &[f64]) {
        let mut du = alloc::vec![0.0; self.width];
        let [v, c] = &mut self.output;
        for (at, dy) in dy.iter().enumerate() {
            let dy = dy * self.scale[at];
            c.g[at] += dy;
            let row = at * self.width..(at + 1) * self.width;
            add(&mut v.g[row.clone()], dy, units);
            add(&mut du, dy, &v.w[row]);
        }
        if let Some([w, b]) = &mut self.hidden {
            for (at, du) in du.iter().enumerate().filter(|(at, _)| units[*at] > 0.0) {
                b.g[at] += du;
                add(&mut w.g[at * self.inputs..(at + 1) * self.inputs], *du, x);
            }
        }
    }

    fn tensors(&mut self) -> impl Iterator<Item = &mut Weights> {
        self.hidden.iter_mut().flatten().chain(&mut self.output)
    }
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

/// Trains a reference network with this many hidden units (0: a linear one) on standardized inputs, with Adam, in
/// batches of at least 32. It starts from the best constant. `None` if the network would be too large, or the loss is
/// not defined for its outputs.
pub(super) fn train(
    judge: &dyn Judge,
    rows: &Rows,
    hidden: usize,
    constant: &[f64],
    scale: &[f64],
    course: &Course<'_>,
) -> Option<Outcome> {
    let (inputs, outputs) = (rows.len, judge.len());
    let width = if hidden == 0 { inputs } else { hidden };
    if (inputs + outputs) * width > MOST_WEIGHTS {
        return None;
    }
    let (means, deviations) = rows.moments(course.train);
    let standard = |sample: usize| -> Vec<f64> {
        let columns = rows.row(sample).iter().zip(&means).zip(&deviations);
        columns
            .map(|((x, mean), deviation)| (x - mean) / deviation.max(1e-6 * mean.abs()).max(1e-30))
            .collect()
    };
    let all: Vec<Vec<f64>> = (0..course.held_out.end.max(course.train)).map(standard).collect();
    let rng = &mut crate::random::rng(course.seed + 7);
    let layer = |count, deviation, rng: &mut _| {
        [Weights::new(count * width, deviation, rng), Weights::new(count, 0.0, rng)]
    };
    let hidden = (hidden > 0).then(|| {
        let deviation = (2.0 / inputs as f64).sqrt(); // He et al. 2015, eq. 10
        [Weights::new(hidden * inputs, deviation, rng), Weights::new(hidden, 0.0, rng)]
    });
    let output = layer(outputs, 0.0, rng);
    let (shift, scale) = (constant.to_vec(), scale.to_vec());
    let mut network = Reference { hidden, output, inputs, width, shift, scale };
    let mut outcome = Outcome::default();
    let (mut units, mut y) = (Vec::new(), alloc::vec![0.0; outputs]);
    let mut loss_of = |network: &Reference, range: core::ops::Range<usize>| {
        let places: Vec<usize> = range.collect();
        let mut all_outputs = Vec::with_capacity(places.len() * outputs);
        for &at in &places {
            network.forward(&all[at], &mut units, &mut y);
            all_outputs.extend_from_slice(&y);
        }
        let mut gradient = alloc::vec![0.0; all_outputs.len()];
        judge::mean(judge, &places, &all_outputs, &mut gradient)
    };
    outcome.measured.push(loss_of(&network, course.measured.clone()));
    let every = (course.steps / MEASUREMENTS).max(1);
    let batch = course.batch.clamp(32, 64).min(course.train);
    let (mut hidden_units, mut dy) = (Vec::new(), alloc::vec![0.0; outputs]);
    let mut y = alloc::vec![0.0; outputs];
    for step in 0..course.steps {
        network.tensors().for_each(|weights| weights.g.fill(0.0));
        for _ in 0..batch {
            let sample = rng.random_range(0..course.train);
            network.forward(&all[sample], &mut hidden_units, &mut y);
            judge.one(sample, &y, &mut dy)?;
            dy.iter_mut().for_each(|dy| *dy /= batch as f64);
            network.backward(&all[sample], &hidden_units, &dy);
        }
        network.tensors().for_each(|weights| weights.step(step));
        if (step + 1) % every == 0 {
            outcome.measured.push(loss_of(&network, course.measured.clone()));
            if !course.held_out.is_empty() {
                outcome.held_out.push(loss_of(&network, course.held_out.clone()));
            }
        }
    }
    outcome.steps = course.steps;
    outcome.passes = course.steps;
    Some(outcome)
}
