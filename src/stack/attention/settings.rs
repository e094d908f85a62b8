//! The settings of an attention layer: which steps see which, rotary positions, and biases.

use chainrule_parameters::{Part, TypeName};

use crate::kernel::{Reach, Real};
use crate::layer::{Bias, Causal, NoBias};
use crate::tensor::Vector;

/// Each step sees all steps: the default.
#[derive(Clone, Copy, Debug)]
pub struct NoMask;

/// Each step sees itself and the `STEPS - 1` steps before it, and no later one.
///
/// On a sequence of at most `STEPS` steps it is [`Causal`]. It is what a [stream](crate::stream) needs: the keys and
/// values of `STEPS` steps are its whole state.
///
/// # Source
/// Beltagy, Peters, Cohan, "Longformer: the long-document transformer", 2020, section 3.1.
#[derive(Clone, Copy, Debug)]
pub struct SlidingWindow<const STEPS: usize>;

/// Rotary positions: in each head, the numbers i and i + d/2 of a query or key are rotated by the angle
/// t · `BASE`^(-2i/d), with t the step and d the numbers of the head. So a score depends on the distance of two steps.
///
/// # Source
/// Su, Lu, Pan, Murtadha, Wen, Liu, "RoFormer: enhanced transformer with rotary position embedding", 2021, eq. 13 and 34,
/// with the pairs of numbers that GPT-NeoX and Llama have (`rotate_half`).
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

/// Which steps a step sees: [`NoMask`], [`Causal`] or [`SlidingWindow`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mask of an attention layer",
    label = "not a mask",
    note = "a mask is `NoMask`, `Causal` or `SlidingWindow<STEPS>`, and other settings follow it in a tuple: `(Causal, Rotary)`, `(Causal, Rotary, NoBias)`"
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

/// The settings of an attention layer: a mask, or a tuple of a mask, [`Rotary`] and [`NoBias`], of which the last two can
/// be left out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of an attention layer",
    label = "not a setting",
    note = "the settings are a mask (`NoMask`, `Causal` or `SlidingWindow<STEPS>`) or a tuple that begins with one: `(Causal, Rotary)`, `(Causal, NoBias)`, `(Causal, Rotary, NoBias)`"
)]
pub trait AttentionSettings: Copy + Send + Sync + 'static {
    /// The bias of the four linear maps: a vector, or [`NoBias`].
    type Bias<const N: usize, T: Real>: Bias<Vector<N, T>>;
    #[doc(hidden)]
    const REACH: Reach;
    /// The base of rotary positions.
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
