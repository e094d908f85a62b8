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

/// Which sides of a weight belong to the inputs and which to the outputs: for files of other programs, and for
/// initializers that need a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Inputs first, then outputs, as `Linear` has it: `[IN, OUT]`, or `[K, IN, OUT]` for a convolution of steps.
    /// PyTorch has the sides in the opposite order.
    InputsFirst,
    /// Outputs first, then all that they sum over, as PyTorch has it: `[OUT, IN, K, K]`.
    OutputsFirst,
}
