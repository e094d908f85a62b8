//! What a run monitors: early stopping, the best network and a plateau, by any value of an epoch.

use std::ops::ControlFlow;

use crate::common::{bits, inputs};
use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::{Epoch, Error, FitError, checkpoint};

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
type Data = Dataset<Vector<4>, Label<3>>;
type Options<'a> = Fit<'a, Vector<4>, Label<3>, Vector<3>>;

fn data(samples: usize) -> Data {
    Dataset::new(inputs(samples), (0..samples).map(|at| Label::new(at * 7 % 3).unwrap()).collect()).unwrap()
}

fn trainer() -> Trainer<Net, CrossEntropy, Sgd<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Sgd::new(0.05), 5)
}

/// A metric with these values, epoch by epoch.
fn measures(values: &[f64]) -> impl FnMut(&[Vector<3>], &[Label<3>]) -> Result<f64, Error> + use<> {
    let (values, mut epoch) = (values.to_vec(), 0);
    move |_, _| {
        epoch += 1;
        Ok(values[epoch - 1])
    }
}

/// The networks after each epoch, the numbers of the best ones, and the network at the end.
fn run<'a>(data: &'a Data, options: Options<'a>) -> (Vec<Vec<u64>>, Vec<u64>, Vec<u64>) {
    let (mut trainer, mut epochs) = (trainer(), Vec::<Epoch>::new());
    let options = options.validate(data).on_epoch(|epoch| {
        epochs.push(epoch.clone());
        ControlFlow::Continue(())
    });
    trainer.fit(data, options).unwrap();
    let after: Vec<_> = (1..=epochs.len() as u64)
        .map(|epochs| {
            let mut plain = self::trainer();
            plain.fit(data, Fit::epochs(epochs).quiet()).unwrap();
            bits(&plain.network)
        })
        .collect();
    let best = epochs.iter().filter(|epoch| epoch.best).map(|epoch| epoch.number).collect();
    (after, best, bits(&trainer.network))
}

const SCORES: [f64; 8] = [0.1, 0.5, 0.55, 0.4, 0.58, f64::NAN, 0.3, 0.2];

#[test]
fn the_best_network_is_that_of_the_highest_or_lowest_value() {
    let data = data(30);
    let fit = || Fit::epochs(8).quiet().metric("score", measures(&SCORES)).keep_best();
    let (after, best, network) = run(&data, fit().monitor(Monitor::max("score")));
    assert_eq!((after.len(), best), (8, vec![1, 2, 3, 5]));
    assert_eq!(network, after[4]);
    let (after, best, network) = run(&data, fit().monitor(Monitor::min("score")));
    assert_eq!((after.len(), best), (8, vec![1]));
    assert_eq!(network, after[0]);
    // 0.55 is not 0.1 more than 0.5, and 0.58 neither.
    let (after, best, network) = run(&data, fit().monitor(Monitor::max("score").min_delta(0.1)));
    assert_eq!((after.len(), best), (8, vec![1, 2]));
    assert_eq!(network, after[1]);
    // The training loss falls in every epoch.
    let (after, best, network) = run(&data, fit().monitor(Monitor::min("loss")));
    assert_eq!((best.len(), network), (8, after[7].clone()));
}

#[test]
fn training_stops_early_by_any_value() {
    let data = data(30);
    let fit = |patience| Fit::epochs(8).quiet().metric("score", measures(&SCORES)).stop_early(patience);
    let (after, _, network) = run(&data, fit(1).monitor(Monitor::max("score")));
    assert_eq!((after.len(), network), (4, after[2].clone()));
    let (after, _, network) = run(&data, fit(2).monitor(Monitor::max("score")));
    assert_eq!((after.len(), network), (7, after[4].clone()));
    let (after, _, network) = run(&data, fit(2).monitor(Monitor::max("score").min_delta(0.1)));
    assert_eq!((after.len(), network), (4, after[1].clone()));
}

#[test]
fn the_training_loss_is_monitored_without_a_validation_set() {
    let (data, mut trainer) = (data(30), trainer());
    let options = Fit::epochs(9).quiet().monitor(Monitor::min("loss").min_delta(10.0)).stop_early(2);
    assert_eq!(trainer.fit(&data, options).unwrap().rows().len(), 3);
}

#[test]
fn a_plateau_watches_the_monitored_value_in_its_direction() {
    let data = data(30);
    let rate = |monitor: Monitor| {
        let mut trainer = trainer();
        let options = Fit::epochs(8).quiet().validate(&data).metric("score", measures(&SCORES));
        trainer.fit(&data, options.monitor(monitor).plateau(Plateau::new(0.5, 1))).unwrap();
        trainer.optimizer.learning_rate
    };
    // Two in a row that do not improve: 6 and 7. For the minimum, 2 and 3, then 4 and 5, and 6 and 7.
    assert_eq!(rate(Monitor::max("score")), 0.05 * 0.5);
    assert_eq!(rate(Monitor::min("score")), 0.05 * 0.125);
}

#[test]
fn the_best_network_is_saved_each_time() {
    let (data, folder) = (data(30), tempfile::tempdir().unwrap());
    let path = folder.path().join("best.safetensors");
    let options = Fit::epochs(8).quiet().metric("score", measures(&SCORES)).save_best(&path);
    let (after, _, network) = run(&data, options.monitor(Monitor::max("score")));
    assert_eq!(bits(&checkpoint::load::<Net>(&path).unwrap()), after[4]);
    assert_eq!(network, after[7], "the network at the end is that of the last epoch");
    let nowhere = Fit::epochs(1).quiet().validate(&data).save_best(folder.path().join("no/folder"));
    assert!(matches!(trainer().fit(&data, nowhere).unwrap_err(), FitError::Checkpoint(_)));
}

#[test]
fn what_is_not_measured_cannot_be_monitored() {
    let (data, mut trainer) = (data(30), trainer());
    let before = bits(&trainer.network);
    let mut error = |options: Options<'_>| trainer.fit(&data, options.quiet()).unwrap_err().to_string();
    let options = Fit::epochs(1).validate(&data).metric("score", measures(&[1.0]));
    assert_eq!(
        error(options.monitor(Monitor::max("accuracy"))),
        "there is no value `accuracy` in an epoch: the values are loss, validation loss, score"
    );
    let needs = |what: &str| {
        format!("{what} needs a validation set, but there is none: give one with `.validate(&data)`")
    };
    assert_eq!(error(Fit::epochs(1).keep_best()), needs("the best network"));
    assert_eq!(
        error(Fit::epochs(1).monitor(Monitor::max("accuracy")).stop_early(1)),
        needs("early stopping")
    );
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        let options = Fit::epochs(1).validate(&data).monitor(Monitor::default().min_delta(wrong));
        assert!(error(options).starts_with("the smallest change of a monitor is "));
    }
    assert_eq!(
        error(Fit::epochs(1).validate(&data).plateau(Plateau::new(0.5, 1).maximize())),
        "the plateau waits for larger values, but `Monitor::min(\"validation loss\")` for smaller ones: monitor a \
         value that should become large, as in `.monitor(Monitor::max(\"accuracy\"))`"
    );
    assert_eq!(bits(&trainer.network), before);
}

/// A value that is not finite is never the best one, and does not end up in a checkpoint.
#[test]
fn infinity_is_never_best() {
    let (data, folder) = (data(30), tempfile::tempdir().unwrap());
    let values = [f64::INFINITY, 0.5, f64::NEG_INFINITY, f64::INFINITY];
    let fit = Fit::epochs(4).quiet().metric("score", measures(&values)).keep_best();
    let fit = fit.plateau(Plateau::new(0.5, 9)).checkpoint(folder.path().join("run"));
    let (after, best, network) = run(&data, fit.monitor(Monitor::max("score")));
    assert_eq!((best, network), (vec![2], after[1].clone()));
}

/// A run of 8 epochs, and one that is stopped after 3 and resumed.
#[test]
fn a_resumed_run_knows_its_best_epoch_and_begins_again_with_another_monitor() {
    let (data, folder) = (data(30), tempfile::tempdir().unwrap());
    let path = folder.path().join("run");
    let fit = |epochs, values: &[f64], monitor: Monitor| {
        let options = Fit::epochs(epochs).metric("score", measures(values)).monitor(monitor);
        options.quiet().validate(&data).stop_early(2).checkpoint(&path)
    };
    let monitor = || Monitor::max("score");
    let mut first = trainer();
    first.fit(&data, fit(3, &SCORES, monitor())).unwrap();
    // 0.4 is no better than 0.55, which is in the file; nor is 0.5.
    let mut resumed = trainer();
    let history = resumed.fit(&data, fit(8, &[0.4, 0.5], monitor())).unwrap();
    assert_eq!(history.rows().len(), 5);
    assert_eq!(bits(&resumed.network), bits(&first.network), "the network of epoch 3");

    // The lowest so far is not known: the first epoch from now on is the best, and then the third.
    let (mut other, mut straight) = (trainer(), trainer());
    let history = other.fit(&data, fit(8, &[0.4, 0.5, 0.3], Monitor::min("score"))).unwrap();
    straight.fit(&data, Fit::epochs(8).quiet()).unwrap();
    assert_eq!(history.rows().len(), 8);
    assert_eq!(bits(&other.network), bits(&straight.network));
}
