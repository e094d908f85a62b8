//! Which samples an epoch has: complete batches only, draws by weights, and folds.

use std::collections::BTreeSet;

use chainrule::data::{DataError, Dataset, Loader, Place, Sampling, augment};
use chainrule::prelude::*;
use chainrule::rand::Rng;
use chainrule::rand::rngs::ChaCha8Rng;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

/// `samples` inputs that all differ, each with a target that names it.
fn numbered(samples: usize) -> Dataset<Vector<1>, usize> {
    Dataset::from_fn(samples, |at, x: &mut Vector<1>| {
        x[0] = at as f32;
        at
    })
    .unwrap()
}

/// The sizes of the batches of an epoch, and its samples.
fn epoch(loader: &mut Loader<Vector<1>, usize>, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    let (mut sizes, mut samples) = (vec![], vec![]);
    while let Some((inputs, targets)) = loader.next(rng).unwrap() {
        assert!(inputs.iter().zip(targets).all(|(x, &at)| x[0] == at as f32), "an input has lost its target");
        sizes.push(targets.len());
        samples.extend_from_slice(targets);
    }
    (sizes, samples)
}

/// How often each of `n` samples occurs.
fn counts(samples: &[usize], n: usize) -> Vec<usize> {
    let mut counts = vec![0; n];
    samples.iter().for_each(|&sample| counts[sample] += 1);
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn without_its_last_batch_an_epoch_has_batches_of_one_size(samples in 1..60_usize, size in 1..70_usize, seed: u64) {
        let (data, mut rng) = (numbered(samples), rng(seed));
        let Ok(mut loader) = Loader::new(&data, size).unwrap().drop_last() else {
            prop_assert!(samples < size);
            return Ok(());
        };
        for _ in 0..3 {
            let (sizes, all) = epoch(&mut loader, &mut rng);
            prop_assert_eq!(&sizes, &vec![size; samples / size]);
            prop_assert_eq!(sizes.len(), loader.batches());
            prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        }
    }

    #[test]
    fn a_run_that_is_resumed_anywhere_draws_what_one_that_was_not_draws(
        samples in 2..30_usize, size in 1..8_usize, seed: u64, stop in 0..40_usize,
        replacement in any::<bool>(), weighted in any::<bool>(), drop_last in any::<bool>(), draws in 1..50_usize
    ) {
        let data = numbered(samples);
        let weights: Vec<f64> = (0..samples).map(|at| (at + 1) as f64).collect();
        let loader = || {
            let sampling = if weighted { Sampling::weighted(weights.clone()) } else { Sampling::uniform() };
            let sampling = if replacement { sampling.with_replacement() } else { sampling.without_replacement() };
            let draws = if replacement { draws } else { draws.min(samples) };
            let loader = Loader::new(&data, size).unwrap().sample(sampling.draws(draws)).unwrap();
            let drop_last = drop_last && draws >= size;
            if drop_last { loader.drop_last().unwrap() } else { loader }
        };
        let steps = |loader: &mut Loader<_, usize>, rng: &mut _, steps: usize| -> Vec<Option<Vec<usize>>> {
            (0..steps).map(|_| loader.next(rng).unwrap().map(|(_, targets): (&[Vector<1>], _)| targets.to_vec())).collect()
        };
        let (mut run, mut generator) = (loader(), rng(seed));
        steps(&mut run, &mut generator, stop);
        let saved = serde_json::to_string(run.place()).unwrap();
        let mut saved_generator = ChaCha8Rng::deserialize_state(&generator.serialize_state());
        let after = steps(&mut run, &mut generator, 30);

        let mut resumed = loader();
        resumed.resume(serde_json::from_str(&saved).unwrap()).unwrap();
        prop_assert_eq!(steps(&mut resumed, &mut saved_generator, 30), after);
    }

    #[test]
    fn folds_are_a_partition_of_equal_parts(samples in 2..60_usize, folds in 2..12_usize, seed: u64) {
        let data = numbered(samples);
        let Ok(parts) = data.k_folds(folds, &mut rng(seed)) else {
            prop_assert!(folds > samples);
            return Ok(());
        };
        prop_assert_eq!(parts.len(), folds);
        let mut validated = vec![];
        for (train, validation) in parts {
            let here: BTreeSet<usize> = validation.targets().iter().copied().collect();
            prop_assert!(train.targets().iter().all(|at| !here.contains(at)));
            prop_assert_eq!(train.len() + here.len(), samples);
            prop_assert!((samples / folds..=samples.div_ceil(folds)).contains(&here.len()));
            validated.extend(here);
        }
        prop_assert_eq!(counts(&validated, samples), vec![1; samples]);
    }
}

#[test]
fn stratified_folds_have_the_share_of_each_class() {
    let labels: Vec<Label<3>> =
        [2, 0, 1, 0, 0, 1, 0, 2, 1, 0, 0, 1, 2, 0, 0].map(|c| Label::new(c).unwrap()).into();
    let data = Dataset::new((0..15).map(|at| Vector([at as f32])).collect(), labels).unwrap();
    let mut folds = BTreeSet::new();
    for seed in 0..20 {
        for (_, validation) in data.k_folds_stratified(3, &mut rng(seed)).unwrap() {
            // 8, 4 and 3 of 15.
            let count = |class| validation.targets().iter().filter(|label| label.index() == class).count();
            assert!((2..=3).contains(&count(0)) && (1..=2).contains(&count(1)) && count(2) == 1);
            folds.insert(format!("{:?}", validation.inputs()));
        }
    }
    assert!(folds.len() > 50, "{} of 60 parts differ", folds.len());
    let error = data.k_folds(1, &mut rng(1)).err().unwrap().to_string();
    assert!(error.starts_with("15 samples cannot be divided into 1 folds"), "{error}");
    assert!(matches!(
        data.k_folds_stratified(16, &mut rng(1)).err(),
        Some(DataError::Folds { folds: 16, .. })
    ));
}

#[test]
fn weights_are_probabilities_with_replacement() {
    let data = numbered(4);
    let weights = [1.0, 0.0, 5.0, 2.0];
    let sampling = Sampling::weighted(weights).draws(80_000);
    let mut loader = Loader::new(&data, 1000).unwrap().sample(sampling).unwrap();
    let (sizes, samples) = epoch(&mut loader, &mut rng(1));
    assert_eq!(sizes, [1000; 80]);
    // Binomial: the deviation of 80,000 p is at most √(80,000 / 4) = 141. Six deviations.
    for (count, weight) in counts(&samples, 4).into_iter().zip(weights) {
        let expected = weight * 10_000.0;
        assert!((count as f64 - expected).abs() < 850.0, "{count} for {expected}");
    }
    assert_eq!(counts(&samples, 4)[1], 0);
    let mut again =
        Loader::new(&data, 1000).unwrap().sample(Sampling::weighted(weights).draws(80_000)).unwrap();
    assert_eq!(epoch(&mut again, &mut rng(1)).1, samples);
    assert_ne!(epoch(&mut again, &mut rng(2)).1, samples);
}

/// The probability of each order is a product: that of the first sample is w / Σw, of the next w / Σ of those left.
#[test]
fn weights_without_replacement_give_each_order_its_probability() {
    let (data, weights) = (numbered(3), [1.0, 2.0, 5.0]);
    let sampling = Sampling::weighted(weights).without_replacement();
    let mut loader = Loader::new(&data, 3).unwrap().sample(sampling).unwrap();
    let (mut rng, rounds) = (rng(3), 20_000);
    let mut found = std::collections::BTreeMap::new();
    for _ in 0..rounds {
        *found.entry(epoch(&mut loader, &mut rng).1).or_insert(0) += 1;
    }
    assert_eq!(found.len(), 6);
    for (order, count) in found {
        let [first, second] = [0, 1].map(|at| weights[order[at]]);
        let expected = f64::from(rounds) * first / 8.0 * second / (8.0 - first);
        // Six deviations of a binomial, each at most √(20,000 / 4) = 71.
        assert!((f64::from(count) - expected).abs() < 425.0, "{order:?}: {count} for {expected}");
    }
}

#[test]
fn balanced_epochs_have_each_class_equally_often() {
    let labels = |at: usize| {
        Label::<3>::new(if at < 900 {
            0
        } else if at < 990 {
            1
        } else {
            2
        })
        .unwrap()
    };
    let data = Dataset::from_pairs((0..1000).map(|at| (Vector([at as f32]), labels(at)))).unwrap();
    let sampling = Sampling::balanced(data.targets()).draws(30_000);
    let mut loader = Loader::new(&data, 30_000).unwrap().sample(sampling).unwrap();
    let mut rng = rng(4);
    let (_, targets) = loader.next(&mut rng).unwrap().unwrap();
    for class in 0..3 {
        let count = targets.iter().filter(|label| label.index() == class).count() as f64;
        // Binomial with p = 1/3: deviation √(30,000 · 2/9) = 82. Six deviations.
        assert!((count - 10_000.0).abs() < 490.0, "class {class}: {count}");
    }
}

#[test]
fn uniform_draws_may_be_fewer_or_more_than_the_samples() {
    let data = numbered(10);
    let mut loader = Loader::new(&data, 4).unwrap().sample(Sampling::uniform().draws(6)).unwrap();
    let mut rng = rng(5);
    let (sizes, samples) = epoch(&mut loader, &mut rng);
    assert_eq!((sizes, loader.batches()), (vec![4, 2], 2));
    assert!(counts(&samples, 10).iter().all(|&count| count < 2));
    let sampling = Sampling::uniform().with_replacement().draws(50_000);
    let mut loader = Loader::new(&data, 50_000).unwrap().sample(sampling).unwrap();
    let (_, samples) = epoch(&mut loader, &mut rng);
    // Binomial with p = 1/10: mean 5000, deviation 67. Six deviations.
    assert!(
        counts(&samples, 10).iter().all(|count| count.abs_diff(5000) < 403),
        "{:?}",
        counts(&samples, 10)
    );
}

#[test]
fn what_cannot_be_drawn_is_an_error_that_says_why() {
    let data = numbered(3);
    let message = |sampling| {
        Loader::new(&data, 2)
            .unwrap()
            .sample(sampling)
            .err()
            .map(|error: DataError| error.to_string())
            .unwrap()
    };
    assert_eq!(
        message(Sampling::weighted([1.0; 2])),
        "there are 2 weights for 3 samples: give one weight for each sample"
    );
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        let error = message(Sampling::weighted([1.0, wrong, 1.0]));
        assert!(error.starts_with("the weight of a sample is "), "{error}");
    }
    assert!(message(Sampling::weighted([0.0; 3])).starts_with("the sum of the samples' weights is 0"));
    assert!(message(Sampling::weighted([1e308; 3])).starts_with("the sum of the samples' weights is inf"));
    assert!(message(Sampling::uniform().draws(0)).starts_with("the number of samples of an epoch is 0"));
    assert_eq!(
        message(Sampling::weighted([1.0, 0.0, 2.0]).without_replacement()),
        "an epoch of 3 samples cannot be drawn without replacement: 2 samples have a weight above 0"
    );
    assert!(message(Sampling::uniform().draws(4)).contains("3 samples have a weight above 0"));
    let error = Loader::new(&data, 4).unwrap().drop_last().err().unwrap().to_string();
    assert!(error.starts_with("an epoch of 3 samples has no complete batch of 4"), "{error}");

    // A place of another sampling.
    let place = |order: &[usize], position| Place { order: order.into(), position };
    let weighted = Sampling::weighted([1.0, 0.0, 1.0]).draws(4);
    let mut loader = Loader::new(&data, 2).unwrap().sample(weighted).unwrap();
    loader.resume(place(&[0, 2, 2, 2], 2)).unwrap();
    for wrong in
        [place(&[0, 2, 2], 2), place(&[0, 2, 1, 2], 2), place(&[0, 2, 3, 2], 2), place(&[0, 2, 2, 2], 5)]
    {
        assert!(matches!(loader.resume(wrong.clone()), Err(DataError::Place { samples: 3 })), "{wrong:?}");
    }
    assert_eq!(loader.next(&mut rng(1)).unwrap().unwrap().1, [2, 2]);
}

/// An image whose numbers are all different, and not 0.
fn image() -> Image<2, 3, 4> {
    let mut image: Image<2, 3, 4> = bytemuck::Zeroable::zeroed();
    image.as_mut_slice().iter_mut().enumerate().for_each(|(at, x)| *x = at as f32 + 1.0);
    image
}

#[test]
fn a_flip_mirrors_every_row_with_its_probability() {
    let (mut rng, mut flipped) = (rng(6), 0);
    let mut flip = augment::flip(0.25);
    for _ in 0..4000 {
        let mut changed = image();
        flip(&mut changed, &mut rng);
        if changed != image() {
            flipped += 1;
            assert_eq!(changed.0[1][2], [24.0, 23.0, 22.0, 21.0]);
        }
    }
    // Binomial: mean 1000, deviation √(4000 · 3/16) = 27. Six deviations.
    assert!((flipped - 1000_i32).abs() < 165, "{flipped}");
    let mut same = image();
    augment::flip(0.0)(&mut same, &mut rng);
    augment::flip(f64::NAN)(&mut same, &mut rng);
    assert_eq!(same, image());
}

#[test]
fn a_shift_moves_all_channels_by_one_vector_and_zeros_come_in() {
    let mut rng = rng(7);
    for most in [0_isize, 1, 2, 7] {
        let mut shift = augment::shift(most as usize);
        let shifted = |down: isize, right: isize| {
            let mut expected = image();
            for (c, rows) in expected.0.iter_mut().enumerate() {
                for (y, row) in rows.iter_mut().enumerate() {
                    for (x, pixel) in row.iter_mut().enumerate() {
                        let (y, x) = (y as isize - down, x as isize - right);
                        let inside = (0..3).contains(&y) && (0..4).contains(&x);
                        *pixel = if inside { image()[(c, y as usize, x as usize)] } else { 0.0 };
                    }
                }
            }
            expected
        };
        let vectors: Vec<(isize, isize)> =
            (-most..=most).flat_map(|down| (-most..=most).map(move |right| (down, right))).collect();
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            let mut changed = image();
            shift(&mut changed, &mut rng);
            let vector = vectors.iter().find(|(down, right)| shifted(*down, *right) == changed);
            seen.insert(*vector.expect("no vector shifts the image so"));
        }
        // Each of 25 vectors is missed by 300 draws with probability 0.96^300 = 5e-6.
        assert!(most > 2 || seen.len() == vectors.len(), "{seen:?}");
    }
}
