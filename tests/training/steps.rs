//! The processing between a gradient and a step: clipping, averaging, freezing.

use chainrule::prelude::*;
use chainrule::{Error, checkpoint};

type Net = (BatchNorm<3, f64>, Linear<3, 4, f64>, Tanh, Linear<4, 2, f64>);

/// Parameters that are all different, buffers too.
fn net(seed: u64) -> Owned<Net> {
    let mut net = Net::init(&mut rng(seed));
    let norm = &mut net.0;
    for (at, x) in norm.running_mean.0.iter_mut().chain(&mut norm.running_variance.0).enumerate() {
        *x = 100.0 * (seed + at as u64 + 1) as f64;
    }
    net.1.bias = Vector([0.3, -0.2, 0.01, 0.7].map(|x| x * seed as f64));
    net
}

/// Everything except the buffers, as one list.
fn numbers(net: &Net) -> Vec<f64> {
    let norm = net.0.gain.0.iter().chain(&net.0.bias.0);
    let first = net.1.weights().iter().chain(&net.1.bias.0);
    norm.chain(first).chain(net.3.weights()).chain(&net.3.bias.0).copied().collect()
}

fn statistics(net: &Net) -> [[f64; 3]; 2] {
    [net.0.running_mean.0, net.0.running_variance.0]
}

#[test]
fn a_long_gradient_is_made_shorter_as_a_whole_and_keeps_its_direction() {
    let (start, mut clipped) = (net(1), net(1));
    let length = numbers(&start).iter().map(|x| x * x).sum::<f64>().sqrt();
    let before = clip_norm(&mut clipped, 0.5).unwrap();
    approx::assert_relative_eq!(before, length, max_relative = 1e-14);
    for (a, b) in numbers(&clipped).iter().zip(numbers(&start)) {
        approx::assert_relative_eq!(*a, b * 0.5 / length, max_relative = 1e-14);
    }
    assert_eq!(statistics(&clipped), statistics(&start), "a statistic's distance is not a gradient");
}

#[test]
fn a_short_gradient_stays_as_it_is() {
    let mut clipped = net(1);
    clip_norm(&mut clipped, 1e3).unwrap();
    clip_value(&mut clipped, 1e3).unwrap();
    assert_eq!(numbers(&clipped), numbers(&net(1)));
}

#[test]
fn each_number_is_brought_between_the_bounds() {
    let (start, mut clipped) = (net(1), net(1));
    clip_value(&mut clipped, 0.1).unwrap();
    let expected: Vec<f64> = numbers(&start).iter().map(|x| x.clamp(-0.1, 0.1)).collect();
    assert!(expected.contains(&0.1) && expected.contains(&-0.1) && expected.iter().any(|x| x.abs() < 0.1));
    assert_eq!(numbers(&clipped), expected);
    assert_eq!(statistics(&clipped), statistics(&start));
}

#[test]
fn what_is_not_finite_is_left_for_the_optimizer_to_refuse() {
    for bad in [f64::NAN, f64::INFINITY] {
        let mut gradient = net(1);
        gradient.1.bias[2] = bad;
        clip_norm(&mut gradient, 1.0).unwrap();
        clip_value(&mut gradient, 1.0).unwrap();
        let error = Sgd::new(0.1).step(&mut net(2), &gradient).unwrap_err();
        assert!(
            matches!(error, Error::NonFiniteGradient { ref parameter, .. } if parameter == "1.bias"),
            "{error}"
        );
    }
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(matches!(clip_norm(&mut net(1), bad), Err(Error::Setting { .. })));
        assert!(matches!(clip_value(&mut net(1), bad), Err(Error::Setting { .. })));
    }
}

#[test]
fn an_average_is_the_weighted_sum_of_the_networks_and_the_last_ones_statistics() {
    let mut average = ExponentialMovingAverage::new(0.75);
    assert!(average.network().is_none());
    let nets = [1, 2, 3].map(net);
    nets.iter().for_each(|net| average.update(net).unwrap());
    let average = average.network().unwrap();
    let [a, b, c] = nets.each_ref().map(|net| numbers(net));
    // The decay warms up: (1 + t) / (10 + t) is 2/11 and 3/12 at the second and third network, below 0.75.
    let [d1, d2] = [2.0 / 11.0, 3.0 / 12.0];
    for (at, x) in numbers(average).iter().enumerate() {
        let expected = d2 * (d1 * a[at] + (1.0 - d1) * b[at]) + (1.0 - d2) * c[at];
        approx::assert_abs_diff_eq!(*x, expected, epsilon = 1e-15);
    }
    assert_eq!(statistics(average), statistics(&nets[2]));
    assert!(matches!(ExponentialMovingAverage::new(1.0).update(&nets[0]), Err(Error::Setting { .. })));
}

type InEvaluation = (Evaluate<BatchNorm<3, f64>>, Linear<3, 4, f64>, Tanh, Linear<4, 2, f64>);

/// `net`, with the norm in evaluation mode. The paths are the same.
fn in_evaluation(seed: u64) -> Owned<InEvaluation> {
    checkpoint::Format::chainrule()
        .other_network()
        .from_bytes(&checkpoint::to_bytes(&net(seed)).unwrap())
        .unwrap()
}

#[test]
fn statistics_are_frozen_in_evaluation_mode_only() {
    for (path, of) in [("0", "0.running_mean"), ("0.running_variance", "0.running_variance")] {
        let mut net_now = net(1);
        let error = FreezeParameters::new(Sgd::new(0.1), [path]).step(&mut net_now, &net(2)).unwrap_err();
        assert!(matches!(&error, Error::FrozenStatistics { path } if path == of), "{error}");
        assert!(error.to_string().contains("`Evaluate<..>`"), "{error}");
        assert_eq!(numbers(&net_now), numbers(&net(1)));
        let mut inside = in_evaluation(1);
        FreezeParameters::new(Sgd::new(0.1), [path]).step(&mut inside, &in_evaluation(2)).unwrap();
    }
    // The gain and the bias of a norm that is trained may be frozen.
    FreezeParameters::new(Sgd::new(0.1), ["0.gain", "0.bias"]).step(&mut net(1), &net(2)).unwrap();
}

#[test]
fn a_part_in_evaluation_mode_trains_the_rest_on_what_it_sees_in_use() {
    type Net = (Evaluate<(BatchNorm<1, f64>, Dropout<50>)>, Linear<1, 1, f64>);
    let mut net = Net::zeros();
    let norm = &mut net.0.layer.0;
    (norm.gain, norm.running_mean, norm.running_variance) = (Vector([1.0]), Vector([10.0]), Vector([4.0]));
    net.1.weights_mut()[0] = 1.0;
    let (x, y) = ([100.0, 200.0].map(|x| Vector([x])), [46.0, 93.0].map(|y| Vector([y])));
    // (x - 10) / √(4 + 1e-5) is 45 and 95, up to 6e-5: errors of -1 and 2, and a loss of 2.5.
    let in_use = net.loss(&MeanSquaredError, &x, &y).unwrap();
    approx::assert_abs_diff_eq!(in_use, 2.5, epsilon = 1e-3);
    let mut trainer = Trainer::new(net, MeanSquaredError, FreezeParameters::new(Sgd::new(1e-4), ["0"]), 1);
    assert_eq!(trainer.step(&x, &y).unwrap(), in_use);
    let norm = &trainer.network.0.layer.0;
    assert_eq!((norm.running_mean[0], norm.running_variance[0], norm.gain[0]), (10.0, 4.0, 1.0));
    // dL/dw = Σ error x̂ = -45 + 2 · 95 (twice the error over two samples).
    approx::assert_abs_diff_eq!(trainer.network.1.weights()[0], 1.0 - 1e-4 * 145.0, epsilon = 1e-5);
}

/// The average of a constant is the constant at any decay; after that the weights of the past decay by d.
#[test]
fn an_average_reaches_its_decay_at_the_step_of_the_formula() {
    let constant = |value| Linear::<1, 1, f64>::init_with(Initializer::constant(value), &mut rng(0));
    let mut average = ExponentialMovingAverage::new(0.9);
    let (zero, one) = (constant(0.0), constant(1.0));
    for update in 0..100_u64 {
        let decay = if update == 0 { 0.0 } else { f64::min(0.9, (1 + update) as f64 / (10 + update) as f64) };
        let mut next = average.clone();
        average.update(&zero).unwrap(); // stays 0
        next.update(&one).unwrap();
        approx::assert_abs_diff_eq!(next.network().unwrap().weights()[0], 1.0 - decay, epsilon = 1e-15);
    }
}

#[test]
fn what_is_frozen_stays_and_the_rest_moves_as_ever() {
    let gradient = in_evaluation(9);
    let (mut all, mut part) = (in_evaluation(1), in_evaluation(1));
    let mut plain = AdamW::new(0.1).weight_decay(0.1);
    let mut frozen = FreezeParameters::new(AdamW::new(0.1).weight_decay(0.1), ["0", "1.bias"]);
    for _ in 0..3 {
        plain.step(&mut all, &gradient).unwrap();
        frozen.step(&mut part, &gradient).unwrap();
    }
    let start = in_evaluation(1);
    assert_eq!(part.0, start.0, "a whole layer, its statistics too");
    assert_eq!(part.1.bias, start.1.bias, "one parameter");
    assert_eq!(part.1.weights(), all.1.weights());
    assert_eq!(part.3, all.3);
    assert_ne!(part.3, start.3);

    frozen.paths.clear();
    frozen.step(&mut part, &gradient).unwrap();
    assert_ne!(part.1.bias, start.1.bias, "thawed");
}

#[test]
fn a_path_that_leads_nowhere_is_an_error_and_no_step() {
    // `2` is a Tanh; `1.bia` is not a field; `33` begins as `3` does.
    for path in ["2", "1.bia", "33", "1.", ""] {
        let mut net_now = net(1);
        let error = FreezeParameters::new(Sgd::new(0.1), [path]).step(&mut net_now, &net(2)).unwrap_err();
        assert!(matches!(error, Error::UnknownPath { path: ref found, .. } if found == path), "{error}");
        assert_eq!(numbers(&net_now), numbers(&net(1)));
    }
}
