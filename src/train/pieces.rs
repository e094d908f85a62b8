//! A batch in pieces, on the cores of the machine, to the same bits for any number of them.
//!
//! How a batch is cut follows from the network and the batch alone, never from the machine: every piece has a gradient and
//! a random stream of its own, and the gradients are added in the order of the pieces.

use alloc::vec::Vec;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use crate::Error;
use crate::bounds::Maps;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Layer, Parameter, Parameters, Role, Visitor, describe, visit};
use crate::loss::{TargetFor, check_lengths};
use crate::network::{Network, TapeOf};
use crate::tensor::Tensor;

/// The multiply-adds that are worth a piece: some 200 μs, against about 10 μs for waking a thread.
const WORTH: u64 = 10_000_000;
/// And for each parameter, whose gradient the piece has to clear and to add.
const WORTH_EACH: u64 = 64;
/// More pieces than this would each be small on a machine with few cores.
const MOST: u64 = 8;

/// How many samples a piece of a batch has, by what they cost. Networks with statistics are not cut: a batch norm takes its
/// moments over the whole batch.
pub(super) fn size<N: Layer<X>, X: Tensor>(samples: usize) -> usize {
    let work = (N::COST.multiply_adds + N::COST.backward_multiply_adds) * samples as u64;
    let pieces = (work / WORTH.max(WORTH_EACH * N::COUNT as u64)).clamp(1, MOST);
    if pieces == 1 || has_statistics::<N>() {
        return samples.max(1);
    }
    samples.div_ceil(pieces as usize).max(1)
}

fn has_statistics<N: Parameters>() -> bool {
    let mut found = false;
    describe::<N>(&mut |parameter| found |= matches!(parameter.field.role, Role::Statistic { .. }));
    found
}

/// What a thread needs to work on a piece.
pub(super) struct Worker<N, T> {
    gradient: N,
    tape: T,
    rng: ChaCha8Rng,
    loss: Result<f64, Error>,
}

impl<N: Parameters, T: Default> Worker<N, T> {
    fn new() -> Self {
        Self { gradient: N::zeros(), tape: T::default(), rng: ChaCha8Rng::seed_from_u64(0), loss: Ok(0.0) }
    }
}

/// [`Network::loss_gradient`] of a batch in pieces of `size` samples: the mean loss, and its gradient in `gradient`.
#[allow(clippy::too_many_arguments)]
pub(super) fn loss_gradient<N, X: Tensor, Y: Tensor, L, Target: TargetFor<L, Y>, T: TapeOf<N, X>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[Target],
    size: usize,
    gradient: &mut N,
    workers: &mut Vec<Worker<N, T>>,
    rng: &mut impl Rng,
) -> Result<f64, Error>
where
    N: Maps<X, Y>,
    L: Sync,
{
    check_lengths(inputs.len(), targets.len())?;
    let pieces = inputs.len().div_ceil(size);
    let at_once = threads().min(pieces);
    workers.resize_with(at_once.max(workers.len()), Worker::new); // more of them are left from a larger pool
    let seed = rng.next_u64(); // one number, whatever the pieces and whether they succeed
    let mut mean = 0.0;
    for group in (0..pieces).step_by(at_once) {
        let workers = &mut workers[..at_once.min(pieces - group)];
        let range = |at| {
            let start = (group + at) * size;
            start..inputs.len().min(start + size)
        };
        for_each(workers, |at, Worker { gradient, tape, rng, loss: mean }| {
            let (inputs, targets) = (&inputs[range(at)], &targets[range(at)]);
            *rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream((group + at) as u64);
            *mean = network
                .loss_gradient(loss, inputs, targets, tape, gradient, rng)
                .map_err(|error| error.in_batch(range(at).start));
        });
        for (at, worker) in workers.iter().enumerate() {
            let share = range(at).len() as f64 / inputs.len() as f64;
            mean += share * worker.loss.clone()?;
            if (group, at) == (0, 0) {
                visit([&worker.gradient], [&mut *gradient], &mut Take(share));
            } else {
                visit([&worker.gradient], [&mut *gradient], &mut Add(share));
            }
        }
    }
    Ok(mean)
}

/// `to = share * from`; of statistics too, so that they are averaged.
struct Take(f64);

impl Visitor<1, 1> for Take {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        elementwise(&Scaled(T::of(self.0)), [from], [to]);
    }
}

struct Scaled<T>(T);

impl<T: Real> Elementwise<T, 1, 1> for Scaled<T> {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], _: [T; 1]) -> [T; 1] {
        [self.0 * from]
    }
}

/// `to += share * from`.
struct Add(f64);

impl Visitor<1, 1> for Add {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        elementwise(&AddScaled(T::of(self.0)), [from], [to]);
    }
}

struct AddScaled<T>(T);

impl<T: Real> Elementwise<T, 1, 1> for AddScaled<T> {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to]: [T; 1]) -> [T; 1] {
        [to + self.0 * from]
    }
}

#[cfg(feature = "threads")]
fn threads() -> usize {
    rayon::current_num_threads().max(1)
}

#[cfg(not(feature = "threads"))]
fn threads() -> usize {
    1
}

#[cfg(feature = "threads")]
fn for_each<W: Send>(workers: &mut [W], work: impl Fn(usize, &mut W) + Sync) {
    use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
    workers.par_iter_mut().enumerate().for_each(|(at, worker)| work(at, worker));
}

#[cfg(not(feature = "threads"))]
fn for_each<W>(workers: &mut [W], work: impl Fn(usize, &mut W)) {
    workers.iter_mut().enumerate().for_each(|(at, worker)| work(at, worker));
}
