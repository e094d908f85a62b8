use super::backward_child;
use crate::bounds::SameShapeAsInput;
use crate::layer::{Backward, BackwardHook, Child, Factor, Layer, Mode, Plan, Segment, Space, WorkspaceMut};
use crate::tensor::{SameSample, SameType, Sample};

/// `N` layers of one type, one after the other, each with its own parameters. An empty array is the identity.
impl<X: Sample + bytemuck::Pod, F: Layer<X>, const N: usize> Layer<X> for [F; N]
where
    F::Output: SameShapeAsInput<X>,
{
    type Output = X;
    const PLAN: Plan = Plan {
        children: &[Child { name: Segment::Repeated(N), plan: &F::PLAN, copies: N, shared: false }],
        // The samples between two layers are saved; two buffers alternate for the gradients.
        ..Plan::leaf::<X, Self>()
            .factor(Factor::Product)
            .repeat(&F::PLAN, N)
            .saves(Space::per_sample::<X>(N.saturating_sub(1)))
            .backward_scratch(Space::per_sample::<X::Grad>(if N > 1 { 2 } else { 0 }))
    };
    const OVERWRITES: bool = true;

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        let samples = input.len();
        if N == 0 {
            return output.copy_from_slice(input);
        }
        let middles = workspace.saved::<X>((N - 1) * samples);
        let mut saved = workspace.split_copies(&F::PLAN, samples, N);
        for (at, layer) in self.iter().enumerate() {
            let (before, after) = middles.split_at_mut(at * samples);
            let x = if at == 0 { input } else { &before[(at - 1) * samples..] };
            let y = if at + 1 == N { &mut *output } else { &mut after[..samples] };
            let workspace = workspace.copy(&mut saved, &F::PLAN, samples, at);
            layer.forward(x, SameType::cast_back_mut(y), workspace, mode);
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        Layer::<X>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, mut hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output, output_grad, mut input_grad, gradient, mut workspace, accumulate } =
            pass;
        let samples = input.len();
        if N == 0 {
            return input_grad.into_iter().for_each(|dx| dx.copy_from_slice(output_grad));
        }
        let middles = &*workspace.saved::<X>((N - 1) * samples);
        let mut saved = workspace.split_copies(&F::PLAN, samples, N);
        let grads = workspace.scratch::<X::Grad>(if N > 1 { 2 * samples } else { 0 });
        let (mut above, mut below) = grads.split_at_mut(grads.len() / 2);
        for at in (0..N).rev() {
            let x = if at == 0 { input } else { &middles[(at - 1) * samples..][..samples] };
            let y = if at + 1 == N { output } else { &middles[at * samples..][..samples] };
            let dy = if at + 1 == N { output_grad } else { &*above };
            let pass = Backward {
                input: x,
                output: SameType::cast_back(y),
                output_grad: F::Output::cast_grads_back(dy),
                input_grad: if at == 0 { input_grad.as_deref_mut() } else { Some(&mut *below) },
                gradient: &mut gradient[at],
                workspace: workspace.copy(&mut saved, &F::PLAN, samples, at),
                accumulate,
            };
            backward_child(Segment::Index(at), &self[at], pass, &mut hook);
            core::mem::swap(&mut above, &mut below);
        }
    }
}
