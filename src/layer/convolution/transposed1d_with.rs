use chainrule_derive::Parameters;
use chainrule_parameters::Part;

use super::settings::{StepFields, StepSettings, StepWeights, Transposed, WeightFields};
use super::steps::Steps;
use super::{GrownAlong, weights};
use crate::kernel::Real;
use crate::layer::axis_at::ThenAxes;
use crate::layer::dense::{Bias, scalar_and_bias};
use crate::layer::grow_at::Grown;
use crate::layer::window_at::{SequenceAt, window_at};
use crate::layer::window_settings::WindowFields;
use crate::layer::{At, Backward, Cost, Effect, Factor, Layer, Mode, Plan, Then, WorkspaceMut};
use crate::tensor::side::{GrowAlong, Side, Sides};
use crate::tensor::{Aligned, Sequence, Vector};

/// A [`TransposedConv1d`](crate::layer::TransposedConv1d) with settings: dilation, groups, output padding, and other
/// kinds of padding.
///
/// Forward `y[S t + D k - P, o'] = b[o'] + Σ W[k, o, i] x[t, i]`, summed over all terms with that step and cropped to
/// the sequence, where o' is the oth feature of the group of i; backward `dx` is a convolution of `dy` with the same
/// W, `dW[k, o, i] = Σ x[t, i] dy[S t + D k - P, o']`, `db[o] = Σ dy[t, o]`.
///
/// With the same `weight` and settings (without an output padding), and without a bias, it computes the input gradient
/// of [`Conv1dWith<OUT, IN, ..>`](crate::layer::Conv1dWith). For `Causal`, it is the input gradient of a convolution
/// with all padding after the last step.
///
/// # Settings
/// The settings of [`Conv1dWith`](crate::layer::Conv1dWith), and [`OutputPadding<P>`](crate::layer::OutputPadding): how
/// many steps are added at the end. It must be less than the stride or the dilation.
///
/// Padding is removed from the output. With [`Same`](crate::layer::Same), [`SameLower`](crate::layer::SameLower) and
/// [`Causal`](crate::layer::Causal) the output has `STRIDE` times the steps of the input. With `Causal`, step t of the
/// input influences only the steps from `STRIDE t` on.
///
/// # Shapes
/// Input `Sequence<STEPS, IN>`; output `Sequence<(STEPS - 1) S + D (K - 1) + 1 - padding + output padding, OUT>`. The
/// compiler computes it for up to 2048 steps and [some longer sequences](crate::tensor::side). The number of groups
/// must divide IN and OUT. `weight` is `[K, OUT / GROUPS, IN]`; PyTorch's is `[IN, OUT / GROUPS, K]`, with the axes in
/// the opposite order. `bias` is `[OUT]`, or [`NoBias`](crate::layer::NoBias).
///
/// # Gradient flow
/// Linear. The fan-in is `K IN / GROUPS`, and the fan-out `K OUT / GROUPS`. With a stride, only about 1 / S of the
/// fan-in reaches an output step. (PyTorch computes the fans from the weight as if it belonged to a convolution that is
/// not transposed: fan-in and fan-out are exchanged, and IN is not divided by `GROUPS`.)
///
/// # Source
/// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4; Défossez, Copet,
/// Synnaeve, Adi, "High fidelity neural audio compression" (2022), section 3.1 (causal).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut echo = TransposedConv1dWith::<1, 1, (Kernel<2>, Stride<2>, Dilation<3>, PaddingEnds<0, 1>)>::zeros();
/// *echo.weight = [[[1.0]], [[0.5]]]; // each step, and half of it three steps later
/// assert_eq!(echo.predict(&Sequence([[2.0], [4.0]]))?, Sequence([[2.0], [0.0], [4.0], [1.0], [0.0]]));
///
/// type Up = TransposedConv1dWith<8, 4, (Kernel<4>, Stride<2>, Causal)>;
/// let twice: Sequence<20, 4> = Up::init(&mut rng(0)).predict(&Sequence::<10, 8>::default())?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("ConvTranspose1d", "dilated transposed convolution"))]
#[derive(Clone, Parameters)]
#[parameters(
    place = own,
    name = "TransposedConv1dWith<{IN}, {OUT}, {=Part::Name(&<S::Fields as WindowFields>::NAME)}{=scalar_and_bias::<Vector<OUT, T>, B>()}>"
)]
pub struct TransposedConv1dWith<
    const IN: usize,
    const OUT: usize,
    S: StepWeights<OUT, IN>,
    T: Real = f32,
    B: Bias<Vector<OUT, T>> = Vector<OUT, T>,
> {
    /// W: for each step of the window and each output feature of a group, the weight of each input feature.
    #[parameter(weight, fan_in = S::FEEDS, fan_out = S::TAPS, layout = InputsFirst, shape = S::SHAPE, scalar = T)]
    pub weight: Aligned<<S::Fields as WeightFields<OUT, IN>>::OfSteps<T>>,
    /// b: one number for each output feature, or [`NoBias`](crate::layer::NoBias).
    #[parameter(bias, shape = &[OUT], scalar = T)]
    pub bias: B,
}

type Is<S, const IN: usize, const OUT: usize> = <S as StepSettings<Transposed, OUT, IN>>::Is;
/// The windows, with the output padding and the number of output steps.
type Axis<S, const IN: usize, const OUT: usize> = <Is<S, IN, OUT> as StepFields<Transposed, OUT, IN>>::Steps;
type More<S, const IN: usize, const OUT: usize> =
    <Is<S, IN, OUT> as StepFields<Transposed, OUT, IN>>::MoreSteps;
type Longer<const STEPS: usize, S, const IN: usize, const OUT: usize> =
    GrownAlong<STEPS, Axis<S, IN, OUT>, More<S, IN, OUT>>;

impl<
    const PLACE: usize,
    X,
    Checked,
    Fitting,
    const IN: usize,
    const OUT: usize,
    S: StepSettings<Transposed, OUT, IN>,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> At<PLACE, X> for TransposedConv1dWith<IN, OUT, S, T, B>
where
    X: SequenceAt<PLACE, Self, IN, T, Check = Checked>,
    Checked: ThenAxes<PLACE, X, Self, Grown<Axis<S, IN, OUT>, More<S, IN, OUT>>, Check = Fitting>,
    Fitting: Then<X, Self>,
{
    window_at!(@items X, Fitting);
}

weights!(
    [const IN: usize, const OUT: usize, S: StepWeights<OUT, IN>, T: Real, B: Bias<Vector<OUT, T>>]
    TransposedConv1dWith<IN, OUT, S, T, B>
);

impl<
    const IN: usize,
    const OUT: usize,
    S: StepSettings<Transposed, OUT, IN>,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> TransposedConv1dWith<IN, OUT, S, T, B>
{
    /// The windows of the matching convolution, which maps this layer's output to its input.
    const WINDOWS: Steps = Steps { axis: S::Is::AXIS, groups: S::GROUPS, transposed: true };
}

impl<
    const IN: usize,
    const OUT: usize,
    S: StepSettings<Transposed, OUT, IN>,
    const STEPS: usize,
    T: Real,
    B: Bias<Vector<OUT, T>>,
> Layer<Sequence<STEPS, IN, T>> for TransposedConv1dWith<IN, OUT, S, T, B>
where
    Side<STEPS>: GrowAlong<Axis<S, IN, OUT>, More<S, IN, OUT>>,
    (Longer<STEPS, S, IN, OUT>, Side<OUT>): Sides<T>,
{
    type Output = <(Longer<STEPS, S, IN, OUT>, Side<OUT>) as Sides<T>>::Tensor;
    const PLAN: Plan = Self::WINDOWS.memory::<Sequence<STEPS, IN, T>, Self::Output>(
        Plan::leaf::<Sequence<STEPS, IN, T>, Self>()
            .costs(Cost::weights((IN * STEPS * S::TAPS) as u64, OUT))
            .factor(Factor::Weights)
            .effect(Effect::Weights { inputs: S::FEEDS as f64 / S::Is::AXIS.stride as f64 })
            .window(Self::WINDOWS.window::<Sequence<STEPS, IN, T>, Self::Output>()),
        IN * S::TAPS,
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
