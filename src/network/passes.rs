//! The forward and backward passes of a whole network, with checks of inputs and outputs.

use chainrule_parameters::{Role, ViewMut};
use rand::Rng;

use super::budget::boundaries;
use crate::Error;
use crate::kernel::Real;
use crate::layer::{
    AsWorkspace, Backward, BackwardHook, Layer, Mode, Needs, Parameter, Visitor, WorkspaceMut, compare,
    visit, watch,
};
#[cfg(feature = "alloc")]
use crate::layer::{Checked, Workspace};
use crate::loss::{Loss, TargetFor, check_lengths};
use crate::stream::{Stream, StreamEnd, StreamState};
use crate::tensor::{Sample, Tensor};

/// The share of a batch that some of its samples have.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    /// Their share of the batch's [weight](Loss::weight).
    pub(crate) weight: f64,
    /// Their share of the batch's samples.
    pub(crate) samples: f64,
}

impl Share {
    pub(crate) const WHOLE: Self = Self { weight: 1.0, samples: 1.0 };
}

/// Computes [`Network::loss_gradient`](super::Network::loss_gradient) for samples with this share of a batch: their
/// part of the batch's mean loss, and of its gradient.
#[allow(clippy::too_many_arguments)]
pub(crate) fn loss_gradient<N, X: Sample, Y: Tensor, L, T: TargetFor<L, Y>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    share: Share,
    workspace: &mut dyn AsWorkspace,
    gradient: &mut N,
    rng: &mut impl Rng,
    hook: Option<&mut dyn BackwardHook>,
) -> Result<f64, Error>
where
    N: Layer<X, Output = Y>,
{
    let samples = inputs.len();
    check_lengths(samples, targets.len())?;
    check_data("input", inputs)?;
    let memory = workspace;
    let mut workspace = memory.for_pass(Needs::training::<X, N>(boundaries::<X, N>(), samples))?;
    let outputs = workspace.saved::<Y>(samples);
    let output_grad = workspace.saved::<Y>(samples);
    let input_grad = hook.is_some().then(|| workspace.saved::<X::Grad>(samples));
    network.forward(inputs, outputs, workspace.reborrow(), &mut Mode::Train(rng));
    check_outputs(outputs)?;
    let mean = {
        let mean = match T::compare_by(loss).mean_and_gradient(outputs, targets, output_grad) {
            // All of these targets are ignored, but other targets of the batch are not.
            Err(Error::NoWeight) if share.weight == 0.0 => {
                bytemuck::fill_zeroes(output_grad);
                0.0
            }
            mean => mean?,
        };
        if share.weight != 1.0 {
            let scale = Real::from_f64(share.weight);
            Y::flat_mut(output_grad).iter_mut().for_each(|g| *g *= scale);
        }
        mean
    };
    backward(network, inputs, outputs, output_grad, input_grad, gradient, workspace, hook);
    if share.samples != 1.0 {
        scale_buffers(ViewMut::of(gradient), share.samples);
    }
    memory.succeeded();
    Ok(share.weight * mean)
}

/// Computes [`Network::vjp`](super::Network::vjp) into the given memory.
#[cfg(feature = "alloc")]
pub(super) fn vjp<N, X: Sample, Y: Tensor>(
    network: &N,
    inputs: &[X],
    cotangents: &[Y],
    input_grads: &mut [X::Grad],
    gradient: &mut N,
) -> Result<(), Error>
where
    N: Layer<X, Output = Y>,
{
    let samples = inputs.len();
    if samples != cotangents.len() {
        return Err(Error::CotangentLengths { inputs: samples, cotangents: cotangents.len() });
    }
    check_data("input", inputs)?;
    check_data("cotangent", cotangents)?;
    let mut workspace = Workspace::default();
    let mut workspace = workspace.reserve(Checked::<X, N>::PLAN, boundaries::<X, N>(), samples);
    let outputs = workspace.saved::<N::Output>(samples);
    network.forward(inputs, outputs, workspace.reborrow(), &mut Mode::Evaluate);
    check_outputs(outputs)?;
    backward(network, inputs, outputs, cotangents, Some(input_grads), gradient, workspace, None);
    Ok(())
}

/// Computes [`Network::step`](super::Network::step).
pub(super) fn step<N: Stream<X>, X: Sample>(
    network: &N,
    input: &X,
    state: &mut StreamState<N, X>,
) -> Result<N::Output, Error> {
    check_data("input", core::slice::from_ref(input))?;
    if let Some(StreamEnd { steps, layer }) = N::END
        && state.steps >= steps as u64
    {
        return Err(Error::StreamEnd { layer, steps });
    }
    state.steps += 1;
    let mut output = <N::Output as bytemuck::Zeroable>::zeroed();
    network.step_into(input, &mut output, &mut state.layers);
    match Sample::first_non_finite(core::slice::from_ref(&output)) {
        None => Ok(output),
        Some((_, element, value)) => Err(Error::NonFiniteStream { element, value }),
    }
}

/// Calls the hook with the result of a forward pass only. All gradients are 0.
#[cfg(feature = "flow")]
pub(crate) fn show_forward<N: Layer<X>, X: Sample>(
    network: &N,
    inputs: &[X],
    mode: &mut Mode<'_>,
    hook: &mut dyn BackwardHook,
) {
    let (samples, mut workspace, mut gradient) = (inputs.len(), Workspace::default(), N::zeros());
    let mut workspace = workspace.reserve(Checked::<X, N>::PLAN, boundaries::<X, N>(), samples);
    let outputs = workspace.saved::<N::Output>(samples);
    let output_grad = workspace.saved::<<N::Output as Sample>::Grad>(samples);
    let input_grad = workspace.saved::<X::Grad>(samples);
    network.forward(inputs, outputs, workspace.reborrow(), mode);
    bytemuck::fill_zeroes(output_grad);
    backward(network, inputs, outputs, output_grad, Some(input_grad), &mut gradient, workspace, Some(hook));
}

/// Runs the backward pass of the network from the gradient of the outputs.
#[allow(clippy::too_many_arguments)]
fn backward<N: Layer<X>, X: Sample>(
    network: &N,
    input: &[X],
    output: &[N::Output],
    output_grad: &[<N::Output as Sample>::Grad],
    input_grad: Option<&mut [X::Grad]>,
    gradient: &mut N,
    workspace: WorkspaceMut<'_>,
    hook: Option<&mut dyn BackwardHook>,
) {
    if !N::OVERWRITES {
        compare::set_zero(ViewMut::of(&mut *gradient));
    }
    let pass = Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate: false };
    match hook {
        None => network.backward(pass),
        Some(hook) => watch(network, pass, hook),
    }
}

/// Multiplies the changes of the buffers by `share`. The gradient of the loss is not a factor of them, so its share
/// does not apply to them.
fn scale_buffers(gradient: ViewMut<'_>, share: f64) {
    if gradient.description().has_buffers() {
        visit([], [gradient], &mut ScaleBuffers(share));
    }
}

struct ScaleBuffers(f64);

impl Visitor<0, 1> for ScaleBuffers {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if let Role::Buffer { .. } = parameter.role {
            xs.iter_mut().for_each(|x| *x *= T::from_f64(self.0));
        }
    }
}

/// Computes [`Network::predict_into`](super::Network::predict_into).
pub(super) fn predict_into<N: Layer<X>, X: Sample>(
    network: &N,
    inputs: &[X],
    outputs: &mut [N::Output],
    workspace: &mut dyn AsWorkspace,
) -> Result<(), Error> {
    if inputs.len() != outputs.len() {
        return Err(Error::OutputLengths { inputs: inputs.len(), outputs: outputs.len() });
    }
    check_data("input", inputs)?;
    let pass = workspace.for_pass(Needs::prediction::<X, N>(inputs.len()))?;
    network.forward(inputs, outputs, pass, &mut Mode::Evaluate);
    check_outputs(outputs)?;
    workspace.succeeded();
    Ok(())
}

fn check_data<X: Sample>(what: &'static str, samples: &[X]) -> Result<(), Error> {
    match X::first_non_finite(samples) {
        None => Ok(()),
        Some((sample, element, value)) => Err(Error::NonFiniteData { what, sample, element, value }),
    }
}

fn check_outputs<Y: Sample>(outputs: &[Y]) -> Result<(), Error> {
    match Y::first_non_finite(outputs) {
        None => Ok(()),
        Some((sample, element, value)) => Err(Error::NonFiniteOutput { sample, element, value }),
    }
}
