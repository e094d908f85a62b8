use core::f64::consts::PI;
use std::sync::OnceLock;

/// The number of intervals of a panel, which is even. A panel has one node more.
const INTERVALS: usize = 16;
/// Beyond this many standard deviations the density is below 1e-31.
const END: f64 = 12.0;
/// The largest number of halvings of panels. It suffices to locate forty jumps, and ends the computation for functions
/// that cannot be integrated.
const HALVINGS: usize = 2000;

/// Computes E\[f(x)\], the mean of `f` over x ~ N(0, `variance`), by quadrature.
///
/// It applies Clenshaw-Curtis quadrature to panels over ±12 standard deviations. They are split at 0, where most
/// activations have their kink, and halved until the halves agree with the whole. The halving locates all other kinks
/// and jumps of `f`. The error is about 1e-13 of E\[|f|\], for every `f` that is smooth between finitely many kinks and
/// jumps and varies on scales of about 1.
///
/// A variance of 0 or infinity gives the limit, as closely as `f64` allows. If `f` is not finite, neither is the mean.
///
/// ```
/// use chainrule::theory::expectation;
/// approx::assert_relative_eq!(expectation(3.0, |x| x * x), 3.0, max_relative = 1e-13);
/// approx::assert_relative_eq!(expectation(3.0, |x| x.max(0.0).powi(2)), 1.5, max_relative = 1e-13);
/// ```
#[doc(alias = "quadrature")]
#[doc(alias = "integrate")]
#[doc(alias = "clenshaw-curtis")]
pub fn expectation(variance: f64, f: impl Fn(f64) -> f64) -> f64 {
    // The squares of these numbers neither overflow nor underflow.
    let deviation = variance.sqrt().clamp(1e-100, 1e100);
    let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
    let both_sides = |z: f64| {
        // The node at 0 is an end of both sides, where `f` may have different limits.
        let x = deviation * z.max(1e-200);
        (f(x) + f(-x)) * density(z)
    };

    // `f` varies on a scale of about 1, the density on a scale of one deviation. Panels whose widths double, starting
    // from the finer scale, resolve both.
    let (mut panels, mut start, mut end) = (vec![], 0.0, f64::min(1.0, deviation.recip()));
    while start < END {
        panels.push(Panel::new(both_sides, start, end));
        (start, end) = (end, 2.0 * end);
    }
    // Rounding the nodes' sum errs by about 1e-16 of it.
    let tolerance = 1e-14 * panels.iter().map(|panel| panel.magnitude).sum::<f64>();
    let (mut mean, mut halvings) = (0.0, 0);
    while let Some(whole) = panels.pop() {
        let halves = whole.halves(both_sides);
        let both = halves[0].integral + halves[1].integral;
        // For a NaN the comparison is false, which ends the recursion.
        if (both - whole.integral).abs() > tolerance && halvings < HALVINGS {
            halvings += 1;
            panels.extend(halves);
        } else {
            mean += both;
        }
    }
    mean
}

/// Computes ∫ f and ∫ |f| from `start` to `end`.
struct Panel {
    start: f64,
    end: f64,
    integral: f64,
    magnitude: f64,
}

impl Panel {
    fn new(f: impl Fn(f64) -> f64, start: f64, end: f64) -> Self {
        let (mut integral, mut magnitude) = (0.0, 0.0);
        for (node, weight) in clenshaw_curtis() {
            let term = (end - start) * weight * f(start + (end - start) * node);
            integral += term;
            magnitude += term.abs();
        }
        Self { start, end, integral, magnitude }
    }

    fn halves(&self, f: impl Fn(f64) -> f64) -> [Self; 2] {
        let middle = 0.5 * (self.start + self.end);
        [Self::new(&f, self.start, middle), Self::new(&f, middle, self.end)]
    }
}

/// Nodes on [0, 1] with their weights (Clenshaw & Curtis 1960).
///
/// Gauss' nodes are as accurate for a smooth `f`, but miss a jump between their last node and the panel's end, or near
/// its middle: halves and whole then agree on a wrong value. These have nodes at both ends and in the middle.
fn clenshaw_curtis() -> &'static [(f64, f64); INTERVALS + 1] {
    static RULE: OnceLock<[(f64, f64); INTERVALS + 1]> = OnceLock::new();
    RULE.get_or_init(|| {
        let n = INTERVALS as f64;
        core::array::from_fn(|at| {
            let angle = PI * at as f64 / n;
            let terms = (1..=INTERVALS / 2).map(|j| {
                let (j, last) = (j as f64, j == INTERVALS / 2);
                (if last { 1.0 } else { 2.0 }) * (2.0 * j * angle).cos() / (4.0 * j * j - 1.0)
            });
            let end = at == 0 || at == INTERVALS;
            let weight = (if end { 0.5 } else { 1.0 }) * (1.0 - terms.sum::<f64>()) / n;
            (0.5 - 0.5 * angle.cos(), weight)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_exact_for_polynomials_up_to_its_intervals() {
        for power in 0..=INTERVALS as i32 {
            let integral = Panel::new(|x| x.powi(power), 1.0, 3.0).integral;
            let closed = (3.0_f64.powi(power + 1) - 1.0) / f64::from(power + 1);
            approx::assert_relative_eq!(integral, closed, max_relative = 1e-14);
        }
    }
}
