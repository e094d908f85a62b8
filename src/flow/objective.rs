//! The mean loss of a batch as a function of the parameters, and networks as vectors of `f64`.
//!
//! Computations with them (sums, eigenvalues) are compiled once, and not for each network.

use alloc::vec::Vec;
use core::ops::Range;

use crate::Error;
use crate::kernel::Real;
use crate::layer::{
    Checked, Layer, Owned, Parameter, Plan, Role, View, ViewMut, Visitor, Workspace, compare, visit,
};
use crate::loss::{Loss, TargetFor, check_lengths};
use crate::network::{Share, loss_gradient};
use crate::optimizer::first_non_finite;
use crate::tensor::{Sample, Tensor};

/// The mean loss of a batch as a function of the parameters of a network.
pub(crate) trait Objective {
    /// Returns the plan of the network.
    fn plan(&self) -> &'static Plan;

    /// Returns how many samples the batch has.
    fn samples(&self) -> usize;

    /// Returns the parameters at which the gradient is computed. At first they are those of the network.
    fn parameters(&mut self) -> ViewMut<'_>;

    /// Computes the gradient of the mean loss of a piece of the batch. Layers run in training mode, with random numbers
    /// from this seed. Returns the loss and the gradient.
    ///
    /// If targets have [weights](Loss::weight), the piece is scaled by its share of them. So the mean over pieces of
    /// equal size is always the loss, and the gradient, of the batch.
    fn loss_gradient(&mut self, samples: Range<usize>, seed: u64) -> Result<(f64, View<'_>), Error>;
}

impl dyn Objective + '_ {
    /// Computes the gradient of a piece as a vector. Returns the loss.
    pub(super) fn gradient_into(
        &mut self,
        samples: Range<usize>,
        seed: u64,
        to: &mut Vec<f64>,
    ) -> Result<f64, Error> {
        let (loss, gradient) = self.loss_gradient(samples, seed)?;
        read_into(gradient, to);
        if to.iter().any(|x| !x.is_finite())
            && let Some((parameter, element, value)) = first_non_finite(gradient)
        {
            return Err(Error::NonFiniteGradient { parameter, element, value });
        }
        Ok(loss)
    }
}

/// A network, a loss and a batch.
pub(crate) struct BatchLoss<'a, N, X, L, T> {
    network: Owned<N>,
    loss: &'a L,
    inputs: &'a [X],
    targets: &'a [T],
    /// The sum of the weights of all targets.
    weight: f64,
    workspace: Workspace,
    gradient: Owned<N>,
}

impl<'a, N, X, Y, L, T> BatchLoss<'a, N, X, L, T>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    /// Copies the network.
    pub(crate) fn new(network: &N, loss: &'a L, inputs: &'a [X], targets: &'a [T]) -> Result<Self, Error> {
        check_lengths(inputs.len(), targets.len())?;
        Ok(Self {
            network: compare::copy(network),
            loss,
            inputs,
            targets,
            weight: T::compare_by(loss).total_weight(targets),
            workspace: Workspace::default(),
            gradient: Owned::zeros(),
        })
    }
}

impl<N, X, Y, L, T> Objective for BatchLoss<'_, N, X, L, T>
where
    N: Layer<X, Output = Y>,
    X: Sample,
    Y: Tensor,
    T: TargetFor<L, Y>,
{
    fn plan(&self) -> &'static Plan {
        Checked::<X, N>::PLAN
    }

    fn samples(&self) -> usize {
        self.inputs.len()
    }

    fn parameters(&mut self) -> ViewMut<'_> {
        ViewMut::of(&mut *self.network)
    }

    fn loss_gradient(&mut self, samples: Range<usize>, seed: u64) -> Result<(f64, View<'_>), Error> {
        let Self { network, loss, inputs, targets, weight, workspace, gradient } = self;
        let pieces = inputs.len() as f64 / samples.len() as f64;
        let (start, inputs, targets) = (samples.start, &inputs[samples.clone()], &targets[samples]);
        let part = T::compare_by(*loss).total_weight(targets);
        // A batch without any weight is an error, and so is each of its pieces.
        let weight = if *weight == 0.0 { 1.0 } else { pieces * (part / *weight) };
        let (share, rng) = (Share { weight, samples: 1.0 }, &mut crate::random::rng(seed));
        let mean = loss_gradient(&**network, *loss, inputs, targets, share, workspace, gradient, rng, None)
            .map_err(|error| error.in_batch(start))?;
        Ok((mean, View::of(&**gradient)))
    }
}

/// Reads the parameters of a network without its [buffers](Role::Buffer), in order, into one vector.
pub(super) fn read_into(network: View<'_>, to: &mut Vec<f64>) {
    to.clear();
    visit([network], [], &mut Read(to));
}

struct Read<'a>(&'a mut Vec<f64>);

impl Visitor<1, 0> for Read<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [from]: [&[T]; 1], []: [&mut [T]; 0]) {
        if !is_buffer(parameter) {
            self.0.extend(from.iter().map(|x| x.to_f64()));
        }
    }
}

/// Writes the numbers of a vector to the parameters of a network. Its buffers do not change.
pub(super) fn write(from: &[f64], network: ViewMut<'_>) {
    visit([], [network], &mut Write(from));
}

struct Write<'a>(&'a [f64]);

impl Visitor<0, 1> for Write<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [to]: [&mut [T]; 1]) {
        if !is_buffer(parameter) {
            let (own, rest) = self.0.split_at(to.len().min(self.0.len()));
            to.iter_mut().zip(own).for_each(|(to, &from)| *to = T::from_f64(from));
            self.0 = rest;
        }
    }
}

/// Returns whether a parameter is a running statistic, which is not trained.
pub(super) fn is_buffer(parameter: &Parameter<'_>) -> bool {
    matches!(parameter.role, Role::Buffer { .. })
}
