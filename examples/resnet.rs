//! A residual convolutional network: two stages, a projection where the shape changes, batch normalization.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example resnet  # the 8x8 digits that come with this crate
//! # MNIST, or Fashion-MNIST, from its four IDX files, in minutes:
//! $ cargo run --release --features idx,gzip --example resnet -- FOLDER
//! ```
//!
//! # Source
//! He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2.

#[path = "support/images.rs"]
mod images;

use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Plan, learn};

/// A 3x3 convolution that preserves the sides, or divides them by its stride. It has no bias, because the norm after it
/// has one.
type Conv3<const IN: usize, const OUT: usize, const STRIDE: usize = 1> =
    Conv2d<IN, OUT, 3, STRIDE, 1, f32, NoBias>;

/// x + F(x), then ReLU.
type Block<const C: usize> = (Residual<(Conv3<C, C>, BatchNorm<C>, Relu, Conv3<C, C>, BatchNorm<C>)>, Relu);

/// The first block of a stage: half the side and more channels, in the branch and in the shortcut.
type Down<const A: usize, const B: usize> = (
    Residual<
        (Conv3<A, B, 2>, BatchNorm<B>, Relu, Conv3<B, B>, BatchNorm<B>),
        (Conv2d<A, B, 1, 2, 0, f32, NoBias>, BatchNorm<B>),
    >,
    Relu,
);

/// A stem of the given stride, a stage of 16 channels, a stage of 32, and a score for each class.
type ResNet<const STRIDE: usize> = (
    (Conv3<1, 16, STRIDE>, BatchNorm<16>, Relu),
    [Block<16>; 2],
    (Down<16, 32>, Block<32>),
    GlobalAvgPool,
    Linear<32, 10>,
);
const _: () = chainrule::shapes::<ResNet<2>, Image<1, 28, 28>, Vector<10>>();
const _: () = chainrule::shapes::<ResNet<1>, Image<1, 8, 8>, Vector<10>>();

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
    let net = ResNet::<2>::init_with(Initializer::he_normal(), &mut rng(SEED));
    learn(net, &images::mnist(folder)?, Plan { epochs: 5, batch: 64, rate: 4e-3 }, SEED)?;
    Ok(())
}

fn small() -> Result<(), Box<dyn std::error::Error>> {
    let net = ResNet::<1>::init_with(Initializer::he_normal(), &mut rng(SEED));
    let plan = Plan { epochs: 5, batch: 32, rate: 4e-3 };
    let (_, _, percent) = learn(net, &images::digits()?, plan, SEED)?;
    if percent < 98.0 {
        return Err(format!("{percent:.2} % is below the 98 % that this example promises").into());
    }
    Ok(())
}
