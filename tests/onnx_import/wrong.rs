//! Files that are refused, each with its error.

use std::fs;

use chainrule::onnx::{self, Model, OnnxError};
use chainrule::prelude::*;

use super::{model, path};

/// Returns the error of reading a wrong file, or of understanding it.
fn error(name: &str) -> OnnxError {
    let read = Model::open(path(&format!("wrong/{name}.onnx")));
    match read.and_then(|model| onnx::source(&model)) {
        Err(error) => error,
        Ok(source) => panic!("{name}: {source}"),
    }
}

/// Checks that a file is refused by this error, whose message has this text.
macro_rules! refused {
    ($name:literal, $kind:pat, $text:literal) => {
        let error = error($name);
        assert!(matches!(error, $kind), "{}: {error:?}", $name);
        assert!(error.to_string().contains($text), "{}: {error}", $name);
    };
}

#[test]
fn a_graph_that_makes_no_sense_is_an_error() {
    refused!("cycle", OnnxError::Order { .. }, "node `one` uses `b` before it is computed");
    refused!("order", OnnxError::Order { .. }, "node `late` uses `a` before it is computed");
    refused!("itself", OnnxError::Order { .. }, "node `alone` uses `y` before it is computed");
    refused!("undefined", OnnxError::Undefined { .. }, "node `first` uses `nowhere`");
    refused!("no_output", OnnxError::Undefined { .. }, "uses `y`, which is not defined in the file");
    refused!("redefined", OnnxError::Redefined { .. }, "two values have the name `y`");
    refused!("two_inputs", OnnxError::Interface { .. }, "2 inputs and 1 outputs");
    refused!("two_outputs", OnnxError::Interface { .. }, "1 inputs and 2 outputs");
    refused!("unused_input", OnnxError::Interface { .. }, "does not depend on its input");
    refused!("shapeless", OnnxError::Interface { .. }, "does not contain the shape of `x`");
    refused!("rank", OnnxError::Interface { .. }, "has 5 axes");
}

#[test]
fn attention_is_named_whichever_operator_is_refused_first() {
    for name in ["attention", "transformer_encoder_layer"] {
        let error = error(name);
        assert!(matches!(error, OnnxError::Operator { .. }), "{name}: {error:?}");
        let text = "the graph contains attention, which this crate writes to ONNX files but does not read";
        assert!(error.to_string().contains(text), "{name}: {error}");
    }
    refused!("operator", OnnxError::Operator { .. }, "no layer of this crate corresponds to this operator");
    assert!(!error("operator").to_string().contains("attention"));
}

#[test]
fn another_version_and_another_domain_are_errors() {
    refused!(
        "opset",
        OnnxError::Opset { found: 99, .. },
        "its opset is 99, but this version of chainrule reads opsets 9 to"
    );
    refused!("old_opset", OnnxError::Opset { found: 1, .. }, "its opset is 1,");
    refused!(
        "domain",
        OnnxError::Domain { .. },
        "node `first` has the operator `FusedMatMul` of the domain `com.microsoft`"
    );
}

#[test]
fn dimensions_are_positive_numbers() {
    refused!("negative", OnnxError::Dimension { axis: 1, .. }, "axis 1 of `x` is -2");
    refused!("symbolic", OnnxError::Dimension { axis: 1, .. }, "axis 1 of `x` is `width`");
    refused!("two_symbols", OnnxError::Dimension { axis: 2, .. }, "axis 2 of `x` is `steps`");
    refused!("empty", OnnxError::Dimension { axis: 1, .. }, "axis 1 of `x` is 0");
    refused!("negative_side", OnnxError::Dimension { axis: 0, .. }, "axis 0 of `w` is -2");
}

#[test]
fn tensors_have_the_numbers_that_they_say() {
    refused!(
        "short",
        OnnxError::Length { found: 6, .. },
        "`w` of [2, 4] has 6 bytes or numbers, but 8 numbers"
    );
    refused!("large", OnnxError::Length { .. }, "`w` of [1099511627776, 1099511627776]");
    refused!("bytes", OnnxError::Length { found: 5, .. }, "has 5 bytes or numbers, but 6 numbers of 4 bytes");
    refused!("many_axes", OnnxError::NotOnnx { .. }, "`w` has 17 axes, but at most 16 are read");
    refused!("half", OnnxError::ElementType { .. }, "`w` has elements of the type `float16`");
    refused!("integers", OnnxError::ElementType { .. }, "`x` has elements of the type `int64`");
}

#[test]
fn an_operator_that_is_no_layer_is_named_with_its_node() {
    refused!(
        "operator",
        OnnxError::Operator { .. },
        "node `best` has the operator `TopK`: no layer of this crate corresponds to this operator"
    );
    refused!(
        "data_setting",
        OnnxError::Operator { .. },
        "node `limited` has the operator `Clip`: its settings are computed"
    );
    refused!("data_weight", OnnxError::Operator { .. }, "node `swapped` has the operator `Gemm`");
    refused!(
        "broadcast",
        OnnxError::Operator { .. },
        "node `minus` has the operator `Sub`: it broadcasts [batch, 2] to [batch, 1]"
    );
    refused!("tangled", OnnxError::Operator { .. }, "no combinator of this crate joins these branches");
    refused!("deep", OnnxError::Operator { .. }, "too many branches inside branches");
    refused!("huge", OnnxError::Operator { .. }, "node `first` has the operator `MatMul`");
    refused!("gather", OnnxError::Operator { .. }, "node `last` has the operator `Reshape`");
    refused!("sliced_twice", OnnxError::Operator { .. }, "node `twice` has the operator `Slice`");
    refused!("doubling", OnnxError::Operator { .. }, "has the operator `Concat`");
    for (name, node, operator) in
        [("attention", "node_select", "Gather"), ("unrolled", "node_Slice_22", "Slice")]
    {
        match onnx::source(&model(name)) {
            Err(OnnxError::Operator { node: found, operator: kind, .. }) => {
                assert_eq!([&found[..], &kind], [node, operator])
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn external_data_stay_in_the_folder_of_the_model() {
    let net = onnx::load::<Linear<2, 3, f32, NoBias>>(path("wrong/external.onnx")).unwrap();
    assert_eq!(*net.weight, [Vector([1.0, 2.0, 3.0]), Vector([4.0, 5.0, 6.0])]);
    refused!(
        "external_parent",
        OnnxError::External { .. },
        "`../wrong/weights.bin` is outside the model's folder"
    );
    refused!("external_absolute", OnnxError::External { .. }, "`/etc/passwd` is outside the model's folder");
    refused!(
        "external_unnamed",
        OnnxError::External { .. },
        "another file: the file does not contain its name"
    );
    refused!("external_missing", OnnxError::External { .. }, "`nowhere.bin`: ");
    refused!("external_folder", OnnxError::External { .. }, "is not a regular file");
    refused!(
        "external_end",
        OnnxError::External { .. },
        "24 bytes at 9 are beyond the end of `weights.bin`, at 32"
    );
    refused!(
        "external_length",
        OnnxError::External { .. },
        "its length is 20 bytes, but its dimensions need 24"
    );
    refused!("external_overflow", OnnxError::External { .. }, "beyond the end");
    refused!("external_number", OnnxError::External { .. }, "its offset is `-8`");
    let bytes = fs::read(path("wrong/external.onnx")).unwrap();
    let error = Model::from_bytes(&bytes).unwrap_err();
    assert!(error.to_string().contains("bytes in memory, which have no folder"), "{error}");
}

#[cfg(unix)]
#[test]
fn no_link_leaves_the_folder_of_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::copy(path("wrong/external_link.onnx"), inside.join("model.onnx")).unwrap();
    fs::copy(path("wrong/weights.bin"), folder.path().join("weights.bin")).unwrap();
    let link = inside.join("link.bin");
    std::os::unix::fs::symlink("../weights.bin", &link).unwrap();
    let error = Model::open(inside.join("model.onnx")).unwrap_err();
    assert!(
        error.to_string().contains("`link.bin` is a link to a file outside the model's folder"),
        "{error}"
    );
    // One that stays is followed.
    fs::remove_file(&link).unwrap();
    fs::copy(path("wrong/weights.bin"), inside.join("weights.bin")).unwrap();
    std::os::unix::fs::symlink("weights.bin", &link).unwrap();
    Model::open(inside.join("model.onnx")).unwrap();
}

#[test]
fn other_files_are_no_models() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Model::open(folder.path().join("nowhere.onnx")), Err(OnnxError::Read { .. })));
    for bytes in [
        &b""[..],
        b"PK\x03\x04",
        &[0xff; 100],
        b"\x08\x08",
        &fs::read(path("models/outputs.safetensors")).unwrap(),
    ] {
        assert!(matches!(Model::from_bytes(bytes), Err(OnnxError::NotOnnx { .. })));
    }
    // A graph of empty nodes, which would be many times larger in memory than in the file.
    let empty = [&[0x42, 2, 0x10, 17, 0x3a, 4], &[0x0a, 0, 0x0a, 0][..]].concat();
    let error = Model::from_bytes(&empty).unwrap_err();
    assert!(error.to_string().contains("a part of its graph has only 0 bytes"), "{error}");
    let mlp = fs::read(path("models/mlp.onnx")).unwrap();
    for end in 1..mlp.len() {
        assert!(Model::from_bytes(&mlp[..end]).is_err() || end + 30 > mlp.len(), "{end}");
    }
    // 3 GB, none of which is on the disk.
    let large = folder.path().join("large.onnx");
    fs::File::create(&large).unwrap().set_len(3 << 30).unwrap();
    assert!(matches!(Model::open(large), Err(OnnxError::TooLarge { .. })));
}

/// The length of a device is 0, and a pipe has none.
#[cfg(target_os = "linux")]
#[test]
fn a_device_and_a_pipe_are_no_models() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.onnx");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in ["/dev/zero".as_ref(), folder.path(), &pipe] {
        let error = Model::open(path).unwrap_err();
        assert!(error.to_string().ends_with("cannot be read: it is not a regular file"), "{error}");
    }
}
