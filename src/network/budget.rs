//! The memory and the cost of a network, as constants.

use crate::layer::{LINE, Layer, Plan, Space, Window};
use crate::tensor::Sample;

/// The memory and the cost of a network for inputs of one shape. See [`budget`].
///
/// See the example of [`budget`].
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The total number of parameters.
    pub parameters: usize,
    /// The bytes of the network itself. Its gradient has the same size.
    pub network_bytes: usize,
    /// The multiply-adds of a forward pass for one sample.
    pub multiply_adds: u64,
    /// The part of the input that each place of the output depends on: the receptive field, and the latency in steps.
    pub window: Window,
    plan: Plan,
    boundaries: Space,
    output: usize,
}

impl Budget {
    /// Returns the number of cache lines (64 bytes each) for a prediction of this many samples. It is the size of a
    /// [`FixedWorkspace`](crate::layer::FixedWorkspace).
    pub const fn prediction_lines(&self, samples: usize) -> usize {
        let [saved, scratch] = self.plan.prediction_lines(Space::NONE, samples);
        saved + scratch
    }

    /// Returns the number of cache lines for a training step of this many samples.
    pub const fn training_lines(&self, samples: usize) -> usize {
        let [saved, scratch] = self.plan.training_lines(self.boundaries, samples);
        saved + scratch
    }

    /// Returns the bytes that [`predict_batch`](crate::Network::predict_batch) allocates for a batch of this size: the
    /// outputs and the workspace.
    ///
    /// [`predict_into`](crate::Network::predict_into) writes to outputs of the caller. It allocates only the workspace,
    /// 64 bytes for each of the [`prediction_lines`](Budget::prediction_lines). With a
    /// [`FixedWorkspace`](crate::layer::FixedWorkspace) it allocates nothing. The network (`network_bytes`) and the
    /// inputs belong to the caller and are not counted.
    ///
    /// # Panics
    /// If the number of bytes overflows a `usize`.
    pub const fn inference_bytes(&self, samples: usize) -> usize {
        const TOO_LARGE: &str = "a prediction needs more bytes than there are addresses";
        let outputs = samples.checked_mul(self.output).expect(TOO_LARGE);
        let workspace = self.prediction_lines(samples).checked_mul(LINE).expect(TOO_LARGE);
        outputs.checked_add(workspace).expect(TOO_LARGE)
    }

    /// Returns the bytes that a training step with a batch of this size needs in addition to the network and the data.
    /// They are the gradient of the network, and the workspace of [`loss_gradient`](crate::Network::loss_gradient),
    /// which contains the outputs and their gradients.
    ///
    /// The network, the inputs, the targets and the moments of the optimizer are not counted.
    ///
    /// # Panics
    /// If the number of bytes overflows a `usize`.
    pub const fn training_bytes(&self, samples: usize) -> usize {
        const TOO_LARGE: &str = "a training step needs more bytes than there are addresses";
        let workspace = self.training_lines(samples).checked_mul(LINE).expect(TOO_LARGE);
        self.network_bytes.checked_add(workspace).expect(TOO_LARGE)
    }
}

/// Computes the memory and the cost of a network for inputs of one shape, at compile time.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
/// const NEEDS: chainrule::Budget = chainrule::budget::<Net, Vector<784>>();
/// const _: () = assert!(NEEDS.network_bytes <= 400 * 1024 + 10 * 1024, "the network must fit into 410 KiB");
/// const _: () = assert!(NEEDS.inference_bytes(1) <= 2048, "a prediction must work in 2 KiB");
/// const _: () = assert!(NEEDS.training_bytes(32) <= 640 * 1024, "a step of 32 samples must work in 640 KiB");
/// assert!(NEEDS.window.steps().is_none()); // each output depends on all inputs
///
/// // 1.6 ms of latency at 16,000 steps a second, for a filter that looks 25 steps ahead:
/// type Filter = (Conv1d<1, 8, 31, 1, 15>, Tanh, Conv1d<8, 1, 21, 1, 10>);
/// const REACH: chainrule::layer::Reach = chainrule::budget::<Filter, Sequence<16000, 1>>().window.steps().unwrap();
/// const _: () = assert!(REACH.latency() == 25 && REACH.receptive_field() == 51);
/// ```
#[doc(alias("memory", "FLOPs", "MACs", "receptive field", "profile"))]
#[track_caller]
pub const fn budget<N: Layer<X>, X: Sample>() -> Budget {
    N::PLAN.check();
    Budget {
        parameters: N::COUNT,
        network_bytes: size_of::<N>(),
        multiply_adds: N::PLAN.cost.multiply_adds,
        window: N::PLAN.window,
        plan: N::PLAN,
        boundaries: boundaries::<X, N>(),
        output: size_of::<N::Output>(),
    }
}

/// Returns the memory of a pass in addition to that of the layers: the outputs, their gradient, and the gradient of the
/// inputs.
pub(super) const fn boundaries<X: Sample, N: Layer<X>>() -> Space {
    Space::per_sample::<N::Output>(1)
        .and(Space::per_sample::<<N::Output as Sample>::Grad>(1))
        .and(Space::per_sample::<X::Grad>(1))
}
