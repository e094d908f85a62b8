//! One step of a recurrent layer, number by number: the gates of an LSTM and of a GRU, forward and backward.
//!
//! The products of a step, of the input and of the hidden state with their weights, are [`gemm`](crate::gemm). These
//! functions do the rest; those for a single row do the products too. A row is one sample; the gates of a row follow
//! one another, each of `hidden` numbers.

mod blocks;
mod gru;
mod lstm;
mod row;
#[cfg(test)]
mod tests;

pub use gru::{GruSaved, gru_step, gru_step_gradient};
pub use lstm::{LstmSaved, lstm_step, lstm_step_gradient};
pub use row::{GateWeights, gru_row, lstm_row};

/// Panics unless there are this many rows in each slice of numbers.
#[track_caller]
fn check(hidden: usize, slices: &[(usize, usize)]) {
    assert!(hidden > 0, "a recurrent layer has at least one hidden unit");
    let rows = slices[0].0 / (hidden * slices[0].1);
    for (len, gates) in slices {
        assert!(
            Some(*len) == rows.checked_mul(hidden * gates),
            "the slices of a step have different numbers of rows"
        );
    }
}

/// Splits a row into its `G` gates.
#[inline(always)]
fn split<T, const G: usize>(row: &[T], hidden: usize) -> [&[T]; G] {
    let mut gates: [&[T]; G] = [&[]; G];
    for gate in 0..G {
        gates[gate] = &row[gate * hidden..][..hidden];
    }
    gates
}
