//! Which activation preserves the gradient: the order leaky ReLU > ReLU > tanh > sigmoid of their largest slopes, under
//! six initializations, and where it fails.
//!
//! ```text
//! $ cargo run --release --features plot --example 04_activations
//! initialization  activation  gain a layer  first over last   accuracy: momentum     Adam
//! ..
//! Glorot          ReLU              0.698           1.5e-3               34.9 %   59.0 %
//! Glorot          tanh              0.950           3.9e-1               93.3 %   91.4 %
//! ..
//! ```
//! Networks of 20 layers on the digits. The gain is the factor by which a hidden layer, its W and its g', multiplies
//! the gradient's length: the geometric mean over the hidden layers of several new networks. The accuracy is that after
//! training one of them, by gradient descent with momentum and by Adam, with the same number of steps for all.
//!
//! # Source
//! That small derivatives make gradients vanish: Hochreiter 1991; Bengio, Simard, Frasconi 1994. For ReLU: He, Zhang,
//! Ren, Sun, "Delving deep into rectifiers", ICCV 2015, eq. 14: a half of the squared gradient passes g', so that a
//! layer's gain is √(n var(W) / 2). ReLU's g' is 1 for the active units only; that of tanh is close to 1 for all units,
//! as long as Z is small.

#[path = "support/deep.rs"]
mod deep;
#[path = "support/training.rs"]
mod training;

use std::error::Error;

use chainrule::flow::Recorder;
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use training::{Plan, Set, accuracy, train};

const N: usize = 32;
const NETS: u64 = 10;
const PLAN: Plan = Plan { batch: 32, steps: 600, clip: f64::INFINITY, smoothing: 0.0, seed: 1 };

type Net<G> = (Linear<64, N>, [(G, Linear<N, N>); 18], G, Linear<N, 10>);

/// What an activation does under an initialization.
struct Row {
    gain: f64,
    first_over_last: f64,
    /// The share of the test digits that are read after training, by momentum and by Adam.
    accuracy: [f64; 2],
    profile: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let pytorch = Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt());
    // With n var(W), which W's mean gain is the root of.
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
            let cell = |share: f64| {
                if share.is_nan() { "diverged".into() } else { format!("{:.1} %", 100.0 * share) }
            };
            let [momentum, adam] = row.accuracy.map(cell);
            let (gain, left) = (row.gain, row.first_over_last);
            println!("{name:15} {activation:11} {gain:11.3} {left:16.1e} {momentum:>20} {adam:>8}");
        }
        let [leaky, relu, tanh, sigmoid] = rows.each_ref().map(|(_, row)| row.profile.clone());
        panel = panel.line("ReLU", relu).dashed("leaky ReLU", leaky);
        panels.push(panel.line("tanh", tanh).line("sigmoid", sigmoid).picture()?);
        table.push((name, variance, rows.map(|(_, row)| row)));
    }
    deep::save(&Picture::grid(2, panels), "04_activations")?;
    judge(&table)
}

/// Prints where the order holds and where it fails. Fails if that is not what theory predicts.
fn judge(table: &[(&str, f64, [Row; 4])]) -> Result<(), Box<dyn Error>> {
    let where_ = |holds: &dyn Fn(&[Row; 4]) -> bool| {
        let names = table.iter().filter(|(_, _, rows)| holds(rows)).map(|(name, ..)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    let keeps_less: fn(&[Row; 4]) -> bool = |[_, relu, tanh, _]| tanh.gain < relu.gain;
    let learns_less: fn(&[Row; 4]) -> bool =
        |[_, relu, tanh, _]| (0..2).all(|at| tanh.accuracy[at] > relu.accuracy[at]);
    println!(
        "\nSigmoid has the smallest gain and learns next to nothing (below 20 %) under: {}.\nReLU has a larger gain than \
         tanh, as the order of slopes says, under: {}.\nIt has a smaller one, and tanh learns more with both \
         optimizers, under: {}.\nThe gains of leaky ReLU and ReLU differ by {:.1} % a layer.",
        where_(&|rows| rows[..3].iter().all(|row| rows[3].gain < row.gain)
            && rows[3].accuracy.iter().all(|a| *a < 0.2)),
        where_(&keeps_less),
        where_(&|rows| !keeps_less(rows) && learns_less(rows)),
        table
            .iter()
            .map(|(_, _, [leaky, relu, ..])| 100.0 * (leaky.gain / relu.gain - 1.0).abs())
            .fold(0.0, f64::max),
    );
    for (name, variance, [leaky, relu, tanh, sigmoid]) in table {
        // The logarithm of a gain varies by √(5/N) / 2 = 0.2 from layer to layer, and its mean lies 5/(4 N) = 0.04
        // below that of the mean: over 180 layers it is between -0.04 ± 4 · 0.015.
        let predicted = (relu.gain / f64::sqrt(variance / 2.0)).ln().abs() < 0.12;
        // With leaky ReLU, an inactive unit passes 1/100 of the gradient.
        let same = (leaky.gain / relu.gain).ln().abs() < 0.02;
        // The g' of a sigmoid is at most a quarter, and its square a sixteenth, where a half of the squares passes a
        // ReLU.
        let least = sigmoid.gain < 0.5 * relu.gain && sigmoid.gain < tanh.gain;
        // tanh has more than ReLU's half as long as Z stays below about 1: W of the usual sizes.
        let order = (tanh.gain > relu.gain) == (*variance < 3.0);
        if !(predicted && same && least && order) {
            return Err(format!("{name}: not what theory says").into());
        }
    }
    let [_, relu, tanh, _] = &table[1].2;
    // Under Glorot a ReLU network's gradient is a thousandth at the first layer, a tanh network's a half.
    if tanh.accuracy[0] > relu.accuracy[0] + 0.2 {
        Ok(())
    } else {
        Err("tanh should learn more than ReLU under Glorot".into())
    }
}

/// Returns the gain of several new networks with this activation, and the accuracy of one of them after training.
fn row<G: Maps<Vector<N>, Vector<N>>>(
    initializer: Initializer,
    (learn, test): &(Set<64>, Set<64>),
) -> Result<Row, Box<dyn Error>> {
    let new = |seed| Net::<G>::init_with(initializer, &mut rng(seed));
    let (mut gains, mut profile) = (Vec::new(), Vec::new());
    for seed in 0..NETS {
        let flow =
            deep::flow(&*new(seed), &CrossEntropy::default(), &learn.images[..128], &learn.labels[..128])?;
        // Without the last layer, whose ten outputs make its W another.
        gains.extend(flow.steps()[1..].iter().map(|step| step.gain.ln()));
        if seed == 0 {
            profile = flow.profile().into_iter().map(|(depth, rms)| (depth as f64, rms)).collect();
        }
    }
    let mean = gains.iter().sum::<f64>() / gains.len() as f64;
    let never = &mut Recorder::every(0);
    // A training whose numbers overflow counts as one that does not learn.
    let momentum = train(new(0), Sgd::new(0.01).momentum(0.9), learn, PLAN, never, |_, _| ());
    let momentum = momentum.map_or(Ok(f64::NAN), |(net, _)| accuracy(&*net, test))?;
    let adam = train(new(0), Adam::new(1e-3), learn, PLAN, never, |_, _| ());
    let adam = adam.map_or(Ok(f64::NAN), |(net, _)| accuracy(&*net, test))?;
    Ok(Row { gain: mean.exp(), first_over_last: (18.0 * mean).exp(), accuracy: [momentum, adam], profile })
}
