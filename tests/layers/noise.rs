//! Dropout of whole channels, and noise: their distributions, that the backward pass uses the numbers of the forward
//! pass, and that a seed gives the same numbers again.

use crate::common::{backward, forward};
use chainrule::layer::Effect;
use chainrule::prelude::*;

type T = f64;

/// One pass in training with this seed: the output, and the gradient of the input for a gradient of ones.
fn pass<L: Layer<X, Output = X>, X: Tensor<Scalar = T>>(layer: &L, x: &[X], seed: u64) -> (Vec<X>, Vec<X>) {
    let (mut workspace, mut rng) = (Workspace::default(), rng(seed));
    let y = forward(layer, x, &mut workspace, &mut Mode::Train(&mut rng));
    let mut ones = y.clone();
    X::flat_mut(&mut ones).fill(1.0);
    let (dx, _) = backward(layer, x, &y, &ones, &mut workspace, None);
    (y, dx)
}

/// The mean and the mean square.
fn moments(xs: &[T]) -> [T; 2] {
    let n = xs.len() as f64;
    [xs.iter().sum::<f64>() / n, xs.iter().map(|x| x * x).sum::<f64>() / n]
}

/// Equal to within four standard deviations of a mean over `n` numbers of this deviation.
#[track_caller]
fn assert_mean(found: f64, expected: f64, deviation: f64, n: usize) {
    let off = (found - expected).abs();
    assert!(off < 4.0 * deviation / (n as f64).sqrt(), "{found} is not {expected}: off by {off}");
}

/// Uniform numbers of this mean and of variance 1.
fn numbers<X: Tensor<Scalar = T>>(samples: usize, mean: f64) -> Vec<X> {
    use chainrule::rand::RngExt;
    let (mut batch, mut rng) = (vec![X::zeroed(); samples], rng(7));
    X::flat_mut(&mut batch)
        .iter_mut()
        .for_each(|x| *x = mean + 12.0_f64.sqrt() * (rng.random::<f64>() - 0.5));
    batch
}

const N: usize = 100_000;

#[test]
fn whole_channels_are_dropped_each_sample_by_itself() {
    let x = vec![Image([[[1.0, 1.0], [1.0, 1.0]]; 8]); N / 8];
    let (y, dx) = pass(&Dropout2d::<25>, &x, 1);
    assert_eq!(y, dx, "y = m x and dx = m dy, where x and dy are 1");
    let channels: Vec<T> = y
        .iter()
        .flat_map(|y| {
            y.0.map(|channel| {
                assert!(channel.as_flattened().iter().all(|&y| y == channel[0][0]));
                assert!([0.0, 4.0 / 3.0].contains(&channel[0][0]));
                channel[0][0]
            })
        })
        .collect();
    let [mean, _] = moments(&channels);
    assert_mean(mean, 1.0, (1.0_f64 / 3.0).sqrt(), N); // variance p / (1 - p)
    assert!(y.iter().any(|y| y.0[0] != y.0[1]) && y[0] != y[1]);

    let x = vec![Sequence([[1.0; 8]; 3]); N / 8];
    let (y, dx) = pass(&Dropout1d::<25>, &x, 1);
    assert_eq!(y, dx);
    assert!(y.iter().all(|y| y.0[0] == y.0[1] && y.0[0] == y.0[2]), "a feature is dropped at all steps");
    let [mean, _] = moments(y.iter().map(|y| y.0[0]).collect::<Vec<_>>().as_flattened());
    assert_mean(mean, 1.0, (1.0_f64 / 3.0).sqrt(), N);
}

#[test]
fn noise_is_normal_and_has_its_deviation() {
    let x = vec![Vector([0.0]); N];
    let (y, dx) = pass(&GaussianNoise::<3, 2>, &x, 1);
    assert!(dx.iter().all(|dx| dx[0] == 1.0));
    let y: Vec<T> = y.iter().map(|y| y[0] / 1.5).collect();
    let [mean, square] = moments(&y);
    assert_mean(mean, 0.0, 1.0, N);
    assert_mean(square, 1.0, 2.0_f64.sqrt(), N);
    // 68.27 % within one deviation, 95.45 % within two: that tells a normal distribution from others.
    for (within, share) in [(1.0, 0.682_689), (2.0, 0.954_500)] {
        let found = y.iter().filter(|y| y.abs() < within).count() as f64 / N as f64;
        assert_mean(found, share, (share * (1.0 - share)).sqrt(), N);
    }

    let x = vec![Vector([2.0]); N];
    let (y, dx) = pass(&GaussianDropout::<20>, &x, 1);
    assert!(y.iter().zip(&dx).all(|(y, dx)| y[0] == 2.0 * dx[0]), "y = m x and dx = m dy");
    let m: Vec<T> = dx.iter().map(|dx| dx[0]).collect();
    let [mean, square] = moments(&m);
    assert_mean(mean, 1.0, 0.5, N); // √(0.2 / 0.8)
    assert_mean(square, 1.25, 1.1, N); // the deviation of m²: √(4 · 0.25 + 2 · 0.25²) = 1.06
}

#[test]
fn alpha_dropout_keeps_mean_and_variance_and_its_effect_is_the_measured_one() {
    let (y, _) = pass(&AlphaDropout::<30>, &numbers::<Vector<1, T>>(N, 0.0), 1);
    let [mean, square] = moments(Vector::flat(&y));
    assert_mean(mean, 0.0, 1.0, N);
    // |y| is at most 2.6: y² is between 0 and 6.8 and has the mean 1, so that its deviation is below √(1 · 5.8).
    assert_mean(square, 1.0, 2.4, N);

    // Dropped to α', and then the line a x + b: one value for all that are dropped.
    let (y, dx) = pass(&AlphaDropout::<30>, &numbers::<Vector<1, T>>(N, 0.5), 1);
    let dropped: Vec<T> = y.iter().zip(&dx).filter(|(_, dx)| dx[0] == 0.0).map(|(y, _)| y[0]).collect();
    assert_mean(dropped.len() as f64 / N as f64, 0.3, 0.5, N);
    let low = -1.758_099_340_847_376_8_f64;
    let a = 1.0 / (0.7 + low * low * 0.7 * 0.3).sqrt();
    let lowest = a * low - a * 0.3 * low;
    assert!(dropped.iter().all(|y| (y - lowest).abs() < 1e-14));

    // E[y²] and E[y] for a mean of 1/2, and the gradient's E[m²], as the plan says them.
    let Effect::Noise { mean, square, mixed, added } = <AlphaDropout<30> as Layer<Vector<1, T>>>::PLAN.effect
    else {
        panic!("another effect")
    };
    let [found_mean, found_square] = moments(Vector::flat(&y));
    assert_mean(found_mean, 0.5 * mean, 1.2, N);
    assert_mean(found_square, 1.25 * square + 0.5 * mixed + added, 2.0, N);
    let [found_mean, found_square] = moments(Vector::flat(&dx));
    assert_mean(found_mean, mean, 0.5, N);
    assert_mean(found_square, square, 0.5, N);
}

#[test]
fn a_seed_gives_the_same_numbers_and_another_seed_others() {
    fn check<L: Layer<X, Output = X> + Default, X: Tensor<Scalar = T>>() {
        let x = numbers::<X>(20, 1.0);
        let layer = L::default();
        assert!(pass(&layer, &x, 3) == pass(&layer, &x, 3));
        assert!(pass(&layer, &x, 3).0 != pass(&layer, &x, 4).0);
        let mut workspace = Workspace::default();
        assert!(forward(&layer, &x, &mut workspace, &mut Mode::Evaluate) == x, "in evaluation, the identity");
    }
    check::<Dropout2d<50>, Image<3, 2, 2, T>>();
    check::<Dropout1d<50>, Sequence<2, 3, T>>();
    check::<GaussianNoise, Vector<4, T>>();
    check::<GaussianDropout<50>, Vector<4, T>>();
    check::<AlphaDropout<50>, Vector<4, T>>();
}
