//! Faulty networks: their weights, or what their layers do to the gradient.

use chainrule::diagnose::Problem;
use chainrule::prelude::*;

use super::data::{digits, features, first_sign, images, mean_of_steps, moons, rings, waves};
use super::probe::{Case, Probe, Training, case, mean, shares};

pub(super) const CASES: &[Case] = &[
    // The weights are six times too large, and the gradient explodes for that reason: both say the same.
    case!("He times six in a ReLU stack", [ExplodingGradient, WeightScale], [], he_times_six),
    case!("branches that add up, 24 blocks", [ExplodingGradient, WeightScale], [], loud_branches),
    case!("sigmoids, ten layers, PyTorch's weights", [VanishingGradient], [], sigmoids => tanhs),
    // Glorot's weights are too small for ReLU by the square root of 2, in each of 32 layers.
    case!("ReLU stack of 32 with Glorot's weights", [VanishingGradient, WeightScale], [], glorot_relu),
    // Small weights, and the gradient vanishes for that reason.
    case!("normal(0, 0.001) in a shallow network", [WeightScale, VanishingGradient], [], tiny_weights),
    case!("biases of -12 before a ReLU in the middle", [DeadUnits], ["2", "3"], dead_middle),
    // The branches are dead because all of their units are.
    case!("branches with biases of -20", [DeadBranch, DeadUnits], ["branch"], dead_branches),
    case!("tanh with biases around 10", [SaturatedUnits], ["0", "1", "2", "3"], far_biases),
    // All units are equal; and the output layer of zeros lets no gradient through.
    case!("a GRU of zeros", [SymmetricWeights, DisconnectedLayer], [], zeros),
    case!("a frozen norm with gains of 0", [DisconnectedLayer], ["0", "1"], frozen_gain),
    case!("RNN with U = 0.2 I", [VanishingThroughTime], ["0"], forgetful),
    case!("ReLU RNN with U = 1.4 I", [ExplodingThroughTime], ["0"], growing),
    case!("batch norm with batches of one", [BatchNormOfOne], ["4"], batch_of_one),
];

fn he_times_six(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 16>, [(Relu, Linear<16, 16>); 10], Relu, Linear<16, 2>);
    let scheme = Initializer::he_normal().gain(if cured { 1.0 } else { 6.0 });
    let net = Net::init_with(scheme, &mut rng(seed));
    Training::new(net, CrossEntropy::default(), Adam::new(2e-3), moons(seed), shares)
}

fn loud_branches(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 16>, [Residual<(Relu, Linear<16, 16>)>; 24], Linear<16, 2>);
    let mut net = Net::init(&mut rng(seed));
    let scheme = Initializer::he_normal().gain(if cured { 0.2 } else { 2.0 });
    scheme.init_where(&mut net, |path| path.contains("branch"), &mut rng(seed + 1));
    Training::new(net, CrossEntropy::default(), Sgd::new(0.01).momentum(0.9), moons(seed), shares)
}

fn sigmoids(seed: u64) -> impl Probe {
    type Net = (Linear<2, 16>, [(Sigmoid, Linear<16, 16>); 10], Sigmoid, Linear<16, 2>);
    let net = Net::init_with(Initializer::pytorch(), &mut rng(seed));
    Training::new(net, CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), moons(seed), shares)
}

fn tanhs(seed: u64) -> impl Probe {
    type Net = (Linear<2, 16>, [(Tanh, Linear<16, 16>); 10], Tanh, Linear<16, 2>);
    let net = Net::init(&mut rng(seed));
    Training::new(net, CrossEntropy::default(), Sgd::new(0.02).momentum(0.9), moons(seed), shares)
}

fn glorot_relu(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 24>, [(Relu, Linear<24, 24>); 32], Relu, Linear<24, 2>);
    let scheme = if cured { Initializer::he_normal() } else { Initializer::glorot_normal() };
    let net = Net::init_with(scheme, &mut rng(seed));
    Training::new(net, CrossEntropy::default(), Sgd::new(0.003).momentum(0.9), moons(seed), shares)
}

fn tiny_weights(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<5, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 1>);
    let scheme = if cured { Initializer::default() } else { Initializer::normal(0.0, 0.001) };
    let net = Net::init_with(scheme, &mut rng(seed));
    Training::new(net, MeanSquaredError, Sgd::new(0.05).momentum(0.9), features(seed), mean)
}

fn dead_middle(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<5, 24>, Relu, Linear<24, 24>, Relu, Linear<24, 1>);
    let mut net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    if !cured {
        net.2.bias = Vector([-12.0; 24]);
    }
    Training::new(net, MeanSquaredError, Adam::new(3e-3), features(seed), mean)
}

fn dead_branches(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 16>, [Residual<(Linear<16, 16>, Relu, Linear<16, 16>)>; 4], Linear<16, 2>);
    let mut net = Net::init_with(Initializer::he_normal().gain(0.7), &mut rng(seed));
    let biases = Initializer::default().bias_constant(if cured { 0.0 } else { -20.0 });
    assert_eq!(biases.init_where(&mut net, |path| path.ends_with("branch.0.bias"), &mut rng(seed)), 4);
    Training::new(net, CrossEntropy::default(), Adam::new(3e-3), rings(seed), shares)
}

fn far_biases(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 2>);
    let mut net = Net::init(&mut rng(seed));
    if !cured {
        // As of a training that went too far: each about 10 from 0, above or below.
        let far =
            |at: usize| if at.is_multiple_of(2) { 8.0 + 0.3 * at as f32 } else { -8.0 - 0.3 * at as f32 };
        net.0.bias = Vector(core::array::from_fn(far));
        net.2.bias = Vector(core::array::from_fn(far));
    }
    Training::new(net, CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), rings(seed), shares)
}

fn zeros(seed: u64, cured: bool) -> impl Probe {
    type Net = (Gru<1, 12>, LastStep, Linear<12, 3>);
    let net =
        if cured { Net::init(&mut rng(seed)) } else { Net::init_with(Initializer::zeros(), &mut rng(seed)) };
    Training::new(net, CrossEntropy::default(), Adam::new(1e-2), waves(seed), shares)
}

fn frozen_gain(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<64, 32>, LayerNorm<Vector<32>>, Relu, Linear<32, 10>);
    let mut net = Net::init(&mut rng(seed));
    if !cured {
        net.1.gain = Vector([0.0; 32]);
    }
    let optimizer = FreezeParameters::new(Adam::new(3e-3), ["1"]);
    Training::new(net, CrossEntropy::default(), optimizer, digits(seed), shares)
}

fn forgetful(seed: u64, cured: bool) -> impl Probe {
    type Net = (Rnn<2, 16>, LastStep, Linear<16, 2>);
    let mut net = Net::init(&mut rng(seed));
    let scheme = if cured { Initializer::orthogonal() } else { Initializer::identity().gain(0.2) };
    scheme.init_where(&mut net, |path| path == "0.weight_hh", &mut rng(seed + 1));
    Training::new(net, CrossEntropy::default(), Adam::new(3e-3), first_sign::<40>(seed), shares)
}

fn growing(seed: u64, cured: bool) -> impl Probe {
    type Net = (Rnn<1, 16, Relu>, LastStep, Linear<16, 1>);
    let mut net = Net::init_with(Initializer::normal(0.0, 0.1), &mut rng(seed));
    let scheme = Initializer::identity().gain(if cured { 1.0 } else { 1.4 });
    scheme.init_where(&mut net, |path| path == "0.weight_hh", &mut rng(seed));
    let training = Training::new(net, MeanSquaredError, Adam::new(1e-3), mean_of_steps::<40>(seed), mean);
    training.batch(16)
}

fn batch_of_one(seed: u64, cured: bool) -> impl Probe {
    type Net = (Conv2d<1, 8, 3, 2, 1>, Relu, Flatten, Linear<128, 24>, BatchNorm<24>, Relu, Linear<24, 10>);
    let net = Net::init(&mut rng(seed));
    let training = Training::new(net, CrossEntropy::default(), Sgd::new(0.05), images(seed), shares);
    training.batch(if cured { 32 } else { 1 })
}
