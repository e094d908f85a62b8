//! Floor 6: what one does with a network.

use alloc::vec::Vec;

use rand::Rng;

use crate::Error;
use crate::bounds::{DataFor, Maps, RoomFor};
use crate::kernel::{Real, all_finite};
use crate::layer::{
    Layer, Mode, NoProbe, Parameter, Parameters, Probe, Role, Seen, Summary, View, Visitor, compare, visit,
};
use crate::loss::{Loss, TargetFor, check_finite, check_lengths};
use crate::optimizer::GradientOf;
use crate::tensor::{Buffer, Is, Tensor};

/// What every layer, and so every network, can be asked for. Implemented for all of them; [`Init`](crate::init::Init)
/// makes new ones.
///
/// The bounds stand on the methods, not on the trait, so that a network whose shapes do not meet still has them, and
/// the compiler says which layer is to blame.
pub trait Network: Parameters {
    /// This network as a table, for inputs of the shape `X`: each layer with its output, parameters and multiply-adds.
    fn summary<X: Tensor>() -> Summary
    where
        Self: Layer<X>,
    {
        Summary::of::<X, Self>()
    }

    /// All parameters, to be compared and printed.
    fn parameters(&self) -> View<'_, Self> {
        View::new(self)
    }

    /// Sets every parameter to zero.
    fn set_zero(&mut self) {
        visit([], [self], &mut SetZero);
    }

    /// The Euclidean norm over all parameters but the [statistics](crate::layer::Role::Statistic), summed in `f64`.
    fn norm(&self) -> f64 {
        compare::norm(self)
    }

    /// The output for one sample. It comes back by value: where it is too large for the stack (an image of a megabyte), use
    /// [`predict_batch`](Network::predict_batch) on a batch of one.
    ///
    /// # Errors
    /// [`Error::NonFiniteData`] for a NaN or an infinity in the input, [`Error::NonFiniteOutput`] for one in the output.
    fn predict<X: Tensor, Y: Tensor>(&self, input: &impl DataFor<Self::Input>) -> Result<Y, Error>
    where
        Self: Maps<X, Y>,
    {
        let mut output = [<Y as bytemuck::Zeroable>::zeroed()];
        self.predict_into(core::slice::from_ref(input), &mut output, &mut Tape::default())?;
        let [output] = output;
        Ok(output)
    }

    /// The output for each sample of a batch.
    ///
    /// # Errors
    /// As [`predict`](Network::predict). An empty batch has an empty answer.
    fn predict_batch<X: Tensor, Y: Tensor>(
        &self,
        inputs: &[impl DataFor<Self::Input>],
    ) -> Result<Vec<Y>, Error>
    where
        Self: Maps<X, Y>,
    {
        let mut outputs = bytemuck::zeroed_vec(inputs.len());
        self.predict_into(inputs, &mut outputs, &mut Tape::default())?;
        Ok(outputs)
    }

    /// The outputs for a batch, into `outputs`, with a tape that is used again: nothing is allocated after the first call.
    ///
    /// # Errors
    /// As [`predict`](Network::predict), and [`Error::OutputLengths`] when `outputs` is not as long as `inputs`.
    fn predict_into<X: Tensor, Y: Tensor>(
        &self,
        inputs: &[impl DataFor<Self::Input>],
        outputs: &mut [impl RoomFor<Y>],
        tape: &mut impl TapeOf<Self, X>,
    ) -> Result<(), Error>
    where
        Self: Maps<X, Y>,
    {
        predict_into(self, Is::cast(inputs), Is::cast_back_mut(Is::cast_mut(outputs)), tape.as_tape())
    }

    /// R, the mean loss of a batch, with dR/dW in `gradient` for every parameter W, whatever stood there before. This is backpropagation.
    ///
    /// `rng` is for what is random in training, such as dropout. Nothing is allocated after the first batch of a size.
    ///
    /// # Errors
    /// Whatever is wrong with the data, before `gradient` is touched: see [`Error`].
    fn loss_gradient<X: Tensor, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[impl DataFor<Self::Input>],
        targets: &[T],
        tape: &mut impl TapeOf<Self, X>,
        gradient: &mut impl GradientOf<Self>,
        rng: &mut impl Rng,
    ) -> Result<f64, Error>
    where
        Self: Maps<X, Y>,
    {
        self.loss_gradient_with(loss, inputs, targets, tape, gradient, rng, &mut NoProbe)
    }

    /// [`loss_gradient`](Network::loss_gradient), with a probe that watches the backward pass go by.
    ///
    /// # Errors
    /// As [`loss_gradient`](Network::loss_gradient); then the probe has seen nothing.
    #[allow(clippy::too_many_arguments)]
    fn loss_gradient_with<X: Tensor, Y: Tensor, L, T: TargetFor<L, Y>, P: Probe>(
        &self,
        loss: &L,
        inputs: &[impl DataFor<Self::Input>],
        targets: &[T],
        tape: &mut impl TapeOf<Self, X>,
        gradient: &mut impl GradientOf<Self>,
        rng: &mut impl Rng,
        probe: &mut P,
    ) -> Result<f64, Error>
    where
        Self: Maps<X, Y>,
    {
        let (inputs, tape, gradient) = (Is::cast(inputs), tape.as_tape(), gradient.as_gradient_mut());
        let mean = tape.loss(self, loss, inputs, targets, rng)?;
        tape.backward(self, inputs, gradient, probe);
        Ok(mean)
    }

    /// The mean loss of a batch in use: no dropout, no gradient.
    ///
    /// # Errors
    /// Whatever is wrong with the data: see [`Error`].
    fn loss<X: Tensor, Y: Tensor, L, T: TargetFor<L, Y>>(
        &self,
        loss: &L,
        inputs: &[impl DataFor<Self::Input>],
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

/// [`Network::loss_gradient`] of samples that are this share of a batch: their part of the batch's mean loss, and of its gradient.
#[allow(clippy::too_many_arguments)]
pub(crate) fn loss_gradient_share<N, X: Tensor, Y: Tensor, L, T: TargetFor<L, Y>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    share: f64,
    tape: &mut impl TapeOf<N, X>,
    gradient: &mut N,
    rng: &mut impl Rng,
) -> Result<f64, Error>
where
    N: Maps<X, Y>,
{
    let tape = tape.as_tape();
    let mean = tape.loss(network, loss, inputs, targets, rng)?;
    let scale = Real::from_f64(share);
    let output_grad = N::Output::flat_mut(tape.output_grad.take(inputs.len()));
    output_grad.iter_mut().for_each(|g| *g *= scale);
    tape.backward(network, inputs, gradient, &mut NoProbe);
    visit([], [gradient], &mut ScaleStatistics(share));
    Ok(share * mean)
}

/// What a statistic measured is no part of the loss, and has its share apart.
struct ScaleStatistics(f64);

impl Visitor<0, 1> for ScaleStatistics {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if let Role::Statistic { .. } = parameter.field.role {
            xs.iter_mut().for_each(|x| *x *= T::from_f64(self.0));
        }
    }
}

/// What a network leaves behind on its way forward, for its way back: made once, used for every batch.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let (inputs, targets) = ([Vector([0.0, 1.0])], [Vector([1.0])]);
/// let (mut net, mut gradient, mut tape) = (Net::init(&mut rng(1)), Net::zeros(), Tape::<Net, Vector<2>>::default());
/// let mut sgd = Sgd::new(0.1);
/// for _ in 0..100 {
///     net.loss_gradient(&MeanSquaredError, &inputs, &targets, &mut tape, &mut gradient, &mut rng(2))?;
///     sgd.step(&mut net, &gradient)?;
/// }
/// approx::assert_abs_diff_eq!(net.predict(&inputs[0])?, targets[0], epsilon = 1e-3);
/// # Ok::<(), chainrule::Error>(())
/// ```
pub struct Tape<N: Layer<X>, X: Tensor> {
    layers: N::Tape,
    output: Buffer<N::Output>,
    output_grad: Buffer<N::Output>,
    input_grad: Buffer<X>,
}

impl<N: Layer<X>, X: Tensor> Default for Tape<N, X> {
    fn default() -> Self {
        Self {
            layers: N::Tape::default(),
            output: Buffer::default(),
            output_grad: Buffer::default(),
            input_grad: Buffer::default(),
        }
    }
}

impl<N: Layer<X>, X: Tensor> Tape<N, X> {
    /// Fills the tape: checks the inputs, goes forward, checks the outputs.
    fn forward(&mut self, network: &N, inputs: &[X], mode: &mut Mode<'_>) -> Result<(), Error> {
        check_inputs(inputs)?;
        let outputs = self.output.take(inputs.len());
        network.forward(inputs, outputs, &mut self.layers, mode);
        check_outputs(outputs)
    }

    /// Goes forward, and gives the mean loss of the batch, and its gradient by the outputs in `output_grad`.
    fn loss<Y: Tensor, L, T: TargetFor<L, Y>>(
        &mut self,
        network: &N,
        loss: &L,
        inputs: &[X],
        targets: &[T],
        rng: &mut impl Rng,
    ) -> Result<f64, Error>
    where
        N: Maps<X, Y>,
    {
        check_lengths(inputs.len(), targets.len())?;
        self.forward(network, inputs, &mut Mode::Train(rng))?;
        let outputs = Is::cast(self.output.get(inputs.len()));
        let output_grad = Is::cast_mut(self.output_grad.take(inputs.len()));
        T::compare_by(loss).mean_and_gradient(outputs, targets, output_grad)
    }

    /// Shows the probe what the forward pass left, though there is no gradient to go back with.
    #[cfg(feature = "flow")]
    pub(crate) fn show<P: Probe>(&mut self, network: &N, inputs: &[X], gradient: &mut N, probe: &mut P) {
        N::Output::flat_mut(self.output_grad.take(inputs.len())).fill(Real::from_f64(0.0));
        self.backward(network, inputs, gradient, probe);
    }

    /// From `output_grad` back through the network.
    fn backward<P: Probe>(&mut self, network: &N, inputs: &[X], gradient: &mut N, probe: &mut P) {
        let samples = inputs.len();
        let (output, output_grad) = (self.output.get(samples), self.output_grad.get(samples));
        let mut input_grad = P::WANTS_INPUT_GRAD.then(|| self.input_grad.take(samples));
        let dx = input_grad.as_deref_mut();
        network.backward(inputs, output, output_grad, dx, gradient, &mut self.layers, probe);
        let (layer, input, input_grad) = (network, inputs, input_grad.as_deref());
        probe.leave(Seen { layer, input, output, output_grad, input_grad, gradient });
    }
}

/// The tape of a network for inputs of one shape.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tape of `{N}` for inputs of `{X}`",
    label = "the tape of another network, or of another input",
    note = "a tape has room for the outputs of each layer of its own network: `let mut tape = Tape::<Net, Input>::default();`"
)]
pub trait TapeOf<N: Layer<X>, X: Tensor>: Default + Send {
    #[doc(hidden)]
    fn as_tape(&mut self) -> &mut Tape<N, X>;
}

#[diagnostic::do_not_recommend] // so that the error is the one of `TapeOf`, not of `Is`
impl<N: Layer<X>, X: Tensor, T: Is<Tape<N, X>> + Default + Send> TapeOf<N, X> for T {
    fn as_tape(&mut self) -> &mut Tape<N, X> {
        self.cast_one_mut()
    }
}

fn predict_into<N: Layer<X>, X: Tensor>(
    network: &N,
    inputs: &[X],
    outputs: &mut [N::Output],
    tape: &mut Tape<N, X>,
) -> Result<(), Error> {
    if inputs.len() != outputs.len() {
        return Err(Error::OutputLengths { inputs: inputs.len(), outputs: outputs.len() });
    }
    check_inputs(inputs)?;
    network.forward(inputs, outputs, &mut tape.layers, &mut Mode::Evaluate);
    check_outputs(outputs)
}

fn check_inputs<X: Tensor>(inputs: &[X]) -> Result<(), Error> {
    if all_finite(X::flat(inputs)) {
        return Ok(());
    }
    inputs.iter().enumerate().try_for_each(|(sample, input)| check_finite("input", input, sample))
}

fn check_outputs<Y: Tensor>(outputs: &[Y]) -> Result<(), Error> {
    if all_finite(Y::flat(outputs)) {
        return Ok(());
    }
    match Y::flat(outputs).iter().position(|y| !y.is_finite()) {
        None => Ok(()),
        Some(at) => {
            let value = Y::flat(outputs)[at].to_f64();
            Err(Error::NonFiniteOutput { sample: at / Y::LEN, element: at % Y::LEN, value })
        }
    }
}

struct SetZero;

impl Visitor<0, 1> for SetZero {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        xs.fill(T::zero());
    }
}
