//! The steps of attention with a sliding window. The state has the keys and values of the steps in the window.

use super::Stream;
use crate::kernel::{AttentionStep, Real, attention_step};
use crate::layer::{Bias, Layer, Linear, Mode, NoBias, WorkspaceMut};
use crate::stack::{AttentionSettings, Rotary, SelfAttention, SlidingWindow, angles, rotate};
use crate::tensor::Vector;

/// The state of a [`SelfAttention`] on a stream: the keys and values of the last `STEPS` steps.
///
/// It is a ring buffer: a step overwrites the oldest one, and nothing is moved.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::stream::StreamState;
///
/// let layer = SelfAttention::<2, 1, SlidingWindow<3>>::init(&mut rng(1));
/// let mut state = StreamState::new(&layer);
/// layer.step(&Vector([0.1, 0.2]), &mut state)?;
/// assert_eq!(state.layers.position(), 1); // a `KeyValueCache<3, 2>`
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("KV cache", "past_key_values"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyValueCache<const STEPS: usize, const KEY_VALUE: usize, T: Real = f32> {
    keys: [Vector<KEY_VALUE, T>; STEPS],
    values: [Vector<KEY_VALUE, T>; STEPS],
    position: usize,
}

impl<const STEPS: usize, const KEY_VALUE: usize, T: Real> KeyValueCache<STEPS, KEY_VALUE, T> {
    /// Returns the number of steps so far.
    pub fn position(&self) -> usize {
        self.position
    }
}

/// The settings of an attention layer that can process a stream: a [`SlidingWindow`], alone or in a tuple with other
/// settings.
/// See the example of [`KeyValueCache`].
#[diagnostic::on_unimplemented(
    message = "an attention layer with the setting `{Self}` cannot take a stream step by step",
    label = "expected a `SlidingWindow<STEPS>`",
    note = "the length of a stream is not known, and its state has a constant size: with `SlidingWindow<64>`, a step attends to itself and the 63 steps before it",
    note = "on sequences of at most 64 steps, `SlidingWindow<64>` computes what `Causal` does, with the same weights"
)]
pub trait StreamSettings: AttentionSettings {
    /// The keys and values of the steps in the window.
    type Cache<const KEY_VALUE: usize, T: Real>: AttentionCache<KEY_VALUE, T>;
}

impl<const STEPS: usize> StreamSettings for SlidingWindow<STEPS> {
    type Cache<const KEY_VALUE: usize, T: Real> = KeyValueCache<STEPS, KEY_VALUE, T>;
}

impl<const STEPS: usize, const BASE: u32> StreamSettings for (SlidingWindow<STEPS>, Rotary<BASE>) {
    type Cache<const KEY_VALUE: usize, T: Real> = KeyValueCache<STEPS, KEY_VALUE, T>;
}

impl<const STEPS: usize> StreamSettings for (SlidingWindow<STEPS>, NoBias) {
    type Cache<const KEY_VALUE: usize, T: Real> = KeyValueCache<STEPS, KEY_VALUE, T>;
}

impl<const STEPS: usize, const BASE: u32> StreamSettings for (SlidingWindow<STEPS>, Rotary<BASE>, NoBias) {
    type Cache<const KEY_VALUE: usize, T: Real> = KeyValueCache<STEPS, KEY_VALUE, T>;
}

/// A [`KeyValueCache`]. The settings of the layer determine its number of steps.
#[doc(hidden)]
pub trait AttentionCache<const KEY_VALUE: usize, T: Real>: Copy + Send + Sync + 'static {
    fn empty() -> Self;

    fn position(&self) -> usize;

    /// Appends the key and value of a step, and computes the weighted mean of the values for the step's query.
    fn step(
        &mut self,
        heads: [usize; 2],
        query: &[T],
        key: &Vector<KEY_VALUE, T>,
        value: &Vector<KEY_VALUE, T>,
        mean: &mut [T],
    );
}

impl<const STEPS: usize, const KEY_VALUE: usize, T: Real> AttentionCache<KEY_VALUE, T>
    for KeyValueCache<STEPS, KEY_VALUE, T>
{
    fn empty() -> Self {
        let zeros = [Vector([T::zero(); KEY_VALUE]); STEPS];
        Self { keys: zeros, values: zeros, position: 0 }
    }

    fn position(&self) -> usize {
        self.position
    }

    fn step(
        &mut self,
        [heads, head]: [usize; 2],
        query: &[T],
        key: &Vector<KEY_VALUE, T>,
        value: &Vector<KEY_VALUE, T>,
        mean: &mut [T],
    ) {
        let at = self.position % STEPS.max(1);
        (self.keys[at], self.values[at]) = (*key, *value);
        let sizes = AttentionStep {
            heads,
            key_heads: KEY_VALUE / head,
            head,
            window: STEPS,
            position: self.position,
            capacity: STEPS,
        };
        let [keys, values] = [&self.keys, &self.values].map(|rows| bytemuck::cast_slice(rows));
        attention_step(&sizes, query, keys, values, mean);
        self.position += 1;
    }
}

impl<const WIDTH: usize, const HEADS: usize, M: StreamSettings, T: Real, const KEY_VALUE: usize>
    Stream<Vector<WIDTH, T>> for SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>
{
    type Output = Vector<WIDTH, T>;
    type State = M::Cache<KEY_VALUE, T>;

    fn start(&self) -> Self::State {
        M::Cache::empty()
    }

    fn step_into(&self, input: &Vector<WIDTH, T>, output: &mut Vector<WIDTH, T>, cache: &mut Self::State) {
        let head = WIDTH / HEADS;
        let (mut query, mut mean) = (Vector([T::zero(); WIDTH]), Vector([T::zero(); WIDTH]));
        let (mut key, mut value) = (Vector([T::zero(); KEY_VALUE]), Vector([T::zero(); KEY_VALUE]));
        apply(&self.query, input, &mut query);
        apply(&self.key, input, &mut key);
        apply(&self.value, input, &mut value);
        if let Some(base) = M::ROTARY {
            let mut table = [T::zero(); WIDTH];
            let table = &mut table[..head];
            angles(base, head, cache.position(), table);
            rotate(table, head, WIDTH, false, &mut query.0);
            rotate(table, head, KEY_VALUE, false, &mut key.0);
        }
        cache.step([HEADS, head], &query.0, &key, &value, &mut mean.0);
        apply(&self.output, &mean, output);
    }
}

/// Applies a linear map to one vector.
fn apply<const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>>(
    map: &Linear<IN, OUT, T, B>,
    x: &Vector<IN, T>,
    y: &mut Vector<OUT, T>,
) {
    let (x, y) = (core::slice::from_ref(x), core::slice::from_mut(y));
    map.forward(x, y, WorkspaceMut::default(), &mut Mode::Evaluate);
}
