use core::fmt;

use super::check_size;
use crate::Error;
use crate::kernel::{Length, Real};
use crate::layer::{Parameter, Role, TableRows, ViewMut, Visitor, compare, visit};
use chainrule_parameters::AsNetwork;

/// Scales a gradient whose norm is above `longest` to that norm. Returns the norm before scaling.
///
/// The norm is that of the whole network's gradient, not of each tensor. [Buffers](Role::Buffer) are not counted and do
/// not change. A gradient with a NaN or an infinity does not change either, and the optimizer rejects it.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 1>, Tanh, Linear<1, 1>);
///
/// let mut gradient = Net::init_with(Initializer::constant(2.0), &mut rng(0));
/// let before = clip_norm(&mut gradient, 1.0)?;
/// approx::assert_relative_eq!(before, 12_f64.sqrt()); // 2² + 2² + 2²
/// approx::assert_relative_eq!(gradient.norm(), 1.0, epsilon = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] if `longest` is not at least 0 and finite.
///
/// # Source
/// Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, algorithm 1.
#[doc(alias("clip_grad_norm_", "gradient clipping", "clipnorm"))]
pub fn clip_norm(gradient: &mut impl AsNetwork, longest: f64) -> Result<f64, Error> {
    clip_norm_of(ViewMut::of(gradient.as_network_mut()), longest)
}

fn clip_norm_of(gradient: ViewMut<'_>, longest: f64) -> Result<f64, Error> {
    check_size("the longest gradient", longest)?;
    let Length { scale, root } = compare::length(gradient.as_view());
    let norm = scale * root;
    if norm > longest && root.is_finite() {
        visit([], [gradient], &mut Each(|g| g / scale * (longest / root)));
    }
    Ok(norm)
}

/// Clamps each number of a gradient to the range from `-largest` to `largest`. [Buffers](Role::Buffer) do not change.
///
/// ```
/// use chainrule::optimizer::clip_value;
/// use chainrule::prelude::*;
///
/// let mut gradient = Linear::<2, 1>::init_with(Initializer::constant(-3.0), &mut rng(0));
/// clip_value(&mut gradient, 0.5)?;
/// assert_eq!(gradient.weights(), [-0.5, -0.5]);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] if `largest` is not at least 0 and finite.
#[doc(alias("clip_grad_value_", "gradient clipping", "clipvalue"))]
pub fn clip_value(gradient: &mut impl AsNetwork, largest: f64) -> Result<(), Error> {
    clip_value_of(ViewMut::of(gradient.as_network_mut()), largest)
}

fn clip_value_of(gradient: ViewMut<'_>, largest: f64) -> Result<(), Error> {
    check_size("the largest number of a gradient", largest)?;
    // `clamp` does not change a NaN, and the optimizer rejects it. An infinity must not become a finite number
    // either.
    visit([], [gradient], &mut Each(|g: f64| if g.is_finite() { g.clamp(-largest, largest) } else { g }));
    Ok(())
}

/// How the gradients of a training are clipped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Clip {
    Not,
    Norm(f64),
    Value(f64),
}

impl Clip {
    /// Clips a gradient.
    pub(crate) fn apply(self, gradient: &mut impl AsNetwork) -> Result<(), Error> {
        match self {
            Self::Not => {}
            Self::Norm(longest) => _ = clip_norm(gradient, longest)?,
            Self::Value(largest) => clip_value(gradient, largest)?,
        }
        Ok(())
    }
}

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Not => write!(f, "none"),
            Self::Norm(longest) => write!(f, "the norm at {longest}"),
            Self::Value(largest) => write!(f, "each value at {largest}"),
        }
    }
}

/// Applies a function to every number that is a gradient. The function must map 0 to 0.
struct Each<F>(F);

impl<F: Fn(f64) -> f64> Visitor<0, 1> for Each<F> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [gs]: [&mut [T]; 1]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        gs.iter_mut().for_each(|g| *g = T::from_f64((self.0)(g.to_f64())));
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<0, 1> {
        TableRows::TouchedIn([], [true])
    }
}
