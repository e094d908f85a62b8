//! Networks from ONNX files that PyTorch's exporters wrote: `tests/fixtures/onnx_models.py` makes them.

mod mutated;
mod outputs;
mod wrong;

use std::path::PathBuf;

use chainrule::onnx::{self, Model};

/// Returns the path of a file of this folder.
fn path(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/onnx_import")).join(file)
}

/// Opens a model that is right.
fn model(name: &str) -> Model {
    Model::open(path(&format!("models/{name}.onnx"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Declares the sources as modules, and calls a macro with all names.
macro_rules! models {
    ($($name:ident)*) => {
        /// The networks, as `onnx::source` writes them.
        mod sources {
            $(
                #[allow(dead_code, unreachable_pub)]
                pub(crate) mod $name {
                    include!(concat!("sources/", stringify!($name), ".rs"));
                }
            )*
        }

        /// The names of all models that are networks of this crate.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        #[test]
        fn the_outputs_are_those_of_pytorch() {
            let expected = outputs::Expected::read();
            $(expected.compare::<sources::$name::Net, sources::$name::Input>(stringify!($name));)*
        }
    };
}

models! {
    activations
    activations_old
    batch_norm
    bidirectional
    bidirectional_states
    branches
    conv1d
    conv_lstm
    convolutions
    double
    feed_forward
    group_norm
    gru
    layer_norm
    lenet
    lstm
    lstm_state
    mlp
    mlp_old
    more_activations
    norms_old
    old_norms
    pools
    preactivation
    resnet
    rnn
    with_norm
}

/// The committed sources are compiled above. `BLESS=1` writes them again.
#[test]
fn the_sources_are_those_that_are_written() {
    for name in NAMES {
        let source = onnx::source(&model(name)).unwrap_or_else(|error| panic!("{error}"));
        let path = path(&format!("sources/{name}.rs"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, source).unwrap();
        } else {
            let committed = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
            assert_eq!(
                source, committed,
                "{name}: `BLESS=1 cargo test -p chainrule-tests --test onnx_import` writes it"
            );
        }
    }
}

/// Every file of the folder is either a network or an error below.
#[test]
fn every_model_is_tested() {
    let mut names: Vec<String> = std::fs::read_dir(path("models"))
        .unwrap()
        .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".onnx").map(str::to_owned))
        .collect();
    names.sort();
    let mut tested: Vec<&str> = [NAMES, &["attention", "unrolled"]].concat();
    tested.sort_unstable();
    assert_eq!(names, tested);
}
