//! The factor of a schedule at a step.

use core::f64::consts::PI;

use super::{Scale, Schedule, Shape};

impl Schedule {
    /// Returns the factor of the initial learning rate at this step. The first step is 0.
    pub fn factor(&self, step: u64) -> f64 {
        if step >= self.warm_up {
            return self.shape.factor(step - self.warm_up);
        }
        let share = match self.warm_up_from {
            None => (step as f64 + 1.0) / (self.warm_up as f64 + 1.0),
            Some(from) => from + (1.0 - from) * step as f64 / self.warm_up as f64,
        };
        share * self.shape.factor(0)
    }

    /// Returns the first step from which the factor is always 0, if there is one.
    #[cfg(feature = "fit")]
    pub(crate) fn ends(&self) -> Option<u64> {
        let length = match &self.shape {
            Shape::Constant(0.0) => 0,
            Shape::Cosine { steps, floor: 0.0, restarts: None } => *steps,
            Shape::Step { every, factor: 0.0 } => (*every).max(1),
            Shape::MultiStep { at, factor: 0.0 } => *at.iter().min()?,
            Shape::Exponential { factor: 0.0 } => 1,
            Shape::Linear { to: 0.0, steps, .. } => *steps,
            Shape::Polynomial { steps, power } if *power > 0.0 => *steps,
            Shape::Floor { floor, of } if *floor <= 0.0 => of.ends()?,
            Shape::Then { steps, both } => both[1].ends()?.saturating_add(*steps),
            Shape::Times(both) => both.iter().filter_map(Self::ends).min()?,
            _ => return None,
        };
        Some(length.saturating_add(self.warm_up))
    }
}

impl Shape {
    fn factor(&self, step: u64) -> f64 {
        match self {
            Self::Constant(factor) => *factor,
            Self::Step { every, factor } => libm::pow(*factor, (step / (*every).max(1)) as f64),
            #[cfg(feature = "alloc")]
            Self::MultiStep { at, factor } => {
                libm::pow(*factor, at.iter().filter(|&&at| at <= step).count() as f64)
            }
            Self::Exponential { factor } => libm::pow(*factor, step as f64),
            Self::Linear { from, to, steps } if step < *steps => {
                from + (to - from) * step as f64 / *steps as f64
            }
            Self::Linear { to, .. } => *to,
            Self::Polynomial { steps, power } => {
                let rest = steps.saturating_sub(step) as f64 / (*steps).max(1) as f64;
                libm::pow(rest, *power)
            }
            Self::Cosine { steps, floor, restarts: None } => fall(step, *steps, *floor),
            Self::Cosine { steps, floor, restarts: Some(longer) } => {
                let (mut start, mut steps) = (0_u64, (*steps).max(1));
                if *longer == 1 {
                    start = step / steps * steps;
                }
                while *longer > 1 && step - start >= steps {
                    start += steps;
                    steps = steps.saturating_mul(*longer);
                }
                fall(step - start, steps, *floor)
            }
            Self::Cyclic { low, up, down, scale } => {
                let whole = up.saturating_add(*down).max(1);
                let (cycle, at) = (step / whole, step % whole);
                let height = if at < *up {
                    at as f64 / *up as f64
                } else {
                    (whole - at) as f64 / (*down).max(1) as f64
                };
                let scale = match scale {
                    Scale::Same => 1.0,
                    Scale::Half => libm::pow(0.5, cycle as f64),
                    Scale::Decay(factor) => libm::pow(*factor, step as f64),
                };
                low + (1.0 - low) * height * scale
            }
            Self::OneCycle(cycle) => cycle.factor(step),
            Self::InverseSqrt { warm_up } => {
                let [now, most] = [step, *warm_up].map(|step| step as f64 + 1.0);
                (now / most).min(libm::sqrt(most / now))
            }
            #[cfg(feature = "alloc")]
            Self::Floor { floor, of } => {
                let factor = of.factor(step);
                if factor < *floor || floor.is_nan() { *floor } else { factor } // `max` would hide a NaN
            }
            #[cfg(feature = "alloc")]
            Self::Then { steps, both } => match step.checked_sub(*steps) {
                None => both[0].factor(step),
                Some(step) => both[1].factor(step),
            },
            #[cfg(feature = "alloc")]
            Self::Times(both) => both[0].factor(step) * both[1].factor(step),
        }
    }
}

/// Returns 1 at step 0 and `floor` from step `steps`, with half a cosine in between.
fn fall(step: u64, steps: u64, floor: f64) -> f64 {
    if step >= steps { floor } else { cosine(step as f64 / steps as f64, 1.0, floor) }
}

/// Returns a value of half a cosine, from `from` at 0 to `to` at 1.
pub(super) fn cosine(share: f64, from: f64, to: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + libm::cos(PI * share))
}
