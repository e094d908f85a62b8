use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::settings::{Plain, StepFields, StepSettings, StepWeights, WeightFields};
use super::steps::Steps;
use super::{Along, weights};
use crate::kernel::{Real, Strided};
use crate::layer::axis_at::ThenAxes;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::window_at::{SequenceAt, window_at};
use crate::layer::window_settings::WindowFields;
use crate::layer::{At, Backward, Cost, Effect, Factor, Layer, Mode, Plan, Then, WorkspaceMut};
use crate::tensor::side::{Side, Sides, SlideAlong};
use crate::tensor::{Aligned, Sequence, Vector, len};

/// A [`Conv1d`](crate::layer::Conv1d) with settings: dilation, groups, and other kinds of padding.
///
/// Forward `y[t, o] = b[o] + Σ W[k, i, o] x[S t + D k - P, i']`, zero outside the sequence, where i' is the ith feature
/// of the group of o; backward `dx[S t + D k - P, i'] = Σ W[k, i, o] dy[t, o]`, summed over all t, k and o with that
/// step and feature, `dW[k, i, o] = Σ dy[t, o] x[S t + D k - P, i']`, `db[o] = Σ dy[t, o]`.
///
/// # Settings
/// One setting, or a tuple of several in any order. Only [`Kernel<K>`](crate::layer::Kernel) has no default.
///
/// * [`Stride<S>`](crate::layer::Stride).
/// * [`Padding<P>`](crate::layer::Padding) at both ends, or [`PaddingEnds<BEFORE, AFTER>`](crate::layer::PaddingEnds).
/// * [`Same`](crate::layer::Same) or [`SameLower`](crate::layer::SameLower).
/// * [`Causal`](crate::layer::Causal): all padding is before the first step, so no output depends on a later step.
/// * [`Dilation<D>`](crate::layer::Dilation).
/// * [`Groups<G>`](crate::layer::Groups). `Groups<IN>` is a depthwise convolution, with OUT / IN filters for each
///   feature.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`; output `Sequence<(STEPS + padding - D (K - 1) - 1) / S + 1, OUT>`. With `Same` and
/// `Causal` the output has `STEPS / S` steps, rounded up. The compiler computes it for up to 2048 steps and
/// [some longer sequences](crate::tensor::side). The number of groups must divide IN and OUT. `weight` is
/// `[K, IN / GROUPS, OUT]`; PyTorch's is `[OUT, IN / GROUPS, K]`, with the axes in the opposite order. `bias` is
/// `[OUT]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Streams
/// With `Causal` and no stride, or with a window of one step, it can be part of a [`stream`](crate::stream). In
/// evaluation mode, a single sequence is computed step by step, with the same order of additions as in a stream, so
/// that the results are equal bit by bit. That takes up to twice the time per sequence of a batch.
///
/// # Gradient flow
/// Linear. The fan-in is `K IN / GROUPS`, the number of inputs that an output sums. The fan-out is `K OUT / GROUPS`,
/// the number of outputs that depend on an input if every window reaches it. (PyTorch's fan-out is `GROUPS` times
/// larger.)
///
/// # Source
/// Oord and others, "WaveNet: a generative model for raw audio" (2016), section 2.1 (causal and dilated); Dumoulin,
/// Visin, "A guide to convolution arithmetic for deep learning" (2016), sections 2 and 5.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // The difference between this step and the one two steps before it.
/// let mut slope = Conv1dWith::<1, 1, (Kernel<2>, Dilation<2>, Causal)>::zeros();
/// *slope.weight = [[[-1.0]], [[1.0]]];
/// let steps = Sequence([[1.0], [3.0], [9.0], [27.0]]);
/// assert_eq!(slope.predict(&steps)?, Sequence([[1.0], [3.0], [8.0], [24.0]]));
///
/// // The latency is 0: no output depends on a later step.
/// type Net = (Conv1dWith<1, 8, (Kernel<3>, Dilation<4>, Causal)>, Relu, Conv1dWith<8, 1, (Kernel<3>, Causal)>);
/// let reach = <Net as Layer<Sequence<100, 1>>>::PLAN.window.steps().unwrap();
/// assert_eq!((reach.receptive_field(), reach.latency()), (11, 0));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("dilated convolution", "causal convolution", "grouped convolution", "WaveNet"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "Conv1dWith<{IN}, {OUT}, {=Part::Name(&<S::Fields as WindowFields>::NAME)}{=scalar_and_bias::<Vector<OUT, T>, B>()}>"
)]
pub struct Conv1dWith<
    const IN: usize,
    const OUT: usize,
    S: StepWeights<IN, OUT>,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each step of the window and each input feature of a group, its weight for each output feature.
    #[parameter(weight, fan_in = S::TAPS, fan_out = S::FEEDS, layout = InputsFirst, shape = S::SHAPE, scalar = T)]
    pub weight: Aligned<<S::Fields as WeightFields<IN, OUT>>::OfSteps<T>>,
    /// b: one number for each output feature, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

/// The windows.
pub(crate) type Axis<S, const IN: usize, const OUT: usize> =
    <<S as StepSettings<Plain, IN, OUT>>::Is as StepFields<Plain, IN, OUT>>::Steps;

impl<
    const PLACE: usize,
    X,
    Checked,
    Fitting,
    const IN: usize,
    const OUT: usize,
    S: StepSettings<Plain, IN, OUT>,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> At<PLACE, X> for Conv1dWith<IN, OUT, S, T, B>
where
    X: SequenceAt<PLACE, Self, IN, T, Check = Checked>,
    Checked: ThenAxes<PLACE, X, Self, Axis<S, IN, OUT>, Check = Fitting>,
    Fitting: Then<X, Self>,
{
    window_at!(@items X, Fitting);
}

weights!(
    [const IN: usize, const OUT: usize, S: StepWeights<IN, OUT>, T: Real, B: Bias<Vector<OUT, T>>]
    Conv1dWith<IN, OUT, S, T, B>
);

impl<const IN: usize, const OUT: usize, S: StepSettings<Plain, IN, OUT>, T: Real, B: Bias<Vector<OUT, T>>>
    Conv1dWith<IN, OUT, S, T, B>
{
    pub(crate) const WINDOWS: Steps = Steps { axis: S::Is::AXIS, groups: S::GROUPS, transposed: false };

    /// Computes one step of the output from the steps in its window.
    #[inline]
    pub(crate) fn one_step(&self, window: &[T], output: &mut [T]) {
        let window = Strided::rows(window, S::Is::AXIS.kernel * IN);
        Self::WINDOWS.windows([IN, OUT], self.weights(), self.bias.as_numbers(), window, output);
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    S: StepSettings<Plain, IN, OUT>,
    const STEPS: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Layer<Sequence<STEPS, IN, T>> for Conv1dWith<IN, OUT, S, T, B>
where
    Side<STEPS>: SlideAlong<Axis<S, IN, OUT>>,
    (Along<STEPS, Axis<S, IN, OUT>>, Side<OUT>): Sides<T>,
{
    type Output = <(Along<STEPS, Axis<S, IN, OUT>>, Side<OUT>) as Sides<T>>::Tensor;
    const PLAN: Plan = Self::WINDOWS.memory::<Sequence<STEPS, IN, T>, Self::Output>(
        Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
            .costs(Cost::weights((len::<Self::Output>() * S::TAPS) as u64, OUT))
            .factor(Factor::Weights)
            .effect(Effect::Weights { inputs: S::TAPS as f64 })
            .window(Self::WINDOWS.window::<Sequence<STEPS, IN, T>, Self::Output>()),
        OUT * S::TAPS,
    );
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Sequence<STEPS, IN, T>],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        Self::WINDOWS.forward(self.weights(), self.bias.as_numbers(), input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, Sequence<STEPS, IN, T>, Self>) {
        Self::WINDOWS.backward(self.weights(), pass, Self::parts_mut);
    }
}
