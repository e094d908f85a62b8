//! A multilayer perceptron, 784-128-64-10, on MNIST.
//!
//! This is the usual first program with a data set of images: read the files, train, test after each epoch, and draw
//! the learning curves.
//!
//! ```text
//! $ cargo run --release --features idx,gzip,plot --example mnist            # the 8x8 digits of this crate
//! $ cargo run --release --features idx,gzip,plot --example mnist -- FOLDER  # MNIST, from its four IDX files
//! ..
//! 3823 images to learn, 1797 to test
//! epoch 1  mean loss 0.7470  test accuracy 92.38 %
//! ..
//! epoch 15  mean loss 0.0181  test accuracy 96.33 %
//! ```
//! The learning curves go to `target/mnist.png`.

#[path = "support/images.rs"]
mod images;

use std::path::Path;
use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Done, Images, Plan, learn, promise};

type Mlp<const PIXELS: usize> = (Flatten, Linear<PIXELS, 128>, Relu, Linear<128, 64>, Relu, Linear<64, 10>);
const _: () = chainrule::shapes::<Mlp<784>, Image<1, 28, 28>, Vector<10>>();
const _: () = chainrule::shapes::<Mlp<64>, Image<1, 8, 8>, Vector<10>>();

const SEED: u64 = 1;

fn main() -> ExitCode {
    images::run(mnist, small)
}

fn mnist(folder: &Path) -> Done {
    let plan = Plan { epochs: 5, batch: 64, rate: 2e-3 };
    train::<Mlp<784>, 28>(&images::mnist(folder)?, plan).map(|_| ())
}

fn small() -> Done {
    let percent = train::<Mlp<64>, 8>(&images::digits()?, Plan { epochs: 15, batch: 32, rate: 2e-3 })?;
    promise(percent, 95.0)
}

fn train<N: Maps<Image<1, SIDE, SIDE>, Vector<10>>, const SIDE: usize>(
    images: &[Images<SIDE>; 2],
    plan: Plan,
) -> Result<f64, Box<dyn std::error::Error>> {
    let net = N::init_with(Initializer::he_normal(), &mut rng(SEED));
    let (_, history, percent) = learn(net, images, plan, SEED)?;
    std::fs::create_dir_all("target")?;
    history.picture()?.save("target/mnist.png")?;
    println!("learning curves: target/mnist.png");
    Ok(percent)
}
