//! What recording costs: a training with a `Recorder` at every 100th step, compared with one without, and what a single
//! recorded step takes, in multiples of another step.
//!
//! ```text
//! $ cargo bench -p chainrule-benches --bench recorder
//! ```
//!
//! The two trainings alternate, and the least time of several rounds counts for each, so that it hardly matters what
//! else the machine does. Time is that of the processor, over all threads, where the system tells it (on Linux).

use std::fs;
use std::time::Instant;

use chainrule::flow::{FlowOptions, Recorder, Rules};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// The digits of `examples/digits.rs`.
type Small = (Linear<64, 64>, Relu, Linear<64, 32>, Relu, Linear<32, 10>);
type Mnist = (Linear<784, 128>, Relu, Linear<128, 64>, Relu, Linear<64, 10>);
/// Fifty layers of weights.
type Deep = (Linear<64, 64>, [Residual<(Tanh, Linear<64, 64>)>; 48], Linear<64, 10>);
type Convolutional = (
    Conv2d<1, 8, 3, 1, 1>,
    Relu,
    MaxPool2d<2>,
    Conv2d<8, 16, 3, 1, 1>,
    Relu,
    MaxPool2d<2>,
    Flatten,
    Linear<784, 10>,
);

const ROUNDS: usize = 7;

fn main() -> Result<(), chainrule::Error> {
    println!("{:>42} {:>14} {:>22}", "", "a recorded step", "at every 100th");
    let images: Vec<Image<1, 28, 28>> = samples();
    let (small, mnist): (Vec<Vector<64>>, Vec<Vector<784>>) = (samples(), samples());
    cost::<Small, _>("small, 64-64-32-10", &small, 400)?;
    cost::<Mnist, _>("784-128-64-10", &mnist, 200)?;
    cost::<Deep, _>("deep, 50 layers of 64", &small, 100)?;
    cost::<Convolutional, _>("convolutional, 28x28", &images, 100)
}

fn samples<X: Tensor<Scalar = f32>>() -> Vec<X> {
    let (mut random, mut samples) = (rng(1), vec![<X as bytemuck::Zeroable>::zeroed(); 32]);
    X::flat_mut(&mut samples).iter_mut().for_each(|x| *x = random.random_range(0.0..1.0));
    samples
}

/// Prints what recording costs for a network on these inputs.
fn cost<N, X: Tensor>(name: &str, inputs: &[X], steps: u64) -> Result<(), chainrule::Error>
where
    N: Maps<X, Vector<10>>,
{
    let labels: Vec<Label<10>> = (0..inputs.len()).map(|at| Label::new(at % 10)).collect::<Result<_, _>>()?;
    let everything = FlowOptions { spectra: false, histograms: true, ranks: true };
    let kinds = [
        ("", FlowOptions::LIGHT, Rules::default()),
        (", no rules", FlowOptions::LIGHT, Rules::none()),
        (", ranks and histograms", everything, Rules::default()),
    ];
    for (kind, options, rules) in kinds {
        // No recorder, one at every 100th step, one at every step.
        let mut least = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            let mut networks = Vec::new();
            for (at, every) in [None, Some(100), Some(1)].into_iter().enumerate() {
                let net = N::init(&mut rng(1));
                let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-4), 1);
                let mut recorder =
                    every.map(|every| Recorder::every(every).options(options).rules(rules.clone()));
                let steps = if every == Some(1) { steps / 4 } else { steps };
                let start = seconds();
                for _ in 0..steps {
                    match &mut recorder {
                        Some(recorder) => trainer.step_recorded(inputs, &labels, recorder)?,
                        None => trainer.step(inputs, &labels)?,
                    };
                }
                least[at] = least[at].min((seconds() - start) / steps as f64);
                networks.push(trainer.network);
            }
            assert_eq!(networks[0].parameters(), networks[1].parameters(), "the same bits");
        }
        let [plain, hundredth, each] = least.map(|time| time / least[0]);
        println!(
            "{:>42} {each:>8.2} steps {:>9.2} % ({:+.1} % in the whole training)",
            format!("{name}{kind}"),
            each - plain,
            100.0 * (hundredth - plain),
        );
    }
    Ok(())
}

/// Returns the processor time of all threads of this process so far, or the time of day where the system does not
/// tell it.
fn seconds() -> f64 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return since_start() };
    let mut sum = 0.0;
    for thread in threads.flatten() {
        let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { return since_start() };
        let Some(nanoseconds) = text.split(' ').next().and_then(|text| text.parse::<f64>().ok()) else {
            return since_start();
        };
        sum += nanoseconds * 1e-9;
    }
    sum
}

fn since_start() -> f64 {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}
