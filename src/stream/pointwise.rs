//! Layers whose output at a step depends only on that step.

use super::Stream;
use crate::bounds::SameScalar;
use crate::error::require;
use crate::kernel::Real;
use crate::layer::{
    Affine, AffineOf, AlphaDropout, BatchNorm, ChannelPRelu, Checked, Dense, Dropout, Embedding,
    FixedWorkspace, GateLinear, GaussianDropout, GaussianNoise, GeGlu, Glu, Identity, LastStep, Layer,
    LayerNorm, Linear, LogSoftmax, Mode, NoBias, NormSettings, PRelu, RmsNorm, Softmax, Softmin, SwiGlu,
};
use crate::layer::{AsWorkspace, Bias, Needs, Space};
use crate::stack::{Difference, Duplicate, Join, Maximum, Minimum, PerStep, Product, Quotient, Sum};
use crate::tensor::{Join2, Pair, SameSample, Sample, Tensor, Token, Vector};

/// Computes one step by the forward pass of a layer, in evaluation mode, on a batch of one. See the example of
/// [`Stream`].
///
/// The layer's workspace for one step is on the stack, in at most twice as many bytes. A layer that needs more than 1
/// MiB does not compile.
pub fn stream_by_forward<X: Sample, L: Layer<X>>(layer: &L, input: &X, output: &mut L::Output) {
    /// Calls `forward_in` with the smallest of these numbers of cache lines that is large enough.
    macro_rules! forward_in_one_of {
        ($($lines:literal)+) => {
            $(if const { lines_of_a_step::<X, L>() <= $lines } {
                return forward_in::<$lines, X, L>(layer, input, output);
            })+
        };
    }
    const { require(lines_of_a_step::<X, L>() <= 16384, "one step of this layer needs more than 1 MiB of memory") };
    forward_in_one_of!(0 2 4 8 16 32 64 128 256 512 1024 2048 4096 8192 16384);
}

/// Returns the number of cache lines that the layer needs for one step.
const fn lines_of_a_step<X: Sample, L: Layer<X>>() -> usize {
    let [saved, scratch] = Checked::<X, L>::PLAN.prediction_lines(Space::NONE, 1);
    saved + scratch
}

/// Runs the forward pass in a workspace of this many cache lines.
#[inline(never)]
fn forward_in<const LINES: usize, X: Sample, L: Layer<X>>(layer: &L, input: &X, output: &mut L::Output) {
    let mut workspace = FixedWorkspace::<LINES>::new();
    if let Ok(workspace) = workspace.for_pass(Needs::prediction::<X, L>(1)) {
        let (input, output) = (core::slice::from_ref(input), core::slice::from_mut(output));
        layer.forward(input, output, workspace, &mut Mode::Evaluate);
    }
}

/// Implements [`Stream`] for a layer without a state.
macro_rules! pointwise {
    ([$($generics:tt)*] $layer:ty, $X:ty => $Y:ty) => {
        impl<$($generics)*> Stream<$X> for $layer {
            type Output = $Y;
            type State = ();
            #[inline]
            fn start(&self) {}
            #[inline]
            fn step_into(&self, input: &$X, output: &mut $Y, _: &mut ()) {
                stream_by_forward(self, input, output);
            }
        }
    };
}

pointwise!([X: Tensor] Identity, X => X);
pointwise!([X: Tensor, const PER_CENT: u32] Dropout<PER_CENT>, X => X);
pointwise!([const N: usize, T: Real] Softmax, Vector<N, T> => Vector<N, T>);
pointwise!([const N: usize, T: Real] LogSoftmax, Vector<N, T> => Vector<N, T>);
pointwise!([T: Real, X: Tensor<Scalar = T>] PRelu<T>, X => X);
pointwise!(
    [const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>>] LayerNorm<Vector<N, T>, S, A>,
    Vector<N, T> => Vector<N, T>
);
pointwise!(
    [const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>, Bias = NoBias>] RmsNorm<Vector<N, T>, S, A>,
    Vector<N, T> => Vector<N, T>
);
pointwise!(
    [const N: usize, T: Real, S: NormSettings, A: AffineOf<Vector<N, T>>] BatchNorm<N, T, S, A>,
    Vector<N, T> => Vector<N, T>
);
pointwise!([X: Tensor, const PER_CENT: u32] AlphaDropout<PER_CENT>, X => X);
pointwise!([X: Tensor, const PER_CENT: u32] GaussianDropout<PER_CENT>, X => X);
pointwise!([X: Tensor, const NUM: u32, const DEN: u32] GaussianNoise<NUM, DEN>, X => X);
pointwise!([const N: usize, T: Real] Softmin, Vector<N, T> => Vector<N, T>);
pointwise!([const N: usize, T: Real] ChannelPRelu<N, T>, Vector<N, T> => Vector<N, T>);
pointwise!(
    [const N: usize, T: Real, A: AffineOf<Vector<N, T>>] Affine<N, T, A>,
    Vector<N, T> => Vector<N, T>
);

pointwise!(
    [const VOCAB: usize, const WIDTH: usize, T: Real] Embedding<VOCAB, WIDTH, T>,
    Token<VOCAB> => Vector<WIDTH, T>
);

pointwise!([X: Tensor] Duplicate, X => Pair<X, X>);
pointwise!([A: Tensor + Join2<B>, B: Tensor<Scalar = A::Scalar>] Join, Pair<A, B> => A::Joined);

/// Implements [`Stream`] for layers that combine the halves of a pair elementwise.
macro_rules! pairwise {
    ($($layer:ident),+) => {$(
        pointwise!([A: Tensor, B: Tensor + SameSample<A>] $layer, Pair<A, B> => A);
    )+};
}
pairwise!(Sum, Product, Difference, Quotient, Maximum, Minimum);

/// Implements [`Stream`] for a gate. Its output has half as many features as its input.
macro_rules! gate {
    ($($gate:ident),+) => {$(
        impl<const N: usize, T: Real, Y: Tensor> Stream<Vector<N, T>> for $gate
        where
            $gate: Layer<Vector<N, T>, Output = Y>,
        {
            type Output = Y;
            type State = ();
            #[inline]
            fn start(&self) {}
            #[inline]
            fn step_into(&self, input: &Vector<N, T>, output: &mut Y, _: &mut ()) {
                stream_by_forward(self, input, output);
            }
        }
    )+};
}
gate!(Glu, SwiGlu, GeGlu);

/// The inner layer gets a sequence as a batch of steps. Each step has the same bits as a single step, because the order
/// of the sums in a product does not depend on the number of rows.
impl<const N: usize, T: Real, F: Layer<Vector<N, T>, Output: Tensor>> Stream<Vector<N, T>> for PerStep<F> {
    type Output = F::Output;
    type State = ();
    #[inline]
    fn start(&self) {}
    #[inline]
    fn step_into(&self, input: &Vector<N, T>, output: &mut F::Output, _: &mut ()) {
        stream_by_forward(&self.layer, input, output);
    }
}

// The samples after a `LastStep` are vectors.
pointwise!(
    [const IN: usize, const OUT: usize, T: Real, B: Bias<Vector<OUT, T>>] Linear<IN, OUT, T, B>,
    Vector<IN, T> => Vector<OUT, T>
);
pointwise!([In: Tensor, Out: SameScalar<In>, B: Bias<Out>] Dense<In, Out, B>, In => Out);
pointwise!(
    [const N: usize, const START: i32, T: Real] GateLinear<N, START, T>,
    Vector<N, T> => Vector<N, T>
);

/// The newest step is the last step of the sequence so far.
impl<const N: usize, T: Real> Stream<Vector<N, T>> for LastStep {
    type Output = Vector<N, T>;
    type State = ();
    #[inline]
    fn start(&self) {}
    #[inline]
    fn step_into(&self, input: &Vector<N, T>, output: &mut Vector<N, T>, _: &mut ()) {
        *output = *input;
    }
}
