//! Shattered gradients as a picture: the gradient df/dx of random networks with one input, and its autocorrelation.
//!
//! For one layer it looks like a random walk (brown noise), and for many mean-centered layers like white noise: then
//! gradients at nearby inputs have nothing in common. With skip connections it is in between. The picture shows why
//! depth alone is not the problem.
//!
//! ```text
//! $ cargo run --release --features plot --example 06_shattered_curves
//! Autocorrelation of df/dx, 256 points from -2 to 2, 20 networks of 200 units
//! 1 layer               lag 1:  0.98 ± 0.00   lag 10:  0.81 ± 0.02
//! 24 layers, plain      lag 1:  0.89 ± 0.01   lag 10:  0.39 ± 0.05
//! 24 layers, centered   lag 1: -0.03 ± 0.02   lag 10:  0.01 ± 0.02
//! 50 centered, residual lag 1:  0.90 ± 0.01   lag 10:  0.35 ± 0.04
//! ..
//! ```
//! The picture goes to `target/gradient-flow/06_shattered_curves.svg` and `.png`.
//!
//! # Source
//! Figures 1 and 2 of Balduzzi et al., "The shattered gradients problem", ICML 2017, with other networks: only
//! centered layers give white noise. In a stack of ReLU with He's weights, inputs become more similar with every
//! layer, and their gradients stay similar.

#[path = "support/gradient_flow.rs"]
mod gradient_flow;

use std::error::Error;

use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use gradient_flow::{claim, mean_and_deviation, normal, save};

const N: usize = 200;
/// A network with the hidden layers of `B`, and one more.
type Curve<B> = (Linear<1, N>, B, Relu, Linear<N, 1, f32, NoBias>);
type Plain = (Relu, Linear<N, N, f32, NoBias>);
/// Subtracts the mean over the units, and scales their mean square to 1.
type Centered = (Relu, LayerNorm<Vector<N>>, Linear<N, N, f32, NoBias>);

const POINTS: usize = 256;
const CURVES: usize = 20;
/// The lag of the comparison, in points of the grid: a sixth of a unit of x.
const LAG: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut random = rng(6);
    let noise: Vec<Vec<f64>> =
        (0..CURVES).map(|_| normal::<POINTS, f64>(1, &mut random)[0].0.to_vec()).collect();
    let step = |at: &mut f64, step: &f64| {
        *at += step;
        Some(*at)
    };
    let walk = |steps: &Vec<f64>| steps.iter().scan(0.0, step).collect();
    let series = [
        ("1 layer", curves::<Identity>()?),
        ("24 layers, plain", curves::<[Plain; 23]>()?),
        ("24 layers, centered", curves::<[Centered; 23]>()?),
        ("50 centered, residual", curves::<[Residual<Centered>; 49]>()?),
        ("brown noise", noise.iter().map(walk).collect()),
        ("white noise", noise),
    ];

    println!("Autocorrelation of df/dx, {POINTS} points from -2 to 2, {CURVES} networks of {N} units");
    let mut lines = Lines::new("Autocorrelation").x("lag (points of the grid)").y("mean of 20 networks");
    let (mut panels, mut at_lag) = (Vec::new(), Vec::new());
    for (name, curves) in &series {
        let all: Vec<Vec<f64>> = curves.iter().map(|curve| autocorrelation(curve)).collect();
        let at = |lag: usize| {
            let (mean, deviation) = mean_and_deviation(&all.iter().map(|of| of[lag]).collect::<Vec<_>>());
            (mean, deviation / (CURVES as f64).sqrt())
        };
        let ((first, first_error), (later, error)) = (at(1), at(LAG));
        println!("{name:21} lag 1: {first:5.2} ± {first_error:.2}   lag {LAG}: {later:5.2} ± {error:.2}");
        lines = lines.line(*name, (0..60).map(|lag| (lag as f64, at(lag).0)));
        at_lag.push((later, error));
        let points = curves[0].iter().enumerate().map(|(at, slope)| (f64::from(x(at)), *slope));
        let y = if name.ends_with("noise") { "noise" } else { "df/dx" };
        panels.push(Lines::new(*name).x("x").y(y).line("", points).picture()?);
    }
    save("06_shattered_curves", &Picture::below([Picture::grid(2, panels), lines.picture()?]))?;

    let [one, plain, centered, residual, brown, white] = [0, 1, 2, 3, 4, 5].map(|at: usize| at_lag[at]);
    println!(
        "\nBetween points {LAG} steps apart, df/dx of one layer keeps a correlation of {:.2}, like brown noise \
         ({:.2}). 24 centered\nlayers keep {:.2}, like white noise; 50 of them with skip connections {:.2}. \
         Without centering 24 plain layers\nkeep {:.2}: depth alone does not shatter gradients.",
        one.0, brown.0, centered.0, residual.0, plain.0
    );
    claim("24 centered layers, against white noise", centered.0, white.0, 4.0 * centered.1.hypot(white.1))?;
    for (what, rough, smooth) in [
        ("50 layers with skips, above 24 without", centered, residual),
        ("one layer, above 50 with skips", residual, one),
        ("24 plain layers, above centered ones", centered, plain),
    ] {
        if smooth.0 - rough.0 < 4.0 * smooth.1.hypot(rough.1) {
            return Err(format!("{what}: {:.2} is not above {:.2}", smooth.0, rough.0).into());
        }
    }
    Ok(())
}

fn x(at: usize) -> f32 {
    4.0 * at as f32 / (POINTS - 1) as f32 - 2.0
}

/// Returns df/dx on the grid, for some networks.
fn curves<B: Maps<Vector<N>, Vector<N>>>() -> Result<Vec<Vec<f64>>, chainrule::Error> {
    let mut random = rng(7);
    let inputs: Vec<Vector<1>> = (0..POINTS).map(|at| Vector([x(at)])).collect();
    let curve = |_| {
        let mut net = Curve::<B>::init_with(Initializer::he_uniform(), &mut random);
        // With biases as large as weights, each unit has its kink at another x; without, all have it at 0.
        let biases: Vector<N> = normal(1, &mut random)[0];
        net.0.bias = Vector(biases.0.map(|bias| std::f32::consts::SQRT_2 * bias));
        let (slopes, _) = net.vjp(&inputs, &[Vector([1.0]); POINTS])?;
        Ok(slopes.iter().map(|dx| f64::from(dx[0])).collect())
    };
    (0..CURVES).map(curve).collect()
}

/// Returns, for each lag, the sum of the products of centered values that far apart, divided by the sum at lag 0.
fn autocorrelation(xs: &[f64]) -> Vec<f64> {
    let (mean, _) = mean_and_deviation(xs);
    let product =
        |lag: usize| -> f64 { xs.iter().zip(&xs[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum() };
    (0..xs.len()).map(|lag| product(lag) / product(0)).collect()
}
