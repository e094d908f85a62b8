//! Training over epochs: `fit` does the same as a training loop without it, and its options do what their documentation
//! says.

use std::ops::ControlFlow;

use crate::common::{bits, inputs};
use chainrule::data::{Dataset, Loader};
use chainrule::metrics::{History, accuracy};
use chainrule::prelude::*;
use chainrule::rand::rngs::ChaCha8Rng;
use chainrule::{Error, FitError};

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
type Net4Trainer<O> = Trainer<Net, CrossEntropy, O>;

/// Samples whose class depends on their place alone: nothing that carries over to others.
fn data(samples: usize) -> Dataset<Vector<4>, Label<3>> {
    Dataset::new(inputs(samples), (0..samples).map(|at| Label::new(at * 7 % 3).unwrap()).collect()).unwrap()
}

fn trainer() -> Net4Trainer<Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.05), 5)
}

/// What the trainer of seed 5 draws from.
fn draws() -> ChaCha8Rng {
    let mut draws = rng(5);
    draws.set_stream(1);
    draws
}

fn column(history: &History, name: &str) -> Vec<f64> {
    history.values(name).map(|(_, value)| value).collect()
}

#[test]
fn fit_is_the_loop_by_hand() {
    let (train, test) = (data(43), data(20));
    let mut fitted = trainer();
    let options = Fit::epochs(3).quiet().batch_size(10).validate(&test).metric("accuracy", accuracy);
    let history = fitted.fit(&train, options).unwrap();

    let (mut by_hand, mut draws) = (trainer(), draws());
    let mut loader = Loader::new(&train, 10).unwrap();
    for row in history.rows() {
        let (mut sum, mut batches) = (0.0, 0);
        while let Some((xs, ys)) = loader.next(&mut draws).unwrap() {
            sum += by_hand.step(xs, ys).unwrap() * xs.len() as f64;
            batches += 1;
        }
        assert_eq!((batches, row.step), (5, by_hand.steps()), "four of 10 and one of 3");
        let net = &by_hand.network;
        let outputs: Vec<Vector<3>> = net.predict_batch(test.inputs()).unwrap();
        let expected = [
            Some(sum / 43.0),
            Some(net.loss(&CrossEntropy::default(), test.inputs(), test.targets()).unwrap()),
            Some(accuracy(&outputs, test.targets()).unwrap()),
        ];
        assert_eq!(row.values, expected);
    }
    assert_eq!(history.names(), ["loss", "validation loss", "accuracy"]);
    assert_eq!(history.rows().iter().map(|row| row.epoch).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(bits(&fitted.network), bits(&by_hand.network));
}

#[test]
fn a_data_set_is_evaluated_in_batches_and_a_bad_sample_named_in_the_whole() {
    let (mut large, trainer) = (data(700), trainer());
    // The mean of three means, weighted: a few roundings of 2^-53 on a loss near 1.
    let whole = trainer.network.loss(&CrossEntropy::default(), large.inputs(), large.targets()).unwrap();
    approx::assert_relative_eq!(trainer.evaluate(&large).unwrap(), whole, max_relative = 1e-14);
    large.inputs_mut()[600][2] = f32::INFINITY;
    let error = trainer.evaluate(&large).unwrap_err();
    assert!(matches!(error, Error::NonFiniteData { sample: 600, element: 2, .. }), "{error}");
}

#[test]
fn training_stops_early_with_the_best_network() {
    // A third of the test set's labels are wrong, so that its loss rises as the network grows sure of itself.
    let wrong = |(at, (&x, &y)): (usize, (&Vector<4>, &Label<3>))| {
        let wrong = Label::new((y.index() + 1) % 3).unwrap();
        (x, if at % 3 == 0 { wrong } else { y })
    };
    let (train, test) = (data(30), data(17));
    let test = Dataset::from_pairs(test.iter().enumerate().map(wrong)).unwrap();
    let mut trainer = trainer();
    let mut epochs = vec![];
    let options = Fit::epochs(200).quiet().validate(&test).stop_early(4).on_epoch(|epoch| {
        epochs.push(epoch.clone());
        ControlFlow::Continue(())
    });
    let history = trainer.fit(&train, options).unwrap();
    let losses = column(&history, "validation loss");
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = losses.iter().position(|&loss| loss == least).unwrap();
    assert!(best > 0, "the first epoch was the best: this shows nothing");
    assert!(losses.len() < 200, "it never stopped");
    assert_eq!(losses.len(), best + 1 + 4);
    assert_eq!(trainer.evaluate(&test).unwrap(), least);
    let marked: Vec<bool> = epochs.iter().map(|epoch| epoch.best).collect();
    let mut so_far = f64::INFINITY;
    let expected: Vec<bool> = losses
        .iter()
        .map(|&loss| {
            let best = loss < so_far;
            so_far = so_far.min(loss);
            best
        })
        .collect();
    assert_eq!(marked, expected);
}

#[test]
fn a_callback_sees_each_epoch_and_may_end_the_training() {
    let (train, test) = (data(30), data(10));
    let mut seen = vec![];
    let options = Fit::epochs(9).quiet().validate(&test).metric("right", accuracy).on_epoch(|epoch| {
        seen.push((epoch.number, epoch.steps, epoch.validation_loss, epoch.metric("right")));
        if epoch.number == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let history = trainer().fit(&train, options).unwrap();
    let expected: Vec<_> =
        history.rows().iter().map(|row| (row.epoch, row.step, row.values[1], row.values[2])).collect();
    assert_eq!(expected.len(), 3);
    assert_eq!(seen, expected);
}

#[test]
fn options_that_make_no_sense_are_errors_before_anything_is_done() {
    let (train, mut trainer) = (data(10), trainer());
    let before = bits(&trainer.network);
    let mut error = |options| trainer.fit(&train, options).unwrap_err();
    assert!(matches!(error(Fit::epochs(0).quiet()), FitError::NoEpochs));
    assert!(matches!(error(Fit::epochs(1).quiet().batch_size(0)), FitError::NoBatch));
    assert!(matches!(error(Fit::epochs(1).quiet().validate(&train).stop_early(0)), FitError::NoPatience));
    let cure = "needs a validation set, but there is none: give one with `.validate(&data)`";
    assert_eq!(error(Fit::epochs(1).quiet().stop_early(3)).to_string(), format!("early stopping {cure}"));
    assert_eq!(
        error(Fit::epochs(1).quiet().plateau(Plateau::new(0.5, 1))).to_string(),
        format!("a plateau {cure}")
    );
    assert_eq!(
        error(Fit::epochs(1).quiet().metric("right", accuracy)).to_string(),
        format!("the metric `right` {cure}")
    );
    let (validated, average) =
        (|| Fit::epochs(1).quiet().validate(&train), Fit::epochs(1).quiet().average(1.0));
    assert!(matches!(error(validated().plateau(Plateau::new(2.0, 1))), FitError::Setting(_)));
    assert!(matches!(error(average), FitError::Setting(_)));
    assert!(matches!(error(validated().metric("loss", accuracy)), FitError::Log(_)));
    assert!(matches!(error(Fit::epochs(1).quiet().log("no/such/folder/log.csv")), FitError::Log(_)));
    assert!(matches!(
        error(Fit::epochs(1).quiet().checkpoint("no/such/folder/run")),
        FitError::Checkpoint(_)
    ));
    assert_eq!(bits(&trainer.network), before);
}

#[test]
fn a_bad_sample_and_a_failing_metric_are_named_with_their_epoch() {
    let (train, mut test) = (data(10), data(300));
    let metric = |_: &[Vector<3>], _: &[Label<3>]| Err(Error::EmptyBatch);
    let error =
        trainer().fit(&train, Fit::epochs(2).quiet().validate(&train).metric("mine", metric)).unwrap_err();
    assert!(error.to_string().starts_with("the metric `mine` after epoch 1: "), "{error}");
    test.inputs_mut()[299][0] = f32::NAN;
    let error = trainer().fit(&train, Fit::epochs(2).quiet().validate(&test)).unwrap_err();
    assert!(
        error.to_string().starts_with("validation after epoch 1: input 299 of the batch has NaN"),
        "{error}"
    );
}

#[test]
fn a_metric_that_is_no_number_is_left_out() {
    let train = data(10);
    let metric = |_: &[Vector<3>], _: &[Label<3>]| Ok(f64::NAN);
    let history =
        trainer().fit(&train, Fit::epochs(2).quiet().validate(&train).metric("mine", metric)).unwrap();
    assert!(column(&history, "mine").is_empty());
    assert_eq!(column(&history, "validation loss").len(), 2);
}

/// One weight under R = (w x - y)^2 with y = 0: each step multiplies w by 1 - 2 rate x^2.
#[test]
fn a_number_that_is_not_finite_stops_with_layer_and_step_and_the_last_good_weights() {
    type One = (Linear<1, 1>, Identity);
    let one = |x: f32| Dataset::new(vec![Vector([x])], vec![Vector([0.0])]).unwrap();
    let (train, test) = (one(1.0), one(1.0));
    let new = || {
        let net = One::init_with(Initializer::constant(1.0), &mut rng(0));
        Trainer::new(net, MeanSquaredError, Sgd::<One>::new(5e9), 1)
    };
    // w = 1, -1e10, 1e20, -1e30, then the output's square, 1e60, is fine as an f64, its gradient 2e30 too; -1e40 is
    // not.
    let mut by_hand = new();
    let mut good = vec![];
    let error = loop {
        good.push(bits(&by_hand.network));
        if let Err(error) = by_hand.step(train.inputs(), train.targets()) {
            break error;
        }
    };
    let step = by_hand.steps();
    assert!(step >= 3, "{step} steps");

    let mut trainer = new();
    let stopped = trainer.fit(&train, Fit::epochs(50).quiet()).unwrap_err();
    let FitError::Training { epoch, source } = &stopped else { panic!("{stopped}") };
    assert_eq!((*epoch, source), (step + 1, &error));
    let Error::StepOverflow { parameter, .. } = source else { panic!("{source}") };
    assert_eq!(parameter, "0.weight", "{source}");
    assert_eq!(bits(&trainer.network), good[step as usize]);

    let mut trainer = new();
    let mut losses = vec![];
    let options = Fit::epochs(50).quiet().validate(&test).stop_early(40).on_epoch(|epoch| {
        losses.push(epoch.validation_loss.unwrap());
        ControlFlow::Continue(())
    });
    trainer.fit(&train, options).unwrap_err();
    assert!(losses.len() > 1 && losses.is_sorted(), "it diverges from the first epoch: {losses:?}");
    assert_eq!(bits(&trainer.network), good[1], "the network after the first epoch");
}

#[test]
fn a_plateau_lowers_the_rate_under_a_schedule_too() {
    let (train, test) = (data(20), data(10));
    let new = || {
        let frozen = FreezeParameters::new(Sgd::new(0.1), ["0", "2"]); // the loss stays what it is
        Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), frozen, 5)
    };
    let options =
        |epochs| Fit::epochs(epochs).quiet().batch_size(10).validate(&test).plateau(Plateau::new(0.5, 1));
    // The first epoch is the best; 2 and 3 are no better, 4 and 5 neither.
    for (epochs, factor) in [(2, 1.0), (3, 0.5), (4, 0.5), (5, 0.25)] {
        let mut trainer = new();
        trainer.fit(&train, options(epochs)).unwrap();
        assert_eq!(trainer.optimizer.optimizer.learning_rate, 0.1 * factor, "{epochs} epochs");

        let mut trainer = new().schedule(Schedule::exponential(0.5));
        trainer.fit(&train, options(epochs)).unwrap();
        trainer.step(train.inputs(), train.targets()).unwrap();
        let scheduled = 0.1 * factor * 0.5_f64.powi(2 * epochs as i32);
        assert_eq!(trainer.optimizer.optimizer.learning_rate, scheduled, "{epochs} epochs");
    }
}

#[test]
fn the_average_is_validated_and_stays() {
    let (train, test) = (data(30), data(10));
    let mut fitted = trainer();
    let history =
        fitted.fit(&train, Fit::epochs(3).quiet().batch_size(8).validate(&test).average(0.9)).unwrap();

    let (mut by_hand, mut draws, mut average) = (trainer(), draws(), ExponentialMovingAverage::new(0.9));
    let mut loader = Loader::new(&train, 8).unwrap();
    let mut losses = vec![];
    for _ in 0..3 {
        while let Some((xs, ys)) = loader.next(&mut draws).unwrap() {
            by_hand.step(xs, ys).unwrap();
            average.update(&by_hand.network).unwrap();
        }
        let net = average.network().unwrap();
        losses.push(net.loss(&CrossEntropy::default(), test.inputs(), test.targets()).unwrap());
    }
    assert_eq!(column(&history, "validation loss"), losses);
    assert_eq!(bits(&fitted.network), bits(average.network().unwrap()));
    assert_ne!(bits(&fitted.network), bits(&by_hand.network));
}

#[test]
fn an_augmentation_changes_what_is_trained_on_and_not_the_data() {
    let train = data(20);
    let before = train.clone();
    let mut count = 0;
    let mut still = trainer();
    let none = Fit::epochs(2).quiet().augment(|x: &mut Vector<4>, _| {
        count += 1;
        *x = Vector([0.0; 4]);
    });
    still.fit(&train, none).unwrap();
    assert_eq!(count, 40);
    assert_eq!(train.inputs(), before.inputs());
    let start = Net::init(&mut rng(1));
    assert_eq!(still.network.0.weights(), start.0.weights(), "no input, no gradient");
    assert_ne!(still.network.2.bias, start.2.bias);
}

#[test]
fn a_run_is_recorded_logged_and_drawn() {
    let (train, test) = (data(30), data(10));
    let folder = tempfile::tempdir().unwrap();
    let [table, lines] = ["log.csv", "log.jsonl"].map(|name| folder.path().join(name));
    let (mut recorded, mut plain) = (trainer(), trainer());
    let mut recorder = chainrule::flow::Recorder::every(3);
    let options = || Fit::epochs(4).quiet().batch_size(10).validate(&test).metric("accuracy", accuracy);
    let history = recorded.fit(&train, options().record(&mut recorder).log(&table).log(&lines)).unwrap();
    plain.fit(&train, options()).unwrap();
    assert_eq!(bits(&recorded.network), bits(&plain.network), "recording changed the course");
    let steps: Vec<u64> = recorder.records().iter().map(|record| record.step).collect();
    assert_eq!(steps, [0, 3, 6, 9]);
    for path in [&table, &lines] {
        let read = History::read(path).unwrap();
        for name in history.names() {
            assert_eq!(column(&read, name), column(&history, name));
        }
    }
    let svg = history.picture().unwrap().svg().unwrap();
    for text in ["Loss", "validation loss", "accuracy", "epoch"] {
        assert!(svg.contains(text), "no {text:?}");
    }
    assert!(History::new(["loss"]).unwrap().picture().is_err());
}

#[test]
fn a_rule_of_the_recorder_stops_a_run_after_its_step() {
    use chainrule::flow::{Recorder, Rule, Rules};
    let rules = Rules::none().own("fourth step", "this test", 2.5, |record| Some(record.step as f64));
    let mut recorder = Recorder::every(1).rules(rules.stop(Rule::Own("fourth step")));
    let (train, mut stopped, mut plain) = (data(30), trainer(), trainer());
    let options = || Fit::epochs(2).quiet().batch_size(10);
    let error = stopped.fit(&train, options().record(&mut recorder)).unwrap_err();
    let FitError::Training { epoch: 2, source } = error else { panic!("{error}") };
    let chainrule::Error::StoppedByRule(error) = source else { panic!("{source}") };
    assert_eq!((error.step, error.rule), (3, "fourth step"));
    // Three steps are an epoch, so that the fourth is the first of the second.
    assert_eq!(stopped.steps(), 4);
    plain.fit(&train, options()).unwrap();
    assert_ne!(bits(&stopped.network), bits(&plain.network));
    assert_eq!((recorder.warnings().len(), recorder.records().len()), (1, 4));
}

#[test]
fn a_trainer_goes_on_where_the_last_fit_ended() {
    let train = data(30);
    let (mut twice, mut once) = (trainer(), trainer());
    twice.fit(&train, Fit::epochs(2).quiet()).unwrap();
    twice.fit(&train, Fit::epochs(3).quiet()).unwrap();
    once.fit(&train, Fit::epochs(5).quiet()).unwrap();
    assert_eq!(bits(&twice.network), bits(&once.network));
    assert_eq!(twice.steps(), once.steps());
}
