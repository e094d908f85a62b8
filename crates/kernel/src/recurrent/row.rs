//! A step of one sample with its products, for sizes that are known at compile time: a step of a stream.
//!
//! These kernels are compiled for each size, in the crate that uses them, so that nothing of a small step is spent on
//! sizes. Their results are those of [`gemm`](crate::gemm) and of [`lstm_step`](super::lstm_step) or
//! [`gru_step`](super::gru_step), to the bit.

use core::hint::black_box;

use super::gru::gru_row_step;
use super::lstm::lstm_row_step;
use crate::Real;
use crate::gemm::{Initial, gemv};
use crate::simd::{Kernel, Level, dispatch};

/// The weights and the biases of a layer of `GATES` gates.
#[derive(Clone, Copy, Debug)]
pub struct GateWeights<'a, T, const IN: usize, const HIDDEN: usize, const GATES: usize> {
    /// W: for each input, its weights towards each gate.
    pub input: &'a [[[T; HIDDEN]; GATES]; IN],
    /// U: for each hidden unit, its weights towards each gate.
    pub hidden: &'a [[[T; HIDDEN]; GATES]; HIDDEN],
    /// b and b', a bias for each gate.
    pub biases: [&'a [[T; HIDDEN]; GATES]; 2],
}

/// Computes a step of an LSTM. `hidden` is the hidden state before the step; `cell` becomes that after it.
#[inline]
pub fn lstm_row<T: Real, const IN: usize, const HIDDEN: usize>(
    weights: GateWeights<'_, T, IN, HIDDEN, 4>,
    input: &[T; IN],
    hidden: &[T; HIDDEN],
    cell: &mut [T; HIDDEN],
    output: &mut [T; HIDDEN],
) {
    dispatch(LstmRow { weights, input, hidden, cell, output });
}

struct LstmRow<'a, T, const IN: usize, const HIDDEN: usize> {
    weights: GateWeights<'a, T, IN, HIDDEN, 4>,
    input: &'a [T; IN],
    hidden: &'a [T; HIDDEN],
    cell: &'a mut [T; HIDDEN],
    output: &'a mut [T; HIDDEN],
}

impl<T: Real, const IN: usize, const HIDDEN: usize> Kernel for LstmRow<'_, T, IN, HIDDEN> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { weights, input, hidden, cell, output } = self;
        let ([b, b2], mut sums) = (weights.biases.map(|bias| bias.as_flattened()), [[T::zero(); HIDDEN]; 4]);
        for ((sum, b), b2) in sums.as_flattened_mut().iter_mut().zip(b).zip(b2) {
            *sum = *b + *b2;
        }
        let before = *cell;
        let [w, u] =
            [weights.input.as_flattened().as_flattened(), weights.hidden.as_flattened().as_flattened()];
        gemv(level, input, w, Initial::Output, sums.as_flattened_mut());
        gemv(level, hidden, u, Initial::Output, sums.as_flattened_mut());
        // The sums stay in memory: as single variables, the compiler would compute them one by one.
        lstm_row_step::<L, T>(black_box(&mut sums).as_flattened_mut(), &before, cell, output);
    }
}

/// Computes a step of a GRU. `hidden` is the hidden state before the step, and `output` that after it.
#[inline]
pub fn gru_row<T: Real, const IN: usize, const HIDDEN: usize>(
    weights: GateWeights<'_, T, IN, HIDDEN, 3>,
    input: &[T; IN],
    hidden: &[T; HIDDEN],
    output: &mut [T; HIDDEN],
) {
    dispatch(GruRow { weights, input, hidden, output });
}

struct GruRow<'a, T, const IN: usize, const HIDDEN: usize> {
    weights: GateWeights<'a, T, IN, HIDDEN, 3>,
    input: &'a [T; IN],
    hidden: &'a [T; HIDDEN],
    output: &'a mut [T; HIDDEN],
}

impl<T: Real, const IN: usize, const HIDDEN: usize> Kernel for GruRow<'_, T, IN, HIDDEN> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { weights, input, hidden, output } = self;
        let [b, b2] = weights.biases.map(|bias| Initial::Row(bias.as_flattened()));
        let [mut gates, mut from_hidden] = [[[T::zero(); HIDDEN]; 3]; 2];
        let [w, u] =
            [weights.input.as_flattened().as_flattened(), weights.hidden.as_flattened().as_flattened()];
        gemv(level, input, w, b, gates.as_flattened_mut());
        gemv(level, hidden, u, b2, from_hidden.as_flattened_mut());
        let (gates, from_hidden) = (black_box(&mut gates), black_box(&mut from_hidden));
        gru_row_step::<L, T>(gates.as_flattened_mut(), from_hidden.as_flattened(), hidden, output);
    }
}
