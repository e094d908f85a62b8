//! A cloned trainer continues as its original does, bit for bit, and neither affects the other.

use crate::common::{bits, each_optimizer, inputs};
use chainrule::prelude::*;

/// Random in training, measured in training, skipped and scaled.
type Net =
    (Linear<4, 12>, BatchNorm<12>, Residual<(Tanh, Dropout<30>, Linear<12, 12>)>, PRelu, Linear<12, 3>);

const SAMPLES: usize = 24;

/// Steps over three batches, of which the last is smaller; gives the losses.
fn steps<O: Optimizer<Net>>(
    trainer: &mut Trainer<Net, CrossEntropy, O>,
    steps: std::ops::Range<usize>,
) -> Vec<u64> {
    let xs = inputs::<Vector<4>>(SAMPLES);
    let ys: Vec<_> = (0..SAMPLES).map(|at| Label::<3>::new(at * 7 % 3).unwrap()).collect();
    let batch = |step: usize| step % 3 * 10..SAMPLES.min(step % 3 * 10 + 10);
    steps.map(|step| trainer.step(&xs[batch(step)], &ys[batch(step)]).unwrap().to_bits()).collect()
}

/// What a trainer is, as it goes on: weights, the last gradient, the learning rate, the count of its steps.
fn state<O: Optimizer<Net>>(trainer: &mut Trainer<Net, CrossEntropy, O>) -> (Vec<u64>, Vec<u64>, u64, u64) {
    let rate = trainer.optimizer.learning_rate().to_bits();
    (bits(&trainer.network), bits(trainer.gradient()), rate, trainer.steps())
}

/// What is set on a trainer.
type Setting<O> = fn(Trainer<Net, CrossEntropy, O>) -> Trainer<Net, CrossEntropy, O>;

fn goes_on_alike<O: Optimizer<Net> + Clone>(name: &str, optimizer: O, set: Setting<O>) {
    let loss = CrossEntropy::smoothed(0.1);
    let mut original = set(Trainer::new(Net::init(&mut rng(1)), loss, optimizer, 9));
    for before in [0, 7] {
        steps(&mut original, 0..before);
        let (mut clone, mut other) = (original.clone(), original.clone());
        assert_eq!(state(&mut clone), state(&mut original), "{name}");
        // Alternately, and then the other one when both are done.
        let (mut losses, mut of_clone) = (vec![], vec![]);
        for step in before..before + 8 {
            losses.extend(steps(&mut original, step..step + 1));
            of_clone.extend(steps(&mut clone, step..step + 1));
        }
        assert_eq!(of_clone, losses, "{name}: the losses differ after {before} steps");
        assert_eq!(state(&mut clone), state(&mut original), "{name}: after {before} steps");
        assert_ne!(bits(&other.network), bits(&original.network), "{name}: a copy moved with its original");
        assert_eq!(steps(&mut other, before..before + 8), losses, "{name}: disturbed by the others");
        assert_eq!(state(&mut other), state(&mut original), "{name}");
    }
}

#[test]
fn a_cloned_trainer_goes_on_bit_for_bit_with_every_optimizer() {
    macro_rules! case {
        ($name:literal, |$rate:ident| $new:expr) => {{
            let $rate = 0.02;
            goes_on_alike($name, $new, |trainer| trainer);
        }};
    }
    each_optimizer!(case);
    goes_on_alike("FreezeParameters", FreezeParameters::new(Adam::new(0.01), ["0.bias"]), |trainer| trainer);
}

#[test]
fn a_cloned_trainer_keeps_its_schedule_its_clipping_and_its_pieces() {
    let adam = || Adam::new(0.01);
    goes_on_alike("a schedule", adam(), |trainer| trainer.schedule(Schedule::cosine(40).warm_up(5)));
    goes_on_alike("the norm", adam(), |trainer| trainer.clip_norm(0.1));
    goes_on_alike("the values", adam(), |trainer| trainer.clip_value(0.01));
    goes_on_alike("pieces", adam(), |trainer| trainer.micro_batch(3));
}

/// Each setting makes a difference, so that one that a clone forgot would show above.
#[test]
fn schedule_clipping_and_pieces_each_change_the_weights() {
    let trained = |set: Setting<Sgd<Net>>| {
        let mut trainer =
            set(Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Sgd::new(0.05), 9));
        steps(&mut trainer, 0..8);
        bits(&trainer.network)
    };
    let plain = trained(|trainer| trainer);
    assert_ne!(trained(|trainer| trainer.schedule(Schedule::cosine(40).warm_up(5))), plain);
    assert_ne!(trained(|trainer| trainer.clip_norm(0.1)), plain);
    assert_ne!(trained(|trainer| trainer.clip_value(0.01)), plain);
    assert_ne!(trained(|trainer| trainer.micro_batch(3)), plain);
}

#[test]
fn a_trainer_prints_what_it_trains_by_what_and_how_far_it_is() {
    let net = <(Linear<4, 3>, Tanh)>::init(&mut rng(1));
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.25), 1);
    trainer.step(&inputs::<Vector<4>>(2), &inputs::<Vector<3>>(2)).unwrap();
    let printed = format!("{trainer:?}");
    for part in ["(Linear<4, 3>, Tanh) with 15 parameters", "MeanSquaredError", "Sgd", "0.25", "steps: 1"] {
        assert!(printed.contains(part), "no {part:?} in {printed}");
    }
}
