use chainrule_derive::Parameters;
use chainrule_parameters::Part;
use rand::RngExt;

use super::compare::comparable;
use super::{Backward, Effect, Layer, Mode, Onnx, Plan, Space, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Channels, Image, Sequence, Tensor, by_channel, by_channel_mut};

/// The message for a layer that drops all numbers.
macro_rules! nothing_remains {
    ($percent:ident) => {
        &[
            Part::Text("sets "),
            Part::Number($percent as u64),
            Part::Text(" percent of its input to zero: it must be less than 100"),
        ]
    };
}
pub(super) use nothing_remains;

/// In training mode, sets each number to zero with a probability of `PERCENT` percent. In evaluation mode, does
/// nothing.
///
/// Forward `y = m x`, backward `dx = m dy`, where m is 0 with probability p = `PERCENT` / 100 and 1 / (1 - p)
/// otherwise. This is "inverted" dropout: the expected output equals the input, so nothing is scaled in evaluation
/// mode.
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is diag(m): it preserves the mean of a gradient and multiplies its squared norm by 1 / (1 - p) on
/// average.
///
/// # Source
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15 (2014), section 4 and 10.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Vector([1.0_f32; 100]);
/// assert_eq!(Dropout::<20>.predict(&x)?, x); // evaluation mode
///
/// let mut y = [Vector::default()];
/// let mut workspace = Workspace::default();
/// let workspace = workspace.prepare::<Vector<100>, Dropout<20>>(1);
/// Dropout::<20>.forward(&[x], &mut y, workspace, &mut Mode::Train(&mut rng(1)));
/// assert!(y[0].0.iter().all(|&y| y == 0.0 || y == 1.25));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Dropout", "dropout rate", "regularization"))]
#[derive(Clone, Copy, Parameters)]
pub struct Dropout<const PERCENT: u32>;

comparable!([const PERCENT: u32] Dropout<PERCENT>);

impl<X: Tensor, const PERCENT: u32> Layer<X> for Dropout<PERCENT> {
    type Output = X;
    // The factors m, and a byte: whether there are factors (in training mode).
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .onnx(Onnx::IDENTITY)
        .saves(Space::per_batch::<u8>(1))
        .saves(Space::per_sample::<X>(1))
        .effect(Effect::Dropout { remaining: 1.0 - PERCENT as f64 / 100.0 })
        .requires(PERCENT < 100, nothing_remains!(PERCENT));

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let active = &mut workspace.saved::<u8>(1)[0];
        *active = 0;
        if let Mode::Train(rng) = mode
            && PERCENT > 0
        {
            *active = 1;
            let kept = X::Scalar::from_f64(100.0 / (100.0 - f64::from(PERCENT)));
            let factors = X::flat_mut(workspace.saved::<X>(input.len()));
            for ((y, &x), m) in X::flat_mut(output).iter_mut().zip(X::flat(input)).zip(factors) {
                *m = if rng.random_range(0..100) < PERCENT { X::Scalar::default() } else { kept };
                *y = *m * x;
            }
        } else {
            X::flat_mut(output).copy_from_slice(X::flat(input));
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, mut workspace, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        let (dx, dy) = (X::flat_mut(input_grad), X::flat(output_grad));
        if workspace.saved::<u8>(1)[0] != 0 {
            let factors = X::flat(workspace.saved::<X>(input.len()));
            dx.iter_mut().zip(dy).zip(factors).for_each(|((dx, &dy), &m)| *dx = m * dy);
        } else {
            dx.copy_from_slice(dy);
        }
    }
}

/// Implements dropout of whole channels.
macro_rules! channels {
    ($layer:ident, [$($generics:tt)*] $X:ty, $C:ident) => {
        impl<$($generics)*, T: Real, const PERCENT: u32> Layer<$X> for $layer<PERCENT> {
            type Output = $X;
            // A factor for each channel, and a byte: whether there are factors (in training mode).
            const PLAN: Plan = Plan::leaf::<$X, Self>()
        .onnx(Onnx::IDENTITY)
                .saves(Space::per_batch::<u8>(1))
                .saves(Space::per_sample::<T>($C))
                .effect(Effect::Dropout { remaining: 1.0 - PERCENT as f64 / 100.0 })
                .requires(PERCENT < 100, nothing_remains!(PERCENT));

            fn forward(
                &self,
                input: &[$X],
                output: &mut [$X],
                mut workspace: WorkspaceMut<'_>,
                mode: &mut Mode<'_>,
            ) {
                check_lengths(input.len(), output.len());
                let active = &mut workspace.saved::<u8>(1)[0];
                *active = 0;
                if let Mode::Train(rng) = mode
                    && PERCENT > 0
                {
                    *active = 1;
                    let kept = T::from_f64(100.0 / (100.0 - f64::from(PERCENT)));
                    let factors = workspace.saved::<T>(input.len() * $C);
                    for m in &mut *factors {
                        *m = if rng.random_range(0..100) < PERCENT { T::zero() } else { kept };
                    }
                    scale::<$C, _>(factors, input, output);
                } else {
                    output.copy_from_slice(input);
                }
            }

            fn backward(&self, pass: Backward<'_, $X, Self>) {
                pass.check_lengths();
                let Backward { input, output_grad, input_grad, mut workspace, .. } = pass;
                let Some(input_grad) = input_grad else { return };
                if workspace.saved::<u8>(1)[0] != 0 {
                    scale::<$C, _>(workspace.saved::<T>(input.len() * $C), output_grad, input_grad);
                } else {
                    input_grad.copy_from_slice(output_grad);
                }
            }
        }
    };
}

/// Computes y = m x, with a factor m for each channel of each sample.
fn scale<const C: usize, X: Channels<C>>(factors: &[X::Scalar], x: &[X], y: &mut [X]) {
    let samples = x.chunks_exact(1).zip(y.chunks_exact_mut(1));
    for (factors, (x, y)) in factors.chunks_exact(C.max(1)).zip(samples) {
        for ((channel, x), (_, y)) in by_channel(x).zip(by_channel_mut(y)) {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = factors[channel] * x);
        }
    }
}

/// In training mode, sets each channel of an image to zero with a probability of `PERCENT` percent. In evaluation mode,
/// does nothing.
///
/// Forward `y = m x`, backward `dx = m dy`, with one random m for each channel of each sample: 0 with probability p =
/// `PERCENT` / 100, and 1 / (1 - p) otherwise.
///
/// # Shapes
/// An `Image`; the output has the shape of the input.
///
/// # Gradient flow
/// The same as [`Dropout`]: the squared norm of a gradient is multiplied by 1 / (1 - p) on average.
///
/// # Source
/// Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", CVPR 2015,
/// section 3.2. Neighboring pixels are strongly correlated, so dropping single pixels has little effect.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Image([[[1.0_f32; 2]; 2]; 3]);
/// assert_eq!(Dropout2d::<20>.predict(&x)?, x); // evaluation mode
///
/// let (mut y, mut workspace) = ([Image::default()], Workspace::default());
/// let workspace = workspace.prepare::<Image<3, 2, 2>, Dropout2d<20>>(1);
/// Dropout2d::<20>.forward(&[x], &mut y, workspace, &mut Mode::Train(&mut rng(1)));
/// assert!(y[0].0.iter().all(|channel| *channel == [[0.0; 2]; 2] || *channel == [[1.25; 2]; 2]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("spatial dropout", "SpatialDropout2D", "nn.Dropout2d"))]
#[derive(Clone, Copy, Parameters)]
pub struct Dropout2d<const PERCENT: u32>;

comparable!([const PERCENT: u32] Dropout2d<PERCENT>);
channels!(Dropout2d, [const C: usize, const H: usize, const W: usize] Image<C, H, W, T>, C);

/// In training mode, sets each feature of a sequence to zero, at all steps, with a probability of `PERCENT` percent. In
/// evaluation mode, does nothing.
///
/// Forward `y = m x`, backward `dx = m dy`, as in [`Dropout2d`], with one random m for each feature of each sample.
///
/// # Shapes
/// A `Sequence`; the output has the shape of the input.
///
/// # Gradient flow
/// The same as [`Dropout`]: the squared norm of a gradient is multiplied by 1 / (1 - p) on average.
///
/// # Source
/// Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", CVPR 2015,
/// section 3.2, along one axis. In PyTorch: `nn.Dropout1d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Sequence([[1.0_f32; 5]; 2]);
/// let (mut y, mut workspace) = ([Sequence::default()], Workspace::default());
/// let workspace = workspace.prepare::<Sequence<2, 5>, Dropout1d<50>>(1);
/// Dropout1d::<50>.forward(&[x], &mut y, workspace, &mut Mode::Train(&mut rng(1)));
/// assert_eq!(y[0].0[0], y[0].0[1]); // the same features at both steps
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("spatial dropout", "SpatialDropout1D", "nn.Dropout1d"))]
#[derive(Clone, Copy, Parameters)]
pub struct Dropout1d<const PERCENT: u32>;

comparable!([const PERCENT: u32] Dropout1d<PERCENT>);
channels!(Dropout1d, [const STEPS: usize, const FEATURES: usize] Sequence<STEPS, FEATURES, T>, FEATURES);
