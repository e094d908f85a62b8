//! LeNet-5: a convolutional network whose shapes the compiler computes.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example lenet  # the 8x8 digits that come with this crate, in seconds
//! # MNIST, or Fashion-MNIST, from its four IDX files, in minutes:
//! $ cargo run --release --features idx,gzip --example lenet -- FOLDER
//! ```
//!
//! # Source
//! LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998), section II.B, with
//! ReLU and max pooling in place of tanh and trained averages.

#[path = "support/images.rs"]
mod images;

use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Plan, learn};

/// 28x28 pixels. The compiler infers that the input of `Flatten` is 16 channels of 5x5: if that were not 400 numbers,
/// this would not compile.
type LeNet5 = (
    Conv2d<1, 6, 5, 1, 2>,
    Relu,
    MaxPool2d<2>,
    Conv2d<6, 16, 5>,
    Relu,
    MaxPool2d<2>,
    Flatten,
    Linear<400, 120>,
    Relu,
    Linear<120, 84>,
    Relu,
    Linear<84, 10>,
);
const _: () = chainrule::shapes::<LeNet5, Image<1, 28, 28>, Vector<10>>();

/// The same idea for 8x8 pixels.
type SmallNet = (
    Conv2d<1, 16, 3, 1, 1>,
    Relu,
    Conv2d<16, 32, 3, 1, 1>,
    Relu,
    MaxPool2d<2>,
    Dropout<25>,
    Flatten,
    Linear<512, 128>,
    Relu,
    Dropout<50>,
    Linear<128, 10>,
);
const _: () = chainrule::shapes::<SmallNet, Image<1, 8, 8>, Vector<10>>();

const SEED: u64 = 1;

fn main() -> ExitCode {
    let done = match std::env::args_os().nth(1) {
        Some(folder) => mnist(folder.as_ref()),
        None => small(),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn mnist(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    let net = LeNet5::init_with(Initializer::he_normal(), &mut rng(SEED));
    learn(net, &images::mnist(folder)?, Plan { epochs: 5, batch: 32, rate: 2e-3 }, SEED)?;
    Ok(())
}

fn small() -> Result<(), Box<dyn std::error::Error>> {
    let net = SmallNet::init_with(Initializer::he_normal(), &mut rng(SEED));
    let plan = Plan { epochs: 20, batch: 32, rate: 2e-3 };
    let (_, percent) = learn(net, &images::digits()?, plan, SEED)?;
    if percent < 98.0 {
        return Err(format!("{percent:.2} % is below the 98 % that this example promises").into());
    }
    Ok(())
}
