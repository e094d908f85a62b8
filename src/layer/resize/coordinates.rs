//! The interpolation rules: which numbers of a side determine each place of the resized side.

use chainrule_parameters::{Named, Part, TypeName};

/// How places of a resized image correspond to pixels: [`HalfPixel`], [`AlignCorners`], [`Nearest`], [`NearestExact`]
/// or [`NearestBefore`]. See the table and the example of [`Resize2d`](super::Resize2d).
#[doc(alias("interpolation mode", "coordinate_transformation_mode"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interpolation mode",
    label = "expected an interpolation mode",
    note = "write `HalfPixel` or `AlignCorners` (linear), or `Nearest`, `NearestExact` or `NearestBefore`"
)]
pub trait Coordinates: Named + Copy + Send + Sync + 'static {
    /// The rule as a value.
    #[doc(hidden)]
    const RULE: Rule;

    /// Returns the two numbers on a side of `from` numbers that are next to place `at` of a side of `to` numbers, and
    /// the weight of the second.
    #[doc(hidden)]
    #[inline(always)]
    fn tap(at: usize, from: usize, to: usize) -> Tap {
        Self::RULE.tap(at, from, to)
    }
}

/// The rules as values.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    HalfPixel,
    AlignCorners,
    Nearest,
    NearestExact,
    NearestBefore,
}

/// The rules of linear interpolation. See the example of [`UpsampleBilinear2d`](super::UpsampleBilinear2d).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mode of linear interpolation",
    label = "expected `HalfPixel` or `AlignCorners`",
    note = "for nearest-neighbor interpolation, use `Upsample2d` or `Upsample1d`"
)]
pub trait LinearCoordinates: Coordinates {}

/// Two numbers of a side, and the weight of the second.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    pub first: usize,
    pub second: usize,
    pub weight: f64,
}

impl Tap {
    /// Returns the tap for the place `numerator / denominator` on a side of `from` numbers.
    #[inline(always)]
    fn at(numerator: usize, denominator: usize, from: usize) -> Self {
        let (first, rest) = (numerator / denominator, numerator % denominator);
        if rest == 0 || first + 1 >= from {
            let first = first.min(from - 1);
            return Self { first, second: first, weight: 0.0 };
        }
        Self { first, second: first + 1, weight: rest as f64 / denominator as f64 }
    }
}

/// Linear interpolation between the centers of pixels: place i of the output is at (i + 1/2) from / to - 1/2. Places
/// before the first center or after the last have the number of that center. This is PyTorch's `align_corners=False`,
/// and `half_pixel` in ONNX. See the example of [`Resize2d`](super::Resize2d).
#[doc(alias("align_corners=False", "half_pixel"))]
#[derive(Clone, Copy, Debug)]
pub struct HalfPixel;

/// Linear interpolation in which the first and the last pixels of input and output are at the same places: place i of
/// the output is at i (from - 1) / (to - 1). This is PyTorch's `align_corners=True`, and `align_corners` in ONNX. See
/// the example of [`Resize2d`](super::Resize2d).
#[doc(alias("align_corners=True", "align_corners"))]
#[derive(Clone, Copy, Debug)]
pub struct AlignCorners;

/// The pixel ⌊i from / to⌋ for place i: PyTorch's mode `nearest`, and `asymmetric` with `floor` in ONNX.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // From 4 pixels to 3, place 1 is ⌊1 · 4 / 3⌋ = 1, ⌊1.5 · 4 / 3⌋ = 2, or ⌈1.5 · 4 / 3⌉ - 1 = 1.
/// let row = Image([[[0.0, 1.0, 2.0, 3.0]]]);
/// assert_eq!(Resize2d::<1, 3, Nearest>::default().predict(&row)?, Image([[[0.0, 1.0, 2.0]]]));
/// assert_eq!(Resize2d::<1, 3, NearestExact>::default().predict(&row)?, Image([[[0.0, 2.0, 3.0]]]));
/// assert_eq!(Resize2d::<1, 3, NearestBefore>::default().predict(&row)?, Image([[[0.0, 1.0, 3.0]]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nearest neighbor", "asymmetric"))]
#[derive(Clone, Copy, Debug)]
pub struct Nearest;

/// The pixel ⌊(i + 1/2) from / to⌋ for place i, whose center is the nearest: PyTorch's mode `nearest-exact`, and
/// `half_pixel` with `round_prefer_ceil` in ONNX. See the example of [`Nearest`].
#[doc(alias("nearest-exact", "round_prefer_ceil"))]
#[derive(Clone, Copy, Debug)]
pub struct NearestExact;

/// The same as [`NearestExact`], except that of two centers at equal distance it takes the first: `half_pixel` with
/// `round_prefer_floor` in ONNX, its default. See the example of [`Nearest`].
#[doc(alias("round_prefer_floor"))]
#[derive(Clone, Copy, Debug)]
pub struct NearestBefore;

impl Rule {
    /// The same as [`Coordinates::tap`].
    #[inline(always)]
    pub(crate) fn tap(self, at: usize, from: usize, to: usize) -> Tap {
        match self {
            Self::HalfPixel => Tap::at(((2 * at + 1) * from).saturating_sub(to), 2 * to, from),
            Self::AlignCorners => Tap::at(at * (from - 1), (to - 1).max(1), from),
            Self::Nearest => Tap::at(at * from / to, 1, from),
            Self::NearestExact => Tap::at((2 * at + 1) * from / (2 * to), 1, from),
            Self::NearestBefore => {
                Tap::at(((2 * at + 1) * from).saturating_sub(2 * to).div_ceil(2 * to), 1, from)
            }
        }
    }
}

impl LinearCoordinates for HalfPixel {}
impl LinearCoordinates for AlignCorners {}

macro_rules! named {
    ($($rule:ident)+) => {$(
        impl Named for $rule {
            const NAME: TypeName = TypeName { parts: &[Part::Text(stringify!($rule))] };
        }

        impl Coordinates for $rule {
            const RULE: Rule = Rule::$rule;
        }
    )+};
}
named!(HalfPixel AlignCorners Nearest NearestExact NearestBefore);

#[cfg(test)]
mod tests {
    use super::*;

    fn indices<C: Coordinates>(from: usize, to: usize) -> std::vec::Vec<usize> {
        (0..to).map(|at| C::tap(at, from, to).first).collect()
    }

    /// From ONNX's backend tests of `Resize`: 4 columns to 3 (`downsample_sizes_nearest`), 2 rows to 7 and to 8
    /// (`upsample_sizes_nearest`).
    #[test]
    fn the_nearest_pixels_are_those_of_onnx_and_pytorch() {
        assert_eq!(indices::<NearestBefore>(4, 3), [0, 1, 3]);
        assert_eq!(indices::<NearestBefore>(2, 1), [0]);
        assert_eq!(indices::<NearestBefore>(2, 7), [0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(indices::<NearestBefore>(2, 8), [0, 0, 0, 0, 1, 1, 1, 1]);
        // PyTorch's, by torch.nn.functional.interpolate(torch.arange(..), ..).
        assert_eq!(indices::<NearestExact>(4, 3), [0, 2, 3]);
        assert_eq!(indices::<NearestExact>(2, 1), [1]);
        assert_eq!(indices::<Nearest>(4, 3), [0, 1, 2]);
    }

    /// Every rule leaves an image of unchanged size as it is, and stays inside the image for every other size.
    #[test]
    fn no_place_is_outside() {
        fn check<C: Coordinates>() {
            for (from, to) in (1..9).flat_map(|from| (1..20).map(move |to| (from, to))) {
                for at in 0..to {
                    let tap = C::tap(at, from, to);
                    assert!(tap.first <= tap.second && tap.second < from && (0.0..1.0).contains(&tap.weight));
                    assert!(from != to || tap == Tap { first: at, second: at, weight: 0.0 });
                }
            }
        }
        check::<HalfPixel>();
        check::<AlignCorners>();
        check::<Nearest>();
        check::<NearestExact>();
        check::<NearestBefore>();
    }
}
