// Tier 5.
//! Optimizers. They change a network along its gradient.
//!
//! The moments of an optimizer have the type of the network that it trains, and its step is one loop over the
//! parameters. The settings are public fields, so you can change them between steps: `adam.learning_rate *= 0.9`. An
//! [`AdamW`] contains an [`Adam`] with its settings: `adamw.adam.learning_rate *= 0.9`.
//!
//! | optimizer | in PyTorch | settings in addition to the learning rate |
//! |---|---|---|
//! | [`Sgd`] | `SGD` | momentum, dampening, Nesterov |
//! | [`Asgd`] | `ASGD` | λ, α, the start of the average |
//! | [`Adagrad`] | `Adagrad` | decay of the rate, initial sum, ε |
//! | [`Adadelta`] | `Adadelta` | ρ, ε |
//! | [`RmsProp`] | `RMSprop` | ρ (`alpha`), ε, momentum, centered |
//! | [`Adam`], [`AdamW`] | `Adam`, `AdamW` | betas, ε, AMSGrad |
//! | [`Adamax`] | `Adamax` | betas, ε |
//! | [`NAdam`] | `NAdam` | betas, ε, decay of the momentum |
//! | [`RAdam`] | `RAdam` | betas, ε |
//! | [`Rprop`] | `Rprop` | etas, smallest and largest step |
//! | [`Lion`] | none | betas |
//! | [`Lbfgs`] | `LBFGS` | iterations, evaluations, tolerances, history, line search |
//! | [`Adam::lazy_rows`] | `SparseAdam` | as [`Adam`] |
//! | none | `Adafactor`, `Muon` | (their steps need whole matrices) |
//!
//! Each of them except `Lbfgs` has its moments on the heap, or in itself: see [`Inline`]. This needs no feature.
//!
//! All except `Lbfgs` have the [`StepOptions`]:
//!
//! * weight decay, added to the gradient or decoupled, for the weights only or for all parameters
//!   ([`decay_all`](StepOptions::decay_all), as in PyTorch);
//! * [`Group`]s of parameters with separate learning rates and weight decays;
//! * `maximize`.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod asgd;
mod clip;
#[cfg(feature = "alloc")]
mod find_non_finite;
#[cfg(feature = "alloc")]
mod freeze;
#[cfg(feature = "alloc")]
mod lbfgs;
#[cfg(feature = "alloc")]
mod line_search;
mod lion;
#[cfg(feature = "alloc")]
mod minimize;
mod moments;
#[cfg(feature = "alloc")]
mod moving_average;
mod nadam;
mod options;
#[cfg(feature = "alloc")]
mod paths;
mod radam;
mod rmsprop;
mod rprop;
mod sgd;
mod step;
#[cfg(feature = "alloc")]
mod vectors;

use crate::Error;
pub use crate::bounds::GradientOf;
use crate::layer::Parameters;
use chainrule_parameters::AsNetwork;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use asgd::Asgd;
pub(crate) use clip::Clip;
pub use clip::{clip_norm, clip_value};
#[cfg(feature = "alloc")]
pub(crate) use find_non_finite::first_non_finite;
#[cfg(feature = "alloc")]
pub use freeze::FreezeParameters;
#[cfg(feature = "alloc")]
pub use lbfgs::Lbfgs;
pub use lion::Lion;
#[cfg(feature = "alloc")]
pub use minimize::Minimized;
pub use moments::{Inline, MomentStorage, OnHeap};
#[cfg(feature = "alloc")]
pub use moving_average::ExponentialMovingAverage;
pub use nadam::NAdam;
#[cfg(feature = "alloc")]
pub use options::Group;
pub use options::StepOptions;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use sgd::Sgd;
use step::{Moved, Rule, take_step};

/// Moves the parameters of a network against the gradient, and its [buffers](crate::layer::Role::Buffer) toward the
/// values of the batch.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// let mut sgd = Sgd::new(0.1);
/// sgd.step(&mut net, &gradient)?;
/// approx::assert_relative_eq!(net.weights()[0], 1.0 - 0.1 * 2.0);
/// sgd.learning_rate = 0.2;
/// sgd.step(&mut net, &gradient)?;
/// approx::assert_relative_eq!(net.weights()[0], 0.8 - 0.2 * 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot train `{N}`",
    label = "not an optimizer for this network",
    note = "`Trainer::new(network, loss, optimizer, seed)` takes an optimizer such as `Adam::new(1e-3)`",
    note = "the state of an optimizer has the type of its network: make a new optimizer for each network"
)]
pub trait Optimizer<N: Parameters>: Send {
    /// Changes `network` by one step along `gradient`. Each of them is a network `N` or an
    /// [`Owned<N>`](crate::layer::Owned).
    ///
    /// # Errors
    /// [`Error::NonFiniteGradient`] or [`Error::StepOverflow`], which name the parameter, or [`Error::Setting`]. In
    /// case of an error, neither the network nor the optimizer changes.
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error>;

    /// Returns the learning rate, to read or change it. A [`Schedule`](crate::schedule::Schedule) changes it.
    fn learning_rate(&mut self) -> &mut f64;

    /// Returns a setting, to read or change it, or `None` if this optimizer does not have it. The default is `None`.
    fn setting(&mut self, _: Setting) -> Option<&mut f64> {
        None
    }

    /// Resets the moments and the step count, as in a new optimizer with the same settings. The default does nothing,
    /// which is correct for an optimizer without moments.
    fn forget(&mut self) {}
}

/// A setting that several optimizers have, for [`Optimizer::setting`].
///
/// ```
/// use chainrule::optimizer::Setting;
/// use chainrule::prelude::*;
///
/// type Net = Linear<1, 1>;
/// let mut adam: Adam<Net> = Adam::new(0.1);
/// assert_eq!(Optimizer::<Net>::setting(&mut adam, Setting::Momentum), Some(&mut 0.9)); // β₁
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// λ, the weight decay of the parameters outside of all groups.
    WeightDecay,
    /// The momentum: μ of SGD, β₁ of Adam.
    Momentum,
}

/// Checks a setting that must be at least 0, and finite as an `f32` too.
pub(crate) fn check_size(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=f64::from(f32::MAX)).contains(&value) {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "at least 0 and finite" })
}

/// Checks a setting that prevents a division by zero: it must be above 0, as an `f32` too.
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

/// Checks a setting that must be between 0 and 1, both included.
fn check_between_0_and_1(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::Setting { name, value, expected: "between 0 and 1" })
}
