use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{Layer, WorkspaceMut};
use crate::tensor::{Tensor, len};

impl<X: Tensor<Scalar = f32>, F: Quantize<X, Output = X>, const N: usize> Quantize<X> for [F; N]
where
    Self: Layer<X, Output = X>,
{
    type Int8 = [F::Int8; N];
    type Ranges = [F::Ranges; N];
    const BUFFERS: Buffers = {
        let (mut buffers, mut at) = (Buffers::in_place(len::<X>()), 0);
        while at < N {
            buffers = buffers.then(F::BUFFERS);
            at += 1;
        }
        buffers
    };

    fn observe(
        &self,
        input: &[X],
        output: &mut [X],
        mut workspace: WorkspaceMut<'_>,
        ranges: &mut Self::Ranges,
    ) {
        let samples = input.len();
        output.copy_from_slice(input);
        let middle = workspace.saved::<X>(N.saturating_sub(1) * samples);
        let mut saved = workspace.split_copies(&F::PLAN, samples, N);
        for (at, (layer, ranges)) in self.iter().zip(ranges).enumerate() {
            let x = if at == 0 {
                input
            } else {
                middle[..samples].copy_from_slice(output);
                &middle[..samples]
            };
            layer.observe(x, output, workspace.copy(&mut saved, &F::PLAN, samples, at), ranges);
        }
    }

    fn needed(ranges: &Self::Ranges, wanted: Option<Interval>) -> Option<Interval> {
        needed_in_a_row::<X, F>(ranges, wanted)
    }

    fn quantize(
        &self,
        mut input: Quantization,
        ranges: &Self::Ranges,
        wanted: Option<Interval>,
        to: &mut Self::Int8,
    ) -> Result<Quantization, Error> {
        for (at, (layer, to)) in self.iter().zip(to).enumerate() {
            let needed = needed_in_a_row::<X, F>(&ranges[at + 1..], wanted);
            input = layer.quantize(input, &ranges[at], needed, to)?;
        }
        Ok(input)
    }

    #[inline]
    fn run(int8: &Self::Int8, mut memory: Memory<'_>) {
        for int8 in int8 {
            F::run(int8, memory.reborrow());
            memory = memory.after(&F::BUFFERS);
        }
    }
}

/// Returns what the first of some layers needs.
fn needed_in_a_row<X: Tensor<Scalar = f32>, F: Quantize<X>>(
    ranges: &[F::Ranges],
    wanted: Option<Interval>,
) -> Option<Interval> {
    ranges.iter().rev().fold(wanted, |wanted, ranges| F::needed(ranges, wanted))
}
