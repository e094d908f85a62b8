//! A checkpoint that another program resumes: its settings are those of the program, and what does not belong together
//! is an error that changes nothing.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use crate::common::{bits, inputs};
use chainrule::FitError;
use chainrule::checkpoint::CheckpointError;
use chainrule::data::Dataset;
use chainrule::metrics::History;
use chainrule::prelude::*;

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
type Data = Dataset<Vector<4>, Label<3>>;
type Options<'a> = Fit<'a, Vector<4>, Label<3>, Vector<3>>;
type NetTrainer<O = Adam<Net>> = Trainer<Net, CrossEntropy, O>;

fn data(samples: usize) -> Data {
    Dataset::new(inputs(samples), (0..samples).map(|at| Label::new(at * 7 % 3).unwrap()).collect()).unwrap()
}

fn trainer(rate: f64) -> NetTrainer {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(rate), 5)
}

fn fit<'a>(epochs: u64) -> Options<'a> {
    Fit::epochs(epochs).quiet().batch_size(10)
}

fn column(history: &History, name: &str) -> Vec<f64> {
    history.values(name).map(|(_, value)| value).collect()
}

/// 40 samples in batches of 10: 4 steps an epoch.
#[test]
fn a_longer_run_has_the_schedule_and_the_rate_of_the_new_program_at_the_step_of_the_file() {
    let (folder, train) = (tempfile::tempdir().unwrap(), data(40));
    let path = folder.path().join("run");
    let mut short = trainer(0.01).schedule(Schedule::cosine(4 * 10));
    short.fit(&train, fit(10).checkpoint(&path)).unwrap();

    let new = Schedule::cosine(4 * 60);
    let mut longer = trainer(0.05).schedule(new.clone());
    let history = longer.fit(&train, fit(60).checkpoint(&path)).unwrap();
    assert_eq!((history.rows().len(), longer.steps()), (60, 240));
    assert_eq!(longer.optimizer.learning_rate, 0.05 * new.factor(239));

    // By hand: the first program's network and moments, the second one's rates.
    let mut by_hand = trainer(0.01).schedule(Schedule::cosine(4 * 10));
    by_hand.fit(&train, fit(10)).unwrap();
    by_hand.optimizer.learning_rate = 0.0; // set below in each epoch
    let mut by_hand = by_hand.schedule(Schedule::constant());
    by_hand.optimizer.learning_rate = 0.05 * new.factor(40);
    by_hand.fit(&train, fit(1).batch_size(40)).unwrap();
    let mut resumed = trainer(0.05).schedule(new.clone());
    fs::remove_file(&path).unwrap();
    trainer(0.01).schedule(Schedule::cosine(4 * 10)).fit(&train, fit(10).checkpoint(&path)).unwrap();
    resumed.fit(&train, fit(11).batch_size(40).checkpoint(&path)).unwrap();
    assert_eq!(bits(&resumed.network), bits(&by_hand.network), "one step at the rate of step 40");
    let losses = column(&history, "loss");
    assert!(
        losses[59] < 0.9 * losses[9],
        "50 more epochs have learned nothing: {} to {}",
        losses[9],
        losses[59]
    );
}

/// A plateau that has halved the rate halves the new one, and its new patience applies.
#[test]
fn a_plateau_has_the_settings_of_the_program_and_the_state_of_the_file() {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(20), data(10));
    let path = folder.path().join("run");
    let new = |rate| {
        let frozen = FreezeParameters::new(Sgd::new(rate), ["0", "2"]); // the loss stays what it is
        Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), frozen, 5)
    };
    let run = |rate, epochs, plateau| {
        let mut trainer = new(rate);
        trainer.fit(&train, fit(epochs).validate(&test).plateau(plateau).checkpoint(&path)).unwrap();
        trainer.optimizer.optimizer.learning_rate
    };
    // The first epoch is the best, and the second is no better.
    assert_eq!(run(0.5, 2, Plateau::new(0.5, 0)), 0.25);
    assert_eq!(run(0.5, 4, Plateau::new(0.5, 5)), 0.25, "the patience is not that of the program");
    assert_eq!(run(8.0, 5, Plateau::new(0.5, 50)), 4.0, "the new rate, halved");
    assert_eq!(run(8.0, 6, Plateau::new(0.25, 0)), 1.0, "halved, and now a quarter of that");
}

#[test]
fn an_average_has_the_decay_of_the_program() {
    let (folder, train) = (tempfile::tempdir().unwrap(), data(40));
    let path = folder.path().join("run");
    trainer(0.05).fit(&train, fit(2).average(0.9).checkpoint(&path)).unwrap();
    let mut without = trainer(0.05);
    without.fit(&train, fit(3).average(0.0).checkpoint(&path)).unwrap();
    let mut plain = trainer(0.05);
    plain.fit(&train, fit(3)).unwrap();
    assert_eq!(bits(&without.network), bits(&plain.network), "an average of decay 0 is the network itself");
}

#[test]
fn options_that_do_not_change_the_weights_can_be_added_and_removed() {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(40), data(10));
    let path = folder.path().join("run");
    let mut plain = trainer(0.05);
    let history = plain.fit(&train, fit(8)).unwrap();
    let run = |options: Options<'_>| {
        let mut trainer = trainer(0.05);
        let rows = trainer.fit(&train, options.checkpoint(&path)).unwrap().rows().len();
        (trainer, rows)
    };
    run(fit(1));
    run(fit(2).validate(&test).stop_early(50));
    run(fit(3).average(0.5));
    run(fit(4).validate(&test).stop_early(50).average(0.75));
    run(fit(5).validate(&test));
    let (last, rows) = run(fit(8));
    assert_eq!(rows, 8);
    assert_eq!(bits(&last.network), bits(&plain.network), "the course has changed");

    // Early stopping that is added begins with the next epoch: the best of the epochs 9 and 10.
    let (stopped, _) = run(fit(10).validate(&test).stop_early(50));
    let mut two = trainer(0.05);
    let mut losses = vec![];
    two.fit(
        &train,
        fit(10).validate(&test).on_epoch(|epoch| {
            losses.push(epoch.validation_loss.unwrap());
            ControlFlow::Continue(())
        }),
    )
    .unwrap();
    assert_eq!(stopped.evaluate(&test).unwrap(), losses[8].min(losses[9]));
    assert_eq!(history.rows().len(), 8);
}

#[test]
fn a_batch_size_may_change_within_an_epoch() {
    let (folder, train) = (tempfile::tempdir().unwrap(), data(40));
    let path = folder.path().join("run");
    let mut trainer = trainer(0.05);
    trainer.fit(&train, fit(1).checkpoint(&path)).unwrap();
    let before = trainer.steps();
    trainer.fit(&train, fit(2).batch_size(4).checkpoint(&path)).unwrap();
    assert_eq!((before, trainer.steps()), (4, 4 + 10));
}

/// All that a failed call could have changed.
fn state<O: chainrule::checkpoint::State>(
    trainer: &mut NetTrainer<O>,
    folder: &Path,
) -> (Vec<u64>, u64, Vec<u8>) {
    let probe = folder.join("probe");
    trainer.save_checkpoint(&probe).unwrap();
    let saved = fs::read(&probe).unwrap();
    fs::remove_file(&probe).unwrap();
    (bits(&trainer.network), trainer.steps(), saved)
}

/// Each file of a folder, with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_call_that_fails_before_its_first_step_leaves_the_trainer_and_all_files_as_they_were() {
    let (folder, train, other) = (tempfile::tempdir().unwrap(), data(40), data(41));
    let [path, log, new] = ["run", "log.csv", "new"].map(|name| folder.path().join(name));
    let mut saved = trainer(0.05).schedule(Schedule::cosine(8));
    saved.fit(&train, fit(2).checkpoint(&path).log(&log)).unwrap();

    let mut kept = trainer(0.01).schedule(Schedule::cosine(8));
    kept.step(&train.inputs()[..4], &train.targets()[..4]).unwrap();
    let (before, files_before) = (state(&mut kept, folder.path()), files(folder.path()));
    let mut fails = |data: &Data, options: Options<'_>| {
        let error = kept.fit(data, options).unwrap_err();
        assert!(state(&mut kept, folder.path()) == before, "the trainer has changed: {error}");
        assert!(files(folder.path()) == files_before, "a file has changed: {error}");
        error
    };
    let error = fails(&other, fit(3).checkpoint(&path).log(&log));
    assert!(matches!(error, FitError::OtherData { saved: 40, samples: 41, .. }), "{error}");
    assert!(error.to_string().contains("over 40 samples, but this data set has 41"), "{error}");
    let error = fails(&train, fit(3).checkpoint(&path).log(&log));
    assert!(matches!(error, FitError::NoLearningRate { start: 0, step: 8, .. }), "{error}");
    let missing = folder.path().join("missing/log.csv");
    // Each of two logs, when the other could be written, and next to a checkpoint that is new.
    for options in [fit(3).log(&log).log(&missing), fit(3).checkpoint(&new).log(&missing).log(&log)] {
        let error = fails(&train, options);
        assert!(matches!(error, FitError::Log(_)), "{error}");
    }
    let error = fails(&train, fit(3).log(&log).checkpoint(folder.path().join("missing/run")));
    assert!(matches!(error, FitError::Checkpoint(CheckpointError::Write { .. })), "{error}");
    let options = fit(3).checkpoint(&path).validate(&train).metric("loss", chainrule::metrics::accuracy);
    let error = fails(&train, options);
    assert!(matches!(error, FitError::Log(_)), "{error}");
}

#[test]
fn a_checkpoint_goes_on_with_other_data_or_another_network_only_when_that_is_said() {
    let (folder, train, other) = (tempfile::tempdir().unwrap(), data(40), data(33));
    let path = folder.path().join("run");
    trainer(0.05).fit(&train, fit(1).checkpoint(&path)).unwrap();
    let mut trainer = trainer(0.05);
    let history = trainer.fit(&other, fit(2).other_data().checkpoint(&path)).unwrap();
    assert_eq!(
        (history.rows().len(), trainer.steps()),
        (2, 4 + 4),
        "33 samples are three batches of 10 and one of 3"
    );
    // Now the file is of a run over 33.
    let error = trainer.fit(&train, fit(3).checkpoint(&path)).unwrap_err();
    assert!(matches!(error, FitError::OtherData { saved: 33, samples: 40, .. }), "{error}");

    type Kinked = (Linear<4, 8>, Relu, Linear<8, 3>);
    let mut kinked = Trainer::new(Kinked::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.05), 5);
    let (before, file) = (bits(&kinked.network), fs::read(&path).unwrap());
    let error = kinked.fit(&other, fit(3).checkpoint(&path)).unwrap_err();
    assert!(matches!(error, FitError::Checkpoint(CheckpointError::OtherNetwork { .. })), "{error}");
    let text = error.to_string();
    for name in
        ["(Linear<4, 8>, Relu, Linear<8, 3>)", "(Linear<4, 8>, Tanh, Linear<8, 3>)", "`Fit::other_network`"]
    {
        assert!(text.contains(name), "no {name} in {text}");
    }
    assert_eq!((bits(&kinked.network), fs::read(&path).unwrap()), (before, file));
    let history = kinked.fit(&other, fit(3).other_network().checkpoint(&path)).unwrap();
    assert_eq!((history.rows().len(), kinked.steps()), (3, 12));
}
