use super::checks::{check_output, check_positive, check_target};
use super::pairwise::{Pairwise, pairwise};
use crate::kernel::Real;

/// The negative log-likelihood of counts under Poisson distributions, from the logarithms of their rates.
///
/// R = mean of exp(a) - y a; dR/da = (exp(a) - y) / n. With outputs of [rates](PoissonNllLoss::of_rates): R = mean of
/// a - y ln(a + ε), dR/da = (1 - y / (a + ε)) / n. Both are without ln(y!), which does not depend on the output.
/// [`full`](PoissonNllLoss::full) adds Stirling's approximation of it.
///
/// # Shapes
/// Any output, and targets of the same shape: counts of at least 0, which need not be whole numbers; n is the count of
/// numbers in a sample.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let loss = PoissonNllLoss::default().mean(&[Vector([0.0, 2.0_f64.ln()])], &[Vector([3.0, 2.0])])?;
/// approx::assert_relative_eq!(loss, (1.0 + 2.0 - 2.0 * 2.0_f64.ln()) / 2.0, max_relative = 1e-12);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("PoissonNLLLoss", "nn.PoissonNLLLoss", "count regression"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoissonNllLoss {
    rates: bool,
    full: bool,
    epsilon: f64,
}

impl PoissonNllLoss {
    const LOG_RATES: Self = Self { rates: false, full: false, epsilon: 1e-8 };

    /// Creates a loss for outputs that are rates, at least 0, instead of their logarithms.
    pub const fn of_rates() -> Self {
        Self { rates: true, ..Self::LOG_RATES }
    }

    /// Sets ε, which is added to a rate before taking its logarithm. It must be above 0. The default is 1e-8.
    pub const fn epsilon(self, epsilon: f64) -> Self {
        Self { epsilon, ..self }
    }

    /// Adds y ln y - y + ½ ln(2π y) for every count y above 1.
    pub const fn full(self) -> Self {
        Self { full: true, ..self }
    }
}

/// The default: the outputs are the logarithms of rates.
impl Default for PoissonNllLoss {
    fn default() -> Self {
        Self::LOG_RATES
    }
}

impl Pairwise for PoissonNllLoss {
    #[inline(always)]
    fn compare(&self, a: f64, y: f64) -> (f64, f64) {
        let (value, slope) = if self.rates {
            let rate = a + self.epsilon;
            (a - y * Real::ln(rate), 1.0 - y / rate)
        } else {
            let rate = Real::exp(a);
            (rate - y * a, rate - y)
        };
        if self.full && y > 1.0 {
            let stirling = y * Real::ln(y) - y + 0.5 * Real::ln(2.0 * core::f64::consts::PI * y);
            return (value + stirling, slope);
        }
        (value, slope)
    }
}

pairwise!(
    PoissonNllLoss,
    check: |this, target, sample| {
        check_positive("the epsilon of a Poisson loss", this.epsilon)?;
        check_target(target, sample, "counts of at least 0", |y| y >= 0.0)
    },
    outputs: |this, output, sample| {
        let expected = "rates of at least 0: end the network with a `Softplus`, or let it give their logarithms and \
             use `PoissonNllLoss::default()`";
        check_output(output.as_slice(), sample, expected, |a| !this.rates || a >= 0.0)
    }
);
