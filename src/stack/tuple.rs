//! Tuples of 1 to 16 layers. For two layers, the macro below generates:
//!
//! ```text
//! impl<A, X, B, X1, Y> Layer<X> for (A, B)
//! where
//!     X: InputAt<0, A, Output = X1>, // A: Layer<X>
//!     X1: InputAt<1, B, Output = Y>, // B: Layer<X1>
//! {
//!     type Output = Y;
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

use bytemuck::Pod;
use chainrule_parameters::{Parameters, Segment};

use super::backward_child;
use super::place::at;
use crate::bounds::AtMostSixteen;
use crate::layer::{
    Backward, BackwardHook, Child, InputAt, Layer, Mode, Plan, Space, WorkspaceMut, check_lengths,
};
use crate::tensor::Sample;

/// The layers of a stack, in order: the elements of a tuple, or the fields of a struct that
/// [`network!`](crate::network) declares. Each layer is borrowed separately.
pub trait Chain<X: Sample>: Layer<X> + LayerRefs {
    /// Runs the forward pass, as [`Layer::forward`].
    fn forward_chain(
        layers: Self::Layers<'_>,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    );

    /// Runs the backward pass, as [`Layer::backward`]. The hook gets the layers' names.
    #[allow(clippy::too_many_arguments)] // the fields of `Backward`, with the gradient as separate references
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
    ($($L:ident $i:tt $In:ident $Out:ident),+) => {
        lend!($($L $i),+);

        impl<$($L: Parameters, $In),+, Y> Layer<X> for ($($L,)+)
        where
            X: Sample,
            $($In: InputAt<$i, $L, Output = $Out>,)+
            $($Out: Sample + Pod),+
        {
            type Output = Y;
            const PLAN: Plan = Plan {
                children: &[$(Child { name: Segment::Index($i), plan: &<$In::Layer as Layer<$In>>::PLAN, copies: 1, shared: false }),+],
                ..stack!(@boundaries [Plan::product::<X, Self>()$(.then(&<$In::Layer as Layer<$In>>::PLAN))+] $($Out)+)
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
                check_lengths(input.len(), output.len());
                Self::forward_chain(($(&self.$i,)+), input, output, workspace, mode);
            }

            #[inline]
            fn backward(&self, pass: Backward<'_, X, Self>) {
                pass.check_lengths();
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

        at!([$($L: Parameters),+] ($($L,)+));

        impl<$($L: Parameters, $In),+, Y> Chain<X> for ($($L,)+)
        where
            X: Sample,
            $($In: InputAt<$i, $L, Output = $Out>,)+
            $($Out: Sample + Pod),+
        {
            #[inline]
            fn forward_chain(
                layers: Self::Layers<'_>,
                input: &[X],
                output: &mut [Self::Output],
                mut workspace: WorkspaceMut<'_>,
                mode: &mut Mode<'_>,
            ) {
                let samples = input.len();
                stack!(@forward layers, workspace, samples, mode, input, output; $($L $i $In $Out),+);
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
                    input, output, output_grad, input_grad; $($L $i $In $Out),+
                );
            }
        }
    };

    // Each output except the last is saved. Its gradient is scratch memory.
    (@boundaries [$plan:expr] $Last:ident) => { $plan };
    (@boundaries [$plan:expr] $Out:ident $($rest:ident)+) => {
        stack!(
            @boundaries
            [$plan.saves(Space::per_sample::<$Out>(1)).backward_scratch(Space::per_sample::<$Out::Grad>(1))]
            $($rest)+
        )
    };

    (@forward $layers:ident, $workspace:ident, $samples:ident, $mode:ident, $x:ident, $y:ident;
     $L:ident $i:tt $In:ident $Out:ident) => {
        let mut saved = $workspace.split(&<$In::Layer as Layer<$In>>::PLAN, $samples);
        $In::layer($layers.$i).forward($x, $y, $workspace.child(&mut saved), $mode);
    };
    (@forward $layers:ident, $workspace:ident, $samples:ident, $mode:ident, $x:ident, $y:ident;
     $L:ident $i:tt $In:ident $Out:ident, $($rest:tt)+) => {
        let middle = $workspace.saved::<$Out>($samples);
        let mut saved = $workspace.split(&<$In::Layer as Layer<$In>>::PLAN, $samples);
        $In::layer($layers.$i).forward($x, middle, $workspace.child(&mut saved), $mode);
        let middle = &*middle;
        stack!(@forward $layers, $workspace, $samples, $mode, middle, $y; $($rest)+);
    };

    (@backward $names:ident, $layers:ident, $workspace:ident, $samples:ident, $gradient:ident, $accumulate:ident, $hook:ident,
     $x:ident, $y:ident, $dy:ident, $dx:ident; $L:ident $i:tt $In:ident $Out:ident) => {
        let mut saved = $workspace.split(&<$In::Layer as Layer<$In>>::PLAN, $samples);
        let pass = Backward {
            input: $x,
            output: $y,
            output_grad: $dy,
            input_grad: $dx,
            gradient: $In::layer_mut($gradient.$i),
            workspace: $workspace.child(&mut saved),
            accumulate: $accumulate,
        };
        backward_child($names[$i], $In::layer($layers.$i), pass, &mut $hook);
    };
    (@backward $names:ident, $layers:ident, $workspace:ident, $samples:ident, $gradient:ident, $accumulate:ident, $hook:ident,
     $x:ident, $y:ident, $dy:ident, $dx:ident; $L:ident $i:tt $In:ident $Out:ident, $($rest:tt)+) => {
        let middle = &*$workspace.saved::<$Out>($samples);
        let mut saved = $workspace.split(&<$In::Layer as Layer<$In>>::PLAN, $samples);
        let middle_grad = $workspace.scratch::<$Out::Grad>($samples);
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
            gradient: $In::layer_mut($gradient.$i),
            workspace: $workspace.child(&mut saved),
            accumulate: $accumulate,
        };
        backward_child($names[$i], $In::layer($layers.$i), pass, &mut $hook);
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

macro_rules! too_long {
    ($n:literal: $($L:ident $i:tt),+) => {
        lend!($($L $i),+);

        impl<X: Sample + Pod, $($L: Parameters),+> Layer<X> for ($($L,)+)
        where
            X: AtMostSixteen<$n>,
        {
            type Output = X;
            fn forward(&self, _: &[X], _: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {}
            fn backward(&self, _: Backward<'_, X, Self>) {}
        }

        at!([$($L: Parameters),+] ($($L,)+));
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
