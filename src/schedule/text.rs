//! Printing of schedules.

use core::fmt;

use super::{OneCycle, Scale, Schedule, Shape};

/// Prints the schedule as Rust code: `Schedule::cosine(900).warm_up(100)`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Constant(1.0) => write!(f, "Schedule::constant()"),
            Shape::Constant(factor) => write!(f, "Schedule::constant_factor({factor:?})"),
            Shape::Step { every, factor } => write!(f, "Schedule::step({every}, {factor:?})"),
            #[cfg(feature = "alloc")]
            Shape::MultiStep { at, factor } => write!(f, "Schedule::multi_step({at:?}, {factor:?})"),
            Shape::Exponential { factor } => write!(f, "Schedule::exponential({factor:?})"),
            Shape::Linear { from, to, steps } => write!(f, "Schedule::linear({from:?}, {to:?}, {steps})"),
            Shape::Polynomial { steps, power } => write!(f, "Schedule::polynomial({steps}, {power:?})"),
            Shape::Cosine { steps, floor, restarts } => {
                match restarts {
                    None => write!(f, "Schedule::cosine({steps})")?,
                    Some(longer) => write!(f, "Schedule::cosine_warm_restarts({steps}, {longer})")?,
                }
                if *floor != 0.0 { write!(f, ".floor({floor:?})") } else { Ok(()) }
            }
            Shape::Cyclic { low, up, down, scale } => match scale {
                Scale::Same => write!(f, "Schedule::cyclic({low:?}, {up}, {down})"),
                Scale::Half => write!(f, "Schedule::cyclic_halving({low:?}, {up}, {down})"),
                Scale::Decay(factor) => {
                    write!(f, "Schedule::cyclic_decaying({low:?}, {up}, {down}, {factor:?})")
                }
            },
            #[cfg(feature = "alloc")]
            Shape::Floor { floor, of } => write!(f, "{of}.floor({floor:?})"),
            Shape::OneCycle(cycle) if *cycle == OneCycle::new(cycle.steps) => {
                write!(f, "Schedule::one_cycle({})", cycle.steps)
            }
            Shape::OneCycle(cycle) => write!(f, "Schedule::from({cycle:?})"),
            Shape::InverseSqrt { warm_up } => write!(f, "Schedule::inverse_sqrt({warm_up})"),
            #[cfg(feature = "alloc")]
            Shape::Then { steps, both } => {
                let [first, next] = &**both;
                write!(f, "{first}.then({steps}, {next})")
            }
            #[cfg(feature = "alloc")]
            Shape::Times(both) => {
                let [one, other] = &**both;
                write!(f, "{one}.times({other})")
            }
        }?;
        match (self.warm_up, self.warm_up_from) {
            (0, _) => Ok(()),
            (steps, None) => write!(f, ".warm_up({steps})"),
            (steps, Some(share)) => write!(f, ".warm_up_from({share:?}, {steps})"),
        }
    }
}
