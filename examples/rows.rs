//! Images read as sequences: row by row with a GRU, and pixel by pixel with an RNN, an IRNN and an LSTM.
//!
//! Long sequences are where recurrent networks lose their gradient. This example measures which share of it reaches
//! the first of 64 steps, before and after training. It shows that the share in a new network does not predict which
//! network learns best: the IRNN has the largest one, and is far behind after 20 epochs.
//!
//! ```text
//! $ cargo run --release --features idx,gzip,plot --example rows             # the digits of this crate
//! $ cargo run --release --features idx,gzip,plot --example rows -- FOLDER   # rows of MNIST, from its four IDX files
//! ..
//!                            test      share of |dR/dh(64)| at step 1
//!       parameters   rate  accuracy   new                    trained
//! RNN         4938  0.003   91.93 %   6.4e-2                 1.4e1
//! IRNN        4938  0.003   67.17 %   2.7e-1                 1.1e0
//! LSTM        4810   0.01   94.32 %   2.2e-2, cell 2.4e-8    4.6e-1, cell 5.8e-3
//! ```
//! Row by row, a digit has 8 steps (28 on MNIST). A GRU of 64 units classifies about 96 % of the digits after 15
//! epochs, and 98.7 % of MNIST after 5. The program fails below 95 % of the digits.
//!
//! Pixel by pixel, a digit has 64 steps of one number. An IRNN has ReLU and starts with U = 1, so that a new one
//! copies its state from step to step; the LSTM has a forget bias of 1. Each has the best of three learning rates, by
//! a validation set. `cell` is the share that arrives through the LSTM's cell alone: in a new one it is small,
//! because σ(1) = 0.73 of it is left after each step. The program fails if the LSTM ends below 90 %.
//! `target/pictures/rows-new.png` and `rows-trained.png` show all steps.
//!
//! # Source
//! Le, Jaitly, Hinton, "A simple way to initialize recurrent networks of rectified linear units", arXiv:1504.00941
//! (2015): the start, and MNIST pixel by pixel.

#[path = "support/images.rs"]
mod images;
#[path = "rows/pixels.rs"]
mod pixels;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Done, Images, Plan, learn, promise};

/// `Reshape` makes each column of an image a step. After `Transpose` the steps are the rows.
type Rows<const SIDE: usize> =
    (Transpose, Reshape<Sequence<SIDE, SIDE>>, Gru<SIDE, 64>, LastStep, Linear<64, 10>);
const _: () = chainrule::shapes::<Rows<28>, Image<1, 28, 28>, Vector<10>>();

const SEED: u64 = 1;

fn main() -> ExitCode {
    images::run(mnist, digits)
}

fn mnist(folder: &Path) -> Done {
    rows(&images::mnist(folder)?, Plan { epochs: 5, batch: 64, rate: 3e-3 }).map(|_| ())
}

fn digits() -> Done {
    let digits = images::digits()?;
    let percent = rows(&digits, Plan { epochs: 15, batch: 32, rate: 3e-3 })?;
    promise(percent, 95.0)?;
    pixels::compare(&digits)
}

/// Reads the images row by row. Returns the test accuracy in per cent.
fn rows<const SIDE: usize>(images: &[Images<SIDE>; 2], plan: Plan) -> Result<f64, Box<dyn Error>>
where
    Rows<SIDE>: Maps<Image<1, SIDE, SIDE>, Vector<10>>,
{
    println!("row by row: {SIDE} steps of {SIDE} numbers\n");
    let (_, _, percent) = learn(Rows::<SIDE>::init(&mut rng(SEED)), images, plan, SEED)?;
    Ok(percent)
}
