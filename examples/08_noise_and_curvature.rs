//! Two limits of a training: the batch size from which larger batches hardly help, and the learning rate from which
//! gradient descent diverges. Both are measured while networks learn the digits.
//!
//! ```text
//! $ cargo run --release --features plot --example 08_noise_and_curvature
//! ```
//! Prints the noise of the gradient early and late, layer by layer; the noise scale at some steps, over three seeds;
//! the steps that batches of different sizes take; and the curvature in full-batch gradient descent.
//!
//! # What to expect
//! * The noise scale grows in training: the gradient shrinks faster than its noise (McCandlish, Kaplan, Amodei, "An
//!   empirical model of large-batch training", 2018, section 4). To the same loss, batches of b samples take (1 + B/b) times
//!   the fewest steps, where B is of the order of the noise scale (equation 2.11 there).
//! * In full-batch gradient descent the largest eigenvalue λ of the Hessian rises until 2/λ is the learning rate, and
//!   stays there, while the loss goes on falling: the edge of stability (Cohen, Kaur, Li, Kolter, Talwalkar, ICLR 2021). On
//!   a quadratic loss, it would diverge.

#[allow(dead_code)]
#[path = "support/deep.rs"]
mod deep;
#[allow(dead_code)]
#[path = "support/digits.rs"]
mod digits;
#[path = "support/noise_and_curvature.rs"]
mod support;

use std::error::Error;

use chainrule::flow::{CurvatureOptions, NoiseOptions};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use support::{centered, draw, range, steps_to};

type Classifier = (Linear<64, 64>, Tanh, Linear<64, 32>, Tanh, Linear<32, 10>);
type Small = (Linear<64, 24>, Tanh, Linear<24, 24>, Tanh, Linear<24, 10>);

const SEEDS: [u64; 3] = [1, 2, 3];
/// The steps at which the noise is measured.
const NOISE_AT: [usize; 8] = [0, 10, 25, 50, 100, 200, 500, 1500];
const SIZES: [usize; 4] = [4, 16, 64, 256];

/// The learning rates of gradient descent, the number of its steps, and how often the curvature is measured.
const RATES: [f64; 3] = [1.0, 2.0, 2.5];
const STEPS: usize = 1200;
const EVERY: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = digits::train()?;
    let noise = noise(&digits)?;
    let curvature = curvature(&digits)?;
    deep::save(&Picture::beside([noise, curvature]), "08_noise_and_curvature")?;
    Ok(())
}

/// Trains with batches of 32, and measures the noise scale; then counts the steps of other batches.
fn noise(digits: &[digits::Digit]) -> Result<Picture, Box<dyn Error>> {
    let (images, labels): (Vec<_>, Vec<_>) = digits.iter().copied().unzip();
    let options = NoiseOptions { pieces: 128, ..NoiseOptions::default() };
    let mut scales = vec![Vec::new(); NOISE_AT.len()];
    for seed in SEEDS {
        let net = Classifier::init(&mut rng(seed));
        let mut trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.2), seed);
        let random = &mut rng(seed);
        for (at, scales) in NOISE_AT.into_iter().zip(&mut scales) {
            while trainer.steps() < at as u64 {
                let (images, labels) = draw(digits, 32, random);
                trainer.step(&images, &labels)?;
            }
            let noise = trainer.network.gradient_noise_with(&trainer.loss, &images, &labels, options)?;
            scales.push(noise.network.noise_scale.ok_or("the gradient has no signal")?);
            if seed == SEEDS[0] && [10, 1500].contains(&at) {
                println!("after {at} steps\n{noise}\n");
            }
        }
    }
    println!("noise scale, over {} seeds", SEEDS.len());
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

    let mut means = Vec::new();
    for size in SIZES {
        let counts = SEEDS.map(|seed| Ok(steps_to::<Classifier>(digits, size, seed, 0.5)? as f64));
        let counts = counts.into_iter().collect::<Result<Vec<f64>, Box<dyn Error>>>()?;
        let [least, most] = range(&counts);
        println!("batches of {size:>3}: a loss of 0.5 after {least} to {most} steps");
        means.push(counts.iter().sum::<f64>() / counts.len() as f64);
    }
    let (ratio, [small, .., large]) = (means[0] / means[3], SIZES.map(|size| 1.0 / size as f64));
    println!(
        "the first and the last of them have (1 + B/b) for B = {:.0}",
        (ratio - 1.0) / (small - ratio * large)
    );
    Ok(lines.picture()?)
}

/// Runs gradient descent on all of 200 digits, from three starts, and measures the largest eigenvalue of the Hessian.
fn curvature(digits: &[digits::Digit]) -> Result<Picture, Box<dyn Error>> {
    let (images, targets) = centered(&digits[..200]);
    let options = CurvatureOptions { iterations: 20, tolerance: 0.01, probes: 0 };
    let lines = Lines::new("Gradient descent goes to the edge of stability");
    let mut lines = lines.x("step").y("largest eigenvalue λ");
    println!("\ngradient descent on 200 digits, mean squared error");
    for rate in RATES {
        let (mut first, mut late, mut losses) = (Vec::new(), Vec::new(), [vec![], vec![]]);
        for seed in SEEDS {
            let net = Small::init(&mut rng(seed));
            let (mut trainer, mut points) =
                (Trainer::new(net, MeanSquaredError, Sgd::new(rate), 1), Vec::new());
            for step in 0..=STEPS {
                if step % EVERY == 0 {
                    let curvature =
                        trainer.network.curvature_with(&MeanSquaredError, &images, &targets, options)?;
                    if rate == RATES[1] && seed == SEEDS[0] && step == STEPS {
                        println!("after {step} steps\n{curvature}\n{}", curvature.beside(rate, 0.0)?);
                    }
                    points.push((step as f64, curvature.largest.value));
                }
                let loss = trainer.step(&images, &targets)?;
                losses[0].extend((step == STEPS / 2).then_some(loss));
                losses[1].extend((step == STEPS).then_some(loss));
            }
            first.push(points[0].1);
            late.extend(points[points.len() / 2..].iter().map(|point| point.1));
            if seed == SEEDS[0] {
                lines = lines.line(format!("rate {rate}"), points).level(2.0 / rate, format!("2/{rate}"));
            }
        }
        let ([least, most], [low, high], edge) = (range(&late), range(&first), 2.0 / rate);
        let [[a, b], [c, d]] = losses.map(|losses| range(&losses));
        println!(
            "rate {rate}, 2/rate {edge:.2}: λ {low:.2} to {high:.2}, in the second half {least:.2} to {most:.2},"
        );
        println!("  at whose beginning the loss is {a:.4} to {b:.4}, and at its end {c:.4} to {d:.4}");
        if rate > RATES[0] && !(0.9 * edge < least && most < 1.3 * edge && d < a) {
            return Err(format!("with a rate of {rate} λ should stay at {edge}, and the loss fall").into());
        }
    }
    Ok(lines.picture()?)
}
