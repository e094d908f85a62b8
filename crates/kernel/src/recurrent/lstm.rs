//! The LSTM.

use super::blocks::{UNITS, block, block_mut, in_blocks, padded, sigmoids, tanhs};
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

pub(super) struct LstmStep<'a, T> {
    pub(super) gates: &'a mut [T],
    pub(super) cell_before: &'a [T],
    pub(super) cell: &'a mut [T],
    pub(super) output: &'a mut [T],
    pub(super) hidden: usize,
}

impl<T: Real> Kernel for LstmStep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { gates, cell_before, cell, output, hidden } = self;
        let rows = gates.chunks_exact_mut(4 * hidden).zip(cell_before.chunks_exact(hidden));
        let rows = rows.zip(cell.chunks_exact_mut(hidden)).zip(output.chunks_exact_mut(hidden));
        for (((gates, before), cell), output) in rows {
            lstm_row_step::<L, T>(gates, before, cell, output);
        }
    }
}

/// Computes a step of one row.
#[inline(always)]
pub(super) fn lstm_row_step<L: Level, T: Real>(
    gates: &mut [T],
    before: &[T],
    cell: &mut [T],
    output: &mut [T],
) {
    let hidden = output.len();
    let (i, rest) = gates.split_at_mut(hidden);
    let (f, rest) = rest.split_at_mut(hidden);
    let (g, o) = rest.split_at_mut(hidden);
    in_blocks!(hidden, at => lstm_units::<L, T>(
        [block_mut(i, at), block_mut(f, at), block_mut(g, at), block_mut(o, at)],
        block(before, at), block_mut(cell, at), block_mut(output, at)
    ), rest {
        let lasts = [&mut i[at..], &mut f[at..], &mut g[at..], &mut o[at..], &mut cell[at..], &mut output[at..]];
        let [mut i, mut f, mut g, mut o, mut cell, mut output] = lasts.each_ref().map(|last| padded(last));
        let gates = [&mut i, &mut f, &mut g, &mut o];
        lstm_units::<L, T, UNITS>(gates, &padded(&before[at..]), &mut cell, &mut output);
        for (block, last) in [i, f, g, o, cell, output].iter().zip(lasts) {
            last.copy_from_slice(&block[..last.len()]);
        }
    });
}

/// Computes a block of units.
#[inline(always)]
fn lstm_units<L: Level, T: Real, const N: usize>(
    [i, f, g, o]: [&mut [T; N]; 4],
    before: &[T; N],
    cell: &mut [T; N],
    output: &mut [T; N],
) {
    sigmoids::<L, T, N, 3>([&mut *i, &mut *f, &mut *o]);
    tanhs::<L, T, N>(g);
    let (i, f, g, o, mut sum) = (*i, *f, *g, *o, *before);
    for at in 0..N {
        sum[at] = f[at] * sum[at] + i[at] * g[at];
    }
    *cell = sum;
    tanhs::<L, T, N>(&mut sum);
    for at in 0..N {
        sum[at] = o[at] * sum[at];
    }
    *output = sum;
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
/// `output_grad` is dR/d`output`. `cell_grad` is dR/d`cell` by the later steps, and becomes that of the cell before
/// this step, f dR/d`cell`: the path of the gradient without W. `sum_grad` is filled with dR/dz for each of the four
/// sums.
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

pub(super) struct LstmGradient<'a, T> {
    pub(super) saved: LstmSaved<'a, T>,
    pub(super) output_grad: &'a [T],
    pub(super) cell_grad: &'a mut [T],
    pub(super) sum_grad: &'a mut [T],
    pub(super) hidden: usize,
}

impl<T: Real> Kernel for LstmGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { saved, output_grad, cell_grad, sum_grad, hidden } = self;
        let rows = saved.gates.chunks_exact(4 * hidden).zip(sum_grad.chunks_exact_mut(4 * hidden));
        for (row, (gates, sums)) in rows.enumerate() {
            let row = row * hidden..(row + 1) * hidden;
            let [i, f, g, o] = split(gates, hidden);
            let [before, cell, dy] =
                [saved.cell_before, saved.cell, output_grad].map(|numbers| &numbers[row.clone()]);
            let dc = &mut cell_grad[row];
            let (di, rest) = sums.split_at_mut(hidden);
            let (df, rest) = rest.split_at_mut(hidden);
            let (dg, d_o) = rest.split_at_mut(hidden);
            in_blocks!(hidden, at => lstm_units_gradient::<L, T>(
                [i, f, g, o].map(|gate| block(gate, at)),
                block(before, at), block(cell, at), block(dy, at), block_mut(dc, at),
                [block_mut(di, at), block_mut(df, at), block_mut(dg, at), block_mut(d_o, at)]
            ), rest {
                let [i, f, g, o, before, cell, dy] = [i, f, g, o, before, cell, dy].map(|numbers| padded(&numbers[at..]));
                let lasts = [&mut dc[at..], &mut di[at..], &mut df[at..], &mut dg[at..], &mut d_o[at..]];
                let [mut dc, mut di, mut df, mut dg, mut d_o] = lasts.each_ref().map(|last| padded(last));
                let sums = [&mut di, &mut df, &mut dg, &mut d_o];
                lstm_units_gradient::<L, T, UNITS>([&i, &f, &g, &o], &before, &cell, &dy, &mut dc, sums);
                for (block, last) in [dc, di, df, dg, d_o].iter().zip(lasts) {
                    last.copy_from_slice(&block[..last.len()]);
                }
            });
        }
    }
}

/// Computes the gradient of a block of units.
#[inline(always)]
fn lstm_units_gradient<L: Level, T: Real, const N: usize>(
    [i, f, g, o]: [&[T; N]; 4],
    before: &[T; N],
    cell: &[T; N],
    output_grad: &[T; N],
    cell_grad: &mut [T; N],
    [di, df, dg, d_o]: [&mut [T; N]; 4],
) {
    let one = T::one();
    let (mut squashed, mut dc) = (*cell, *cell_grad);
    tanhs::<L, T, N>(&mut squashed);
    let [mut sum_i, mut sum_f, mut sum_g, mut sum_o] = [dc; 4];
    for at in 0..N {
        let (i, f, g, o, dy, squashed) = (i[at], f[at], g[at], o[at], output_grad[at], squashed[at]);
        let dcell = dc[at] + dy * o * (one - squashed * squashed);
        sum_o[at] = dy * squashed * o * (one - o);
        sum_i[at] = dcell * g * i * (one - i);
        sum_f[at] = dcell * before[at] * f * (one - f);
        sum_g[at] = dcell * i * (one - g * g);
        dc[at] = dcell * f;
    }
    (*di, *df, *dg, *d_o, *cell_grad) = (sum_i, sum_f, sum_g, sum_o, dc);
}
