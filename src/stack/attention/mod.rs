//! Attention: each step becomes a weighted mean of the steps of a sequence.
//!
//! | layer | queries | keys and values |
//! |---|---|---|
//! | [`SelfAttention<WIDTH, HEADS>`](SelfAttention) | each step | the same steps: all, or with [`Causal`](crate::Causal) the steps up to this one |
//! | [`CrossAttention<WIDTH, HEADS>`](CrossAttention) | the first half of a [`Pair`](crate::Pair) | the second half |
//!
//! | setting | the steps that a step attends to |
//! |---|---|
//! | [`NoMask`], the default | all; in a [`Padded`](crate::Padded), all before its end |
//! | [`Causal`](crate::Causal) | itself and all earlier steps |
//! | [`SlidingWindow<STEPS>`](SlidingWindow) | itself and the `STEPS - 1` steps before it |
//! | `(Causal, Rotary)`, `(Causal, NoBias)`, `(Causal, Rotary, NoBias)` | the same, with [`Rotary`] positions, or without biases |

mod cross_attention;
mod faults;
#[cfg(feature = "alloc")]
mod inspect;
mod maps;
mod rotary;
mod self_attention;
mod settings;
mod steps;
mod watched;

use crate::layer::Linear;

pub use cross_attention::CrossAttention;
pub(crate) use rotary::{angles, rotate};
pub use self_attention::SelfAttention;
pub use settings::{AttentionMask, AttentionSettings, NoMask, Rotary, SlidingWindow};
#[doc(hidden)]
pub use steps::StepsGrad;
pub use steps::StepsOf;

/// A linear map of an attention layer with the settings `M`.
type LinearOf<const IN: usize, const OUT: usize, M, T> =
    Linear<IN, OUT, T, <M as AttentionSettings>::Bias<OUT, T>>;
