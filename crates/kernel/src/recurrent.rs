//! One step of a recurrent layer, number by number: the gates of an LSTM and of a GRU, forward and backward.
//!
//! The products of a step, of the input and of the hidden state with their weights, are [`gemm`](crate::gemm). These
//! functions do the rest. A row is one sample; the gates of a row follow one another, each of `hidden` numbers.

use super::simd::{Kernel, Level, dispatch};
use super::{Real, sigmoid, tanh};

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

/// Computes a step of an LSTM.
///
/// `gates` has the sums z of the input gate i, the forget gate f, the cell candidate g and the output gate o. They are
/// replaced by i = σ(z), f = σ(z), g = tanh(z), o = σ(z). Then `cell` = f `cell_before` + i g, and `output` =
/// o tanh(`cell`).
///
/// # Panics
/// When the slices have different numbers of rows.
pub fn lstm_step<T: Real>(
    gates: &mut [T],
    cell_before: &[T],
    cell: &mut [T],
    output: &mut [T],
    hidden: usize,
) {
    check(hidden, &[(gates.len(), 4), (cell_before.len(), 1), (cell.len(), 1), (output.len(), 1)]);
    dispatch(LstmStep { gates, cell_before, cell, output, hidden });
}

struct LstmStep<'a, T> {
    gates: &'a mut [T],
    cell_before: &'a [T],
    cell: &'a mut [T],
    output: &'a mut [T],
    hidden: usize,
}

impl<T: Real> Kernel for LstmStep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { gates, cell_before, cell, output, hidden } = self;
        let rows = gates.chunks_exact_mut(4 * hidden).zip(cell_before.chunks_exact(hidden));
        let rows = rows.zip(cell.chunks_exact_mut(hidden)).zip(output.chunks_exact_mut(hidden));
        for (((gates, before), cell), output) in rows {
            // Two passes: the first is one loop over memory in order, for each function.
            let (in_and_forget, rest) = gates.split_at_mut(2 * hidden);
            let (candidate, out) = rest.split_at_mut(hidden);
            for z in &mut *in_and_forget {
                *z = sigmoid(*z);
            }
            for z in &mut *candidate {
                *z = tanh(*z);
            }
            for z in &mut *out {
                *z = sigmoid(*z);
            }
            let (i, f) = in_and_forget.split_at(hidden);
            let (i, f, g, o, before) =
                (&i[..hidden], &f[..hidden], &candidate[..hidden], &out[..hidden], &before[..hidden]);
            let (cell, output) = (&mut cell[..hidden], &mut output[..hidden]);
            for at in 0..hidden {
                cell[at] = f[at] * before[at] + i[at] * g[at];
            }
            for at in 0..hidden {
                output[at] = o[at] * tanh(cell[at]);
            }
        }
    }
}

/// What the backward pass of an LSTM's step reads.
#[derive(Clone, Copy, Debug)]
pub struct LstmSaved<'a, T> {
    /// i, f, g and o of each row.
    pub gates: &'a [T],
    /// The cell before the step.
    pub cell_before: &'a [T],
    /// The cell after it.
    pub cell: &'a [T],
}

/// Computes the gradient of a step of an LSTM.
///
/// `output_grad` is dR/d`output`. `cell_grad` is dR/d`cell` by the later steps, and becomes that of the cell before this
/// step, f dR/d`cell`: the path of the gradient without W. `sum_grad` is filled with dR/dz for each of the four sums.
///
/// # Panics
/// When the slices have different numbers of rows.
pub fn lstm_step_gradient<T: Real>(
    saved: LstmSaved<'_, T>,
    output_grad: &[T],
    cell_grad: &mut [T],
    sum_grad: &mut [T],
    hidden: usize,
) {
    let LstmSaved { gates, cell_before, cell } = saved;
    let ones = [cell_before.len(), cell.len(), output_grad.len(), cell_grad.len()].map(|len| (len, 1));
    check(hidden, &[(gates.len(), 4), (sum_grad.len(), 4), ones[0], ones[1], ones[2], ones[3]]);
    dispatch(LstmGradient { saved, output_grad, cell_grad, sum_grad, hidden });
}

struct LstmGradient<'a, T> {
    saved: LstmSaved<'a, T>,
    output_grad: &'a [T],
    cell_grad: &'a mut [T],
    sum_grad: &'a mut [T],
    hidden: usize,
}

impl<T: Real> Kernel for LstmGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { saved, output_grad, cell_grad, sum_grad, hidden } = self;
        let one = T::one();
        let rows = saved.gates.chunks_exact(4 * hidden).zip(sum_grad.chunks_exact_mut(4 * hidden));
        for (row, (gates, sums)) in rows.enumerate() {
            let [i, f, g, o] = split::<T, 4>(gates, hidden);
            let before = &saved.cell_before[row * hidden..][..hidden];
            let cell = &saved.cell[row * hidden..][..hidden];
            let dy = &output_grad[row * hidden..][..hidden];
            let dc = &mut cell_grad[row * hidden..][..hidden];
            let (di, rest) = sums.split_at_mut(hidden);
            let (df, rest) = rest.split_at_mut(hidden);
            let (dg, d_o) = rest.split_at_mut(hidden);
            let (di, df, dg, d_o) =
                (&mut di[..hidden], &mut df[..hidden], &mut dg[..hidden], &mut d_o[..hidden]);
            for at in 0..hidden {
                let (i, f, g, o, dy) = (i[at], f[at], g[at], o[at], dy[at]);
                let squashed = tanh(cell[at]);
                let dcell = dc[at] + dy * o * (one - squashed * squashed);
                d_o[at] = dy * squashed * o * (one - o);
                di[at] = dcell * g * i * (one - i);
                df[at] = dcell * before[at] * f * (one - f);
                dg[at] = dcell * i * (one - g * g);
                dc[at] = dcell * f;
            }
        }
    }
}

/// Computes a step of a GRU.
///
/// `gates` has the sums of the input for the reset gate r, the update gate z and the candidate n; `from_hidden` those of
/// the hidden state. `gates` is replaced by r = σ(`gates` + `from_hidden`), z alike, and n = tanh(`gates` +
/// r `from_hidden`). Then `output` = (1 - z) n + z `before`.
///
/// # Panics
/// When the slices have different numbers of rows.
pub fn gru_step<T: Real>(gates: &mut [T], from_hidden: &[T], before: &[T], output: &mut [T], hidden: usize) {
    check(hidden, &[(gates.len(), 3), (from_hidden.len(), 3), (before.len(), 1), (output.len(), 1)]);
    dispatch(GruStep { gates, from_hidden, before, output, hidden });
}

struct GruStep<'a, T> {
    gates: &'a mut [T],
    from_hidden: &'a [T],
    before: &'a [T],
    output: &'a mut [T],
    hidden: usize,
}

impl<T: Real> Kernel for GruStep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { gates, from_hidden, before, output, hidden } = self;
        let rows = gates.chunks_exact_mut(3 * hidden).zip(from_hidden.chunks_exact(3 * hidden));
        let rows = rows.zip(before.chunks_exact(hidden)).zip(output.chunks_exact_mut(hidden));
        for (((gates, from_hidden), before), output) in rows {
            let (reset_and_update, candidate) = gates.split_at_mut(2 * hidden);
            let (h, hn) = from_hidden.split_at(2 * hidden);
            for (gate, h) in reset_and_update.iter_mut().zip(h) {
                *gate = sigmoid(*gate + *h);
            }
            let (r, z) = reset_and_update.split_at(hidden);
            let (r, z, hn, before) = (&r[..hidden], &z[..hidden], &hn[..hidden], &before[..hidden]);
            let (n, output) = (&mut candidate[..hidden], &mut output[..hidden]);
            for at in 0..hidden {
                n[at] = tanh(n[at] + r[at] * hn[at]);
            }
            for at in 0..hidden {
                output[at] = (T::one() - z[at]) * n[at] + z[at] * before[at];
            }
        }
    }
}

/// What the backward pass of a GRU's step reads.
#[derive(Clone, Copy, Debug)]
pub struct GruSaved<'a, T> {
    /// r, z and n of each row.
    pub gates: &'a [T],
    /// The sums of the hidden state, of which it reads those for n.
    pub from_hidden: &'a [T],
    /// The hidden state before the step.
    pub before: &'a [T],
}

/// Computes the gradient of a step of a GRU.
///
/// `hidden_grad` is dR/d`output`, and becomes z dR/d`output`: what arrives at the hidden state before this step without
/// W. `sum_grad` is filled with dR/d for the sums of the input, `from_hidden_grad` with that for those of the hidden
/// state, which for n has the factor r.
///
/// # Panics
/// When the slices have different numbers of rows.
pub fn gru_step_gradient<T: Real>(
    saved: GruSaved<'_, T>,
    hidden_grad: &mut [T],
    sum_grad: &mut [T],
    from_hidden_grad: &mut [T],
    hidden: usize,
) {
    let GruSaved { gates, from_hidden, before } = saved;
    let threes = [gates.len(), from_hidden.len(), sum_grad.len(), from_hidden_grad.len()].map(|len| (len, 3));
    let [a, b, c, d] = threes;
    check(hidden, &[a, b, c, d, (before.len(), 1), (hidden_grad.len(), 1)]);
    dispatch(GruGradient { saved, hidden_grad, sum_grad, from_hidden_grad, hidden });
}

struct GruGradient<'a, T> {
    saved: GruSaved<'a, T>,
    hidden_grad: &'a mut [T],
    sum_grad: &'a mut [T],
    from_hidden_grad: &'a mut [T],
    hidden: usize,
}

impl<T: Real> Kernel for GruGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { saved, hidden_grad, sum_grad, from_hidden_grad, hidden } = self;
        let one = T::one();
        let rows = sum_grad.chunks_exact_mut(3 * hidden).zip(from_hidden_grad.chunks_exact_mut(3 * hidden));
        for (row, (sums, from_hidden)) in rows.enumerate() {
            let [r, z, n] = split::<T, 3>(&saved.gates[row * 3 * hidden..], hidden);
            let [_, _, hn] = split::<T, 3>(&saved.from_hidden[row * 3 * hidden..], hidden);
            let before = &saved.before[row * hidden..][..hidden];
            let dh = &mut hidden_grad[row * hidden..][..hidden];
            let (dr, rest) = sums.split_at_mut(hidden);
            let (dz, dn) = rest.split_at_mut(hidden);
            let (dr, dz, dn) = (&mut dr[..hidden], &mut dz[..hidden], &mut dn[..hidden]);
            for at in 0..hidden {
                let (r, z, n, dy) = (r[at], z[at], n[at], dh[at]);
                let candidate = dy * (one - z) * (one - n * n);
                dn[at] = candidate;
                dz[at] = dy * (before[at] - n) * z * (one - z);
                dr[at] = candidate * hn[at] * r * (one - r);
                dh[at] = dy * z;
            }
            from_hidden[..2 * hidden].copy_from_slice(&sums[..2 * hidden]);
            let (dn, dhn) = (&sums[2 * hidden..][..hidden], &mut from_hidden[2 * hidden..][..hidden]);
            for at in 0..hidden {
                dhn[at] = dn[at] * r[at];
            }
        }
    }
}
