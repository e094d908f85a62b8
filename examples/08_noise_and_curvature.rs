//! Two numbers that a training runs into: the batch size from which larger batches hardly help, and the learning rate from
//! which gradient descent diverges. Both are measured while networks learn the digits.
//!
//! ```text
//! $ cargo run --release --features plot --example 08_noise_and_curvature
//! ```
//! Prints the noise of the gradient early and late, layer by layer; the noise scale at some steps, over three seeds; and
//! the curvature in full-batch gradient descent with three learning rates.
//!
//! # What to expect
//! * The noise scale grows in training: the gradient shrinks faster than its noise (McCandlish, Kaplan, Amodei, "An
//!   empirical model of large-batch training", 2018, section 4).
//! * In full-batch gradient descent the largest eigenvalue λ of the Hessian rises until 2/λ is the learning rate, and
//!   stays there, while the loss goes on falling: the edge of stability (Cohen, Kaur, Li, Kolter, Talwalkar, ICLR 2021).
//!   A quadratic loss would diverge.

#[path = "support/deep.rs"]
#[allow(dead_code)]
mod deep;
#[path = "support/digits.rs"]
mod digits;

use std::error::Error;

use chainrule::flow::{CurvatureOptions, NoiseOptions};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

type Classifier = (Linear<64, 64>, Tanh, Linear<64, 32>, Tanh, Linear<32, 10>);
type Small = (Linear<64, 24>, Tanh, Linear<24, 24>, Tanh, Linear<24, 10>);

const SEEDS: [u64; 3] = [1, 2, 3];
/// The steps at which the noise is measured.
const NOISE_AT: [usize; 6] = [0, 10, 50, 200, 800, 3200];
const BATCH: usize = 32;

/// The learning rates of gradient descent, the number of its steps, and how often the curvature is measured.
const RATES: [f64; 3] = [1.0, 2.0, 4.0];
const STEPS: usize = 1200;
const EVERY: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = digits::train()?;
    let noise = noise(&digits)?;
    let curvature = curvature(&digits)?;
    deep::save(&Picture::beside([noise, curvature]), "08_noise_and_curvature")?;
    Ok(())
}

/// Trains with small batches, and measures the noise scale.
fn noise(digits: &[digits::Digit]) -> Result<Picture, Box<dyn Error>> {
    let (images, labels): (Vec<_>, Vec<_>) = digits.iter().copied().unzip();
    let options = NoiseOptions { pieces: 128, ..NoiseOptions::default() };
    let mut scales = vec![Vec::new(); NOISE_AT.len()];
    for seed in SEEDS {
        let net = Classifier::init(&mut rng(seed));
        let mut trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.2), seed);
        let (random, mut step) = (&mut rng(seed), 0);
        for (at, scales) in NOISE_AT.into_iter().zip(&mut scales) {
            while step < at {
                let batch: [usize; BATCH] = std::array::from_fn(|_| random.random_range(0..digits.len()));
                trainer.step(&batch.map(|at| images[at]), &batch.map(|at| labels[at]))?;
                step += 1;
            }
            let noise = trainer.network.gradient_noise_with(&trainer.loss, &images, &labels, options)?;
            scales.push(noise.network.noise_scale.ok_or("the gradient has no signal")?);
            if seed == SEEDS[0] && [10, 3200].contains(&at) {
                println!("after {at} steps\n{noise}\n");
            }
        }
    }
    println!("noise scale of {} seeds, batches of {BATCH}", SEEDS.len());
    let mut lines = Lines::new("The noise scale grows").x("training step").y("samples").log_y();
    for (step, scales) in NOISE_AT.iter().zip(&scales) {
        let [least, most] = range(scales);
        println!("  step {step:>5}: {least:.0} to {most:.0} samples");
    }
    for (at, seed) in SEEDS.iter().enumerate() {
        let points = NOISE_AT.iter().zip(&scales).map(|(step, scales)| (*step as f64, scales[at]));
        lines = lines.line(format!("seed {seed}"), points);
    }
    let [[_, early], [late, _]] = [range(&scales[1]), range(&scales[NOISE_AT.len() - 1])];
    if late < 3.0 * early {
        return Err(format!("the noise scale should grow, and went from {early} to {late}").into());
    }
    Ok(lines.picture()?)
}

/// Runs gradient descent on all of 200 digits, and measures the largest eigenvalue of the Hessian.
fn curvature(digits: &[digits::Digit]) -> Result<Picture, Box<dyn Error>> {
    let one_hot = |label: Label<10>| Vector::<10>(std::array::from_fn(|at| f32::from(u8::from(at == label.index()))));
    let (mut images, targets): (Vec<_>, Vec<_>) =
        digits[..200].iter().map(|&(image, label)| (image, one_hot(label))).unzip();
    for pixel in 0..64 {
        let mean = images.iter().map(|image| image[pixel]).sum::<f32>() / images.len() as f32;
        images.iter_mut().for_each(|image| image[pixel] -= mean);
    }
    let options = CurvatureOptions { iterations: 20, tolerance: 0.01, probes: 0 };
    let mut lines = Lines::new("Gradient descent goes to the edge of stability").x("step").y("largest eigenvalue λ");
    println!("\ngradient descent on 200 digits, mean squared error");
    for rate in RATES {
        let mut trainer = Trainer::new(Small::init(&mut rng(1)), MeanSquaredError, Sgd::new(rate), 1);
        let (mut points, mut passes, mut losses) = (Vec::new(), 0, Vec::new());
        for step in 0..=STEPS {
            if step % EVERY == 0 {
                let curvature = trainer.network.curvature_with(&MeanSquaredError, &images, &targets, options)?;
                if rate == RATES[1] && [0, STEPS].contains(&step) {
                    println!("at step {step}: {curvature}\n{}", curvature.beside(rate, 0.0)?);
                }
                points.push((step as f64, curvature.largest.value));
                passes += curvature.passes;
            }
            losses.push(trainer.step(&images, &targets)?);
        }
        let measured = points.len();
        let late: Vec<f64> = points[measured / 2..].iter().map(|point| point.1).collect();
        let ([least, most], edge) = (range(&late), 2.0 / rate);
        println!(
            "  learning rate {rate}, 2/rate {edge:.2}: λ {:.2} at first, {least:.2} to {most:.2} in the second half; loss \
             {:.3}, {:.4}, {:.4}; {:.0} passes for each measurement",
            points[0].1,
            losses[0],
            losses[STEPS / 2],
            losses[STEPS],
            passes as f64 / measured as f64
        );
        let reached = rate > RATES[0];
        if reached && !(0.9 * edge < least && most < 1.3 * edge && losses[STEPS] < 0.7 * losses[STEPS / 2]) {
            return Err(format!("with a rate of {rate} λ should stay at {edge}, and the loss fall").into());
        }
        lines = lines.line(format!("rate {rate}"), points).level(edge, format!("2/{rate}"));
    }
    Ok(lines.picture()?)
}

/// Returns the least and the greatest.
fn range(values: &[f64]) -> [f64; 2] {
    values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[least, most], &x| [least.min(x), most.max(x)])
}
