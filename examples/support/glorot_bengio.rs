//! The back-propagated gradient in a tanh network of five hidden layers, on 300 images.
//!
//! # Source
//! Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, figure 7.

#[allow(dead_code)] // its training loop is not used
#[path = "images.rs"]
mod images;

use std::error::Error;
use std::path::Path;

use chainrule::flow::FlowOptions;
use chainrule::prelude::*;
use chainrule::theory::MeanField;

use crate::gradient_flow::claim;
use images::Images;

type Net<const SIDE: usize, const UNITS: usize> = (
    Dense<Image<1, SIDE, SIDE>, Vector<UNITS>, NoBias>,
    Tanh,
    [(Linear<UNITS, UNITS, f32, NoBias>, Tanh); 4],
    Linear<UNITS, 10, f32, NoBias>,
);

/// Measures on the digits of this crate, and on MNIST from a folder, as in the paper.
pub(crate) fn figure_7(mnist: Option<&Path>) -> Result<(), Box<dyn Error>> {
    println!(
        "\nGlorot & Bengio 2010, figure 7: RMS of dR/dZ in five hidden layers of tanh, divided by the last"
    );
    row::<8, 200>("digits 64-5x200-10", &images::digits()?[0])?;
    let Some(folder) = mnist else { return Ok(()) };
    let (steps, [standard, normalized]) = row::<28, 1000>("MNIST 784-5x1000-10", &images::mnist(folder)?[0])?;
    // The values of the paper's figure: about √3 for each layer, and 1.28 for all five with normalized weights.
    steps.into_iter().try_for_each(|step| claim("a layer, U(±1/√n)", step, 1.75, 0.1))?;
    claim("over five, U(±1/√n)", standard, 9.4, 0.94)?;
    claim("over five, normalized", normalized, 1.2, 0.2)?;
    Ok(())
}

/// With U(±1/√n), of variance 1/3n, each layer divides the gradient by √3 in the backward pass. With normalized
/// weights it hardly changes. Returns the factors of the layers with the former, and the factor of all layers with
/// both.
fn row<const SIDE: usize, const UNITS: usize>(
    name: &str,
    set: &Images<SIDE>,
) -> Result<([f64; 4], [f64; 2]), Box<dyn Error>> {
    let standard = Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt());
    let ((steps, standard), (_, normalized)) = (
        scheme::<SIDE, UNITS>(&format!("{name:19}  U(±1/√n)  "), standard, set)?,
        scheme::<SIDE, UNITS>(&format!("{name:19}  normalized"), Initializer::glorot_uniform(), set)?,
    );
    Ok((steps, [standard, normalized]))
}

fn scheme<const SIDE: usize, const UNITS: usize>(
    name: &str,
    weights: Initializer,
    set: &Images<SIDE>,
) -> Result<([f64; 4], f64), Box<dyn Error>> {
    let net = Net::<SIDE, UNITS>::init_with(weights, &mut rng(7));
    let (loss, inputs, targets) = (CrossEntropy::default(), &set.inputs()[..300], &set.targets()[..300]);
    let flow = net.flow_with(&loss, inputs, targets, FlowOptions::LIGHT)?;
    let profile: Vec<f64> = flow.profile().iter().map(|(_, rms)| *rms).collect();
    let steps = [0, 1, 2, 3].map(|at| profile[at + 1] / profile[at]);
    let over_five = profile[4] / profile[0];

    // Mean-field theory, from the variance of the first layer's Z.
    let first = flow.layer("0").map_or(0.0, |layer| layer.output_rms.powi(2));
    let expected = MeanField::<Tanh>::of(weights)?.gradient_ratio(first, 4).powf(-0.5);
    let layers: String = profile[..5].iter().map(|rms| format!(" {:.3}", rms / profile[4])).collect();
    println!("{name} {layers}   x {over_five:.2} over five, predicted x {expected:.2}");
    // Four steps. Where tanh' is about 1, each adds 1/(2 width) to the variance of the logarithm of a norm. With ten
    // scores, the 300 gradients have nine directions, and so nine independent norms.
    let deviation = (4.0 / (2 * UNITS * 9) as f64).sqrt();
    claim(&format!("{name}, ln(last/first)"), over_five.ln(), expected.ln(), 4.0 * deviation)?;
    Ok((steps, over_five))
}
