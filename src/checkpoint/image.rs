//! Images of networks, for [`include_network!`](crate::include_network).

use std::path::Path;

use chainrule_parameters::{AsNetwork, Field, Node, Segment, View, ViewMut};

use super::{CheckpointError, Origin, file};
use crate::error::Text;
use crate::kernel::Real;
use crate::layer::{Owned, Parameter, Parameters, Visitor, visit};
use crate::network::image::{
    Fault, NumbersOf, Place, first_lines, layer_line, numbers, setting_line, size_line, tensor_line,
};

/// Writes the image of a network to a file, atomically, for [`include_network!`](crate::include_network). The example
/// of [`image_to_bytes`] does the same with bytes.
///
/// # Errors
/// [`CheckpointError::NonFinite`] for a network with a NaN or an infinity, and [`CheckpointError::Write`] and similar
/// errors if the file cannot be written. The old file is then unchanged.
pub fn save_image(network: &impl AsNetwork, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
    let path = path.as_ref();
    file::write(path, &image(network.as_network(), &path.into())?)
}

/// Returns the bytes of the image that [`save_image`] would write.
///
/// ```
/// use chainrule::checkpoint;
/// use chainrule::prelude::*;
///
/// let net = Linear::<2, 1>::init(&mut rng(1));
/// let image = checkpoint::image_to_bytes(&net)?;
/// let again = checkpoint::image_from_bytes::<Linear<2, 1>>(&image)?;
/// assert_eq!(again.parameters(), net.parameters());
/// # Ok::<(), checkpoint::CheckpointError>(())
/// ```
///
/// # Errors
/// The same as [`save_image`], except the errors of the file system.
pub fn image_to_bytes(network: &impl AsNetwork) -> Result<Vec<u8>, CheckpointError> {
    image(network.as_network(), &Origin::Bytes)
}

/// Loads a network from the file of an image. The example of [`image_to_bytes`] does the same with bytes.
///
/// # Errors
/// [`CheckpointError::WrongImage`] for the image of another network, or a damaged one: the checksum of the numbers is
/// compared. [`CheckpointError::NonFinite`] for a NaN or an infinity.
pub fn load_image<N: Parameters>(path: impl AsRef<Path>) -> Result<Owned<N>, CheckpointError> {
    let (origin, bytes) = file::read(path.as_ref())?;
    from_image(&bytes, &origin)
}

/// Loads a network from the bytes of an image. The example of [`image_to_bytes`] calls it.
///
/// # Errors
/// The same as [`load_image`].
pub fn image_from_bytes<N: Parameters>(image: &[u8]) -> Result<Owned<N>, CheckpointError> {
    from_image(image, &Origin::Bytes)
}

fn image<N: Parameters>(network: &N, origin: &Origin) -> Result<Vec<u8>, CheckpointError> {
    let mut numbers = Numbers { bytes: Vec::with_capacity(N::DESCRIPTION.size()), fault: None };
    visit([View::of(network)], [], &mut numbers);
    if let Some(NonFinite { tensor, element, value }) = numbers.fault {
        return Err(CheckpointError::NonFinite { origin: origin.clone(), tensor, element, value });
    }
    Ok(with_header(&first_lines::<N>(), &N::DESCRIPTION, &numbers.bytes))
}

/// Returns an image: these first lines, then the description of this network, then these bytes.
pub(crate) fn with_header(first: &[Text], description: &Node, bytes: &[u8]) -> Vec<u8> {
    let mut image = Vec::new();
    first.iter().for_each(|text| line(&mut image, text));
    lines(&mut image, description, &Place::ROOT);
    line(&mut image, size_line(bytes.len()).text(&checksum(bytes)));
    line(&mut image, &Text::new());
    image.extend_from_slice(bytes);
    image
}

fn line(image: &mut Vec<u8>, text: &Text) {
    image.extend_from_slice(text.as_bytes());
    image.push(b'\n');
}

/// Writes a line for each layer and each tensor of the network.
fn lines(image: &mut Vec<u8>, node: &Node, place: &Place<'_>) {
    match node {
        Node::Nothing | Node::Flattens => {}
        Node::Setting(value) => line(image, &setting_line(&place.text(), *value)),
        Node::Tensor(tensor) => line(image, &tensor_line(&place.text(), tensor)),
        Node::Fields(fields) => {
            for Field { name, node, layer, .. } in *fields {
                let place = place.child(*name);
                if let Some(layer) = layer.filter(|_| *name != Segment::Flattened) {
                    line(image, &layer_line(&place.text(), layer));
                }
                lines(image, node, &place);
            }
        }
        Node::Repeat { count, of, layer, .. } => {
            for at in 0..*count {
                let place = place.child(Segment::Index(at));
                line(image, &layer_line(&place.text(), layer));
                lines(image, of, &place);
            }
        }
    }
}

/// Returns the 64-bit FNV-1a hash as text.
fn checksum(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn from_image<N: Parameters>(image: &[u8], origin: &Origin) -> Result<Owned<N>, CheckpointError> {
    let bytes = checked(numbers::<N>(image), origin)?;
    let mut network = N::zeros();
    let mut fill = Fill { bytes, fault: None };
    visit([], [ViewMut::of(&mut *network)], &mut fill);
    match fill.fault {
        None => Ok(network),
        Some(NonFinite { tensor, element, value }) => {
            Err(CheckpointError::NonFinite { origin: origin.clone(), tensor, element, value })
        }
    }
}

/// Returns the bytes after a header, after a check of their checksum.
pub(crate) fn checked<'a>(
    content: Result<NumbersOf<'a>, Fault>,
    origin: &Origin,
) -> Result<&'a [u8], CheckpointError> {
    let broken = |reason: String| CheckpointError::WrongImage { origin: origin.clone(), reason };
    let NumbersOf { bytes, checksum: expected } = content.map_err(|fault| broken(fault.as_str().into()))?;
    if checksum(bytes).as_bytes() != expected {
        return Err(broken(
            "the checksum of its numbers differs from the one in its header: the file is damaged".into(),
        ));
    }
    Ok(bytes)
}

/// A number that is NaN or infinite.
struct NonFinite {
    tensor: String,
    element: usize,
    value: f64,
}

impl NonFinite {
    fn find<T: Real>(parameter: &Parameter<'_>, numbers: &[T]) -> Option<Self> {
        let element = numbers.iter().position(|x| !x.is_finite())?;
        Some(Self { tensor: parameter.path.to_string(), element, value: numbers[element].to_f64() })
    }
}

/// Collects the bytes of all numbers in little-endian order.
struct Numbers {
    bytes: Vec<u8>,
    fault: Option<NonFinite>,
}

impl Visitor<1, 0> for Numbers {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [numbers]: [&[T]; 1], []: [&mut [T]; 0]) {
        self.fault = self.fault.take().or_else(|| NonFinite::find(parameter, numbers));
        for number in numbers {
            let bytes = bytemuck::bytes_of(number);
            if cfg!(target_endian = "big") {
                self.bytes.extend(bytes.iter().rev());
            } else {
                self.bytes.extend(bytes);
            }
        }
    }
}

/// Sets the tensors from little-endian numbers.
struct Fill<'a> {
    bytes: &'a [u8],
    fault: Option<NonFinite>,
}

impl Visitor<0, 1> for Fill<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [numbers]: [&mut [T]; 1]) {
        let (bytes, rest) = self.bytes.split_at(size_of_val(numbers));
        self.bytes = rest;
        bytemuck::cast_slice_mut(numbers).copy_from_slice(bytes);
        if cfg!(target_endian = "big") {
            numbers.iter_mut().for_each(|number| bytemuck::bytes_of_mut(number).reverse());
        }
        self.fault = self.fault.take().or_else(|| NonFinite::find(parameter, numbers));
    }
}
