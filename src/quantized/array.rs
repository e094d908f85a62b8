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
    const BUFFERS: Buffers = in_a_row::<X, F>(N);

    fn observe(&self, input: &[X], output: &mut [X], workspace: WorkspaceMut<'_>, ranges: &mut Self::Ranges) {
        observe_in_a_row::<X, F>(N, input, output, workspace, |at, x, y, workspace| {
            self[at].observe(x, y, workspace, &mut ranges[at]);
        });
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

/// Returns the memory of several copies of a layer, which run one after the other.
pub(super) const fn in_a_row<X: Tensor<Scalar = f32>, F: Quantize<X, Output = X>>(copies: usize) -> Buffers {
    let (mut buffers, mut at) = (Buffers::in_place(len::<X>()), 0);
    while at < copies {
        buffers = buffers.then(F::BUFFERS);
        at += 1;
    }
    buffers
}

/// Calls `observe` for each of these copies, with its index, its input, its output and its workspace.
pub(super) fn observe_in_a_row<X: Tensor<Scalar = f32>, F: Quantize<X, Output = X>>(
    copies: usize,
    input: &[X],
    output: &mut [X],
    mut workspace: WorkspaceMut<'_>,
    mut observe: impl FnMut(usize, &[X], &mut [X], WorkspaceMut<'_>),
) {
    let samples = input.len();
    output.copy_from_slice(input);
    let middle = workspace.saved::<X>(copies.saturating_sub(1) * samples);
    let mut saved = workspace.split_copies(&F::PLAN, samples, copies);
    for at in 0..copies {
        let x = if at == 0 {
            input
        } else {
            middle[..samples].copy_from_slice(output);
            &middle[..samples]
        };
        observe(at, x, output, workspace.copy(&mut saved, &F::PLAN, samples, at));
    }
}

/// Returns the range of inputs that the first of several layers needs.
fn needed_in_a_row<X: Tensor<Scalar = f32>, F: Quantize<X>>(
    ranges: &[F::Ranges],
    wanted: Option<Interval>,
) -> Option<Interval> {
    ranges.iter().rev().fold(wanted, |wanted, ranges| F::needed(ranges, wanted))
}
