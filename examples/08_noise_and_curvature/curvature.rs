//! The largest eigenvalue of the Hessian during full-batch gradient descent.

use std::error::Error;

use chainrule::flow::CurvatureOptions;
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;

use crate::SEEDS;
use crate::batches::range;
use crate::digits::Digit;

type Small = (Linear<64, 24>, Tanh, Linear<24, 24>, Tanh, Linear<24, 10>);

const RATES: [f64; 3] = [1.0, 2.0, 2.5];
const STEPS: usize = 1200;
/// The number of steps between two measurements.
const EVERY: usize = 50;

/// Runs gradient descent on 200 digits from three starts, and measures the largest eigenvalue of the Hessian.
pub(crate) fn measure(digits: &[Digit]) -> Result<Picture, Box<dyn Error>> {
    let (images, targets) = centered(&digits[..200]);
    let options = CurvatureOptions { iterations: 20, tolerance: 0.01, probes: 0 };
    let lines = Lines::new("Gradient descent approaches the edge of stability");
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
                        println!("after {step} steps\n{curvature}\n{}", curvature.compare(rate, 0.0)?);
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
            "rate {rate}, 2/rate {edge:.2}: λ {low:.2} to {high:.2} at first, {least:.2} to {most:.2} later;"
        );
        println!("  the loss at half the steps {a:.4} to {b:.4}, at the end {c:.4} to {d:.4}");
        if rate > RATES[0] && !(0.9 * edge < least && most < 1.3 * edge && d < a) {
            return Err(format!("with a rate of {rate} λ should stay at {edge}, and the loss fall").into());
        }
    }
    Ok(lines.picture()?)
}

/// Returns the first digits, with their mean image subtracted from each, and their classes as vectors of 0 and 1.
fn centered(digits: &[Digit]) -> (Vec<Vector<64>>, Vec<Vector<10>>) {
    let one_hot =
        |label: Label<10>| Vector(std::array::from_fn(|at| f32::from(u8::from(at == label.index()))));
    let (mut images, targets): (Vec<_>, _) =
        digits.iter().map(|&(image, label)| (image, one_hot(label))).unzip();
    for pixel in 0..64 {
        let mean = images.iter().map(|image| image[pixel]).sum::<f32>() / images.len() as f32;
        images.iter_mut().for_each(|image| image[pixel] -= mean);
    }
    (images, targets)
}
