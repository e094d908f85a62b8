//! LeNet-5 on images: a convolutional network in which only the output sizes are written.
//!
//! `Infer` computes the input size of each layer from the layer before it, as the compiler checks the shapes. So you
//! can change a kernel or a stride in one place.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example lenet            # the 8x8 digits of this crate
//! $ cargo run --release --features idx,gzip --example lenet -- FOLDER  # MNIST, from its four IDX files
//! ..
//! 3823 images to learn, 1797 to test
//! epoch 1  mean loss 1.0186  test accuracy 94.16 %
//! epoch 2  mean loss 0.2455  test accuracy 95.66 %
//! ..
//! ```
//!
//! # Source
//! LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998), section II.B, with
//! ReLU and max pooling in place of tanh and trained averages.

#[path = "support/images.rs"]
mod images;

use std::process::ExitCode;

use chainrule::prelude::*;
use images::{Done, Plan, learn, promise};

/// For 28x28 pixels. The compiler computes that the input of `LinearTo<120>` has 16 channels of 5x5.
type LeNet5 = Infer<
    Image<1, 28, 28>,
    (
        (ConvTo<6, 5, 1, 2>, Relu, MaxPool2d<2>, ConvTo<16, 5>, Relu, MaxPool2d<2>),
        (LinearTo<120>, Relu, LinearTo<84>, Relu, LinearTo<10>),
    ),
>;
const _: () = chainrule::shapes::<LeNet5, Image<1, 28, 28>, Vector<10>>();

/// A smaller network of the same kind, for 8x8 pixels.
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
    images::run(mnist, small)
}

fn mnist(folder: &std::path::Path) -> Done {
    let net = LeNet5::init_with(Initializer::he_normal(), &mut rng(SEED));
    learn(net, &images::mnist(folder)?, Plan { epochs: 5, batch: 32, rate: 2e-3 }, SEED)?;
    Ok(())
}

fn small() -> Done {
    let net = SmallNet::init_with(Initializer::he_normal(), &mut rng(SEED));
    let plan = Plan { epochs: 20, batch: 32, rate: 2e-3 };
    let (_, _, percent) = learn(net, &images::digits()?, plan, SEED)?;
    promise(percent, 98.0)
}
