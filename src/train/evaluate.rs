//! The mean loss over a data set.

use super::Trainer;
use crate::Error;
use crate::data::Dataset;
use crate::layer::{Bare, Layer, Workspace};
use crate::loss::{Loss, TargetFor};
use crate::network::{Data, InputOf, Network};
use crate::tensor::{Sample, Tensor};

/// The batch size for evaluation.
const EVALUATED_AT_ONCE: usize = 256;

impl<N, L, O> Trainer<N, L, O> {
    /// Returns the mean loss of a data set in evaluation mode: without dropout, label smoothing or gradients.
    ///
    /// The example of [`fit`](Trainer::fit) calls it on the test set.
    ///
    /// # Errors
    /// Invalid data: see [`Error`].
    #[doc(alias = "test loss")]
    #[doc(alias = "validation loss")]
    pub fn evaluate<X, Y: Tensor, Target: TargetFor<L, Y>>(
        &self,
        data: &Dataset<X, Target>,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
    {
        let network = Data::network::<Bare>(&self.network);
        evaluate(network, &self.loss, Data::samples(data.inputs()), data.targets(), |_: &[Y]| ())
    }
}

/// Returns the mean loss over a data set, and calls `see` with the outputs of each batch.
pub(super) fn evaluate<X: Sample, Y: Tensor, N: Layer<X, Output = Y>, L, Target: TargetFor<L, Y>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[Target],
    mut see: impl FnMut(&[Y]),
) -> Result<f64, Error> {
    let mut workspace = Workspace::default();
    let mut outputs: Vec<Y> = bytemuck::zeroed_vec(EVALUATED_AT_ONCE.min(inputs.len()));
    let loss = Target::compare_by(loss);
    let mut sum = 0.0;
    let batches = inputs.chunks(EVALUATED_AT_ONCE).zip(targets.chunks(EVALUATED_AT_ONCE));
    for (at, (inputs, targets)) in batches.enumerate() {
        let outputs = &mut outputs[..inputs.len()];
        let mean = network
            .predict_into(inputs, outputs, &mut workspace)
            .and_then(|()| loss.evaluate(outputs, targets))
            .or_else(|error| if error == Error::NoWeight { Ok(0.0) } else { Err(error) })
            .map_err(|error| error.in_batch(at * EVALUATED_AT_ONCE))?;
        sum += mean * loss.total_weight(targets);
        see(outputs);
    }
    match loss.total_weight(targets) {
        0.0 => Err(Error::NoWeight),
        weight => Ok(sum / weight),
    }
}
