//! Trained side by side with PyTorch: from the same weights, on the same batches, in f32, the losses stay the same.
//! `tests/fixtures/training.py` is the other side. The worst deviation:
//! `cargo test -p chainrule-tests --test training parity -- --nocapture`.

use super::digits::example::digits;
use chainrule::Real;
use chainrule::layer::{Parameter, Role, ViewMut, Visitor, visit};
use chainrule::prelude::*;
use serde::Deserialize;

type Mlp = (Linear<64, 64>, Relu, Linear<64, 32>, Relu, Linear<32, 10>);

/// LeNet-5's layers on the 8x8 digits, which a debug build learns from in seconds; on 28x28 it would take minutes.
type LeNet = (
    (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 3>, Relu, MaxPool2d<2>, Flatten),
    (Linear<16, 32>, Relu, Linear<32, 24>, Relu, Linear<24, 10>),
);

/// What may differ, relative to PyTorch's loss.
///
/// One step's gradient is off by some 30 roundings of u = 6e-8 of its tensor's largest number (`tests/layers/parity.rs`
/// counts them), so by about 2e-6, and a step made of it as much of the learning rate; the mean of the past that Adam
/// keeps makes no more of it. Were the next steps to pass all of that on, 100 of them would have 2e-4 of a step to
/// differ by, when one step changes the loss by about a tenth: 2e-5. What is left of 1e-4 is for the few weights whose
/// gradients are almost nothing: Adam divides by their size, and their steps are as long as any.
const ALLOWED: f64 = 1e-4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Losses {
    made_by: String,
    mlp: Vec<f64>,
    lenet: Vec<f64>,
    pub(super) windows: Vec<f64>,
}

pub(super) fn pytorch() -> Losses {
    let losses: Losses = serde_json::from_str(include_str!("../fixtures/training.json")).unwrap();
    assert_eq!(losses.made_by, "PyTorch 2.15.0");
    losses
}

/// The weights of `set_parameters` in training.py. PyTorch's linear maps are `[out][in]`, and those here `[in][out]`.
#[derive(Default)]
pub(super) struct SetParameters {
    state: u32,
}

impl SetParameters {
    fn next(&mut self, size: f64) -> f64 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(self.state >> 8) / f64::from(1 << 24) - 0.5) * size
    }
}

impl Visitor<0, 1> for SetParameters {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [values]: [&mut [T]; 1]) {
        let size = match parameter.role {
            Role::Weight { fan_in, .. } if fan_in <= 32 => 1.0,
            _ => 0.5,
        };
        match *parameter.shape {
            [inputs, outputs] => {
                for output in 0..outputs {
                    for input in 0..inputs {
                        values[input * outputs + output] = T::from_f64(self.next(size));
                    }
                }
            }
            _ => values.iter_mut().for_each(|value| *value = T::from_f64(self.next(size))),
        }
    }
}

/// The mean loss of each batch before its step, and PyTorch's. Losses that stay where they are would agree too: the
/// trained network must be better than it was on digits of other writers.
fn compare<N, X: Tensor>(
    name: &str,
    [train, test]: [(Vec<X>, Vec<Label<10>>); 2],
    plan: (f64, usize),
    expected: &[f64],
) where
    N: Maps<X, Vector<10>>,
{
    let (inputs, labels) = train;
    let (rate, batch) = plan;
    let mut network = N::zeros();
    visit([], [ViewMut::of(&mut *network)], &mut SetParameters::default());
    let mut trainer = Trainer::new(network, CrossEntropy::default(), Adam::new(rate), 0);
    let test_loss = |network: &N| network.loss(&CrossEntropy::default(), &test.0, &test.1).unwrap();
    let before = test_loss(&trainer.network);
    let (mut worst, mut at) = (0.0, 0);
    for (step, expected) in expected.iter().enumerate() {
        let rows = batch * step..batch * (step + 1);
        let loss = trainer.step(&inputs[rows.clone()], &labels[rows]).unwrap();
        let deviation = (loss - expected).abs() / expected;
        assert!(
            deviation <= ALLOWED,
            "{name}, step {step}: the loss is {loss}, PyTorch's {expected}: {deviation:.1e} off"
        );
        if deviation > worst {
            (worst, at) = (deviation, step);
        }
    }
    // PyTorch's loss fell from its first to its last on digits it learns from. On other digits at least half of that
    // must be left: the first steps teach what is common to all digits, not the writers.
    let after = test_loss(&trainer.network);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let fell = mean(&expected[..5]) - mean(&expected[expected.len() - 5..]);
    assert!(
        before - after > 0.5 * fell && fell > 0.5,
        "{name}: from {before} to {after} on other digits, by {fell}"
    );
    println!("{name}: the loss on other digits fell from {before:.3} to {after:.3}");
    println!("{name}: {} losses, the worst off by {worst:.1e} of itself, at step {at}", expected.len());
}

#[test]
fn a_multilayer_perceptron_has_pytorchs_losses_for_100_steps_of_adam() {
    let data = [digits::train(), digits::test()].map(|digits| digits.unwrap().into_iter().unzip());
    let expected = pytorch().mlp;
    assert_eq!(expected.len(), 100);
    compare::<Mlp, Vector<64>>("the perceptron", data, (2e-3, 32), &expected);
}

#[test]
fn a_convolutional_network_has_pytorchs_losses_for_50_steps_of_adam() {
    let data = [digits::train(), digits::test()].map(|digits| digits::as_images(digits.unwrap()));
    let expected = pytorch().lenet;
    assert_eq!(expected.len(), 50);
    compare::<LeNet, Image<1, 8, 8>>("LeNet", data, (5e-3, 16), &expected);
}
