//! Two limits of a training: the batch size above which larger batches hardly help, and the learning rate above which
//! gradient descent diverges.
//!
//! Both can be measured on your own network, instead of tried. This example measures them while networks learn the
//! digits, and shows how they change during training.
//!
//! ```text
//! $ cargo run --release --features plot --example 08_noise_and_curvature
//! after 10 steps
//! gradient noise of 3810 samples, 127 pieces of 30, loss 1.530; 2 gradient passes
//! path        layer          |dR/dW|     SNR cosine   norm  inner  orth.    scale
//! ..
//! noise scale: 38.9 ± 1.92 samples. Well below it, a larger batch takes
//!   proportionally fewer steps; well above, hardly fewer. A batch of 3810 takes
//! ..
//! ```
//! It prints the noise of the gradient early and late, layer by layer; the noise scale at some steps; the steps that
//! batches of different sizes take to the same loss; and the curvature in full-batch gradient descent.
//!
//! * The noise scale grows in training, because the gradient shrinks faster than its noise (section 4 of the first
//!   source). Batches of b samples take (1 + B/b) times the fewest steps, with B of the order of the noise scale
//!   (equation 2.11).
//! * The largest eigenvalue λ of the Hessian rises until 2/λ is the learning rate, and stays there, while the loss
//!   continues to fall: the edge of stability (second source). On a quadratic loss, training would diverge.
//!
//! # Source
//! McCandlish, Kaplan, Amodei, "An empirical model of large-batch training", 2018. Cohen, Kaur, Li, Kolter, Talwalkar,
//! "Gradient descent on neural networks typically occurs at the edge of stability", ICLR 2021.

#[path = "08_noise_and_curvature/batches.rs"]
mod batches;
#[path = "08_noise_and_curvature/curvature.rs"]
mod curvature;
#[allow(dead_code)] // the test digits are not used
#[path = "support/digits.rs"]
mod digits;
#[path = "support/gradient_flow.rs"]
mod gradient_flow;

use std::error::Error;

use batches::{draw, range, steps_to};
use chainrule::flow::NoiseOptions;
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;

type Classifier = (Linear<64, 64>, Tanh, Linear<64, 32>, Tanh, Linear<32, 10>);

const SEEDS: [u64; 3] = [1, 2, 3];
/// The steps at which the noise is measured.
const NOISE_AT: [usize; 8] = [0, 10, 25, 50, 100, 200, 500, 1500];
const SIZES: [usize; 4] = [4, 16, 64, 256]; // of batches

fn main() -> Result<(), Box<dyn Error>> {
    let digits = digits::train()?;
    let noise = noise(&digits)?;
    let curvature = curvature::measure(&digits)?;
    gradient_flow::save("08_noise_and_curvature", &Picture::side_by_side([noise, curvature]))
}

/// Trains with batches of 32 and measures the noise scale. Then counts the steps that other batch sizes need.
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
        return Err(format!("the noise scale should grow, and changed from {early} to {late}").into());
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
        "the steps of the first and the last fit (1 + B/b) with B = {:.0}",
        (ratio - 1.0) / (small - ratio * large)
    );
    Ok(lines.picture()?)
}
