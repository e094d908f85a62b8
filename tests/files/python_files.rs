//! Files that PyTorch wrote, and files that PyTorch would write: every layer and network of the shared lists, by
//! `Format::pytorch`, against the state dicts that `tests/fixtures/make.py` saved with Python's `safetensors`.

use std::collections::BTreeMap;

use crate::common::{bits, every_combinator, every_layer, every_network, every_token_row};
use crate::files::split;
use crate::fixtures::{Group, Named};
use chainrule::Real;
use chainrule::checkpoint::{CheckpointError, Format};
use chainrule::prelude::*;
use serde_json::Value;

/// The same parameters in chainrule's names and orders, as `make.py` converts them.
#[derive(serde::Deserialize)]
struct Case {
    parameters: Named,
}

/// Rows whose sequences are `[steps, features]` in `make.py` too. Those of the others have no weights that depend on
/// it.
const STEPS_FIRST: [&str; 5] = [
    "dense_to_sequence",
    "concat_of_steps",
    "pair_of_steps_joined",
    "pairwise_distance_of_steps",
    "image_to_sequence",
];

/// The format of a row of `make.py`.
fn pytorch(name: &str) -> Format {
    let format = Format::pytorch().within(name);
    if STEPS_FIRST.contains(&name) { format.steps_first() } else { format }
}

fn path(file: &str) -> String {
    format!("{}/fixtures/{file}.safetensors", env!("CARGO_MANIFEST_DIR"))
}

/// The file of this row's state dict becomes the network that the other fixture has. All numbers are exact in `f32`.
fn loads<N: Parameters>(group: &mut Group<Case>, name: &str) {
    let Some(case) = group.take(name) else { return };
    let expected: Owned<N> = group.network(name, &case.parameters);
    match pytorch(name).convert().load::<N>(path("state_dicts")) {
        Ok(loaded) if bits(&loaded) == bits(&expected) => {
            group.close_parameters(name, &loaded, &case.parameters)
        }
        Ok(_) => group.fail(format!("{name}: other numbers than the fixture's")),
        Err(error) => group.fail(format!("{name}: {error}")),
    }
}

/// Each tensor of a file: its scalar, shape and bytes.
fn tensors(file: &[u8]) -> BTreeMap<String, (Value, Value, Vec<u8>)> {
    let (header, numbers) = split(file);
    let entry = |(name, info): (&String, &Value)| {
        let offset = |side: usize| info["data_offsets"][side].as_u64().unwrap() as usize;
        let bytes = numbers[offset(0)..offset(1)].to_vec();
        (name.clone(), (info["dtype"].clone(), info["shape"].clone(), bytes))
    };
    header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__").map(entry).collect()
}

/// What is saved for PyTorch is what PyTorch saved, to the last bit.
fn saves<N: Parameters>(name: &str, theirs: &mut BTreeMap<String, (Value, Value, Vec<u8>)>) {
    let format = pytorch(name);
    let network: Owned<N> = format.load(path("state_dicts")).unwrap();
    for (name, tensor) in tensors(&format.to_bytes(&network).unwrap()) {
        assert_eq!(theirs.remove(&name), Some(tensor), "{name}");
    }
}

macro_rules! every_file_loads {
    ($test:ident, $scalar:ty) => {
        #[test]
        fn $test() {
            type T = $scalar;
            every_file_loads!(@ every_layer, "layers", T);
            every_file_loads!(@ every_combinator, "combinators", T);
            every_file_loads!(@ every_network, "networks", T);
            every_file_loads!(@ every_token_row, "tokens", T);
        }
    };
    (@ $every:ident, $file:literal, $scalar:ty) => {{
        let mut group = Group::load::<$scalar>($file);
        macro_rules! case {
            ($_:literal, $name:ident: $layer:ty, $input:ty) => {
                loads::<$layer>(&mut group, stringify!($name));
            };
        }
        $every!(case);
        group.conclude();
    }};
}
every_file_loads!(every_state_dict_of_pytorch_loads_into_f32, f32);
every_file_loads!(every_state_dict_of_pytorch_loads_into_f64, f64);

#[test]
fn every_network_is_saved_as_pytorch_saves_it() {
    type T = f64; // the scalar of the files
    let mut theirs = tensors(&std::fs::read(path("state_dicts")).unwrap());
    macro_rules! case {
        ($_:literal, $name:ident: $layer:ty, $input:ty) => {
            saves::<$layer>(stringify!($name), &mut theirs);
        };
    }
    every_layer!(case);
    every_combinator!(case);
    every_network!(case);
    every_token_row!(case);
    // What is left are counts of batches, which `load_state_dict` fills in by itself.
    theirs.retain(|name, _| !name.ends_with(".num_batches_tracked"));
    assert!(theirs.is_empty(), "{:?}", theirs.keys());
}

type Row<T = f32> = Linear<60, 1, T, NoBias>;

fn scalar<T: Real>(format: Format, name: &str) -> Result<Owned<Row<T>>, CheckpointError> {
    format.within(name).load(path("scalars"))
}

#[test]
fn halves_of_python_are_refused_with_the_cure_and_converted_exactly_when_asked_for() {
    let numbers: Owned<Row<f64>> = scalar(Format::pytorch(), "F64").unwrap();
    // The formula in make.py.
    assert_eq!(numbers.weights()[0], 2.0_f64.powi(-24));
    assert_eq!(numbers.weights()[59], -11.0 * 64.0);
    for name in ["F16", "BF16"] {
        let error = scalar::<f32>(Format::pytorch(), name).unwrap_err().to_string();
        assert!(error.contains(&format!("{name}.weight: {name} in the file, F32 in the network")), "{error}");
        assert!(error.contains("convert the scalars with `Format::convert`"), "{error}");
    }
    for name in ["F64", "F32", "F16", "BF16"] {
        let single: Owned<Row> = scalar(Format::pytorch().convert(), name).unwrap();
        let double: Owned<Row<f64>> = scalar(Format::pytorch().convert(), name).unwrap();
        assert_eq!((bits(&single), bits(&double)), (bits(&numbers), bits(&numbers)), "{name}");
    }
}

/// A module of several recurrent layers, `encoder`, and a linear layer, `head`, predicts here what it does in PyTorch,
/// and is saved as PyTorch saved it.
fn predicts_as_its_module<N>(name: &str, format: Format, head: &str)
where
    N: Maps<Sequence<6, 3, f64>, Vector<2, f64>>,
{
    let format = format.rename(head, "head").within(name);
    let net: Owned<N> = format.load(path("recurrent_modules")).unwrap();
    let mut theirs = tensors(&std::fs::read(path("recurrent_modules")).unwrap());
    let numbers = |part: &str| -> Vec<f64> {
        let (.., bytes) = &theirs[&format!("{name}_{part}")];
        bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    };
    let (inputs, outputs) = (numbers("input"), numbers("output"));
    for (x, y) in inputs.chunks_exact(18).zip(outputs.chunks_exact(2)) {
        let x = Sequence(std::array::from_fn(|step| std::array::from_fn(|at| x[3 * step + at])));
        approx::assert_abs_diff_eq!(net.predict(&x).unwrap(), Vector([y[0], y[1]]), epsilon = 1e-9);
    }
    theirs.retain(|key, _| key.starts_with(&format!("{name}.")));
    assert_eq!(tensors(&format.to_bytes(&net).unwrap()), theirs);
}

#[test]
fn recurrent_layers_load_from_one_module_in_one_direction_and_in_both() {
    type T = f64;
    type Both<F, G> = (Bidirectional<F>, Bidirectional<G>, LastStep, Linear<8, 2, T>);
    let both = Format::pytorch().bidirectional_layers("", "encoder");
    predicts_as_its_module::<Both<Lstm<3, 4, T>, Lstm<8, 4, T>>>("lstm", both.clone(), "3");
    predicts_as_its_module::<Both<Rnn<3, 4, Relu, T>, Rnn<8, 4, Relu, T>>>("rnn", both, "3");
    // In a part of the network, with a dropout in between.
    type Net = ((Gru<3, 4, T>, Dropout<50>, Gru<4, 4, T>), (LastStep, Linear<4, 2, T>));
    predicts_as_its_module::<Net>("gru", Format::pytorch().recurrent_layers("0", "encoder"), "1.1");

    type Two = (Gru<3, 4>, Gru<4, 4>, LastStep, Linear<4, 2>);
    let refused = Format::pytorch().recurrent_layers("3", "encoder").to_bytes(&Two::init(&mut rng(1)));
    let error = refused.unwrap_err();
    assert!(matches!(&error, CheckpointError::NoRecurrentLayer { path } if path == "3"), "{error}");
    // What is not a pair of directions does not fit the file, which has other names.
    let wrong = Format::pytorch().recurrent_layers("", "encoder").rename("3", "head").within("lstm");
    assert!(wrong.load::<Both<Lstm<3, 4, T>, Lstm<8, 4, T>>>(path("recurrent_modules")).is_err());
}
