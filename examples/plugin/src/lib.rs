//! An audio effect as a library for C: a network in the library itself, and its state in the caller's memory.
//!
//! A plug-in must never allocate, lock or wait in its audio callback. This one does none of these; `host.c` tests it.
//! `effect.h` declares the functions.
//!
//! ```text
//! $ cargo build --release -p plugin
//! $ cc examples/plugin/host.c -o host target/release/libplugin.so -lm -Wl,-rpath,target/release && ./host
//! an effect of 144 bytes
//! 100 blocks of 64 samples, no allocation; loudest 0.712, changed by up to 0.339
//! ```

use std::ffi::{c_int, c_void};

use chainrule::prelude::*;
use chainrule::stream::StreamState;

/// The LSTM of `examples/stream.rs`. That example writes this image.
type Net = Residual<(Lstm<1, 16>, Conv1d<16, 1, 1>)>;
static NET: Net = chainrule::include_network!("../../data/amplifier.image");

type Effect = StreamState<Net, Vector<1>>;

const OK: c_int = 0;
const NULL: c_int = 1;
const MEMORY: c_int = 2;
const NOT_FINITE: c_int = 3;

/// Returns the size of an effect, in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn effect_size() -> usize {
    size_of::<Effect>()
}

/// Starts an effect in this memory.
///
/// # Safety
/// `memory` is null, or `bytes` bytes can be written there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn effect_start(memory: *mut c_void, bytes: usize) -> c_int {
    let effect = memory.cast::<Effect>();
    if effect.is_null() {
        return NULL;
    }
    if bytes < size_of::<Effect>() || !effect.is_aligned() {
        return MEMORY;
    }
    // SAFETY: the pointer is aligned, and the caller promises that this number of bytes can be written.
    unsafe { effect.write(StreamState::new(&NET)) };
    OK
}

/// Processes a block of samples.
///
/// # Safety
/// `memory` is null, or the memory of a started effect that no other thread uses. `samples` numbers can be read at
/// `input` and written at `output`, unless these are null; they are equal or do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn effect_process(
    memory: *mut c_void,
    input: *const f32,
    output: *mut f32,
    samples: usize,
) -> c_int {
    if memory.is_null() || input.is_null() || output.is_null() {
        return NULL;
    }
    // SAFETY: the caller promises a started effect that nothing else uses during this call.
    let effect = unsafe { &mut *memory.cast::<Effect>() };
    let mut result = OK;
    for at in 0..samples {
        // SAFETY: the caller promises `samples` numbers. There are no references to them, so both can be the same.
        let x = unsafe { input.add(at).read() };
        let y = match NET.step(&Vector([x]), effect) {
            Ok(y) => y[0],
            Err(_) => {
                *effect = StreamState::new(&NET);
                result = NOT_FINITE;
                0.0
            }
        };
        // SAFETY: as above.
        unsafe { output.add(at).write(y) };
    }
    result
}
