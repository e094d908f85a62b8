//! A batch in pieces, on the cores of the machine, to the same bits for any number of them.
//!
//! How a batch is cut follows from the network and the batch alone, never from the machine: every piece has a gradient and
//! a random stream of its own, and the gradients are added in the order of the pieces.

use alloc::vec::Vec;
use core::ops::Range;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use crate::Error;
use crate::bounds::Maps;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Layer, Parameter, Parameters, Role, Visitor, describe, visit};
use crate::loss::{TargetFor, check_lengths};
use crate::network::{TapeOf, loss_gradient_share};
use crate::tensor::Tensor;

/// The multiply-adds that are worth a piece: some 300 μs, against about 20 μs for waking a thread and adding a gradient.
const WORTH: u64 = 16_000_000;
/// And for each parameter, whose gradient has to be added.
const WORTH_EACH: u64 = 64;
/// More pieces than this would each be small on a machine with few cores.
const MOST: u64 = 8;
/// A gradient of more numbers than this is not worth a copy for each piece; the products of such layers are large enough to be worked on by several
/// cores by themselves.
const MOST_PARAMETERS: usize = 1 << 19;
/// The bytes of tape that are worked on at once, if the network is so small that its gradient costs nothing beside: what a
/// second-level cache holds.
const CACHE: usize = 1 << 18;
/// Such a network's gradient costs nothing beside so many multiply-adds for each parameter.
const NOTHING_BESIDE: u64 = 512;

/// How a batch is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// So many samples are a piece, with a random stream of its own, for a thread.
    pub(super) piece: usize,
    /// So many of them go through the network at once.
    pub(super) part: usize,
}

/// How a batch of this size is cut, by what its samples cost. Networks with statistics are not: a batch norm takes its
/// moments over the whole batch.
pub(super) fn cut<N: Layer<X>, X: Tensor>(samples: usize) -> Cut {
    let whole = samples.max(1);
    if has_statistics::<N>() {
        return Cut { piece: whole, part: whole };
    }
    let each = N::COST.multiply_adds + N::COST.backward_multiply_adds;
    let pieces = each * samples as u64 / WORTH.max(WORTH_EACH * N::COUNT as u64);
    let pieces = if N::COUNT > MOST_PARAMETERS { 1 } else { pieces.clamp(1, MOST) };
    let piece = whole.div_ceil(pieces as usize);
    let cached = (CACHE / N::COST.tape_bytes.max(1)).max(1);
    let worth = each * cached as u64 >= NOTHING_BESIDE * N::COUNT as u64;
    Cut { piece, part: if worth { piece.min(cached) } else { piece } }
}

fn has_statistics<N: Parameters>() -> bool {
    let mut found = false;
    describe::<N>(&mut |parameter| found |= matches!(parameter.field.role, Role::Statistic { .. }));
    found
}

/// What a thread needs to work on a piece.
pub(super) struct Worker<N, T> {
    gradient: N,
    /// The gradient of a part of the piece.
    part: Option<N>,
    tape: T,
    rng: ChaCha8Rng,
    loss: Result<f64, Error>,
}

impl<N: Parameters, T: Default> Worker<N, T> {
    fn new() -> Self {
        let rng = ChaCha8Rng::seed_from_u64(0);
        Self { gradient: N::zeros(), part: None, tape: T::default(), rng, loss: Ok(0.0) }
    }
}

/// [`Network::loss_gradient`](crate::Network::loss_gradient) of a batch that is cut: the mean loss, and its gradient in `gradient`.
#[allow(clippy::too_many_arguments)]
pub(super) fn loss_gradient<N, X: Tensor, Y: Tensor, L, Target: TargetFor<L, Y>, T: TapeOf<N, X>>(
    network: &N,
    loss: &L,
    inputs: &[X],
    targets: &[Target],
    cut: Cut,
    gradient: &mut N,
    workers: &mut Vec<Worker<N, T>>,
    rng: &mut impl Rng,
) -> Result<f64, Error>
where
    N: Maps<X, Y>,
    L: Sync,
{
    check_lengths(inputs.len(), targets.len())?;
    let pieces = inputs.len().div_ceil(cut.piece);
    let at_once = threads().min(pieces);
    workers.resize_with(at_once.max(workers.len()), Worker::new); // more of them are left from a larger pool
    let seed = rng.next_u64(); // one number, whatever the pieces and whether they succeed
    let mut mean = 0.0;
    for group in (0..pieces).step_by(at_once) {
        let workers = &mut workers[..at_once.min(pieces - group)];
        for_each(workers, |at, worker| {
            let start = (group + at) * cut.piece;
            let piece = start..inputs.len().min(start + cut.piece);
            worker.rng = ChaCha8Rng::seed_from_u64(seed);
            worker.rng.set_stream((group + at) as u64);
            worker.loss = worker.piece(network, loss, inputs, targets, piece, cut.part);
        });
        for (at, worker) in workers.iter_mut().enumerate() {
            mean += worker.loss.clone()?;
            if (group, at) == (0, 0) {
                core::mem::swap(gradient, &mut worker.gradient);
            } else {
                visit([&worker.gradient], [&mut *gradient], &mut Add);
            }
        }
    }
    Ok(mean)
}

impl<N: Parameters, T> Worker<N, T> {
    /// What a piece of the batch adds to the mean loss, and to its gradient.
    fn piece<X: Tensor, Y: Tensor, L, Target: TargetFor<L, Y>>(
        &mut self,
        network: &N,
        loss: &L,
        inputs: &[X],
        targets: &[Target],
        piece: Range<usize>,
        part: usize,
    ) -> Result<f64, Error>
    where
        N: Maps<X, Y>,
        T: TapeOf<N, X>,
    {
        let Self { gradient: sum, part: second, tape, rng, .. } = self;
        let mut mean = 0.0;
        for start in piece.clone().step_by(part) {
            let part = start..piece.end.min(start + part);
            let share = part.len() as f64 / inputs.len() as f64;
            let first = start == piece.start;
            let gradient = if first { &mut *sum } else { second.get_or_insert_with(N::zeros) };
            let (inputs, targets) = (&inputs[part.clone()], &targets[part.clone()]);
            mean += loss_gradient_share(network, loss, inputs, targets, share, tape, gradient, rng)
                .map_err(|error| error.in_batch(start))?;
            if let (false, Some(part)) = (first, &*second) {
                visit([part], [&mut *sum], &mut Add);
            }
        }
        Ok(mean)
    }
}

/// `to += from`.
struct Add;

impl Visitor<1, 1> for Add {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        elementwise(&Sum, [from], [to]);
    }
}

struct Sum;

impl<T: Real> Elementwise<T, 1, 1> for Sum {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to]: [T; 1]) -> [T; 1] {
        [to + from]
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
