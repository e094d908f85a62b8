//! Floor 5: optimizers, which change a network by its gradient.
//!
//! An optimizer's moments have the type of the network that it trains, and its step is one loop over the parameters.
//! Its settings are public fields, so you can change them between steps: `adam.learning_rate *= 0.9`.

mod adam;
mod adamw;
mod clip;
mod freeze;
mod moving_average;
mod rmsprop;
mod sgd;
mod step;

#[cfg(feature = "fit")]
use alloc::string::{String, ToString};

use crate::Error;
pub use crate::bounds::GradientOf;
#[cfg(feature = "fit")]
use crate::kernel::{Real, all_finite};
use crate::layer::Parameters;
#[cfg(feature = "fit")]
use crate::layer::{Parameter, View, Visitor, visit};
use chainrule_parameters::AsNetwork;

pub use adam::Adam;
pub use adamw::AdamW;
pub use clip::{clip_norm, clip_value};
pub use freeze::FreezeParameters;
pub use moving_average::ExponentialMovingAverage;
pub use rmsprop::RmsProp;
pub use sgd::Sgd;
use step::{Rule, take_step};

/// Moves a network's parameters against the gradient, and its [buffers](crate::layer::Role::Buffer) towards the values
/// of the batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot train `{N}`",
    label = "not an optimizer of this network",
    note = "`Trainer::new(network, loss, optimizer, seed)` takes an optimizer such as `Adam::new(1e-3)`",
    note = "an optimizer's moments have the type of the network that it trains: make a new one for each network"
)]
pub trait Optimizer<N: Parameters> {
    /// Takes a step: changes `network` according to `gradient`.
    ///
    /// # Errors
    /// [`Error::NonFiniteGradient`] or [`Error::StepOverflow`], which name the parameter, or [`Error::Setting`]; then
    /// neither network nor optimizer has changed.
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error>;

    /// Returns the learning rate, which a [`Schedule`](crate::schedule::Schedule) changes.
    fn learning_rate(&mut self) -> &mut f64;
}

/// Returns the path of the first parameter with a number that is not finite, the index of that number, and the number.
#[cfg(feature = "fit")]
pub(crate) fn first_non_finite(network: View<'_>) -> Option<(String, usize, f64)> {
    let mut find = FindNonFinite { found: None };
    visit([network], [], &mut find);
    find.found
}

#[cfg(feature = "fit")]
struct FindNonFinite {
    found: Option<(String, usize, f64)>,
}

#[cfg(feature = "fit")]
impl Visitor<1, 0> for FindNonFinite {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.found.is_none()
            && !all_finite(xs)
            && let Some(element) = xs.iter().position(|x| !x.is_finite())
        {
            self.found = Some((parameter.path.to_string(), element, xs[element].to_f64()));
        }
    }
}

/// Checks a setting that must be at least 0, and finite as an `f32` too.
fn check_size(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=f64::from(f32::MAX)).contains(&value) {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "at least 0 and finite" })
}

/// Checks a setting that prevents a division by zero: it must be above 0 in `f32` too.
fn check_divisor(name: &'static str, value: f64) -> Result<(), Error> {
    if value >= f64::from(f32::MIN_POSITIVE) && value.is_finite() {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "at least 1.2e-38, the smallest normal f32, and finite" })
}

/// Checks a setting that is the decay rate of a running mean.
pub(crate) fn check_share(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "at least 0 and below 1" })
}
