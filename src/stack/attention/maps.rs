//! The common part of self-attention and cross-attention: four linear maps, and the weighted means between them.

use chainrule_parameters::Segment;

use super::rotary::{angles, rotate};
use super::watched;
use crate::kernel::{
    Attention, AttentionRows, AttentionSaved, Reach, Real, attention, attention_gradient, elementwise,
};
use crate::layer::onnx::{Form, Heads};
use crate::layer::{
    Backward, BackwardHook, Bias, Child, Effect, Layer, Linear, Mode, Plan, Space, WorkspaceMut,
};
use crate::stack::{backward_child, summand::AddTo};
use crate::tensor::Vector;

pub(super) const QUERY: &str = "query";
pub(super) const KEY: &str = "key";
pub(super) const VALUE: &str = "value";
pub(super) const OUTPUT: &str = "output";

/// The sizes of an attention layer and of its inputs.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The maximum numbers of steps with a query and of steps with a key.
    pub(super) steps: [usize; 2],
    pub(super) width: usize,
    pub(super) key_value: usize,
    pub(super) heads: usize,
    pub(super) reach: Reach,
    pub(super) rotary: Option<u32>,
}

impl Sizes {
    /// Returns the size of a head: how many numbers of a row it has.
    pub(super) const fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Returns the sizes for a sample with these numbers of steps.
    fn of(&self, [queries, keys]: [usize; 2]) -> Attention {
        let key_heads = self.key_value / self.head();
        Attention { queries, keys, heads: self.heads, key_heads, head: self.head(), reach: self.reach }
    }

    /// Returns the memory that the forward pass saves.
    const fn saved<T>(&self) -> Space {
        let [queries, keys] = self.steps;
        Space::per_sample::<T>(queries * self.width)
            .times(2)
            .and(Space::per_sample::<T>(keys * self.key_value).times(2))
            .and(Space::per_sample::<T>(queries * self.heads))
    }

    /// Returns the memory for the rotated queries and keys, and the angles.
    const fn rotated<T>(&self) -> Space {
        if self.rotary.is_none() {
            return Space::NONE;
        }
        let [queries, keys] = self.steps;
        Space::per_sample::<T>(queries * self.width)
            .and(Space::per_sample::<T>(keys * self.key_value))
            .and(Space::per_batch::<T>(self.longest() * self.head()))
    }

    const fn longest(&self) -> usize {
        let [queries, keys] = self.steps;
        if queries > keys { queries } else { keys }
    }

    /// Returns the memory for the gradients of the weighted means, of queries, keys and values.
    const fn gradients<T>(&self) -> Space {
        let [queries, keys] = self.steps;
        Space::per_sample::<T>(queries * self.width)
            .times(2)
            .and(Space::per_sample::<T>(keys * self.key_value).times(2))
    }

    /// Adds the memory, the cost and the children of an attention layer to its plan.
    pub(super) const fn plan<T: Real>(&self, plan: Plan, children: &'static [Child; 4]) -> Plan {
        let [queries, keys] = self.steps;
        let [query, key, value, output] =
            [children[0].plan.cost, children[1].plan.cost, children[2].plan.cost, children[3].plan.cost];
        let scores = (2 * queries * keys * self.width) as u64;
        let mut cost = query.for_steps(queries).parallel(key.for_steps(keys).parallel(value.for_steps(keys)));
        cost = cost.then(output.for_steps(queries));
        cost.multiply_adds += scores;
        cost.backward_multiply_adds += scores / 2 * 5; // computes the scores again, and four more products
        // `Checks` reports heads that do not divide the width.
        let head = if self.heads == 0 || self.heads > self.width { 1 } else { self.head() };
        let heads = Heads {
            steps: self.steps,
            queries: self.heads,
            keys: self.key_value / head,
            head,
            reach: self.reach,
            rotary: self.rotary,
        };
        let mut plan = Plan { children, ..plan.costs(cost) };
        plan = plan.effect(Effect::Attention).form(Form::Attention(heads));
        plan = plan.saves(self.saved::<T>()).scratch(self.rotated::<T>());
        plan.backward_scratch(self.gradients::<T>())
    }
}

/// The four maps of an attention layer.
pub(super) struct Maps<L, K> {
    pub(super) query: L,
    pub(super) key: K,
    pub(super) value: K,
    pub(super) output: L,
}

pub(super) type Rows<'a, const N: usize, T> = &'a [Vector<N, T>];

/// The gradients of the inputs: none, one if the same steps have queries and keys, or one for the steps with queries
/// and one for the steps with keys.
pub(super) enum InputGrads<'a, T> {
    Neither,
    One { grad: &'a mut [T], part: &'a mut [T] },
    Two { queries: &'a mut [T], keys: &'a mut [T], part: &'a mut [T] },
}

/// The numbers that the forward pass saves.
struct Saved<'a, T> {
    queries: &'a mut [T],
    means: &'a mut [T],
    keys: &'a mut [T],
    values: &'a mut [T],
    logs: &'a mut [T],
}

impl<'a, T: Real> Saved<'a, T> {
    fn take(sizes: &Sizes, workspace: &mut WorkspaceMut<'a>, samples: usize) -> Self {
        let [queries, keys] = sizes.steps;
        Self {
            queries: workspace.saved(samples * queries * sizes.width),
            means: workspace.saved(samples * queries * sizes.width),
            keys: workspace.saved(samples * keys * sizes.key_value),
            values: workspace.saved(samples * keys * sizes.key_value),
            logs: workspace.saved(samples * queries * sizes.heads),
        }
    }
}

/// Rotates queries and keys, if the positions are rotary. Returns the queries and keys, and the angles.
fn rotated<'a, T: Real>(
    sizes: &Sizes,
    queries: &'a [T],
    keys: &'a [T],
    workspace: &mut WorkspaceMut<'a>,
) -> (&'a [T], &'a [T], &'a [T]) {
    let Some(base) = sizes.rotary else { return (queries, keys, &[]) };
    let (q, k) = (workspace.scratch(queries.len()), workspace.scratch(keys.len()));
    let table = workspace.scratch(sizes.longest() * sizes.head());
    angles(base, sizes.head(), 0, table);
    let [of_queries, of_keys] = sizes.steps.map(|steps| &table[..steps * sizes.head()]);
    q.copy_from_slice(queries);
    k.copy_from_slice(keys);
    rotate(of_queries, sizes.head(), sizes.width, false, q);
    rotate(of_keys, sizes.head(), sizes.key_value, false, k);
    (q, k, table)
}

/// Computes the weighted means of the values, sample by sample. They are 0 after the last step of a sample.
fn means<T: Real>(
    sizes: &Sizes,
    lengths: &dyn Fn(usize) -> [usize; 2],
    [queries, keys, values]: [&[T]; 3],
    means: &mut [T],
    logs: &mut [T],
) {
    let [steps, key_steps] = sizes.steps;
    let (row, key_row) = (steps * sizes.width, key_steps * sizes.key_value);
    for (sample, (means, logs)) in
        means.chunks_exact_mut(row).zip(logs.chunks_exact_mut(steps * sizes.heads)).enumerate()
    {
        let of_sample = sizes.of(lengths(sample));
        let (queries, end) = (&queries[sample * row..][..row], of_sample.queries * sizes.width);
        let [keys, values] = [keys, values].map(|all| {
            let all = &all[sample * key_row..][..key_row];
            &all[..of_sample.keys * sizes.key_value]
        });
        let logs = &mut logs[..of_sample.queries * sizes.heads];
        let queries = AttentionRows::new(queries, sizes.width);
        let [keys, values] = [keys, values].map(|rows| AttentionRows::new(rows, sizes.key_value));
        attention(&of_sample, queries, keys, values, &mut means[..end], logs);
        means[end..].fill(T::zero());
    }
}

#[allow(clippy::too_many_arguments)] // the arguments of `Layer::forward`, and the inner layers
pub(super) fn forward<const WIDTH: usize, const MEMORY: usize, const KEY_VALUE: usize, T, B, C>(
    sizes: &Sizes,
    maps: &Maps<&Linear<WIDTH, WIDTH, T, B>, &Linear<MEMORY, KEY_VALUE, T, C>>,
    x: Rows<'_, WIDTH, T>,
    memory: Rows<'_, MEMORY, T>,
    lengths: &dyn Fn(usize) -> [usize; 2],
    y: &mut [Vector<WIDTH, T>],
    mut workspace: WorkspaceMut<'_>,
    mode: &mut Mode<'_>,
) where
    T: Real,
    B: Bias<Vector<WIDTH, T>>,
    C: Bias<Vector<KEY_VALUE, T>>,
{
    let samples = x.len() / sizes.steps[0].max(1);
    let saved: Saved<'_, T> = Saved::take(sizes, &mut workspace, samples);
    maps.query.forward(x, bytemuck::cast_slice_mut(saved.queries), WorkspaceMut::default(), mode);
    maps.key.forward(memory, bytemuck::cast_slice_mut(saved.keys), WorkspaceMut::default(), mode);
    maps.value.forward(memory, bytemuck::cast_slice_mut(saved.values), WorkspaceMut::default(), mode);
    let (queries, keys, _) = rotated(sizes, saved.queries, saved.keys, &mut workspace);
    means(sizes, lengths, [queries, keys, saved.values], saved.means, saved.logs);
    maps.output.forward(bytemuck::cast_slice(saved.means), y, WorkspaceMut::default(), mode);
}

#[allow(clippy::too_many_arguments)] // the fields of `Backward`, and the inner layers
pub(super) fn backward<const WIDTH: usize, const MEMORY: usize, const KEY_VALUE: usize, T, B, C>(
    sizes: &Sizes,
    maps: &Maps<&Linear<WIDTH, WIDTH, T, B>, &Linear<MEMORY, KEY_VALUE, T, C>>,
    x: Rows<'_, WIDTH, T>,
    memory: Rows<'_, MEMORY, T>,
    lengths: &dyn Fn(usize) -> [usize; 2],
    [y, dy]: [Rows<'_, WIDTH, T>; 2],
    input_grads: InputGrads<'_, T>,
    gradient: Maps<&mut Linear<WIDTH, WIDTH, T, B>, &mut Linear<MEMORY, KEY_VALUE, T, C>>,
    mut workspace: WorkspaceMut<'_>,
    accumulate: bool,
    mut hook: Option<&mut dyn BackwardHook>,
) where
    T: Real,
    B: Bias<Vector<WIDTH, T>>,
    C: Bias<Vector<KEY_VALUE, T>>,
{
    let samples = x.len() / sizes.steps[0].max(1);
    let Saved { queries, means, keys, values, logs } = Saved::take(sizes, &mut workspace, samples);
    let (queries, means, keys, values) = (&*queries, &*means, &*keys, &*values);
    let (q, k, table) = rotated(sizes, queries, keys, &mut workspace);
    if let Some(hook) = &mut hook {
        let one_input = !matches!(input_grads, InputGrads::Two { .. });
        watched::show(sizes, [q, k], lengths, one_input, &mut **hook);
    }
    let (means_grad, queries_grad) = (workspace.scratch(means.len()), workspace.scratch(queries.len()));
    let (keys_grad, values_grad) = (workspace.scratch(keys.len()), workspace.scratch(values.len()));

    let pass = Backward {
        input: bytemuck::cast_slice(means),
        output: y,
        output_grad: dy,
        input_grad: Some(bytemuck::cast_slice_mut(means_grad)),
        gradient: gradient.output,
        workspace: WorkspaceMut::default(),
        accumulate,
    };
    backward_child(Segment::Name(OUTPUT), maps.output, pass, &mut hook);

    let [steps, key_steps] = sizes.steps;
    let (row, key_row) = (steps * sizes.width, key_steps * sizes.key_value);
    for sample in 0..samples {
        let of_sample = sizes.of(lengths(sample));
        let (start, end) = (sample * row, of_sample.queries * sizes.width);
        let (key_start, key_end) = (sample * key_row, of_sample.keys * sizes.key_value);
        let logs = &logs[sample * steps * sizes.heads..][..of_sample.queries * sizes.heads];
        let [q, means, means_grad] = [q, means, &*means_grad].map(|all| &all[start..][..end]);
        let [k, v] = [k, values].map(|all| &all[key_start..][..key_end]);
        let dq = &mut queries_grad[start..][..row];
        let [dk, dv] = [&mut *keys_grad, &mut *values_grad].map(|all| &mut all[key_start..][..key_row]);
        dq[end..].fill(T::zero());
        dk[key_end..].fill(T::zero());
        dv[key_end..].fill(T::zero());
        let [dk, dv] = [dk, dv].map(|all| &mut all[..key_end]);
        let q = AttentionRows::new(q, sizes.width);
        let [k, v] = [k, v].map(|rows| AttentionRows::new(rows, sizes.key_value));
        let saved = AttentionSaved { q, k, v, out: means, logs };
        attention_gradient(&of_sample, saved, means_grad, &mut dq[..end], dk, dv);
    }
    if sizes.rotary.is_some() {
        let [of_queries, of_keys] = sizes.steps.map(|steps| &table[..steps * sizes.head()]);
        rotate(of_queries, sizes.head(), sizes.width, true, queries_grad);
        rotate(of_keys, sizes.head(), sizes.key_value, true, keys_grad);
    }

    let (mut of_values, mut of_keys, mut of_queries, sum_all) = match input_grads {
        InputGrads::Neither => (None, None, None, false),
        InputGrads::One { grad, part } => (Some(grad), Some(part), None, true),
        InputGrads::Two { queries, keys, part } => (Some(keys), Some(part), Some(queries), false),
    };
    let mut pass = MapPass { accumulate, hook: &mut hook };
    pass.run(VALUE, maps.value, memory, [values, values_grad], of_values.as_deref_mut(), gradient.value);
    pass.run(KEY, maps.key, memory, [keys, keys_grad], of_keys.as_deref_mut(), gradient.key);
    if let (Some(sum), Some(part)) = (&mut of_values, &of_keys) {
        elementwise(&AddTo, [&**part], [&mut **sum]);
    }
    let target = if sum_all { &mut of_keys } else { &mut of_queries };
    pass.run(QUERY, maps.query, x, [queries, queries_grad], target.as_deref_mut(), gradient.query);
    if let (true, Some(sum), Some(part)) = (sum_all, of_values, of_keys) {
        elementwise(&AddTo, [&*part], [sum]);
    }
}

/// The backward passes of the linear maps.
struct MapPass<'a, 'b> {
    accumulate: bool,
    hook: &'a mut Option<&'b mut dyn BackwardHook>,
}

impl MapPass<'_, '_> {
    /// Runs the backward pass of one map. `output` is the output of its forward pass.
    fn run<const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>>(
        &mut self,
        name: &'static str,
        map: &Linear<IN, OUT, T, B>,
        input: Rows<'_, IN, T>,
        [output, output_grad]: [&[T]; 2],
        input_grad: Option<&mut [T]>,
        gradient: &mut Linear<IN, OUT, T, B>,
    ) {
        let pass = Backward {
            input,
            output: bytemuck::cast_slice(output),
            output_grad: bytemuck::cast_slice(output_grad),
            input_grad: input_grad.map(bytemuck::cast_slice_mut),
            gradient,
            workspace: WorkspaceMut::default(),
            accumulate: self.accumulate,
        };
        backward_child(Segment::Name(name), map, pass, self.hook);
    }
}
