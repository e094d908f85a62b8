//! candle. It has no Adam: its AdamW without weight decay is the same.

use std::hint::black_box;

use candle_core::{Device::Cpu, Result, Tensor, Var};
use candle_nn::{
    AdamW, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Linear, Module, Optimizer, ParamsAdamW, SGD, loss,
};
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
        "C1" => {
            let (net, x) = (lenet(&mut Vars::constants())?, given(&[1, 1, 28, 28])?);
            predict(job, || images(&net, &x))
        }
        "C32" | "C128" => {
            let (mut vars, x) = (Vars::default(), given(&[batch(), 1, 28, 28])?);
            let net = lenet(&mut vars)?;
            train(job, vars, &classes(batch())?, || images(&net, &x))
        }
        "H32" | "H128" => {
            let (mut vars, x) = (Vars::default(), given(&[batch(), 3, 32, 32])?);
            let convs = [vars.conv(0, [3, 16, 3], 1)?, vars.conv(1, [16, 32, 3], 1)?];
            let net = (convs, vars.perceptron(2, &[2048, 10])?);
            train(job, vars, &classes(batch())?, || images(&net, &x))
        }
        "V256" => {
            let (mut vars, x) = (Vars::constants(), given(&[1, 1, 256])?);
            let net = filters(&mut vars)?;
            let causal =
                |x: &Tensor, (conv, past): &(Conv1d, usize)| conv.forward(&x.pad_with_zeros(2, *past, 0)?);
            predict(job, || {
                let first = causal(&x, &net[0])?;
                net[1..].iter().try_fold(first, |z, layer| causal(&z.tanh()?, layer))
            })
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
struct Vars(Vec<Var>, Constants);

/// Whether nothing is to change: of variables, candle would record what is done with them.
type Constants = bool;

impl Vars {
    fn constants() -> Self {
        Self(Vec::new(), true)
    }

    fn var(&mut self, numbers: Vec<f32>, shape: &[usize]) -> Result<Tensor> {
        if self.1 {
            return Tensor::from_vec(numbers, shape, &Cpu);
        }
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

    fn conv(&mut self, k: usize, sizes: [usize; 3], padding: usize) -> Result<Conv2d> {
        let [channels, filters, window] = sizes;
        let (weights, biases) = layer(k, channels * window * window, filters);
        let weights = self.var(weights, &[filters, channels, window, window])?;
        let settings = Conv2dConfig { padding, ..Default::default() };
        Ok(Conv2d::new(weights, Some(self.var(biases, &[filters])?), settings))
    }
}

type Images = ([Conv2d; 2], Vec<Linear>);

fn lenet(vars: &mut Vars) -> Result<Images> {
    let convs = [vars.conv(0, [1, 6, 5], 2)?, vars.conv(1, [6, 16, 5], 0)?];
    Ok((convs, vars.perceptron(2, &[400, 120, 84, 10])?))
}

fn images((convs, net): &Images, x: &Tensor) -> Result<Tensor> {
    let pooled = |x: Tensor, conv: &Conv2d| conv.forward(&x)?.relu()?.max_pool2d(2);
    let features = convs.iter().try_fold(x.clone(), pooled)?;
    perceptron(net, &features.flatten_from(1)?, Tensor::relu)
}

/// Causal convolutions, each with the number of steps that are padded before the first.
fn filters(vars: &mut Vars) -> Result<Vec<(Conv1d, usize)>> {
    let sizes = [(1, 16, 3, 1), (16, 16, 3, 2), (16, 16, 3, 4), (16, 1, 1, 1)];
    let filter = |(k, (inputs, outputs, kernel, dilation)): (usize, (usize, usize, usize, usize))| {
        let (weights, biases) = layer(k, inputs * kernel, outputs);
        let weights = vars.var(weights, &[outputs, inputs, kernel])?;
        let settings = Conv1dConfig { dilation, ..Default::default() };
        Ok((Conv1d::new(weights, Some(vars.var(biases, &[outputs])?), settings), (kernel - 1) * dilation))
    };
    sizes.into_iter().enumerate().map(filter).collect()
}

fn predict(job: &Job, step: impl Fn() -> Result<Tensor>) -> Result<()> {
    let numbers = |y: Tensor| y.flatten_all()?.to_vec1::<f32>();
    job.run(|| step().unwrap(), |y| digest(&numbers(y).unwrap()));
    Ok(())
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
    let net = Vars::constants().perceptron(0, widths)?;
    let (data, x) = (inputs(widths[0]), given(&[1, widths[0]])?);
    let numbers = |y: Tensor| y.flatten_all()?.to_vec1::<f32>();
    if job.copies() {
        let step = || {
            let x = Tensor::from_slice(black_box(&data), (1, widths[0]), &Cpu)?;
            numbers(perceptron(&net, &x, activation)?)
        };
        job.infer(|| step().unwrap());
        return Ok(());
    }
    predict(job, || perceptron(&net, &x, activation))
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
