//! The options of all optimizers: weight decay, ascent, groups. (`tests/layers/parity.rs` compares them with
//! PyTorch's.)

use crate::common::bits;
use chainrule::Error;
use chainrule::prelude::*;

type Net = (Linear<2, 3, f64>, BatchNorm<3, f64>, Tanh, [Linear<3, 3, f64>; 2]);

fn net() -> Owned<Net> {
    let mut net = Net::init(&mut rng(1));
    net.edit_parameters(|_, numbers: &mut [f64]| numbers.iter_mut().for_each(|x| *x += 0.5));
    net
}

/// What is left of each parameter after a step of rate 0.5 with a gradient of 0, as a share.
fn left(mut sgd: Sgd<Net>) -> Vec<(String, f64)> {
    let (mut after, before) = (net(), net());
    sgd.step(&mut after, &Net::zeros()).unwrap();
    let mut shares = vec![];
    after.add_scaled(0.0, &before);
    let mut first = vec![];
    before.clone().edit_parameters(|_, numbers: &mut [f64]| first.push(numbers[0]));
    after.edit_parameters(|parameter, numbers: &mut [f64]| {
        shares.push((parameter.path.to_string(), numbers[0] / first[shares.len()]));
    });
    shares
}

fn expect(sgd: Sgd<Net>, share: impl Fn(&str) -> f64) {
    let left = left(sgd);
    assert_eq!(left.len(), 10);
    for (path, found) in left {
        approx::assert_relative_eq!(found, share(&path), max_relative = 1e-12);
    }
}

#[test]
fn weights_decay_alone_unless_all_parameters_should() {
    let sgd = || Sgd::new(0.5).weight_decay(0.2);
    let is_running = |path: &str| path.contains("running");
    for decoupled in [false, true] {
        let of = |sgd: Sgd<Net>| if decoupled { sgd.decoupled() } else { sgd };
        expect(of(sgd()), |path| if path.ends_with("weight") { 0.9 } else { 1.0 });
        expect(of(sgd().decay_all()), |path| if is_running(path) { 1.0 } else { 0.9 });
        // A group's own decay holds for all its parameters, and is multiplied by its own rate.
        let group = Group::new("3.1").rate(2.0).weight_decay(0.1);
        expect(of(sgd().group(group)), |path| match path {
            "3.1.weight" | "3.1.bias" => 1.0 - 0.5 * 2.0 * 0.1,
            "0.weight" | "3.0.weight" => 0.9,
            _ => 1.0,
        });
        // Without a decay of its own, it has the optimizer's.
        expect(of(sgd().group(Group::new("3").rate(2.0))), |path| match path {
            "3.0.weight" | "3.1.weight" => 0.8,
            "0.weight" => 0.9,
            _ => 1.0,
        });
        // The last of several groups holds.
        let [outer, inner] = [Group::new("3").weight_decay(0.6), Group::new("3.0").weight_decay(0.4)];
        expect(of(Sgd::new(0.5).group(outer.clone()).group(inner.clone())), |path| match path {
            "3.0.weight" | "3.0.bias" => 0.8,
            "3.1.weight" | "3.1.bias" => 0.7,
            _ => 1.0,
        });
        expect(
            of(Sgd::new(0.5).group(inner).group(outer)),
            |path| if path.starts_with('3') { 0.7 } else { 1.0 },
        );
    }
}

#[test]
fn a_group_that_leads_nowhere_is_an_error_that_lists_the_paths() {
    // `2` is a Tanh; `0.weigh` is not a parameter, `33` begins as `3` does, and so on.
    for path in ["2", "0.weigh", "0.weights", "33", "3.2", "3.", ".3", "", "0.weight.0"] {
        let mut after = net();
        let mut adam = Adam::new(0.1).group(Group::new("0")).group(Group::new(path));
        let error = adam.step(&mut after, &net()).unwrap_err();
        let Error::UnknownPath { path: found, paths } = &error else { panic!("{error}") };
        assert_eq!(found, path);
        assert_eq!((paths.len(), &paths[0][..], &paths[9][..]), (10, "0.weight", "3.1.bias"));
        assert!(error.to_string().contains("the parameters are 0.weight, 0.bias, 1."), "{error}");
        assert_eq!(bits(&after), bits(&net()));
    }
    for path in ["3", "3.1", "3.1.bias", "0.weight", "1", "1.running_mean"] {
        Adam::new(0.1).group(Group::new(path)).step(&mut net(), &net()).unwrap();
    }
    type Deep = [Linear<1, 1>; 50];
    let error = Sgd::new(0.1).group(Group::new("x")).step(&mut *Deep::zeros(), &*Deep::zeros()).unwrap_err();
    assert!(error.to_string().ends_with(", 19.bias and 60 others"), "{error}");
}

/// A schedule and a plateau change all rates together.
#[test]
fn a_group_keeps_its_share_of_the_rate_under_a_schedule() {
    type Two = [Linear<1, 1, f64, NoBias>; 2];
    let net = Two::init_with(Initializer::constant(1.0), &mut rng(0));
    let sgd = Sgd::new(0.1).group(Group::new("1").rate(3.0));
    let mut trainer = Trainer::new(net, MeanSquaredError, sgd, 1).schedule(Schedule::exponential(0.5));
    for step in 0..3 {
        let before = trainer.network.clone();
        trainer.step(&[Vector([1.0])], &[Vector([0.5])]).unwrap();
        let gradient = trainer.gradient();
        for (layer, rate) in [(0, 0.1), (1, 0.3)] {
            let moved = trainer.network[layer].weights()[0] - before[layer].weights()[0];
            let expected = -rate * 0.5_f64.powi(step) * gradient[layer].weights()[0];
            approx::assert_relative_eq!(moved, expected, max_relative = 1e-9);
        }
    }
}

#[test]
fn maximizing_is_minimizing_with_the_gradient_turned() {
    let (gradient, mut turned) = (net(), Net::zeros());
    turned.add_scaled(-1.0, &gradient);
    // Running statistics are not a part of the loss.
    (turned.1.running_mean, turned.1.running_variance) =
        (gradient.1.running_mean, gradient.1.running_variance);
    let (mut up, mut down) = (net(), net());
    let (mut one, mut other) = (Adam::new(0.1).maximize(), Adam::new(0.1));
    for _ in 0..3 {
        one.step(&mut up, &gradient).unwrap();
        other.step(&mut down, &turned).unwrap();
    }
    assert_eq!(bits(&up), bits(&down));
    assert_ne!(bits(&up), bits(&net()));
}

/// The variance of a gradient that never changes is 0, and rounding makes s - m² negative: PyTorch's root is NaN then.
#[test]
fn the_centered_form_takes_no_root_of_a_negative_number() {
    let mut rmsprop = RmsProp::new(1e-3).centered().decay(0.5);
    let (mut net, mut gradient) = (Linear::<8, 8>::zeros(), Linear::<8, 8>::zeros());
    gradient.weights_mut().iter_mut().enumerate().for_each(|(at, g)| *g = 0.1 + at as f32 / 7.0);
    for _ in 0..200 {
        rmsprop.step(&mut net, &gradient).unwrap();
    }
    assert!(net.norm().is_finite());
}

/// f32: the sum of squares stays at the largest number, and training goes on.
#[test]
fn the_sum_of_adagrad_does_not_overflow() {
    let mut adagrad = Adagrad::new(1.0);
    let mut net = Linear::<1, 1>::zeros();
    let gradient = |g: f64| Linear::<1, 1>::init_with(Initializer::constant(g), &mut rng(0));
    for _ in 0..100 {
        adagrad.step(&mut net, &gradient(9e18)).unwrap();
    }
    let before = net.weights()[0];
    adagrad.step(&mut net, &gradient(9e18)).unwrap();
    // √3.4e38 is 1.8e19, so that a step is 0.49.
    approx::assert_relative_eq!(before - net.weights()[0], 0.488, max_relative = 1e-2);
}

#[test]
fn the_average_of_asgd_is_the_mean_of_the_networks_since_its_start() {
    type One = Linear<1, 1, f64, NoBias>;
    let mut asgd = Asgd::new(0.1).start(3);
    assert!(asgd.network().is_none());
    let mut net = One::init_with(Initializer::constant(1.0), &mut rng(0));
    let gradient = One::init_with(Initializer::constant(0.5), &mut rng(0));
    let mut weights = vec![];
    for step in 1..9 {
        asgd.step(&mut net, &gradient).unwrap();
        weights.push(net.weights()[0]);
        // The mean begins with step 5.
        let since = &weights[weights.len() - (step - 4_i32).max(1) as usize..];
        let mean = since.iter().sum::<f64>() / since.len() as f64;
        approx::assert_relative_eq!(asgd.network().unwrap().weights()[0], mean, max_relative = 1e-12);
    }
}

#[test]
fn networks_are_added_and_every_parameter_is_edited() {
    let (mut sum, other) = (net(), net());
    sum += &other;
    let mut doubled = Net::zeros();
    doubled.add_scaled(2.0, &other);
    assert_eq!(bits(&sum), bits(&doubled));

    type Mixed = (Linear<1, 2>, Identity);
    let mut mixed = Mixed::zeros();
    let mut seen = vec![];
    mixed.edit_parameters(|parameter, numbers: &mut [f32]| {
        numbers.fill(2.0);
        seen.push(format!("{} {:?} {}", parameter.path, parameter.shape, numbers.len()));
    });
    assert_eq!(seen, ["0.weight [1, 2] 2", "0.bias [2] 2"]);
    assert_eq!((mixed.0.weights(), mixed.0.bias), (&[2.0, 2.0][..], Vector([2.0, 2.0])));
    mixed.edit_parameters(|parameter, _: &mut [f64]| panic!("{} is of f32", parameter.path));
}
