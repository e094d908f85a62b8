//! The same bits on every processor: two processes train the same networks, each on its own, and compare hashes of all
//! weights each 100 steps, as a lock-step game or an audit would. A difference ends both with an error that names the
//! step. Only the hashes go from one to the other, through a pipe.
//!
//! ```text
//! $ RUSTFLAGS="--cfg chainrule_portable" cargo run --release --target-dir target/portable --example lockstep
//! portable: both processes have the same bits after 1000 steps, and those of every processor: convolutions 078b18199f6f39e7, recurrent 89f032cf4b4ab6bd, in 0.6 s
//! $ target/portable/release/examples/lockstep --peer-command "qemu-x86_64 -cpu Nehalem"   # a processor without AVX
//! $ target/portable/release/examples/lockstep --disturb 450                               # the peer makes an error
//! Error: "the processes differ: convolutions after step 500: .."
//! ```
//! **Without the flag** the fastest instructions of the processor are used. The same program then has the same bits on
//! all processors of one kind, such as those with AVX2, for any number of threads. On another kind the numbers are the
//! same up to rounding, and training makes the difference grow: the program finds it, and says so.

use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::process::{Command, Stdio};
use std::time::Instant;

use chainrule::layer::{Parameter, View, ViewMut, Visitor, visit};
use chainrule::prelude::*;

/// The training of the example `bare`, here with the library for this computer.
#[allow(unreachable_pub)]
#[path = "bare/src/digits.rs"]
mod bare;

type Error = Box<dyn std::error::Error>;

/// Convolutions, norms, pools, tables of elementary functions.
type Pixels = (
    Conv2d<1, 6, 3, 1, 1>,
    (BatchNorm<6>, Gelu, MaxPool2d<2>),
    Residual<(Conv2d<6, 6, 3, 1, 1>, Silu)>,
    (Flatten, Linear<96, 24>, LayerNorm<Vector<24>>, Tanh, Dropout<20>, Linear<24, 10>),
);

/// Gates over the rows of a picture.
type Rows = (Lstm<8, 16>, Gru<16, 12>, LastStep, Linear<12, 10>);

/// The hashes on an x86-64 with AVX2, and on those without (as qemu-user runs them).
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
        let input = Box::new(BufReader::new(stdin()));
        train(&mut Other { input, output: Box::new(stdout()) }, disturbed)?;
        return Ok(());
    }
    let own = std::env::current_exe()?.display().to_string();
    let mut words: Vec<&str> = peer_command.split_whitespace().chain([&own[..], "--peer"]).collect();
    let step = disturbed.map(|step| step.to_string());
    words.extend(step.iter().flat_map(|step| ["--disturb", step]));
    let mut peer = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{}` does not start: {error}", words[0]))?;
    let (output, input) = peer.stdin.take().zip(peer.stdout.take()).ok_or("the peer has no pipes")?;
    let input = Box::new(BufReader::new(input));
    let start = Instant::now();
    let trained = train(&mut Other { input, output: Box::new(output) }, None);
    let seconds = start.elapsed().as_secs_f64();
    let ended = peer.wait()?; // both ends of its pipes are closed
    let hashes = trained?;
    if !ended.success() {
        return Err(format!("the peer has failed: {ended}").into());
    }
    report(hashes, seconds)
}

fn report(hashes: [u64; 2], seconds: f64) -> Result<(), Error> {
    let [convolutions, recurrent] = hashes;
    let (mode, whose) = if !chainrule::PORTABLE {
        ("the fastest instructions of this processor", "")
    } else if hashes == EXPECTED {
        ("portable", ", and those of every processor")
    } else {
        return Err(format!("the hashes are {hashes:016x?}, and on other processors {EXPECTED:016x?}").into());
    };
    println!(
        "{mode}: both processes have the same bits after {STEPS} steps{whose}: \
         convolutions {convolutions:016x}, recurrent {recurrent:016x}, in {seconds:.1} s"
    );
    let digits = bare::run()?;
    if !chainrule::PORTABLE {
        println!(
            "that holds for processors of one kind; another kind can give other bits: \
             build with RUSTFLAGS=\"--cfg chainrule_portable\""
        );
    } else if digits == bare::EXPECTED {
        println!(
            "the program without a heap, `bare`, has the bits of this library too ({:016x})",
            digits.hash
        );
    } else {
        return Err(format!("`bare` has {:?}, and this library {digits:?}", bare::EXPECTED).into());
    }
    Ok(())
}

/// The other process.
struct Other {
    input: Box<dyn BufRead>,
    output: Box<dyn Write>,
}

impl Other {
    /// Sends what this process has, and compares it with what the other one sends.
    fn compare(&mut self, own: &str) -> Result<(), Error> {
        let ended = "the other process has ended";
        writeln!(self.output, "{own}")
            .and_then(|()| self.output.flush())
            .map_err(|error| format!("{ended}: {error}"))?;
        let mut theirs = String::new();
        if self.input.read_line(&mut theirs)? == 0 {
            return Err(ended.into());
        }
        if theirs.trim_end() == own {
            return Ok(());
        }
        Err(format!("the processes differ: {own} here, and {} there", theirs.trim_end()).into())
    }
}

/// Trains both networks, and returns the hashes of their weights.
fn train(other: &mut Other, disturbed: Option<usize>) -> Result<[u64; 2], Error> {
    let labels: Vec<Label<10>> = (0..BATCH).map(|at| Label::new(at * 7 % 10)).collect::<Result<_, _>>()?;
    let pixels =
        (0..BATCH).map(|at| Image([std::array::from_fn(|row| std::array::from_fn(|x| number(at, row, x)))]));
    let rows =
        (0..BATCH).map(|at| Sequence(std::array::from_fn(|row| std::array::from_fn(|x| number(at, row, x)))));
    let (pixels, rows): (Vec<Image<1, 8, 8>>, Vec<Sequence<8, 8>>) = (pixels.collect(), rows.collect());
    let sgd = Sgd::new(0.05).momentum(0.9);
    Ok([
        trained::<Pixels, _>("convolutions", &pixels, &labels, AdamW::new(2e-3), other, disturbed)?,
        trained::<Rows, _>("recurrent", &rows, &labels, sgd, other, disturbed)?,
    ])
}

const STEPS: usize = 1000;
/// How often the processes compare.
const COMPARED: usize = 100;
const BATCH: usize = 24;

/// Returns a number between 0 and 1, made of whole numbers.
fn number(at: usize, row: usize, x: usize) -> f32 {
    ((at * 53 + row * 17 + x * 29) * 7919 % 1024) as f32 / 1024.0
}

/// Trains a new network on one batch, and compares the hash FNV-1a of its weights' bits with the other process.
fn trained<N: Maps<X, Vector<10>>, X: Tensor>(
    name: &str,
    inputs: &[X],
    labels: &[Label<10>],
    optimizer: impl Optimizer<N>,
    other: &mut Other,
    disturbed: Option<usize>,
) -> Result<u64, Error> {
    let schedule = Schedule::cosine(STEPS as u64).floor(0.1);
    let loss = CrossEntropy::default();
    let mut trainer =
        Trainer::new(N::init(&mut rng(1)), loss, optimizer, 2).schedule(schedule).clip_norm(1.0);
    let mut hash = Hash(0);
    for step in 1..=STEPS {
        trainer.step(inputs, labels)?;
        if disturbed == Some(step) {
            visit([], [ViewMut::of(&mut *trainer.network)], &mut Disturb(false));
        }
        if step % COMPARED == 0 {
            hash = Hash(0xcbf2_9ce4_8422_2325);
            visit([View::of(&*trainer.network)], [], &mut hash);
            other.compare(&format!("{name} after step {step}: {:016x}", hash.0))?;
        }
    }
    Ok(hash.0)
}

struct Hash(u64);

impl Visitor<1, 0> for Hash {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, [numbers]: [&[T]; 1], []: [&mut [T]; 0]) {
        // The bytes of a little-endian processor, on every one.
        for number in bytemuck::cast_slice::<T, f32>(numbers) {
            for byte in number.to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
        }
    }
}

/// Changes the last bit of the first weight, once.
struct Disturb(bool);

impl Visitor<0, 1> for Disturb {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [numbers]: [&mut [T]; 1]) {
        if !std::mem::replace(&mut self.0, true) {
            bytemuck::cast_slice_mut::<T, u8>(numbers)[0] ^= 1;
        }
    }
}
