//! Trainings with one known problem each.

use chainrule::data::Dataset;
use chainrule::diagnose::Problem::*;
use chainrule::diagnose::{Diagnose, Diagnosis};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

use super::Case;
use super::data::{bars, clouds, first_step, noisy, normal, rings, waves};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "vanishing, 9 layers of sigmoid",
        problem: &[VanishingGradient],
        diagnose: vanishing_sigmoid,
    },
    Case {
        name: "vanishing, 15 layers of tanh with small weights",
        problem: &[VanishingGradient],
        diagnose: vanishing_tanh,
    },
    Case { name: "exploding, 10 layers of relu", problem: &[ExplodingGradient], diagnose: exploding_relu },
    Case { name: "vanishing through time", problem: &[VanishingThroughTime], diagnose: through_time },
    Case { name: "dead, biases of -20", problem: &[DeadUnits], diagnose: dead },
    Case { name: "saturated, weights of 30", problem: &[SaturatedUnits], diagnose: saturated },
    Case { name: "symmetric, a constant", problem: &[SymmetricWeights], diagnose: symmetric },
    Case { name: "symmetric, zeros", problem: &[SymmetricWeights], diagnose: zeros },
    Case { name: "not finite", problem: &[NonFiniteWeights], diagnose: not_finite },
    Case { name: "rate too high, adam", problem: &[LearningRateTooHigh], diagnose: rate_too_high_adam },
    Case { name: "rate too high, sgd", problem: &[LearningRateTooHigh], diagnose: rate_too_high_sgd },
    Case { name: "rate too low, adam", problem: &[LearningRateTooLow], diagnose: rate_too_low_adam },
    Case { name: "rate too low, sgd", problem: &[LearningRateTooLow], diagnose: rate_too_low_sgd },
    Case { name: "schedule ended", problem: &[ScheduleEnded], diagnose: schedule_ended },
    Case { name: "clipped", problem: &[ClippingTooTight], diagnose: clipped },
    Case { name: "spikes", problem: &[GradientSpikes], diagnose: spikes },
    Case { name: "weight decay", problem: &[WeightDecayTooStrong], diagnose: weight_decay },
    Case { name: "noisy gradient", problem: &[NoisyGradient], diagnose: noisy_gradient },
    Case { name: "momentum", problem: &[MomentumTooHigh], diagnose: momentum },
    Case { name: "inputs times 1000", problem: &[InputScale], diagnose: large_inputs },
    Case { name: "inputs times 0.0001", problem: &[InputScale], diagnose: small_inputs },
    Case { name: "one feature dominates", problem: &[InputScale], diagnose: one_feature },
    Case { name: "constant inputs", problem: &[ConstantInputs], diagnose: constant_inputs },
    Case { name: "one class only", problem: &[ConstantTargets], diagnose: one_class },
    Case { name: "targets around 3000", problem: &[TargetScale], diagnose: large_targets },
    Case { name: "targets below a sigmoid", problem: &[TargetsOutOfRange], diagnose: out_of_range },
    Case { name: "softmax before cross-entropy", problem: &[OutputActivation], diagnose: softmax },
    Case { name: "sigmoid before binary cross-entropy", problem: &[OutputActivation], diagnose: sigmoid },
    Case { name: "random labels", problem: &[UnrelatedTargets], diagnose: random_labels },
    Case { name: "conflicting labels", problem: &[ConflictingTargets], diagnose: conflicting },
    Case { name: "imbalance", problem: &[ClassImbalance], diagnose: imbalance },
    Case { name: "dropout of 95 per cent", problem: &[TooMuchDropout], diagnose: dropout },
    Case { name: "linear", problem: &[LinearNetwork], diagnose: linear },
    Case { name: "bottleneck", problem: &[Bottleneck], diagnose: bottleneck },
    Case { name: "dead branch", problem: &[DeadBranch], diagnose: dead_branch },
    Case { name: "batch norm of one", problem: &[BatchNormOfOne], diagnose: batch_norm },
    Case { name: "disconnected", problem: &[DisconnectedLayer], diagnose: disconnected },
];

fn he<N: Parameters>(seed: u64) -> Owned<N> {
    N::init_with(Initializer::he_normal(), &mut rng(seed))
}

fn vanishing_sigmoid(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 10>, [(Sigmoid, Linear<10, 10>); 8], Sigmoid, Linear<10, 2>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn vanishing_tanh(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 8>, [(Tanh, Linear<8, 8>); 14], Tanh, Linear<8, 1>);
    let net = Net::init_with(Initializer::glorot_uniform().gain(0.4), &mut rng(seed));
    let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.05).momentum(0.9), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn exploding_relu(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 12>, [(Relu, Linear<12, 12>); 9], Relu, Linear<12, 2>);
    let net = Net::init_with(Initializer::he_normal().gain(3.0), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.01), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn through_time(seed: u64) -> Diagnosis {
    type Net = (Rnn<1, 8>, LastStep, Linear<8, 2>);
    let net = Net::init_with(Initializer::glorot_uniform().gain(0.5), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1), seed);
    trainer.diagnose(&first_step::<24>(160, seed)).unwrap()
}

fn dead(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 3>);
    let mut net = he::<Net>(seed);
    net.0.bias.0.fill(-20.0);
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn saturated(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 1>);
    let mut net = Net::init(&mut rng(seed));
    net.edit_parameters(|parameter, numbers: &mut [f32]| {
        if !parameter.path.to_string().starts_with("4.") {
            numbers.iter_mut().for_each(|w| *w *= 40.0);
        }
    });
    let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.02), seed);
    trainer.diagnose(&waves::<6>(200, seed)).unwrap()
}

fn symmetric(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 2>);
    let net = Net::init_with(Initializer::constant(0.1), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn zeros(seed: u64) -> Diagnosis {
    type Net = (Linear<5, 16>, Relu, Linear<16, 16>, Relu, Linear<16, 3>);
    let net = Net::init_with(Initializer::zeros(), &mut rng(seed));
    let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1), seed);
    trainer.diagnose(&clouds::<5, 3>(200, seed)).unwrap()
}

fn not_finite(seed: u64) -> Diagnosis {
    type Net = (Linear<5, 16>, Relu, Linear<16, 3>);
    let mut net = he::<Net>(seed);
    net.2.bias.0[1] = f32::NAN;
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), seed);
    trainer.diagnose(&clouds::<5, 3>(200, seed)).unwrap()
}

fn rate_too_high_adam(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Relu, Linear<20, 20>, Relu, Linear<20, 2>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(10.0), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn rate_too_high_sgd(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 24>, Tanh, Linear<24, 1>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Sgd::new(3.0), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn rate_too_low_adam(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 20>, Relu, Linear<20, 3>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(1e-6), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn rate_too_low_sgd(seed: u64) -> Diagnosis {
    type Net = (Conv2d<1, 6, 3>, Relu, Flatten, Linear<96, 2>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(1e-5).momentum(0.9), seed);
    trainer.diagnose(&bars(160, seed)).unwrap()
}

fn schedule_ended(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 20>, Relu, Linear<20, 3>);
    let data = clouds::<6, 3>(200, seed);
    let mut trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(1e-3), seed)
        .schedule(Schedule::cosine(5));
    for _ in 0..8 {
        trainer.step(&data.inputs()[..32], &data.targets()[..32]).unwrap();
    }
    trainer.diagnose(&data).unwrap()
}

fn clipped(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 20>, Relu, Linear<20, 3>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), seed)
        .clip_norm(1e-4);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn spikes(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Relu, Linear<16, 1>);
    let mut data = waves::<4>(300, seed);
    for at in [7, 150, 222] {
        data.inputs_mut()[at] = data.inputs()[at] * 100.0;
        data.targets_mut()[at] = Vector([100.0]);
    }
    let trainer = Trainer::new(he::<Net>(seed), MeanSquaredError, Sgd::new(0.02), seed);
    trainer.diagnose(&data).unwrap()
}

fn weight_decay(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Tanh, Linear<20, 2>);
    let optimizer = Sgd::new(0.1).momentum(0.9).weight_decay(0.3);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), optimizer, seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn noisy_gradient(seed: u64) -> Diagnosis {
    type Net = (Linear<8, 16>, Tanh, Linear<16, 1>);
    let rng = &mut rng(seed);
    let pairs: Vec<_> = (0..400)
        .map(|_| {
            let x: [f32; 8] = std::array::from_fn(|_| normal(rng));
            (Vector(x), Vector([0.7 * x[0] - 0.7 * x[1] + 1.2 * normal(rng)]))
        })
        .collect();
    let data = Dataset::from_pairs(pairs).unwrap();
    let trainer = Trainer::new(Net::init(rng), MeanSquaredError, Sgd::new(0.08), seed);
    trainer.diagnose_with(&data, Diagnose::new().batch_size(1)).unwrap()
}

fn momentum(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, Tanh, Linear<16, 1>);
    let optimizer = Sgd::new(0.1).momentum(0.998);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, optimizer, seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn large_inputs(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Tanh, Linear<16, 2>);
    let data = rings::<4>(200, seed).map_inputs(|x| x * 1000.0);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn small_inputs(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Relu, Linear<16, 3>);
    let data = clouds::<6, 3>(200, seed).map_inputs(|x| x * 1e-4);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Sgd::new(0.1), seed);
    trainer.diagnose(&data).unwrap()
}

fn one_feature(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Tanh, Linear<16, 2>);
    let mut data = rings::<4>(200, seed);
    data.inputs_mut().iter_mut().for_each(|x| x.0[3] *= 2000.0);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn constant_inputs(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 16>, Tanh, Linear<16, 2>);
    let data = rings::<4>(200, seed).map_inputs(|_| Vector([0.3, 0.1, 0.7, 0.2]));
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn large_targets(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Relu, Linear<20, 1>);
    let data = waves::<3>(200, seed).map_targets(|y| y * 500.0 + Vector([3000.0]));
    let trainer = Trainer::new(he::<Net>(seed), MeanSquaredError, Adam::new(1e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn out_of_range(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 20>, Tanh, Linear<20, 1>, Sigmoid);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&waves::<3>(200, seed)).unwrap()
}

fn softmax(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 20>, Relu, Linear<20, 3>, Softmax);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn sigmoid(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Tanh, Linear<20, 1>, Sigmoid);
    let data = rings::<4>(200, seed).map_targets(|label| Vector([label.index() as f32]));
    let trainer = Trainer::new(Net::init(&mut rng(seed)), BinaryCrossEntropy, Adam::new(5e-3), seed);
    trainer.diagnose(&data).unwrap()
}

fn random_labels(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 24>, Relu, Linear<24, 3>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&noisy(clouds::<6, 3>(240, seed), 1.0, seed)).unwrap()
}

fn conflicting(seed: u64) -> Diagnosis {
    type Net = (Linear<5, 20>, Relu, Linear<20, 3>);
    let once = clouds::<5, 3>(100, seed);
    let data = noisy(once.clone().concat(once.clone()).concat(once), 0.7, seed);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&data).unwrap()
}

/// 96 : 4, and the classes overlap.
fn imbalance(seed: u64) -> Diagnosis {
    type Net = (Linear<3, 16>, Relu, Linear<16, 2>);
    let rng = &mut rng(seed);
    let pairs: Vec<_> = (0..500)
        .map(|at| {
            let rare = at % 25 == 0;
            let x: [f32; 3] = std::array::from_fn(|_| normal(rng) + if rare { 0.9 } else { 0.0 });
            (Vector(x), Label::<2>::new(usize::from(rare)).unwrap())
        })
        .collect();
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&Dataset::from_pairs(pairs).unwrap()).unwrap()
}

fn dropout(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 24>, Relu, Dropout<95>, Linear<24, 24>, Relu, Dropout<95>, Linear<24, 2>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&rings::<4>(200, seed)).unwrap()
}

fn linear(seed: u64) -> Diagnosis {
    type Net = (Linear<4, 20>, Linear<20, 20>, Linear<20, 2>);
    let trainer = Trainer::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(3e-3), seed);
    trainer.diagnose(&rings::<4>(240, seed)).unwrap()
}

fn bottleneck(seed: u64) -> Diagnosis {
    type Net = (Linear<8, 24>, Tanh, Linear<24, 1>, Tanh, Linear<1, 24>, Tanh, Linear<24, 6>);
    let rng = &mut rng(seed);
    let pairs: Vec<_> = (0..300)
        .map(|_| {
            let x: [f32; 8] = std::array::from_fn(|_| normal(rng));
            (Vector(x), Vector::<6>(std::array::from_fn(|k| x[k] + 0.5 * x[k + 1] * x[k + 2])))
        })
        .collect();
    let trainer = Trainer::new(Net::init(rng), MeanSquaredError, Adam::new(5e-3), seed);
    trainer.diagnose(&Dataset::from_pairs(pairs).unwrap()).unwrap()
}

fn dead_branch(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, [Residual<(Linear<16, 16>, Relu, Linear<16, 16>)>; 2], Linear<16, 3>);
    let mut net = Net::init(&mut rng(seed));
    net.edit_parameter("1.1.branch.0.bias", |bias: &mut [f32]| bias.fill(-50.0)).unwrap();
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn batch_norm(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, BatchNorm<16>, Relu, Linear<16, 3>);
    let trainer = Trainer::new(he::<Net>(seed), CrossEntropy::default(), Adam::new(2e-3), seed);
    trainer.diagnose_with(&clouds::<6, 3>(200, seed), Diagnose::new().batch_size(1)).unwrap()
}

/// Two layers of zeros in a row: neither gets a gradient, nor what is in front of them.
fn disconnected(seed: u64) -> Diagnosis {
    type Net = (Linear<6, 16>, Relu, Linear<16, 16>, Relu, Linear<16, 16>, Relu, Linear<16, 3>);
    let mut net = he::<Net>(seed);
    net.edit_parameter("4.weight", |weight: &mut [f32]| weight.fill(0.0)).unwrap();
    net.edit_parameter("6.weight", |weight: &mut [f32]| weight.fill(0.0)).unwrap();
    let optimizer = FreezeParameters::new(Adam::new(2e-3), ["4"]);
    let _ = rng(seed).random::<f32>();
    let trainer = Trainer::new(net, CrossEntropy::default(), optimizer, seed);
    trainer.diagnose(&clouds::<6, 3>(200, seed)).unwrap()
}

fn one_class(seed: u64) -> Diagnosis {
    let inputs = clouds::<6, 3>(240, seed).inputs().to_vec();
    let data = Dataset::new(inputs, vec![Label::<3>::new(1).unwrap(); 240]).unwrap();
    let net = he::<(Linear<6, 16>, Relu, Linear<16, 3>)>(seed);
    Trainer::new(net, CrossEntropy::default(), Adam::new(3e-3), seed).diagnose(&data).unwrap()
}
