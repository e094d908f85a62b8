//! The GRU.

use super::blocks::{UNITS, block, block_mut, in_blocks, padded, sigmoids, tanhs};
use super::{check, split};
use crate::Real;
use crate::simd::{Kernel, Level, dispatch};

/// Computes a step of a GRU.
///
/// `gates` has the sums of the input for the reset gate r, the update gate z and the candidate n; `from_hidden` those
/// of the hidden state. `gates` is replaced by r = σ(`gates` + `from_hidden`), z alike, and n = tanh(`gates` + r
/// `from_hidden`). Then `output` = (1 - z) n + z `before`.
///
/// # Panics
/// When the slices have different numbers of rows.
pub fn gru_step<T: Real>(gates: &mut [T], from_hidden: &[T], before: &[T], output: &mut [T], hidden: usize) {
    check(hidden, &[(gates.len(), 3), (from_hidden.len(), 3), (before.len(), 1), (output.len(), 1)]);
    dispatch(GruStep { gates, from_hidden, before, output, hidden });
}

pub(super) struct GruStep<'a, T> {
    pub(super) gates: &'a mut [T],
    pub(super) from_hidden: &'a [T],
    pub(super) before: &'a [T],
    pub(super) output: &'a mut [T],
    pub(super) hidden: usize,
}

impl<T: Real> Kernel for GruStep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { gates, from_hidden, before, output, hidden } = self;
        let rows = gates.chunks_exact_mut(3 * hidden).zip(from_hidden.chunks_exact(3 * hidden));
        let rows = rows.zip(before.chunks_exact(hidden)).zip(output.chunks_exact_mut(hidden));
        for (((gates, from_hidden), before), output) in rows {
            gru_row_step::<L, T>(gates, from_hidden, before, output);
        }
    }
}

/// Computes a step of one row.
#[inline(always)]
pub(super) fn gru_row_step<L: Level, T: Real>(
    gates: &mut [T],
    from_hidden: &[T],
    before: &[T],
    output: &mut [T],
) {
    let hidden = output.len();
    let (r, rest) = gates.split_at_mut(hidden);
    let (z, n) = rest.split_at_mut(hidden);
    let [hr, hz, hn] = split(from_hidden, hidden);
    in_blocks!(hidden, at => gru_units::<L, T>(
        [block_mut(r, at), block_mut(z, at), block_mut(n, at)],
        [hr, hz, hn].map(|sums| block(sums, at)), block(before, at), block_mut(output, at)
    ), rest {
        let [hr, hz, hn, before] = [hr, hz, hn, before].map(|numbers| padded(&numbers[at..]));
        let lasts = [&mut r[at..], &mut z[at..], &mut n[at..], &mut output[at..]];
        let [mut r, mut z, mut n, mut output] = lasts.each_ref().map(|last| padded(last));
        gru_units::<L, T, UNITS>([&mut r, &mut z, &mut n], [&hr, &hz, &hn], &before, &mut output);
        for (block, last) in [r, z, n, output].iter().zip(lasts) {
            last.copy_from_slice(&block[..last.len()]);
        }
    });
}

/// Computes a block of units.
#[inline(always)]
fn gru_units<L: Level, T: Real, const N: usize>(
    [r, z, n]: [&mut [T; N]; 3],
    [hr, hz, hn]: [&[T; N]; 3],
    before: &[T; N],
    output: &mut [T; N],
) {
    let (mut sum_r, mut sum_z, mut sum_n, mut after) = (*r, *z, *n, *before);
    for at in 0..N {
        sum_r[at] += hr[at];
        sum_z[at] += hz[at];
    }
    sigmoids::<L, T, N, 2>([&mut sum_r, &mut sum_z]);
    for at in 0..N {
        sum_n[at] += sum_r[at] * hn[at];
    }
    tanhs::<L, T, N>(&mut sum_n);
    for at in 0..N {
        after[at] = (T::one() - sum_z[at]) * sum_n[at] + sum_z[at] * after[at];
    }
    (*r, *z, *n, *output) = (sum_r, sum_z, sum_n, after);
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

pub(super) struct GruGradient<'a, T> {
    pub(super) saved: GruSaved<'a, T>,
    pub(super) hidden_grad: &'a mut [T],
    pub(super) sum_grad: &'a mut [T],
    pub(super) from_hidden_grad: &'a mut [T],
    pub(super) hidden: usize,
}

impl<T: Real> Kernel for GruGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { saved, hidden_grad, sum_grad, from_hidden_grad, hidden } = self;
        let rows = sum_grad.chunks_exact_mut(3 * hidden).zip(from_hidden_grad.chunks_exact_mut(3 * hidden));
        for (row, (sums, from_hidden)) in rows.enumerate() {
            let [r, z, n] = split(&saved.gates[row * 3 * hidden..], hidden);
            let [_, _, hn] = split(&saved.from_hidden[row * 3 * hidden..], hidden);
            let before = &saved.before[row * hidden..][..hidden];
            let dh = &mut hidden_grad[row * hidden..][..hidden];
            let (dr, rest) = sums.split_at_mut(hidden);
            let (dz, dn) = rest.split_at_mut(hidden);
            let dhn = &mut from_hidden[2 * hidden..];
            in_blocks!(hidden, at => gru_units_gradient::<T>(
                [r, z, n, hn, before].map(|numbers| block(numbers, at)), block_mut(dh, at),
                [block_mut(dr, at), block_mut(dz, at), block_mut(dn, at), block_mut(dhn, at)]
            ), rest {
                let [r, z, n, hn, before] = [r, z, n, hn, before].map(|numbers| padded(&numbers[at..]));
                let lasts = [&mut dh[at..], &mut dr[at..], &mut dz[at..], &mut dn[at..], &mut dhn[at..]];
                let [mut dh, mut dr, mut dz, mut dn, mut dhn] = lasts.each_ref().map(|last| padded(last));
                let sums = [&mut dr, &mut dz, &mut dn, &mut dhn];
                gru_units_gradient::<T, UNITS>([&r, &z, &n, &hn, &before], &mut dh, sums);
                for (block, last) in [dh, dr, dz, dn, dhn].iter().zip(lasts) {
                    last.copy_from_slice(&block[..last.len()]);
                }
            });
            from_hidden[..2 * hidden].copy_from_slice(&sums[..2 * hidden]);
        }
    }
}

/// Computes the gradient of a block of units.
#[inline(always)]
fn gru_units_gradient<T: Real, const N: usize>(
    [r, z, n, hn, before]: [&[T; N]; 5],
    hidden_grad: &mut [T; N],
    [dr, dz, dn, dhn]: [&mut [T; N]; 4],
) {
    let one = T::one();
    let mut dh = *hidden_grad;
    let [mut sum_r, mut sum_z, mut sum_n, mut sum_hn] = [dh; 4];
    for at in 0..N {
        let (r, z, n, dy) = (r[at], z[at], n[at], dh[at]);
        let candidate = dy * (one - z) * (one - n * n);
        sum_n[at] = candidate;
        sum_z[at] = dy * (before[at] - n) * z * (one - z);
        sum_r[at] = candidate * hn[at] * r * (one - r);
        sum_hn[at] = candidate * r;
        dh[at] = dy * z;
    }
    (*dr, *dz, *dn, *dhn, *hidden_grad) = (sum_r, sum_z, sum_n, sum_hn, dh);
}
