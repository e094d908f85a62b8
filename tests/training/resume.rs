//! A run of `fit` that is stopped anywhere and resumed gives the same bits as one that was not stopped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{bits, inputs};
use chainrule::FitError;
use chainrule::checkpoint::{self, CheckpointError};
use chainrule::data::Dataset;
use chainrule::metrics::{History, accuracy};
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};

/// Random in training and measured in training.
type Net = (Linear<4, 12>, BatchNorm<12>, Tanh, Dropout<30>, Linear<12, 3>);
type Data = Dataset<Vector<4>, Label<3>>;
type Options<'a> = Fit<'a, Vector<4>, Label<3>, Vector<3>>;

const EPOCHS: u64 = 6;
const SAMPLES: usize = 37;

fn data(samples: usize) -> Data {
    Dataset::new(inputs(samples), (0..samples).map(|at| Label::new(at % 3).unwrap()).collect()).unwrap()
}

/// All that has a state: moments, random numbers, a schedule.
fn trainer() -> Trainer<Net, CrossEntropy, Adam<Net>> {
    let schedule = Schedule::cosine(40).warm_up(3);
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.03), 9)
        .schedule(schedule)
        .clip_norm(1.0)
}

/// A plateau and an average too, and augmentation, which `see` is told of.
fn options<'a>(test: &'a Data, folder: &Path, mut see: impl FnMut() + 'a) -> Options<'a> {
    Fit::epochs(EPOCHS)
        .batch_size(5)
        .validate(test)
        .metric("accuracy", accuracy)
        .stop_early(4)
        .plateau(Plateau::new(0.5, 0))
        .average(0.8)
        .augment(move |x: &mut Vector<4>, rng: &mut dyn Rng| {
            see();
            x.0.iter_mut().for_each(|x| *x += rng.random_range(-0.1..0.1));
        })
        .checkpoint_every(3, folder.join("run.safetensors"))
        .log(folder.join("log.csv"))
}

/// What is left of a run: its weights, its history, all bytes of its checkpoint and its log.
#[derive(PartialEq)]
struct Left {
    weights: Vec<u64>,
    rows: Vec<chainrule::metrics::Row>,
    checkpoint: Vec<u8>,
    log: String,
}

fn left(trainer: &Trainer<Net, CrossEntropy, Adam<Net>>, history: &History, folder: &Path) -> Left {
    Left {
        weights: bits(&trainer.network),
        rows: history.rows().to_vec(),
        checkpoint: fs::read(folder.join("run.safetensors")).unwrap(),
        log: fs::read_to_string(folder.join("log.csv")).unwrap(),
    }
}

fn straight() -> Left {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(SAMPLES), data(11));
    let mut trainer = trainer();
    let history = trainer.fit(&train, options(&test, folder.path(), || ())).unwrap();
    left(&trainer, &history, folder.path())
}

#[track_caller]
fn same(found: &Left, expected: &Left, when: &str) {
    assert_eq!(found.weights, expected.weights, "{when}: the weights differ");
    assert_eq!(found.rows, expected.rows, "{when}: the histories differ");
    assert_eq!(found.log, expected.log, "{when}: the logs differ");
    assert!(found.checkpoint == expected.checkpoint, "{when}: the checkpoints differ");
}

#[test]
fn a_run_that_is_stopped_after_any_epoch_goes_on_as_if_it_had_not_been() {
    let (expected, train, test) = (straight(), data(SAMPLES), data(11));
    assert_eq!(expected.rows.len() as u64, EPOCHS);
    for stops in [&[1][..], &[3], &[5], &[6], &[1, 2, 3, 4, 5, 6]] {
        let folder = tempfile::tempdir().unwrap();
        for &stop in stops {
            let mut trainer = trainer();
            let stopping = options(&test, folder.path(), || ()).on_epoch(|epoch| {
                if epoch.number == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let history = trainer.fit(&train, stopping).unwrap();
            assert_eq!(history.rows().len() as u64, stop);
        }
        let mut trainer = trainer();
        let history = trainer.fit(&train, options(&test, folder.path(), || ())).unwrap();
        same(&left(&trainer, &history, folder.path()), &expected, &format!("stopped after {stops:?}"));
    }
}

#[test]
fn a_run_that_breaks_off_within_an_epoch_goes_on_as_if_it_had_not() {
    let (expected, train, test) = (straight(), data(SAMPLES), data(11));
    // The number of samples before the stop: in the first batch, before and after a checkpoint, at an epoch's last
    // sample and the next first.
    for stop in [1, 15, 16, 37, 38, 77, 111, 200] {
        let folder = tempfile::tempdir().unwrap();
        let mut samples = 0;
        let broken = catch_unwind(AssertUnwindSafe(|| {
            let breaking = options(&test, folder.path(), || {
                samples += 1;
                if samples == stop {
                    std::panic::resume_unwind(Box::new("the power is gone"));
                }
            });
            trainer().fit(&train, breaking)
        }));
        assert!(broken.is_err(), "not broken off at {stop}");
        let mut trainer = trainer();
        let history = trainer.fit(&train, options(&test, folder.path(), || ())).unwrap();
        same(&left(&trainer, &history, folder.path()), &expected, &format!("broken off at sample {stop}"));
    }
}

const FOLDER: &str = "CHAINRULE_TEST_FOLDER";

#[test]
fn a_process_that_is_killed_again_and_again_comes_to_the_same_weights() {
    const TEST: &str = "a_process_that_is_killed_again_and_again_comes_to_the_same_weights";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let (train, test) = (data(SAMPLES), data(11));
        let mut trainer = trainer();
        trainer.fit(&train, options(&test, folder.as_ref(), || println!("sample"))).unwrap();
        checkpoint::save(&trainer.network, Path::new(&folder).join("trained.safetensors")).unwrap();
        return;
    }
    let (expected, folder, mut draws) = (straight(), tempfile::tempdir().unwrap(), rng(3));
    let child = || {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &format!("resume::{TEST}"), "--nocapture"]).env(FOLDER, folder.path());
        child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    // A run has 222 samples. Each child is killed after some of them, and then at a random moment: 10 kills come to
    // about 160 samples, and each throws away what came since the last checkpoint.
    for _ in 0..10 {
        let mut child = child();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let seen = lines.filter(|line| line == "sample").take(draws.random_range(1..32)).count();
        assert!(seen > 0, "the child trains nothing");
        std::thread::sleep(std::time::Duration::from_micros(draws.random_range(0..2000)));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
    }
    let last = child().wait_with_output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stdout));
    let said = String::from_utf8_lossy(&last.stdout).lines().filter(|line| *line == "sample").count();
    assert!(said < 222, "the last child began again");
    // Without a terminal there is no bar, but a line for each epoch that this process trained, and one for the best.
    let stderr = String::from_utf8_lossy(&last.stderr);
    let mut epochs: Vec<_> = stderr.lines().collect();
    assert!(epochs.pop().unwrap().starts_with("the network of epoch "), "{stderr}");
    assert!(!epochs.is_empty() && epochs.iter().all(|line| line.starts_with("epoch ")), "{stderr}");
    assert!(epochs.last().unwrap().starts_with("epoch 6/6: loss "), "{stderr}");
    let trained: Owned<Net> = checkpoint::load(folder.path().join("trained.safetensors")).unwrap();
    assert_eq!(bits(&trained), expected.weights);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("run.safetensors") == expected.checkpoint, "the checkpoints differ");
    assert_eq!(String::from_utf8(read("log.csv")).unwrap(), expected.log);
}

#[test]
fn a_run_that_has_ended_is_not_trained_again_and_may_be_made_longer() {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(SAMPLES), data(11));
    let path = folder.path().join("run");
    let fit = |epochs| {
        let mut trainer = trainer();
        let history =
            trainer.fit(&train, Fit::epochs(epochs).quiet().validate(&test).checkpoint(&path)).unwrap();
        (bits(&trainer.network), history.rows().to_vec())
    };
    let (two, again, four) = (fit(2), fit(2), fit(4));
    assert_eq!(two, again);
    let mut straight = trainer();
    let history = straight.fit(&train, Fit::epochs(4).quiet().validate(&test)).unwrap();
    assert_eq!(four, (bits(&straight.network), history.rows().to_vec()));
}

#[test]
fn the_networks_of_a_checkpoint_load_by_themselves() {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(SAMPLES), data(11));
    let path = folder.path().join("run.safetensors");
    let mut fitted = trainer();
    fitted.fit(&train, Fit::epochs(3).quiet().validate(&test).stop_early(9).checkpoint(&path)).unwrap();
    let best: Owned<Net> = checkpoint::Format::chainrule().within("best").load(&path).unwrap();
    assert_eq!(bits(&best), bits(&fitted.network));
    let last: Owned<Net> = checkpoint::Format::chainrule().within("trainer.network").load(&path).unwrap();
    let mut plain = trainer();
    plain.fit(&train, Fit::epochs(3).quiet()).unwrap();
    assert_eq!(bits(&last), bits(&plain.network));
}

#[test]
fn a_checkpoint_of_another_run_is_an_error() {
    let (folder, train) = (tempfile::tempdir().unwrap(), data(SAMPLES));
    let path = folder.path().join("run");
    trainer().fit(&train, Fit::epochs(1).quiet().checkpoint_every(1, &path)).unwrap();
    // Another optimizer has other moments.
    let mut sgd = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Sgd::new(0.03), 9);
    let error = sgd.fit(&train, Fit::epochs(2).quiet().checkpoint(&path)).unwrap_err();
    assert!(matches!(error, FitError::Checkpoint(CheckpointError::Mismatch(_))), "{error}");
    let text = error.to_string();
    assert!(text.ends_with("resume it with the optimizer that it was saved with"), "{text}");
    assert!(!text.contains("Trainer<") && !text.contains("Run<"), "{text}");

    fs::write(&path, "no checkpoint").unwrap();
    let error = trainer().fit(&train, Fit::epochs(2).quiet().checkpoint(&path)).unwrap_err();
    assert!(matches!(error, FitError::Checkpoint(CheckpointError::Broken { .. })), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"no checkpoint", "it was replaced");

    fs::remove_file(&path).unwrap();
    let mut samples = 0;
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let breaking = Fit::epochs(1).quiet().batch_size(5).checkpoint_every(1, &path).augment(
            |_: &mut Vector<4>, _| {
                samples += 1;
                if samples == 12 {
                    std::panic::resume_unwind(Box::new("gone"));
                }
            },
        );
        trainer().fit(&train, breaking)
    }));
    let error = trainer().fit(&data(SAMPLES + 1), Fit::epochs(1).quiet().checkpoint(&path)).unwrap_err();
    assert!(matches!(error, FitError::OtherData { .. }), "{error}");
}
