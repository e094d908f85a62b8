//! Trains on the handwritten digits, on any number of ranks: the weights are the same, bit for bit.
//!
//! ```text
//! $ cargo build --release --example digits
//! $ target/release/examples/digits               # one process
//! $ mpirun -n 4 target/release/examples/digits
//! epoch 1/6: loss 0.9829, validation loss 0.2990, accuracy 0.9354
//! ..
//! weights b6afc15aed798950 after 360 steps
//! ```
//! (That is of a processor with AVX2: others round otherwise, unless the program is compiled portably.)
//! Options: `--epochs 6`, `--batch 64`, `--piece 8` (samples), `--checkpoint FILE`, `--timeout 300` (seconds), and for
//! tests `--samples 3823`, and `--kill RANK`, `--stop RANK` and `--fail RANK`, which in the middle of the second epoch
//! kill a rank, stop it, or let it fail.

#[path = "../../../examples/support/digits.rs"]
mod digits;

use std::fmt::Display;
use std::process::{Command, exit};
use std::time::{Duration, Instant};

use chainrule::data::Dataset;
use chainrule::layer::{Parameter, Visitor, visit};
use chainrule::metrics::accuracy;
use chainrule::parameters::View;
use chainrule::prelude::*;
use chainrule_mpi::Mpi;

type Net = (Linear<64, 128>, [Residual<(Relu, Linear<128, 128>)>; 3], Dropout<10>, Relu, Linear<128, 10>);

fn main() {
    run().unwrap_or_else(|error| fail(&error));
}

/// Ends the program, and so all ranks, without waiting for them.
fn fail(error: &dyn Display) -> ! {
    eprintln!("error: {error}");
    exit(1)
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::new(std::env::args().skip(1).collect())?;
    let (epochs, batch, piece) =
        (options.get("epochs", 6)?, options.get("batch", 64)?, options.get("piece", 8)?);
    let samples = options.get("samples", 3823)?;
    let ranks =
        [options.get("kill", u64::MAX)?, options.get("stop", u64::MAX)?, options.get("fail", u64::MAX)?];
    let timeout = Duration::from_secs(options.get("timeout", 300)?);
    let train = Dataset::from_pairs(digits::train()?.into_iter().take(samples as usize))?;
    let test = Dataset::from_pairs(digits::test()?)?;

    let steps = epochs * train.len().div_ceil(batch as usize) as u64;
    let trainer = Trainer::new(Net::init(&mut rng(0)), CrossEntropy::smoothed(0.1), Adam::new(2e-3), 0)
        .schedule(Schedule::cosine(steps))
        .micro_batch(piece as usize);
    let mut trainer = trainer.across(Mpi::start()?.timeout(timeout))?;

    let rank = trainer.rank() as u64;
    let [kill, stop, fails] = ranks.map(|of| of == rank);
    let half = train.len() + train.len() / 2;
    let mut seen = 0;
    let mut fit =
        Fit::epochs(epochs).batch_size(batch as usize).validate(&test).metric("accuracy", accuracy).augment(
            move |_: &mut Vector<64>, _| {
                seen += 1;
                if seen == half && (kill || stop) {
                    signal(if kill { "KILL" } else { "STOP" });
                }
                if seen == half && fails {
                    fail(&format!("rank {rank} fails, as --fail says"));
                }
            },
        );
    if let Some(path) = options.text("checkpoint") {
        fit = fit.checkpoint_every(7, path);
    }
    let start = Instant::now();
    // The trainer lives: dropping it on one rank waits for all.
    trainer.fit(&train, fit).unwrap_or_else(|error| fail(&error));
    if rank == 0 {
        println!("weights {:016x} after {} steps", hash(&trainer.network), trainer.steps());
        eprintln!("{:.2} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Sends a signal to this process.
fn signal(name: &str) {
    let process = std::process::id().to_string();
    let _ = Command::new("kill").args([&format!("-{name}"), &process]).status();
    std::thread::sleep(Duration::from_millis(100)); // until it arrives
}

/// Returns the FNV-1a hash of all bits.
fn hash(network: &Net) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    visit([View::of(network)], [], &mut hash);
    hash.0
}

struct Hash(u64);

impl Visitor<1, 0> for Hash {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        for byte in xs.iter().flat_map(|x| x.to_f64().to_bits().to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

struct Options {
    arguments: Vec<String>,
}

impl Options {
    const NAMES: [&str; 9] =
        ["epochs", "batch", "piece", "checkpoint", "timeout", "samples", "kill", "stop", "fail"];

    fn new(arguments: Vec<String>) -> Result<Self, String> {
        for option in arguments.chunks(2) {
            let name = &option[0];
            if !name.strip_prefix("--").is_some_and(|name| Self::NAMES.contains(&name)) {
                return Err(format!("unknown option {name}: there are --{}", Self::NAMES.join(", --")));
            }
            if option.len() < 2 {
                return Err(format!("{name} needs a value"));
            }
        }
        Ok(Self { arguments })
    }

    fn text(&self, name: &str) -> Option<&String> {
        let at = self.arguments.iter().position(|argument| argument.strip_prefix("--") == Some(name))?;
        self.arguments.get(at + 1)
    }

    fn get(&self, name: &str, default: u64) -> Result<u64, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|_| format!("--{name} takes a whole number, not {text:?}"))
    }
}
