//! The memory of packed blocks: on the heap, allocated once and then used again, by whichever thread needs it next.

use alloc::boxed::Box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

use super::packed::Block;

/// The blocks that are kept: one for each product that runs at the same time. More are freed after use.
static FREE: [AtomicPtr<Block>; 64] = [const { AtomicPtr::new(null_mut()) }; 64];

/// Takes a block, and allocates one only if all are in use.
pub(super) fn take() -> Box<Block> {
    for slot in &FREE {
        let block = slot.swap(null_mut(), Ordering::Acquire);
        if !block.is_null() {
            // SAFETY: `give` has stored the pointer of a box, and `swap` gave it to this thread alone.
            return unsafe { Box::from_raw(block) };
        }
    }
    let block = Box::<Block>::new_uninit();
    // SAFETY: a block is memory that need not be initialized.
    unsafe { block.assume_init() }
}

/// Keeps a block for the next product.
pub(super) fn give(block: Box<Block>) {
    let block = Box::into_raw(block);
    for slot in &FREE {
        if slot.compare_exchange(null_mut(), block, Ordering::Release, Ordering::Relaxed).is_ok() {
            return;
        }
    }
    // SAFETY: the pointer of the box above, which no slot has taken.
    drop(unsafe { Box::from_raw(block) });
}

/// Allocates the blocks of a product on this number of threads: so the first product allocates, and no later one.
#[cfg(feature = "threads")]
pub(super) fn reserve(threads: usize) {
    if threads > 0 {
        let block = take();
        reserve(threads - 1);
        give(block);
    }
}
