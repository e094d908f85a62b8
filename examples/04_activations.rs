//! Which activation preserves the gradient, under six initializations, and where the usual answer fails.
//!
//! By their largest slopes the order is leaky ReLU > ReLU > tanh > sigmoid. In networks of 20 layers on the digits,
//! ReLU loses to tanh under the usual initializations: half of the units of ReLU are off, while tanh' is close to 1
//! as long as Z is small. This table shows which activation goes with which initialization.
//!
//! ```text
//! $ cargo run --release --features plot --example 04_activations
//! initialization  activation  gain a layer  first over last   accuracy: momentum   Adam
//! ..
//! Glorot          ReLU              0.698           1.5e-3               29.7 %   61.1 %
//! Glorot          tanh              0.950           3.9e-1               92.3 %   91.4 %
//! ```
//! The gain is the factor by which a hidden layer, its W and its g', multiplies the gradient's length: the geometric
//! mean over the hidden layers of several new networks. The accuracy is on the test digits after training one of
//! them, with momentum and with Adam, for the same number of steps. The picture goes to
//! `target/gradient-flow/04_activations.svg`.
//!
//! # Source
//! Small derivatives make gradients vanish: Hochreiter 1991; Bengio, Simard, Frasconi 1994. ReLU: He, Zhang, Ren, Sun,
//! "Delving deep into rectifiers", ICCV 2015, eq. 14: a layer's gain is √(n var(W) / 2).

#[path = "support/gradient_flow.rs"]
mod gradient_flow;
#[path = "support/training.rs"]
mod training;

use std::error::Error;

use chainrule::flow::{FlowOptions, Recorder};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use training::{Plan, Set, accuracy, train};

const N: usize = 32;
const NETS: u64 = 10;
const PLAN: Plan = Plan { batch: 32, steps: 600, clip: f64::INFINITY, smoothing: 0.0, seed: 1 };

type Net<G> = (Linear<64, N>, [(G, Linear<N, N>); 18], G, Linear<N, 10>);

/// The results of an activation with an initialization.
struct Row {
    gain: f64,
    first_over_last: f64,
    accuracy: [f64; 2], // by momentum and by Adam
    profile: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let pytorch = Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt());
    // With n var(W). W's mean gain is its root.
    let initializers: [(&str, Initializer, f64); 6] = [
        ("PyTorch", pytorch, 1.0 / 3.0),
        ("Glorot", Initializer::glorot_normal(), 1.0),
        ("LeCun", Initializer::lecun_normal(), 1.0),
        ("orthogonal", Initializer::orthogonal(), 1.0),
        ("He", Initializer::he_normal(), 2.0),
        ("3 x LeCun", Initializer::lecun_normal().gain(3.0), 9.0),
    ];
    let digits = Set::digits()?;
    println!("initialization  activation  gain a layer  first over last   accuracy: momentum   Adam");
    let (mut panels, mut table) = (Vec::new(), Vec::new());
    for (name, initializer, variance) in initializers {
        let rows = [
            ("leaky ReLU", row::<LeakyRelu>(initializer, &digits)?),
            ("ReLU", row::<Relu>(initializer, &digits)?),
            ("tanh", row::<Tanh>(initializer, &digits)?),
            ("sigmoid", row::<Sigmoid>(initializer, &digits)?),
        ];
        let mut panel = Lines::new(name).x("depth (layers)").y("RMS of dR/dZ").log_y();
        for (activation, row) in &rows {
            let cell = |share: f64| format!("{:.1} %", 100.0 * share);
            let [momentum, adam] = row.accuracy.map(|x| if x.is_nan() { "diverged".into() } else { cell(x) });
            let (gain, left) = (row.gain, row.first_over_last);
            println!("{name:15} {activation:11} {gain:11.3} {left:16.1e} {momentum:>20} {adam:>8}");
        }
        let [leaky, relu, tanh, sigmoid] = rows.each_ref().map(|(_, row)| row.profile.clone());
        panel = panel.line("ReLU", relu).dashed("leaky ReLU", leaky);
        panels.push(panel.line("tanh", tanh).line("sigmoid", sigmoid).picture()?);
        table.push((name, variance, rows.map(|(_, row)| row)));
    }
    gradient_flow::save("04_activations", &Picture::grid(2, panels))?;
    judge(&table)
}

/// Prints under which initializations the order of slopes is right. Fails if that is not what theory predicts.
fn judge(table: &[(&str, f64, [Row; 4])]) -> Result<(), Box<dyn Error>> {
    let names = |holds: &dyn Fn(&[Row; 4]) -> bool| {
        let names = table.iter().filter(|(_, _, rows)| holds(rows)).map(|(name, ..)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    let keeps_less = |rows: &[Row; 4]| rows[2].gain < rows[1].gain;
    let tanh_wins = |rows: &[Row; 4]| (0..2).all(|at| rows[2].accuracy[at] > rows[1].accuracy[at]);
    let sigmoid_fails = |rows: &[Row; 4]| {
        rows[..3].iter().all(|row| rows[3].gain < row.gain) && rows[3].accuracy.iter().all(|a| *a < 0.2)
    };
    let differences = table.iter().map(|(_, _, rows)| 100.0 * (rows[0].gain / rows[1].gain - 1.0).abs());
    println!(
        "\nSigmoid has the smallest gain and learns almost nothing (below 20 %) with: {}.\nReLU has a larger gain than \
         tanh, as the order of slopes says, with: {}.\nReLU has a smaller gain, and tanh learns more with both \
         optimizers, with: {}.\nThe gains of leaky ReLU and ReLU differ by at most {:.1} % a layer.",
        names(&sigmoid_fails),
        names(&keeps_less),
        names(&|rows| !keeps_less(rows) && tanh_wins(rows)),
        differences.fold(0.0, f64::max),
    );
    for (name, variance, [leaky, relu, tanh, sigmoid]) in table {
        // The logarithm of a gain deviates by √(5/N) / 2 = 0.2 from layer to layer. Its mean is 5/(4 N) = 0.04 below
        // the logarithm of the mean: over 180 layers it is -0.04 ± 4 · 0.015.
        let predicted = (relu.gain / f64::sqrt(variance / 2.0)).ln().abs() < 0.12;
        // With leaky ReLU, an inactive unit passes 1/100 of the gradient.
        let same = (leaky.gain / relu.gain).ln().abs() < 0.02;
        // A sigmoid's g' is at most 1/4, so at most 1/16 of the squared gradient passes it. Half passes a ReLU.
        let least = sigmoid.gain < 0.5 * relu.gain && sigmoid.gain < tanh.gain;
        // More than half passes a tanh while Z is below about 1, which W of the usual sizes ensures.
        let order = (tanh.gain > relu.gain) == (*variance < 3.0);
        if !(predicted && same && least && order) {
            return Err(format!("{name}: not what theory says").into());
        }
    }
    let [_, relu, tanh, _] = &table[1].2;
    // With Glorot's weights the first layer has 1/1000 of the last one's gradient under ReLU, and about 1/2 under tanh.
    let learns = tanh.accuracy[0] > relu.accuracy[0] + 0.2;
    learns.then_some(()).ok_or("tanh should learn more than ReLU with Glorot's weights".into())
}

/// Measures the gain of several new networks with this activation, and trains one of them.
fn row<G: Maps<Vector<N>, Vector<N>>>(
    initializer: Initializer,
    (learn, test): &(Set<64>, Set<64>),
) -> Result<Row, Box<dyn Error>> {
    let new = |seed| Net::<G>::init_with(initializer, &mut rng(seed));
    let (mut gains, mut profile) = (Vec::new(), Vec::new());
    for seed in 0..NETS {
        let (loss, images, labels) = (CrossEntropy::default(), &learn.images[..128], &learn.labels[..128]);
        let flow = new(seed).flow_with(&loss, images, labels, FlowOptions::LIGHT)?;
        gains.extend(flow.steps()[1..].iter().map(|step| step.gain.ln())); // W of the last layer has another shape
        if seed == 0 {
            profile = flow.profile().into_iter().map(|(depth, rms)| (depth as f64, rms)).collect();
        }
    }
    let mean = gains.iter().sum::<f64>() / gains.len() as f64;
    let never = &mut Recorder::every(0);
    let momentum = train(new(0), Sgd::new(0.01).momentum(0.9), learn, PLAN, never, |_, _| ());
    let adam = train(new(0), Adam::new(1e-3), learn, PLAN, never, |_, _| ());
    // A training that overflows counts as one that does not learn.
    let momentum = momentum.map_or(Ok(f64::NAN), |(net, _)| accuracy(&*net, test))?;
    let adam = adam.map_or(Ok(f64::NAN), |(net, _)| accuracy(&*net, test))?;
    Ok(Row { gain: mean.exp(), first_over_last: (18.0 * mean).exp(), accuracy: [momentum, adam], profile })
}
