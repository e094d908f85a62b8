//! The chain rule written out, as an explicit product of Jacobian matrices, against `backward`.
//!
//! The formulas, with nalgebra's matrices in `f64`, are in `common/chain_rule.rs`:
//!
//! * Without skips: dR/dW(n-k) = dR/dA(n) · g'(Z(n)) W(n) · g'(Z(n-1)) W(n-1) · .. · g'(Z(n-k)) · dZ(n-k)/dW(n-k).
//! * With A(n) = g(Z(n) + Z(n-k)): the sum of that product, through the layers, and one without its factors W, through
//!   the skip connection.
//! * With several skips: the sum over all paths.

use crate::chain_rule::{ChainRule, Written, layers_of};
use crate::common::{backward, forward};
use chainrule::prelude::*;
use nalgebra::{DVector, RowDVector};

/// Equal to 1e-10 of the largest of `expected`.
///
/// Rounding is far below it: a number is a sum of at most 2³ paths of 100 factors, each of sums of 4, so that it is
/// within about 3,200 roundings, 4e-13, of the sum of its terms' sizes. A wrong factor, index or sign is far above.
fn assert_close<'a>(
    name: &str,
    actual: impl IntoIterator<Item = &'a f64>,
    expected: impl IntoIterator<Item = &'a f64>,
) {
    let (actual, expected): (Vec<_>, Vec<_>) = (actual.into_iter().collect(), expected.into_iter().collect());
    assert_eq!(actual.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0, |max, x| f64::max(max, x.abs()));
    for (at, (x, y)) in actual.iter().zip(&expected).enumerate() {
        assert!((*x - *y).abs() <= 1e-10 * largest, "{name}, element {at}: {x:e}, but the product is {y:e}");
    }
}

const SAMPLES: usize = 2;

/// dR/dW and dR/db of every layer of `N`, and dR/dX, by the formula and by `backward`; `paths` lead from S(n) to S(1).
fn check<G: Written, N, const IN: usize, const OUT: usize>(name: &str, skips: &[(usize, usize)], paths: usize)
where
    N: Maps<Vector<IN, f64>, Vector<OUT, f64>>,
{
    let network = N::init_with(Initializer::he_normal(), &mut rng(5));
    let inputs: [Vector<IN, f64>; SAMPLES] = [0.9, -0.4].map(|x| Vector([x; IN].map(|x| x - 0.1)));
    let targets = [Vector([0.3; OUT]), Vector([-0.2; OUT])];

    // Backpropagation.
    let (mut gradient, mut workspace) = (N::zeros(), Workspace::default());
    let loss = network
        .loss_gradient(&MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(0))
        .unwrap();

    // The formula, for each sample, summed.
    let layers = layers_of(&network);
    let mut expected = layers_of(&N::zeros());
    let mut expected_loss = 0.0;
    for (x, y) in inputs.iter().zip(&targets) {
        let chain_rule = ChainRule::forward::<G>(&layers, skips, &x.0);
        assert_eq!(chain_rule.paths(layers.len(), 1).len(), paths, "{name}");
        // R = Σ (A - Y)² / (numbers of all outputs), so that dR/dA = 2 (A - Y) / (numbers of all outputs).
        let difference = chain_rule.a.last().unwrap() - DVector::from_column_slice(&y.0);
        expected_loss += difference.norm_squared() / (SAMPLES * OUT) as f64;
        let by_output = difference.transpose() * (2.0 / (SAMPLES * OUT) as f64);
        for (m, expected) in (1..).zip(&mut expected) {
            let by_sum = chain_rule.by_sum(&by_output, m);
            let by_weight = &by_sum * chain_rule.by_weight(m);
            expected.w.as_mut_slice().iter_mut().zip(&by_weight).for_each(|(sum, term)| *sum += term);
            expected.b += by_sum.transpose(); // dZ/db = I
        }
        check_input_gradient(&format!("{name}: X"), &*network, x, &chain_rule);
    }
    assert_close(name, [&loss], [&expected_loss]);
    for (m, (actual, expected)) in (1..).zip(layers_of(&gradient).iter().zip(&expected)) {
        assert!(expected.w.norm() > 0.0, "{name}: nothing to compare in W({m})");
        assert_close(&format!("{name}: W({m})"), &actual.w, &expected.w);
        assert_close(&format!("{name}: b({m})"), &actual.b, &expected.b);
    }
}

/// d(ΣA(n))/dX = 1 · g'(S(n)) · Σ paths to S(1) · W(1), against `Layer::backward` with ones for the output's gradient.
fn check_input_gradient<N, const IN: usize, const OUT: usize>(
    name: &str,
    network: &N,
    x: &Vector<IN, f64>,
    chain_rule: &ChainRule<'_>,
) where
    N: Maps<Vector<IN, f64>, Vector<OUT, f64>>,
{
    let mut workspace = Workspace::default();
    let y = forward(network, &[*x], &mut workspace, &mut Mode::Evaluate);
    let (dx, _) = backward(network, &[*x], &y, &[Vector([1.0; OUT])], &mut workspace, None);
    let expected = chain_rule.by_sum(&RowDVector::from_element(OUT, 1.0), 1) * chain_rule.w(1);
    assert_close(name, &dx[0].0, &expected);
}

type L<const I: usize, const O: usize> = Linear<I, O, f64>;

/// The same with each of four activations.
macro_rules! with_each_activation {
    (|$G:ident| $network:ty, $inputs:literal -> $outputs:literal, $skips:expr, $paths:literal) => {
        with_each_activation!(@ $G, $network, $inputs, $outputs, $skips, $paths; Sigmoid, Tanh, Relu, LeakyRelu<1, 5>);
    };
    (@ $G:ident, $network:ty, $inputs:literal, $outputs:literal, $skips:expr, $paths:literal; $($activation:ty),+) => {
        $({
            type $G = $activation;
            check::<$G, $network, $inputs, $outputs>(stringify!($activation), &$skips, $paths);
        })+
    };
}

#[test]
fn one_layer_is_one_factor() {
    with_each_activation!(|G| (L<4, 2>, G), 4 -> 2, [], 1);
}

#[test]
fn three_layers_are_their_three_formulas() {
    with_each_activation!(|G| (L<4, 5>, G, L<5, 3>, G, L<3, 2>, G), 4 -> 2, [], 1);
}

#[test]
fn ten_and_fifty_layers_are_long_products() {
    with_each_activation!(|G| [(L<4, 4>, G); 10], 4 -> 4, [], 1);
    with_each_activation!(|G| [(L<4, 4>, G); 50], 4 -> 4, [], 1);
}

#[test]
fn a_skip_connection_is_a_sum_of_two_terms() {
    // A(2) = g(Z(2) + Z(1)).
    with_each_activation!(|G| (L<3, 4>, Residual<(G, L<4, 4>)>, G), 3 -> 4, [(1, 2)], 2);
    // A(4) = g(Z(4) + Z(2)), with layers below and above.
    with_each_activation!(
        |G| (L<3, 5>, G, L<5, 4>, Residual<(G, L<4, 6>, G, L<6, 4>)>, G, L<4, 2>, G),
        3 -> 2, [(2, 4)], 2
    );
}

#[test]
fn three_post_activation_blocks_are_a_sum_over_eight_paths() {
    with_each_activation!(
        |G| (L<3, 4>, G, [(L<4, 4>, Residual<(G, L<4, 4>)>, G); 3], L<4, 2>, G),
        3 -> 2, [(2, 3), (4, 5), (6, 7)], 8
    );
}

#[test]
fn three_pre_activation_blocks_are_a_sum_over_eight_paths() {
    with_each_activation!(
        |G| (L<3, 4>, [Residual<(G, L<4, 4>, G, L<4, 4>)>; 3], G, L<4, 2>, G),
        3 -> 2, [(1, 3), (3, 5), (5, 7)], 8
    );
}

#[test]
fn a_skip_within_a_skip_is_a_sum_over_three_paths() {
    with_each_activation!(
        |G| (L<3, 4>, Residual<(G, L<4, 4>, Residual<(G, L<4, 4>)>, G, L<4, 4>)>, G),
        3 -> 4, [(2, 3), (1, 4)], 3
    );
}

/// The two terms of a skip connection: if the product of the W's vanishes, the other term remains.
#[test]
fn where_the_first_term_vanishes_the_skips_term_is_the_gradient() {
    type Net = (L<4, 4>, Residual<[(Tanh, L<4, 4>); 20]>, Tanh);
    let (n, p) = (21, 1);
    let network = Net::init_with(Initializer::he_normal().gain(0.1), &mut rng(5));
    let (x, y) = (Vector([0.9, -0.4, 0.1, 0.7]), Vector([0.3; 4]));
    let (mut gradient, mut workspace) = (Net::zeros(), Workspace::default());
    network.loss_gradient(&MeanSquaredError, &[x], &[y], &mut workspace, &mut gradient, &mut rng(0)).unwrap();

    let layers = layers_of(&network);
    let skips = [(p, n)];
    let chain_rule = ChainRule::forward::<Tanh>(&layers, &skips, &x.0);
    let by_output = (&chain_rule.a[n] - DVector::from_column_slice(&y.0)).transpose() * (2.0 / 4.0);
    // dR/dA(n) · g'(Z(n) + Z(n-k)), which both terms begin with.
    let both = by_output * chain_rule.slope(n);
    // The first term: · W(n) g'(Z(n-1)) · .. · W(n-k+1) g'(Z(n-k)) · dZ(n-k)/dW(n-k).
    let product =
        (p + 1..=n).rev().fold(both.clone(), |row, i| row * chain_rule.w(i) * chain_rule.slope(i - 1));
    let first = product * chain_rule.by_weight(p);
    // The second: · dZ(n-k)/dW(n-k).
    let second = both * chain_rule.by_weight(p);

    assert_close("the sum of the two terms", gradient.0.weights(), &(&first + &second));
    // He's weights of 4 inputs have a norm of about 2, times the gain: 20 factors of 0.2 are 1e-14 of the second term.
    assert!(first.norm() > 0.0 && first.norm() < 1e-10 * second.norm());
    assert_close("the second term alone", gradient.0.weights(), &second);
}
