//! A vision transformer: patches of a picture are the steps of a sequence.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example vit  # the 8x8 digits that come with this crate, in seconds
//! # MNIST, or Fashion-MNIST, from its four IDX files, in minutes:
//! $ cargo run --release --features idx,gzip --example vit -- FOLDER
//! ```
//!
//! A convolution whose stride is its kernel maps each patch to a vector, the steps get trained positions, and the blocks of
//! a transformer follow. The classes are read from the mean of the steps. MNIST has 16 patches of 7x7 pixels; the program
//! fails if less than 97.5 % of its test images are recognized.
//!
//! # Source
//! Dosovitskiy et al., "An image is worth 16x16 words: transformers for image recognition at scale", ICLR 2021, figure 1,
//! with a mean in place of the class token.

#[path = "support/images.rs"]
mod images;

use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Images, Plan, learn};

/// `PATCH` x `PATCH` pixels are a step, of which there are `STEPS`.
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
    let done = match std::env::args_os().nth(1) {
        Some(folder) => images::mnist(folder.as_ref())
            .and_then(|images| train::<Mnist, 28>(&images, Plan { epochs: 8, batch: 64, rate: 1e-3 }, 97.5)),
        None => images::digits()
            .and_then(|images| train::<Small, 8>(&images, Plan { epochs: 12, batch: 32, rate: 2e-3 }, 94.0)),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn train<N: Maps<Image<1, SIDE, SIDE>, Vector<10>>, const SIDE: usize>(
    images: &[Images<SIDE>; 2],
    plan: Plan,
    promised: f64,
) -> Result<(), Box<dyn std::error::Error>> {
    let (.., percent) = learn(N::init(&mut rng(SEED)), images, plan, SEED)?;
    if percent < promised {
        return Err(format!("{percent:.2} % is below the {promised} % that this example promises").into());
    }
    Ok(())
}
