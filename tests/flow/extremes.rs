//! Gradients far smaller and far larger than the roots of a scalar's range, and the long products that make them.

use chainrule::flow::Flow;
use chainrule::prelude::*;

type L<T> = Linear<2, 2, T>;

/// 2 x 2 networks whose every W is a multiple of a rotation by 45 degrees, so that every length is known.
fn rotations<const N: usize>(factor: f64, x: f64, y: f64) -> Flow {
    let mut net = <[L<f64>; N]>::zeros();
    let share = factor * 0.5f64.sqrt();
    for layer in net.iter_mut() {
        *layer.weight = [[share, share], [-share, share]].map(Vector);
    }
    net.flow(&MeanSquaredError, &[Vector([x, 0.0])], &[Vector([y, 0.0])]).unwrap()
}

#[track_caller]
fn assert_close(actual: impl Into<Option<f64>>, expected: f64) {
    let actual = actual.into().unwrap_or(f64::NAN);
    // A dozen roundings of f64.
    assert!((actual - expected).abs() <= 1e-14 * expected, "{actual:e}, and by hand {expected:e}");
}

#[test]
fn a_gradient_of_1e_minus_250_has_a_length() {
    // dR/dA = A - Y, of length 1; each of two layers makes it 1e-125 times as long.
    let flow = rotations::<2>(1e-125, 0.0, 1.0);
    assert_close(flow.layers[0].output_grad_rms, 0.5f64.sqrt());
    assert_close(flow.layers[1].output_grad_rms, 0.5f64.sqrt() * 1e-125);
    assert_close(flow.layers[1].input_grad_rms, 0.5f64.sqrt() * 1e-250);
    assert_close(flow.layers[1].gain, 1e-125);
    assert_close(flow.attenuation(), 1e-250);
    assert_close(flow.product_of_gains(), 1e-250);
    // |W| = √2 · 1e-125, |dR/db| = |dR/dZ|.
    assert_close(flow.layers[1].parameters[0].norm, 2f64.sqrt() * 1e-125);
    assert_close(flow.layers[1].parameters[1].gradient_norm, 1e-125);
}

#[test]
fn norms_below_the_root_of_the_range_are_not_0_in_the_csv() {
    let flow = rotations::<1>(1e-250, 0.0, 1e-200);
    let row = flow.to_csv().lines().nth(2).unwrap().to_string();
    let cells: Vec<&str> = row.rsplit(',').collect();
    assert_close(cells[3].parse::<f64>().unwrap(), 2f64.sqrt() * 1e-250);
    assert_close(cells[2].parse::<f64>().unwrap(), 1e-200);
}

#[test]
fn a_gradient_of_1e_plus_250_has_a_length() {
    // A = 1e250 · 1e-250, so that dR/dA = 1 - 0 is of length 1.
    let flow = rotations::<2>(1e125, 1e-250, 0.0);
    assert_close(flow.layers[0].output_grad_rms, 0.5f64.sqrt());
    assert_close(flow.layers[1].input_grad_rms, 0.5f64.sqrt() * 1e250);
    assert_close(flow.attenuation(), 1e250);
    assert_close(flow.product_of_gains(), 1e250);
    assert_close(flow.layers[1].parameters[0].norm, 2f64.sqrt() * 1e125);
    let spectrum = flow.layers[1].weights.unwrap().spectrum.unwrap();
    assert_close(spectrum.largest, 1e125);
    assert_close(spectrum.smallest, 1e125);
}

/// 60 sigmoid layers of Glorot's weights: x 0.236 a layer, down to the last of f32's range. (x0.236)^60 is 2.5e-38,
/// with entries that are 0 when squared.
#[test]
fn sixty_sigmoid_layers_are_the_same_in_f32_as_in_f64() {
    macro_rules! profile {
        ($scalar:ty) => {{
            type Net = [(Linear<24, 24, $scalar>, Sigmoid); 60];
            // One seed draws the same numbers, rounded to the scalar.
            let net = Net::init(&mut rng(11));
            let inputs: Vec<Vector<24, $scalar>> =
                (0..4).map(|at| Vector(std::array::from_fn(|i| ((at * 24 + i) as $scalar).sin()))).collect();
            let targets = vec![Vector([0.9; 24]); 4];
            net.flow(&MeanSquaredError, &inputs, &targets).unwrap()
        }};
    }
    let (f32s, f64s): (Flow, Flow) = (profile!(f32), profile!(f64));
    let (small, exact) = (f32s.profile(), f64s.profile());
    assert_eq!((small.len(), exact.len()), (60, 60));
    for ((depth, small), (_, exact)) in small.iter().zip(&exact) {
        // Each layer rounds its gradient by about √24 · 6e-8, and entries below 1e-38 lose digits one by one.
        assert!(
            (small / exact - 1.0).abs() < 1e-3 || *depth <= 10 && (small / exact - 1.0).abs() < 0.05,
            "{depth}: {small:e} {exact:e}"
        );
    }
    assert!(exact[0].1 < 1e-36, "{:e}", exact[0].1);
    for layer in f32s.leaves() {
        assert!(layer.output_grad_rms > Some(0.0) && layer.input_grad_rms > Some(0.0), "{layer:?}");
        assert!(layer.parameters.iter().all(|parameter| parameter.gradient_norm > 0.0), "{layer:?}");
    }
}
