//! A training that does not learn: `Trainer::diagnose` finds the cause, on three faulty networks and a healthy one.
//!
//! It examines the training, then trains copies with one change each, for the same hundred steps on the same batches.
//! So it does not only suggest a cure, but measures which one helps.
//!
//! ```text
//! $ cargo run --release --example 11_diagnose
//! == 12 layers of sigmoid
//! vanishing gradient
//!
//! 1. vanishing gradient, in `1.8.1`
//! ..
//! ```
//! A cure that needs another type, here skip connections, is a line of the program. `-- --seeds 5` repeats it with
//! other seeds, and prints only the findings. The program fails if a finding is not the fault of the network.

#[allow(dead_code)] // the test digits are not used
#[path = "support/digits.rs"]
mod digits;

use std::error::Error;

use chainrule::data::Dataset;
use chainrule::diagnose::{Diagnose, Diagnosis, Problem};
use chainrule::prelude::*;

type Data = Dataset<Vector<64>, Label<10>>;

/// A network whose gradient vanishes, and the same one with skip connections.
type Deep<Block> = (Linear<64, 32>, [Block; 12], Linear<32, 10>);
type Plain = (Sigmoid, Linear<32, 32>);

/// A usual network.
type Net = (Linear<64, 48>, Relu, Linear<48, 10>);

fn vanishing(data: &Data, seed: u64) -> Result<Diagnosis, chainrule::Error> {
    let net = Deep::<Plain>::init(&mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), seed);
    let cured = Deep::<Residual<Plain>>::init(&mut rng(seed));
    trainer.diagnose_with(data, Diagnose::new().network("skip connections", cured, Adam::new(1e-3)))
}

fn too_high(data: &Data, seed: u64) -> Result<Diagnosis, chainrule::Error> {
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    Trainer::new(net, CrossEntropy::default(), Adam::new(1.0), seed).diagnose(data)
}

fn softmax(data: &Data, seed: u64) -> Result<Diagnosis, chainrule::Error> {
    type WithSoftmax = (Linear<64, 48>, Relu, Linear<48, 10>, Softmax);
    let net = WithSoftmax::init_with(Initializer::he_normal(), &mut rng(seed));
    Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), seed).diagnose(data)
}

fn healthy(data: &Data, seed: u64) -> Result<Diagnosis, chainrule::Error> {
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), seed).diagnose(data)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seeds: Option<u64> = match &arguments[..] {
        [] => None,
        [name, count] if name == "--seeds" => Some(count.parse()?),
        _ => return Err("usage: 11_diagnose [--seeds COUNT]".into()),
    };
    let data = Dataset::from_pairs(digits::train()?)?;

    type Case = (&'static str, Option<Problem>, fn(&Data, u64) -> Result<Diagnosis, chainrule::Error>);
    let cases: [Case; 4] = [
        ("12 layers of sigmoid", Some(Problem::VanishingGradient), vanishing),
        ("Adam with a learning rate of 1", Some(Problem::LearningRateTooHigh), too_high),
        ("a softmax before the cross-entropy", Some(Problem::OutputActivation), softmax),
        ("no fault", None, healthy),
    ];
    let mut right = 0;
    let all = seeds.unwrap_or(1);
    for (name, problem, diagnose) in cases {
        println!("== {name}");
        for seed in 1..=all {
            let diagnosis = diagnose(&data, seed)?;
            right += u64::from(diagnosis.problem() == problem);
            match seeds {
                None => println!("{diagnosis}\n"),
                Some(_) => {
                    let found = diagnosis.problem().map_or("healthy", Problem::name);
                    let trial =
                        diagnosis.findings.first().and_then(|first| diagnosis.trials.get(first.trial?));
                    let learned = |trial: Option<&chainrule::diagnose::Trial>| {
                        trial
                            .and_then(|trial| trial.loss_after)
                            .map_or("-".into(), |loss| format!("{loss:.3}"))
                    };
                    println!(
                        "seed {seed}: {found}; loss without a change {}, with the cure {}; cost {} steps",
                        learned(diagnosis.control()),
                        learned(trial),
                        diagnosis.passes
                    );
                }
            }
        }
    }
    println!("{right} of {} networks diagnosed correctly", 4 * all);
    if right < 4 * all { Err("a fault was not found".into()) } else { Ok(()) }
}
