//! A new network's parameters: means, variances and bounds against their closed forms, orthogonality, seeds and starts.
//!
//! The figures of N drawn numbers are held to five standard errors, a deviation that chance makes once in 1.7 million;
//! the seeds are fixed, so that what passes once passes always.

use crate::common::{bits, every_combinator, every_layer, every_network};
use approx::assert_abs_diff_eq;
use chainrule::layer::{Parameter, Role, View, Visitor, visit};
use chainrule::prelude::*;
use chainrule::{Error, Real};
use nalgebra::DMatrix;

const IN: usize = 200;
const OUT: usize = 300;
const N: f64 = (IN * OUT) as f64;

fn mean(xs: impl Iterator<Item = f64>) -> f64 {
    xs.sum::<f64>() / N
}

fn assert_within_five_errors(what: &str, found: f64, expected: f64, standard_error: f64) {
    let deviation = (found - expected) / standard_error;
    println!("{what}: {found:.6}, {deviation:+.1} standard errors from {expected:.6}");
    assert!(deviation.abs() <= 5.0, "{what}: {found}, {deviation:+.1} standard errors from {expected}");
}

/// Weights of this variance around 0. A distribution is told by its fourth moment, in units of the squared variance,
/// and by the share that lies within a standard deviation.
fn assert_distributed(
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
fn assert_uniform(initializer: Initializer, bound: f64) {
    let weights = assert_distributed(initializer, bound * bound / 3.0, 1.8, 3.0_f64.sqrt().recip());
    let largest = weights.iter().fold(0.0, |max, w| f64::max(max, w.abs()));
    // Rounded to f32; and N numbers all stay away from the outer 20/N of the bound with a chance of exp(-20).
    assert!(largest <= bound * (1.0 + f64::from(f32::EPSILON)) && largest >= bound * (1.0 - 20.0 / N));
}

/// Fourth moment 3, and 68 per cent within a standard deviation.
fn assert_normal(initializer: Initializer, variance: f64) {
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
    // A deviation of 0 is no deviation, and draws nothing: layers without biases have the same weights.
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

/// The moments of a standard normal distribution that is cut at ±2, from its density: by the midpoint rule, in 100,000
/// parts, whose error is 1e-10.
fn moments_within_two() -> [f64; 3] {
    let parts = 100_000;
    let points = (0..parts).map(|at| 4.0 * (f64::from(at) + 0.5) / f64::from(parts) - 2.0);
    let (mut total, mut second, mut fourth) = (0.0, 0.0, 0.0);
    for x in points.clone() {
        let density = (-x * x / 2.0).exp();
        (total, second, fourth) = (total + density, second + x * x * density, fourth + x.powi(4) * density);
    }
    let variance = second / total;
    let within: f64 = points.filter(|x| x * x <= variance).map(|x| (-x * x / 2.0).exp()).sum::<f64>() / total;
    [variance, fourth / total / (variance * variance), within]
}

#[test]
fn truncated_weights_have_the_variance_of_keras_and_no_tail() {
    let [cut, fourth, within] = moments_within_two();
    assert_abs_diff_eq!(cut.sqrt(), 0.879_625_661_034_239_8, epsilon = 1e-9);
    for (scheme, variance) in [
        (Initializer::glorot_truncated_normal(), 2.0 / 500.0),
        (Initializer::he_truncated_normal(), 2.0 / 200.0),
        (Initializer::lecun_truncated_normal(), 1.0 / 200.0),
        (Initializer::lecun_truncated_normal().gain(3.0), 9.0 / 200.0),
        // PyTorch's: the deviation is that of the normal distribution that is cut.
        (Initializer::truncated_normal(0.1, 0.2), cut * 0.01),
    ] {
        let weights = assert_distributed(scheme, variance, fourth, within);
        let bound = 2.0 * (variance / cut).sqrt();
        let largest = weights.iter().fold(0.0, |max, w| f64::max(max, w.abs()));
        // The density at the bound is 0.057 of the deviation: N numbers all stay below 0.99 of the bound with a chance
        // of exp(-N * 2 * 0.057 * 0.02) = exp(-130).
        assert!(largest <= bound * (1.0 + 1e-6) && largest > 0.99 * bound);
    }
}

/// In the limit of a narrow cut the density is constant.
#[test]
fn a_normal_distribution_with_a_narrow_cut_is_uniform_and_one_with_a_wide_cut_is_normal() {
    assert_uniform(Initializer::truncated_normal(100.0, 0.1), 0.1);
    assert_normal(Initializer::truncated_normal(0.1, 10.0), 0.01);
}

#[test]
fn given_bounds_and_moments_do_not_depend_on_the_fans() {
    assert_uniform(Initializer::uniform(-0.3, 0.3), 0.3);
    assert_normal(Initializer::normal(0.0, 0.02), 0.0004);
    let weights = |scheme| Linear::<IN, OUT, f64>::init_with(scheme, &mut rng(8)).weights().to_vec();
    for (scheme, around, variance) in
        [(Initializer::uniform(1.0, 4.0), 2.5, 0.75), (Initializer::normal(-3.0, 0.5), -3.0, 0.25)]
    {
        let drawn = weights(scheme);
        let found = mean(drawn.iter().copied());
        assert_within_five_errors("mean", found, around, (variance / N).sqrt());
        let squares = mean(drawn.iter().map(|w| (w - around).powi(2)));
        assert_within_five_errors("variance", squares, variance, variance * (2.0 / N).sqrt());
    }
    assert!(weights(Initializer::uniform(1.0, 4.0)).iter().all(|w| (1.0..4.0).contains(w)));
    assert!(weights(Initializer::zeros()).iter().all(|w| *w == 0.0));
}

#[test]
fn pytorchs_default_draws_weights_and_biases_from_one_over_the_root_of_fan_in() {
    let (fourth, within) = (1.8, 3.0_f64.sqrt().recip());
    let layer = Linear::<9, 20_000, f64>::init_with(Initializer::pytorch(), &mut rng(4));
    let biases = &layer.bias.0;
    let n = biases.len() as f64;
    let of = |f: &dyn Fn(f64) -> f64| biases.iter().map(|b| f(*b)).sum::<f64>() / n;
    let variance = 1.0 / 27.0;
    assert_within_five_errors("mean", of(&|b| b), 0.0, (variance / n).sqrt());
    assert_within_five_errors("variance", of(&|b| b * b), variance, variance * ((fourth - 1.0) / n).sqrt());
    let share = of(&|b| f64::from(b * b <= variance));
    assert_within_five_errors("share", share, within, (within * (1.0 - within) / n).sqrt());
    assert!(biases.iter().chain(layer.weights()).all(|x| x.abs() <= 1.0 / 3.0));
    assert!(layer.weights().iter().fold(0.0, |max, w| f64::max(max, w.abs())) > 0.333);
}

/// The largest size of weights and biases, of at least 500 numbers each, is within 4 per cent of the bound, but for a
/// chance of exp(-20).
#[test]
fn fans_of_convolutions_are_those_of_their_definition_or_those_of_pytorch() {
    macro_rules! bounds {
        ($layer:ty, $scheme:expr) => {{
            let mut layer = <$layer>::init_with($scheme, &mut rng(6));
            let largest = |xs: &mut [f32]| {
                assert!(xs.len() >= 500);
                xs.iter().fold(0.0, |max, x| f32::max(max, x.abs()))
            };
            ["weight", "bias"].map(|path| layer.edit_parameter(path, largest).unwrap())
        }};
    }
    fn close(found: [f32; 2], fan_in: f32) {
        let bound = fan_in.sqrt().recip();
        assert!(found.iter().all(|x| *x <= bound * 1.000_001 && *x > 0.96 * bound), "{found:?}, {bound}");
    }
    // PyTorch's own: init._calculate_fan_in_and_fan_out of weights of the shapes [600, 4, 3, 3] and so on.
    let (ours, theirs) =
        (Initializer::lecun_uniform().gain(3.0_f64.sqrt().recip()).bias_uniform(), Initializer::pytorch());
    close(bounds!(Conv2d<4, 600, 3>, ours), 36.0);
    close(bounds!(Conv2d<4, 600, 3>, theirs), 36.0);
    close(bounds!(DepthwiseConv2d<600, 5>, ours), 25.0);
    close(bounds!(DepthwiseConv2d<600, 5>, theirs), 25.0);
    close(bounds!(TransposedConv2d<4, 600, 3>, ours), 36.0);
    close(bounds!(TransposedConv2d<4, 600, 3>, theirs), 5400.0);
    close(bounds!(Conv1d<4, 600, 3>, theirs), 12.0);
}

#[test]
fn biases_of_norms_have_no_fan_in_and_start_at_0() {
    type Net = (LayerNorm<Vector<4>>, Linear<4, 8>, BatchNorm<8>, [Linear<8, 8>; 2]);
    let net = Net::init_with(Initializer::pytorch(), &mut rng(1));
    assert_eq!((net.0.bias.0, net.2.bias.0), ([0.0; 4], [0.0; 8]));
    assert!(net.1.bias.iter().all(|b| *b != 0.0 && b.abs() <= 0.5));
    assert!(
        net.3.iter().all(|layer| layer.bias.iter().all(|b| *b != 0.0 && b.abs() <= 8_f32.sqrt().recip()))
    );
    let net = Net::init_with(Initializer::default().bias_constant(0.25), &mut rng(1));
    assert_eq!((net.0.bias.0, net.1.bias.0), ([0.25; 4], [0.25; 8]));
    // Biases that are not random leave the weights of a seed as they are.
    assert_eq!(net.1.weights(), Net::init(&mut rng(1)).1.weights());
}

#[test]
fn an_identity_passes_on_what_it_gets() {
    let same = |scheme: Initializer| Linear::<3, 3>::init_with(scheme, &mut rng(0));
    assert_eq!(same(Initializer::identity()).weights(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let x = Vector([1.0, 2.0, 3.0]);
    assert_eq!(same(Initializer::identity().gain(2.0)).predict(&x), Ok(x * 2.0));
    let y = Linear::<3, 2>::init_with(Initializer::identity(), &mut rng(0)).predict(&x);
    assert_eq!(y, Ok(Vector([1.0, 2.0])));
    let y = Linear::<3, 4>::init_with(Initializer::identity(), &mut rng(0)).predict(&x);
    assert_eq!(y, Ok(Vector([1.0, 2.0, 3.0, 0.0])));

    let mut image = Image::<4, 5, 6>::default();
    image.iter_mut().enumerate().for_each(|(at, x)| *x = at as f32);
    macro_rules! passes {
        ($layer:ty) => {
            assert_eq!(<$layer>::init_with(Initializer::identity(), &mut rng(0)).predict(&image), Ok(image));
        };
    }
    passes!(Conv2d<4, 4, 3, 1, 1>);
    passes!(Conv2d<4, 4, 5, 1, 2>);
    passes!(DepthwiseConv2d<4, 3, 1, 1>);
    passes!(TransposedConv2d<4, 4, 3, 1, 1>);
    passes!(Dense<Image<4, 5, 6>, Image<4, 5, 6>>);
    let steps = Sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let layer = Conv1d::<2, 2, 3, 1, 1>::init_with(Initializer::identity(), &mut rng(0));
    assert_eq!(layer.predict(&steps), Ok(steps));
    // As far as there are outputs, and no further.
    let narrow = Conv2d::<4, 2, 3, 1, 1>::init_with(Initializer::identity(), &mut rng(0));
    let narrowed: Image<2, 5, 6> = narrow.predict(&image).unwrap();
    assert_eq!([narrowed[0], narrowed[1]], [image[0], image[1]]);
    let wide = TransposedConv2d::<4, 6, 3, 1, 1>::init_with(Initializer::identity(), &mut rng(0));
    let widened: Image<6, 5, 6> = wide.predict(&image).unwrap();
    assert_eq!([widened[0], widened[3], widened[4]], [image[0], image[3], [[0.0; 6]; 5]]);
}

#[test]
fn of_a_sparse_weight_each_input_has_its_share_of_zeros() {
    // 0.3 of 7 outputs, rounded up, is 3 (PyTorch: math.ceil(0.3 * 7)).
    let layer = Linear::<500, 7, f64>::init_with(Initializer::sparse(0.3, 0.5).gain(2.0), &mut rng(5));
    let mut zeros_of = [0; 7];
    let mut squares = 0.0;
    for row in layer.weights().chunks_exact(7) {
        assert_eq!(row.iter().filter(|w| **w == 0.0).count(), 3);
        row.iter().zip(&mut zeros_of).for_each(|(w, zeros)| *zeros += usize::from(*w == 0.0));
        squares += row.iter().map(|w| w * w).sum::<f64>();
    }
    // Four weights of variance 1 each, with a variance of 2 of their squares.
    assert_within_five_errors("variance", squares / 2000.0, 1.0, (2.0_f64 / 2000.0).sqrt());
    for zeros in zeros_of {
        let share = 3.0 / 7.0;
        let error = (share * (1.0 - share) / 500.0_f64).sqrt();
        assert_within_five_errors("zeros of an output", zeros as f64 / 500.0, share, error);
    }
    // In a convolution, each input is a place in the window of a channel.
    let layer = Conv2d::<2, 10, 3>::init_with(Initializer::sparse(0.25, 1.0), &mut rng(5));
    for input in 0..18 {
        let weights = layer.weight.as_flattened().as_flattened().as_flattened();
        let zeros = weights.iter().skip(input).step_by(18).filter(|w| **w == 0.0).count();
        assert_eq!(zeros, 3);
    }
    let all = Linear::<3, 4>::init_with(Initializer::sparse(1.5, 1.0), &mut rng(5));
    assert!(all.weights().iter().all(|w| *w == 0.0));
}

#[test]
fn a_part_of_a_network_is_initialized_again() {
    let start = Net::init(&mut rng(1));
    let mut net = start.clone();
    Initializer::constant(7.0).init_part(&mut net, "2.1", &mut rng(2)).unwrap();
    assert_eq!(net.2[1].branch.weights(), [7.0; 36]);
    assert_eq!((&net.0, &net.1, &net.2[0]), (&start.0, &start.1, &start.2[0]));
    Initializer::constant(5.0).init_part(&mut *net, "0.weight", &mut rng(2)).unwrap();
    assert_eq!(net.0.weights(), [5.0; 36]);
    // The path of a part is not that of another which begins with the same letters.
    for path in ["3", "2.1.b", "0.weigh", "0."] {
        let error = Initializer::default().init_part(&mut net, path, &mut rng(2)).unwrap_err();
        assert_eq!(error, Error::UnknownPath { path: path.into() });
    }
    Initializer::he_normal().init_part(&mut net, "", &mut rng(3)).unwrap();
    assert_eq!(bits(&net), bits(&Net::init_with(Initializer::he_normal(), &mut rng(3))));
    let biases = Initializer::pytorch();
    assert_eq!(biases.init_where(&mut net, |path| path.ends_with("bias"), &mut rng(4)), 3);
    assert!(net.2[0].branch.bias.iter().all(|b| *b != 0.0 && b.abs() <= 6_f32.sqrt().recip()));
    assert_eq!(Initializer::zeros().init_where(&mut net, |_| false, &mut rng(4)), 0);
}

#[test]
fn the_expected_gradient_flow_knows_the_variances_of_the_schemes() {
    use chainrule::expected_flow_with;
    type Deep = [(Linear<100, 100>, Tanh); 30];
    let rate = |scheme| expected_flow_with::<Deep, Vector<100>>(scheme, 1.0).rate;
    let of_deviation = |deviation| rate(Initializer::normal(0.0, deviation));
    assert_eq!(rate(Initializer::lecun_normal()), of_deviation(0.1));
    assert_eq!(rate(Initializer::lecun_truncated_normal()), of_deviation(0.1));
    let [cut, ..] = moments_within_two();
    let pairs = [
        (Initializer::truncated_normal(0.2, 0.4), 0.2 * cut.sqrt()),
        (Initializer::truncated_normal(0.1, 10.0), 0.1),
        (Initializer::uniform(-0.1, 0.1), 0.1 / 3.0_f64.sqrt()),
        (Initializer::sparse(0.75, 0.2), 0.1),
    ];
    for (scheme, deviation) in pairs {
        approx::assert_relative_eq!(rate(scheme), of_deviation(deviation), max_relative = 1e-9);
    }
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
    // Of 840 numbers the largest is within 20/840 of the bound, but for a chance of exp(-20).
    let close = |found: f32, bound: f32| assert!(found <= bound && found > bound * (1.0 - 20.0 / 840.0));
    close(largest(Initializer::he_uniform()), (6.0 / 24.0_f32).sqrt());
    close(largest(Initializer::glorot_uniform()), (6.0 / (24.0 + 35.0_f32)).sqrt());
}

type Net = (Linear<6, 6>, PRelu, [Residual<Linear<6, 6>>; 2]);

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
