//! Where a transformer has its norms: after each sum (post-norm), or at the start of each branch (pre-norm).
//!
//! "Attention is all you need" has post-norm, and needs a warm-up of the learning rate. Most later models have
//! pre-norm and train without. This example shows why, by the gradients of new networks of 2 to 24 blocks, and by
//! training 12 blocks.
//!
//! ```text
//! $ cargo run --release --features plot --example 12_pre_and_post_norm
//! ..
//!   blocks  post-norm   pre-norm
//!        2      1.605      1.075
//! ..
//!       24      1.457      0.340
//! as depth to the power of: post-norm -0.07 ± 0.08, pre-norm -0.45 ± 0.08
//! ..
//! ```
//! * Post-norm: the gradient near the output is large, at every depth. Pre-norm: it falls as 1/√depth, because the
//!   last norm divides by a sum of that many terms (theorem 1 of the source).
//! * At a learning rate with which pre-norm learns, post-norm does not, because its first steps are too large. With a
//!   warm-up it learns. Here the rows of the digits are the steps of the sequence.
//!
//! It also prints the shares of the gradient that pass through the values and the scores of attention, and how even its
//! weights are. The picture goes to `target/gradient-flow/12_pre_and_post_norm.svg` and `.png`.
//!
//! # Source
//! Xiong, Yang, He, K. Zheng, S. Zheng, Xing, Zhang, Lan, Wang, Liu, "On layer normalization in the transformer
//! architecture", ICML 2020.

#[allow(dead_code)] // the test digits are not used
#[path = "support/digits.rs"]
mod digits;
#[path = "support/gradient_flow.rs"]
mod gradient_flow;
#[path = "12_pre_and_post_norm/gradients.rs"]
mod gradients;

use std::error::Error;

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
type Batch = (Vec<Rows>, Vec<Label<10>>);

const BLOCKS: usize = 12; // of the networks that are trained
const RATE: f64 = 3e-3;
const STEPS: usize = 200;
const WARM_UP: u64 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = digits::train()?;
    let rows = |image: &Vector<64>| {
        Sequence(std::array::from_fn(|row| std::array::from_fn(|at| image[8 * row + at])))
    };
    let batch: Batch = digits.iter().map(|(image, label)| (rows(image), *label)).unzip();
    let pictures = [gradients::measure(&batch)?, losses(&batch)?];
    gradient_flow::save("12_pre_and_post_norm", &Picture::side_by_side(pictures))
}

/// Trains three networks, and compares their losses.
fn losses(batch: &Batch) -> Result<Picture, Box<dyn Error>> {
    let constant = Schedule::constant;
    let pre = train("pre-norm", Pre::<BLOCKS>::init(&mut rng(1)), batch, constant())?;
    let post = train("post-norm", Post::<BLOCKS>::init(&mut rng(1)), batch, constant())?;
    let warm =
        train("post-norm, warm-up", Post::<BLOCKS>::init(&mut rng(1)), batch, constant().warm_up(WARM_UP))?;
    let last = |points: &[(f64, f64)]| points[points.len() - 1].1;
    // ln 10 = 2.30 is the loss of guessing.
    if !(last(&pre) < 1.2 && last(&post) > 2.0 && last(&warm) < 1.9) {
        return Err("pre-norm should learn, post-norm only with the warm-up".into());
    }
    let lines =
        Lines::new(format!("{BLOCKS} blocks, Adam, rate {RATE}")).x("step").y("loss, mean of 25 steps");
    let lines = lines.line("post-norm", post).line("pre-norm", pre).line("post-norm, warm-up", warm);
    Ok(lines.level(10f64.ln(), "guessing").picture()?)
}

/// Trains a network. Returns the mean loss of every 25 steps.
fn train<N: Network + Maps<Rows, Vector<10>>>(
    name: &str,
    net: Owned<N>,
    (inputs, labels): &Batch,
    schedule: Schedule,
) -> Result<Vec<(f64, f64)>, chainrule::Error> {
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
