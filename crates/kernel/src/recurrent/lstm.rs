//! The LSTM.

use super::blocks::{Block, activate, padded};
use super::row::RowSums;
use super::{check, split};
use crate::Real;
use crate::simd::{Kernel, Level, dispatch};

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
            lstm_row_step(gates, before, cell, output);
        }
    }
}

/// Computes a step of one row.
#[inline(always)]
fn lstm_row_step<T: Real>(gates: &mut [T], before: &[T], cell: &mut [T], output: &mut [T]) {
    let hidden = output.len();
    let (i, rest) = gates.split_at_mut(hidden);
    let (f, rest) = rest.split_at_mut(hidden);
    let (g, o) = rest.split_at_mut(hidden);
    let ((i, last_i), (f, last_f)) = (i.as_chunks_mut(), f.as_chunks_mut());
    let ((g, last_g), (o, last_o)) = (g.as_chunks_mut(), o.as_chunks_mut());
    let (before, last_before) = before.as_chunks();
    let ((cell, last_cell), (output, last_output)) = (cell.as_chunks_mut(), output.as_chunks_mut());
    match before.len() {
        0 => {}
        1 => {
            let [mut a, mut b, mut c, mut d] = [[i[0]], [f[0]], [g[0]], [o[0]]];
            let [mut x, mut y] = [[before[0]], [before[0]]];
            lstm_units::<T, 1>([&mut a, &mut b, &mut c, &mut d], &[before[0]], &mut x, &mut y);
            (i[0], f[0], g[0], o[0], cell[0], output[0]) = (a[0], b[0], c[0], d[0], x[0], y[0]);
        }
        _ => lstm_units::<T, 4>([i, f, g, o], before, cell, output),
    }
    if !last_before.is_empty() {
        let [mut i, mut f, mut g, mut o] = [&*last_i, last_f, last_g, last_o].map(padded);
        let [mut cell, mut output] = [padded(&[]), padded(&[])];
        let gates = [&mut i[..], &mut f, &mut g, &mut o];
        lstm_units::<T, 1>(gates, &padded(last_before), &mut cell, &mut output);
        let blocks = [&i, &f, &g, &o, &cell, &output];
        let lasts = [last_i, last_f, last_g, last_o, last_cell, last_output];
        for (block, last) in blocks.into_iter().zip(lasts) {
            last.copy_from_slice(&block[0][..last.len()]);
        }
    }
}

/// Computes blocks of units.
#[inline(always)]
fn lstm_units<T: Real, const TILE: usize>(
    [i, f, g, o]: [&mut [Block<T>]; 4],
    before: &[Block<T>],
    cell: &mut [Block<T>],
    output: &mut [Block<T>],
) {
    activate::<T, TILE, 3, 1>([i, f, o], [g]);
    for b in 0..before.len() {
        let (i, f, g, before) = (i[b], f[b], g[b], before[b]);
        let mut sum = before;
        for at in 0..sum.len() {
            sum[at] = f[at] * before[at] + i[at] * g[at];
        }
        (cell[b], output[b]) = (sum, sum);
    }
    activate::<T, TILE, 0, 1>([], [output]);
    for b in 0..before.len() {
        let (o, mut squashed) = (o[b], output[b]);
        for at in 0..squashed.len() {
            squashed[at] = o[at] * squashed[at];
        }
        output[b] = squashed;
    }
}

/// Computes the step of one row with its products, as [`lstm_step`] after [`gemm`](crate::gemm), to the bit.
///
/// # Panics
/// When a slice has not the size of a row.
pub fn lstm_row<T: Real>(
    sums: RowSums<'_, T>,
    gates: &mut [T],
    cell_before: &[T],
    cell: &mut [T],
    output: &mut [T],
) {
    let hidden = sums.hidden.len();
    sums.check(4);
    let lengths = [gates.len(), 4 * cell_before.len(), 4 * cell.len(), 4 * output.len()];
    assert!(lengths == [4 * hidden; 4], "a slice of a step has not the size of a row");
    dispatch(LstmRow { sums, gates, cell_before, cell, output });
}

struct LstmRow<'a, T> {
    sums: RowSums<'a, T>,
    gates: &'a mut [T],
    cell_before: &'a [T],
    cell: &'a mut [T],
    output: &'a mut [T],
}

impl<T: Real> Kernel for LstmRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { sums, gates, cell_before, cell, output } = self;
        sums.joint(level, gates);
        lstm_row_step(gates, cell_before, cell, output);
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
        let rows = saved.gates.chunks_exact(4 * hidden).zip(sum_grad.chunks_exact_mut(4 * hidden));
        for (row, (gates, sums)) in rows.enumerate() {
            let row = row * hidden..(row + 1) * hidden;
            let [i, f, g, o] = split(gates, hidden).map(<[T]>::as_chunks);
            let [before, cell, dy] =
                [saved.cell_before, saved.cell, output_grad].map(|numbers| numbers[row.clone()].as_chunks());
            let (dc, last_dc) = cell_grad[row].as_chunks_mut();
            let (di, rest) = sums.split_at_mut(hidden);
            let (df, rest) = rest.split_at_mut(hidden);
            let (dg, d_o) = rest.split_at_mut(hidden);
            let ((di, last_di), (df, last_df)) = (di.as_chunks_mut(), df.as_chunks_mut());
            let ((dg, last_dg), (d_o, last_do)) = (dg.as_chunks_mut(), d_o.as_chunks_mut());
            let gates = [i.0, f.0, g.0, o.0];
            lstm_units_gradient(gates, before.0, cell.0, dy.0, dc, [di, df, dg, d_o]);
            if !last_dc.is_empty() {
                let [i, f, g, o, before, cell, dy] = [i, f, g, o, before, cell, dy].map(|blocks| padded(blocks.1));
                let mut dc = padded(last_dc);
                let [mut di, mut df, mut dg, mut d_o] = [[]; 4].map(|none: [T; 0]| padded(&none));
                let sums: [&mut [_]; 4] = [&mut di, &mut df, &mut dg, &mut d_o];
                lstm_units_gradient([&i, &f, &g, &o], &before, &cell, &dy, &mut dc, sums);
                let lasts = [last_dc, last_di, last_df, last_dg, last_do];
                for (block, last) in [dc, di, df, dg, d_o].into_iter().zip(lasts) {
                    last.copy_from_slice(&block[0][..last.len()]);
                }
            }
        }
    }
}

/// Computes the gradient of blocks of units.
#[inline(always)]
fn lstm_units_gradient<T: Real>(
    [i, f, g, o]: [&[Block<T>]; 4],
    before: &[Block<T>],
    cell: &[Block<T>],
    output_grad: &[Block<T>],
    cell_grad: &mut [Block<T>],
    [di, df, dg, d_o]: [&mut [Block<T>]; 4],
) {
    let one = T::one();
    di.copy_from_slice(cell);
    activate::<T, 4, 0, 1>([], [di]);
    for b in 0..cell.len() {
        let (i, f, g, o, dy, before, squashed) = (i[b], f[b], g[b], o[b], output_grad[b], before[b], di[b]);
        let mut dc = cell_grad[b];
        let [mut sum_i, mut sum_f, mut sum_g, mut sum_o] = [dc; 4];
        for at in 0..dc.len() {
            let (i, f, g, o, dy, squashed) = (i[at], f[at], g[at], o[at], dy[at], squashed[at]);
            let dcell = dc[at] + dy * o * (one - squashed * squashed);
            sum_o[at] = dy * squashed * o * (one - o);
            sum_i[at] = dcell * g * i * (one - i);
            sum_f[at] = dcell * before[at] * f * (one - f);
            sum_g[at] = dcell * i * (one - g * g);
            dc[at] = dcell * f;
        }
        (di[b], df[b], dg[b], d_o[b], cell_grad[b]) = (sum_i, sum_f, sum_g, sum_o, dc);
    }
}
