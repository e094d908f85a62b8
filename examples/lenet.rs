//! LeNet-5: a convolutional network of which only the output sizes are written.
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

/// 28x28 pixels. Only output sizes are written: that 16 channels of 5x5 arrive at `LinearTo<120>`, the compiler works
/// out.
type LeNet5 = Infer<
    Image<1, 28, 28>,
    (
        (ConvTo<6, 5, 1, 2>, Relu, MaxPool2d<2>, ConvTo<16, 5>, Relu, MaxPool2d<2>),
        (LinearTo<120>, Relu, LinearTo<84>, Relu, LinearTo<10>),
    ),
>;
const _: () = chainrule::shapes::<LeNet5, Image<1, 28, 28>, Vector<10>>();

/// The same idea for 8x8 pixels.
type SmallNet = Infer<
    Image<1, 8, 8>,
    (
        (ConvTo<16, 3, 1, 1>, Relu, ConvTo<32, 3, 1, 1>, Relu, MaxPool2d<2>, Dropout<25>),
        (LinearTo<128>, Relu, Dropout<50>, LinearTo<10>),
    ),
>;
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
    let (_, _, percent) = learn(net, &images::digits()?, plan, SEED)?;
    if percent < 98.0 {
        return Err(format!("{percent:.2} % is below the 98 % that this example promises").into());
    }
    Ok(())
}
