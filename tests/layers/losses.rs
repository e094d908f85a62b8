//! Losses against closed forms and enumerations: weights, ignored positions, ends of ranges. (Their numbers are
//! compared with PyTorch's in `parity`, and their gradients with finite differences in `gradients`.)

use approx::{assert_abs_diff_eq, assert_relative_eq};
use chainrule::Error;
use chainrule::prelude::*;

type Steps = Sequence<4, 3, f64>;
type Tags = [Option<Label<3>>; 4];

const A: Label<3> = Label::of::<0>();
const B: Label<3> = Label::of::<1>();
const C: Label<3> = Label::of::<2>();

fn steps() -> [Steps; 2] {
    [
        Sequence([[0.3, -1.0, 2.0], [1.5, 1.5, -0.2], [4.0, 0.0, -3.0], [0.1, 0.2, 0.3]]),
        Sequence([[-2.0, 0.7, 0.7], [0.0, 5.0, 1.0], [2.5, -0.5, 0.25], [-1.0, -2.0, -3.0]]),
    ]
}

const TAGS: [Tags; 2] = [[Some(B), None, Some(A), Some(C)], [None, None, Some(B), None]];

/// Value and gradients.
fn both<Y: Tensor, Target>(loss: &impl Loss<Y, Target>, ys: &[Y], targets: &[Target]) -> (f64, Vec<Y>) {
    let mut gradients = ys.to_vec();
    let value = loss.mean_and_gradient(ys, targets, &mut gradients).unwrap();
    assert_relative_eq!(loss.mean(ys, targets).unwrap(), value, max_relative = 1e-14);
    (value, gradients)
}

/// Each step as a vector of its own: the ones that count.
fn alone<T>(of: impl Fn(usize, usize, Label<3>) -> T) -> Vec<T> {
    let all = (0..2).flat_map(|sample| (0..4).map(move |step| (sample, step)));
    all.filter_map(|(sample, step)| TAGS[sample][step].map(|label| of(sample, step, label))).collect()
}

#[test]
fn an_ignored_step_changes_nothing_and_has_no_gradient() {
    let ys = steps();
    let vectors = alone(|sample, step, _| Vector(ys[sample][step]));
    let labels = alone(|_, _, label| label);
    fn check<L>(loss: L, ys: &[Steps], vectors: &[Vector<3, f64>], labels: &[Label<3>])
    where
        L: Loss<Steps, Tags> + Loss<Vector<3, f64>, Label<3>>,
    {
        let (value, gradients) = both(&loss, ys, &TAGS);
        let (expected, each) = both(&loss, vectors, labels);
        assert_relative_eq!(value, expected, max_relative = 1e-14);
        let of_labels = alone(|sample, step, _| gradients[sample][step]);
        for (found, expected) in of_labels.iter().zip(&each) {
            assert_abs_diff_eq!(found[..], expected.0[..], epsilon = 1e-15);
        }
        for (sample, step) in [(0, 1), (1, 0), (1, 1), (1, 3)] {
            assert_eq!(gradients[sample][step], [0.0; 3]);
        }
    }
    check(CrossEntropy::default(), &ys, &vectors, &labels);
    check(CrossEntropy::smoothed(0.3), &ys, &vectors, &labels);
    check(CrossEntropy::smoothed(0.3).weights([0.5, 2.0, 1.5]), &ys, &vectors, &labels);
    check(NllLoss.weights([0.5, 2.0, 1.5]), &ys, &vectors, &labels);
}

#[test]
fn only_the_ratios_of_class_weights_count() {
    let loss = |scale: f64| CrossEntropy::default().weights([0.5 * scale, 2.0 * scale, 1.5 * scale]);
    let ((one, g), (other, h)) = (both(&loss(1.0), &steps(), &TAGS), both(&loss(1e6), &steps(), &TAGS));
    assert_relative_eq!(one, other, max_relative = 1e-14);
    for (g, h) in g.iter().zip(&h) {
        assert_abs_diff_eq!(g, h, epsilon = 1e-15);
    }
    // A class of weight 0 is one that is ignored.
    let without_a = TAGS.map(|tags| tags.map(|tag| tag.filter(|label| *label != A)));
    let (one, _) = both(&CrossEntropy::default().weights([0.0, 1.0, 1.0]), &steps(), &TAGS);
    let (other, _) = both(&CrossEntropy::default(), &steps(), &without_a);
    assert_relative_eq!(one, other, max_relative = 1e-14);
}

#[test]
fn a_batch_of_which_nothing_counts_is_an_error() {
    let (ys, none) = (steps(), [[None; 4]; 2]);
    let mut gradients = ys;
    assert_eq!(CrossEntropy::default().mean(&ys, &none), Err(Error::NoWeight));
    assert_eq!(CrossEntropy::default().evaluate(&ys, &none), Err(Error::NoWeight));
    assert_eq!(CrossEntropy::default().mean_and_gradient(&ys, &none, &mut gradients), Err(Error::NoWeight));
    assert_eq!(NllLoss.mean_and_gradient(&ys, &none, &mut gradients), Err(Error::NoWeight));
    let weighted = CrossEntropy::default().weights([0.0, 1.0, 1.0]);
    assert_eq!(weighted.mean(&[Vector([1.0, 2.0, 3.0])], &[A]), Err(Error::NoWeight));
}

#[test]
fn evaluation_keeps_the_class_weights_and_does_not_smooth() {
    let weights = [0.5, 2.0, 1.5];
    let smoothed = CrossEntropy::smoothed(0.3).weights(weights);
    let plain = CrossEntropy::default().weights(weights);
    assert_eq!(smoothed.evaluate(&steps(), &TAGS), plain.mean(&steps(), &TAGS));
    assert_ne!(smoothed.mean(&steps(), &TAGS), plain.mean(&steps(), &TAGS));
}

#[test]
fn pixels_are_steps_in_another_order() {
    // 130 pixels: two blocks of 64 and a rest.
    type Pixels = Image<3, 10, 13, f64>;
    type Row = Sequence<130, 3, f64>;
    let number = |pixel: usize, class: usize| ((pixel * 31 + class * 17) % 23) as f64 / 3.0 - 4.0;
    let mut image = Pixels::default();
    let mut row = Row::default();
    let (mut map, mut tags) = ([[None; 13]; 10], [None; 130]);
    for pixel in 0..130 {
        for class in 0..3 {
            image[(class, pixel / 13, pixel % 13)] = number(pixel, class);
            row[(pixel, class)] = number(pixel, class);
        }
        tags[pixel] = (pixel % 7 != 3).then(|| Label::new(pixel * 5 % 3).unwrap());
        map[pixel / 13][pixel % 13] = tags[pixel];
    }
    let loss = CrossEntropy::smoothed(0.1).weights([0.5, 2.0, 1.5]);
    let ((one, g), (other, h)) = (both(&loss, &[image], &[map]), both(&loss, &[row], &[tags]));
    assert_relative_eq!(one, other, max_relative = 1e-14);
    for pixel in 0..130 {
        for class in 0..3 {
            let found = g[0][(class, pixel / 13, pixel % 13)];
            assert_abs_diff_eq!(found, h[0][(pixel, class)], epsilon = 1e-16);
        }
    }
}

#[test]
fn a_log_softmax_before_a_likelihood_is_the_cross_entropy() -> Result<(), Error> {
    let scores = [Vector([0.3, -1.0, 2.0]), Vector([4.0, 0.0, -3.0])];
    let logs: Vec<Vector<3, f64>> = LogSoftmax.predict_batch(&scores)?;
    let (nll, _) = both(&NllLoss, &logs, &[B, A]);
    assert_relative_eq!(nll, CrossEntropy::default().mean(&scores, &[B, A])?, max_relative = 1e-14);
    Ok(())
}

#[test]
fn probabilities_of_0_and_1_have_a_finite_loss() {
    let ys = [Vector([0.0, 1.0, 0.0, 1.0])];
    let targets = [Vector([1.0, 0.0, 0.0, 1.0])];
    let (value, gradients) = both(&BinaryCrossEntropyOfProbabilities, &ys, &targets);
    assert_eq!(value, (100.0 + 100.0) / 4.0);
    assert_relative_eq!(gradients[0], Vector([-1e12, 1e12, 0.0, 0.0]) / 4.0, max_relative = 1e-14);
}

#[test]
fn a_vector_of_length_0_has_a_cosine_of_0_and_a_finite_gradient() {
    let zero: Sequence<2, 3, f64> = Sequence([[0.0; 3], [1.0, -2.0, 2.0]]);
    let (value, gradients) = both(&CosineEmbedding::default(), &[zero], &[true]);
    assert_eq!(value, 1.0);
    // dc/du = v / (|u| |v|) = v / (1e-6 * 3)
    assert_relative_eq!(gradients[0][0][1], 2.0 / 3e-6, max_relative = 1e-9);
    // Equal vectors are at the distance of ε in each number.
    let (value, gradients) = both(&TripletMargin::new(0.5), &[Sequence([[1.0; 3]; 3])], &[()]);
    assert_eq!((value, gradients[0][0]), (0.5, [0.0; 3]));
    assert_relative_eq!(gradients[0][2][0], 1.0 / 3.0_f64.sqrt(), max_relative = 1e-9);
}

/// The probability of the labels, from all paths.
fn by_enumeration<const STEPS: usize>(scores: &Sequence<STEPS, 3, f64>, labels: &[usize]) -> f64 {
    let mut total = 0.0;
    for path in 0..3_usize.pow(STEPS as u32) {
        let classes: Vec<usize> = (0..STEPS).map(|step| path / 3_usize.pow(step as u32) % 3).collect();
        let mut read = classes.clone();
        read.dedup();
        read.retain(|class| *class != 0);
        if read == labels {
            let probabilities = classes.iter().enumerate().map(|(step, class)| {
                let sum: f64 = scores[step].iter().map(|a| a.exp()).sum();
                scores[step][*class].exp() / sum
            });
            total += probabilities.product::<f64>();
        }
    }
    total
}

#[test]
fn connectionist_temporal_classification_sums_over_all_paths() {
    let mut scores = Sequence::<6, 3, f64>::default();
    scores.iter_mut().enumerate().for_each(|(at, a)| *a = (at * 7 % 11) as f64 / 3.0 - 1.5);
    for labels in [&[][..], &[1], &[2, 1], &[1, 1], &[2, 2, 2], &[1, 2, 1, 2], &[1, 2, 1, 2, 1, 2]] {
        let target: Vec<_> = labels.iter().map(|index| Label::new(*index).unwrap()).collect();
        let target = Labels::<3, 6>::new(&target).unwrap();
        let expected = -by_enumeration(&scores, labels).ln() / labels.len().max(1) as f64;
        let (value, gradients) = both(&Ctc, &[scores], &[target]);
        assert_relative_eq!(value, expected, max_relative = 1e-13);
        // p and the probabilities given the target both sum to 1 at each step.
        gradients[0].0.iter().for_each(|g| assert_abs_diff_eq!(g.iter().sum::<f64>(), 0.0, epsilon = 1e-14));
    }
}

#[test]
fn a_target_that_no_path_leaves_is_an_error() {
    let check = |labels: &[usize]| {
        let labels: Vec<_> = labels.iter().map(|index| Label::new(*index).unwrap()).collect();
        let target = Labels::<3, 8>::new(&labels)?;
        Ctc.mean(&[Sequence([[0.0; 3]; 4])], &[target])
    };
    assert!(check(&[1, 2, 1, 2]).is_ok() && check(&[1, 1]).is_ok());
    let range = |error: Result<f64, Error>| match error {
        Err(Error::TargetRange { sample: 0, element, value, .. }) => (element, value),
        other => panic!("{other:?}"),
    };
    assert_eq!(range(check(&[1, 2, 1, 2, 1])), (4, 1.0));
    assert_eq!(range(check(&[1, 1, 1])), (2, 1.0)); // needs five steps
    assert_eq!(range(check(&[2, 0])), (1, 0.0)); // the blank
    assert_eq!(check(&[1; 9]), Err(Error::TooManyLabels { found: 9, most: 8 }));
}
