//! Networks in files: a loaded network is the saved one, bit for bit, and a file of another network is one error that
//! lists all mismatches.

use crate::common::{bits, every_combinator, every_layer, every_network};
use crate::files::{split, with_header};
use chainrule::checkpoint::{self, CheckpointError, Format, Mismatch, Origin};
use chainrule::layer::{Parameter, ViewMut, Visitor, describe, visit};
use chainrule::prelude::*;
use serde_json::{Value, json};

type Net = (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>, BatchNorm<4>, Linear<4, 2>);

fn net(seed: u64) -> Owned<Net> {
    Net::init(&mut rng(seed))
}

/// Different numbers everywhere, of either sign, with none left as it was: biases and buffers too.
struct Number(f64);

impl Visitor<0, 1> for Number {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        for x in xs {
            self.0 += 1.0;
            *x = T::from_f64((self.0 * 0.7).sin() / 3.0);
        }
    }
}

fn numbered<N: Parameters>() -> Owned<N> {
    let mut net = N::zeros();
    visit([], [ViewMut::of(&mut *net)], &mut Number(0.0));
    net
}

fn comes_back<N: Parameters>(name: &str) {
    let net = numbered::<N>();
    for format in [Format::chainrule(), Format::pytorch()] {
        let bytes = format.to_bytes(&net).unwrap_or_else(|error| panic!("{name}: {error}"));
        let again: Owned<N> = format.from_bytes(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bits(&again), bits(&net), "{name}");
        assert_eq!(format.to_bytes(&again).unwrap(), bytes, "{name}: the same network, other bytes");
    }
    // The names and shapes that the type has, and nothing else.
    let (mut header, _) = split(&checkpoint::to_bytes(&net).unwrap()).clone();
    let header = header.as_object_mut().unwrap();
    assert!(header.remove("__metadata__").is_some());
    describe::<N>(&mut |p| {
        let tensor = header.remove(&p.path.to_string()).unwrap_or_else(|| panic!("{name}: no {}", p.path));
        assert_eq!(tensor["shape"], json!(p.shape), "{name}: {}", p.path);
    });
    assert!(header.is_empty(), "{name}: {header:?}");
}

macro_rules! every_row_comes_back {
    ($test:ident, $scalar:ty) => {
        #[test]
        fn $test() {
            type T = $scalar;
            macro_rules! case {
                ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                    comes_back::<$layer>(stringify!($name));
                };
            }
            every_layer!(case);
            every_combinator!(case);
            every_network!(case);
        }
    };
}
every_row_comes_back!(every_layer_and_network_of_f32_comes_back_bit_for_bit, f32);
every_row_comes_back!(every_layer_and_network_of_f64_comes_back_bit_for_bit, f64);

#[test]
fn the_file_is_safetensors_with_little_endian_numbers_in_the_order_of_the_names() {
    let mut net = <(Linear<2, 3>, PRelu)>::zeros();
    net.0.weights_mut().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    net.0.bias = Vector([-1.0, -2.0, -3.0]);
    net.1.slope = 0.25;
    let bytes = checkpoint::to_bytes(&net).unwrap();
    let (header, numbers) = split(&bytes);
    assert_eq!(header["0.bias"], json!({ "dtype": "F32", "shape": [3], "data_offsets": [0, 12] }));
    assert_eq!(header["0.weight"], json!({ "dtype": "F32", "shape": [2, 3], "data_offsets": [12, 36] }));
    assert_eq!(header["1.slope"], json!({ "dtype": "F32", "shape": [1], "data_offsets": [36, 40] }));
    let expected: Vec<u8> = [-1.0_f32, -2.0, -3.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.25]
        .iter()
        .flat_map(|x| x.to_bits().to_le_bytes())
        .collect();
    assert_eq!(numbers, expected);

    let note: Value = serde_json::from_str(header["__metadata__"]["chainrule"].as_str().unwrap()).unwrap();
    let network = "(Linear<2, 3>, PRelu)";
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(note, json!({ "format": 1, "version": version, "layout": "chainrule", "network": network }));
}

#[test]
fn numbers_at_the_ends_of_the_range_come_back() {
    let mut net = Linear::<2, 3>::zeros();
    let ends = [-0.0, f32::MAX, f32::MIN, f32::MIN_POSITIVE, f32::from_bits(1), -f32::from_bits(0x7f_ffff)];
    net.weights_mut().copy_from_slice(&ends);
    let again: Owned<Linear<2, 3>> = checkpoint::from_bytes(&checkpoint::to_bytes(&net).unwrap()).unwrap();
    assert_eq!(bits(&again), bits(&net));
    assert!(again.weights()[0].is_sign_negative());
}

#[test]
fn a_file_gives_back_the_network_and_loads_into_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    checkpoint::save(&net(1), &path).unwrap();
    assert_eq!(bits(&checkpoint::load::<Net>(&path).unwrap()), bits(&net(1)));
    let mut other = net(2);
    checkpoint::load_into(&mut other, &path).unwrap();
    assert_eq!(bits(&other), bits(&net(1)));

    checkpoint::save(&net(3), &path).unwrap(); // over the old one
    assert_eq!(bits(&checkpoint::load::<Net>(&path).unwrap()), bits(&net(3)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left next to the file");
}

fn mismatch<N: Parameters>(bytes: &[u8]) -> Mismatch {
    match checkpoint::from_bytes::<N>(bytes).map(|_| ()).unwrap_err() {
        CheckpointError::Mismatch(mismatch) => *mismatch,
        error => panic!("{error}"),
    }
}

#[test]
fn a_file_of_another_network_is_one_error_that_lists_all_that_does_not_fit() {
    type Other =
        (Linear<3, 4, f64>, Residual<(Tanh, Linear<4, 5>)>, (Linear<4, 4>,), Linear<4, 2, f32, NoBias>);
    let mismatch = mismatch::<Other>(&checkpoint::to_bytes(&net(1)).unwrap());
    let expected = "\
the bytes: does not fit
  into       (Linear<3, 4, f64>, Residual<(Tanh, Linear<4, 5>)>, (Linear<4, 4>,), Linear<4, 2, f32, NoBias>)
  saved from (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>, BatchNorm<4>, Linear<4, 2>)
  0.bias: F32 in the file, F64 in the network
  0.weight: F32 in the file, F64 in the network
  1.branch.1.bias: [4] in the file, [5] in the network
  1.branch.1.weight: [4, 4] in the file, [4, 5] in the network
  2.0.bias: missing in the file, [4] in the network
  2.0.weight: missing in the file, [4, 4] in the network
  2.bias: [4] in the file, missing in the network
  2.gain: [4] in the file, missing in the network
  2.running_mean: [4] in the file, missing in the network
  2.running_variance: [4] in the file, missing in the network
  3.bias: [2] in the file, missing in the network
load it into the type from which it was saved, or set the names of its tensors with a `Format`";
    assert_eq!(mismatch.to_string(), expected);
    assert_eq!((mismatch.problems.len(), mismatch.origin), (11, Origin::Bytes));
}

#[test]
fn a_file_of_another_network_of_the_same_shapes_loads_only_when_that_is_allowed() {
    type Curved = (Linear<3, 4>, Tanh);
    type Kinked = (Linear<3, 4>, Relu);
    let net = numbered::<Curved>();
    for format in [Format::chainrule(), Format::pytorch(), Format::chainrule().within("model")] {
        let bytes = format.to_bytes(&net).unwrap();
        let error = format.from_bytes::<Kinked>(&bytes).map(|_| ()).unwrap_err();
        let expected = "\
the bytes: contains another network, although every tensor fits
  into       (Linear<3, 4>, Relu)
  saved from (Linear<3, 4>, Tanh)
load it into the type from which it was saved, or allow another type with `Format::other_network`";
        assert_eq!(error.to_string(), expected);
        let allowed: Owned<Kinked> = format.other_network().from_bytes(&bytes).unwrap();
        assert_eq!(bits(&allowed), bits(&net));
    }
    // A file of another program names no network.
    let without_note = with_header(&Format::pytorch().to_bytes(&net).unwrap(), |header| {
        header.as_object_mut().unwrap().remove("__metadata__");
    });
    assert_eq!(bits(&Format::pytorch().from_bytes::<Kinked>(&without_note).unwrap()), bits(&net));
}

mod curved {
    use chainrule::prelude::*;

    chainrule::network! {
        pub struct Mlp: Vector<3> => Vector<2> {
            hidden: (Linear<3, 4>, Tanh),
            head: Linear<4, 2>,
        }
    }
}

mod kinked {
    use chainrule::prelude::*;

    chainrule::network! {
        pub struct Mlp: Vector<3> => Vector<2> {
            hidden: (Linear<3, 4>, Relu),
            head: Linear<4, 2>,
        }
    }
}

#[test]
fn networks_of_one_name_are_told_apart_by_their_layers() {
    fn message<N: Parameters, M: Parameters>() -> String {
        checkpoint::from_bytes::<M>(&checkpoint::to_bytes(&N::zeros()).unwrap())
            .map(|_| ())
            .unwrap_err()
            .to_string()
    }
    let (curved, kinked) = (
        "Mlp { hidden: (Linear<3, 4>, Tanh), head: Linear<4, 2> }",
        "Mlp { hidden: (Linear<3, 4>, Relu), head: Linear<4, 2> }",
    );
    let head = "the bytes: contains another network, although every tensor fits";
    let cure =
        "load it into the type from which it was saved, or allow another type with `Format::other_network`";
    let text = |into: &str, from: &str| format!("{head}\n  into       {into}\n  saved from {from}\n{cure}");
    assert_eq!(message::<curved::Mlp, kinked::Mlp>(), text(kinked, curved));
    // Inside stacks too.
    assert_eq!(
        message::<([curved::Mlp; 2], Tanh), ([kinked::Mlp; 2], Tanh)>(),
        text(&format!("([{kinked}; 2], Tanh)"), &format!("([{curved}; 2], Tanh)"))
    );
}

/// The name of a layer of this crate says all that is inside, so that the file has it alone.
#[test]
fn a_file_has_the_name_of_a_layer_as_users_write_it() {
    type T = f32;
    fn network<N: Parameters>() -> String {
        let bytes = checkpoint::to_bytes(&N::zeros()).unwrap();
        let note = split(&bytes).0["__metadata__"]["chainrule"].as_str().unwrap().to_owned();
        serde_json::from_str::<Value>(&note).unwrap()["network"].as_str().unwrap().to_owned()
    }
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            // A highway block and attention are followed by their layers, which their names do not say.
            let (network, name) = (network::<$layer>(), <$layer as Parameters>::NAME.to_string());
            let highway = name.contains("Highway<") && network.contains(", gate: (GateLinear<");
            let attention = name.contains("Attention<") && network.contains(" { query: Linear<");
            assert!(network == name || highway || attention, "{network}");
        };
    }
    every_layer!(case);
    every_combinator!(case);
}

#[test]
fn a_long_list_is_in_the_order_of_the_layers_and_cut_off_with_a_count() {
    let mismatch = mismatch::<Linear<1, 1>>(&checkpoint::to_bytes(&<[Linear<2, 2>; 15]>::zeros()).unwrap());
    assert_eq!(mismatch.problems.len(), 32); // 15 weights and biases in the file, one of each in the network
    let text = mismatch.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3 + 20 + 2, "{text}");
    assert_eq!(lines[3], "  0.bias: [2] in the file, missing in the network");
    assert_eq!(lines[3 + 5], "  2.weight: [2, 2] in the file, missing in the network"); // 2 before 10
    assert_eq!(lines[3 + 20], "  .. and 12 more");
}

/// Sets one number of one tensor.
struct Set(&'static str, usize, f64);

impl Visitor<0, 1> for Set {
    fn visit<T: chainrule::Real>(&mut self, p: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if p.path.to_string() == self.0 {
            xs[self.1] = T::from_f64(self.2);
        }
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused_by_name_and_the_old_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    checkpoint::save(&net(1), &path).unwrap();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut bad = net(2);
        visit([], [ViewMut::of(&mut *bad)], &mut Set("1.branch.1.weight", 7, value));
        let error = checkpoint::save(&bad, &path).unwrap_err();
        let file = path.display();
        let text = format!(
            "{file}: tensor `1.branch.1.weight` has {value} at element 7: only finite numbers are saved and loaded"
        );
        assert_eq!(error.to_string(), text);
        assert_eq!(bits(&checkpoint::load::<Net>(&path).unwrap()), bits(&net(1)));

        // Put into the file behind our back.
        let mut bytes = std::fs::read(&path).unwrap();
        let (header, numbers) = split(&bytes);
        let start = header["1.branch.1.weight"]["data_offsets"][0].as_u64().unwrap() as usize + 4 * 7;
        let at = bytes.len() - numbers.len() + start;
        bytes[at..at + 4].copy_from_slice(&(value as f32).to_le_bytes());
        let bad_path = folder.path().join("bad.safetensors");
        std::fs::write(&bad_path, &bytes).unwrap();
        let mut kept = net(3);
        let CheckpointError::NonFinite { tensor, element, value: found, .. } =
            checkpoint::load_into(&mut kept, &bad_path).unwrap_err()
        else {
            panic!("another error")
        };
        assert_eq!((&tensor[..], element, found.is_nan()), ("1.branch.1.weight", 7, value.is_nan()));
        assert_eq!(bits(&kept), bits(&net(3)));
    }
}

#[test]
fn another_scalar_is_refused_with_the_cure_and_converted_when_asked_for() {
    let (wide, narrow) = (numbered::<Linear<3, 4, f64>>(), numbered::<Linear<3, 4>>());
    let (wide_file, narrow_file) =
        (checkpoint::to_bytes(&wide).unwrap(), checkpoint::to_bytes(&narrow).unwrap());
    for mismatch in [mismatch::<Linear<3, 4>>(&wide_file), mismatch::<Linear<3, 4, f64>>(&narrow_file)] {
        assert_eq!(mismatch.problems.len(), 2);
        assert!(mismatch.to_string().contains("convert the scalars with `Format::convert`"), "{mismatch}");
    }
    let convert = Format::chainrule().convert();
    // To the nearest f32, and exactly to f64.
    assert_eq!(bits(&convert.from_bytes::<Linear<3, 4>>(&wide_file).unwrap()), bits(&narrow));
    let widened: Owned<Linear<3, 4, f64>> = convert.from_bytes(&narrow_file).unwrap();
    assert_eq!(bits(&widened), bits(&narrow)); // `bits` are those of an f64

    let mut large = wide.clone();
    large.weights_mut()[5] = 1e39;
    let file = checkpoint::to_bytes(&large).unwrap();
    let error = convert.from_bytes::<Linear<3, 4>>(&file).unwrap_err().to_string();
    let number = 1e39_f64;
    assert_eq!(
        error,
        format!(
            "the bytes: tensor `weight` has {number} at element 5, which is too large for f32: load it as f64"
        )
    );
}

#[test]
fn a_scalar_that_is_no_float_is_refused_even_when_converting() {
    let bytes = with_header(&checkpoint::to_bytes(&numbered::<Linear<3, 4>>()).unwrap(), |header| {
        header["weight"]["dtype"] = json!("I32");
    });
    let error = Format::chainrule().convert().from_bytes::<Linear<3, 4>>(&bytes).unwrap_err();
    assert!(error.to_string().contains("weight: I32 in the file, F32 in the network"), "{error}");
}

#[test]
fn a_file_that_does_not_say_in_which_layout_it_is_must_be_vouched_for() {
    // A square weight fits either way round, and only one is right.
    let square = numbered::<Linear<3, 3>>();
    let (ours, theirs) = (Format::chainrule(), Format::pytorch());
    let (our_file, their_file) = (ours.to_bytes(&square).unwrap(), theirs.to_bytes(&square).unwrap());
    let without_metadata = with_header(&our_file, |header| {
        header.as_object_mut().unwrap().remove("__metadata__");
    });
    let unknown = with_header(&our_file, |header| {
        let note = &mut header["__metadata__"]["chainrule"];
        *note = json!(note.as_str().unwrap().replace(r#""layout":"chainrule""#, r#""layout":"keras""#));
    });
    let text =
        |format: &Format, file: &[u8]| format.from_bytes::<Linear<3, 3>>(file).unwrap_err().to_string();
    assert!(text(&ours, &without_metadata).contains("not written by chainrule"));
    assert!(text(&ours, &their_file).contains("load it with `Format::pytorch()`"));
    assert!(text(&theirs, &our_file).contains("load it with `Format::chainrule()`"));
    assert!(text(&ours, &unknown).contains("its layout is not supported by this version"));
    assert!(text(&theirs, &unknown).contains("its layout is not supported by this version"));

    let vouched: Owned<Linear<3, 3>> = ours.clone().without_metadata().from_bytes(&without_metadata).unwrap();
    assert_eq!(bits(&vouched), bits(&square));
    let as_pytorch: Owned<Linear<3, 3>> = theirs.from_bytes(&without_metadata).unwrap(); // transposed, as PyTorch's would be
    assert_eq!(as_pytorch.weights()[1], square.weights()[3]);
}

#[test]
fn a_file_of_a_later_format_is_refused() {
    let bytes = with_header(&checkpoint::to_bytes(&net(1)).unwrap(), |header| {
        let note = &mut header["__metadata__"]["chainrule"];
        *note = json!(note.as_str().unwrap().replace(r#""format":1"#, r#""format":2"#));
    });
    let error = checkpoint::from_bytes::<Net>(&bytes).unwrap_err().to_string();
    assert_eq!(
        error,
        "the bytes: its format is 2, but this version of chainrule reads formats up to 1: update chainrule"
    );
}

#[test]
fn a_part_of_a_file_loads_into_a_part_of_a_network() {
    let whole = checkpoint::to_bytes(&net(1)).unwrap();
    let branch: Owned<(Tanh, Linear<4, 4>)> =
        Format::chainrule().within("1.branch").from_bytes(&whole).unwrap();
    assert_eq!(bits(&branch), bits(&net(1).1.branch));
    let last: Owned<Linear<4, 2>> = Format::chainrule().within("3").from_bytes(&whole).unwrap();
    assert_eq!(bits(&last), bits(&net(1).3));
    // The steps of a path are whole ones.
    assert!(Format::chainrule().within("1.bran").from_bytes::<(Tanh, Linear<4, 4>)>(&whole).is_err());

    type Body = (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>);
    let body: Owned<Body> = Format::chainrule().ignore("2").ignore("3").from_bytes(&whole).unwrap();
    assert_eq!(bits(&body), [bits(&net(1).0), bits(&net(1).1)].concat());
    assert!(Format::chainrule().ignore("2").from_bytes::<Body>(&whole).is_err(), "3 is in the file alone");
}

#[test]
fn names_can_be_those_of_another_program() {
    let format = Format::chainrule()
        .within("model")
        .rename("0", "encoder")
        .rename("1.branch.1", "encoder.inner")
        .rename("1.branch.1.bias", "offset")
        .rename("3.weight", "head.kernel");
    let bytes = format.to_bytes(&net(1)).unwrap();
    let (header, _) = split(&bytes);
    let mut names: Vec<_> = header.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = "__metadata__ model.2.bias model.2.gain model.2.running_mean model.2.running_variance model.3.bias \
        model.encoder.bias model.encoder.inner.weight model.encoder.weight model.head.kernel model.offset";
    assert_eq!(names.join(" "), expected);
    assert_eq!(bits(&format.from_bytes::<Net>(&bytes).unwrap()), bits(&net(1)));
}

#[test]
fn a_format_that_does_not_fit_the_network_is_an_error() {
    let text = |format: Format| format.to_bytes(&net(1)).unwrap_err().to_string();
    let no_such = |path: &str| {
        format!(
            "the format contains the path `{path}`, but the network has no tensor there: `parameters()` lists its \
             paths"
        )
    };
    assert_eq!(text(Format::chainrule().rename("4", "head")), no_such("4"));
    assert_eq!(text(Format::chainrule().rename("1.bran", "head")), no_such("1.bran"));
    assert_eq!(text(Format::pytorch().reversed("3.kernel", false)), no_such("3.kernel"));
    assert_eq!(
        text(Format::chainrule().rename("0", "3")),
        "`0.weight` and `3.weight` would both be `3.weight` in the file: rename one of them"
    );
}

#[test]
fn the_order_of_the_sides_can_be_said() {
    let net = numbered::<Linear<2, 3>>();
    let as_it_is = Format::pytorch().reversed("weight", false).to_bytes(&net).unwrap();
    assert_eq!(split(&as_it_is).1, split(&checkpoint::to_bytes(&net).unwrap()).1);
    assert_eq!(split(&as_it_is).0["weight"]["shape"], json!([2, 3]));
    let turned = Format::chainrule().reversed("weight", true).to_bytes(&net).unwrap();
    assert_eq!(split(&turned).1, split(&Format::pytorch().to_bytes(&net).unwrap()).1);
    assert_eq!(split(&turned).0["weight"]["shape"], json!([3, 2]));
}

/// A layer whose own weight has the name of that of the layer inside it, whose fields count as its own.
#[derive(Parameters)]
struct Twice {
    #[parameter(weight, fan_in = 2, fan_out = 1)]
    weight: Vector<2>,
    #[parameter(flatten)]
    inside: Linear<2, 3>,
}

#[test]
fn two_parameters_of_one_name_are_an_error() {
    let net = Twice::init(&mut rng(1));
    assert_eq!((net.weight.0.len(), net.inside.weights().len()), (2, 6));
    let text = "`weight` and `weight` would both be `weight` in the file: rename one of them";
    for format in [Format::chainrule(), Format::pytorch()] {
        let error = format.to_bytes(&net).unwrap_err();
        assert!(matches!(&error, CheckpointError::SameName { name, .. } if name == "weight"), "{error}");
        assert_eq!(error.to_string(), text);
    }
    // No file can be meant for it either, though this one has a `weight` of the right shape.
    let file = checkpoint::to_bytes(&numbered::<Linear<2, 3>>()).unwrap();
    let error = checkpoint::from_bytes::<Twice>(&file).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), text);
    // As a segment of a path it has a name, and so have its tensors.
    #[derive(Parameters)]
    struct Once {
        #[parameter(weight, fan_in = 2, fan_out = 1)]
        weight: Vector<2>,
        inside: Linear<2, 3>,
    }
    let net = numbered::<Once>();
    assert_eq!((net.weight.0.len(), net.inside.weights().len()), (2, 6));
    let again: Owned<Once> = checkpoint::from_bytes(&checkpoint::to_bytes(&net).unwrap()).unwrap();
    assert_eq!(bits(&again), bits(&net));
}
