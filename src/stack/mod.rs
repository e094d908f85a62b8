//! Floor 4: what makes layers out of layers. This is the chain rule itself.
//!
//! | type | forward | backward |
//! |---|---|---|
//! | tuple `(F, G, ..)`, of 1 to 16 layers | `y = G(F(x))` | `dx = J_F' J_G' dy` |
//! | array `[F; N]`, equal layers in a row | `y = F(F(..F(x)))`, each with its own parameters | one factor for each |
//! | [`Residual<F>`](Residual) | `y = F(x) + x` | `dx = J_F' dy + dy` |
//! | [`Residual<F, S>`](Residual), a shortcut layer | `y = F(x) + S(x)` | `dx = J_F' dy + J_S' dy` |
//! | [`Concat<(F, G)>`](Concat), of 2 to 4 branches | `y = [F(x), G(x)]` | `dx = J_F' dy_F + J_G' dy_G` |
//!
//! Each of them is a layer, so they nest at will. The skip connection of the notes, A(n) = g(Z(n) + Z(n-k)), is
//!
//! ```
//! use chainrule::prelude::*;
//!
//! /// Z(n-k) goes into the branch, here k = 2, and Z(n) + Z(n-k) comes out of the block.
//! type Skip<const N: usize> = Residual<(Tanh, Linear<N, N>, Tanh, Linear<N, N>)>;
//!
//! /// Post-activation, as in the notes: the first layer gives Z(n-k), and the sum meets g.
//! type Block<const N: usize> = (Linear<N, N>, Skip<N>, Tanh);
//! type PostActivation = (Linear<8, 32>, [Block<32>; 10], Linear<32, 4>);
//! /// Pre-activation: the sums follow one another untouched, and g stands only in the branches.
//! type PreActivation = (Linear<8, 32>, [Skip<32>; 10], Linear<32, 4>);
//! # let x = Vector([1.0; 8]);
//! # PostActivation::init(&mut rng(0)).predict(&x)?;
//! # PreActivation::init(&mut rng(0)).predict(&x)?;
//! # Ok::<(), chainrule::Error>(())
//! ```
//!
//! The stack owns the samples between its layers, one buffer for each boundary, and hands every layer its own input and
//! output again on the way back.

mod array;
mod concat;
mod named;
mod residual;
mod tuple;

use crate::layer::{Layer, Probe, Seen, Segment};
use crate::tensor::Tensor;

pub use array::{ArrayTape, Repeatable};
pub use concat::{Branches, Concat, ConcatTape};
#[doc(hidden)]
pub use named::Declared;
pub use residual::{Addable, Residual, ResidualTape};
pub use tuple::{AtMostSixteen, Chain, Lend};

/// The backward pass through one child of a stack, shown to the probe.
#[allow(clippy::too_many_arguments)]
#[inline]
fn backward_child<X: Tensor, L: Layer<X>, P: Probe>(
    name: impl Into<Segment>,
    layer: &L,
    input: &[X],
    output: &[L::Output],
    output_grad: &[L::Output],
    mut input_grad: Option<&mut [X]>,
    gradient: &mut L,
    tape: &mut L::Tape,
    probe: &mut P,
) {
    probe.enter::<X, L>(name.into());
    layer.backward(input, output, output_grad, input_grad.as_deref_mut(), gradient, tape, probe);
    probe.leave(Seen { layer, input, output, output_grad, input_grad: input_grad.as_deref(), gradient });
}
