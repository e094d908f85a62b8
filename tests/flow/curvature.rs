//! Curvature: compared with explicit Hessians of PyTorch in float64 (`tests/fixtures/curvature.py`), and with closed
//! forms.

use std::collections::BTreeMap;

use serde::Deserialize;

use chainrule::flow::{Curvature, CurvatureOptions};
use chainrule::layer::{Owned, Parameter, Parameters, Role, View, ViewMut, Visitor, visit};
use chainrule::loss::TargetFor;
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::{Error, Maps, Real};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    inputs: Vec<[f64; 3]>,
    targets: serde_json::Value,
    parameters: Vec<f64>,
    direction: Vec<f64>,
    product: Vec<f64>,
    eigenvalues: Vec<f64>,
    trace: f64,
    variance: f64,
}

#[derive(Deserialize)]
struct File {
    made_by: String,
    cases: BTreeMap<String, Case>,
}

fn case(name: &str) -> Case {
    let mut file: File = serde_json::from_str(include_str!("../fixtures/curvature.json")).unwrap();
    assert_eq!(file.made_by, "PyTorch 2.15.0");
    file.cases.remove(name).unwrap()
}

/// Reads or writes all parameters as one vector.
struct Numbers(Vec<f64>);

impl Visitor<0, 1> for Numbers {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [to]: [&mut [T]; 1]) {
        let own = self.0.drain(..to.len());
        to.iter_mut().zip(own).for_each(|(to, from)| *to = T::from_f64(from));
    }
}

impl Visitor<1, 0> for Numbers {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [from]: [&[T]; 1], []: [&mut [T]; 0]) {
        assert!(!matches!(parameter.role, Role::Buffer { .. }) || from.iter().all(|x| *x == T::zero()));
        self.0.extend(from.iter().map(|x| x.to_f64()));
    }
}

fn network<N: Parameters>(from: &[f64]) -> Owned<N> {
    let mut net = Owned::zeros();
    visit([], [ViewMut::of(&mut *net)], &mut Numbers(from.to_vec()));
    net
}

fn numbers<N: Parameters>(net: &N) -> Vec<f64> {
    let mut numbers = Numbers(Vec::new());
    visit([View::of(net)], [], &mut numbers);
    numbers.0
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn length(a: &[f64]) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

type Smooth<T> = (Linear<3, 5, T>, Tanh, Linear<5, 2, T>);
type Blocks<T> = (Linear<3, 4, T>, Gelu, [Residual<(Tanh, Linear<4, 4, T>)>; 2], Linear<4, 3, T>);
type Kinks<T> = (Linear<3, 6, T>, Relu, Linear<6, 2, T>);

/// Compares a network with its Hessian: `allowed` is the error of a product, as a part of the largest |λ|.
fn compare<N, T: Real, Y: Tensor, L, Target: TargetFor<L, Y>>(
    name: &str,
    loss: &L,
    target: impl Fn(&serde_json::Value) -> Target,
    allowed: f64,
) where
    N: Maps<Vector<3, T>, Y>,
{
    let case = case(name);
    let net = network::<N>(&case.parameters);
    let inputs: Vec<Vector<3, T>> = case.inputs.iter().map(|x| Vector(x.map(T::from_f64))).collect();
    let targets: Vec<Target> = case.targets.as_array().unwrap().iter().map(target).collect();
    let (low, high) = (case.eigenvalues[0], *case.eigenvalues.last().unwrap());
    let largest = high.max(-low);

    let direction = network::<N>(&case.direction);
    let found = net.hessian_vector(loss, &inputs, &targets, &direction).unwrap();
    let product = numbers(&*found.product);
    let error = distance(&product, &case.product);
    let scale = largest * length(&case.direction);
    assert!(error <= found.error, "{name}: off by {error:e}, stated {:e}", found.error);
    assert!(found.error <= allowed * scale, "{name}: states {:e} of {scale}", found.error);
    println!("{name}: off by {error:e}, stated {:e}, {} passes", found.error, found.passes);

    // All iterations that the number of parameters allows: exact except for the products.
    let options = CurvatureOptions { iterations: 100, tolerance: 1e-12, probes: 20 };
    let curvature = net.curvature_with(loss, &inputs, &targets, options).unwrap();
    for (found, expected) in [(curvature.largest, high), (curvature.smallest, low)] {
        let (error, stated) = ((found.value - expected).abs(), found.residual + found.error);
        assert!(error <= stated, "{name}: {found:?}, expected {expected}, off by {error:e}");
        assert!(stated <= 2.0 * allowed * largest, "{name}: states {stated:e}");
    }
    let trace = curvature.trace.unwrap();
    // Within four standard errors; and these are what the Hessian says, √(variance / 20), within the factor 2, which
    // is four times the error of a deviation of 20 numbers.
    let error = trace.standard_error.unwrap();
    assert!((trace.value - case.trace).abs() <= 4.0 * error, "{name}: {trace:?}, expected {}", case.trace);
    let expected = (case.variance / 20.0).sqrt();
    assert!((0.5..2.0).contains(&(error / expected)), "{name}: {error}, expected {expected}");
    assert_eq!(curvature.parameters, N::COUNT);

    // The usual options: the largest eigenvalue is found to a thousandth, in fewer products than there are parameters.
    let usual = net.curvature(loss, &inputs, &targets).unwrap();
    assert!((usual.largest.value - high).abs() <= 1e-3 * largest + usual.largest.error, "{name}: {usual}");
    assert!(usual.iterations <= 30 && usual.passes <= 141, "{name}: {} passes", usual.passes);
    check_text(&usual);
}

fn check_text(curvature: &Curvature) -> String {
    let text = curvature.to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= 80 && !line.contains("NaN") && !line.contains("inf"), "{line}");
    }
    serde_json::to_string(curvature).unwrap();
    text
}

fn vector<T: Real>(from: &serde_json::Value) -> Vector<2, T> {
    let numbers: [f64; 2] = serde_json::from_value(from.clone()).unwrap();
    Vector(numbers.map(T::from_f64))
}

fn label(from: &serde_json::Value) -> Label<3> {
    Label::new(from.as_u64().unwrap() as usize).unwrap()
}

/// Roundings of the gradient, divided by the step (6e-6 times 10, the length of the parameters), are 1e-16 / 6e-5 of a
/// gradient of about 10: some 1e-11, and the truncation of a quotient is the same.
#[test]
fn eigenvalues_trace_and_products_are_those_of_pytorch_in_f64() {
    compare::<Smooth<f64>, f64, _, _, _>("tanh", &MeanSquaredError, vector, 1e-8);
    compare::<Blocks<f64>, f64, _, _, _>("gelu", &CrossEntropy::default(), label, 1e-8);
    compare::<Kinks<f64>, f64, _, _, _>("relu", &MeanSquaredError, vector, 1e-8);
}

#[test]
fn eigenvalues_trace_and_products_are_those_of_pytorch_in_f32() {
    compare::<Smooth<f32>, f32, _, _, _>("tanh", &MeanSquaredError, vector, 4e-3);
    compare::<Blocks<f32>, f32, _, _, _>("gelu", &CrossEntropy::default(), label, 4e-3);
}

fn points(samples: usize) -> (Vec<Vector<4, f64>>, Vec<Vector<1, f64>>) {
    let random = &mut rng(3);
    let mut uniform = || random.random::<f64>() * 4.0 - 1.0;
    (0..samples).map(|_| (Vector(std::array::from_fn(|_| uniform())), Vector([uniform()]))).unzip()
}

/// The mean of (x·w + b - y)² over n samples has the Hessian 2/n XᵀX, with a column of ones for b, wherever it is.
#[test]
fn a_linear_regression_has_the_hessian_of_its_closed_form() {
    let (inputs, targets) = points(30);
    let rows =
        nalgebra::DMatrix::from_fn(30, 5, |row, column| if column < 4 { inputs[row][column] } else { 1.0 });
    let hessian = rows.transpose() * &rows * (2.0 / 30.0);
    let eigenvalues = hessian.clone().symmetric_eigenvalues();
    let net = Linear::<4, 1, f64>::init(&mut rng(1));
    let found = net.curvature(&MeanSquaredError, &inputs, &targets).unwrap();
    approx::assert_relative_eq!(found.largest.value, eigenvalues.max(), max_relative = 1e-8);
    approx::assert_relative_eq!(found.smallest.value, eigenvalues.min(), max_relative = 1e-7);
    assert_eq!(found.iterations, 5);
    let trace = found.trace.unwrap();
    assert!((trace.value - hessian.trace()).abs() < 4.0 * trace.standard_error.unwrap());

    let mut gradient = Linear::<4, 1, f64>::zeros();
    let mut workspace = Workspace::default();
    net.loss_gradient(&MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(0))
        .unwrap();
    let g = nalgebra::DVector::from_vec(numbers(&*gradient));
    let expected = (g.transpose() * &hessian * &g)[0] / g.norm_squared();
    approx::assert_relative_eq!(found.along_gradient.unwrap(), expected, max_relative = 1e-8);
    approx::assert_relative_eq!(found.gradient_norm, g.norm(), max_relative = 1e-12);

    // A product is linear in the direction, also for long and short ones.
    let product = net.hessian_vector(&MeanSquaredError, &inputs, &targets, &gradient).unwrap();
    assert!(distance(&numbers(&*product.product), (&hessian * &g).as_slice()) <= product.error);
    for factor in [1e-6, 1e6] {
        let mut scaled = Linear::<4, 1, f64>::zeros();
        scaled.add_scaled(factor, &gradient);
        let other = net.hessian_vector(&MeanSquaredError, &inputs, &targets, &scaled).unwrap();
        let expected: Vec<f64> = (&hessian * &g).iter().map(|x| factor * x).collect();
        assert!(distance(&numbers(&*other.product), &expected) <= other.error, "{factor}");
        approx::assert_relative_eq!(other.error, factor * product.error, max_relative = 0.5);
    }
}

/// Gradient descent on a quadratic loss: it diverges above 2 (1 + momentum) / λ, and not below.
#[test]
fn the_largest_rate_is_where_gradient_descent_begins_to_diverge() {
    let (inputs, targets) = points(30);
    let start = Linear::<4, 1, f64>::init(&mut rng(1));
    let curvature = start.curvature(&MeanSquaredError, &inputs, &targets).unwrap();
    for momentum in [0.0, 0.5, 0.9] {
        let largest = curvature.compare(1.0, momentum).unwrap().largest.unwrap();
        approx::assert_relative_eq!(largest, (1.0 + momentum) * curvature.largest_rate().unwrap());
        let loss_at = |times: f64| {
            let sgd = Sgd::new(times * largest).momentum(momentum);
            let mut trainer = Trainer::new(start.clone(), MeanSquaredError, sgd, 1);
            (0..2000).map(|_| trainer.step(&inputs, &targets).unwrap_or(f64::INFINITY)).last().unwrap()
        };
        let (below, above) = (loss_at(0.98), loss_at(1.02));
        assert!(below < curvature.loss && above > 1e6 * curvature.loss, "{momentum}: {below} {above}");
    }
}

#[test]
fn rates_compared_with_the_curvature_are_said_in_words() {
    let net = Linear::<1, 1, f64, NoBias>::zeros();
    let curvature = net.curvature(&MeanSquaredError, &[Vector([3.0])], &[Vector([1.0])]).unwrap(); // 18
    let text = check_text(&curvature);
    assert!(text.contains("plain gradient descent is stable up to a learning rate of 2/λ = 0.111"), "{text}");
    for (rate, momentum, words) in [
        (0.3, 0.0, "2/λ = 0.111; the learning rate 0.3 is 2.700 times that: plain gradient descent diverges"),
        (0.1, 0.0, "the learning rate 0.1 is 0.900 times that: the edge of stability"),
        (0.05, 0.0, "0.450 times that: plain gradient descent is stable"),
        (
            0.05,
            0.9,
            "2 (1 + 0.9)/λ = 0.211; the learning rate 0.05 is 0.237 times that: gradient descent with momentum 0.9",
        ),
    ] {
        let compared = curvature.compare(rate, momentum).unwrap();
        let text = compared.to_string().replace("\n  ", " ");
        assert!(text.contains(words), "{text}");
        assert!(compared.to_string().lines().all(|line| line.chars().count() <= 80));
    }
    for (rate, momentum) in
        [(0.0, 0.0), (-1.0, 0.0), (f64::NAN, 0.0), (0.1, 1.0), (0.1, -0.1), (0.1, f64::NAN)]
    {
        assert!(matches!(curvature.compare(rate, momentum), Err(Error::Setting { .. })), "{rate} {momentum}");
    }
}

#[test]
fn what_has_no_curvature_has_no_largest_rate() {
    let inputs = [Vector([1.0, 2.0]), Vector([0.5, -1.0])];
    let dead = (Linear::<2, 1, f64> { bias: Vector([-1.0]), ..Linear::default() }, Relu);
    let curvature = dead.curvature(&MeanSquaredError, &inputs, &[Vector([1.0]); 2]).unwrap();
    assert_eq!((curvature.largest.value, curvature.smallest.value, curvature.gradient_norm), (0.0, 0.0, 0.0));
    assert_eq!((curvature.largest_rate(), curvature.along_gradient), (None, None));
    assert_eq!(curvature.trace.unwrap().value, 0.0);
    assert!(check_text(&curvature).contains("no eigenvalue is positive"));
    let compared = curvature.compare(0.1, 0.0).unwrap();
    assert_eq!((compared.largest, compared.times), (None, None));
    assert!(compared.to_string().contains("is not too large here"));

    let zero = <(Linear<2, 1, f64>, Relu)>::zeros();
    let product = dead.hessian_vector(&MeanSquaredError, &inputs, &[Vector([1.0]); 2], &zero).unwrap();
    assert_eq!((product.error, product.passes, product.product), (0.0, 1, zero));
}

#[test]
fn a_saddle_has_a_negative_curvature() {
    // The loss (v w - 1)² has the Hessian ((0, -2), (-2, 0)) at v = w = 0.
    type Net = (Linear<1, 1, f64, NoBias>, Linear<1, 1, f64, NoBias>);
    let curvature = Net::zeros().curvature(&MeanSquaredError, &[Vector([1.0])], &[Vector([1.0])]).unwrap();
    approx::assert_relative_eq!(curvature.largest.value, 2.0, max_relative = 1e-9);
    approx::assert_relative_eq!(curvature.smallest.value, -2.0, max_relative = 1e-9);
    assert_eq!(curvature.along_gradient, None);
}

#[test]
fn random_layers_and_batch_norms_have_a_curvature_and_the_network_stays_as_it_is() {
    type Net = (Linear<4, 8, f64>, BatchNorm<8, f64>, Tanh, Dropout<30>, Linear<8, 1, f64>);
    let (inputs, targets) = points(40);
    let net = Net::init(&mut rng(1));
    let before = net.clone();
    let curvature = net.curvature(&MeanSquaredError, &inputs, &targets).unwrap();
    assert_eq!(curvature, net.curvature(&MeanSquaredError, &inputs, &targets).unwrap());
    assert!(net == before);
    // One mask in all passes: the quotients agree, and so the error is that of a smooth loss.
    assert!(curvature.largest.error < 1e-7 * curvature.largest.value, "{curvature:?}");
    // A running mean has no part in it: 40 weights and biases, 16 of the norm, 9.
    assert_eq!(curvature.parameters, 65);
    let product = net.hessian_vector(&MeanSquaredError, &inputs, &targets, &net).unwrap();
    assert_eq!(product.product.1.running_mean, Vector::default());
}

#[test]
fn data_that_make_no_sense_are_errors() {
    let net = Linear::<1, 1>::zeros();
    let (x, y) = ([Vector([1.0]); 2], [Vector([0.0]); 2]);
    assert_eq!(
        net.curvature(&MeanSquaredError, &x, &y[..1]),
        Err(Error::BatchLengths { inputs: 2, targets: 1 })
    );
    assert_eq!(net.curvature(&MeanSquaredError, &x[..0], &y[..0]), Err(Error::EmptyBatch));
    let nan = [Vector([f32::NAN]); 2];
    assert!(matches!(net.curvature(&MeanSquaredError, &nan, &y), Err(Error::NonFiniteData { .. })));
    assert!(matches!(
        Tanh.curvature(&MeanSquaredError, &x, &y),
        Err(Error::Setting { name: "the number of parameters", .. })
    ));
    let options = CurvatureOptions { iterations: 0, ..CurvatureOptions::default() };
    assert!(matches!(net.curvature_with(&MeanSquaredError, &x, &y, options), Err(Error::Setting { .. })));
    let direction = Linear::<1, 1>::init_with(Initializer::constant(f64::INFINITY), &mut rng(0));
    assert!(matches!(
        net.hessian_vector(&MeanSquaredError, &x, &y, &direction),
        Err(Error::Setting { name: "the length of the direction", .. })
    ));
    // A step that leaves the range of the scalar is left out, and a shorter one taken: the loss is finite to w = 1e19.
    let far = Linear::<1, 1>::init_with(Initializer::constant(1e18), &mut rng(0));
    let probes = CurvatureOptions { probes: 1, ..CurvatureOptions::default() };
    let curvature = far.curvature_with(&MeanSquaredError, &x, &y, probes).unwrap();
    assert!((curvature.largest.value - 4.0).abs() < 0.1, "{curvature}");
    assert_eq!(curvature.trace.unwrap().standard_error, None);
}
