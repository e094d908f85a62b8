//! The training of both processes.

use chainrule::layer::{Parameter, View, ViewMut, Visitor, visit};
use chainrule::prelude::*;

use crate::Error;
use crate::peer::Other;

/// Convolutions, norms, pooling and elementary functions.
type Pixels = (
    Conv2d<1, 6, 3, 1, 1>,
    (BatchNorm<6>, Gelu, MaxPool2d<2>),
    Residual<(Conv2d<6, 6, 3, 1, 1>, Silu)>,
    (Flatten, Linear<96, 24>, LayerNorm<Vector<24>>, Tanh, Dropout<20>, Linear<24, 10>),
);

/// Recurrent layers over the rows of an image.
type Rows = (Lstm<8, 16>, Gru<16, 12>, LastStep, Linear<12, 10>);

pub(crate) const STEPS: usize = 1000;
/// The number of steps between two comparisons.
const COMPARED: usize = 100;
const BATCH: usize = 24;

/// Trains both networks, and returns the hashes of their weights. Changes a bit after the step `disturbed`.
pub(crate) fn train(other: &mut Other, disturbed: Option<usize>) -> Result<[u64; 2], Error> {
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

/// Returns a number from 0 to 1, by arithmetic on whole numbers.
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
        // Little-endian bytes, on every processor.
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
