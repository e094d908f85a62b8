//! A residual convolutional network: two stages, a projection where the shape changes, batch normalization.
//!
//! It shows how a standard architecture becomes a type: aliases for the blocks, arrays for repetition, and `Residual`
//! with a second argument for the shortcut.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example resnet            # the 8x8 digits of this crate
//! $ cargo run --release --features idx,gzip --example resnet -- FOLDER  # MNIST, from its four IDX files
//! ..
//! 3823 images to learn, 1797 to test
//! epoch 1  mean loss 0.3742  test accuracy 94.55 %
//! epoch 2  mean loss 0.0761  test accuracy 96.49 %
//! ..
//! ```
//!
//! # Source
//! He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2.

#[path = "support/images.rs"]
mod images;

use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Done, Plan, learn, promise};

/// A 3x3 convolution that preserves the height and width, or divides them by its stride. It has no bias, because the
/// norm after it has one.
type Conv3<const IN: usize, const OUT: usize, const STRIDE: usize = 1> =
    Conv2d<IN, OUT, 3, STRIDE, 1, f32, NoBias>;

/// x + F(x), then ReLU.
type Block<const C: usize> = (Residual<(Conv3<C, C>, BatchNorm<C>, Relu, Conv3<C, C>, BatchNorm<C>)>, Relu);

/// The first block of a stage: half the height and width and more channels, in the branch and in the shortcut.
type Down<const A: usize, const B: usize> = (
    Residual<
        (Conv3<A, B, 2>, BatchNorm<B>, Relu, Conv3<B, B>, BatchNorm<B>),
        (Conv2d<A, B, 1, 2, 0, f32, NoBias>, BatchNorm<B>),
    >,
    Relu,
);

/// A first convolution with this stride, a stage of 16 channels, a stage of 32, and a score for each class.
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
    images::run(mnist, small)
}

fn mnist(folder: &std::path::Path) -> Done {
    let net = ResNet::<2>::init_with(Initializer::he_normal(), &mut rng(SEED));
    learn(net, &images::mnist(folder)?, Plan { epochs: 5, batch: 64, rate: 4e-3 }, SEED)?;
    Ok(())
}

fn small() -> Done {
    let net = ResNet::<1>::init_with(Initializer::he_normal(), &mut rng(SEED));
    let plan = Plan { epochs: 5, batch: 32, rate: 4e-3 };
    let (_, _, percent) = learn(net, &images::digits()?, plan, SEED)?;
    promise(percent, 98.0)
}
