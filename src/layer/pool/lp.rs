use super::general::{Norm, each, general_pool, sliding};
use super::{Output, Pooled};
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::window_at::window_at;
use crate::layer::{Backward, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Image, Sample, Sequence, Tensor};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// The `P`-norm of each `K` x `K` window, channel by channel.
///
/// Forward `y = (Σ |x|ᴾ)^(1/P)` over the window; backward `dx = Σ sign(x) (|x| / y)^(P - 1) dy` over all windows that
/// contain the pixel. The norm of a window of zeros has no derivative; its gradient is set to 0.
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, (H - K) / STRIDE + 1, (W - K) / STRIDE + 1>`, rounded down. `STRIDE` is `K`
/// by default. `P` is at least 1.
///
/// # Gradient flow
/// For windows that do not overlap, the norm of the Jacobian is at most 1 for P ≥ 2, and K for P = 1. The layer lies
/// between the sum of absolute values (P = 1) and their maximum (P → ∞).
///
/// # Source
/// Gulcehre, Cho, Pascanu, Bengio, "Learned-norm pooling for deep feedforward and recurrent neural networks", ECML
/// 2014, eq. 3, without the division by the count. The results equal those of ONNX's `LpPool`. For even P they also
/// equal those of PyTorch's `nn.LPPool2d`, which does not take absolute values.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// assert_eq!(LpPool2d::<2, 2>.predict(&Image([[[3.0, 0.0], [0.0, -4.0]]]))?, Image([[[5.0]]]));
/// assert_eq!(LpPool2d::<1, 2>.predict(&Image([[[3.0, 0.0], [0.0, -4.0]]]))?, Image([[[7.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LPPool2d", "power-average pooling", "L2 pooling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "LpPool2d<{P}, {K}, {STRIDE}>")]
pub struct LpPool2d<const P: u8, const K: usize, const STRIDE: usize = K>;

/// The `P`-norm of each feature in each window of `K` steps.
///
/// Forward and backward as in [`LpPool2d`].
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<(STEPS - K) / STRIDE + 1, FEATURES>`, rounded down. `STRIDE` is
/// `K` by default. `P` is at least 1.
///
/// # Gradient flow
/// The same as [`LpPool2d`], with √K for P = 1.
///
/// # Source
/// The same as [`LpPool2d`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[3.0], [-4.0], [0.0], [2.0]]);
/// assert_eq!(LpPool1d::<2, 2>.predict(&steps)?, Sequence([[5.0], [2.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.LPPool1d", "L2 pooling"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "LpPool1d<{P}, {K}, {STRIDE}>")]
pub struct LpPool1d<const P: u8, const K: usize, const STRIDE: usize = K>;

pub(super) const NO_POWER: &[Part] = &[Part::Text("has the power 0: the power of a norm must be at least 1")];

/// No padding.
const P0: usize = 0;

window_at!([const P: u8, const K: usize, const S: usize, const C: usize, const H: usize, const W: usize, T: Real] LpPool2d<P, K, S>, Image<C, H, W, T>, K, S, P0);
window_at!([const P: u8, const K: usize, const S: usize, const STEPS: usize, const FEATURES: usize, T: Real] LpPool1d<P, K, S>, Sequence<STEPS, FEATURES, T>, K, S, P0);

comparable!([const P: u8, const K: usize, const STRIDE: usize] LpPool2d<P, K, STRIDE>);
comparable!([const P: u8, const K: usize, const STRIDE: usize] LpPool1d<P, K, STRIDE>);

general_pool!(
    [const P: u8, const K: usize, const S: usize, const C: usize, const H: usize, const W: usize] LpPool2d<P, K, S>,
    Image<C, H, W, T> => Output<K, S, 0, Image<C, H, W, T>>,
    Norm<P>,
    [sliding(H, <Self::Output as Sample>::SHAPE[1], K, S, 1, [0, 0]), sliding(W, <Self::Output as Sample>::SHAPE[2], K, S, 1, [0, 0])],
    [Image<C, H, W, T>: Pooled<K, S, 0>],
    plan .window(Window::of(K, S, 0)).requires(P > 0, NO_POWER)
);
general_pool!(
    [const P: u8, const K: usize, const S: usize, const STEPS: usize, const FEATURES: usize] LpPool1d<P, K, S>,
    Sequence<STEPS, FEATURES, T> => Output<K, S, 0, Sequence<STEPS, FEATURES, T>>,
    Norm<P>,
    [sliding(STEPS, <Self::Output as Sample>::SHAPE[0], K, S, 1, [0, 0]), each(FEATURES)],
    [Sequence<STEPS, FEATURES, T>: Pooled<K, S, 0>],
    plan .window(Window::of(K, S, 0)).requires(P > 0, NO_POWER)
);
