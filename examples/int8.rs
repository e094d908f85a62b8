//! LeNet-5 in 8-bit integers: trains it, quantizes it, and compares size, time and accuracy with `f32`.
//!
//! Integers need a quarter of the memory and no floating-point unit, as on a microcontroller. This table shows what
//! they cost in accuracy.
//!
//! ```text
//! $ cargo run --release --features idx,gzip --example int8            # the 8x8 digits of this crate
//! $ cargo run --release --features idx,gzip --example int8 -- FOLDER  # MNIST, from its four IDX files
//! ..
//! 370944 multiply-adds for each image
//!        bytes of flash  bytes of RAM  accuracy
//! f32            287040        541568   98.27 %
//! int8            73267          4368   98.22 %
//! ```
//! The program fails if the integers lose more than 0.3 points of accuracy. The times are on stderr.

#[path = "support/images.rs"]
mod images;

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use chainrule::metrics::accuracy;
use chainrule::prelude::*;
use chainrule::quantized::{Quantize, Quantized};
use images::{Done, Images, Plan, learn};

/// As in the example `lenet`.
type LeNet5 = Infer<
    Image<1, 28, 28>,
    (
        (ConvTo<6, 5, 1, 2>, Relu, MaxPool2d<2>, ConvTo<16, 5>, Relu, MaxPool2d<2>),
        (LinearTo<120>, Relu, LinearTo<84>, Relu, LinearTo<10>),
    ),
>;

/// A smaller network of the same kind, for 8x8 pixels.
type SmallNet = Infer<
    Image<1, 8, 8>,
    (
        (ConvTo<16, 3, 1, 1>, Relu, ConvTo<32, 3, 1, 1>, Relu, MaxPool2d<2>, Dropout<25>),
        (LinearTo<128>, Relu, Dropout<50>, LinearTo<10>),
    ),
>;

const SEED: u64 = 1;

/// The number of training images on which the ranges are measured.
const CALIBRATION: usize = 500;

fn main() -> ExitCode {
    images::run(mnist, small)
}

fn mnist(folder: &std::path::Path) -> Done {
    let (net, data) = (LeNet5::init_with(Initializer::he_normal(), &mut rng(SEED)), images::mnist(folder)?);
    let (net, ..) = learn(net, &data, Plan { epochs: 5, batch: 32, rate: 2e-3 }, SEED)?;
    compare(&net, &data)
}

fn small() -> Done {
    let (net, data) = (SmallNet::init_with(Initializer::he_normal(), &mut rng(SEED)), images::digits()?);
    let (net, ..) = learn(net, &data, Plan { epochs: 20, batch: 32, rate: 2e-3 }, SEED)?;
    compare(&net, &data)
}

/// Quantizes a network, and prints a table.
fn compare<N, const SIDE: usize>(
    net: &Owned<N>,
    [train, test]: &[Images<SIDE>; 2],
) -> Result<(), Box<dyn Error>>
where
    N: Quantize<Image<1, SIDE, SIDE>> + Maps<Image<1, SIDE, SIDE>, Vector<10>>,
{
    type Int8<N, const SIDE: usize> = Quantized<N, Image<1, SIDE, SIDE>>;
    let calibration = &train.inputs()[..CALIBRATION.min(train.len())];
    let quantized: Box<Int8<N, SIDE>> = Quantized::calibrate(net, calibration)?;

    let (mut outputs, mut workspace) = (vec![Vector([0.0; 10]); test.len()], Workspace::default());
    let mut memory = vec![0; Int8::<N, SIDE>::RAM];
    let (inputs, labels) = (test.inputs(), test.targets());
    let f32_time = time(inputs, &mut outputs, |x, y| Ok(net.predict_into(x, y, &mut workspace)?))?;
    let exact = 100.0 * accuracy(&outputs, labels)?;
    let int8_time = time(inputs, &mut outputs, |x, y| Ok(quantized.predict_into(x, y, &mut memory)?))?;
    let percent = 100.0 * accuracy(&outputs, labels)?;

    let budget = chainrule::budget::<N, Image<1, SIDE, SIDE>>();
    let ram = 64 * budget.prediction_lines(1);
    println!("\n{} multiply-adds for each image", Int8::<N, SIDE>::MULTIPLY_ADDS);
    println!("       bytes of flash  bytes of RAM  accuracy");
    println!("f32  {:16}  {ram:12}  {exact:6.2} %", budget.network_bytes);
    println!("int8 {:16}  {:12}  {percent:6.2} %", Int8::<N, SIDE>::FLASH, Int8::<N, SIDE>::RAM);
    // On stderr, because times differ from run to run.
    eprintln!("one image at a time: f32 {f32_time:.1} µs, int8 {int8_time:.1} µs");
    if exact - percent > 0.3 {
        return Err(format!("int8 loses {:.2} points, more than the 0.3 promised", exact - percent).into());
    }
    Ok(())
}

/// Predicts one sample after the other. Returns the microseconds for each.
fn time<X, Y>(
    inputs: &[X],
    outputs: &mut [Y],
    mut predict: impl FnMut(&[X], &mut [Y]) -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    for (x, y) in inputs.chunks(1).zip(outputs.chunks_mut(1)) {
        predict(black_box(x), y)?;
    }
    Ok(1e6 * start.elapsed().as_secs_f64() / inputs.len() as f64)
}
