/// What a parameter is for. Initializers, weight decay and optimizers treat each role differently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// A weight: one of the factors W of the chain rule's product.
    Weight {
        /// How many inputs each output sums over.
        fan_in: usize,
        /// How many outputs each input feeds.
        fan_out: usize,
        /// Which sides belong to the inputs and which to the outputs.
        layout: Layout,
    },
    /// A bias, which is added. Starts at 0.
    Bias,
    /// A factor of a feature, such as a norm's gain or a slope. Starts at this value.
    Scale(f64),
    /// Measured in training and not trained: a running mean or variance.
    ///
    /// It is saved, loaded and compared as all parameters are. Where a weight has its gradient, a buffer has its
    /// distance from the batch's value, `running - batch`, which the backward pass of a training step adds. So a
    /// program that averages the gradients of several batches (on threads or machines) also averages the buffers, and
    /// every optimizer takes the same step, `running -= momentum * gradient`. It has no learning rate and no moments,
    /// and norms over a gradient leave it out.
    Buffer {
        /// Its value in a new network.
        start: f64,
        /// By which share of its distance from the batch's value a step moves it: 0.1 is usual.
        momentum: f64,
    },
}

impl Role {
    /// Panics, while the program compiles, if a number makes no sense.
    pub(crate) const fn check(&self) {
        match *self {
            Self::Weight { fan_in, fan_out, .. } => {
                assert!(fan_in > 0 && fan_out > 0, "the fan-in and the fan-out of a weight are at least 1");
            }
            Self::Bias => {}
            Self::Scale(start) => assert!(start.is_finite(), "a scale starts at a finite number"),
            Self::Buffer { start, momentum } => {
                assert!(start.is_finite(), "a buffer starts at a finite number");
                assert!(0.0 <= momentum && momentum <= 1.0, "the momentum of a buffer is between 0 and 1");
            }
        }
    }
}

/// Which sides of a weight belong to the inputs and which to the outputs: for files of other programs, and for
/// initializers that need a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Inputs first, then outputs, as `Linear` has it: `[IN, OUT]`, or `[K, IN, OUT]` for a convolution of steps.
    /// PyTorch has the sides in the opposite order.
    InputsFirst,
    /// Inputs first, then outputs, as `Dense` has it: `[IN, OUT]`, each side with all numbers of a tensor.
    ShapeToShape {
        /// The sides of the input. Two are those of a sequence, steps and features, which PyTorch has in the opposite
        /// order.
        inputs: &'static [usize],
        /// The sides of the output.
        outputs: &'static [usize],
    },
    /// Outputs first, then all that they sum over, as PyTorch has it: `[OUT, IN, K, K]`.
    OutputsFirst,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHT: Role = Role::Weight { fan_in: 1, fan_out: 2, layout: Layout::InputsFirst };

    #[test]
    fn roles_that_make_sense_pass() {
        for role in [WEIGHT, Role::Bias, Role::Scale(-0.5), Role::Buffer { start: 0.0, momentum: 1.0 }] {
            role.check();
        }
    }

    #[test]
    #[should_panic = "the fan-in and the fan-out of a weight are at least 1"]
    fn a_weight_has_inputs() {
        Role::Weight { fan_in: 0, fan_out: 2, layout: Layout::InputsFirst }.check();
    }

    #[test]
    #[should_panic = "a scale starts at a finite number"]
    fn a_scale_is_finite() {
        Role::Scale(f64::NAN).check();
    }

    #[test]
    #[should_panic = "the momentum of a buffer is between 0 and 1"]
    fn a_momentum_is_a_share() {
        Role::Buffer { start: 0.0, momentum: 7.0 }.check();
    }
}
