//! What a diagnosis does not do: change the trainer, fail, or find something else the second time.

use std::error::Error as _;

use chainrule::data::Dataset;
use chainrule::diagnose::{Diagnose, Problem};
use chainrule::prelude::*;
use chainrule::{Error, diagnose::CERTAIN_ENOUGH};

use super::data::{clouds, rings, waves};
use super::embedding::Embedding;

type Net = (Linear<6, 12>, Tanh, Dropout<20>, Linear<12, 3>);

fn trainer(rate: f64) -> Trainer<Net, CrossEntropy, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(rate), 1)
        .schedule(Schedule::cosine(400))
        .clip_norm(1.0)
}

/// A faulty training, so that all trials run: afterwards it goes on bit for bit as one that was not diagnosed.
#[test]
fn the_trainer_does_not_change() {
    let data = clouds::<6, 3>(96, 1);
    let (mut diagnosed, mut other) = (trainer(1e-7), trainer(1e-7));
    let step =
        |trainer: &mut Trainer<Net, _, _>| trainer.step(&data.inputs()[..32], &data.targets()[..32]).unwrap();
    for _ in 0..3 {
        step(&mut diagnosed);
        step(&mut other);
    }
    let diagnosis = diagnosed.diagnose_with(&data, Diagnose::new().steps(20).quiet()).unwrap();
    assert!(diagnosis.trials.len() > 8, "{diagnosis}");
    assert_eq!(diagnosed.steps(), 3);
    assert_eq!(diagnosed.network.parameters(), other.network.parameters());
    for _ in 0..5 {
        // Dropout draws from the trainer's own numbers.
        assert_eq!(step(&mut diagnosed).to_bits(), step(&mut other).to_bits());
    }
    assert_eq!(diagnosed.network.parameters(), other.network.parameters());
}

#[test]
fn a_diagnosis_is_reproducible_and_serializes() {
    let data = clouds::<6, 3>(96, 2);
    let diagnose = || trainer(1e-6).diagnose_with(&data, Diagnose::new().steps(60).seed(5).quiet()).unwrap();
    let diagnosis = diagnose();
    assert_eq!(diagnosis, diagnose());
    let json = serde_json::to_value(&diagnosis).unwrap();
    assert_eq!(json["findings"][0]["problem"], "LearningRateTooLow");
    assert_eq!(json["trials"].as_array().unwrap().len(), diagnosis.trials.len());
    assert_eq!(diagnosis.problem(), Some(Problem::LearningRateTooLow));
    let first = &diagnosis.findings[0];
    assert!(first.confidence >= CERTAIN_ENOUGH);
    let (trial, control) = (&diagnosis.trials[first.trial.unwrap()], diagnosis.control().unwrap());
    assert!(trial.change.starts_with("learning rate x"), "{diagnosis}");
    assert!(trial.loss_after.unwrap() < control.loss_after.unwrap(), "{diagnosis}");
    assert_eq!(trial.loss_before, control.loss_before, "the same samples");
    assert!(diagnosis.passes >= diagnosis.steps && diagnosis.steps >= 60 * 10);
}

#[test]
fn data_and_settings_that_make_no_sense_are_errors() {
    let mut data = clouds::<6, 3>(60, 1);
    let no_batch = trainer(0.01).diagnose_with(&data, Diagnose::new().batch_size(0)).unwrap_err();
    assert!(matches!(no_batch, Error::Setting { name: "the size of a batch", .. }));
    assert!(no_batch.source().is_none());
    let no_steps = trainer(0.01).diagnose_with(&data, Diagnose::new().steps(3)).unwrap_err();
    assert_eq!(no_steps.to_string(), "the steps of a trial is 3, but must be at least 10");
    let good = clouds::<6, 3>(20, 2);
    data.inputs_mut()[41].0[2] = f32::NAN;
    let found = trainer(0.01).diagnose(&data).unwrap_err();
    assert!(matches!(found, Error::NonFiniteData { what: "input", sample: 41, element: 2, .. }), "{found}");
    let found = trainer(0.01).diagnose_with(&good, Diagnose::new().validation(&data)).unwrap_err();
    assert!(matches!(found, Error::NonFiniteData { sample: 41, .. }), "{found}");
    let net = <(Linear<3, 1>,)>::init(&mut rng(1));
    let mut numbers = waves::<3>(50, 1);
    numbers.targets_mut()[7] = Vector([f32::INFINITY]);
    let found = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1).diagnose(&numbers).unwrap_err();
    assert!(matches!(found, Error::NonFiniteData { what: "target", sample: 7, .. }), "{found}");
}

#[test]
fn a_setting_with_which_no_step_is_taken_is_an_error() {
    let net = <(Linear<6, 8>, Tanh, Linear<8, 3>)>::init(&mut rng(1));
    let data = clouds::<6, 3>(60, 1);
    let adam = Adam::new(0.01).group(Group::new("7").rate(0.1));
    let error = Trainer::new(net.clone(), CrossEntropy::default(), adam, 1).diagnose(&data).unwrap_err();
    assert!(matches!(error, Error::UnknownPath { .. }), "{error}");
    let error = Trainer::new(net, CrossEntropy::default(), Adam::new(-0.01), 1).diagnose(&data).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
}

/// One sample, two samples, a batch that is larger than the data set.
#[test]
fn a_data_set_can_be_as_small_as_one_sample() {
    for samples in [1, 2, 5] {
        let data = waves::<3>(samples, 1);
        let net = <(Linear<3, 4>, Tanh, Linear<4, 1>)>::init(&mut rng(1));
        let trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1);
        let diagnosis = trainer.diagnose_with(&data, Diagnose::new().steps(10).quiet()).unwrap();
        assert!(!diagnosis.to_string().is_empty());
    }
}

/// Inputs without numbers have no scale and no reference network, and sequences of several lengths no standardization.
#[test]
fn inputs_of_any_kind_are_diagnosed() {
    let labels: Vec<Label<4>> = (0..60).map(|at| Label::new(at % 4).unwrap()).collect();
    let targets: Vec<Label<2>> = (0..60).map(|at| Label::new(at % 4 / 2).unwrap()).collect();
    let data = Dataset::new(labels, targets.clone()).unwrap();
    type Table = (Embedding<4, 3>, Linear<3, 2, f64>);
    let trainer = Trainer::new(Table::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.05), 1);
    let diagnosis = trainer.diagnose_with(&data, Diagnose::new().steps(40).quiet()).unwrap();
    assert!(diagnosis.is_healthy(), "{diagnosis}");

    let steps = |at: usize| vec![[if at % 4 < 2 { 1.0 } else { -1.0 }]; 1 + at % 3];
    let padded: Vec<Padded<4, 1>> = (0..60).map(|at| Padded::new(&steps(at)).unwrap()).collect();
    let data = Dataset::new(padded, targets).unwrap();
    type Recurrent = (Gru<1, 6>, LastStep, Linear<6, 2>);
    let trainer = Trainer::new(Recurrent::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.02), 1);
    let diagnosis = trainer.diagnose_with(&data, Diagnose::new().steps(40).quiet()).unwrap();
    assert!(diagnosis.is_healthy(), "{diagnosis}");
}

/// A network of another type is tried for the same steps, and the finding names it.
#[test]
fn a_network_of_another_type_is_compared() {
    type Plain = (Linear<4, 10>, [(Sigmoid, Linear<10, 10>); 8], Linear<10, 2>);
    type Cured = (Linear<4, 10>, [Residual<(Sigmoid, Linear<10, 10>)>; 8], Linear<10, 2>);
    let data = rings::<4>(120, 1);
    let trainer = Trainer::new(Plain::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    let options = Diagnose::new()
        .steps(80)
        .network("skip connections", Cured::init(&mut rng(1)), Adam::new(0.01))
        .quiet();
    let diagnosis = trainer.diagnose_with(&data, options).unwrap();
    assert_eq!(diagnosis.problem(), Some(Problem::VanishingGradient), "{diagnosis}");
    let first = &diagnosis.findings[0];
    let trial = &diagnosis.trials[first.trial.unwrap()];
    assert_eq!(trial.change, "skip connections");
    assert!(
        trial.loss_after.unwrap() < 0.5 * diagnosis.control().unwrap().loss_after.unwrap(),
        "{diagnosis}"
    );
    assert!(first.cure.starts_with("skip connections"), "{diagnosis}");
}
