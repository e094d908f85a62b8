//! Images read as sequences: row by row, and pixel by pixel.
//!
//! ```text
//! # the 8x8 digits that come with this crate:
//! $ cargo run --release --features idx,gzip,plot --example rows
//! # rows of MNIST, or Fashion-MNIST, from its four IDX files:
//! $ cargo run --release --features idx,gzip,plot --example rows -- FOLDER
//! ```
//! Row by row, a digit is a sequence of 8 steps (28 on MNIST), and a GRU of 64 units reads it to its last row.
//!
//! Pixel by pixel, a digit is a sequence of 64 steps of one number. Three networks of about as many parameters learn it
//! with the same data, optimizer and number of epochs: an RNN, an IRNN, which has ReLU and starts with U = 1, so that a
//! new one copies its state from step to step, and an LSTM with a forget bias of ln 63. For each, the program prints
//! which share of |dR/dh(64)| arrives at step 1 before and after training; of the LSTM also the share that arrives
//! through the cell alone. `target/pictures/rows.png` shows all steps.
//!
//! # Source
//! Le, Jaitly, Hinton, "A simple way to initialize recurrent networks of rectified linear units", arXiv:1504.00941
//! (2015), sections 3 and 4.2: MNIST pixel by pixel.

#[path = "support/images.rs"]
mod images;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use chainrule::data::Dataset;
use chainrule::flow::{Flow, picture};
use chainrule::metrics::accuracy;
use chainrule::plot::Picture;
use chainrule::prelude::*;
use images::{Images, Plan, learn};

/// Steps are the columns of an image that is reshaped to a sequence, so `Transpose` comes first: steps are rows.
type Rows<const SIDE: usize> =
    (Transpose, Reshape<Sequence<SIDE, SIDE>>, Gru<SIDE, 64>, LastStep, Linear<64, 10>);
const _: () = chainrule::shapes::<Rows<28>, Image<1, 28, 28>, Vector<10>>();

/// The 64 pixels of a digit are 64 steps, row after row.
type Pixels<R, const UNITS: usize> = (Reshape<Sequence<64, 1>>, R, LastStep, Linear<UNITS, 10>);
/// 4,938 parameters.
type Plain = Pixels<Rnn<1, 64>, 64>;
type Identity = Pixels<Rnn<1, 64, Relu>, 64>;
/// 4,810 parameters: four gates of half as many units.
type Gated = Pixels<Lstm<1, 32>, 32>;

const SEED: u64 = 1;
const EPOCHS: u64 = 20;
const BATCH: usize = 32;
const RATE: f64 = 2e-3;
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

fn main() -> ExitCode {
    let done = match std::env::args_os().nth(1) {
        Some(folder) => mnist(folder.as_ref()),
        None => digits(),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn mnist(folder: &Path) -> Result<(), Box<dyn Error>> {
    rows(&images::mnist(folder)?, Plan { epochs: 5, batch: 64, rate: 3e-3 }).map(|_| ())
}

fn digits() -> Result<(), Box<dyn Error>> {
    let digits = images::digits()?;
    let percent = rows(&digits, Plan { epochs: 15, batch: 32, rate: 3e-3 })?;
    if percent < 95.0 {
        return Err(format!("{percent:.2} % is below the 95 % that this example promises").into());
    }
    pixels(&digits)
}

/// Reads the images row by row. Returns the test accuracy in per cent.
fn rows<const SIDE: usize>(images: &[Images<SIDE>; 2], plan: Plan) -> Result<f64, Box<dyn Error>>
where
    Rows<SIDE>: Maps<Image<1, SIDE, SIDE>, Vector<10>>,
{
    println!("row by row: {SIDE} steps of {SIDE} numbers\n");
    let (_, percent) = learn(Rows::<SIDE>::init(&mut rng(SEED)), images, plan, SEED)?;
    Ok(percent)
}

/// Compares three networks that read the digits pixel by pixel.
fn pixels(digits: &[Images<8>; 2]) -> Result<(), Box<dyn Error>> {
    println!("\npixel by pixel: 64 steps of one number, {EPOCHS} epochs each");
    let mut random = rng(SEED);
    let plain = Plain::init(&mut random);
    let mut identity = Identity::init_with(Initializer::normal(0.0, 0.001), &mut random);
    Initializer::identity().init_part(&mut *identity, "1.weight_hh", &mut random)?;
    let mut gated = Gated::init(&mut random);
    gated.1.set_forget_bias(63f64.ln());

    println!("                           share of |dR/dh(64)| that arrives at step 1");
    println!("       parameters accuracy   new                   trained");
    let runs = [run("RNN", plain, digits)?, run("IRNN", identity, digits)?, run("LSTM", gated, digits)?];
    let show =
        |title: &str, at: usize| picture::through_time(runs.iter().map(|run| (run.name, &run.flows[at])));
    std::fs::create_dir_all(PICTURES)?;
    Picture::below([show("new", 0)?, show("trained", 1)?]).save(format!("{PICTURES}/rows.png"))?;
    println!("\npicture: target/pictures/rows.png, new networks above and trained ones below");
    Ok(())
}

/// A network's name, and its gradient flow before and after training.
struct Run {
    name: &'static str,
    flows: [Flow; 2],
}

/// Trains a network, and prints its row of the table.
fn run<N: Maps<Image<1, 8, 8>, Vector<10>>>(
    name: &'static str,
    net: Owned<N>,
    [train, test]: &[Images<8>; 2],
) -> Result<Run, Box<dyn Error>> {
    let loss = CrossEntropy::default();
    let flow = |net: &N, of: &Dataset<_, _>| net.flow(&loss, &of.inputs()[..256], &of.targets()[..256]);
    let new = flow(&net, train)?;
    let steps = EPOCHS * train.len().div_ceil(BATCH) as u64;
    let mut trainer =
        Trainer::new(net, loss, Adam::new(RATE), SEED).schedule(Schedule::cosine(steps)).clip_norm(1.0);
    trainer.fit(train, Fit::epochs(EPOCHS).batch_size(BATCH))?;
    let percent = 100.0 * accuracy(&trainer.network.predict_batch(test.inputs())?, test.targets())?;
    let flows = [new, flow(&trainer.network, train)?];
    let shares = flows.each_ref().map(|flow| share(flow).unwrap_or_default());
    println!("{name:5}  {:10} {percent:6.2} %   {:20}  {}", N::COUNT, shares[0], shares[1]);
    Ok(Run { name, flows })
}

/// Returns what of the gradient of the last step arrives at the first, as text.
fn share(flow: &Flow) -> Option<String> {
    let time = flow.layer("1")?.time.as_ref()?;
    let carried = time.carried_share().map(|share| format!(", cell {share:.1e}"));
    Some(format!("{:.1e}{}", time.share()?, carried.unwrap_or_default()))
}
