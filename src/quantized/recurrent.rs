//! Recurrent layers. Their weights are integers; their gates and their state are `f32`.

use core::marker::PhantomData;

use chainrule_kernel::int8::{GateMath, GateRow, Int32, RecurrentWeights};
use chainrule_parameters::{Parameters, TypeName};

use super::weights::{buffers, symmetric};
use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::kernel::{sigmoid, tanh};
use crate::layer::{Activation, Bias, Gru, InitialState, Lstm, Rnn};
use crate::tensor::{Sequence, Tensor, Vector, len};

/// The gates i, f, g, o.
#[derive(Debug)]
struct LstmGates;

impl GateMath<4> for LstmGates {
    #[inline(always)]
    fn next(input: [f32; 4], hidden: [f32; 4], _: f32, cell: &mut f32) -> f32 {
        let [i, f, g, o] = core::array::from_fn(|gate| input[gate] + hidden[gate]);
        *cell = sigmoid(f) * *cell + sigmoid(i) * tanh(g);
        sigmoid(o) * tanh(*cell)
    }
}

/// The gates r, z, n.
#[derive(Debug)]
struct GruGates;

impl GateMath<3> for GruGates {
    #[inline(always)]
    fn next(input: [f32; 3], hidden: [f32; 3], before: f32, _: &mut f32) -> f32 {
        let [r, z] = core::array::from_fn(|gate| sigmoid(input[gate] + hidden[gate]));
        let n = tanh(input[2] + r * hidden[2]);
        (1.0 - z) * n + z * before
    }
}

/// A single sum, and its activation.
#[derive(Debug)]
struct RnnGates<G>(PhantomData<G>);

impl<G: Activation> GateMath<1> for RnnGates<G> {
    #[inline(always)]
    fn next([input]: [f32; 1], [hidden]: [f32; 1], _: f32, _: &mut f32) -> f32 {
        G::apply(input + hidden)
    }
}

/// The numbers of a recurrent layer, in memory order: for each input and for each hidden unit, its weights for each
/// gate; the biases of each gate; the hidden states and the cells before the first step.
struct Numbers<'a> {
    weights: [&'a [f32]; 2],
    biases: [&'a [f32]; 2],
    start: [Option<&'a [f32]>; 2],
    layer: TypeName,
}

impl Numbers<'_> {
    /// Writes the integers. Each row of weights has its own scale, with which its largest weight is 127.
    fn quantize(
        self,
        input: Quantization,
        (w, u, rows, start): (&mut [i8], &mut [i8], &mut [GateRow], &mut [Int32]),
    ) -> Result<(), Error> {
        let (units, count) = (start.len() / 2, rows.len().max(1));
        let (inputs, nothing) = (w.len() / count, Error::NonFiniteCalibration { layer: self.layer });
        for (at, row) in rows.iter_mut().enumerate() {
            let [of_input, of_hidden] =
                self.weights.map(|weights| move |i| f64::from(weights[i * count + at]));
            let bias = self.biases.map(|bias| Int32::of_f32(bias[at]));
            let (w, u) = (&mut w[at * inputs..][..inputs], &mut u[at * units..][..units]);
            let Some((input_scale, sum)) = symmetric(of_input, 0.0, w) else { return Err(nothing) };
            let Some((hidden_scale, _)) = symmetric(of_hidden, 0.0, u) else { return Err(nothing) };
            let input_scale = (input_scale * f64::from(input.scale)) as f32;
            if !(input_scale.is_finite() && self.biases.iter().all(|bias| bias[at].is_finite())) {
                return Err(nothing);
            }
            *row = GateRow {
                offset: Int32::new(i32::from(input.zero_point) * sum),
                input_scale: Int32::of_f32(input_scale),
                hidden_scale: Int32::of_f32(hidden_scale as f32),
                input_bias: bias[0],
                hidden_bias: bias[1],
            };
        }
        if self.start.iter().flatten().any(|start| start.iter().any(|x| !x.is_finite())) {
            return Err(nothing);
        }
        for (to, from) in start.chunks_exact_mut(units.max(1)).zip(self.start) {
            match from {
                Some(from) => to.iter_mut().zip(from).for_each(|(to, &from)| *to = Int32::of_f32(from)),
                None => to.fill(Int32::of_f32(0.0)),
            }
        }
        Ok(())
    }
}

/// Implements [`Quantize`] for a recurrent layer, from the number and the type of its gates, and its initial state.
macro_rules! recurrent {
    ([$($generics:tt)*] $layer:ty, $GATES:literal, $Gates:ty, |$self:ident| $start:expr) => {
        impl<const IN: usize, const HIDDEN: usize, const STEPS: usize, $($generics)*> Quantize<Sequence<STEPS, IN>>
            for $layer
        {
            /// The weights of each gate and unit.
            type Int8 = RecurrentWeights<
                [[[i8; IN]; HIDDEN]; $GATES],
                [[[i8; HIDDEN]; HIDDEN]; $GATES],
                [[GateRow; HIDDEN]; $GATES],
                [[Int32; HIDDEN]; 2],
            >;
            type Ranges = Interval;
            /// The hidden states before and after a step, and the cells.
            const BUFFERS: Buffers =
                buffers(len::<Sequence<STEPS, IN>>(), len::<Sequence<STEPS, HIDDEN>>(), IN)
                    .with_scratch(3 * HIDDEN * size_of::<Int32>());

            fn quantize(
                &$self,
                input: Quantization,
                range: &Interval,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                let layer = <Self as Parameters>::NAME;
                let output = Quantization::of_layer(wanted.unwrap_or(*range), layer)?;
                let weights = [$self.input_weights(), $self.hidden_weights()];
                let biases = [
                    bytemuck::must_cast_slice(core::slice::from_ref(&$self.bias_ih)),
                    bytemuck::must_cast_slice(core::slice::from_ref(&$self.bias_hh)),
                ];
                Numbers { weights, biases, start: $start, layer }.quantize(input, to.parts_mut())?;
                (to.output_scale, to.output_zero) = (Int32::of_f32(output.scale), output.zero_point);
                Ok(output)
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                let x = &memory.first[..<Sequence<STEPS, IN>>::LEN];
                let y = &mut memory.second[..<Sequence<STEPS, HIDDEN>>::LEN];
                let state = bytemuck::cast_slice_mut(&mut memory.scratch[..3 * HIDDEN * size_of::<Int32>()]);
                let output = Quantization { scale: int8.output_scale.f32(), zero_point: int8.output_zero };
                int8.run::<$GATES, $Gates>(STEPS, x, state, |at, hidden| y[at] = output.quantize(hidden));
            }
        }
    };
}

recurrent!(
    [S: InitialState<Vector<HIDDEN>>] Lstm<IN, HIDDEN, f32, S>, 4, LstmGates,
    |self| [self.initial_hidden.as_numbers(), self.initial_cell.as_numbers()]
);
recurrent!(
    [S: InitialState<Vector<HIDDEN>>] Gru<IN, HIDDEN, f32, S>, 3, GruGates,
    |self| [self.initial_hidden.as_numbers(), None]
);
recurrent!(
    [G: Activation + Parameters, S: InitialState<Vector<HIDDEN>>] Rnn<IN, HIDDEN, G, f32, S>, 1, RnnGates<G>,
    |self| [self.initial_hidden.as_numbers(), None]
);
