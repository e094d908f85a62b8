//! Healthy trainings, usual and unusual ones.

use chainrule::diagnose::{Diagnose, Diagnosis};
use chainrule::prelude::*;

use super::Case;
use super::data::{bars, clouds, first_step, noisy, rings, waves};

pub(crate) const CASES: &[Case] = &[
    Case { name: "healthy mlp", problem: &[], diagnose: mlp },
    Case { name: "healthy convolutional", problem: &[], diagnose: convolutional },
    Case { name: "healthy regression", problem: &[], diagnose: regression },
    Case { name: "healthy residual of 30 blocks", problem: &[], diagnose: residual },
    Case { name: "healthy lstm", problem: &[], diagnose: lstm },
    Case { name: "healthy small batches", problem: &[], diagnose: small_batches },
    Case { name: "healthy noisy labels", problem: &[], diagnose: noisy_labels },
    Case { name: "healthy imbalance", problem: &[], diagnose: imbalance },
    Case { name: "healthy three times the rate", problem: &[], diagnose: fast },
    Case { name: "healthy plain sgd", problem: &[], diagnose: sgd },
    Case { name: "healthy tanh, somewhat saturated", problem: &[], diagnose: saturated },
    Case { name: "healthy batch norm and dropout", problem: &[], diagnose: norm_and_dropout },
    Case { name: "healthy logistic regression", problem: &[], diagnose: logistic },
    Case { name: "healthy adamw with clipping", problem: &[], diagnose: adamw },
    Case { name: "healthy warm-up", problem: &[], diagnose: warm_up },
    Case { name: "a warm-up of five trials", problem: &[], diagnose: long_warm_up },
];

fn mlp(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 3>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn convolutional(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, MaxPool2d<2>, Flatten, Linear<24, 2>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&bars(200, seed)).unwrap()
}

fn regression(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 32>, Tanh, Linear<32, 16>, Tanh, Linear<16, 1>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&waves::<3>(300, seed)).unwrap()
}

fn residual(seed: u64) -> Diagnosis {
    type Block = Residual<(LayerNorm<Vector<12>>, Relu, Linear<12, 12>)>;
    type Net = (Linear<4, 12>, [Block; 30], Linear<12, 2>);
    let mut net = Net::init(&mut rng(seed));
    net.edit_parameters(|parameter, numbers: &mut [f32]| {
        if parameter.path.to_string().ends_with("branch.2.weight") {
            numbers.iter_mut().for_each(|w| *w *= 0.25);
        }
    });
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn lstm(seed: u64) -> Diagnosis {
    type Net = (Lstm<1, 12>, LastStep, Linear<12, 2>);
    let mut net = Net::init(&mut rng(seed));
    net.0.set_forget_bias(2.0);
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(0.01), seed);
    trainer.diagnose(&first_step::<8>(200, seed)).unwrap()
}

fn small_batches(seed: u64) -> Diagnosis {
    type Net = (Linear<5, 16>, Tanh, Linear<16, 3>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose_with(&clouds::<5, 3>(200, seed), Diagnose::new().batch_size(4).quiet()).unwrap()
}

fn noisy_labels(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Relu, Linear<16, 3>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&noisy(clouds::<6, 3>(240, seed), 0.1, seed)).unwrap()
}

/// 80 : 20.
fn imbalance(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Relu, Linear<16, 2>);
    let data = clouds::<4, 5>(300, seed);
    let data = data.map_targets(|label| Label::<2>::new(usize::from(label.index() == 0)).unwrap());
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn fast(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 24>, Relu, Linear<24, 3>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn sgd(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Tanh, Linear<16, 3>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(0.05), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn saturated(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Tanh, Linear<24, 24>, Tanh, Linear<24, 3>);
    let net = Net::init_with(Initializer::glorot_normal().gain(2.0), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn norm_and_dropout(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, BatchNorm<24>, Relu, Dropout<30>, Linear<24, 3>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn logistic(seed: u64) -> Diagnosis {
    let net = <(Linear<6, 3>,)>::init(&mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn adamw(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Gelu, Linear<20, 20>, Gelu, Linear<20, 2>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), AdamW::new(2e-3), seed).clip_norm(1.0);
    trainer.diagnose(&rings::<4>(240, seed)).unwrap()
}

fn warm_up(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 3>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let schedule = Schedule::cosine(2000).warm_up(100);
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed).schedule(schedule);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn long_warm_up(seed: u64) -> Diagnosis {
    let net = <(Linear<6, 24>, Relu, Linear<24, 3>)>::init_with(Initializer::he_normal(), &mut rng(seed));
    let schedule = Schedule::cosine(5000).warm_up(500);
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed).schedule(schedule);
    let diagnosis = trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap();
    assert_eq!(diagnosis.full_rate, Some(3e-3)); // what all trials have
    diagnosis
}
