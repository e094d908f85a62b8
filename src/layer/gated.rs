//! Gated linear units: one half of the input is the gate of the other half.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::compare::comparable;
use super::halves_at::HalvesAt;
use super::onnx::Form;
use super::window_at::window_at;
use super::{
    Activation, At, Backward, BackwardHook, Effect, Gelu, Layer, Mode, Plan, Sigmoid, Silu, Then,
    WorkspaceMut, check_lengths,
};
use crate::kernel::{Elementwise, Level, Portable, Real, elementwise};
use crate::tensor::side::{Halve, Side, Sides};
use crate::tensor::{Channels, Image, Sequence, Tensor, Vector};

/// The gated linear unit: multiplies the first half of the input by the sigmoid of the second half.
///
/// Forward `y = a ⊗ σ(b)`, where a is the first half of the input and b the second; backward
/// `da = σ(b) dy`, `db = a σ'(b) dy`.
///
/// # Shapes
/// Halves the features of a `Vector` or a `Sequence`, or the channels of an `Image`: `Vector<16>` to `Vector<8>`. Their
/// number must be even.
///
/// # Gradient flow
/// The gradient of a is multiplied by σ(b) and by no g', so it does not vanish where the gate is open.
///
/// # Source
/// Dauphin, Fan, Auli, Grangier, "Language modeling with gated convolutional networks", ICML 2017, eq. 1. The halves
/// are in the order of PyTorch's `nn.GLU`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Glu.predict(&Vector([3.0, 5.0, 0.0, 1e4]))?, Vector([1.5, 5.0]));
/// assert_eq!(Glu.predict(&Sequence([[3.0, 0.0], [5.0, 1e4]]))?, Sequence([[1.5], [5.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.GLU", "gated linear unit"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Glu;

/// The gated linear unit with the gate [`Silu`].
///
/// Forward `y = a ⊗ silu(b)`, where a is the first half of the input and b the second; backward
/// `da = silu(b) dy`, `db = a silu'(b) dy`.
///
/// # Shapes
/// Halves the features of a `Vector` or a `Sequence`, or the channels of an `Image`: `Vector<16>` to `Vector<8>`. Their
/// number must be even.
///
/// # Gradient flow
/// The same as [`Glu`], except that the gate has no upper limit: y grows like the square of its input.
///
/// # Source
/// Shazeer, "GLU variants improve transformer", arXiv 2002.05202, eq. 6. The gate is the second half, as in [`Glu`]. If
/// the gate is the first half in other weights, such as Llama's, exchange the halves.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(SwiGlu.predict(&Vector([3.0, 5.0, 0.0, 1e4]))?, Vector([0.0, 5e4]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("SwiGLU", "Llama feed-forward"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct SwiGlu;

/// The gated linear unit with the gate [`Gelu`].
///
/// Forward `y = a ⊗ gelu(b)`, where a is the first half of the input and b the second; backward
/// `da = gelu(b) dy`, `db = a gelu'(b) dy`.
///
/// # Shapes
/// Halves the features of a `Vector` or a `Sequence`, or the channels of an `Image`: `Vector<16>` to `Vector<8>`. Their
/// number must be even.
///
/// # Gradient flow
/// The same as [`SwiGlu`].
///
/// # Source
/// Shazeer, "GLU variants improve transformer", arXiv 2002.05202, eq. 6. The gate is the second half, as in [`Glu`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(GeGlu.predict(&Vector([3.0, 5.0, 0.0, 1e4]))?, Vector([0.0, 5e4]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("gated GELU", "T5 feed-forward"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct GeGlu;

/// Computes a g(b).
struct Apply<A>(PhantomData<fn() -> A>);

impl<A: Activation, T: Real> Elementwise<T, 2, 1> for Apply<A> {
    #[inline(always)]
    fn apply(&self, read: [T; 2], write: [T; 1]) -> [T; 1] {
        self.apply_at::<Portable>(read, write)
    }

    #[inline(always)]
    fn apply_at<L: Level>(&self, [a, b]: [T; 2], _: [T; 1]) -> [T; 1] {
        [a * A::apply_at::<L, T>(b)]
    }
}

/// Computes the gradients of a and b from a, b and dy.
struct Differentiate<A>(PhantomData<fn() -> A>);

impl<A: Activation, T: Real> Elementwise<T, 3, 2> for Differentiate<A> {
    #[inline(always)]
    fn apply(&self, read: [T; 3], write: [T; 2]) -> [T; 2] {
        self.apply_at::<Portable>(read, write)
    }

    #[inline(always)]
    fn apply_at<L: Level>(&self, [a, b, dy]: [T; 3], _: [T; 2]) -> [T; 2] {
        let g = A::apply_at::<L, T>(b);
        [dy * g, dy * (a * A::derivative_at::<L, T>(b, g))]
    }
}

/// Returns the effect of a gate.
const fn effect<A: Activation>() -> Effect {
    match A::EFFECT {
        Effect::Activation(moments) => Effect::Gate(moments),
        other => other,
    }
}

/// Computes `y = a g(b)`. `half` is how many numbers one half of a row has.
fn forward<A: Activation, T: Real>(half: usize, x: &[T], y: &mut [T]) {
    for (x, y) in x.chunks_exact(2 * half).zip(y.chunks_exact_mut(half)) {
        let (a, b) = x.split_at(half);
        elementwise(&Apply::<A>(PhantomData), [a, b], [y]);
    }
}

fn backward<A: Activation, T: Real>(half: usize, [x, dy]: [&[T]; 2], dx: &mut [T]) {
    let rows = x.chunks_exact(2 * half).zip(dy.chunks_exact(half));
    for (dx, (x, dy)) in dx.chunks_exact_mut(2 * half).zip(rows) {
        let ((a, b), (da, db)) = (x.split_at(half), dx.split_at_mut(half));
        elementwise(&Differentiate::<A>(PhantomData), [a, b, dy], [da, db]);
    }
}

/// Calls the hook with the numbers of the gate, g(b).
fn show_gate<A: Activation, T: Real>(half: usize, x: &[T], hook: &mut dyn BackwardHook) {
    let rows = x.chunks_exact(2 * half);
    hook.gate("gate", &mut rows.flat_map(|x| &x[half..]).map(|&b| A::apply(b).to_f64()));
}

macro_rules! gated {
    ($layer:ident, $Gate:ty; $([$($generics:tt)*] $X:ty => $Y:ty, $C:ident;)+) => {
        comparable!([] $layer);

        $(
            impl<$($generics)*, T: Real> Layer<$X> for $layer
            where
                Side<$C>: Halve,
                $Y: Sides<T>,
            {
                type Output = <$Y as Sides<T>>::Tensor;
                const PLAN: Plan = Plan::leaf::<$X, Self>()
                    .effect(effect::<$Gate>())
                    .form(Form::Gated(&<$Gate as Activation>::ONNX));

                fn forward(
                    &self,
                    input: &[$X],
                    output: &mut [Self::Output],
                    _: WorkspaceMut<'_>,
                    _: &mut Mode<'_>,
                ) {
                    check_lengths(input.len(), output.len());
                    let half = $C / 2 * <$X as Channels<$C>>::EACH;
                    forward::<$Gate, T>(half, Tensor::flat(input), Tensor::flat_mut(output));
                }

                fn backward(&self, pass: Backward<'_, $X, Self>) {
                    pass.check_lengths();
                    let Backward { input, output_grad, input_grad, .. } = pass;
                    let Some(input_grad) = input_grad else { return };
                    let half = $C / 2 * <$X as Channels<$C>>::EACH;
                    let read = [Tensor::flat(input), Tensor::flat(output_grad)];
                    backward::<$Gate, T>(half, read, Tensor::flat_mut(input_grad));
                }

                fn backward_with_hook(
                    &self,
                    pass: Backward<'_, $X, Self>,
                    hook: Option<&mut dyn BackwardHook>,
                ) {
                    if let Some(hook) = hook {
                        let half = $C / 2 * <$X as Channels<$C>>::EACH;
                        show_gate::<$Gate, T>(half, Tensor::flat(pass.input), hook);
                    }
                    self.backward(pass);
                }
            }

            impl<const PLACE: usize, $($generics)*, T: Real, Halved> At<PLACE, $X> for $layer
            where
                $X: HalvesAt<PLACE, Self, Check = Halved>,
                Halved: Then<$X, Self>,
            {
                window_at!(@items $X, Halved);
            }
        )+
    };
}

macro_rules! gated_by {
    ($layer:ident, $Gate:ty) => {
        gated! {
            $layer, $Gate;
            [const C: usize] Vector<C, T> => (<Side<C> as Halve>::Out,), C;
            [const STEPS: usize, const C: usize]
            Sequence<STEPS, C, T> => (Side<STEPS>, <Side<C> as Halve>::Out), C;
            [const C: usize, const H: usize, const W: usize]
            Image<C, H, W, T> => (<Side<C> as Halve>::Out, Side<H>, Side<W>), C;
        }
    };
}
gated_by!(Glu, Sigmoid);
gated_by!(SwiGlu, Silu);
gated_by!(GeGlu, Gelu);
