//! Steps that record the gradient flow.

use super::Trainer;
use crate::Error;
use crate::flow::Recorder;
use crate::layer::{BackwardHook, Parameters};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, plan};
use crate::stream::Rows;
use crate::tensor::Tensor;

/// If a batch is divided, a recorder measures a quarter of it, but at least the first and at most the second number of
/// samples.
const MEASURED: [usize; 2] = [16, 128];

impl<N, L, O> Trainer<N, L, O> {
    /// Takes a [`step`](Trainer::step), and records its gradient flow if the recorder is due.
    ///
    /// If the trainer processes the batch as a whole, the pass of the step measures the whole batch. If the trainer
    /// [divides](Trainer::micro_batch) the batch, a separate pass measures the first samples: a quarter of the batch,
    /// but at least 16 and at most 128. It never measures more samples than `micro_batch`, if that is set, so that
    /// measuring needs no more memory than the training. [`Flow::samples`](crate::flow::Flow::samples) is the number of
    /// measured samples.
    ///
    /// The example of [`flow::Report`](crate::flow::Report) calls it.
    ///
    /// # Errors
    /// The same as [`step`](Trainer::step). Also [`Error::StoppedByRule`] if a [rule](crate::flow::Rules::stop) of the
    /// recorder stops the training. The step has then been taken and counts, and the network is the one after it.
    pub fn step_recorded<X, Y: Tensor>(
        &mut self,
        inputs: &[X],
        targets: &[impl TargetFor<L, Y>],
        recorder: &mut Recorder,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
    {
        let _ = <Data as InputOf<X, N, Y>>::PLAN;
        let stepped = self.gradient_recorded(inputs, targets, recorder).and_then(|mean| {
            self.follow_schedule();
            recorder.measure_step(&mut self.network, |network| {
                (self.optimize.step)(&mut self.optimizer, network, &self.gradient, false)
            })?;
            Ok(mean)
        });
        let mean = self.taken(stepped, inputs, targets)?;
        recorder.look()?;
        Ok(mean)
    }

    /// Does the same as `gradient_of`, and measures the gradient flow if the recorder is due.
    fn gradient_recorded<X, Y: Tensor, Target: TargetFor<L, Y>>(
        &mut self,
        inputs: &[X],
        targets: &[Target],
        recorder: &mut Recorder,
    ) -> Result<f64, Error>
    where
        Data: InputOf<X, N, Y>,
        N: Parameters,
        L: Sync,
    {
        let plan = plan::<X, N, Y>();
        let samples = inputs.len();
        let pieces = self.pieces(plan, samples)?;
        let mut hook = recorder.hook(plan)?;
        if hook.is_some() && pieces.part < samples {
            hook = None;
            let [least, most] = MEASURED;
            let part = (samples / 4).clamp(least, most).min(self.micro_batch.unwrap_or(samples));
            let most = part.min(samples).min(targets.len());
            // An error in these samples is an error of the step too, unless all of them are ignored.
            let _ = recorder.watch(&*self.network, &self.loss, &inputs[..most], &targets[..most]);
        }
        let mean = self.gradient_of(
            inputs,
            targets,
            Rows::default(),
            hook.as_mut().map(|hook| hook as &mut (dyn BackwardHook + Send)),
        );
        match (&mean, &mut hook) {
            (Ok(mean), Some(hook)) => recorder.record_hook(hook, *mean, samples),
            // The record shows which layer it was.
            (Err(Error::NonFiniteOutput { .. } | Error::NonFiniteLoss { .. }), Some(_)) => {
                let _ = recorder.watch(&*self.network, &self.loss, inputs, targets);
            }
            _ => {}
        }
        recorder.set_loss(mean.clone()?);
        mean
    }
}
