//! A multilayer perceptron, 784-128-64-10, on MNIST.
//!
//! ```text
//! # the 8x8 digits that come with this crate, in seconds:
//! $ cargo run --release --features idx,gzip,plot --example mnist
//! # MNIST, or Fashion-MNIST, from its four IDX files:
//! $ cargo run --release --features idx,gzip,plot --example mnist -- FOLDER
//! ```
//!
//! Its learning curves go to `target/mnist.png`.

#[path = "support/images.rs"]
mod images;

use std::path::Path;
use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Images, Plan, learn};

type Mlp<const PIXELS: usize> = (Flatten, Linear<PIXELS, 128>, Relu, Linear<128, 64>, Relu, Linear<64, 10>);
const _: () = chainrule::shapes::<Mlp<784>, Image<1, 28, 28>, Vector<10>>();
const _: () = chainrule::shapes::<Mlp<64>, Image<1, 8, 8>, Vector<10>>();

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

fn mnist(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let plan = Plan { epochs: 5, batch: 64, rate: 2e-3 };
    train::<Mlp<784>, 28>(&images::mnist(folder)?, plan).map(|_| ())
}

fn small() -> Result<(), Box<dyn std::error::Error>> {
    let percent = train::<Mlp<64>, 8>(&images::digits()?, Plan { epochs: 15, batch: 32, rate: 2e-3 })?;
    if percent < 95.0 {
        return Err(format!("{percent:.2} % is below the 95 % that this example promises").into());
    }
    Ok(())
}

fn train<N: Maps<Image<1, SIDE, SIDE>, Vector<10>>, const SIDE: usize>(
    images: &[Images<SIDE>; 2],
    plan: Plan,
) -> Result<f64, Box<dyn std::error::Error>> {
    let net = N::init_with(Initializer::he_normal(), &mut rng(SEED));
    let (_, history, percent) = learn(net, images, plan, SEED)?;
    std::fs::create_dir_all("target")?;
    history.picture()?.save("target/mnist.png")?;
    println!("the learning curves are in target/mnist.png");
    Ok(percent)
}
