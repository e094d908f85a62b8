//! Errors on one of several ranks are errors of all, and name the rank.

use std::fs;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::bits;
use crate::ranks::{Data, Net, Options, batch, data, on_ranks, options, trainer};
use chainrule::distributed::{Communicator, LocalRank, RankError};
use chainrule::prelude::*;
use chainrule::{Error, FitError};

/// Returns the error of all ranks, which must be the same.
#[track_caller]
pub(super) fn error_of_all<E: std::fmt::Debug + std::fmt::Display>(results: Vec<Result<(), E>>) -> E {
    let mut errors: Vec<E> = results.into_iter().map(|result| result.unwrap_err()).collect();
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
    errors.remove(0)
}

#[track_caller]
fn rank_error(error: Error) -> RankError {
    match error {
        Error::Rank(error) => *error,
        error => panic!("not of a rank: {error}"),
    }
}

#[test]
fn a_rank_that_hangs_is_named_by_all_others_within_the_timeout() {
    let (xs, ys) = batch(16);
    let timeout = Duration::from_millis(200);
    on_ranks(4, |rank| {
        let hangs = rank.rank() == 1;
        let mut trainer = trainer().across(rank.timeout(timeout)).unwrap();
        trainer.step(&xs, &ys).unwrap();
        if hangs {
            thread::sleep(4 * timeout);
            return;
        }
        let start = Instant::now();
        let error = trainer.step(&xs, &ys).unwrap_err();
        assert_eq!(rank_error(error.clone()), RankError::Silent { rank: 1, seconds: 0.2 });
        assert!(start.elapsed() < 3 * timeout, "{:?}", start.elapsed());
        assert_eq!(trainer.step(&xs, &ys), Err(error), "it is not asked again");
        assert_eq!(trainer.steps(), 1);
    });
}

/// The bad sample is in the piece of rank 2, on all ranks or there only.
#[test]
fn an_error_on_one_rank_is_the_error_of_all_and_names_it() {
    let (mut xs, ys) = batch(16);
    xs[9][1] = f32::NAN;
    let error = rank_error(error_of_all(on_ranks(4, |rank| {
        trainer().across(rank).unwrap().step(&xs, &ys).map(drop)
    })));
    let text = "rank 2: input 9 of the batch has NaN at element 1: clean the data before training on it";
    assert_eq!(error.to_string(), text);

    // The weights overflow: the layer is found on the rank of the piece. The step is not taken, and all can go on.
    let (mut xs, _) = batch(16);
    let good = xs.clone();
    xs[5] = Vector([3e38; 4]);
    let results = on_ranks(4, |rank| {
        type Plain = (Linear<4, 13>, Linear<13, 3>);
        let net = Plain::init(&mut rng(1));
        let mut trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1), 1).micro_batch(4);
        trainer = trainer.across(rank).unwrap();
        let failed = trainer.step(&xs, &ys).map(drop);
        trainer.step(&good, &ys).unwrap();
        assert_eq!(trainer.steps(), 1);
        failed
    });
    let RankError::Failed { rank: 1, error } = rank_error(error_of_all(results)) else { panic!("of rank 1") };
    assert!(error.starts_with("step 0 was not taken: "), "{error}");
}

#[test]
fn a_batch_of_one_piece_is_computed_by_all_and_its_error_is_typed() {
    let (mut xs, ys) = batch(3);
    let mut alone = trainer();
    alone.step(&xs, &ys).unwrap();
    let (found, expected) = (
        on_ranks(2, |rank| {
            let mut trainer = trainer().across(rank).unwrap();
            trainer.step(&xs, &ys).unwrap();
            bits(&trainer.network)
        }),
        bits(&alone.network),
    );
    assert!(found.iter().all(|weights| *weights == expected));
    xs[2][3] = f32::INFINITY;
    let results = on_ranks(2, |rank| trainer().across(rank).unwrap().step(&xs, &ys).map(drop));
    let error = error_of_all(results);
    assert!(matches!(error, Error::NonFiniteData { what: "input", sample: 2, element: 3, .. }), "{error}");
}

#[test]
fn batches_that_are_not_the_same_are_an_error_of_all() {
    let (xs, ys) = batch(16);
    let error = error_of_all(on_ranks(3, |rank| {
        let short = usize::from(rank.rank() == 2);
        trainer().across(rank).unwrap().step(&xs[short..], &ys[short..]).map(drop)
    }));
    assert_eq!(error.to_string(), "rank 2 has another batch size than rank 0: 15, not 16");
    // A target is missing on one rank: there it is an error before anything is computed.
    let error = error_of_all(on_ranks(2, |rank| {
        let short = rank.rank();
        trainer().across(rank).unwrap().step(&xs, &ys[short..]).map(drop)
    }));
    let text = "rank 1: the batch has 16 inputs and 15 targets: give one target for each input";
    assert_eq!(error.to_string(), text);
    // A weight was changed by hand.
    let error = error_of_all(on_ranks(4, |rank| {
        let changed = rank.rank() == 3;
        let mut trainer = trainer().across(rank).unwrap();
        trainer.network.0.bias[0] += if changed { 0.5 } else { 0.0 };
        trainer.step(&xs, &ys).map(drop)
    }));
    assert_eq!(error.to_string(), "rank 3 has other weights than rank 0 (step 0)");
    let error = error_of_all(on_ranks(2, |rank| {
        let changed = rank.rank() == 1;
        let mut trainer = trainer().across(rank).unwrap();
        trainer.step(&xs, &ys).unwrap();
        trainer.network.0.bias[0] += if changed { 0.5 } else { 0.0 };
        trainer.fit(&data(57), Fit::epochs(1).batch_size(16).quiet()).map(drop)
    }));
    assert_eq!(error.to_string(), "rank 1 has other weights than rank 0 (step 1)");
}

/// What a trainer has on rank 1, and on the others; the error of all.
#[test]
fn another_network_or_setting_on_one_rank_is_an_error_of_all() {
    fn across<N, L, O>(one: impl Fn() -> Trainer<N, L, O> + Sync, rank: LocalRank) -> Result<(), RankError>
    where
        N: chainrule::Parameters,
        L: std::fmt::Debug,
        O: chainrule::checkpoint::State,
    {
        one().across(rank).map(drop)
    }
    type Wide = (Linear<4, 14>, BatchNorm<14>, Tanh, Dropout<30>, Linear<14, 3>);
    type Relus = (Linear<4, 13>, BatchNorm<13>, Relu, Dropout<30>, Linear<13, 3>);
    let wide = || Trainer::new(Wide::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 9);
    let relus = || Trainer::new(Relus::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 9);
    let net = || Net::init(&mut rng(1));
    let sgd = || Trainer::new(net(), CrossEntropy::default(), Sgd::new(0.01), 9);
    let smoothed = || Trainer::new(net(), CrossEntropy::smoothed(0.9), Adam::new(0.01), 9);
    let squared = || Trainer::new(net(), MeanSquaredError, Adam::new(0.01), 9);
    let error = |other: &(dyn Fn(LocalRank) -> Result<(), RankError> + Sync)| {
        let results = on_ranks(3, |rank| match rank.rank() {
            1 => other(rank),
            _ => across(trainer, rank),
        });
        error_of_all(results).to_string()
    };
    for (found, expected) in [
        (error(&|rank| across(wide, rank)), "rank 1 has another network than rank 0: (Linear<4, 14>, "),
        (error(&|rank| across(relus, rank)), "rank 1 has another network than rank 0: "),
        (error(&|rank| across(sgd, rank)), "rank 1 has another optimizer than rank 0: Sgd, not Adam"),
        (
            error(&|rank| across(smoothed, rank)),
            "rank 1 has another loss than rank 0: CrossEntropy { smoothing: 0.9 }, not CrossEntropy { smoothing: 0.0 }",
        ),
        (
            error(&|rank| across(squared, rank)),
            "rank 1 has another loss than rank 0: MeanSquaredError, not CrossEntropy { smoothing: 0.0 }",
        ),
        (
            error(&|rank| across(|| trainer().micro_batch(5), rank)),
            "rank 1: `micro_batch` is 5, and on rank 0 it is 4",
        ),
        (
            error(&|rank| across(|| trainer().clip_norm(2.0), rank)),
            "rank 1: `clip` is the norm at 2, and on rank 0 it is the norm at 1",
        ),
    ] {
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn another_run_on_one_rank_is_an_error_of_all() {
    let (train, other, test) = (data(57), data(58), data(11));
    let error = |change: &(dyn for<'a> Fn(Options<'a>) -> Options<'a> + Sync), train: [&Data; 2]| {
        let folder = tempfile::tempdir().unwrap();
        let results = on_ranks(2, |rank| {
            let first = rank.rank() == 0;
            let mut trainer = trainer().across(rank).unwrap();
            let options = options(&test, folder.path());
            let (options, data) = if first { (options, train[0]) } else { (change(options), train[1]) };
            trainer.fit(data, options).map(drop)
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing has begun");
        error_of_all(results).to_string()
    };
    let same = [&train, &train];
    for (found, expected) in [
        (
            error(&|options| options, [&train, &other]),
            "rank 1 has another number of samples than rank 0: 58, not 57",
        ),
        (
            error(&|options| options.batch_size(15), same),
            "rank 1 has another batch size than rank 0: 15, not 16",
        ),
        (
            error(&|options| options.stop_early(3), same),
            "rank 1 has another patience than rank 0: Some(3), not Some(4)",
        ),
        (error(&|options| options.batch_size(0), same), "rank 1: a batch of 0 samples has no loss"),
    ] {
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn more_ranks_than_pieces_are_an_error_of_fit() {
    let (train, few, test) = (data(57), data(3), data(11));
    let error = |data: &Data, size: usize| {
        let folder = tempfile::tempdir().unwrap();
        error_of_all(on_ranks(8, |rank| {
            let mut trainer = trainer().across(rank).unwrap();
            trainer.fit(data, options(&test, folder.path()).batch_size(size)).map(drop)
        }))
    };
    let FitError::Rank(found) = error(&train, 16) else { panic!("of the ranks") };
    assert_eq!(found, RankError::TooMany { ranks: 8, samples: 16, pieces: 4 });
    assert!(found.to_string().ends_with(".micro_batch(2)`"), "{found}");
    let FitError::Rank(found) = error(&few, 16) else { panic!("of the ranks") };
    assert_eq!(found, RankError::TooMany { ranks: 8, samples: 3, pieces: 1 });
}

/// Rank 0 cannot write, or a function of its options fails or ends the run: all end.
#[test]
fn what_only_rank_0_does_ends_all() {
    let (train, test) = (data(57), data(11));
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("missing/run.safetensors");
    let error = error_of_all(on_ranks(2, |rank| {
        let mut trainer = trainer().across(rank).unwrap();
        trainer.fit(&train, Fit::epochs(2).batch_size(16).quiet().checkpoint(&nowhere)).map(drop)
    }));
    assert!(error.to_string().starts_with("rank 0: "), "{error}");
    let error = error_of_all(on_ranks(2, |rank| {
        let first = rank.rank() == 0;
        let mut trainer = trainer().across(rank).unwrap();
        let failing = |_: &[Vector<3>], _: &[Label<3>]| {
            assert!(first, "only rank 0 measures");
            Err(Error::EmptyBatch)
        };
        trainer
            .fit(&train, Fit::epochs(2).batch_size(16).quiet().validate(&test).metric("bad", failing))
            .map(drop)
    }));
    let text =
        format!("rank 0: {}", FitError::Metric { epoch: 1, name: "bad".into(), source: Error::EmptyBatch });
    assert_eq!(error.to_string(), text);
    let epochs = on_ranks(3, |rank| {
        let first = rank.rank() == 0;
        let mut trainer = trainer().across(rank).unwrap();
        let stop = |epoch: &chainrule::Epoch| {
            assert!(first, "only rank 0 calls it");
            if epoch.number == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        trainer.fit(&train, Fit::epochs(5).batch_size(16).quiet().on_epoch(stop)).unwrap().rows().len()
    });
    assert_eq!(epochs, [2, 2, 2]);
}
