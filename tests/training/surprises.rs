//! What a user of `fit` would not expect without being told: each is an error, or a line.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{Command, Stdio};

use crate::common::{bits, inputs};
use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::{Error, FitError};

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
type Data = Dataset<Vector<4>, Label<3>>;

fn data(samples: usize) -> Data {
    Dataset::new(inputs(samples), (0..samples).map(|at| Label::new(at * 7 % 3).unwrap()).collect()).unwrap()
}

fn trainer() -> Trainer<Net, CrossEntropy, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.05), 5)
}

#[test]
fn a_second_fit_under_a_schedule_that_has_ended_is_an_error_and_trains_under_a_new_one() {
    let train = data(40);
    let mut trainer = trainer().schedule(Schedule::cosine(8));
    trainer.fit(&train, Fit::epochs(2).quiet().batch_size(10)).unwrap();
    let before = bits(&trainer.network);
    let error = trainer.fit(&train, Fit::epochs(40).quiet().batch_size(10)).unwrap_err();
    assert!(matches!(error, FitError::NoLearningRate { start: 0, step: 8, .. }), "{error}");
    assert!(
        error.to_string().contains("`Schedule::cosine(8)` started at step 0, and this is step 8"),
        "{error}"
    );
    assert_eq!(bits(&trainer.network), before);

    // A new schedule begins at this step and multiplies the same rate.
    let mut trainer = trainer.schedule(Schedule::cosine(16));
    trainer.fit(&train, Fit::epochs(2).quiet().batch_size(10)).unwrap();
    assert_eq!(trainer.optimizer.learning_rate, 0.05 * Schedule::cosine(16).factor(7));
    assert_ne!(bits(&trainer.network), before);
}

#[test]
fn a_learning_rate_that_is_set_under_a_schedule_applies() {
    let (xs, ys) = (inputs::<Vector<4>>(4), [Label::new(0).unwrap(); 4]);
    let schedule = Schedule::exponential(0.5);
    let mut trainer = trainer().schedule(schedule);
    (0..3).for_each(|_| _ = trainer.step(&xs, &ys).unwrap());
    assert_eq!(trainer.optimizer.learning_rate, 0.05 * 0.25);
    trainer.optimizer.learning_rate = 0.5; // at the step 2; the step 3 halves it
    trainer.step(&xs, &ys).unwrap();
    approx::assert_relative_eq!(trainer.optimizer.learning_rate, 0.25, max_relative = 1e-15);
}

/// Without a warm-up the first networks have a weight of 0.999^200 = 0.82 after 200 steps.
#[test]
fn the_average_of_a_short_run_is_not_of_its_first_networks() {
    let train = data(40);
    let evaluate = |options: Fit<'_, _, _, _>| {
        let mut trainer = trainer();
        trainer.fit(&train, options.quiet().batch_size(10)).unwrap();
        trainer.evaluate(&train).unwrap()
    };
    let (start, plain) = (trainer().evaluate(&train).unwrap(), evaluate(Fit::epochs(50)));
    let averaged = evaluate(Fit::epochs(50).average(0.999));
    assert!(plain < 0.5 * start, "it learns too little to show anything: {start} to {plain}");
    // The average is over about the last ninth of the run, in which the loss falls by far less than in all of it.
    assert!(averaged - plain < 0.1 * (start - plain), "{start} to {plain}, and {averaged} with an average");
}

#[test]
fn the_validation_loss_is_without_label_smoothing() {
    let (train, test) = (data(40), data(20));
    let net = Net::init(&mut rng(1));
    let mut trainer = Trainer::new(net, CrossEntropy::smoothed(0.2), Adam::new(0.05), 5);
    let history = trainer.fit(&train, Fit::epochs(1).quiet().validate(&test)).unwrap();
    let (plain, smoothed) = (CrossEntropy::default(), CrossEntropy::smoothed(0.2));
    let plain = trainer.network.loss(&plain, test.inputs(), test.targets()).unwrap();
    let smoothed = trainer.network.loss(&smoothed, test.inputs(), test.targets()).unwrap();
    assert_ne!(plain, smoothed);
    assert_eq!(history.values("validation loss").next().unwrap().1, plain);
    assert_eq!(trainer.evaluate(&test).unwrap(), plain);
    let mut wrong = trainer;
    wrong.loss = CrossEntropy::smoothed(1.5);
    assert!(matches!(wrong.evaluate(&test), Err(Error::Setting { .. })));
}

/// One weight under R = (w x - y)^2 with y = 0 and x = 1: a step multiplies w by 1 - 2 rate, about -1e30.
#[test]
fn a_last_step_that_makes_a_weight_infinite_is_an_error_and_is_not_taken() {
    type One = Linear<1, 1, f32, NoBias>;
    let train = Dataset::new(vec![Vector([1.0_f32])], vec![Vector([0.0])]).unwrap();
    let new = || {
        let net = One::init_with(Initializer::constant(1.0), &mut rng(0));
        Trainer::new(net, MeanSquaredError, Sgd::<One>::new(5e29), 1)
    };
    let mut trainer = new();
    trainer.fit(&train, Fit::epochs(1).quiet()).unwrap();
    assert_eq!(trainer.network.weights(), [-1e30]);
    let mut trainer = new();
    let error = trainer.fit(&train, Fit::epochs(2).quiet()).unwrap_err();
    let FitError::Training { epoch: 2, source: Error::StepOverflow { parameter, .. } } = &error else {
        panic!("{error}")
    };
    assert_eq!(parameter, "weight");
    assert_eq!((trainer.network.weights(), trainer.steps()), (&[-1e30_f32][..], 1));
}

#[test]
fn a_plateau_of_settings_that_make_no_sense_is_an_error() {
    let train = data(10);
    let fit = |plateau| trainer().fit(&train, Fit::epochs(1).quiet().validate(&train).plateau(plateau));
    for wrong in [f64::NAN, -0.1, 1.5, f64::INFINITY] {
        let mut plateaus = [Plateau::new(wrong, 1), Plateau::new(0.5, 1), Plateau::new(0.5, 1)];
        (plateaus[1].threshold, plateaus[2].floor) = (wrong, wrong);
        for plateau in plateaus {
            let error = fit(plateau).unwrap_err();
            assert!(matches!(error, FitError::Setting(Error::Setting { .. })), "{error}");
        }
    }
    fit(Plateau::new(0.5, 1)).unwrap();
}

#[test]
fn a_panic_in_a_callback_unwinds_and_trainer_and_checkpoint_can_be_used_again() {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(40), data(10));
    let path = folder.path().join("run");
    let mut straight = trainer();
    straight.fit(&train, Fit::epochs(4).quiet().batch_size(10)).unwrap();
    for quiet in [true, false] {
        let options = || {
            let options = Fit::epochs(4).batch_size(10).validate(&test).checkpoint(&path);
            if quiet { options.quiet() } else { options }
        };
        let mut trainer = trainer();
        let breaking = options().on_epoch(|epoch| match epoch.number {
            2 => resume_unwind(Box::new("my own bug")),
            _ => ControlFlow::Continue(()),
        });
        let panic = catch_unwind(AssertUnwindSafe(|| trainer.fit(&train, breaking).map(|_| ()))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"my own bug"));
        assert_eq!(trainer.steps(), 8);
        // The trainer itself goes on, and so does another one from the checkpoint.
        trainer.clone().fit(&train, Fit::epochs(1).quiet().batch_size(10)).unwrap();
        let mut resumed = self::trainer();
        resumed.fit(&train, options()).unwrap();
        assert_eq!(bits(&resumed.network), bits(&straight.network));
        std::fs::remove_file(&path).unwrap();
    }
}

const ROLE: &str = "CHAINRULE_TEST_LINES";

/// What a run prints to the standard error if it is not a terminal.
fn printed(test: &str, role: &str) -> Vec<String> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("surprises::{test}"), "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    String::from_utf8(child.stderr).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn without_a_terminal_there_is_a_line_for_each_epoch_and_each_surprise() {
    const TEST: &str = "without_a_terminal_there_is_a_line_for_each_epoch_and_each_surprise";
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(40), data(10));
    let path = folder.path().join("run");
    let Ok(role) = std::env::var(ROLE) else {
        let lines = printed(TEST, "plain");
        assert_eq!(lines.len(), 20, "{lines:?}");
        for (at, line) in lines.iter().enumerate() {
            assert!(line.starts_with(&format!("epoch {}/20: loss ", at + 1)), "{line}");
            assert!(line.contains(", validation loss "), "{line}");
        }
        assert!(printed(TEST, "quiet").is_empty());
        let lines = printed(TEST, "changed");
        let expected = [
            "trainer.optimizer.learning_rate: 0.05 in the file, 0.07 in this program, which applies",
            "trainer.schedule: Schedule::constant() in the file, Schedule::cosine(10) in this program, which applies",
            "average.decay: none in the file, 0.5 in this program, which applies",
            "batch_size: 10 in the file, 20 in this program, which applies",
            "`Schedule::cosine(10)` ends at step 10: the learning rate is 0 from there on, to step 16",
        ];
        assert_eq!(lines[..5], expected);
        assert_eq!(lines.len(), 5 + 4, "{lines:?}");
        let lines = printed(TEST, "ended");
        assert_eq!(lines, ["the checkpoint has 2 epochs already: nothing is trained"]);
        let lines = printed(TEST, "stopped");
        assert!(lines[2].starts_with("epoch 3/9: "), "{lines:?}");
        assert_eq!(lines[3], "stopped early after epoch 3: no better loss in the last 2 epochs");
        assert!(
            lines[4].starts_with("the network of epoch 1 is restored, with the lowest loss, "),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 5);
        let lines = printed(TEST, "broken off");
        assert_eq!(lines[1..], ["stopped by `on_epoch` after epoch 1"]);
        return;
    };
    let first = || {
        trainer().fit(&train, Fit::epochs(2).quiet().batch_size(10).checkpoint(&path)).unwrap();
    };
    match &role[..] {
        "plain" => _ = trainer().fit(&train, Fit::epochs(20).validate(&test)).unwrap(),
        "quiet" => _ = trainer().fit(&train, Fit::epochs(20).validate(&test).quiet()).unwrap(),
        "stopped" => {
            let monitor = Monitor::min("loss").min_delta(100.0);
            _ = trainer().fit(&train, Fit::epochs(9).monitor(monitor).stop_early(2)).unwrap();
        }
        "broken off" => {
            _ = trainer().fit(&train, Fit::epochs(9).on_epoch(|_| ControlFlow::Break(()))).unwrap();
        }
        "changed" => {
            first();
            let net = Net::init(&mut rng(1));
            let mut trainer =
                Trainer::new(net, CrossEntropy::default(), Adam::new(0.07), 5).schedule(Schedule::cosine(10));
            let options = Fit::epochs(6).batch_size(20).average(0.5).checkpoint(&path);
            trainer.fit(&train, options).unwrap();
        }
        _ => {
            first();
            trainer().fit(&train, Fit::epochs(2).batch_size(10).checkpoint(&path)).unwrap();
        }
    }
}
