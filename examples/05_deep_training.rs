//! A plain network of 50 sigmoid layers does not learn the digits. Three cures, one line each: a skip connection,
//! another activation, another initialization.
//!
//! ```text
//! $ cargo run --release --features plot --example 05_deep_training
//! ..
//! The plain network, whose first layer has 8e-31 of the last one's gradient, reads 10.2 % of the test digits after 1500 steps
//! (guessing: 10 %), with a loss of 2.304 (ln 10 = 2.303, which is knowing nothing). One line brings it:
//! a skip connection to 96.2 %, another activation to 96.2 %, another initialization to 96.3 %.
//! ```
//! Prints the gradient flow before and after each training, and records it in between: in pictures, and in a page of
//! HTML for each network.
//!
//! # The initialization
//! A sigmoid is σ(z) = 1/2 + tanh(z/2)/2: a tanh of a quarter of the slope, around a half. So a sigmoid layer with four
//! times the weights, and a bias of minus a half of their sum, is a tanh layer:
//!
//! > Z = 4 W σ(Z') - 2 W·1 = 2 W tanh(Z'/2), which is Z/2 = W tanh(Z'/2).
//!
//! [`Initializer::orthogonal`] with a gain of a little over 4 then preserves the gradient. Without the bias it does
//! not: the halves add up, and Z reaches the range where σ is flat.
//!
//! # Source
//! Skip connections: He, Zhang, Ren, Sun, CVPR 2016. Orthogonal weights: Saxe, McClelland, Ganguli, ICLR 2014. The
//! factor of 4: Glorot & Bengio 2010 make the sigmoid's small slope, and its mean of a half, the reason why it does not
//! train in deep networks (section 3).

#[path = "support/deep.rs"]
mod deep;
#[path = "support/training.rs"]
mod training;

use std::error::Error;

use chainrule::flow::{Flow, FlowState, Recorder, Report};
use chainrule::plot::{HeatMap, Lines, Picture};
use chainrule::prelude::*;
use training::{Plan, Set, accuracy, train};

const N: usize = 64;
const PLAN: Plan = Plan { batch: 32, steps: 1500, clip: f64::INFINITY, smoothing: 0.1, seed: 1 };
/// Adam's; it falls to 0 along a straight line.
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
    let off_center = deep::flow(&*off_center, &CrossEntropy::default(), images, labels)?.verdict();
    println!(
        "(With that initialization's larger weights but without its biases the gradient is {}: {:.0e} arrives.)\n",
        off_center.state,
        off_center.first_over_last.unwrap_or(f64::NAN)
    );
    draw(&all)?;

    let [plain, cures @ ..] = &all;
    let cured: Vec<_> = cures.iter().map(|o| format!("{} to {:.1} %", o.name, 100.0 * o.accuracy)).collect();
    println!(
        "\nThe plain network, whose first layer has {:.0e} of the last one's gradient, reads {:.1} % of the test digits after \
         {} steps\n(guessing: 10 %), with a loss of {:.3} (ln 10 = {:.3}, which is knowing nothing). One line brings it:\n{}.",
        plain.before.verdict().first_over_last.unwrap_or(f64::NAN),
        100.0 * plain.accuracy,
        PLAN.steps,
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
    let flow =
        |net: &N| deep::flow(net, &CrossEntropy::default(), &learn.images[..128], &learn.labels[..128]);
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

/// Draws the gradient against depth before and after, and the records in between.
fn draw(all: &[Outcome]) -> Result<(), Box<dyn Error>> {
    let profile = |title: &str, flow: fn(&Outcome) -> &Flow| {
        let lines = Lines::new(title).x("depth (layers)").y("RMS of dR/dZ").log_y();
        let points = |o| flow(o).profile().into_iter().map(|(depth, rms)| (depth as f64, rms));
        all.iter().fold(lines, |lines, o| lines.line(o.name, points(o))).picture()
    };
    let (before, after) =
        (profile("Before training", |o| &o.before)?, profile("After training", |o| &o.after)?);
    deep::save(&Picture::beside([before, after]), "05_deep_training")?;

    let mut panels = Vec::new();
    for Outcome { name, recorder, .. } in all {
        let steps = || recorder.records().iter().map(|record| record.step as f64);
        let mut map = HeatMap::new(format!("{name}: gradient"), steps())
            .x("step")
            .y("layer")
            .value("RMS of dR/dZ")
            .log();
        for layer in (5..=50).rev().step_by(5).chain([1]) {
            map =
                map.row(layer.to_string(), recorder.records().iter().map(|r| r.flow.profile()[layer - 1].1));
        }
        let mut pace =
            Lines::new(format!("{name}: pace")).x("step").y("log10(|update| / |W|)").level(-3.0, "1e-3");
        for layer in [1, 10, 25, 40, 50] {
            let pace_of = |flow: &Flow| {
                let layer = flow.leaves().filter(|layer| layer.weights.is_some()).nth(layer - 1)?;
                layer.parameters[0].update_to_weight().map(f64::log10)
            };
            let points =
                recorder.records().iter().map(|r| (r.step as f64, pace_of(&r.flow).unwrap_or(f64::NAN)));
            pace = pace.line(format!("layer {layer}"), points);
        }
        panels.extend([map.picture()?, pace.picture()?]);
    }
    deep::save(&Picture::grid(2, panels), "05_training_recorded")?;

    for (at, Outcome { name, before, after, recorder, accuracy, .. }) in all.iter().enumerate() {
        let path = format!("target/gradient-flow/05_deep_training_{at}.html");
        let records: Vec<_> = recorder.records().iter().step_by(2).cloned().collect();
        Report::new(format!("Fifty layers: {name}"))
            .flow("before training", before)
            .flow("after training", after)
            .records(&records)
            .note("After the training", format!("It reads {:.1} % of the test digits.", 100.0 * accuracy))
            .save(&path)?;
        println!("page: {path}, {} kB", std::fs::metadata(&path)?.len() / 1000);
    }
    Ok(())
}

/// Sets the biases so that they subtract the sigmoid's mean of 1/2 from the sums of the next layer: b = -W·1/2.
fn recentered(mut net: Owned<Sigmoids>) -> Owned<Sigmoids> {
    for (_, linear) in &mut net.1 {
        for to in 0..N {
            linear.bias[to] = linear.weight.iter().map(|row| -row[to] / 2.0).sum();
        }
    }
    net
}
