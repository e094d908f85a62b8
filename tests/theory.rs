//! The theory of wide networks against closed forms, against published values, and against scipy.
//!
//! scipy's numbers (1.17) are `E(f, q)` of
//!
//! ```python
//! def E(f, q):  # z in panels, so that every bend is seen
//!     s = np.sqrt(q)
//!     ends = sorted({-12, 0, 12} | {c / s for c in (-8, -4, -2, 2, 4, 8) if abs(c / s) < 12})
//!     part = lambda a, b: scipy.integrate.quad(lambda z: f(s * z) * norm.pdf(z), a, b, epsabs=0, epsrel=1e-13, limit=500)[0]
//!     return sum(part(a, b) for a, b in zip(ends, ends[1:]))
//! ```
//!
//! and fixed and critical points of it by `scipy.optimize.brentq(.., xtol=1e-14, rtol=1e-14)`.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use chainrule::Error;
use chainrule::layer::Activation;
use chainrule::prelude::*;
use chainrule::theory::*;
use libm::erf;

/// Both quadratures promise 1e-13; a fixed point magnifies that by 1 / (1 - slope), here below 10.
const DIGITS: f64 = 1e-11;

/// The chance that a standard normal number is below `x`, and its density there.
fn normal(x: f64) -> (f64, f64) {
    let (area, density) = (0.5 * (1.0 + erf(x / 2.0_f64.sqrt())), (-0.5 * x * x).exp());
    (area, density / (2.0 * std::f64::consts::PI).sqrt())
}

#[test]
fn moments_of_the_normal_distribution_are_1_3_15_and_105() {
    for variance in [1e-6_f64, 0.3, 1.0, 40.0, 1e9] {
        for (power, moment) in [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)] {
            let expected = moment * variance.powi(power / 2);
            assert_relative_eq!(expectation(variance, |x| x.powi(power)), expected, max_relative = 1e-13);
        }
        assert_abs_diff_eq!(expectation(variance, |x| x.powi(3)), 0.0, epsilon = 1e-13 * variance.powf(1.5));
        // E|x| = √(2 q / π), with its kink at 0; E[cos x] = exp(-q/2) and E[exp x] = exp(q/2), without.
        let absolute = (2.0 * variance / std::f64::consts::PI).sqrt();
        assert_relative_eq!(expectation(variance, f64::abs), absolute, max_relative = 1e-13);
    }
    assert_relative_eq!(expectation(4.0, f64::cos), (-2.0_f64).exp(), max_relative = 1e-12);
    assert_relative_eq!(expectation(4.0, f64::exp), 2.0_f64.exp(), max_relative = 1e-12);
}

#[test]
fn a_kink_and_a_jump_anywhere_are_integrated_as_their_closed_forms_say() {
    // Among them places beside 1 and 2, where panels may meet.
    let beside = [0.9999, 0.998, 1.001, 1.999_9, 1.998, 2.000_03, 1.499_9, 0.0, 1.0, 2.0, 6.1, 9.0];
    let places = beside.into_iter().chain((1..100).map(|at| at as f64 * 0.0617));
    for place in places.flat_map(|place| [place, -place]) {
        let (area, density) = normal(place);
        let beyond = expectation(1.0, |x| f64::from(x > place));
        let ramp = expectation(1.0, |x| (x - place).max(0.0));
        assert_abs_diff_eq!(beyond, 1.0 - area, epsilon = 1e-13);
        let closed = density - place * (1.0 - area);
        assert_abs_diff_eq!(ramp, closed, epsilon = 1e-13 * closed.max(1.0));
    }
    for q in [0.01, 0.5, 3.0, 1e6] {
        let (area, density) = normal(1.0 / f64::sqrt(q));
        let inside = 2.0 * area - 1.0;
        let square = q * (inside - 2.0 * density / q.sqrt()) + 2.0 * (1.0 - area);
        assert_relative_eq!(MeanField::<HardTanh>::derivative_square(q), inside, max_relative = 1e-12);
        // The closed form loses digits in its difference where q is large.
        assert_relative_eq!(
            MeanField::<HardTanh>::output_square(q),
            square,
            max_relative = 1e-12 * q.max(1.0)
        );
    }
}

#[test]
fn half_of_relu_is_left_at_every_variance_even_at_0_and_infinity() {
    for q in [0.0, 1e-9, 0.4, 1.0, 1e12, f64::INFINITY] {
        assert_relative_eq!(MeanField::<Relu>::derivative_square(q), 0.5, max_relative = 1e-14);
        assert_relative_eq!(MeanField::<LeakyRelu<1, 2>>::derivative_square(q), 0.625, max_relative = 1e-14);
        if q > 0.0 && q.is_finite() {
            assert_relative_eq!(MeanField::<Relu>::output_square(q), q / 2.0, max_relative = 1e-13);
        }
    }
    assert_relative_eq!(MeanField::<Tanh>::derivative_square(0.0), 1.0, max_relative = 1e-14);
    assert_relative_eq!(MeanField::<Sigmoid>::derivative_square(0.0), 1.0 / 16.0, max_relative = 1e-14);
    assert_relative_eq!(MeanField::<Sigmoid>::output_square(f64::INFINITY), 0.5, max_relative = 1e-13);
}

/// E[A], E[A²] and E[A'²] at these variances.
fn assert_moments<A: Activation>(expected: [(f64, [f64; 3]); 4]) {
    for (q, [mean, square, derivative]) in expected {
        let name = std::any::type_name::<A>();
        let found = [
            MeanField::<A>::output_mean(q),
            MeanField::<A>::output_square(q),
            MeanField::<A>::derivative_square(q),
        ];
        println!("{name} at {q}: {found:?}");
        for (found, expected) in found.into_iter().zip([mean, square, derivative]) {
            assert_relative_eq!(found, expected, max_relative = DIGITS, epsilon = 1e-13);
        }
    }
}

#[test]
fn moments_of_smooth_activations_are_scipys() {
    assert_moments::<Tanh>([
        (0.01, [0.0, 0.00980546875553241, 0.980670243464981]),
        (1.0, [0.0, 0.394294490397841, 0.464402902448268]),
        (7.0, [0.0, 0.714286531202861, 0.196598955805505]),
        (1e4, [0.0, 0.992021482480513, 0.00531914464401462]),
    ]);
    assert_moments::<Sigmoid>([
        (0.01, [0.5, 0.250621896935814, 0.0621902041783778]),
        (1.0, [0.5, 0.293379035858093, 0.0448362413501944]),
        (7.0, [0.5, 0.374039744967609, 0.0231320025331236]),
        (1e4, [0.5, 0.496011233203165, 0.00066486092372652]),
    ]);
    assert_moments::<Gelu>([
        (0.01, [0.00396962405746608, 0.0025469634945775, 0.256241318828877]),
        (1.0, [0.282094791773878, 0.425221482570299, 0.455850865649287]),
        (7.0, [0.987331771208574, 3.44038259986406, 0.510660255700589]),
        (1e4, [39.8922334783321, 4999.99812458294, 0.500562467956202]),
    ]);
    assert_moments::<Softsign>([
        (0.01, [0.0, 0.007510685345656, 0.756781710996024]),
        (1.0, [0.0, 0.183014021266548, 0.227671340422183]),
        (7.0, [0.0, 0.387072959792413, 0.0966483913736283]),
        (1e4, [0.0, 0.933273818700975, 0.00265948538186515]),
    ]);
}

/// However wide the normal distribution, ∫ sech⁴ = 4/3 and ∫ σ'² = 1/6 of it lie at 0, times its density there. What is left out is
/// of the order of 1/q.
#[test]
fn a_saturated_activation_keeps_its_slope_in_the_middle() {
    for q in [1e14, 1e20, 1e26] {
        let density = (2.0 * std::f64::consts::PI * q).sqrt().recip();
        assert_relative_eq!(
            MeanField::<Tanh>::derivative_square(q),
            4.0 / 3.0 * density,
            max_relative = DIGITS
        );
        assert_relative_eq!(MeanField::<Sigmoid>::derivative_square(q), density / 6.0, max_relative = DIGITS);
        // ∫ x² exp(-x²) = √π/2, of which there is nothing at 0 itself.
        let beside = expectation(q, |x| x * x * (-x * x).exp());
        assert_relative_eq!(beside, std::f64::consts::PI.sqrt() / 2.0 * density, max_relative = DIGITS);
    }
}

fn field<A: Activation>(weight_variance: f64, bias_variance: f64) -> MeanField<A> {
    MeanField::new(weight_variance, bias_variance).expect("these are variances")
}

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
fn named_initialisers_have_the_variances_of_their_papers() {
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
    // tanh under PyTorch's default: 3^(-49/2) of the norm, but for the first layers, where tanh is not yet linear.
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

#[test]
fn arc_cosine_kernels_are_scipys_expectations() {
    // 2 * multivariate_normal.cdf([0, 0], cov=[[1, r], [r, 1]]), and 2 E[relu(z) E[relu(z') | z]] by quad.
    let expected = [
        (-0.9, 0.1435662931287, 0.009538398844672),
        (-0.3, 0.4030133159793, 0.1827442838355),
        (0.25, 0.5804306232552, 0.4533098778445),
        (0.6, 0.7048327646991, 0.6775475677665),
        (0.99, 0.9549465863556, 0.9903002557332),
    ];
    for (rho, k0, k1) in expected {
        assert_relative_eq!(arc_cosine_0(rho), k0, max_relative = 1e-11);
        assert_relative_eq!(arc_cosine_1(rho), k1, max_relative = 1e-11);
        // And this crate's own quadrature: z' = ρ z + √(1 - ρ²) w.
        let square = f64::sqrt(1.0 - rho * rho);
        let inner = |z: f64| expectation(1.0, |w| (rho * z + square * w).max(0.0));
        let product = 2.0 * expectation(1.0, |z| if z > 0.0 { z * inner(z) } else { 0.0 });
        assert_relative_eq!(product, k1, max_relative = 1e-11);
    }
    assert!(arc_cosine_0(f64::NAN).is_nan() && Pair::new(f64::NAN).plain(3).values().is_nan());
}

#[test]
fn correlations_in_plain_stacks_follow_the_kernels_and_fall_as_a_power_of_depth() {
    let k1 = arc_cosine_1;
    let two = Pair::new(0.3).plain(2);
    assert_relative_eq!(two.values(), k1(k1(0.3)), max_relative = 1e-14);
    assert_relative_eq!(two.gradients(), arc_cosine_0(0.3) * arc_cosine_0(k1(0.3)), max_relative = 1e-14);
    assert_eq!(Pair::new(0.3).plain(1).plain(1), two);
    // Equal inputs have equal gradients; opposite ones share no unit.
    assert_eq!((Pair::new(1.0).plain(9).values(), Pair::new(1.0).plain(9).gradients()), (1.0, 1.0));
    assert_eq!(Pair::new(-1.0).plain(1).gradients(), 0.0);
    // acos ρ ≈ 3π/L: 1 - ρ ≈ 9π²/2L², and twice the depth leaves an eighth. Terms of ln(L)/L are left out: 1 % at 2,000.
    let (once, twice) = (Pair::new(0.0).plain(2000), Pair::new(0.0).plain(4000));
    let depth = 4000.0_f64;
    let expected = 4.5 * std::f64::consts::PI.powi(2) / depth.powi(2);
    assert_relative_eq!(1.0 - twice.values(), expected, max_relative = 0.02);
    assert_relative_eq!(twice.gradients() / once.gradients(), 0.125, max_relative = 0.02);
}

#[test]
fn correlations_in_residual_stacks_lie_between_those_of_the_plain_and_the_identity() {
    let (rho, a) = (0.2, 0.5_f64.sqrt());
    let one = Pair::new(rho).residual(a, 1);
    assert_relative_eq!(one.values(), (rho + 0.5 * arc_cosine_1(rho)) / 1.5, max_relative = 1e-14);
    assert_relative_eq!(one.gradients(), (1.0 + 0.5 * arc_cosine_0(rho)) / 1.5, max_relative = 1e-14);
    assert_eq!(Pair::new(rho).residual(0.0, 50), Pair::new(rho));
    // A large branch drowns the skip.
    let (drowned, plain) = (Pair::new(rho).residual(1e9, 5), Pair::new(rho).plain(5));
    assert_relative_eq!(drowned.values(), plain.values(), max_relative = 1e-12);
    assert_relative_eq!(drowned.gradients(), plain.gradients(), max_relative = 1e-12);

    // A branch that ends in its ReLU: the second moments, written out for two blocks from unit inputs and a = 1.
    let pi = std::f64::consts::PI;
    let two = Pair::new(rho).residual_after_relu(1.0, 2);
    let (s, m, p) = (2.0, pi.recip().sqrt(), rho + arc_cosine_1(rho)); // m = E[relu(z)], z of variance 2: √(2/2π)
    let crossed = 2.0 * m * (s / pi).sqrt();
    let (square, product) = (s + s + crossed, p + s * arc_cosine_1(p / s) + crossed);
    assert_relative_eq!(two.values(), product / square, max_relative = 1e-14);
    let gradients = (1.0 + arc_cosine_0(rho)) * (1.0 + arc_cosine_0(p / s)) / 4.0;
    assert_relative_eq!(two.gradients(), gradients, max_relative = 1e-14);
    assert!(Pair::new(rho).residual_after_relu(1.0, 5000).values().is_finite());
}

#[test]
fn one_networks_deviation_and_a_products_largest_singular_value_have_closed_forms() {
    assert_relative_eq!(linear_deviation(1, 1), 2.0_f64.sqrt(), max_relative = 1e-14);
    assert_relative_eq!(linear_deviation(128, 30), 0.770, max_relative = 1e-3);
    assert_relative_eq!(relu_deviation(256, 30), 0.887, max_relative = 1e-3);
    assert_eq!(relu_deviation(7, 0), 0.0);
    assert_relative_eq!(largest_singular_value(3), (4.0_f64.powi(4) / 27.0).sqrt(), max_relative = 1e-14);
    assert_relative_eq!(largest_singular_value(10), 5.34, max_relative = 1e-3);
    assert_eq!(largest_singular_value(0), 1.0);
    // (1 + 1/L)^L → e.
    let large = largest_singular_value(1_000_000);
    assert_relative_eq!(large, (std::f64::consts::E * 1_000_001.0).sqrt(), max_relative = 1e-6);
}
