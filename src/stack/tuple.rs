//! Tuples of 1 to 16 layers. For two layers, the macro below writes:
//!
//! ```text
//! impl<X: Tensor, A: Layer<X>, B: Layer<A::Output>> Layer<X> for (A, B) {
//!     type Output = B::Output;
//!     type Tape = (Step<A::Output, A::Tape>, Step<B::Output, B::Tape>);
//!
//!     fn forward(&self, input, output, tape, mode) {
//!         let middle = tape.0.output.take(samples);
//!         self.0.forward(input, middle, &mut tape.0.tape, mode);
//!         self.1.forward(middle, output, &mut tape.1.tape, mode);
//!     }
//!
//!     fn backward(&self, input, output, output_grad, input_grad, gradient, tape, probe) {
//!         let middle = tape.0.output.get(samples);
//!         let middle_grad = tape.0.grad.take(samples);
//!         self.1.backward(middle, output, output_grad, Some(middle_grad), &mut gradient.1, ..);
//!         self.0.backward(input, middle, middle_grad, input_grad, &mut gradient.0, ..);
//!     }
//! }
//! ```

use super::backward_child;
use crate::layer::{Cost, Factor, Fields, Layer, Mode, Parameters, Probe, Rows, Segment};
use crate::tensor::{Buffer, Tensor};

/// What a tuple keeps for one of its layers: the layer's own tape, its output and the gradient of that.
/// (The last layer's output belongs to whoever called the tuple; its two buffers stay empty.)
#[derive(Debug)]
pub struct Step<Y, T> {
    output: Buffer<Y>,
    grad: Buffer<Y>,
    tape: T,
}

impl<Y, T: Default> Default for Step<Y, T> {
    fn default() -> Self {
        Self { output: Buffer::default(), grad: Buffer::default(), tape: T::default() }
    }
}

macro_rules! parameters {
    ($($L:ident $i:tt),+) => {
        impl<$($L: Parameters),+> Parameters for ($($L,)+) {
            const COUNT: usize = 0 $(+ $L::COUNT)+;
            fn zeros() -> Self {
                ($($L::zeros(),)+)
            }
            fn fields(fields: &mut impl Fields<Self>) {
                $(fields.layer($i, |layers| &layers.$i, |layers| &mut layers.$i);)+
            }
        }

        impl<$($L),+> Lend for ($($L,)+) {
            type Layers<'a> = ($(&'a $L,)+) where Self: 'a;
            type LayersMut<'a> = ($(&'a mut $L,)+) where Self: 'a;
        }
    };
}

/// The layers of a stack, one after the other, wherever they are kept: in a tuple, or in the fields of a struct that
/// [`network!`](crate::network) declares. Each is lent by itself.
pub trait Chain<X: Tensor>: Layer<X> + Lend {
    /// [`Layer::forward`].
    fn forward_chain(
        layers: Self::Layers<'_>,
        input: &[X],
        output: &mut [Self::Output],
        tape: &mut Self::Tape,
        mode: &mut Mode<'_>,
    );

    /// [`Layer::backward`], with the layers' names for the probe.
    #[allow(clippy::too_many_arguments)]
    fn backward_chain<P: Probe>(
        names: &[Segment],
        layers: Self::Layers<'_>,
        input: &[X],
        output: &[Self::Output],
        output_grad: &[Self::Output],
        input_grad: Option<&mut [X]>,
        gradient: Self::LayersMut<'_>,
        tape: &mut Self::Tape,
        probe: &mut P,
    );

    /// [`Layer::summarize`], with the layers' names.
    fn summarize_chain(names: &[Segment], rows: &mut Rows<'_>);
}

/// Several layers, lent one by one. It holds for every tuple of layers, whether or not their shapes meet.
pub trait Lend {
    /// A reference to each layer.
    type Layers<'a>
    where
        Self: 'a;

    /// A mutable reference to each layer.
    type LayersMut<'a>
    where
        Self: 'a;
}

macro_rules! stack {
    ($Tape:ident: $($L:ident $i:tt takes $In:ty),+; gives $Last:ident) => {
        parameters!($($L $i),+);

        /// What a stack of this many layers keeps: a step for each. (The standard library's tuples have no `Default`
        /// past 12.)
        #[derive(Debug, Default)]
        pub struct $Tape<$($L),+>($($L),+);

        impl<X: Tensor, $($L: Layer<$In>),+> Layer<X> for ($($L,)+) {
            type Output = $Last::Output;
            type Tape = $Tape<$(Step<$L::Output, $L::Tape>),+>;
            // Each output but the last is kept, and its gradient.
            const COST: Cost = {
                let boundaries = 0 $(+ size_of::<$L::Output>())+ - size_of::<$Last::Output>();
                Cost::FREE$(.then($L::COST))+.keeping(2 * boundaries)
            };
            const FACTOR: Factor = Factor::Product;

            #[inline]
            fn forward(&self, input: &[X], output: &mut [Self::Output], tape: &mut Self::Tape, mode: &mut Mode<'_>) {
                Self::forward_chain(($(&self.$i,)+), input, output, tape, mode);
            }

            #[inline]
            fn backward<P: Probe>(
                &self,
                input: &[X],
                output: &[Self::Output],
                output_grad: &[Self::Output],
                input_grad: Option<&mut [X]>,
                gradient: &mut Self,
                tape: &mut Self::Tape,
                probe: &mut P,
            ) {
                let (names, layers, gradient) =
                    ([$(Segment::Index($i)),+], ($(&self.$i,)+), ($(&mut gradient.$i,)+));
                Self::backward_chain(&names, layers, input, output, output_grad, input_grad, gradient, tape, probe);
            }

            fn summarize(rows: &mut Rows<'_>) {
                Self::summarize_chain(&[$(Segment::Index($i)),+], rows);
            }
        }

        impl<X: Tensor, $($L: Layer<$In>),+> Chain<X> for ($($L,)+) {
            #[inline]
            fn forward_chain(
                layers: Self::Layers<'_>,
                input: &[X],
                output: &mut [Self::Output],
                tape: &mut Self::Tape,
                mode: &mut Mode<'_>,
            ) {
                stack!(@forward layers, tape, mode, input, output; $($i)+);
            }

            #[inline]
            fn backward_chain<P: Probe>(
                names: &[Segment],
                layers: Self::Layers<'_>,
                input: &[X],
                output: &[Self::Output],
                output_grad: &[Self::Output],
                input_grad: Option<&mut [X]>,
                gradient: Self::LayersMut<'_>,
                tape: &mut Self::Tape,
                probe: &mut P,
            ) {
                stack!(@backward names, layers, tape, gradient, probe, input, output, output_grad, input_grad; $($i)+);
            }

            fn summarize_chain(names: &[Segment], rows: &mut Rows<'_>) {
                $(rows.child::<$In, $L>(names[$i], 1);)+
            }
        }
    };

    (@forward $layers:ident, $tape:ident, $mode:ident, $x:ident, $y:ident; $i:tt) => {
        $layers.$i.forward($x, $y, &mut $tape.$i.tape, $mode);
    };
    (@forward $layers:ident, $tape:ident, $mode:ident, $x:ident, $y:ident; $i:tt $($rest:tt)+) => {
        let middle = $tape.$i.output.take($x.len());
        $layers.$i.forward($x, middle, &mut $tape.$i.tape, $mode);
        let middle = &*middle;
        stack!(@forward $layers, $tape, $mode, middle, $y; $($rest)+);
    };

    (@backward $names:ident, $layers:ident, $tape:ident, $gradient:ident, $probe:ident, $x:ident, $y:ident, $dy:ident, $dx:ident; $i:tt) => {
        backward_child($names[$i], $layers.$i, $x, $y, $dy, $dx, $gradient.$i, &mut $tape.$i.tape, $probe);
    };
    (@backward $names:ident, $layers:ident, $tape:ident, $gradient:ident, $probe:ident, $x:ident, $y:ident, $dy:ident, $dx:ident; $i:tt $($rest:tt)+) => {
        let middle = $tape.$i.output.get($x.len());
        let middle_grad = $tape.$i.grad.take($x.len());
        {
            let middle_grad = Some(&mut *middle_grad);
            stack!(@backward $names, $layers, $tape, $gradient, $probe, middle, $y, $dy, middle_grad; $($rest)+);
        }
        backward_child($names[$i], $layers.$i, $x, middle, middle_grad, $dx, $gradient.$i, &mut $tape.$i.tape, $probe);
    };
}

stack!(Tape1: A 0 takes X; gives A);
stack!(Tape2: A 0 takes X, B 1 takes A::Output; gives B);
stack!(Tape3: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output; gives C);
stack!(Tape4: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output; gives D);
stack!(Tape5: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output; gives E);
#[rustfmt::skip]
stack!(Tape6: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output; gives F);
#[rustfmt::skip]
stack!(Tape7: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output; gives G);
#[rustfmt::skip]
stack!(Tape8: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output; gives H);
#[rustfmt::skip]
stack!(Tape9: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output; gives I);
#[rustfmt::skip]
stack!(Tape10: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output; gives J);
#[rustfmt::skip]
stack!(Tape11: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output; gives K);
#[rustfmt::skip]
stack!(Tape12: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output; gives L);
#[rustfmt::skip]
stack!(Tape13: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output; gives M);
#[rustfmt::skip]
stack!(Tape14: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output, N 13 takes M::Output; gives N);
#[rustfmt::skip]
stack!(Tape15: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output, N 13 takes M::Output, O 14 takes N::Output; gives O);
#[rustfmt::skip]
stack!(Tape16: A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output, N 13 takes M::Output, O 14 takes N::Output, Q 15 takes O::Output; gives Q);

/// Holds for no stack of more than sixteen layers: it exists to say so.
#[diagnostic::on_unimplemented(
    message = "a stack holds at most 16 layers, and this one has {LAYERS}",
    label = "too many layers for one tuple",
    note = "group some of them in tuples of their own, as in `((A, B, C), (D, E, F))`, or repeat equal ones in an array, as in `[Block; 4]`: the network stays the same"
)]
pub trait AtMostSixteen<const LAYERS: usize> {}

macro_rules! too_long {
    ($n:literal: $($L:ident $i:tt),+) => {
        parameters!($($L $i),+);

        impl<X: Tensor, $($L: Parameters),+> Layer<X> for ($($L,)+)
        where
            X: AtMostSixteen<$n>,
        {
            type Output = X;
            type Tape = ();
            fn forward(&self, _: &[X], _: &mut [X], _: &mut (), _: &mut Mode<'_>) {}
            fn backward<P: Probe>(
                &self,
                _: &[X],
                _: &[X],
                _: &[X],
                _: Option<&mut [X]>,
                _: &mut Self,
                _: &mut (),
                _: &mut P,
            ) {
            }
        }
    };
}
#[rustfmt::skip]
too_long!(17: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, Q 15, R 16);
#[rustfmt::skip]
too_long!(18: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, Q 15, R 16, S 17);
#[rustfmt::skip]
too_long!(19: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, Q 15, R 16, S 17, T 18);
#[rustfmt::skip]
too_long!(20: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, Q 15, R 16, S 17, T 18, U 19);
