use chainrule_derive::Parameters;
use chainrule_parameters::{Parameters, Segment, ViewMut};

use super::backward_child;
use crate::bounds::SameShapeAsInput;
use crate::layer::compare::{comparable, set_zero};
use crate::layer::{Backward, BackwardHook, Child, Factor, Layer, Mode, Plan, Space, WorkspaceMut};
use crate::tensor::{SameSample, SameType, Sample};

/// One layer applied `N` times in a row, with the same parameters each time.
///
/// Forward `y = F(F(..F(x)))`; backward one factor for each application; the gradients with respect to the parameters
/// are added over all of them.
///
/// # Shapes
/// Any input, if the layer's output has the same shape. The parameters are those of one layer.
///
/// # Gradient flow
/// The Jacobian of the same W is a factor `N` times, at different inputs. So a factor below or above one makes the
/// gradient vanish or explode with `N`, as in a recurrent network (Hochreiter 1991; Bengio, Simard, Frasconi 1994).
///
/// # Source
/// Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986): a recurrent
/// network unfolded in time, whose weights are equal at each step.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let twice = Shared::<_, 2> { layer: Linear::<1, 1>::init_with(Initializer::constant(3.0), &mut rng(0)).into_inner() };
/// assert_eq!(twice.predict(&Vector([1.0]))?, Vector([9.0]));
/// assert_eq!(<Shared<Linear<1, 1>, 2>>::COUNT, 2); // one weight and one bias
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Default, Parameters)]
#[parameters(name = "Shared<{F}, {N}>")]
pub struct Shared<F, const N: usize> {
    /// F, the layer.
    #[parameter(flatten)]
    pub layer: F,
}

impl<X: Sample + bytemuck::Pod, F: Layer<X>, const N: usize> Layer<X> for Shared<F, N>
where
    F::Output: SameShapeAsInput<X>,
{
    type Output = X;
    const PLAN: Plan = {
        let plan = Plan::leaf::<X, Self>()
            .factor(Factor::Product)
            .repeat(&F::PLAN, N)
            .saves(Space::per_sample::<X>(N.saturating_sub(1)))
            .backward_scratch(Space::per_sample::<X::Grad>(if N > 1 { 2 } else { 0 }));
        Plan {
            children: &[Child { name: Segment::Repeated(N), plan: &F::PLAN, copies: N, shared: true }],
            ..plan
        }
    };
    const OVERWRITES: bool = true;

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        let samples = input.len();
        if N == 0 {
            return output.copy_from_slice(input);
        }
        let middles = workspace.saved::<X>((N - 1) * samples);
        let mut saved = workspace.split_copies(&F::PLAN, samples, N);
        for at in 0..N {
            let (before, after) = middles.split_at_mut(at * samples);
            let x = if at == 0 { input } else { &before[(at - 1) * samples..] };
            let y = if at + 1 == N { &mut *output } else { &mut after[..samples] };
            let workspace = workspace.copy(&mut saved, &F::PLAN, samples, at);
            self.layer.forward(x, SameType::cast_back_mut(y), workspace, mode);
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
            if !accumulate {
                set_zero(ViewMut::of(gradient)); // not applied: the parameters have no effect
            }
            return input_grad.into_iter().for_each(|dx| dx.copy_from_slice(output_grad));
        }
        let middles = &*workspace.saved::<X>((N - 1) * samples);
        let mut saved = workspace.split_copies(&F::PLAN, samples, N);
        let grads = workspace.scratch::<X::Grad>(if N > 1 { 2 * samples } else { 0 });
        let (mut above, mut below) = grads.split_at_mut(grads.len() / 2);
        for at in (0..N).rev() {
            let last = at + 1 == N;
            let x = if at == 0 { input } else { &middles[(at - 1) * samples..][..samples] };
            let y = if last { output } else { &middles[at * samples..][..samples] };
            let dy = if last { output_grad } else { &*above };
            let pass = Backward {
                input: x,
                output: SameType::cast_back(y),
                output_grad: F::Output::cast_grads_back(dy),
                input_grad: if at == 0 { input_grad.as_deref_mut() } else { Some(&mut *below) },
                gradient: &mut gradient.layer,
                workspace: workspace.copy(&mut saved, &F::PLAN, samples, at),
                accumulate: accumulate || !last, // the first one may overwrite, the others add
            };
            backward_child(Segment::Index(at), &self.layer, pass, &mut hook);
            core::mem::swap(&mut above, &mut below);
        }
    }
}

comparable!([F: Parameters, const N: usize] Shared<F, N>);
