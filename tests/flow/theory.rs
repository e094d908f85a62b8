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

mod correlation;
mod mean_field;

use approx::{assert_abs_diff_eq, assert_relative_eq};
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

fn field<A: Activation>(weight_variance: f64, bias_variance: f64) -> MeanField<A> {
    MeanField::new(weight_variance, bias_variance).expect("these are variances")
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
    // Among them places next to 1 and 2, where panels may meet.
    let near = [0.9999, 0.998, 1.001, 1.999_9, 1.998, 2.000_03, 1.499_9, 0.0, 1.0, 2.0, 6.1, 9.0];
    let places = near.into_iter().chain((1..100).map(|at| at as f64 * 0.0617));
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

/// However wide the normal distribution, ∫ sech⁴ = 4/3 and ∫ σ'² = 1/6 of it lie at 0, times its density there. What is
/// left out is of the order of 1/q.
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
        let mean = expectation(q, |x| x * x * (-x * x).exp());
        assert_relative_eq!(mean, std::f64::consts::PI.sqrt() / 2.0 * density, max_relative = DIGITS);
    }
}
