use chainrule_kernel::int8::{Nested, Rescale};
use chainrule_parameters::Parameters;

use super::buffers::larger;
use super::{Buffers, Interval, Memory, Quantization, Quantize, Ranges};
use crate::Error;
use crate::layer::{Layer, WorkspaceMut};
use crate::stack::Concat;
use crate::tensor::{Join2, Join3, Join4, Tensor, len};

/// The place of a branch's output in the output of all branches. That output has rows of `whole` numbers; the branch
/// has the `part` numbers after the first `start` of each row.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    part: usize,
    whole: usize,
}

impl Place {
    #[inline(always)]
    fn write<T: Copy>(self, part: &[T], whole: &mut [T], change: impl Fn(T) -> T) {
        for (whole, part) in whole.chunks_exact_mut(self.whole).zip(part.chunks_exact(self.part)) {
            whole[self.start..][..self.part].iter_mut().zip(part).for_each(|(y, &x)| *y = change(x));
        }
    }
}

fn observe<X: Tensor<Scalar = f32>, L: Quantize<X>, Y: Tensor<Scalar = f32>>(
    layer: &L,
    input: &[X],
    output: &mut [Y],
    place: Place,
    workspace: &mut WorkspaceMut<'_>,
    ranges: &mut L::Ranges,
) {
    let own = workspace.saved::<L::Output>(input.len());
    let mut saved = workspace.split(&L::PLAN, input.len());
    layer.observe(input, own, workspace.child(&mut saved), ranges);
    place.write(<L::Output as Tensor>::flat(own), Y::flat_mut(output), |x| x);
}

/// Quantizes a branch. If its output does not have the scale of the whole output, the output is converted.
fn quantize<X: Tensor<Scalar = f32>, L: Quantize<X>>(
    layer: &L,
    input: Quantization,
    ranges: &L::Ranges,
    range: Interval,
    to: &mut Nested<Rescale, L::Int8>,
) -> Result<(), Error> {
    let own = layer.quantize(input, ranges, Some(range), &mut to.rest)?;
    to.first = Rescale::of(own.parts(), Quantization::of(range).parts());
    Ok(())
}

#[inline]
fn run<X: Tensor<Scalar = f32>, L: Quantize<X>>(
    int8: &Nested<Rescale, L::Int8>,
    x: &[i8],
    y: &mut [i8],
    place: Place,
    scratch: &mut [i8],
) {
    let mut memory = Memory::split(scratch, &L::BUFFERS);
    memory.first[..X::LEN].copy_from_slice(x);
    L::run(&int8.rest, memory.reborrow());
    let own = &memory.after(&L::BUFFERS).first[..L::Output::LEN];
    place.write(own, y, |x| int8.first.apply(x));
}

/// Implements [`Quantize`] for a number of branches. Each branch works in the scratch memory, on a copy of the input.
macro_rules! branches {
    ($Join:ident: $A:ident 0 [$($a:ident).+] $(, $L:ident $i:tt [$($l:ident).+])+) => {
        impl<X, Y, $A: Quantize<X>, $($L: Quantize<X>),+> Quantize<X> for Concat<($A, $($L),+)>
        where
            X: Tensor<Scalar = f32>,
            Y: Tensor<Scalar = f32>,
            $A::Output: $Join<$($L::Output),+>,
            Self: Layer<X, Output = Y>,
        {
            /// The scale and the layers of each branch.
            type Int8 = branches!(@nested [Rescale] Int8 $A $($L)+);
            /// The range of the output, and the ranges of the branches.
            type Ranges = Nested<Interval, branches!(@nested [] Ranges $A $($L)+)>;
            const BUFFERS: Buffers = {
                let scratch = $A::BUFFERS.bytes();
                $(let scratch = larger(scratch, $L::BUFFERS.bytes());)+
                Buffers::from_to(len::<X>(), len::<Y>()).with_scratch(scratch)
            };

            fn observe(
                &self,
                input: &[X],
                output: &mut [Y],
                mut workspace: WorkspaceMut<'_>,
                ranges: &mut Self::Ranges,
            ) {
                let rows = <$A::Output as $Join<$($L::Output),+>>::ROWS;
                let place = Place { start: 0, part: <$A::Output as Tensor>::LEN / rows, whole: Y::LEN / rows };
                observe(&self.branches.0, input, output, place, &mut workspace, &mut ranges.rest.$($a).+);
                $(
                    let part = <$L::Output as Tensor>::LEN / rows;
                    let place = Place { start: place.start + place.part, part, ..place };
                    observe(&self.branches.$i, input, output, place, &mut workspace, &mut ranges.rest.$($l).+);
                )+
                let _ = place;
                ranges.first.see(Y::flat(output));
            }

            fn quantize(
                &self,
                input: Quantization,
                ranges: &Self::Ranges,
                wanted: Option<Interval>,
                to: &mut Self::Int8,
            ) -> Result<Quantization, Error> {
                let range = wanted.unwrap_or(ranges.first);
                let output = Quantization::of_layer(range, <Self as Parameters>::NAME)?;
                quantize(&self.branches.0, input, &ranges.rest.$($a).+, range, &mut to.$($a).+)?;
                $(quantize(&self.branches.$i, input, &ranges.rest.$($l).+, range, &mut to.$($l).+)?;)+
                Ok(output)
            }

            #[inline]
            fn run(int8: &Self::Int8, memory: Memory<'_>) {
                let rows = <$A::Output as $Join<$($L::Output),+>>::ROWS;
                let place = Place { start: 0, part: <$A::Output as Tensor>::LEN / rows, whole: Y::LEN / rows };
                let (x, y) = (&memory.first[..X::LEN], &mut memory.second[..Y::LEN]);
                run::<X, $A>(&int8.$($a).+, x, y, place, memory.scratch);
                $(
                    let part = <$L::Output as Tensor>::LEN / rows;
                    let place = Place { start: place.start + place.part, part, ..place };
                    run::<X, $L>(&int8.$($l).+, x, y, place, memory.scratch);
                )+
                let _ = place;
            }
        }
    };

    (@nested [$($Each:ident)?] $Item:ident $L:ident) => { branches!(@each [$($Each)?] $L::$Item) };
    (@nested [$($Each:ident)?] $Item:ident $L:ident $($rest:ident)+) => {
        Nested<branches!(@each [$($Each)?] $L::$Item), branches!(@nested [$($Each)?] $Item $($rest)+)>
    };
    (@each [] $L:ident::$Item:ident) => { $L::$Item };
    (@each [$Each:ident] $L:ident::$Item:ident) => { Nested<$Each, $L::$Item> };
}

// For each branch: its type, its index, and the path to its numbers.
branches!(Join2: A 0 [first], B 1 [rest]);
branches!(Join3: A 0 [first], B 1 [rest.first], C 2 [rest.rest]);
branches!(Join4: A 0 [first], B 1 [rest.first], C 2 [rest.rest.first], D 3 [rest.rest.rest]);
