//! A vision transformer on images: each patch is a step of a sequence.
//!
//! Attention is not only for text. A convolution with a stride of its kernel size maps each patch to a vector, trained
//! positions are added, and the blocks of a transformer follow. The classes are computed from the mean of the steps.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example vit            # the 8x8 digits of this crate
//! $ cargo run --release --features idx,gzip --example vit -- FOLDER  # MNIST, from its four IDX files
//! ..
//! 3823 images to learn, 1797 to test
//! epoch 1  mean loss 1.2319  test accuracy 88.59 %
//! epoch 2  mean loss 0.2296  test accuracy 90.93 %
//! ..
//! ```
//! MNIST has 16 patches of 7x7 pixels. The program fails below 97.5 % of its test images, or 94 % of the digits.
//!
//! # Source
//! Dosovitskiy et al., "An image is worth 16x16 words: transformers for image recognition at scale", ICLR 2021,
//! figure 1, with a mean in place of the class token.

#[path = "support/images.rs"]
mod images;

use std::path::Path;
use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Done, Images, Plan, learn, promise};

/// `STEPS` patches of `PATCH` x `PATCH` pixels.
type Vit<
    const PATCH: usize,
    const STEPS: usize,
    const WIDTH: usize,
    const HIDDEN: usize,
    const LAYERS: usize,
> = (
    (Conv2d<1, WIDTH, PATCH, PATCH>, Reshape<Sequence<STEPS, WIDTH>>, LearnedPositions<STEPS, WIDTH>),
    TransformerEncoder<WIDTH, 4, HIDDEN, LAYERS, NoMask, Gelu>,
    (MeanOver<Steps>, Linear<WIDTH, 10>),
);

type Mnist = Vit<7, 16, 64, 128, 4>;
type Small = Vit<2, 16, 32, 64, 2>;
const _: () = chainrule::shapes::<Mnist, Image<1, 28, 28>, Vector<10>>();
const _: () = chainrule::shapes::<Small, Image<1, 8, 8>, Vector<10>>();

const SEED: u64 = 1;

fn main() -> ExitCode {
    images::run(mnist, small)
}

fn mnist(folder: &Path) -> Done {
    train::<Mnist, 28>(&images::mnist(folder)?, Plan { epochs: 8, batch: 64, rate: 1e-3 }, 97.5)
}

fn small() -> Done {
    train::<Small, 8>(&images::digits()?, Plan { epochs: 12, batch: 32, rate: 2e-3 }, 94.0)
}

fn train<N: Maps<Image<1, SIDE, SIDE>, Vector<10>>, const SIDE: usize>(
    images: &[Images<SIDE>; 2],
    plan: Plan,
    promised: f64,
) -> Done {
    let (.., percent) = learn(N::init(&mut rng(SEED)), images, plan, SEED)?;
    promise(percent, promised)
}
