//! Faulty trainings: the data, or a network that cannot give the answer.

use chainrule::data::Dataset;
use chainrule::diagnose::Problem;
use chainrule::prelude::*;
use chainrule::rand::seq::SliceRandom;

use super::data::{copies, digits, features, images, moons, products, two_normals, yes_or_no};
use super::probe::{Case, Probe, Training, case, mean, score, shares};

pub(super) const CASES: &[Case] = &[
    case!("prices of houses", [TargetScale], [], prices),
    case!("an income among other features", [InputScale], [], income),
    case!("labels in another order than the images", [UnrelatedTargets], [], other_order),
    // Every point twice, once with each label: no function of the point tells them apart.
    case!("two annotators who disagree", [ConflictingTargets], [], annotators),
    case!("a loader that always reads the first image", [ConstantInputs], [], first_image),
    // The best answer for most positive samples is the other class: it learns, but recognizes few of them.
    case!("three of a hundred samples are positive", [ClassImbalance], [], rare),
    case!("a sigmoid before a loss of scores", [OutputActivation], ["3"], sigmoid_twice => sigmoid_once),
    // A ReLU cannot answer below 0, where most targets are: the activation of the output is the cause.
    case!("a ReLU as output for negative targets", [TargetsOutOfRange, OutputActivation], [], relu_output => no_output),
    case!("residual blocks without an activation", [LinearNetwork], [], linear => nonlinear),
    case!("an autoencoder with a code of one number", [Bottleneck], ["2", "3", "4"], narrow => wide),
];

type Mlp = (Linear<64, 32>, Relu, Linear<32, 10>);
type Cnn = (Conv2d<1, 8, 3, 2, 1>, Relu, Conv2d<8, 16, 3, 2, 1>, Relu, Flatten, Linear<64, 10>);
type Small = (Linear<5, 16>, Tanh, Linear<16, 1>);

fn prices(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<5, 24>, Relu, Linear<24, 1>);
    let data =
        features(seed).map_targets(|y| Vector([if cured { y[0] } else { 250_000.0 + 60_000.0 * y[0] }]));
    Training::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(1e-2), data, mean)
}

fn income(seed: u64, cured: bool) -> impl Probe {
    let data = yes_or_no(seed).map_inputs(|mut x| {
        if !cured {
            x[3] = 40_000.0 + 10_000.0 * x[3];
        }
        x
    });
    let net = Small::init(&mut rng(seed));
    Training::new(net, BinaryCrossEntropy, Sgd::new(0.1).momentum(0.9), data, score)
}

fn other_order(seed: u64, cured: bool) -> impl Probe {
    let mut data = digits(seed);
    if !cured {
        data.targets_mut().shuffle(&mut rng(seed + 3));
    }
    Training::new(Mlp::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(2e-3), data, shares)
}

fn annotators(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 16>, Tanh, Linear<16, 16>, Tanh, Linear<16, 2>);
    let mut data = moons(seed);
    if !cured {
        let other = moons(seed).map_targets(|label| Label::new(1 - label.index()).expect("a class"));
        data = data.concat(other);
    }
    Training::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(1e-2), data, shares)
}

fn first_image(seed: u64, cured: bool) -> impl Probe {
    let mut data = images(seed);
    if !cured {
        let first = data.inputs()[0];
        data.inputs_mut().fill(first);
    }
    let net = Cnn::init_with(Initializer::he_normal(), &mut rng(seed));
    Training::new(net, CrossEntropy::default(), Adam::new(3e-3), data, shares)
}

fn rare(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<6, 16>, Relu, Linear<16, 2>);
    let mut data = two_normals(seed, 0.03, 1.8);
    if cured {
        // Each of the few 32 times, so that both classes are as many.
        let few: Vec<_> =
            data.iter().filter(|(_, label)| label.index() == 1).map(|(x, y)| (*x, *y)).collect();
        for _ in 1..32 {
            data = data.concat(Dataset::from_pairs(few.iter().copied()).expect("pairs"));
        }
    }
    let training =
        Training::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Adam::new(3e-3), data, shares);
    // It is tested on as many of both.
    training.test(two_normals(seed + 1, 0.5, 1.8))
}

fn sigmoid_twice(seed: u64) -> impl Probe {
    type Net = (Linear<5, 16>, Tanh, Linear<16, 1>, Sigmoid);
    Training::new(Net::init(&mut rng(seed)), BinaryCrossEntropy, Adam::new(1e-2), yes_or_no(seed), score)
}

fn sigmoid_once(seed: u64) -> impl Probe {
    Training::new(Small::init(&mut rng(seed)), BinaryCrossEntropy, Adam::new(1e-2), yes_or_no(seed), score)
}

/// Logarithms of shares: nearly all below 0.
fn below_zero(seed: u64) -> Dataset<Vector<5>, Vector<1>> {
    features(seed).map_targets(|y| Vector([y[0] - 2.0]))
}

fn relu_output(seed: u64) -> impl Probe {
    type Net = (Linear<5, 16>, Tanh, Linear<16, 1>, Relu);
    Training::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(2e-2), below_zero(seed), mean)
}

fn no_output(seed: u64) -> impl Probe {
    Training::new(Small::init(&mut rng(seed)), MeanSquaredError, Adam::new(2e-2), below_zero(seed), mean)
}

fn linear(seed: u64) -> impl Probe {
    type Net = (Linear<2, 16>, [Residual<Linear<16, 16>>; 3], Linear<16, 1>);
    Training::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(3e-3), products(seed), mean)
}

fn nonlinear(seed: u64) -> impl Probe {
    type Net = (Linear<2, 16>, [Residual<(Tanh, Linear<16, 16>)>; 3], Linear<16, 1>);
    Training::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(3e-3), products(seed), mean)
}

fn narrow(seed: u64) -> impl Probe {
    type Net = (Linear<8, 16>, Tanh, Linear<16, 1>, Tanh, Linear<1, 16>, Tanh, Linear<16, 8>);
    Training::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(1e-2), copies(seed), mean)
}

fn wide(seed: u64) -> impl Probe {
    type Net = (Linear<8, 16>, Tanh, Linear<16, 8>, Tanh, Linear<8, 16>, Tanh, Linear<16, 8>);
    Training::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(1e-2), copies(seed), mean)
}
