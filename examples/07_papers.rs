//! Repeats three published trainings of deep networks: initialization, skip connections, order and chaos.
//!
//! ```text
//! # smaller twins on the digits of this crate, in a minute:
//! $ cargo run --release --features idx,gzip --example 07_papers
//! # on MNIST, from its four IDX files, in a quarter of an hour:
//! $ cargo run --release --features idx,gzip --example 07_papers -- --paper FOLDER
//! ```
//! Each row is trained with five seeds, and shows the least and the greatest of each figure. With the full protocols:
//! ```text
//! training                       first/last steps          loss        accuracy   held to        expected
//! ReLU, 30 layers, He           6e-1 to 2e0   942  0.18 to 0.25  0.921 to 0.942   0.90 to 0.96   0.92 to 0.94
//! ReLU, 30 layers, Glorot      4e-5 to 7e-5   942  1.18 to 1.89  0.400 to 0.617   0.00 to 0.72   about 0.56
//! ReLU, 50 layers, Glorot      3e-8 to 5e-8   942  2.30 to 2.30  0.114 to 0.114   0.00 to 0.20   0.1135
//! tanh, 30 layers, plain       2e-8 to 3e-8   564  1.99 to 2.30  0.114 to 0.184   0.00 to 0.20   about 0.10
//! tanh, 30 layers, skips         4e0 to 6e0   564  0.11 to 0.14  0.905 to 0.911   0.83 to 1.00   0.90 to 0.93
//! tanh, 50 layers, plain     2e-13 to 6e-13   564  2.30 to 2.30  0.114 to 0.114   0.00 to 0.20   about 0.10
//! tanh, 50 layers, skips         9e0 to 1e1   564  0.12 to 0.16  0.899 to 0.923   0.83 to 1.00   0.90 to 0.93
//! tanh, sw2 = 1, order         1e-4 to 3e-4   300  2.30 to 2.30  0.101 to 0.114   0.00 to 0.20   at most 0.12
//! tanh, sw2 = 1.76, edge        5e-1 to 1e0   300  0.46 to 0.53  0.860 to 0.903   0.75 to 1.00   0.81 to 0.87
//! tanh, sw2 = 4, chaos           4e3 to 6e3   300  2.31 to 2.31  0.097 to 0.103   0.00 to 0.20   at most 0.12
//! ```
//! A last digit depends on the machine, and the accuracy of Glorot's 30 layers by far more than that: when such a
//! network leaves the plateau of guessing depends on the rounding.
//!
//! # Source
//! * He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, section 2.2: 30 layers of ReLU learn with a
//!   variance of 2 / n, and do not with 1 / n.
//! * He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016. Its plain networks have batch
//!   normalization, and it says that their gradients do *not* vanish (section 4.1): the optimization fails there for
//!   another reason. The plain networks here have no norm, and their gradients do vanish (Hochreiter 1991; Bengio,
//!   Simard, Frasconi 1994); this example does not repeat that paper's experiment.
//! * Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017, section 5: a deep tanh
//!   network learns at the edge between order, where gradients vanish, and chaos, where they explode.

#[path = "support/training.rs"]
mod training;

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use chainrule::data::idx;
use chainrule::flow::Recorder;
use chainrule::optimizer::Optimizer;
use chainrule::prelude::*;
use training::{Plan, Set, accuracy, train};

type Relus<const D: usize, const N: usize, const DEPTH: usize> =
    (Linear<D, N>, [(Relu, Linear<N, N>); DEPTH], Relu, Linear<N, 10>);
type Tanhs<const D: usize, const N: usize, const DEPTH: usize> =
    (Linear<D, N>, [(Tanh, Linear<N, N>); DEPTH], Tanh, Linear<N, 10>);
type Layer50 = (Linear<50, 50>, Tanh);
type Stack<const D: usize, Block, const DEPTH: usize> = (Linear<D, 50>, Tanh, [Block; DEPTH], Linear<50, 10>);

type Done = Result<(), Box<dyn Error>>;

fn main() -> std::process::ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match &arguments[..] {
        [] => twins(),
        [paper, folder] if paper == "--paper" => papers(folder.as_ref()),
        _ => Err("no arguments, or --paper and the folder with MNIST's four IDX files".into()),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return std::process::ExitCode::FAILURE;
    }
    std::process::ExitCode::SUCCESS
}

/// MNIST, standardized.
fn mnist(folder: &Path, part: &str, most: usize) -> Result<Set<784>, Box<dyn Error>> {
    let file = |kind: &str| {
        let plain = folder.join(format!("{part}-{kind}-ubyte"));
        if plain.exists() { plain } else { plain.with_extension("gz") }
    };
    let (images, labels) = idx::pair::<28, 28, 10>(file("images-idx3"), file("labels-idx1"))?;
    // The mean and the deviation of all pixels of the 60,000 images to learn from.
    let vector = |image: &Image<1, 28, 28>| {
        let pixels = image.0.as_flattened().as_flattened();
        Vector(std::array::from_fn(|at| (pixels[at] - 0.1307) / 0.3081))
    };
    Ok(Set {
        images: images.iter().take(most).map(vector).collect(),
        labels: labels.into_iter().take(most).collect(),
    })
}

const PLAN: Plan = Plan { batch: 128, steps: 942, clip: f64::INFINITY, smoothing: 0.0, seed: 0 };

/// Each row is trained with each of these seeds, because the accuracy of one run depends on the seed and, in networks
/// that leave a plateau late, on the rounding of the machine.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

/// Returns the network of each seed.
fn new<N: Parameters>(initializer: Initializer) -> impl Fn(u64) -> Owned<N> {
    move |seed| N::init_with(initializer, &mut rng(seed))
}

/// PyTorch's: U(±1/√fan-in).
fn pytorch() -> Initializer {
    Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt())
}

/// W ~ N(0, sw2 / n), b ~ N(0, 0.05): order, the edge, and chaos (to six digits the edge is at sw2 = 1.76095).
fn mean_field() -> [(&'static str, Initializer); 3] {
    [("tanh, sw2 = 1, order", 1.0), ("tanh, sw2 = 1.76, edge", 1.76), ("tanh, sw2 = 4, chaos", 4.0)].map(
        |(name, sw2)| (name, Initializer::lecun_normal().gain(f64::sqrt(sw2)).bias_normal(f64::sqrt(0.05))),
    )
}

/// The protocols of the papers in full.
fn papers(folder: &Path) -> Done {
    let (learn, test) = (mnist(folder, "train", 60_000)?, mnist(folder, "t10k", 10_000)?);
    let first = |n: usize| Set { images: learn.images[..n].to_vec(), labels: learn.labels[..n].to_vec() };
    let mut table = Table::new();

    let sets = (&first(20_000), &test); // 6 epochs
    let net = new::<Relus<784, 128, 28>>(Initializer::he_normal());
    let expected = ("0.92 to 0.94", 0.90..0.96); // another seed, another two per cent
    let he = table.row("ReLU, 30 layers, He", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;
    let net = new::<Relus<784, 128, 28>>(Initializer::glorot_normal());
    let expected = ("about 0.56", 0.0..he.start - 0.2);
    table.row("ReLU, 30 layers, Glorot", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;
    let net = new::<Relus<784, 128, 48>>(Initializer::glorot_normal());
    let expected = ("0.1135", 0.0..0.2);
    table.row("ReLU, 50 layers, Glorot", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;

    let (sets, plan) = ((&first(6_000), &test), Plan { steps: 564, clip: 5.0, ..PLAN }); // 12 epochs
    let (plain, skips) = (("about 0.10", 0.0..0.2), ("0.90 to 0.93", 0.83..1.0));
    let net = new::<Stack<784, Layer50, 30>>(pytorch());
    table.row("tanh, 30 layers, plain", net, Adam::new(5e-3), sets, plan, plain.clone())?;
    let net = new::<Stack<784, Residual<Layer50>, 30>>(pytorch());
    table.row("tanh, 30 layers, skips", net, Adam::new(5e-3), sets, plan, skips.clone())?;
    let net = new::<Stack<784, Layer50, 50>>(pytorch());
    table.row("tanh, 50 layers, plain", net, Adam::new(5e-3), sets, plan, plain)?;
    let net = new::<Stack<784, Residual<Layer50>, 50>>(pytorch());
    table.row("tanh, 50 layers, skips", net, Adam::new(5e-3), sets, plan, skips)?;

    let expected = [("at most 0.12", 0.0..0.2), ("0.81 to 0.87", 0.75..1.0), ("at most 0.12", 0.0..0.2)];
    for ((name, init), expected) in mean_field().into_iter().zip(expected) {
        let net = new::<Tanhs<784, 200, 58>>(init);
        let plan = Plan { steps: 300, ..PLAN };
        table.row(name, net, Sgd::new(0.01), (&learn, &test), plan, expected)?;
    }
    table.done()
}

/// The same comparisons in seconds. An untrained network has an accuracy of about 0.10; a trained one is far from it.
fn twins() -> Done {
    let (learn, test) = Set::digits()?;
    let (sets, mut table) = ((&learn, &test), Table::new());

    let plan = Plan { batch: 64, steps: 600, ..PLAN };
    let net = new::<Relus<64, 64, 28>>(Initializer::he_normal());
    let learns = ("learns", 0.7..1.0);
    let he =
        table.row("ReLU, 30 layers, He", net, Sgd::new(0.003).momentum(0.9), sets, plan, learns.clone())?;
    let net = new::<Relus<64, 64, 28>>(Initializer::glorot_normal());
    let worse = ("learns less", 0.0..he.start - 0.2);
    table.row("ReLU, 30 layers, Glorot", net, Sgd::new(0.003).momentum(0.9), sets, plan, worse)?;

    let (plan, fails) = (Plan { batch: 64, steps: 300, clip: 5.0, ..PLAN }, ("does not learn", 0.0..0.2));
    let net = new::<Stack<64, Layer50, 50>>(pytorch());
    table.row("tanh, 50 layers, plain", net, Adam::new(5e-3), sets, plan, fails)?;
    let net = new::<Stack<64, Residual<Layer50>, 50>>(pytorch());
    table.row("tanh, 50 layers, skips", net, Adam::new(5e-3), sets, plan, ("learns", 0.83..1.0))?;

    let little = ("learns little", 0.0..0.35);
    let expected = [little.clone(), ("learns", 0.6..1.0), little];
    for ((name, init), expected) in mean_field().into_iter().zip(expected) {
        let net = new::<Tanhs<64, 100, 48>>(init);
        let plan = Plan { batch: 32, steps: 400, ..PLAN };
        table.row(name, net, Sgd::new(0.02), sets, plan, expected)?;
    }
    table.done()
}

/// The expected and the measured values.
struct Table {
    outside: Vec<String>,
    /// The gradient at the first layer relative to the last before training, and the accuracy after it.
    rows: Vec<(f64, f64)>,
}

impl Table {
    fn new() -> Self {
        println!(
            "{:24} {:>16} {:>5} {:>13} {:>15}   held to        expected",
            "training", "first/last", "steps", "loss", "accuracy"
        );
        Self { outside: Vec::new(), rows: Vec::new() }
    }

    /// Trains one network with each seed and prints its row: the least and the greatest of each figure. Returns the
    /// range of its accuracy.
    fn row<N, O, const D: usize>(
        &mut self,
        name: &str,
        new: impl Fn(u64) -> Owned<N>,
        optimizer: O,
        (learn, test): (&Set<D>, &Set<D>),
        plan: Plan,
        (expected, held_to): (&str, Range<f64>),
    ) -> Result<Range<f64>, Box<dyn Error>>
    where
        N: Maps<Vector<D>, Vector<10>>,
        O: Optimizer<N> + Clone,
    {
        let (mut lefts, mut losses, mut accuracies) = (Vec::new(), Vec::new(), Vec::new());
        for seed in SEEDS {
            let mut recorder = Recorder::every(u64::MAX); // the first step alone
            let plan = Plan { seed, ..plan };
            let (net, loss) = train(new(seed), optimizer.clone(), learn, plan, &mut recorder, |_, _| ())?;
            let steps = recorder.records()[0].flow.steps();
            lefts.push(steps.iter().map(|step| step.gain).product());
            losses.push(loss);
            accuracies.push(accuracy(&*net, test)?);
        }
        let (left, loss, accuracy) = (range(&lefts), range(&losses), range(&accuracies));
        println!(
            "{name:24} {:>16} {:5} {:>13} {:>15}   {:.2} to {:.2}   {expected}",
            format!("{:.0e} to {:.0e}", left.start, left.end),
            plan.steps,
            format!("{:.2} to {:.2}", loss.start, loss.end),
            format!("{:.3} to {:.3}", accuracy.start, accuracy.end),
            held_to.start,
            held_to.end
        );
        if accuracy.start < held_to.start || accuracy.end >= held_to.end {
            self.outside.push(format!("{name}: {accuracies:.3?} is not within {held_to:.2?}"));
        }
        self.rows.extend(lefts.into_iter().zip(accuracies));
        Ok(accuracy)
    }

    /// Returns an error for every row outside its range.
    fn done(self) -> Done {
        if !self.outside.is_empty() {
            return Err(self.outside.join("\n").into());
        }
        let (learnt, not): (Vec<_>, Vec<_>) = self.rows.iter().partition(|(_, accuracy)| *accuracy > 0.7);
        let lefts = |rows: Vec<(f64, f64)>| {
            let Range { start, end } = range(&rows.into_iter().map(|(left, _)| left).collect::<Vec<_>>());
            format!("{start:.0e} to {end:.0e}")
        };
        println!(
            "\nOf the last layer's gradient the first had, before training, in the networks that learnt: {};",
            lefts(learnt)
        );
        println!("in the others: {}.", lefts(not));
        Ok(())
    }
}

/// Returns the least and the greatest number.
fn range(numbers: &[f64]) -> Range<f64> {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    least..numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
