//! The settings of layers with windows: all that convolutions and pools have in addition to their channels.
//!
//! A layer takes them as one setting or as a tuple, in any order: `(Kernel<3, 5>, Stride<2, 1>, Padding<1, 2>)`. They
//! are combined into one [`Fields`] type, which has a field for each. A field that is set twice contains [`Twice`], and
//! a layer with it takes no input. From the fields follow the [`Axis`](crate::tensor::side::Axis) of rows and of
//! columns (or of steps), with which the compiler computes the sides of the output. The same windows as numbers,
//! [`WindowAxis`], are for kernels and plans.

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

/// One of the settings of a layer with windows, such as [`Kernel`]. See the table and the example of
/// [`Conv2dWith`](crate::layer::Conv2dWith).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of a layer with windows",
    label = "not a setting",
    note = "the settings are `Kernel<H, W>`, `Stride<H, W>`, `Padding<H, W>`, `PaddingEnds<TOP, BOTTOM, LEFT, RIGHT>`, `Same`, `SameLower`, `Causal`, `Dilation<H, W>`, `Groups<G>`, `OutputPadding<H, W>`, `CeilMode` and `ExcludePadding`",
    note = "write several settings as a tuple, in any order: `(Kernel<3, 5>, Stride<2>)`"
)]
pub trait Setting: Copy + Send + Sync + 'static {
    #[doc(hidden)]
    const NAME: TypeName;
    /// The contents of the field of this setting after `A` is set in it too.
    #[doc(hidden)]
    type And<A: Setting>: Setting;
}

/// Declares settings with two numbers. They are printed as one number if they are equal.
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
    /// The rows and columns of a window, or its steps: `Kernel<3>` is 3 x 3 pixels, or 3 steps. See the examples of
    /// [`Conv2dWith`](crate::layer::Conv2dWith) and [`Conv1dWith`](crate::layer::Conv1dWith).
    #[doc(alias("kernel_size", "filter size"))]
    Kernel<H, W = H>;

    /// The distance from one window to the next, in rows and columns, or in steps. The default is 1; for pools, it is
    /// the size of the window. See the example of [`Conv2dWith`](crate::layer::Conv2dWith).
    #[doc(alias("strides", "subsampling"))]
    Stride<H, W = H>;

    /// Zeros before the first and after the last row and column, or before the first and after the last step. See the
    /// example of [`Conv2dWith`](crate::layer::Conv2dWith).
    #[doc(alias("pads", "zero padding"))]
    Padding<H, W = H>;

    /// The distance between the rows and columns, or the steps, of a window. A window of 3 with a dilation of 2
    /// contains every second one of 5 numbers. See the example of [`Conv2dWith`](crate::layer::Conv2dWith).
    #[doc(alias("dilation_rate", "atrous"))]
    Dilation<H, W = H>;

    /// How many rows and columns, or steps, are added at the end of the output of a transposed convolution. See the
    /// example of [`TransposedConv2dWith`](crate::layer::TransposedConv2dWith).
    #[doc(alias("output_padding"))]
    OutputPadding<H, W = H>;
}

/// Padding with a different number of zeros at each end: top, bottom, left and right. `PaddingEnds<1, 2>` is the same
/// for rows and columns: 1 zero before the first and 2 after the last. It is also the padding for steps. See the
/// example of [`TransposedConv1dWith`](crate::layer::TransposedConv1dWith).
#[doc(alias("asymmetric padding", "pads"))]
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

/// The number of groups of channels. Each group has a separate convolution. With one group for each input channel it is
/// a depthwise convolution. See the example of [`Conv2dWith`](crate::layer::Conv2dWith).
#[doc(alias("grouped convolution", "depthwise"))]
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
    /// Padding such that the output has the side of the input. With a stride of S, it has the side divided by S,
    /// rounded up. If the number of zeros is odd, the extra zero is at the end, as in PyTorch's `padding="same"`,
    /// TensorFlow's `SAME` and ONNX's `SAME_UPPER`. The output of a transposed convolution has S times the side. See
    /// the example of [`Conv2dWith`](crate::layer::Conv2dWith).
    #[doc(alias("same padding", "SAME_UPPER"))]
    Same;

    /// The same as [`Same`], except that the extra zero of an odd number is at the beginning: ONNX's `SAME_LOWER`.
    ///
    /// # Examples
    /// ```
    /// use chainrule::prelude::*;
    ///
    /// // A window of 2 needs one zero: at the end with `Same`, at the beginning with `SameLower`.
    /// type End = AvgPool1dWith<(Kernel<2>, Stride<1>, Same)>;
    /// type Beginning = AvgPool1dWith<(Kernel<2>, Stride<1>, SameLower)>;
    /// let steps = Sequence([[2.0], [4.0]]);
    /// assert_eq!(End::default().predict(&steps)?, Sequence([[3.0], [2.0]]));
    /// assert_eq!(Beginning::default().predict(&steps)?, Sequence([[1.0], [3.0]]));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    #[doc(alias("SAME_LOWER"))]
    SameLower;

    /// Padding with all zeros before the first step, such that the output has the same number of steps as the input
    /// (divided by the stride, rounded up). An output step then does not depend on later steps of the input. The output
    /// of a transposed convolution has S times the steps, where S is the stride; the rest is removed at the end. See
    /// the example of [`Conv1dWith`](crate::layer::Conv1dWith).
    #[doc(alias("causal convolution"))]
    Causal;

    /// Rounds the number of windows up, like PyTorch's `ceil_mode=True`. The last window may extend past the padding,
    /// but starts before its end. See the example of [`MaxPool2dWith`](crate::layer::MaxPool2dWith).
    #[doc(alias("ceil_mode"))]
    CeilMode;

    /// The mean of a window at the border is the mean of its numbers without the padding, like PyTorch's
    /// `count_include_pad=False`. See the example of [`AvgPool2dWith`](crate::layer::AvgPool2dWith).
    #[doc(alias("count_include_pad"))]
    ExcludePadding;
}
