//! The products of a step of one sample.

use crate::gemm::{Initial, gemv};
use crate::simd::Level;
use crate::Real;

/// The sums of one row, before its gates: x W + h U, and two biases.
#[derive(Clone, Copy, Debug)]
pub struct RowSums<'a, T> {
    /// x, the input.
    pub input: &'a [T],
    /// W: a row of all gates for each number of the input.
    pub input_weights: &'a [T],
    /// h, the hidden state before the step.
    pub hidden: &'a [T],
    /// U: a row of all gates for each hidden unit.
    pub hidden_weights: &'a [T],
    /// A bias for all gates of the input, and one for those of the hidden state.
    pub biases: [&'a [T]; 2],
}

impl<T: Real> RowSums<'_, T> {
    /// Panics unless all slices have the sizes of a layer with this number of gates.
    #[track_caller]
    #[inline(always)]
    pub(super) fn check(&self, gates: usize) {
        let (inputs, hidden, [b, b2]) = (self.input.len(), self.hidden.len(), self.biases);
        assert!(hidden > 0, "a recurrent layer has at least one hidden unit");
        assert!(
            hidden.checked_mul(gates) == Some(b.len())
                && b2.len() == b.len()
                && inputs.checked_mul(b.len()) == Some(self.input_weights.len())
                && hidden.checked_mul(b.len()) == Some(self.hidden_weights.len()),
            "the weights of a step have another size than its input and hidden state"
        );
    }

    /// Computes all in one sum.
    #[inline(always)]
    pub(super) fn joint<L: Level>(&self, level: L, sums: &mut [T]) {
        let [b, b2] = self.biases.map(|bias| &bias[..sums.len()]);
        for at in 0..sums.len() {
            sums[at] = b[at] + b2[at];
        }
        for (x, weights) in [(self.input, self.input_weights), (self.hidden, self.hidden_weights)] {
            gemv(level, x, weights, Initial::Output, sums);
        }
    }

    /// Computes x W + b and h U + b' apart.
    #[inline(always)]
    pub(super) fn apart<L: Level>(&self, level: L, from_input: &mut [T], from_hidden: &mut [T]) {
        let [b, b2] = self.biases;
        let input = (self.input, self.input_weights, b, from_input);
        let hidden = (self.hidden, self.hidden_weights, b2, from_hidden);
        for (x, weights, bias, sums) in [input, hidden] {
            gemv(level, x, weights, Initial::Row(bias), sums);
        }
    }
}
