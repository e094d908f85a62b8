//! Repeats three published trainings of deep networks: initialization, skip connections, order and chaos.
//!
//! Each pair of rows differs in one thing and learns or does not learn, as the paper says. If your deep network does
//! not learn, find its row: the gradient of the first layer before training, relative to the last one, predicts the
//! outcome.
//!
//! ```text
//! # smaller networks on the digits of this crate, in a minute:
//! $ cargo run --release --features idx,gzip --example 07_papers
//! # on MNIST, from its four IDX files, in a quarter of an hour:
//! $ cargo run --release --features idx,gzip --example 07_papers -- --paper FOLDER
//! training                       first/last steps          loss        accuracy   range           expected
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
//! Each row is trained with five seeds, and shows the smallest and the largest of each figure. The program fails if
//! an accuracy is outside the range. The last digits depend on the machine. The accuracy of 30 layers with Glorot's
//! weights depends on it much more: the rounding decides when such a network starts to learn.
//!
//! # Source
//! * He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, section 2.2: 30 layers of ReLU learn with a
//!   variance of 2 / n, and do not with 1 / n.
//! * He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016. Its plain networks have batch
//!   normalization, and their gradients do *not* vanish (section 4.1). The plain networks here have no norm, and their
//!   gradients vanish (Hochreiter 1991; Bengio, Simard, Frasconi 1994). So this is not a repetition of its experiment.
//! * Schoenholz, Gilmer, Ganguli, Sohl-Dickstein, "Deep information propagation", ICLR 2017, section 5: a deep tanh
//!   network learns at the edge between order, where gradients vanish, and chaos, where they explode.

#[path = "07_papers/mnist.rs"]
mod mnist;
#[path = "07_papers/table.rs"]
mod table;
#[path = "support/training.rs"]
mod training;

use std::error::Error;

use chainrule::prelude::*;
use table::Table;
use training::{Plan, Set};

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
        [] => small(),
        [paper, folder] if paper == "--paper" => mnist::papers(folder.as_ref()),
        _ => Err("no arguments, or --paper and the folder with MNIST's four IDX files".into()),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return std::process::ExitCode::FAILURE;
    }
    std::process::ExitCode::SUCCESS
}

const PLAN: Plan = Plan { batch: 128, steps: 942, clip: f64::INFINITY, smoothing: 0.0, seed: 0 };

/// Returns a function from a seed to a new network.
fn new<N: Parameters>(initializer: Initializer) -> impl Fn(u64) -> Owned<N> {
    move |seed| N::init_with(initializer, &mut rng(seed))
}

/// The default of PyTorch: U(±1/√fan-in).
fn pytorch() -> Initializer {
    Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt())
}

/// W ~ N(0, sw2 / n), b ~ N(0, 0.05): order, the edge (to six digits at sw2 = 1.76095), and chaos.
fn mean_field() -> [(&'static str, Initializer); 3] {
    [("tanh, sw2 = 1, order", 1.0), ("tanh, sw2 = 1.76, edge", 1.76), ("tanh, sw2 = 4, chaos", 4.0)].map(
        |(name, sw2)| (name, Initializer::lecun_normal().gain(f64::sqrt(sw2)).bias_normal(f64::sqrt(0.05))),
    )
}

/// The same comparisons with smaller networks. Guessing has an accuracy of 0.10.
fn small() -> Done {
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
