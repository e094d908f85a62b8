//! Checks the bytes of a file before they are decoded.
//!
//! A decoded node takes a few hundred bytes, even if it has no bytes in the file. Messages that are shorter than any
//! valid message are rejected, so that the memory for a file is bounded by its size.

use prost::encoding::decode_varint;

/// Every valid node, tensor, attribute or value has at least this number of bytes: it has a name or an operator.
const SHORTEST: usize = 3;

/// The messages that are checked.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Other,
}

impl Message {
    /// Returns the message in a field, if the field can be repeated.
    fn child(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5) => Self::Tensor,
            (Self::Node, 5) => Self::Attribute,
            (Self::Model, 14 | 25) | (Self::Graph, 11..=13) | (Self::Tensor, 13) => Self::Other,
            _ => return None,
        })
    }
}

/// Returns the reason why a file is rejected. Bytes that are not a protobuf message at all are passed to the decoder.
pub(super) fn too_short(bytes: &[u8]) -> Option<String> {
    scan(Message::Model, bytes)
}

fn scan(message: Message, mut bytes: &[u8]) -> Option<String> {
    while !bytes.is_empty() {
        let key = decode_varint(&mut bytes).ok()?;
        let length = match key & 7 {
            0 => {
                decode_varint(&mut bytes).ok()?;
                0
            }
            1 => 8,
            2 => usize::try_from(decode_varint(&mut bytes).ok()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let (field, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        if let (2, Some(child)) = (key & 7, message.child(key >> 3)) {
            if length < SHORTEST && !matches!(child, Message::Graph) {
                return Some(format!("a part of its graph has only {length} bytes"));
            }
            if let Some(reason) = scan(child, field) {
                return Some(reason);
            }
        }
    }
    None
}
