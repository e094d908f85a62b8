use core::f64::consts::PI;
use core::fmt;

use super::expectation;
use crate::layer::Activation;

/// How many terms a series has at most. All activations of this crate need fewer for an error of 1e-6.
const TERMS: usize = 32;
/// Terms below this are left out at the end of a series.
const SMALLEST: f64 = 1e-9;

/// The moments of an activation for a normal input of any variance q, as series.
///
/// Prints the expression of [`Moments`](crate::layer::Moments) to write into [`Activation::EFFECT`]. See the example of
/// [`moments`].
#[derive(Clone, Debug, PartialEq)]
pub struct MomentSeries {
    /// g(0).
    pub start: f64,
    /// The coefficients of (E\[g(x)\] - g(0)) / √q.
    pub mean: Vec<f64>,
    /// The coefficients of (E\[g(x)²\] - g(0)²) / q.
    pub square: Vec<f64>,
    /// The coefficients of E\[g'(x)²\].
    pub slope: Vec<f64>,
}

/// Computes the moments of an activation in the form that [`Effect`](crate::layer::Effect) needs: the coefficients of
/// Chebyshev polynomials in u = (√q - 1) / (√q + 1), which maps all variances to -1 .. 1.
///
/// Print the result and paste it into the activation. The series converge fast for smooth functions. For a function
/// with kinks outside 0, compare them with [`MeanField::output_square`](super::MeanField::output_square) first.
///
/// # Source
/// Boyd, "Orthogonal rational functions on a semi-infinite interval", J. Comput. Phys. 70 (1987): rational Chebyshev
/// functions, here of √q.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let series = chainrule::theory::moments::<Tanh>();
/// assert!(series.to_string().starts_with("Moments::Series {"));
/// assert!(series.mean.is_empty()); // odd functions have the mean 0
/// ```
#[doc(alias = "chebyshev")]
pub fn moments<A: Activation>() -> MomentSeries {
    let start = A::apply(0.0_f64);
    // Writes g(x)² - g(0)² as a product, so that small q do not cause cancellation.
    let square = |x: f64| (A::apply(x) - start) * (A::apply(x) + start);
    MomentSeries {
        start,
        mean: series(|q| expectation(q, |x| A::apply(x) - start) / q.sqrt()),
        square: series(|q| expectation(q, square) / q),
        slope: series(|q| expectation(q, |x| A::derivative(x, A::apply(x)).powi(2))),
    }
}

/// Computes the coefficients from the values at the zeros of the Chebyshev polynomial of degree [`TERMS`].
fn series(f: impl Fn(f64) -> f64) -> Vec<f64> {
    let n = TERMS as f64;
    let angle = |at: usize| PI * (at as f64 + 0.5) / n;
    let values: Vec<f64> = (0..TERMS)
        .map(|at| {
            let u = angle(at).cos();
            f(((1.0 + u) / (1.0 - u)).powi(2))
        })
        .collect();
    let coefficient = |k: usize| {
        let sum: f64 = values.iter().enumerate().map(|(at, f)| f * (k as f64 * angle(at)).cos()).sum();
        sum * if k == 0 { 1.0 } else { 2.0 } / n
    };
    let mut series: Vec<f64> = (0..TERMS).map(coefficient).collect();
    while series.last().is_some_and(|last| last.abs() < SMALLEST) {
        series.pop();
    }
    // The error of the series makes further digits useless.
    series.iter().map(|c| format!("{c:.12}").parse().unwrap_or(*c)).collect()
}

impl fmt::Display for MomentSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, mean, square, slope } = self;
        write!(
            f,
            "Moments::Series {{ start: {start:?}, mean: &{mean:?}, square: &{square:?}, slope: &{slope:?} }}"
        )
    }
}
