//! A plain network of 50 sigmoid layers does not learn the digits. Three cures, one changed line each.
//!
//! The gradient of such a network vanishes long before its first layer. A skip connection, another activation, or
//! another initialization preserves it; then the same training succeeds. Compare your own deep network with these
//! pictures.
//!
//! ```text
//! $ cargo run --release --features plot --example 05_deep_training
//! ..
//! The plain network reads 10.2 % of the test digits after 1500 steps (guessing: 10 %). Its first layer has 8e-31 of
//! the last layer's gradient, and its loss is 2.304 (guessing: ln 10 = 2.303). One changed line helps:
//! a skip connection to 96.2 %, another activation to 96.2 %, another initialization to 96.3 %.
//! ```
//! The pictures and a page of HTML for each network, with the records of its training, go to `target/gradient-flow`.
//!
//! # The initialization
//! A sigmoid is σ(z) = 1/2 + tanh(z/2)/2: a tanh with a quarter of the slope, around 1/2. So a sigmoid layer with four
//! times the weights, and a bias of minus half of their sum, is a tanh layer:
//!
//! > Z = 4 W σ(Z') - 2 W·1 = 2 W tanh(Z'/2), which is Z/2 = W tanh(Z'/2).
//!
//! [`Initializer::orthogonal`] with a gain of a little over 4 then preserves the gradient. Without the bias it does
//! not: the halves add up, and Z reaches the range where σ is flat.
//!
//! # Source
//! Skip connections: He, Zhang, Ren, Sun, CVPR 2016. Orthogonal weights: Saxe, McClelland, Ganguli, ICLR 2014. The
//! sigmoid's small slope and its mean of 1/2 are why it does not train in deep networks: Glorot & Bengio 2010,
//! section 3.

#[path = "support/gradient_flow.rs"]
mod gradient_flow;
#[path = "05_deep_training/pictures.rs"]
mod pictures;
#[path = "support/training.rs"]
mod training;

use std::error::Error;

use chainrule::flow::{Flow, FlowOptions, FlowState, Recorder};
use chainrule::prelude::*;
use training::{Plan, Set, accuracy, train};

const N: usize = 64;
const PLAN: Plan = Plan { batch: 32, steps: 1500, clip: f64::INFINITY, smoothing: 0.1, seed: 1 };
/// Adam's learning rate. It falls to 0 along a straight line.
const RATE: f64 = 7e-4;

/// 50 layers of weights.
type Net<Block> = (Linear<64, N>, [Block; 48], Linear<N, 10>);

type Sigmoids = Net<(Sigmoid, Linear<N, N>)>;
/// The changed line: a skip connection.
type Skips = Net<Residual<(Sigmoid, Linear<N, N>)>>;
/// The changed line: an activation.
type Tanhs = Net<(Tanh, Linear<N, N>)>;

/// The results of a network.
struct Outcome {
    name: &'static str,
    before: Flow,
    after: Flow,
    loss: f64,
    accuracy: f64,
    recorder: Recorder,
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = Set::digits()?;
    let (orthogonal, start) = (Initializer::orthogonal(), || rng(0));
    let plain = run("plain sigmoid", Sigmoids::init_with(orthogonal, &mut start()), &digits)?;
    let skips = run("a skip connection", Skips::init_with(orthogonal, &mut start()), &digits)?;
    let tanhs = run("another activation", Tanhs::init_with(orthogonal, &mut start()), &digits)?;
    let larger = recentered(Sigmoids::init_with(orthogonal.gain(4.3), &mut start()));
    let larger = run("another initialization", larger, &digits)?;
    let all = [plain, skips, tanhs, larger];
    let off_center = Sigmoids::init_with(orthogonal.gain(4.3), &mut start());
    let (images, labels) = (&digits.0.images[..128], &digits.0.labels[..128]);
    let off_center =
        off_center.flow_with(&CrossEntropy::default(), images, labels, FlowOptions::LIGHT)?.verdict();
    println!(
        "(With these larger weights, but without the biases, the gradient is {}: {:.0e} is left.)\n",
        off_center.state,
        off_center.first_over_last.unwrap_or(f64::NAN)
    );
    pictures::draw(&all)?;

    let [plain, cures @ ..] = &all;
    let cured: Vec<_> = cures.iter().map(|o| format!("{} to {:.1} %", o.name, 100.0 * o.accuracy)).collect();
    println!(
        "\nThe plain network reads {:.1} % of the test digits after {} steps (guessing: 10 %). Its first layer has \
         {:.0e} of\nthe last layer's gradient, and its loss is {:.3} (guessing: ln 10 = {:.3}). One changed line \
         helps:\n{}.",
        100.0 * plain.accuracy,
        PLAN.steps,
        plain.before.verdict().first_over_last.unwrap_or(f64::NAN),
        plain.loss,
        10f64.ln(),
        cured.join(", ")
    );
    let vanishes = plain.before.verdict().state == FlowState::Vanishing && plain.accuracy < 0.2;
    let learn = cures.iter().all(|o| o.before.verdict().state == FlowState::Healthy && o.accuracy > 0.95);
    if vanishes && learn && off_center.state == FlowState::Vanishing {
        Ok(())
    } else {
        Err("the plain network should not learn, and each cure should".into())
    }
}

/// Trains a network, and prints the gradient flow before and after.
fn run<N>(
    name: &'static str,
    net: Owned<N>,
    (learn, test): &(Set<64>, Set<64>),
) -> Result<Outcome, Box<dyn Error>>
where
    N: Maps<Vector<64>, Vector<10>>,
{
    let (images, labels) = (&learn.images[..128], &learn.labels[..128]);
    let flow = |net: &N| net.flow_with(&CrossEntropy::default(), images, labels, FlowOptions::LIGHT);
    let (before, mut recorder) = (flow(&net)?, Recorder::every(25));
    let slower = |adam: &mut Adam<N>, done| adam.learning_rate = RATE * (1.0 - done);
    let (net, loss) = train(net, Adam::new(RATE), learn, PLAN, &mut recorder, slower)?;
    let (after, accuracy) = (flow(&net)?, accuracy(&*net, test)?);

    println!("{name}\nRMS of dR/dZ at layer       1       10       20       30       40       50");
    for (when, flow) in [("before", &before), ("after", &after)] {
        let profile = flow.profile();
        let at = |layer: usize| format!("{:9.0e}", profile[layer - 1].1);
        println!("  {when:15}{}", [1, 10, 20, 30, 40, 50].map(at).concat());
    }
    let lines = |flow: &Flow| flow.verdict().to_string().replace("; ", ";\n    ").replace("\n", "\n    ");
    println!("  before: {}\n  after: {}", lines(&before), lines(&after));
    println!("  loss {loss:.3}, test accuracy {:.1} %\n", 100.0 * accuracy);
    Ok(Outcome { name, before, after, loss, accuracy, recorder })
}

/// Sets the biases so that they subtract the sigmoid's mean of 1/2 from the inputs of each layer: b = -W·1/2.
fn recentered(mut net: Owned<Sigmoids>) -> Owned<Sigmoids> {
    for (_, linear) in &mut net.1 {
        for to in 0..N {
            linear.bias[to] = linear.weight.iter().map(|row| -row[to] / 2.0).sum();
        }
    }
    net
}
