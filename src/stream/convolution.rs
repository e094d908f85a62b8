//! The steps of causal convolutions. The state has the earlier steps in their windows.

use core::ops::Sub;

use bytemuck::Zeroable;
use typenum::{Diff, U1};

use super::Stream;
use crate::kernel::Real;
use crate::layer::{AxisOfConv1d, Bias, Causal, Conv1d, Conv1dWith, Plain, Same, SameLower, StepSettings};
use crate::tensor::side::{Axis, Ends, Fitted, Known, Positive, Side, ToSide};
use crate::tensor::{Tensor, Vector};

/// The state of a causal convolution on a stream: the last `BLOCKS` · `DILATION` steps of its input. A window has
/// `BLOCKS` + 1 steps. Before the first step they are 0.
///
/// It is a ring buffer: a step overwrites the oldest one, and nothing is moved. See the second example of
/// [`stream`](crate::stream), whose `state.layers` contains such states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PastSteps<X, const DILATION: usize, const BLOCKS: usize> {
    ring: [[X; DILATION]; BLOCKS],
    /// The index of the oldest step.
    oldest: usize,
}

/// A [`PastSteps`]. The settings of the layer determine its size.
pub trait Past<X>: Copy + Send + Sync + 'static {
    #[doc(hidden)]
    fn zeros() -> Self;

    /// Replaces the oldest step by a new one, and fills `window` with the steps of the window, the oldest first.
    #[doc(hidden)]
    fn push(&mut self, step: &X, window: &mut [X]);
}

impl<X: Tensor, const DILATION: usize, const BLOCKS: usize> Past<X> for PastSteps<X, DILATION, BLOCKS> {
    fn zeros() -> Self {
        Self { ring: [[X::zeroed(); DILATION]; BLOCKS], oldest: 0 }
    }

    #[inline]
    fn push(&mut self, step: &X, window: &mut [X]) {
        let ring = self.ring.as_flattened_mut();
        let Some((last, before)) = window.split_last_mut() else { return };
        let mut at = self.oldest;
        for covered in before {
            *covered = ring[at];
            at += DILATION;
            at -= if at < ring.len() { 0 } else { ring.len() };
        }
        *last = *step;
        if let Some(oldest) = ring.get_mut(self.oldest) {
            *oldest = *step;
            self.oldest = if self.oldest + 1 < BLOCKS * DILATION { self.oldest + 1 } else { 0 };
        }
    }
}

/// The number of blocks of a [`PastSteps`], as a type.
pub trait Blocks<const DILATION: usize> {
    /// The state.
    type Past<X: Tensor>: Past<X>;
}

impl<const BLOCKS: usize, const DILATION: usize> Blocks<DILATION> for Side<BLOCKS> {
    type Past<X: Tensor> = PastSteps<X, DILATION, BLOCKS>;
}

/// Windows over the steps `X`, an [`Axis`], with any stride and padding.
pub trait WindowsOf<X> {
    /// The state: the earlier steps.
    type Past: Past<X>;
    /// The steps of a window.
    type Window: Zeroable + AsRef<[X]> + AsMut<[X]>;
}

type Number<const N: usize> = <Side<N> as Known>::Number;

#[diagnostic::do_not_recommend]
impl<X: Tensor, const K: usize, const D: usize, S, P> WindowsOf<X> for Axis<Side<K>, S, Side<D>, P>
where
    Side<K>: Known,
    Side<D>: Known,
    Number<D>: Positive,
    Number<K>: Sub<U1>,
    Diff<Number<K>, U1>: ToSide<Side: Blocks<D>>,
{
    type Past = <<Diff<Number<K>, U1> as ToSide>::Side as Blocks<D>>::Past<X>;
    type Window = [X; K];
}

/// The windows of the convolution `L`, an [`Axis`], end at the newest step. `Y` is the output for it.
///
/// The output type depends on this check, so that it is unknown if the check fails, and the compiler does not check the
/// layers after it. The state does not depend on the check, so that a step adds no second error.
#[diagnostic::on_unimplemented(
    message = "`{L}` cannot take a stream step by step: a convolution of a stream is causal and has a stride of 1",
    label = "its windows do not end at the current step",
    note = "use `Causal` and no stride, as in `Conv1dWith<IN, OUT, (Kernel<3>, Dilation<2>, Causal)>`: each step then has one output, which does not depend on later steps"
)]
pub trait EndsNow<L, Y> {
    #[doc(hidden)]
    type Output;
}

#[diagnostic::do_not_recommend]
impl<L, Y, K, D> EndsNow<L, Y> for Axis<K, Side<1>, D, Fitted<Causal>> {
    type Output = Y;
}

/// A window of one step, with a padding of 0.
macro_rules! one_step {
    ($($Padding:ty),+) => {$(
        #[diagnostic::do_not_recommend]
        impl<L, Y, D> EndsNow<L, Y> for Axis<Side<1>, Side<1>, D, $Padding> {
            type Output = Y;
        }
    )+};
}
one_step!(Ends<0, 0>, Fitted<Same>, Fitted<SameLower>);

/// Implements [`Stream`] for a convolution with windows `$Axis`.
macro_rules! convolution {
    ([$($generics:tt)*] $layer:ty, $Axis:ty) => {
        impl<const IN: usize, const OUT: usize, $($generics)*, T: Real, B: Bias<Vector<OUT, T>>, Y>
            Stream<Vector<IN, T>> for $layer
        where
            $Axis: WindowsOf<Vector<IN, T>> + EndsNow<Self, Vector<OUT, T>, Output = Y>,
            Y: Tensor<Scalar = T>,
        {
            type Output = Y;
            type State = <$Axis as WindowsOf<Vector<IN, T>>>::Past;

            fn start(&self) -> Self::State {
                Past::zeros()
            }

            fn step_into(&self, input: &Vector<IN, T>, output: &mut Y, past: &mut Self::State) {
                let mut window = <$Axis as WindowsOf<Vector<IN, T>>>::Window::zeroed();
                past.push(input, window.as_mut());
                self.one_step(Vector::flat(window.as_ref()), output.as_mut_slice());
            }
        }
    };
}

convolution!(
    [S: StepSettings<Plain, IN, OUT>] Conv1dWith<IN, OUT, S, T, B>, AxisOfConv1d<S, IN, OUT>
);
convolution!(
    [const K: usize, const S: usize, const PAD: usize] Conv1d<IN, OUT, K, S, PAD, T, B>,
    Axis<Side<K>, Side<S>, Side<1>, Ends<PAD, PAD>>
);
