//! Numbers at the ends of a scalar's range: no step makes a weight or a moment infinite, and no norm overflows.

use crate::common::{bits, each_optimizer};
use approx::assert_relative_eq;
use chainrule::optimizer::{clip_norm, clip_value};
use chainrule::prelude::*;
use chainrule::{Error, Real};

type Net<T> = (Linear<1, 2, T>, Tanh, Linear<2, 1, T>);

fn gradient<T: Real>(value: f64) -> Owned<Net<T>> {
    Net::<T>::init_with(Initializer::constant(value), &mut rng(0))
}

/// A step with this gradient is an error that names a parameter, and later steps are as if it had not been tried.
fn is_not_taken<T: Real, O: Optimizer<Net<T>>>(mut optimizer: impl FnMut() -> O, bad: &[f64]) {
    let start = Net::<T>::init(&mut rng(1));
    let (mut net, mut undisturbed) = (start.clone(), start);
    let (mut one, mut other) = (optimizer(), optimizer());
    for step in 0..4 {
        for bad in bad {
            let mut large = gradient::<T>(0.1);
            large.2.weights_mut()[1] = T::from_f64(*bad);
            let error = one.step(&mut net, &large).unwrap_err();
            let Error::StepOverflow { parameter, element, value } = &error else { panic!("{error}") };
            assert!(*parameter == *"2.weight" && *element == 1, "{error}");
            assert_eq!(*value, T::from_f64(*bad).to_f64());
            assert_eq!(bits(&net), bits(&undisturbed), "step {step}: {error}");
        }
        one.step(&mut net, &gradient(0.5)).unwrap();
        other.step(&mut undisturbed, &gradient(0.5)).unwrap();
        assert_eq!(bits(&net), bits(&undisturbed));
    }
}

#[test]
fn a_step_that_would_overflow_a_moment_is_not_taken() {
    // The square of 1e21 is 1e42, and the largest f32 is 3e38; of 5e200 it is 25e400, and the largest f64 is 2e308.
    let (f32s, f64s) = ([1e21, -1e21, 1e20, 3e38, -3e38], [5e200, -5e200, 1.7e308, -1.7e308]);
    macro_rules! case {
        ("Sgd", $new:expr) => {}; // it keeps no gradient
        ("Sgd, weight decay", $new:expr) => {};
        ($name:literal, |$rate:ident| $new:expr) => {
            let new = || {
                let $rate = 0.01;
                $new
            };
            is_not_taken::<f32, _>(new, &f32s);
        };
    }
    each_optimizer!(case);
    is_not_taken::<f64, _>(|| Adam::new(0.01), &f64s);
    is_not_taken::<f64, _>(|| AdamW::new(0.01), &f64s);
    is_not_taken::<f64, _>(|| RmsProp::new(0.01), &f64s);
    is_not_taken::<f64, _>(|| Sgd::new(0.01).momentum(0.9), &f64s);
    is_not_taken::<f64, _>(|| Sgd::new(0.01).nesterov(0.9), &f64s);
}

/// The state of the optimizer is at its largest, so that only the sizes of the step decide.
#[test]
fn a_step_that_would_overflow_a_weight_is_not_taken() {
    fn never<T: Real, O: Optimizer<Net<T>>>(mut optimizer: O, g: f64) {
        let mut net = Net::<T>::init(&mut rng(1));
        let before = bits(&net);
        let error = optimizer.step(&mut net, &gradient(g)).unwrap_err();
        assert!(matches!(error, Error::StepOverflow { .. }), "{error}");
        assert_eq!(bits(&net), before);
    }
    never::<f32, _>(Sgd::new(1e20), 1e20);
    never::<f64, _>(Sgd::new(1e20), 1e290);
    never::<f32, _>(Sgd::new(1e38).momentum(0.9), 1e3);
    never::<f32, _>(Sgd::new(1e38).nesterov(0.9), 1e3);
    never::<f32, _>(Adam::new(3e38), 1.0); // 3e38 / (1 - 0.9) is above the largest f32
    never::<f32, _>(Adam::new(1e35).epsilon(1e-30), 1e-25); // g² is 0 in f32: the step is 1e35 * 1e-25 / 1e-30
    never::<f32, _>(AdamW::new(1e38).weight_decay(1e10), 1.0);
    never::<f32, _>(RmsProp::new(3e38), 1e3);
    never::<f32, _>(RmsProp::new(3e38).momentum(0.9), 1e3);
    never::<f32, _>(Adagrad::new(3e38).epsilon(1e-30), 1e-25);
    never::<f32, _>(Adadelta::new(3e38).epsilon(1e30), 1e3); // the first step is 3e38 times the gradient
    never::<f32, _>(NAdam::new(3e38), 1e3);
    never::<f32, _>(RAdam::new(3e38), 1e3);
    never::<f32, _>(Adamax::new(3e38), 1e3);
    never::<f32, _>(Asgd::new(1e36).lambda(0.0), 1e3);
    never::<f32, _>(Lion::new(1e38).weight_decay(1e10), 1.0);
    never::<f32, _>(Sgd::new(0.1).group(Group::new("2").rate(1e30)), 1e10);
    // What is added to the gradient is about 1e20, of which an optimizer cannot keep the square.
    never::<f32, _>(Adam::new(0.1).weight_decay(1e21), 0.1);
    never::<f32, _>(Sgd::new(1e-30).momentum(0.5).weight_decay(1e21), 0.1);
}

/// Weights at the largest number, the largest gradient that an optimizer takes, and then the smallest ones.
#[test]
fn steps_that_are_taken_keep_everything_finite() {
    fn stays_finite<T: Real, O: Optimizer<Net<T>>>(mut optimizer: O) {
        let largest = T::MAX.to_f64();
        for sign in [1.0, -1.0] {
            let mut net = gradient::<T>(sign * largest);
            for g in [0.49 * largest.sqrt(), -0.49 * largest.sqrt(), 1e-40, 0.0, 1.0] {
                for _ in 0..20 {
                    optimizer.step(&mut net, &gradient(g)).unwrap();
                    assert!(net.norm() <= 3.0 * largest && net.norm() > 0.0, "{} after {g}", net.norm());
                    assert!(bits(&net).iter().all(|&bits| f64::from_bits(bits).is_finite()));
                }
            }
        }
    }
    macro_rules! case {
        // The decay of the largest number is too large to be kept.
        ("Adam, a group", $new:expr) => {};
        ("Sgd, weight decay", $new:expr) => {};
        ($name:literal, |$rate:ident| $new:expr) => {{
            let $rate = 0.01;
            stays_finite::<f32, _>($new);
        }};
    }
    each_optimizer!(case);
    stays_finite::<f64, _>(Adagrad::new(0.01));
    stays_finite::<f64, _>(Adadelta::new(0.01));
    stays_finite::<f64, _>(Adam::new(0.01));
    stays_finite::<f64, _>(Sgd::new(0.01).momentum(0.9));
}

#[test]
fn without_moments_a_large_gradient_is_only_a_step() {
    let mut net = gradient::<f32>(0.5);
    Sgd::new(1e-21).step(&mut net, &gradient(1e21)).unwrap();
    assert_relative_eq!(net.0.weights()[0], -0.5, max_relative = 1e-6);
}

#[test]
fn training_continues_after_an_outlier() {
    let inputs: Vec<_> = (0..64).map(|i| Vector([i as f32 / 64.0])).collect();
    let targets: Vec<_> = inputs.iter().map(|x| Vector([(6.0 * x[0]).sin()])).collect();
    let net = <(Linear<1, 8>, Tanh, Linear<8, 1>)>::init(&mut rng(2));
    let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 3);
    let error = trainer.step(&[Vector([0.5])], &[Vector([1e21])]).unwrap_err();
    assert!(
        matches!(&error, Error::StepOverflow { parameter, .. } if parameter.to_string().starts_with("0.")),
        "{error}"
    );
    assert_eq!(trainer.steps(), 0);
    let first = trainer.step(&inputs, &targets).unwrap();
    for _ in 0..500 {
        trainer.step(&inputs, &targets).unwrap();
    }
    let last = trainer.step(&inputs, &targets).unwrap();
    assert!(last < first / 2.0, "{first} before and {last} after 500 steps");
    let path = std::env::temp_dir().join(format!("chainrule-overflow-{}.safetensors", std::process::id()));
    trainer.save_checkpoint(&path).unwrap();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_norm_neither_overflows_nor_underflows() {
    // Four weights of v: the norm is 2 v, whatever the biases, which are 0.
    for v in [1e-310, 5e-200, 1e-150, 1.0, 1e150, 5e200, 8e307] {
        let exact = 2.0 * v;
        assert_relative_eq!(gradient::<f64>(v).norm(), exact, max_relative = 1e-12);
        let clipped = |longest: f64| {
            let mut gradient = gradient::<f64>(v);
            assert_relative_eq!(clip_norm(&mut gradient, longest).unwrap(), exact, max_relative = 1e-12);
            gradient
        };
        if v >= 1.0 {
            assert_relative_eq!(clipped(1.0).norm(), 1.0, max_relative = 1e-12);
            assert_relative_eq!(clipped(1.0).0.weights()[0], 0.5, max_relative = 1e-12);
        } else {
            assert_eq!(bits(&clipped(1.0)), bits(&gradient::<f64>(v)));
            assert_relative_eq!(clipped(exact / 4.0).norm(), exact / 4.0, max_relative = 1e-10);
        }
    }
    for v in [1e-44, 1e-20, 1e20, 3e38] {
        assert_relative_eq!(gradient::<f32>(v).norm(), 2.0 * f64::from(v as f32), max_relative = 1e-12);
    }
    // The norm itself is above the largest f64, and is clipped all the same.
    let mut gradient = gradient::<f64>(1.7e308);
    assert_eq!(clip_norm(&mut gradient, 3.0).unwrap(), f64::INFINITY);
    assert_relative_eq!(gradient.norm(), 3.0, max_relative = 1e-12);
    gradient.0.weights_mut()[0] = f64::NAN;
    assert!(gradient.norm().is_nan());
    gradient.0.weights_mut()[0] = f64::NEG_INFINITY;
    assert_eq!(gradient.norm(), f64::INFINITY);
    clip_norm(&mut gradient, 1.0).unwrap();
    assert_eq!(gradient.0.weights()[0], f64::NEG_INFINITY); // the optimizer will reject it
    clip_value(&mut gradient, 1.0).unwrap();
    assert_eq!(gradient.0.weights()[0], f64::NEG_INFINITY);
}

#[test]
fn training_in_f64_is_clipped_at_any_size() {
    let net = Linear::<1, 1, f64>::init_with(Initializer::constant(1.0), &mut rng(0));
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(1.0), 0).clip_norm(1.0);
    // dR/dw = 2 (x w - y) x is about -2e200, and dR/db 2e10 times less.
    trainer.step(&[Vector([2e10])], &[Vector([5e140])]).unwrap();
    assert_relative_eq!(trainer.network.weights()[0], 2.0, max_relative = 1e-9);
}

#[test]
fn a_learning_rate_that_is_no_rate_is_an_error_of_every_optimizer_and_schedule() {
    fn never<O: Optimizer<Net<f32>>>(mut optimizer: O) {
        for rate in [-1.0, -1e-9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e39, f64::MAX] {
            *optimizer.learning_rate() = rate;
            let mut net = Net::init(&mut rng(1));
            let before = bits(&net);
            let error = optimizer.step(&mut net, &gradient(0.1)).unwrap_err();
            assert!(matches!(error, Error::Setting { name: "the learning rate", .. }), "{error}");
            assert_eq!(bits(&net), before);
        }
    }
    macro_rules! case {
        ($name:literal, |$rate:ident| $new:expr) => {{
            let $rate = 0.1;
            never($new);
        }};
    }
    each_optimizer!(case);
    never(FreezeParameters::new(Adam::new(0.1), ["0"]));

    let schedules = [
        Schedule::step(1, -0.5),
        Schedule::step(1, f64::INFINITY),
        Schedule::exponential(f64::NAN),
        Schedule::exponential(1e30),
        Schedule::exponential(-1.0),
        Schedule::cosine(2).floor(-1.0),
        Schedule::cosine(2).floor(f64::NAN),
        Schedule::cosine_warm_restarts(2, 2).floor(f64::NEG_INFINITY),
        Schedule::multi_step([1, 2], -1.0),
        Schedule::linear(0.5, f64::NAN, 3),
        Schedule::polynomial(3, f64::NAN),
        Schedule::cyclic(-3.0, 2, 2),
        Schedule::constant().then(2, Schedule::constant_factor(-1.0)),
        Schedule::constant().times(Schedule::constant_factor(f64::INFINITY)),
        Schedule::constant().warm_up_from(-1.0, 3),
        Schedule::constant().warm_up(3).floor(f64::NAN),
        Schedule::exponential(f64::NAN).floor(0.1),
        Schedule::constant().warm_up(3).floor(-1.0),
    ];
    let last = schedules.len() - 1;
    for (at, schedule) in schedules.into_iter().enumerate() {
        let mut trainer = Trainer::new(Net::<f32>::init(&mut rng(1)), MeanSquaredError, Adam::new(0.1), 1)
            .schedule(schedule.clone());
        let mut step = || trainer.step(&[Vector([0.5])], &[Vector([1.0])]);
        let error = (0..5).find_map(|_| step().err());
        let is_setting = matches!(error, Some(Error::Setting { name: "the learning rate", .. }));
        assert_eq!(is_setting, at < last, "{schedule:?}: {error:?}");
        assert!(trainer.network.norm().is_finite());
    }
}
