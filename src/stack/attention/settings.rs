//! The settings of an attention layer: its mask, rotary positions, and biases.

use chainrule_parameters::{Part, TypeName};

use crate::kernel::{Reach, Real};
use crate::layer::{Bias, Causal, NoBias};
use crate::tensor::Vector;

/// A setting of attention without a mask, the default: each step attends to all steps.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let layer = SelfAttention::<2, 1>::zeros(); // the same type as `SelfAttention<2, 1, NoMask>`; all scores are 0
/// let weights = layer.attention_weights(&Sequence([[1.0, 2.0], [3.0, 4.0]]));
/// assert_eq!(weights, [[[0.5, 0.5], [0.5, 0.5]]]);
/// ```
#[doc(alias("bidirectional attention", "full attention"))]
#[derive(Clone, Copy, Debug)]
pub struct NoMask;

/// A mask of attention: each step attends to itself and to the `STEPS - 1` steps before it.
///
/// On a sequence of at most `STEPS` steps it is the same as [`Causal`]. A [stream](crate::stream) needs this mask, so
/// that its state is limited to the keys and values of `STEPS` steps.
///
/// # Source
/// Beltagy, Peters, Cohan, "Longformer: the long-document transformer", 2020, section 3.1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // All scores are 0: each step has equal weights for itself and the step before it.
/// let layer = SelfAttention::<2, 1, SlidingWindow<2>>::zeros();
/// let weights = layer.attention_weights(&Sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
/// assert_eq!(weights, [[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]]);
/// ```
#[doc(alias("local attention", "windowed attention", "Longformer"))]
#[derive(Clone, Copy, Debug)]
pub struct SlidingWindow<const STEPS: usize>;

/// Rotary positions of attention: in each head, the numbers i and i + d/2 of a query or key are rotated by the angle t
/// · `BASE`^(-2i/d). t is the step and d the size of the head. So a score depends on the distance between two steps.
///
/// # Source
/// Su, Lu, Pan, Murtadha, Wen, Liu, "RoFormer: enhanced transformer with rotary position embedding", 2021, eq. 13 and
/// 34, with the pairs of numbers of GPT-NeoX and Llama (`rotate_half`).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // All queries and keys are [1, 0]. Step 1 is rotated by 1 radian: its scores are cos(1) / √2 and 1 / √2.
/// let mut layer = SelfAttention::<2, 1, (Causal, Rotary)>::zeros();
/// layer.query.bias = Vector([1.0, 0.0]);
/// layer.key.bias = Vector([1.0, 0.0]);
/// let weights = layer.attention_weights(&Sequence([[0.0; 2]; 2]));
/// let expected = 1.0 / (1.0 + ((1.0 - 1_f64.cos()) / 2_f64.sqrt()).exp());
/// approx::assert_abs_diff_eq!(weights[0][1][0], expected, epsilon = 1e-6);
/// ```
#[doc(alias("RoPE", "rotary embedding", "RoFormer"))]
#[derive(Clone, Copy, Debug)]
pub struct Rotary<const BASE: u32 = 10_000>;

impl<const BASE: u32> Rotary<BASE> {
    const NAME: TypeName = TypeName {
        parts: if BASE == 10_000 {
            &[Part::Text("Rotary")]
        } else {
            &[Part::Text("Rotary<"), Part::Number(BASE as u64), Part::Text(">")]
        },
    };
}

/// A mask of attention, which selects the steps that a step attends to: [`NoMask`], [`Causal`] or [`SlidingWindow`].
/// See the example of [`SlidingWindow`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mask of an attention layer",
    label = "not a mask",
    note = "a mask is `NoMask`, `Causal` or `SlidingWindow<STEPS>`; in a tuple, other settings follow it: `(Causal, Rotary)`, `(Causal, Rotary, NoBias)`"
)]
pub trait AttentionMask: Copy + Send + Sync + 'static {
    #[doc(hidden)]
    const REACH: Reach;
    #[doc(hidden)]
    const NAME: TypeName;
}

impl AttentionMask for NoMask {
    const REACH: Reach = Reach::All;
    const NAME: TypeName = TypeName { parts: &[Part::Text("NoMask")] };
}

impl AttentionMask for Causal {
    const REACH: Reach = Reach::Before { window: usize::MAX };
    const NAME: TypeName = TypeName { parts: &[Part::Text("Causal")] };
}

impl<const STEPS: usize> AttentionMask for SlidingWindow<STEPS> {
    const REACH: Reach = Reach::Before { window: STEPS };
    const NAME: TypeName =
        TypeName { parts: &[Part::Text("SlidingWindow<"), Part::Number(STEPS as u64), Part::Text(">")] };
}

/// The settings of an attention layer: a mask, or a tuple of a mask, [`Rotary`] and [`NoBias`]. Each of the last two
/// can be left out.
/// See the example of [`Rotary`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of an attention layer",
    label = "not a setting",
    note = "the settings are a mask (`NoMask`, `Causal` or `SlidingWindow<STEPS>`) or a tuple that begins with one: `(Causal, Rotary)`, `(Causal, NoBias)`, `(Causal, Rotary, NoBias)`"
)]
pub trait AttentionSettings: Copy + Send + Sync + 'static {
    /// The type of the bias of the four linear maps: a vector, or [`NoBias`].
    type Bias<const N: usize, T: Real>: Bias<Vector<N, T>>;
    #[doc(hidden)]
    const REACH: Reach;
    /// The base of rotary positions, or `None` without them.
    #[doc(hidden)]
    const ROTARY: Option<u32>;
    #[doc(hidden)]
    const NAME: TypeName;
}

impl<M: AttentionMask> AttentionSettings for M {
    type Bias<const N: usize, T: Real> = Vector<N, T>;
    const REACH: Reach = M::REACH;
    const ROTARY: Option<u32> = None;
    const NAME: TypeName = M::NAME;
}

impl<M: AttentionMask, const BASE: u32> AttentionSettings for (M, Rotary<BASE>) {
    type Bias<const N: usize, T: Real> = Vector<N, T>;
    const REACH: Reach = M::REACH;
    const ROTARY: Option<u32> = Some(BASE);
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("("),
            Part::Name(&M::NAME),
            Part::Text(", "),
            Part::Name(&Rotary::<BASE>::NAME),
            Part::Text(")"),
        ],
    };
}

impl<M: AttentionMask> AttentionSettings for (M, NoBias) {
    type Bias<const N: usize, T: Real> = NoBias;
    const REACH: Reach = M::REACH;
    const ROTARY: Option<u32> = None;
    const NAME: TypeName =
        TypeName { parts: &[Part::Text("("), Part::Name(&M::NAME), Part::Text(", NoBias)")] };
}

impl<M: AttentionMask, const BASE: u32> AttentionSettings for (M, Rotary<BASE>, NoBias) {
    type Bias<const N: usize, T: Real> = NoBias;
    const REACH: Reach = M::REACH;
    const ROTARY: Option<u32> = Some(BASE);
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("("),
            Part::Name(&M::NAME),
            Part::Text(", "),
            Part::Name(&Rotary::<BASE>::NAME),
            Part::Text(", NoBias)"),
        ],
    };
}
