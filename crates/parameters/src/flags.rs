//! The flags of all tables of a network.

use core::slice::{from_raw_parts, from_raw_parts_mut};

use crate::{Node, ViewMut};

/// Clears the flags of the rows of each [`Table`](crate::Table) whose bytes are all 0.
///
/// A walk that writes all numbers, as one that loads a file, sets all flags. After this, a later walk can leave rows
/// out.
pub fn clear_flags(network: ViewMut<'_>) {
    // SAFETY: the pointer is that of a network which this description describes, borrowed exclusively.
    unsafe { clear(network.kind.node, network.base) };
}

/// # Safety
/// The pointer is that of a value which `node` describes, and is exclusive.
unsafe fn clear(node: &Node, base: *mut u8) {
    match node {
        Node::Nothing | Node::Setting(_) | Node::Flattens => {}
        Node::Tensor(tensor) => {
            let Some(flags) = tensor.flags else { return };
            let size = tensor.len() * tensor.scalar().size();
            // SAFETY: the numbers of the table, and its flags, which are in no tensor.
            let (numbers, flags) = unsafe {
                let flags = from_raw_parts_mut(base.add(flags.offset), flags.rows);
                (from_raw_parts(base.cast_const(), size), flags)
            };
            for (flag, row) in flags.iter_mut().zip(numbers.chunks_exact((size / tensor.shape()[0]).max(1))) {
                *flag = u8::from(*flag != 0 && row.iter().any(|&byte| byte != 0));
            }
        }
        Node::Fields(fields) => {
            for field in *fields {
                // SAFETY: the field is inside the value, at this offset.
                unsafe { clear(field.node, base.add(field.offset)) };
            }
        }
        // SAFETY: an array has `count` values, `stride` bytes apart.
        Node::Repeat { count, stride, of, .. } => (0..*count).for_each(|at| unsafe {
            clear(of, base.add(at * stride));
        }),
    }
}
