//! Where a transformer has its norms: after each sum (post-norm), as in "Attention is all you need", or at the start of
//! each branch (pre-norm).
//!
//! ```text
//! $ cargo run --release --features plot --example 12_pre_and_post_norm
//! ```
//! Prints the gradient of the last block's weights in new networks of 2 to 24 blocks; the two ways of the gradient
//! through attention, and how even its weights are; and trains 12 blocks on the digits, whose rows are the steps, at one
//! learning rate: pre-norm, post-norm, and post-norm with a warm-up.
//!
//! # What to expect
//! * Post-norm: the gradient near the output is large and does not depend on the depth. Pre-norm: it falls as 1/√depth,
//!   because the last norm divides by a sum of as many terms (Xiong, Yang, He, K. Zheng, S. Zheng, Xing, Zhang, Lan, Wang,
//!   Liu, "On layer normalization in the transformer architecture", ICML 2020, theorem 1).
//! * At a learning rate with which pre-norm learns, post-norm does not: the first steps are too large. With a warm-up it
//!   learns.

#[allow(dead_code)]
#[path = "support/deep.rs"]
mod deep;
#[allow(dead_code)]
#[path = "support/digits.rs"]
mod digits;

use std::error::Error;

use chainrule::Error as NetworkError;
use chainrule::flow::{Flow, FlowOptions, PartKind};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

const WIDTH: usize = 32;
type Norm = LayerNorm<Vector<WIDTH>>;
type Attention = SelfAttention<WIDTH, 4>;
type FeedForward = PerStep<(Linear<WIDTH, 64>, Relu, Linear<64, WIDTH>)>;

type PostBlock = (Residual<Attention>, Norm, Residual<FeedForward>, Norm);
type PreBlock = (Residual<(Norm, Attention)>, Residual<(Norm, FeedForward)>);
type Post<const BLOCKS: usize> =
    (PerStep<Linear<8, WIDTH>>, [PostBlock; BLOCKS], GlobalAvgPool, Linear<WIDTH, 10>);
type Pre<const BLOCKS: usize> =
    (PerStep<Linear<8, WIDTH>>, [PreBlock; BLOCKS], Norm, GlobalAvgPool, Linear<WIDTH, 10>);

type Rows = Sequence<8, 8>;

const SEEDS: u64 = 4;
const DEPTHS: [usize; 5] = [2, 4, 8, 16, 24];
/// What is trained.
const BLOCKS: usize = 12;
const RATE: f64 = 3e-3;
const STEPS: usize = 200;
const WARM_UP: u64 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = digits::train()?;
    let rows = |image: &Vector<64>| {
        Sequence(std::array::from_fn(|row| std::array::from_fn(|at| image[8 * row + at])))
    };
    let batch: (Vec<Rows>, Vec<_>) = digits.iter().map(|(image, label)| (rows(image), *label)).unzip();
    let gradients = gradients(&batch)?;
    let losses = losses(&batch)?;
    deep::save(&Picture::beside([gradients, losses]), "12_pre_and_post_norm")?;
    Ok(())
}

/// The gradient of the last weights of the last block, for each depth and seed.
type Gradients = [[f64; SEEDS as usize]; DEPTHS.len()];

/// Measures new networks.
fn gradients((inputs, labels): &(Vec<Rows>, Vec<Label<10>>)) -> Result<Picture, Box<dyn Error>> {
    fn of<N: Maps<Rows, Vector<10>>>(
        inputs: &[Rows],
        labels: &[Label<10>],
        seed: u64,
    ) -> Result<Flow, NetworkError> {
        let (from, net) = (64 * seed as usize, N::init(&mut rng(seed)));
        let samples = from..from + 64;
        let loss = CrossEntropy::default();
        net.flow_with(&loss, &inputs[samples.clone()], &labels[samples], FlowOptions::LIGHT)
    }
    let (mut post, mut pre): (Gradients, Gradients) = Default::default();
    for seed in 0..SEEDS {
        let all = |seed| -> Result<[[Flow; 2]; DEPTHS.len()], NetworkError> {
            Ok([
                [of::<Post<2>>(inputs, labels, seed)?, of::<Pre<2>>(inputs, labels, seed)?],
                [of::<Post<4>>(inputs, labels, seed)?, of::<Pre<4>>(inputs, labels, seed)?],
                [of::<Post<8>>(inputs, labels, seed)?, of::<Pre<8>>(inputs, labels, seed)?],
                [of::<Post<16>>(inputs, labels, seed)?, of::<Pre<16>>(inputs, labels, seed)?],
                [of::<Post<24>>(inputs, labels, seed)?, of::<Pre<24>>(inputs, labels, seed)?],
            ])
        };
        for (at, [of_post, of_pre]) in all(seed)?.iter().enumerate() {
            let last = DEPTHS[at] - 1;
            let gradient =
                |flow: &Flow, path: String| flow.layer(&path).and_then(|layer| layer.gradient_norm());
            let missing = "the last block has no gradient";
            post[at][seed as usize] = gradient(of_post, format!("1.{last}.2.branch.2")).ok_or(missing)?;
            pre[at][seed as usize] = gradient(of_pre, format!("1.{last}.1.branch.1.2")).ok_or(missing)?;
            if seed == 0 && DEPTHS[at] == 8 {
                println!("post-norm, 8 blocks: {}\n", of_post.verdict());
                println!("pre-norm, 8 blocks: {}\n", of_pre.verdict());
                show_ways(of_pre);
            }
        }
    }
    println!("|dR/dW| of the last block, mean of {SEEDS} new networks");
    println!("{:>8} {:>10} {:>10}", "blocks", "post-norm", "pre-norm");
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    for ((depth, post), pre) in DEPTHS.iter().zip(&post).zip(&pre) {
        println!("{depth:>8} {:>10.3} {:>10.3}", mean(post), mean(pre));
    }
    let ((of_post, post_error), (of_pre, pre_error)) = (exponent(&post), exponent(&pre));
    println!(
        "as depth to the power of: post-norm {of_post:.2} ± {post_error:.2}, pre-norm {of_pre:.2} ± {pre_error:.2}"
    );
    println!("theory: 0 and -0.5\n");
    // Three standard errors; for few blocks, 1/√(1 + c depth) is by up to 0.15 flatter than 1/√depth.
    if of_post.abs() > 3.0 * post_error.max(0.05) || (of_pre + 0.45).abs() > 0.1 + 3.0 * pre_error {
        return Err("the exponents should be near 0 and -0.5".into());
    }
    let points = |of: &Gradients| -> Vec<(f64, f64)> {
        DEPTHS.iter().zip(of).map(|(depth, of)| (*depth as f64, mean(of))).collect()
    };
    let start = mean(&pre[0]) * (DEPTHS[0] as f64).sqrt();
    let theory = DEPTHS.map(|depth| (depth as f64, start / (depth as f64).sqrt()));
    let lines = Lines::new("The gradient of the last block").x("blocks").y("|dR/dW|").log_x().log_y();
    let lines =
        lines.line("post-norm", points(&post)).line("pre-norm", points(&pre)).line("1/√depth", theory);
    Ok(lines.picture()?)
}

/// Prints the two ways through attention, and how even its weights are.
fn show_ways(flow: &Flow) {
    println!("{:<22} {:>7} {:>7} {:>22}", "attention, pre-norm", "values", "scores", "entropy of the heads");
    let parts = flow.parts();
    for layer in &flow.layers {
        let Some(attention) = &layer.attention else { continue };
        let share = |way| {
            let part = parts
                .iter()
                .find(|part| part.kind == PartKind::Way && part.path == layer.path && part.gate == way);
            part.and_then(|part| part.share).unwrap_or(f64::NAN)
        };
        let heads: Vec<String> = attention.heads.iter().map(|head| format!("{:.2}", head.entropy)).collect();
        println!(
            "{:<22} {:>7.2} {:>7.2} {:>22}",
            layer.path,
            share("values"),
            share("scores"),
            heads.join(" ")
        );
    }
    println!();
}

/// Fits log gradient = a + b log depth. Returns b and its standard error.
fn exponent(gradients: &Gradients) -> (f64, f64) {
    let points = DEPTHS.iter().zip(gradients);
    let points: Vec<[f64; 2]> =
        points.flat_map(|(depth, all)| all.map(|gradient| [(*depth as f64).ln(), gradient.ln()])).collect();
    let n = points.len() as f64;
    let [x, y] = [0, 1].map(|at| points.iter().map(|point| point[at]).sum::<f64>() / n);
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| points.iter().map(|point| of(point[0] - x, point[1] - y)).sum::<f64>();
    let (xx, xy) = (sum(&|x, _| x * x), sum(&|x, y| x * y));
    let b = xy / xx;
    (b, (sum(&|x, y| (y - b * x).powi(2)) / (n - 2.0) / xx).sqrt())
}

/// Trains three networks, and compares their losses.
fn losses(batch: &(Vec<Rows>, Vec<Label<10>>)) -> Result<Picture, Box<dyn Error>> {
    let constant = Schedule::constant;
    let pre = train("pre-norm", Pre::<BLOCKS>::init(&mut rng(1)), batch, constant())?;
    let post = train("post-norm", Post::<BLOCKS>::init(&mut rng(1)), batch, constant())?;
    let warm =
        train("post-norm, warm-up", Post::<BLOCKS>::init(&mut rng(1)), batch, constant().warm_up(WARM_UP))?;
    let last = |points: &[(f64, f64)]| points[points.len() - 1].1;
    // ln 10 = 2.30 is the loss of guessing.
    if !(last(&pre) < 1.2 && last(&post) > 2.0 && last(&warm) < 1.9) {
        return Err(
            "pre-norm and the warm-up should learn, and post-norm at the full learning rate not".into()
        );
    }
    let lines =
        Lines::new(format!("{BLOCKS} blocks, Adam, rate {RATE}")).x("step").y("loss, mean of 25 steps");
    let lines = lines.line("post-norm", post).line("pre-norm", pre).line("post-norm, warm-up", warm);
    Ok(lines.level(10f64.ln(), "guessing").picture()?)
}

/// Trains a network. Returns its loss, a mean of 25 steps each.
fn train<N: Network + Maps<Rows, Vector<10>>>(
    name: &str,
    net: Owned<N>,
    (inputs, labels): &(Vec<Rows>, Vec<Label<10>>),
    schedule: Schedule,
) -> Result<Vec<(f64, f64)>, NetworkError> {
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(RATE), 1).schedule(schedule);
    let (random, mut sum, mut points) = (&mut rng(2), 0.0, Vec::new());
    for step in 1..=STEPS {
        let (inputs, labels): (Vec<_>, Vec<_>) =
            (0..32).map(|_| random.random_range(0..inputs.len())).map(|at| (inputs[at], labels[at])).unzip();
        sum += trainer.step(&inputs, &labels)?;
        if step % 25 == 0 {
            points.push((step as f64, sum / 25.0));
            sum = 0.0;
        }
    }
    let losses: Vec<String> = points.iter().map(|(_, loss)| format!("{loss:.2}")).collect();
    println!("{name:<20} loss {}", losses.join(" "));
    Ok(points)
}
