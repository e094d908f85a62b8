//! Training on several ranks: the weights, histories and files of one process.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::thread;

use crate::common::{bits, inputs};
use crate::rank_errors::error_of_all;
use chainrule::Error;
use chainrule::data::Dataset;
use chainrule::distributed::{Communicator, LocalRank, local};
use chainrule::metrics::accuracy;
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};

/// Random in training and measured in training.
pub(super) type Net = (Linear<4, 13>, BatchNorm<13>, Tanh, Dropout<30>, Linear<13, 3>);
pub(super) type Batch = (Vec<Vector<4>>, Vec<Label<3>>);
pub(super) type Data = Dataset<Vector<4>, Label<3>>;
pub(super) type Run = Trainer<Net, CrossEntropy, Adam<Net>>;

pub(super) fn batch(samples: usize) -> Batch {
    (inputs(samples), (0..samples).map(|at| Label::new(at % 3).unwrap()).collect())
}

pub(super) fn data(samples: usize) -> Data {
    let (inputs, labels) = batch(samples);
    Dataset::new(inputs, labels).unwrap()
}

pub(super) fn trainer() -> Run {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 9)
        .schedule(Schedule::cosine(600).warm_up(3))
        .clip_norm(1.0)
        .micro_batch(4)
}

/// Calls `f` on each rank, each in its own thread. Returns the results in order.
pub(super) fn on_ranks<R: Send>(size: usize, f: impl Fn(LocalRank) -> R + Sync) -> Vec<R> {
    let f = &f;
    thread::scope(|scope| {
        let threads: Vec<_> = local(size).into_iter().map(|rank| scope.spawn(move || f(rank))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
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
        let first = rank.rank() == 0;
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

pub(super) type Options<'a> = Fit<'a, Vector<4>, Label<3>, Vector<3>>;

pub(super) fn options<'a>(test: &'a Data, folder: &Path) -> Options<'a> {
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
            let dies = rank.rank() == 2;
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
