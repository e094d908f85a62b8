//! Networks made of bytes, also while a program compiles.

use core::mem::MaybeUninit;

use crate::{Node, Parameters, Scalar};

/// Returns the network whose numbers are these bytes, tensor after tensor, in the order of the description and of the
/// target's memory. The bytes of a tensor are copied at once, so that the compiler evaluates it in a time that does not
/// depend on the size.
///
/// # Panics
/// If there are more or fewer bytes than [`Node::size`] says.
#[track_caller]
pub const fn filled<N: Parameters>(bytes: &[u8]) -> N {
    assert!(bytes.len() == N::DESCRIPTION.size(), "a network is filled from the bytes of all its numbers");
    let mut network = MaybeUninit::<N>::zeroed();
    // SAFETY: `bytes` has the size of all tensors, and each tensor of the description is inside `N`, at its offset; any
    // numbers are a valid value of it. All other bytes are 0, which is valid by the contract of `Parameters`.
    unsafe {
        fill(&N::DESCRIPTION, network.as_mut_ptr().cast(), bytes, 0);
        network.assume_init()
    }
}

/// Returns the network with every parameter 0: for a `static`.
pub const fn zeroed<N: Parameters>() -> N {
    // SAFETY: all bytes zero are a valid value, by the contract of `Parameters`.
    unsafe { core::mem::zeroed() }
}

/// Returns a copy of a network, by value.
pub const fn copied<N: Parameters>(network: &N) -> N {
    // SAFETY: a bitwise copy is a second valid value, by the contract of `Parameters`.
    unsafe { core::ptr::read(network) }
}

/// Fills the tensors of a description from the bytes after the first `from`. Returns the place after the last.
///
/// # Safety
/// `base` is a pointer to a value that `node` describes, valid for writes; there are enough bytes.
const unsafe fn fill(node: &Node, base: *mut u8, bytes: &[u8], from: usize) -> usize {
    match node {
        Node::Nothing | Node::Setting(_) | Node::Flattens => from,
        Node::Tensor(tensor) => {
            let size = tensor.len() * tensor.scalar().size();
            let (_, rest) = bytes.split_at(from);
            let (numbers, _) = rest.split_at(size);
            // SAFETY: `size` bytes can be read, and written: the tensor is here.
            unsafe { base.copy_from_nonoverlapping(numbers.as_ptr(), size) };
            if let Some(flags) = tensor.flags {
                // SAFETY: the flags of a table are in it.
                unsafe { base.add(flags.offset).write_bytes(1, flags.rows) };
            }
            from + size
        }
        Node::Fields(fields) => {
            let (mut from, mut at) = (from, 0);
            while at < fields.len() {
                // SAFETY: the field is inside the value, at this offset.
                from = unsafe { fill(fields[at].node, base.add(fields[at].offset), bytes, from) };
                at += 1;
            }
            from
        }
        Node::Repeat { count, stride, of, .. } => {
            let (mut from, mut at) = (from, 0);
            while at < *count {
                // SAFETY: an array has `count` values, `stride` bytes apart.
                from = unsafe { fill(of, base.add(at * *stride), bytes, from) };
                at += 1;
            }
            from
        }
    }
}

impl Scalar {
    /// Returns the bytes of a number.
    pub const fn size(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F64 => size_of::<f64>(),
        }
    }
}

impl Node {
    /// Returns the bytes of all numbers.
    pub const fn size(&self) -> usize {
        match self {
            Self::Nothing | Self::Setting(_) | Self::Flattens => 0,
            Self::Tensor(tensor) => tensor.len() * tensor.scalar().size(),
            Self::Fields(fields) => {
                let (mut sum, mut at) = (0, 0);
                while at < fields.len() {
                    sum += fields[at].node.size();
                    at += 1;
                }
                sum
            }
            Self::Repeat { count, of, .. } => *count * of.size(),
        }
    }
}
