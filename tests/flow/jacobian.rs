//! Singular values of Jacobians: against nalgebra's decomposition of `Network::jacobian`, closed forms of random
//! matrix theory, and mean field theory.

use chainrule::flow::{ISOMETRY, JacobianParts, JacobianSpectrum, picture};
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::theory::MeanField;
use chainrule::{Error, Real};
use nalgebra::DMatrix;

type L<const N: usize> = Linear<N, N, f64>;

/// Inputs of this mean square whose numbers are independent and uniform.
fn inputs<const N: usize, T: Real>(count: usize, mean_square: f64, seed: u64) -> Vec<Vector<N, T>> {
    let random = &mut rng(seed);
    let side = (3.0 * mean_square).sqrt();
    let mut number = || T::from_f64(random.random_range(-side..side));
    (0..count).map(|_| Vector(std::array::from_fn(|_| number()))).collect()
}

/// The singular values of a matrix of these rows, by nalgebra, in descending order.
fn by_nalgebra(rows: &[f64], columns: usize) -> Vec<f64> {
    let matrix = DMatrix::from_row_slice(rows.len() / columns, columns, rows);
    let mut values: Vec<f64> = matrix.singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[track_caller]
fn assert_same(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    // A backward stable decomposition is off by some n roundings of the largest.
    let rounding = 1e-15 * expected.len() as f64 * expected[0];
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= rounding, "number {at} is {found}, and nalgebra has {expected}");
    }
}

/// A linear layer, decomposed: its values are those of its weights.
fn weights<const IN: usize, const OUT: usize>(layer: &Linear<IN, OUT, f64>) -> (JacobianSpectrum, Vec<f64>) {
    let spectrum = layer.jacobian_spectrum(&[Vector([0.0; IN])]).unwrap();
    (spectrum, by_nalgebra(layer.weights(), OUT))
}

#[test]
fn small_and_large_matrices_have_the_singular_values_of_nalgebra() {
    let (spectrum, expected) = weights(&*L::<30>::init(&mut rng(1)));
    assert_same(&spectrum.values[0], &expected);
    // From 33 on by bidiagonalization.
    for gain in [1.0, 1e-120, 1e120] {
        let layer = L::<150>::init_with(Initializer::lecun_normal().gain(gain), &mut rng(2));
        let (spectrum, expected) = weights(&layer);
        assert_same(&spectrum.values[0], &expected);
        approx::assert_relative_eq!(
            spectrum.condition.unwrap().mean,
            expected[0] / expected[149],
            max_relative = 1e-8
        );
    }
    let (wide, expected) = weights(&*Linear::<90, 60, f64>::init(&mut rng(3)));
    assert_same(&wide.values[0], &expected);
    let (tall, expected) = weights(&*Linear::<60, 90, f64>::init(&mut rng(4)));
    assert_same(&tall.values[0], &expected);
}

#[test]
fn singular_matrices_are_said_to_be() {
    // Of 160 rows, every third is 0, and two are equal.
    let mut layer = L::<160>::init(&mut rng(5));
    for input in (0..160).step_by(3) {
        layer.weight[input] = Vector([0.0; 160]);
    }
    layer.weight[1] = layer.weight[2];
    let (spectrum, expected) = weights(&layer);
    assert_same(&spectrum.values[0], &expected);
    assert_eq!((spectrum.singular, spectrum.condition), (1, None));
    assert_eq!(spectrum.values[0].iter().filter(|value| **value > 1e-10).count(), 160 - 54 - 1);
    let zeros = weights(&*L::<150>::zeros()).0;
    assert_eq!((zeros.largest.mean, zeros.mean_square.mean, zeros.singular), (0.0, 0.0, 1));
    assert_eq!((zeros.log_deviation, zeros.square_variance, zeros.condition), (None, None, None));
    assert!(zeros.to_string().contains("singular at 1 of 1"), "{zeros}");
    // The same value 150 times, and 0 off its diagonal: nothing to iterate.
    let identity = L::<150>::init_with(Initializer::identity().gain(3.0), &mut rng(0));
    assert_same(&weights(&identity).0.values[0], &[3.0; 150]);
}

#[test]
fn the_jacobian_of_a_network_is_that_of_network_jacobian() {
    type Block = Residual<(Conv2d<2, 2, 3, 1, 1, f64>, Tanh)>;
    type Net = (
        Conv2d<1, 2, 3, 1, 1, f64>,
        Block,
        MaxPool2d<2>,
        Dense<Image<2, 3, 3, f64>, Vector<7, f64>>,
        Dropout<30>,
        LayerNorm<Vector<7, f64>>,
    );
    let net = Net::init(&mut rng(6));
    let random = &mut rng(7);
    let images = [(); 3].map(|()| {
        Image::<1, 6, 6, f64>([std::array::from_fn(|_| {
            std::array::from_fn(|_| random.random_range(-1.0..1.0))
        })])
    });
    let spectrum = net.jacobian_spectrum(&images).unwrap();
    assert_eq!((spectrum.inputs, spectrum.outputs, spectrum.values.len()), (36, 7, 3));
    for (image, values) in images.iter().zip(&spectrum.values) {
        let jacobian: Box<[Image<1, 6, 6, f64>; 7]> = net.jacobian(image).unwrap();
        let rows: Vec<f64> = jacobian.iter().flat_map(|row| row.as_slice().to_vec()).collect();
        assert_same(values, &by_nalgebra(&rows, 36));
    }
    // The figures are those of the values.
    let squares = spectrum.values.iter().map(|values| values.iter().map(|v| v * v).sum::<f64>() / 7.0);
    approx::assert_relative_eq!(spectrum.mean_square.mean, squares.sum::<f64>() / 3.0, max_relative = 1e-12);
    let largest = spectrum.values.iter().map(|values| values[0]).fold(0.0, f64::max);
    assert_eq!(spectrum.largest.greatest, largest);
    // A layer norm removes two directions: its outputs have a fixed mean and length. (ε = 1e-5 keeps a rest of the
    // second.)
    assert_eq!(spectrum.singular, 3);
}

#[test]
fn each_layer_is_measured_at_the_input_that_it_gets() {
    type Block = Residual<(Linear<12, 12, f64>, Tanh)>;
    type Net = (Linear<8, 12, f64>, [(Sigmoid, Block); 2], Linear<12, 5, f64>);
    let net = Net::init_with(Initializer::lecun_normal().gain(2.0), &mut rng(8));
    let x = &inputs::<8, f64>(2, 1.0, 9);
    let layers = net.jacobian_spectra(x, JacobianParts::Layers).unwrap();
    let paths: Vec<&str> = layers.parts.iter().map(|part| part.path.as_str()).collect();
    assert_eq!(paths, ["0", "1.0.0", "1.0.1", "1.1.0", "1.1.1", "2"]);
    for (at, x) in x.iter().enumerate() {
        let z = net.0.predict(x).unwrap();
        let a: Vector<12, f64> = Sigmoid.predict(&z).unwrap();
        let jacobian: Box<[Vector<12, f64>; 12]> = net.1[0].1.jacobian(&a).unwrap();
        let rows: Vec<f64> = jacobian.iter().flat_map(|row| row.0).collect();
        assert_same(&layers.part("1.0.1").unwrap().values[at], &by_nalgebra(&rows, 12));
        // g' of the sigmoid, on the diagonal.
        let mut slopes = z.0.map(|z| (-z).exp() / (1.0 + (-z).exp()).powi(2));
        slopes.sort_by(|a, b| b.total_cmp(a));
        assert_same(&layers.part("1.0.0").unwrap().values[at], &slopes);
    }
    let whole = net.jacobian_spectrum(x).unwrap();
    let depths = net.jacobian_spectra(x, JacobianParts::Depths).unwrap();
    let between = net
        .jacobian_spectra(x, JacobianParts::Spans(&[("0", "2"), ("1", "1"), ("1.0.1", "1.1.0"), ("2", "2")]))
        .unwrap();
    assert_eq!(depths.parts.last().unwrap().path, "0 to 2");
    for at in 0..2 {
        assert_same(&depths.parts[5].values[at], &whole.values[at]);
        assert_same(&between.parts[0].values[at], &whole.values[at]);
        assert_same(&between.parts[3].values[at], &layers.part("2").unwrap().values[at]);
        assert_same(&depths.parts[0].values[at], &layers.part("0").unwrap().values[at]);
        // The array as a whole network.
        let z = net.0.predict(&x[at]).unwrap();
        assert_same(
            &between.part("1").unwrap().values[at],
            &net.1.jacobian_spectrum(&[z]).unwrap().values[0],
        );
    }
    assert_eq!(between.part("1.0.1 to 1.1.0").unwrap().layer, "");
    assert_eq!(between.part("2").unwrap().layer, "Linear<12, 5, f64>");
}

type Stack<A, const N: usize, const D: usize> = (L<N>, [(A, L<N>); D]);

#[test]
fn an_orthogonal_linear_network_is_an_isometry() {
    let net = Stack::<Identity, 20, 6>::init_with(Initializer::orthogonal(), &mut rng(10));
    let spectrum = net.jacobian_spectrum(&inputs::<20, f64>(2, 1.0, 1)).unwrap();
    assert!(spectrum.values.iter().flatten().all(|value| (value - 1.0).abs() < 1e-13));
    assert!(spectrum.is_isometry() && spectrum.condition.unwrap().greatest < 1.0 + 1e-12);
    assert!(spectrum.to_string().contains("close to an isometry"), "{spectrum}");
    let scaled = Stack::<Identity, 20, 6>::init_with(Initializer::orthogonal().gain(1.5), &mut rng(10));
    let scaled = scaled.jacobian_spectrum(&inputs::<20, f64>(1, 1.0, 1)).unwrap();
    assert!(scaled.values[0].iter().all(|value| (value / 1.5f64.powi(7) - 1.0).abs() < 1e-13));
    assert_eq!((scaled.is_isometry(), scaled.near_one), (false, Some(0.0)));
    assert!(1.5f64.powi(7) > ISOMETRY);
}

/// The mean and its standard error.
fn mean(xs: &[f64]) -> (f64, f64) {
    let mean = xs.iter().sum::<f64>() / xs.len() as f64;
    let variance = xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (xs.len() - 1) as f64;
    (mean, (variance / xs.len() as f64).sqrt())
}

/// For J = W J', W of n x n normal numbers of variance 1/n, and A = J' J'ᵀ, Wick's theorem gives
/// E tr(J Jᵀ)² = (tr A)²/n + (1 + 1/n) tr A², and E (tr J Jᵀ)² = (tr A)² + 2/n tr A². For large n, the first is n (L
/// + 1): the second moment of the Fuss-Catalan law, so that the variance of the squares is L.
#[test]
fn a_product_of_gaussian_matrices_has_the_moments_of_random_matrix_theory() {
    const N: usize = 40;
    const LAYERS: usize = 4;
    let n = N as f64;
    let (mut second, mut first) = (1.0, 1.0);
    for _ in 0..LAYERS {
        (second, first) = (first + (1.0 + 1.0 / n) * second, first + 2.0 / (n * n) * second);
    }
    let spectra: Vec<JacobianSpectrum> = (0..60)
        .map(|seed| {
            let net =
                Stack::<Identity, N, { LAYERS - 1 }>::init_with(Initializer::lecun_normal(), &mut rng(seed));
            net.jacobian_spectrum(&[Vector([0.0; N])]).unwrap()
        })
        .collect();
    let over =
        |figure: &dyn Fn(&JacobianSpectrum) -> f64| mean(&spectra.iter().map(figure).collect::<Vec<_>>());
    let (square, error) = over(&|s| s.mean_square.mean);
    assert!((square - 1.0).abs() < 4.0 * error && error < 0.1, "{square} ± {error}");
    let (fourth, error) = over(&|s| s.values[0].iter().map(|v| v.powi(4)).sum::<f64>() / n);
    assert!(
        (fourth - second).abs() < 4.0 * error && error < 0.2 * second,
        "{fourth} ± {error}, not {second}"
    );
    // A ratio of both, of the second over the square of the first, is biased by their correlation, of the order of
    // L²/n.
    let (variance, error) = over(&|s| s.square_variance.unwrap().mean);
    let (layers, bias) = (LAYERS as f64, (LAYERS * LAYERS) as f64 / n);
    assert!((variance - layers).abs() < 4.0 * error + bias, "{variance} ± {error}");
    // Of a spectrum as wide as this, hardly a fifth is near 1.
    assert!(spectra.iter().all(|s| !s.is_isometry() && s.condition.unwrap().mean > 100.0));
}

/// Pennington et al. 2017: the variance of the squares over their squared mean is L (μ₂/μ₁² - 1 - s₁), with
/// μ_k = E g'(z)²ᵏ, and s₁ = 0 for orthogonal and -1 for Gaussian weights: L for orthogonal weights and ReLU, whose μ
/// are 1/2, and close to 0 for tanh and small z. So ReLU cannot have isometry, and orthogonal tanh can.
#[test]
fn relu_has_no_isometry_and_tanh_with_orthogonal_weights_has() {
    const N: usize = 100;
    const LAYERS: usize = 6;
    fn measure<A: Maps<Vector<N, f64>, Vector<N, f64>>>(
        scheme: Initializer,
        q: f64,
        seed: u64,
    ) -> JacobianSpectrum {
        let net = Stack::<A, N, LAYERS>::init_with(scheme, &mut rng(seed));
        net.jacobian_spectrum(&inputs::<N, f64>(1, q, seed + 100)).unwrap()
    }
    let tanh = measure::<Tanh>(Initializer::orthogonal(), 0.02, 1);
    assert!(tanh.is_isometry() && tanh.square_variance.unwrap().mean < 0.02, "{tanh}");
    let gaussian = measure::<Tanh>(Initializer::lecun_normal(), 0.02, 1);
    assert!(!gaussian.is_isometry() && gaussian.square_variance.unwrap().mean > 3.0, "{gaussian}");
    let relu: Vec<JacobianSpectrum> =
        (0..8).map(|seed| measure::<Relu>(Initializer::orthogonal().gain(2f64.sqrt()), 1.0, seed)).collect();
    let variances: Vec<f64> = relu.iter().map(|s| s.square_variance.unwrap().mean).collect();
    let (variance, error) = mean(&variances);
    // At finite width it is off by some L²/n = 0.36.
    assert!((variance - LAYERS as f64).abs() < 4.0 * error + 0.5, "{variance} ± {error}");
    assert!(relu.iter().all(|s| s.singular == 1 && s.near_one.unwrap() < 0.5));
}

#[test]
fn the_mean_square_is_chi_to_the_power_of_the_depth() {
    const N: usize = 128;
    for (variance, bias) in [(1.0, 0.05), (1.76, 0.05), (3.0, 0.05)] {
        let theory = MeanField::<Tanh>::new(variance, bias).unwrap();
        let q = theory.fixed_point();
        let expected = variance * theory.chi(q).powi(10);
        let scheme = Initializer::lecun_normal().gain(variance.sqrt()).bias_normal(bias.sqrt());
        let squares: Vec<f64> = (0..6)
            .map(|seed| {
                let net = <(Linear<N, N>, [(Tanh, Linear<N, N>); 10])>::init_with(scheme, &mut rng(seed));
                // Inputs of which the first layer makes the fixed point.
                let x = inputs::<N, f32>(1, (q - bias) / variance, seed + 50);
                net.jacobian_spectrum(&x).unwrap().mean_square.mean.ln()
            })
            .collect();
        let (log, error) = mean(&squares);
        // The logarithm of a product of ten random factors of width 128 is below that of the mean by half its
        // variance.
        assert!(
            (log - expected.ln()).abs() < 4.0 * error + 0.15,
            "σw² {variance}: {log} ± {error}, not {}",
            expected.ln()
        );
    }
}

#[test]
fn large_jacobians_are_estimated() {
    // 5,120 numbers to 5,120: 26 million.
    type Wide = Conv2d<1, 1, 3, 1, 1>;
    let layer = Wide::init_with(Initializer::normal(0.0, 1.0), &mut rng(11));
    let spectrum = layer.jacobian_spectrum(&[Image::<1, 64, 80>::default()]).unwrap();
    assert!(spectrum.values.is_empty() && spectrum.smallest.is_none() && spectrum.condition.is_none());
    // The sum of all squares: each number of the kernel counts at the places where its window is inside the image.
    let kernel: Vec<f64> = layer.weights().iter().map(|w| f64::from(*w)).collect();
    let inside = |offset: usize, side: usize| side - usize::from(offset != 1);
    let squares: f64 =
        (0..9).map(|at| kernel[at].powi(2) * (inside(at / 3, 64) * inside(at % 3, 80)) as f64).sum();
    let (found, error) = (spectrum.mean_square.mean, spectrum.standard_error.unwrap());
    assert!((found - squares / 5120.0).abs() < 4.0 * error && error < 0.05 * found, "{found} ± {error}");
    // The largest is that of the kernel's Fourier transform, except for the border.
    let transform = |p: usize, q: usize| {
        let angle = |at: usize| {
            let [p, q] = [p, q].map(|k| std::f64::consts::TAU * k as f64 / 128.0);
            p * (at / 3) as f64 + q * (at % 3) as f64
        };
        let [re, im] =
            [f64::cos, f64::sin].map(|part| (0..9).map(|at| kernel[at] * part(angle(at))).sum::<f64>());
        re.hypot(im)
    };
    let most = (0..128).flat_map(|p| (0..128).map(move |q| transform(p, q))).fold(0.0, f64::max);
    let largest = spectrum.largest.mean;
    assert!(largest < 1.0001 * most && largest > 0.95 * most, "{largest}, at most {most}");
    let text = spectrum.to_string();
    assert!(text.contains("largest, at least") && text.contains("estimates"), "{text}");
}

#[test]
fn what_makes_no_sense_is_an_error() {
    type Net = (Linear<2, 3>, [Residual<Linear<3, 3>>; 2]);
    let net = Net::init(&mut rng(12));
    let x = [Vector([1.0, 2.0])];
    assert_eq!(net.jacobian_spectrum::<Vector<2>, _>(&[]), Err(Error::EmptyBatch));
    assert!(matches!(net.jacobian_spectrum(&[Vector([1.0, f32::NAN])]), Err(Error::NonFiniteData { .. })));
    let between = |pair| {
        net.jacobian_spectra(&x, JacobianParts::Spans(&[pair])).map(|spectra| spectra.parts[0].path.clone())
    };
    assert_eq!(between(("0", "1")).unwrap(), "0 to 1");
    for pair in [("0", "2"), ("1.0.branch", "1"), ("1.1", "0"), ("1.", "1")] {
        let error = between(pair).unwrap_err();
        assert!(matches!(error, Error::NotOnMainPath { .. }), "{error}");
        assert!(error.to_string().ends_with("its layers are 0, 1.0 and 1.1"), "{error}");
    }
    // The output is finite, and a product of two factors of 1e30 is not.
    let mut steep = <(Linear<1, 1>, Linear<1, 1>)>::init_with(Initializer::constant(1e30), &mut rng(0));
    let error = steep.jacobian_spectrum(&[Vector([0.0])]).unwrap_err();
    assert_eq!(error, Error::NonFiniteJacobian { path: String::new() });
    steep.0.weights_mut().fill(f32::NAN);
    assert!(matches!(steep.jacobian_spectrum(&[Vector([0.0])]), Err(Error::NonFiniteOutput { .. })));
}

#[test]
fn layers_that_take_no_numbers_are_left_out() {
    type Net = (Duplicate, Parallel<Linear<2, 3>, Linear<2, 3>>, Sum, Linear<3, 2>);
    let net = Net::init(&mut rng(13));
    let spectra = net.jacobian_spectra(&[Vector([1.0, 2.0])], JacobianParts::Layers).unwrap();
    assert!(spectra.part("3").is_some());
    assert_eq!(net.jacobian_spectrum(&[Vector([1.0, 2.0])]).unwrap().values[0].len(), 2);
}

#[test]
fn they_print_in_eighty_columns_and_serialize_and_have_pictures() {
    let net = <(Linear<30, 30>, [(Tanh, Linear<30, 30>); 8])>::init(&mut rng(14));
    let x = inputs::<30, f32>(4, 1.0, 15);
    let (whole, depths) =
        (net.jacobian_spectrum(&x).unwrap(), net.jacobian_spectra(&x, JacobianParts::Depths).unwrap());
    println!("{whole}\n{depths}");
    for text in [whole.to_string(), depths.to_string()] {
        assert!(text.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&whole.to_json()).unwrap();
    assert_eq!(json["largest"]["mean"].as_f64(), Some(whole.largest.mean));
    assert!(depths.to_json().contains("0 to 1.7.1"));
    let picture = picture::singular_values([("tanh", &whole), ("first", &depths.parts[0])]).unwrap();
    assert!(picture.svg().unwrap().contains("tanh"));
    assert!(picture::singular_values_by_depth(&depths).unwrap().svg().unwrap().contains("smallest"));
    let histogram = whole.histogram(10).unwrap();
    assert_eq!(histogram.counts.iter().sum::<usize>(), 120);
}
