//! Singular values, width and learning rate: three measurements that choose hyperparameters before a long training.
//!
//! They answer: does the initialization stretch all directions equally (dynamical isometry)? Do the updates of a layer
//! depend on the width, so that a learning rate found on a small network fails on a large one (μP)? How large can the
//! learning rate be?
//!
//! ```text
//! $ cargo run --release --features plot,theory --example 09_isometry_and_width
//! ..
//! network                mean square        theory   variance of squares  theory  largest
//! ReLU, orthogonal       1.337 to 2.215     2.000    11.664 to 13.649      12.00     7.64
//! tanh 1.04, orthogonal  0.996 to 1.076     1.040    0.030 to 0.038         0.03     1.17
//! ..
//! ```
//! The pictures go to `target/gradient-flow/09_isometry_and_width.svg` and `.png`.
//!
//! # Source
//! Pennington, Schoenholz, Ganguli, "Resurrecting the sigmoid in deep learning through dynamical isometry: theory and
//! practice", NeurIPS 2017. Yang, Hu et al., "Tensor programs V", NeurIPS 2021, figure 5 and table 8. Smith,
//! "Cyclical learning rates for training neural networks", WACV 2017, section 3.3.

#[path = "support/digits.rs"]
mod digits;
#[path = "support/gradient_flow.rs"]
mod gradient_flow;
#[path = "support/isometry.rs"]
mod isometry;

use std::error::Error;

use chainrule::coordinate_check;
use chainrule::data::Dataset;
use chainrule::flow::{JacobianParts, WidthSweep, picture};
use chainrule::metrics::accuracy;
use chainrule::optimizer::Group;
use chainrule::plot::Picture;
use chainrule::prelude::*;
use chainrule::theory::{MeanField, expectation};
use isometry::{L, N, NETS, input, net, row};

/// The variance of the biases at the edge. The smaller it is, the closer g' is to 1.
const EDGE: f64 = 1e-5;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{} layers of {N}, {NETS} networks each, at one input each", L + 1);
    println!("network                mean square        theory   variance of squares  theory  largest");
    let [linear, he] = [1.0, 2f64.sqrt()];
    let (orthogonal, gaussian) = (Initializer::orthogonal(), Initializer::lecun_normal());
    row::<Identity>("linear, orthogonal", orthogonal.gain(linear), [1.0; 4], 0.0)?;
    row::<Identity>("linear, Gaussian", gaussian.gain(linear), [1.0; 4], 1.0)?;
    let relu = row::<Relu>("ReLU, orthogonal", orthogonal.gain(he), [1.0, 2.0, 0.5, 0.5], 0.0)?;
    row::<Relu>("ReLU, He", gaussian.gain(he), [1.0, 2.0, 0.5, 0.5], 1.0)?;
    // At the edge between order and chaos, and on both sides of it.
    let critical = MeanField::<Tanh>::critical(EDGE).ok_or("tanh has an edge")?;
    let sides = [(0.5, 0.05), (critical.weight_variance(), EDGE), (2.0, 0.05)];
    let mut tanh = Vec::new();
    for (weights, bias) in sides {
        let q = MeanField::<Tanh>::new(weights, bias)?.fixed_point();
        let mu = |power| expectation(q, |z| (1.0 - z.tanh().powi(2)).powi(power));
        let numbers = [(q - bias) / weights, weights, mu(2), mu(4)];
        for (name, scheme, gaussian) in [("orthogonal", orthogonal, 0.0), ("Gaussian", gaussian, 1.0)] {
            let scheme = scheme.gain(weights.sqrt()).bias_normal(bias.sqrt());
            tanh.push(row::<Tanh>(&format!("tanh {weights:.2}, {name}"), scheme, numbers, gaussian)?);
        }
    }
    println!("\n{}", tanh[2]);
    let depths = net::<Tanh>(gaussian, 0).jacobian_spectra(&[input(0.1, 0)], JacobianParts::Depths)?;
    let spectra = [("tanh, orthogonal", &tanh[2]), ("tanh, Gaussian", &tanh[3]), ("ReLU, orthogonal", &relu)];
    let [standard, mup] = widths()?;
    let panels = [
        picture::singular_values(spectra)?,
        picture::singular_values_by_depth(&depths)?,
        standard,
        mup,
        learning_rates()?,
    ];
    gradient_flow::save("09_isometry_and_width", &Picture::grid(2, panels))
}

type Wide<const W: usize> = (Linear<64, W>, Tanh, Linear<W, W>, Tanh, Linear<W, 10>);

/// Compares Adam in standard parametrization and in μP: a learning rate of 1/width for hidden and output weights, and
/// smaller output weights.
fn widths() -> Result<[Picture; 2], Box<dyn Error>> {
    let (images, labels): (Vec<_>, Vec<_>) = digits::test()?.into_iter().take(64).unzip();
    let (loss, sweep) = (CrossEntropy::default(), || WidthSweep::new().seeds(3));
    let new = Initializer::lecun_normal();
    let standard = coordinate_check!(
        W in [64, 128, 256, 512],
        |seed| (Wide::<W>::init_with(new, &mut rng(seed)), Adam::new(1e-3)),
        &loss, &images, &labels, sweep()
    )?;
    let mup = coordinate_check!(
        W in [64, 128, 256, 512],
        |seed| {
            let (mut net, scale) = (Wide::<W>::init_with(new, &mut rng(seed)), 64.0 / W as f64);
            net.4.weights_mut().iter_mut().for_each(|w| *w *= scale.sqrt() as f32);
            let [hidden, output] = ["2.weight", "4.weight"].map(|path| Group::new(path).rate(scale));
            (net, Adam::new(1e-3).group(hidden).group(output))
        },
        &loss, &images, &labels, sweep()
    )?;
    println!("\nstandard parametrization, Adam\n{standard}\n\nμP, Adam\n{mup}");
    if standard.is_stable() || !mup.is_stable() {
        return Err("only μP should be stable".into());
    }
    let standard = picture::coordinate_check("standard", &standard)?;
    Ok([standard, picture::coordinate_check("μP", &mup)?])
}

/// Runs the learning rate range test on the digits, and trains with the suggested rate and with rates around it.
fn learning_rates() -> Result<Picture, Box<dyn Error>> {
    let (train, test) = (Dataset::from_pairs(digits::train()?)?, Dataset::from_pairs(digits::test()?)?);
    let new = |rate| {
        Trainer::new(Wide::<64>::init(&mut rng(1)), CrossEntropy::default(), Sgd::new(rate).momentum(0.9), 1)
    };
    let found = new(0.1).learning_rate_test(&train, LearningRateSweep::default())?;
    println!("\n{found}\n");
    let suggestion = found.suggestion.ok_or("the loss should fall")?;
    let mut shares = Vec::new();
    for factor in [0.01, 0.1, 1.0, 10.0, 100.0] {
        let (mut trainer, mut share) = (new(factor * suggestion), 0.0);
        let options = Fit::epochs(3).validate(&test).metric("accuracy", accuracy).quiet();
        let ended = trainer.fit(
            &train,
            options.on_epoch(|epoch| {
                share = epoch.metric("accuracy").unwrap_or_default();
                std::ops::ControlFlow::Continue(())
            }),
        );
        let words = if ended.is_err() { ", and then a loss that is not finite" } else { "" };
        println!(
            "{:.0e}, {factor} times the suggestion: {:.1} % of the test digits{words}",
            factor * suggestion,
            100.0 * share
        );
        shares.push(share);
    }
    let best = shares.iter().copied().fold(0.0, f64::max);
    if shares[2] < best - 0.05 {
        Err("the suggestion should be among the best".into())
    } else {
        Ok(found.picture()?)
    }
}
