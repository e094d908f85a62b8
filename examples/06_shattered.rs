//! Shattered gradients: do the gradients of two similar inputs still point in the same direction in deep networks?
//! Measures it in plain, residual and mean-centered ReLU networks, and compares it with the recursion of the arc-cosine
//! kernel.
//!
//! ```text
//! $ cargo run --release --features plot,theory --example 06_shattered
//! # and as functions of one number: 06_shattered_curves
//! ```
//! The picture goes to `target/gradient-flow/06_shattered.svg` and `.png`.
//!
//! Balduzzi et al., "The shattered gradients problem", ICML 2017, are quoted for correlations of 1/2^L in plain and
//! (3/4)^L in residual networks. They assume that the active units for one input are independent of those for the
//! other, in every layer. In a stack of ReLU with He's weights they are not: ReLU's outputs have a mean, which makes
//! all inputs more similar with every layer (ρ → 1), and more and more of their active units are the same. If the mean
//! is subtracted, ρ → 0, and they do become independent.

#[path = "support/gradient_flow.rs"]
mod gradient_flow;

use std::error::Error;
use std::f64::consts::FRAC_1_PI;

use chainrule::plot::Lines;
use chainrule::prelude::*;
use chainrule::theory::{Pair, arc_cosine_0, arc_cosine_1};
use gradient_flow::{claim, mean_and_deviation, normal, save};

/// Two widths: the measurement differs from the limit of wide networks by a term in 1/width.
const N: usize = 128;
const TWICE: usize = 256;
type Plain<const W: usize> = (Linear<W, W, f32, NoBias>, Relu);
type Skip<const W: usize> = Residual<(Relu, Linear<W, W, f32, NoBias>)>;
/// Subtracts the mean over the units, and scales their mean square to 1.
type Centered<const W: usize> = (Linear<W, W, f32, NoBias>, Relu, LayerNorm<Vector<W>>);

/// The cosine of the angle between the inputs of a pair: 26 degrees.
const COSINE: f64 = 0.9;
/// Pairs for a network.
const PAIRS: usize = 12;
/// Networks of one layer; of two, half as many, ..
const LAYERS: usize = 480;

/// A mean over networks and its standard error.
type Measured = (f64, f64);
type Row = (usize, Measured, Measured);

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "Correlation of the gradients of two inputs of cosine {COSINE}, networks of {N} and {TWICE} units"
    );
    println!("          depth       {N:4}              {TWICE:4}           limit    theory   as quoted");
    macro_rules! depths {
        ($block:ident) => {
            [depths!($block 1), depths!($block 2), depths!($block 5), depths!($block 10), depths!($block 20)]
        };
        ($block:ident $depth:literal) => {
            ($depth, correlation::<[$block<N>; $depth], N>($depth)?, correlation::<[$block<TWICE>; $depth], TWICE>($depth)?)
        };
    }
    let mut lines = Lines::new(format!("Correlation of the gradients of two inputs of cosine {COSINE}"))
        .x("depth (layers)")
        .y("correlation")
        .log_y()
        .note(format!("Measured at {TWICE} units; not drawn where it is not told from 0."));
    let plain = depths!(Plain);
    lines = table("plain", plain, |layers| Pair::new(COSINE).plain(layers).gradients(), lines)?;
    lines = lines.dashed("as quoted: 1/2^L", power(0.5));
    let skip = depths!(Skip);
    lines = table("residual", skip, |blocks| Pair::new(COSINE).residual(1.0, blocks).gradients(), lines)?;
    lines = lines.dashed("as quoted: (3/4)^L", power(0.75));
    let center = depths!(Centered);
    lines = table("centered", center, centered, lines)?;
    save("06_shattered", &lines.picture()?)?;

    for (name, rows, factor) in [("plain", plain, 0.5f64), ("residual", skip, 0.75)] {
        let (depth, _, (mean, error)) = rows[4];
        let quoted = factor.powi(depth as i32);
        println!(
            "At {depth} layers {name} networks keep a correlation of {mean:.2}, {:.0e} times the quoted one.",
            mean / quoted
        );
        if mean - 4.0 * error < quoted {
            return Err(
                format!("{name}, {depth} layers: {mean:.3} is not above the quoted {quoted:.1e}").into()
            );
        }
    }
    let halves = (center[3].2.0 / center[2].2.0).powf(0.2);
    println!(
        "Centered, each layer from the 6th to the 10th multiplies it by {halves:.2}, on its way to the 1/2 that was quoted."
    );
    Ok(())
}

fn power(factor: f64) -> impl Iterator<Item = (f64, f64)> {
    (1..=20).map(move |depth| (f64::from(depth), factor.powi(depth)))
}

/// Prints the measurement at two widths, extrapolated to their limit, and the theory; checks it, and draws it.
fn table(name: &str, rows: [Row; 5], theory: fn(usize) -> f64, lines: Lines) -> Result<Lines, String> {
    let quoted: f64 = if name == "residual" { 0.75 } else { 0.5 };
    for (depth, narrow, wide) in rows {
        let (limit, expected) = (2.0 * wide.0 - narrow.0, theory(depth));
        println!(
            "{name:9} {depth:5}  {:7.4} ± {:.4}  {:7.4} ± {:.4}  {limit:7.4}   {expected:.4}   {:.1e}",
            narrow.0,
            narrow.1,
            wide.0,
            wide.1,
            quoted.powi(depth as i32)
        );
        // Four standard errors of the limit. And it leaves a term in (depth/width)²: depth/width of the difference that
        // the term before it made.
        let error = (2.0 * wide.1).hypot(narrow.1);
        let tolerance = 4.0 * error + depth as f64 / N as f64 * (narrow.0 - wide.0).abs();
        claim(&format!("{name}, {depth} layers"), limit, expected, tolerance)?;
    }
    let measured = rows.iter().filter(|row| row.2.0 > 4.0 * row.2.1).map(|row| (row.0 as f64, row.2.0));
    let predicted = (1..=20).map(|depth| (depth as f64, theory(depth)));
    Ok(lines.line(name, measured).dashed(format!("{name}, theory"), predicted.filter(|point| point.1 > 1e-7)))
}

/// Taking away relu's mean, √(q/2π), takes 1/π from k₁: ρ' = (k₁(ρ) - 1/π) / (1 - 1/π), which goes to 0. Gradients
/// times k₀(ρ), which goes to 1/2.
fn centered(layers: usize) -> f64 {
    let next = |rho: &f64| Some((arc_cosine_1(*rho) - FRAC_1_PI) / (1.0 - FRAC_1_PI));
    std::iter::successors(Some(COSINE), next).take(layers).map(arc_cosine_0).product()
}

/// The mean cosine of the angle between dR/dx and dR/dx' in networks with He's weights. R is a random direction of the
/// output, so that both gradients start alike.
fn correlation<B, const W: usize>(depth: usize) -> Result<Measured, Box<dyn Error>>
where
    B: Maps<Vector<W>, Vector<W>>,
{
    let mut random = rng((W + depth) as u64);
    let mut cosines = Vec::new();
    for _ in 0..LAYERS / depth {
        let net = B::init_with(Initializer::he_uniform(), &mut random);
        let pair = |(a, b): (Vector<W>, Vector<W>)| {
            let x = a.view().normalize();
            let beside = (b.view() - x * x.dot(&b.view())).normalize();
            let other = x * COSINE as f32 + beside * (1.0 - COSINE * COSINE).sqrt() as f32;
            [x, other].map(|x| Vector::from(x * (W as f32).sqrt()))
        };
        let (a, b) = (normal(PAIRS, &mut random), normal(PAIRS, &mut random));
        let inputs: Vec<Vector<W>> = a.into_iter().zip(b).flat_map(pair).collect();
        let tops: Vec<_> = normal(PAIRS, &mut random).into_iter().flat_map(|top| [top, top]).collect();
        let (gradients, _) = net.vjp(&inputs, &tops)?;
        let cosine =
            |pair: &[Vector<W>]| f64::from(pair[0].view().normalize().dot(&pair[1].view().normalize()));
        cosines.push(gradients.chunks(2).map(cosine).sum::<f64>() / PAIRS as f64);
    }
    let (mean, deviation) = mean_and_deviation(&cosines);
    Ok((mean, deviation / (cosines.len() as f64).sqrt()))
}
