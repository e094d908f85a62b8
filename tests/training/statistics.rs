//! Running statistics: measured in training mode, averaged as gradients are, moved in the same way by every optimizer,
//! and used in evaluation mode.

use chainrule::Real;
use chainrule::layer::{Backward, Parameter, Role, View, ViewMut, Visitor, visit};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

type Net = (BatchNorm<3, f64>, Linear<3, 2, f64>);
type Batch = Vec<Vector<3, f64>>;

/// Batches of several sizes, each feature with its own mean and spread.
fn batches(count: usize) -> Vec<Batch> {
    let mut rng = rng(5);
    let mut sample = || Vector([10.0, -3.0, 0.5].map(|mean: f64| mean * (1.0 + rng.random_range(-1.0..1.0))));
    (0..count).map(|at| (0..4 + at).map(|_| sample()).collect()).collect()
}

/// Mean and unbiased variance of a feature.
fn moments(batch: &[Vector<3, f64>], feature: usize) -> [f64; 2] {
    let n = batch.len() as f64;
    let mean = batch.iter().map(|x| x[feature]).sum::<f64>() / n;
    [mean, batch.iter().map(|x| (x[feature] - mean).powi(2)).sum::<f64>() / (n - 1.0)]
}

/// 0.9ᵏ start + Σ 0.1 · 0.9ᵏ⁻ⁱ measured(i): the running mean after k steps.
fn closed_form(start: f64, measured: impl Iterator<Item = f64>, steps: usize) -> f64 {
    let share = |(i, value)| 0.1 * 0.9_f64.powi((steps - 1 - i) as i32) * value;
    0.9_f64.powi(steps as i32) * start + measured.enumerate().map(share).sum::<f64>()
}

/// Values below 200, after some dozen roundings in f64.
const ROUNDING: f64 = 1e-11;

fn assert_running(norm: &BatchNorm<3, f64>, batches: &[Batch]) {
    for feature in 0..3 {
        let [mean, variance] = [0, 1].map(|which| {
            let measured = batches.iter().map(|batch| moments(batch, feature)[which]);
            closed_form([0.0, 1.0][which], measured, batches.len())
        });
        approx::assert_abs_diff_eq!(norm.running_mean[feature], mean, epsilon = ROUNDING);
        approx::assert_abs_diff_eq!(norm.running_variance[feature], variance, epsilon = ROUNDING);
    }
}

#[test]
fn every_optimizer_moves_statistics_alike_whatever_its_settings() {
    fn train<O: Optimizer<Net>>(optimizer: O) {
        let batches = batches(6);
        let start = Net::init(&mut rng(1));
        let mut trainer = Trainer::new(start.clone(), MeanSquaredError, optimizer, 0);
        for batch in &batches {
            trainer.step(batch, &vec![Vector([1.0, -1.0]); batch.len()]).unwrap();
        }
        assert_ne!(trainer.network.1, start.1, "the weights are trained too");
        assert_running(&trainer.network.0, &batches);
    }
    macro_rules! case {
        ($name:literal, |$rate:ident| $new:expr) => {{
            let $rate = 0.01;
            train($new);
        }};
    }
    crate::common::each_optimizer!(case);
    train(AdamW::new(0.1).weight_decay(0.5).decay_all());
}

struct AddHalf;

impl Visitor<1, 1> for AddHalf {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], [sums]: [&mut [T]; 1]) {
        sums.iter_mut().zip(xs).for_each(|(sum, &x)| *sum += T::from_f64(0.5) * x);
    }
}

#[test]
fn the_mean_of_two_gradients_moves_statistics_to_the_mean_of_two_batches() {
    let (batches, mut net) = (batches(2), Net::init(&mut rng(1)));
    let (mut mean, mut workspace) = (Net::zeros(), Workspace::default());
    for batch in &batches {
        let (mut gradient, targets) = (Net::zeros(), vec![Vector([1.0, -1.0]); batch.len()]);
        net.loss_gradient(&MeanSquaredError, batch, &targets, &mut workspace, &mut gradient, &mut rng(0))
            .unwrap();
        visit([View::of(&*gradient)], [ViewMut::of(&mut *mean)], &mut AddHalf);
    }
    Adam::new(0.1).step(&mut net, &mean).unwrap();
    for feature in 0..3 {
        let [a, b] = [0, 1].map(|at| moments(&batches[at], feature));
        approx::assert_abs_diff_eq!(
            net.0.running_mean[feature],
            0.1 * (a[0] + b[0]) / 2.0,
            epsilon = ROUNDING
        );
        let variance = 0.9 + 0.1 * (a[1] + b[1]) / 2.0;
        approx::assert_abs_diff_eq!(net.0.running_variance[feature], variance, epsilon = ROUNDING);
    }
}

/// What a backward pass adds to the gradient, after a forward pass of this mode.
fn backward(
    norm: &BatchNorm<3>,
    batch: &[Vector<3>],
    mode: &mut Mode<'_>,
) -> (Owned<BatchNorm<3>>, [Vec<Vector<3>>; 2]) {
    let (mut workspace, mut gradient) = (Workspace::default(), BatchNorm::zeros());
    let (mut y, mut dx, dy) = (batch.to_vec(), batch.to_vec(), vec![Vector([1.0, -2.0, 3.0]); batch.len()]);
    let samples = batch.len();
    norm.forward(batch, &mut y, workspace.prepare::<Vector<3>, BatchNorm<3>>(samples), mode);
    norm.backward(Backward {
        input: batch,
        output: &y,
        output_grad: &dy,
        input_grad: Some(&mut dx),
        gradient: &mut gradient,
        workspace: workspace.prepare::<Vector<3>, BatchNorm<3>>(samples),
        accumulate: true,
    });
    (gradient, [y, dx])
}

#[test]
fn use_measures_nothing_and_training_differs_from_it() {
    let norm = BatchNorm::<3>::init(&mut rng(0));
    let batch = [Vector([1.0, 2.0, 3.0]), Vector([5.0, -2.0, 0.0])];
    let (used, [y_used, _]) = backward(&norm, &batch, &mut Mode::Evaluate);
    let (trained, [y_trained, _]) = backward(&norm, &batch, &mut Mode::Train(&mut rng(0)));
    assert_eq!((used.running_mean.0, used.running_variance.0), ([0.0; 3], [0.0; 3]));
    // running - batch: 0 less the means 3, 0 and 1.5; 1 less the unbiased variances 8, 8 and 4.5.
    assert_eq!((trained.running_mean.0, trained.running_variance.0), ([-3.0, 0.0, -1.5], [-7.0, -7.0, -3.5]));
    assert_ne!(y_used, y_trained);
}

#[test]
fn a_batch_of_one_number_gives_the_bias_and_leaves_the_variance_alone() {
    let mut norm = BatchNorm::<3>::init(&mut rng(0));
    norm.bias = Vector([0.1, 0.2, 0.3]);
    let (gradient, [y, dx]) = backward(&norm, &[Vector([1e4, -7.3, 0.1])], &mut Mode::Train(&mut rng(0)));
    assert_eq!((y[0], dx[0]), (norm.bias, Vector::default()));
    assert_eq!(gradient.running_mean.0, [-1e4, 7.3, -0.1]);
    assert_eq!(gradient.running_variance.0, [0.0; 3]);
    assert_eq!((gradient.gain.0, gradient.bias.0), ([0.0; 3], [1.0, -2.0, 3.0]));
}

#[test]
fn an_empty_batch_measures_nothing() {
    let mut norm = BatchNorm::<3>::init(&mut rng(0));
    norm.running_mean.0 = [0.5; 3];
    let (gradient, _) = backward(&norm, &[], &mut Mode::Train(&mut rng(0)));
    assert_eq!(gradient, BatchNorm::zeros());
}

#[test]
fn statistics_are_compared_copied_and_named_but_no_part_of_a_norm() {
    let mut net = <(BatchNorm<3>, Relu)>::init(&mut rng(0));
    let before = net.clone();
    assert_eq!(net.parameters(), before.parameters());
    net.0.running_mean[1] = 0.5;
    assert_ne!(net.parameters(), before.parameters());
    assert_eq!(net.parameters(), net.clone().parameters());
    net.0.running_mean[1] = 0.0;
    net.0.running_variance[2] = 0.5;
    assert_ne!(net.parameters(), before.parameters());

    let mut paths = vec![];
    chainrule::layer::describe::<(BatchNorm<3>, Relu)>(&mut |parameter| {
        if let Role::Buffer { .. } = parameter.role {
            paths.push(parameter.path.to_string());
        }
    });
    assert_eq!(paths, ["0.running_mean", "0.running_variance"]);

    let mut gradient = BatchNorm::<3>::zeros();
    gradient.running_mean[0] = 100.0;
    assert_eq!(gradient.norm(), 0.0);
    gradient.gain[0] = 2.0;
    assert_eq!(gradient.norm(), 2.0);
}

/// A disc and the ring around it, 0.5 apart, in coordinates that no network should be given.
fn disc_and_ring(samples: usize, seed: u64) -> (Vec<Vector<2>>, Vec<Label<2>>) {
    let mut rng = rng(seed);
    let mut sample = || {
        let (ring, angle) = (rng.random_range(0..2), rng.random_range(0.0..std::f32::consts::TAU));
        let radius = 1.5 * ring as f32 + rng.random_range(0.0..1.0);
        let point = Vector([1000.0 + 50.0 * radius * angle.cos(), 0.001 * radius * angle.sin()]);
        (point, Label::new(ring).unwrap())
    };
    (0..samples).map(|_| sample()).unzip()
}

#[test]
fn a_network_with_batch_norm_trains_and_is_used_by_what_it_has_measured() {
    type Net = (BatchNorm<2>, Linear<2, 16>, BatchNorm<16>, Tanh, Linear<16, 2>);
    let (inputs, labels) = disc_and_ring(1024, 1);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.02), 0);
    for _ in 0..10 {
        for (inputs, labels) in inputs.chunks(32).zip(labels.chunks(32)) {
            trainer.step(inputs, labels).unwrap();
        }
    }
    let (inputs, labels) = disc_and_ring(1000, 2);
    let accuracy = |net: &Net| {
        let outputs = net.predict_batch(&inputs).unwrap();
        let right = |(output, label): &(&Vector<2>, &Label<2>)| Label::from_scores(*output) == **label;
        outputs.iter().zip(&labels).filter(right).count() as f64 / inputs.len() as f64
    };
    // The classes are 0.5 apart and what is measured is within some per cent of the truth: only points by the border
    // can be mistaken.
    let trained = accuracy(&trainer.network);
    assert!(trained >= 0.98, "{trained}");
    // The same weights by the statistics of a new network see every point 1000 deviations from the mean: all are one
    // class, which is half of the points, and a tenth more than that would be six deviations of 1000 throws of a coin.
    let mut unmeasured = trainer.network.clone();
    unmeasured.0.running_mean.0 = [0.0; 2];
    unmeasured.0.running_variance.0 = [1.0; 2];
    assert!(accuracy(&unmeasured) < 0.6);
    // In evaluation mode the output of a sample does not depend on the others in its batch.
    let norm = &trainer.network.0;
    let (alone, together) = (norm.predict(&inputs[0]), norm.predict_batch(&inputs));
    assert_eq!(alone.unwrap(), together.unwrap()[0]);
}
