//! A network without a heap, without the standard library, and without the C library's mathematics: trains on digits,
//! and predicts.
//!
//! It is a template for a microcontroller: the part in `lib.rs` builds for one, and has the same bits there. On a
//! computer this program prints the results.
//!
//! ```text
//! $ cd examples/bare && cargo run --release
//! 300 digits: 31 right before training, 281 after; the bits are those of every processor (e640b221cddee5bd)
//! 53312 bytes of memory to train, 384 to predict
//! ```
#![no_std]
#![no_main]

use core::ffi::{c_int, c_void};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

use bare::digits::{EXPECTED, Memory, Training, run};

// From the operating system this program uses the call of `main`, and these two functions.
#[link(name = "c")]
unsafe extern "C" {
    fn write(file: c_int, bytes: *const c_void, count: usize) -> isize;
    fn abort() -> !;
}

/// The terminal.
struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the bytes of the text can be read.
        let written = unsafe { write(1, text.as_ptr().cast(), text.len()) };
        if written < 0 { Err(fmt::Error) } else { Ok(()) }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: `abort` has no conditions.
    unsafe { abort() }
}

/// The `core` of a computer's target refers to this function, which unwinds after a panic. Here nothing unwinds, so
/// it is never called. The `core` of a microcontroller does not refer to it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    let Ok(report) = run() else { return 1 };
    let same = if report == EXPECTED { "the bits are those of every processor" } else { "WRONG BITS" };
    let said = writeln!(
        Output,
        "{} digits: {} right before training, {} after; {same} ({:016x})",
        report.tested, report.before, report.after, report.hash
    );
    let memory = writeln!(
        Output,
        "{} bytes of memory to train, {} to predict",
        size_of::<Training>(),
        size_of::<Memory>()
    );
    c_int::from(said.is_err() || memory.is_err() || report != EXPECTED)
}
