//! The steps of layers that contain layers. Each inner layer has a separate state.

use bytemuck::Pod;
use chainrule_parameters::Parameters;

use super::{Stream, StreamEnd};
use crate::kernel::Real;
use crate::stack::{Concat, Evaluate, Highway, Parallel, Residual, Shared, mix};
use crate::tensor::{Pair, SameType, Sample, Tensor, Vector};

/// The output and the states of the layers of a stack, on a stream of `X`.
pub trait StreamTypes<X: Sample> {
    /// The type of one step of the output.
    type Output: Sample + Pod;

    /// The state of each layer.
    type States: Copy + Send + Sync + 'static;

    /// The end of the stream, as [`Stream::END`].
    const END: Option<StreamEnd>;
}

/// The layers of a stack on a stream. `Layers` is a tuple of references to them, so each is borrowed separately.
pub trait StreamChain<X: Sample, Layers>: StreamTypes<X> {
    /// Returns the states before the first step, as [`Stream::start`].
    fn start_chain(layers: Layers) -> Self::States;

    /// Computes the next step, as [`Stream::step_into`].
    fn step_chain(layers: Layers, input: &X, output: &mut Self::Output, states: &mut Self::States);
}

macro_rules! stack {
    ($($L:ident $i:tt $In:ident $Out:ident),+) => {
        impl<$($L, $In: Sample),+, Y: Sample> StreamTypes<X> for ($($L,)+)
        where
            $($L: Stream<$In, Output = $Out>, $Out: Pod),+
        {
            type Output = Y;
            type States = ($($L::State,)+);
            const END: Option<StreamEnd> = {
                let mut end = None;
                $(end = StreamEnd::first(end, <$L as Stream<$In>>::END);)+
                end
            };
        }

        impl<'a, $($L, $In: Sample),+, Y: Sample> StreamChain<X, ($(&'a $L,)+)> for ($($L,)+)
        where
            $($L: Stream<$In, Output = $Out>, $Out: Pod),+
        {
            #[inline]
            fn start_chain(layers: ($(&'a $L,)+)) -> Self::States {
                ($(layers.$i.start(),)+)
            }

            #[inline]
            fn step_chain(layers: ($(&'a $L,)+), input: &X, output: &mut Y, states: &mut Self::States) {
                stack!(@step layers, states, input, output; $($L $i $Out),+);
            }
        }

        impl<$($L: Parameters, $In: Sample),+, Y: Sample> Stream<X> for ($($L,)+)
        where
            $($L: Stream<$In, Output = $Out>, $Out: Pod),+
        {
            type Output = Y;
            type State = ($($L::State,)+);
            const END: Option<StreamEnd> = <Self as StreamTypes<X>>::END;

            fn start(&self) -> Self::State {
                Self::start_chain(($(&self.$i,)+))
            }

            fn step_into(&self, input: &X, output: &mut Y, states: &mut Self::State) {
                Self::step_chain(($(&self.$i,)+), input, output, states);
            }
        }
    };

    (@step $layers:ident, $states:ident, $x:ident, $y:ident; $L:ident $i:tt $Out:ident) => {
        $layers.$i.step_into($x, $y, &mut $states.$i);
    };
    (@step $layers:ident, $states:ident, $x:ident, $y:ident; $L:ident $i:tt $Out:ident, $($rest:tt)+) => {
        let mut middle = <$Out as bytemuck::Zeroable>::zeroed();
        $layers.$i.step_into($x, &mut middle, &mut $states.$i);
        let middle = &middle;
        stack!(@step $layers, $states, middle, $y; $($rest)+);
    };
}

// For each layer: its type, its place, its input and its output.
stack!(A 0 X Y);
stack!(A 0 X X1, B 1 X1 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 Y);
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 X13, N 13 X13 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 X13, N 13 X13 X14, O 14 X14 Y);
#[rustfmt::skip]
stack!(A 0 X X1, B 1 X1 X2, C 2 X2 X3, D 3 X3 X4, E 4 X4 X5, F 5 X5 X6, G 6 X6 X7, H 7 X7 X8, I 8 X8 X9, J 9 X9 X10, K 10 X10 X11, L 11 X11 X12, M 12 X12 X13, N 13 X13 X14, O 14 X14 X15, Q 15 X15 Y);

/// Computes one step through layers of one type, one after another, each with a separate state.
fn step_in_a_row<'a, X: Sample, F: Stream<X, Output: SameType<X>>>(
    layers: impl Iterator<Item = &'a F>,
    states: &mut [F::State],
    input: &X,
    output: &mut X,
) {
    *output = *input;
    for (layer, state) in layers.zip(states) {
        let mut after = <F::Output as bytemuck::Zeroable>::zeroed();
        layer.step_into(output, &mut after, state);
        *output = *after.cast_one();
    }
}

impl<X: Sample + Pod, F: Stream<X, Output: SameType<X>>, const N: usize> Stream<X> for [F; N] {
    type Output = X;
    type State = [F::State; N];
    const END: Option<StreamEnd> = F::END;

    fn start(&self) -> Self::State {
        core::array::from_fn(|at| self[at].start())
    }

    fn step_into(&self, input: &X, output: &mut X, states: &mut Self::State) {
        step_in_a_row(self.iter(), states, input, output);
    }
}

/// The layer has a separate state for each of its applications.
impl<X: Sample + Pod, F: Stream<X, Output: SameType<X>>, const N: usize> Stream<X> for Shared<F, N> {
    type Output = X;
    type State = [F::State; N];
    const END: Option<StreamEnd> = F::END;

    fn start(&self) -> Self::State {
        [self.layer.start(); N]
    }

    fn step_into(&self, input: &X, output: &mut X, states: &mut Self::State) {
        step_in_a_row(core::iter::repeat_n(&self.layer, N), states, input, output);
    }
}

impl<X: Sample, F: Stream<X>> Stream<X> for Evaluate<F> {
    type Output = F::Output;
    type State = F::State;
    const END: Option<StreamEnd> = F::END;

    fn start(&self) -> Self::State {
        self.layer.start()
    }

    fn step_into(&self, input: &X, output: &mut F::Output, state: &mut Self::State) {
        self.layer.step_into(input, output, state);
    }
}

impl<X: Sample, F, S> Stream<X> for Residual<F, S>
where
    F: Stream<X, Output: Tensor>,
    S: Stream<X, Output: SameType<F::Output>>,
{
    type Output = F::Output;
    type State = (F::State, S::State);
    const END: Option<StreamEnd> = StreamEnd::first(F::END, S::END);

    fn start(&self) -> Self::State {
        (self.branch.start(), self.shortcut.start())
    }

    fn step_into(&self, input: &X, output: &mut F::Output, (branch, shortcut): &mut Self::State) {
        self.branch.step_into(input, output, branch);
        let mut skip = <S::Output as bytemuck::Zeroable>::zeroed();
        self.shortcut.step_into(input, &mut skip, shortcut);
        for (y, &skip) in output.as_mut_slice().iter_mut().zip(skip.cast_one().as_slice()) {
            *y += skip;
        }
    }
}

impl<const N: usize, const GATE_BIAS: i32, T, F> Stream<Vector<N, T>> for Highway<F, N, GATE_BIAS, T>
where
    T: Real,
    F: Stream<Vector<N, T>, Output: SameType<Vector<N, T>>>,
{
    type Output = Vector<N, T>;
    type State = F::State;
    const END: Option<StreamEnd> = F::END;

    fn start(&self) -> F::State {
        self.branch.start()
    }

    fn step_into(&self, input: &Vector<N, T>, output: &mut Vector<N, T>, state: &mut F::State) {
        let mut branch = <F::Output as bytemuck::Zeroable>::zeroed();
        self.branch.step_into(input, &mut branch, state);
        let mut gate = Vector([T::zero(); N]);
        self.gate.step_into(input, &mut gate, &mut self.gate.start());
        mix([&gate.0, &branch.cast_one().0, &input.0], &mut output.0);
    }
}

impl<A: Sample + Pod, B: Sample + Pod, F: Stream<A>, G: Stream<B>> Stream<Pair<A, B>> for Parallel<F, G> {
    type Output = Pair<F::Output, G::Output>;
    type State = (F::State, G::State);
    const END: Option<StreamEnd> = StreamEnd::first(F::END, G::END);

    fn start(&self) -> Self::State {
        (self.first.start(), self.second.start())
    }

    fn step_into(
        &self,
        &Pair(a, b): &Pair<A, B>,
        output: &mut Self::Output,
        (first, second): &mut Self::State,
    ) {
        let mut y = <F::Output as bytemuck::Zeroable>::zeroed();
        self.first.step_into(&a, &mut y, first);
        let mut z = <G::Output as bytemuck::Zeroable>::zeroed();
        self.second.step_into(&b, &mut z, second);
        *output = Pair(y, z);
    }
}

/// Copies the output of a branch after the outputs of the earlier branches.
fn append<T: Copy>(part: &[T], whole: &mut [T], end: &mut usize) {
    whole[*end..][..part.len()].copy_from_slice(part);
    *end += part.len();
}

macro_rules! branches {
    ($Join:ident: $First:ident 0, $($L:ident $i:tt),+) => {
        impl<X: Sample, $First: Stream<X, Output: Tensor>, $($L: Stream<X>),+> Stream<X>
            for Concat<($First, $($L),+)>
        where
            $First::Output: $crate::tensor::$Join<$($L::Output),+>,
            $($L::Output: Tensor<Scalar = <$First::Output as Tensor>::Scalar>,)+
            <$First::Output as $crate::tensor::$Join<$($L::Output),+>>::Joined:
                Tensor<Scalar = <$First::Output as Tensor>::Scalar>,
        {
            type Output = <$First::Output as $crate::tensor::$Join<$($L::Output),+>>::Joined;
            type State = ($First::State, $($L::State),+);
            const END: Option<StreamEnd> = {
                let mut end = $First::END;
                $(end = StreamEnd::first(end, $L::END);)+
                end
            };

            fn start(&self) -> Self::State {
                (self.branches.0.start(), $(self.branches.$i.start()),+)
            }

            fn step_into(&self, input: &X, output: &mut Self::Output, states: &mut Self::State) {
                let mut end = 0;
                let mut part = <$First::Output as bytemuck::Zeroable>::zeroed();
                self.branches.0.step_into(input, &mut part, &mut states.0);
                append(part.as_slice(), output.as_mut_slice(), &mut end);
                $(
                    let mut part = <$L::Output as bytemuck::Zeroable>::zeroed();
                    self.branches.$i.step_into(input, &mut part, &mut states.$i);
                    append(part.as_slice(), output.as_mut_slice(), &mut end);
                )+
                let _ = end;
            }
        }
    };
}

branches!(Join2: A 0, B 1);
branches!(Join3: A 0, B 1, C 2);
branches!(Join4: A 0, B 1, C 2, D 3);
