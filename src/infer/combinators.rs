//! Layers that contain layers, other than tuples. The layers inside have the same place as the outer layer.

use core::marker::PhantomData;

use chainrule_derive::Parameters;

use super::sizeless::without_sizes;
use super::{After, HasSizes, InferredAt, Shortcut};
use crate::kernel::Real;
use crate::layer::{At, Backward, Layer, Mode, PRelu, WorkspaceMut};
use crate::stack::{
    Branches, Concat, Evaluate, Highway, OnFirst, Parallel, PerStep, Residual, ResidualWithMemory, Shared,
};
use crate::tensor::{Pair, Sample, Sequence, Tensor, Vector};

impl<const PLACE: usize, X: Sample, F: After<PLACE, X>, const N: usize> After<PLACE, X> for [F; N]
where
    [F::Layer; N]: At<PLACE, X>,
{
    type Layer = <[F::Layer; N] as At<PLACE, X>>::Layer;
}

impl<const PLACE: usize, X: Sample, F: After<PLACE, X>, const N: usize> After<PLACE, X> for Shared<F, N>
where
    Shared<F::Layer, N>: Layer<X>,
{
    type Layer = Shared<F::Layer, N>;
}

impl<const PLACE: usize, X: Sample, F: After<PLACE, X>> After<PLACE, X> for Evaluate<F>
where
    Evaluate<F::Layer>: Layer<X>,
{
    type Layer = Evaluate<F::Layer>;
}

impl<const PLACE: usize, const STEPS: usize, const IN: usize, T: Real, F: After<PLACE, Vector<IN, T>>>
    After<PLACE, Sequence<STEPS, IN, T>> for PerStep<F>
where
    PerStep<F::Layer>: At<PLACE, Sequence<STEPS, IN, T>>,
{
    type Layer = <PerStep<F::Layer> as At<PLACE, Sequence<STEPS, IN, T>>>::Layer;
}

impl<const PLACE: usize, X, F, S, Y> After<PLACE, X> for Residual<F, S>
where
    X: Tensor + InferredAt<PLACE, F, Output = Y>,
    Y: AddsToShortcut<PLACE, X, S>,
    Residual<<X as InferredAt<PLACE, F>>::Layer, Y::Shortcut>: At<PLACE, X>,
{
    type Layer = <Residual<<X as InferredAt<PLACE, F>>::Layer, Y::Shortcut> as At<PLACE, X>>::Layer;
}

impl<const PLACE: usize, const N: usize, const GATE_BIAS: i32, T: Real, F: After<PLACE, Vector<N, T>>>
    After<PLACE, Vector<N, T>> for Highway<F, N, GATE_BIAS, T>
where
    Highway<F::Layer, N, GATE_BIAS, T>: At<PLACE, Vector<N, T>>,
{
    type Layer = <Highway<F::Layer, N, GATE_BIAS, T> as At<PLACE, Vector<N, T>>>::Layer;
}

/// A highway block around the branch `F`. The length of its input vector is inferred. It becomes a [`Highway`].
///
/// ```
/// use chainrule::prelude::*;
/// type Net = Infer<Vector<8>, (LinearTo<32>, [AutoHighway<(LinearTo<32>, Tanh), -1>; 5])>;
/// let net: Owned<(Linear<8, 32>, [Highway<(Linear<32, 32>, Tanh), 32, -1>; 5])> = Net::init(&mut rng(0));
/// ```
#[derive(Clone, Copy, Debug, Parameters)]
#[parameters(infer = own)]
pub struct AutoHighway<F: 'static, const GATE_BIAS: i32 = -2> {
    #[parameter(skip)]
    branch: PhantomData<fn() -> F>,
}

impl<const PLACE: usize, const N: usize, const GATE_BIAS: i32, T: Real, F: After<PLACE, Vector<N, T>>>
    After<PLACE, Vector<N, T>> for AutoHighway<F, GATE_BIAS>
where
    Highway<F::Layer, N, GATE_BIAS, T>: At<PLACE, Vector<N, T>>,
{
    type Layer = <Highway<F::Layer, N, GATE_BIAS, T> as At<PLACE, Vector<N, T>>>::Layer;
}

without_sizes!([F: 'static, const GATE_BIAS: i32] AutoHighway<F, GATE_BIAS>);

/// The output of a branch next to the shortcut `S`. The bound is on the sample, so that the compiler waits until the
/// sample type is inferred.
#[doc(hidden)]
pub trait AddsToShortcut<const PLACE: usize, X: Tensor, S>: Sample {
    type Shortcut: Layer<X>;
}

impl<const PLACE: usize, X: Tensor, Y: Sample, S: Shortcut<PLACE, X, Y>> AddsToShortcut<PLACE, X, S> for Y {
    type Shortcut = S::Layer;
}

impl<const PLACE: usize, A: Sample, B: Sample, F, G> After<PLACE, Pair<A, B>> for Parallel<F, G>
where
    F: After<PLACE, A>,
    G: After<PLACE, B>,
    Parallel<F::Layer, G::Layer>: Layer<Pair<A, B>>,
{
    type Layer = Parallel<F::Layer, G::Layer>;
}

impl<const PLACE: usize, A: Sample, B: Sample, F> After<PLACE, Pair<A, B>> for OnFirst<F>
where
    F: After<PLACE, A>,
    OnFirst<F::Layer>: Layer<Pair<A, B>>,
{
    type Layer = OnFirst<F::Layer>;
}

impl<const PLACE: usize, A: Sample, B: Sample, F> After<PLACE, Pair<A, B>> for ResidualWithMemory<F>
where
    F: After<PLACE, Pair<A, B>>,
    ResidualWithMemory<F::Layer>: Layer<Pair<A, B>>,
{
    type Layer = ResidualWithMemory<F::Layer>;
}

impl<const PLACE: usize, X: Tensor, B: BranchesAfter<PLACE, X>> After<PLACE, X> for Concat<B> {
    type Layer = Concat<B::Branches>;
}

/// The branches of a [`Concat`] on the input `X`: a tuple of 2 to 4 layers.
#[diagnostic::on_unimplemented(
    message = "a concatenation needs a tuple of 2 to 4 branches, not `{Self}`",
    label = "`{Self}` is not a tuple of 2 to 4 layers",
    note = "write the branches as a tuple, as in `Concat<(ConvTo<8, 3, 1, 1>, ConvTo<4, 5, 1, 2>)>`, and nest more than 4"
)]
pub trait BranchesAfter<const PLACE: usize, X: Tensor> {
    /// The branches, each with the size of its input.
    type Branches: Branches<X>;
}

macro_rules! branches {
    ($($L:ident)+) => {
        impl<const PLACE: usize, X: Tensor, $($L: After<PLACE, X>),+> BranchesAfter<PLACE, X> for ($($L,)+)
        where
            ($($L::Layer,)+): Branches<X>,
        {
            type Branches = ($($L::Layer,)+);
        }
    };
}
branches!(F G);
branches!(F G H);
branches!(F G H I);

/// `PRelu` without a scalar means `PRelu<f32>`. Inside `Infer` its scalar is that of the input instead.
impl<const PLACE: usize, X: Tensor, T: Real> After<PLACE, X> for PRelu<T> {
    type Layer = PRelu<X::Scalar>;
}
