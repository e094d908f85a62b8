//! Training on several ranks: the bits of one process, and errors on all ranks.

use std::fs;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{bits, inputs};
use chainrule::data::Dataset;
use chainrule::distributed::{LocalRank, RankError, local};
use chainrule::metrics::accuracy;
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};
use chainrule::{Error, FitError};

/// Random in training and measured in training.
type Net = (Linear<4, 13>, BatchNorm<13>, Tanh, Dropout<30>, Linear<13, 3>);
type Batch = (Vec<Vector<4>>, Vec<Label<3>>);
type Data = Dataset<Vector<4>, Label<3>>;
type Run = Trainer<Net, CrossEntropy, Adam<Net>>;

fn batch(samples: usize) -> Batch {
    (inputs(samples), (0..samples).map(|at| Label::new(at % 3).unwrap()).collect())
}

fn data(samples: usize) -> Data {
    let (inputs, labels) = batch(samples);
    Dataset::new(inputs, labels).unwrap()
}

fn trainer() -> Run {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 9)
        .schedule(Schedule::cosine(600).warm_up(3))
        .clip_norm(1.0)
        .micro_batch(4)
}

/// Calls `f` on each rank, in a thread of its own. Returns the results in order.
fn on_ranks<R: Send>(size: usize, f: impl Fn(LocalRank) -> R + Sync) -> Vec<R> {
    let f = &f;
    thread::scope(|scope| {
        let threads: Vec<_> = local(size).into_iter().map(|rank| scope.spawn(move || f(rank))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Returns the error of all ranks, which must be the same.
#[track_caller]
fn error_of_all<E: std::fmt::Debug + std::fmt::Display>(results: Vec<Result<(), E>>) -> E {
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

/// Momentum and Adam's moments, dropout, running means, clipping and a schedule; batches of 8, 8, 5 and 1 pieces.
#[test]
fn one_two_four_or_eight_ranks_give_the_bits_of_one_process_over_500_steps() {
    let batches = [32, 30, 19, 3].map(batch);
    let train = |mut trainer: Run| {
        for step in 0..500 {
            let (xs, ys) = &batches[step % batches.len()];
            trainer.step(xs, ys).unwrap();
        }
        bits(&trainer.network)
    };
    let alone = train(trainer());
    for ranks in [1, 2, 3, 4, 8] {
        for found in on_ranks(ranks, |rank| train(trainer().across(rank).unwrap())) {
            assert!(found == alone, "{ranks} ranks");
        }
    }
}

/// In groups of 8 pieces, added one after the other with compensation: 21 pieces on 3 and on 12 ranks.
#[test]
fn more_than_a_group_of_pieces_is_added_as_by_one_process() {
    let (xs, ys) = batch(41);
    let train = |trainer: Run| {
        let mut trainer = trainer.micro_batch(2);
        let losses = [(); 20].map(|()| trainer.step(&xs, &ys).unwrap().to_bits());
        (losses, bits(&trainer.network))
    };
    let alone = train(trainer());
    for ranks in [3, 12] {
        for found in on_ranks(ranks, |rank| train(trainer().micro_batch(2).across(rank).unwrap())) {
            assert!(found == alone, "{ranks} ranks");
        }
    }
}

/// 1.1 million parameters, of which two gradients at a time are in memory, and the pieces of a network without
/// `micro_batch`.
#[test]
fn a_large_network_and_one_that_is_divided_unasked_have_the_bits_of_one_process() {
    type Large = (Linear<64, 1024>, Relu, Linear<1024, 1024>, Relu, Linear<1024, 3>);
    type Middle = (Linear<4, 256>, Tanh, Dropout<10>, Linear<256, 256>, Tanh, Linear<256, 3>);
    let large = |rank: Option<LocalRank>| {
        let (xs, ys) = (inputs::<Vector<64>>(6), batch(6).1);
        let net = Large::init(&mut rng(1));
        let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1), 1).micro_batch(1);
        let mut trainer = rank.into_iter().fold(trainer, |trainer, rank| trainer.across(rank).unwrap());
        trainer.step(&xs, &ys).unwrap();
        bits(&trainer.network)
    };
    let middle = |rank: Option<LocalRank>| {
        let (xs, ys) = batch(400);
        let net = Middle::init(&mut rng(1));
        let trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1).momentum(0.9), 1);
        let mut trainer = rank.into_iter().fold(trainer, |trainer, rank| trainer.across(rank).unwrap());
        trainer.step(&xs, &ys).unwrap();
        bits(&trainer.network)
    };
    let alone = (large(None), middle(None));
    for found in on_ranks(4, large_of(&large)) {
        assert!(found == alone.0);
    }
    for found in on_ranks(2, large_of(&middle)) {
        assert!(found == alone.1);
    }
}

fn large_of<R>(f: &(impl Fn(Option<LocalRank>) -> R + Sync)) -> impl Fn(LocalRank) -> R + Sync {
    move |rank| f(Some(rank))
}

#[test]
fn the_ranks_begin_with_the_state_of_rank_0() {
    let (xs, ys) = batch(16);
    let mut trained = trainer();
    (0..5).for_each(|_| _ = trained.step(&xs, &ys).unwrap());
    let mut alone = trained.clone();
    alone.step(&xs, &ys).unwrap();
    for found in on_ranks(3, |rank| {
        let first = chainrule::distributed::Communicator::rank(&rank) == 0;
        let net = Net::init(&mut rng(7));
        let other = Trainer::new(net, CrossEntropy::default(), Adam::new(0.01), 4)
            .schedule(Schedule::cosine(600).warm_up(3))
            .clip_norm(1.0)
            .micro_batch(4);
        let mut trainer = if first { trained.clone() } else { other }.across(rank).unwrap();
        trainer.step(&xs, &ys).unwrap();
        (trainer.steps(), bits(&trainer.network))
    }) {
        assert!(found == (6, bits(&alone.network)));
    }
}

type Options<'a> = Fit<'a, Vector<4>, Label<3>, Vector<3>>;

fn options<'a>(test: &'a Data, folder: &Path) -> Options<'a> {
    Fit::epochs(6)
        .batch_size(16)
        .validate(test)
        .metric("accuracy", accuracy)
        .stop_early(4)
        .plateau(Plateau::new(0.5, 0))
        .average(0.8)
        .augment(|x: &mut Vector<4>, rng: &mut dyn Rng| {
            x.0.iter_mut().for_each(|x| *x += rng.random_range(-0.1..0.1));
        })
        .checkpoint_every(3, folder.join("run.safetensors"))
        .save_best(folder.join("best.safetensors"))
        .log(folder.join("log.csv"))
        .quiet()
}

/// What a run leaves on the disk.
fn files(folder: &Path) -> [Vec<u8>; 3] {
    ["run.safetensors", "best.safetensors", "log.csv"].map(|name| fs::read(folder.join(name)).unwrap())
}

/// Returns the weights, the history and the files of a run that was not stopped, on one process.
fn straight() -> (Vec<u64>, Vec<chainrule::metrics::Row>, [Vec<u8>; 3]) {
    let (folder, train, test) = (tempfile::tempdir().unwrap(), data(57), data(11));
    let mut trainer = trainer();
    let history = trainer.fit(&train, options(&test, folder.path())).unwrap();
    (bits(&trainer.network), history.rows().to_vec(), files(folder.path()))
}

/// Batches of 16, 16, 16 and 9 samples: 4 pieces, and 3 at the end.
#[test]
fn fit_leaves_the_weights_the_history_and_the_files_of_one_process() {
    let (train, test, expected) = (data(57), data(11), straight());
    for ranks in [1, 2, 4] {
        let folder = tempfile::tempdir().unwrap();
        let runs = on_ranks(ranks, |rank| {
            let mut trainer = trainer().across(rank).unwrap();
            let history = trainer.fit(&train, options(&test, folder.path())).unwrap();
            (bits(&trainer.network), history.rows().to_vec())
        });
        for (weights, rows) in runs {
            assert!(weights == expected.0 && rows == expected.1, "{ranks} ranks");
        }
        assert!(files(folder.path()) == expected.2, "{ranks} ranks");
    }
}

/// Rank 2 ends in the middle of the third epoch. The run continues on 4 ranks, on 2, and on one process.
#[test]
fn a_rank_that_dies_ends_all_and_the_run_resumes_to_the_same_bits() {
    let (train, test, expected) = (data(57), data(11), straight());
    for resumed in [4, 2, 1] {
        let folder = tempfile::tempdir().unwrap();
        let ended = on_ranks(4, |rank| {
            let dies = chainrule::distributed::Communicator::rank(&rank) == 2;
            let mut trainer = trainer().across(rank).unwrap();
            let mut seen = 0;
            let dying = options(&test, folder.path()).augment(|x: &mut Vector<4>, rng: &mut dyn Rng| {
                seen += 1;
                assert!(!dies || seen < 2 * 57 + 20, "killed");
                x.0.iter_mut().for_each(|x| *x += rng.random_range(-0.1..0.1));
            });
            catch_unwind(AssertUnwindSafe(|| trainer.fit(&train, dying).map(drop)))
        });
        for (rank, ended) in ended.into_iter().enumerate() {
            match ended {
                Err(_) => assert_eq!(rank, 2, "only rank 2 panics"),
                Ok(error) => {
                    let error = error.unwrap_err().to_string();
                    assert_eq!(error, "epoch 3: rank 2 has ended");
                }
            }
        }
        let runs = on_ranks(resumed, |rank| {
            let mut trainer = trainer().across(rank).unwrap();
            let history = trainer.fit(&train, options(&test, folder.path())).unwrap();
            (bits(&trainer.network), history.rows().to_vec())
        });
        for (weights, rows) in runs {
            assert!(weights == expected.0 && rows == expected.1, "resumed on {resumed} ranks");
        }
        assert!(files(folder.path()) == expected.2);
    }
}

#[test]
fn a_rank_that_hangs_is_named_by_all_others_within_the_timeout() {
    let (xs, ys) = batch(16);
    let timeout = Duration::from_millis(200);
    on_ranks(4, |rank| {
        let hangs = chainrule::distributed::Communicator::rank(&rank) == 1;
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
        let short = usize::from(chainrule::distributed::Communicator::rank(&rank) == 2);
        trainer().across(rank).unwrap().step(&xs[short..], &ys[short..]).map(drop)
    }));
    assert_eq!(error.to_string(), "rank 2 has another batch size than rank 0: 15, not 16");
    // A target is missing on one rank: there it is an error before anything is computed.
    let error = error_of_all(on_ranks(2, |rank| {
        let short = chainrule::distributed::Communicator::rank(&rank);
        trainer().across(rank).unwrap().step(&xs, &ys[short..]).map(drop)
    }));
    let text = "rank 1: the batch has 16 inputs and 15 targets: give one target for each input";
    assert_eq!(error.to_string(), text);
    // A weight was changed by hand.
    let error = error_of_all(on_ranks(4, |rank| {
        let changed = chainrule::distributed::Communicator::rank(&rank) == 3;
        let mut trainer = trainer().across(rank).unwrap();
        trainer.network.0.bias[0] += if changed { 0.5 } else { 0.0 };
        trainer.step(&xs, &ys).map(drop)
    }));
    assert!(
        error.to_string().starts_with("rank 3 has another digest of the weights than rank 0: "),
        "{error}"
    );
}

#[test]
fn ignored_batches_are_skipped_on_all_ranks() {
    let labels: Vec<_> = (0..48).map(|at| (at >= 16).then(|| Label::<3>::new(at % 3).unwrap())).collect();
    let data = Dataset::new(inputs::<Vector<4>>(48), labels).unwrap();
    let options =
        || Fit::epochs(3).batch_size(16).drop_last().quiet().sample(chainrule::data::Sampling::uniform());
    let train = |mut trainer: Run| {
        let history = trainer.fit(&data, options()).unwrap();
        (trainer.steps(), bits(&trainer.network), history.rows().to_vec())
    };
    let alone = train(trainer());
    for found in on_ranks(4, |rank| train(trainer().across(rank).unwrap())) {
        assert!(found == alone);
    }
    let (xs, _) = batch(16);
    let none = vec![None::<Label<3>>; 16];
    let results = on_ranks(2, |rank| trainer().across(rank).unwrap().step(&xs, &none).map(drop));
    assert_eq!(error_of_all(results), Error::NoWeight);
}

/// What a trainer has on rank 1, and on the others; the error of all.
#[test]
fn another_network_or_setting_on_one_rank_is_an_error_of_all() {
    fn across<N, L, O>(one: impl Fn() -> Trainer<N, L, O> + Sync, rank: LocalRank) -> Result<(), RankError>
    where
        N: chainrule::Parameters,
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
    let error = |other: &(dyn Fn(LocalRank) -> Result<(), RankError> + Sync)| {
        let results = on_ranks(3, |rank| match chainrule::distributed::Communicator::rank(&rank) {
            1 => other(rank),
            _ => across(trainer, rank),
        });
        error_of_all(results).to_string()
    };
    for (found, expected) in [
        (error(&|rank| across(wide, rank)), "rank 1 has another network than rank 0: (Linear<4, 14>, "),
        (error(&|rank| across(relus, rank)), "rank 1 has another network than rank 0: "),
        (error(&|rank| across(sgd, rank)), "rank 1: the state of rank 0"),
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
            let first = chainrule::distributed::Communicator::rank(&rank) == 0;
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
        let first = chainrule::distributed::Communicator::rank(&rank) == 0;
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
        let first = chainrule::distributed::Communicator::rank(&rank) == 0;
        let mut trainer = trainer().across(rank).unwrap();
        let stop = |epoch: &chainrule::Epoch| {
            assert!(first, "only rank 0 calls it");
            if epoch.number == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        trainer.fit(&train, Fit::epochs(5).batch_size(16).quiet().on_epoch(stop)).unwrap().rows().len()
    });
    assert_eq!(epochs, [2, 2, 2]);
}

#[test]
fn a_trainer_is_saved_and_resumed_by_rank_0() {
    let folder = tempfile::tempdir().unwrap();
    let (path, (xs, ys)) = (folder.path().join("trainer.safetensors"), batch(16));
    let mut alone = trainer();
    (0..6).for_each(|_| _ = alone.step(&xs, &ys).unwrap());
    on_ranks(4, |rank| {
        let mut trainer = trainer().across(rank).unwrap();
        (0..3).for_each(|_| _ = trainer.step(&xs, &ys).unwrap());
        trainer.save_checkpoint(&path).unwrap();
    });
    for found in on_ranks(2, |rank| {
        let mut trainer = trainer().across(rank).unwrap();
        assert!(trainer.resume(&path).unwrap().is_empty());
        (0..3).for_each(|_| _ = trainer.step(&xs, &ys).unwrap());
        bits(&trainer.network)
    }) {
        assert!(found == bits(&alone.network));
    }
    let missing = folder.path().join("missing.safetensors");
    let error = error_of_all(on_ranks(2, |rank| trainer().across(rank).unwrap().resume(&missing).map(drop)));
    assert!(error.to_string().starts_with("rank 0: "), "{error}");
}

/// The states of the streams are the same on all ranks.
#[test]
fn carried_states_are_the_same_on_all_ranks() {
    use chainrule::stream::CarriedState;
    type Recurrent = (Gru<2, 5>, LastStep, Linear<5, 1>);
    let windows: Vec<Vec<Sequence<4, 2>>> = (0..6).map(|_| inputs(8)).collect();
    let train = |rank: Option<LocalRank>| {
        let net = Recurrent::init(&mut rng(1));
        let trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1).micro_batch(2);
        let mut trainer = rank.into_iter().fold(trainer, |trainer, rank| trainer.across(rank).unwrap());
        let mut state = CarriedState::new::<Recurrent, Sequence<4, 2>>(8);
        let targets = [Vector([0.5]); 8];
        for windows in &windows {
            trainer.step_carried(windows, &targets, &mut state).unwrap();
        }
        bits(&trainer.network)
    };
    let alone = train(None);
    for found in on_ranks(4, |rank| train(Some(rank))) {
        assert!(found == alone);
    }
}
