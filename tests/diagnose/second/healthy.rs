//! Trainings that are unusual, and learn.

use chainrule::prelude::*;
use chainrule::rand::RngExt;

use super::data::{digits, features, first_sign, images, moons, two_normals};
use super::probe::{Case, Probe, Training, case, mean, shares};

pub(super) const CASES: &[Case] = &[
    case!("a residual network of 30 blocks", healthy, thirty_blocks),
    case!("an LSTM that keeps its cell over 30 steps", healthy, keeping),
    case!("80 samples of one class to 20 of the other", healthy, unequal),
    case!("one label in ten is wrong", healthy, wrong_labels),
    case!("SGD at 0.5 with batch norm", healthy, large_rate),
    case!("batches of four", healthy, small_batches),
];

fn thirty_blocks(seed: u64) -> impl Probe {
    type Net = (Linear<2, 16>, [Residual<(Tanh, Linear<16, 16>)>; 30], Linear<16, 2>);
    let mut net = Net::init(&mut rng(seed));
    // Branches of a small variance, as usual without a norm.
    let scheme = Initializer::default().gain(0.2);
    scheme.init_where(&mut net, |path| path.contains("branch"), &mut rng(seed + 1));
    Training::new(net, CrossEntropy::default(), Adam::new(2e-3), moons(seed), shares)
}

fn keeping(seed: u64) -> impl Probe {
    type Net = (Lstm<2, 16>, LastStep, Linear<16, 2>);
    let mut net = Net::init(&mut rng(seed));
    net.0.set_forget_bias(3.0);
    Training::new(net, CrossEntropy::default(), Adam::new(1e-2), first_sign::<30>(seed), shares)
}

fn unequal(seed: u64) -> impl Probe {
    type Net = (Linear<6, 16>, Relu, Linear<16, 2>);
    let net = Net::init(&mut rng(seed));
    Training::new(net, CrossEntropy::default(), Adam::new(1e-2), two_normals(seed, 0.2, 4.0), shares)
}

fn wrong_labels(seed: u64) -> impl Probe {
    type Net = (Linear<64, 32>, Relu, Dropout<30>, Linear<32, 10>);
    let random = &mut rng(seed + 5);
    let data = digits(seed).map_targets(|label| match random.random_range(0..10) {
        0 => Label::new(random.random_range(0..10)).expect("a class"),
        _ => label,
    });
    Training::new(Net::init(&mut rng(seed)), CrossEntropy::default(), AdamW::new(5e-3), data, shares)
}

fn large_rate(seed: u64) -> impl Probe {
    type Net = (
        Conv2d<1, 8, 3, 2, 1>,
        BatchNorm<8>,
        Relu,
        Conv2d<8, 16, 3, 2, 1>,
        BatchNorm<16>,
        Relu,
        Flatten,
        Linear<64, 10>,
    );
    Training::new(Net::init(&mut rng(seed)), CrossEntropy::default(), Sgd::new(0.5), images(seed), shares)
}

fn small_batches(seed: u64) -> impl Probe {
    type Net = (Linear<5, 24>, Tanh, Linear<24, 1>);
    let net = Net::init(&mut rng(seed));
    let training = Training::new(net, MeanSquaredError, Sgd::new(0.03), features(seed), mean);
    training.batch(4)
}
