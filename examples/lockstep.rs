//! The same bits on every processor: trains networks for 1,000 steps and prints a hash of all weights. Programs that
//! simulate the same game, or that audit a training, compare it.
//!
//! ```text
//! $ RUSTFLAGS="--cfg chainrule_portable" cargo run --release --target-dir target/portable --example lockstep
//! portable: convolutions d965840e27e23e89, recurrent 656bbfd74c21d7b0, 1000 steps of each in 0.6 s
//! as on the other processors
//! ```
//! Without the flag the fastest instructions of the processor are used, and the bits depend on it: the program says so.

use std::time::Instant;

use chainrule::layer::{Parameter, View, Visitor, visit};
use chainrule::prelude::*;

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
const EXPECTED: [u64; 2] = [0xd965_840e_27e2_3e89, 0x656b_bfd7_4c21_d7b0];

fn main() -> Result<(), Error> {
    let start = Instant::now();
    let labels: Vec<Label<10>> = (0..BATCH).map(|at| Label::new(at * 7 % 10)).collect::<Result<_, _>>()?;
    let pixels =
        (0..BATCH).map(|at| Image([std::array::from_fn(|row| std::array::from_fn(|x| number(at, row, x)))]));
    let rows =
        (0..BATCH).map(|at| Sequence(std::array::from_fn(|row| std::array::from_fn(|x| number(at, row, x)))));
    let hashes = [
        trained::<Pixels, _>(&pixels.collect::<Vec<Image<1, 8, 8>>>(), &labels, AdamW::new(2e-3))?,
        trained::<Rows, _>(&rows.collect::<Vec<Sequence<8, 8>>>(), &labels, Sgd::new(0.05).momentum(0.9))?,
    ];
    let mode = if chainrule::PORTABLE { "portable" } else { "the fastest instructions of this processor" };
    let [convolutions, recurrent] = hashes;
    println!(
        "{mode}: convolutions {convolutions:016x}, recurrent {recurrent:016x}, {STEPS} steps of each in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    if !chainrule::PORTABLE {
        println!(
            "another processor can give other bits: build it with RUSTFLAGS=\"--cfg chainrule_portable\""
        );
    } else if hashes == EXPECTED {
        println!("as on the other processors");
    } else {
        return Err(format!("on other processors the hashes are {EXPECTED:016x?}").into());
    }
    Ok(())
}

const STEPS: usize = 1000;
const BATCH: usize = 24;

/// Returns a number between 0 and 1, made of whole numbers.
fn number(at: usize, row: usize, x: usize) -> f32 {
    ((at * 53 + row * 17 + x * 29) * 7919 % 1024) as f32 / 1024.0
}

/// Trains a new network on one batch, and returns the hash FNV-1a of its weights' bits.
fn trained<N: Maps<X, Vector<10>>, X: Tensor>(
    inputs: &[X],
    labels: &[Label<10>],
    optimizer: impl Optimizer<N>,
) -> Result<u64, chainrule::Error> {
    let schedule = Schedule::cosine(STEPS as u64).floor(0.1);
    let loss = CrossEntropy::default();
    let mut trainer =
        Trainer::new(N::init(&mut rng(1)), loss, optimizer, 2).schedule(schedule).clip_norm(1.0);
    for _ in 0..STEPS {
        trainer.step(inputs, labels)?;
    }
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    visit([View::of(&*trainer.network)], [], &mut hash);
    Ok(hash.0)
}

struct Hash(u64);

impl Visitor<1, 0> for Hash {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, [numbers]: [&[T]; 1], []: [&mut [T]; 0]) {
        for byte in bytemuck::cast_slice::<T, u8>(numbers) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
