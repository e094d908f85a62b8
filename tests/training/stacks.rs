//! Networks of every kind of stack train: one layer applied several times, two inputs, normalized batches.

use std::f32::consts::TAU;

use crate::common::bits;
use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// Angles, and the targets for each.
fn angles<X, Y>(sample: impl Fn(f32, f32) -> (X, Y)) -> Dataset<X, Y> {
    let mut draws = rng(3);
    let mut pair = || sample(draws.random_range(0.0..TAU), draws.random_range(0.0..TAU));
    Dataset::from_pairs((0..64).map(|_| pair())).unwrap()
}

/// By steps on the whole set and by `fit`, the loss falls to a tenth. The best constant answer has about the loss of
/// the start, so the network has learned what depends on its input. From one seed, `fit` trains the same network twice.
macro_rules! assert_trains {
    ($net:ty, $data:expr) => {{
        type Net = $net;
        let data = $data;
        let new = || Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.02), 1);
        let (xs, ys) = (data.inputs(), data.targets());

        let mut trainer = new();
        let losses: Vec<f64> = (0..300).map(|_| trainer.step(xs, ys).unwrap()).collect();
        assert!(losses[299] < 0.1 * losses[0], "by steps from {} to {}", losses[0], losses[299]);
        assert!(trainer.network.norm().is_finite() && trainer.gradient().norm() > 0.0);

        let fitted = || {
            let mut trainer = new();
            let history = trainer.fit(&data, Fit::epochs(75).batch_size(16).validate(&data).quiet()).unwrap();
            let losses: Vec<f64> = history.values("validation loss").map(|(_, loss)| loss).collect();
            assert_eq!(losses.len(), 75);
            assert_eq!(*losses.last().unwrap(), trainer.network.loss(&MeanSquaredError, xs, ys).unwrap());
            (losses, trainer)
        };
        let (losses, trainer) = fitted();
        let untrained = new().network.loss(&MeanSquaredError, xs, ys).unwrap();
        assert!(losses[74] < 0.1 * untrained, "by `fit` from {untrained} to {}", losses[74]);
        assert_eq!(bits(&trainer.network), bits(&fitted().1.network));
        trainer
    }};
}

#[test]
fn a_network_with_a_shared_layer_trains_and_has_one_layers_parameters() {
    let data = angles(|a, _| (Vector([a.cos(), a.sin()]), Vector([(2.0 * a).cos(), (2.0 * a).sin()])));
    let trainer = assert_trains!((Linear<2, 16>, Shared<(Linear<16, 16>, Tanh), 3>, Linear<16, 2>), data);
    assert_eq!(trainer.network.1.layer.0.weights().len(), 16 * 16);
    assert_eq!(bits(&trainer.network.1).len(), 16 * 16 + 16);
}

#[test]
fn a_network_with_two_inputs_trains_on_both() {
    let data = angles(|a, b| {
        (Pair(Vector([a.cos(), a.sin()]), Sequence([[b.cos()], [b.sin()]])), Vector([(a - b).cos()]))
    });
    let trainer = assert_trains!(
        (
            Parallel<Linear<2, 16>, Dense<Sequence<2, 1>, Vector<16>>>,
            Join,
            Tanh,
            Linear<32, 16>,
            Tanh,
            Linear<16, 1>,
        ),
        data
    );
    // Each half of the input makes a difference.
    let at = |a: f32, b: f32| -> f32 {
        let pair = Pair(Vector([a.cos(), a.sin()]), Sequence([[b.cos()], [b.sin()]]));
        trainer.network.predict(&pair).unwrap()[0]
    };
    assert!(at(1.0, 1.0) - at(1.0, 4.0) > 1.0 && at(1.0, 1.0) - at(4.0, 1.0) > 1.0);
}

#[test]
fn a_network_with_twins_on_a_pair_trains() {
    // Siamese: the same sum whichever half is which is what the sum can tell.
    let data = angles(|a, b| (Pair(Vector([a.cos()]), Vector([b.cos()])), Vector([a.cos() + b.cos()])));
    assert_trains!((Parallel<(Linear<1, 8>, Tanh), (Linear<1, 8>, Tanh)>, Sum, Linear<8, 1>), data);
}

#[test]
fn a_network_with_batch_norm_trains_and_measures() {
    // Far from 0, and of little spread.
    let data = angles(|a, _| (Vector([100.0 + a.cos(), 0.01 * a.sin()]), Vector([a.cos() - a.sin()])));
    let mean = data.inputs().iter().map(|x| x[0]).sum::<f32>() / 64.0;
    let trainer = assert_trains!((BatchNorm<2>, Linear<2, 16>, BatchNorm<16>, Tanh, Linear<16, 1>), data);
    // 300 steps of 16 samples each: a running mean over some 20 batches, each off by 0.7 / 4 at most by chance.
    approx::assert_abs_diff_eq!(trainer.network.0.running_mean[0], mean, epsilon = 0.2);
}
