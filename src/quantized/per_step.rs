use bytemuck::{must_cast_slice, must_cast_slice_mut};

use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{Layer, WorkspaceMut};
use crate::stack::PerStep;
use crate::tensor::{Sequence, Tensor, Vector, len};

/// Each step is copied to the memory of the layer, and its output is copied back.
impl<const STEPS: usize, const IN: usize, F: Quantize<Vector<IN>>, Y: Tensor<Scalar = f32>>
    Quantize<Sequence<STEPS, IN>> for PerStep<F>
where
    Self: Layer<Sequence<STEPS, IN>, Output = Y>,
{
    type Int8 = F::Int8;
    type Ranges = F::Ranges;
    const BUFFERS: Buffers =
        Buffers::from_to(len::<Sequence<STEPS, IN>>(), len::<Y>()).with_scratch(F::BUFFERS.bytes());

    fn observe(
        &self,
        input: &[Sequence<STEPS, IN>],
        output: &mut [Y],
        workspace: WorkspaceMut<'_>,
        ranges: &mut Self::Ranges,
    ) {
        self.layer.observe(must_cast_slice(input), must_cast_slice_mut(output), workspace, ranges);
    }

    fn needed(ranges: &Self::Ranges, wanted: Option<Interval>) -> Option<Interval> {
        F::needed(ranges, wanted)
    }

    fn quantize(
        &self,
        input: Quantization,
        ranges: &Self::Ranges,
        wanted: Option<Interval>,
        to: &mut Self::Int8,
    ) -> Result<Quantization, Error> {
        self.layer.quantize(input, ranges, wanted, to)
    }

    #[inline]
    fn run(int8: &Self::Int8, memory: Memory<'_>) {
        let Memory { first, second, scratch } = memory;
        for step in 0..STEPS {
            let mut own = Memory::split(scratch, &F::BUFFERS);
            own.first[..IN].copy_from_slice(&first[step * IN..][..IN]);
            F::run(int8, own.reborrow());
            let out = F::Output::LEN;
            second[step * out..][..out].copy_from_slice(&own.after(&F::BUFFERS).first[..out]);
        }
    }
}
