//! Vanishing gradients: what 2 to 64 plain layers leave of a gradient, by activation and initialization.
//!
//! Layers whose gradient vanishes do not learn. Run this to see which combinations preserve the gradient and which do
//! not, by which factor a layer multiplies it, and that mean field theory predicts this factor.
//!
//! ```text
//! $ cargo run --release --features plot,theory,idx,gzip --example 01_vanishing
//! ..
//! g         W            2       4       8      16      32      64   a layer        predicted
//! sigmoid   PyTorch    1e-1    3e-3    1e-6   2e-13   4e-27   3e-54   0.141 ± 0.001  0.141
//! tanh      PyTorch    5e-1    1e-1    2e-2    2e-4    3e-8   6e-16   0.574 ± 0.003  0.575
//! ```
//! `-- --paper FOLDER` repeats the last table on MNIST too, from its four IDX files. The picture goes to
//! `target/gradient-flow/01_vanishing.svg` and `.png`.

#[path = "support/glorot_bengio.rs"]
mod glorot_bengio;
#[path = "support/gradient_flow.rs"]
mod gradient_flow;

use std::error::Error;

use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use chainrule::theory::MeanField;
use gradient_flow::{Along, claim, flow, mean_and_deviation, normal, save};

const WIDTH: usize = 100;
const SAMPLES: usize = 16;
const SEEDS: u64 = 8;
/// The depth of the stacks whose gradient is drawn layer by layer.
const DRAWN: usize = 32;

/// In f64, because after 64 layers of sigmoid a gradient can be smaller than the smallest f32.
type Stack<A, const LAYERS: usize, T = f64> = [(Linear<WIDTH, WIDTH, T, NoBias>, A); LAYERS];
type Measure = fn(Initializer, u64) -> Result<Vec<f64>, chainrule::Error>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let mnist = match &arguments[..] {
        [] => None,
        [paper, folder] if paper == "--paper" => Some(folder.as_ref()),
        _ => return Err("give no arguments, or `--paper` and the folder of MNIST's four files".into()),
    };

    let mut random = rng(1);
    let (inputs, directions) = (normal(SAMPLES, &mut random), normal(SAMPLES, &mut random));
    println!("{}\n", Stack::<Sigmoid, 8>::init(&mut random).flow(&Along, &inputs, &directions)?);

    println!("|dR/dZ| of the first layer over the last, {WIDTH} units, geometric mean of {SEEDS} networks");
    println!("g         W            2       4       8      16      32      64   a layer        predicted");
    let pytorch = ("PyTorch", Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt())); // U(±1/√n)
    let glorot = ("Glorot", Initializer::glorot_uniform());
    let lecun = ("LeCun", Initializer::lecun_normal()); // Glorot's variance at equal widths, but normal
    let he = ("He", Initializer::he_normal());
    let x = |title: &str, x| Lines::new(title).x(x).y("RMS of dR/dZ, last layer = 1").log_y();
    let mut lines = [
        x("At the first layer", "depth (layers)")
            .level(1.4e-45, "least f32")
            .note("Dashed: mean-field theory."),
        x(&format!("Layer by layer, {DRAWN} layers"), "layer, counted from the input"),
    ];
    let mut rows = Vec::new();
    for (weights, drawn) in [(pytorch, true), (glorot, true), (lecun, false), (he, false)] {
        rows.push(row::<Sigmoid>("sigmoid", weights, drawn.then_some(&mut lines))?);
        rows.push(row::<Tanh>("tanh", weights, drawn.then_some(&mut lines))?);
        rows.push(row::<Relu>("ReLU", weights, (weights.0 != "LeCun").then_some(&mut lines))?);
        rows.push(row::<LeakyRelu>("LeakyReLU", weights, None)?);
    }
    let [sigmoid, tanh, relu] = [4, 5, 14].map(|row: usize| rows[row]); // Glorot, Glorot, He
    let [keep_sigmoid, keep_relu] = [sigmoid[5], relu[5]].map(|left| left.powf(1.0 / 63.0));
    let power = (tanh[5] / tanh[3]).ln() / 4f64.ln(); // from 16 to 64 layers
    println!(
        "\n64 layers of sigmoid with Glorot's weights leave {:.0e} of the gradient, 64 layers of ReLU with He's \
         weights {:.2}:\na factor of {keep_sigmoid:.3} and of {keep_relu:.3} a layer. Tanh with Glorot's weights \
         leaves {:.2}. It falls with the depth to the\npower {power:.2}, not exponentially, because the signal \
         shrinks to where tanh' is 1.",
        sigmoid[5], relu[5], tanh[5]
    );

    // Published figures, because `MeanField` uses the same derivatives as the networks. A factor is off by 3 % at most.
    claim("sigmoid, PyTorch, a layer", rows[0][5].powf(1.0 / 63.0) / 0.1414, 1.0, 0.03)?;
    claim("sigmoid, Glorot, a layer", sigmoid[5].powf(1.0 / 63.0) / 0.236, 1.0, 0.03)?;

    // The smallest f32 above 0 is 1.4e-45; 0.1414⁶³ is 3e-54.
    let net = Stack::<Sigmoid, 64, f32>::init_with(pytorch.1, &mut rng(0));
    let flow = flow(&*net, SAMPLES, &mut rng(0))?;
    println!("\n64 layers of sigmoid, PyTorch's weights, in f32. {}", flow.verdict());
    if flow.profile()[0].1 != 0.0 {
        return Err("after 64 layers of sigmoid, the gradient should be 0 in f32".into());
    }
    let [depths, layers] = lines;
    save("01_vanishing", &Picture::side_by_side([depths.picture()?, layers.picture()?]))?;
    glorot_bengio::figure_7(mnist)
}

/// Prints a row of the table, checks it and draws it. Returns the share of the gradient that is left, for each depth.
fn row<A: Activation + Maps<Vector<WIDTH, f64>, Vector<WIDTH, f64>>>(
    g: &str,
    (scheme, weights): (&str, Initializer),
    lines: Option<&mut [Lines; 2]>,
) -> Result<[f64; 6], Box<dyn Error>> {
    macro_rules! stacks { ($($layers:literal)*) => { [$(($layers, profile::<A, $layers> as Measure)),*] } }
    let field = MeanField::<A>::of(weights)?;
    let predicted = |steps: usize| field.gradient_ratio(field.first(1.0), steps).sqrt();
    let (mut left, mut by_depth, mut theory, mut by_layer) = ([0.0; 6], Vec::new(), Vec::new(), Vec::new());
    let mut text = format!("{g:9} {scheme:7}");
    for (left, (depth, measure)) in left.iter_mut().zip(stacks!(2 4 8 16 32 64)) {
        let profiles: Vec<_> = (0..SEEDS).map(|seed| measure(weights, seed)).collect::<Result<_, _>>()?;
        let logs: Vec<f64> = profiles.iter().map(|profile| profile[0].ln()).collect();
        let ((log, deviation), expected, steps) =
            (mean_and_deviation(&logs), predicted(depth - 1), (depth - 1) as f64);
        text += &format!(" {:7.0e}", log.exp());
        // A step multiplies the squared norm by a number with a relative variance of at most 5/width (ReLU, see
        // `theory::relu_deviation`). So each step adds 5/(4 width) to the variance of ln(norm), and subtracts as much
        // from its mean.
        let variance = 1.25 * steps / WIDTH as f64;
        let tolerance = variance + 4.0 * (variance / SEEDS as f64).sqrt();
        claim(&format!("{g}, {scheme}, {depth} layers: ln(first/last)"), log, expected.ln(), tolerance)?;
        *left = log.exp();
        if depth == 64 {
            let (rate, expected) = (left.powf(1.0 / steps), expected.powf(1.0 / steps));
            println!("{text}   {rate:.3} ± {:.3}  {expected:.3}", rate * deviation / steps);
        }
        if depth == DRAWN {
            let points = profiles[0].iter().enumerate();
            by_layer = points.map(|(at, rms)| (at as f64 + 1.0, *rms)).collect();
        }
        by_depth.push((depth as f64, *left));
        theory.push((depth as f64, expected));
    }
    if let Some([depths, layers]) = lines {
        let name = format!("{g}, {scheme}");
        let by_theory = (0..DRAWN).map(|at| (at as f64 + 1.0, predicted(DRAWN - 1) / predicted(at)));
        *depths = depths.clone().line(&name, by_depth).dashed("", theory);
        *layers = layers.clone().line(&name, by_layer).dashed("", by_theory);
    }
    Ok(left)
}

/// Returns |dR/dZ| of each layer, from the first to the last, divided by |dR/dZ| of the last.
fn profile<A: Maps<Vector<WIDTH, f64>, Vector<WIDTH, f64>>, const LAYERS: usize>(
    weights: Initializer,
    seed: u64,
) -> Result<Vec<f64>, chainrule::Error> {
    let mut random = rng(seed);
    let net = Stack::<A, LAYERS>::init_with(weights, &mut random);
    let profile = flow(&*net, SAMPLES, &mut random)?.profile();
    Ok(profile.iter().map(|(_, rms)| rms / profile[LAYERS - 1].1).collect())
}
