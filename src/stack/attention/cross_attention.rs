use core::marker::PhantomData;
use core::slice::from_mut;

use bytemuck::Zeroable;
use chainrule_derive::Parameters;
use chainrule_parameters::{Number, Part, Scalar, TypeName};

use super::faults::Checks;
use super::maps::{self, InputGrads, KEY, Maps, OUTPUT, QUERY, Sizes, VALUE};
use super::{AttentionSettings, LinearOf, NoMask, StepsGrad, StepsOf};
use crate::kernel::{Reach, Real};
use crate::layer::compare::comparable;
use crate::layer::{
    Backward, BackwardHook, Child, Layer, Mode, Plan, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Pair, Tensor, Vector};

/// Attention of each step of one sequence to the steps of another, the memory: for example, of a decoder to its
/// encoder.
///
/// Forward and backward as [`SelfAttention`](super::SelfAttention). The queries are computed from the first half of a
/// pair, and the keys and values from the second: `q(t) = W_q a(t) + b_q`, `k(u) = W_k b(u) + b_k`, `v(u) = W_v b(u) +
/// b_v`.
///
/// # Shapes
/// `Pair<Sequence<STEPS, WIDTH>, Sequence<KEYS, MEMORY>>` to `Sequence<STEPS, WIDTH>`. Each half can be a `Padded`. No
/// step attends to the padding of the memory, and the output has the length of the first half. `HEADS` divides `WIDTH`.
/// The default of `MEMORY` is `WIDTH`. The settings are `NoMask` or `(NoMask, NoBias)`. For grouped queries, set
/// `KEY_VALUE` as in [`SelfAttention`](super::SelfAttention).
///
/// # Gradient flow
/// The memory gets a gradient through the values and through the scores. The queries get one through the scores only.
/// If a head attends to a single step, the gradient of the queries is 0.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.2.3.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let layer = CrossAttention::<8, 2>::init(&mut rng(1));
/// let queries = Sequence([[0.1; 8]; 3]);
/// let memory = Padded::<20, 8>::new(&[[0.5; 8], [0.2; 8]])?; // at most 20 steps, here 2
/// let y: Sequence<3, 8> = layer.predict(&Pair(queries, memory))?;
/// assert_eq!(y, layer.predict(&Pair(queries, Sequence([[0.5; 8], [0.2; 8]])))?);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.MultiheadAttention", "encoder-decoder attention", "MultiHeadAttention"))]
#[derive(Clone, Parameters)]
#[parameters(
    name = "CrossAttention<{WIDTH}, {HEADS}{=Part::Name(&Rest::<M, T, WIDTH, HEADS, MEMORY, KEY_VALUE>::NAME)}>"
)]
pub struct CrossAttention<
    const WIDTH: usize,
    const HEADS: usize,
    M: AttentionSettings = NoMask,
    T: Real = f32,
    const MEMORY: usize = WIDTH,
    const KEY_VALUE: usize = WIDTH,
> {
    /// W_q and b_q.
    pub query: LinearOf<WIDTH, WIDTH, M, T>,
    /// W_k and b_k.
    pub key: LinearOf<MEMORY, KEY_VALUE, M, T>,
    /// W_v and b_v.
    pub value: LinearOf<MEMORY, KEY_VALUE, M, T>,
    /// W_o and b_o.
    pub output: LinearOf<WIDTH, WIDTH, M, T>,
}

/// The part of the layer's name after the numbers of features and heads.
struct Rest<M, T, const WIDTH: usize, const HEADS: usize, const MEMORY: usize, const KEY_VALUE: usize>(
    PhantomData<(M, T)>,
);

impl<
    M: AttentionSettings,
    T: Real,
    const WIDTH: usize,
    const HEADS: usize,
    const MEMORY: usize,
    const KEY_VALUE: usize,
> Rest<M, T, WIDTH, HEADS, MEMORY, KEY_VALUE>
{
    const SCALAR: Part = match <T as Number>::SCALAR {
        Scalar::F32 => Part::Text(", f32, "),
        Scalar::F64 => Part::Text(", f64, "),
    };

    const NAME: TypeName = TypeName {
        parts: match (MEMORY == WIDTH, KEY_VALUE == WIDTH) {
            (true, true) => Checks::<M, T, WIDTH, HEADS, KEY_VALUE>::NAME.parts,
            (false, true) => {
                &[Part::Text(", "), Part::Name(&M::NAME), Self::SCALAR, Part::Number(MEMORY as u64)]
            }
            (_, false) => {
                &[Part::Text(", "), Part::Name(&M::NAME), Self::SCALAR, Part::Sides(&[MEMORY, KEY_VALUE])]
            }
        },
    };
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
    const fn sizes(steps: [usize; 2]) -> Sizes {
        let (width, key_value, heads) = (WIDTH, KEY_VALUE, HEADS);
        Sizes { steps, width, key_value, heads, reach: M::REACH, rotary: M::ROTARY }
    }

    fn maps(&self) -> Maps<&LinearOf<WIDTH, WIDTH, M, T>, &LinearOf<MEMORY, KEY_VALUE, M, T>> {
        Maps { query: &self.query, key: &self.key, value: &self.value, output: &self.output }
    }
}

/// The arguments of both passes: the steps of the two halves of the input, and the steps of the output.
struct Halves<'a, const WIDTH: usize, const MEMORY: usize, T> {
    queries: &'a mut [Vector<WIDTH, T>],
    memory: &'a mut [Vector<MEMORY, T>],
    output: &'a mut [Vector<WIDTH, T>],
}

impl<'a, const WIDTH: usize, const MEMORY: usize, T: Real> Halves<'a, WIDTH, MEMORY, T> {
    fn take(workspace: &mut WorkspaceMut<'a>, [queries, keys]: [usize; 2], samples: usize) -> Self {
        Self {
            queries: workspace.saved(samples * queries),
            memory: workspace.saved(samples * keys),
            output: workspace.saved(samples * queries),
        }
    }
}

impl<
    A,
    B,
    const WIDTH: usize,
    const HEADS: usize,
    M: AttentionSettings,
    T: Real,
    const MEMORY: usize,
    const KEY_VALUE: usize,
> Layer<Pair<A, B>> for CrossAttention<WIDTH, HEADS, M, T, MEMORY, KEY_VALUE>
where
    A: StepsOf<WIDTH, T>,
    B: StepsOf<MEMORY, T>,
{
    type Output = A;
    const PLAN: Plan = {
        let children = &[
            Child::new(QUERY, &<LinearOf<WIDTH, WIDTH, M, T> as Layer<Vector<WIDTH, T>>>::PLAN),
            Child::new(KEY, &<LinearOf<MEMORY, KEY_VALUE, M, T> as Layer<Vector<MEMORY, T>>>::PLAN),
            Child::new(VALUE, &<LinearOf<MEMORY, KEY_VALUE, M, T> as Layer<Vector<MEMORY, T>>>::PLAN),
            Child::new(OUTPUT, &<LinearOf<WIDTH, WIDTH, M, T> as Layer<Vector<WIDTH, T>>>::PLAN),
        ];
        let (rows, keys) =
            (Space::per_sample::<T>(A::STEPS * WIDTH), Space::per_sample::<T>(B::STEPS * MEMORY));
        let plan = Plan::leaf::<Pair<A, B>, Self>()
            .window(Window::WHOLE)
            .saves(rows.times(2).and(keys))
            .backward_scratch(rows.times(2).and(keys.times(2))) // dy, and the gradients of both halves
            .requires(
                matches!(M::REACH, Reach::All) && M::ROTARY.is_none(),
                &[Part::Text(
                    "has a mask or rotary positions, which are for the steps of one sequence: its settings are `NoMask` or `(NoMask, NoBias)`",
                )],
            );
        let plan = Self::sizes([A::STEPS, B::STEPS]).plan::<T>(plan, children);
        Checks::<M, T, WIDTH, HEADS, KEY_VALUE>::require(plan)
    };
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Pair<A, B>],
        output: &mut [A],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let sizes = Self::sizes([A::STEPS, B::STEPS]);
        let Halves { queries, memory, output: y } = Halves::take(&mut workspace, sizes.steps, input.len());
        let halves = queries.chunks_exact_mut(A::STEPS).zip(memory.chunks_exact_mut(B::STEPS));
        for (&Pair(a, b), (queries, memory)) in input.iter().zip(halves) {
            a.copy_to(queries);
            b.copy_to(memory);
        }
        maps::forward(&sizes, &self.maps(), queries, memory, &lengths(input), y, workspace, mode);
        for (output, (y, &Pair(a, _))) in output.iter_mut().zip(y.chunks_exact(A::STEPS).zip(input)) {
            output.set(y, a.steps());
        }
    }

    fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
        pass.check_lengths();
        Layer::<Pair<A, B>>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, Pair<A, B>, Self>, hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output_grad, input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let (samples, sizes) = (input.len(), Self::sizes([A::STEPS, B::STEPS]));
        let Halves { queries, memory, output: y } = Halves::take(&mut workspace, sizes.steps, samples);
        let dy = workspace.scratch::<Vector<WIDTH, T>>(samples * A::STEPS);
        dy.copy_from_slice(A::Grad::rows(output_grad));
        for (dy, &Pair(a, _)) in dy.chunks_exact_mut(A::STEPS).zip(input) {
            dy[a.steps()..].fill(Vector([T::zero(); WIDTH]));
        }
        let da = workspace.scratch::<Vector<WIDTH, T>>(samples * A::STEPS);
        let db = workspace.scratch::<Vector<MEMORY, T>>(samples * B::STEPS);
        let part = workspace.scratch::<T>(samples * B::STEPS * MEMORY);
        let input_grads = match &input_grad {
            None => InputGrads::Neither,
            Some(_) => InputGrads::Two { queries: Tensor::flat_mut(da), keys: Tensor::flat_mut(db), part },
        };
        let Self { query, key, value, output } = gradient;
        maps::backward(
            &sizes,
            &self.maps(),
            queries,
            memory,
            &lengths(input),
            [y, dy],
            input_grads,
            Maps { query, key, value, output },
            workspace,
            accumulate,
            hook,
        );
        let halves = da.chunks_exact(A::STEPS).zip(db.chunks_exact(B::STEPS));
        for (dx, (da, db)) in input_grad.into_iter().flatten().zip(halves) {
            let (mut first, mut second) = (A::Grad::zeroed(), B::Grad::zeroed());
            A::Grad::rows_mut(from_mut(&mut first)).copy_from_slice(da);
            B::Grad::rows_mut(from_mut(&mut second)).copy_from_slice(db);
            *dx = Pair(first, second);
        }
    }
}

/// Returns the numbers of steps in the two halves of each sample.
fn lengths<A: StepsOf<WIDTH, T>, B: StepsOf<MEMORY, T>, const WIDTH: usize, const MEMORY: usize, T: Real>(
    input: &[Pair<A, B>],
) -> impl Fn(usize) -> [usize; 2] {
    |sample| {
        let Pair(a, b) = input[sample];
        [a.steps(), b.steps()]
    }
}

comparable!(
    [const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const MEMORY: usize, const KEY_VALUE: usize]
    CrossAttention<WIDTH, HEADS, M, T, MEMORY, KEY_VALUE>
);
