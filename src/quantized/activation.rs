use super::{Buffers, Interval, Memory, Quantization, Quantize};
use crate::Error;
use crate::layer::{
    Abs, Activation, Celu, Clamp, Cos, Elu, Erf, Exp, Gelu, GeluTanh, HardShrink, HardSigmoid, HardSwish,
    HardTanh, LeakyRelu, Log, LogSigmoid, Mish, Neg, Parameters, QuickGelu, Reciprocal, Relu, Relu6, Scale,
    Selu, Shift, Sigmoid, Silu, Sin, SoftShrink, Softplus, Softsign, Sqrt, Square, Tanh, TanhShrink,
    Threshold, ThresholdedRelu,
};
use crate::tensor::{Tensor, len};

/// Implements [`Quantize`] for an activation that clamps, from its limits in the scale of the input.
macro_rules! clamp {
    ([$($generics:tt)*] $layer:ty) => {
        impl<X: Tensor<Scalar = f32>, $($generics)*> Quantize<X> for $layer {
            type Int8 = [i8; 2];
            type Ranges = Interval;
            const BUFFERS: Buffers = Buffers::in_place(len::<X>());

            /// Numbers outside the limits are clamped, so the input needs no larger range.
            fn needed(range: &Interval, wanted: Option<Interval>) -> Option<Interval> {
                Some(wanted.unwrap_or(*range))
            }

            fn quantize(
                &self,
                input: Quantization,
                _: &Interval,
                _: Option<Interval>,
                to: &mut [i8; 2],
            ) -> Result<Quantization, Error> {
                *to = [f32::MIN, f32::MAX].map(|x| input.quantize(Self::apply(x)));
                Ok(input)
            }

            #[inline]
            fn run(&[low, high]: &[i8; 2], memory: Memory<'_>) {
                memory.first[..X::LEN].iter_mut().for_each(|x| *x = (*x).max(low).min(high));
            }
        }
    };
}

clamp!([] Relu);
clamp!([] Relu6);
clamp!([const LOW: i32, const HIGH: i32, const DEN: u32] Clamp<LOW, HIGH, DEN>);
clamp!([const LOW: i32, const HIGH: i32, const DEN: u32] HardTanh<LOW, HIGH, DEN>);

/// Writes the outputs of an activation for all 256 inputs.
#[doc(hidden)]
pub fn quantize_activation<A: Activation + Parameters>(
    input: Quantization,
    range: Interval,
    to: &mut [i8; 256],
) -> Result<Quantization, Error> {
    let output = Quantization::of_layer(range, A::NAME)?;
    for (x, y) in (i8::MIN..=i8::MAX).zip(to) {
        *y = output.quantize(A::apply(input.dequantize(x)));
    }
    Ok(output)
}

/// Replaces each integer by its output in the table.
#[doc(hidden)]
#[inline]
pub fn look_up(table: &[i8; 256], numbers: &mut [i8]) {
    numbers.iter_mut().for_each(|x| *x = table[usize::from(*x as u8 ^ 0x80)]); // -128 is the first
}

/// Implements [`Quantize`](crate::quantized::Quantize) for an activation that you write yourself, with a table of its
/// outputs for all 256 integers. The type must also use [`activation_layer!`](crate::activation_layer). Generic
/// parameters have the same syntax as there.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::quantized::Quantized;
/// use chainrule::{Real, activation_layer, layer::Activation, quantize_activation};
///
/// /// g(x) = x³.
/// #[derive(Clone, Copy, Default, Parameters)]
/// struct Cube;
///
/// impl Activation for Cube {
///     fn apply<T: Real>(x: T) -> T {
///         x * x * x
///     }
///     fn derivative<T: Real>(x: T, _: T) -> T {
///         T::from_f64(3.0) * x * x
///     }
/// }
/// activation_layer!(Cube);
/// quantize_activation!(Cube);
///
/// let cube: Box<Quantized<Cube, Vector<1>>> = Quantized::calibrate(&Cube, &[Vector([-2.0]), Vector([1.0])])?;
/// approx::assert_abs_diff_eq!(cube.predict(&Vector([-1.5]))?, Vector([-3.375]), epsilon = 0.07);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[macro_export]
macro_rules! quantize_activation {
    ([$($generics:tt)*] $activation:ty) => {
        impl<X: $crate::tensor::Tensor<Scalar = f32>, $($generics)*> $crate::quantized::Quantize<X> for $activation {
            type Int8 = [i8; 256];
            type Ranges = $crate::quantized::Interval;
            const BUFFERS: $crate::quantized::Buffers =
                $crate::quantized::Buffers::in_place(<X as $crate::tensor::Tensor>::LEN);

            fn quantize(
                &self,
                input: $crate::quantized::Quantization,
                range: &$crate::quantized::Interval,
                wanted: ::core::option::Option<$crate::quantized::Interval>,
                to: &mut [i8; 256],
            ) -> ::core::result::Result<$crate::quantized::Quantization, $crate::Error> {
                $crate::quantized::quantize_activation::<Self>(input, wanted.unwrap_or(*range), to)
            }

            #[inline]
            fn run(table: &[i8; 256], memory: $crate::quantized::Memory<'_>) {
                $crate::quantized::look_up(table, &mut memory.first[..<X as $crate::tensor::Tensor>::LEN]);
            }
        }
    };
    ($activation:ty) => {
        $crate::quantize_activation!([] $activation);
    };
}

macro_rules! tables {
    ($($activation:ident)*) => {
        $(quantize_activation!($activation);)*
    };
    (@fraction $($activation:ident)*) => {
        $(quantize_activation!([const NUM: u32, const DEN: u32] $activation<NUM, DEN>);)*
    };
}

tables!(Abs Cos Erf Exp Gelu GeluTanh HardSwish Log LogSigmoid Mish Neg QuickGelu Reciprocal Selu Sigmoid Silu Sin);
tables!(Softplus Softsign Sqrt Square Tanh TanhShrink);
tables!(@fraction Celu Elu HardShrink LeakyRelu SoftShrink ThresholdedRelu);
quantize_activation!([const NUM: i64, const DEN: u64] Scale<NUM, DEN>);
quantize_activation!([const NUM: i64, const DEN: u64] Shift<NUM, DEN>);
quantize_activation!(
    [const NUM: u32, const DEN: u32, const START: i32, const OF: u32] HardSigmoid<NUM, DEN, START, OF>
);
quantize_activation!([const AT: i32, const VALUE: i32, const DEN: u32] Threshold<AT, VALUE, DEN>);
