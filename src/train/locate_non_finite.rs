use crate::Error;
use crate::flow::{FlowOptions, FlowState, measure};
use crate::layer::Layer;
use crate::loss::TargetFor;
use crate::tensor::{Sample, Tensor};

/// Finds the layer that produced a value that is not finite, by its gradient flow.
pub(super) fn locate_non_finite<N, X: Sample, Y: Tensor, L, T: TargetFor<L, Y>>(
    error: Error,
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[T],
    step: u64,
) -> Error
where
    N: Layer<X, Output = Y>,
{
    if !matches!(
        error,
        Error::NonFiniteOutput { .. } | Error::NonFiniteLoss { .. } | Error::NonFiniteGradient { .. }
    ) {
        return error;
    }
    let flow = measure::<N, X, Y, L, T>(
        network,
        loss,
        inputs,
        targets,
        FlowOptions::LIGHT,
        &mut crate::random::rng(0),
    );
    match flow.map(|flow| flow.verdict()) {
        Ok(verdict) if verdict.state == FlowState::NonFinite => {
            let (layer, why, cure) = (verdict.starts_at, verdict.why, verdict.cure);
            Error::NonFiniteStep { step, layer, why, cure }
        }
        _ => error, // the cause depends on the random numbers of that step
    }
}
