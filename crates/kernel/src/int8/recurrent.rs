//! Recurrent layers with weights of int8. Their gates and their state are 32-bit floating point numbers.

use super::packed::{Int32, Packed, packed};
use crate::simd::{Kernel, Level, dispatch, dot};

/// How many partial sums a sum has, on every processor.
const LANES: usize = 8;

/// What belongs to the weights of one gate of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct GateRow {
    /// The zero point of the input times the sum of the weights of the input.
    pub offset: Int32,
    /// The scale of the weights of the input, times that of the input.
    pub input_scale: Int32,
    /// The scale of the weights of the hidden state.
    pub hidden_scale: Int32,
    /// The bias of the input.
    pub input_bias: Int32,
    /// The bias of the hidden state.
    pub hidden_bias: Int32,
}

packed!([] GateRow: Int32, Int32, Int32, Int32, Int32);

/// A recurrent layer: `W` has, for each gate and each unit, its weights of the input, `U` those of the hidden state,
/// and `R` is an array of [`GateRow`]. `S` is the state before the first step, hidden states and then cells.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RecurrentWeights<W, U, R, S> {
    /// The weights of the input.
    pub input: W,
    /// The weights of the hidden state.
    pub hidden: U,
    /// What belongs to each row of weights.
    pub rows: R,
    /// The state before the first step.
    pub start: S,
    /// The scale of the output.
    pub output_scale: Int32,
    /// The zero point of the output.
    pub output_zero: i8,
}

packed!([W, U, R, S] RecurrentWeights<W, U, R, S>: W, U, R, S, Int32, i8);

impl<W: Packed, U: Packed, R: Packed, S: Packed> RecurrentWeights<W, U, R, S> {
    /// Returns the weights of the input, those of the hidden state, their rows, and the state before the first step.
    pub fn parts_mut(&mut self) -> (&mut [i8], &mut [i8], &mut [GateRow], &mut [Int32]) {
        fn cast<A: Packed, B: Packed>(a: &mut A) -> &mut [B] {
            bytemuck::cast_slice_mut(core::slice::from_mut(a))
        }
        (cast(&mut self.input), cast(&mut self.hidden), cast(&mut self.rows), cast(&mut self.start))
    }

    /// Computes the hidden state of each step, and calls `output` with the number of each and its place. `state` has
    /// the memory of the hidden states, as many again, and the cells.
    ///
    /// # Panics
    /// If the lengths do not match.
    #[inline]
    pub fn run<const GATES: usize, C: GateMath<GATES>>(
        &self,
        steps: usize,
        x: &[i8],
        state: &mut [Int32],
        output: impl FnMut(usize, f32),
    ) {
        fn cast<A: Packed, B: Packed>(a: &A) -> &[B] {
            bytemuck::cast_slice(core::slice::from_ref(a))
        }
        let (input, hidden, rows): (&[i8], &[i8], &[GateRow]) =
            (cast(&self.input), cast(&self.hidden), cast(&self.rows));
        let (units, inputs) = (rows.len() / GATES, x.len() / steps.max(1));
        let start: &[Int32] = cast(&self.start);
        let state = &mut state[..3 * units];
        state[..units].copy_from_slice(&start[..units]);
        state[2 * units..].copy_from_slice(&start[units..]);
        assert!(
            input.len() == rows.len() * inputs && hidden.len() == rows.len() * units,
            "a weight for each number of a step"
        );
        dispatch(Steps::<GATES, C, _> {
            weights: [input, hidden],
            rows,
            steps,
            x,
            state,
            output,
            gates: core::marker::PhantomData,
        });
    }
}

/// How a recurrent layer computes the next hidden state of a unit.
pub trait GateMath<const GATES: usize> {
    /// Returns it, from the sums of the input and of the hidden state for each gate, and from the state before.
    /// `#[inline(always)]`.
    fn next(input: [f32; GATES], hidden: [f32; GATES], before: f32, cell: &mut f32) -> f32;
}

struct Steps<'a, const GATES: usize, C, F> {
    weights: [&'a [i8]; 2],
    rows: &'a [GateRow],
    steps: usize,
    x: &'a [i8],
    state: &'a mut [Int32],
    output: F,
    gates: core::marker::PhantomData<C>,
}

impl<const GATES: usize, C: GateMath<GATES>, F: FnMut(usize, f32)> Kernel for Steps<'_, GATES, C, F> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { weights: [w, u], rows, steps, x, state, mut output, .. } = self;
        let (units, inputs) = (rows.len() / GATES, x.len() / steps.max(1));
        let (mut before, state) = state.split_at_mut(units);
        let (mut after, cells) = state.split_at_mut(units);
        for step in 0..steps {
            let x = &x[step * inputs..][..inputs];
            for unit in 0..units {
                let (mut from_input, mut from_hidden) = ([0.0; GATES], [0.0; GATES]);
                for gate in 0..GATES {
                    let at = gate * units + unit;
                    let row = rows[at];
                    let sum = dot(&w[at * inputs..][..inputs], x).wrapping_sub(row.offset.get());
                    from_input[gate] = row.input_scale.f32() * sum as f32 + row.input_bias.f32();
                    let sum = mixed_dot(&u[at * units..][..units], before);
                    from_hidden[gate] = row.hidden_scale.f32() * sum + row.hidden_bias.f32();
                }
                let mut cell = cells[unit].f32();
                let hidden = C::next(from_input, from_hidden, before[unit].f32(), &mut cell);
                (after[unit], cells[unit]) = (Int32::of_f32(hidden), Int32::of_f32(cell));
                output(step * units + unit, hidden);
            }
            core::mem::swap(&mut before, &mut after);
        }
    }
}

/// Returns the sum of all products, in the same order on every processor.
#[inline(always)]
fn mixed_dot(w: &[i8], x: &[Int32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (w, x) = (w.chunks_exact(LANES), x.chunks_exact(LANES));
    let mut rest = 0.0;
    for (&w, x) in w.remainder().iter().zip(x.remainder()) {
        rest += f32::from(w) * x.f32();
    }
    for (w, x) in w.zip(x) {
        for lane in 0..LANES {
            sums[lane] += f32::from(w[lane]) * x[lane].f32();
        }
    }
    sums.iter().fold(rest, |sum, x| sum + x)
}
