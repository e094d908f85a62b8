//! The outputs of networks, compared with PyTorch's.

use chainrule::onnx::{self, Model, OnnxError};
use chainrule::prelude::*;
use safetensors::{Dtype, SafeTensors};

use super::{model, path, sources};

/// The file of inputs and outputs.
pub(crate) struct Expected(Vec<u8>);

/// A tensor's sides and numbers.
struct Numbers(Vec<usize>, Vec<f64>);

impl Expected {
    pub(crate) fn read() -> Self {
        Self(std::fs::read(path("models/outputs.safetensors")).unwrap())
    }

    fn tensor(&self, name: &str) -> Numbers {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap();
        let numbers = match view.dtype() {
            Dtype::F32 => {
                view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect()
            }
            _ => view.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect(),
        };
        Numbers(view.shape().to_vec(), numbers)
    }

    /// Loads the network, and compares the output of each sample with PyTorch's, to 1e-5.
    pub(crate) fn compare<N: Layer<X, Output: Tensor>, X: Tensor>(&self, name: &str) {
        let net = model(name).load::<N>().unwrap_or_else(|error| panic!("{error}"));
        let (input, output) = (self.tensor(&format!("{name}.input")), self.tensor(&format!("{name}.output")));
        for (x, expected) in input.samples(X::SHAPE).iter().zip(output.samples(<N::Output as Sample>::SHAPE))
        {
            let mut sample = bytemuck::zeroed_vec::<X>(1);
            X::flat_mut(&mut sample).iter_mut().zip(x).for_each(|(to, &x)| *to = Real::from_f64(x));
            let found = net.predict(&sample[0]).unwrap();
            let found = <N::Output as Tensor>::flat(std::slice::from_ref(&found));
            assert_eq!(found.len(), expected.len(), "{name}");
            for (found, expected) in found.iter().map(|found| Real::to_f64(*found)).zip(&expected) {
                // Sums of some dozen numbers of f32, in another order than PyTorch's.
                let off = (found - expected).abs() / expected.abs().max(1.0);
                assert!(off < 1e-5, "{name}: {found} instead of {expected}");
            }
        }
    }
}

impl Numbers {
    /// The samples; those of a sequence are brought into the order of steps.
    fn samples(&self, sides: &[usize]) -> Vec<Vec<f64>> {
        let Self(shape, numbers) = self;
        let samples = numbers.chunks(numbers.len() / shape[0]);
        match (sides, &shape[1..]) {
            (&[steps, features], order) if order != [steps, features] => {
                assert_eq!(order, [features, steps]);
                let step = |x: &[f64]| {
                    (0..steps * features).map(|at| x[at % features * steps + at / features]).collect()
                };
                samples.map(step).collect()
            }
            _ => samples.map(<[f64]>::to_vec).collect(),
        }
    }
}

#[test]
fn a_network_may_nest_its_layers_and_drop_out() {
    use chainrule::network;
    network! {
        /// A convolutional network, as a user would write it.
        struct Cnn: Image<1, 16, 16> => Vector<3> {
            features: (
                (Conv2d<1, 3, 5, 1, 2>, Relu, MaxPool2d<2>),
                (Conv2d<3, 4, 3>, Relu, AvgPool2d<2>),
            ),
            flatten: Flatten,
            dropout: Dropout<50>,
            hidden: Linear<36, 8>,
            act: Relu,
            head: Linear<8, 3>,
        }
    }
    Expected::read().compare::<Cnn, Image<1, 16, 16>>("lenet");

    type Steps = (PerStep<(LayerNorm<Vector<6>>, Linear<6, 12>, Gelu, Dropout<10>, Linear<12, 6>)>,);
    Expected::read().compare::<Steps, Sequence<5, 6>>("feed_forward");

    type Conv = (
        (Conv1d<3, 4, 3, 1, 1>, Relu),
        (Conv1dWith<4, 4, (Kernel<3>, Stride<1>, Dilation<2>)>, MaxPool1d<2>, TransposedConv1d<4, 3, 2, 2>),
        (Flatten, Linear<18, 2>),
    );
    Expected::read().compare::<Conv, Sequence<10, 3>>("conv1d");
}

/// A network of `f64` takes the numbers of `f32`.
#[test]
fn a_network_of_f64_takes_a_file_of_f32() {
    type Net = (Linear<4, 8, f64>, Tanh, Linear<8, 3, f64>);
    let double = model("mlp").load::<Net>().unwrap();
    let single = model("mlp").load::<sources::mlp::Net>().unwrap();
    assert_eq!(double.0.weight[1][2], f64::from(single.0.weight[1][2]));
    Expected::read().compare::<Net, Vector<4, f64>>("mlp");
}

fn differs<N: Parameters>(model: &Model) -> String {
    match model.load::<N>() {
        Err(OnnxError::Differs(difference)) => difference.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("loaded"),
    }
}

#[test]
fn the_first_layer_that_differs_is_named_with_both_shapes() {
    let mlp = model("mlp");
    let message = differs::<(Linear<4, 8>, Tanh, Linear<8, 2>)>(&mlp);
    for part in [
        "the file's network is not (Linear<4, 8>, Tanh, Linear<8, 2>)",
        "file:    Linear<8, 3>, node `node_linear_1`",
        "network: Linear<8, 2>, at `2`",
        "weight: [8, 3] in the file, [8, 2] in the network",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // A network that is one layer has no path.
    let message = differs::<Linear<4, 8>>(&model("conv1d"));
    assert!(message.contains("\n  network: Linear<4, 8>\n"), "{message}");
    let message = differs::<(Linear<4, 8>, Relu, Linear<8, 3>)>(&mlp);
    assert!(message.contains("file:    Tanh, node `node_tanh`\n  network: Relu, at `1`"), "{message}");
    let message = differs::<(Linear<4, 8>, Tanh)>(&mlp);
    assert!(
        message.contains("file:    Linear<8, 3>, node `node_linear_1`\n  network: no further layer"),
        "{message}"
    );
    let message = differs::<(Linear<4, 8>, Tanh, Linear<8, 3>, Softmax)>(&mlp);
    assert!(message.contains("file:    no further layer\n  network: Softmax, at `3`"), "{message}");
    // A norm's epsilon, the bias, the branch of a block, the shortcut, the direction.
    differs::<(Linear<4, 8>, Relu, BatchNorm<8>, Linear<8, 3>)>(&model("batch_norm"));
    differs::<(Linear<4, 8>, LeakyRelu<1, 5>, Linear<8, 3>, Softmax)>(&model("mlp_old"));
    differs::<(Bidirectional<Gru<3, 5>>, PerStep<Linear<10, 3>>)>(&model("bidirectional"));
    differs::<(Concat<(Gru<3, 5>, Gru<3, 5>)>, PerStep<Linear<10, 2>>)>(&model("bidirectional"));
    type Plain<const N: usize> = Residual<(Conv2d<N, N, 3, 1, 1>, Relu, Conv2d<N, N, 3, 1, 1>)>;
    type Ends = (GlobalAvgPool, Linear<4, 2>);
    let message =
        differs::<(Conv2d<1, 3, 3, 1, 1>, Conv2d<3, 3, 3, 1, 1>, Relu, Conv2d<3, 3, 3, 1, 1>, Relu, Ends)>(
            &model("resnet"),
        );
    assert!(message.contains("file:    Residual<..>, node `node_add`"), "{message}");
    differs::<(Conv2d<1, 3, 3, 1, 1>, Plain<3>, Relu, Plain<3>, Relu, Ends)>(&model("resnet"));
}

#[test]
fn after_an_error_nothing_has_changed() {
    let mut net = <(Linear<4, 8>, Tanh, Linear<8, 2>)>::init(&mut rng(1));
    let before = net.clone();
    let error = onnx::load_into(&mut net, path("models/mlp.onnx")).unwrap_err();
    assert!(matches!(error, OnnxError::Differs(_)));
    assert!(net == before);
    let mut net = <Linear<2, 3, f32, NoBias>>::init(&mut rng(1));
    let before = net.clone();
    let error = onnx::load_into(&mut net, path("wrong/nan.onnx")).unwrap_err();
    assert!(matches!(error, OnnxError::NonFinite { element: 2, tensor: "weight", .. }), "{error}");
    assert!(net == before);
    onnx::load_into(&mut net, path("wrong/right.onnx")).unwrap();
    assert_eq!(*net.weight, [Vector([1.0, 2.0, 3.0]), Vector([4.0, 5.0, 6.0])]);
}

#[test]
fn weights_load_by_pytorchs_names_too() {
    use chainrule::checkpoint::{CheckpointError, Format};
    type Net = (Gru<3, 5>, LastStep, Linear<5, 2>);
    // The exporter packs the weights of a recurrent layer, and drops their names.
    let names = Format::pytorch().rename("0", "rnn").rename("2", "head");
    let Err(CheckpointError::Mismatch(mismatch)) = model("gru").load_named::<Net>(&names) else { panic!() };
    let missing: Vec<&str> = mismatch.problems.iter().map(|problem| &problem.name[..]).collect();
    assert_eq!(missing, ["rnn.bias_hh_l0", "rnn.bias_ih_l0", "rnn.weight_hh_l0", "rnn.weight_ih_l0"]);

    // Of attention, whose graph is not a network of this crate, the last linear map.
    let part = Format::pytorch().within("layer.out_proj");
    let net = model("attention").load_named::<Linear<8, 8, f32, NoBias>>(&part).unwrap();
    assert!(net.weight.iter().all(|row| row.0.iter().any(|w| *w != 0.0)));
    let conv = Format::pytorch().rename("0", "0").rename("3", "3").rename("6", "7").rename("8", "9");
    type LeNet = (
        Conv2d<1, 3, 5, 1, 2>,
        Relu,
        MaxPool2d<2>,
        Conv2d<3, 4, 3>,
        Relu,
        AvgPool2d<2>,
        Dense<Image<4, 3, 3>, Vector<8>>,
        Relu,
        Linear<8, 3>,
    );
    let named = model("lenet").load_named::<LeNet>(&conv).unwrap();
    assert!(named == model("lenet").load::<LeNet>().unwrap());
}
