// Tier 4.
//! Layers that contain other layers. Their backward passes apply the chain rule.
//!
//! | type | forward | backward |
//! |---|---|---|
//! | tuple `(F, G, ..)`, of 1 to 16 layers | `y = G(F(x))` | `dx = J_F' J_G' dy` |
//! | array `[F; N]`, layers of one type | `y = F(F(..F(x)))`, each with its own parameters | one factor for each |
//! | [`Residual<F>`](Residual) | `y = F(x) + x` | `dx = J_F' dy + dy` |
//! | [`Residual<F, S>`](Residual), a shortcut layer | `y = F(x) + S(x)` | `dx = J_F' dy + J_S' dy` |
//! | [`Highway<F, N>`](Highway), with a gate t = σ(W x + b) | `y = t F(x) + (1 - t) x` | `dx = J_F' (t dy) + W dz + (1 - t) dy` |
//! | [`Concat<(F, G)>`](Concat), of 2 to 4 branches | `y = [F(x), G(x)]` | `dx = J_F' dy_F + J_G' dy_G` |
//! | [`Parallel<F, G>`](Parallel), on a [`Pair`](crate::tensor::Pair) | `y = (F(a), G(b))` | `da = J_F' dy_F`, `db = J_G' dy_G` |
//! | [`OnFirst<F>`](OnFirst), on a pair | `y = (F(a), b)` | `da = J_F' dy_1`, `db = dy_2` |
//! | [`ResidualWithMemory<F>`](ResidualWithMemory), on a pair | `y = (a + F(a, b), b)` | `(da, db) = J_F' dy_1 + dy` |
//! | [`First`], [`Second`], of a pair | `a`, `b` | `da = dy`, `db = dy` |
//! | [`Duplicate`], [`Sum`], [`Join`] | `(x, x)`, `a + b`, `[a, b]` | `dx = dy_1 + dy_2`, `da = db = dy`, `dy` split |
//! | [`Product`], [`Difference`], [`Quotient`], [`Maximum`], [`Minimum`] | `a ⊗ b`, `a - b`, `a / b`, .. | `da = b ⊗ dy`, `db = a ⊗ dy`, .. |
//! | [`PerStep<F>`](PerStep), on a sequence | `y_t = F(x_t)` | `dx_t = J_F' dy_t`; the gradients with respect to the parameters are added |
//! | [`Shared<F, N>`](Shared), one layer applied `N` times | `y = F(F(..F(x)))` | one factor for each; the gradients with respect to the parameters are added |
//! | [`SelfAttention`], on a sequence; [`CrossAttention`], on a pair of two | `y_t = W_o Σ_u p(t, u) W_v x_u` | two paths: through the values and through the weights p |
//! | [`Tied<VOCAB, WIDTH, F>`](Tied), an embedding W that is also the output layer | `y = F(W[x]) Wᵀ` | `dh = dy W`, through F; both gradients of W are added |
//! | [`Evaluate<F>`](Evaluate), a part that stays in evaluation mode | `y = F(x)`, in training too | `dx = J_F' dy` |
//!
//! [`transformer`] has the blocks of transformers, which combine these layers.
//!
//! Each of them is a layer, so they can be nested. The skip connection A(n) = g(Z(n) + Z(n-k)) of He et al. 2016 gives
//! the gradient two terms. The first is dR/dA(n) · g'(Z(n) + Z(n-k)) times the product of all W and g' of the k layers
//! in between. The second is the same without that product, so it remains if the product vanishes. As types:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! /// Z(n-k) goes into the branch, here k = 2, and Z(n) + Z(n-k) comes out of the block.
//! type Skip<const N: usize> = Residual<(Tanh, Linear<N, N>, Tanh, Linear<N, N>)>;
//!
//! /// Post-activation: the output of the first layer is Z(n-k), and g follows the sum.
//! type Block<const N: usize> = (Linear<N, N>, Skip<N>, Tanh);
//! type PostActivation = (Linear<8, 32>, [Block<32>; 10], Linear<32, 4>);
//! /// Pre-activation: g is in the branches only, and nothing is between two sums.
//! type PreActivation = (Linear<8, 32>, [Skip<32>; 10], Linear<32, 4>);
//! # let x = Vector([1.0; 8]);
//! # PostActivation::init(&mut rng(0)).predict(&x)?;
//! # PreActivation::init(&mut rng(0)).predict(&x)?;
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! The workspace of a stack stores the outputs of its layers. In the backward pass each layer gets its input and output
//! again.
#![doc(alias("Sequential", "nn.Sequential", "MLP", "multilayer perceptron"))]

mod array;
mod attention;
mod bidirectional;
mod concat;
mod declared;
mod evaluate;
mod highway;
mod in_a_row;
mod memory;
mod named;
mod pair;
mod pairwise;
mod per_step;
mod place;
mod residual;
mod shared;
mod similarity;
mod summand;
mod tied;
pub mod transformer;
mod tuple;

use chainrule_parameters::{Segment, ViewMut};

#[cfg(doc)]
use crate::layer::Plan;
use crate::layer::compare::set_zero;
use crate::layer::{Backward, BackwardHook, Layer, backward_watched};
use crate::tensor::Sample;

#[doc(hidden)]
pub use attention::StepsGrad;
pub use attention::{
    AttentionMask, AttentionSettings, CrossAttention, NoMask, Rotary, SelfAttention, SlidingWindow, StepsOf,
};
pub(crate) use attention::{angles, rotate};
pub use bidirectional::Bidirectional;
#[doc(hidden)]
pub use chainrule_derive::network;
pub use concat::{Branches, Concat};
#[doc(hidden)]
pub use declared::{Arrival, Between, Unknown, Wrong, before, check_constants};
#[cfg(feature = "alloc")]
pub(crate) use evaluate::EVALUATED;
pub use evaluate::Evaluate;
pub use highway::Highway;
pub(crate) use highway::mix;
pub use memory::{First, OnFirst, ResidualWithMemory, Second};
#[doc(hidden)]
pub use named::{Stack, Unchecked, named};
pub use pair::{Duplicate, Join, Parallel, Sum};
pub use pairwise::{Difference, Maximum, Minimum, Product, Quotient};
pub use per_step::PerStep;
#[doc(hidden)]
pub use per_step::Step;
#[doc(hidden)]
pub use place::{
    AddsToBranch, AddsToSummand, Both, BranchesAt, HighwayBranchAt, JoinedBefore, JoinedBehind, KnownOutput,
    OperandAt, PairedOperand, SameShapeAsInputAt, SameShapeAt, StepAt, SumWithFirst, SumWithFirstAt,
    SummandAt,
};
pub use residual::Residual;
pub use shared::Shared;
pub use similarity::{CosineSimilarity, PairwiseDistance};
pub use tied::Tied;
pub(crate) use tied::scores;
#[doc(hidden)]
pub use tied::{Hidden, TiedOutput};
pub use transformer::{
    DecoderBlock, FeedForward, PostNorm, PostNormDecoderBlock, PostNormTransformerBlock, PreNorm,
    TransformerBlock, TransformerDecoder, TransformerEncoder,
};
#[doc(hidden)]
pub use tuple::{Chain, LayerRefs};

/// Runs the backward pass of a layer that is inside another layer, and calls the hook before and after it. `name` is
/// the name of the inner layer in the [`children`](Plan::children) of the plan.
///
/// A layer that contains layers calls this function for each of them in [`Layer::backward_with_hook`], so that reports
/// on the gradient flow include them. [The guide](crate::guide::your_own_layer) has a complete example.
///
/// `pass.accumulate` is the flag of the outer layer. If it is `false`, the gradient of the inner layer is overwritten,
/// whether or not the inner layer [overwrites](Layer::OVERWRITES) by itself. So the outer layer sets `OVERWRITES` to
/// `true`.
#[inline]
pub fn backward_child<X: Sample, L: Layer<X>>(
    name: Segment,
    layer: &L,
    pass: Backward<'_, X, L>,
    hook: &mut Option<&mut dyn BackwardHook>,
) {
    if !L::OVERWRITES && !pass.accumulate && L::COUNT > 0 {
        set_zero(ViewMut::of(&mut *pass.gradient));
    }
    match hook {
        None => layer.backward(pass),
        Some(hook) => backward_watched(name, layer, pass, &mut **hook),
    }
}
