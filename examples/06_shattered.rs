//! Shattered gradients: do the gradients of two similar inputs still point in the same direction in a deep network?
//!
//! If they do not, a step that is good for one sample is noise for the next. Balduzzi et al. 2017 are quoted for
//! correlations of 1/2^L in plain and (3/4)^L in residual networks. This example measures them in plain, residual and
//! mean-centered ReLU networks, and compares them with the arc-cosine kernel: the quoted values are far too small.
//!
//! ```text
//! $ cargo run --release --features plot,theory --example 06_shattered
//! ..
//!           depth        128               256           limit    theory   as quoted
//! plain        10   0.2876 ± 0.0101   0.2850 ± 0.0064   0.2824   0.2839   9.8e-4
//! ```
//! The picture goes to `target/gradient-flow/06_shattered.svg` and `.png`. `06_shattered_curves` shows the gradients.
//!
//! The quoted values assume that the active units for one input are independent of the active units for the other, in
//! every layer. With He's weights they are not: ReLU's outputs have a mean, which makes inputs more similar with
//! every layer (ρ → 1), so more of their active units are the same. If the mean is subtracted, ρ → 0, and they become
//! independent.
//!
//! # Source
//! Balduzzi et al., "The shattered gradients problem", ICML 2017.

#[path = "support/gradient_flow.rs"]
mod gradient_flow;

use std::error::Error;
use std::f64::consts::FRAC_1_PI;

use chainrule::plot::Lines;
use chainrule::prelude::*;
use chainrule::theory::{Pair, arc_cosine_0, arc_cosine_1};
use gradient_flow::{claim, mean_and_deviation, normal, save};

/// Two widths, because a measurement differs from the limit of wide networks by a term in 1/width.
const N: usize = 128;
const TWICE: usize = 256;
type Plain<const W: usize> = (Linear<W, W, f32, NoBias>, Relu);
type Skip<const W: usize> = Residual<(Relu, Linear<W, W, f32, NoBias>)>;
/// Subtracts the mean over the units, and scales their mean square to 1.
type Centered<const W: usize> = (Linear<W, W, f32, NoBias>, Relu, LayerNorm<Vector<W>>);

/// The cosine of the angle between the inputs of a pair: 26 degrees.
const COSINE: f64 = 0.9;
const PAIRS: usize = 12; // for each network
const LAYERS: usize = 480; // in all networks of a row

/// A mean over networks and its standard error.
type Measured = (f64, f64);
type Row = (usize, Measured, Measured);

fn main() -> Result<(), Box<dyn Error>> {
    println!("Correlation of the gradients of two inputs of cosine {COSINE}, {N} and {TWICE} units");
    println!("          depth       {N:4}              {TWICE:4}           limit    theory   as quoted");
    macro_rules! depths {
        ($block:ident) => {
            [depths!($block 1), depths!($block 2), depths!($block 5), depths!($block 10), depths!($block 20)]
        };
        ($block:ident $depth:literal) => {
            (
                $depth,
                correlation::<[$block<N>; $depth], N>($depth)?,
                correlation::<[$block<TWICE>; $depth], TWICE>($depth)?,
            )
        };
    }
    let mut lines = Lines::new(format!("Correlation of the gradients of two inputs of cosine {COSINE}"))
        .x("depth (layers)")
        .y("correlation")
        .log_y()
        .note(format!("Measured at {TWICE} units; not drawn where it could be 0."));
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
        let times = mean / quoted;
        println!("{depth} layers, {name}: the correlation is {mean:.2}, {times:.0e} times the quoted one.");
        if mean - 4.0 * error < quoted {
            return Err(format!("{name}: {mean:.3} is not above the quoted {quoted:.1e}").into());
        }
    }
    let halves = (center[3].2.0 / center[2].2.0).powf(0.2);
    println!("Centered: layers 6 to 10 multiply it by {halves:.2} each; the limit is the quoted 1/2.");
    Ok(())
}

fn power(factor: f64) -> impl Iterator<Item = (f64, f64)> {
    (1..=20).map(move |depth| (f64::from(depth), factor.powi(depth)))
}

/// Prints, checks and draws the measurements at two widths, their limit for wide networks, and the theory.
fn table(name: &str, rows: [Row; 5], theory: fn(usize) -> f64, lines: Lines) -> Result<Lines, String> {
    let quoted: f64 = if name == "residual" { 0.75 } else { 0.5 };
    for (depth, narrow, wide) in rows {
        let (limit, expected) = (2.0 * wide.0 - narrow.0, theory(depth));
        let widths = [narrow, wide].map(|(mean, error)| format!("{mean:7.4} ± {error:.4}")).join("  ");
        let quoted = quoted.powi(depth as i32);
        println!("{name:9} {depth:5}  {widths}  {limit:7.4}   {expected:.4}   {quoted:.1e}");
        // Four standard errors of the limit, and the term in (depth/width)² that remains: depth/width of the difference
        // between the widths.
        let error = (2.0 * wide.1).hypot(narrow.1);
        let tolerance = 4.0 * error + depth as f64 / N as f64 * (narrow.0 - wide.0).abs();
        claim(&format!("{name}, {depth} layers"), limit, expected, tolerance)?;
    }
    let measured = rows.iter().filter(|row| row.2.0 > 4.0 * row.2.1).map(|row| (row.0 as f64, row.2.0));
    let predicted = (1..=20).map(|depth| (depth as f64, theory(depth)));
    Ok(lines.line(name, measured).dashed(format!("{name}, theory"), predicted.filter(|point| point.1 > 1e-7)))
}

/// Subtracting relu's mean, √(q/2π), subtracts 1/π from k₁: ρ' = (k₁(ρ) - 1/π) / (1 - 1/π), which goes to 0. A layer
/// multiplies the correlation of gradients by k₀(ρ), which goes to 1/2.
fn centered(layers: usize) -> f64 {
    let next = |rho: &f64| Some((arc_cosine_1(*rho) - FRAC_1_PI) / (1.0 - FRAC_1_PI));
    std::iter::successors(Some(COSINE), next).take(layers).map(arc_cosine_0).product()
}

/// Returns the mean cosine of the angle between dR/dx and dR/dx' in networks with He's weights. R is one random
/// direction of the output for both inputs.
fn correlation<B: Maps<Vector<W>, Vector<W>>, const W: usize>(
    depth: usize,
) -> Result<Measured, Box<dyn Error>> {
    let mut random = rng((W + depth) as u64);
    let mut cosines = Vec::new();
    for _ in 0..LAYERS / depth {
        let net = B::init_with(Initializer::he_uniform(), &mut random);
        let pair = |(a, b): (Vector<W>, Vector<W>)| {
            let x = a.view().normalize();
            let across = (b.view() - x * x.dot(&b.view())).normalize();
            let other = x * COSINE as f32 + across * (1.0 - COSINE * COSINE).sqrt() as f32;
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
