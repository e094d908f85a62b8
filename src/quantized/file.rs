//! Files of quantized networks.

use std::path::Path;

use bytemuck::{TransparentWrapper, TransparentWrapperAlloc};

use super::image::{bytes, first_lines};
use super::{Int8Network, Numbers, Quantization, Quantize};
use crate::checkpoint::{CheckpointError, Origin, checked, read_file, with_header, write_file};
use crate::tensor::Tensor;

impl<N: Quantize<X>, X: Tensor<Scalar = f32>> Int8Network<N, X, N::Int8> {
    /// Writes the image of this network to a file, atomically, for [`load`](super::Quantized::load) and
    /// [`include_quantized!`](crate::include_quantized).
    ///
    /// # Errors
    /// [`CheckpointError::Write`] and similar errors if the file cannot be written. The old file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        write_file(path.as_ref(), &self.to_bytes())
    }

    /// Returns the bytes of the image that [`save`](super::Quantized::save) would write. The example of
    /// [`from_bytes`](super::Quantized::from_bytes) calls it.
    pub fn to_bytes(&self) -> Vec<u8> {
        with_header(&first_lines::<N, X>(), &N::DESCRIPTION, bytemuck::bytes_of(&self.numbers))
    }

    /// Loads a quantized network from the file of an image.
    ///
    /// # Errors
    /// [`CheckpointError::WrongImage`] for the image of another network, or a damaged one: the checksum of the numbers
    /// is compared.
    pub fn load(path: impl AsRef<Path>) -> Result<Box<Self>, CheckpointError> {
        let (origin, image) = read_file(path.as_ref())?;
        let loaded = Self::from_image(&image, &origin)?;
        let mut numbers: Box<Numbers<N::Int8>> = bytemuck::zeroed_box(); // never on the stack
        bytemuck::bytes_of_mut(&mut *numbers).copy_from_slice(bytemuck::bytes_of(&loaded.numbers));
        Ok(TransparentWrapperAlloc::wrap_box(numbers))
    }

    /// Returns the quantized network in the bytes of an image, without copying.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// use chainrule::quantized::Quantized;
    ///
    /// type Int8 = Quantized<Linear<2, 1>, Vector<2>>;
    /// let samples = [Vector([1.0, -1.0]), Vector([0.5, 1.0])];
    /// let int8: Box<Int8> = Quantized::calibrate(&Linear::<2, 1>::init(&mut rng(1)), &samples)?;
    /// let image = int8.to_bytes();
    /// assert_eq!(Int8::from_bytes(&image)?.predict(&samples[0])?, int8.predict(&samples[0])?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The same as [`load`](super::Quantized::load).
    pub fn from_bytes(image: &[u8]) -> Result<&Self, CheckpointError> {
        Self::from_image(image, &Origin::Bytes)
    }

    fn from_image<'a>(image: &'a [u8], origin: &Origin) -> Result<&'a Self, CheckpointError> {
        let broken =
            |reason: &str| CheckpointError::WrongImage { origin: origin.clone(), reason: reason.into() };
        let bytes = checked(bytes::<N, X>(image), origin)?;
        // Any bytes of the right length are valid, at any alignment.
        let numbers: &Numbers<N::Int8> =
            bytemuck::try_from_bytes(bytes).map_err(|_| broken("it has another number of bytes"))?;
        let positive = |scale: Quantization| scale.scale > 0.0 && scale.scale.is_finite();
        if !numbers.first.iter().all(|&packed| positive(packed.into())) {
            return Err(broken("a scale of its input or its output is not a positive number"));
        }
        Ok(Self::wrap_ref(numbers))
    }
}
