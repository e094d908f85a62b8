//! candle. It has no Adam: its AdamW without weight decay is the same.

use std::hint::black_box;

use candle_core::{Device::Cpu, Result, Tensor, Var};
use candle_nn::{AdamW, Conv2d, Conv2dConfig, Linear, Module, Optimizer, ParamsAdamW, SGD, loss};
use common::{Job, digest, inputs, labels, layer, squares, targets};

fn main() -> Result<()> {
    let job = &Job::from_args();
    let batch = || job.batch();
    match job.workload.as_str() {
        "A1" | "A1io" => infer(job, &[16, 64, 64, 4], Tensor::tanh),
        "A2" | "A2io" => infer(job, &[784, 128, 64, 10], Tensor::relu),
        "B32" | "B128" => {
            let (mut vars, x) = (Vars::default(), given(&[batch(), 784])?);
            let net = vars.perceptron(0, &[784, 128, 64, 10])?;
            train(job, vars, &classes(batch())?, || perceptron(&net, &x, Tensor::relu))
        }
        "C32" | "C128" => {
            let (mut vars, x) = (Vars::default(), given(&[batch(), 1, 28, 28])?);
            let convs = [vars.conv(0, 1, 6, 2)?, vars.conv(1, 6, 16, 0)?];
            let net = vars.perceptron(2, &[400, 120, 84, 10])?;
            let forward = || {
                let pooled = |x: Tensor, conv: &Conv2d| conv.forward(&x)?.relu()?.max_pool2d(2);
                let features = convs.iter().try_fold(x.clone(), pooled)?;
                perceptron(&net, &features.flatten_from(1)?, Tensor::relu)
            };
            train(job, vars, &classes(batch())?, forward)
        }
        "D" => {
            let (mut vars, x) = (Vars::default(), given(&[32, 64])?);
            let net = vars.perceptron(0, &[64; 101])?;
            let block = |x: Tensor, pair: &[Linear]| &x + perceptron(pair, &x, Tensor::tanh)?;
            let targets = Tensor::from_vec(targets(32 * 64), (32, 64), &Cpu)?;
            train(job, vars, &targets, || net.chunks(2).try_fold(x.clone(), block))
        }
        "E" | "EA" => {
            let (mut vars, x) = (Vars::default(), given(&[batch(), 1024])?);
            let net = vars.perceptron(0, &[1024, 1024, 1024, 10])?;
            train(job, vars, &classes(batch())?, || perceptron(&net, &x, Tensor::relu))
        }
        "S" => {
            let (mut vars, x) = (Vars::default(), given(&[batch(), 4])?);
            let net = vars.perceptron(0, &[4, 32, 16, 4])?;
            let targets = Tensor::from_vec(squares(&inputs(batch() * 4)), (batch(), 4), &Cpu)?;
            train(job, vars, &targets, || perceptron(&net, &x, Tensor::tanh))
        }
        name => panic!("candle has no workload {name}"),
    }
}

/// What an optimizer may change.
#[derive(Default)]
struct Vars(Vec<Var>);

impl Vars {
    fn var(&mut self, numbers: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
        let var = Var::from_vec(numbers, shape, &Cpu)?;
        self.0.push(var.clone());
        Ok(var.as_tensor().clone())
    }

    fn perceptron(&mut self, first: usize, widths: &[usize]) -> Result<Vec<Linear>> {
        let dense = |(k, ends): (usize, &[usize])| {
            let (weights, biases) = layer(first + k, ends[0], ends[1]);
            Ok(Linear::new(self.var(weights, &[ends[1], ends[0]])?, Some(self.var(biases, &[ends[1]])?)))
        };
        widths.windows(2).enumerate().map(dense).collect()
    }

    fn conv(&mut self, k: usize, channels: usize, filters: usize, padding: usize) -> Result<Conv2d> {
        let (weights, biases) = layer(k, channels * 25, filters);
        let weights = self.var(weights, &[filters, channels, 5, 5])?;
        let settings = Conv2dConfig { padding, ..Default::default() };
        Ok(Conv2d::new(weights, Some(self.var(biases, &[filters])?), settings))
    }
}

fn given(shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(inputs(shape.iter().product()), shape, &Cpu)
}

fn classes(batch: usize) -> Result<Tensor> {
    Tensor::from_vec(labels(batch).map(|class| class as u32).collect(), batch, &Cpu)
}

type Activation = fn(&Tensor) -> Result<Tensor>;

fn perceptron(net: &[Linear], x: &Tensor, activation: Activation) -> Result<Tensor> {
    let first = net[0].forward(x)?;
    net[1..].iter().try_fold(first, |z, layer| layer.forward(&activation(&z)?))
}

fn infer(job: &Job, widths: &[usize], activation: Activation) -> Result<()> {
    // Of variables, candle would record what is done with them.
    let detached = |layer: &Linear| Linear::new(layer.weight().detach(), layer.bias().map(Tensor::detach));
    let net: Vec<Linear> = Vars::default().perceptron(0, widths)?.iter().map(detached).collect();
    let (data, x) = (inputs(widths[0]), given(&[1, widths[0]])?);
    let numbers = |y: Tensor| y.flatten_all()?.to_vec1::<f32>();
    if job.copies() {
        let step = || {
            let x = Tensor::from_slice(black_box(&data), (1, widths[0]), &Cpu)?;
            numbers(perceptron(&net, &x, activation)?)
        };
        job.infer(|| step().unwrap());
    } else {
        job.run(|| perceptron(&net, &x, activation).unwrap(), |y| digest(&numbers(y).unwrap()));
    }
    Ok(())
}

fn train(job: &Job, vars: Vars, targets: &Tensor, forward: impl Fn() -> Result<Tensor>) -> Result<()> {
    let lr = job.learning_rate();
    let mut sgd = SGD::new(vars.0.clone(), lr)?;
    let mut adam = AdamW::new(vars.0, ParamsAdamW { lr, weight_decay: 0.0, ..Default::default() })?;
    let mut step = || {
        let loss = match job.workload.as_str() {
            "D" | "S" => loss::mse(&forward()?, targets)?,
            _ => loss::cross_entropy(&forward()?, targets)?,
        };
        match job.workload.as_str() {
            "D" | "E" => sgd.backward_step(&loss)?,
            _ => adam.backward_step(&loss)?,
        }
        loss.to_scalar::<f32>()
    };
    job.train(|| f64::from(step().unwrap()));
    Ok(())
}
