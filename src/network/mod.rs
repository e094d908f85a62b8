// Tier 6.
//! The methods that every network has.

mod arithmetic;
mod budget;
pub(crate) mod image;
mod maps;
mod passes;
mod workspace_of;

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use bytemuck::Pod;
#[cfg(feature = "alloc")]
use chainrule_parameters::Owned;
use chainrule_parameters::{Parameters, View, ViewMut};
use rand::Rng;

use crate::Error;
#[cfg(feature = "alloc")]
use crate::bounds::CotangentOf;
use crate::bounds::{GradientOf, OutputFor};
use crate::kernel::Real;
use crate::layer::{
    BackwardHook, Bare, Parameter, ParametersView, Prediction, TrainingStep, WorkspaceFor, compare,
};
#[cfg(feature = "alloc")]
use crate::layer::{Layer, Summary, Workspace};
use crate::loss::TargetFor;
#[cfg(feature = "alloc")]
use crate::loss::{Loss, check_lengths};
use crate::stream::{Stream, StreamState};
#[cfg(feature = "alloc")]
use crate::tensor::{AsSample, IsType};
use crate::tensor::{SameType, Sample, Tensor};

pub use budget::{Budget, budget};
#[doc(hidden)]
pub use image::network_of_image;
#[cfg(feature = "alloc")]
pub(crate) use maps::plan;
pub use maps::{Data, InputOf, Maps, shapes};
#[cfg(feature = "flow")]
pub(crate) use passes::show_forward;
pub(crate) use passes::{Share, loss_gradient};
pub use workspace_of::{Pass, WorkspaceOf};

/// Methods that every network has. A layer is a network too. [`Init`](crate::init::Init) creates networks.
///
/// The bounds are on the methods, not on the trait. So a network with mismatched shapes has the methods too, and the
/// compiler reports which layer is wrong.
///
/// The bound `Data: InputOf<X, Self, Y>` of a method means that the network maps `X` to `Y`. It is satisfied by every
/// network whose layers match. In generic code, write [`Maps<X, Y>`](crate::Maps) instead. Each method has an example.
#[doc(alias("nn.Module", "Module", "model", "Sequential"))]
pub trait Network: Parameters {
    /// Returns a table of this network for inputs of the shape `X`: each layer with its output shape, parameters and
    /// multiply-adds.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
    ///
    /// let table = Net::summary::<Vector<2>>().to_string(); // to print
    /// assert!(table.contains("Linear<2, 8>"));
    /// ```
    #[doc(alias("model.summary", "torchinfo", "print model"))]
    #[cfg(feature = "alloc")]
    fn summary<X: Sample>() -> Summary
    where
        Self: Layer<X>,
    {
        Summary::of::<X, Self>()
    }

    /// Returns a view of all parameters, which can be compared and printed.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let a = Linear::<2, 1>::init(&mut rng(1));
    /// let b = Linear::<2, 1>::init(&mut rng(1)); // the same seed
    /// assert!(a.parameters() == b.parameters());
    /// ```
    #[doc(alias("state_dict", "named_parameters", "weights"))]
    fn parameters(&self) -> ParametersView<'_> {
        ParametersView::new(self)
    }

    /// Sets every parameter to zero.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let mut layer = Linear::<2, 1>::init(&mut rng(1));
    /// layer.set_zero();
    /// assert_eq!(layer.weights(), [0.0, 0.0]);
    /// ```
    #[doc(alias("zero_grad"))]
    fn set_zero(&mut self) {
        compare::set_zero(ViewMut::of(self));
    }

    /// Returns the Euclidean norm over all parameters except the [buffers](crate::layer::Role::Buffer), summed in
    /// `f64`. No square overflows or underflows.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let layer = Linear::<2, 2>::init_with(Initializer::constant(1.5), &mut rng(0)); // the biases are 0
    /// assert_eq!(layer.norm(), 3.0); // √(4 · 1.5²)
    /// ```
    #[doc(alias("gradient norm", "L2 norm"))]
    fn norm(&self) -> f64 {
        compare::length(View::of(self)).value()
    }

    /// Adds `factor * other` to every parameter, for example to sum gradients or to take a step along a gradient.
    /// Networks on the heap also have `sum += &other`.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 1>, Tanh);
    ///
    /// let mut sum = Net::init_with(Initializer::constant(1.0), &mut rng(0));
    /// let gradient = Net::init_with(Initializer::constant(2.0), &mut rng(0));
    /// sum.add_scaled(0.5, &gradient);
    /// assert_eq!(sum.0.weights(), [2.0, 2.0]); // 1 + 0.5 * 2
    /// ```
    #[doc(alias("axpy"))]
    fn add_scaled(&mut self, factor: f64, other: &Self) {
        arithmetic::combine(1.0, ViewMut::of(self), factor, View::of(other));
    }

    /// Moves every parameter and every [buffer](crate::layer::Role::Buffer) toward that of `other`, by this share of
    /// the distance: `(1 - share) * self + share * other`. It updates the target networks of reinforcement learning.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let mut target = Linear::<2, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
    /// let online = Linear::<2, 1>::init_with(Initializer::constant(5.0), &mut rng(0));
    /// target.lerp(&online, 0.25);
    /// assert_eq!(target.weights(), [2.0, 2.0]); // 0.75 * 1 + 0.25 * 5
    /// ```
    ///
    /// # Source
    /// Lillicrap et al., "Continuous control with deep reinforcement learning", ICLR 2016, algorithm 1.
    #[doc(alias("soft update", "polyak", "target network"))]
    fn lerp(&mut self, other: &Self, share: f64) {
        arithmetic::combine(1.0 - share, ViewMut::of(self), share, View::of(other));
    }

    /// Calls `change` with the numbers of the parameter at this path, and returns its result. Paths are as in
    /// [`summary`](Network::summary) and in the files of [`checkpoint`](crate::checkpoint).
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 2>, Tanh, Linear<2, 1>);
    ///
    /// let mut net = Net::zeros();
    /// net.edit_parameter("2.bias", |bias: &mut [f32]| bias[0] = 0.5)?;
    /// assert_eq!(net.2.bias, Vector([0.5]));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownPath`] if no parameter of this scalar type has this path.
    #[cfg(feature = "alloc")]
    fn edit_parameter<T: Real, R>(
        &mut self,
        path: &str,
        change: impl FnOnce(&mut [T]) -> R,
    ) -> Result<R, Error> {
        arithmetic::edit(ViewMut::of(self), path, change)
    }

    /// Calls `change` for each parameter of this scalar type, in order, with its path, its role and its numbers.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 2>, Tanh, Linear<2, 1>);
    ///
    /// let mut net = Net::init(&mut rng(1));
    /// net.edit_parameters(|parameter, numbers: &mut [f32]| {
    ///     if parameter.path.to_string().starts_with("2.") {
    ///         numbers.fill(0.0);
    ///     }
    /// });
    /// assert_eq!(net.2.weights(), [0.0, 0.0]);
    /// ```
    fn edit_parameters<T: Real>(&mut self, change: impl FnMut(&Parameter<'_>, &mut [T])) {
        arithmetic::edit_all(ViewMut::of(self), change);
    }

    /// Computes the output of the next step of a stream in evaluation mode, and updates the state of the stream. It
    /// never allocates. See the example of [`stream`](crate::stream).
    ///
    /// # Errors
    /// * [`Error::NonFiniteData`] for a NaN or an infinity in the input, and [`Error::StreamEnd`] after the last step
    ///   that a layer supports. The state is unchanged.
    /// * [`Error::NonFiniteStream`] for a NaN or an infinity in the output. The state may contain it too, so start with
    ///   a new state.
    #[inline]
    fn step<X: Sample>(&self, input: &X, state: &mut StreamState<Self, X>) -> Result<Self::Output, Error>
    where
        Self: Stream<X> + Sized,
    {
        passes::step(self, input, state)
    }

    /// Computes the output for one sample, in evaluation mode. The output is returned by value. If it is too large for
    /// the stack (an image of a megabyte), use [`predict_batch`](Network::predict_batch) on a batch of one.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let y = Relu.predict(&Vector([-2.0, 3.0]))?;
    /// assert_eq!(y, Vector([0.0, 3.0]));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NonFiniteData`] for a NaN or an infinity in the input, [`Error::NonFiniteOutput`] for a NaN or an
    /// infinity in the output.
    #[doc(alias("forward", "inference", "__call__", "evaluate"))]
    #[cfg(feature = "alloc")]
    fn predict<X: ?Sized, Y: Sample + Pod>(&self, input: &X) -> Result<Y, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN; // names the caller in the compiler's error
        let mut output = [<Y as bytemuck::Zeroable>::zeroed()];
        let (network, inputs) = (Data::network::<Bare>(self), core::slice::from_ref(Data::sample(input)));
        passes::predict_into(network, inputs, &mut output, &mut Workspace::default())?;
        let [output] = output;
        Ok(output)
    }

    /// Computes the output for each sample of a batch, in evaluation mode.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let outputs: Vec<Vector<1>> = Relu.predict_batch(&[Vector([-2.0]), Vector([3.0])])?;
    /// assert_eq!(outputs, [Vector([0.0]), Vector([3.0])]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`predict`](Network::predict). The result for an empty batch is empty.
    #[doc(alias("forward", "inference"))]
    #[cfg(feature = "alloc")]
    fn predict_batch<X, Y: Sample + Pod>(&self, inputs: &[X]) -> Result<Vec<Y>, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        let mut outputs = bytemuck::zeroed_vec(inputs.len());
        self.predict_into(inputs, &mut outputs, &mut Workspace::default())?;
        Ok(outputs)
    }

    /// Writes the outputs for a batch to `outputs`, in evaluation mode, with a workspace that is reused. It allocates
    /// nothing after the first call.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let (mut outputs, mut workspace) = ([Vector([0.0; 2]); 1], Workspace::default());
    /// for x in [-2.0, 3.0] {
    ///     Relu.predict_into(&[Vector([x, 1.0])], &mut outputs, &mut workspace)?;
    ///     assert_eq!(outputs[0], Vector([f32::max(x, 0.0), 1.0]));
    /// }
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`predict`](Network::predict), and [`Error::OutputLengths`] if `outputs` and `inputs` have different lengths.
    #[doc(alias("forward", "inference"))]
    fn predict_into<X, Y: Sample + Pod>(
        &self,
        inputs: &[X],
        outputs: &mut [impl OutputFor<Y>],
        workspace: &mut impl WorkspaceFor<Prediction<Self, X>>,
    ) -> Result<(), Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        let outputs = SameType::cast_back_mut(SameType::cast_mut(outputs));
        passes::predict_into(Data::network::<Bare>(self), Data::samples(inputs), outputs, workspace)
    }

    /// Returns R, the mean loss of a batch, and overwrites `gradient` with dR/dW for every parameter W, by
    /// backpropagation.
    ///
    /// The layers run in training mode and draw random numbers (for dropout) from `rng`. Nothing is allocated after the
    /// call with the largest batch.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// // y = 3 x + 0, at x = 2 with the target 5: R = (6 - 5)², dR/dw = 2 (6 - 5) x, dR/db = 2 (6 - 5).
    /// let net = Linear::<1, 1>::init_with(Initializer::constant(3.0), &mut rng(0));
    /// let (mut gradient, mut workspace) = (Linear::<1, 1>::zeros(), Workspace::default());
    /// let (x, y) = ([Vector([2.0])], [Vector([5.0])]);
    /// let loss = net.loss_gradient(&MeanSquaredError, &x, &y, &mut workspace, &mut gradient, &mut rng(1))?;
    /// assert_eq!(loss, 1.0);
    /// assert_eq!((gradient.weights(), gradient.bias), ([4.0].as_slice(), Vector([2.0])));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// An [`Error`] for invalid data, before `gradient` changes.
    #[doc(alias("backward", "backpropagation", "autograd", "loss.backward", "value_and_grad"))]
    fn loss_gradient<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        workspace: &mut impl WorkspaceFor<TrainingStep<Self, X>>,
        gradient: &mut impl GradientOf<Self>,
        rng: &mut impl Rng,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        let (network, gradient) =
            (Data::network::<Bare>(self), Data::network_mut::<Bare>(gradient.as_gradient_mut()));
        loss_gradient(
            network,
            loss,
            Data::samples(inputs),
            targets,
            Share::WHOLE,
            workspace,
            gradient,
            rng,
            None,
        )
    }

    /// Computes [`loss_gradient`](Network::loss_gradient), and calls a hook in the backward pass.
    ///
    /// # Errors
    /// As [`loss_gradient`](Network::loss_gradient). In case of an error the hook is not called.
    #[allow(clippy::too_many_arguments)]
    fn loss_gradient_with_hook<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        workspace: &mut impl WorkspaceFor<TrainingStep<Self, X>>,
        gradient: &mut impl GradientOf<Self>,
        rng: &mut impl Rng,
        hook: &mut dyn BackwardHook,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        let (network, gradient) =
            (Data::network::<Bare>(self), Data::network_mut::<Bare>(gradient.as_gradient_mut()));
        loss_gradient(
            network,
            loss,
            Data::samples(inputs),
            targets,
            Share::WHOLE,
            workspace,
            gradient,
            rng,
            Some(hook),
        )
    }

    /// Computes the vector-Jacobian product, in evaluation mode. With a cotangent u for each output y, and R = Σ u·y
    /// over all samples and outputs, it returns the gradient dR/dx of each input, and dR/dW for every parameter W.
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
    /// As [`predict`](Network::predict), also for the cotangents, and [`Error::CotangentLengths`] if there is not one
    /// cotangent for each input. A gradient that overflows is returned as an infinity, without an error.
    #[doc(alias("jax.vjp", "autograd.grad", "vector-Jacobian product", "saliency"))]
    #[cfg(feature = "alloc")]
    #[allow(clippy::type_complexity)] // `X::Sample` is `X`
    fn vjp<X: AsSample, Y: Tensor>(
        &self,
        inputs: &[X],
        cotangents: &[impl CotangentOf<Y>],
    ) -> Result<(Vec<<X::Sample as Sample>::Grad>, Owned<Self>), Error>
    where
        Data: InputOf<X, Self, Y, Sample = X::Sample>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        let (mut input_grads, mut gradient) = (bytemuck::zeroed_vec(inputs.len()), Owned::zeros());
        let (network, grads) = (Data::network::<Bare>(self), Data::network_mut::<Bare>(&mut gradient));
        passes::vjp(network, Data::samples(inputs), SameType::cast(cotangents), &mut input_grads, grads)?;
        Ok((input_grads, gradient))
    }

    /// Computes the Jacobian matrix dy/dx at one input, in evaluation mode. Each element of the result is the gradient
    /// of one output number with respect to the input.
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
    #[doc(alias("jacrev", "jax.jacobian", "functional.jacobian"))]
    #[cfg(feature = "alloc")]
    fn jacobian<X: AsSample<Sample: Tensor>, Y: Tensor>(
        &self,
        input: &X,
    ) -> Result<Box<Y::Of<X::Sample>>, Error>
    where
        Data: InputOf<X, Self, Y, Sample = X::Sample>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        let inputs: Vec<X::Sample> = alloc::vec![*X::Sample::from_one(input); Y::LEN];
        let mut cotangents: Vec<Y> = bytemuck::zeroed_vec(Y::LEN);
        for (at, cotangent) in cotangents.iter_mut().enumerate() {
            cotangent.as_mut_slice()[at] = Real::from_f64(1.0);
        }
        let mut jacobian: Box<Y::Of<X::Sample>> = bytemuck::zeroed_box();
        let rows = bytemuck::cast_slice_mut(core::slice::from_mut(&mut *jacobian));
        passes::vjp(Data::network::<Bare>(self), &inputs, &cotangents, rows, &mut Owned::zeros())?;
        Ok(jacobian)
    }

    /// Returns the mean loss of a batch in evaluation mode: without dropout and without gradients.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let loss = Relu.loss(&MeanSquaredError, &[Vector([-2.0]), Vector([3.0])], &[Vector([0.0]), Vector([5.0])])?;
    /// assert_eq!(loss, 2.0); // the mean of 0² and 2²
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// An [`Error`] for invalid data.
    #[doc(alias("evaluate", "validation loss", "test loss"))]
    #[cfg(feature = "alloc")]
    fn loss<X, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, Self, Y>,
    {
        let _ = <Data as InputOf<X, Self, Y>>::PLAN;
        check_lengths(inputs.len(), targets.len())?;
        T::compare_by(loss).mean(&self.predict_batch(inputs)?, targets)
    }
}

impl<N: Parameters> Network for N {}
