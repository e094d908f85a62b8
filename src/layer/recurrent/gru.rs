use chainrule_derive::Parameters;

#[cfg(feature = "alloc")]
use super::last_output_grad;
use super::on_padded::on_padded;
use super::{
    InitialState, Steps, ZeroState, add_start, product, recurrent, scalar_and_state, start,
    transposed_product, weight_gradient,
};
use crate::kernel::{GruSaved, Initial, Real, gru_step, gru_step_gradient, sum_rows};
use crate::layer::onnx::{Form, Recurrent};
use crate::layer::{
    Backward, Cost, Effect, Layer, Mode, Plan, Recurrence, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Aligned, Sequence, Tensor, Vector};
#[cfg(feature = "alloc")]
use crate::{
    kernel::norm,
    layer::{BackwardHook, TimeStep},
};

/// A gated recurrent unit: a recurrent layer whose update gate sets how much of the hidden state is kept.
///
/// Forward, for each step t, with σ the logistic function:
///
/// ```text
/// r(t) = σ(W_r x(t) + b_r + U_r h(t-1) + b'_r)               the reset gate
/// z(t) = σ(W_z x(t) + b_z + U_z h(t-1) + b'_z)               the update gate
/// n(t) = tanh(W_n x(t) + b_n + r(t) (U_n h(t-1) + b'_n))     the candidate
/// h(t) = (1 - z(t)) n(t) + z(t) h(t-1)                       the hidden state, which is the output
/// ```
///
/// The reset gate is applied after the product with U_n, as in PyTorch, cuDNN and Keras' default. Backward, from the
/// last step to the first: dR/dh(t) is the sum of dy(t), z(t+1) dR/dh(t+1) and Uᵀ du(t+1), where du is the gradient of
/// the three sums of the hidden state. With ds, the gradient of the three sums of the input, `dW = Σ x(t) ds(t)ᵀ`,
/// `dU = Σ h(t-1) du(t)ᵀ`, `db = Σ ds(t)`, `db' = Σ du(t)` and `dx(t) = Wᵀ ds(t)`.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`, with any number of steps; output `Sequence<STEPS, HIDDEN>`. `weight_ih` is
/// `[IN, 3, HIDDEN]` and `weight_hh` is `[HIDDEN, 3, HIDDEN]`: PyTorch's weights, transposed. The order of the gates
/// (r, z, n) and the two biases, `[3, HIDDEN]` each, are those of PyTorch. The hidden state starts at 0, or is trained:
/// `Gru<8, 16, f32, LearnedState>`.
///
/// # Gradient flow
/// From h(t) to h(t-1) there is a path with a single factor, the update gate z(t), and without weights. In a new layer
/// z is near σ(0) = 0.5. [`set_update_bias`](Gru::set_update_bias) sets a higher start.
///
/// # Source
/// Cho and others, "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, in the variant with the
/// reset gate after the product.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // All weights 0: r = z = 1/2 and n = tanh(b), and the hidden state moves half of the distance to n at each step.
/// let mut gru = Gru::<1, 1>::zeros();
/// gru.bias_ih[2] = [1.0];
/// let n = 1.0_f32.tanh();
/// let y = gru.predict(&Sequence([[0.0]; 3]))?;
/// approx::assert_abs_diff_eq!(y, Sequence([[0.5 * n], [0.75 * n], [0.875 * n]]), epsilon = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.GRU", "gated recurrent unit"))]
#[derive(Clone, Parameters)]
#[parameters(name = "Gru<{IN}, {HIDDEN}{=scalar_and_state::<Vector<HIDDEN, T>, S>()}>")]
pub struct Gru<
    const IN: usize,
    const HIDDEN: usize,
    T: Real = f32,
    S: InitialState<Vector<HIDDEN, T>> = ZeroState,
> {
    /// W: for each input, its weights for the gates r, z, n.
    #[parameter(weight, fan_in = IN, fan_out = HIDDEN, shape = &[IN, 3 * HIDDEN], scalar = T)]
    pub weight_ih: Aligned<[[[T; HIDDEN]; 3]; IN]>,
    /// U: for each hidden unit, its weights for the gates r, z, n.
    #[parameter(weight, fan_in = HIDDEN, fan_out = HIDDEN, shape = &[HIDDEN, 3 * HIDDEN], scalar = T)]
    pub weight_hh: Aligned<[[[T; HIDDEN]; 3]; HIDDEN]>,
    /// b: a bias for each gate.
    #[parameter(bias, shape = &[3 * HIDDEN], scalar = T)]
    pub bias_ih: [[T; HIDDEN]; 3],
    /// b': a second bias for each gate. The reset gate also multiplies the bias of n.
    #[parameter(bias, shape = &[3 * HIDDEN], scalar = T)]
    pub bias_hh: [[T; HIDDEN]; 3],
    /// The hidden state before the first step, if it is trained.
    #[parameter(scale = 0.0, shape = &[HIDDEN], scalar = T)]
    pub initial_hidden: S::Trained,
}

recurrent!(
    [const IN: usize, const HIDDEN: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>] Gru<IN, HIDDEN, T, S>
);

impl<const IN: usize, const HIDDEN: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>>
    Gru<IN, HIDDEN, T, S>
{
    /// Sets the bias of the update gate of every unit. A new layer then keeps the share σ(`bias`) of its hidden state
    /// at each step.
    ///
    /// For dependencies over T steps, use a `bias` with σ(`bias`) ≈ 1 - 1/T: the share 1/e is then left after T steps.
    ///
    /// # Examples
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let mut gru = Gru::<1, 2>::zeros();
    /// gru.set_update_bias(4.6); // σ(4.6) is 0.99: for dependencies over 100 steps
    /// assert_eq!(gru.bias_ih[1], [4.6; 2]);
    /// ```
    pub fn set_update_bias(&mut self, bias: f64) {
        self.bias_ih[1] = [T::from_f64(bias); HIDDEN];
        self.bias_hh[1] = [T::zero(); HIDDEN];
    }

    /// Computes the sums of the input, x W + b, for all rows of `x`.
    pub(crate) fn input_sums(&self, x: &[T], sums: &mut [T]) {
        let bias = Initial::Row(self.bias_ih.as_flattened());
        product(x, self.input_weights(), bias, sums, [IN, 3 * HIDDEN]);
    }

    /// Computes the sums of the hidden state, h U + b', for all rows of `hidden`.
    pub(crate) fn hidden_sums(&self, hidden: &[T], sums: &mut [T]) {
        let bias = Initial::Row(self.bias_hh.as_flattened());
        product(hidden, self.hidden_weights(), bias, sums, [HIDDEN, 3 * HIDDEN]);
    }

    /// Calls the hook for each step, with the gradient of the last step's output on all its paths, and on the path
    /// through the update gates.
    #[cfg(feature = "alloc")]
    fn show_time(&self, saved: Saved<'_, T>, by_step: Steps, output_grad: &[T], hook: &mut dyn BackwardHook) {
        let Some((last, mut hidden_grad)) = last_output_grad(by_step, output_grad) else { return };
        let (size, gates_size) = (hidden_grad.len(), 3 * hidden_grad.len());
        let (mut ds, mut du) = (alloc::vec![T::zero(); gates_size], alloc::vec![T::zero(); gates_size]);
        let mut carried = hidden_grad.clone();
        for step in (0..=last).rev() {
            let (gradient, length) = (norm(&hidden_grad), norm(&carried));
            let at = step * gates_size..(step + 1) * gates_size;
            let before = &saved.hiddens[step * size..][..size];
            let gates = &saved.gates[at.clone()];
            let now = GruSaved { gates, from_hidden: &saved.from_hidden[at], before };
            gru_step_gradient(now, &mut hidden_grad, &mut ds, &mut du, HIDDEN);
            transposed_product(
                &du,
                self.hidden_weights(),
                Initial::Output,
                &mut hidden_grad,
                [HIDDEN, 3 * HIDDEN],
            );
            // Returns the numbers of a gate for all samples.
            let gate =
                |at: usize| gates.chunks_exact(3 * HIDDEN).flat_map(move |row| &row[at * HIDDEN..][..HIDDEN]);
            carried.iter_mut().zip(gate(1)).for_each(|(carried, &z)| *carried *= z);
            for (at, name) in [(0, "reset"), (1, "update")] {
                hook.gate(name, &mut gate(at).map(|x| x.to_f64()));
            }
            hook.step_of_time(&TimeStep {
                step,
                gradient,
                slope: None,
                weights: None,
                carried: Some(length),
            });
        }
    }
}

/// The values that the forward pass saves, step by step: the inputs, the gates, the sums of the hidden state, and the
/// hidden states. The first hidden states are those before the first step.
struct Saved<'a, T> {
    inputs: &'a mut [T],
    gates: &'a mut [T],
    from_hidden: &'a mut [T],
    hiddens: &'a mut [T],
}

impl<'a, T: Real> Saved<'a, T> {
    const fn space(inputs: usize, hidden: usize, steps: usize) -> Space {
        Space::per_sample::<T>(steps * inputs)
            .and(Space::per_sample::<T>(steps * 3 * hidden).times(2))
            .and(Space::per_sample::<T>((steps + 1) * hidden))
    }

    fn take(
        workspace: &mut WorkspaceMut<'a>,
        inputs: usize,
        hidden: usize,
        steps: usize,
        samples: usize,
    ) -> Self {
        Self {
            inputs: workspace.saved(samples * steps * inputs),
            gates: workspace.saved(samples * steps * 3 * hidden),
            from_hidden: workspace.saved(samples * steps * 3 * hidden),
            hiddens: workspace.saved(samples * (steps + 1) * hidden),
        }
    }
}

impl<const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>>
    Layer<Sequence<STEPS, IN, T>> for Gru<IN, HIDDEN, T, S>
{
    type Output = Sequence<STEPS, HIDDEN, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
        .form(Form::Recurrent(Recurrent::Gru))
        .costs(Cost::weights((STEPS * (IN + HIDDEN) * 3 * HIDDEN) as u64, 3 * HIDDEN))
        .effect(Effect::Recurrent(Recurrence::Gru))
        .window(Window::PAST)
        .carries(HIDDEN)
        .saves(Saved::<T>::space(IN, HIDDEN, STEPS))
        .backward_scratch(
            Space::per_sample::<T>(STEPS * 3 * HIDDEN)
                .times(2)
                .and(Space::per_sample::<T>(HIDDEN))
                .and(Space::per_sample::<T>(STEPS * IN)),
        );
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Sequence<STEPS, IN, T>],
        output: &mut [Self::Output],
        mut workspace: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let samples = input.len();
        let [gates_size, size] = [samples * 3 * HIDDEN, samples * HIDDEN];
        let Saved { inputs, gates, from_hidden, hiddens } =
            Saved::take(&mut workspace, IN, HIDDEN, STEPS, samples);
        Steps { steps: STEPS, samples, width: IN }.gather(Tensor::flat(input), inputs);
        let carried = workspace.carried(HIDDEN);
        start(&self.initial_hidden, carried, &mut hiddens[..size]);
        for step in 0..STEPS {
            let gates = &mut gates[step * gates_size..][..gates_size];
            let from_hidden = &mut from_hidden[step * gates_size..][..gates_size];
            let (before, after) = hiddens[step * size..][..2 * size].split_at_mut(size);
            self.input_sums(&inputs[step * samples * IN..][..samples * IN], gates);
            self.hidden_sums(before, from_hidden);
            gru_step(gates, from_hidden, before, after, HIDDEN);
        }
        carried.store(&hiddens[STEPS * size..]);
        Steps { steps: STEPS, samples, width: HIDDEN }.scatter(&hiddens[size..], Tensor::flat_mut(output));
    }

    #[cfg(feature = "alloc")]
    fn backward_with_hook(
        &self,
        mut pass: Backward<'_, Sequence<STEPS, IN, T>, Self>,
        hook: Option<&mut dyn BackwardHook>,
    ) {
        if let Some(hook) = hook {
            let samples = pass.input.len();
            let saved = Saved::take(&mut pass.workspace.reborrow(), IN, HIDDEN, STEPS, samples);
            let by_step = Steps { steps: STEPS, samples, width: HIDDEN };
            self.show_time(saved, by_step, Tensor::flat(pass.output_grad), hook);
        }
        self.backward(pass);
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, IN, T>, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let samples = input.len();
        let [gates_size, size] = [samples * 3 * HIDDEN, samples * HIDDEN];
        let Saved { inputs, gates, from_hidden, hiddens } =
            Saved::take(&mut workspace, IN, HIDDEN, STEPS, samples);
        let sums_grad = workspace.scratch::<T>(STEPS * gates_size);
        let from_hidden_grad = workspace.scratch::<T>(STEPS * gates_size);
        let hidden_grad = workspace.scratch::<T>(size);
        hidden_grad.fill(T::zero());
        let by_step = Steps { steps: STEPS, samples, width: HIDDEN };
        for step in (0..STEPS).rev() {
            by_step.add_step(step, Tensor::flat(output_grad), hidden_grad);
            let at = step * gates_size..(step + 1) * gates_size;
            let saved = GruSaved {
                gates: &gates[at.clone()],
                from_hidden: &from_hidden[at.clone()],
                before: &hiddens[step * size..][..size],
            };
            let (ds, du) = (&mut sums_grad[at.clone()], &mut from_hidden_grad[at]);
            gru_step_gradient(saved, hidden_grad, ds, du, HIDDEN);
            transposed_product(du, self.hidden_weights(), Initial::Output, hidden_grad, [HIDDEN, 3 * HIDDEN]);
        }
        add_start(hidden_grad, workspace.carried(HIDDEN), accumulate, &mut gradient.initial_hidden);
        weight_gradient(inputs, sums_grad, accumulate, gradient.input_weights_mut(), [IN, 3 * HIDDEN]);
        let (before, dw) = (&hiddens[..STEPS * size], gradient.hidden_weights_mut());
        weight_gradient(before, from_hidden_grad, accumulate, dw, [HIDDEN, 3 * HIDDEN]);
        sum_rows(sums_grad, accumulate.into(), gradient.bias_ih.as_flattened_mut());
        sum_rows(from_hidden_grad, accumulate.into(), gradient.bias_hh.as_flattened_mut());
        if let Some(input_grad) = input_grad {
            let dx = workspace.scratch::<T>(STEPS * samples * IN);
            transposed_product(sums_grad, self.input_weights(), Initial::Zero, dx, [IN, 3 * HIDDEN]);
            Steps { steps: STEPS, samples, width: IN }.scatter(dx, Tensor::flat_mut(input_grad));
        }
    }
}

on_padded!(
    [const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    Gru<IN, HIDDEN, T, S>: IN => HIDDEN
);
