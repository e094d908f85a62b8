//! Exploding gradients: one network with a weight scale from far below to far above the stable one.
//!
//! The chain rule multiplies a gradient by two factors a layer, W and g'. This example measures both in stacks of
//! linear, ReLU and tanh layers, and shows at which scale the gradient vanishes, keeps its size or explodes, next to
//! the theory.
//!
//! ```text
//! $ cargo run --release --features plot,theory --example 02_exploding
//! ..
//!   σw      W  layer theory verdict        W    g'  layer theory verdict        W    g'  layer theory verdict
//! 0.50  0.499  0.501  0.500  vanishing  0.500 0.711  0.357  0.354  vanishing  0.495 0.985  0.490  0.492  vanishing
//! ```

#[path = "support/gradient_flow.rs"]
mod gradient_flow;

use std::error::Error;

use chainrule::flow::FlowState;
use chainrule::layer::Factor;
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use chainrule::theory::{MeanField, linear_deviation, relu_deviation};
use gradient_flow::{claim, flow, save};

const WIDTH: usize = 128;
const LAYERS: usize = 30;
/// The activation, then W: the backward pass reaches W first.
type Stack<A> = [(A, Linear<WIDTH, WIDTH, f32, NoBias>); LAYERS];

/// σw, the deviation of a weight times √n.
const SCALES: [f64; 9] = [0.5, 0.7, 0.85, 1.0, 1.15, std::f64::consts::SQRT_2, 1.6, 1.8, 2.0];
const NETS: usize = 12; // for each scale

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "The factor of a layer for a gradient's norm: {LAYERS} layers of {WIDTH} units, {NETS} networks"
    );
    println!("      linear                          ReLU                                  tanh");
    let columns = "  layer theory verdict";
    println!("  σw      W{columns}        W    g'{columns}        W    g'{columns}");
    let mut points = [const { Vec::new() }; 3];
    for (at, &scale) in SCALES.iter().enumerate() {
        // The inputs of the first tanh have variance 1.
        let tanh = MeanField::<Tanh>::new(scale * scale, 0.0)?.gradient_ratio(1.0, LAYERS);
        let weights = Initializer::lecun_normal().gain(scale);
        let rows = [
            ("linear", Rates::of::<Identity>(weights, NETS, at)?, scale),
            ("ReLU", Rates::of::<Relu>(weights, NETS, at + 100)?, scale / 2f64.sqrt()),
            ("tanh", Rates::of::<Tanh>(weights, NETS, at + 200)?, tanh.powf(0.5 / LAYERS as f64)),
        ];
        let mut text = format!("{scale:4.2}");
        for ((name, rates, theory), points) in rows.into_iter().zip(&mut points) {
            // The squared norm after 30 layers deviates by at most ReLU's relative deviation, and its mean over the
            // networks by √NETS less. The 60th root of it is compared.
            let tolerance = 4.0 * relu_deviation(WIDTH, LAYERS) / (NETS as f64).sqrt() / (2 * LAYERS) as f64;
            claim(&format!("{name}, σw {scale}"), rates.layer / theory, 1.0, tolerance)?;
            // The logarithm of W's factor has mean -1/2n and variance 1/2n (a χ² variable of n degrees of freedom).
            let variance = 0.5 / WIDTH as f64;
            let tolerance = variance + 4.0 * (variance / (NETS * LAYERS) as f64).sqrt();
            claim(&format!("{name}, σw {scale}, ln W"), (rates.w / scale).ln(), 0.0, tolerance)?;
            let g = if name == "linear" { String::new() } else { format!(" {:.3}", rates.g) };
            let Rates { w, layer, state, .. } = rates;
            text += &format!("  {w:.3}{g}  {layer:.3}  {theory:.3}  {:9}", state.to_string());
            points.push((scale, rates, theory));
        }
        println!("{}", text.trim_end());
    }
    draw(&points)?;

    let stable = |kind: usize| {
        let from_one = |point: &&(f64, Rates, f64)| point.1.layer.ln().abs();
        points[kind].iter().min_by(|a, b| from_one(a).total_cmp(&from_one(b))).map_or(0.0, |point| point.0)
    };
    for (name, points) in ["linear", "ReLU", "tanh"].iter().zip(&points) {
        let states = [0, SCALES.len() - 1].map(|at| points[at].1.state);
        if states != [FlowState::Vanishing, FlowState::Exploding] {
            return Err(format!("{name}: not from vanishing to exploding, but {states:?}").into());
        }
    }
    let [linear, relu, tanh] = [0, 1, 2].map(stable);
    let [small, large] = [0, 8].map(|at: usize| points[2][at].1.g);
    println!(
        "\nOf these scales, the gradient keeps its size best at σw = {linear:.2} in linear layers, {relu:.2} in \
         ReLU layers (half of\nthe units are off), and {tanh:.2} in tanh layers. The factor W is σw in all three. \
         Tanh explodes more slowly, because\nits g' falls from {small:.2} at σw = 0.5 to {large:.2} at σw = 2."
    );

    println!("\nLinear networks: the mean of the squared growth over (nσ²)^{LAYERS}, 100 networks");
    for (seed, square) in [0.9f64, 1.0, 1.1].into_iter().enumerate() {
        let rates = Rates::of::<Identity>(Initializer::lecun_normal().gain(square.sqrt()), 100, 300 + seed)?;
        // Four standard deviations of a mean over 100 networks. The deviation of a network is exact.
        let tolerance = 0.4 * linear_deviation(WIDTH, LAYERS);
        let ratio = rates.square / square.powi(LAYERS as i32);
        println!("nσ² = {square:.1}: {ratio:.3}, to within {tolerance:.3} of 1");
        claim(&format!("linear networks, nσ² = {square}"), ratio, 1.0, tolerance)?;
    }
    Ok(())
}

/// How a gradient grows.
#[derive(Clone, Copy)]
struct Rates {
    /// The factor of all layers for its squared norm: the mean over networks.
    square: f64,
    /// The factor of a layer for its norm, and the two parts of this factor, as geometric means.
    layer: f64,
    w: f64,
    g: f64,
    state: FlowState, // of the last of the networks
}

impl Rates {
    fn of<A: Maps<Vector<WIDTH>, Vector<WIDTH>>>(
        weights: Initializer,
        nets: usize,
        seed: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let mut random = rng(seed as u64);
        let (mut square, mut w, mut g, mut state) = (0.0, 0.0, 0.0, FlowState::Healthy);
        for _ in 0..nets {
            let flow = flow(&*Stack::<A>::init_with(weights, &mut random), 1, &mut random)?;
            square += flow.attenuation().ok_or("no gradient arrives")?.powi(2) / nets as f64;
            for layer in flow.leaves() {
                let part = if layer.factor == Factor::Weights { &mut w } else { &mut g };
                *part += layer.gain.ok_or("no gradient arrives")?.ln() / (nets * LAYERS) as f64;
            }
            state = flow.verdict().state;
        }
        Ok(Self { square, layer: square.powf(0.5 / LAYERS as f64), w: w.exp(), g: g.exp(), state })
    }
}

fn draw(points: &[Vec<(f64, Rates, f64)>; 3]) -> Result<(), Box<dyn Error>> {
    let lines = |title| Lines::new(title).x("σw = √n · deviation of a weight").level(1.0, "stable");
    let mut rates = lines("The norm of a gradient").y("factor of a layer");
    rates = rates.note("Dashed: theory. Above 1 gradients explode, below they vanish.");
    let mut factors = lines("Its two parts").y("factor of a layer");
    let of = |points: &[(f64, Rates, f64)], value: fn(&(f64, Rates, f64)) -> f64| -> Vec<(f64, f64)> {
        points.iter().map(|point| (point.0, value(point))).collect()
    };
    for (name, points) in ["linear", "ReLU", "tanh"].into_iter().zip(points) {
        rates = rates.line(name, of(points, |point| point.1.layer)).dashed("", of(points, |point| point.2));
        factors = match name {
            "linear" => factors.line("W, the same in all three", of(points, |point| point.1.w)),
            name => factors.line(format!("g', {name}"), of(points, |point| point.1.g)),
        };
    }
    save("02_exploding", &Picture::side_by_side([rates.picture()?, factors.picture()?]))
}
