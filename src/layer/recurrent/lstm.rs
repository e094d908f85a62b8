use chainrule_derive::Parameters;

#[cfg(feature = "alloc")]
use super::last_output_grad;
use super::on_padded::on_padded;
use super::{
    InitialState, Steps, ZeroState, add_start, product, recurrent, scalar_and_state, start,
    transposed_product, weight_gradient,
};
use crate::kernel::{Initial, LstmSaved, Real, lstm_step, lstm_step_gradient, sum_rows};
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

/// A long short-term memory: a recurrent layer with a cell, and with gates that control how the cell is written, kept
/// and read.
///
/// Forward, for each step t, with σ the logistic function:
///
/// ```text
/// i(t) = σ(W_i x(t) + b_i + U_i h(t-1) + b'_i)         the input gate
/// f(t) = σ(W_f x(t) + b_f + U_f h(t-1) + b'_f)         the forget gate
/// g(t) = tanh(W_g x(t) + b_g + U_g h(t-1) + b'_g)      the candidate
/// o(t) = σ(W_o x(t) + b_o + U_o h(t-1) + b'_o)         the output gate
/// c(t) = f(t) c(t-1) + i(t) g(t)                       the cell
/// h(t) = o(t) tanh(c(t))                               the hidden state, which is the output
/// ```
///
/// Backward, from the last step to the first: dR/dh(t) is the sum of dy(t) and Uᵀ dz(t+1), where dz is the gradient of
/// the four sums; dR/dc(t) is the sum of dR/dh(t) o(t) (1 - tanh²(c(t))) and f(t+1) dR/dc(t+1). `dW = Σ x(t) dz(t)ᵀ`,
/// `dU = Σ h(t-1) dz(t)ᵀ`, `db = db' = Σ dz(t)`, `dx(t) = Wᵀ dz(t)`.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`, with any number of steps; output `Sequence<STEPS, HIDDEN>`. `weight_ih` is
/// `[IN, 4, HIDDEN]` and `weight_hh` is `[HIDDEN, 4, HIDDEN]`: PyTorch's weights, transposed. The order of the gates
/// (i, f, g, o) and the two biases, `[4, HIDDEN]` each, are those of PyTorch. The hidden state and the cell start at 0,
/// or are trained: `Lstm<8, 16, f32, LearnedState>`.
///
/// # Gradient flow
/// From c(t) to c(t-1) the gradient has one factor, the forget gate f(t): a skip connection in time, without weights.
/// Where f is near 1, the gradient does not vanish. In a new layer f is near σ(0) = 0.5, so that after 100 steps the
/// factor is 0.5¹⁰⁰ = 8e-31. [`set_forget_bias`](Lstm::set_forget_bias) sets a higher start.
/// [`gradient_flows`](crate::gradient_flows) rejects a new network that reads only the last of 100 steps.
///
/// # Source
/// Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); Gers, Schmidhuber, Cummins,
/// "Learning to forget" (2000), for the forget gate.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // All weights 0: i = f = o = 1/2 and g = tanh(b), so that the cell approaches tanh(b).
/// let mut lstm = Lstm::<1, 1>::zeros();
/// lstm.bias_ih[2] = [1.0];
/// let y = lstm.predict(&Sequence([[0.0]; 3]))?;
/// let g = 1.0_f32.tanh();
/// let expected = [0.5 * g, 0.75 * g, 0.875 * g].map(|cell| [0.5 * cell.tanh()]);
/// approx::assert_abs_diff_eq!(y, Sequence(expected), epsilon = 1e-6);
///
/// // Two layers, and a class from the last step.
/// type Net = (Lstm<3, 16>, Lstm<16, 16>, LastStep, Linear<16, 5>);
/// let y: Vector<5> = Net::init(&mut rng(0)).predict(&Sequence([[0.1; 3]; 20]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("LSTM", "nn.LSTM", "long short-term memory"))]
#[derive(Clone, Parameters)]
#[parameters(name = "Lstm<{IN}, {HIDDEN}{=scalar_and_state::<Vector<HIDDEN, T>, S>()}>")]
pub struct Lstm<
    const IN: usize,
    const HIDDEN: usize,
    T: Real = f32,
    S: InitialState<Vector<HIDDEN, T>> = ZeroState,
> {
    /// W: for each input, its weights for the gates i, f, g, o.
    #[parameter(weight, fan_in = IN, fan_out = HIDDEN, shape = &[IN, 4 * HIDDEN], scalar = T)]
    pub weight_ih: Aligned<[[[T; HIDDEN]; 4]; IN]>,
    /// U: for each hidden unit, its weights for the gates i, f, g, o.
    #[parameter(weight, fan_in = HIDDEN, fan_out = HIDDEN, shape = &[HIDDEN, 4 * HIDDEN], scalar = T)]
    pub weight_hh: Aligned<[[[T; HIDDEN]; 4]; HIDDEN]>,
    /// b: a bias for each gate.
    #[parameter(bias, shape = &[4 * HIDDEN], scalar = T)]
    pub bias_ih: [[T; HIDDEN]; 4],
    /// b': a second bias for each gate, as in PyTorch. Only the sum of the two has an effect.
    #[parameter(bias, shape = &[4 * HIDDEN], scalar = T)]
    pub bias_hh: [[T; HIDDEN]; 4],
    /// The hidden state before the first step, if it is trained.
    #[parameter(scale = 0.0, shape = &[HIDDEN], scalar = T)]
    pub initial_hidden: S::Trained,
    /// The cell before the first step, if it is trained.
    #[parameter(scale = 0.0, shape = &[HIDDEN], scalar = T)]
    pub initial_cell: S::Trained,
}

recurrent!(
    [const IN: usize, const HIDDEN: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>] Lstm<IN, HIDDEN, T, S>
);

impl<const IN: usize, const HIDDEN: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>>
    Lstm<IN, HIDDEN, T, S>
{
    /// Sets the bias of the forget gate of every unit. A new layer then keeps the share σ(`bias`) of its cell at each
    /// step.
    ///
    /// 1 is usual (Jozefowicz, Zaremba, Sutskever, "An empirical exploration of recurrent network architectures",
    /// 2015). For dependencies over T steps, use a `bias` with σ(`bias`) ≈ 1 - 1/T: the share 1/e is then left after T
    /// steps.
    ///
    /// # Examples
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let mut lstm = Lstm::<1, 2>::zeros();
    /// lstm.set_forget_bias(1.0);
    /// assert_eq!(lstm.bias_ih[1], [1.0; 2]);
    /// ```
    pub fn set_forget_bias(&mut self, bias: f64) {
        self.bias_ih[1] = [T::from_f64(bias); HIDDEN];
        self.bias_hh[1] = [T::zero(); HIDDEN];
    }

    /// Computes the sums of the input, x W + b + b', for all rows of `x`.
    pub(crate) fn input_sums(&self, x: &[T], bias: &mut [T], sums: &mut [T]) {
        let (b, b2) = (self.bias_ih.as_flattened(), self.bias_hh.as_flattened());
        bias.iter_mut().zip(b.iter().zip(b2)).for_each(|(sum, (&b, &b2))| *sum = b + b2);
        product(x, self.input_weights(), Initial::Row(bias), sums, [IN, 4 * HIDDEN]);
    }

    /// Calls the hook for each step, with the gradient of the last step's output on all its paths, and on the path
    /// through the cell.
    #[cfg(feature = "alloc")]
    fn show_time(&self, saved: Saved<'_, T>, by_step: Steps, output_grad: &[T], hook: &mut dyn BackwardHook) {
        let Some((last, mut hidden_grad)) = last_output_grad(by_step, output_grad) else { return };
        let (size, gates_size) = (hidden_grad.len(), 4 * hidden_grad.len());
        let (mut cell_grad, mut dz) = (alloc::vec![T::zero(); size], alloc::vec![T::zero(); gates_size]);
        // Returns the numbers of a gate for all samples.
        let gate = |step: usize, gate: usize| {
            let rows = saved.gates[step * gates_size..][..gates_size].chunks_exact(4 * HIDDEN);
            rows.flat_map(move |row| &row[gate * HIDDEN..][..HIDDEN])
        };
        let cell = |step: usize| &saved.cells[step * size..][..size]; // before this step
        let mut carried: alloc::vec::Vec<T> = hidden_grad
            .iter()
            .zip(gate(last, 3).zip(cell(last + 1)))
            .map(|(&dh, (&o, &c))| dh * o * (T::one() - c.tanh() * c.tanh()))
            .collect();
        for step in (0..=last).rev() {
            let (gradient, length) = (norm(&hidden_grad), norm(&carried));
            let gates = &saved.gates[step * gates_size..][..gates_size];
            let now = LstmSaved { gates, cell_before: cell(step), cell: cell(step + 1) };
            lstm_step_gradient(now, &hidden_grad, &mut cell_grad, &mut dz, HIDDEN);
            transposed_product(
                &dz,
                self.hidden_weights(),
                Initial::Zero,
                &mut hidden_grad,
                [HIDDEN, 4 * HIDDEN],
            );
            carried.iter_mut().zip(gate(step, 1)).for_each(|(carried, &f)| *carried *= f);
            for (at, name) in [(0, "input"), (1, "forget"), (3, "output")] {
                hook.gate(name, &mut gate(step, at).map(|x| x.to_f64()));
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

/// The values that the forward pass saves, step by step: the inputs, the gates, and the hidden states and cells. The
/// first of these are the states before the first step.
struct Saved<'a, T> {
    inputs: &'a mut [T],
    gates: &'a mut [T],
    hiddens: &'a mut [T],
    cells: &'a mut [T],
}

impl<'a, T: Real> Saved<'a, T> {
    const fn space(inputs: usize, hidden: usize, steps: usize) -> Space {
        Space::per_sample::<T>(steps * inputs)
            .and(Space::per_sample::<T>(steps * 4 * hidden))
            .and(Space::per_sample::<T>((steps + 1) * hidden).times(2))
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
            gates: workspace.saved(samples * steps * 4 * hidden),
            hiddens: workspace.saved(samples * (steps + 1) * hidden),
            cells: workspace.saved(samples * (steps + 1) * hidden),
        }
    }
}

impl<const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>>
    Layer<Sequence<STEPS, IN, T>> for Lstm<IN, HIDDEN, T, S>
{
    type Output = Sequence<STEPS, HIDDEN, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
        .form(Form::Recurrent(Recurrent::Lstm))
        .costs(Cost::weights((STEPS * (IN + HIDDEN) * 4 * HIDDEN) as u64, 4 * HIDDEN))
        .effect(Effect::Recurrent(Recurrence::Lstm))
        .window(Window::PAST)
        .carries(2 * HIDDEN)
        .saves(Saved::<T>::space(IN, HIDDEN, STEPS))
        .forward_scratch(Space::per_batch::<T>(4 * HIDDEN))
        .backward_scratch(
            Space::per_sample::<T>(STEPS * 4 * HIDDEN)
                .and(Space::per_sample::<T>(HIDDEN).times(2))
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
        let [gates_size, size] = [samples * 4 * HIDDEN, samples * HIDDEN];
        let Saved { inputs, gates, hiddens, cells } = Saved::take(&mut workspace, IN, HIDDEN, STEPS, samples);
        Steps { steps: STEPS, samples, width: IN }.gather(Tensor::flat(input), inputs);
        let bias = workspace.scratch(4 * HIDDEN);
        let [carried, carried_cell] = [(); 2].map(|()| workspace.carried(HIDDEN));
        start(&self.initial_hidden, carried, &mut hiddens[..size]);
        start(&self.initial_cell, carried_cell, &mut cells[..size]);
        for step in 0..STEPS {
            let gates = &mut gates[step * gates_size..][..gates_size];
            let (before, after) = hiddens[step * size..][..2 * size].split_at_mut(size);
            let (cell_before, cell) = cells[step * size..][..2 * size].split_at_mut(size);
            self.input_sums(&inputs[step * samples * IN..][..samples * IN], bias, gates);
            product(before, self.hidden_weights(), Initial::Output, gates, [HIDDEN, 4 * HIDDEN]);
            lstm_step(gates, cell_before, cell, after, HIDDEN);
        }
        carried.store(&hiddens[STEPS * size..]);
        carried_cell.store(&cells[STEPS * size..]);
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
        let [gates_size, size] = [samples * 4 * HIDDEN, samples * HIDDEN];
        let Saved { inputs, gates, hiddens, cells } = Saved::take(&mut workspace, IN, HIDDEN, STEPS, samples);
        let sums_grad = workspace.scratch::<T>(STEPS * gates_size);
        let (hidden_grad, cell_grad) = (workspace.scratch::<T>(size), workspace.scratch::<T>(size));
        hidden_grad.fill(T::zero());
        cell_grad.fill(T::zero());
        let by_step = Steps { steps: STEPS, samples, width: HIDDEN };
        for step in (0..STEPS).rev() {
            by_step.add_step(step, Tensor::flat(output_grad), hidden_grad);
            let saved = LstmSaved {
                gates: &gates[step * gates_size..][..gates_size],
                cell_before: &cells[step * size..][..size],
                cell: &cells[(step + 1) * size..][..size],
            };
            let dz = &mut sums_grad[step * gates_size..][..gates_size];
            lstm_step_gradient(saved, hidden_grad, cell_grad, dz, HIDDEN);
            transposed_product(dz, self.hidden_weights(), Initial::Zero, hidden_grad, [HIDDEN, 4 * HIDDEN]);
        }
        let [carried, carried_cell] = [(); 2].map(|()| workspace.carried(HIDDEN));
        add_start(hidden_grad, carried, accumulate, &mut gradient.initial_hidden);
        add_start(cell_grad, carried_cell, accumulate, &mut gradient.initial_cell);
        weight_gradient(inputs, sums_grad, accumulate, gradient.input_weights_mut(), [IN, 4 * HIDDEN]);
        let before = &hiddens[..STEPS * size];
        weight_gradient(before, sums_grad, accumulate, gradient.hidden_weights_mut(), [HIDDEN, 4 * HIDDEN]);
        sum_rows(sums_grad, accumulate.into(), gradient.bias_ih.as_flattened_mut());
        sum_rows(sums_grad, accumulate.into(), gradient.bias_hh.as_flattened_mut());
        if let Some(input_grad) = input_grad {
            let dx = workspace.scratch::<T>(STEPS * samples * IN);
            transposed_product(sums_grad, self.input_weights(), Initial::Zero, dx, [IN, 4 * HIDDEN]);
            Steps { steps: STEPS, samples, width: IN }.scatter(dx, Tensor::flat_mut(input_grad));
        }
    }
}

on_padded!(
    [const IN: usize, const HIDDEN: usize, const STEPS: usize, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    Lstm<IN, HIDDEN, T, S>: IN => HIDDEN
);
