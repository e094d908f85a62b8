//! burn, on `flex`, the backend for CPUs. It is eager: when an operation returns it is done.
#![recursion_limit = "256"]

use std::hint::black_box;

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::activation::{relu, tanh};
use burn::tensor::{Device, Int, Tensor, TensorData};
use common::{Job, digest, inputs, labels, layer, squares, targets, transposed};

fn main() {
    let job = &Job::from_args();
    let device = &Device::flex();
    match job.workload.as_str() {
        "A1" | "A1io" => return infer(job, &[16, 64, 64, 4], tanh, device),
        "A2" | "A2io" => return infer(job, &[784, 128, 64, 10], relu, device),
        _ => {}
    }
    let (batch, device) = (job.batch(), &device.clone().autodiff());
    match job.workload.as_str() {
        "B32" | "B128" => {
            let net = Perceptron::new(0, &[784, 128, 64, 10], device);
            let x = tensor(inputs(batch * 784), [batch, 784], device);
            train(job, net, classify(batch, |net: &Perceptron| net.forward(x.clone(), relu), device));
        }
        "C32" | "C128" => {
            let x = tensor(inputs(batch * 784), [batch, 1, 28, 28], device);
            train(job, LeNet::new(device), classify(batch, |net: &LeNet| net.forward(x.clone()), device));
        }
        "D" => {
            let net = Perceptron::new(0, &[64; 101], device);
            let x = tensor(inputs(32 * 64), [32, 64], device);
            let y = tensor(targets(32 * 64), [32, 64], device);
            train(job, net, regress(y, |net: &Perceptron| net.residual(x.clone())));
        }
        "E" | "EA" => {
            let net = Perceptron::new(0, &[1024, 1024, 1024, 10], device);
            let x = tensor(inputs(batch * 1024), [batch, 1024], device);
            train(job, net, classify(batch, |net: &Perceptron| net.forward(x.clone(), relu), device));
        }
        "S" => {
            let net = Perceptron::new(0, &[4, 32, 16, 4], device);
            let numbers = inputs(batch * 4);
            let y = tensor(squares(&numbers), [batch, 4], device);
            let x = tensor(numbers, [batch, 4], device);
            train(job, net, regress(y, |net: &Perceptron| net.forward(x.clone(), tanh)));
        }
        name => panic!("burn has no workload {name}"),
    }
}

fn tensor<const D: usize>(numbers: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

type Activation = fn(Tensor<2>) -> Tensor<2>;

#[derive(Module, Debug)]
struct Perceptron {
    layers: Vec<Linear>,
}

impl Perceptron {
    fn new(first: usize, widths: &[usize], device: &Device) -> Perceptron {
        let dense = |(k, ends): (usize, &[usize])| {
            let (inputs, outputs) = (ends[0], ends[1]);
            let (weights, biases) = layer(first + k, inputs, outputs);
            let mut linear = LinearConfig::new(inputs, outputs).init(device);
            let weights = tensor(transposed(&weights, outputs), [inputs, outputs], device);
            linear.weight = Param::from_tensor(weights);
            linear.bias = Some(Param::from_tensor(tensor(biases, [outputs], device)));
            linear
        };
        Perceptron { layers: widths.windows(2).enumerate().map(dense).collect() }
    }

    fn forward(&self, x: Tensor<2>, activation: Activation) -> Tensor<2> {
        let first = self.layers[0].forward(x);
        self.layers[1..].iter().fold(first, |z, layer| layer.forward(activation(z)))
    }

    fn residual(&self, x: Tensor<2>) -> Tensor<2> {
        let block = |x: Tensor<2>, pair: &[Linear]| x.clone() + pair[1].forward(tanh(pair[0].forward(x)));
        self.layers.chunks(2).fold(x, block)
    }
}

#[derive(Module, Debug)]
struct LeNet {
    first: Conv2d,
    second: Conv2d,
    pool: MaxPool2d,
    head: Perceptron,
}

impl LeNet {
    fn new(device: &Device) -> LeNet {
        LeNet {
            first: conv(0, 1, 6, 2, device),
            second: conv(1, 6, 16, 0, device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            head: Perceptron::new(2, &[400, 120, 84, 10], device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.first.forward(x)));
        let x = self.pool.forward(relu(self.second.forward(x)));
        self.head.forward(x.flatten(1, 3), relu)
    }
}

fn conv(k: usize, channels: usize, filters: usize, pad: usize, device: &Device) -> Conv2d {
    let (weights, biases) = layer(k, channels * 25, filters);
    let padding = PaddingConfig2d::Explicit(pad, pad, pad, pad);
    let mut conv = Conv2dConfig::new([channels, filters], [5, 5]).with_padding(padding).init(device);
    conv.weight = Param::from_tensor(tensor(weights, [filters, channels, 5, 5], device));
    conv.bias = Some(Param::from_tensor(tensor(biases, [filters], device)));
    conv
}

fn infer(job: &Job, widths: &[usize], activation: Activation, device: &Device) {
    let net = Perceptron::new(0, widths, device).no_grad();
    let data = inputs(widths[0]);
    let x = tensor(data.clone(), [1, widths[0]], device);
    let numbers = |y: Tensor<2>| y.into_data().try_to_vec::<f32>().unwrap();
    if job.copies() {
        job.infer(|| {
            let x = tensor(black_box(&data).clone(), [1, widths[0]], device);
            numbers(net.forward(x, activation))
        });
    } else {
        job.run(|| net.forward(x.clone(), activation), |y| digest(&numbers(y)));
    }
}

fn classify<M>(batch: usize, forward: impl Fn(&M) -> Tensor<2>, device: &Device) -> impl Fn(&M) -> Tensor<1> {
    let classes: Vec<i64> = labels(batch).map(|class| class as i64).collect();
    let classes: Tensor<1, Int> = Tensor::from_data(TensorData::new(classes, [batch]), device);
    let loss = CrossEntropyLossConfig::new().init(device);
    move |net| loss.forward(forward(net), classes.clone())
}

fn regress<M>(targets: Tensor<2>, forward: impl Fn(&M) -> Tensor<2>) -> impl Fn(&M) -> Tensor<1> {
    move |net| MseLoss::new().forward(forward(net), targets.clone(), Reduction::Mean)
}

fn train<M: Module>(job: &Job, net: M, loss: impl Fn(&M) -> Tensor<1>) {
    let mut optimizer = match job.workload.as_str() {
        "D" | "E" => SgdConfig::new().init(),
        _ => AdamConfig::new().with_epsilon(1e-8).init(),
    };
    let mut net = Some(net);
    job.train(|| {
        let before = net.take().unwrap();
        let loss = loss(&before);
        let gradients = GradientsParams::from_grads(loss.backward(), &before);
        net = Some(optimizer.step(job.learning_rate(), before, gradients));
        f64::from(loss.into_scalar::<f32>())
    });
}
