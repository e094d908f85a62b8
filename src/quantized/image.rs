//! Images of quantized networks: like the images of [`crate::include_network!`], with the bytes of the int8 form.
#![allow(clippy::result_large_err)] // the text is made in a constant

use core::marker::PhantomData;

use chainrule_kernel::int8::read;
use chainrule_parameters::Parameters;

use super::{Int8Network, Numbers, Quantize, Quantized};
use crate::error::Text;
use crate::network::image::{Fault, NumbersOf, content, network_line};
use crate::tensor::Tensor;

/// The first line.
const FORMAT: &str = "chainrule int8 image 1";

/// Includes a quantized network from the file of an image at compile time: for a `static` in flash memory.
///
/// [`Quantized::save`](crate::quantized::Quantized::save) writes the file. Its path is relative to the source file.
///
/// ```standalone_crate
/// use chainrule::prelude::*;
/// use chainrule::quantized::Quantized;
///
/// /// Scores for the digits of 8x8 pixels.
/// type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>);
/// type Int8 = Quantized<Net, Image<1, 8, 8>>;
/// static NET: Int8 = chainrule::include_quantized!("../../examples/data/digits.int8");
///
/// let (mut memory, mut outputs) = ([0; Int8::RAM], [Vector([0.0; 10])]);
/// let digit = [
///     [0, 0, 5, 13, 9, 1, 0, 0],
///     [0, 0, 13, 15, 10, 15, 5, 0],
///     [0, 3, 15, 2, 0, 11, 8, 0],
///     [0, 4, 12, 0, 0, 8, 8, 0],
///     [0, 5, 8, 0, 0, 9, 8, 0],
///     [0, 4, 11, 0, 1, 12, 7, 0],
///     [0, 2, 14, 5, 10, 12, 0, 0],
///     [0, 0, 6, 13, 10, 0, 0, 0],
/// ];
/// let digit = Image([digit.map(|row| row.map(|pixel| pixel as f32 / 16.0))]);
/// NET.predict_into(&[digit], &mut outputs, &mut memory)?;
/// assert_eq!(Label::from_scores(&outputs[0]).index(), 0);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// The image of another network, or for another input, is a compile error that names the difference. The numbers are
/// not checked at compile time; [`Quantized::load`](crate::quantized::Quantized::load) compares their checksum.
#[macro_export]
macro_rules! include_quantized {
    ($path:expr $(,)?) => {
        const { $crate::quantized::quantized_of_image(::core::include_bytes!($path)) }
    };
}

/// Returns the network of an image. [`include_quantized!`] calls it.
///
/// # Panics
/// If the image contains another network, or is not complete.
///
/// [`include_quantized!`]: crate::include_quantized
#[track_caller]
pub const fn quantized_of_image<N: Quantize<X>, X: Tensor<Scalar = f32>>(image: &[u8]) -> Quantized<N, X> {
    match bytes::<N, X>(image) {
        Err(fault) => panic!("{}", fault.as_str()),
        Ok(numbers) => Int8Network { numbers: read(numbers.bytes), network: PhantomData },
    }
}

/// Checks the header of an image and the number of its bytes.
pub(super) const fn bytes<N: Quantize<X>, X: Tensor<Scalar = f32>>(
    image: &[u8],
) -> Result<NumbersOf<'_>, Fault> {
    content(image, &first_lines::<N, X>(), &N::DESCRIPTION, size_of::<Numbers<N::Int8>>())
}

/// Returns the lines before the lines of the layers.
pub(super) const fn first_lines<N: Quantize<X>, X: Tensor<Scalar = f32>>() -> [Text; 3] {
    [
        *Text::new().text(FORMAT),
        *Text::new().text("input ").name(&X::NAME),
        network_line(&<N as Parameters>::NAME),
    ]
}
