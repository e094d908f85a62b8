//! Two gradients; and one network among many.

use approx::assert_relative_eq;
use chainrule::theory::*;

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
    // acos ρ ≈ 3π/L: 1 - ρ ≈ 9π²/2L², and twice the depth leaves an eighth. Terms of ln(L)/L are left out: 1 % at
    // 2,000.
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
