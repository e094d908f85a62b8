//! Embeddings, whose gradients leave rows out: the bits of a table without flags, for every optimizer, and for threads,
//! ranks and resumed runs.

use crate::common::{bits, each_optimizer};
use crate::embedding::Embedding as Dense;
use crate::ranks::on_ranks;
use chainrule::optimizer::{Adadelta, Adagrad, Adamax, Asgd, Group, Lion, NAdam, RAdam, RmsProp, Rprop};
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};

const VOCAB: usize = 50;
const WIDTH: usize = 5;

type Net = (Embedding<VOCAB, WIDTH, f64>, Linear<WIDTH, 3, f64>);
/// The same with a table that is one tensor.
type DenseNet = (Dense<VOCAB, WIDTH>, Linear<WIDTH, 3, f64>);
type Batch = (Vec<Token<VOCAB>>, Vec<Label<3>>);

/// Of tokens below `most`, some of them several times.
fn batch(samples: usize, most: usize, rng: &mut dyn Rng) -> Batch {
    let tokens = (0..samples).map(|_| Token::new(rng.random_range(0..most)).unwrap()).collect();
    (tokens, (0..samples).map(|_| Label::new(rng.random_range(0..3)).unwrap()).collect())
}

/// Batches that use more and more of the vocabulary, and then few tokens again. Half of it is never used.
fn batches() -> Vec<Batch> {
    let mut rng = rng(3);
    [2, 7, 4, 25, 3, 1, 9].map(|most| batch(11, most, &mut rng)).into()
}

fn networks() -> (Owned<Net>, Owned<DenseNet>) {
    let (net, mut dense) = (Net::init(&mut rng(1)), DenseNet::zeros());
    dense.0.weight = net.0.weight.map(|row| row.0);
    dense.1 = net.1.clone();
    (net, dense)
}

/// A whole batch at once, and pieces of two samples, which are two groups.
fn assert_same_bits<A: Optimizer<Net>, B: Optimizer<DenseNet>>(
    name: &str,
    of_table: impl Fn() -> A,
    of_dense: impl Fn() -> B,
) {
    for samples in [100, 1] {
        let (net, dense) = networks();
        let loss = CrossEntropy::default();
        let mut table = Trainer::new(net, loss, of_table(), 1).micro_batch(samples).clip_value(0.05);
        let mut dense = Trainer::new(dense, loss, of_dense(), 1).micro_batch(samples).clip_value(0.05);
        for (step, (tokens, labels)) in batches().iter().cycle().take(16).enumerate() {
            let [a, b] = [table.step(tokens, labels), dense.step(tokens, labels)];
            assert_eq!(a.unwrap().to_bits(), b.unwrap().to_bits(), "{name}: the loss of step {step}");
            assert!(bits(&table.network) == bits(&dense.network), "{name}: step {step}, {samples} at once");
            let used: std::collections::BTreeSet<_> = tokens.iter().map(|token| token.index()).collect();
            assert_eq!(table.gradient().0.weight.touched(), used.len(), "{name}: rows of the gradient");
        }
    }
}

#[test]
fn every_optimizer_takes_the_steps_of_a_table_without_flags() {
    macro_rules! case {
        ($name:literal, |$rate:ident| $optimizer:expr) => {
            assert_same_bits(
                $name,
                || {
                    let $rate = 0.01;
                    $optimizer
                },
                || {
                    let $rate = 0.01;
                    $optimizer
                },
            );
        };
    }
    each_optimizer!(case);
    assert_same_bits("Adagrad", || Adagrad::new(0.1), || Adagrad::new(0.1));
    let group = || Group::new("0").weight_decay(0.0);
    assert_same_bits(
        "AdamW whose table does not decay",
        || AdamW::new(0.01).group(group()),
        || AdamW::new(0.01).group(group()),
    );
    assert_same_bits("Adam, up", || Adam::new(0.01).maximize(), || Adam::new(0.01).maximize());
}

fn length(net: &Net) -> f64 {
    let squares = |xs: &[f64]| xs.iter().map(|x| x * x).sum::<f64>();
    let table: f64 = net.0.weight.iter().map(|row| squares(&row.0)).sum();
    (table + squares(net.1.weights()) + squares(&net.1.bias.0)).sqrt()
}

#[test]
fn the_length_of_a_gradient_does_not_depend_on_the_rows_that_are_left_out() {
    let (net, _) = networks();
    let (tokens, labels) = &batches()[1];
    let (_, mut gradient) = {
        let mut gradient = Net::zeros();
        let mean = net
            .loss_gradient(
                &CrossEntropy::default(),
                tokens,
                labels,
                &mut Workspace::default(),
                &mut *gradient,
                &mut rng(0),
            )
            .unwrap();
        (mean, gradient)
    };
    let few = gradient.norm();
    approx::assert_relative_eq!(few, length(&gradient), max_relative = 1e-14);
    let _ = gradient.0.weight.iter_mut(); // borrows all rows, so it sets all flags
    assert_eq!(gradient.0.weight.touched(), VOCAB);
    assert_eq!(gradient.norm().to_bits(), few.to_bits());

    let clipped = chainrule::optimizer::clip_norm(&mut gradient, few / 2.0).unwrap();
    assert_eq!(clipped.to_bits(), few.to_bits());
    approx::assert_relative_eq!(gradient.norm(), few / 2.0, max_relative = 1e-14);

    gradient.set_zero();
    assert_eq!((gradient.0.weight.touched(), gradient.norm()), (0, 0.0));
    gradient.0.weight.row_mut(7).0[2] = f64::NAN;
    let error = Sgd::new(0.1).step(&mut Net::init(&mut rng(1)), &*gradient).unwrap_err();
    assert!(error.to_string().contains("0.weight"), "{error}");
    assert!(matches!(error, chainrule::Error::NonFiniteGradient { element, .. } if element == 7 * WIDTH + 2));
}

/// Adam whose rows move by their moments, and lazily.
fn trainer(lazy: bool) -> Trainer<Net, CrossEntropy, Adam<Net>> {
    let adam = Adam::new(0.02);
    let adam = if lazy { adam.lazy_rows().weight_decay(0.01) } else { adam };
    Trainer::new(networks().0, CrossEntropy::default(), adam, 1).micro_batch(2).clip_norm(0.5)
}

fn train(trainer: &mut Trainer<Net, CrossEntropy, Adam<Net>>, steps: std::ops::Range<usize>) -> Vec<u64> {
    let batches = batches();
    for step in steps {
        let (tokens, labels) = &batches[step % batches.len()];
        trainer.step(tokens, labels).unwrap();
    }
    bits(&trainer.network)
}

#[test]
fn threads_and_ranks_give_the_same_bits() {
    for lazy in [false, true] {
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| train(&mut trainer(lazy), 0..20))
        });
        assert!(one == three, "threads");
        for ranks in [2, 3] {
            for found in on_ranks(ranks, |rank| train(&mut trainer(lazy).across(rank).unwrap(), 0..20)) {
                assert!(found == one, "{ranks} ranks");
            }
        }
    }
}

#[test]
fn a_resumed_run_has_the_bits_of_one_that_was_not_stopped() {
    for lazy in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.safetensors");
        let straight = train(&mut trainer(lazy), 0..20);
        let mut first = trainer(lazy);
        train(&mut first, 0..9);
        first.save_checkpoint(&path).unwrap();
        let mut second = trainer(lazy);
        second.resume(&path).unwrap();
        assert!(train(&mut second, 9..20) == straight);
    }
}

/// A row that has no gradient stays, bit for bit, with its moments; without `lazy_rows` it goes on moving.
#[test]
fn lazy_rows_move_in_the_steps_in_which_they_have_a_gradient() {
    let [token, other] = [3, 4].map(|at| Token::<VOCAB>::new(at).unwrap());
    let label = Label::new(1).unwrap();
    let rows = |lazy: bool| {
        let mut trainer = trainer(lazy);
        trainer.step(&[token], &[label]).unwrap();
        let before = trainer.network.0.weight[3];
        trainer.step(&[other], &[label]).unwrap();
        (before, trainer.network.0.weight[3])
    };
    let (before, after) = rows(true);
    assert_eq!(before, after);
    let (before, after) = rows(false);
    assert_ne!(before, after);
}
