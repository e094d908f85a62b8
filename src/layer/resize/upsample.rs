use super::Rule;
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::place::at_input;
use crate::layer::{Backward, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::tensor::side::{Known, Positive, Side, Sides, Times};
use crate::tensor::{Image, Sequence, Tensor};
use chainrule_derive::Parameters;
use chainrule_parameters::Part;

/// Nearest-neighbor upsampling: repeats each pixel in a rectangle of `HEIGHT` x `WIDTH` pixels.
///
/// Forward `y[c, r, s] = x[c, ⌊r / HEIGHT⌋, ⌊s / WIDTH⌋]`; backward `dx` = the sum of `dy` over the pixel's rectangle.
///
/// # Shapes
/// Input `Image<C, H, W>`; output `Image<C, HEIGHT H, WIDTH W>`. The compiler computes it for sides up to 2048 and
/// [some longer ones](crate::tensor::side). `WIDTH` is `HEIGHT` by default.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is √(`HEIGHT` `WIDTH`): gradients grow by this factor. Together with a convolution
/// after it, it enlarges images without checkerboard artifacts. [`UpsampleBilinear2d`](super::UpsampleBilinear2d)
/// interpolates.
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
/// assert_eq!(Upsample2d::<1, 3>.predict(&picture)?, Image([[[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Upsample", "UpSampling2D", "nearest neighbor"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "Upsample2d<{=Self::FACTORS}>")]
pub struct Upsample2d<const HEIGHT: usize, const WIDTH: usize = HEIGHT>;

/// Nearest-neighbor upsampling of a sequence: repeats each step `FACTOR` times.
///
/// Forward `y[t, f] = x[⌊t / FACTOR⌋, f]`; backward `dx` = the sum of `dy` over the repeated steps.
///
/// # Shapes
/// Input `Sequence<STEPS, FEATURES>`; output `Sequence<FACTOR STEPS, FEATURES>`.
///
/// # Gradient flow
/// Linear. The norm of the Jacobian is √`FACTOR`: gradients grow by this factor.
/// [`UpsampleLinear1d`](super::UpsampleLinear1d) interpolates.
///
/// # Source
/// The same as [`Upsample2d`]; PyTorch's `nn.Upsample` with the mode `nearest`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0, 5.0], [2.0, 6.0]]);
/// assert_eq!(Upsample1d::<2>.predict(&steps)?, Sequence([[1.0, 5.0], [1.0, 5.0], [2.0, 6.0], [2.0, 6.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Upsample", "UpSampling1D", "repeat"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Upsample1d<const FACTOR: usize>;

impl<const HEIGHT: usize, const WIDTH: usize> Upsample2d<HEIGHT, WIDTH> {
    /// The factors in the name: one number if both are equal.
    const FACTORS: Part = Part::Sides(if HEIGHT == WIDTH { &[HEIGHT] } else { &[HEIGHT, WIDTH] });
}

comparable!([const HEIGHT: usize, const WIDTH: usize] Upsample2d<HEIGHT, WIDTH>);
comparable!([const FACTOR: usize] Upsample1d<FACTOR>);

at_input!([const F: usize, const STEPS: usize, const FEATURES: usize, T: Real] Upsample1d<F>, Sequence<STEPS, FEATURES, T>);

/// Implements a layer that repeats each number of a plane with rows of `$width` in a rectangle.
macro_rules! repeats {
    ([$($generics:tt)*] $layer:ty, $X:ty => $Y:ty, [$($bounds:tt)*], $width:expr, $factors:expr) => {
        impl<$($generics)*, T: Real> Layer<$X> for $layer
        where
            $($bounds)*
        {
            type Output = $Y;
            const PLAN: Plan = Plan::leaf::<$X, Self>().form(Form::Resize(Rule::Nearest));

            fn forward(&self, input: &[$X], output: &mut [$Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                repeat(Tensor::flat(input), $width, $factors, Tensor::flat_mut(output));
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { output_grad, input_grad, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                sum_repeated(Tensor::flat(output_grad), $width, $factors, Tensor::flat_mut(input_grad));
            }
        }
    };
}

repeats!(
    [const FH: usize, const FW: usize, const C: usize, const H: usize, const W: usize] Upsample2d<FH, FW>,
    Image<C, H, W, T> => <(Side<C>, <Side<H> as Times<FH>>::Out, <Side<W> as Times<FW>>::Out) as Sides<T>>::Tensor,
    [
        Side<FH>: Known<Number: Positive>,
        Side<FW>: Known<Number: Positive>,
        Side<H>: Times<FH>,
        Side<W>: Times<FW>,
        (Side<C>, <Side<H> as Times<FH>>::Out, <Side<W> as Times<FW>>::Out): Sides<T>,
    ],
    W,
    [FH, FW]
);
repeats!(
    [const F: usize, const STEPS: usize, const FEATURES: usize] Upsample1d<F>,
    Sequence<STEPS, FEATURES, T> => <(<Side<STEPS> as Times<F>>::Out, Side<FEATURES>) as Sides<T>>::Tensor,
    [
        Side<F>: Known<Number: Positive>,
        Side<STEPS>: Times<F>,
        (<Side<STEPS> as Times<F>>::Out, Side<FEATURES>): Sides<T>,
    ],
    FEATURES,
    [F, 1]
);

/// Repeats each number of `x` in a rectangle of `high` x `wide` numbers. `x` has rows of `width` numbers.
#[inline]
fn repeat<T: Real>(x: &[T], width: usize, [high, wide]: [usize; 2], y: &mut [T]) {
    // All rows of the batch, one after another. Each row becomes `high` rows.
    let rows = y.chunks_exact_mut(high * wide * width);
    for (rows, x) in rows.zip(x.chunks_exact(width)) {
        let (first, others) = rows.split_at_mut(wide * width);
        first.chunks_exact_mut(wide).zip(x).for_each(|(pixels, &x)| pixels.fill(x));
        others.chunks_exact_mut(wide * width).for_each(|row| row.copy_from_slice(first));
    }
}

/// Computes `dx`: the sum of `dy` over each rectangle.
#[inline]
fn sum_repeated<T: Real>(dy: &[T], width: usize, [high, wide]: [usize; 2], dx: &mut [T]) {
    let rows = dy.chunks_exact(high * wide * width);
    for (dx, rows) in dx.chunks_exact_mut(width).zip(rows) {
        dx.fill(T::zero());
        for row in rows.chunks_exact(wide * width) {
            for (dx, pixels) in dx.iter_mut().zip(row.chunks_exact(wide)) {
                *dx += pixels.iter().fold(T::zero(), |sum, &dy| sum + dy);
            }
        }
    }
}
