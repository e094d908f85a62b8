//! Exploding gradients: the weight scale of one network is varied from below to above one. The gradients of linear,
//! ReLU and tanh stacks vanish, keep their size and explode; the factors W and g' of the chain rule's product are
//! measured separately.
//!
//! ```text
//! $ cargo run --release --features plot,theory --example 02_exploding
//! ```
//! The picture goes to `target/gradient-flow/02_exploding.svg` and `.png`.

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
/// g, then W: the backward pass reaches W first.
type Stack<A> = [(A, Linear<WIDTH, WIDTH, f32, NoBias>); LAYERS];

/// σw, the deviation of a weight times √n.
const SCALES: [f64; 9] = [0.5, 0.7, 0.85, 1.0, 1.15, std::f64::consts::SQRT_2, 1.6, 1.8, 2.0];
/// The number of networks for each.
const NETS: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "What a layer multiplies the norm of a gradient by, {LAYERS} layers of {WIDTH} units, {NETS} networks"
    );
    println!("      linear                          ReLU                                  tanh");
    println!(
        "  σw      W  layer theory verdict        W    g'  layer theory verdict        W    g'  layer theory verdict"
    );
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
            // The squared norm after 30 layers has a relative deviation of at most ReLU's, its mean over the networks
            // one smaller by their root, and of that the 60th root is taken.
            let tolerance = 4.0 * relu_deviation(WIDTH, LAYERS) / (NETS as f64).sqrt() / (2 * LAYERS) as f64;
            claim(&format!("{name}, σw {scale}"), rates.layer / theory, 1.0, tolerance)?;
            // The logarithm of W's factor has mean -1/2n and variance 1/2n (a χ² variable of n degrees of freedom).
            let variance = 0.5 / WIDTH as f64;
            let tolerance = variance + 4.0 * (variance / (NETS * LAYERS) as f64).sqrt();
            claim(&format!("{name}, σw {scale}, ln W"), (rates.w / scale).ln(), 0.0, tolerance)?;
            let g = if name == "linear" { String::new() } else { format!(" {:.3}", rates.g) };
            text += &format!(
                "  {:.3}{g}  {:.3}  {theory:.3}  {:9}",
                rates.w,
                rates.layer,
                rates.state.to_string()
            );
            points.push((scale, rates, theory));
        }
        println!("{}", text.trim_end());
    }
    draw(&points)?;

    let held = |kind: usize| {
        let from_one = |point: &&(f64, Rates, f64)| point.1.layer.ln().abs();
        points[kind].iter().min_by(|a, b| from_one(a).total_cmp(&from_one(b))).map_or(0.0, |point| point.0)
    };
    for (name, points) in ["linear", "ReLU", "tanh"].iter().zip(&points) {
        let states = [0, SCALES.len() - 1].map(|at| points[at].1.state);
        if states != [FlowState::Vanishing, FlowState::Exploding] {
            return Err(format!(
                "{name} should vanish at the smallest scale and explode at the largest: {states:?}"
            )
            .into());
        }
    }
    let g = |at: usize| points[2][at].1.g;
    println!(
        "\nOf these, linear layers hold a gradient best at σw = {:.2}, ReLU at {:.2}, since half of its units are off, tanh at \
         {:.2}.\nW's factor is σw in all three; tanh explodes more slowly, since its g' falls from {:.2} at σw = 0.5 to {:.2} at 2.",
        held(0),
        held(1),
        held(2),
        g(0),
        g(8)
    );

    println!("\nLinear networks: the mean of the squared growth over (nσ²)^{LAYERS}, 100 networks");
    for (seed, square) in [0.9f64, 1.0, 1.1].into_iter().enumerate() {
        let rates = Rates::of::<Identity>(Initializer::lecun_normal().gain(square.sqrt()), 100, 300 + seed)?;
        // The deviation of one network is exact.
        let (ratio, tolerance) =
            (rates.square / square.powi(LAYERS as i32), 0.4 * linear_deviation(WIDTH, LAYERS));
        println!("nσ² = {square:.1}: {ratio:.3}, to within {tolerance:.3} of 1");
        claim(&format!("linear networks, nσ² = {square}"), ratio, 1.0, tolerance)?;
    }
    Ok(())
}

/// The measurements of a gradient.
#[derive(Clone, Copy)]
struct Rates {
    /// The growth of its squared norm in all layers: the mean over networks.
    square: f64,
    /// Of its norm in one layer.
    layer: f64,
    /// W's part of that, and g''s: geometric means.
    w: f64,
    g: f64,
    /// The verdict on the last of the networks.
    state: FlowState,
}

impl Rates {
    fn of<A>(weights: Initializer, nets: usize, seed: usize) -> Result<Self, Box<dyn Error>>
    where
        A: Maps<Vector<WIDTH>, Vector<WIDTH>>,
    {
        let mut random = rng(seed as u64);
        let (mut square, mut w, mut g, mut state) = (0.0, 0.0, 0.0, FlowState::Healthy);
        for _ in 0..nets {
            let net = Stack::<A>::init_with(weights, &mut random);
            let flow = flow(&*net, 1, &mut random)?;
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
    let lines =
        |title: &str| Lines::new(title).x("weight scale σw = √n · deviation of a weight").level(1.0, "holds");
    let mut rates = lines("The norm of a gradient")
        .y("multiplied by, a layer")
        .note("Dashed: theory. Above 1 gradients explode, below they vanish.");
    let mut factors = lines("Its two factors apart").y("multiplied by, a layer");
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
    save("02_exploding", &Picture::beside([rates.picture()?, factors.picture()?]))
}
