//! Weights that mean the same here and in PyTorch: a state dict predicts here what it predicts there, or does not load.
//!
//! The expected numbers are those of loops over `[channel][step]`, as PyTorch has sequences, on weights in PyTorch's
//! order.

use crate::files::{file, split};
use chainrule::checkpoint::{self, CheckpointError, Format, Wrong};
use chainrule::prelude::*;
use serde_json::{Map, json};

/// A file of PyTorch: name, shape and numbers of each tensor.
fn state_dict(tensors: &[(&str, &[usize], &[f64])]) -> Vec<u8> {
    let (mut header, mut bytes) = (Map::new(), vec![]);
    for (name, shape, numbers) in tensors {
        let start = bytes.len();
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        let info = json!({ "dtype": "F64", "shape": shape, "data_offsets": [start, bytes.len()] });
        header.insert((*name).to_owned(), info);
    }
    file(&serde_json::Value::Object(header).to_string(), &bytes)
}

/// Different numbers, without a pattern that a wrong order could keep.
fn jumbled(len: usize, seed: usize) -> Vec<f64> {
    (0..len).map(|at| ((at * at + 7 * at + 3 * seed) % 23) as f64 / 8.0 - 1.0).collect()
}

/// `nn.Conv1d` of weights `[out][in][k]` on `[in][step]`.
fn conv1d(x: &[Vec<f64>], weight: &[f64], bias: &[f64], k: usize) -> Vec<Vec<f64>> {
    let (inputs, steps) = (x.len(), x[0].len() + 1 - k);
    let at = |o: usize, t: usize| -> f64 {
        let terms = (0..inputs).flat_map(|i| (0..k).map(move |j| (i, j)));
        bias[o] + terms.map(|(i, j)| weight[(o * inputs + i) * k + j] * x[i][t + j]).sum::<f64>()
    };
    (0..bias.len()).map(|o| (0..steps).map(|t| at(o, t)).collect()).collect()
}

/// `nn.AvgPool1d(2)`.
fn halved(x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    x.iter().map(|row| row.chunks_exact(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect()).collect()
}

/// `nn.Linear` of weights `[out][in]`.
fn linear(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let rows = weight.chunks_exact(x.len()).zip(bias);
    rows.map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()).collect()
}

/// `[channel][step]` as a sample.
fn sequence<const S: usize, const F: usize>(x: &[Vec<f64>]) -> Sequence<S, F, f64> {
    Sequence(std::array::from_fn(|step| std::array::from_fn(|feature| x[feature][step])))
}

fn channels(count: usize, steps: usize) -> Vec<Vec<f64>> {
    jumbled(count * steps, 5).chunks_exact(steps).map(<[f64]>::to_vec).collect()
}

/// The network of this file predicts `expected`, and is saved with the same tensors.
fn predicts<N, X, Y>(format: &Format, whole: &[u8], x: &X, expected: &[f64])
where
    N: Maps<X, Y>,
    X: Tensor,
    Y: Tensor<Scalar = f64>,
{
    let net = format.from_bytes::<N>(whole).unwrap();
    let y: Y = net.predict(x).unwrap();
    for (y, expected) in y.as_slice().iter().zip(expected) {
        approx::assert_relative_eq!(*y, *expected, max_relative = 1e-12);
    }
    let tensors = |whole: &[u8]| {
        let (header, numbers) = split(whole);
        let mut tensors = vec![];
        for (name, info) in header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__") {
            let offset = |side: usize| info["data_offsets"][side].as_u64().unwrap() as usize;
            tensors.push((name.clone(), info["shape"].to_string(), numbers[offset(0)..offset(1)].to_vec()));
        }
        tensors.sort();
        tensors
    };
    assert_eq!(tensors(&format.to_bytes(&net).unwrap()), tensors(whole), "saved for PyTorch again");
}

#[test]
fn a_convolution_over_time_before_a_dense_layer_predicts_what_pytorch_does() {
    let (x, convolution, bias) = (channels(2, 5), jumbled(3 * 2 * 2, 1), jumbled(3, 2));
    let (weight, offset) = (jumbled(2 * 6, 3), jumbled(2, 4));
    let pooled = halved(&conv1d(&x, &convolution, &bias, 2)); // [3][2]
    let expected = linear(&pooled.concat(), &weight, &offset);
    let input = sequence::<5, 2>(&x);
    let whole = state_dict(&[
        ("0.weight", &[3, 2, 2], &convolution),
        ("0.bias", &[3], &bias),
        ("3.weight", &[2, 6], &weight),
        ("3.bias", &[2], &offset),
    ]);
    type Convolution = Conv1d<2, 3, 2, 1, 0, f64>;
    let format = Format::pytorch();
    type Flat = (Convolution, AvgPool1d<2>, Flatten, Linear<6, 2, f64>);
    predicts::<Flat, _, Vector<2, f64>>(&format, &whole, &input, &expected);
    type Reshaped = (Convolution, AvgPool1d<2>, Reshape<Vector<6, f64>>, Linear<6, 2, f64>);
    predicts::<Reshaped, _, Vector<2, f64>>(&format, &whole, &input, &expected);
    let format = format.rename("2", "3");
    type Direct = (Convolution, AvgPool1d<2>, Dense<Sequence<2, 3, f64>, Vector<2, f64>>);
    predicts::<Direct, _, Vector<2, f64>>(&format, &whole, &input, &expected);
    type Inferred = Infer<Sequence<5, 2, f64>, (ConvTo<3, 2>, AvgPool1d<2>, LinearTo<2>)>;
    predicts::<Inferred, _, Vector<2, f64>>(&format, &whole, &input, &expected);
}

#[test]
fn channels_of_one_and_two_times_the_input_give_107() {
    // Channel 0 is x, channel 1 is 2 x. PyTorch flattens [1, 10, 2, 20], and 1*1 + 2*10 + 3*2 + 4*20 = 107.
    let whole = state_dict(&[
        ("0.weight", &[2, 1, 1], &[1.0, 2.0]),
        ("0.bias", &[2], &[0.0, 0.0]),
        ("2.weight", &[1, 4], &[1.0, 2.0, 3.0, 4.0]),
        ("2.bias", &[1], &[0.0]),
    ]);
    type Net = (Conv1d<1, 2, 1, 1, 0, f64>, Flatten, Linear<4, 1, f64>);
    let input = Sequence([[1.0], [10.0]]);
    predicts::<Net, Sequence<2, 1, f64>, Vector<1, f64>>(&Format::pytorch(), &whole, &input, &[107.0]);
}

#[test]
fn joined_branches_before_a_dense_layer_predict_what_pytorch_does() {
    let (x, convolution, bias) = (channels(2, 3), jumbled(2 * 2 * 2, 1), jumbled(2, 2));
    let (weight, offset) = (jumbled(10, 3), jumbled(1, 4));
    let y = conv1d(&x, &convolution, &bias, 2); // [2][2]
    let input = sequence::<3, 2>(&x);
    let whole = state_dict(&[
        ("0.0.0.weight", &[2, 2, 2], &convolution),
        ("0.0.0.bias", &[2], &bias),
        ("1.weight", &[1, 10], &weight),
        ("1.bias", &[1], &offset),
    ]);
    // torch.cat([conv(x).flatten(1), x.flatten(1)], 1)
    let expected = linear(&[y.concat(), x.concat()].concat(), &weight, &offset);
    type Joined = (Concat<((Conv1d<2, 2, 2, 1, 0, f64>, Flatten), Flatten)>, Linear<10, 1, f64>);
    predicts::<Joined, _, Vector<1, f64>>(&Format::pytorch(), &whole, &input, &expected);
}

#[test]
fn a_dense_layer_before_a_convolution_over_time_predicts_what_pytorch_does() {
    let (weight, offset) = (jumbled(6 * 2, 1), jumbled(6, 2));
    let (convolution, bias) = (jumbled(2 * 3 * 2, 3), jumbled(2, 4));
    let whole = state_dict(&[
        ("0.weight", &[6, 2], &weight),
        ("0.bias", &[6], &offset),
        ("2.weight", &[2, 3, 2], &convolution),
        ("2.bias", &[2], &bias),
    ]);
    let x = [0.5, -2.0];
    // nn.Unflatten(1, (3, 2))
    let unflattened: Vec<_> = linear(&x, &weight, &offset).chunks_exact(2).map(<[f64]>::to_vec).collect();
    let y = conv1d(&unflattened, &convolution, &bias, 2); // [2][1]
    type Reshaped = (Linear<2, 6, f64>, Reshape<Sequence<2, 3, f64>>, Conv1d<3, 2, 2, 1, 0, f64>);
    predicts::<Reshaped, _, Sequence<1, 2, f64>>(&Format::pytorch(), &whole, &Vector(x), &y.concat());
    type Direct = (Dense<Vector<2, f64>, Sequence<2, 3, f64>>, Conv1d<3, 2, 2, 1, 0, f64>);
    let format = Format::pytorch().rename("1", "2");
    predicts::<Direct, _, Sequence<1, 2, f64>>(&format, &whole, &Vector(x), &y.concat());
}

#[test]
fn an_image_becomes_the_sequence_that_pytorch_makes_of_it() {
    let (convolution, bias) = (jumbled(2 * 2, 3), jumbled(1, 4));
    let whole = state_dict(&[("1.weight", &[1, 2, 2], &convolution), ("1.bias", &[1], &bias)]);
    let x = channels(2, 4); // [2][2 * 2], x.flatten(2) in PyTorch
    let image = Image(std::array::from_fn(|c| [[x[c][0], x[c][1]], [x[c][2], x[c][3]]]));
    type Net = (Reshape<Sequence<4, 2, f64>>, Conv1d<2, 1, 2, 1, 0, f64>);
    let y = conv1d(&x, &convolution, &bias, 2); // [1][3]
    predicts::<Net, Image<2, 2, 2, f64>, Sequence<3, 1, f64>>(&Format::pytorch(), &whole, &image, &y[0]);
}

#[test]
fn a_norm_of_a_whole_sequence_has_the_features_first_in_pytorch() {
    let (gain, bias, x) = (jumbled(4, 1), jumbled(4, 2), channels(2, 2));
    let whole = state_dict(&[("weight", &[2, 2], &gain), ("bias", &[2, 2], &bias)]);
    let flat = x.concat();
    let mean = flat.iter().sum::<f64>() / 4.0;
    let deviation = (flat.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4.0 + 1e-5).sqrt();
    let y: Vec<f64> = (0..4).map(|at| (flat[at] - mean) / deviation * gain[at] + bias[at]).collect();
    let expected = [y[0], y[2], y[1], y[3]]; // step after step
    type Norm = LayerNorm<Sequence<2, 2, f64>>;
    predicts::<Norm, _, Sequence<2, 2, f64>>(&Format::pytorch(), &whole, &sequence::<2, 2>(&x), &expected);
}

#[test]
fn a_program_with_the_steps_first_is_told_apart() {
    let (weight, bias, x) = (jumbled(12, 1), jumbled(2, 2), channels(3, 2));
    let whole = state_dict(&[("weight", &[2, 6], &weight), ("bias", &[2], &bias)]);
    let input = sequence::<2, 3>(&x);
    type Layer = Dense<Sequence<2, 3, f64>, Vector<2, f64>>;
    let steps = linear(input.as_slice(), &weight, &bias); // x of [steps, features], flattened
    predicts::<Layer, _, Vector<2, f64>>(&Format::pytorch().steps_first(), &whole, &input, &steps);
    let features = linear(&x.concat(), &weight, &bias);
    predicts::<Layer, _, Vector<2, f64>>(&Format::pytorch(), &whole, &input, &features);
    assert_ne!(steps, features);

    // Behind a layer that has the features first, the order would be wrong.
    type Flat = (Identity, [(Flatten, Linear<6, 6, f64>); 1]);
    let error = Format::pytorch().steps_first().from_bytes::<Flat>(&whole).map(drop).unwrap_err();
    assert!(matches!(&error, CheckpointError::StepsFirst { path } if path == "1.0.0"), "{error}");
}

#[test]
fn weights_trained_with_another_epsilon_give_their_own_numbers_or_an_error() {
    type Keras = (BatchNorm<1, f64, (Epsilon<1, 1000>, Momentum<1, 100>)>, Linear<1, 1, f64>);
    let mut net = Keras::zeros();
    (net.0.gain, net.0.running_variance) = (Vector([1.0]), Vector([1e-4]));
    net.1.weights_mut()[0] = 1.0;
    let y: Vector<1, f64> = net.predict(&Vector([0.1])).unwrap();
    approx::assert_relative_eq!(y[0], 3.0151134457776365, max_relative = 1e-12); // 0.1 / √0.0011

    let bytes = checkpoint::to_bytes(&net).unwrap();
    let note: serde_json::Value =
        serde_json::from_str(split(&bytes).0["__metadata__"]["chainrule"].as_str().unwrap()).unwrap();
    assert_eq!(note["constants"], json!({ "0.epsilon": 1e-3, "0.momentum": 1e-2 }));
    assert!(checkpoint::from_bytes::<Keras>(&bytes).is_ok());

    type Default = (BatchNorm<1, f64>, Linear<1, 1, f64>);
    let text = |result: Result<Owned<Default>, CheckpointError>| result.map(drop).unwrap_err().to_string();
    assert_eq!(
        text(checkpoint::from_bytes::<Default>(&bytes)),
        "\
the bytes: does not fit
  into       (BatchNorm<1, f64>, Linear<1, 1, f64>)
  saved from (BatchNorm<1, f64, (Epsilon<1, 1000>, Momentum<1, 100>)>, Linear<1, 1, f64>)
  0.epsilon: 0.001 in the file, 0.00001 in the network
  0.momentum: 0.01 in the file, 0.1 in the network
write the setting of the file into the type, as in `BatchNorm<16, f32, Epsilon<1, 1000>>`; or ignore it with `Format::ignore`"
    );
    // Under other names, in a part of a file and in PyTorch's layout.
    let named = Format::pytorch().within("model").rename("0", "norm");
    let renamed = named.to_bytes(&net).unwrap();
    assert!(named.from_bytes::<Keras>(&renamed).is_ok());
    assert!(text(named.from_bytes(&renamed)).contains("model.norm.epsilon: 0.001 in the file"));
    // Another momentum, for a training that goes on; another epsilon remains an error.
    let ignore = Format::chainrule().ignore("0.momentum");
    type Slower = (BatchNorm<1, f64, (Epsilon<1, 1000>, Momentum<1, 1000>)>, Linear<1, 1, f64>);
    assert!(ignore.from_bytes::<Slower>(&bytes).is_ok());
    assert!(text(ignore.from_bytes(&bytes)).contains("0.epsilon"));
}

#[test]
fn each_norm_says_its_epsilon_in_a_file() {
    fn refuses<A: Parameters, B: Parameters>() {
        let bytes = checkpoint::to_bytes(&*A::zeros()).unwrap();
        assert!(checkpoint::from_bytes::<A>(&bytes).is_ok());
        let CheckpointError::Mismatch(mismatch) = checkpoint::from_bytes::<B>(&bytes).map(drop).unwrap_err()
        else {
            panic!("another error")
        };
        assert!(matches!(mismatch.problems[..], [ref only] if matches!(only.wrong, Wrong::Setting { .. })));
    }
    type E = Epsilon<1, 1000>;
    refuses::<LayerNorm<Vector<3>>, LayerNorm<Vector<3>, E>>();
    refuses::<[LayerNorm<Vector<3>, E>; 1], [LayerNorm<Vector<3>>; 1]>();
    refuses::<RmsNorm<Vector<3>>, RmsNorm<Vector<3>, E>>();
    refuses::<GroupNorm<2, 4>, GroupNorm<2, 4, f32, E>>();
    refuses::<BatchNorm<4>, BatchNorm<4, f32, E>>();
    refuses::<BatchNorm<4, f32, (E, Momentum)>, BatchNorm<4, f32, (E, Momentum<1, 5>)>>();
}

#[test]
fn the_epsilon_of_the_scalar_is_that_of_pytorch() {
    // `torch.finfo(torch.float32).eps` and `torch.finfo(torch.float64).eps`.
    assert_eq!(RmsNorm::<Vector<3>>::EPSILON, 1.1920928955078125e-07);
    assert_eq!(RmsNorm::<Vector<3, f64>>::EPSILON, 2.220446049250313e-16);
    assert_eq!(LayerNorm::<Vector<3>>::EPSILON, 1e-5);
}

/// Behind a recurrent layer PyTorch has the steps first, behind a convolution the features: where the order matters,
/// the format must say it.
#[test]
fn a_recurrent_network_says_whether_its_steps_are_first() {
    type Shaped = (Lstm<1, 2>, Dense<Sequence<3, 2>, Vector<1>>);
    type Flat = (Gru<1, 2>, Flatten, Linear<6, 1>);
    type Plain = (Rnn<1, 2>, LastStep, Linear<2, 1>);
    let refused = |result: Result<Vec<u8>, CheckpointError>, at: &str| {
        let error = result.unwrap_err();
        assert!(matches!(&error, CheckpointError::StepsOrFeaturesFirst { path } if path == at), "{error}");
    };
    let net = Shaped::init(&mut rng(1));
    refused(Format::pytorch().to_bytes(&net), "1.weight");
    refused(Format::pytorch().to_bytes(&Flat::init(&mut rng(1))), "1");
    let [steps, features] = [Format::pytorch().steps_first(), Format::pytorch().features_first()]
        .map(|format| format.to_bytes(&net).unwrap());
    assert_ne!(steps, features);
    assert!(Format::pytorch().to_bytes(&Plain::init(&mut rng(1))).is_ok());
    assert!(Format::chainrule().to_bytes(&net).is_ok());
}
