use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::{Backward, Layer, Mode, WorkspaceMut, check_lengths};
use crate::tensor::side::{Known, Positive, Side, Sides, Times};
use crate::tensor::{Image, Tensor};
use chainrule_derive::Parameters;

/// Nearest-neighbor upsampling: repeats every pixel in a square of `FACTOR` x `FACTOR`.
///
/// Forward `y[c, r, s] = x[c, ⌊r / FACTOR⌋, ⌊s / FACTOR⌋]`; backward `dx` = the sum of `dy` over the pixel's square.
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, FACTOR H, FACTOR W>`, computed by the compiler for sides up to 2048 and
/// [some longer ones](crate::tensor::side).
///
/// # Gradient flow
/// Linear. The Jacobian's norm is `FACTOR`, by which gradients grow. Followed by a convolution, it enlarges images
/// without checkerboard artifacts.
///
/// # Source
/// Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill (2016).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0]]]);
/// assert_eq!(Upsample2d::<2>.predict(&picture)?, Image([[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct Upsample2d<const FACTOR: usize>;

comparable!([const FACTOR: usize] Upsample2d<FACTOR>);

type Output<const FACTOR: usize, const C: usize, const H: usize, const W: usize, T> =
    <(Side<C>, <Side<H> as Times<FACTOR>>::Out, <Side<W> as Times<FACTOR>>::Out) as Sides<T>>::Tensor;

impl<const FACTOR: usize, const C: usize, const H: usize, const W: usize, T: Real> Layer<Image<C, H, W, T>>
    for Upsample2d<FACTOR>
where
    Side<FACTOR>: Known<Number: Positive>,
    Side<H>: Times<FACTOR>,
    Side<W>: Times<FACTOR>,
    (Side<C>, <Side<H> as Times<FACTOR>>::Out, <Side<W> as Times<FACTOR>>::Out): Sides<T>,
{
    type Output = Output<FACTOR, C, H, W, T>;

    fn forward(
        &self,
        input: &[Image<C, H, W, T>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        // All rows of the batch, one after the other: each becomes FACTOR rows.
        let rows = Tensor::flat_mut(output).chunks_exact_mut(FACTOR * FACTOR * W);
        for (rows, x) in rows.zip(Tensor::flat(input).chunks_exact(W)) {
            let (first, others) = rows.split_at_mut(FACTOR * W);
            first.chunks_exact_mut(FACTOR).zip(x).for_each(|(pixels, &x)| pixels.fill(x));
            others.chunks_exact_mut(FACTOR * W).for_each(|row| row.copy_from_slice(first));
        }
    }

    fn backward(&self, pass: Backward<'_, Image<C, H, W, T>, Self>) {
        pass.check_lengths();
        let Backward { output_grad, input_grad, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        let rows = Tensor::flat(output_grad).chunks_exact(FACTOR * FACTOR * W);
        for (dx, rows) in Tensor::flat_mut(input_grad).chunks_exact_mut(W).zip(rows) {
            dx.fill(T::zero());
            for row in rows.chunks_exact(FACTOR * W) {
                for (dx, pixels) in dx.iter_mut().zip(row.chunks_exact(FACTOR)) {
                    *dx += pixels.iter().fold(T::zero(), |sum, &dy| sum + dy);
                }
            }
        }
    }
}
