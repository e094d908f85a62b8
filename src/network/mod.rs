//! Floor 6: the methods that every network has.

mod maps;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use bytemuck::Pod;
#[cfg(feature = "alloc")]
use chainrule_parameters::Owned;
use chainrule_parameters::{Parameters, Role, View, ViewMut};
use rand::Rng;

use crate::Error;
use crate::bounds::{GradientOf, InputFor, OutputFor};
use crate::kernel::Real;
use crate::layer::{
    AsWorkspace, Backward, BackwardHook, Layer, Mode, Parameter, ParametersView, Plan, Space, Visitor,
    WorkspaceMut, compare, visit, watch,
};
#[cfg(feature = "alloc")]
use crate::layer::{Summary, Workspace};
use crate::loss::{Loss, TargetFor, check_lengths};
use crate::tensor::{SameSample, SameType, Sample, Tensor};

pub use maps::{AcceptsInput, Maps, shapes};

/// The methods that every network has, and so every layer. [`Init`](crate::init::Init) creates networks.
///
/// The bounds are on the methods, not on the trait: so a network with mismatched shapes has the methods too, and the
/// compiler says which layer is wrong.
pub trait Network: Parameters {
    /// Returns a table of this network, for inputs of the shape `X`: each layer with its output shape, parameters and
    /// multiply-adds.
    #[cfg(feature = "alloc")]
    fn summary<X: Sample>() -> Summary
    where
        Self: Layer<X>,
    {
        Summary::of::<X, Self>()
    }

    /// Returns a view of all parameters, which can be compared and printed.
    fn parameters(&self) -> ParametersView<'_> {
        ParametersView::new(self)
    }

    /// Sets every parameter to zero.
    fn set_zero(&mut self) {
        compare::set_zero(ViewMut::of(self));
    }

    /// Returns the Euclidean norm over all parameters except the [buffers](crate::layer::Role::Buffer), summed in
    /// `f64`.
    fn norm(&self) -> f64 {
        compare::norm(View::of(self))
    }

    /// Computes the output for one sample, in evaluation mode. It is returned by value. If it is too large for the
    /// stack (an image of a megabyte), use [`predict_batch`](Network::predict_batch) on a batch of one.
    ///
    /// # Errors
    /// [`Error::NonFiniteData`] for a NaN or an infinity in the input, [`Error::NonFiniteOutput`] for one in the
    /// output.
    #[cfg(feature = "alloc")]
    fn predict<X: Sample, Y: Sample + Pod>(&self, input: &impl InputFor<Self::Input>) -> Result<Y, Error>
    where
        Self: Maps<X, Y>,
    {
        let mut output = [<Y as bytemuck::Zeroable>::zeroed()];
        self.predict_into(core::slice::from_ref(input), &mut output, &mut Workspace::default())?;
        let [output] = output;
        Ok(output)
    }

    /// Computes the output for each sample of a batch, in evaluation mode.
    ///
    /// # Errors
    /// As [`predict`](Network::predict). The result for an empty batch is empty.
    #[cfg(feature = "alloc")]
    fn predict_batch<X: Sample, Y: Sample + Pod>(
        &self,
        inputs: &[impl InputFor<Self::Input>],
    ) -> Result<Vec<Y>, Error>
    where
        Self: Maps<X, Y>,
    {
        let mut outputs = bytemuck::zeroed_vec(inputs.len());
        self.predict_into(inputs, &mut outputs, &mut Workspace::default())?;
        Ok(outputs)
    }

    /// Writes the outputs for a batch to `outputs`, with a workspace that is reused: nothing is allocated after the
    /// first call.
    ///
    /// # Errors
    /// As [`predict`](Network::predict), and [`Error::OutputLengths`] when `outputs` is not as long as `inputs`.
    fn predict_into<X: Sample, Y: Sample + Pod>(
        &self,
        inputs: &[impl InputFor<Self::Input>],
        outputs: &mut [impl OutputFor<Y>],
        workspace: &mut impl AsWorkspace,
    ) -> Result<(), Error>
    where
        Self: Maps<X, Y>,
    {
        predict_into(
            self,
            SameType::cast(inputs),
            SameType::cast_back_mut(SameType::cast_mut(outputs)),
            workspace,
        )
    }

    /// Returns R, the mean loss of a batch, and overwrites `gradient` with dR/dW for every parameter W. This is
    /// backpropagation.
    ///
    /// The layers run in training mode and draw random numbers (for dropout) from `rng`. Nothing is allocated after the
    /// largest batch.
    ///
    /// # Errors
    /// Invalid data, found before `gradient` changes: see [`Error`].
    fn loss_gradient<X: Sample, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[impl InputFor<Self::Input>],
        targets: &[T],
        workspace: &mut impl AsWorkspace,
        gradient: &mut impl GradientOf<Self>,
        rng: &mut impl Rng,
    ) -> Result<f64, Error>
    where
        Self: Maps<X, Y>,
    {
        let gradient = gradient.as_gradient_mut();
        loss_gradient(self, loss, SameType::cast(inputs), targets, 1.0, workspace, gradient, rng, None)
    }

    /// Calls [`loss_gradient`](Network::loss_gradient) with a hook on the backward pass.
    ///
    /// # Errors
    /// As [`loss_gradient`](Network::loss_gradient); then the hook has not been called.
    #[allow(clippy::too_many_arguments)]
    fn loss_gradient_with_hook<X: Sample, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[impl InputFor<Self::Input>],
        targets: &[T],
        workspace: &mut impl AsWorkspace,
        gradient: &mut impl GradientOf<Self>,
        rng: &mut impl Rng,
        hook: &mut dyn BackwardHook,
    ) -> Result<f64, Error>
    where
        Self: Maps<X, Y>,
    {
        let gradient = gradient.as_gradient_mut();
        loss_gradient(self, loss, SameType::cast(inputs), targets, 1.0, workspace, gradient, rng, Some(hook))
    }

    /// Computes the vector-Jacobian product, in evaluation mode: for R = Σ u·y over all samples and outputs, with a
    /// cotangent u for each output y, the gradient dR/dx of each input, and dR/dW for every parameter W.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let layer = Linear::<2, 3>::init_with(Initializer::constant(2.0), &mut rng(0));
    /// let (input_grads, gradient) = layer.vjp(&[Vector([1.0, 5.0])], &[Vector([1.0, 0.0, 10.0])])?;
    /// assert_eq!(input_grads, [Vector([22.0, 22.0])]); // u Wᵀ
    /// assert_eq!(gradient.weights(), [1.0, 0.0, 10.0, 5.0, 0.0, 50.0]); // xᵀ u
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`predict`](Network::predict), and [`Error::BatchLengths`] when there is not one cotangent for each input.
    #[cfg(feature = "alloc")]
    fn vjp<X: Sample, Y: Tensor>(
        &self,
        inputs: &[impl InputFor<Self::Input>],
        cotangents: &[Y],
    ) -> Result<(Vec<X::Grad>, Owned<Self>), Error>
    where
        Self: Maps<X, Y>,
    {
        let inputs: &[X] = SameType::cast(inputs);
        let (mut input_grads, mut gradient) = (bytemuck::zeroed_vec(inputs.len()), Owned::zeros());
        vjp(self, inputs, cotangents, &mut input_grads, &mut gradient)?;
        Ok((input_grads, gradient))
    }

    /// Computes the Jacobian matrix dy/dx at one input, in evaluation mode: for each number of the output, its gradient
    /// with respect to the input.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let jacobian: Box<[Vector<2>; 2]> = Tanh.jacobian(&Vector([0.0, 1.0]))?;
    /// approx::assert_relative_eq!(jacobian[0], Vector([1.0, 0.0]));
    /// approx::assert_relative_eq!(jacobian[1], Vector([0.0, 1.0 - 1_f32.tanh().powi(2)]), max_relative = 1e-6);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`predict`](Network::predict).
    #[cfg(feature = "alloc")]
    fn jacobian<X: Tensor, Y: Tensor>(
        &self,
        input: &impl InputFor<Self::Input>,
    ) -> Result<Box<Y::Of<X>>, Error>
    where
        Self: Maps<X, Y>,
    {
        let inputs: Vec<X> = alloc::vec![*input.cast_one(); Y::LEN];
        let mut cotangents: Vec<Y> = bytemuck::zeroed_vec(Y::LEN);
        for (at, cotangent) in cotangents.iter_mut().enumerate() {
            cotangent.as_mut_slice()[at] = Real::from_f64(1.0);
        }
        let mut jacobian: Box<Y::Of<X>> = bytemuck::zeroed_box();
        let rows = bytemuck::cast_slice_mut(core::slice::from_mut(&mut *jacobian));
        vjp(self, &inputs, &cotangents, rows, &mut Owned::zeros())?;
        Ok(jacobian)
    }

    /// Returns the mean loss of a batch in evaluation mode: without dropout and without gradients.
    ///
    /// # Errors
    /// Invalid data: see [`Error`].
    #[cfg(feature = "alloc")]
    fn loss<X: Sample, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[impl InputFor<Self::Input>],
        targets: &[T],
    ) -> Result<f64, Error>
    where
        Self: Maps<X, Y>,
    {
        check_lengths(inputs.len(), targets.len())?;
        T::compare_by(loss).mean(&self.predict_batch(inputs)?, targets)
    }
}

impl<N: Parameters> Network for N {}

/// Returns the memory of a pass beside that of the network's layers: the outputs, their gradient, and the gradient of
/// the inputs.
const fn boundaries<X: Sample, N: Layer<X>>() -> Space {
    Space::per_sample::<N::Output>(1)
        .and(Space::per_sample::<<N::Output as Sample>::Grad>(1))
        .and(Space::per_sample::<X::Grad>(1))
}

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
pub const fn budget<N: Layer<X>, X: Sample>() -> Budget {
    Budget {
        parameters: N::COUNT,
        network_bytes: size_of::<N>(),
        multiply_adds: N::PLAN.cost.multiply_adds,
        plan: N::PLAN,
        boundaries: boundaries::<X, N>(),
    }
}

/// Computes [`Network::loss_gradient`] for samples that are this share of a batch: their part of the batch's mean loss,
/// and of its gradient.
#[allow(clippy::too_many_arguments)]
pub(crate) fn loss_gradient<N, X: Sample, Y: Tensor, L, T: TargetFor<L, Y>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    share: f64,
    workspace: &mut impl AsWorkspace,
    gradient: &mut N,
    rng: &mut impl Rng,
    hook: Option<&mut dyn BackwardHook>,
) -> Result<f64, Error>
where
    N: Maps<X, Y>,
{
    let samples = inputs.len();
    check_lengths(samples, targets.len())?;
    check_inputs(inputs)?;
    let [saved, scratch] = N::PLAN.training_lines(boundaries::<X, N>(), samples);
    let mut workspace = workspace.lines(saved, scratch)?;
    let outputs = workspace.saved::<N::Output>(samples);
    let output_grad = workspace.saved::<<N::Output as Sample>::Grad>(samples);
    let input_grad = hook.is_some().then(|| workspace.saved::<X::Grad>(samples));
    network.forward(inputs, outputs, workspace.reborrow(), &mut Mode::Train(rng));
    check_outputs(outputs)?;
    let mean = {
        let output_grad = N::Output::cast_grads_mut(output_grad);
        let mean = T::compare_by(loss).mean_and_gradient(SameType::cast(outputs), targets, output_grad)?;
        if share != 1.0 {
            let scale = Real::from_f64(share);
            Y::flat_mut(output_grad).iter_mut().for_each(|g| *g *= scale);
        }
        mean
    };
    backward(network, inputs, outputs, output_grad, input_grad, gradient, workspace, hook);
    if share != 1.0 {
        scale_buffers(ViewMut::of(gradient), share);
    }
    Ok(share * mean)
}

/// Computes [`Network::vjp`] into given memory.
#[cfg(feature = "alloc")]
fn vjp<N, X: Sample, Y: Tensor>(
    network: &N,
    inputs: &[X],
    cotangents: &[Y],
    input_grads: &mut [X::Grad],
    gradient: &mut N,
) -> Result<(), Error>
where
    N: Maps<X, Y>,
{
    let samples = inputs.len();
    if samples != cotangents.len() {
        return Err(Error::BatchLengths { inputs: samples, targets: cotangents.len() });
    }
    check_inputs(inputs)?;
    let mut workspace = Workspace::default();
    let mut workspace = workspace.reserve(&N::PLAN, boundaries::<X, N>(), samples);
    let outputs = workspace.saved::<N::Output>(samples);
    network.forward(inputs, outputs, workspace.reborrow(), &mut Mode::Evaluate);
    check_outputs(outputs)?;
    let output_grad = N::Output::cast_grads_back(cotangents);
    backward(network, inputs, outputs, output_grad, Some(input_grads), gradient, workspace, None);
    Ok(())
}

/// Calls the hook with the result of a forward pass whose loss has no gradient.
#[cfg(feature = "flow")]
pub(crate) fn show_forward<N: Layer<X>, X: Sample>(
    network: &N,
    inputs: &[X],
    rng: &mut impl Rng,
    hook: &mut dyn BackwardHook,
) {
    let (samples, mut workspace, mut gradient) = (inputs.len(), Workspace::default(), N::zeros());
    let mut workspace = workspace.reserve(&N::PLAN, boundaries::<X, N>(), samples);
    let outputs = workspace.saved::<N::Output>(samples);
    let output_grad = workspace.saved::<<N::Output as Sample>::Grad>(samples);
    let input_grad = workspace.saved::<X::Grad>(samples);
    network.forward(inputs, outputs, workspace.reborrow(), &mut Mode::Train(rng));
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

/// The distance of a buffer is not multiplied by the gradient of the loss, so its share is applied separately.
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

fn predict_into<N: Layer<X>, X: Sample>(
    network: &N,
    inputs: &[X],
    outputs: &mut [N::Output],
    workspace: &mut impl AsWorkspace,
) -> Result<(), Error> {
    if inputs.len() != outputs.len() {
        return Err(Error::OutputLengths { inputs: inputs.len(), outputs: outputs.len() });
    }
    check_inputs(inputs)?;
    let [saved, scratch] = N::PLAN.prediction_lines(Space::NONE, inputs.len());
    let workspace = workspace.lines(saved, scratch)?;
    network.forward(inputs, outputs, workspace, &mut Mode::Evaluate);
    check_outputs(outputs)
}

fn check_inputs<X: Sample>(inputs: &[X]) -> Result<(), Error> {
    match X::first_non_finite(inputs) {
        None => Ok(()),
        Some((sample, element, value)) => Err(Error::NonFiniteData { what: "input", sample, element, value }),
    }
}

fn check_outputs<Y: Sample>(outputs: &[Y]) -> Result<(), Error> {
    match Y::first_non_finite(outputs) {
        None => Ok(()),
        Some((sample, element, value)) => Err(Error::NonFiniteOutput { sample, element, value }),
    }
}
