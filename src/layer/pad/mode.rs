//! The modes of padding.

use chainrule_parameters::{Named, Part, TypeName};

/// The mode of a padding layer: [`Constant`], [`Reflect`], [`Replicate`] or [`Circular`]. The example of
/// [`Pad2d`](super::Pad2d) shows all four.
#[doc(alias("padding_mode"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a padding mode",
    label = "expected a padding mode",
    note = "write `Constant<NUM, DEN>`, `Reflect`, `Replicate` or `Circular`, or use `ZeroPad2d<1>`, `ReflectionPad2d<1>`, `ReplicationPad2d<1>` or `CircularPad2d<1>`"
)]
pub trait PadMode: Named + Copy + Send + Sync + 'static {
    #[doc(hidden)]
    const FILL: Fill;

    /// Why these settings are not valid. Empty if they are valid.
    #[doc(hidden)]
    const FAULT: &'static [Part] = &[];
}

/// A [`PadMode`] as a value.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    Constant(f64),
    Reflect,
    Replicate,
    Circular,
}

/// Pads with the number `NUM / DEN`, by default 0. See the examples of [`Pad2d`](super::Pad2d) and
/// [`ConstantPad2d`](super::ConstantPad2d).
#[doc(alias("constant padding"))]
#[derive(Clone, Copy, Debug)]
pub struct Constant<const NUM: i64 = 0, const DEN: u64 = 1>;

/// Pads with the mirror image. The first and the last pixel are not repeated. See the example of
/// [`Pad2d`](super::Pad2d).
#[doc(alias("mirror padding"))]
#[derive(Clone, Copy, Debug)]
pub struct Reflect;

/// Pads with copies of the nearest pixel. See the example of [`Pad2d`](super::Pad2d).
#[doc(alias("edge padding"))]
#[derive(Clone, Copy, Debug)]
pub struct Replicate;

/// Pads with the pixels of the opposite side of the image. See the example of [`Pad2d`](super::Pad2d).
#[doc(alias("wrap padding"))]
#[derive(Clone, Copy, Debug)]
pub struct Circular;

impl<const NUM: i64, const DEN: u64> Named for Constant<NUM, DEN> {
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text(if NUM < 0 { "Constant<-" } else { "Constant<" }),
            Part::Number(NUM.unsigned_abs()),
            Part::Text(", "),
            Part::Number(DEN),
            Part::Text(">"),
        ],
    };
}

impl<const NUM: i64, const DEN: u64> PadMode for Constant<NUM, DEN> {
    const FILL: Fill = Fill::Constant(NUM as f64 / DEN as f64);
    const FAULT: &'static [Part] = if DEN == 0 {
        &[Part::Text(
            "pads with a number that is divided by 0: in `Constant<NUM, DEN>`, DEN must be at least 1",
        )]
    } else {
        &[]
    };
}

macro_rules! fills {
    ($($mode:ident)+) => {$(
        impl Named for $mode {
            const NAME: TypeName = TypeName { parts: &[Part::Text(stringify!($mode))] };
        }
        impl PadMode for $mode {
            const FILL: Fill = Fill::$mode;
        }
    )+};
}
fills!(Reflect Replicate Circular);
