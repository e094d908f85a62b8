//! Training on samples that are drawn by weights, and on complete batches only.

use std::fs;

use crate::common::{bits, inputs};
use chainrule::FitError;
use chainrule::data::{DataError, Dataset, Loader, Sampling};
use chainrule::prelude::*;

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
type Data = Dataset<Vector<4>, Label<3>>;
type Options<'a> = Fit<'a, Vector<4>, Label<3>, Vector<3>>;

fn data(samples: usize) -> Data {
    Dataset::new(inputs(samples), (0..samples).map(|at| Label::new(at * 7 % 3).unwrap()).collect()).unwrap()
}

fn trainer() -> Trainer<Net, CrossEntropy, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.05), 5)
}

fn fit<'a>(epochs: u64) -> Options<'a> {
    Fit::epochs(epochs).quiet().batch_size(10)
}

#[test]
fn fit_trains_on_the_batches_of_the_loader() {
    let train = data(43);
    let sampling = || Sampling::balanced(train.targets()).draws(57);
    let mut fitted = trainer();
    fitted.fit(&train, fit(3).sample(sampling()).drop_last()).unwrap();

    let (mut by_hand, mut draws) = (trainer(), rng(5));
    draws.set_stream(1); // that of the trainer of seed 5
    let mut loader = Loader::new(&train, 10).unwrap().sample(sampling()).unwrap().drop_last().unwrap();
    for _ in 0..3 {
        while let Some((xs, ys)) = loader.next(&mut draws).unwrap() {
            by_hand.step(xs, ys).unwrap();
        }
    }
    assert_eq!((fitted.steps(), by_hand.steps()), (15, 15), "five batches of 10 of 57 draws");
    assert_eq!(bits(&fitted.network), bits(&by_hand.network));
}

/// The file of a run after `steps` of its steps, and the network of the whole run.
fn stopped(
    steps: usize,
    train: &Data,
    options: impl Fn() -> Options<'static>,
) -> (tempfile::TempDir, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let (run, copy) = (folder.path().join("run"), folder.path().join("copy"));
    let mut samples = 0;
    let copying = options().checkpoint_every(1, &run).augment({
        let (run, copy) = (run.clone(), copy.clone());
        move |_, _| {
            samples += 1;
            if samples == 10 * steps + 1 {
                fs::copy(&run, &copy).unwrap();
            }
        }
    });
    let mut whole = trainer();
    whole.fit(train, copying).unwrap();
    (folder, bits(&whole.network))
}

#[test]
fn a_run_that_draws_by_weights_goes_on_bit_for_bit() {
    let train: &'static Data = Box::leak(Box::new(data(43)));
    let options = || fit(3).sample(Sampling::balanced(train.targets())).drop_last();
    for steps in [2, 4, 6] {
        let (folder, whole) = stopped(steps, train, options);
        let mut resumed = trainer();
        resumed.fit(train, options().augment(|_, _| ()).checkpoint(folder.path().join("copy"))).unwrap();
        assert_eq!(bits(&resumed.network), whole, "stopped after {steps} steps");
    }
}

#[test]
fn a_changed_sampling_begins_the_epoch_again() {
    let train: &'static Data = Box::leak(Box::new(data(40)));
    let (folder, _) = stopped(6, train, || fit(2));
    let mut resumed = trainer();
    let sampling = Sampling::balanced(train.targets()).draws(20);
    let history = resumed.fit(train, fit(2).sample(sampling).checkpoint(folder.path().join("copy"))).unwrap();
    // 6 steps of the file, of which 2 were of the second epoch, which now has 2 steps.
    assert_eq!((resumed.steps(), history.rows().len()), (8, 2));
}

#[test]
fn samples_that_cannot_be_drawn_are_an_error_that_changes_nothing() {
    let train = data(8);
    let mut trainer = trainer();
    let before = bits(&trainer.network);
    let error = trainer.fit(&train, fit(1).drop_last()).unwrap_err();
    let FitError::Batches(error) = error else { panic!("{error}") };
    assert!(matches!(*error, DataError::NoBatch { samples: 8, size: 10 }), "{error}");
    let error = trainer.fit(&train, fit(1).sample(Sampling::weighted([1.0; 7]))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the batches cannot be created: there are 7 weights for 8 samples: give one weight for each sample"
    );
    assert_eq!((bits(&trainer.network), trainer.steps()), (before, 0));
}
