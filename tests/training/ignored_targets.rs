//! Targets that do not count: `fit` skips batches of them, and metrics leave them out.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::{bits, inputs};
use chainrule::data::{Dataset, Loader};
use chainrule::metrics::{ConfusionMatrix, accuracy, top_k_accuracy};
use chainrule::prelude::*;
use chainrule::{Error, FitError};

type Net = (Linear<4, 8>, Tanh, Linear<8, 3>);
type Masked = Dataset<Vector<4>, Option<Label<3>>>;

/// A third of the labels is ignored.
fn masked(samples: usize) -> Masked {
    let label = |at: usize| (at % 3 != 1).then(|| Label::new(at * 7 % 3).unwrap());
    Dataset::new(inputs(samples), (0..samples).map(label).collect()).unwrap()
}

fn trainer<L>(loss: L) -> Trainer<Net, L, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), loss, Adam::new(0.05), 5)
}

#[test]
fn fit_skips_a_batch_without_a_target_that_counts() {
    let (data, mut skipped) = (masked(12), vec![]);
    let mut fitted = trainer(CrossEntropy::default());
    let options = Fit::epochs(6).quiet().batch_size(2).validate(&data).on_epoch(|epoch| {
        skipped.push(epoch.skipped);
        ControlFlow::Continue(())
    });
    let history = fitted.fit(&data, options).unwrap();

    let mut by_hand = trainer(CrossEntropy::default());
    let mut draws = rng(5);
    draws.set_stream(1);
    let mut loader = Loader::new(&data, 2).unwrap();
    for (row, &skipped) in history.rows().iter().zip(&skipped) {
        let (mut sum, mut samples, mut without) = (0.0, 0, 0);
        while let Some((xs, ys)) = loader.next(&mut draws).unwrap() {
            if ys.iter().all(Option::is_none) {
                assert_eq!(by_hand.step(xs, ys), Err(Error::NoWeight));
                without += 1;
            } else {
                sum += by_hand.step(xs, ys).unwrap() * xs.len() as f64;
                samples += xs.len();
            }
        }
        assert_eq!((skipped, row.step), (without, by_hand.steps()));
        assert_eq!(row.values[0], Some(sum / samples as f64));
        assert_eq!(row.values[1], Some(by_hand.evaluate(&data).unwrap()));
    }
    assert!(skipped.iter().any(|&some| some > 0), "no batch was skipped: this shows nothing");
    assert_eq!(bits(&fitted.network), bits(&by_hand.network));
}

#[test]
fn an_epoch_without_a_target_that_counts_is_an_error() {
    let labels = (0..8).map(|at| Label::new(2 * (at % 2)).unwrap()).collect();
    let weightless: Dataset<Vector<4>, Label<3>> = Dataset::new(inputs(8), labels).unwrap();
    let mut trainer = trainer(CrossEntropy::default().weights([0.0, 1.0, 0.0]));
    let error = trainer.fit(&weightless, Fit::epochs(2).quiet().batch_size(2)).unwrap_err();
    assert!(matches!(error, FitError::Training { epoch: 1, source: Error::NoWeight }), "{error}");
    assert_eq!(trainer.steps(), 0);
    assert_eq!(bits(&trainer.network), bits(&Net::init(&mut rng(1))));
}

#[test]
fn a_run_with_skipped_batches_resumes_anywhere_with_the_same_bits() {
    type Net = (Linear<4, 8>, Tanh, Dropout<30>, Linear<8, 3>);
    let data = masked(12);
    let trainer =
        || Trainer::<Net, _, _>::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.05), 5);
    // Breaks off in the middle when this many samples have been seen.
    let run = |path: &std::path::Path, breaks: usize| {
        let (mut trainer, mut seen, mut skipped) = (trainer(), 0, vec![]);
        let options = Fit::epochs(4).quiet().batch_size(2).checkpoint_every(2, path);
        let options = options.augment(|_: &mut Vector<4>, _| {
            seen += 1;
            assert_ne!(seen, breaks, "my own bug");
        });
        let options = options.on_epoch(|epoch| {
            skipped.push((epoch.number, epoch.skipped));
            ControlFlow::Continue(())
        });
        let history = catch_unwind(AssertUnwindSafe(|| trainer.fit(&data, options).unwrap())).ok()?;
        Some((bits(&trainer.network), history.rows().to_vec(), skipped))
    };
    let folder = tempfile::tempdir().unwrap();
    let (weights, rows, skipped) = run(&folder.path().join("straight"), usize::MAX).unwrap();
    assert!(skipped.iter().any(|&(_, some)| some > 0), "no batch was skipped: this shows nothing");
    for breaks in (1..48).step_by(2) {
        let path = folder.path().join(breaks.to_string());
        assert!(run(&path, breaks).is_none());
        let (found, found_rows, found_skipped) = run(&path, usize::MAX).unwrap();
        assert_eq!((found, found_rows), (weights.clone(), rows.clone()), "broken off at {breaks}");
        assert!(skipped.ends_with(&found_skipped), "broken off at {breaks}: {found_skipped:?}");
    }
}

/// The label of a step is whether the number at it is above 0; some steps are ignored, and all of every fourth sample.
fn tags(samples: usize) -> Dataset<Sequence<3, 2>, [Option<Label<2>>; 3]> {
    let xs = inputs::<Sequence<3, 2>>(samples);
    let tag = |at: usize, x: &Sequence<3, 2>| {
        std::array::from_fn(|step| {
            let counts = at % 4 != 1 && !(at + step).is_multiple_of(5);
            counts.then(|| Label::new(usize::from(x[step][0] > 0.0)).unwrap())
        })
    };
    let ys = xs.iter().enumerate().map(|(at, x)| tag(at, x)).collect();
    Dataset::new(xs, ys).unwrap()
}

#[test]
fn a_tagger_with_masks_stops_early_by_its_accuracy() {
    type Tagger = PerStep<Linear<2, 2>>;
    let (train, test) = (tags(40), tags(17));
    let mut trainer = Trainer::new(Tagger::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.1), 1);
    let options = Fit::epochs(60).quiet().batch_size(2).validate(&test).metric("accuracy", accuracy);
    let history = trainer.fit(&train, options.monitor(Monitor::max("accuracy")).stop_early(3)).unwrap();
    let accuracies: Vec<f64> = history.values("accuracy").map(|(_, value)| value).collect();
    let best = accuracies.iter().copied().fold(0.0, f64::max);
    let first = accuracies.iter().position(|&value| value == best).unwrap();
    assert_eq!(accuracies.len(), first + 1 + 3);

    // Counted by hand.
    let (mut right, mut counted) = (0, 0);
    for (x, tags) in test.iter() {
        let scores: Sequence<3, 2> = trainer.network.predict(x).unwrap();
        for (score, tag) in scores.0.iter().zip(tags) {
            let Some(tag) = tag else { continue };
            right += usize::from(Label::from_scores(&Vector(*score)) == *tag);
            counted += 1;
        }
    }
    assert!(counted < 17 * 3);
    assert_eq!(best, right as f64 / counted as f64);
}

#[test]
fn metrics_take_the_labels_of_samples_steps_and_pixels() {
    let [a, b, c] = [0, 1, 2].map(|class| Label::<3>::new(class).unwrap());
    let rows = [[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.3, 0.1, 0.6], [0.2, 0.3, 0.5]];
    let labels = [Some(b), None, Some(c), Some(a)];
    // The same scores as samples, as steps, and as pixels, where the classes come first.
    let samples = rows.map(Vector);
    let steps = Sequence(rows);
    let pixels = Image::<3, 2, 2, f64>(std::array::from_fn(|class| {
        std::array::from_fn(|y| std::array::from_fn(|x| rows[2 * y + x][class]))
    }));
    let grid = [[labels[0], labels[1]], [labels[2], labels[3]]];
    let thirds = Ok(2.0 / 3.0);
    assert_eq!(accuracy(&samples, &labels), thirds);
    assert_eq!(accuracy(&[steps], &[labels]), thirds);
    assert_eq!(accuracy(&[pixels], &[grid]), thirds);
    for (k, expected) in [(1, 2.0 / 3.0), (2, 2.0 / 3.0), (3, 1.0)] {
        assert_eq!(top_k_accuracy(&[steps], &[labels], k), Ok(expected));
        assert_eq!(top_k_accuracy(&[pixels], &[grid], k), Ok(expected));
    }
    let confusion = ConfusionMatrix::of(&[pixels], &[grid]).unwrap();
    assert_eq!(confusion, ConfusionMatrix::of(&samples, &labels).unwrap());
    assert_eq!((confusion.total(), confusion.count(a, c), confusion.count(b, b)), (3, 1, 1));

    // All of them count: the tie goes to the first class.
    assert_eq!(accuracy(&[steps], &[[b, a, c, a]]), Ok(0.75));
    assert_eq!(accuracy(&[pixels], &[[[b, b], [c, a]]]), Ok(0.5));
    // Probabilities, of which the largest counts.
    assert_eq!(accuracy(&samples[..2], &[Vector([0.2, 0.6, 0.2]), Vector([0.0, 0.9, 0.1])]), Ok(0.5));
    let out_of_range = accuracy(&samples[..1], &[Vector([0.2, 1.6, 0.2])]);
    assert!(
        matches!(out_of_range, Err(Error::TargetRange { sample: 0, element: 1, .. })),
        "{out_of_range:?}"
    );
    assert_eq!(accuracy(&samples, &[None::<Label<3>>; 4]), Err(Error::NoWeight));
}
