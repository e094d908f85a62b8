/// What a parameter is for. Initialisers, weight decay and optimisers tell them apart by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// The factors W of the chain rule's product.
    Weight {
        /// How many inputs each output sums over.
        fan_in: usize,
        /// How many outputs each input feeds.
        fan_out: usize,
        /// Which sides belong to the inputs and which to the outputs.
        layout: Layout,
    },
    /// What is added to a sum. Starts at 0.
    Bias,
    /// What multiplies a feature: a norm's gain, a slope. Starts at this value.
    Scale(f64),
    /// Measured, not trained: a running mean or variance.
    ///
    /// It is saved, loaded and compared as all parameters are. Where a weight has its gradient, a buffer has its distance from the
    /// batch's value, `running - batch`, which the backward pass of a training step adds. So whatever averages the gradients of
    /// several batches (threads, machines) averages what these batches measured, and every optimiser takes the same step,
    /// `running -= momentum * gradient`. It has no learning rate and no moments, and norms over a gradient leave it out.
    Buffer {
        /// Its value in a new network.
        start: f64,
        /// The share of the way to the batch's value that a step goes: 0.1 is usual.
        momentum: f64,
    },
}

/// Which sides of a weight belong to the inputs and which to the outputs: for files of other programs, and for initialisers that
/// need a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Inputs first, then outputs, as `Linear` has it: `[IN, OUT]`, or `[K, IN, OUT]` for a convolution of steps. PyTorch has the sides
    /// in the opposite order.
    InputsFirst,
    /// Outputs first, then all that they sum over, as PyTorch has it: `[OUT, IN, K, K]`.
    OutputsFirst,
}
