//! The noise of gradients: compared with PyTorch's gradients of single samples and the formulas of Cockpit and the
//! papers, written out in NumPy (`tests/fixtures/noise.py`); with closed forms; and what has no meaning.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fixtures::{Group, Named, Numbers};
use chainrule::flow::{GradientNoise, NoiseFigures, NoiseOptions};
use chainrule::layer::Parameters;
use chainrule::loss::TargetFor;
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::{Error, Maps, Real};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    inputs: Numbers,
    targets: Numbers,
    parameters: Named,
    loss: f64,
    pieces: usize,
    network: Figures,
    layers: BTreeMap<String, Figures>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    gradient_norm: f64,
    variance: f64,
    signal: f64,
    snr: f64,
    snr_of_cockpit: f64,
    norm_test: f64,
    inner_product_test: f64,
    orthogonality_test: f64,
    noise_scale: Option<f64>,
    noise_scale_error: Option<f64>,
    alignment: f64,
}

impl Figures {
    /// Compares all figures, of which `snr` is given for both values of ε.
    fn compare(&self, found: &NoiseFigures, of_cockpit: &NoiseFigures, tolerance: f64, at: &str) {
        let close = |name: &str, found: Option<f64>, expected: Option<f64>| match (found, expected) {
            (Some(found), Some(expected)) => {
                let error = (found - expected).abs() / expected.abs();
                assert!(error <= tolerance, "{at} {name}: {found}, expected {expected}: {error:.1e}");
            }
            (found, expected) => assert_eq!(found, expected, "{at} {name}"),
        };
        close("gradient norm", Some(found.gradient_norm), Some(self.gradient_norm));
        close("variance", found.variance, Some(self.variance));
        close("signal", found.signal, Some(self.signal));
        close("snr", found.snr, Some(self.snr));
        close("Cockpit's snr", of_cockpit.snr, Some(self.snr_of_cockpit));
        close("norm test", found.norm_test, Some(self.norm_test));
        close("inner product test", found.inner_product_test, Some(self.inner_product_test));
        close("orthogonality test", found.orthogonality_test, Some(self.orthogonality_test));
        close("noise scale", found.noise_scale, self.noise_scale);
        close("error of the noise scale", found.noise_scale_error, self.noise_scale_error);
        close("alignment", found.alignment, Some(self.alignment));
    }
}

type Mlp<T> = (Linear<6, 8, T>, Tanh, Linear<8, 5, T>, Sigmoid, Linear<5, 3, T>);
type Cnn<T> = (Conv2d<1, 3, 3, 1, 0, T>, Relu, MaxPool2d<2>, Flatten, Linear<27, 4, T>);
type Blocks<T> = (Linear<4, 6, T>, [Residual<(Tanh, Linear<6, 6, T>)>; 3], Linear<6, 2, T>);

/// Compares a network with the figures of the fixture of this name.
fn compare<N, X: Tensor, Y: Tensor, L: Sync, T: TargetFor<L, Y>>(
    group: &mut Group<Case>,
    name: &str,
    loss: &L,
    targets: impl Fn(&mut Group<Case>, &Numbers) -> Vec<T>,
    tolerance: f64,
) where
    N: Maps<X, Y>,
{
    let case = group.take(name).unwrap();
    let (net, inputs) = (group.network::<N>(name, &case.parameters), group.batch::<X>(name, &case.inputs));
    let targets = targets(group, &case.targets);
    let noise = |epsilon| {
        let options = NoiseOptions { pieces: case.pieces, epsilon };
        net.gradient_noise_with(loss, &inputs, &targets, options).unwrap()
    };
    let (noise, of_cockpit) = (noise(0.0), noise(1e-5));
    assert_eq!(
        (noise.samples, noise.pieces, noise.passes, noise.batch_statistics),
        (24, case.pieces, 2, false)
    );
    assert!((noise.loss - case.loss).abs() <= tolerance * case.loss, "{name}: loss {}", noise.loss);
    case.network.compare(&noise.network, &of_cockpit.network, tolerance, name);
    let paths: Vec<&str> = noise.layers.iter().map(|layer| layer.path.as_str()).collect();
    assert_eq!(paths, case.layers.keys().collect::<Vec<_>>(), "{name}");
    for ((path, expected), (layer, of_cockpit)) in
        case.layers.iter().zip(noise.layers.iter().zip(&of_cockpit.layers))
    {
        expected.compare(&layer.figures, &of_cockpit.figures, tolerance, &format!("{name} {path}"));
    }
    let parameters: usize = noise.layers.iter().map(|layer| layer.parameters).sum();
    assert_eq!(parameters, N::COUNT);
    check_text(&noise);
}

fn labels<const CLASSES: usize>(_: &mut Group<Case>, from: &Numbers) -> Vec<Label<CLASSES>> {
    from.numbers().iter().map(|&label| Label::new(label as usize).unwrap()).collect()
}

fn every_network<T: Real>(tolerance: f64) {
    let group = &mut Group::<Case>::load::<T>("noise");
    let cross_entropy = &CrossEntropy::default();
    for end in ["", "_in_pieces"] {
        let name = |name: &str| format!("{name}{end}");
        compare::<Mlp<T>, Vector<6, T>, _, _, _>(group, &name("mlp"), cross_entropy, labels::<3>, tolerance);
        compare::<Cnn<T>, Image<1, 8, 8, T>, _, _, _>(
            group,
            &name("cnn"),
            cross_entropy,
            labels::<4>,
            tolerance,
        );
        let outputs = |group: &mut Group<Case>, from: &Numbers| group.batch::<Vector<2, T>>("targets", from);
        compare::<Blocks<T>, Vector<4, T>, _, _, _>(
            group,
            &name("residual"),
            &MeanSquaredError,
            outputs,
            tolerance,
        );
    }
}

#[test]
fn all_figures_are_those_of_numpy_in_f64() {
    // The formulas there subtract numbers of equal size, |g|² and its mean over pieces: a few digits of 16.
    every_network::<f64>(1e-11);
}

#[test]
fn all_figures_are_those_of_numpy_to_1e_4_in_f32() {
    every_network::<f32>(1e-4);
}

/// Checks that a table has no line of more than 80 columns, and a row for each layer.
fn check_text(noise: &GradientNoise) -> String {
    let text = noise.to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains("NaN") && !line.contains("inf"), "{line}");
    }
    // Of a long path the table has the last ten characters.
    let shown = |path: &str| path.chars().skip(path.chars().count().saturating_sub(10)).collect::<String>();
    assert!(noise.layers.iter().all(|layer| text.contains(&shown(&layer.path))), "{text}");
    assert!(!serde_json::to_string(noise).unwrap().contains("null,null,null"));
    text
}

fn regression(samples: usize, seed: u64) -> (Vec<Vector<1, f64>>, Vec<Vector<1, f64>>) {
    let random = &mut rng(seed);
    let mut uniform = || random.random::<f64>() * 2.0 - 1.0;
    (0..samples)
        .map(|_| {
            let x = uniform();
            (Vector([x]), Vector([2.0 * x + 1.0 + uniform()]))
        })
        .unzip()
}

/// y = 2x + 1 + e, with x and e uniform in ±1, and a network of 0: the gradient of a sample is -2y (x, 1), so that
/// with E x² = E e² = 1/3 and E x⁴ = 1/5
///
/// * G = -2 (2/3, 1), |G|² = 4 (4/9 + 1)
/// * E|g|² = 4 E[y² (x² + 1)] = 4 (E[4x⁴ + 4x² + x² + 1 + (x² + 1)/3]) = 4 (4/5 + 5/3 + 1 + 4/9).
fn closed_form() -> f64 {
    let (signal, square) = (4.0 * (4.0 / 9.0 + 1.0), 4.0 * (0.8 + 5.0 / 3.0 + 1.0 + 4.0 / 9.0));
    (square - signal) / signal
}

#[test]
fn the_noise_scale_of_a_regression_is_its_closed_form_within_the_stated_error() {
    let (net, expected) = (Linear::<1, 1, f64>::zeros(), closed_form());
    // 400 batches: by the central limit theorem 95 % are within two standard errors, and the mean of the deviations in
    // standard errors is 0 ± 0.05. The jackknife of a ratio of 200 samples is a little off: 90 to 99 %, and ± 0.3.
    for options in [NoiseOptions { pieces: 200, epsilon: 0.0 }, NoiseOptions { pieces: 50, epsilon: 0.0 }] {
        let (mut inside, mut sum) = (0, 0.0);
        for seed in 0..400 {
            let (inputs, targets) = regression(200, seed);
            let noise =
                net.gradient_noise_with(&MeanSquaredError, &inputs, &targets, options).unwrap().network;
            let deviation = (noise.noise_scale.unwrap() - expected) / noise.noise_scale_error.unwrap();
            inside += u32::from(deviation.abs() < 2.0);
            sum += deviation;
        }
        assert!((360..=396).contains(&inside), "{inside}");
        assert!((sum / 400.0).abs() < 0.3, "{}", sum / 400.0);
    }
    let (inputs, targets) = regression(4096, 1);
    let noise = net.gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap();
    assert_eq!((noise.pieces, noise.samples_of_a_piece()), (64, 64));
    let steps = noise.steps(10).unwrap();
    assert_eq!(steps, 1.0 + noise.network.noise_scale.unwrap() / 10.0);
    assert_eq!(noise.steps(0), None);
}

#[test]
fn a_target_counts_by_its_weight_so_that_the_mean_is_the_gradient_of_the_batch() {
    type Net = (Linear<2, 4, f64>, Tanh, Linear<4, 3, f64>);
    let net = Net::init(&mut rng(1));
    let inputs: Vec<Vector<2, f64>> =
        (0..30).map(|at| Vector([(at as f64).sin(), (at as f64).cos()])).collect();
    let label = |at: usize| (!at.is_multiple_of(5)).then(|| Label::<3>::new(at % 3).unwrap()); // each fifth is ignored
    let targets: Vec<Option<Label<3>>> = (0..30).map(label).collect();
    let loss = CrossEntropy::default().weights([1.0, 0.25, 4.0]);
    let (mut gradient, mut workspace) = (Net::zeros(), Workspace::default());
    let mean =
        net.loss_gradient(&loss, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(0)).unwrap();
    for pieces in [30, 10, 7, 2] {
        let options = NoiseOptions { pieces, epsilon: 0.0 };
        let noise = net.gradient_noise_with(&loss, &inputs, &targets, options).unwrap();
        if noise.samples == 30 {
            approx::assert_relative_eq!(noise.loss, mean, max_relative = 1e-13);
            approx::assert_relative_eq!(noise.network.gradient_norm, gradient.norm(), max_relative = 1e-13);
        }
    }
    let nothing = [None::<Label<3>>; 30];
    assert_eq!(net.gradient_noise(&loss, &inputs, &nothing), Err(Error::NoWeight));
}

#[test]
fn a_batch_norm_is_measured_in_ghost_batches() {
    type Net = (Linear<2, 6, f64>, BatchNorm<6, f64>, Relu, Linear<6, 1, f64>);
    let net = Net::init(&mut rng(1));
    let random = &mut rng(2);
    let inputs: Vec<Vector<2, f64>> = (0..50).map(|_| Vector([random.random(), random.random()])).collect();
    let targets: Vec<Vector<1, f64>> = inputs.iter().map(|x| Vector([x[0] * x[1]])).collect();
    let noise = net.gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap();
    assert!(noise.batch_statistics);
    assert_eq!((noise.pieces, noise.samples), (6, 48));
    assert!(check_text(&noise).contains("each piece of 8 is normalized by itself"));
    // The mean of the gradients of six batches of 8.
    let (mut mean, mut workspace) = (Net::zeros(), Workspace::default());
    for (inputs, targets) in inputs.chunks_exact(8).zip(targets.chunks_exact(8)) {
        let mut gradient = Net::zeros();
        net.loss_gradient(&MeanSquaredError, inputs, targets, &mut workspace, &mut gradient, &mut rng(0))
            .unwrap();
        mean.add_scaled(1.0 / 6.0, &gradient);
    }
    approx::assert_relative_eq!(noise.network.gradient_norm, mean.norm(), max_relative = 1e-12);
    // Its running mean and variance have no gradient: 6 scales and 6 shifts.
    assert_eq!(noise.layer("1").unwrap().parameters, 12);
    assert!(matches!(
        net.gradient_noise(&MeanSquaredError, &inputs[..15], &targets[..15]),
        Err(Error::Setting { name: "the number of samples", value: 15.0, .. })
    ));

    type Frozen = (Linear<2, 6, f64>, Evaluate<BatchNorm<6, f64>>, Relu, Linear<6, 1, f64>);
    let noise = Frozen::init(&mut rng(1)).gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap();
    assert!(!noise.batch_statistics);
    assert_eq!((noise.pieces, noise.samples), (50, 50));
}

#[test]
fn random_layers_have_the_same_masks_in_each_call() {
    type Net = (Linear<2, 32>, Dropout<50>, Linear<32, 1>);
    let net = Net::init(&mut rng(1));
    let (inputs, targets) = ([Vector([1.0, -1.0]); 20], [Vector([3.0]); 20]);
    let noise = net.gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap();
    assert_eq!(noise, net.gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap());
    // The mean and the distances from it have the same masks, those of the seeds 0 and 1.
    let two = NoiseOptions { pieces: 2, epsilon: 0.0 };
    let noise_of_two = net.gradient_noise_with(&MeanSquaredError, &inputs, &targets, two).unwrap();
    let [mut difference, other] = [0, 1].map(|seed| {
        let (mut gradient, mut workspace) = (Net::zeros(), Workspace::default());
        let (inputs, targets, random) = (&inputs[..10], &targets[..10], &mut rng(seed));
        net.loss_gradient(&MeanSquaredError, inputs, targets, &mut workspace, &mut gradient, random).unwrap();
        gradient
    });
    difference.add_scaled(-1.0, &other);
    let variance = 10.0 * difference.norm().powi(2) / 2.0;
    approx::assert_relative_eq!(noise_of_two.network.variance.unwrap(), variance, max_relative = 1e-5);
    // All samples are equal: the masks are the noise.
    assert!(noise.network.variance.unwrap() > 0.1 * noise.network.gradient_norm.powi(2), "{noise}");
}

#[test]
fn a_shared_layer_has_one_row_and_a_network_of_one_layer_no_path() {
    type Net = (Linear<2, 3>, Shared<(Tanh, Linear<3, 3>), 4>, Linear<3, 1>);
    let (inputs, targets) = regression(9, 1);
    let inputs: Vec<Vector<2>> = inputs.iter().map(|x| Vector([x[0] as f32, 1.0])).collect();
    let targets: Vec<Vector<1>> = targets.iter().map(|y| Vector([y[0] as f32])).collect();
    let noise = Net::init(&mut rng(1)).gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap();
    let rows: Vec<_> = noise.layers.iter().map(|layer| (layer.path.as_str(), layer.parameters)).collect();
    assert_eq!(rows, [("0", 9), ("1.1", 12), ("2", 4)]);
    let noise =
        Linear::<2, 1>::init(&mut rng(1)).gradient_noise(&MeanSquaredError, &inputs, &targets).unwrap();
    assert_eq!((noise.layers.len(), noise.layers[0].path.as_str()), (1, ""));
    assert_eq!(noise.layers[0].figures, noise.network);
    check_text(&noise);
}

#[test]
fn figures_without_a_meaning_are_left_out() {
    let noise = |inputs: &[Vector<1, f64>], targets: &[Vector<1, f64>]| {
        Linear::<1, 1, f64>::zeros().gradient_noise(&MeanSquaredError, inputs, targets)
    };
    // Equal samples: no noise.
    let same = noise(&[Vector([1.0]); 5], &[Vector([3.0]); 5]).unwrap();
    let NoiseFigures { variance, snr, norm_test, noise_scale, alignment, .. } = same.network;
    assert_eq!((variance, snr, norm_test, noise_scale), (Some(0.0), None, Some(0.0), Some(0.0)));
    approx::assert_relative_eq!(alignment.unwrap(), 1.0, max_relative = 1e-14);
    check_text(&same);
    // Gradients that cancel: no signal.
    let opposed = noise(&[Vector([1.0]); 4], &[1.0, -1.0, 1.0, -1.0].map(|y| Vector([y]))).unwrap();
    let figures = opposed.network;
    assert_eq!((figures.gradient_norm, figures.norm_test, figures.noise_scale), (0.0, None, None));
    assert!(figures.signal.unwrap() < 0.0);
    assert!(check_text(&opposed).ends_with("the gradient of this batch is 0"));
    // Nearly no signal.
    let weak = noise(&[Vector([1.0]); 4], &[1.0, -1.0, 1.0, -0.9].map(|y| Vector([y]))).unwrap();
    assert_eq!((weak.network.noise_scale, weak.network.noise_scale_error), (None, None));
    assert!(weak.network.norm_test.unwrap() > 10.0);
    assert!(check_text(&weak).contains("distinguish"), "{weak}");
    // Squares that overflow, and that underflow: the length is right, and nothing is infinite.
    for scale in [1e200, 1e-200] {
        let inputs = [scale, scale, scale, 2.0 * scale].map(|x| Vector([x]));
        let net = Linear::<1, 1, f64, NoBias>::zeros(); // the gradient is -x
        let far = net.gradient_noise(&MeanAbsoluteError, &inputs, &[Vector([1.0]); 4]).unwrap();
        approx::assert_relative_eq!(far.network.gradient_norm, 1.25 * scale, max_relative = 1e-14);
        assert_eq!((far.network.norm_test, far.network.noise_scale), (None, None));
        assert!(check_text(&far).contains("overflow or underflow"), "{far}");
    }
    // No gradient at all, and no parameters.
    let nothing = noise(&[Vector([1.0]); 4], &[Vector([0.0]); 4]).unwrap();
    assert_eq!(
        nothing.network,
        NoiseFigures { variance: Some(0.0), signal: Some(0.0), ..NoiseFigures::default() }
    );
    check_text(&nothing);
    let without = Tanh.gradient_noise(&MeanSquaredError, &[Vector([1.0]); 4], &[Vector([0.0]); 4]).unwrap();
    assert!(without.layers.is_empty() && check_text(&without).contains("no parameters"));
}

#[test]
fn data_that_make_no_sense_are_errors() {
    let net = Linear::<1, 1>::zeros();
    let noise = |inputs: &[Vector<1>], targets: &[Vector<1>], pieces| {
        net.gradient_noise_with(&MeanSquaredError, inputs, targets, NoiseOptions { pieces, epsilon: 0.0 })
    };
    let (x, y) = ([Vector([1.0]); 5], [Vector([0.0]); 5]);
    assert_eq!(noise(&[], &[], 64), Err(Error::EmptyBatch));
    assert_eq!(noise(&x, &y[..4], 64), Err(Error::BatchLengths { inputs: 5, targets: 4 }));
    assert!(matches!(noise(&x[..1], &y[..1], 64), Err(Error::Setting { name: "the number of samples", .. })));
    assert!(matches!(noise(&x, &y, 1), Err(Error::Setting { name: "the number of pieces", .. })));
    let mut wrong = x;
    wrong[3] = Vector([f32::NAN]);
    // The sample is that of the batch, not of its piece.
    assert!(matches!(noise(&wrong, &y, 64), Err(Error::NonFiniteData { sample: 3, .. })));
    // A gradient that overflows although the loss does not: 2 x y with x = 1e30 and y = 1e15.
    let far = [Vector([1e30]); 5];
    assert!(matches!(noise(&far, &[Vector([1e15]); 5], 64), Err(Error::NonFiniteGradient { .. })));
}
