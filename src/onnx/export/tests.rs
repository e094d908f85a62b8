//! Tests of the contents of a file: names, shapes, versions, and operators.

#![allow(unused_imports)] // `network!` imports `$crate`, which is this crate

use prost::Message;

use super::{FORMAT, OPERATORS, to_bytes};
use crate::init::Init;
use crate::layer::{
    Dropout, GaussianNoise, GlobalAvgPool, Gru, Identity, LastStep, Layer, Linear, Lstm, Reverse, Scale,
    Shift, Tanh,
};
use crate::onnx::proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto};
use crate::random::rng;
use crate::stack::{Bidirectional, Concat, Maximum, Parallel, Residual, Shared};
use crate::tensor::{Image, Pair, Sample, Sequence, Vector};

fn model<N: Layer<X>, X: Sample>() -> ModelProto {
    let net = N::init(&mut rng(1));
    ModelProto::decode(&to_bytes::<X, _>(&net).unwrap()[..]).unwrap()
}

fn graph<N: Layer<X>, X: Sample>() -> GraphProto {
    model::<N, X>().graph.unwrap()
}

/// Returns the name of a value, its element type, and its sides.
fn value(info: &ValueInfoProto) -> (String, i32, String) {
    let tensor = info.kind.clone().unwrap().tensor_type.unwrap();
    let sides: Vec<String> = tensor
        .shape
        .unwrap()
        .dim
        .into_iter()
        .map(|side| side.dim_param.unwrap_or_else(|| side.dim_value.unwrap().to_string()))
        .collect();
    (info.name.clone().unwrap(), tensor.elem_type.unwrap(), sides.join(" "))
}

fn operators(graph: &GraphProto) -> Vec<&str> {
    graph.node.iter().map(|node| node.op_type.as_deref().unwrap()).collect()
}

fn text(node: &NodeProto, name: &str) -> String {
    let attribute = node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name)).unwrap();
    String::from_utf8(attribute.s.clone().unwrap()).unwrap()
}

crate::network! {
    struct Named: Sequence<4, 3> => Vector<2> {
        memory: Lstm<3, 5>,
        last: LastStep,
        input: Linear<5, 2>,
    }
}

#[test]
fn a_file_says_its_versions_and_the_batch_is_open() {
    let model = model::<Named, Sequence<4, 3>>();
    assert_eq!((model.ir_version, model.opset_import[0].version), (Some(FORMAT), Some(OPERATORS)));
    assert_eq!(model.producer_name.as_deref(), Some("chainrule"));
    assert_eq!(model.producer_version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    let graph = model.graph.unwrap();
    assert_eq!(graph.name.as_deref(), Some("Named"));
    assert_eq!(value(&graph.input[0]), ("input".into(), 1, "batch 4 3".into()));
    assert_eq!(value(&graph.output[0]), ("output".into(), 1, "batch 2".into()));
}

#[test]
fn values_have_the_names_of_fields_and_no_name_occurs_twice() {
    let graph = graph::<Named, Sequence<4, 3>>();
    let names: Vec<&str> = graph.node.iter().map(|node| node.name.as_deref().unwrap()).collect();
    assert_eq!(
        names,
        [
            "memory.Transpose",
            "memory.LSTM",
            "memory.Transpose_2",
            "memory.Reshape",
            "last.Gather",
            "last.Reshape",
            "input.Gemm"
        ]
    );
    assert_eq!(graph.node[6].output, ["output"]);
    let mut all: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.clone().unwrap()).collect();
    assert!(all.contains(&"input.weight".into()) && all.contains(&"memory.W".into()), "{all:?}");
    all.extend(graph.node.iter().flat_map(|node| node.output.clone()));
    all.extend(graph.input.iter().map(|input| input.name.clone().unwrap()));
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
    for node in &graph.node {
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            assert!(all.contains(input), "`{input}` is not a value");
        }
    }
}

#[test]
fn what_is_shared_is_there_once() {
    let graph = graph::<(Shared<(Linear<3, 3>, Tanh), 3>, Shift<1, 2>, Shift<1, 2>), Vector<3>>();
    let names: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.clone().unwrap()).collect();
    assert_eq!(names, ["0.0.weight", "0.0.bias", "number_0.5"]);
    assert_eq!(operators(&graph), ["Gemm", "Tanh", "Gemm", "Tanh", "Gemm", "Tanh", "Add", "Add"]);
}

#[test]
fn recurrent_layers_in_other_directions_are_one_node() {
    type Weights = Sequence<4, 3>;
    let found = graph::<(Reverse, Gru<3, 5>, Reverse), Weights>();
    assert_eq!(operators(&found), ["Transpose", "GRU", "Transpose", "Reshape"]);
    assert_eq!(text(&found.node[1], "direction"), "reverse");
    let found = graph::<Bidirectional<Lstm<3, 5>>, Weights>();
    assert_eq!(operators(&found), ["Transpose", "LSTM", "Transpose", "Reshape"]);
    assert_eq!(text(&found.node[1], "direction"), "bidirectional");
    assert_eq!(value(&found.output[0]), ("output".into(), 1, "batch 4 10".into()));
    // Of two different kinds: two nodes.
    let found = graph::<Concat<(Gru<3, 5>, (Reverse, Lstm<3, 5>, Reverse))>, Weights>();
    assert_eq!(operators(&found).iter().filter(|name| ["GRU", "LSTM"].contains(name)).count(), 2);
}

#[test]
fn what_acts_in_training_only_is_not_there() {
    let found =
        graph::<(Linear<3, 3>, Dropout<50>, GaussianNoise, Identity, Residual<Identity>), Vector<3>>();
    assert_eq!(operators(&found), ["Gemm", "Add"]);
    // A network that does nothing has a node, because an output of a graph cannot be its input.
    assert_eq!(operators(&graph::<Dropout<50>, Vector<3>>()), ["Identity"]);
}

#[test]
fn the_scalar_is_that_of_the_network() {
    let found = graph::<(Linear<3, 4, f64>, Scale<1, 3>), Vector<3, f64>>();
    assert_eq!(value(&found.input[0]), ("input".into(), 11, "batch 3".into()));
    assert!(found.initializer.iter().all(|tensor| tensor.data_type == Some(11)));
    let third = found.initializer.last().unwrap().raw_data.clone().unwrap();
    assert_eq!(third, (1.0_f64 / 3.0).to_le_bytes());
}

#[test]
fn a_pair_is_two_values() {
    type Net = (Parallel<Linear<3, 2>, GlobalAvgPool>, Maximum);
    let found = graph::<Net, Pair<Vector<3>, Image<2, 4, 5, f32>>>();
    let inputs: Vec<_> = found.input.iter().map(value).collect();
    assert_eq!(inputs[0], ("input.first".into(), 1, "batch 3".into()));
    assert_eq!(inputs[1], ("input.second".into(), 1, "batch 2 4 5".into()));
}
