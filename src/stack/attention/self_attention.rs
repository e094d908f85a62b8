use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::faults::Checks;
use super::maps::{self, InputGrads, KEY, Maps, OUTPUT, QUERY, Sizes, VALUE};
use super::{AttentionSettings, LinearOf, NoMask, StepsGrad, StepsOf};
use crate::kernel::{Reach, Real};
use crate::layer::compare::comparable;
use crate::layer::{
    Backward, BackwardHook, Child, Layer, Mode, Plan, Space, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Tensor, Vector};

/// Attention of each step to the steps of the same sequence: each step becomes a weighted mean of their values.
///
/// Forward, with `d = WIDTH / HEADS` numbers in a head, for each head h:
///
/// ```text
/// q(t) = W_q x(t) + b_q,   k(t) = W_k x(t) + b_k,   v(t) = W_v x(t) + b_v
/// s(t, u) = q_h(t) · k_h(u) / √d                          the scores of the steps u that the mask shows to t
/// p(t, u) = exp(s(t, u)) / Σ_u exp(s(t, u))               the weights: softmax
/// m_h(t) = Σ_u p(t, u) v_h(u)                             the weighted mean of the values
/// y(t) = W_o m(t) + b_o
/// ```
///
/// Backward, with `dm = W_oᵀ dy`: `dv_h(u) = Σ_t p(t, u) dm_h(t)`; `dp(t, u) = dm_h(t) · v_h(u)`, `ds(t, u) = p(t, u)
/// (dp(t, u) - Σ_w p(t, w) dp(t, w))`, `dq_h(t) = Σ_u ds(t, u) k_h(u) / √d` and `dk_h(u) = Σ_t ds(t, u) q_h(t) / √d`;
/// `dx` is the sum of the input gradients of the three linear maps. Both passes compute the weights block by block and
/// do not store all of them. So the memory grows linearly with `STEPS`.
///
/// # Shapes
/// `Sequence<STEPS, WIDTH>` to the same, of any number of steps, and `Padded` to the same. No step attends to the
/// padding. `HEADS` divides `WIDTH`.
///
/// The settings `M` are a mask ([`NoMask`], [`Causal`](crate::Causal) or
/// [`SlidingWindow<STEPS>`](super::SlidingWindow)), or a tuple of a mask, [`Rotary`](super::Rotary) positions and
/// [`NoBias`](crate::NoBias): `SelfAttention<128, 4, (Causal, Rotary, NoBias)>`.
///
/// For grouped queries, set `KEY_VALUE` to a multiple of `WIDTH / HEADS`. For example, `SelfAttention<128, 8, Causal,
/// f32, 32>` has 8 heads of queries, and 2 of keys and values. Query head h uses head h / (8 / 2) of the keys.
///
/// # Gradient flow
/// A gradient has two paths to the input: through the values, with the factors p, and through the scores, with the
/// factors p (1 - p) of the softmax. If a head attends to a single step, p is 1 there, and the gradient through the
/// scores vanishes. In a new network the weights are nearly equal, and the path through the values is a mean.
///
/// # Source
/// Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin, "Attention is all you need", NIPS 2017,
/// section 3.2. Grouped queries: Ainslie et al., "GQA", EMNLP 2023. In blocks: Rabe, Staats, "Self-attention does not
/// need O(n²) memory", 2021; Dao et al., "FlashAttention", NeurIPS 2022.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // Queries and keys are 0, so all scores are 0. Each step becomes the mean of the steps up to it.
/// let mut layer = SelfAttention::<2, 1, Causal>::zeros();
/// *layer.value.weight = [[1.0, 0.0].into(), [0.0, 1.0].into()];
/// *layer.output.weight = [[1.0, 0.0].into(), [0.0, 1.0].into()];
/// let y = layer.predict(&Sequence([[3.0, 0.0], [1.0, 4.0], [2.0, 2.0]]))?;
/// approx::assert_abs_diff_eq!(y, Sequence([[3.0, 0.0], [2.0, 2.0], [2.0, 2.0]]), epsilon = 1e-6);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias(
    "nn.MultiheadAttention",
    "multi-head attention",
    "MultiHeadAttention",
    "scaled dot product",
    "GQA"
))]
#[derive(Clone, Parameters)]
#[parameters(name = "SelfAttention<{WIDTH}, {HEADS}{=rest::<M, T, WIDTH, HEADS, KEY_VALUE>()}>")]
pub struct SelfAttention<
    const WIDTH: usize,
    const HEADS: usize,
    M: AttentionSettings = NoMask,
    T: Real = f32,
    const KEY_VALUE: usize = WIDTH,
> {
    /// W_q and b_q.
    pub query: LinearOf<WIDTH, WIDTH, M, T>,
    /// W_k and b_k.
    pub key: LinearOf<WIDTH, KEY_VALUE, M, T>,
    /// W_v and b_v.
    pub value: LinearOf<WIDTH, KEY_VALUE, M, T>,
    /// W_o and b_o.
    pub output: LinearOf<WIDTH, WIDTH, M, T>,
}

/// Returns the part of the name after the numbers of features and heads.
const fn rest<
    M: AttentionSettings,
    T: Real,
    const WIDTH: usize,
    const HEADS: usize,
    const KEY_VALUE: usize,
>() -> Part {
    Part::Name(&Checks::<M, T, WIDTH, HEADS, KEY_VALUE>::NAME)
}

impl<const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const KEY_VALUE: usize>
    SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>
{
    fn maps(&self) -> Maps<&LinearOf<WIDTH, WIDTH, M, T>, &LinearOf<WIDTH, KEY_VALUE, M, T>> {
        Maps { query: &self.query, key: &self.key, value: &self.value, output: &self.output }
    }

    /// Takes the workspace for the steps of padded inputs and outputs.
    fn copies<'a, X: StepsOf<WIDTH, T>>(
        samples: usize,
        workspace: &mut WorkspaceMut<'a>,
    ) -> [&'a mut [Vector<WIDTH, T>]; 2] {
        [workspace.saved(samples * X::STEPS), workspace.saved(samples * X::STEPS)]
    }

    const fn sizes(steps: usize) -> Sizes {
        Sizes {
            steps: [steps; 2],
            width: WIDTH,
            key_value: KEY_VALUE,
            heads: HEADS,
            reach: M::REACH,
            rotary: M::ROTARY,
        }
    }
}

impl<X, const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const KEY_VALUE: usize>
    Layer<X> for SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>
where
    X: StepsOf<WIDTH, T>,
{
    type Output = X;
    const PLAN: Plan = {
        let children = &[
            Child::new(QUERY, &<LinearOf<WIDTH, WIDTH, M, T> as Layer<Vector<WIDTH, T>>>::PLAN),
            Child::new(KEY, &<LinearOf<WIDTH, KEY_VALUE, M, T> as Layer<Vector<WIDTH, T>>>::PLAN),
            Child::new(VALUE, &<LinearOf<WIDTH, KEY_VALUE, M, T> as Layer<Vector<WIDTH, T>>>::PLAN),
            Child::new(OUTPUT, &<LinearOf<WIDTH, WIDTH, M, T> as Layer<Vector<WIDTH, T>>>::PLAN),
        ];
        let rows = Space::per_sample::<T>(X::STEPS * WIDTH);
        let mut plan = Plan::leaf::<X, Self>()
            .window(if matches!(M::REACH, Reach::All) { Window::WHOLE } else { Window::PAST })
            .backward_scratch(rows); // a part of the gradient of the input
        if !X::WHOLE {
            plan = plan.saves(rows).saves(rows).backward_scratch(rows);
        }
        Checks::<M, T, WIDTH, HEADS, KEY_VALUE>::require(Self::sizes(X::STEPS).plan::<T>(plan, children))
    };
    const OVERWRITES: bool = true;

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let (sizes, maps) = (Self::sizes(X::STEPS), self.maps());
        let lengths = |sample: usize| [input[sample].steps(); 2];
        if let (Some(x), Some(y)) = (X::rows(input), X::rows_mut(output)) {
            return maps::forward(&sizes, &maps, x, x, &lengths, y, workspace, mode);
        }
        let [x, y] = Self::copies::<X>(input.len(), &mut workspace);
        for (x, input) in x.chunks_exact_mut(X::STEPS).zip(input) {
            input.copy_to(x);
        }
        maps::forward(&sizes, &maps, x, x, &lengths, y, workspace, mode);
        for (output, (y, input)) in output.iter_mut().zip(y.chunks_exact(X::STEPS).zip(input)) {
            output.set(y, input.steps());
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        Layer::<X>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output, output_grad, input_grad, gradient, mut workspace, accumulate } = pass;
        let sizes = Self::sizes(X::STEPS);
        let lengths = |sample: usize| [input[sample].steps(); 2];
        let rows = input.len() * X::STEPS;
        let (x, y, dy) = match (X::rows(input), X::rows(output)) {
            (Some(x), Some(y)) => (x, y, X::Grad::rows(output_grad)),
            _ => {
                let [x, y] = Self::copies::<X>(input.len(), &mut workspace);
                let dy = workspace.scratch::<Vector<WIDTH, T>>(rows);
                dy.copy_from_slice(X::Grad::rows(output_grad));
                for (dy, input) in dy.chunks_exact_mut(X::STEPS).zip(input) {
                    dy[input.steps()..].fill(Vector([T::zero(); WIDTH]));
                }
                (&*x, &*y, &*dy)
            }
        };
        let part = workspace.scratch::<T>(rows * WIDTH);
        let input_grads = match input_grad {
            None => InputGrads::Neither,
            Some(grad) => InputGrads::One { grad: X::Grad::flat_mut(grad), part },
        };
        let Self { query, key, value, output } = gradient;
        let gradient = Maps { query, key, value, output };
        maps::backward(
            &sizes,
            &self.maps(),
            x,
            x,
            &lengths,
            [y, dy],
            input_grads,
            gradient,
            workspace,
            accumulate,
            hook,
        );
    }
}

comparable!(
    [const WIDTH: usize, const HEADS: usize, M: AttentionSettings, T: Real, const KEY_VALUE: usize]
    SelfAttention<WIDTH, HEADS, M, T, KEY_VALUE>
);
