//! Metrics against scikit-learn's, on fixed random cases: see `tests/fixtures/metrics.py`.

use chainrule::metrics::{
    ConfusionMatrix, accuracy, mean_absolute_error, mean_squared_error, r_squared, top_k_accuracy,
};
use chainrule::{Error, prelude::*};
use serde::Deserialize;

#[derive(Deserialize)]
struct Cases {
    made_by: String,
    classes: Vec<Classes>,
    numbers: Vec<Numbers>,
}

#[derive(Deserialize)]
struct Classes {
    name: String,
    scores: Vec<[f64; 4]>,
    labels: Vec<usize>,
    accuracy: f64,
    top_k: [f64; 3],
    confusion: [[u64; 4]; 4],
    precision: [f64; 4],
    recall: [f64; 4],
    f1: [f64; 4],
    samples: [u64; 4],
    r#macro: [f64; 3],
}

#[derive(Deserialize)]
struct Numbers {
    name: String,
    outputs: Vec<[f64; 3]>,
    targets: Vec<[f64; 3]>,
    mae: f64,
    mse: f64,
    r2: f64,
}

fn cases() -> Cases {
    serde_json::from_str(include_str!("../fixtures/metrics.json")).unwrap()
}

/// Shares are one division of two counts, and means of four of them: a few roundings of 2⁻⁵³ each.
fn same_share(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 4.0 * f64::EPSILON, "{what}: {found}, scikit-learn has {expected}");
}

fn labels<const CLASSES: usize>(indices: &[usize]) -> Vec<Label<CLASSES>> {
    indices.iter().map(|&index| Label::new(index).unwrap()).collect()
}

#[test]
fn metrics_of_classes_are_scikit_learns() {
    let cases = cases();
    assert!(cases.made_by.starts_with("scikit-learn") && cases.classes.len() == 6);
    for case in cases.classes {
        let scores: Vec<Vector<4, f64>> = case.scores.into_iter().map(Vector).collect();
        let labels = labels(&case.labels);
        let at = |what: &str| format!("{what} of {}", case.name);
        same_share(&at("accuracy"), accuracy(&scores, &labels).unwrap(), case.accuracy);
        for (at_k, expected) in case.top_k.into_iter().enumerate() {
            let found = top_k_accuracy(&scores, &labels, at_k + 1).unwrap();
            same_share(&at(&format!("top {}", at_k + 1)), found, expected);
        }
        assert_eq!(top_k_accuracy(&scores, &labels, 4), Ok(1.0));

        // In two batches, where there are two samples: what was counted before stays.
        let (first, second) = scores.split_at(scores.len() / 2);
        let (first_labels, second_labels) = labels.split_at(labels.len() / 2);
        let mut confusion = ConfusionMatrix::default();
        if !first.is_empty() {
            confusion.add(first, first_labels).unwrap();
        }
        confusion.add(second, second_labels).unwrap();
        assert_eq!(confusion, ConfusionMatrix::of(&scores, &labels).unwrap());
        let all: Vec<Label<4>> = Label::all().collect();
        let counts =
            all.iter().map(|&truth| all.iter().map(|&other| confusion.count(truth, other)).collect());
        assert_eq!(counts.collect::<Vec<Vec<u64>>>(), case.confusion, "{}", case.name);
        for (class, label) in all.iter().enumerate() {
            let name = |what: &str| at(&format!("{what} of class {class}"));
            same_share(&name("precision"), confusion.precision(*label), case.precision[class]);
            same_share(&name("recall"), confusion.recall(*label), case.recall[class]);
            same_share(&name("F1"), confusion.f1(*label), case.f1[class]);
            assert_eq!(confusion.samples(*label), case.samples[class]);
        }
        let means = [confusion.mean_precision(), confusion.mean_recall(), confusion.mean_f1()];
        means
            .into_iter()
            .zip(case.r#macro)
            .for_each(|(found, expected)| same_share(&at("mean"), found, expected));
        same_share(&at("accuracy"), confusion.accuracy(), case.accuracy);
        assert_eq!(confusion.total(), labels.len() as u64);
    }
}

#[test]
fn metrics_of_numbers_are_scikit_learns() {
    let cases = cases().numbers;
    assert_eq!(cases.len(), 5);
    for case in cases {
        let tensors = |rows: &[[f64; 3]]| rows.iter().map(|&row| Vector(row)).collect::<Vec<_>>();
        let (outputs, targets) = (tensors(&case.outputs), tensors(&case.targets));
        for (what, found, expected) in [
            ("mean absolute error", mean_absolute_error(&outputs, &targets), case.mae),
            ("mean squared error", mean_squared_error(&outputs, &targets), case.mse),
            ("R²", r_squared(&outputs, &targets), case.r2),
        ] {
            let found = found.unwrap();
            // Sums of at most 150 terms, each rounded by half an ulp, of either side: 150 ulps of the sum. In R² it is
            // the ratio of two such sums, the largest here that of the targets 100 ± 10 against others, below 10³.
            let allowed = 300.0 * f64::EPSILON * expected.abs().max(1.0);
            let at = format!("{what} of {}", case.name);
            assert!((found - expected).abs() <= allowed, "{at}: {found}, scikit-learn has {expected}");
        }
    }
}

/// 50 times 0.1 is not 5 in floating point, and the mean not 0.1; a variance of 1e-34 would make R² -1e36.
#[test]
fn constant_targets_have_no_variance_from_rounding() {
    let targets = [Vector([0.1]); 50];
    assert_eq!(r_squared(&[Vector([0.3]); 50], &targets), Ok(0.0));
    assert_eq!(r_squared(&targets, &targets), Ok(1.0));
}

#[test]
fn a_tie_goes_to_the_first_class() {
    let scores = [Vector([0.5, 0.5, 0.1]); 2];
    let labels = labels(&[0, 1]);
    assert_eq!(accuracy(&scores, &labels), Ok(0.5));
    assert_eq!(top_k_accuracy(&scores, &labels, 1), Ok(0.5));
    assert_eq!(top_k_accuracy(&scores, &labels, 2), Ok(1.0));
    assert_eq!(top_k_accuracy(&scores[..1], &labels[..1], 1), Ok(1.0)); // the first, and not the second
    assert_eq!(top_k_accuracy(&scores[..1], &labels[1..], 1), Ok(0.0));
    let flat = [Vector([7.0; 3]); 3];
    let each: Vec<Label<3>> = Label::all().collect();
    for k in 1..=3 {
        assert_eq!(top_k_accuracy(&flat, &each, k), Ok(k as f64 / 3.0));
    }
}

#[test]
fn infinite_scores_are_compared_and_nan_is_refused() {
    let labels = labels(&[2, 1]);
    let masked = [Vector([f32::NEG_INFINITY, -3.0, 0.0]), Vector([0.0, f32::INFINITY, 0.0])];
    assert_eq!(accuracy(&masked, &labels), Ok(1.0));
    let broken = [Vector([0.0, 1.0, 2.0]), Vector([0.0, f32::NAN, 0.0])];
    let expected = |error: &Error| matches!(error, Error::NonFiniteData { what: "output", sample: 1, element: 1, value } if value.is_nan());
    assert!(expected(&accuracy(&broken, &labels).unwrap_err()));
    assert!(expected(&top_k_accuracy(&broken, &labels, 2).unwrap_err()));
    let mut confusion = ConfusionMatrix::default();
    assert!(expected(&confusion.add(&broken, &labels).unwrap_err()));
    assert_eq!(confusion, ConfusionMatrix::default(), "half a batch was counted");
}

#[test]
fn wrong_lengths_and_settings_are_errors() {
    let (scores, labels) = ([Vector([0.0, 1.0]); 2], labels(&[0, 1, 1]));
    let lengths = Err(Error::BatchLengths { inputs: 2, targets: 3 });
    assert_eq!(accuracy(&scores, &labels), lengths);
    assert_eq!(top_k_accuracy(&scores, &labels, 1), lengths);
    assert_eq!(ConfusionMatrix::of(&scores, &labels).map(|_| 0.0), lengths);
    assert_eq!(mean_absolute_error(&scores, &[scores[0]; 3]), lengths);
    assert_eq!(r_squared(&scores, &[scores[0]; 3]), lengths);
    assert_eq!(accuracy(&scores[..0], &labels[..0]), Err(Error::EmptyBatch));
    assert_eq!(mean_squared_error(&scores[..0], &scores[..0]), Err(Error::EmptyBatch));
    for k in [0, 3] {
        let error = top_k_accuracy(&scores, &labels[..2], k).unwrap_err().to_string();
        assert_eq!(error, format!("k is {k}, but must be at least 1, and at most the number of classes"));
    }
    let error = r_squared(&scores[..1], &scores[..1]).unwrap_err().to_string();
    assert!(error.starts_with("the number of samples is 1, but must be at least 2"), "{error}");
    let infinite = [Vector([0.0, f64::INFINITY])];
    for (outputs, targets, place) in
        [(&infinite, &[Vector([0.0; 2])], "output 0"), (&[Vector([0.0; 2])], &infinite, "target 0")]
    {
        let error = mean_absolute_error(outputs, targets).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{place} of the batch has inf at element 1")), "{error}");
    }
}

#[test]
fn a_confusion_of_nothing_is_all_zeros() {
    let empty = ConfusionMatrix::<3>::default();
    let ratios = [empty.accuracy(), empty.mean_precision(), empty.mean_recall(), empty.mean_f1()];
    assert_eq!((ratios, empty.total()), ([0.0; 4], 0));
}

#[test]
fn the_table_is_aligned_whatever_stands_in_it() {
    let labels: Vec<Label<3>> = labels(&[vec![0; 1200], vec![1; 7], vec![2]].concat());
    let scores: Vec<Vector<3>> = labels.iter().map(|label| label.one_hot()).collect();
    let mut confusion = ConfusionMatrix::of(&scores, &labels).unwrap();
    confusion.add(&[Vector([0.0, 1.0, 0.0])], &labels[..1]).unwrap();
    assert_eq!(
        format!("\n{}", confusion.table(["cat", "Käfer", "a long name"])),
        "
       true   cat  Käfer  a long name  precision  recall      F1  samples
        cat  1200      1            .     1.0000  0.9992  0.9996     1201
      Käfer     .      7            .     0.8750  1.0000  0.9333        7
a long name     .      .            1     1.0000  1.0000  1.0000        1
       mean                               0.9583  0.9997  0.9776     1209"
    );
}
