//! Attention against the formula in `f64`, and a step against the sequence.

use alloc::vec;
use alloc::vec::Vec;

use super::forward::Forward;
use super::gradient::Gradient;
use super::step::Step;
use super::*;
use crate::Real;
use crate::simd::{Level, for_each_level};

/// Numbers between -1 and 1, others for each seed.
fn numbers<T: Real>(seed: usize, count: usize) -> Vec<T> {
    (0..count).map(|at| T::from_f64(((seed * 131 + at * 29) as f64 * 0.37).sin())).collect()
}

/// Rows in a wider buffer, whose other numbers are NaN.
struct Wide<T> {
    numbers: Vec<T>,
    row: usize,
}

impl<T: Real> Wide<T> {
    fn new(seed: usize, rows: usize, wide: usize, more: usize) -> Self {
        let row = wide + more;
        let (mut all, from) = (vec![T::from_f64(f64::NAN); rows * row], numbers(seed, rows * wide));
        for (to, from) in all.chunks_mut(row).zip(from.chunks(wide)) {
            to[..wide].copy_from_slice(from);
        }
        Self { numbers: all, row }
    }

    fn rows(&self) -> Rows<'_, T> {
        Rows::new(&self.numbers, self.row)
    }

    fn at(&self, row: usize, at: usize) -> f64 {
        self.numbers[row * self.row + at].to_f64()
    }
}

/// The formula, and its gradient, one number at a time.
struct Naive {
    out: Vec<f64>,
    logs: Vec<f64>,
    dq: Vec<f64>,
    dk: Vec<f64>,
    dv: Vec<f64>,
}

impl Naive {
    fn new<T: Real>(sizes: &Attention, [q, k, v]: [&Wide<T>; 3], dout: &[T]) -> Self {
        let Attention { queries, keys, heads, key_heads, head, reach } = *sizes;
        let (wide, key_wide) = (heads * head, key_heads * head);
        let mut naive = Self {
            out: vec![0.0; queries * wide],
            logs: vec![0.0; queries * heads],
            dq: vec![0.0; queries * wide],
            dk: vec![0.0; keys * key_wide],
            dv: vec![0.0; keys * key_wide],
        };
        let scale = 1.0 / (head as f64).sqrt();
        for h in 0..heads {
            let (from, key_from) = (h * head, h / (heads / key_heads) * head);
            for t in 0..queries {
                let sees = |j: usize| match reach {
                    Reach::All => true,
                    Reach::Before { window } => j <= t && t - j < window,
                };
                let seen: Vec<usize> = (0..keys).filter(|&j| sees(j)).collect();
                if seen.is_empty() {
                    continue;
                }
                let score = |j: usize| -> f64 {
                    (0..head).map(|d| q.at(t, from + d) * k.at(j, key_from + d)).sum::<f64>() * scale
                };
                let most = seen.iter().map(|&j| score(j)).fold(f64::NEG_INFINITY, f64::max);
                let total: f64 = seen.iter().map(|&j| (score(j) - most).exp()).sum();
                naive.logs[h * queries + t] = most + total.ln();
                let p: Vec<f64> = seen.iter().map(|&j| (score(j) - most).exp() / total).collect();
                let dy = |d: usize| dout[t * wide + from + d].to_f64();
                let dp: Vec<f64> =
                    seen.iter().map(|&j| (0..head).map(|d| dy(d) * v.at(j, key_from + d)).sum()).collect();
                let mean: f64 = p.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
                for ((&j, p), dp) in seen.iter().zip(&p).zip(&dp) {
                    let ds = p * (dp - mean) * scale;
                    for d in 0..head {
                        naive.out[t * wide + from + d] += p * v.at(j, key_from + d);
                        naive.dv[j * key_wide + key_from + d] += p * dy(d);
                        naive.dq[t * wide + from + d] += ds * k.at(j, key_from + d);
                        naive.dk[j * key_wide + key_from + d] += ds * q.at(t, from + d);
                    }
                }
            }
        }
        naive
    }
}

/// The error of numbers below 1 in size that are sums of at most a few hundred products with weights of sum 1, or of as
/// many queries: a few roundings of each.
fn close<T: Real>(got: &[T], expected: &[f64], sizes: &Attention, what: &str) {
    let bound = T::EPSILON.to_f64() * (16 + sizes.queries + sizes.head) as f64;
    assert_eq!(got.len(), expected.len());
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got.to_f64() - expected).abs() <= bound, "{what} {at} of {sizes:?}: {got}, not {expected}");
    }
}

fn check<T: Real>(level: impl Level, sizes: &Attention, more: usize) {
    let [wide, key_wide] = sizes.widths();
    let q = Wide::<T>::new(1, sizes.queries, wide, more);
    let [k, v] = [2, 3].map(|seed| Wide::<T>::new(seed, sizes.keys, key_wide, 2 * more));
    let dout = numbers::<T>(4, sizes.queries * wide);
    let naive = Naive::new(sizes, [&q, &k, &v], &dout);
    let nan = T::from_f64(f64::NAN);
    let (mut out, mut logs) = (vec![nan; sizes.queries * wide], vec![nan; sizes.queries * sizes.heads]);
    let (q, k, v) = (q.rows(), k.rows(), v.rows());
    level.run(Forward { sizes: *sizes, q, k, v, out: &mut out, logs: &mut logs });
    close(&out, &naive.out, sizes, "output");
    close(&logs, &naive.logs, sizes, "logarithm");
    let saved = AttentionSaved { q, k, v, out: &out, logs: &logs };
    let (mut dq, mut dk, mut dv) =
        (vec![nan; out.len()], vec![nan; naive.dk.len()], vec![nan; naive.dv.len()]);
    let (dq_of, dk_of, dv_of) = (&mut dq[..], &mut dk[..], &mut dv[..]);
    level.run(Gradient { sizes: *sizes, saved, out_grad: &dout, dq: dq_of, dk: dk_of, dv: dv_of });
    close(&dq, &naive.dq, sizes, "gradient of queries");
    close(&dk, &naive.dk, sizes, "gradient of keys");
    close(&dv, &naive.dv, sizes, "gradient of values");
}

const PLAIN: Reach = Reach::Before { window: usize::MAX };

#[test]
fn attention_and_its_gradient_are_the_formulas_for_every_length() {
    for_each_level!(level => {
        for length in (1..36).chain([63, 64, 65, 95, 96, 97, 129, 130]) {
            for reach in [Reach::All, PLAIN, Reach::Before { window: 1 + length / 3 }, Reach::Before { window: 33 }] {
                let sizes = Attention { queries: length, keys: length, heads: 2, key_heads: 2, head: 5, reach };
                check::<f32>(level, &sizes, length % 3);
                check::<f64>(level, &sizes, length % 2);
            }
        }
    });
}

#[test]
fn heads_of_every_size_and_groups_of_heads_are_the_formulas() {
    for_each_level!(level => {
        for head in (1..41).chain([64, 65, 130]) {
            for (heads, key_heads) in [(1, 1), (4, 2), (3, 1)] {
                for reach in [Reach::All, PLAIN] {
                    let sizes = Attention { queries: 9, keys: 9, heads, key_heads, head, reach };
                    check::<f32>(level, &sizes, 0);
                    check::<f64>(level, &sizes, 7);
                }
            }
        }
    });
}

/// Two sequences of different lengths, and padding: queries after the last key. Those whose window ends before it see
/// nothing.
#[test]
fn queries_and_keys_may_be_of_different_numbers() {
    for_each_level!(level => {
        for (queries, keys) in [(1, 70), (70, 1), (33, 40), (100, 31), (100, 65), (5, 3), (0, 4)] {
            for reach in [Reach::All, PLAIN, Reach::Before { window: 3 }, Reach::Before { window: 40 }] {
                let sizes = Attention { queries, keys, heads: 2, key_heads: 1, head: 6, reach };
                check::<f32>(level, &sizes, 1);
                check::<f64>(level, &sizes, 0);
            }
        }
    });
}

/// Each step of a stream against the query of the sequence, to the bit, in rings that wrap around.
fn steps<T: Real>(
    level: impl Level,
    length: usize,
    [heads, key_heads, head]: [usize; 3],
    window: usize,
    more: usize,
) {
    let reach = Reach::Before { window };
    let sizes = Attention { queries: length, keys: length, heads, key_heads, head, reach };
    let [wide, key_wide] = sizes.widths();
    let (q, k, v) =
        (numbers::<T>(1, length * wide), numbers(2, length * key_wide), numbers(3, length * key_wide));
    let (mut out, mut logs) = (vec![T::zero(); length * wide], vec![T::zero(); length * heads]);
    level.run(Forward {
        sizes,
        q: Rows::new(&q, wide),
        k: Rows::new(&k, key_wide),
        v: Rows::new(&v, key_wide),
        out: &mut out,
        logs: &mut logs,
    });
    let capacity = window.min(length) + more;
    let mut ring =
        [vec![T::from_f64(f64::NAN); capacity * key_wide], vec![T::from_f64(f64::NAN); capacity * key_wide]];
    for position in 0..length {
        for (ring, all) in ring.iter_mut().zip([&k, &v]) {
            let newest = &all[position * key_wide..][..key_wide];
            ring[position % capacity * key_wide..][..key_wide].copy_from_slice(newest);
        }
        let mut step = vec![T::from_f64(f64::NAN); wide];
        let (q, [keys, values]) = (&q[position * wide..][..wide], &ring);
        let sizes = AttentionStep { heads, key_heads, head, window, position, capacity };
        level.run(Step { sizes, q, keys, values, out: &mut step });
        let bits = |numbers: &[T]| numbers.iter().map(|x| x.to_f64().to_bits()).collect::<Vec<_>>();
        assert_eq!(
            bits(&step),
            bits(&out[position * wide..][..wide]),
            "step {position} of {length}, {sizes:?}"
        );
    }
}

#[test]
fn a_step_has_the_bits_of_the_sequence() {
    for_each_level!(level => {
        for window in [1, 2, 7, 31, 32, 33, 50, 64, 65, usize::MAX] {
            for more in [0, 1, 14] {
                steps::<f32>(level, 140, [2, 2, 5], window, more);
            }
            steps::<f32>(level, 100, [4, 2, 32], window, 0);
            steps::<f32>(level, 70, [1, 1, 70], window, 3);
            steps::<f64>(level, 70, [3, 1, 9], window, 0);
        }
    });
}

#[test]
fn huge_scores_are_no_nan() {
    for_each_level!(level => {
        let (q, k, v) = (vec![1e15_f32; 80], numbers::<f32>(2, 80), numbers::<f32>(3, 80));
        let k: Vec<f32> = k.iter().map(|k| k * 1e15).collect();
        let sizes = Attention { queries: 40, keys: 40, heads: 1, key_heads: 1, head: 2, reach: PLAIN };
        let (mut out, mut logs) = ([f32::NAN; 80], [f32::NAN; 40]);
        let [q, k, v] = [&q, &k, &v].map(|rows| Rows::new(&rows[..], 2));
        level.run(Forward { sizes, q, k, v, out: &mut out, logs: &mut logs });
        assert!(out.iter().chain(&logs).all(|x| x.is_finite()));
        assert!(logs.iter().any(|log| log.abs() > 1e29));
        let saved = AttentionSaved { q, k, v, out: &out, logs: &logs };
        let [mut dq, mut dk, mut dv] = [[f32::NAN; 80]; 3];
        let (dq_of, dk_of, dv_of) = (&mut dq[..], &mut dk[..], &mut dv[..]);
        level.run(Gradient { sizes, saved, out_grad: &[1e-20; 80], dq: dq_of, dk: dk_of, dv: dv_of });
        assert!(dq.iter().chain(&dk).chain(&dv).all(|x| x.is_finite()));
    });
}

/// Whether the sizes are refused.
fn refused(change: impl FnOnce(&mut Attention, &mut usize) + std::panic::UnwindSafe) -> bool {
    std::panic::catch_unwind(|| {
        let mut sizes = Attention { queries: 3, keys: 3, heads: 2, key_heads: 2, head: 2, reach: Reach::All };
        let mut row = 4;
        change(&mut sizes, &mut row);
        let rows = Rows::new(&[1.0_f32; 12], row);
        attention(&sizes, rows, rows, rows, &mut [0.0; 12], &mut [0.0; 6]);
    })
    .is_err()
}

#[test]
fn sizes_that_lie_are_refused() {
    assert!(!refused(|_, _| {}));
    assert!(refused(|sizes, _| sizes.keys = 0));
    assert!(refused(|sizes, _| sizes.head = 0));
    assert!(refused(|sizes, _| sizes.key_heads = 0));
    assert!(refused(|sizes, _| (sizes.heads, sizes.key_heads) = (2, 3)));
    assert!(refused(|_, row| *row = 3));
    let half = 1 << (usize::BITS - 1);
    for huge in [4, half, half + 2, usize::MAX / 2, usize::MAX] {
        assert!(refused(|sizes, _| sizes.queries = huge));
        assert!(refused(|sizes, _| sizes.keys = huge));
        assert!(refused(|sizes, _| (sizes.heads, sizes.key_heads) = (huge, huge)));
        assert!(refused(|sizes, _| sizes.head = huge));
        assert!(refused(|_, row| *row = huge + 1));
    }
}
