//! Tuples of 1 to 16 layers. For two layers, the macro below writes:
//!
//! ```text
//! impl<X: Sample, A: Layer<X>, B: Layer<A::Output>> Layer<X> for (A, B) {
//!     type Output = B::Output;
//!     const PLAN: Plan = ..; // saves A's output, needs scratch memory for the gradient of that
//!
//!     fn forward(&self, input, output, workspace, mode) {
//!         let middle = workspace.saved(samples);
//!         self.0.forward(input, middle, .., mode);
//!         self.1.forward(middle, output, .., mode);
//!     }
//!
//!     fn backward(&self, pass) {
//!         let middle = workspace.saved(samples);
//!         let middle_grad = workspace.scratch(samples);
//!         self.1.backward(Backward { input: middle, output, output_grad, input_grad: Some(middle_grad), .. });
//!         self.0.backward(Backward { input, output: middle, output_grad: middle_grad, input_grad, .. });
//!     }
//! }
//! ```

use chainrule_parameters::{Parameters, Segment};

use super::backward_child;
use crate::bounds::AtMostSixteen;
use crate::layer::{Backward, BackwardHook, Child, Layer, Mode, Plan, Space, WorkspaceMut};
use crate::tensor::Sample;

/// The layers of a stack, in order: those of a tuple, or the fields of a struct that [`network!`](crate::network)
/// declares. Each layer is borrowed separately.
pub trait Chain<X: Sample>: Layer<X> + LayerRefs {
    /// As [`Layer::forward`].
    fn forward_chain(
        layers: Self::Layers<'_>,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    );

    /// As [`Layer::backward`], with the layers' names for the hook.
    #[allow(clippy::too_many_arguments)] // those of `Backward`, with the gradient as separate references
    fn backward_chain(
        names: &[Segment],
        layers: Self::Layers<'_>,
        input: &[X],
        output: &[Self::Output],
        output_grad: &[<Self::Output as Sample>::Grad],
        input_grad: Option<&mut [X::Grad]>,
        gradient: Self::LayersMut<'_>,
        workspace: WorkspaceMut<'_>,
        accumulate: bool,
        hook: Option<&mut dyn BackwardHook>,
    );
}

/// References to several layers. Every tuple of layers implements it, whether or not their shapes match.
pub trait LayerRefs {
    /// A reference to each layer.
    type Layers<'a>
    where
        Self: 'a;

    /// A mutable reference to each layer.
    type LayersMut<'a>
    where
        Self: 'a;
}

macro_rules! lend {
    ($($L:ident $i:tt),+) => {
        impl<$($L),+> LayerRefs for ($($L,)+) {
            type Layers<'a> = ($(&'a $L,)+) where Self: 'a;
            type LayersMut<'a> = ($(&'a mut $L,)+) where Self: 'a;
        }
    };
}

macro_rules! stack {
    ($($L:ident $i:tt takes $In:ty),+; gives $Last:ident) => {
        lend!($($L $i),+);

        impl<X: Sample, $($L: Layer<$In>),+> Layer<X> for ($($L,)+) {
            type Output = $Last::Output;
            const PLAN: Plan = Plan {
                children: &[$(Child { name: Segment::Index($i), plan: &$L::PLAN, copies: 1, shared: false }),+],
                ..stack!(@boundaries [Plan::product::<X, Self>()$(.then(&$L::PLAN))+] $($L)+)
            };
            const OVERWRITES: bool = true;

            #[inline]
            fn forward(
                &self,
                input: &[X],
                output: &mut [Self::Output],
                workspace: WorkspaceMut<'_>,
                mode: &mut Mode<'_>,
            ) {
                Self::forward_chain(($(&self.$i,)+), input, output, workspace, mode);
            }

            #[inline]
            fn backward(&self, pass: Backward<'_, X, Self>) {
                Layer::<X>::backward_with_hook(self, pass, None);
            }

            fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
                let Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate } = pass;
                Self::backward_chain(
                    &[$(Segment::Index($i)),+],
                    ($(&self.$i,)+),
                    input,
                    output,
                    output_grad,
                    input_grad,
                    ($(&mut gradient.$i,)+),
                    workspace,
                    accumulate,
                    hook,
                );
            }
        }

        impl<X: Sample, $($L: Layer<$In>),+> Chain<X> for ($($L,)+) {
            #[inline]
            fn forward_chain(
                layers: Self::Layers<'_>,
                input: &[X],
                output: &mut [Self::Output],
                mut workspace: WorkspaceMut<'_>,
                mode: &mut Mode<'_>,
            ) {
                let samples = input.len();
                stack!(@forward layers, workspace, samples, mode, input, output; $($L $i)+);
            }

            #[inline]
            fn backward_chain(
                names: &[Segment],
                layers: Self::Layers<'_>,
                input: &[X],
                output: &[Self::Output],
                output_grad: &[<Self::Output as Sample>::Grad],
                input_grad: Option<&mut [X::Grad]>,
                gradient: Self::LayersMut<'_>,
                mut workspace: WorkspaceMut<'_>,
                accumulate: bool,
                mut hook: Option<&mut dyn BackwardHook>,
            ) {
                let samples = input.len();
                stack!(
                    @backward names, layers, workspace, samples, gradient, accumulate, hook,
                    input, output, output_grad, input_grad; $($L $i)+
                );
            }
        }
    };

    // Each output but the last is saved, and its gradient is scratch memory.
    (@boundaries [$plan:expr] $Last:ident) => { $plan };
    (@boundaries [$plan:expr] $L:ident $($rest:ident)+) => {
        stack!(
            @boundaries
            [$plan
                .saves(Space::per_sample::<$L::Output>(1))
                .backward_scratch(Space::per_sample::<<$L::Output as Sample>::Grad>(1))]
            $($rest)+
        )
    };

    (@forward $layers:ident, $workspace:ident, $samples:ident, $mode:ident, $x:ident, $y:ident; $L:ident $i:tt) => {
        let mut saved = $workspace.split(&$L::PLAN, $samples);
        $layers.$i.forward($x, $y, $workspace.child(&mut saved), $mode);
    };
    (@forward $layers:ident, $workspace:ident, $samples:ident, $mode:ident, $x:ident, $y:ident;
     $L:ident $i:tt $($rest:tt)+) => {
        let middle = $workspace.saved::<$L::Output>($samples);
        let mut saved = $workspace.split(&$L::PLAN, $samples);
        $layers.$i.forward($x, middle, $workspace.child(&mut saved), $mode);
        let middle = &*middle;
        stack!(@forward $layers, $workspace, $samples, $mode, middle, $y; $($rest)+);
    };

    (@backward $names:ident, $layers:ident, $workspace:ident, $samples:ident, $gradient:ident, $accumulate:ident, $hook:ident,
     $x:ident, $y:ident, $dy:ident, $dx:ident; $L:ident $i:tt) => {
        let mut saved = $workspace.split(&$L::PLAN, $samples);
        let pass = Backward {
            input: $x,
            output: $y,
            output_grad: $dy,
            input_grad: $dx,
            gradient: $gradient.$i,
            workspace: $workspace.child(&mut saved),
            accumulate: $accumulate,
        };
        backward_child($names[$i], $layers.$i, pass, &mut $hook);
    };
    (@backward $names:ident, $layers:ident, $workspace:ident, $samples:ident, $gradient:ident, $accumulate:ident, $hook:ident,
     $x:ident, $y:ident, $dy:ident, $dx:ident; $L:ident $i:tt $($rest:tt)+) => {
        let middle = &*$workspace.saved::<$L::Output>($samples);
        let mut saved = $workspace.split(&$L::PLAN, $samples);
        let middle_grad = $workspace.scratch::<<$L::Output as Sample>::Grad>($samples);
        {
            let dx = Some(&mut *middle_grad);
            stack!(
                @backward $names, $layers, $workspace, $samples, $gradient, $accumulate, $hook,
                middle, $y, $dy, dx; $($rest)+
            );
        }
        let pass = Backward {
            input: $x,
            output: middle,
            output_grad: &*middle_grad,
            input_grad: $dx,
            gradient: $gradient.$i,
            workspace: $workspace.child(&mut saved),
            accumulate: $accumulate,
        };
        backward_child($names[$i], $layers.$i, pass, &mut $hook);
    };
}

stack!(A 0 takes X; gives A);
stack!(A 0 takes X, B 1 takes A::Output; gives B);
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output; gives C);
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output; gives D);
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output; gives E);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output; gives F);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output; gives G);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output; gives H);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output; gives I);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output; gives J);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output; gives K);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output; gives L);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output; gives M);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output, N 13 takes M::Output; gives N);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output, N 13 takes M::Output, O 14 takes N::Output; gives O);
#[rustfmt::skip]
stack!(A 0 takes X, B 1 takes A::Output, C 2 takes B::Output, D 3 takes C::Output, E 4 takes D::Output, F 5 takes E::Output, G 6 takes F::Output, H 7 takes G::Output, I 8 takes H::Output, J 9 takes I::Output, K 10 takes J::Output, L 11 takes K::Output, M 12 takes L::Output, N 13 takes M::Output, O 14 takes N::Output, Q 15 takes O::Output; gives Q);

macro_rules! too_long {
    ($n:literal: $($L:ident $i:tt),+) => {
        lend!($($L $i),+);

        impl<X: Sample + bytemuck::Pod, $($L: Parameters),+> Layer<X> for ($($L,)+)
        where
            X: AtMostSixteen<$n>,
        {
            type Output = X;
            fn forward(&self, _: &[X], _: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {}
            fn backward(&self, _: Backward<'_, X, Self>) {}
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
