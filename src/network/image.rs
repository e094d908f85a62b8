//! Images of networks: the bytes of all numbers, after a header that describes the network.
//!
//! The header has lines of text: the format, the type of the network, each layer, each tensor, and the size and the
//! checksum of the numbers. It ends with an empty line. The numbers follow in little-endian order, tensor after tensor.
#![allow(clippy::result_large_err)] // the text is made in a constant

use chainrule_parameters::{Field, Node, Parameters, Scalar, Segment, Tensor, TypeName, filled};

use crate::error::Text;

/// The first line. It changes with every change of the format.
pub(crate) const FORMAT: &str = "chainrule image 1, little-endian";

/// A description of what is wrong with an image.
pub(crate) type Fault = Text;

/// Returns the network in an image. In a constant, a wrong image is a compile error. [`include_network!`] calls this
/// function.
///
/// # Panics
/// If the image is incomplete, or contains a different network.
///
/// [`include_network!`]: crate::include_network
#[doc(hidden)]
#[track_caller]
pub const fn network_of_image<N: Parameters>(image: &[u8]) -> N {
    if cfg!(target_endian = "big") {
        panic!("the numbers of a network image are little-endian, but this target is big-endian");
    }
    match numbers::<N>(image) {
        Err(fault) => panic!("{}", fault.as_str()),
        Ok(numbers) => filled(numbers.bytes),
    }
}

/// The numbers of an image whose header matches its network.
pub(crate) struct NumbersOf<'a> {
    pub(crate) bytes: &'a [u8],
    /// The text of the numbers' checksum in the header.
    #[cfg(feature = "checkpoint")]
    pub(crate) checksum: &'a [u8],
}

/// Checks the header of an image, and the number of its bytes.
pub(crate) const fn numbers<N: Parameters>(image: &[u8]) -> Result<NumbersOf<'_>, Fault> {
    content(image, &first_lines::<N>(), &N::DESCRIPTION, N::DESCRIPTION.size())
}

/// Returns the lines before the lines of the layers.
pub(crate) const fn first_lines<N: Parameters>() -> [Text; 2] {
    [*Text::new().text(FORMAT), network_line(&<N as Parameters>::NAME)]
}

/// Checks the header of an image: that it begins with these lines and describes this network, and that `size` bytes
/// follow it.
pub(crate) const fn content<'a>(
    image: &'a [u8],
    first: &[Text],
    description: &Node,
    size: usize,
) -> Result<NumbersOf<'a>, Fault> {
    let mut header = Header { image, at: 0 };
    if image.is_empty() {
        return Err(*Text::new().text("the image is empty"));
    }
    match header.expect(&first[0]) {
        Ok(()) => {}
        Err(fault) => return Err(fault),
    }
    // The lines of the layers are checked first, so that an error names the layer that differs and not the whole
    // network.
    let (mut types, mut at) = (Header { image, at: header.at }, 1);
    while at < first.len() {
        header.line();
        at += 1;
    }
    match header.expect_all(description, &Place::ROOT) {
        Ok(()) => {}
        Err(fault) => return Err(fault),
    }
    at = 1;
    while at < first.len() {
        match types.expect(&first[at]) {
            Ok(()) => {}
            Err(fault) => return Err(fault),
        }
        at += 1;
    }
    let line = header.line();
    let expected = size_line(size);
    if !starts_with(line, expected.as_bytes()) {
        return Err(differs(line, &expected));
    }
    let (_, checksum) = line.split_at(expected.as_bytes().len());
    if !header.line().is_empty() {
        return Err(
            *Text::new().text("the header of the image has another length than the header of this network")
        );
    }
    let (_, bytes) = image.split_at(header.at);
    if bytes.len() != size {
        let mut text = Text::new();
        text.text("the image has ")
            .whole(bytes.len() as u64)
            .text(" bytes of numbers, but the network needs ");
        return Err(*text.whole(size as u64).text(": the file is truncated, or has additional bytes"));
    }
    #[cfg(not(feature = "checkpoint"))]
    let _ = checksum;
    Ok(NumbersOf {
        bytes,
        #[cfg(feature = "checkpoint")]
        checksum,
    })
}

pub(crate) const fn network_line(name: &TypeName) -> Text {
    *Text::new().text("network ").name(name).complete()
}

/// Returns the line of the numbers, without the checksum at its end.
pub(crate) const fn size_line(size: usize) -> Text {
    *Text::new().text("numbers ").whole(size as u64).text(" bytes, FNV-1a ")
}

pub(crate) const fn layer_line(path: &Text, layer: &TypeName) -> Text {
    *Text::new().text(path.as_str()).text(" ").name(layer).complete()
}

pub(crate) const fn tensor_line(path: &Text, tensor: &Tensor) -> Text {
    let mut text = Text::new();
    let scalar = match tensor.scalar() {
        Scalar::F32 => " f32 [",
        Scalar::F64 => " f64 [",
    };
    *text.text(path.as_str()).text(scalar).sides(tensor.shape()).text("]")
}

pub(crate) const fn setting_line(path: &Text, value: f64) -> Text {
    *Text::new().text(path.as_str()).text(" setting of the bits ").whole(value.to_bits())
}

/// The path of a layer or a tensor. (The methods of [`Path`](crate::layer::Path) are not constant.)
pub(crate) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    segment: Segment,
}

impl<'a> Place<'a> {
    pub(crate) const ROOT: Place<'static> = Place { parent: None, segment: Segment::Flattened };

    pub(crate) const fn child(&'a self, segment: Segment) -> Place<'a> {
        Place { parent: Some(self), segment }
    }

    /// Returns the same text as a [`Path`](crate::layer::Path) prints.
    pub(crate) const fn text(&self) -> Text {
        let mut text = match self.parent {
            Some(parent) => parent.text(),
            None => Text::new(),
        };
        let separator = if text.as_bytes().is_empty() { "" } else { "." };
        match self.segment {
            Segment::Name(name) => *text.text(separator).text(name),
            Segment::Index(index) => *text.text(separator).whole(index as u64),
            Segment::Repeated(_) | Segment::Flattened => text,
        }
    }
}

/// The header of an image, line by line.
struct Header<'a> {
    image: &'a [u8],
    at: usize,
}

impl<'a> Header<'a> {
    /// Returns the next line, and moves past it. At the end of the image it returns an empty line.
    const fn line(&mut self) -> &'a [u8] {
        let (_, rest) = self.image.split_at(self.at);
        let mut len = 0;
        while len < rest.len() && rest[len] != b'\n' {
            len += 1;
        }
        self.at += if len < rest.len() { len + 1 } else { len };
        let (line, _) = rest.split_at(len);
        line
    }

    const fn expect(&mut self, expected: &Text) -> Result<(), Fault> {
        let line = self.line();
        if line.len() == expected.as_bytes().len() && starts_with(line, expected.as_bytes()) {
            Ok(())
        } else {
            Err(differs(line, expected))
        }
    }

    /// Checks the lines of all layers and tensors.
    const fn expect_all(&mut self, node: &Node, place: &Place<'_>) -> Result<(), Fault> {
        match node {
            Node::Nothing | Node::Flattens => Ok(()),
            Node::Setting(value) => self.expect(&setting_line(&place.text(), *value)),
            Node::Tensor(tensor) => self.expect(&tensor_line(&place.text(), tensor)),
            Node::Fields(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    let Field { name, node, layer, .. } = &fields[at];
                    let place = place.child(*name);
                    if let (Some(layer), false) = (layer, matches!(name, Segment::Flattened)) {
                        match self.expect(&layer_line(&place.text(), layer)) {
                            Ok(()) => {}
                            Err(fault) => return Err(fault),
                        }
                    }
                    match self.expect_all(node, &place) {
                        Ok(()) => {}
                        Err(fault) => return Err(fault),
                    }
                    at += 1;
                }
                Ok(())
            }
            Node::Repeat { count, of, layer, .. } => {
                let mut at = 0;
                while at < *count {
                    let place = place.child(Segment::Index(at));
                    match self.expect(&layer_line(&place.text(), layer)) {
                        Ok(()) => {}
                        Err(fault) => return Err(fault),
                    }
                    match self.expect_all(of, &place) {
                        Ok(()) => {}
                        Err(fault) => return Err(fault),
                    }
                    at += 1;
                }
                Ok(())
            }
        }
    }
}

const fn starts_with(line: &[u8], start: &[u8]) -> bool {
    let mut at = 0;
    while at < start.len() {
        if at >= line.len() || line[at] != start[at] {
            return false;
        }
        at += 1;
    }
    true
}

const fn differs(line: &[u8], expected: &Text) -> Fault {
    let mut text = Text::new();
    text.text("the image belongs to another network or is damaged: it has `")
        .lossy(line)
        .text("` where this network has `");
    *text.lossy(expected.as_bytes()).text("`")
}

/// Creates a network from an image file at compile time: for a `static`, in flash memory, without a heap.
///
/// [`checkpoint::save_image`](crate::checkpoint::save_image) writes the file. The path is relative to the source file,
/// as in `include_bytes!`.
///
/// ```standalone_crate
/// use chainrule::prelude::*;
///
/// type Net = (Dense<Image<1, 8, 8>, Vector<32>>, Tanh, Linear<32, 10>, Softmax);
/// static NET: Net = chainrule::include_network!("../../examples/data/digits.image");
///
/// let mut workspace = <chainrule::workspace!(Net, Image<1, 8, 8>, predict 1)>::new();
/// let mut outputs = [Vector([0.0; 10])];
/// NET.predict_into(&[Image([[[0.5; 8]; 8]])], &mut outputs, &mut workspace)?;
/// approx::assert_abs_diff_eq!(outputs[0].0.iter().sum::<f32>(), 1.0, epsilon = 1e-5); // probabilities
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// The image of a different network is a compile error that names the first layer or tensor that differs. The numbers
/// are not checked; [`checkpoint::load_image`](crate::checkpoint::load_image) compares their checksum.
#[doc(alias("embedded", "no_std", "flash", "TinyML"))]
#[macro_export]
macro_rules! include_network {
    ($path:expr $(,)?) => {
        const { $crate::network_of_image(::core::include_bytes!($path)) }
    };
}
