//! What a network needs, as constants.

use crate::layer::{Layer, Plan, Space};
use crate::tensor::Sample;

/// What a network needs for inputs of one shape: see [`budget`].
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// How many numbers all parameters have together.
    pub parameters: usize,
    /// The bytes of the network itself, and so of its gradient.
    pub network_bytes: usize,
    /// The multiply-adds of a forward pass, for each sample.
    pub multiply_adds: u64,
    plan: Plan,
    boundaries: Space,
}

impl Budget {
    /// Returns the cache lines (64 bytes each) that a prediction of this many samples needs: the size of a
    /// [`FixedWorkspace`](crate::layer::FixedWorkspace).
    pub const fn prediction_lines(&self, samples: usize) -> usize {
        let [saved, scratch] = self.plan.prediction_lines(Space::NONE, samples);
        saved + scratch
    }

    /// Returns the cache lines that a training step of this many samples needs.
    pub const fn training_lines(&self, samples: usize) -> usize {
        let [saved, scratch] = self.plan.training_lines(self.boundaries, samples);
        saved + scratch
    }
}

/// Computes what a network needs for inputs of one shape, at compile time.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
/// const NEEDS: chainrule::Budget = chainrule::budget::<Net, Vector<784>>();
/// const _: () = assert!(NEEDS.network_bytes <= 400 * 1024 + 10 * 1024, "the network must fit into 410 KiB");
/// const _: () = assert!(64 * NEEDS.prediction_lines(1) <= 2048, "a prediction must work in 2 KiB");
/// ```
#[track_caller]
pub const fn budget<N: Layer<X>, X: Sample>() -> Budget {
    N::PLAN.check();
    Budget {
        parameters: N::COUNT,
        network_bytes: size_of::<N>(),
        multiply_adds: N::PLAN.cost.multiply_adds,
        plan: N::PLAN,
        boundaries: boundaries::<X, N>(),
    }
}

/// Returns the memory of a pass beside that of the network's layers: the outputs, their gradient, and the gradient of
/// the inputs.
pub(super) const fn boundaries<X: Sample, N: Layer<X>>() -> Space {
    Space::per_sample::<N::Output>(1)
        .and(Space::per_sample::<<N::Output as Sample>::Grad>(1))
        .and(Space::per_sample::<X::Grad>(1))
}
