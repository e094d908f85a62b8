//! What a training step costs whose gradient knows which rows of an embedding it touches, compared with the same step
//! with a table that is one tensor, for a vocabulary of 50,000 and batches of 8 x 16 tokens.
//!
//! ```text
//! $ cargo bench -p chainrule-benches --bench embedding
//! ```
//!
//! The two alternate, and the least time of several rounds counts for each, so that it hardly matters what else the
//! machine does.

use std::time::Instant;

use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::tensor::Aligned;

const VOCAB: usize = 50_000;
const WIDTH: usize = 64;
const STEPS: usize = 16;
const SAMPLES: usize = 8;
const ROUNDS: usize = 7;
/// How many different batches there are: the part of the vocabulary that is in use is at most 128 of each.
const BATCHES: usize = 20;

type Net = (Embedding<VOCAB, WIDTH>, GlobalAvgPool, Linear<WIDTH, 2>);
type DenseNet = (Dense, GlobalAvgPool, Linear<WIDTH, 2>);

/// A table that is one tensor, as a layer of a user would have it.
#[derive(Parameters)]
struct Dense {
    #[parameter(weight, fan_in = WIDTH, fan_out = WIDTH, layout = OutputsFirst, shape = &[VOCAB, WIDTH], scalar = f32)]
    weight: Aligned<[Vector<WIDTH>; VOCAB]>,
}

impl Layer<Tokens<STEPS, VOCAB>> for Dense {
    type Output = Sequence<STEPS, WIDTH>;

    fn forward(
        &self,
        input: &[Tokens<STEPS, VOCAB>],
        output: &mut [Sequence<STEPS, WIDTH>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        for (token, y) in
            input.iter().flat_map(|tokens| tokens.0).zip(output.iter_mut().flat_map(|y| &mut y.0))
        {
            *y = self.weight[token.index()].0;
        }
    }

    fn backward(&self, pass: Backward<'_, Tokens<STEPS, VOCAB>, Self>) {
        let grads = pass.output_grad.iter().flat_map(|dy| &dy.0);
        for (token, dy) in pass.input.iter().flat_map(|tokens| tokens.0).zip(grads) {
            let row = &mut pass.gradient.weight[token.index()].0;
            row.iter_mut().zip(dy).for_each(|(sum, dy)| *sum += dy);
        }
    }
}

type Batch = (Vec<Tokens<STEPS, VOCAB>>, Vec<Label<2>>);

fn batches() -> Vec<Batch> {
    let mut rng = rng(1);
    let mut batch = || {
        let tokens = (0..SAMPLES).map(|_| {
            let indices = [(); STEPS].map(|()| rng.random_range(0..VOCAB));
            Tokens::from_indices(&indices)
        });
        let tokens: Vec<_> = tokens.collect::<Result<_, _>>().expect("indices of the vocabulary");
        let labels = (0..SAMPLES).map(|at| Label::new(at % 2)).collect::<Result<_, _>>();
        (tokens, labels.expect("one of two classes"))
    };
    (0..BATCHES).map(|_| batch()).collect()
}

/// Returns the time of a step, in microseconds. Two rounds warm up: then all batches have occurred.
fn time<N, O>(trainer: &mut Trainer<N, CrossEntropy, O>, batches: &[Batch]) -> f64
where
    N: Maps<Tokens<STEPS, VOCAB>, Vector<2>>,
    O: Optimizer<N>,
{
    let start = Instant::now();
    for (tokens, labels) in batches {
        trainer.step(tokens, labels).expect("a step");
    }
    start.elapsed().as_secs_f64() / BATCHES as f64 * 1e6
}

fn compare<A: Optimizer<Net>, B: Optimizer<DenseNet>>(name: &str, table: A, dense: B, clip: bool) {
    let batches = batches();
    let net = Net::init(&mut rng(1));
    let mut copy = DenseNet::zeros();
    copy.0.weight.copy_from_slice(&*net.0.weight);
    copy.2 = net.2.clone();
    let loss = CrossEntropy::default();
    let mut table = Trainer::new(net, loss, table, 1);
    let mut dense = Trainer::new(copy, loss, dense, 1);
    if clip {
        (table, dense) = (table.clip_value(1.0), dense.clip_value(1.0));
    }
    let mut least = [f64::INFINITY; 2];
    for round in 0..ROUNDS {
        let times = [time(&mut dense, &batches), time(&mut table, &batches)];
        for (least, time) in least.iter_mut().zip(times) {
            *least = if round < 2 { f64::INFINITY } else { least.min(time) };
        }
    }
    let [dense, table] = least;
    println!("{name:<34} {dense:>10.0} µs {table:>10.0} µs {:>8.1} x", dense / table);
}

fn main() {
    println!("{:<34} {:>13} {:>13}", "a step with", "one tensor", "rows");
    compare("Sgd", Sgd::new(0.1), Sgd::new(0.1), false);
    compare("Sgd, clipped", Sgd::new(0.1), Sgd::new(0.1), true);
    compare("Adagrad", Adagrad::new(0.1), Adagrad::new(0.1), false);
    compare("Adam", Adam::new(1e-3), Adam::new(1e-3), false);
    compare("Adam, lazy rows", Adam::new(1e-3).lazy_rows(), Adam::new(1e-3), false);
    compare("AdamW, decay of all rows", AdamW::new(1e-3), AdamW::new(1e-3), false);
    let [table, dense] = [size_of::<Net>(), size_of::<DenseNet>()];
    let more = 100.0 * (table as f64 / dense as f64 - 1.0);
    println!("bytes of a network, a gradient or a moment: {dense} and {table} ({more:+.2} %)");
}
