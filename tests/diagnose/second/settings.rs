//! Faulty trainings: the optimizer, the schedule, clipping, the batch size, regularization.

use chainrule::diagnose::Problem;
use chainrule::prelude::*;

use super::data::{digits, features, images, moons, normal, waves};
use super::probe::{Case, Probe, Training, case, mean, shares};

pub(super) const CASES: &[Case] = &[
    case!("RMSprop at 1", [LearningRateTooHigh], [], rmsprop),
    case!("an LSTM with Adam at 1", [LearningRateTooHigh], [], fast_lstm),
    case!("momentum SGD at 1e-6 with a Huber loss", [LearningRateTooLow], [], slow),
    case!("Nesterov momentum of 0.999", [MomentumTooHigh], [], nesterov),
    case!("SGD with a decay of 0.5", [WeightDecayTooStrong], [], decay),
    case!("gradients clipped to numbers of 1e-4", [ClippingTooTight], [], clipped),
    case!("a schedule of epochs that counts steps", [ScheduleEnded], [], ended),
    case!("dropout of 95 % twice", [TooMuchDropout], ["2", "5"], dropout => less_dropout),
    // With a batch of one, the noise of the targets is that of the step; a lower rate averages it too.
    case!("batches of one with noisy targets", [NoisyGradient, LearningRateTooHigh], [], noisy),
    // Two of a hundred inputs are a hundred times larger; to scale them would be another cure.
    case!("inputs with outliers", [GradientSpikes, InputScale], [], outliers),
];

type Mlp = (Linear<64, 32>, Relu, Linear<32, 10>);
type Cnn = (Conv2d<1, 8, 3, 2, 1>, Relu, Conv2d<8, 16, 3, 2, 1>, Relu, Flatten, Linear<64, 10>);
type Small = (Linear<5, 16>, Tanh, Linear<16, 1>);

/// A small output layer, so that the network starts at the answer 0.
fn small(seed: u64) -> Owned<Small> {
    let mut net = Small::init(&mut rng(seed));
    Initializer::default().gain(0.3).init_where(&mut net, |path| path == "2.weight", &mut rng(seed + 1));
    net
}

fn rmsprop(seed: u64, cured: bool) -> impl Probe {
    let (net, rate) = (Mlp::init(&mut rng(seed)), if cured { 3e-3 } else { 1.0 });
    Training::new(net, CrossEntropy::default(), RmsProp::new(rate), digits(seed), shares)
}

fn fast_lstm(seed: u64, cured: bool) -> impl Probe {
    type Net = (Lstm<1, 12>, LastStep, Linear<12, 3>);
    let (net, rate) = (Net::init(&mut rng(seed)), if cured { 1e-2 } else { 1.0 });
    Training::new(net, CrossEntropy::default(), Adam::new(rate), waves(seed), shares)
}

fn slow(seed: u64, cured: bool) -> impl Probe {
    let (net, rate) = (small(seed), if cured { 0.05 } else { 1e-6 });
    Training::new(net, Huber::new(1.0), Sgd::new(rate).momentum(0.9), features(seed), mean)
}

fn nesterov(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 24>, Relu, Linear<24, 24>, Relu, Linear<24, 2>);
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let optimizer = Sgd::new(0.05).nesterov(if cured { 0.9 } else { 0.999 });
    Training::new(net, CrossEntropy::default(), optimizer, moons(seed), shares)
}

fn decay(seed: u64, cured: bool) -> impl Probe {
    let net = Cnn::init_with(Initializer::he_normal(), &mut rng(seed));
    let optimizer = Sgd::new(0.02).momentum(0.9).weight_decay(if cured { 5e-4 } else { 0.5 });
    Training::new(net, CrossEntropy::default(), optimizer, images(seed), shares)
}

fn clipped(seed: u64, cured: bool) -> impl Probe {
    let net = Cnn::init_with(Initializer::he_normal(), &mut rng(seed));
    let training = Training::new(net, CrossEntropy::default(), Sgd::new(0.1), images(seed), shares);
    training.with(|trainer| if cured { trainer } else { trainer.clip_value(1e-4) })
}

fn ended(seed: u64, cured: bool) -> impl Probe {
    let net = small(seed);
    // Meant as a factor of 0.5 each epoch, but a schedule counts steps.
    let schedule = Schedule::exponential(if cured { 0.999 } else { 0.5 });
    let training = Training::new(net, MeanSquaredError, Sgd::new(0.01), features(seed), mean);
    training.with(|trainer| trainer.schedule(schedule))
}

fn dropout(seed: u64) -> impl Probe {
    type Net = (Linear<64, 32>, Relu, Dropout<95>, Linear<32, 32>, Relu, Dropout<95>, Linear<32, 10>);
    let net = Net::init(&mut rng(seed));
    Training::new(net, CrossEntropy::default(), Adam::new(3e-3), digits(seed), shares)
}

fn less_dropout(seed: u64) -> impl Probe {
    type Net = (Linear<64, 32>, Relu, Dropout<20>, Linear<32, 32>, Relu, Dropout<20>, Linear<32, 10>);
    let net = Net::init(&mut rng(seed));
    Training::new(net, CrossEntropy::default(), Adam::new(3e-3), digits(seed), shares)
}

fn noisy(seed: u64, cured: bool) -> impl Probe {
    let random = &mut rng(seed + 7);
    let data = features(seed).map_targets(|y| Vector([y[0] + normal(random)]));
    let net = Small::init(&mut rng(seed));
    let training = Training::new(net, MeanSquaredError, Sgd::new(0.01).momentum(0.9), data, mean);
    training.batch(if cured { 64 } else { 1 })
}

fn outliers(seed: u64, cured: bool) -> impl Probe {
    type Net = (Linear<2, 16>, Relu, Linear<16, 16>, Relu, Linear<16, 2>);
    let mut at = 0;
    let data = moons(seed).map_inputs(|x| {
        at += 1;
        if at % 51 == 0 { x * 100.0 } else { x }
    });
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let training = Training::new(net, CrossEntropy::default(), Sgd::new(0.2).momentum(0.9), data, shares);
    let training = training.test(moons(seed + 1));
    training.with(|trainer| if cured { trainer.clip_norm(0.5) } else { trainer })
}
