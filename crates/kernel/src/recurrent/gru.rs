//! The GRU.

use super::blocks::{Block, activate, padded};
use super::row::RowSums;
use super::{check, split};
use crate::Real;
use crate::simd::{Kernel, Level, dispatch};

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
            gru_row_step(gates, from_hidden, before, output);
        }
    }
}

/// Computes a step of one row.
#[inline(always)]
fn gru_row_step<T: Real>(gates: &mut [T], from_hidden: &[T], before: &[T], output: &mut [T]) {
    let hidden = output.len();
    let (r, rest) = gates.split_at_mut(hidden);
    let (z, n) = rest.split_at_mut(hidden);
    let ((r, last_r), (z, last_z), (n, last_n)) = (r.as_chunks_mut(), z.as_chunks_mut(), n.as_chunks_mut());
    let [hr, hz, hn] = split(from_hidden, hidden).map(<[T]>::as_chunks);
    let (before, last_before) = before.as_chunks();
    let (output, last_output) = output.as_chunks_mut();
    match before.len() {
        0 => {}
        1 => {
            let [mut a, mut b, mut c] = [[r[0]], [z[0]], [n[0]]];
            let mut y = [before[0]];
            gru_units::<T, 1>([&mut a, &mut b, &mut c], [&[hr.0[0]], &[hz.0[0]], &[hn.0[0]]], &[before[0]], &mut y);
            (r[0], z[0], n[0], output[0]) = (a[0], b[0], c[0], y[0]);
        }
        _ => gru_units::<T, 4>([r, z, n], [hr.0, hz.0, hn.0], before, output),
    }
    if !last_before.is_empty() {
        let [mut r, mut z, mut n] = [&*last_r, last_z, last_n].map(padded);
        let [hr, hz, hn] = [hr, hz, hn].map(|blocks| padded(blocks.1));
        let mut output = padded(last_before);
        let gates: [&mut [_]; 3] = [&mut r, &mut z, &mut n];
        gru_units::<T, 1>(gates, [&hr, &hz, &hn], &padded(last_before), &mut output);
        for (block, last) in [r, z, n, output].into_iter().zip([last_r, last_z, last_n, last_output]) {
            last.copy_from_slice(&block[0][..last.len()]);
        }
    }
}

/// Computes blocks of units.
#[inline(always)]
fn gru_units<T: Real, const TILE: usize>(
    [r, z, n]: [&mut [Block<T>]; 3],
    [hr, hz, hn]: [&[Block<T>]; 3],
    before: &[Block<T>],
    output: &mut [Block<T>],
) {
    for b in 0..before.len() {
        for (gate, from_hidden) in [(&mut r[b], hr[b]), (&mut z[b], hz[b])] {
            for at in 0..gate.len() {
                gate[at] = gate[at] + from_hidden[at];
            }
        }
    }
    activate::<T, TILE, 2, 0>([r, z], []);
    for b in 0..before.len() {
        let (r, hn) = (r[b], hn[b]);
        for at in 0..r.len() {
            n[b][at] = n[b][at] + r[at] * hn[at];
        }
    }
    activate::<T, TILE, 0, 1>([], [n]);
    for b in 0..before.len() {
        let (z, n, before) = (z[b], n[b], before[b]);
        for at in 0..z.len() {
            output[b][at] = (T::one() - z[at]) * n[at] + z[at] * before[at];
        }
    }
}

/// Computes the step of one row with its products, as [`gru_step`] after [`gemm`](crate::gemm), to the bit.
///
/// # Panics
/// When a slice has not the size of a row.
pub fn gru_row<T: Real>(sums: RowSums<'_, T>, gates: &mut [T], from_hidden: &mut [T], output: &mut [T]) {
    let hidden = sums.hidden.len();
    sums.check(3);
    let lengths = [gates.len(), from_hidden.len(), 3 * output.len()];
    assert!(lengths == [3 * hidden; 3], "a slice of a step has not the size of a row");
    dispatch(GruRow { sums, gates, from_hidden, output });
}

struct GruRow<'a, T> {
    sums: RowSums<'a, T>,
    gates: &'a mut [T],
    from_hidden: &'a mut [T],
    output: &'a mut [T],
}

impl<T: Real> Kernel for GruRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        let Self { sums, gates, from_hidden, output } = self;
        sums.apart(level, gates, from_hidden);
        gru_row_step(gates, from_hidden, sums.hidden, output);
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
        let rows = sum_grad.chunks_exact_mut(3 * hidden).zip(from_hidden_grad.chunks_exact_mut(3 * hidden));
        for (row, (sums, from_hidden)) in rows.enumerate() {
            let [r, z, n] = split(&saved.gates[row * 3 * hidden..], hidden).map(<[T]>::as_chunks);
            let [_, _, hn] = split(&saved.from_hidden[row * 3 * hidden..], hidden).map(<[T]>::as_chunks);
            let row = row * hidden..(row + 1) * hidden;
            let before = saved.before[row.clone()].as_chunks();
            let (dh, last_dh) = hidden_grad[row].as_chunks_mut();
            let (dr, rest) = sums.split_at_mut(hidden);
            let (dz, dn) = rest.split_at_mut(hidden);
            let (dhn, last_dhn) = from_hidden[2 * hidden..].as_chunks_mut();
            let ((dr, last_dr), (dz, last_dz), (dn, last_dn)) = (dr.as_chunks_mut(), dz.as_chunks_mut(), dn.as_chunks_mut());
            gru_units_gradient([r.0, z.0, n.0], hn.0, before.0, dh, [dr, dz, dn, dhn]);
            if !last_dh.is_empty() {
                let [r, z, n, hn, before] = [r, z, n, hn, before].map(|blocks| padded(blocks.1));
                let mut dh = padded(last_dh);
                let [mut dr, mut dz, mut dn, mut dhn] = [[]; 4].map(|none: [T; 0]| padded(&none));
                let sums: [&mut [_]; 4] = [&mut dr, &mut dz, &mut dn, &mut dhn];
                gru_units_gradient([&r, &z, &n], &hn, &before, &mut dh, sums);
                let lasts = [last_dh, last_dr, last_dz, last_dn, last_dhn];
                for (block, last) in [dh, dr, dz, dn, dhn].into_iter().zip(lasts) {
                    last.copy_from_slice(&block[0][..last.len()]);
                }
            }
            from_hidden[..2 * hidden].copy_from_slice(&sums[..2 * hidden]);
        }
    }
}

/// Computes the gradient of blocks of units.
#[inline(always)]
fn gru_units_gradient<T: Real>(
    [r, z, n]: [&[Block<T>]; 3],
    hn: &[Block<T>],
    before: &[Block<T>],
    hidden_grad: &mut [Block<T>],
    [dr, dz, dn, dhn]: [&mut [Block<T>]; 4],
) {
    let one = T::one();
    for b in 0..before.len() {
        let (r, z, n, hn, before, mut dh) = (r[b], z[b], n[b], hn[b], before[b], hidden_grad[b]);
        let [mut sum_r, mut sum_z, mut sum_n, mut sum_hn] = [dh; 4];
        for at in 0..dh.len() {
            let (r, z, n, dy) = (r[at], z[at], n[at], dh[at]);
            let candidate = dy * (one - z) * (one - n * n);
            sum_n[at] = candidate;
            sum_z[at] = dy * (before[at] - n) * z * (one - z);
            sum_r[at] = candidate * hn[at] * r * (one - r);
            sum_hn[at] = candidate * r;
            dh[at] = dy * z;
        }
        (dr[b], dz[b], dn[b], dhn[b], hidden_grad[b]) = (sum_r, sum_z, sum_n, sum_hn, dh);
    }
}
