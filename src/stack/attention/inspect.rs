//! Attention weights, for inspection.

use alloc::vec::Vec;

use super::rotary::{angles, rotate};
use super::{AttentionSettings, CrossAttention, LinearOf, SelfAttention, StepsOf};
use crate::kernel::{Reach, Real};
use crate::layer::{Checked, Layer, Mode, WorkspaceMut};
use crate::tensor::{Pair, Tensor, Vector};

/// The weights of one head: for each query, one for each key.
type Head = Vec<Vec<f64>>;

/// The sizes of the heads, and the mask.
struct Heads {
    heads: usize,
    key_heads: usize,
    head: usize,
    reach: Reach,
    rotary: Option<u32>,
}

impl Heads {
    /// Computes p(t, u) of each head from the rows of queries and keys.
    fn weights<T: Real>(&self, queries: &mut [T], keys: &mut [T]) -> Vec<Head> {
        let Self { heads, key_heads, head, .. } = *self;
        let (width, key_value) = (heads * head, key_heads * head);
        if let Some(base) = self.rotary {
            let steps = (queries.len() / width).max(keys.len() / key_value);
            let mut table = alloc::vec![T::zero(); steps * head];
            angles(base, head, 0, &mut table);
            rotate(&table[..queries.len() / width * head], head, width, false, queries);
            rotate(&table[..keys.len() / key_value * head], head, key_value, false, keys);
        }
        let of_head = |at: usize| {
            let key_head = at / (heads / key_heads);
            let rows = queries.chunks_exact(width).map(|row| &row[at * head..][..head]);
            let row = |(step, query): (usize, &[T])| {
                let keys = keys.chunks_exact(key_value).map(|row| &row[key_head * head..][..head]);
                let scores = keys.enumerate().map(|(key_step, key)| match self.reach {
                    Reach::Before { window } if key_step > step || step - key_step >= window => {
                        f64::NEG_INFINITY
                    }
                    _ => dot(query, key) / libm::sqrt(head as f64),
                });
                softmax(scores.collect())
            };
            rows.enumerate().map(row).collect()
        };
        (0..heads).map(of_head).collect()
    }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

fn softmax(mut scores: Vec<f64>) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = libm::exp(*score - largest));
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|weight| *weight /= sum);
    scores
}

/// Returns the output of a linear map for the steps of a sample, without the padding.
fn mapped<X, const IN: usize, const OUT: usize, M, T>(map: &LinearOf<IN, OUT, M, T>, input: X) -> Vec<T>
where
    X: StepsOf<IN, T>,
    M: AttentionSettings,
    T: Real,
{
    let (mut rows, mut output) =
        (bytemuck::zeroed_vec::<Vector<IN, T>>(X::STEPS), bytemuck::zeroed_vec::<Vector<OUT, T>>(X::STEPS));
    input.copy_to(&mut rows);
    map.forward(&rows, &mut output, WorkspaceMut::default(), &mut Mode::Evaluate);
    Vector::flat(&output[..input.steps()]).to_vec()
}

impl<const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const KEY_VALUE: usize>
    SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>
{
    /// Returns the attention weights for an input: `weights[head][t][u]` is p(t, u), the weight of step u for step t.
    /// It is 0 if the mask hides u from t. Steps of the padding are left out.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let layer = SelfAttention::<2, 1, Causal>::zeros(); // all scores are 0
    /// let weights = layer.attention_weights(&Sequence([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(weights, [[[1.0, 0.0], [0.5, 0.5]]]);
    /// ```
    pub fn attention_weights<X: StepsOf<WIDTH, T>>(&self, input: &X) -> Vec<Vec<Vec<f64>>> {
        let _ = Checked::<X, Self>::PLAN; // a compile error if the sizes are wrong
        let head = WIDTH / HEADS;
        let key_heads = KEY_VALUE / head;
        let heads = Heads { heads: HEADS, key_heads, head, reach: M::REACH, rotary: M::ROTARY };
        let mut queries = mapped::<X, WIDTH, WIDTH, M, T>(&self.query, *input);
        let mut keys = mapped::<X, WIDTH, KEY_VALUE, M, T>(&self.key, *input);
        heads.weights(&mut queries, &mut keys)
    }
}

impl<
    const WIDTH: usize,
    const HEADS: usize,
    M: AttentionSettings,
    T: Real,
    const MEMORY: usize,
    const KEY_VALUE: usize,
> CrossAttention<WIDTH, HEADS, M, T, MEMORY, KEY_VALUE>
{
    /// Returns the attention weights for an input: `weights[head][t][u]` is p(t, u), the weight of step u of the second
    /// half for step t of the first half. Steps of the padding are left out.
    ///
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// let layer = CrossAttention::<2, 1>::zeros(); // all scores are 0
    /// let memory = Padded::<9, 2>::new(&[[1.0, 2.0]; 4])?;
    /// assert_eq!(layer.attention_weights(&Pair(Sequence([[3.0, 4.0]]), memory)), [[[0.25; 4]]]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn attention_weights<A, B>(&self, input: &Pair<A, B>) -> Vec<Vec<Vec<f64>>>
    where
        A: StepsOf<WIDTH, T>,
        B: StepsOf<MEMORY, T>,
    {
        let &Pair(queries, memory) = input;
        let _ = Checked::<Pair<A, B>, Self>::PLAN; // a compile error if the sizes are wrong
        let head = WIDTH / HEADS;
        let key_heads = KEY_VALUE / head;
        let heads = Heads { heads: HEADS, key_heads, head, reach: M::REACH, rotary: M::ROTARY };
        let mut queries = mapped::<A, WIDTH, WIDTH, M, T>(&self.query, queries);
        let mut keys = mapped::<B, MEMORY, KEY_VALUE, M, T>(&self.key, memory);
        heads.weights(&mut queries, &mut keys)
    }
}
