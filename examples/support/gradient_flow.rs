//! Shared by the experiments on gradient flow: random inputs, measurements, checks, and saving pictures.

#![allow(dead_code)] // not every experiment needs all of it

#[path = "along.rs"]
mod along;

use std::error::Error;

use chainrule::flow::{Flow, FlowOptions};
use chainrule::plot::Picture;
use chainrule::prelude::*;
use chainrule::rand::Rng;
use rand_distr::{Distribution, StandardNormal};

pub(crate) use along::Along;

/// Returns samples of independent standard normal numbers.
pub(crate) fn normal<const N: usize, T: Real>(samples: usize, random: &mut impl Rng) -> Vec<Vector<N, T>> {
    let mut number = || -> f64 { StandardNormal.sample(random) };
    (0..samples).map(|_| Vector(std::array::from_fn(|_| T::from_f64(number())))).collect()
}

/// Measures the flow from random gradients at the output down to random inputs, without singular values and histograms.
pub(crate) fn flow<N, T: Real, const WIDTH: usize>(
    net: &N,
    samples: usize,
    random: &mut impl Rng,
) -> Result<Flow, chainrule::Error>
where
    N: Maps<Vector<WIDTH, T>, Vector<WIDTH, T>>,
{
    let (inputs, directions) = (normal(samples, random), normal::<WIDTH, T>(samples, random));
    net.flow_with(&Along, &inputs, &directions, FlowOptions::LIGHT)
}

/// Returns the mean, and the standard deviation of a single value.
pub(crate) fn mean_and_deviation(xs: &[f64]) -> (f64, f64) {
    let count = xs.len() as f64;
    let mean = xs.iter().sum::<f64>() / count;
    let square = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, square.sqrt())
}

/// Fails unless `measured` is within `tolerance` of `expected`.
pub(crate) fn claim(what: &str, measured: f64, expected: f64, tolerance: f64) -> Result<(), String> {
    if (measured - expected).abs() <= tolerance {
        return Ok(());
    }
    Err(format!("{what}: measured {measured:.4}, but {expected:.4} was expected, to within {tolerance:.4}"))
}

/// Saves a picture as SVG and as PNG in `target/gradient-flow`, below the current directory.
pub(crate) fn save(name: &str, picture: &Picture) -> Result<(), Box<dyn Error>> {
    let folder = std::path::Path::new("target").join("gradient-flow");
    std::fs::create_dir_all(&folder)?;
    for ending in ["svg", "png"] {
        picture.save(folder.join(format!("{name}.{ending}")))?;
    }
    println!("\npicture: {} and .png", folder.join(format!("{name}.svg")).display());
    Ok(())
}
