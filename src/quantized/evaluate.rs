use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::WorkspaceMut;
use crate::stack::Evaluate;
use crate::tensor::Tensor;

impl<X: Tensor<Scalar = f32>, F: Quantize<X>> Quantize<X> for Evaluate<F> {
    type Int8 = F::Int8;
    type Ranges = F::Ranges;
    const BUFFERS: Buffers = F::BUFFERS;

    fn observe(
        &self,
        input: &[X],
        output: &mut [F::Output],
        workspace: WorkspaceMut<'_>,
        ranges: &mut Self::Ranges,
    ) {
        self.layer.observe(input, output, workspace, ranges);
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
        F::run(int8, memory);
    }
}
