//! Other kinds of the same problems: other layers, losses, optimizers and sizes. They run with `--ignored`.

use chainrule::data::Dataset;
use chainrule::diagnose::Problem::*;
use chainrule::diagnose::{Diagnose, Diagnosis};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

use super::Case;
use super::data::{bars, clouds, first_step, noisy, normal, rings, waves};

pub(crate) const CASES: &[Case] = &[
    Case { name: "more: vanishing, sgd and sigmoid", problem: &[VanishingGradient], diagnose: vanishing_sgd },
    Case {
        name: "more: vanishing, relu with small weights",
        problem: &[VanishingGradient],
        diagnose: vanishing_relu,
    },
    Case {
        name: "more: exploding, tanh",
        problem: &[ExplodingGradient, SaturatedUnits],
        diagnose: exploding_tanh,
    },
    Case { name: "more: exploding through time", problem: &[ExplodingThroughTime], diagnose: exploding_time },
    Case { name: "more: vanishing through time, lstm", problem: &[VanishingThroughTime], diagnose: lstm },
    Case { name: "more: dead, convolution", problem: &[DeadUnits], diagnose: dead_convolution },
    Case { name: "more: dead, second layer", problem: &[DeadUnits], diagnose: dead_second },
    Case { name: "more: saturated, biases", problem: &[SaturatedUnits], diagnose: saturated_biases },
    Case {
        name: "more: symmetric convolution",
        problem: &[SymmetricWeights],
        diagnose: symmetric_convolution,
    },
    Case {
        name: "more: symmetric, adam, regression",
        problem: &[SymmetricWeights],
        diagnose: symmetric_regression,
    },
    Case { name: "more: infinite weight", problem: &[NonFiniteWeights], diagnose: infinite },
    Case {
        name: "more: rate too high, convolution",
        problem: &[LearningRateTooHigh],
        diagnose: high_convolution,
    },
    Case { name: "more: rate too high, rmsprop", problem: &[LearningRateTooHigh], diagnose: high_rmsprop },
    Case { name: "more: rate too high, momentum", problem: &[LearningRateTooHigh], diagnose: high_momentum },
    Case { name: "more: rate of 0", problem: &[LearningRateTooLow], diagnose: no_rate },
    Case { name: "more: rate too low, regression", problem: &[LearningRateTooLow], diagnose: low_regression },
    Case { name: "more: schedule is step decay", problem: &[ScheduleEnded], diagnose: step_decay },
    Case { name: "more: clipped by value", problem: &[ClippingTooTight], diagnose: clipped_values },
    Case { name: "more: decoupled decay", problem: &[WeightDecayTooStrong], diagnose: decoupled },
    Case { name: "more: pixels to 255", problem: &[InputScale], diagnose: pixels },
    Case { name: "more: inputs around 500", problem: &[InputScale], diagnose: offset },
    Case { name: "more: targets of 1e-3", problem: &[TargetScale], diagnose: small_targets },
    Case { name: "more: targets beyond tanh", problem: &[TargetsOutOfRange], diagnose: beyond_tanh },
    Case { name: "more: targets below relu", problem: &[TargetsOutOfRange], diagnose: below_relu },
    Case {
        name: "more: relu before cross-entropy",
        problem: &[OutputActivation, DeadUnits],
        diagnose: relu_before,
    },
    Case { name: "more: random targets", problem: &[UnrelatedTargets], diagnose: random_targets },
    Case { name: "more: random labels, two classes", problem: &[UnrelatedTargets], diagnose: random_bits },
    Case { name: "more: conflicting, few inputs", problem: &[ConflictingTargets], diagnose: few_inputs },
    Case { name: "more: imbalance, three classes", problem: &[ClassImbalance], diagnose: imbalance_of_three },
    Case { name: "more: dropout of 85 per cent, regression", problem: &[TooMuchDropout], diagnose: dropout },
    Case { name: "more: linear regression of waves", problem: &[LinearNetwork], diagnose: linear_regression },
    Case { name: "more: bottleneck of classes", problem: &[Bottleneck], diagnose: bottleneck_classes },
    Case {
        name: "more: dead branch, convolution",
        problem: &[DeadBranch],
        diagnose: dead_convolution_branch,
    },
    Case {
        name: "more: batch norm, micro-batches of one",
        problem: &[BatchNormOfOne],
        diagnose: micro_batch,
    },
    Case {
        name: "more: frozen zeros",
        problem: &[DisconnectedLayer, SymmetricWeights],
        diagnose: frozen_zeros,
    },
    Case { name: "more: noisy classes", problem: &[NoisyGradient], diagnose: noisy_classes },
    Case { name: "more: ruined by the rate", problem: &[LearningRateTooHigh], diagnose: ruined },
    Case { name: "more: schedule of ten steps", problem: &[ScheduleEnded], diagnose: short_schedule },
    Case { name: "healthy more: log-probabilities", problem: &[], diagnose: log_probabilities },
    Case { name: "healthy more: autoencoder", problem: &[], diagnose: autoencoder },
    Case { name: "healthy more: gru", problem: &[], diagnose: gru },
    Case { name: "healthy more: embedding-free f64", problem: &[], diagnose: double },
    Case { name: "healthy more: digits in sixteenths", problem: &[], diagnose: sixteenths },
    Case { name: "healthy more: huber", problem: &[], diagnose: huber },
    Case { name: "healthy more: trained already", problem: &[], diagnose: trained },
    Case { name: "healthy more: batches of 1", problem: &[], diagnose: batch_of_one },
    Case { name: "healthy more: few samples", problem: &[], diagnose: few_samples },
    Case { name: "healthy more: sgd 0.01 with momentum", problem: &[], diagnose: sgd_momentum },
    Case { name: "healthy more: sigmoid output of shares", problem: &[], diagnose: shares },
    Case { name: "healthy more: zero last layer", problem: &[], diagnose: zero_last },
    Case { name: "healthy more: dropout of a half", problem: &[], diagnose: half_dropout },
];

fn he<N: Parameters>(seed: u64) -> Owned<N> {
    N::init_with(Initializer::he_normal(), &mut rng(seed))
}

fn vanishing_sgd(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 12>, [(Sigmoid, Linear<12, 12>); 7], Sigmoid, Linear<12, 3>);
    let trainer =
        Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn vanishing_relu(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, [(Relu, Linear<16, 16>); 10], Relu, Linear<16, 1>);
    let net = Net::init_with(Initializer::he_normal().gain(0.3), &mut rng(seed));
    let trainer = Trainer::new(net, MeanSquaredError, Adam::new(1e-3), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn exploding_tanh(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 24>, [(Tanh, Linear<24, 24>); 10], Tanh, Linear<24, 2>);
    let net = Net::init_with(Initializer::glorot_normal().gain(4.0), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.05), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn exploding_time(seed: u64) -> Diagnosis {
    type Net = (Rnn<1, 12, Relu>, LastStep, Linear<12, 2>);
    let net = Net::init_with(Initializer::glorot_normal().gain(2.2), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.05), seed);
    trainer.diagnose(&first_step::<25>(160, seed)).unwrap()
}

fn lstm(seed: u64) -> Diagnosis {
    type Net = (Lstm<1, 6>, LastStep, Linear<6, 2>);
    let mut net = Net::init(&mut rng(seed));
    net.0.set_forget_bias(-2.0);
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&first_step::<16>(160, seed)).unwrap()
}

fn dead_convolution(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, Flatten, Linear<96, 2>);
    let mut net = he::<Net>(seed);
    net.edit_parameter("0.bias", |bias: &mut [f32]| bias.fill(-30.0)).unwrap();
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&bars(160, seed)).unwrap()
}

fn dead_second(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Relu, Linear<20, 20>, Relu, Linear<20, 1>);
    let mut net = he::<Net>(seed);
    net.2.bias.0.fill(-40.0);
    let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.02).momentum(0.9), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn saturated_biases(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Tanh, Linear<20, 20>, Tanh, Linear<20, 2>);
    let mut net = Net::init(&mut rng(seed));
    net.0.bias.0.iter_mut().enumerate().for_each(|(at, b)| *b = if at % 2 == 0 { 12.0 } else { -12.0 });
    net.2.bias.0.iter_mut().enumerate().for_each(|(at, b)| *b = if at % 2 == 0 { 12.0 } else { -12.0 });
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn symmetric_convolution(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 4, 3>, Tanh, Conv2d<4, 4, 3>, Tanh, Flatten, Linear<16, 2>);
    let net = Net::init_with(Initializer::constant(0.05), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&bars(160, seed)).unwrap()
}

fn symmetric_regression(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 1>);
    let net = Net::init_with(Initializer::constant(0.2), &mut rng(seed));
    let trainer = Trainer::new(net, MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn infinite(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, Tanh, Linear<16, 1>);
    let mut net = Net::init(&mut rng(seed));
    net.edit_parameter("0.weight", |w: &mut [f32]| w[5] = f32::INFINITY).unwrap();
    let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.01), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn high_convolution(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, MaxPool2d<2>, Flatten, Linear<24, 2>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(10.0), seed);
    trainer.diagnose(&bars(160, seed)).unwrap()
}

fn high_rmsprop(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Relu, Linear<24, 24>, Relu, Linear<24, 1>);
    let trainer = Trainer::new(he::<Net>(seed), MeanSquaredError, RmsProp::new(0.5), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn high_momentum(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 24>, Tanh, Linear<24, 2>);
    let trainer =
        Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(10.0).momentum(0.9), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn no_rate(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Tanh, Linear<24, 3>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(0.0), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn low_regression(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 24>, Tanh, Linear<24, 1>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Sgd::new(1e-5), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn step_decay(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 1>);
    let data = waves::<3>(200, seed);
    let mut trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Sgd::new(0.1), seed)
        .schedule(Schedule::step(2, 0.1));
    for _ in 0..12 {
        trainer.step(&data.inputs()[..32], &data.targets()[..32]).unwrap();
    }
    trainer.diagnose(&data).unwrap()
}

fn clipped_values(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 1>);
    let trainer =
        Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Sgd::new(0.1), seed).clip_value(1e-5);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn decoupled(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 1>);
    let trainer =
        Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, AdamW::new(5e-3).weight_decay(30.0), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn pixels(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Tanh, Flatten, Linear<96, 2>);
    let data = bars(160, seed).map_inputs(|x| x.map(|x| (80.0 * x + 90.0).clamp(0.0, 255.0)));
    let trainer =
        Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(0.05).momentum(0.9), seed);
    trainer.diagnose(&data).unwrap()
}

fn offset(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Tanh, Linear<20, 2>);
    let data = rings::<4>(200, seed).map_inputs(|x| x + Vector([500.0; 4]));
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn small_targets(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Tanh, Linear<20, 1>);
    let data = waves::<3>(200, seed).map_targets(|y| y * 1e-3);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn beyond_tanh(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Relu, Linear<20, 1>, Tanh);
    let data = waves::<3>(200, seed).map_targets(|y| y * 4.0);
    let trainer = Trainer::new(he::<Net>(seed), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn below_relu(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Tanh, Linear<20, 1>, Relu);
    let data = waves::<3>(200, seed).map_targets(|y| y - Vector([2.0]));
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanAbsoluteError, Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn relu_before(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 20>, Tanh, Linear<20, 3>, Relu);
    let mut net = Net::init(&mut rng(seed));
    net.2.bias.0.fill(-1.0);
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn random_targets(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 1>);
    let rng = &mut rng(seed);
    let data = waves::<3>(300, seed).map_targets(|_| Vector([normal(rng)]));
    let trainer = Trainer::new(Net::init(rng), MeanSquaredError, Adam::new(3e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn random_bits(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, Flatten, Linear<96, 2>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&noisy(bars(200, seed), 1.0, seed)).unwrap()
}

fn few_inputs(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, Relu, Linear<16, 2>);
    let rng = &mut rng(seed);
    let pairs: Vec<_> = (0..240)
        .map(|at| {
            let bits: [f32; 3] = std::array::from_fn(|bit| (at >> bit & 1) as f32);
            let right = (bits[0] as usize) ^ (bits[1] as usize);
            let label = if rng.random::<f32>() < 0.35 { 1 - right } else { right };
            (Vector(bits), Label::<2>::new(label).unwrap())
        })
        .collect();
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&Dataset::from_pairs(pairs).unwrap()).unwrap()
}

fn imbalance_of_three(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Tanh, Linear<16, 3>);
    let rng = &mut rng(seed);
    let pairs: Vec<_> = (0..600)
        .map(|at| {
            let class = match at % 40 {
                0 => 1,
                1 => 2,
                _ => 0,
            };
            let x: [f32; 4] =
                std::array::from_fn(|d| normal(rng) + if class > 0 && d == class { 1.3 } else { 0.0 });
            (Vector(x), Label::<3>::new(class).unwrap())
        })
        .collect();
    let trainer = Trainer::new(Net::init(rng), CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), seed);
    trainer.diagnose(&Dataset::from_pairs(pairs).unwrap()).unwrap()
}

fn dropout(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Tanh, Dropout<85>, Linear<20, 20>, Tanh, Dropout<85>, Linear<20, 1>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(3e-3), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn linear_regression(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 32>, Linear<32, 1>);
    let data = Dataset::from_pairs(
        waves::<3>(300, seed)
            .iter()
            .map(|(x, _)| (*x, Vector([x[0] * x[0] - 1.0 + 0.5 * x[1] * x[2]])))
            .collect::<Vec<_>>(),
    );
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&data.unwrap()).unwrap()
}

fn bottleneck_classes(seed: u64) -> Diagnosis {
    type Net = (Linear<8, 20>, Relu, Linear<20, 1>, Tanh, Linear<1, 20>, Relu, Linear<20, 8>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&clouds::<8, 8>(320, seed)).unwrap()
}

fn dead_convolution_branch(seed: u64) -> Diagnosis {
    type Wide = Conv2dWith<4, 4, (Kernel<3>, Padding<1>)>;
    type Block = Residual<(Wide, Relu, Wide)>;
    type Net = (Conv2d<1, 4, 3>, Block, Block, Flatten, Linear<64, 2>);
    let mut net = Net::init(&mut rng(seed));
    net.edit_parameter("1.branch.0.bias", |bias: &mut [f32]| bias.fill(-100.0)).unwrap();
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&bars(160, seed)).unwrap()
}

fn micro_batch(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, BatchNorm<16>, Tanh, Linear<16, 1>);
    let trainer =
        Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(2e-3), seed).micro_batch(1);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn frozen_zeros(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 3>);
    let mut net = Net::init(&mut rng(seed));
    net.edit_parameter("2.weight", |w: &mut [f32]| w.fill(0.0)).unwrap();
    let optimizer = FreezeParameters::new(Adam::new(3e-3), ["2"]);
    let trainer = Trainer::new(net, CrossEntropy::default(), optimizer, seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn noisy_classes(seed: u64) -> Diagnosis {
    type Net = (Linear<10, 24>, Relu, Linear<24, 4>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(0.3), seed);
    let data = noisy(clouds::<10, 4>(400, seed), 0.5, seed);
    trainer.diagnose_with(&data, Diagnose::new().batch_size(2)).unwrap()
}

fn autoencoder(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Tanh, Linear<16, 2>, Linear<2, 16>, Tanh, Linear<16, 6>);
    let rng = &mut rng(seed);
    let mixing: [[f32; 6]; 2] = std::array::from_fn(|_| std::array::from_fn(|_| normal(rng)));
    let points: Vec<_> = (0..250)
        .map(|_| {
            let z = [normal(rng), normal(rng)];
            Vector::<6>(std::array::from_fn(|d| {
                z[0] * mixing[0][d] + z[1] * mixing[1][d] + 0.1 * normal(rng)
            }))
        })
        .collect();
    let data = Dataset::new(points.clone(), points).unwrap();
    let trainer = Trainer::new(Net::init(rng), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn gru(seed: u64) -> Diagnosis {
    type Net = (Gru<1, 12>, LastStep, Linear<12, 2>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(0.01), seed);
    trainer.diagnose(&first_step::<10>(200, seed)).unwrap()
}

fn double(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20, f64>, Tanh, Linear<20, 1, f64>);
    let pairs: Vec<_> = waves::<3>(240, seed)
        .iter()
        .map(|(x, y)| (Vector(x.0.map(f64::from)), Vector(y.0.map(f64::from))))
        .collect();
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(0.01), seed);
    trainer.diagnose(&Dataset::from_pairs(pairs).unwrap()).unwrap()
}

fn sixteenths(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, Flatten, Linear<96, 2>);
    let data = bars(200, seed).map_inputs(|x| x.map(|x| (8.0 * x).clamp(0.0, 16.0).round()));
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(1e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn huber(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 24>, Gelu, Linear<24, 1>);
    let trainer = Trainer::new(he::<Net>(seed), Huber::new(1.0), AdamW::new(5e-3), seed);
    trainer.diagnose(&waves::<4>(300, seed)).unwrap()
}

fn trained(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 3>);
    let data = clouds::<6, 3>(240, seed);
    let mut trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(3e-3), seed)
        .schedule(Schedule::cosine(300));
    for _ in 0..310 {
        trainer.step(&data.inputs()[..160], &data.targets()[..160]).unwrap();
    }
    trainer.diagnose(&data).unwrap()
}

fn batch_of_one(seed: u64) -> Diagnosis {
    type Net = (Linear<5, 16>, Tanh, Linear<16, 3>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(0.03), seed);
    trainer.diagnose_with(&clouds::<5, 3>(200, seed), Diagnose::new().batch_size(1)).unwrap()
}

fn few_samples(seed: u64) -> Diagnosis {
    type Net = (Linear<2, 12>, Tanh, Linear<12, 2>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(0.02), seed);
    trainer.diagnose(&rings::<2>(24, seed)).unwrap()
}

fn sgd_momentum(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, MaxPool2d<2>, Flatten, Linear<24, 2>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(0.01).momentum(0.9), seed);
    trainer.diagnose(&bars(200, seed)).unwrap()
}

fn shares(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 1>, Sigmoid);
    let data = waves::<3>(240, seed).map_targets(|y| y.map(|y| 1.0 / (1.0 + (-y).exp())));
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(0.01), seed);
    trainer.diagnose(&data).unwrap()
}

fn zero_last(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 3>);
    let mut net = he::<Net>(seed);
    net.edit_parameter("2.weight", |w: &mut [f32]| w.fill(0.0)).unwrap();
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

fn half_dropout(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 48>, Relu, Dropout<50>, Linear<48, 48>, Relu, Dropout<50>, Linear<48, 3>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(240, seed)).unwrap()
}

/// A learning rate of 20 has killed the units before the diagnosis.
fn ruined(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Relu, Linear<20, 20>, Relu, Linear<20, 2>);
    let data = rings::<4>(200, seed);
    let mut trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(20.0), seed);
    for _ in 0..10 {
        trainer.step(&data.inputs()[..64], &data.targets()[..64]).unwrap();
    }
    trainer.diagnose(&data).unwrap()
}

fn short_schedule(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Tanh, Linear<20, 2>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(5e-3), seed)
        .schedule(Schedule::cosine(10));
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn log_probabilities(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 20>, Relu, Linear<20, 3>, LogSoftmax);
    let trainer = Trainer::new(he::<Net>(seed), NllLoss, Adam::new(3e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}
