//! What 8-bit integers cost in accuracy, on handwritten digits.

use chainrule::checkpoint::Format;
use chainrule::metrics::accuracy;
use chainrule::prelude::*;
use chainrule::quantized::{Quantize, Quantized};

#[allow(dead_code)]
#[path = "../../examples/support/digits.rs"]
mod digits;

/// The networks that PyTorch has trained (`examples/data`), on the digits of other writers.
#[test]
fn digits_lose_at_most_0_3_points() {
    type Mlp = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>);
    type Conv = (
        (Conv2d<1, 8, 3, 1, 1>, BatchNorm<8>, Relu, MaxPool2d<2>, Conv2d<8, 8, 3, 1, 0, f32, NoBias>, Relu),
        (Flatten, Linear<32, 10>),
    );
    let (train, test) =
        (digits::as_images(digits::train().unwrap()), digits::as_images(digits::test().unwrap()));

    let bytes = include_bytes!("../../examples/data/pytorch-mlp.safetensors");
    let mlp: Owned<Mlp> =
        Format::pytorch().rename("0", "hidden").rename("2", "head").from_bytes(bytes).unwrap();
    assert!(loss::<Mlp>(&mlp, &train.0, &test) <= 0.3);

    let mut trainer = Trainer::new(Conv::init(&mut rng(2)), CrossEntropy::default(), Adam::new(4e-3), 1);
    for start in (0..4 * 3800).step_by(100).map(|start| start % 3800) {
        trainer.step(&train.0[start..start + 100], &train.1[start..start + 100]).unwrap();
    }
    assert!(loss::<Conv>(&trainer.network, &train.0, &test) <= 0.3);
}

/// A GRU that reads the digits row by row, as in the example `rows`.
#[test]
fn digits_by_rows_lose_at_most_0_3_points() {
    type Rows = (Transpose, Reshape<Sequence<8, 8>>, Gru<8, 24>, LastStep, Linear<24, 10>);
    let (train, test) =
        (digits::as_images(digits::train().unwrap()), digits::as_images(digits::test().unwrap()));
    let mut trainer = Trainer::new(Rows::init(&mut rng(2)), CrossEntropy::default(), Adam::new(1e-2), 1);
    for start in (0..8 * 3800).step_by(100).map(|start| start % 3800) {
        trainer.step(&train.0[start..start + 100], &train.1[start..start + 100]).unwrap();
    }
    assert!(loss::<Rows>(&trainer.network, &train.0, &test) <= 0.3);
}

/// Returns how many points of accuracy a network loses, in per cent.
fn loss<N>(
    net: &Owned<N>,
    calibration: &[Image<1, 8, 8>],
    (x, labels): &(Vec<Image<1, 8, 8>>, Vec<Label<10>>),
) -> f64
where
    N: Quantize<Image<1, 8, 8>> + Maps<Image<1, 8, 8>, Vector<10>>,
{
    let exact = accuracy(&net.predict_batch(x).unwrap(), labels).unwrap();
    let quantized = Quantized::<N, Image<1, 8, 8>>::calibrate(net, &calibration[..500]).unwrap();
    let (mut outputs, mut memory) =
        (vec![Vector([0.0; 10]); x.len()], vec![0; Quantized::<N, Image<1, 8, 8>>::RAM]);
    quantized.predict_into(x, &mut outputs, &mut memory).unwrap();
    let int8 = accuracy(&outputs, labels).unwrap();
    println!("{}: {exact} and {int8}", N::NAME);
    assert!(exact > 0.9, "not trained: {exact}");
    100.0 * (exact - int8)
}
