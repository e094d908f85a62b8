//! The same bits on every processor: two processes train the same networks and compare hashes of all weights.
//!
//! A lock-step game, an audit of a training, or a bug report may need this. Each process trains on its own; only the
//! hashes go through a pipe, each 100 steps. A difference ends both processes with an error that names the step.
//!
//! ```text
//! $ RUSTFLAGS="--cfg chainrule_portable" cargo run --release --target-dir target/portable --example lockstep
//! portable: both processes have the same bits after 1000 steps, equal to the bits of every other processor: ..
//! $ target/portable/release/examples/lockstep --peer-command "qemu-x86_64 -cpu Nehalem"   # a processor without AVX
//! $ target/portable/release/examples/lockstep --disturb 450                               # the peer makes an error
//! Error: "the processes differ: convolutions after step 500: .."
//! ```
//! **Without the flag** the fastest instructions of the processor are used. Then the bits are the same on all
//! processors with the same instructions, such as AVX2, for any number of threads. On other processors the numbers
//! are the same up to rounding, and training increases the difference: the program finds it, and says so.

use std::time::Instant;

/// The training of the program `examples/bare`, here with the library for this computer.
#[allow(unreachable_pub)]
#[path = "bare/src/digits.rs"]
mod bare;
#[path = "lockstep/peer.rs"]
mod peer;
#[path = "lockstep/training.rs"]
mod training;

use peer::Other;
use training::{STEPS, train};

type Error = Box<dyn std::error::Error>;

/// The hashes on x86-64, with AVX2 and without (in qemu-user).
const EXPECTED: [u64; 2] = [0x078b_1819_9f6f_39e7, 0x89f0_32cf_4b4a_b6bd];

fn main() -> Result<(), Error> {
    let (mut peer_command, mut disturbed, mut is_peer) = (String::new(), None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
        match &argument[..] {
            "--peer-command" => peer_command = value()?,
            "--disturb" => disturbed = Some(value()?.parse::<usize>()?),
            "--peer" => is_peer = true,
            _ => {
                return Err(
                    "usage: lockstep [--peer-command \"qemu-x86_64 -cpu Nehalem\"] [--disturb STEP]".into()
                );
            }
        }
    }
    if is_peer {
        return train(&mut Other::parent(), disturbed).map(|_| ());
    }
    let (mut peer, mut other) = Other::start(&peer_command, disturbed)?;
    let start = Instant::now();
    let trained = train(&mut other, None);
    let seconds = start.elapsed().as_secs_f64();
    drop(other); // closes the pipes
    let ended = peer.wait()?;
    let hashes = trained?;
    if !ended.success() {
        return Err(format!("the peer has failed: {ended}").into());
    }
    report(hashes, seconds)
}

fn report(hashes: [u64; 2], seconds: f64) -> Result<(), Error> {
    let [convolutions, recurrent] = hashes;
    let (mode, everywhere) = if !chainrule::PORTABLE {
        ("the fastest instructions of this processor", "")
    } else if hashes == EXPECTED {
        ("portable", ", equal to the bits of every other processor")
    } else {
        return Err(format!("the hashes are {hashes:016x?}, and on other processors {EXPECTED:016x?}").into());
    };
    println!(
        "{mode}: both processes have the same bits after {STEPS} steps{everywhere}: \
         convolutions {convolutions:016x}, recurrent {recurrent:016x}, in {seconds:.1} s"
    );
    let digits = bare::run()?;
    if !chainrule::PORTABLE {
        println!(
            "processors with other instructions can have other bits; for equal bits on all of them, \
             build with RUSTFLAGS=\"--cfg chainrule_portable\""
        );
    } else if digits == bare::EXPECTED {
        println!(
            "the program without a heap, `bare`, has the same bits as this library ({:016x})",
            digits.hash
        );
    } else {
        return Err(format!("`bare` has {:?}, and this library {digits:?}", bare::EXPECTED).into());
    }
    Ok(())
}
