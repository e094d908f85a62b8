//! Reads handwritten digits: a residual network, written as one type, learns them in a few seconds.
//!
//! ```text
//! $ cargo run --release --example digits         # with another seed than 0: .. --example digits -- 7
//! 59146 parameters, 3823 digits to learn, 1797 to test
//! epoch  1  mean loss 0.8334  test accuracy 95.49 %
//! ..
//! epoch 15  mean loss 0.5081  test accuracy 97.89 %
//! ```
//! and a table of which digit is taken for which. One seed gives one output on one machine; another processor rounds
//! otherwise. The loss cannot fall below 0.50: that much the smoothing of the labels leaves.

#[path = "support/digits.rs"]
pub(crate) mod digits;

use std::process::ExitCode;

use chainrule::prelude::*;
use chainrule::rand::{Rng, seq::SliceRandom};
use digits::Digit;
use indicatif::{ProgressBar, ProgressStyle};

/// 64 pixels to 128 features, three residual blocks, and a score for each of ten digits.
pub(crate) type Net = (Linear<64, 128>, [Residual<(Relu, Linear<128, 128>)>; 3], Relu, Linear<128, 10>);

const EPOCHS: usize = 15;
const BATCH: usize = 32;
const RATE: f64 = 2e-3;

fn main() -> ExitCode {
    let start = std::time::Instant::now();
    if let Err(error) = run() {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    eprintln!("{:.1} s", start.elapsed().as_secs_f64()); // not on stdout, which is always the same
    ExitCode::SUCCESS
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let seed = seed(std::env::args_os().skip(1).collect())?;
    let (mut train, test) = (digits::train()?, digits::test()?);
    println!("{} parameters, {} digits to learn, {} to test", Net::COUNT, train.len(), test.len());

    let mut random = rng(seed);
    let net = Net::init(&mut random);
    let mut trainer = Trainer::new(net, CrossEntropy::smoothed(0.1), Adam::new(RATE), seed);
    let mut table = [[0; 10]; 10];
    let bar = ProgressBar::new((EPOCHS * train.len().div_ceil(BATCH)) as u64); // hidden without a terminal
    bar.set_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} steps, {eta} left")?);
    for epoch in 0..EPOCHS {
        trainer.optimizer.learning_rate = RATE * (1.0 - epoch as f64 / EPOCHS as f64);
        let loss = learn(&mut trainer, &mut train, &mut random, &bar)?;
        table = confusion(&trainer.network, &test)?;
        let (epoch, accuracy) = (epoch + 1, accuracy(&table));
        bar.suspend(|| println!("epoch {epoch:2}  mean loss {loss:.4}  test accuracy {accuracy:.2} %"));
    }
    bar.finish_and_clear();

    println!(
        "\n     taken for\ntrue{}",
        Label::<10>::all().map(|digit| format!("{digit:5}")).collect::<String>()
    );
    for (digit, row) in table.iter().enumerate() {
        let cell = |times: &usize| if *times == 0 { "    .".into() } else { format!("{times:5}") };
        println!("{digit:4}{}", row.iter().map(cell).collect::<String>());
    }
    let accuracy = accuracy(&table);
    println!("\ntest accuracy {accuracy:.2} %");
    if accuracy < 97.0 {
        return Err(format!("{accuracy:.2} % is below the 97 % that this example promises").into());
    }
    Ok(())
}

/// Shows each digit to the network once, in a new order; gives the mean loss.
pub(crate) fn learn(
    trainer: &mut Trainer<Net, CrossEntropy, Adam<Net>, Tape<Net, Vector<64>>>,
    digits: &mut [Digit],
    random: &mut impl Rng,
    bar: &ProgressBar,
) -> Result<f64, chainrule::Error> {
    digits.shuffle(random);
    let (images, labels): (Vec<_>, Vec<_>) = digits.iter().copied().unzip();
    let mut sum = 0.0;
    for (images, labels) in images.chunks(BATCH).zip(labels.chunks(BATCH)) {
        sum += trainer.step(images, labels)? * images.len() as f64;
        bar.inc(1);
    }
    Ok(sum / digits.len() as f64)
}

/// How often each digit (row) is taken for each digit (column).
fn confusion(net: &Net, digits: &[Digit]) -> Result<[[usize; 10]; 10], chainrule::Error> {
    let (images, labels): (Vec<_>, Vec<_>) = digits.iter().copied().unzip();
    let mut table = [[0; 10]; 10];
    for (scores, label) in net.predict_batch(&images)?.iter().zip(labels) {
        table[label.index()][Label::from_scores(scores).index()] += 1;
    }
    Ok(table)
}

/// The share of a confusion table that stands on its diagonal, in per cent.
fn accuracy(table: &[[usize; 10]; 10]) -> f64 {
    let right: usize = (0..10).map(|digit| table[digit][digit]).sum();
    100.0 * right as f64 / table.as_flattened().iter().sum::<usize>() as f64
}

/// The seed that the arguments name, or 0.
pub(crate) fn seed(arguments: Vec<std::ffi::OsString>) -> Result<u64, String> {
    match &arguments[..] {
        [] => Ok(0),
        [seed] => (seed.to_str().and_then(|seed| seed.parse().ok()))
            .ok_or(format!("the seed must be a whole number from 0 to {}, not {seed:?}", u64::MAX)),
        more => Err(format!("give one argument at most, the seed, not {}", more.len())),
    }
}
