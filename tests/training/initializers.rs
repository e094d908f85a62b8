//! Further initializers: truncated, sparse and given distributions, PyTorch's default, identities, and parts of a
//! network.

use crate::common::bits;
use crate::initialization::{
    IN, N, Net, OUT, assert_distributed, assert_normal, assert_uniform, assert_within_five_errors, mean,
};
use approx::assert_abs_diff_eq;
use chainrule::Error;
use chainrule::prelude::*;

/// The moments of a standard normal distribution that is cut at ±`bound`, from its density: by the midpoint rule, in
/// 100,000 parts, whose error is 1e-10.
fn moments_within(bound: f64) -> [f64; 3] {
    let parts = 100_000;
    let points = (0..parts).map(|at| bound * (2.0 * (f64::from(at) + 0.5) / f64::from(parts) - 1.0));
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
    let [cut, fourth, within] = moments_within(2.0);
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
    // On both sides of the bound from which normal numbers are drawn. (At 0.49, the variance is 3 per cent below that
    // of uniform numbers: nine standard errors.)
    for bound in [0.49, 0.51] {
        let [variance, fourth, within] = moments_within(bound);
        assert_distributed(Initializer::truncated_normal(1.0, bound), variance, fourth, within);
    }
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

/// The largest size of weights and biases, of at least 500 numbers each, is within 4 per cent of the bound, except with
/// a chance of exp(-20).
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
        assert!(matches!(&error, Error::UnknownPath { path: named, .. } if named == path), "{error}");
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
    let [cut, ..] = moments_within(2.0);
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
