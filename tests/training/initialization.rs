//! A new network's parameters: means, variances and bounds against their closed forms, orthogonality, seeds and starts.
//!
//! The figures of N drawn numbers are held to five standard errors, a deviation that chance makes once in 1.7 million;
//! the seeds are fixed, so that what passes once passes always.

use crate::common::{bits, every_combinator, every_layer, every_network};
use chainrule::Real;
use chainrule::layer::{Parameter, Role, View, Visitor, visit};
use chainrule::prelude::*;
use nalgebra::DMatrix;

pub(crate) const IN: usize = 200;
pub(crate) const OUT: usize = 300;
pub(crate) const N: f64 = (IN * OUT) as f64;

pub(crate) fn mean(xs: impl Iterator<Item = f64>) -> f64 {
    xs.sum::<f64>() / N
}

pub(crate) fn assert_within_five_errors(what: &str, found: f64, expected: f64, standard_error: f64) {
    let deviation = (found - expected) / standard_error;
    println!("{what}: {found:.6}, {deviation:+.1} standard errors from {expected:.6}");
    assert!(deviation.abs() <= 5.0, "{what}: {found}, {deviation:+.1} standard errors from {expected}");
}

/// Weights of this variance around 0. A distribution is told by its fourth moment, in units of the squared variance,
/// and by the share that lies within a standard deviation.
pub(crate) fn assert_distributed(
    initializer: Initializer,
    variance: f64,
    fourth_moment: f64,
    share_within: f64,
) -> Vec<f64> {
    let layer = Linear::<IN, OUT>::init_with(initializer, &mut rng(11));
    let weights: Vec<f64> = layer.weights().iter().map(|w| f64::from(*w)).collect();
    let error = |spread: f64| (spread / N).sqrt();
    let name = |what: &str| format!("{initializer:?}, {what}");

    assert_within_five_errors(&name("mean"), mean(weights.iter().copied()), 0.0, error(variance));
    let squares = mean(weights.iter().map(|w| w * w));
    let spread = (fourth_moment - 1.0) * variance * variance;
    assert_within_five_errors(&name("variance"), squares, variance, error(spread));
    let within = mean(weights.iter().map(|w| f64::from(w * w <= variance)));
    assert_within_five_errors(
        &name("share"),
        within,
        share_within,
        error(share_within * (1.0 - share_within)),
    );
    // Neighbors, in memory and across columns, know nothing of each other.
    for distance in [1, OUT] {
        let products = mean(weights.iter().zip(&weights[distance..]).map(|(a, b)| a * b));
        assert_within_five_errors(&name("covariance"), products, 0.0, error(variance * variance));
    }
    assert!(layer.bias.0.iter().all(|b| *b == 0.0));
    weights
}

/// On ±a: variance a²/3, fourth moment a⁴/5 = 9/5 of its square, and 1/√3 of it within a standard deviation.
pub(crate) fn assert_uniform(initializer: Initializer, bound: f64) {
    let weights = assert_distributed(initializer, bound * bound / 3.0, 1.8, 3.0_f64.sqrt().recip());
    let largest = weights.iter().fold(0.0, |max, w| f64::max(max, w.abs()));
    // Rounded to f32; and N numbers all stay away from the outer 20/N of the bound with a chance of exp(-20).
    assert!(largest <= bound * (1.0 + f64::from(f32::EPSILON)) && largest >= bound * (1.0 - 20.0 / N));
}

/// Fourth moment 3, and 68 per cent within a standard deviation.
pub(crate) fn assert_normal(initializer: Initializer, variance: f64) {
    let weights = assert_distributed(initializer, variance, 3.0, 0.682_689_492_137_086);
    // The tails are there: beyond three standard deviations lie 0.27 per cent.
    let (share, beyond) = (0.002_699_796, mean(weights.iter().map(|w| f64::from(w * w > 9.0 * variance))));
    assert_within_five_errors("tail", beyond, share, (share / N).sqrt());
}

#[test]
fn glorots_weights_have_variance_2_over_fan_in_plus_fan_out() {
    assert_uniform(Initializer::glorot_uniform(), (6.0 / 500.0_f64).sqrt());
    assert_normal(Initializer::glorot_normal(), 2.0 / 500.0);
}

#[test]
fn hes_weights_have_variance_2_over_fan_in() {
    assert_uniform(Initializer::he_uniform(), (6.0 / 200.0_f64).sqrt());
    assert_normal(Initializer::he_normal(), 2.0 / 200.0);
}

#[test]
fn lecuns_weights_have_variance_1_over_fan_in() {
    assert_uniform(Initializer::lecun_uniform(), (3.0 / 200.0_f64).sqrt());
    assert_normal(Initializer::lecun_normal(), 1.0 / 200.0);
    // PyTorch's default for a linear layer, ±1/√fan-in, as the documentation says.
    assert_uniform(Initializer::lecun_uniform().gain(3.0_f64.sqrt().recip()), 200.0_f64.sqrt().recip());
}

#[test]
fn a_gain_multiplies_the_weights_and_gains_multiply_each_other() {
    assert_normal(Initializer::he_normal().gain(1.5), 1.5 * 1.5 * 2.0 / 200.0);
    let schemes = [
        Initializer::glorot_uniform(),
        Initializer::glorot_normal(),
        Initializer::orthogonal(),
        Initializer::constant(0.7),
    ];
    for scheme in schemes {
        let weights = |scheme| Linear::<5, 7, f64>::init_with(scheme, &mut rng(3)).weights().to_vec();
        for (plain, gained) in weights(scheme).iter().zip(weights(scheme.gain(2.0).gain(-1.5))) {
            approx::assert_relative_eq!(gained, -3.0 * plain, max_relative = 1e-14);
        }
    }
    let constant = Linear::<5, 7>::init_with(Initializer::constant(0.5).gain(3.0), &mut rng(0));
    assert!(constant.weights().iter().all(|w| *w == 1.5) && constant.bias.0 == [0.0; 7]);
}

#[test]
fn biases_can_be_drawn_normally_and_no_gain_multiplies_them() {
    const BIASES: usize = 20_000;
    let deviation = 0.05_f64.sqrt();
    let drawn = Initializer::lecun_normal().bias_normal(deviation).gain(3.0);
    let layer = Linear::<1, BIASES, f64>::init_with(drawn, &mut rng(2));
    let mean = |power: i32| layer.bias.0.iter().map(|b| b.powi(power)).sum::<f64>() / BIASES as f64;
    // The moments of a normal distribution are 0, v, 0, 3 v², 0, 15 v³, 0, 105 v⁴.
    let (v, n) = (0.05, BIASES as f64);
    assert_within_five_errors("mean", mean(1), 0.0, (v / n).sqrt());
    assert_within_five_errors("variance", mean(2), v, v * (2.0 / n).sqrt());
    assert_within_five_errors("fourth moment", mean(4), 3.0 * v * v, v * v * (96.0 / n).sqrt());
    // The weights are there as well, and are others.
    assert!(layer.weights().iter().zip(&layer.bias.0).all(|(w, b)| *w != 0.0 && w != b));
    // A deviation of 0 draws nothing: layers without biases have the same weights.
    assert_eq!(Initializer::he_normal().bias_normal(0.0), Initializer::he_normal());
    let with = <(Linear<2, 3>, Linear<3, 1>)>::init_with(Initializer::he_normal(), &mut rng(3));
    type Without = (Linear<2, 3, f32, NoBias>, Linear<3, 1, f32, NoBias>);
    let without = Without::init_with(Initializer::he_normal(), &mut rng(3));
    assert_eq!([with.0.weights(), with.1.weights()], [without.0.weights(), without.1.weights()]);
    // Scales and buffers start at the declared value.
    let layer = EveryRole::init_with(drawn, &mut rng(0));
    assert!(layer.bias.iter().all(|b| *b != 0.0));
    assert_eq!((layer.scale, layer.buffer), ([1.5; 4], [-2.0; 4]));
}

/// W Wᵀ or Wᵀ W, whichever is smaller, is gain² times the identity.
fn assert_orthogonal<T: Real, const IN: usize, const OUT: usize>(gain: f64, tolerance: f64) {
    let scheme = Initializer::orthogonal().gain(gain);
    let layer = Linear::<IN, OUT, T>::init_with(scheme, &mut rng(5));
    let w = DMatrix::from_iterator(OUT, IN, layer.weights().iter().map(|w| w.to_f64()));
    let gram = if OUT > IN { w.transpose() * &w } else { &w * w.transpose() };
    let identity = DMatrix::identity(gram.nrows(), gram.nrows()) * (gain * gain);
    let error = (gram - identity).amax();
    assert!(error <= tolerance * gain * gain, "{IN} -> {OUT}, gain {gain}: off by {error:e}");
}

#[test]
fn orthogonal_weights_are_orthogonal_tall_wide_and_square() {
    for gain in [1.0, 1.1, 0.3] {
        // Rounded to f32, columns of length 1 are orthonormal to within some 6e-8.
        assert_orthogonal::<f32, 64, 24>(gain, 1e-6);
        assert_orthogonal::<f32, 24, 64>(gain, 1e-6);
        assert_orthogonal::<f32, 48, 48>(gain, 1e-6);
        assert_orthogonal::<f64, 64, 24>(gain, 1e-13);
        assert_orthogonal::<f64, 24, 64>(gain, 1e-13);
        assert_orthogonal::<f64, 48, 48>(gain, 1e-13);
        assert_orthogonal::<f64, 1, 9>(gain, 1e-13);
        assert_orthogonal::<f64, 9, 1>(gain, 1e-13);
    }
}

/// Of a uniformly drawn orthogonal matrix every entry has mean 0 and variance 1/n (Haar's measure is the same after any
/// change of sign of a row or a column).
#[test]
fn orthogonal_weights_are_drawn_uniformly() {
    const DRAWS: u64 = 4000;
    let mut sums = [0.0; 9];
    for seed in 0..DRAWS {
        let layer = Linear::<3, 3, f64>::init_with(Initializer::orthogonal(), &mut rng(seed));
        sums.iter_mut().zip(layer.weights()).for_each(|(sum, w)| *sum += w);
    }
    for (at, sum) in sums.iter().enumerate() {
        let error = (1.0 / 3.0 / DRAWS as f64).sqrt();
        assert_within_five_errors(&format!("entry {at}"), sum / DRAWS as f64, 0.0, error);
    }
}

#[test]
fn fan_in_and_fan_out_of_a_dense_layer_are_all_numbers_of_its_shapes() {
    type Layer = Dense<Image<2, 3, 4>, Sequence<5, 7>>;
    let largest = |scheme| {
        let layer = Layer::init_with(scheme, &mut rng(1));
        layer.weights().iter().fold(0.0, |max, w| f32::max(max, w.abs()))
    };
    // Of 840 numbers the largest is within 20/840 of the bound, except with a probability of exp(-20).
    let close = |found: f32, bound: f32| assert!(found <= bound && found > bound * (1.0 - 20.0 / 840.0));
    close(largest(Initializer::he_uniform()), (6.0 / 24.0_f32).sqrt());
    close(largest(Initializer::glorot_uniform()), (6.0 / (24.0 + 35.0_f32)).sqrt());
}

pub(crate) type Net = (Linear<6, 6>, PRelu, [Residual<Linear<6, 6>>; 2]);

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    for scheme in [Initializer::he_normal(), Initializer::glorot_uniform(), Initializer::orthogonal()] {
        let net = |seed| bits(&Net::init_with(scheme, &mut rng(seed)));
        assert_eq!(net(1), net(1));
        assert_ne!(net(1), net(2));
        // Layers of one shape in one network start apart.
        let net = Net::init_with(scheme, &mut rng(1));
        assert_ne!(net.0, net.2[0].branch);
        assert_ne!(net.2[0], net.2[1]);
    }
}

#[test]
fn the_default_is_glorots_uniform_scheme() {
    assert_eq!(Initializer::default(), Initializer::glorot_uniform());
    let drawn = Net::init_with(Initializer::glorot_uniform(), &mut rng(4));
    assert_eq!(bits(&Net::init(&mut rng(4))), bits(&drawn));
}

/// A layer with a parameter of every role.
#[derive(Parameters)]
struct EveryRole {
    #[parameter(weight, fan_in = 2, fan_out = 2)]
    weight: [[f32; 2]; 2],
    #[parameter(bias)]
    bias: [f32; 4],
    #[parameter(scale = 1.5)]
    scale: [f32; 4],
    #[parameter(buffer = -2.0, momentum = 0.1)]
    buffer: [f32; 4],
}

#[test]
fn a_parameter_starts_as_its_role_says() {
    let layer = EveryRole::init_with(Initializer::constant(7.0), &mut rng(0));
    assert_eq!(EveryRole::COUNT, 16);
    assert_eq!(layer.weight, [[7.0; 2]; 2]);
    assert_eq!((layer.bias, layer.scale, layer.buffer), ([0.0; 4], [1.5; 4], [-2.0; 4]));
    assert_eq!(<PRelu>::init(&mut rng(0)).slope, 0.25);
}

struct Starts;

impl Visitor<1, 0> for Starts {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        let all = |start: f64| xs.iter().all(|x| x.to_f64() == start);
        let right = match parameter.role {
            Role::Weight { fan_in, fan_out, .. } => fan_in > 0 && fan_out > 0 && !xs.is_empty() && !all(0.0),
            Role::Bias => all(0.0),
            Role::Scale(start) | Role::Buffer { start, .. } => all(start),
        };
        assert!(right, "{} starts as {xs:?}", parameter.path);
    }
}

#[test]
fn in_every_network_parameters_start_as_their_roles_say() {
    type T = f64;
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            visit([View::of(&*<$layer>::init(&mut rng(1)))], [], &mut Starts);
        };
    }
    every_layer!(case);
    every_combinator!(case);
    every_network!(case);
}
