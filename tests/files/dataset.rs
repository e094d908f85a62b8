//! Data sets: every sample is returned once, in an order that follows from the generator.

use std::collections::BTreeSet;

use chainrule::data::{DataError, Dataset, Loader, Place, Standardize, stream};
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::rand::rngs::ChaCha8Rng;
use proptest::prelude::{ProptestConfig, prop, prop_assert, prop_assert_eq, proptest};

/// `samples` inputs that all differ, each with a target that names it.
fn numbered(samples: usize) -> Dataset<Vector<1>, usize> {
    Dataset::from_pairs((0..samples).map(|at| (Vector([at as f32]), at))).unwrap()
}

/// Every pair is still a pair; gives the targets.
fn targets<'a>(pairs: impl IntoIterator<Item = (&'a Vector<1>, &'a usize)>) -> Vec<usize> {
    let target = |(input, target): (&Vector<1>, &usize)| {
        assert_eq!(input[0], *target as f32, "an input has lost its target");
        *target
    };
    pairs.into_iter().map(target).collect()
}

fn sorted(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort();
    numbers
}

/// The batches of one epoch.
fn epoch(
    loader: &mut Loader<Vector<1>, usize>,
    rng: &mut impl chainrule::rand::Rng,
) -> Vec<(Vec<Vector<1>>, Vec<usize>)> {
    let mut batches = vec![];
    while let Some((inputs, targets)) = loader.next(rng).unwrap() {
        batches.push((inputs.to_vec(), targets.to_vec()));
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_split_is_a_partition_of_the_right_sizes(samples in 2..200_usize, share in 0.01..0.99_f64, seed: u64) {
        let first = (share * samples as f64).round() as usize;
        match numbered(samples).split(share, &mut rng(seed)) {
            Ok((a, b)) => {
                prop_assert_eq!(a.len(), first);
                prop_assert_eq!(sorted([targets(a.iter()), targets(b.iter())].concat()), (0..samples).collect::<Vec<_>>());
            }
            Err(error) => {
                prop_assert!(matches!(error, DataError::Split { .. }), "{}", error);
                prop_assert!(first == 0 || first == samples);
            }
        }
    }

    #[test]
    fn a_stratified_split_is_a_partition_with_the_share_of_each_class(
        counts in prop::collection::vec(1..40_usize, 1..6), share in 0.05..0.95_f64, seed: u64
    ) {
        let classes: Vec<usize> = counts.iter().enumerate().flat_map(|(class, &count)| vec![class; count]).collect();
        let samples = classes.len();
        let pairs = (0..samples).map(|at| (Vector([at as f32]), Label::<6>::new(classes[at]).unwrap()));
        let Ok((a, b)) = Dataset::from_pairs(pairs).unwrap().split_stratified(share, &mut rng(seed)) else {
            return Ok(());
        };
        let first = (share * samples as f64).round();
        prop_assert_eq!(a.len() as f64, first);
        let all = a.iter().chain(b.iter()).map(|(input, label)| {
            assert_eq!(classes[input[0] as usize], label.index(), "an input has lost its label");
            input[0] as usize
        });
        prop_assert_eq!(sorted(all.collect()), (0..samples).collect::<Vec<_>>());
        for (class, &count) in counts.iter().enumerate() {
            let chosen = a.targets().iter().filter(|label| label.index() == class).count() as f64;
            let fair = first / samples as f64 * count as f64;
            // A comb of even teeth over a run of `count` takes the floor or the ceiling of its share.
            prop_assert!((chosen - fair).abs() < 1.0, "{chosen} of {count} for a share of {fair}");
        }
    }

    #[test]
    fn a_shuffle_is_a_permutation_that_follows_from_the_seed(samples in 1..300_usize, seed: u64) {
        let shuffled = |seed| {
            let mut data = numbered(samples);
            data.shuffle(&mut rng(seed));
            targets(data.iter())
        };
        prop_assert_eq!(sorted(shuffled(seed)), (0..samples).collect::<Vec<_>>());
        prop_assert_eq!(shuffled(seed), shuffled(seed));
        if samples > 20 { // one seed in 20! gives the order that was there
            prop_assert!(shuffled(seed) != shuffled(seed.wrapping_add(1)));
        }
    }

    #[test]
    fn batches_cover_all_once_and_in_order(samples in 1..200_usize, size in 1..250_usize) {
        let data = numbered(samples);
        let batches: Vec<_> = data.batches(size).unwrap().collect();
        prop_assert_eq!(batches.len(), samples.div_ceil(size));
        prop_assert!(batches[..batches.len() - 1].iter().all(|batch| batch.0.len() == size));
        let all = batches.iter().flat_map(|(inputs, those)| targets(inputs.iter().zip(those.iter())));
        prop_assert_eq!(all.collect::<Vec<_>>(), (0..samples).collect::<Vec<_>>());
    }

    #[test]
    fn each_epoch_of_a_loader_has_every_sample_once(samples in 1..100_usize, size in 1..120_usize, seed: u64) {
        let (data, mut rng) = (numbered(samples), rng(seed));
        let mut loader = Loader::new(&data, size).unwrap();
        for _ in 0..3 {
            let batches = epoch(&mut loader, &mut rng);
            prop_assert_eq!(batches.len(), loader.batches());
            prop_assert!(batches[..batches.len() - 1].iter().all(|batch| batch.0.len() == size));
            let all = batches.iter().flat_map(|(inputs, those)| targets(inputs.iter().zip(those)));
            prop_assert_eq!(sorted(all.collect()), (0..samples).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_run_that_is_resumed_anywhere_has_the_batches_of_one_that_was_not(
        samples in 1..40_usize, size in 1..45_usize, seed: u64, stop in 0..40_usize
    ) {
        let data = numbered(samples);
        let noisy = || {
            Loader::new(&data, size).unwrap().augment(|x, rng| x[0] += rng.random_range(0.0..0.5))
        };
        let steps = |loader: &mut Loader<_, _>, rng: &mut _, steps: usize| {
            let mut batches = vec![];
            for _ in 0..steps { // None, between two epochs, is a step too
                batches.push(loader.next(rng).unwrap().map(|(inputs, targets): (&[Vector<1>], &[usize])| {
                    (inputs.to_vec(), targets.to_vec())
                }));
            }
            batches
        };
        let (mut loader, mut generator) = (noisy(), rng(seed));
        let before = steps(&mut loader, &mut generator, stop);
        let saved = serde_json::to_string(loader.place()).unwrap();
        let mut saved_generator = ChaCha8Rng::deserialize_state(&generator.serialize_state());
        let after = steps(&mut loader, &mut generator, 30);
        drop((loader, before));

        let mut resumed = noisy();
        resumed.resume(serde_json::from_str(&saved).unwrap()).unwrap();
        prop_assert_eq!(steps(&mut resumed, &mut saved_generator, 30), after);
    }

    #[test]
    fn a_stream_is_shuffled_and_batched_without_loss(
        samples in 0..100_usize, buffer in 1..120_usize, size in 1..120_usize, seed: u64
    ) {
        let stream = (0..samples).map(|at| Ok((Vector([at as f32]), at)));
        let mut batches = stream::batches(stream::shuffle(stream, buffer, rng(seed)).unwrap(), size).unwrap();
        let mut all = vec![];
        while let Some((inputs, those)) = batches.next().unwrap() {
            prop_assert!(inputs.len() == size || all.len() + inputs.len() == samples);
            all.extend(targets(inputs.iter().zip(those)));
        }
        // No sample can come before the buffer has reached it.
        prop_assert!(all.iter().enumerate().all(|(at, &sample)| sample < at + buffer));
        prop_assert_eq!(sorted(all), (0..samples).collect::<Vec<_>>());
    }

    #[test]
    fn to_standardize_and_invert_is_the_identity_within_rounding(
        rows in prop::collection::vec((-1e3..1e3_f64, 1e6..1e6 + 1.0_f64, -1e-9..1e-9_f64), 1..50)
    ) {
        let data: Vec<Vector<3, f64>> = rows.into_iter().map(|(a, b, c)| Vector([a, b, c])).collect();
        let scale = Standardize::fit(&data).unwrap();
        let mut back = data.clone();
        scale.apply(&mut back);
        scale.invert(&mut back);
        for (found, expected) in back.iter().zip(&data) {
            for feature in 0..3 {
                // Subtract, divide, multiply, add: each is off by at most half an ulp of a number no larger than this.
                let largest = data.iter().map(|x| x[feature].abs()).fold(0.0, f64::max);
                let off = (found[feature] - expected[feature]).abs();
                prop_assert!(off <= 4.0 * f64::EPSILON * 2.0 * largest, "{off:e} of {largest:e}");
            }
        }
    }
}

/// Every one of five samples comes to every one of five places equally often, in 5000 rounds.
fn assert_fair(mut order: impl FnMut() -> Vec<usize>) {
    let mut counts = [[0_u32; 5]; 5];
    for _ in 0..5000 {
        order().into_iter().enumerate().for_each(|(place, sample)| counts[sample][place] += 1);
    }
    // Binomial with p = 1/5: mean 1000, deviation √(5000 · 0.16) = 28.3. Six deviations for each of 25 counts.
    for (sample, counts) in counts.iter().enumerate() {
        for (place, &count) in counts.iter().enumerate() {
            assert!(count.abs_diff(1000) < 170, "sample {sample} came to place {place} {count} times");
        }
    }
}

#[test]
fn a_shuffle_brings_every_sample_to_every_place_equally_often() {
    let mut rng = rng(5);
    assert_fair(|| {
        let mut data = numbered(5);
        data.shuffle(&mut rng);
        targets(data.iter())
    });
}

#[test]
fn an_epoch_brings_every_sample_to_every_place_equally_often() {
    let (data, mut rng) = (numbered(5), rng(6));
    let mut loader = Loader::new(&data, 2).unwrap();
    assert_fair(|| epoch(&mut loader, &mut rng).into_iter().flat_map(|(_, targets)| targets).collect());
}

#[test]
fn a_buffer_as_large_as_its_stream_shuffles_it_wholly() {
    let mut rng = rng(7);
    assert_fair(|| {
        let shuffled = stream::shuffle((0..5).map(|at| Ok((at, ()))), 5, &mut rng).unwrap();
        shuffled.into_iter().map(|pair| pair.unwrap().0).collect()
    });
}

#[test]
fn the_order_of_an_epoch_follows_from_the_generator_alone() {
    let data = numbered(50);
    let mut loader = Loader::new(&data, 7).unwrap();
    let first = epoch(&mut loader, &mut rng(1));
    epoch(&mut loader, &mut rng(2));
    assert_eq!(epoch(&mut loader, &mut rng(1)), first);
    let mut one = rng(1);
    assert_ne!(epoch(&mut loader, &mut one), epoch(&mut loader, &mut one), "two epochs in one order");
}

#[test]
fn augmentation_changes_the_copy_and_not_the_data() {
    let data = numbered(10);
    let mut calls = 0;
    let mut loader = Loader::new(&data, 4).unwrap().augment(|x, _| {
        calls += 1;
        x[0] += 100.0;
    });
    for (inputs, targets) in epoch(&mut loader, &mut rng(3)) {
        for (input, target) in inputs.iter().zip(targets) {
            assert_eq!(input[0], target as f32 + 100.0);
        }
    }
    drop(loader);
    assert_eq!(calls, 10);
    assert_eq!(targets(data.iter()), (0..10).collect::<Vec<_>>());
}

#[test]
fn a_place_of_other_data_is_refused_and_changes_nothing() {
    let data = numbered(4);
    let mut loader = Loader::new(&data, 3).unwrap();
    let place = |order: &[usize], position| Place { order: order.into(), position };
    loader.resume(place(&[3, 1, 0, 2], 3)).unwrap();
    for wrong in [
        place(&[0, 1, 2], 1),
        place(&[0, 1, 2, 3, 4], 1),
        place(&[0, 1, 2, 2], 1),
        place(&[0, 1, 2, 4], 1),
        place(&[0, 1, 2, 3], 5),
        place(&[], 4),
    ] {
        let error = loader.resume(wrong.clone()).expect_err(&format!("{wrong:?}"));
        assert!(matches!(error, DataError::Place { samples: 4 }), "{error}");
    }
    let (inputs, targets) = loader.next(&mut rng(1)).unwrap().unwrap();
    assert_eq!((inputs, targets), (&[Vector([2.0])][..], &[2][..]));
    assert!(loader.next(&mut rng(1)).unwrap().is_none());
}

#[test]
fn parts_are_taken_joined_and_mapped() {
    let data = numbered(5);
    assert_eq!(data.subset(&[4, 0, 4]).unwrap().targets(), [4, 0, 4]);
    assert_eq!(data.subset(&[1]).unwrap().concat(data.subset(&[3, 2]).unwrap()).targets(), [1, 3, 2]);
    let mapped = data.clone().map_inputs(|x| x[0] * 2.0).map_targets(|y| y + 1);
    assert_eq!(mapped.into_parts(), (vec![0.0, 2.0, 4.0, 6.0, 8.0], vec![1, 2, 3, 4, 5]));
    assert_eq!(format!("{data:?}"), "Dataset of 5 samples");
}

#[test]
fn what_no_data_set_can_answer_is_an_error_that_says_why() {
    let message = |error: DataError| error.to_string();
    let data = numbered(3);
    assert_eq!(
        message(Dataset::new(vec![1, 2], vec![1]).unwrap_err()),
        "there are 2 inputs and 1 targets: give one target for each input"
    );
    let none = "a data set needs at least one sample, but there is none";
    assert_eq!(message(Dataset::<u8, u8>::new(vec![], vec![]).unwrap_err()), none);
    assert_eq!(message(data.subset(&[]).unwrap_err()), none);
    assert_eq!(
        message(data.subset(&[2, 3]).unwrap_err()),
        "there is no sample 3: there are 3 samples, counted from 0"
    );
    let size = "the size of a batch is 0, but must be at least 1";
    assert_eq!(message(data.batches(0).err().unwrap()), size);
    assert_eq!(message(Loader::new(&data, 0).err().unwrap()), size);
    let stream = || data.iter().map(|(x, y)| Ok((*x, *y)));
    assert_eq!(message(stream::batches(stream(), 0).err().unwrap()), size);
    assert_eq!(message(stream::shuffle(stream(), 0, rng(1)).err().unwrap()), size);
    for share in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
        let error = message(data.clone().split(share, &mut rng(1)).unwrap_err());
        assert!(error.ends_with("but must be above 0 and below 1"), "{error}");
    }
    assert_eq!(
        message(data.clone().split(0.1, &mut rng(1)).unwrap_err()),
        "a share of 0.1 of 3 samples leaves one part empty: both parts need at least one sample"
    );
}

#[test]
fn a_stream_ends_its_batches_at_its_first_error() {
    let stream = (0..5).map(|at| if at == 3 { Err(DataError::Empty) } else { Ok((at, at)) });
    let mut batches = stream::batches(stream, 2).unwrap();
    assert_eq!(batches.next().unwrap(), Some((&[0, 1][..], &[0, 1][..])));
    assert!(matches!(batches.next(), Err(DataError::Empty)));
}

#[test]
fn a_loader_allocates_one_buffer_and_keeps_it() {
    let data = numbered(100);
    let (mut loader, mut rng) = (Loader::new(&data, 8).unwrap(), rng(1));
    let first = loader.next(&mut rng).unwrap().unwrap().0.as_ptr();
    for _ in 0..40 {
        if let Some((inputs, _)) = loader.next(&mut rng).unwrap() {
            assert_eq!(inputs.as_ptr(), first);
        }
    }
}

#[test]
fn standardized_features_have_mean_0_and_deviation_1() {
    let mut rng = rng(9);
    let mut data: Vec<Vector<3>> = (0..500)
        .map(|_| Vector([rng.random_range(-1.0..1.0), 1e4 + rng.random_range(0.0..1.0), 0.1]))
        .collect();
    let scale = Standardize::fit(&data).unwrap();
    assert_eq!((scale.mean()[2], scale.deviation()[2]), (f64::from(0.1_f32), 1.0));
    scale.apply(&mut data);
    for feature in 0..3 {
        let mean =
            |f: &dyn Fn(f64) -> f64| data.iter().map(|x| f(f64::from(x[feature]))).sum::<f64>() / 500.0;
        // The inputs are exact in f64; what comes out, up to √3 in size, is rounded to f32.
        let ulp = f64::from(f32::EPSILON);
        let (average, square) = (mean(&|x| x), mean(&|x| x * x));
        assert!(average.abs() <= ulp, "feature {feature} has mean {average}");
        let expected = if feature == 2 { 0.0 } else { 1.0 };
        assert!((square - expected).abs() <= 4.0 * ulp, "feature {feature} has mean square {square}");
    }
    assert!(data.iter().all(|x| x[2] == 0.0));
}

/// Ten times 0.1 is not 1 in floating point, so a sum over ten would give a mean next to 0.1 and a deviation of 1e-17.
#[test]
fn a_constant_stays_one_whatever_rounding_does_to_its_sum() {
    let mut data = [Vector([0.1_f64]); 10];
    assert_ne!(data.iter().map(|x| x[0]).sum::<f64>(), 1.0);
    let scale = Standardize::fit(&data).unwrap();
    assert_eq!((scale.mean(), scale.deviation()), (&[0.1][..], &[1.0][..]));
    scale.apply(&mut data);
    assert_eq!(data, [Vector([0.0]); 10]);
}

#[test]
fn channels_are_standardized_as_wholes() {
    let images = [Image::<2, 1, 2>([[[1.0, 3.0]], [[10.0, 10.0]]]), Image([[[5.0, 7.0]], [[10.0, 30.0]]])];
    let scale = Standardize::fit_channels(&images).unwrap();
    // 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9) / 4. 10, 10, 10, 30: mean 15, variance (3 · 25 + 225) / 4.
    assert_eq!((scale.mean(), scale.deviation()), (&[4.0, 15.0][..], &[5_f64.sqrt(), 75_f64.sqrt()][..]));
    let mut changed = images;
    scale.apply(&mut changed);
    approx::assert_relative_eq!(changed[0][(0, 0, 0)], -3.0 / 5_f32.sqrt());
    approx::assert_relative_eq!(changed[1][(1, 0, 1)], 15.0 / 75_f32.sqrt());
    scale.invert(&mut changed);
    images.iter().zip(&changed).for_each(|(a, b)| approx::assert_relative_eq!(a, b, max_relative = 1e-6));
}

#[test]
fn features_of_sequences_are_standardized_over_all_steps() {
    let sequences = [
        Sequence([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]]),
        Sequence([[7.0, 20.0], [2.0, 30.0], [6.0, 70.0]]),
    ];
    let scale = Standardize::fit_features(&sequences).unwrap();
    // 1, 3, 5, 7, 2, 6: mean 4, variance (9 + 1 + 1 + 9 + 4 + 4) / 6. 10, 10, 40, 20, 30, 70: mean 30, variance
    // (400 + 400 + 100 + 100 + 0 + 1600) / 6.
    let deviation = [28.0_f64 / 6.0, 2600.0 / 6.0].map(f64::sqrt);
    approx::assert_relative_eq!(Vector([scale.mean()[0], scale.mean()[1]]), Vector([4.0, 30.0]));
    approx::assert_relative_eq!(Vector([scale.deviation()[0], scale.deviation()[1]]), Vector(deviation));
    let mut changed: [Sequence<3, 2>; 2] = sequences;
    scale.apply(&mut changed);
    approx::assert_relative_eq!(changed[0].0[2][1], (10.0 / deviation[1]) as f32);
    approx::assert_relative_eq!(changed[1].0[1][0], (-2.0 / deviation[0]) as f32);
    let text = serde_json::to_string(&scale).unwrap();
    assert_eq!(serde_json::from_str::<Standardize<Sequence<3, 2>>>(&text).unwrap(), scale);
    assert!(serde_json::from_str::<Standardize<Sequence<2, 3>>>(&text).is_err());
}

#[test]
fn features_in_a_range_reach_both_of_its_ends() {
    let train = [Vector([1.0, -3.0, 0.5]), Vector([5.0, -3.0, 0.25]), Vector([2.0, -3.0, 1.0])];
    for (low, high) in [(0.0, 1.0), (-1.0, 1.0)] {
        let scale = Standardize::fit_min_max(&train, low, high).unwrap();
        let mut changed: [Vector<3, f64>; 3] = train;
        scale.apply(&mut changed);
        // By hand: 1, 5, 2 are 0, 1, 1/4 of their range, 0.5, 0.25, 1 are 1/3, 0, 1.
        for (sample, shares) in [[0.0, 0.0, 1.0 / 3.0], [1.0, 0.0, 0.0], [0.25, 0.0, 1.0]].iter().enumerate()
        {
            for (x, share) in changed[sample].0.iter().zip(shares) {
                approx::assert_relative_eq!(*x, low + (high - low) * share, epsilon = 1e-15);
            }
        }
        scale.invert(&mut changed);
        train.iter().zip(&changed).for_each(|(a, b)| approx::assert_relative_eq!(a, b, max_relative = 1e-15));
    }
    for (low, high) in [(1.0, 1.0), (1.0, 0.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
        let error = Standardize::fit_min_max(&train, low, high).unwrap_err().to_string();
        assert!(error.starts_with("the width of a range is"), "{error}");
    }
    assert!(matches!(Standardize::<Vector<1>>::fit_min_max(&[], 0.0, 1.0), Err(DataError::Empty)));
}

#[test]
fn samples_are_made_and_converted_in_place() {
    let data = Dataset::from_fn(4, |at, x: &mut Vector<2>| {
        assert_eq!(*x, Vector([0.0; 2]), "an input is not zero before it is filled");
        x.0 = [at as f32, 1.0];
        at
    })
    .unwrap();
    let sums = data.convert_inputs(|x, sum: &mut Vector<1, f64>| sum[0] = f64::from(x[0] + x[1]));
    let data = sums.convert_targets(|&at, square: &mut Vector<1>| square[0] = (at * at) as f32);
    assert_eq!(data.inputs(), [1.0, 2.0, 3.0, 4.0].map(|x| Vector([x])));
    assert_eq!(data.targets(), [0.0, 1.0, 4.0, 9.0].map(|x| Vector([x])));
    assert!(matches!(Dataset::from_fn(0, |_, _: &mut Vector<1>| 0), Err(DataError::Empty)));
}

#[test]
fn a_standardization_is_kept_and_one_of_another_shape_refused() {
    let scale = Standardize::fit(&[Vector([0.1, 2.0]), Vector([0.7, 3.0])]).unwrap();
    let text = serde_json::to_string(&scale).unwrap();
    assert_eq!(serde_json::from_str::<Standardize<Vector<2>>>(&text).unwrap(), scale);
    assert_eq!(Standardize::new(scale.mean(), scale.deviation()).unwrap(), scale);
    let refused = |text: &str| serde_json::from_str::<Standardize<Vector<3>>>(text).unwrap_err().to_string();
    assert!(refused(&text).contains("a tensor of shape [3] has 3 numbers, but this slice has 2"));
    assert!(refused(r#"{"mean":[],"deviation":[]}"#).contains("has 0"));
    assert!(refused(r#"{"mean":[1,1,1],"deviation":[1,1,0]}"#).contains("a deviation is 0"));
    assert!(Standardize::<Vector<3>>::new(&[1.0; 3], &[1.0; 2]).is_err());
    assert!(Standardize::<Vector<1>>::new(&[f64::NAN], &[1.0]).is_err());
}

#[test]
fn data_that_cannot_be_standardized_are_refused() {
    let message = |samples: &[Vector<2, f64>]| Standardize::fit(samples).unwrap_err().to_string();
    assert!(message(&[]).contains("at least one sample"));
    assert!(
        message(&[Vector([0.0, 1.0]), Vector([0.0, f64::NAN])]).starts_with("input 1 of the batch has NaN")
    );
    assert!(message(&[Vector([-1e308, 0.0]), Vector([1e308, 0.0])]).contains("must be finite"));
    // Squares of these are 0 in f64: a deviation of 0 is taken as 1, and nothing is divided by 0.
    let tiny = [Vector([1e-200, 0.0]), Vector([2e-200, 0.0])];
    assert_eq!(Standardize::fit(&tiny).unwrap().deviation(), [1.0, 1.0]);
}

#[test]
fn a_label_as_probabilities_has_a_1_at_its_place() {
    for label in Label::<4>::all() {
        let vector: Vector<4, f64> = label.one_hot();
        assert_eq!(vector.0.iter().sum::<f64>(), 1.0);
        assert_eq!(Label::from_scores(&vector), label);
    }
}

#[test]
fn seeds_of_a_split_differ() {
    let parts: BTreeSet<Vec<usize>> = (0..10)
        .map(|seed| sorted(numbered(30).split(0.5, &mut rng(seed)).unwrap().0.targets().to_vec()))
        .collect();
    assert_eq!(parts.len(), 10); // of 155 million halves
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn windows_are_slices_of_a_series_with_the_targets_of_later_rows(rows in 0..20_usize, ahead in 0..20_usize) {
        let series: Vec<Vector<2>> = (0..rows).map(|at| Vector([at as f32, -(at as f32)])).collect();
        let targets: Vec<usize> = (100..100 + rows).collect();
        let expected: Vec<_> = (series.windows(4).enumerate())
            .filter_map(|(first, window)| Some((window.to_vec(), *targets.get(first + 3 + ahead)?)))
            .collect();
        match Dataset::<Sequence<4, 2>, usize>::windows(&series, &targets, ahead) {
            Ok(data) => {
                let steps = |window: &Sequence<4, 2>| window.0.map(Vector).to_vec();
                let found: Vec<_> = data.iter().map(|(window, target)| (steps(window), *target)).collect();
                prop_assert_eq!(found, expected);
            }
            Err(error) => {
                prop_assert!(matches!(error, DataError::Windows { steps: 4, .. }), "{}", error);
                prop_assert!(expected.is_empty());
            }
        }
    }

    #[test]
    fn a_split_by_number_keeps_the_order(samples in 1..20_usize, first in 0..25_usize) {
        match numbered(samples).split_at(first) {
            Ok((past, future)) => {
                prop_assert_eq!(targets(past.iter()), (0..first).collect::<Vec<_>>());
                prop_assert_eq!(targets(future.iter()), (first..samples).collect::<Vec<_>>());
            }
            Err(error) => {
                prop_assert!(matches!(error, DataError::SplitAt { .. }), "{}", error);
                prop_assert!(first == 0 || first >= samples);
            }
        }
    }
}

#[test]
fn windows_that_cannot_be_cut_are_errors_that_say_why() {
    fn message<const STEPS: usize>(rows: usize, targets: usize, ahead: usize) -> String {
        let series = vec![Vector([0.0]); rows];
        Dataset::<Sequence<STEPS, 1>, usize>::windows(&series, &vec![0; targets], ahead)
            .unwrap_err()
            .to_string()
    }
    assert_eq!(
        message::<3>(4, 4, 2),
        "a series of 4 rows is too short for a window of 3 rows with a target 2 rows after it, which needs 5 rows"
    );
    assert!(message::<3>(4, 4, usize::MAX).contains("which needs 18446744073709551615 rows"));
    assert_eq!(message::<3>(4, 5, 1), "there are 4 inputs and 5 targets: give one target for each input");
    assert!(message::<0>(4, 4, 1).contains("the number of steps of a window"));
    assert_eq!(
        numbered(4).split_at(4).unwrap_err().to_string(),
        "a split after 4 of 4 samples leaves one part empty: both parts need at least one sample"
    );
}
