//! dfdx: like chainrule it has its shapes in types. Buffers of gradients are used again, as its documentation advises.
#![cfg_attr(feature = "conv", feature(generic_const_exprs), allow(incomplete_features))]
#![recursion_limit = "256"]

use std::hint::black_box;

use common::{Job, inputs, labels, layer, squares, targets};
use dfdx::losses::{cross_entropy_with_logits_loss, mse_loss};
use dfdx::optim::{Adam, AdamConfig, Sgd, SgdConfig};
use dfdx::prelude::*;

type Control = (Linear<16, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 4>);
type Mnist = (Linear<784, 128>, ReLU, Linear<128, 64>, ReLU, Linear<64, 10>);
type Large = (Linear<1024, 1024>, ReLU, Linear<1024, 1024>, ReLU, Linear<1024, 10>);
type Simple = (Linear<4, 32>, Tanh, Linear<32, 16>, Tanh, Linear<16, 4>);
type Deep = Repeated<Residual<(Linear<64, 64>, Tanh, Linear<64, 64>)>, 50>;
#[cfg(feature = "conv")]
type LeNet = (
    (Conv2D<1, 6, 5, 1, 2>, Bias2D<6>, ReLU, MaxPool2D<2, 2>),
    (Conv2D<6, 16, 5>, Bias2D<16>, ReLU, MaxPool2D<2, 2>),
    Flatten2D,
    (Linear<400, 120>, ReLU, Linear<120, 84>, ReLU, Linear<84, 10>),
);

type Built<M> = <M as BuildOnDevice<Cpu, f32>>::Built;

fn tensor<S: ConstShape>(numbers: Vec<f32>) -> Tensor<S, f32, Cpu> {
    Cpu::default().tensor_from_vec(numbers, S::default())
}

fn set<const IN: usize, const OUT: usize>(linear: &mut Built<Linear<IN, OUT>>, k: usize) {
    let (weights, biases) = layer(k, IN, OUT);
    linear.weight.copy_from(&weights);
    linear.bias.copy_from(&biases);
}

// Macros, because dfdx's bounds on a generic network are longer than its uses here.

/// A network of three linear layers and two activations.
macro_rules! perceptron {
    ($net:ty) => {{
        let mut net = Cpu::default().build_module::<$net, f32>();
        set(&mut net.0, 0);
        set(&mut net.2, 1);
        set(&mut net.4, 2);
        net
    }};
}

macro_rules! infer {
    ($job:expr, $net:ty, $in:literal) => {{
        let net = perceptron!($net);
        let data = inputs($in);
        let x = tensor::<Rank2<1, $in>>(data.clone());
        if $job.copies() {
            $job.infer(|| {
                let mut x: Tensor<Rank2<1, $in>, f32, Cpu> = Cpu::default().zeros();
                x.copy_from(black_box(&data));
                net.forward(x).as_vec()
            });
        } else {
            $job.run(|| net.forward(x.clone()), |y| common::digest(&y.as_vec()));
        }
    }};
}

macro_rules! config {
    ($job:expr, Adam) => {
        AdamConfig { lr: $job.learning_rate(), ..Default::default() }
    };
    ($job:expr, Sgd) => {
        SgdConfig { lr: $job.learning_rate(), ..Default::default() }
    };
}

macro_rules! train {
    ($job:expr, $net:expr, $input:ty, $optimizer:ident, $loss:expr) => {{
        let mut net = $net;
        let mut optimizer = $optimizer::new(&net, config!($job, $optimizer));
        let x = tensor::<$input>(inputs(<$input>::NUMEL));
        let mut gradients = Some(net.alloc_grads());
        $job.train(|| {
            let out = net.forward_mut(x.clone().traced(gradients.take().unwrap()));
            let loss = $loss(out);
            let value = loss.array();
            let mut gradient = loss.backward();
            optimizer.update(&mut net, &gradient).unwrap();
            net.zero_grads(&mut gradient);
            gradients = Some(gradient);
            f64::from(value)
        });
    }};
}

macro_rules! classify {
    ($job:expr, $net:expr, $input:ty, $batch:literal, $optimizer:ident) => {{
        let mut one_hot = vec![0.0; $batch * 10];
        labels($batch).enumerate().for_each(|(sample, class)| one_hot[sample * 10 + class] = 1.0);
        let targets = tensor::<Rank2<$batch, 10>>(one_hot);
        train!($job, $net, $input, $optimizer, |out| cross_entropy_with_logits_loss(out, targets.clone()));
    }};
}

fn main() {
    let job = &Job::from_args();
    match job.workload.as_str() {
        "A1" | "A1io" => infer!(job, Control, 16),
        "A2" | "A2io" => infer!(job, Mnist, 784),
        "B32" => classify!(job, perceptron!(Mnist), Rank2<32, 784>, 32, Adam),
        "B128" => classify!(job, perceptron!(Mnist), Rank2<128, 784>, 128, Adam),
        "E" => classify!(job, perceptron!(Large), Rank2<128, 1024>, 128, Sgd),
        "EA" => classify!(job, perceptron!(Large), Rank2<128, 1024>, 128, Adam),
        #[cfg(feature = "conv")]
        "C32" => classify!(job, lenet(), Rank4<32, 1, 28, 28>, 32, Adam),
        #[cfg(feature = "conv")]
        "C128" => classify!(job, lenet(), Rank4<128, 1, 28, 28>, 128, Adam),
        "D" => {
            let targets = tensor::<Rank2<32, 64>>(targets(32 * 64));
            train!(job, deep(), Rank2<32, 64>, Sgd, |out| mse_loss(out, targets.clone()));
        }
        "S" => {
            let targets = tensor::<Rank2<10_000, 4>>(squares(&inputs(40_000)));
            let loss = |out| mse_loss(out, targets.clone());
            train!(job, perceptron!(Simple), Rank2<10_000, 4>, Adam, loss);
        }
        name => panic!("dfdx has no workload {name}"),
    }
}

fn deep() -> Built<Deep> {
    let mut net = Cpu::default().build_module::<Deep, f32>();
    for (block, Residual(branch)) in net.modules.iter_mut().enumerate() {
        set(&mut branch.0, 2 * block);
        set(&mut branch.2, 2 * block + 1);
    }
    net
}

#[cfg(feature = "conv")]
fn lenet() -> Built<LeNet> {
    let mut net = Cpu::default().build_module::<LeNet, f32>();
    let (weights, biases) = layer(0, 25, 6);
    net.0.0.weight.copy_from(&weights);
    net.0.1.bias.copy_from(&biases);
    let (weights, biases) = layer(1, 150, 16);
    net.1.0.weight.copy_from(&weights);
    net.1.1.bias.copy_from(&biases);
    set(&mut net.3.0, 2);
    set(&mut net.3.2, 3);
    set(&mut net.3.4, 4);
    net
}
