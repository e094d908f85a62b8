use super::{Activation, activation};
use crate::kernel::Real;
use crate::layer::{Effect, Moments};
use chainrule_derive::Parameters;

/// Clamps `x` between `low` and `high`. A NaN stays a NaN.
#[inline(always)]
fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// Returns 1 strictly between `low` and `high`, else 0.
#[inline(always)]
fn inside<T: Real>(x: T, low: T, high: T) -> T {
    if x > low && x < high { T::one() } else { T::zero() }
}

/// A piecewise linear tanh.
///
/// Forward `y = max(-1, min(1, x))`; backward `dx = dy` for |x| < 1, else 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1 or 0: a saturated unit stops the gradient.
///
/// # Source
/// Collobert, "Large scale machine learning" (2004), chapter 6.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(HardTanh.predict(&Vector([-3.0, 0.5, 3.0]))?, Vector([-1.0, 0.5, 1.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct HardTanh;

impl Activation for HardTanh {
    const EFFECT: Effect = Effect::Activation(Moments::Clamp { start: 0.0, scale: 1.0, width: 1.0 });

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        clamp(x, -T::one(), T::one())
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        inside(x, -T::one(), T::one())
    }
}
activation!(HardTanh);

/// A piecewise linear sigmoid.
///
/// Forward `y = max(0, min(1, x/6 + 1/2))`; backward `dx = dy / 6` for |x| < 3, else 0.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// g' is 1/6 or 0: less than the sigmoid's 1/4 at zero.
///
/// # Source
/// Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(HardSigmoid.predict(&Vector([-4.0, 0.0, 4.0]))?, Vector([0.0, 0.5, 1.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct HardSigmoid;

impl Activation for HardSigmoid {
    const MAX_DERIVATIVE: f64 = 1.0 / 6.0;
    const EFFECT: Effect = Effect::Activation(Moments::Clamp { start: 0.5, scale: 0.5, width: 3.0 });

    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        clamp(x / T::from_f64(6.0) + T::from_f64(0.5), T::zero(), T::one())
    }
    #[inline(always)]
    fn derivative<T: Real>(x: T, _: T) -> T {
        inside(x, T::from_f64(-3.0), T::from_f64(3.0)) / T::from_f64(6.0)
    }
}
activation!(HardSigmoid);
