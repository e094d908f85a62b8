use chainrule_kernel::int8::{Nested, Rescale};
use chainrule_parameters::Parameters;

use super::array::{in_a_row, observe_in_a_row};
use super::{Buffers, Interval, Memory, Quantization, Quantize, Ranges};
use crate::Error;
use crate::layer::{Layer, WorkspaceMut};
use crate::stack::Shared;
use crate::tensor::Tensor;

/// The weights are stored once, so that all copies of the layer have inputs of the same scale. The input of the first
/// copy and the output of each copy are converted to this scale.
impl<X: Tensor<Scalar = f32>, F: Quantize<X, Output = X>, const N: usize> Quantize<X> for Shared<F, N>
where
    Self: Layer<X, Output = X>,
{
    /// The conversions from the scale of the input, and from the scale of the layer's output, to the common scale; and
    /// the layer.
    type Int8 = Nested<[Rescale; 2], F::Int8>;
    /// The range of the input and all outputs, and the ranges of the layer.
    type Ranges = Nested<Interval, F::Ranges>;
    const BUFFERS: Buffers = in_a_row::<X, F>(N);

    fn observe(&self, input: &[X], output: &mut [X], workspace: WorkspaceMut<'_>, ranges: &mut Self::Ranges) {
        ranges.first.see(X::flat(input));
        observe_in_a_row::<X, F>(N, input, output, workspace, |_, x, y, workspace| {
            self.layer.observe(x, y, workspace, &mut ranges.rest);
            ranges.first.see(X::flat(y));
        });
    }

    fn quantize(
        &self,
        input: Quantization,
        ranges: &Self::Ranges,
        _: Option<Interval>,
        to: &mut Self::Int8,
    ) -> Result<Quantization, Error> {
        let common = Quantization::of_layer(ranges.first, <Self as Parameters>::NAME)?;
        let output = self.layer.quantize(common, &ranges.rest, Some(ranges.first), &mut to.rest)?;
        to.first = [input, output].map(|from| Rescale::of(from.parts(), common.parts()));
        Ok(common)
    }

    #[inline]
    fn run(int8: &Self::Int8, mut memory: Memory<'_>) {
        let [from_input, from_output] = int8.first;
        memory.first[..X::LEN].iter_mut().for_each(|x| *x = from_input.apply(*x));
        for _ in 0..N {
            F::run(&int8.rest, memory.reborrow());
            memory = memory.after(&F::BUFFERS);
            memory.first[..X::LEN].iter_mut().for_each(|x| *x = from_output.apply(*x));
        }
    }
}
