use chainrule_kernel::int8::{Nested, ScaledSum};
use chainrule_parameters::Parameters;

use super::buffers::larger;
use super::{Buffers, Interval, Memory, Quantization, Quantize, Ranges};
use crate::Error;
use crate::layer::{Layer, WorkspaceMut};
use crate::stack::Residual;
use crate::tensor::{Tensor, len};

/// The input is copied to the scratch memory, where the shortcut works. The residual branch works in the two buffers.
impl<X, Y, F, S> Quantize<X> for Residual<F, S>
where
    X: Tensor<Scalar = f32>,
    Y: Tensor<Scalar = f32>,
    F: Quantize<X, Output = Y>,
    S: Quantize<X, Output = Y>,
    Self: Layer<X, Output = Y>,
{
    /// The sum, the residual branch and the shortcut.
    type Int8 = Nested<ScaledSum, Nested<F::Int8, S::Int8>>;
    type Ranges = Nested<Interval, Nested<F::Ranges, S::Ranges>>;
    const BUFFERS: Buffers = {
        let (branch, shortcut) = (F::BUFFERS, S::BUFFERS);
        Buffers {
            first: larger(branch.first, len::<X>()),
            scratch: shortcut.first + shortcut.second + larger(branch.scratch, shortcut.scratch),
            ..branch
        }
    };

    fn observe(
        &self,
        input: &[X],
        output: &mut [Y],
        mut workspace: WorkspaceMut<'_>,
        ranges: &mut Self::Ranges,
    ) {
        let samples = input.len();
        let branch = workspace.saved::<Y>(samples);
        let mut saved = workspace.split(&F::PLAN, samples);
        self.branch.observe(input, branch, workspace.child(&mut saved), &mut ranges.rest.first);
        if S::PLAN.identity {
            Y::flat_mut(output).copy_from_slice(X::flat(input));
        } else {
            let mut saved = workspace.split(&S::PLAN, samples);
            self.shortcut.observe(input, output, workspace.child(&mut saved), &mut ranges.rest.rest);
        }
        Y::flat_mut(output).iter_mut().zip(Y::flat(branch)).for_each(|(y, branch)| *y += branch);
        ranges.first.see(Y::flat(output));
    }

    fn quantize(
        &self,
        input: Quantization,
        ranges: &Self::Ranges,
        wanted: Option<Interval>,
        to: &mut Self::Int8,
    ) -> Result<Quantization, Error> {
        let Nested { first: range, rest: Nested { first: branch_ranges, rest: shortcut_ranges } } = ranges;
        let Nested { first: sum, rest: Nested { first: branch, rest: shortcut } } = to;
        let branch = self.branch.quantize(input, branch_ranges, None, branch)?;
        let shortcut = self.shortcut.quantize(input, shortcut_ranges, None, shortcut)?;
        let output = Quantization::of_layer(wanted.unwrap_or(*range), <Self as Parameters>::NAME)?;
        *sum = ScaledSum::of([branch.parts(), shortcut.parts()], output.parts());
        Ok(output)
    }

    #[inline]
    fn run(int8: &Self::Int8, memory: Memory<'_>) {
        let Nested { first: sum, rest: Nested { first: branch, rest: shortcut } } = int8;
        let Memory { first, second, scratch } = memory;
        let (skip_first, rest) = scratch.split_at_mut(S::BUFFERS.first);
        let (skip_second, rest) = rest.split_at_mut(S::BUFFERS.second);
        skip_first[..X::LEN].copy_from_slice(&first[..X::LEN]);
        S::run(shortcut, Memory { first: &mut *skip_first, second: &mut *skip_second, scratch: &mut *rest });
        let skip = if S::BUFFERS.swaps { skip_second } else { skip_first };
        let mut memory = Memory { first, second, scratch: rest };
        F::run(branch, memory.reborrow());
        sum.add(&skip[..Y::LEN], &mut memory.after(&F::BUFFERS).first[..Y::LEN]);
    }
}
