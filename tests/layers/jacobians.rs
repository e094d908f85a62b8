//! `Network::vjp` and `Network::jacobian` against the Jacobian matrices of the layers, multiplied with nalgebra.
//!
//! For a network whose layers have the Jacobians J(1), .., J(n) the Jacobian is J = J(n) · .. · J(1), and for a
//! cotangent u the vector-Jacobian product is uᵀ J; by the weights of layer m it is uᵀ J(n) · .. · J(m+1) ·
//! dZ(m)/dW(m).

use crate::chain_rule::{ChainRule, Written, layers_of};
use chainrule::Error;
use chainrule::layer::NoBias;
use chainrule::prelude::*;
use nalgebra::{DMatrix, DVector, RowDVector};

type L<const I: usize, const O: usize> = Linear<I, O, f64>;

/// Equal to 1e-12 of the largest number: each is a sum of fewer than 100 products of fewer than 20 factors, so that it
/// has fewer than 2,000 roundings of 1.1e-16.
fn assert_close(name: &str, actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0, |max, x| f64::max(max, x.abs()));
    assert!(largest > 0.0, "{name}: nothing to compare");
    for (at, (x, y)) in actual.iter().zip(expected).enumerate() {
        assert!((x - y).abs() <= 1e-12 * largest, "{name}, element {at}: {x:e}, but the product is {y:e}");
    }
}

/// `jacobian` at each of two inputs, and `vjp` for both at once, against the sum over all paths.
fn check<G: Written, N, const IN: usize, const OUT: usize>(name: &str, skips: &[(usize, usize)])
where
    N: Maps<Vector<IN, f64>, Vector<OUT, f64>>,
{
    let network = N::init_with(Initializer::he_normal().bias_normal(0.3), &mut rng(5));
    let inputs: [Vector<IN, f64>; 2] =
        [0.9, -0.4].map(|x| Vector(core::array::from_fn(|at| x - 0.3 * at as f64)));
    let cotangents: [Vector<OUT, f64>; 2] =
        [0.7, -1.1].map(|u| Vector(core::array::from_fn(|at| u + 0.2 * at as f64)));
    let (input_grads, gradient) = network.vjp(&inputs, &cotangents).unwrap();

    let layers = layers_of(&network);
    let mut expected = layers_of(&N::zeros());
    for ((x, u), input_grad) in inputs.iter().zip(&cotangents).zip(&input_grads) {
        let chain_rule = ChainRule::forward::<G>(&layers, skips, &x.0);
        // dA(n)/dX, row by row: to dS(1), and on by W(1).
        let row = |cotangent: &RowDVector<f64>| chain_rule.by_sum(cotangent, 1) * chain_rule.w(1);
        let jacobian: Box<[Vector<IN, f64>; OUT]> = network.jacobian(x).unwrap();
        for (at, found) in jacobian.iter().enumerate() {
            let unit = RowDVector::from_fn(OUT, |_, o| f64::from(o == at));
            assert_close(&format!("{name}: row {at} of the Jacobian"), &found.0, row(&unit).as_slice());
        }
        let u = RowDVector::from_row_slice(&u.0);
        assert_close(&format!("{name}: uᵀ J"), &input_grad.0, row(&u).as_slice());
        for (m, expected) in (1..).zip(&mut expected) {
            let by_sum = chain_rule.by_sum(&u, m);
            let by_weight = &by_sum * chain_rule.by_weight(m);
            expected.w.as_mut_slice().iter_mut().zip(&by_weight).for_each(|(sum, term)| *sum += term);
            expected.b += by_sum.transpose();
        }
    }
    for (m, (found, expected)) in (1..).zip(layers_of(&gradient).iter().zip(&expected)) {
        assert_close(&format!("{name}: W({m})"), found.w.as_slice(), expected.w.as_slice());
        assert_close(&format!("{name}: b({m})"), found.b.as_slice(), expected.b.as_slice());
    }
}

#[test]
fn of_a_plain_stack_they_are_one_product() {
    check::<Tanh, (L<4, 5>, Tanh, L<5, 3>, Tanh, L<3, 2>, Tanh), 4, 2>("plain", &[]);
    check::<LeakyRelu<1, 5>, [(L<3, 3>, LeakyRelu<1, 5>); 10], 3, 3>("ten layers", &[]);
}

#[test]
fn of_a_residual_stack_they_are_a_sum_of_products() {
    type Block = (L<4, 4>, Residual<(Tanh, L<4, 4>)>, Tanh);
    check::<Tanh, (L<3, 4>, Tanh, [Block; 3], L<4, 2>, Tanh), 3, 2>("residual", &[(2, 3), (4, 5), (6, 7)]);
}

/// Images of 2 channels of 3 x 4 pixels, seen by 3 channels of padded windows of 3 x 3: as many pixels come out.
type In = Image<2, 3, 4, f64>;
type Middle = Image<3, 3, 4, f64>;
type Convolution = Conv2d<2, 3, 3, 1, 1, f64>;

/// Every (output, weight, input) that a convolution multiplies, from its definition, as indices in memory order:
/// y[o][r][c] = Σ w[o][i][k][l] x[i][r + k - 1][c + l - 1].
fn products() -> Vec<[usize; 3]> {
    let mut products = vec![];
    for (o, r, c) in (0..3).flat_map(|o| (0..12).map(move |at| (o, at / 4, at % 4))) {
        for (i, k, l) in (0..2).flat_map(|i| (0..9).map(move |at| (i, at / 3, at % 3))) {
            let (row, column) = (r + k, c + l);
            if (1..=3).contains(&row) && (1..=4).contains(&column) {
                let input = (i * 3 + row - 1) * 4 + column - 1;
                products.push([(o * 3 + r) * 4 + c, ((o * 2 + i) * 3 + k) * 3 + l, input]);
            }
        }
    }
    products
}

#[test]
fn of_a_convolution_they_are_the_matrix_that_its_definition_makes() -> Result<(), Error> {
    type Net = (Convolution, Tanh, Dense<Middle, Vector<2, f64>, NoBias>);
    let net = Net::init_with(Initializer::he_normal().bias_normal(0.3), &mut rng(5));
    let x = In::from_slice(&(0..24).map(|at| ((7 * at + 3) % 11) as f64 / 5.0 - 1.0).collect::<Vec<_>>())?;

    // dZ/dX and dZ/dW of the convolution, a row for each number of Z.
    let (weights, products) = (net.0.weights(), products());
    let (mut by_input, mut by_weight) = (DMatrix::zeros(36, 24), DMatrix::zeros(36, 54));
    let mut z = DVector::from_fn(36, |at, _| net.0.bias[at / 12]);
    for [output, weight, input] in products {
        by_input[(output, input)] += weights[weight];
        by_weight[(output, weight)] += x.as_slice()[input];
        z[output] += weights[weight] * x.as_slice()[input];
    }
    // By itself: a row of the Jacobian is an image, for each number of the output.
    let jacobian: Box<[[[In; 4]; 3]; 3]> = net.0.jacobian(&x)?;
    let rows = jacobian.as_flattened().as_flattened();
    assert_eq!(rows.len(), 36);
    for (at, row) in rows.iter().enumerate() {
        assert_close(
            &format!("row {at} of the convolution"),
            row.as_slice(),
            by_input.row(at).transpose().as_slice(),
        );
    }

    // In a network: W(3) · g' · dZ/dX.
    let slopes = DMatrix::from_diagonal(&z.map(|z| 1.0 / z.cosh().powi(2)));
    let above = DMatrix::from_column_slice(2, 36, net.2.weights()) * slopes; // [inputs, outputs] in memory
    let product = &above * &by_input;
    let jacobian: Box<[In; 2]> = net.jacobian(&x)?;
    for (at, row) in jacobian.iter().enumerate() {
        assert_close(
            &format!("row {at} of the network"),
            row.as_slice(),
            product.row(at).transpose().as_slice(),
        );
    }

    let u = Vector([0.7, -1.1]);
    let (input_grads, gradient) = net.vjp(&[x], &[u])?;
    let above = RowDVector::from_row_slice(&u.0) * above;
    assert_close("uᵀ J", input_grads[0].as_slice(), (&above * &by_input).as_slice());
    assert_close("by the weights", gradient.0.weights(), (&above * &by_weight).as_slice());
    let by_bias: Vec<f64> = (0..3).map(|o| above.columns(12 * o, 12).sum()).collect();
    assert_close("by the bias", &gradient.0.bias.0, &by_bias);
    Ok(())
}

#[test]
fn they_refuse_what_predict_refuses_and_batches_of_two_lengths() {
    let (x, u) = (Vector([0.1_f32, 0.2]), Vector([1.0_f32, 2.0]));
    let nan = Vector([0.1, f32::NAN]);
    let error = Tanh.vjp(&[x, nan], &[u, u]).unwrap_err();
    assert!(matches!(error, Error::NonFiniteData { sample: 1, element: 1, .. }), "{error}");
    let error = Tanh.jacobian(&nan).unwrap_err();
    assert!(matches!(error, Error::NonFiniteData { element: 1, .. }), "{error}");
    let error = Tanh.vjp(&[x, x], &[u]).unwrap_err();
    assert_eq!(error, Error::CotangentLengths { inputs: 2, cotangents: 1 });
    let error = Tanh.vjp(&[x, x], &[u, nan]).unwrap_err();
    assert!(
        matches!(error, Error::NonFiniteData { what: "cotangent", sample: 1, element: 1, .. }),
        "{error}"
    );
    let (input_grads, _) = Tanh.vjp(&[] as &[Vector<2>], &[] as &[Vector<2>]).unwrap();
    assert!(input_grads.is_empty());
}

/// Dropout passes everything on and norms use their running statistics: another draw would give another matrix.
#[test]
fn they_are_those_of_evaluation_mode() -> Result<(), Error> {
    let (x, u) = (Vector([0.4, -2.0, 3.0]), Vector([1.0, 10.0, 100.0]));
    let net = <(Dropout<90>, BatchNorm<3, f64>)>::init(&mut rng(0));
    let (input_grads, gradient) = net.vjp(&[x], &[u])?;
    let factor = 1.0 / (1.0 + 1e-5_f64).sqrt(); // a running variance of 1
    assert_close("dx", &input_grads[0].0, &u.0.map(|u| u * factor));
    assert_eq!(gradient.1.bias, u);
    assert_eq!(gradient.1.running_mean, Vector([0.0; 3])); // nothing was measured
    Ok(())
}
