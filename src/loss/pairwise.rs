//! Losses that compare an output with a target of the same shape, number by number, and take the mean.

use crate::kernel::{Kernel, Level, Real, dispatch, sum};

/// The loss of one number `a` of an output and `y` of its target, and its derivative with respect to `a`. Mark it
/// `#[inline(always)]`, without a branch or a call, so that the compiler vectorizes the loops over it.
pub(super) trait Pairwise {
    fn compare(&self, a: f64, y: f64) -> (f64, f64);
}

/// Returns the sum of the losses of all numbers, and writes their derivatives times `share` to `gradient`, in one pass.
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

    /// The values of a block are stored and then summed, because the compiler does not vectorize a loop that
    /// contains a sum.
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

/// Implements [`Loss`](super::Loss) for a [`Pairwise`].
macro_rules! pairwise {
    ($loss:ty, check: |$this:ident, $target:ident, $sample:ident| $check:expr) => {
        #[diagnostic::do_not_recommend] // so that the error is that of `Loss`, not of `SameType`
        impl<Y: crate::tensor::Tensor, Target: crate::tensor::SameType<Y>> crate::loss::Loss<Y, Target>
            for $loss
        {
            fn value(&self, output: &Y, target: &Target) -> f64 {
                use crate::kernel::Real;
                use crate::loss::pairwise::Pairwise;
                let pairs = output.as_slice().iter().zip(target.cast_one().as_slice());
                pairs.fold(0.0, |sum, (a, y)| sum + self.compare(a.to_f64(), y.to_f64()).0) / Y::LEN as f64
            }

            fn gradient(&self, output: &Y, target: &Target, gradient: &mut Y) {
                let (a, y, g) = (output.as_slice(), target.cast_one().as_slice(), gradient.as_mut_slice());
                crate::loss::pairwise::sum_and_gradient(self, a, y, g, 1.0 / Y::LEN as f64);
            }

            fn check(&self, $target: &Target, $sample: usize) -> Result<(), crate::Error> {
                let ($this, $target) = (self, $target.cast_one());
                $check
            }

            fn mean_and_gradient(
                &self,
                outputs: &[Y],
                targets: &[Target],
                gradients: &mut [Y],
            ) -> Result<f64, crate::Error> {
                crate::loss::check_batch(self, outputs, targets, gradients)?;
                let numbers = (outputs.len() * Y::LEN) as f64;
                let (a, y, g) = (Y::flat(outputs), Y::flat(Target::cast(targets)), Y::flat_mut(gradients));
                let sum = crate::loss::pairwise::sum_and_gradient(self, a, y, g, 1.0 / numbers);
                crate::loss::finite_with_gradient(sum / numbers, g)
            }
        }
    };
}
pub(super) use pairwise;
