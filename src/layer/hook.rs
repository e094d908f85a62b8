//! Hooks on the backward pass.

use core::ops::Range;

use chainrule_parameters::{Segment, View};

use super::{Backward, Layer, Mode, Plan, WorkspaceMut};
use crate::tensor::{Numbers, Sample};

/// A hook on the backward pass. It is called before and after the backward pass of each layer, from the last layer to
/// the first.
///
/// Pass it to [`Network::loss_gradient_with_hook`](crate::Network::loss_gradient_with_hook).
/// [`FlowHook`](crate::flow::FlowHook) is an example. A hook gets plans and numbers instead of types, so it is compiled
/// once for all networks.
///
/// [`leave`](BackwardHook::leave) is called last for the network itself. [`enter`](BackwardHook::enter) is not called
/// for it, because it has no name inside another layer.
///
/// # Examples
/// ```
/// use chainrule::layer::{BackwardHook, LayerPass, Plan, Segment};
/// use chainrule::prelude::*;
///
/// /// Lists the layers in the order of the backward pass.
/// struct Names(Vec<String>);
///
/// impl BackwardHook for Names {
///     fn enter(&mut self, _: Segment, _: &'static Plan) {}
///
///     fn leave(&mut self, pass: &LayerPass<'_>) {
///         self.0.push(pass.layer.plan().name.to_string());
///     }
/// }
///
/// let net = <(Linear<2, 3>, Tanh)>::init(&mut rng(1));
/// let (mut workspace, mut gradient) = (Workspace::default(), <(Linear<2, 3>, Tanh)>::zeros());
/// let mut names = Names(vec![]);
/// let (inputs, targets) = ([Vector([1.0, -1.0])], [Vector([0.0; 3])]);
/// net.loss_gradient_with_hook(
///     &MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(2), &mut names,
/// )?;
/// assert_eq!(names.0[..2], ["Tanh", "Linear<2, 3>"]);
/// assert_eq!(names.0.len(), 3); // the third is the network
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("register_full_backward_hook", "backward hook"))]
pub trait BackwardHook {
    /// Called before the backward pass of the layer `name`. That layer is inside the layer for which `enter` was called
    /// last and `leave` was not called yet.
    fn enter(&mut self, name: Segment, plan: &'static Plan);

    /// Called after the backward pass of a layer.
    fn leave(&mut self, pass: &LayerPass<'_>);

    /// Called during the backward pass of a recurrent layer, for each step from the last to the first.
    fn step_of_time(&mut self, step: &TimeStep) {
        let _ = step;
    }

    /// Called during the backward pass of a layer with gates, such as an LSTM: once for each gate, with the numbers by
    /// which the gate multiplies. In a recurrent layer it is called for each gate of each step.
    fn gate(&mut self, name: &'static str, numbers: &mut dyn Iterator<Item = f64>) {
        let _ = (name, numbers);
    }

    /// Called during the backward pass of an attention layer, before the backward passes of the layers inside it, with
    /// the data that determines its probabilities. The layers inside are then called `query`, `key` and `value`. What
    /// each adds to the gradient of the input came through the scores or through the values.
    fn attention(&mut self, scores: &AttentionScores<'_>) {
        let _ = scores;
    }
}

/// The data that determines the probabilities of an attention layer, for a [`BackwardHook`]. For each head they are the
/// softmax of q k / √n over the keys that are visible to a query, where n is how many numbers a head has.
///
/// # Examples
/// ```
/// use chainrule::layer::{AttentionScores, BackwardHook, LayerPass, Plan, Segment};
/// use chainrule::prelude::*;
///
/// /// Saves the number of heads, and the visible keys of each query in the first sample.
/// #[derive(Default)]
/// struct Visible(usize, Vec<std::ops::Range<usize>>);
///
/// impl BackwardHook for Visible {
///     fn enter(&mut self, _: Segment, _: &'static Plan) {}
///
///     fn leave(&mut self, _: &LayerPass<'_>) {}
///
///     fn attention(&mut self, scores: &AttentionScores<'_>) {
///         *self = Self(scores.heads, (0..scores.steps[0]).map(|query| (scores.visible)(0, query)).collect());
///     }
/// }
///
/// type Net = SelfAttention<4, 2, Causal>;
/// let net = Net::init(&mut rng(1));
/// let (mut workspace, mut gradient, mut visible) = (Workspace::default(), Net::zeros(), Visible::default());
/// let batch = [Sequence([[1.0; 4], [2.0; 4], [3.0; 4]])];
/// net.loss_gradient_with_hook(
///     &MeanSquaredError, &batch, &batch, &mut workspace, &mut gradient, &mut rng(2), &mut visible,
/// )?;
/// assert_eq!((visible.0, visible.1), (2, vec![0..1, 0..2, 0..3])); // causal: no later keys
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("attention weights"))]
#[derive(Clone)]
pub struct AttentionScores<'a> {
    /// For each sample and query, the numbers of all heads, one head after the other.
    pub queries: Numbers<'a>,
    /// For each sample and key, the numbers of all heads of keys.
    pub keys: Numbers<'a>,
    /// How many heads there are.
    pub heads: usize,
    /// How many heads of keys there are. Each one serves `heads / key_heads` consecutive heads.
    pub key_heads: usize,
    /// How many samples.
    pub samples: usize,
    /// How many queries and how many keys a sample has, including padding.
    pub steps: [usize; 2],
    /// Whether queries and keys come from the same sequence.
    pub one_input: bool,
    /// Returns the keys that are visible to a query of a sample. The range is empty for a query that is padding.
    pub visible: &'a dyn Fn(usize, usize) -> Range<usize>,
}

impl core::fmt::Debug for AttentionScores<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "AttentionScores({} heads, {:?} steps)", self.heads, self.steps)
    }
}

/// How one step of a recurrent layer changes the gradient that goes back through time from the output of the last step.
///
/// The gradient is the part of dR/dh(t) that comes from that output. What the outputs of earlier steps add is left out,
/// so only the factors of the steps change its length.
///
/// # Examples
/// ```
/// use chainrule::layer::{BackwardHook, LayerPass, Plan, Segment, TimeStep};
/// use chainrule::prelude::*;
///
/// /// Saves each step with the length of its gradient.
/// struct Lengths(Vec<(usize, f64)>);
///
/// impl BackwardHook for Lengths {
///     fn enter(&mut self, _: Segment, _: &'static Plan) {}
///
///     fn leave(&mut self, _: &LayerPass<'_>) {}
///
///     fn step_of_time(&mut self, step: &TimeStep) {
///         self.0.push((step.step, step.gradient));
///     }
/// }
///
/// // h(t) = x(t) + h(t-1) / 2: each step back halves the gradient.
/// type Net = (Rnn<1, 1, Relu>, LastStep);
/// let mut net = Net::zeros();
/// (*net.0.weight_ih, *net.0.weight_hh) = ([[1.0]], [[0.5]]);
/// let (mut workspace, mut gradient, mut lengths) = (Workspace::default(), Net::zeros(), Lengths(vec![]));
/// let (inputs, targets) = ([Sequence([[4.0], [4.0], [1.0]])], [Vector([0.0])]); // h is 4, 6 and 4
/// net.loss_gradient_with_hook(
///     &MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(1), &mut lengths,
/// )?;
/// assert_eq!(lengths.0, [(2, 8.0), (1, 4.0), (0, 2.0)]); // dR/dh(2) = 2 h(2) = 8
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("BPTT", "backpropagation through time"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeStep {
    /// t, from 0.
    pub step: usize,
    /// |dR/dh(t)| over the batch.
    pub gradient: f64,
    /// |dR/dz(t)| / |dR/dh(t)|, the factor g', for a layer with a single path from a step to the step before.
    pub slope: Option<f64>,
    /// |dR/dh(t-1)| / |dR/dz(t)|, the factor U, for such a layer.
    pub weights: Option<f64>,
    /// The part that arrives only along the path without weights: the length of the gradient of the cell, after the
    /// product of all later forget gates. For a GRU it is the length of the gradient of the hidden state, after the
    /// product of the update gates.
    pub carried: Option<f64>,
}

/// A layer's backward pass, for a [`BackwardHook`]. See its example.
#[doc(alias("activation gradients"))]
#[derive(Clone)]
pub struct LayerPass<'a> {
    /// The layer itself.
    pub layer: &'a dyn AnyLayer,
    /// Its input.
    pub input: Numbers<'a>,
    /// Its output.
    pub output: Numbers<'a>,
    /// dR/d`output`.
    pub output_grad: Numbers<'a>,
    /// dR/d`input`, or `None` if it was not needed.
    pub input_grad: Option<Numbers<'a>>,
    /// dR/dW for each parameter W.
    pub gradient: View<'a>,
}

impl core::fmt::Debug for LayerPass<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "LayerPass({})", self.layer.plan().name)
    }
}

/// A layer and the shape of its input, as a trait object. See the example of [`BackwardHook`].
pub trait AnyLayer {
    /// Returns its plan.
    fn plan(&self) -> &'static Plan;

    /// Returns its parameters.
    fn parameters(&self) -> View<'_>;

    /// Calls [`Layer::forward`] in evaluation mode, on the bytes of samples that start at a cache line. Returns whether
    /// the input is plain data.
    fn forward(&self, input: &[u8], output: &mut [u8], workspace: WorkspaceMut<'_>) -> bool;

    /// Calls [`Layer::backward`] after `forward`, and computes only the gradient of the input. Returns whether the
    /// input is plain data.
    #[cfg(feature = "alloc")]
    fn backward(
        &self,
        input: &[u8],
        output: &[u8],
        output_grad: &[u8],
        input_grad: &mut [u8],
        workspace: WorkspaceMut<'_>,
    ) -> bool;
}

/// A layer and the type of its input.
struct Typed<'a, X, L>(&'a L, core::marker::PhantomData<X>);

impl<X: Sample, L: Layer<X>> AnyLayer for Typed<'_, X, L> {
    fn plan(&self) -> &'static Plan {
        &L::PLAN
    }

    fn parameters(&self) -> View<'_> {
        View::of(self.0)
    }

    fn forward(&self, input: &[u8], output: &mut [u8], workspace: WorkspaceMut<'_>) -> bool {
        let Some(input) = X::from_bytes(input) else { return false };
        self.0.forward(input, bytemuck::cast_slice_mut(output), workspace, &mut Mode::Evaluate);
        true
    }

    #[cfg(feature = "alloc")]
    fn backward(
        &self,
        input: &[u8],
        output: &[u8],
        output_grad: &[u8],
        input_grad: &mut [u8],
        workspace: WorkspaceMut<'_>,
    ) -> bool {
        let Some(input) = X::from_bytes(input) else { return false };
        let gradient = &mut *L::zeros();
        let input_grad = Some(bytemuck::cast_slice_mut(input_grad));
        let (output, output_grad) = (bytemuck::cast_slice(output), bytemuck::cast_slice(output_grad));
        let accumulate = !L::OVERWRITES;
        self.0.backward(Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate });
        true
    }
}

/// Runs the backward pass of a layer, with a call of the hook before and after it.
#[cold]
#[inline(never)]
pub(crate) fn backward_watched<X: Sample, L: Layer<X>>(
    name: Segment,
    layer: &L,
    pass: Backward<'_, X, L>,
    hook: &mut dyn BackwardHook,
) {
    hook.enter(name, &L::PLAN);
    watch(layer, pass, hook);
}

/// Runs the backward pass of a layer, and calls the hook after it.
pub(crate) fn watch<X: Sample, L: Layer<X>>(
    layer: &L,
    pass: Backward<'_, X, L>,
    hook: &mut dyn BackwardHook,
) {
    let Backward { input, output, output_grad, mut input_grad, gradient, workspace, accumulate } = pass;
    let inner = Backward {
        input,
        output,
        output_grad,
        input_grad: input_grad.as_deref_mut(),
        gradient: &mut *gradient,
        workspace,
        accumulate,
    };
    layer.backward_with_hook(inner, Some(&mut *hook));
    leave(layer, input, output, output_grad, input_grad.as_deref(), gradient, hook);
}

/// Calls the hook after a backward pass.
pub(crate) fn leave<X: Sample, L: Layer<X>>(
    layer: &L,
    input: &[X],
    output: &[L::Output],
    output_grad: &[<L::Output as Sample>::Grad],
    input_grad: Option<&[X::Grad]>,
    gradient: &L,
    hook: &mut dyn BackwardHook,
) {
    hook.leave(&LayerPass {
        layer: &Typed::<X, L>(layer, core::marker::PhantomData),
        input: X::numbers(input),
        output: L::Output::numbers(output),
        output_grad: <L::Output as Sample>::Grad::numbers(output_grad),
        input_grad: input_grad.map(X::Grad::numbers),
        gradient: View::of(gradient),
    });
}
