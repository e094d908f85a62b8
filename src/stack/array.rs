use chainrule_parameters::Segment;

use super::SameShapeAsInputAt;
use super::in_a_row::{self, InARow};
use super::place::at_if;
use crate::bounds::SameShapeAsInput;
use crate::layer::{At, Backward, BackwardHook, Child, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::tensor::Sample;

impl<F, const N: usize> InARow<F> for [F; N] {
    const COPIES: usize = N;
    const SHARED: bool = false;

    fn layer(&self, at: usize) -> &F {
        &self[at]
    }

    fn layer_mut(&mut self, at: usize) -> &mut F {
        &mut self[at]
    }
}

/// `N` layers of one type, one after another, each with separate parameters. An empty array is the identity.
impl<X: Sample + bytemuck::Pod, F: Layer<X>, const N: usize> Layer<X> for [F; N]
where
    F::Output: SameShapeAsInput<X, Same = X>,
{
    type Output = <F::Output as SameShapeAsInput<X>>::Same;
    const PLAN: Plan = Plan {
        children: &[Child { name: Segment::Repeated(N), plan: &F::PLAN, copies: N, shared: false }],
        ..in_a_row::plan::<X, F, Self>()
    };
    const OVERWRITES: bool = true;

    fn forward(&self, input: &[X], output: &mut [X], workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        in_a_row::forward::<X, F, Self>(self, input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        in_a_row::backward::<X, F, Self>(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        in_a_row::backward::<X, F, Self>(self, pass, hook);
    }
}

at_if!(
    [X: Sample, F: At<PLACE, X>, const N: usize] [F; N], X,
    <F::Output as SameShapeAsInputAt<PLACE, X>>::Check,
    where F::Output: SameShapeAsInputAt<PLACE, X>
);
