//! Singular values of the layers of weights, against matrices whose singular values are known, and against nalgebra's
//! decomposition of the matrix that a layer's forward pass is.

use chainrule::Real;
use chainrule::flow::Spectrum;
use chainrule::layer::{Owned, Parameter, Role, ViewMut, Visitor, visit};
use chainrule::prelude::*;
use nalgebra::{DMatrix, SymmetricEigen};

/// What gradient flow finds of a network that is one layer.
fn spectrum_of<X: Tensor, Y: Tensor, N: Maps<X, Y>>(layer: &N) -> Option<Spectrum> {
    let mut target = [Y::zeroed()];
    Y::flat_mut(&mut target).fill(Real::from_f64(1.0));
    let flow = layer.flow(&MeanSquaredError, &[X::zeroed()], &target).unwrap();
    flow.layers[0].weights.unwrap().spectrum
}

/// A square layer with these weights, input after input.
fn square<const N: usize>(weights: [[f64; N]; N]) -> Owned<Linear<N, N, f64>> {
    let mut layer = Linear::<N, N, f64>::zeros();
    *layer.weight = weights.map(Vector);
    layer
}

#[track_caller]
fn assert_exactly(spectrum: Option<Spectrum>, largest: f64, smallest: f64, tolerance: f64) {
    let Some(found) = spectrum else { panic!("no singular values") };
    assert!(found.exact);
    assert!((found.largest - largest).abs() <= tolerance * largest, "{found:?}, not {largest}");
    // Rounding in a decomposition is relative to the largest.
    assert!((found.smallest - smallest).abs() <= tolerance * largest, "{found:?}, not {smallest}");
}

/// Some hundred roundings of f64.
const ROUNDING: f64 = 1e-13;

#[test]
fn known_matrices_have_their_known_singular_values() {
    assert_exactly(spectrum_of(&*square([[3.0, 0.0], [0.0, -7.0]])), 7.0, 3.0, ROUNDING);
    // σ² are the roots of λ² - 30 λ + 4: |W|² = 30, det² = 4.
    let root = |sign: f64| (15.0 + sign * 221f64.sqrt()).sqrt();
    assert_exactly(spectrum_of(&*square([[1.0, 2.0], [3.0, 4.0]])), root(1.0), root(-1.0), ROUNDING);
    // u vᵀ of lengths 3 and 3 has rank one.
    let [u, v] = [[1.0, 2.0, 2.0], [2.0, -1.0, 2.0]];
    assert_exactly(spectrum_of(&*square(u.map(|u| v.map(|v| u * v)))), 9.0, 0.0, ROUNDING);
    assert_exactly(spectrum_of(&*square([[0.0; 5]; 5])), 0.0, 0.0, ROUNDING);
    assert_exactly(spectrum_of(&*square([[1e-250, 0.0], [0.0, 1e-260]])), 1e-250, 1e-260, ROUNDING);
    assert_exactly(spectrum_of(&*square([[1e250, 0.0], [0.0, 1e240]])), 1e250, 1e240, ROUNDING);
    assert_exactly(spectrum_of(&*square([[-2.5]])), 2.5, 2.5, ROUNDING);
}

#[test]
fn what_is_not_square_has_as_many_as_its_shorter_side() {
    let mut wide = Linear::<3, 2, f64>::zeros();
    *wide.weight = [[3.0, 0.0], [0.0, 0.5], [4.0, 0.0]].map(Vector);
    assert_exactly(spectrum_of(&*wide), 5.0, 0.5, ROUNDING);
    let mut tall = Linear::<2, 3, f64>::zeros();
    *tall.weight = [[3.0, 0.0, 4.0], [0.0, 0.5, 0.0]].map(Vector);
    assert_exactly(spectrum_of(&*tall), 5.0, 0.5, ROUNDING);
}

#[test]
fn a_bias_is_no_part_of_w() {
    let mut layer = square([[3.0, 1.0], [0.0, -7.0]]);
    let without = spectrum_of(&*layer);
    layer.bias = Vector([1e6, -1e6]);
    assert_eq!(spectrum_of(&*layer), without);
}

#[test]
fn orthogonal_weights_change_no_length() {
    let orthogonal = Initializer::orthogonal().gain(1.5);
    let f64s = Linear::<40, 40, f64>::init_with(orthogonal, &mut rng(2));
    assert_exactly(spectrum_of(&*f64s), 1.5, 1.5, ROUNDING);
    // In f32 each of 40 x 128 weights is off by half an epsilon of itself: |error| <= 6e-8 |W| = 6e-8 · 1.5 √40.
    let f32s = Linear::<40, 128>::init_with(orthogonal, &mut rng(2));
    assert_exactly(spectrum_of(&*f32s), 1.5, 1.5, 6e-8 * 40f64.sqrt());
}

#[test]
fn no_singular_values_of_weights_that_are_not_finite() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(spectrum_of(&*square([[1.0, 0.0], [number, 1.0]])), None);
    }
}

/// The singular values of the matrix whose columns are the layer's outputs for each unit vector, without its bias, as
/// roots of the eigenvalues of WᵀW.
fn by_forward<X: Tensor, Y: Tensor, N: Maps<X, Y>>(layer: &N) -> Vec<f64> {
    let mut units: Vec<X> = vec![X::zeroed(); X::LEN + 1];
    for at in 0..X::LEN {
        units[at].as_mut_slice()[at] = Real::from_f64(1.0);
    }
    let outputs = layer.predict_batch::<X, Y>(&units).unwrap();
    let column = |at: usize| outputs[at].as_slice().iter().map(|y: &Y::Scalar| y.to_f64());
    let bias = DMatrix::from_iterator(Y::LEN, 1, column(X::LEN));
    let w = DMatrix::from_iterator(Y::LEN, X::LEN, (0..X::LEN).flat_map(column));
    let w = DMatrix::from_fn(w.nrows(), w.ncols(), |i, j| w[(i, j)] - bias[i]);
    let square = if X::LEN < Y::LEN { w.transpose() * &w } else { &w * w.transpose() };
    let mut values: Vec<f64> =
        SymmetricEigen::new(square).eigenvalues.iter().map(|v| v.max(0.0).sqrt()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// A layer with biases too, whose singular values are those of the matrix that its forward pass is.
fn check<X: Tensor, Y: Tensor, N: Maps<X, Y>>(name: &str) {
    let mut layer = N::init_with(Initializer::he_normal(), &mut rng(4));
    visit([], [ViewMut::of(&mut *layer)], &mut Biases);
    let (values, found) = (by_forward(&*layer), spectrum_of::<X, Y, N>(&*layer).unwrap());
    let (smallest, largest) = (values[0], values[values.len() - 1]);
    assert!(found.exact && (found.largest - largest).abs() < 1e-12 * largest, "{name}: {found:?} {largest}");
    // Rounding of WᵀW is 1e-14 of its largest eigenvalue, and the root of that is 1e-7.
    assert!((found.smallest - smallest).abs() < 1e-6 * largest, "{name}: {found:?} {smallest}");
}

struct Biases;
impl Visitor<0, 1> for Biases {
    fn visit<T: Real>(&mut self, p: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if p.role == Role::Bias {
            xs.fill(T::from_f64(0.7));
        }
    }
}

#[test]
fn of_a_convolution_they_are_those_of_the_map_of_whole_images() {
    check::<Image<2, 5, 4, f64>, _, Conv2d<2, 3, 3, 1, 1, f64>>("conv2d");
    check::<Image<1, 6, 5, f64>, _, Conv2d<1, 2, 3, 2, 2, f64, NoBias>>("conv2d with strides");
    check::<Image<2, 5, 4, f64>, _, DepthwiseConv2d<2, 3, 1, 0, f64>>("depthwise");
    check::<Image<2, 3, 4, f64>, _, TransposedConv2d<2, 3, 3, 2, 1, f64>>("transposed");
    check::<Sequence<6, 2, f64>, _, Conv1d<2, 3, 3, 1, 0, f64>>("conv1d");
    check::<Image<2, 3, 2, f64>, _, Dense<Image<2, 3, 2, f64>, Sequence<2, 4, f64>>>("dense");
}

/// Jacobi's method against nalgebra's decomposition of the same matrix, for square, wide, tall and nearly singular
/// ones.
#[test]
fn they_are_those_of_nalgebras_decomposition() {
    fn check<const IN: usize, const OUT: usize>(decay: f64) {
        let mut layer = Linear::<IN, OUT, f64>::init_with(Initializer::he_normal(), &mut rng(IN as u64));
        // Each row a constant factor smaller than the one before it, so that the singular values are far apart.
        for (row, weights) in layer.weight.iter_mut().enumerate() {
            weights.0.iter_mut().for_each(|w| *w *= decay.powi(row as i32));
        }
        let values = DMatrix::from_column_slice(OUT, IN, layer.weights()).singular_values();
        // A backward stable decomposition errs by some √(IN + OUT) roundings of the largest singular value.
        assert_exactly(spectrum_of(&*layer), values.max(), values.min(), 1e-14 * ((IN + OUT) as f64).sqrt());
    }
    check::<64, 64>(1.0);
    check::<100, 37>(1.0);
    check::<20, 128>(1.0);
    check::<48, 48>(0.5); // down to 1e-14 of the largest
    check::<784, 128>(1.0);
}

/// What power iterations find where the matrix is too large for a decomposition.
fn check_power_iteration<X: Tensor, Y: Tensor, N: Maps<X, Y>>(
    name: &str,
    layer: &N,
    values: &[f64],
    gain: f64,
) {
    let found = spectrum_of::<X, Y, N>(layer).unwrap();
    let (smallest, largest) = (gain * values[0], gain * values[values.len() - 1]);
    assert!(!found.exact, "{name} is small");
    // A Rayleigh quotient is at most the largest eigenvalue, and at least the smallest; 1e-5 is the rounding of f32.
    let share = found.largest / largest;
    assert!((0.97..=1.0 + 1e-5).contains(&share), "{name}: {found:?} of {largest:e}");
    assert!(found.smallest >= smallest - 1e-5 * largest, "{name}: {found:?} of {smallest:e}");
    assert!(found.smallest < 0.2 * found.largest, "{name}: {found:?}"); // it has looked for it
}

#[test]
fn power_iterations_come_near_from_the_safe_side() {
    let he = Initializer::he_normal();
    let square = |gain| <Linear<130, 130>>::init_with(he.gain(gain), &mut rng(1));
    let values = by_forward(&*square(1.0));
    // W² is out of the range of f32 where W is not.
    for gain in [1.0, 1e-25, 1e25] {
        check_power_iteration("130 x 130", &*square(gain), &values, gain);
    }
    let mut wide = <Linear<150, 130>>::init_with(he, &mut rng(1));
    wide.bias.0.fill(0.7);
    check_power_iteration("150 x 130", &*wide, &by_forward(&*wide), 1.0);
    // 147 numbers to 196.
    let conv = Conv2d::<3, 4, 3, 1, 1>::init_with(he, &mut rng(1));
    check_power_iteration::<Image<3, 7, 7>, _, _>(
        "conv",
        &*conv,
        &by_forward::<Image<3, 7, 7>, _, _>(&*conv),
        1.0,
    );

    let zero = spectrum_of(&*<Linear<130, 130>>::zeros());
    assert_eq!(zero, Some(Spectrum { largest: 0.0, smallest: 0.0, exact: false }));
}
