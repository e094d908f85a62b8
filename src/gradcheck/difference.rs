//! Derivatives by finite differences.

use super::TOLERANCE;

/// A derivative, and a bound of its rounding error.
pub(super) struct Derivative {
    pub(super) value: f64,
    pub(super) noise: f64,
}

/// Computes df/dx at `x`. `magnitude` is the size of the terms whose sum is f.
pub(super) fn derivative(x: f64, magnitude: f64, f: &mut dyn FnMut(f64) -> f64) -> Derivative {
    let mut slope = |h: f64| {
        // The steps that remain after rounding.
        let (right, left) = ((x + h) - x, x - (x - h));
        let (far_right, far_left) = ((x + 2.0 * h) - x, x - (x - 2.0 * h));
        let near = (f(x + right) - f(x - left)) / (right + left);
        let far = (f(x + far_right) - f(x - far_left)) / (far_right + far_left);
        (4.0 * near - far) / 3.0
    };
    let scale = f64::max(1.0, x.abs());
    let (mut best, mut disagreement) = (Derivative { value: f64::NAN, noise: 0.0 }, f64::INFINITY);
    for step in [1e-3, 1e-4, 1e-5, 1e-6] {
        let h = step * scale;
        let (whole, half) = (slope(h), slope(h / 2.0));
        let noise = 16.0 * f64::EPSILON * magnitude / h;
        let difference = (whole - half).abs() + noise;
        if difference < disagreement {
            disagreement = difference;
            best = Derivative { value: half, noise };
        }
        if (whole - half).abs() <= noise + 1e-3 * TOLERANCE * half.abs() {
            break;
        }
    }
    best
}
