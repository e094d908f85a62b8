//! Losses that compare an output with a target of the same shape elementwise, and compute the mean or the sum.

use crate::kernel::{Kernel, Level, Real, dispatch, sum};
use crate::tensor::Tensor;

/// The loss of one number `a` of an output and the number `y` of its target, and the derivative with respect to `a`.
/// Implement it with `#[inline(always)]` and without branches and calls, so that the compiler vectorizes the loops that
/// call it.
pub(super) trait Pairwise {
    /// Whether the loss of a sample is the sum over its numbers. Otherwise it is the mean.
    const SUM: bool = false;

    fn compare(&self, a: f64, y: f64) -> (f64, f64);
}

/// Returns the divisor of the sum over the numbers of a sample.
pub(super) const fn divisor<P: Pairwise, Y: Tensor>() -> usize {
    if P::SUM { 1 } else { Y::LEN }
}

/// Returns the sum of the losses of all numbers, and writes their derivatives, multiplied by `share`, to `gradient`, in
/// one pass.
pub(super) fn sum_and_gradient<P: Pairwise, T: Real>(
    loss: &P,
    output: &[T],
    target: &[T],
    gradient: &mut [T],
    share: f64,
) -> f64 {
    dispatch(Compare { loss, output, target, gradient, share })
}

struct Compare<'a, P, T> {
    loss: &'a P,
    output: &'a [T],
    target: &'a [T],
    gradient: &'a mut [T],
    share: f64,
}

impl<P: Pairwise, T: Real> Kernel for Compare<'_, P, T> {
    type Output = f64;

    /// Stores the values of a block and then sums them, because the compiler does not vectorize a loop with a sum.
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> f64 {
        const BLOCK: usize = 64;
        let Self { loss, output, target, gradient, share } = self;
        let (mut total, mut values) = (0.0, [0.0; BLOCK]);
        let pairs = output.chunks(BLOCK).zip(target.chunks(BLOCK));
        for (gradient, (output, target)) in gradient.chunks_mut(BLOCK).zip(pairs) {
            let written = values.iter_mut().zip(gradient.iter_mut());
            for ((value, g), (&a, &y)) in written.zip(output.iter().zip(target)) {
                let slope;
                (*value, slope) = loss.compare(a.to_f64(), y.to_f64());
                *g = T::from_f64(slope * share);
            }
            total += sum(&values[..gradient.len()]);
        }
        total
    }
}

/// Implements [`Loss`](super::Loss) for a [`Pairwise`], with checks of its targets, and of its outputs if not every
/// number is a valid output.
macro_rules! pairwise {
    (
        $loss:ty, check: |$this:ident, $target:ident, $sample:ident| $check:expr
        $(, outputs: |$loss_of:ident, $output:ident, $at:ident| $check_output:expr)?
    ) => {
        #[diagnostic::do_not_recommend] // so that the error is about `Loss`, not about `SameType`
        impl<Y: crate::tensor::Tensor, Target: crate::tensor::SameType<Y>> crate::loss::Loss<Y, Target>
            for $loss
        {
            fn value(&self, output: &Y, target: &Target) -> f64 {
                use crate::kernel::Real;
                use crate::loss::pairwise::{Pairwise, divisor};
                let pairs = output.as_slice().iter().zip(target.cast_one().as_slice());
                pairs.fold(0.0, |sum, (a, y)| sum + self.compare(a.to_f64(), y.to_f64()).0)
                    / divisor::<Self, Y>() as f64
            }

            fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y) {
                use crate::loss::pairwise::{divisor, sum_and_gradient};
                let (a, y, g) = (output.as_slice(), target.cast_one().as_slice(), gradient.as_mut_slice());
                sum_and_gradient(self, a, y, g, 1.0 / divisor::<Self, Y>() as f64);
            }

            fn check(&self, $target: &Target, $sample: usize) -> Result<(), crate::Error> {
                let ($this, $target) = (self, $target.cast_one());
                $check
            }
            $(
                fn check_output(&self, $output: &Y, $at: usize) -> Result<(), crate::Error> {
                    let $loss_of = self;
                    $check_output
                }
            )?

            fn mean_and_gradient(
                &self,
                outputs: &[Y],
                targets: &[Target],
                gradients: &mut [Y],
            ) -> Result<f64, crate::Error> {
                use crate::loss::pairwise::{divisor, sum_and_gradient};
                crate::loss::checks::check_batch(self, outputs, targets, gradients)?;
                let numbers = (outputs.len() * divisor::<Self, Y>()) as f64;
                let (a, y, g) = (Y::flat(outputs), Y::flat(Target::cast(targets)), Y::flat_mut(gradients));
                let sum = sum_and_gradient(self, a, y, g, 1.0 / numbers);
                crate::loss::checks::finite_with_gradient(sum / numbers, g)
            }
        }
    };
}
pub(super) use pairwise;
