//! Layers of sequences, applied to sequences of different lengths.
//!
//! If a layer does not depend on later steps, it computes the same on a padded sequence as on the sequence without
//! padding, because the padding follows the end. It is therefore applied to the whole padded sequence. Its output after
//! the end is set to 0, and so is the gradient in the backward pass.

use chainrule_parameters::Part;

use crate::kernel::Real;
use crate::layer::{Backward, BackwardHook, Layer, Mode, Plan, Space, WorkspaceMut, check_lengths};
use crate::tensor::{Padded, Sequence};

/// Returns the plan of a layer on padded sequences. `on_sequences` is its plan for sequences.
pub(crate) const fn plan<const STEPS: usize, const IN: usize, const OUT: usize, T: Real>(
    on_sequences: Plan,
) -> Plan {
    on_sequences
        .requires(
            !on_sequences.parameters.has_buffers(),
            &[Part::Text(
                "measures statistics of the steps, and would count the padding of a `Padded`: use a norm over the \
                 features, such as `PerStep<LayerNorm<Vector<N>>>`",
            )],
        )
        .saves(Space::per_sample::<Sequence<STEPS, IN, T>>(1))
        .saves(Space::per_sample::<Sequence<STEPS, OUT, T>>(1))
        .backward_scratch(Space::per_sample::<Sequence<STEPS, OUT, T>>(1))
}

pub(crate) fn forward<const STEPS: usize, const IN: usize, const OUT: usize, T: Real, F>(
    layer: &F,
    input: &[Padded<STEPS, IN, T>],
    output: &mut [Padded<STEPS, OUT, T>],
    mut workspace: WorkspaceMut<'_>,
    mode: &mut Mode<'_>,
) where
    F: Layer<Sequence<STEPS, IN, T>, Output = Sequence<STEPS, OUT, T>>,
{
    check_lengths(input.len(), output.len());
    let (xs, ys) = (workspace.saved(input.len()), workspace.saved(input.len()));
    input.iter().zip(&mut *xs).for_each(|(padded, x)| padded.write_to(x));
    layer.forward(xs, ys, workspace, mode);
    for ((padded, y), output) in input.iter().zip(&*ys).zip(output) {
        output.set(y, padded.length());
    }
}

pub(crate) fn backward<const STEPS: usize, const IN: usize, const OUT: usize, T: Real, F>(
    layer: &F,
    pass: Backward<'_, Padded<STEPS, IN, T>, F>,
    hook: Option<&mut dyn BackwardHook>,
) where
    F: Layer<Sequence<STEPS, IN, T>, Output = Sequence<STEPS, OUT, T>>
        + Layer<Padded<STEPS, IN, T>, Output = Padded<STEPS, OUT, T>>,
{
    pass.check_lengths();
    let Backward { input, output_grad, input_grad, gradient, mut workspace, accumulate, .. } = pass;
    let samples = input.len();
    let xs = &*workspace.saved::<Sequence<STEPS, IN, T>>(samples);
    let ys = &*workspace.saved::<Sequence<STEPS, OUT, T>>(samples);
    let grads = workspace.scratch::<Sequence<STEPS, OUT, T>>(samples);
    for ((padded, dy), grad) in input.iter().zip(output_grad).zip(&mut *grads) {
        *grad = *dy;
        grad.0[padded.length()..].as_flattened_mut().fill(T::zero());
    }
    let (input, output, output_grad) = (xs, ys, &*grads);
    let pass = Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate };
    layer.backward_with_hook(pass, hook);
}

/// Implements [`Layer`] on padded sequences for a layer of sequences that does not depend on later steps.
macro_rules! on_padded {
    ([$($generics:tt)*] $layer:ty: $IN:ident => $OUT:ident) => {
        impl<$($generics)*> $crate::layer::Layer<$crate::tensor::Padded<STEPS, $IN, T>> for $layer {
            type Output = $crate::tensor::Padded<STEPS, $OUT, T>;
            const PLAN: $crate::layer::Plan = $crate::layer::recurrent::on_padded::plan::<STEPS, $IN, $OUT, T>(
                <Self as $crate::layer::Layer<$crate::tensor::Sequence<STEPS, $IN, T>>>::PLAN,
            );
            const OVERWRITES: bool =
                <Self as $crate::layer::Layer<$crate::tensor::Sequence<STEPS, $IN, T>>>::OVERWRITES;

            fn forward(
                &self,
                input: &[$crate::tensor::Padded<STEPS, $IN, T>],
                output: &mut [Self::Output],
                workspace: $crate::layer::WorkspaceMut<'_>,
                mode: &mut $crate::layer::Mode<'_>,
            ) {
                $crate::layer::recurrent::on_padded::forward(self, input, output, workspace, mode);
            }

            fn backward(&self, pass: $crate::layer::Backward<'_, $crate::tensor::Padded<STEPS, $IN, T>, Self>) {
                $crate::layer::recurrent::on_padded::backward(self, pass, None);
            }

            fn backward_with_hook(
                &self,
                pass: $crate::layer::Backward<'_, $crate::tensor::Padded<STEPS, $IN, T>, Self>,
                hook: Option<&mut dyn $crate::layer::BackwardHook>,
            ) {
                $crate::layer::recurrent::on_padded::backward(self, pass, hook);
            }
        }
    };
}

pub(crate) use on_padded;
