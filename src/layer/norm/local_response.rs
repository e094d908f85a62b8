use core::marker::PhantomData;
use core::ops::Range;

use chainrule_derive::Parameters;
use chainrule_parameters::{Part, TypeName};

use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{Backward, Layer, Mode, Plan, Space, WorkspaceMut, check_lengths};
use crate::tensor::{Image, Sequence, Tensor};

/// The settings of a [`LocalResponseNorm`]: `(Alpha<..>, Beta<..>, Offset<..>)`. See its example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of a local response norm",
    label = "expected three ratios",
    note = "write alpha, beta and offset as ratios, as in `LocalResponseNorm<5, (Alpha<1, 10_000>, Beta<3, 4>, Offset<2>)>`"
)]
pub trait ResponseSettings: Copy + Send + Sync + 'static {
    /// α.
    #[doc(hidden)]
    const ALPHA: f64;
    /// β.
    #[doc(hidden)]
    const BETA: f64;
    /// k.
    #[doc(hidden)]
    const OFFSET: f64;
    #[doc(hidden)]
    const NAME: TypeName;
}

/// α = `NUM / DEN` of a [`LocalResponseNorm`]. See its example.
#[derive(Clone, Copy, Debug)]
pub struct Alpha<const NUM: u64, const DEN: u64 = 1>;

/// β = `NUM / DEN` of a [`LocalResponseNorm`]. See its example.
#[derive(Clone, Copy, Debug)]
pub struct Beta<const NUM: u64, const DEN: u64 = 1>;

/// k = `NUM / DEN` of a [`LocalResponseNorm`]. See its example.
#[derive(Clone, Copy, Debug)]
pub struct Offset<const NUM: u64, const DEN: u64 = 1>;

impl<
    const ALPHA: u64,
    const PER_ALPHA: u64,
    const BETA: u64,
    const PER_BETA: u64,
    const OFFSET: u64,
    const PER_OFFSET: u64,
> ResponseSettings for (Alpha<ALPHA, PER_ALPHA>, Beta<BETA, PER_BETA>, Offset<OFFSET, PER_OFFSET>)
{
    const ALPHA: f64 = ALPHA as f64 / PER_ALPHA as f64;
    const BETA: f64 = BETA as f64 / PER_BETA as f64;
    const OFFSET: f64 = OFFSET as f64 / PER_OFFSET as f64;
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("(Alpha<"),
            Part::Number(ALPHA),
            Part::Text(", "),
            Part::Number(PER_ALPHA),
            Part::Text(">, Beta<"),
            Part::Number(BETA),
            Part::Text(", "),
            Part::Number(PER_BETA),
            Part::Text(">, Offset<"),
            Part::Number(OFFSET),
            Part::Text(", "),
            Part::Number(PER_OFFSET),
            Part::Text(">)"),
        ],
    };
}

/// Divides each number by (k + α m)^β, where m is the mean square of `SIZE` neighboring channels.
///
/// Forward `y[c] = x[c] d[c]^-β` with `d[c] = k + α / SIZE Σ x[c']²`, pixel by pixel, summed over the existing channels
/// c' from c - ⌊SIZE / 2⌋ to c + ⌊(SIZE - 1) / 2⌋; backward
/// `dx[c] = dy[c] d[c]^-β - 2 α β / SIZE x[c] Σ dy[c'] y[c'] / d[c']`, summed over the channels c' that have c as a
/// neighbor.
///
/// # Settings
/// `LocalResponseNorm<SIZE, (Alpha<..>, Beta<..>, Offset<..>)>`: three ratios. The defaults are those of PyTorch: α =
/// 1e-4, β = 0.75 and k = 1.
///
/// # Shapes
/// `Image<C, H, W>`, or `Sequence<STEPS, C>` with the features as channels; the output has the shape of the input.
///
/// # Gradient flow
/// The norm of the Jacobian is at most k^-β for small inputs. Large inputs in neighboring channels reduce each other.
///
/// # Source
/// Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks" (2012), section
/// 3.3, with α / SIZE instead of α, as in PyTorch and ONNX. For an even SIZE, the extra channel of the window comes
/// before the channel, as in PyTorch. In ONNX it comes after the channel.
///
/// # Examples
/// ```
/// use approx::assert_relative_eq;
/// use chainrule::prelude::*;
///
/// type Norm = LocalResponseNorm<3, (Alpha<3, 10_000>, Beta<1, 2>, Offset<1>)>; // α / SIZE is 1e-4
/// let y = Norm::default().predict(&Image([[[30.0]], [[40.0]], [[0.0]]]))?;
/// // Each of the two is in the window of the other: d = 1 + 0.0001 (900 + 1600) = 1.25.
/// assert_relative_eq!(y, Image([[[30.0 / 1.25_f64.sqrt()]], [[40.0 / 1.25_f64.sqrt()]], [[0.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("LRN", "nn.LocalResponseNorm", "AlexNet"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "LocalResponseNorm<{SIZE}, {=Part::Name(&S::NAME)}>")]
pub struct LocalResponseNorm<
    const SIZE: usize,
    S: ResponseSettings = (Alpha<1, 10_000>, Beta<3, 4>, Offset<1>),
> {
    #[parameter(setting = S::ALPHA)]
    alpha: PhantomData<S>,
    #[parameter(setting = S::BETA)]
    beta: PhantomData<S>,
    #[parameter(setting = S::OFFSET)]
    offset: PhantomData<S>,
}

comparable!([const SIZE: usize, S: ResponseSettings] LocalResponseNorm<SIZE, S>);

/// Returns whether the norm is defined for every input.
const fn is_defined<S: ResponseSettings>(size: usize) -> bool {
    let finite = S::ALPHA < f64::INFINITY && S::BETA < f64::INFINITY && S::OFFSET < f64::INFINITY;
    size > 0 && finite && S::OFFSET > 0.0
}

const NOT_DEFINED: &[Part] = &[Part::Text(
    "divides by 0: its size, its offset and all denominators of its settings must be at least 1",
)];

/// Returns the channels in the window around this one.
fn around(channel: usize, before: usize, after: usize, channels: usize) -> Range<usize> {
    channel.saturating_sub(before)..channels.min(channel + after + 1)
}

/// Computes the norm of channels with `pixels` numbers each, and d.
fn forward<const SIZE: usize, S: ResponseSettings, T: Real>(
    x: &[T],
    pixels: usize,
    d: &mut [T],
    y: &mut [T],
) {
    let channels = x.len() / pixels.max(1);
    let (share, beta) = (T::from_f64(S::ALPHA / SIZE as f64), T::from_f64(-S::BETA));
    for channel in 0..channels {
        let here = channel * pixels..(channel + 1) * pixels;
        let d = &mut d[here.clone()];
        d.fill(T::from_f64(S::OFFSET));
        for other in around(channel, SIZE / 2, SIZE.saturating_sub(1) / 2, channels) {
            let x = &x[other * pixels..][..pixels];
            d.iter_mut().zip(x).for_each(|(d, &x)| *d += share * x * x);
        }
        let numbers = x[here.clone()].iter().zip(&*d);
        y[here].iter_mut().zip(numbers).for_each(|(y, (&x, &d))| *y = x * d.powf(beta));
    }
}

/// Computes the gradient. `shares` is scratch memory for the numbers of a sample.
fn backward<const SIZE: usize, S: ResponseSettings, T: Real>(
    [x, y, d, dy]: [&[T]; 4],
    pixels: usize,
    shares: &mut [T],
    dx: &mut [T],
) {
    let channels = x.len() / pixels.max(1);
    let (factor, beta) = (T::from_f64(-2.0 * S::ALPHA * S::BETA / SIZE as f64), T::from_f64(-S::BETA));
    shares
        .iter_mut()
        .zip(dy.iter().zip(y.iter().zip(d)))
        .for_each(|(share, (&dy, (&y, &d)))| *share = dy * y / d);
    for channel in 0..channels {
        let here = channel * pixels..(channel + 1) * pixels;
        let dx = &mut dx[here.clone()];
        dx.fill(T::zero());
        for other in around(channel, SIZE.saturating_sub(1) / 2, SIZE / 2, channels) {
            dx.iter_mut().zip(&shares[other * pixels..]).for_each(|(dx, &share)| *dx += share);
        }
        let numbers = x[here.clone()].iter().zip(d[here.clone()].iter().zip(&dy[here]));
        dx.iter_mut()
            .zip(numbers)
            .for_each(|(dx, (&x, (&d, &dy)))| *dx = dy * d.powf(beta) + factor * x * *dx);
    }
}

/// Implements the norm of rows of `$channels` channels of `$pixels` numbers.
macro_rules! local_response_norm {
    ([$($generics:tt)*] $layer:ty, $X:ty, $channels:expr, $pixels:expr) => {
        impl<const SIZE: usize, S: ResponseSettings, $($generics)*, T: Real> Layer<$X> for $layer {
            type Output = $X;
            const PLAN: Plan = Plan::leaf::<$X, Self>()
                .form(Form::LocalResponse { size: SIZE, alpha: S::ALPHA, beta: S::BETA, offset: S::OFFSET })
                .saves(Space::per_sample::<$X>(1))
                .backward_scratch(Space::per_batch::<T>($channels * $pixels))
                .requires(is_defined::<S>(SIZE), NOT_DEFINED);

            fn forward(&self, input: &[$X], output: &mut [$X], mut workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
                check_lengths(input.len(), output.len());
                let d = Tensor::flat_mut(workspace.saved::<$X>(input.len()));
                let len = ($channels * $pixels).max(1);
                let outputs = d.chunks_exact_mut(len).zip(Tensor::flat_mut(output).chunks_exact_mut(len));
                for (x, (d, y)) in Tensor::flat(input).chunks_exact(len).zip(outputs) {
                    forward::<SIZE, S, T>(x, $pixels, d, y);
                }
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { input, output, output_grad, input_grad, mut workspace, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                let d = Tensor::flat(&*workspace.saved::<$X>(input.len()));
                let len = ($channels * $pixels).max(1);
                let shares = workspace.scratch(len);
                let (x, y, dy) = (Tensor::flat(input), Tensor::flat(output), Tensor::flat(output_grad));
                for (at, dx) in Tensor::flat_mut(input_grad).chunks_exact_mut(len).enumerate() {
                    let sample = at * len..(at + 1) * len;
                    let numbers = [x, y, d, dy].map(|numbers| &numbers[sample.clone()]);
                    backward::<SIZE, S, T>(numbers, $pixels, shares, dx);
                }
            }
        }
    };
}

local_response_norm!(
    [const C: usize, const H: usize, const W: usize] LocalResponseNorm<SIZE, S>, Image<C, H, W, T>, C, H * W
);
local_response_norm!(
    [const STEPS: usize, const C: usize] LocalResponseNorm<SIZE, S>, Sequence<STEPS, C, T>, C, 1
);
