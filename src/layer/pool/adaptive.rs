use super::general::{Largest, adaptive, each, general_pool};
use super::settings::MeanOf;
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::{
    Backward, Effect, ExcludePadding, Layer, Mode, Plan, Reach, Window, WorkspaceMut, check_lengths,
};
use crate::tensor::{Image, Sequence, Tensor};
use chainrule_derive::Parameters;

/// The mean of each channel over `OUT_H` x `OUT_W` parts of an image of any size. The parts are as equal as possible.
///
/// Forward `y[c, r, s]` = the mean of `x[c, i, j]` over ⌊r H / OUT_H⌋ ≤ i < ⌈(r + 1) H / OUT_H⌉, and j in the same way;
/// backward `dx = Σ dy / n` over the parts that contain the pixel, where n is how many pixels the part has.
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C, OUT_H, OUT_W>`, for sides of any size. `OUT_W` is `OUT_H` by default. If `OUT_H` does
/// not divide H, neighboring parts share a row.
///
/// # Gradient flow
/// Linear. For parts of n pixels that do not overlap, the norm of the Jacobian is 1 / √n: every pixel gets the same
/// small share of the gradient.
///
/// # Source
/// PyTorch's `nn.AdaptiveAvgPool2d`, which has the same windows. The idea is from He, Zhang, Ren, Sun, "Spatial pyramid
/// pooling in deep convolutional networks for visual recognition", ECCV 2014, section 2.2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0, 6.0], [3.0, 4.0, 6.0]]]);
/// assert_eq!(AdaptiveAvgPool2d::<1>.predict(&picture)?, Image([[[22.0 / 6.0]]]));
/// assert_eq!(AdaptiveAvgPool2d::<1, 2>.predict(&picture)?, Image([[[2.5, 4.5]]])); // columns 0, 1, and 1, 2
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AdaptiveAvgPool2d", "adaptive pooling", "spatial pyramid"))]
#[derive(Clone, Copy, Parameters)]
pub struct AdaptiveAvgPool2d<const OUT_H: usize, const OUT_W: usize = OUT_H>;

/// The mean of each feature over `OUT` parts of a sequence of any length. The parts are as equal as possible.
///
/// Forward `y[t, f]` = the mean of `x[i, f]` over ⌊t STEPS / OUT⌋ ≤ i < ⌈(t + 1) STEPS / OUT⌉; backward `dx = Σ dy / n`
/// over the parts that contain the step, where n is how many steps the part has.
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Sequence<OUT, FEATURES>`, for any number of steps.
///
/// # Gradient flow
/// The same as [`AdaptiveAvgPool2d`].
///
/// # Source
/// PyTorch's `nn.AdaptiveAvgPool1d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0], [2.0], [6.0]]);
/// assert_eq!(AdaptiveAvgPool1d::<2>.predict(&steps)?, Sequence([[1.5], [4.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AdaptiveAvgPool1d", "adaptive pooling"))]
#[derive(Clone, Copy, Parameters)]
pub struct AdaptiveAvgPool1d<const OUT: usize>;

/// The maximum of each channel in `OUT_H` x `OUT_W` parts of an image of any size. The parts are as equal as possible.
///
/// Forward as in [`AdaptiveAvgPool2d`], with the maximum of each part; backward `dx` = the sum of the `dy` of all parts
/// in which this pixel is the maximum. If several numbers are equal, the first one in memory counts. A NaN counts as
/// larger than any number.
///
/// # Shapes
/// `Image<C, H, W>` to `Image<C, OUT_H, OUT_W>`, for sides of any size. `OUT_W` is `OUT_H` by default.
///
/// # Gradient flow
/// The Jacobian is a selection: each gradient goes unchanged to one pixel. Its norm is 1 for parts that do not overlap,
/// and at most 2 otherwise.
///
/// # Source
/// PyTorch's `nn.AdaptiveMaxPool2d`, which has the same windows.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let picture = Image([[[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]]]);
/// assert_eq!(AdaptiveMaxPool2d::<1, 2>.predict(&picture)?, Image([[[4.0, 6.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AdaptiveMaxPool2d", "adaptive pooling"))]
#[derive(Clone, Copy, Parameters)]
pub struct AdaptiveMaxPool2d<const OUT_H: usize, const OUT_W: usize = OUT_H>;

/// The maximum of each feature in `OUT` parts of a sequence of any length. The parts are as equal as possible.
///
/// Forward as in [`AdaptiveAvgPool1d`], with the maximum of each part; backward as in [`AdaptiveMaxPool2d`].
///
/// # Shapes
/// `Sequence<STEPS, FEATURES>` to `Sequence<OUT, FEATURES>`, for any number of steps.
///
/// # Gradient flow
/// The same as [`AdaptiveMaxPool2d`], with a norm of at most √2.
///
/// # Source
/// PyTorch's `nn.AdaptiveMaxPool1d`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let steps = Sequence([[1.0], [7.0], [6.0]]);
/// assert_eq!(AdaptiveMaxPool1d::<2>.predict(&steps)?, Sequence([[7.0], [7.0]])); // steps 0, 1, and 1, 2
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.AdaptiveMaxPool1d", "adaptive pooling"))]
#[derive(Clone, Copy, Parameters)]
pub struct AdaptiveMaxPool1d<const OUT: usize>;

comparable!([const H: usize, const W: usize] AdaptiveAvgPool2d<H, W>);
comparable!([const OUT: usize] AdaptiveAvgPool1d<OUT>);
comparable!([const H: usize, const W: usize] AdaptiveMaxPool2d<H, W>);
comparable!([const OUT: usize] AdaptiveMaxPool1d<OUT>);

/// Returns how many numbers a part has along one axis, if all parts are equal, otherwise `None`.
const fn part(side: usize, parts: usize) -> Option<usize> {
    if parts > 0 && side > 0 && side.is_multiple_of(parts) { Some(side / parts) } else { None }
}

/// Returns the window, given the sides of input and output.
const fn window(from: [usize; 2], to: [usize; 2]) -> Window {
    match (part(from[0], to[0]), part(from[1], to[1])) {
        (Some(rows), Some(columns)) => {
            Window::along([Reach::of_span(rows, rows, 0), Reach::of_span(columns, columns, 0)])
        }
        _ => Window::WHOLE,
    }
}

/// Returns the effect. For overlapping parts it depends on how similar neighboring gradients are.
const fn effect(from: [usize; 2], to: [usize; 2], is_mean: bool) -> Effect {
    match (part(from[0], to[0]), part(from[1], to[1])) {
        (Some(_), Some(_)) if !is_mean => Effect::Pool { gradient: 1.0 },
        (Some(rows), Some(columns)) => Effect::Pool { gradient: 1.0 / (rows * columns) as f64 },
        _ => Effect::Unknown,
    }
}

general_pool!(
    [const OH: usize, const OW: usize, const C: usize, const H: usize, const W: usize] AdaptiveAvgPool2d<OH, OW>,
    Image<C, H, W, T> => Image<C, OH, OW, T>,
    MeanOf<ExcludePadding>,
    [adaptive(H, OH), adaptive(W, OW)],
    [],
    plan .window(window([H, W], [OH, OW])).effect(effect([H, W], [OH, OW], true))
);
general_pool!(
    [const OUT: usize, const STEPS: usize, const FEATURES: usize] AdaptiveAvgPool1d<OUT>,
    Sequence<STEPS, FEATURES, T> => Sequence<OUT, FEATURES, T>,
    MeanOf<ExcludePadding>,
    [adaptive(STEPS, OUT), each(FEATURES)],
    [],
    plan .window(window([STEPS, 1], [OUT, 1])).effect(effect([STEPS, 1], [OUT, 1], true))
);
general_pool!(
    [const OH: usize, const OW: usize, const C: usize, const H: usize, const W: usize] AdaptiveMaxPool2d<OH, OW>,
    Image<C, H, W, T> => Image<C, OH, OW, T>,
    Largest,
    [adaptive(H, OH), adaptive(W, OW)],
    [],
    plan .window(window([H, W], [OH, OW])).effect(effect([H, W], [OH, OW], false))
);
general_pool!(
    [const OUT: usize, const STEPS: usize, const FEATURES: usize] AdaptiveMaxPool1d<OUT>,
    Sequence<STEPS, FEATURES, T> => Sequence<OUT, FEATURES, T>,
    Largest,
    [adaptive(STEPS, OUT), each(FEATURES)],
    [],
    plan .window(window([STEPS, 1], [OUT, 1])).effect(effect([STEPS, 1], [OUT, 1], false))
);
