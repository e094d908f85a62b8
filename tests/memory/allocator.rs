//! The system's allocator, which counts for each thread how often it allocated memory, how much it holds, and the most
//! it held.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    /// What this thread counts for, together with others.
    static TOGETHER: Cell<Option<&'static AtomicUsize>> = const { Cell::new(None) };
}

fn ask(bytes: usize) {
    ASKED.set(ASKED.get() + 1);
    if let Some(together) = TOGETHER.get() {
        together.fetch_add(1, Relaxed);
    }
    HELD.set(HELD.get() + bytes as isize);
    MOST.set(MOST.get().max(HELD.get()));
}

fn give_back(bytes: usize) {
    HELD.set(HELD.get() - bytes as isize);
}

// SAFETY: every call goes on to the system's allocator, unchanged. The counters are plain numbers, set at compile time
// and without a destructor, so that reaching them allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ask(layout.size());
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ask(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ask(size); // the new place and the old one, for a moment
        give_back(layout.size());
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give_back(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `f` asks for memory, on this thread.
pub(crate) fn allocations(f: impl FnOnce()) -> usize {
    let before = ASKED.get();
    f();
    ASKED.get() - before
}

/// What `f` returns, and how many bytes this thread held at most meanwhile, beyond those it held before.
pub(crate) fn watched<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = HELD.get();
    MOST.set(before);
    let result = f();
    (result, (MOST.get() - before) as usize)
}

/// From now on this thread counts there too, how often it asks for memory.
pub(crate) fn count_together(counter: &'static AtomicUsize) {
    TOGETHER.set(Some(counter));
}
