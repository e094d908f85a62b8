use alloc::vec;
use alloc::vec::Vec;

use super::gru::{GruGradient, GruStep};
use super::lstm::{LstmGradient, LstmStep};
use super::*;
use crate::elementary::{sigmoid, tanh};
use crate::simd::{Level, for_each_level};
use crate::{Initial, Real, Strided, gemm};

/// Numbers between -3 and 3, others for each seed.
fn numbers<T: Real>(seed: usize, count: usize) -> Vec<T> {
    (0..count).map(|at| T::from_f64(3.0 * ((seed * 131 + at * 29) as f64 * 0.37).sin())).collect()
}

/// One unit at a time, by the formulas, in which no product and sum is fused but in the elementary functions.
fn lstm<T: Real, L: Level>(level: L, rows: usize, hidden: usize) {
    let size = rows * hidden;
    let (z, before) = (numbers::<T>(1, 4 * size), numbers::<T>(2, size));
    let (mut gates, mut cell, mut output) = (z.clone(), vec![T::zero(); size], vec![T::zero(); size]);
    level.run(LstmStep {
        gates: &mut gates,
        cell_before: &before,
        cell: &mut cell,
        output: &mut output,
        hidden,
    });
    let (dy, dc) = (numbers::<T>(3, size), numbers::<T>(4, size));
    let (mut cell_grad, mut sum_grad) = (dc.clone(), vec![T::zero(); 4 * size]);
    let saved = LstmSaved { gates: &gates, cell_before: &before, cell: &cell };
    level.run(LstmGradient {
        saved,
        output_grad: &dy,
        cell_grad: &mut cell_grad,
        sum_grad: &mut sum_grad,
        hidden,
    });
    let one = T::one();
    for unit in 0..size {
        let at = [0, 1, 2, 3].map(|gate| unit / hidden * 4 * hidden + gate * hidden + unit % hidden);
        let [i, f, g, o] = [
            sigmoid::<L, T>(z[at[0]]),
            sigmoid::<L, T>(z[at[1]]),
            tanh::<L, T>(z[at[2]]),
            sigmoid::<L, T>(z[at[3]]),
        ];
        let c = f * before[unit] + i * g;
        assert_eq!(at.map(|at| gates[at]), [i, f, g, o], "the gates of unit {unit} of {rows} times {hidden}");
        assert_eq!(
            [cell[unit], output[unit]],
            [c, o * tanh::<L, T>(c)],
            "unit {unit} of {rows} times {hidden}"
        );
        let (squashed, dy) = (tanh::<L, T>(c), dy[unit]);
        let dcell = dc[unit] + dy * o * (one - squashed * squashed);
        let sums = [
            dcell * g * i * (one - i),
            dcell * before[unit] * f * (one - f),
            dcell * i * (one - g * g),
            dy * squashed * o * (one - o),
        ];
        assert_eq!(at.map(|at| sum_grad[at]), sums, "the sums of unit {unit} of {rows} times {hidden}");
        assert_eq!(cell_grad[unit], dcell * f, "the cell of unit {unit} of {rows} times {hidden}");
    }
}

fn gru<T: Real, L: Level>(level: L, rows: usize, hidden: usize) {
    let size = rows * hidden;
    let (s, u, before) = (numbers::<T>(1, 3 * size), numbers::<T>(2, 3 * size), numbers::<T>(3, size));
    let (mut gates, mut output) = (s.clone(), vec![T::zero(); size]);
    level.run(GruStep { gates: &mut gates, from_hidden: &u, before: &before, output: &mut output, hidden });
    let dy = numbers::<T>(4, size);
    let (mut hidden_grad, mut sums, mut from_hidden) =
        (dy.clone(), vec![T::zero(); 3 * size], vec![T::zero(); 3 * size]);
    let saved = GruSaved { gates: &gates, from_hidden: &u, before: &before };
    let (sum_grad, from_hidden_grad) = (&mut sums[..], &mut from_hidden[..]);
    level.run(GruGradient { saved, hidden_grad: &mut hidden_grad, sum_grad, from_hidden_grad, hidden });
    let one = T::one();
    for unit in 0..size {
        let at = [0, 1, 2].map(|gate| unit / hidden * 3 * hidden + gate * hidden + unit % hidden);
        let [r, z] = [at[0], at[1]].map(|at| sigmoid::<L, T>(s[at] + u[at]));
        let n = tanh::<L, T>(s[at[2]] + r * u[at[2]]);
        assert_eq!(at.map(|at| gates[at]), [r, z, n], "the gates of unit {unit} of {rows} times {hidden}");
        let y = (one - z) * n + z * before[unit];
        assert_eq!(output[unit], y, "unit {unit} of {rows} times {hidden}");
        let dn = dy[unit] * (one - z) * (one - n * n);
        let dz = dy[unit] * (before[unit] - n) * z * (one - z);
        let dr = dn * u[at[2]] * r * (one - r);
        assert_eq!(at.map(|at| sums[at]), [dr, dz, dn], "the sums of unit {unit} of {rows} times {hidden}");
        assert_eq!(at.map(|at| from_hidden[at]), [dr, dz, dn * r], "unit {unit} of {rows} times {hidden}");
        assert_eq!(hidden_grad[unit], dy[unit] * z, "the state of unit {unit} of {rows} times {hidden}");
    }
}

/// Sizes with blocks of each length, and with units that fill no block.
#[test]
fn every_level_computes_the_formulas_for_every_size() {
    for_each_level!(level => {
        for hidden in (1..42).chain([64, 77]) {
            for rows in [1, 3] {
                lstm::<f32, _>(level, rows, hidden);
                lstm::<f64, _>(level, rows, hidden);
                gru::<f32, _>(level, rows, hidden);
                gru::<f64, _>(level, rows, hidden);
            }
        }
    });
}

/// A step of one row against the same step from products.
fn row<T: Real, const IN: usize, const HIDDEN: usize>() {
    let mut state = numbers::<T>(5, 2 * HIDDEN).into_iter();
    let [hidden, cell]: [[T; HIDDEN]; 2] =
        core::array::from_fn(|_| core::array::from_fn(|_| state.next().unwrap()));
    let mut seeds = 6..;
    let mut fill = |numbers_of: &mut [T]| {
        let seed = seeds.next().unwrap();
        numbers_of.copy_from_slice(&numbers(seed, numbers_of.len()));
    };
    let mut input = [T::zero(); IN];
    fill(&mut input);

    let (mut w, mut u, mut b) =
        ([[[T::zero(); HIDDEN]; 4]; IN], [[[T::zero(); HIDDEN]; 4]; HIDDEN], [[[T::zero(); HIDDEN]; 4]; 2]);
    fill(w.as_flattened_mut().as_flattened_mut());
    fill(u.as_flattened_mut().as_flattened_mut());
    fill(b.as_flattened_mut().as_flattened_mut());
    let (mut after, mut output) = (cell, [T::zero(); HIDDEN]);
    let weights = GateWeights { input: &w, hidden: &u, biases: [&b[0], &b[1]] };
    lstm_row(weights, &input, &hidden, &mut after, &mut output);
    let columns = 4 * HIDDEN;
    let (w, u) = (w.as_flattened().as_flattened(), u.as_flattened().as_flattened());
    let [b, b2] = [b[0].as_flattened(), b[1].as_flattened()];
    let bias: Vec<T> = b.iter().zip(b2).map(|(b, b2)| *b + *b2).collect();
    let mut sums = vec![T::zero(); columns];
    let product = |x: &[T], weights, initial, sums: &mut [T], columns| {
        gemm(Strided::rows(x, x.len()), Strided::rows(weights, columns), initial, sums, x.len(), columns);
    };
    product(&input, w, Initial::Row(&bias), &mut sums, columns);
    product(&hidden, u, Initial::Output, &mut sums, columns);
    let (mut expected, mut y) = (vec![T::zero(); HIDDEN], vec![T::zero(); HIDDEN]);
    lstm_step(&mut sums, &cell, &mut expected, &mut y, HIDDEN);
    assert_eq!((&after[..], &output[..]), (&expected[..], &y[..]), "an LSTM from {IN} to {HIDDEN}");

    let (mut w, mut u, mut b) =
        ([[[T::zero(); HIDDEN]; 3]; IN], [[[T::zero(); HIDDEN]; 3]; HIDDEN], [[[T::zero(); HIDDEN]; 3]; 2]);
    fill(w.as_flattened_mut().as_flattened_mut());
    fill(u.as_flattened_mut().as_flattened_mut());
    fill(b.as_flattened_mut().as_flattened_mut());
    let weights = GateWeights { input: &w, hidden: &u, biases: [&b[0], &b[1]] };
    gru_row(weights, &input, &hidden, &mut output);
    let columns = 3 * HIDDEN;
    let (w, u) = (w.as_flattened().as_flattened(), u.as_flattened().as_flattened());
    let (mut sums, mut from_hidden) = (vec![T::zero(); columns], vec![T::zero(); columns]);
    product(&input, w, Initial::Row(b[0].as_flattened()), &mut sums, columns);
    product(&hidden, u, Initial::Row(b[1].as_flattened()), &mut from_hidden, columns);
    gru_step(&mut sums, &from_hidden, &hidden, &mut y, HIDDEN);
    assert_eq!(output[..], y[..], "a GRU from {IN} to {HIDDEN}");
}

#[test]
fn a_step_of_one_row_has_the_bits_of_its_products_and_its_gates() {
    row::<f32, 1, 1>();
    row::<f32, 1, 8>();
    row::<f32, 3, 12>();
    row::<f32, 2, 16>();
    row::<f32, 5, 37>();
    row::<f32, 1, 64>();
    row::<f64, 1, 8>();
    row::<f64, 4, 21>();
}
