use chainrule_kernel::int8::{Nested, Packed};

use super::{Buffers, Interval, Memory, Quantization, Quantize, Ranges};
use crate::Error;
use crate::layer::{Layer, WorkspaceMut};
use crate::tensor::Tensor;

/// The types of the int8 form of a stack: of a tuple, or of a struct that [`network!`](crate::network) declares. The
/// items are the same as in [`Quantize`].
#[allow(missing_docs)]
pub trait QuantizeTypes<X: Tensor<Scalar = f32>> {
    type Output: Tensor<Scalar = f32>;
    type Int8: Packed;
    type Ranges: Ranges;
    const BUFFERS: Buffers;

    fn needed_chain(ranges: &Self::Ranges, wanted: Option<Interval>) -> Option<Interval>;

    fn run_chain(int8: &Self::Int8, memory: Memory<'_>);
}

/// The layers of a stack, each borrowed separately: `Layers` is a tuple of references to them.
#[allow(missing_docs)]
pub trait QuantizeChain<X: Tensor<Scalar = f32>, Layers>: QuantizeTypes<X> {
    fn observe_chain(
        layers: Layers,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        ranges: &mut Self::Ranges,
    );

    fn quantize_chain(
        layers: Layers,
        input: Quantization,
        ranges: &Self::Ranges,
        wanted: Option<Interval>,
        to: &mut Self::Int8,
    ) -> Result<Quantization, Error>;
}

macro_rules! stack {
    ($($L:ident $i:tt $In:ident $Out:ident),+) => {
        impl<$($L: Quantize<$In, Output = $Out>, $In: Tensor<Scalar = f32>),+, Y: Tensor<Scalar = f32>>
            QuantizeTypes<X> for ($($L,)+)
        {
            type Output = Y;
            type Int8 = stack!(@nested Int8 $($L)+);
            type Ranges = stack!(@nested Ranges $($L)+);
            const BUFFERS: Buffers = stack!(@buffers $($L)+);

            fn needed_chain(ranges: &Self::Ranges, wanted: Option<Interval>) -> Option<Interval> {
                stack!(@needed ranges, wanted; $($L)+)
            }

            #[inline]
            fn run_chain(int8: &Self::Int8, memory: Memory<'_>) {
                stack!(@run int8, memory; $($L)+);
            }
        }

        impl<'a, $($L: Quantize<$In, Output = $Out>, $In: Tensor<Scalar = f32>),+, Y: Tensor<Scalar = f32>>
            QuantizeChain<X, ($(&'a $L,)+)> for ($($L,)+)
        {
            fn observe_chain(
                layers: ($(&'a $L,)+),
                input: &[X],
                output: &mut [Y],
                mut workspace: WorkspaceMut<'_>,
                ranges: &mut Self::Ranges,
            ) {
                let samples = input.len();
                stack!(@observe layers, workspace, samples, ranges, input, output; $($L $i $In $Out),+);
            }

            fn quantize_chain(
                layers: ($(&'a $L,)+),
                input: Quantization,
                ranges: &Self::Ranges,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                stack!(@quantize layers, input, ranges, wanted, to; $($L $i),+)
            }
        }

        impl<$($L: Quantize<$In, Output = $Out>, $In: Tensor<Scalar = f32>),+, Y: Tensor<Scalar = f32>>
            Quantize<X> for ($($L,)+)
        where
            Self: Layer<X, Output = Y>,
        {
            type Int8 = <Self as QuantizeTypes<X>>::Int8;
            type Ranges = <Self as QuantizeTypes<X>>::Ranges;
            const BUFFERS: Buffers = <Self as QuantizeTypes<X>>::BUFFERS;

            fn observe(
                &self,
                input: &[X],
                output: &mut [Y],
                workspace: WorkspaceMut<'_>,
                ranges: &mut Self::Ranges,
            ) {
                Self::observe_chain(($(&self.$i,)+), input, output, workspace, ranges);
            }

            fn needed(ranges: &Self::Ranges, wanted: Option<Interval>) -> Option<Interval> {
                Self::needed_chain(ranges, wanted)
            }

            fn quantize(
                &self,
                input: Quantization,
                ranges: &Self::Ranges,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                Self::quantize_chain(($(&self.$i,)+), input, ranges, wanted, to)
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                Self::run_chain(int8, memory);
            }
        }
    };

    (@nested $Item:ident $L:ident) => { $L::$Item };
    (@nested $Item:ident $L:ident $($rest:ident)+) => { Nested<$L::$Item, stack!(@nested $Item $($rest)+)> };

    (@buffers $L:ident $($rest:ident)*) => { $L::BUFFERS$(.then($rest::BUFFERS))* };

    (@observe $layers:ident, $workspace:ident, $samples:ident, $ranges:expr, $x:ident, $y:ident;
     $L:ident $i:tt $In:ident $Out:ident) => {
        let mut saved = $workspace.split(&<$L as Layer<$In>>::PLAN, $samples);
        $layers.$i.observe($x, $y, $workspace.child(&mut saved), $ranges);
    };
    (@observe $layers:ident, $workspace:ident, $samples:ident, $ranges:expr, $x:ident, $y:ident;
     $L:ident $i:tt $In:ident $Out:ident, $($rest:tt)+) => {
        let middle = $workspace.saved::<$Out>($samples);
        let mut saved = $workspace.split(&<$L as Layer<$In>>::PLAN, $samples);
        $layers.$i.observe($x, middle, $workspace.child(&mut saved), &mut $ranges.first);
        let middle = &*middle;
        stack!(@observe $layers, $workspace, $samples, &mut $ranges.rest, middle, $y; $($rest)+);
    };

    // From the last layer to the first.
    (@needed $ranges:expr, $wanted:ident; $L:ident) => { $L::needed($ranges, $wanted) };
    (@needed $ranges:expr, $wanted:ident; $L:ident $($rest:ident)+) => {
        $L::needed(&$ranges.first, stack!(@needed &$ranges.rest, $wanted; $($rest)+))
    };

    (@quantize $layers:ident, $input:ident, $ranges:expr, $wanted:ident, $to:expr; $L:ident $i:tt) => {
        $layers.$i.quantize($input, $ranges, $wanted, $to)
    };
    (@quantize $layers:ident, $input:ident, $ranges:expr, $wanted:ident, $to:expr;
     $L:ident $i:tt, $($Next:ident $next:tt),+) => {{
        let needed = stack!(@needed &$ranges.rest, $wanted; $($Next)+);
        let input = $layers.$i.quantize($input, &$ranges.first, needed, &mut $to.first)?;
        stack!(@quantize $layers, input, &$ranges.rest, $wanted, &mut $to.rest; $($Next $next),+)
    }};

    (@run $int8:expr, $memory:ident; $L:ident) => { $L::run($int8, $memory) };
    (@run $int8:expr, $memory:ident; $L:ident $($rest:ident)+) => {
        let mut memory = $memory;
        $L::run(&$int8.first, memory.reborrow());
        let memory = memory.after(&$L::BUFFERS);
        stack!(@run &$int8.rest, memory; $($rest)+);
    };
}

// For each layer: its type, its index, its input and its output.
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
