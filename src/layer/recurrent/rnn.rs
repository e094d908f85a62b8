use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::Parameters;

#[cfg(feature = "alloc")]
use super::last_output_grad;
use super::on_padded::on_padded;
use super::{
    InitialState, Steps, ZeroState, add_start, product, recurrent, scalar_and_state, start,
    transposed_product, weight_gradient,
};
use crate::kernel::{Initial, Real, sum_rows};
use crate::layer::onnx::{Form, Recurrent};
use crate::layer::{
    Activation, Backward, Cost, Effect, Layer, Mode, Plan, Recurrence, Space, Tanh, Window, WorkspaceMut,
    apply_each, check_lengths, differentiate_each,
};
use crate::tensor::{Aligned, Sequence, Tensor, Vector};
#[cfg(feature = "alloc")]
use crate::{
    kernel::norm,
    layer::{BackwardHook, TimeStep},
};

/// A plain recurrent layer: at each step, an activation of the input and of the hidden state before.
///
/// Forward `z(t) = W x(t) + b + U h(t-1) + b'` and `h(t) = g(z(t))`, which is the output. Backward, from the last step
/// to the first, `dz(t) = g'(z(t)) (dy(t) + Uᵀ dz(t+1))`, then `dW = Σ x(t) dz(t)ᵀ`, `dU = Σ h(t-1) dz(t)ᵀ`,
/// `db = db' = Σ dz(t)` and `dx(t) = Wᵀ dz(t)`.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`, with any number of steps; output `Sequence<STEPS, HIDDEN>`. `weight_ih` is
/// `[IN, HIDDEN]` and `weight_hh` is `[HIDDEN, HIDDEN]`: PyTorch's weights, transposed. The two biases, `[HIDDEN]`
/// each, are those of PyTorch. The activation is [`Tanh`] by default; another one is an argument: `Rnn<8, 16, Relu>`.
/// The hidden state starts at 0, or is trained: `Rnn<8, 16, Tanh, f32, LearnedState>`.
///
/// # Gradient flow
/// The Jacobian of h(t) with respect to h(t-1) is g'(z(t)) U, with the same U in every step. Over T steps the gradient
/// has T factors of each, so it vanishes or explodes with the length of the sequence. [`Lstm`](super::Lstm) and
/// [`Gru`](super::Gru) have a path without these factors. In a new layer the rate for each step follows from U. It is
/// at most 0.58 with PyTorch's weights, and at most 1 with Glorot's weights and tanh. With an identity and ReLU, or
/// with an orthogonal U, it is near 1: see the examples.
///
/// # Source
/// Elman, "Finding structure in time", Cognitive Science 14 (1990).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The sum of all inputs so far: W = U = 1.
/// let mut sum = Rnn::<1, 1, Relu>::zeros();
/// (*sum.weight_ih, *sum.weight_hh) = ([[1.0]], [[1.0]]);
/// assert_eq!(sum.predict(&Sequence([[1.0], [2.0], [3.0]]))?, Sequence([[1.0], [3.0], [6.0]]));
///
/// // The hidden weights of a new network start at the identity: an IRNN (Le, Jaitly, Hinton 2015).
/// type Net = (Rnn<2, 16, Relu>, LastStep, Linear<16, 1>);
/// let mut net = Net::init_with(Initializer::normal(0.0, 0.03), &mut rng(1));
/// Initializer::identity().init_part(&mut net, "0.weight_hh", &mut rng(2))?;
/// assert_eq!((net.0.weight_hh[3][3], net.0.weight_hh[3][4]), (1.0, 0.0));
///
/// // Orthogonal hidden weights in all layers (Saxe, McClelland, Ganguli 2014).
/// type Two = (Rnn<2, 16>, Rnn<16, 16>);
/// let mut net = Two::init(&mut rng(1));
/// Initializer::orthogonal().init_where(&mut net, |path| path.ends_with("weight_hh"), &mut rng(2));
/// let length: f32 = net.1.weight_hh[0].iter().map(|u| u * u).sum();
/// approx::assert_abs_diff_eq!(length, 1.0, epsilon = 1e-5);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.RNN", "SimpleRNN", "Elman network"))]
#[derive(Clone, Parameters)]
#[parameters(name = "Rnn<{IN}, {HIDDEN}, {G}{=scalar_and_state::<Vector<HIDDEN, T>, S>()}>")]
pub struct Rnn<
    const IN: usize,
    const HIDDEN: usize,
    G: Activation + Parameters = Tanh,
    T: Real = f32,
    S: InitialState<Vector<HIDDEN, T>> = ZeroState,
> {
    /// W: for each input, its weights for the hidden units.
    #[parameter(weight, fan_in = IN, fan_out = HIDDEN, shape = &[IN, HIDDEN], scalar = T)]
    pub weight_ih: Aligned<[[T; HIDDEN]; IN]>,
    /// U: for each hidden unit, its weights for the hidden units.
    #[parameter(weight, fan_in = HIDDEN, fan_out = HIDDEN, shape = &[HIDDEN, HIDDEN], scalar = T)]
    pub weight_hh: Aligned<[[T; HIDDEN]; HIDDEN]>,
    /// b: a bias for each hidden unit.
    #[parameter(bias, shape = &[HIDDEN], scalar = T)]
    pub bias_ih: [T; HIDDEN],
    /// b': a second bias for each hidden unit, as in PyTorch. Only the sum of the two has an effect.
    #[parameter(bias, shape = &[HIDDEN], scalar = T)]
    pub bias_hh: [T; HIDDEN],
    /// The hidden state before the first step, if it is trained.
    #[parameter(scale = 0.0, shape = &[HIDDEN], scalar = T)]
    pub initial_hidden: S::Trained,
    #[parameter(skip)]
    activation: PhantomData<G>,
}

recurrent!(
    [const IN: usize, const HIDDEN: usize, G: Activation + Parameters, T: Real, S: InitialState<Vector<HIDDEN, T>>]
    Rnn<IN, HIDDEN, G, T, S>
);

impl<
    const IN: usize,
    const HIDDEN: usize,
    G: Activation + Parameters,
    T: Real,
    S: InitialState<Vector<HIDDEN, T>>,
> Rnn<IN, HIDDEN, G, T, S>
{
    /// Computes the sums of the input, x W + b + b', for all rows of `x`.
    pub(crate) fn input_sums(&self, x: &[T], bias: &mut [T], sums: &mut [T]) {
        bias.iter_mut()
            .zip(self.bias_ih.iter().zip(&self.bias_hh))
            .for_each(|(sum, (&b, &b2))| *sum = b + b2);
        product(x, self.input_weights(), Initial::Row(bias), sums, [IN, HIDDEN]);
    }

    /// Calls the hook for each step, with the gradient of the last step's output.
    #[cfg(feature = "alloc")]
    fn show_time(&self, saved: Saved<'_, T>, by_step: Steps, output_grad: &[T], hook: &mut dyn BackwardHook) {
        let Some((last, mut hidden_grad)) = last_output_grad(by_step, output_grad) else { return };
        let size = hidden_grad.len();
        let mut dz = alloc::vec![T::zero(); size];
        for step in (0..=last).rev() {
            let (z, after) =
                (&saved.sums[step * size..][..size], &saved.hiddens[(step + 1) * size..][..size]);
            let gradient = norm(&hidden_grad);
            differentiate_each::<G, T>(z, after, &hidden_grad, &mut dz);
            transposed_product(&dz, self.hidden_weights(), Initial::Zero, &mut hidden_grad, [HIDDEN, HIDDEN]);
            let [slope, weights] = [norm(&dz) / gradient, norm(&hidden_grad) / norm(&dz)].map(Some);
            hook.step_of_time(&TimeStep { step, gradient, slope, weights, carried: None });
        }
    }
}

/// The values that the forward pass saves, step by step: the inputs, the sums z, and the hidden states. The first
/// hidden states are those before the first step.
struct Saved<'a, T> {
    inputs: &'a mut [T],
    sums: &'a mut [T],
    hiddens: &'a mut [T],
}

impl<'a, T: Real> Saved<'a, T> {
    const fn space(inputs: usize, hidden: usize, steps: usize) -> Space {
        Space::per_sample::<T>(steps * inputs)
            .and(Space::per_sample::<T>(steps * hidden))
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
            sums: workspace.saved(samples * steps * hidden),
            hiddens: workspace.saved(samples * (steps + 1) * hidden),
        }
    }
}

impl<
    const IN: usize,
    const HIDDEN: usize,
    const STEPS: usize,
    G: Activation + Parameters,
    T: Real,
    S: InitialState<Vector<HIDDEN, T>>,
> Layer<Sequence<STEPS, IN, T>> for Rnn<IN, HIDDEN, G, T, S>
{
    type Output = Sequence<STEPS, HIDDEN, T>;
    const PLAN: Plan = Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
        .form(Form::Recurrent(Recurrent::Rnn(&G::ONNX)))
        .costs(Cost::weights((STEPS * (IN + HIDDEN) * HIDDEN) as u64, HIDDEN))
        .effect(Effect::Recurrent(match G::EFFECT {
            Effect::Activation(moments) => Recurrence::Plain(moments),
            _ => Recurrence::Unknown,
        }))
        .window(Window::PAST)
        .carries(HIDDEN)
        .saves(Saved::<T>::space(IN, HIDDEN, STEPS))
        .forward_scratch(Space::per_batch::<T>(HIDDEN))
        .backward_scratch(
            Space::per_sample::<T>(STEPS * HIDDEN)
                .and(Space::per_sample::<T>(HIDDEN))
                .and(Space::per_sample::<T>(STEPS * IN)),
        )
        .requires(G::FAULT.is_empty(), G::FAULT);
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
        let size = samples * HIDDEN;
        let Saved { inputs, sums, hiddens } = Saved::take(&mut workspace, IN, HIDDEN, STEPS, samples);
        Steps { steps: STEPS, samples, width: IN }.gather(Tensor::flat(input), inputs);
        let bias = workspace.scratch(HIDDEN);
        let carried = workspace.carried(HIDDEN);
        start(&self.initial_hidden, carried, &mut hiddens[..size]);
        for step in 0..STEPS {
            let z = &mut sums[step * size..][..size];
            let (before, after) = hiddens[step * size..][..2 * size].split_at_mut(size);
            self.input_sums(&inputs[step * samples * IN..][..samples * IN], bias, z);
            product(before, self.hidden_weights(), Initial::Output, z, [HIDDEN, HIDDEN]);
            apply_each::<G, T>(z, after);
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
        let size = samples * HIDDEN;
        let Saved { inputs, sums, hiddens } = Saved::take(&mut workspace, IN, HIDDEN, STEPS, samples);
        let sums_grad = workspace.scratch::<T>(STEPS * size);
        let hidden_grad = workspace.scratch::<T>(size);
        hidden_grad.fill(T::zero());
        let by_step = Steps { steps: STEPS, samples, width: HIDDEN };
        for step in (0..STEPS).rev() {
            by_step.add_step(step, Tensor::flat(output_grad), hidden_grad);
            let (z, after) = (&sums[step * size..][..size], &hiddens[(step + 1) * size..][..size]);
            let dz = &mut sums_grad[step * size..][..size];
            differentiate_each::<G, T>(z, after, hidden_grad, dz);
            transposed_product(dz, self.hidden_weights(), Initial::Zero, hidden_grad, [HIDDEN, HIDDEN]);
        }
        add_start(hidden_grad, workspace.carried(HIDDEN), accumulate, &mut gradient.initial_hidden);
        weight_gradient(inputs, sums_grad, accumulate, gradient.input_weights_mut(), [IN, HIDDEN]);
        let (before, dw) = (&hiddens[..STEPS * size], gradient.hidden_weights_mut());
        weight_gradient(before, sums_grad, accumulate, dw, [HIDDEN, HIDDEN]);
        sum_rows(sums_grad, accumulate.into(), &mut gradient.bias_ih);
        sum_rows(sums_grad, accumulate.into(), &mut gradient.bias_hh);
        if let Some(input_grad) = input_grad {
            let dx = workspace.scratch::<T>(STEPS * samples * IN);
            transposed_product(sums_grad, self.input_weights(), Initial::Zero, dx, [IN, HIDDEN]);
            Steps { steps: STEPS, samples, width: IN }.scatter(dx, Tensor::flat_mut(input_grad));
        }
    }
}

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
