//! Fixed points, edges, and how far a gradient comes.

use super::{DIGITS, field, normal};
use approx::{assert_abs_diff_eq, assert_relative_eq};
use chainrule::Error;
use chainrule::layer::Activation;
use chainrule::prelude::*;
use chainrule::theory::*;

fn assert_fixed_point<A: Activation>(field: MeanField<A>, [q, chi]: [f64; 2]) {
    let found = field.fixed_point();
    println!("{field:?}: q = {found}, chi = {}", field.chi(found));
    assert_relative_eq!(found, q, max_relative = DIGITS);
    assert_relative_eq!(field.chi(found), chi, max_relative = DIGITS);
    assert_relative_eq!(field.gradient_rate(), chi.sqrt(), max_relative = DIGITS);
    // It is a fixed point, and the recursion from 1 goes there.
    assert_relative_eq!(field.next(found), q, max_relative = DIGITS);
    let reached = field.variances(1.0).nth(60).expect("endless");
    assert_relative_eq!(reached, q, max_relative = 1e-6);
}

#[test]
fn fixed_points_and_chi_are_scipys() {
    assert_fixed_point(field::<Sigmoid>(1.0, 0.0), [0.264686875182, 0.0557207067697]);
    assert_fixed_point(field::<Sigmoid>(1.0 / 3.0, 0.0), [0.0850337648755, 0.0200078293377]);
    assert_fixed_point(field::<Tanh>(1.0, 0.05), [0.193592520245, 0.759031647185]);
    assert_fixed_point(field::<Tanh>(1.761, 0.05), [0.570075684935, 1.00000966997]);
    assert_fixed_point(field::<Tanh>(4.0, 0.05), [2.19549392803, 1.34240241445]);
    assert_fixed_point(field::<Softsign>(4.0, 0.1), [0.724585202788, 1.03384588435]);
}

#[test]
fn what_has_no_fixed_point_between_fades_out_or_grows_for_ever() {
    let fading = field::<Tanh>(0.5, 0.0);
    assert_eq!(fading.fixed_point(), 0.0);
    assert_relative_eq!(fading.chi(0.0), 0.5, max_relative = 1e-14);
    assert_relative_eq!(fading.depth_scale(), 2.0_f64.ln().recip(), max_relative = 1e-13);
    assert_eq!(field::<Tanh>(1.0, 0.0).fixed_point(), 0.0);
    assert_eq!(field::<Relu>(1.9, 0.0).fixed_point(), 0.0);
    assert_eq!(field::<Relu>(2.0, 0.0).fixed_point(), 1.0);
    // q' = 2q/2 + 0.1 grows by 0.1 a layer, 3q/2 exponentially; both have a rate all the same.
    assert_eq!(field::<Relu>(2.0, 0.1).fixed_point(), f64::INFINITY);
    assert_eq!(field::<Relu>(3.0, 0.0).fixed_point(), f64::INFINITY);
    assert_relative_eq!(field::<Relu>(3.0, 0.0).gradient_rate(), 1.5_f64.sqrt(), max_relative = 1e-13);
    // q = q σw²/2 + σb² has the solution σb² / (1 - σw²/2), near 1 or far from it.
    assert_relative_eq!(field::<Relu>(1.0, 0.5).fixed_point(), 1.0, max_relative = 1e-12);
    assert_relative_eq!(field::<Relu>(1.999, 7.0).fixed_point(), 14000.0, max_relative = 1e-8);
    assert_relative_eq!(field::<Relu>(1.0, 1e-6).fixed_point(), 2e-6, max_relative = 1e-12);
}

#[test]
fn critical_points_are_the_published_ones() {
    let edge = |field: Option<MeanField<Tanh>>| {
        let field = field.expect("tanh has an edge for all biases");
        (field.weight_variance(), field.fixed_point(), field.gradient_rate())
    };
    let (weight, _, rate) = edge(MeanField::critical(0.0));
    assert_relative_eq!(weight, 1.0, max_relative = 1e-12);
    assert_relative_eq!(rate, 1.0, max_relative = 1e-12);
    let (weight, q, rate) = edge(MeanField::critical(0.05));
    assert_relative_eq!(weight, 1.760_954_639_61, max_relative = 1e-9);
    assert_relative_eq!(q, 0.570_047_881_641, max_relative = 1e-9);
    assert_relative_eq!(rate, 1.0, max_relative = 1e-9);
    let (weight, q, _) = edge(MeanField::critical(1.0));
    assert_relative_eq!(weight, 3.443_210_912_27, max_relative = 1e-9);
    assert_relative_eq!(q, 3.036_396_394_62, max_relative = 1e-9);

    let relu = MeanField::<Relu>::critical(0.0).expect("He's");
    assert_relative_eq!(relu.weight_variance(), 2.0, max_relative = 1e-12);
    // 2 / (1 + a²), He et al. 2015, eq. 15.
    let leaky = MeanField::<LeakyRelu<1, 4>>::critical(0.0).expect("He's");
    assert_relative_eq!(leaky.weight_variance(), 2.0 / (1.0 + 0.0625), max_relative = 1e-12);
    let sigmoid = MeanField::<Sigmoid>::critical(0.0).expect("far out");
    assert_relative_eq!(sigmoid.weight_variance(), 103.007_553_856, max_relative = 1e-9);

    assert_eq!(MeanField::<Relu>::critical(0.05), None);
    assert_eq!(MeanField::<Gelu>::critical(0.0), None);
    assert_eq!([-1.0, f64::NAN, f64::INFINITY].map(MeanField::<Tanh>::critical), [None; 3]);
}

#[test]
fn selu_holds_mean_0_and_second_moment_1_and_lets_gradients_grow_by_7_per_cent() {
    assert_abs_diff_eq!(MeanField::<Selu>::output_mean(1.0), 0.0, epsilon = 1e-13);
    assert_abs_diff_eq!(MeanField::<Selu>::output_square(1.0), 1.0, epsilon = 1e-13);
    let field = MeanField::<Selu>::of(Initializer::lecun_normal()).expect("a variance of 1");
    assert_abs_diff_eq!(field.fixed_point(), 1.0, epsilon = 1e-12);
    // E[SELU'²] = λ² (1/2 + a² E[exp(2z); z < 0]), and completing the square makes that exp(2) Φ(-2).
    let (lambda, a) = (1.050_700_987_355_480_5_f64, 1.673_263_242_354_377_2_f64);
    let closed = lambda.powi(2) * (0.5 + a.powi(2) * 2.0_f64.exp() * normal(-2.0).0);
    assert_relative_eq!(field.chi(1.0), closed, max_relative = 1e-12);
    assert_abs_diff_eq!(closed, 1.0716, epsilon = 5e-5);
}

#[test]
fn named_initializers_have_the_variances_of_their_papers() {
    let weight = |initializer| MeanField::<Tanh>::of(initializer).expect("finite").weight_variance();
    assert_eq!(weight(Initializer::glorot_uniform()), 1.0);
    assert_eq!(weight(Initializer::glorot_normal()), 1.0);
    assert_eq!(weight(Initializer::he_uniform()), 2.0);
    assert_eq!(weight(Initializer::he_normal().gain(3.0)), 18.0);
    assert_eq!(weight(Initializer::lecun_normal().gain(-0.5)), 0.25);
    assert_eq!(weight(Initializer::orthogonal().gain(2.0)), 4.0);
    assert_eq!(weight(Initializer::constant(1.0)), 0.0);
    let pytorch = Initializer::lecun_uniform().gain(3.0_f64.sqrt().recip());
    assert_relative_eq!(weight(pytorch), 1.0 / 3.0, max_relative = 1e-15);
    let biased = MeanField::<Tanh>::of(Initializer::lecun_normal().bias_normal(0.5)).expect("finite");
    assert_eq!((biased.bias_variance(), biased.first(2.0)), (0.25, 2.25));
    // And a square layer is drawn so.
    let layer = Linear::<120, 120, f64>::init_with(Initializer::he_uniform().gain(0.7), &mut rng(1));
    let drawn = layer.weights().iter().map(|w| w * w).sum::<f64>() / 120.0;
    // 14,400 squares of relative variance 4/5: 4 standard errors are 3 %.
    assert_relative_eq!(drawn, weight(Initializer::he_uniform().gain(0.7)), max_relative = 0.03);
}

#[test]
fn a_variance_that_is_none_is_refused_by_name() {
    let refused = |name, value| match MeanField::<Relu>::new(
        if name == "weight variance" { value } else { 1.0 },
        if name == "bias variance" { value } else { 1.0 },
    ) {
        Err(Error::Setting { name: found, .. }) => found == name,
        _ => false,
    };
    for value in [-1e-9, f64::NAN, f64::INFINITY] {
        assert!(refused("weight variance", value) && refused("bias variance", value), "{value}");
    }
    let error = MeanField::<Relu>::of(Initializer::he_normal().gain(f64::NAN)).expect_err("no variance");
    assert_eq!(error.to_string(), "weight variance is NaN, but must be finite and at least 0");
}

#[test]
fn at_tanhs_edge_a_gradient_falls_as_one_over_depth() {
    // The recursion in numpy, from an input of mean square 1: q₁ = 1.
    let field = field::<Tanh>(1.0, 0.0);
    let expected = [(5, 0.137524106331), (10, 0.0713697291063), (20, 0.0359747947956), (40, 0.0179445778092)];
    for (depth, ratio) in expected {
        assert_relative_eq!(field.gradient_ratio(field.first(1.0), depth), ratio, max_relative = 1e-10);
    }
    assert_eq!(field.gradient_ratio(1.0, 0), 1.0);
}

#[test]
fn a_deep_plain_stack_leaves_what_the_rate_says() {
    // tanh under PyTorch's default: 3^(-49/2) of the norm, except for the first layers, where tanh is not yet linear.
    let pytorch = Initializer::lecun_uniform().gain(3.0_f64.sqrt().recip());
    let tanh = MeanField::<Tanh>::of(pytorch).expect("1/3");
    let left = tanh.gradient_ratio(tanh.first(1.0), 49).sqrt();
    assert!((0.5..=1.0).contains(&(left / 3.0_f64.powf(-24.5))), "{left}");
    let relu = MeanField::<Relu>::of(Initializer::glorot_uniform()).expect("1");
    assert_relative_eq!(relu.gradient_ratio(1.0, 19).sqrt(), 2.0_f64.powf(-9.5), max_relative = 1e-12);
}

#[test]
fn residual_blocks_of_relu_grow_exponentially_and_of_tanh_as_the_root_of_depth() {
    for a in [0.0, 0.1, 50.0_f64.sqrt().recip(), 1.0] {
        let field = ResidualField { branch: field::<Relu>(2.0, 0.0), scale: a * a };
        let mut square = 0.3;
        for _ in 0..50 {
            square = field.next(square);
        }
        let growth = (1.0 + a * a).powi(50);
        assert_relative_eq!(square, 0.3 * growth, max_relative = 1e-12);
        assert_relative_eq!(field.gradient_growth(0.3, 50), growth, max_relative = 1e-12);
    }
    // numpy's recursion.
    let tanh = ResidualField { branch: field::<Tanh>(1.0, 0.0), scale: 1.0 };
    for (blocks, logarithm) in
        [(25, 4.81202323084), (50, 7.21610033188), (100, 10.5455485307), (200, 15.1692498676)]
    {
        assert_relative_eq!(tanh.gradient_growth(1.0, blocks).ln(), logarithm, max_relative = 1e-10);
    }
    assert_relative_eq!(tanh.chi(1.0), 1.464_402_902_448_27, max_relative = DIGITS);
}
