//! Quantized networks in files, and in the program.

use chainrule::checkpoint::{CheckpointError, Format};
use chainrule::prelude::*;
use chainrule::quantized::Quantized;
use chainrule::rand::{Rng, RngExt};

#[allow(dead_code)]
#[path = "../../examples/support/digits.rs"]
mod digits;

/// The network of `examples/data/digits.int8`.
type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>);
type Int8 = Quantized<Net, Image<1, 8, 8>>;

static NET: Int8 = chainrule::include_quantized!("../../examples/data/digits.int8");

const IMAGE: &[u8] = include_bytes!("../../examples/data/digits.int8");

fn pixels() -> Vec<Image<1, 8, 8>> {
    digits::as_images(digits::train().unwrap()).0
}

fn outputs(net: &Int8) -> Vec<Vector<10>> {
    let (digits, mut memory) = (&pixels()[500..600], [0; Int8::RAM]);
    let mut outputs = vec![Vector([0.0; 10]); digits.len()];
    net.predict_into(digits, &mut outputs, &mut memory).unwrap();
    outputs
}

#[test]
fn a_quantized_network_in_the_program_is_that_of_the_file() {
    let names = Format::pytorch().rename("0", "hidden").rename("2", "head");
    let net: Owned<Net> =
        names.from_bytes(include_bytes!("../../examples/data/pytorch-mlp.safetensors")).unwrap();
    let quantized: Box<Int8> = Quantized::calibrate(&net, &pixels()[..500]).unwrap();
    // The last bits of the ranges depend on the processor's instructions; with them an output may move by a step.
    assert_eq!(quantized.to_bytes().len(), IMAGE.len());
    let (saved, now) = (outputs(&NET), outputs(&quantized));
    let largest = Vector::flat(&saved).iter().fold(0.0_f32, |largest, y| largest.max(y.abs()));
    for (saved, now) in Vector::flat(&saved).iter().zip(Vector::flat(&now)) {
        assert!((saved - now).abs() <= largest / 100.0, "{saved}, and now {now}");
    }
    assert_eq!(outputs(Int8::from_bytes(&quantized.to_bytes()).unwrap()), now);
    // Without copying, at any address.
    let shifted = [&[0], IMAGE].concat();
    assert_eq!(outputs(Int8::from_bytes(&shifted[1..]).unwrap()), outputs(&NET));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.int8");
    NET.save(&path).unwrap();
    assert_eq!(outputs(&Int8::load(&path).unwrap()), outputs(&NET));
    assert_eq!(std::fs::read(&path).unwrap(), IMAGE);
    assert!(IMAGE.len() < Int8::FLASH + 500, "{} bytes of header", IMAGE.len() - Int8::FLASH);
}

#[test]
fn the_image_of_another_quantized_network_is_refused() {
    type Relus = (Dense<Image<1, 8, 8>, Vector<32>>, Relu, Linear<32, 10>);
    let error = Quantized::<Relus, Image<1, 8, 8>>::from_bytes(IMAGE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bytes: the image belongs to another network or is damaged: it has `1 Tanh` where this network has `1 Relu`"
    );
    // The same layers, for another input.
    type Any = (Relu, GlobalAvgPool);
    let net = Any::init(&mut rng(1));
    let samples = [Image([[[1.0, -2.0], [3.0, 0.5]]])];
    let image = Quantized::<Any, Image<1, 2, 2>>::calibrate(&net, &samples).unwrap().to_bytes();
    let error = Quantized::<Any, Image<1, 3, 2>>::from_bytes(&image).unwrap_err().to_string();
    assert!(
        error.contains("it has `input Image<1, 2, 2>` where this network has `input Image<1, 3, 2>`"),
        "{error}"
    );
    // An image with numbers in `f32`.
    let numbers = chainrule::checkpoint::image_to_bytes(&Net::init(&mut rng(1))).unwrap();
    assert!(Int8::from_bytes(&numbers).unwrap_err().to_string().contains("chainrule int8 image 1"));
    let missing = Int8::load("no such file").unwrap_err();
    assert!(matches!(missing, CheckpointError::Read { .. }), "{missing}");
}

/// No mutation is accepted, since a checksum guards the numbers, and none makes it panic.
#[test]
fn a_damaged_image_is_an_error() {
    let mut rng = rng(7);
    for _ in 0..10_000 {
        let mut image = IMAGE.to_vec();
        match rng.random_range(0..3) {
            0 => image.truncate(rng.random_range(0..IMAGE.len())),
            1 => image.push(0),
            _ => {
                let at = rng.random_range(0..image.len());
                image[at] ^= 1 << rng.random_range(0..8);
            }
        }
        assert!(Int8::from_bytes(&image).is_err());
    }
}

/// Bytes with the right checksum, but without meaning: the outputs are arbitrary, and nothing panics.
#[test]
fn any_bytes_are_a_network() {
    type Every = (
        (Conv2d<1, 2, 3, 1, 1>, BatchNorm<2>, Relu, MaxPool2d<2>, AvgPool2d<2>),
        (
            Flatten,
            Residual<(Linear<8, 4>, Tanh, Linear<4, 8>)>,
            Concat<(Linear<8, 4>, Shared<Linear<8, 8>, 2>)>,
        ),
        (
            Reshape<Sequence<4, 3>>,
            Gru<3, 4>,
            Lstm<4, 5>,
            Rnn<5, 3, Exp>,
            PerStep<LogSoftmax>,
            LastStep,
            Softmax,
        ),
    );
    type Int8 = Quantized<Every, Image<1, 8, 8>>;
    let mut rng = rng(9);
    for _ in 0..300 {
        let mut bytes = vec![0; Int8::FLASH];
        rng.fill_bytes(&mut bytes);
        let net: &Int8 = bytemuck::TransparentWrapper::wrap_ref(bytemuck::from_bytes(&bytes));
        let (mut memory, mut output) = ([0; Int8::RAM], [0; 3]);
        net.predict_int8(&[[[rng.random(); 8]; 8]], &mut output, &mut memory).unwrap();
    }
}
