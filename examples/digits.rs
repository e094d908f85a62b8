//! Classifies handwritten digits: a residual network, written as one type, learns them in a few seconds.
//!
//! This is the whole of a usual training: a data set, a network, an optimizer with a schedule, a test after each
//! epoch, and a confusion matrix at the end. Start here after `xor`.
//!
//! ```text
//! $ cargo run --release --example digits  # with another seed than 0: .. --example digits -- 7
//! 59146 parameters, 3823 digits to learn, 1797 to test
//! epoch  1  mean loss 0.8553  test accuracy 93.49 %
//! ..
//! epoch 15  mean loss 0.5096  test accuracy 98.16 %
//! ```
//! A seed gives the same output each time on one machine; another processor rounds differently. The loss cannot fall
//! below 0.50, the loss of perfect predictions with smoothed labels.

#[path = "support/digits.rs"]
pub(crate) mod digits;

use std::ops::ControlFlow;
use std::process::ExitCode;

use chainrule::data::Dataset;
use chainrule::metrics::{ConfusionMatrix, accuracy};
use chainrule::prelude::*;
use chainrule::{Epoch, FitError};

/// 64 pixels to 128 features, three residual blocks, and a score for each of ten digits.
pub(crate) type Net = (Linear<64, 128>, [Residual<(Relu, Linear<128, 128>)>; 3], Relu, Linear<128, 10>);

const EPOCHS: u64 = 15;
const BATCH: usize = 32;
const RATE: f64 = 2e-3;

fn main() -> ExitCode {
    let start = std::time::Instant::now();
    if let Err(error) = run() {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    eprintln!("{:.1} s", start.elapsed().as_secs_f64()); // on stderr, because stdout is the same for the same seed
    ExitCode::SUCCESS
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let seed = seed(std::env::args_os().skip(1).collect())?;
    let [train, test] = [digits::train()?, digits::test()?].map(Dataset::from_pairs);
    let (train, test) = (train?, test?);
    println!("{} parameters, {} digits to learn, {} to test", Net::COUNT, train.len(), test.len());

    let net = learn(&train, &test, EPOCHS, seed, |epoch| {
        let percent = 100.0 * epoch.metric("accuracy").unwrap_or_default();
        println!("epoch {:2}  mean loss {:.4}  test accuracy {percent:.2} %", epoch.number, epoch.loss);
    })?;

    let table = ConfusionMatrix::of(&net.predict_batch(test.inputs())?, test.targets())?;
    println!(
        "\n     predicted\ntrue{}",
        Label::<10>::all().map(|digit| format!("{digit:5}")).collect::<String>()
    );
    for digit in Label::<10>::all() {
        let cell = |times| if times == 0 { "    .".into() } else { format!("{times:5}") };
        let row = Label::all().map(|other| cell(table.count(digit, other)));
        println!("{digit:4}{}", row.collect::<String>());
    }
    let percent = 100.0 * table.accuracy();
    println!("\ntest accuracy {percent:.2} %");
    if percent < 97.0 {
        return Err(format!("{percent:.2} % is below the 97 % that this example promises").into());
    }
    Ok(())
}

/// Trains a network, and tests it after each epoch. All random numbers depend on the seed only.
pub(crate) fn learn(
    train: &Dataset<Vector<64>, Label<10>>,
    test: &Dataset<Vector<64>, Label<10>>,
    epochs: u64,
    seed: u64,
    mut report: impl FnMut(&Epoch),
) -> Result<Owned<Net>, FitError> {
    let steps = epochs * train.len().div_ceil(BATCH) as u64;
    let net = Net::init(&mut rng(seed));
    let mut trainer = Trainer::new(net, CrossEntropy::smoothed(0.1), Adam::new(RATE), seed)
        .schedule(Schedule::cosine(steps));
    let options = Fit::epochs(epochs).batch_size(BATCH).validate(test).metric("accuracy", accuracy);
    trainer.fit(
        train,
        options.on_epoch(|epoch| {
            report(epoch);
            ControlFlow::Continue(())
        }),
    )?;
    Ok(trainer.network)
}

/// Returns the seed from the arguments, or 0.
pub(crate) fn seed(arguments: Vec<std::ffi::OsString>) -> Result<u64, String> {
    match &arguments[..] {
        [] => Ok(0),
        [seed] => (seed.to_str().and_then(|seed| seed.parse().ok()))
            .ok_or(format!("the seed must be a whole number from 0 to {}, not {seed:?}", u64::MAX)),
        more => Err(format!("give at most one argument, the seed, not {}", more.len())),
    }
}
