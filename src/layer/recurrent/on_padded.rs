//! Layers of sequences on sequences of unequal lengths.
//!
//! A layer that looks at no later step computes the same on a padded sequence as on the sequence alone: the padding
//! follows the end. So it works on the whole, and what it gives behind the end is set to 0, forward and backward.

use chainrule_parameters::Parameters;

use super::{InitialState, LastStep, Reverse};
use crate::kernel::Real;
use crate::layer::place::at_input;
use crate::layer::{
    Activation, Backward, BackwardHook, Effect, Gru, Layer, Lstm, MeanOver, Mode, Plan, Rnn, Space, Steps,
    Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Padded, Sequence, Vector};

/// Returns the plan of a layer on padded sequences. `on_sequences` is that for sequences.
pub(crate) const fn plan<const STEPS: usize, const IN: usize, const OUT: usize, T: Real>(
    on_sequences: Plan,
) -> Plan {
    on_sequences
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

/// Implements [`Layer`] on padded sequences for a layer of sequences that looks at no later step.
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

on_padded!(
    [const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    Lstm<IN, HIDDEN, T, S>: IN => HIDDEN
);
on_padded!(
    [const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    Gru<IN, HIDDEN, T, S>: IN => HIDDEN
);
on_padded!(
    [
        const IN: usize,
        const HIDDEN: usize,
        const STEPS: usize,
        G: Activation + Parameters,
        T: Real,
        S: InitialState<Vector<HIDDEN, T>>
    ]
    Rnn<IN, HIDDEN, G, T, S>: IN => HIDDEN
);

/// Reverses the steps, and leaves the padding behind them.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Padded<STEPS, FEATURES, T>> for Reverse {
    type Output = Padded<STEPS, FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Padded<STEPS, FEATURES, T>, Self>()
        .effect(Effect::Unchanged)
        .window(Window::WHOLE)
        .forward_scratch(Space::per_batch::<Sequence<STEPS, FEATURES, T>>(1));

    fn forward(
        &self,
        input: &[Padded<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        mut workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let [steps] = workspace.scratch(1) else { return };
        for (padded, output) in input.iter().zip(output) {
            padded.write_to(steps);
            steps.0[..padded.length()].reverse();
            output.set(steps, padded.length());
        }
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let Some(dx) = pass.input_grad else { return };
        dx.copy_from_slice(pass.output_grad);
        for (padded, dx) in pass.input.iter().zip(dx) {
            let (steps, padding) = dx.0.split_at_mut(padded.length());
            steps.reverse();
            padding.as_flattened_mut().fill(T::zero());
        }
    }
}

/// The last step before the padding.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Padded<STEPS, FEATURES, T>> for LastStep {
    type Output = Vector<FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Padded<STEPS, FEATURES, T>, Self>()
        .effect(Effect::Pool { gradient: 1.0 })
        .window(Window::WHOLE);

    fn forward(
        &self,
        input: &[Padded<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (padded, y) in input.iter().zip(output) {
            y.0 = padded.steps().last().unwrap_or([T::zero(); FEATURES]);
        }
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let grads = pass.input_grad.into_iter().flatten().zip(pass.output_grad);
        for (padded, (dx, dy)) in pass.input.iter().zip(grads) {
            dx.0.as_flattened_mut().fill(T::zero());
            if let Some(last) = dx.0[..padded.length()].last_mut() {
                *last = dy.0;
            }
        }
    }
}

at_input!([const STEPS: usize, const FEATURES: usize, T: Real] MeanOver<Steps>, Padded<STEPS, FEATURES, T>);

/// The mean of the steps before the padding.
impl<const STEPS: usize, const FEATURES: usize, T: Real> Layer<Padded<STEPS, FEATURES, T>>
    for MeanOver<Steps>
{
    type Output = Vector<FEATURES, T>;
    const PLAN: Plan = Plan::leaf::<Padded<STEPS, FEATURES, T>, Self>()
        .effect(Effect::Pool { gradient: 1.0 / STEPS as f64 })
        .window(Window::WHOLE);

    fn forward(
        &self,
        input: &[Padded<STEPS, FEATURES, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (padded, y) in input.iter().zip(output) {
            y.0 = [T::zero(); FEATURES];
            for step in padded.steps() {
                y.0.iter_mut().zip(step).for_each(|(sum, x)| *sum += x);
            }
            let count = T::from_f64(padded.length().max(1) as f64);
            y.0.iter_mut().for_each(|mean| *mean = *mean / count);
        }
    }

    fn backward(&self, pass: Backward<'_, Padded<STEPS, FEATURES, T>, Self>) {
        pass.check_lengths();
        let grads = pass.input_grad.into_iter().flatten().zip(pass.output_grad);
        for (padded, (dx, dy)) in pass.input.iter().zip(grads) {
            let count = T::from_f64(padded.length().max(1) as f64);
            let (steps, padding) = dx.0.split_at_mut(padded.length());
            steps.fill(dy.0.map(|dy| dy / count));
            padding.as_flattened_mut().fill(T::zero());
        }
    }
}
