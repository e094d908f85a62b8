//! chainrule, as its users have it: the default features, a plain `cargo build --release`, the public methods.
//!
//! An inference is `predict_into` with a workspace that is used again, the fastest of the public ways: it allocates
//! nothing, and looks for NaN in what comes in and what goes out. A product alone has no public method: F and P are the
//! same call on a network of one linear layer, so z = W x + b in the place of c += W x. T is that call on a network of
//! one `Tanh`.

use std::hint::black_box;

use chainrule::Maps;
use chainrule::prelude::*;
use chainrule::stream::{Stream, StreamState};
use common::{Job, digest, inputs, labels, layer, squares, targets, transposed, uniform};

fn main() {
    let job = &Job::from_args();
    match job.workload.as_str() {
        "A1" | "A1io" => infer::<Vector<16>, Vector<4>, _>(job, &*controller()),
        "A2" | "A2io" => infer::<Vector<784>, Vector<10>, _>(job, &*mnist()),
        "B32" | "B128" => {
            let mut trainer = Trainer::new(mnist(), CrossEntropy::default(), adam(job), 1);
            let (x, y) = (samples::<Vector<784>>(inputs(job.batch() * 784)), classes(job.batch()));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "C32" | "C128" => {
            let mut trainer = Trainer::new(lenet(), CrossEntropy::default(), adam(job), 1);
            let (x, y) = (samples::<Image<1, 28, 28>>(inputs(job.batch() * 784)), classes(job.batch()));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "C1" => infer::<Image<1, 28, 28>, Vector<10>, _>(job, &*lenet()),
        "H32" | "H128" => {
            let mut trainer = Trainer::new(color(), CrossEntropy::default(), adam(job), 1);
            let (x, y) = (samples::<Image<3, 32, 32>>(inputs(job.batch() * 3072)), classes(job.batch()));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "V256" => infer::<Sequence<256, 1>, Sequence<256, 1>, _>(job, &*filters()),
        "V1" => stream(job, &*filters()),
        "D" => {
            let mut trainer = Trainer::new(deep(), MeanSquaredError, Sgd::new(job.learning_rate()), 1);
            let (x, y) = (samples::<Vector<64>>(inputs(32 * 64)), samples::<Vector<64>>(targets(32 * 64)));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "E" => {
            let mut trainer =
                Trainer::new(large(), CrossEntropy::default(), Sgd::new(job.learning_rate()), 1);
            let (x, y) = (samples::<Vector<1024>>(inputs(128 * 1024)), classes(128));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "EA" => {
            let mut trainer = Trainer::new(large(), CrossEntropy::default(), adam(job), 1);
            let (x, y) = (samples::<Vector<1024>>(inputs(128 * 1024)), classes(128));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "S" => {
            let mut trainer = Trainer::new(simple(), MeanSquaredError, adam(job), 1);
            let x = inputs(job.batch() * 4);
            let (x, y) = (samples::<Vector<4>>(x.clone()), samples::<Vector<4>>(squares(&x)));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "M16" => {
            let mut trainer = Trainer::new(characters(), CrossEntropy::default(), adam(job), 1);
            let texts: Vec<_> = (0..job.batch()).map(|text| tokens(text, 0)).collect();
            let next: Vec<_> = (0..job.batch()).map(|text| tokens(text, 1).0).collect();
            job.train(|| trainer.step(&texts, &next).unwrap());
        }
        "M1" => {
            let (net, text) = (characters(), tokens(0, 0));
            let (mut at, mut state) = (0, StreamState::new(&net));
            job.infer(|| {
                if at == text.0.len() {
                    (at, state) = (0, StreamState::new(&net));
                }
                at += 1;
                black_box(&*net).step(black_box(&text.0[at - 1]), &mut state).unwrap().0
            });
        }
        "L8" => stream(job, &*lstm::<1, 8>()),
        "L16" => stream(job, &*lstm::<1, 16>()),
        "L32" => stream(job, &*lstm::<1, 32>()),
        "L64" => stream(job, &*lstm::<1, 64>()),
        "G8" => stream(job, &*gru::<8>()),
        "G16" => stream(job, &*gru::<16>()),
        "G32" => stream(job, &*gru::<32>()),
        "G64" => stream(job, &*gru::<64>()),
        "R32" | "R128" => {
            let mut trainer = Trainer::new(rows(), CrossEntropy::default(), adam(job), 1);
            let (x, y) = (samples::<Sequence<28, 28>>(inputs(job.batch() * 784)), classes(job.batch()));
            job.train(|| trainer.step(&x, &y).unwrap());
        }
        "F1" | "F8" | "F32" | "F128" => product::<64>(job, job.batch(), 0.125),
        "P" => product::<1024>(job, 1024, 1.0),
        "T" => {
            let x = samples::<Vector<64>>(uniform(1, 4096, 3.0));
            kernel::<Vector<64>, Vector<64>, _>(job, &Tanh, x);
        }
        name => panic!("chainrule has no workload {name}"),
    }
}

type Mnist = (Linear<784, 128>, Relu, Linear<128, 64>, Relu, Linear<64, 10>);
fn mnist() -> Owned<Mnist> {
    let mut net = Mnist::zeros();
    linear(0, &mut net.0);
    linear(1, &mut net.2);
    linear(2, &mut net.4);
    net
}

type Large = (Linear<1024, 1024>, Relu, Linear<1024, 1024>, Relu, Linear<1024, 10>);
fn large() -> Owned<Large> {
    let mut net = Large::zeros();
    linear(0, &mut net.0);
    linear(1, &mut net.2);
    linear(2, &mut net.4);
    net
}

type Controller = (Linear<16, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 4>);
fn controller() -> Owned<Controller> {
    let mut net = Controller::zeros();
    linear(0, &mut net.0);
    linear(1, &mut net.2);
    linear(2, &mut net.4);
    net
}

type Simple = (Linear<4, 32>, Tanh, Linear<32, 16>, Tanh, Linear<16, 4>);
fn simple() -> Owned<Simple> {
    let mut net = Simple::zeros();
    linear(0, &mut net.0);
    linear(1, &mut net.2);
    linear(2, &mut net.4);
    net
}

type Deep = [Residual<(Linear<64, 64>, Tanh, Linear<64, 64>)>; 50];
fn deep() -> Owned<Deep> {
    let mut net = Deep::zeros();
    for (at, block) in net.iter_mut().enumerate() {
        linear(2 * at, &mut block.branch.0);
        linear(2 * at + 1, &mut block.branch.2);
    }
    net
}

type Features = (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 5>, Relu, MaxPool2d<2>);
type LeNet = (Features, Flatten, Linear<400, 120>, Relu, Linear<120, 84>, Relu, Linear<84, 10>);
fn lenet() -> Owned<LeNet> {
    let mut net = LeNet::zeros();
    conv(0, &mut net.0.0);
    conv(1, &mut net.0.3);
    linear(2, &mut net.2);
    linear(3, &mut net.4);
    linear(4, &mut net.6);
    net
}

type ColorFeatures =
    (Conv2d<3, 16, 3, 1, 1>, Relu, MaxPool2d<2>, Conv2d<16, 32, 3, 1, 1>, Relu, MaxPool2d<2>);
type Color = (ColorFeatures, Flatten, Linear<2048, 10>);
fn color() -> Owned<Color> {
    let mut net = Color::zeros();
    conv(0, &mut net.0.0);
    conv(1, &mut net.0.3);
    linear(2, &mut net.2);
    net
}

type Filter<const IN: usize, const OUT: usize, const DILATION: usize> =
    Conv1dWith<IN, OUT, (Kernel<3>, Dilation<DILATION>, Causal)>;
type Filters = (Filter<1, 16, 1>, Tanh, Filter<16, 16, 2>, Tanh, Filter<16, 16, 4>, Tanh, Conv1d<16, 1, 1>);
fn filters() -> Owned<Filters> {
    let mut net = Filters::zeros();
    let all = [[1, 16, 3], [16, 16, 3], [16, 16, 3], [16, 1, 1]];
    let [first, second, third, last] = std::array::from_fn(|k| filter(k, all[k]));
    net.0.weights_mut().copy_from_slice(&first.0);
    net.0.bias.0.copy_from_slice(&first.1);
    net.2.weights_mut().copy_from_slice(&second.0);
    net.2.bias.0.copy_from_slice(&second.1);
    net.4.weights_mut().copy_from_slice(&third.0);
    net.4.bias.0.copy_from_slice(&third.1);
    net.6.weights_mut().copy_from_slice(&last.0);
    net.6.bias.0.copy_from_slice(&last.1);
    net
}

/// The weights of a convolution of sequences, which are in memory step after step of its window, and its biases.
fn filter(k: usize, [inputs, outputs, kernel]: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    let (numbers, biases) = layer(k, inputs * kernel, outputs);
    let mut weights = vec![0.0; numbers.len()];
    for (at, number) in numbers.into_iter().enumerate() {
        let (output, input, step) = (at / (inputs * kernel), at / kernel % inputs, at % kernel);
        weights[(step * inputs + input) * outputs + output] = number;
    }
    (weights, biases)
}

type Rows = (Lstm<28, 64>, LastStep, Linear<64, 10>);
fn rows() -> Owned<Rows> {
    let mut net = Rows::zeros();
    net.0 = (*lstm()).clone();
    linear(2, &mut net.2);
    net
}

type Block = (
    Residual<(LayerNorm<Vector<128>>, SelfAttention<128, 4, SlidingWindow<64>>)>,
    Residual<(LayerNorm<Vector<128>>, PerStep<(Linear<128, 512>, Gelu, Linear<512, 128>)>)>,
);
type Characters = (
    Embedding<65, 128>,
    LearnedPositions<64, 128>,
    [Block; 4],
    PerStep<(LayerNorm<Vector<128>>, Linear<128, 65>)>,
);
fn characters() -> Owned<Characters> {
    let mut net = Characters::init(&mut rng(1)); // for the norms: all else is replaced
    Vector::flat_mut(&mut *net.0.weight).copy_from_slice(&uniform(900, 65 * 128, 1.0));
    Vector::flat_mut(&mut *net.1.weight).copy_from_slice(&uniform(901, 64 * 128, 0.1));
    for (at, block) in net.2.iter_mut().enumerate() {
        let (attention, perceptron) = (&mut block.0.branch.1, &mut block.1.branch.1.layer);
        linear(6 * at, &mut attention.query);
        linear(6 * at + 1, &mut attention.key);
        linear(6 * at + 2, &mut attention.value);
        linear(6 * at + 3, &mut attention.output);
        linear(6 * at + 4, &mut perceptron.0);
        linear(6 * at + 5, &mut perceptron.2);
    }
    linear(24, &mut net.3.layer.1);
    net
}

/// A text of the character model from a step on.
fn tokens(text: usize, from: usize) -> Tokens<64, 65> {
    let token = |at: usize| ((7 * text + 3 * at * at + at) % 65).try_into().unwrap();
    Tokens(std::array::from_fn(|at| token(from + at)))
}

/// The gates are one layer from the input, and another from the hidden state.
fn lstm<const IN: usize, const HIDDEN: usize>() -> Owned<Lstm<IN, HIDDEN>> {
    let mut lstm = Lstm::zeros();
    let [(w, b), (u, c)] = [layer(0, IN, 4 * HIDDEN), layer(1, HIDDEN, 4 * HIDDEN)];
    lstm.input_weights_mut().copy_from_slice(&transposed(&w, 4 * HIDDEN));
    lstm.hidden_weights_mut().copy_from_slice(&transposed(&u, 4 * HIDDEN));
    lstm.bias_ih.as_flattened_mut().copy_from_slice(&b);
    lstm.bias_hh.as_flattened_mut().copy_from_slice(&c);
    lstm
}

fn gru<const HIDDEN: usize>() -> Owned<Gru<1, HIDDEN>> {
    let mut gru = Gru::zeros();
    let [(w, b), (u, c)] = [layer(0, 1, 3 * HIDDEN), layer(1, HIDDEN, 3 * HIDDEN)];
    gru.input_weights_mut().copy_from_slice(&transposed(&w, 3 * HIDDEN));
    gru.hidden_weights_mut().copy_from_slice(&transposed(&u, 3 * HIDDEN));
    gru.bias_ih.as_flattened_mut().copy_from_slice(&b);
    gru.bias_hh.as_flattened_mut().copy_from_slice(&c);
    gru
}

/// The numbers of layer `k`, whose weights are in memory input after input.
fn linear<const IN: usize, const OUT: usize>(k: usize, linear: &mut Linear<IN, OUT>) {
    let (weights, biases) = layer(k, IN, OUT);
    linear.weights_mut().copy_from_slice(&transposed(&weights, OUT));
    linear.bias.0.copy_from_slice(&biases);
}

fn conv<const IN: usize, const OUT: usize, const KERNEL: usize, const PAD: usize>(
    k: usize,
    conv: &mut Conv2d<IN, OUT, KERNEL, 1, PAD>,
) {
    let (weights, biases) = layer(k, IN * KERNEL * KERNEL, OUT);
    conv.weights_mut().copy_from_slice(&weights);
    conv.bias.0.copy_from_slice(&biases);
}

fn adam<N: Parameters>(job: &Job) -> Adam<N> {
    Adam::new(job.learning_rate())
}

fn samples<X: Tensor<Scalar = f32>>(numbers: Vec<f32>) -> Vec<X> {
    numbers.chunks_exact(X::LEN).map(|sample| X::from_slice(sample).unwrap()).collect()
}

fn classes(batch: usize) -> Vec<Label<10>> {
    labels(batch).map(|class| class.try_into().unwrap()).collect()
}

fn infer<X: Tensor<Scalar = f32>, Y: Tensor<Scalar = f32>, N: Maps<X, Y>>(job: &Job, net: &N) {
    let data = inputs(X::LEN);
    let (mut x, y) = ([X::zeroed()], [Y::zeroed()]);
    x[0].as_mut_slice().copy_from_slice(&data);
    let mut workspace = Workspace::default();
    let mut out = vec![0.0; Y::LEN];
    let call = |(y, out): &mut ([Y; 1], &mut [f32])| {
        if job.copies() {
            x[0].as_mut_slice().copy_from_slice(black_box(&data));
        }
        black_box(net).predict_into(black_box(&x), y, &mut workspace).unwrap();
        if job.copies() {
            out.copy_from_slice(y[0].as_slice());
        }
    };
    job.kernel(&mut (y, &mut out[..]), call, |(y, _)| digest(y[0].as_slice()));
}

/// Steps of a stream whose input stays the same.
fn stream<const OUT: usize, N>(job: &Job, net: &N)
where
    N: Stream<Vector<1>, Output = Vector<OUT>>,
{
    let x = Vector([inputs(1)[0]]);
    let mut state = StreamState::new(net);
    job.infer(|| black_box(net).step(black_box(&x), &mut state).unwrap().0);
}

fn product<const N: usize>(job: &Job, batch: usize, scale: f32) {
    let mut linear = Linear::<N, N>::zeros();
    linear.weights_mut().copy_from_slice(&transposed(&uniform(1, N * N, scale), N));
    kernel::<Vector<N>, Vector<N>, _>(job, &*linear, samples(uniform(2, batch * N, 1.0)));
}

fn kernel<X: Tensor, Y: Tensor<Scalar = f32>, N: Maps<X, Y>>(job: &Job, net: &N, x: Vec<X>) {
    let mut y = vec![Y::zeroed(); x.len()];
    let mut workspace = Workspace::default();
    let call = |y: &mut Vec<Y>| black_box(net).predict_into(black_box(&x), y, &mut workspace).unwrap();
    job.kernel(&mut y, call, |y| digest(Y::flat(y)));
}
