//! Perceptrons and residual blocks on plain slices: a batch is [sample][feature], weights [output][input]. Every buffer
//! is made once.

use std::hint::black_box;

use common::{Job, inputs, labels, layer, squares, targets};

use crate::kernels::rational_tanh;
use crate::products::{self, Product, rows};

struct Dense {
    inputs: usize,
    outputs: usize,
    /// Weights and biases.
    parameters: [Vec<f32>; 2],
    gradient: [Vec<f32>; 2],
    moments: [[Vec<f32>; 2]; 2],
}

impl Dense {
    fn new(k: usize, inputs: usize, outputs: usize) -> Dense {
        let (weights, biases) = layer(k, inputs, outputs);
        let zeros = [vec![0.0; weights.len()], vec![0.0; biases.len()]];
        let parameters = [weights, biases];
        Dense { inputs, outputs, parameters, gradient: zeros.clone(), moments: [zeros.clone(), zeros] }
    }

    /// z = x W' + b
    fn forward(&self, run: &Run, x: &[f32], z: &mut [f32]) {
        let [weights, biases] = &self.parameters;
        let batch = z.len() / self.outputs;
        z.chunks_exact_mut(self.outputs).for_each(|z| z.copy_from_slice(biases));
        let (x, w) = (rows(x, self.inputs), rows(weights, self.inputs).transpose());
        (run.product)([batch, self.inputs, self.outputs], x, w, true, z, run.threads);
    }

    /// dW = dz' x, db = dz summed over the batch, and dx = dz W where somebody wants it.
    fn backward(&mut self, run: &Run, x: &[f32], dz: &[f32], dx: Option<&mut [f32]>) {
        let [dw, db] = &mut self.gradient;
        let batch = dz.len() / self.outputs;
        db.fill(0.0);
        for dz in dz.chunks_exact(self.outputs) {
            db.iter_mut().zip(dz).for_each(|(db, dz)| *db += dz);
        }
        let dz = rows(dz, self.outputs);
        let x = rows(x, self.inputs);
        (run.product)([self.outputs, batch, self.inputs], dz.transpose(), x, false, dw, run.threads);
        if let Some(dx) = dx {
            let w = rows(&self.parameters[0], self.inputs);
            (run.product)([batch, self.outputs, self.inputs], dz, w, false, dx, run.threads);
        }
    }

    fn sgd(&mut self, rate: f32) {
        for (w, g) in self.parameters.iter_mut().zip(&self.gradient) {
            w.iter_mut().zip(g).for_each(|(w, g)| *w -= rate * g);
        }
    }

    fn adam(&mut self, rate: f32, step: i32) {
        let rate = rate / (1.0 - 0.9f32.powi(step));
        let share = 1.0 / (1.0 - 0.999f32.powi(step));
        let [means, squares] = &mut self.moments;
        for (((w, g), m), v) in self.parameters.iter_mut().zip(&self.gradient).zip(means).zip(squares) {
            for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *w -= rate * *m / ((*v * share).sqrt() + 1e-8);
            }
        }
    }
}

struct Run {
    product: Product,
    threads: usize,
}

/// An activation and its slope, which both know from what came out.
struct Activation(fn(&mut [f32]), fn(&mut [f32], &[f32]));

const RELU: Activation = Activation(
    |z| z.iter_mut().for_each(|z| *z = z.max(0.0)),
    |d, a| d.iter_mut().zip(a).for_each(|(d, a)| *d = if *a > 0.0 { *d } else { 0.0 }),
);
const TANH: Activation = Activation(
    |z| z.iter_mut().for_each(|z| *z = rational_tanh(*z)),
    |d, a| d.iter_mut().zip(a).for_each(|(d, a)| *d *= 1.0 - a * a),
);

pub fn run(job: &Job) {
    let run = Run { product: products::by(&job.variant), threads: job.threads };
    match job.workload.as_str() {
        "A1" | "A1io" => infer(job, &run, &[16, 64, 64, 4], TANH),
        "A2" | "A2io" => infer(job, &run, &[784, 128, 64, 10], RELU),
        "B32" | "B128" => train(job, &run, &[784, 128, 64, 10], RELU),
        "E" | "EA" => train(job, &run, &[1024, 1024, 1024, 10], RELU),
        "S" => train(job, &run, &[4, 32, 16, 4], TANH),
        _ => deep(job, &run),
    }
}

fn perceptron(widths: &[usize]) -> Vec<Dense> {
    widths.windows(2).enumerate().map(|(k, ends)| Dense::new(k, ends[0], ends[1])).collect()
}

fn forward(run: &Run, net: &[Dense], activations: &mut [Vec<f32>], activation: &Activation) {
    for (k, dense) in net.iter().enumerate() {
        let [x, z] = &mut activations[k..k + 2] else { unreachable!() };
        dense.forward(run, x, z);
        if k + 1 < net.len() {
            activation.0(z);
        }
    }
}

fn infer(job: &Job, run: &Run, widths: &[usize; 4], activation: Activation) {
    let net = perceptron(widths);
    let data = inputs(widths[0]);
    let mut activations = widths.map(|width| vec![0.0; width]);
    activations[0].copy_from_slice(&data);
    let mut out = vec![0.0; widths[3]];
    let mut step = || {
        if job.copies() {
            activations[0].copy_from_slice(black_box(&data));
        }
        forward(run, black_box(&net), black_box(&mut activations), &activation);
        out.copy_from_slice(&activations[3]);
        let out: *const [f32] = black_box(&*out);
        // SAFETY: `out` outlives the runs, and is read between them.
        unsafe { &*out }
    };
    job.infer(&mut step);
}

fn train(job: &Job, run: &Run, widths: &[usize; 4], activation: Activation) {
    let (batch, rate) = (job.batch(), job.learning_rate() as f32);
    let mut net = perceptron(widths);
    let mut activations = widths.map(|width| vec![0.0; batch * width]);
    activations[0] = inputs(batch * widths[0]);
    let mut gradients = activations.clone();
    let squares = if job.workload == "S" { squares(&activations[0]) } else { Vec::new() };
    let classes: Vec<usize> = labels(batch).collect();
    let mut steps = 0;
    job.train(|| {
        forward(run, &net, &mut activations, &activation);
        let (out, d) = (&activations[3], &mut gradients[3]);
        let loss =
            if job.workload == "S" { squared(out, &squares, d) } else { cross_entropy(out, &classes, d) };
        for k in (0..3).rev() {
            let [dx, dz] = &mut gradients[k..k + 2] else { unreachable!() };
            net[k].backward(run, &activations[k], dz, (k > 0).then_some(dx));
            if k > 0 {
                activation.1(dx, &activations[k]);
            }
        }
        steps += 1;
        net.iter_mut().for_each(|dense| match job.workload.as_str() {
            "E" => dense.sgd(rate),
            _ => dense.adam(rate, steps),
        });
        loss
    });
}

fn deep(job: &Job, run: &Run) {
    let count = 32 * 64;
    let mut net: Vec<Dense> = (0..100).map(|k| Dense::new(k, 64, 64)).collect();
    // What enters each block, and what comes out of its tanh.
    let (mut xs, mut hs) = (vec![vec![0.0; count]; 51], vec![vec![0.0; count]; 50]);
    xs[0] = inputs(count);
    let targets = targets(count);
    let [mut d, mut dh, mut dx] = [(); 3].map(|()| vec![0.0; count]);
    job.train(|| {
        for (block, pair) in net.chunks_exact(2).enumerate() {
            let [x, y] = &mut xs[block..block + 2] else { unreachable!() };
            let h = &mut hs[block];
            pair[0].forward(run, x, h);
            TANH.0(h);
            pair[1].forward(run, h, y);
            y.iter_mut().zip(x).for_each(|(y, x)| *y += *x);
        }
        let loss = squared(&xs[50], &targets, &mut d);
        for (block, pair) in net.chunks_exact_mut(2).enumerate().rev() {
            pair[1].backward(run, &hs[block], &d, Some(&mut dh));
            TANH.1(&mut dh, &hs[block]);
            pair[0].backward(run, &xs[block], &dh, Some(&mut dx));
            d.iter_mut().zip(&dx).for_each(|(d, dx)| *d += dx);
        }
        net.iter_mut().for_each(|dense| dense.sgd(job.learning_rate() as f32));
        loss
    });
}

fn squared(out: &[f32], targets: &[f32], gradient: &mut [f32]) -> f64 {
    let share = 2.0 / out.len() as f32;
    let mut sum = 0.0;
    for ((d, a), y) in gradient.iter_mut().zip(out).zip(targets) {
        sum += f64::from((a - y) * (a - y));
        *d = share * (a - y);
    }
    sum / out.len() as f64
}

fn cross_entropy(scores: &[f32], classes: &[usize], gradient: &mut [f32]) -> f64 {
    let share = 1.0 / classes.len() as f32;
    let mut sum = 0.0;
    for ((d, z), &class) in gradient.chunks_exact_mut(10).zip(scores.chunks_exact(10)).zip(classes) {
        let most = z.iter().copied().fold(f32::MIN, f32::max);
        d.iter_mut().zip(z).for_each(|(d, z)| *d = (z - most).exp());
        let total: f32 = d.iter().sum();
        sum += f64::from(total.ln() + most - z[class]);
        d.iter_mut().for_each(|d| *d *= share / total);
        d[class] -= share;
    }
    sum / classes.len() as f64
}
