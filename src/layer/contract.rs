//! The contract of a layer.

use bytemuck::Pod;
use chainrule_parameters::Parameters;

use super::{BackwardHook, Mode, Plan, WorkspaceMut};
use crate::tensor::Sample;

/// A map from the shape `X` to the shape [`Output`](Layer::Output), and the chain rule through it.
///
/// A batch is a slice of samples. The caller of a layer (usually the stack that contains it) owns its input and its
/// output and passes both to the backward pass again, so most layers save nothing. Here, and in all formulas of this
/// crate, R is the mean loss of the batch.
///
/// # Examples
/// A layer with one parameter:
///
/// ```
/// use chainrule::prelude::*;
///
/// /// y = s · x, with one trained factor for each feature.
/// #[derive(Parameters)]
/// struct Scale<const N: usize> {
///     #[parameter(scale = 1.0)]
///     factor: Vector<N>,
/// }
///
/// impl<const N: usize> Layer<Vector<N>> for Scale<N> {
///     type Output = Vector<N>;
///
///     fn forward(&self, input: &[Vector<N>], output: &mut [Vector<N>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
///         for (x, y) in input.iter().zip(output) {
///             for i in 0..N {
///                 y[i] = self.factor[i] * x[i];
///             }
///         }
///     }
///
///     fn backward(&self, pass: Backward<'_, Vector<N>, Self>) {
///         for (x, dy) in pass.input.iter().zip(pass.output_grad) {
///             for i in 0..N {
///                 pass.gradient.factor[i] += x[i] * dy[i];
///             }
///         }
///         for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
///             for i in 0..N {
///                 dx[i] = self.factor[i] * dy[i];
///             }
///         }
///     }
/// }
///
/// let net = <(Linear<4, 3>, Scale<3>)>::init(&mut rng(1));
/// let y: Vector<3> = net.predict(&Vector([1.0; 4]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Module", "nn.Module", "forward", "backward"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take `{X}` as its input",
    label = "`{X}` arrives at `{Self}`",
    note = "the input of a layer is the output of the layer before it; in generic code, a type parameter `N` takes `X` if it has the bound `N: Maps<X, Y>`",
    note = "a struct with `#[derive(Parameters)]` must also implement `Layer<{X}>`; for a struct whose fields are layers, `network! {{ struct Name: Input => Output {{ .. }} }}` writes both"
)]
pub trait Layer<X: Sample>: Parameters {
    /// The shape of this layer's output for an input `X`.
    type Output: Sample + Pod;

    /// What is known at compile time: what the layer saves, what it costs, and which factor of the chain rule it is.
    const PLAN: Plan = Plan::leaf::<X, Self>();

    /// Whether [`backward`](Layer::backward) obeys [`accumulate`](Backward::accumulate). By default a layer always adds
    /// to the gradient, and its caller sets the gradient to zero before the call.
    const OVERWRITES: bool = false;

    /// Fills `output` with this layer's output for each sample. `output` has the length of `input`.
    ///
    /// `mode` is training mode or evaluation mode. In training mode it contains the random number generator.
    ///
    /// # Panics
    /// The layers of this crate panic if the lengths differ, here and in [`backward`](Layer::backward).
    fn forward(
        &self,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    );

    /// Computes the gradients of R from `output_grad`, which is dR/d`output`:
    ///
    /// * **Overwrites** `input_grad` with dR/d`input`, unless it is `None`: the first layer of a network does not need
    ///   it.
    /// * **Adds** dR/dW, summed over the batch, to `gradient` for each parameter W.
    /// * **Adds** the distance `running - batch` to `gradient` for each [buffer](crate::layer::Role::Buffer). The
    ///   distance is 0 in evaluation mode.
    fn backward(&self, pass: Backward<'_, X, Self>);

    /// Calls [`backward`](Layer::backward) with a hook. Only layers that contain layers override it. They run the
    /// backward pass of each layer inside by [`backward_child`](crate::stack::backward_child), which calls the hook
    /// before and after it. Gradient flow then also measures the layers inside.
    #[inline]
    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        let _ = hook;
        self.backward(pass);
    }
}

/// The arguments of a backward pass. See the example of [`Layer`].
#[doc(alias("grad_output", "vector-Jacobian product"))]
pub struct Backward<'a, X: Sample, L: Layer<X>> {
    /// The input of the forward pass.
    pub input: &'a [X],
    /// The output of the forward pass for that input.
    pub output: &'a [L::Output],
    /// dR/d`output`.
    pub output_grad: &'a [<L::Output as Sample>::Grad],
    /// Memory for dR/d`input`, or `None` if that is not needed. Its contents are undefined; overwrite them.
    pub input_grad: Option<&'a mut [X::Grad]>,
    /// The gradient: dR/dW for each parameter W.
    pub gradient: &'a mut L,
    /// The values that the forward pass saved, and scratch memory.
    pub workspace: WorkspaceMut<'a>,
    /// Whether to add to `gradient` or to overwrite it. Only layers that [overwrite](Layer::OVERWRITES) need to read
    /// it.
    pub accumulate: bool,
}

impl<X: Sample, L: Layer<X>> Backward<'_, X, L> {
    /// Checks that there is an output and a gradient for each input.
    ///
    /// # Panics
    /// Panics if there is not.
    #[inline]
    #[track_caller]
    pub(crate) fn check_lengths(&self) {
        let samples = self.input.len();
        check_lengths(samples, self.output.len());
        check_lengths(samples, self.output_grad.len());
        check_lengths(samples, self.input_grad.as_ref().map_or(samples, |input_grad| input_grad.len()));
    }
}

/// Checks that there is one output, or one gradient, for each input of a layer that is called directly.
///
/// # Panics
/// Panics if there is not.
#[inline]
#[track_caller]
pub(crate) fn check_lengths(inputs: usize, others: usize) {
    assert!(
        inputs == others,
        "the batch has {inputs} inputs, and the slice of outputs or gradients has {others} of them: a layer needs one for each input"
    );
}

impl<X: Sample, L: Layer<X>> core::fmt::Debug for Backward<'_, X, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Backward({}, {} samples)", L::PLAN.name, self.input.len())
    }
}
