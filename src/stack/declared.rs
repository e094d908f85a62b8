//! The checks that [`network!`](crate::network) generates: one expression for each field, so that the compiler's error
//! is at the field.
//!
//! ```text
//! let sample = before::<Vector<4>>();
//! let arrival = sample.arrives_at::<0, Linear<4, 8>>();
//! arrival.is_taken_by::<Linear<4, 8>>();
//! let sample = arrival.after();
//! sample.is::<Vector<8>>();
//! ```
//!
//! A wrong layer gives only one error. If the method of [`Arrival`] does not apply, the compiler calls the method of
//! [`Wrong`]. The sample after it is [`Unknown`] and is not checked.

use core::marker::PhantomData;

use chainrule_parameters::Parameters;

use crate::bounds::DeclaredOutput;
use crate::layer::{At, Plan};
use crate::tensor::Sample;

/// Checks the constants of the layer at the place `at` of a network that `network!` declares. The compiler reports an
/// error at the caller.
#[track_caller]
pub const fn check_constants(network: &Plan, at: usize) {
    network.children[at].plan.check();
}

/// A sample between two layers.
#[derive(Debug)]
pub struct Between<X>(PhantomData<X>);

/// Returns the input of a network.
pub const fn before<X: Sample>() -> Between<X> {
    Between(PhantomData)
}

impl<X: Sample> Between<X> {
    /// Returns this sample as the input of the layer `L`.
    pub const fn arrives_at<const PLACE: usize, L>(self) -> Arrival<PLACE, L, X> {
        Arrival(PhantomData)
    }

    /// Checks that the output of the network is `Y`.
    pub const fn is<Y: DeclaredOutput<X>>(self) {}
}

/// The sample `X` as the input of the layer `L`.
#[derive(Debug)]
pub struct Arrival<const PLACE: usize, L, X>(PhantomData<(L, X)>);

impl<const PLACE: usize, L: Parameters, X: Sample> Arrival<PLACE, L, X> {
    /// Checks that `M`, which is `L`, accepts the sample. The compiler reports an error at the type `M` in the source.
    pub const fn is_taken_by<M: At<PLACE, X>>(&self) {}
}

impl<const PLACE: usize, L: At<PLACE, X>, X: Sample> Arrival<PLACE, L, X> {
    /// Returns the output of the layer.
    pub const fn after(self) -> Between<L::Output> {
        Between(PhantomData)
    }
}

/// [`Arrival`] at a layer that does not accept the sample, or at a type that is not a layer. In the second case
/// `#[derive(Parameters)]` gives the error.
pub trait Wrong: Sized {
    /// Does nothing. See [`Arrival::is_taken_by`].
    fn is_taken_by<M>(&self) {}

    /// Returns an unknown sample. See [`Arrival::after`].
    fn after(self) -> Unknown {
        Unknown
    }
}

impl<const PLACE: usize, L, X> Wrong for Arrival<PLACE, L, X> {}

/// The output of a wrong layer.
#[derive(Debug)]
pub struct Unknown;

#[allow(clippy::extra_unused_type_parameters)] // the parameters of `Between` and `Arrival`
impl Unknown {
    /// Returns an unknown sample. See [`Between::arrives_at`].
    pub const fn arrives_at<const PLACE: usize, L>(self) -> Self {
        self
    }

    /// Does nothing. See [`Arrival::is_taken_by`].
    pub const fn is_taken_by<M>(&self) {}

    /// Returns an unknown sample. See [`Arrival::after`].
    pub const fn after(self) -> Self {
        self
    }

    /// Does nothing. See [`Between::is`].
    pub const fn is<Y>(self) {}
}
