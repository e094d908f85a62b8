use alloc::string::String;
use core::fmt;

use super::curvature::{Curvature, Eigenvalue, RateComparison};
use super::table::{fold, short};

/// If a rate is within this factor of the largest stable rate, the figures do not tell on which side it is: they are
/// measured on a single batch.
const NEAR: f64 = 1.2;

impl fmt::Display for Curvature {
    /// Prints one figure per line, and the largest stable learning rate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!(
            "curvature of the loss {} of {} samples, {} parameters; {} gradient passes",
            short(self.loss),
            self.samples,
            self.parameters,
            self.passes
        );
        fold(f, &title, 79)?;
        writeln!(f)?;
        let row =
            |f: &mut fmt::Formatter<'_>, name: &str, Eigenvalue { value, residual, error }: &Eigenvalue| {
                let (value, residual, error) = (number(*value), short(*residual), short(*error));
                writeln!(f, "  {name:<22} {value:>9}   residual {residual}, its product ± {error}")
            };
        row(f, "largest eigenvalue", &self.largest)?;
        row(f, "smallest eigenvalue", &self.smallest)?;
        if let Some(along) = self.along_gradient {
            writeln!(f, "  {:<22} {:>9}", "along the gradient", number(along))?;
        }
        if let Some(trace) = self.trace {
            let error = trace.standard_error.map_or(String::new(), |error| format!(" ± {}", short(error)));
            writeln!(f, "  {:<22} {:>9}{error}", "trace", number(trace.value))?;
        }
        fold(f, &self.in_words(), 79)
    }
}

impl Curvature {
    /// Returns a sentence about the stable learning rates.
    pub(super) fn in_words(&self) -> String {
        if !self.largest.is_reliable() {
            return "the largest eigenvalue is not reliable: its product with the Hessian is off by too much. Take more \
                    samples, or a network of `f64`"
                .into();
        }
        match self.largest_rate() {
            Some(rate) => format!(
                "plain gradient descent is stable up to a learning rate of 2/λ = {}; with momentum 0.9 up to {}",
                short(rate),
                short(1.9 * rate)
            ),
            None => "no eigenvalue is positive: no learning rate is too large for this loss here".into(),
        }
    }
}

/// Formats a number in at most 9 characters.
fn number(x: f64) -> String {
    if x.abs() < 100.0 && x.abs() >= 0.01 { format!("{x:.4}") } else { short(x) }
}

impl fmt::Display for RateComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, momentum) = (self.learning_rate, self.momentum);
        let plain = momentum == 0.0;
        let method = if plain {
            "plain gradient descent".into()
        } else {
            format!("gradient descent with momentum {momentum}")
        };
        if !self.reliable {
            return write!(
                f,
                "the largest eigenvalue is not reliable: no stable learning rate follows from it"
            );
        }
        let Some((largest, times)) = self.largest.zip(self.times) else {
            return write!(f, "no eigenvalue is positive: the learning rate {rate} is not too large here");
        };
        let formula = if plain { "2/λ".into() } else { format!("2 (1 + {momentum})/λ") };
        let what = if times > NEAR {
            format!("{method} diverges along this direction, or moves to where the loss is flatter")
        } else if times > 1.0 / NEAR {
            "the edge of stability".into()
        } else {
            format!("{method} is stable")
        };
        let text = format!(
            "{formula} = {}; the learning rate {rate} is {} times that: {what}",
            short(largest),
            short(times)
        );
        fold(f, &text, 79)
    }
}
