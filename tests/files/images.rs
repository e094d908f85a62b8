//! Images: networks in the program, read while it compiles; and the same files at run time.

use chainrule::checkpoint::{self, CheckpointError, Format};
use chainrule::prelude::*;
use rand::{Rng, RngExt};

use chainrule::rand;

/// The network of examples/image.rs, whose image is committed.
type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>, Softmax);

static NET: Net = chainrule::include_network!("../../examples/data/digits.image");

const IMAGE: &[u8] = include_bytes!("../../examples/data/digits.image");

fn pytorch() -> Owned<Net> {
    let names = Format::pytorch().rename("0", "hidden").rename("2", "head");
    names.from_bytes(include_bytes!("../../examples/data/pytorch-mlp.safetensors")).unwrap()
}

#[test]
fn a_network_in_the_program_is_that_of_the_file() {
    assert_eq!(NET.parameters(), pytorch().parameters());
    assert_eq!(checkpoint::image_to_bytes(&pytorch()).unwrap(), IMAGE);
    assert_eq!(checkpoint::image_from_bytes::<Net>(IMAGE).unwrap().parameters(), NET.parameters());
}

/// With arrays, blocks, flattened fields, settings, buffers, and both scalars.
#[test]
fn an_image_holds_every_kind_of_layer() {
    type Deep = (
        PerStep<(Linear<3, 4>, LayerNorm<Vector<4>, Epsilon<1, 100>>)>,
        [Residual<(Lstm<4, 4>, BatchNorm<4>)>; 3],
        Concat<(Gru<4, 2>, Identity)>,
        LastStep,
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.image");
    let net = Deep::init(&mut rng(4));
    checkpoint::save_image(&net, &path).unwrap();
    assert_eq!(checkpoint::load_image::<Deep>(&path).unwrap().parameters(), net.parameters());
    let image = std::fs::read(&path).unwrap();
    assert_eq!(chainrule::network_of_image::<Deep>(&image).parameters(), net.parameters());
    let header = String::from_utf8_lossy(&image[..2000]).into_owned();
    for line in ["1.2.branch.0.weight_hh f32 [4, 16]\n", "0.1 LayerNorm<Vector<4>, Epsilon<1, 100>>\n"] {
        assert!(header.contains(line), "{header}");
    }

    let double = Linear::<2, 3, f64>::init(&mut rng(1));
    let image = checkpoint::image_to_bytes(&double).unwrap();
    assert_eq!(chainrule::network_of_image::<Linear<2, 3, f64>>(&image), *double);
    assert!(image.ends_with(&double.bias[2].to_le_bytes()));
}

fn error<N: Parameters>(image: &[u8]) -> String {
    let Err(error) = checkpoint::image_from_bytes::<N>(image) else { panic!("the image is accepted") };
    error.to_string()
}

#[test]
fn the_image_of_another_network_is_refused() {
    type Wider = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 11>, Softmax);
    type Other = (Dense<Image<1, 8, 8>, Vector<32>>, Relu, Linear<32, 10>, Softmax);
    assert_eq!(
        error::<Other>(IMAGE),
        "the bytes: the image belongs to another network or is damaged: it has `1 Tanh` where this network has `1 Relu`"
    );
    assert!(
        error::<Wider>(IMAGE).contains("it has `2 Linear<32, 10>` where this network has `2 Linear<32, 11>`")
    );
    // A name that is longer than a line of the header is compared to its end.
    type Block =
        Residual<(Linear<16, 16>, Tanh, Linear<16, 16>, LeakyRelu, Linear<16, 16>, HardTanh, Linear<16, 16>)>;
    type Blocks = (Block, Block, Block, Block, Block, Block, Block, Block, Block, Block, Block, Block);
    type Twice = (Shared<(Blocks, Tanh), 2>, Tanh);
    type Thrice = (Shared<(Blocks, Tanh), 3>, Tanh);
    assert!(Twice::NAME.to_string().len() > 1100);
    let image = checkpoint::image_to_bytes(&Twice::zeros()).unwrap();
    assert!(checkpoint::image_from_bytes::<Twice>(&image).is_ok());
    let message = error::<Thrice>(&image);
    assert!(message.contains("it has `0 Shared<") && message.len() < 1000, "{message}");
    // The tensor that differs, in a network whose name says nothing.
    chainrule::network! {
        struct A: Vector<3> => Vector<2> { first: Linear<3, 4>, act: Tanh, last: Linear<4, 2> }
    }
    mod other {
        use chainrule::prelude::*;
        chainrule::network! {
            pub(super) struct A: Vector<3> => Vector<2> { first: Linear<3, 4>, act: Tanh, head: Linear<4, 2> }
        }
    }
    let image = checkpoint::image_to_bytes(&A::init(&mut rng(1))).unwrap();
    let message = error::<other::A>(&image);
    assert!(
        message.contains("it has `last Linear<4, 2>` where this network has `head Linear<4, 2>`"),
        "{message}"
    );
    assert!(error::<A>(b"").contains("the image is empty"));
    let safetensors = include_bytes!("../../examples/data/pytorch-mlp.safetensors");
    assert!(error::<Net>(safetensors).contains("`chainrule image 1, little-endian`"));
}

#[test]
fn numbers_that_are_missing_changed_or_not_finite_are_errors() {
    assert!(
        error::<Net>(&IMAGE[..IMAGE.len() - 1])
            .contains("has 9639 bytes of numbers, but the network needs 9640")
    );
    assert!(error::<Net>(&[IMAGE, &[0]].concat()).contains("has 9641 bytes of numbers"));
    let mut flipped = IMAGE.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    assert!(error::<Net>(&flipped).contains("checksum"));

    let mut net = Linear::<2, 1>::zeros();
    net.weights_mut()[1] = f32::NAN;
    let error = checkpoint::image_to_bytes(&net).unwrap_err();
    assert!(matches!(error, CheckpointError::NonFinite { tensor, element: 1, .. } if tensor == "weight"));
    // Whoever writes a NaN with its checksum is told, too.
    net.weights_mut()[1] = 1.0;
    let mut image = checkpoint::image_to_bytes(&net).unwrap();
    let numbers = image.len() - 12;
    image[numbers + 4..numbers + 8].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let hash = image[numbers..]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let at = numbers - 18;
    image[at..at + 16].copy_from_slice(format!("{hash:016x}").as_bytes());
    let error = checkpoint::image_from_bytes::<Linear<2, 1>>(&image).err().unwrap();
    assert!(matches!(error, CheckpointError::NonFinite { tensor, element: 1, .. } if tensor == "weight"));
}

/// Bytes changed, removed and added at random: an error each time, or the same network.
#[test]
fn mutated_images_are_errors() {
    let (mut random, mut refused) = (rng(11), 0);
    for _ in 0..10_000 {
        let mut image = IMAGE.to_vec();
        // Half of the changes are in the header.
        let end = if random.random_bool(0.5) { 400 } else { image.len() };
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..end.min(image.len()));
            match random.random_range(0..4) {
                0 => image[at] ^= 1 << random.random_range(0..8),
                1 => image[at] = random.next_u32() as u8,
                2 => _ = image.remove(at),
                _ => image.insert(at, random.next_u32() as u8),
            }
        }
        match checkpoint::image_from_bytes::<Net>(&image) {
            Ok(net) => assert!(image == IMAGE && net.parameters() == NET.parameters()),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 9_900, "{refused}");
}
