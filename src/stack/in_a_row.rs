//! Several layers of one type, one after another: an array, or one layer that is applied several times.

use bytemuck::Pod;
use chainrule_parameters::{Segment, ViewMut};

use super::backward_child;
use crate::bounds::SameShapeAsInput;
use crate::layer::compare::set_zero;
use crate::layer::{Backward, BackwardHook, Layer, Mode, Plan, Space, WorkspaceMut};
use crate::tensor::{SameSample, SameType, Sample};

/// `COPIES` layers `F`, one after another.
pub(super) trait InARow<F> {
    /// The number of layers.
    const COPIES: usize;

    /// Whether all of them are the same layer, with the same parameters.
    const SHARED: bool;

    fn layer(&self, at: usize) -> &F;

    fn layer_mut(&mut self, at: usize) -> &mut F;
}

/// Returns the plan of the layers, without their children. The samples between two neighbors are saved. Two gradients
/// are enough for the backward pass, which alternates between them.
pub(super) const fn plan<X: Sample, F: Layer<X>, R: InARow<F> + Layer<X>>() -> Plan {
    let between = R::COPIES.saturating_sub(1);
    Plan::product::<X, R>()
        .repeat(&F::PLAN, R::COPIES)
        .saves(Space::per_sample::<X>(between))
        .backward_scratch(Space::per_sample::<X::Grad>(if between > 0 { 2 } else { 0 }))
}

pub(super) fn forward<X, F, R>(
    row: &R,
    input: &[X],
    output: &mut [X],
    mut workspace: WorkspaceMut<'_>,
    mode: &mut Mode<'_>,
) where
    X: Sample + Pod,
    F: Layer<X, Output: SameShapeAsInput<X>>,
    R: InARow<F>,
{
    let samples = input.len();
    if R::COPIES == 0 {
        return output.copy_from_slice(input);
    }
    let middles = workspace.saved::<X>((R::COPIES - 1) * samples);
    let mut saved = workspace.split_copies(&F::PLAN, samples, R::COPIES);
    for at in 0..R::COPIES {
        let (before, after) = middles.split_at_mut(at * samples);
        let x = if at == 0 { input } else { &before[(at - 1) * samples..] };
        let y = if at + 1 == R::COPIES { &mut *output } else { &mut after[..samples] };
        let workspace = workspace.copy(&mut saved, &F::PLAN, samples, at);
        row.layer(at).forward(x, SameType::cast_back_mut(y), workspace, mode);
    }
}

pub(super) fn backward<X, F, R>(row: &R, pass: Backward<'_, X, R>, mut hook: Option<&mut dyn BackwardHook>)
where
    X: Sample + Pod,
    F: Layer<X, Output: SameShapeAsInput<X>>,
    R: InARow<F> + Layer<X, Output = X>,
{
    let Backward { input, output, output_grad, mut input_grad, gradient, mut workspace, accumulate } = pass;
    let samples = input.len();
    if R::COPIES == 0 {
        if !accumulate {
            set_zero(ViewMut::of(gradient)); // not applied: the parameters have no effect
        }
        return input_grad.into_iter().for_each(|dx| dx.copy_from_slice(output_grad));
    }
    let middles = &*workspace.saved::<X>((R::COPIES - 1) * samples);
    let mut saved = workspace.split_copies(&F::PLAN, samples, R::COPIES);
    let grads = workspace.scratch::<X::Grad>(if R::COPIES > 1 { 2 * samples } else { 0 });
    let (mut above, mut below) = grads.split_at_mut(grads.len() / 2);
    for at in (0..R::COPIES).rev() {
        let last = at + 1 == R::COPIES;
        let x = if at == 0 { input } else { &middles[(at - 1) * samples..][..samples] };
        let y = if last { output } else { &middles[at * samples..][..samples] };
        let dy = if last { output_grad } else { &*above };
        let pass = Backward {
            input: x,
            output: SameType::cast_back(y),
            output_grad: F::Output::cast_grads_back(dy),
            input_grad: if at == 0 { input_grad.as_deref_mut() } else { Some(&mut *below) },
            gradient: gradient.layer_mut(at),
            workspace: workspace.copy(&mut saved, &F::PLAN, samples, at),
            // If one layer is applied several times, the first gradient may overwrite, and the others are added.
            accumulate: accumulate || R::SHARED && !last,
        };
        backward_child(Segment::Index(at), row.layer(at), pass, &mut hook);
        core::mem::swap(&mut above, &mut below);
    }
}
