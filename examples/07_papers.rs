//! Repeats three published trainings of deep networks: initialization, skip connections, order and chaos.
//!
//! ```text
//! # smaller twins on the digits of this crate, in seconds:
//! $ cargo run --release --features idx,gzip --example 07_papers
//! # on MNIST, from its four IDX files, in minutes:
//! $ cargo run --release --features idx,gzip --example 07_papers -- --paper FOLDER
//! ```
//! With the full protocols, after 146 s of one core:
//! ```text
//! training                 first/last   steps    loss   accuracy   held to        expected
//! ReLU, 30 layers, He          8.4e-1     942   0.226     0.9289   0.90 to 0.96   0.92 to 0.94
//! ReLU, 30 layers, Glorot      4.8e-5     942   2.070     0.2163   0.00 to 0.73   about 0.56, when it leaves its plateau
//! ReLU, 50 layers, Glorot      2.9e-8     942   2.301     0.1135   0.00 to 0.20   0.1135, the share of ones
//! tanh, 30 layers, plain       2.2e-8     564   2.301     0.1135   0.00 to 0.20   about 0.10
//! tanh, 30 layers, skips        4.9e0     564   0.116     0.9019   0.83 to 1.00   0.90 to 0.93
//! tanh, 50 layers, plain      6.1e-13     564   2.301     0.1135   0.00 to 0.20   about 0.10
//! tanh, 50 layers, skips        9.3e0     564   0.149     0.9028   0.83 to 1.00   0.90 to 0.93
//! tanh, sw2 = 1, order         2.8e-4     300   2.304     0.1135   0.00 to 0.20   at most 0.12
//! tanh, sw2 = 1.76, edge       6.1e-1     300   0.473     0.8658   0.75 to 1.00   0.81 to 0.87
//! tanh, sw2 = 4, chaos          4.1e3     300   2.311     0.0982   0.00 to 0.20   at most 0.12
//! ```
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

const PLAN: Plan = Plan { batch: 128, steps: 942, clip: f64::INFINITY, smoothing: 0.0, seed: 1 };

fn new<N: Parameters>(initializer: Initializer) -> Owned<N> {
    N::init_with(initializer, &mut rng(PLAN.seed))
}

/// PyTorch's: U(±1/√fan-in).
fn pytorch() -> Initializer {
    Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt())
}

/// W ~ N(0, sw2 / n), b ~ N(0, 0.05): order, the edge, and chaos (to six digits the edge is at sw2 = 1.76095).
fn mean_field<N: Parameters>() -> [(&'static str, Owned<N>); 3] {
    [("tanh, sw2 = 1, order", 1.0), ("tanh, sw2 = 1.76, edge", 1.76), ("tanh, sw2 = 4, chaos", 4.0)].map(
        |(name, sw2)| {
            (name, new(Initializer::lecun_normal().gain(f64::sqrt(sw2)).bias_normal(f64::sqrt(0.05))))
        },
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
    let expected = ("about 0.56, when it leaves its plateau", 0.0..he - 0.2);
    table.row("ReLU, 30 layers, Glorot", net, Sgd::new(0.01).momentum(0.9), sets, PLAN, expected)?;
    let net = new::<Relus<784, 128, 48>>(Initializer::glorot_normal());
    let expected = ("0.1135, the share of ones", 0.0..0.2);
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
    for ((name, net), expected) in mean_field::<Tanhs<784, 200, 58>>().into_iter().zip(expected) {
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
    let worse = ("learns less", 0.0..he - 0.2);
    table.row("ReLU, 30 layers, Glorot", net, Sgd::new(0.003).momentum(0.9), sets, plan, worse)?;

    let (plan, fails) = (Plan { batch: 64, steps: 300, clip: 5.0, ..PLAN }, ("does not learn", 0.0..0.2));
    let net = new::<Stack<64, Layer50, 50>>(pytorch());
    table.row("tanh, 50 layers, plain", net, Adam::new(5e-3), sets, plan, fails.clone())?;
    let net = new::<Stack<64, Residual<Layer50>, 50>>(pytorch());
    table.row("tanh, 50 layers, skips", net, Adam::new(5e-3), sets, plan, ("learns", 0.83..1.0))?;

    let expected = [fails.clone(), learns, ("learns little", 0.0..0.35)];
    for ((name, net), expected) in mean_field::<Tanhs<64, 100, 48>>().into_iter().zip(expected) {
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
        println!("training                 first/last   steps    loss   accuracy   held to        expected");
        Self { outside: Vec::new(), rows: Vec::new() }
    }

    /// Trains one network and prints its row. Returns its accuracy.
    fn row<N, O, const D: usize>(
        &mut self,
        name: &str,
        net: Owned<N>,
        optimizer: O,
        (learn, test): (&Set<D>, &Set<D>),
        plan: Plan,
        (expected, held_to): (&str, std::ops::Range<f64>),
    ) -> Result<f64, Box<dyn Error>>
    where
        N: Maps<Vector<D>, Vector<10>>,
        O: Optimizer<N>,
    {
        let mut recorder = Recorder::every(u64::MAX); // the first step alone
        let (net, loss) = train(net, optimizer, learn, plan, &mut recorder, |_, _| ())?;
        let left: f64 = recorder.records()[0].flow.steps().iter().map(|step| step.gain).product();
        let (accuracy, std::ops::Range { start, end }) = (accuracy(&*net, test)?, held_to.clone());
        println!(
            "{name:24} {left:10.1e} {:7} {loss:7.3} {accuracy:10.4}   {start:.2} to {end:.2}   {expected}",
            plan.steps
        );
        if !held_to.contains(&accuracy) {
            self.outside.push(format!("{name}: {accuracy:.4} is not from {start:.2} to {end:.2}"));
        }
        self.rows.push((left, accuracy));
        Ok(accuracy)
    }

    /// Returns an error for every row outside its range.
    fn done(self) -> Done {
        if !self.outside.is_empty() {
            return Err(self.outside.join("\n").into());
        }
        let (learnt, not): (Vec<_>, Vec<_>) = self.rows.iter().partition(|(_, accuracy)| *accuracy > 0.7);
        let lefts = |mut rows: Vec<(f64, f64)>| {
            rows.sort_by(|a, b| a.0.total_cmp(&b.0));
            rows.iter().map(|(left, _)| format!("{left:.0e}")).collect::<Vec<_>>().join(", ")
        };
        println!(
            "\nOf the last layer's gradient the first had, before training, in the networks that learnt: {};",
            lefts(learnt)
        );
        println!("in the others: {}.", lefts(not));
        Ok(())
    }
}
