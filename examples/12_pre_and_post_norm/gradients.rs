//! The gradient of the last block's weights in new networks, by depth.

use std::error::Error;

use chainrule::flow::{Flow, FlowOptions, PartKind};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;

use crate::{Batch, Post, Pre, Rows};

const SEEDS: u64 = 4;
const DEPTHS: [usize; 5] = [2, 4, 8, 16, 24];

/// The gradient of the last weights of the last block, for each depth and seed.
type Gradients = [[f64; SEEDS as usize]; DEPTHS.len()];

/// Measures new networks, and fails if the gradients do not depend on the depth as theory says.
pub(crate) fn measure((inputs, labels): &Batch) -> Result<Picture, Box<dyn Error>> {
    fn of<N: Maps<Rows, Vector<10>>>(
        inputs: &[Rows],
        labels: &[Label<10>],
        seed: u64,
    ) -> Result<Flow, chainrule::Error> {
        let (from, net) = (64 * seed as usize, N::init(&mut rng(seed)));
        let samples = from..from + 64;
        let loss = CrossEntropy::default();
        net.flow_with(&loss, &inputs[samples.clone()], &labels[samples], FlowOptions::LIGHT)
    }
    let (mut post, mut pre): (Gradients, Gradients) = Default::default();
    for seed in 0..SEEDS {
        let all = |seed| -> Result<[[Flow; 2]; DEPTHS.len()], chainrule::Error> {
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
    // Three standard errors. For few blocks, the exponent of 1/√(1 + c depth) is up to 0.15 above -0.5.
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

/// Prints the two ways of the gradient through attention, and how even its weights are (the entropy of each head).
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
