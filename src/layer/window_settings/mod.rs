//! The settings of layers with windows: what convolutions and pools have beside their channels.
//!
//! A layer takes them as one setting or as a tuple, in any order: `(Kernel<3, 5>, Stride<2, 1>, Padding<1, 2>)`. They
//! are folded into one [`Fields`] type, which has a place for each. A place that is set twice holds [`Twice`], and a
//! layer with it takes no input. From the fields come the [`Axis`](crate::tensor::side::Axis) of rows and of columns
//! (or of steps), with which the compiler computes the sides of the output, and the same as [`WindowAxis`] numbers for
//! kernels and plans.

mod along;
mod fields;
mod numbers;

use chainrule_parameters::{Part, TypeName};

pub(crate) use along::{Along, AlongSteps, Axes, AxisOfSteps, OneStep, OneWindow, Or};
pub use fields::WindowSettings;
pub(crate) use fields::{Fields, SetBeside, Twice, Unset, WindowFields};
#[cfg(feature = "onnx")]
pub(crate) use numbers::AxisPadding;
pub(crate) use numbers::{AxisNumbers, WindowAxis};

/// One of the settings of a layer with windows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of a layer with windows",
    label = "not a setting",
    note = "the settings are `Kernel<H, W>`, `Stride<H, W>`, `Padding<H, W>`, `PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>`, `Same`, `SameLower`, `Causal`, `Dilation<H, W>`, `Groups<G>`, `OutputPadding<H, W>`, `CeilMode` and `ExcludePadding`",
    note = "write several settings as a tuple, in any order: `(Kernel<3, 5>, Stride<2>)`"
)]
pub trait Setting: Copy + Send + Sync + 'static {
    #[doc(hidden)]
    const NAME: TypeName;
    /// What the place of this setting holds after `A` is set in it too.
    #[doc(hidden)]
    type And<A: Setting>: Setting;
}

/// Declares settings of two numbers, which are printed as one if they are equal.
macro_rules! two_numbers {
    ($($(#[$doc:meta])* $Name:ident<H, W = $default:tt>;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $Name<const H: usize, const W: usize = $default>;

        impl<const H: usize, const W: usize> Setting for $Name<H, W> {
            const NAME: TypeName = TypeName {
                parts: if H == W {
                    &[Part::Text(concat!(stringify!($Name), "<")), Part::Number(H as u64), Part::Text(">")]
                } else {
                    &[
                        Part::Text(concat!(stringify!($Name), "<")),
                        Part::Number(H as u64),
                        Part::Text(", "),
                        Part::Number(W as u64),
                        Part::Text(">"),
                    ]
                },
            };
            type And<A: Setting> = Twice<Self, A>;
        }
    )*};
}

two_numbers! {
    /// The rows and columns of a window, or its steps: `Kernel<3>` is 3 x 3 pixels, or 3 steps.
    Kernel<H, W = H>;

    /// From one window to the next: rows and columns, or steps. 1 by default; for pools, the sides of the window.
    Stride<H, W = H>;

    /// Zeros before the first and after the last row and column, or before the first and after the last step.
    Padding<H, W = H>;

    /// The distance between the rows and columns, or the steps, that a window covers. A window of 3 with a dilation of
    /// 2 covers each second number of 5.
    Dilation<H, W = H>;

    /// Rows and columns, or steps, that the output of a transposed convolution has more at its end.
    OutputPadding<H, W = H>;
}

/// Padding by a different number of zeros at each end: above and below, left and right. `PaddingEnds<1, 2>` is the
/// same for rows and columns: 1 before the first and 2 after the last, as it is for steps.
#[derive(Clone, Copy, Debug)]
pub struct PaddingEnds<
    const TOP: usize,
    const BOTTOM: usize,
    const LEFT: usize = TOP,
    const RIGHT: usize = BOTTOM,
>;

impl<const TOP: usize, const BOTTOM: usize, const LEFT: usize, const RIGHT: usize> Setting
    for PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>
{
    const NAME: TypeName = TypeName {
        parts: if TOP == LEFT && BOTTOM == RIGHT {
            &[
                Part::Text("PaddingEnds<"),
                Part::Number(TOP as u64),
                Part::Text(", "),
                Part::Number(BOTTOM as u64),
                Part::Text(">"),
            ]
        } else {
            &[
                Part::Text("PaddingEnds<"),
                Part::Number(TOP as u64),
                Part::Text(", "),
                Part::Number(BOTTOM as u64),
                Part::Text(", "),
                Part::Number(LEFT as u64),
                Part::Text(", "),
                Part::Number(RIGHT as u64),
                Part::Text(">"),
            ]
        },
    };
    type And<A: Setting> = Twice<Self, A>;
}

/// In how many groups the channels are divided, each with its own convolution. As many groups as input channels are a
/// depthwise convolution.
#[derive(Clone, Copy, Debug)]
pub struct Groups<const G: usize>;

impl<const G: usize> Setting for Groups<G> {
    const NAME: TypeName =
        TypeName { parts: &[Part::Text("Groups<"), Part::Number(G as u64), Part::Text(">")] };
    type And<A: Setting> = Twice<Self, A>;
}

/// Declares settings without numbers.
macro_rules! no_number {
    ($($(#[$doc:meta])* $Name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $Name;

        impl Setting for $Name {
            const NAME: TypeName = TypeName { parts: &[Part::Text(stringify!($Name))] };
            type And<A: Setting> = Twice<Self, A>;
        }
    )*};
}

no_number! {
    /// As much padding as gives an output of the input's side, or with a stride of S one of the side divided by S,
    /// rounded up. An odd number has its extra zero at the end, as in PyTorch's `padding="same"`, TensorFlow's `SAME`
    /// and ONNX's `SAME_UPPER`. A transposed convolution gives S times the side.
    Same;

    /// As [`Same`], but an odd number has its extra zero at the beginning: ONNX's `SAME_LOWER`.
    SameLower;

    /// All padding before the first step, as much as gives an output of as many steps as the input has (divided by the
    /// stride, rounded up). An output step then depends on no later step of the input. A transposed convolution gives
    /// STRIDE times the steps, and cuts all that is more off at the end.
    Causal;

    /// Rounds the number of windows up, as PyTorch's `ceil_mode=True`: the last window may extend past the padding,
    /// but starts before its end.
    CeilMode;

    /// The mean of a window at the border is that of the numbers it covers, without the padding: PyTorch's
    /// `count_include_pad=False`.
    ExcludePadding;
}
