//! The contract: what a layer is.

use bytemuck::Pod;
use chainrule_parameters::Parameters;

use super::{BackwardHook, Mode, Plan, WorkspaceMut};
use crate::tensor::Sample;

/// A map from the shape `X` to the shape [`Output`](Layer::Output), and the chain rule through it.
///
/// A batch is a slice of samples. The caller of a layer (usually the stack it is in) owns its input and its output and hands both to
/// the backward pass again, so that most layers save nothing of their own.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take `{X}` as its input",
    label = "`{X}` arrives at `{Self}`",
    note = "each layer takes what the one before it gives, and the first takes the data: make the two shapes equal"
)]
pub trait Layer<X: Sample>: Parameters {
    /// The shape of what this layer gives for an `X`.
    type Output: Sample + Pod;

    /// What is known before the program runs: what the layer saves, what it costs, which factor of the chain rule it is.
    const PLAN: Plan = Plan::leaf::<X, Self>();

    /// Whether [`backward`](Layer::backward) obeys [`accumulate`](Backward::accumulate). A layer that says nothing always adds to the
    /// gradient, and its caller sets that to zero first.
    const OVERWRITES: bool = false;

    /// Fills `output`, of the length of `input`, with this layer's output for each sample.
    ///
    /// `mode` says whether this is training or evaluation, and in training has the random numbers' generator.
    fn forward(
        &self,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    );

    /// Given dR/d`output`, the gradient of some R by this layer's output:
    ///
    /// * **overwrites** `input_grad` with dR/d`input`, unless nobody needs it (`None`: the first layer of a network);
    /// * **adds** to `gradient` dR/dW, summed over the batch, for each parameter W, and the distance `running - batch` for each
    ///   [buffer](crate::layer::Role::Buffer): 0 unless the forward pass was one of training.
    fn backward(&self, pass: Backward<'_, X, Self>);

    /// [`backward`](Layer::backward), watched. Only layers made of layers override it: they show the hook each layer inside.
    #[doc(hidden)]
    #[inline]
    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        let _ = hook;
        self.backward(pass);
    }
}

/// All that a backward pass works on.
pub struct Backward<'a, X: Sample, L: Layer<X>> {
    /// What the forward pass took.
    pub input: &'a [X],
    /// What it gave for that.
    pub output: &'a [L::Output],
    /// dR/d`output`.
    pub output_grad: &'a [<L::Output as Sample>::Grad],
    /// Where dR/d`input` goes, if it is needed. It has any contents, and is to be overwritten.
    pub input_grad: Option<&'a mut [X::Grad]>,
    /// Where dR/dW goes for each parameter W.
    pub gradient: &'a mut L,
    /// What the forward pass saved, and scratch memory.
    pub workspace: WorkspaceMut<'a>,
    /// Whether to add to `gradient`, or to overwrite it; for layers that [overwrite](Layer::OVERWRITES).
    pub accumulate: bool,
}

impl<X: Sample, L: Layer<X>> core::fmt::Debug for Backward<'_, X, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Backward({}, {} samples)", L::PLAN.name, self.input.len())
    }
}
