use super::Loss;
use super::checks::{check_finite, check_output, check_positive};
use crate::Error;
use crate::kernel::Real;
use crate::tensor::{Image, Sequence, Tensor, Vector};

/// The negative log-likelihood under normal distributions. The network outputs the mean and the variance of each
/// number.
///
/// With the mean m and the variance v: R = mean of ½ (ln v + (m - y)²/v), dR/dm = (m - y)/v / n, and dR/dv = ½ (1/v -
/// (m - y)²/v²) / n. With outputs of [logarithms of variances](GaussianNllLoss::of_log_variances) s = ln v: dR/ds = ½
/// (1 - (m - y)² exp(-s)) / n. [`full`](GaussianNllLoss::full) adds the constant ½ ln 2π.
///
/// As in PyTorch, a variance below ε is replaced by ε. The gradient is computed with ε too, and is not set to 0. A
/// negative variance is an error.
///
/// # Shapes
/// Output `Sequence<2, N>`: the means of N numbers at the first step, their variances at the second; target
/// `Vector<N>`. Or output `Image<2, H, W>`: the means in the first channel, the variances in the second; target
/// `Image<1, H, W>`. n is N, or H W. The layer [`Dense<Vector<M>, Sequence<2, N>>`](crate::layer::Dense) has such
/// outputs.
///
/// # Source
/// Nix, Weigend, "Estimating the mean and variance of the target probability distribution", ICNN 1994; with logarithms:
/// Kendall, Gal, "What uncertainties do we need in Bayesian deep learning for computer vision?", NeurIPS 2017, eq. 8.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let output = Sequence([[1.0, 2.0], [1.0, 4.0]]); // means 1 and 2, variances 1 and 4
/// let loss = GaussianNllLoss::default().mean(&[output], &[Vector([1.0, 4.0])])?;
/// approx::assert_relative_eq!(loss, (0.5 * (4.0_f64.ln() + 1.0)) / 2.0);
///
/// let output = Sequence([[1.0, 2.0], [0.0, 4.0_f64.ln()]]);
/// let same = GaussianNllLoss::of_log_variances().mean(&[output], &[Vector([1.0, 4.0])])?;
/// approx::assert_relative_eq!(same, loss);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("GaussianNLLLoss", "nn.GaussianNLLLoss", "heteroscedastic", "uncertainty"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianNllLoss {
    logarithms: bool,
    full: bool,
    epsilon: f64,
}

impl GaussianNllLoss {
    const VARIANCES: Self = Self { logarithms: false, full: false, epsilon: 1e-6 };

    /// Creates a loss for outputs with the logarithms of the variances, which may be any number. ε does not apply to
    /// them.
    pub const fn of_log_variances() -> Self {
        Self { logarithms: true, ..Self::VARIANCES }
    }

    /// Sets ε, the smallest variance. It must be above 0. The default is 1e-6.
    pub const fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Adds ½ ln 2π, a constant that does not depend on the output.
    pub const fn full(self) -> Self {
        Self { full: true, ..self }
    }

    /// Returns the loss of one number, and its derivatives with respect to its mean and its variance.
    fn compare(&self, mean: f64, spread: f64, y: f64) -> (f64, [f64; 2]) {
        let (d, constant) =
            (mean - y, if self.full { 0.5 * Real::ln(2.0 * core::f64::consts::PI) } else { 0.0 });
        if self.logarithms {
            let precision: f64 = Real::exp(-spread);
            let square = d * d * precision;
            return (0.5 * (spread + square) + constant, [d * precision, 0.5 * (1.0 - square)]);
        }
        let variance = spread.max(self.epsilon);
        let square = d * d / variance;
        (0.5 * (Real::ln(variance) + square) + constant, [d / variance, 0.5 * (1.0 - square) / variance])
    }

    fn sum<T: Real>(&self, output: &[T], target: &[T]) -> f64 {
        let (means, spreads) = output.split_at(target.len());
        let numbers = means.iter().zip(spreads).zip(target);
        numbers.fold(0.0, |sum, ((m, v), y)| sum + self.compare(m.to_f64(), v.to_f64(), y.to_f64()).0)
    }

    fn write_gradient<T: Real>(&self, output: &[T], target: &[T], gradient: &mut [T]) {
        let n = target.len();
        for (at, y) in target.iter().enumerate() {
            let (_, slopes) = self.compare(output[at].to_f64(), output[n + at].to_f64(), y.to_f64());
            [gradient[at], gradient[n + at]] = slopes.map(|slope| T::from_f64(slope / n as f64));
        }
    }
}

/// The default: the outputs are variances.
impl Default for GaussianNllLoss {
    fn default() -> Self {
        Self::VARIANCES
    }
}

/// Implements [`Loss`] for an output of two rows or channels.
macro_rules! gaussian {
    ($([$($side:ident)+] $Y:ty, $Target:ty;)+) => {$(
        #[diagnostic::do_not_recommend] // the message says which target belongs to which output
        impl<$(const $side: usize,)+ T: Real> Loss<$Y, $Target> for GaussianNllLoss {
            fn value(&self, output: &$Y, target: &$Target) -> f64 {
                self.sum(output.as_slice(), target.as_slice()) / <$Target>::LEN as f64
            }

            fn gradient(&self, output: &$Y, target: &$Target, gradient: &mut $Y) {
                self.write_gradient(output.as_slice(), target.as_slice(), gradient.as_mut_slice());
            }

            fn check(&self, target: &$Target, sample: usize) -> Result<(), Error> {
                check_positive("the epsilon of a Gaussian loss", self.epsilon)?;
                check_finite("target", target, sample)
            }

            fn check_output(&self, output: &$Y, sample: usize) -> Result<(), Error> {
                let expected = "variances of at least 0 in the second half: use \
                     `GaussianNllLoss::of_log_variances()`, which takes any number";
                let variances = &output.as_slice()[<$Target>::LEN..];
                let checked = check_output(variances, sample, expected, |v| self.logarithms || v >= 0.0);
                checked.map_err(|error| match error {
                    Error::OutputRange { sample, element, value, expected } => {
                        Error::OutputRange { sample, element: <$Target>::LEN + element, value, expected }
                    }
                    error => error,
                })
            }
        }
    )+};
}

gaussian! {
    [N] Sequence<2, N, T>, Vector<N, T>;
    [HEIGHT WIDTH] Image<2, HEIGHT, WIDTH, T>, Image<1, HEIGHT, WIDTH, T>;
}
