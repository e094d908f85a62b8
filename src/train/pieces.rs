//! A batch in pieces, on the cores of the machine, to the same bits for any number of them.
//!
//! How a batch is cut follows from the network and the batch alone, never from the machine: every piece has a gradient and
//! a random stream of its own, and the gradients are added in pairs, these again in pairs, always the same.

use alloc::vec::Vec;

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use crate::Error;
use crate::bounds::Maps;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Layer, Parameter, Parameters, Role, Visitor, describe, visit};
use crate::loss::{TargetFor, check_lengths};
use crate::network::{TapeOf, loss_gradient_share};
use crate::tensor::Tensor;

/// What a byte on the tape costs in multiply-adds: that of an activation, more with a tanh and less with a ReLU.
const TAPE_BYTE: u64 = 4;
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
    let each = N::COST.multiply_adds + N::COST.backward_multiply_adds + TAPE_BYTE * N::COST.tape_bytes as u64;
    let pieces = each * samples as u64 / WORTH.max(WORTH_EACH * N::COUNT as u64);
    let pieces = if N::COUNT > MOST_PARAMETERS { 1 } else { pieces.clamp(1, MOST) };
    let pieces = 1 << pieces.ilog2(); // pieces are shared out in halves
    let piece = whole.div_ceil(pieces);
    let cached = (CACHE / N::COST.tape_bytes.max(1)).max(1);
    let worth = each * cached as u64 >= NOTHING_BESIDE * N::COUNT as u64;
    Cut { piece, part: if worth { piece.min(cached) } else { piece } }
}

fn has_statistics<N: Parameters>() -> bool {
    let mut found = false;
    describe::<N>(&mut |parameter| found |= matches!(parameter.field.role, Role::Statistic { .. }));
    found
}

/// What the pieces of a batch leave, from step to step.
pub(super) struct Pieces<N, T> {
    pieces: Vec<Piece<N>>,
    desks: Stash<Desk<N, T>>,
}

/// What a piece adds to the batch's loss and to its gradient.
struct Piece<N> {
    gradient: N,
    loss: Result<f64, Error>,
}

/// What a thread needs to work on a piece. There are as many as threads have worked at once.
struct Desk<N, T> {
    tape: T,
    /// The gradient of a part of a piece.
    part: Option<N>,
}

impl<N, T> Default for Pieces<N, T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), desks: Stash::default() }
    }
}

/// A batch that is cut, and what works on it.
struct Work<'a, N, X, L, Target, T> {
    network: &'a N,
    loss: &'a L,
    inputs: &'a [X],
    targets: &'a [Target],
    cut: Cut,
    seed: u64,
    desks: &'a Stash<Desk<N, T>>,
}

impl<N: Parameters, T: Send> Pieces<N, T> {
    /// [`Network::loss_gradient`](crate::Network::loss_gradient) of a batch that is cut: the mean loss, and its gradient in `gradient`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn loss_gradient<X: Tensor, Y: Tensor, L: Sync, Target: TargetFor<L, Y>>(
        &mut self,
        network: &N,
        loss: &L,
        inputs: &[X],
        targets: &[Target],
        cut: Cut,
        gradient: &mut N,
        rng: &mut impl Rng,
    ) -> Result<f64, Error>
    where
        N: Maps<X, Y>,
        T: TapeOf<N, X>,
    {
        check_lengths(inputs.len(), targets.len())?;
        let count = inputs.len().div_ceil(cut.piece);
        // So many gradients are held at once, on every machine.
        let at_once = count.min(if N::COUNT > MOST_PARAMETERS { 2 } else { MOST as usize });
        self.pieces
            .resize_with(at_once.max(self.pieces.len()), || Piece { gradient: N::zeros(), loss: Ok(0.0) });
        let seed = rng.next_u64(); // one number, whatever the pieces and whether they succeed
        let work = Work { network, loss, inputs, targets, cut, seed, desks: &self.desks };
        let mut mean = 0.0;
        for first in (0..count).step_by(at_once) {
            let pieces = &mut self.pieces[..at_once.min(count - first)];
            work.sum(pieces, first);
            mean += pieces[0].loss.clone()?;
            if first == 0 {
                core::mem::swap(gradient, &mut pieces[0].gradient);
            } else {
                visit([&pieces[0].gradient], [&mut *gradient], &mut Add);
            }
        }
        Ok(mean)
    }
}

impl<N, X: Tensor, L: Sync, Target, T: TapeOf<N, X>> Work<'_, N, X, L, Target, T>
where
    N: Layer<X>,
{
    /// The sum of some pieces of the batch, in the first of them. It is a sum of sums, cut in halves, whoever works on which.
    fn sum<Y: Tensor>(&self, pieces: &mut [Piece<N>], first: usize)
    where
        N: Maps<X, Y>,
        Target: TargetFor<L, Y>,
    {
        if let [piece] = pieces {
            let mut desk = self.desks.take().unwrap_or_else(|| Desk { tape: T::default(), part: None });
            piece.loss = self.piece(first, &mut piece.gradient, &mut desk);
            return self.desks.put(desk);
        }
        let middle = pieces.len() / 2;
        let (left, right) = pieces.split_at_mut(middle);
        join(|| self.sum(left, first), || self.sum(right, first + middle));
        let (left, right) = (&mut left[0], &right[0]);
        visit([&right.gradient], [&mut left.gradient], &mut Add);
        if let Ok(loss) = &mut left.loss {
            match &right.loss {
                Ok(other) => *loss += other,
                Err(error) => left.loss = Err(error.clone()),
            }
        }
    }

    /// What a piece of the batch adds to the mean loss, and to its gradient.
    fn piece<Y: Tensor>(&self, at: usize, gradient: &mut N, desk: &mut Desk<N, T>) -> Result<f64, Error>
    where
        N: Maps<X, Y>,
        Target: TargetFor<L, Y>,
    {
        let Self { network, loss, inputs, targets, cut, .. } = *self;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(at as u64);
        let piece = at * cut.piece..inputs.len().min((at + 1) * cut.piece);
        let mut mean = 0.0;
        for start in piece.clone().step_by(cut.part) {
            let part = start..piece.end.min(start + cut.part);
            let share = part.len() as f64 / inputs.len() as f64;
            let (inputs, targets) = (&inputs[part.clone()], &targets[part]);
            let mut step = |gradient: &mut N| {
                loss_gradient_share(network, loss, inputs, targets, share, &mut desk.tape, gradient, &mut rng)
                    .map_err(|error| error.in_batch(start))
            };
            if start == piece.start {
                mean += step(gradient)?;
            } else {
                let part = desk.part.get_or_insert_with(N::zeros);
                mean += step(part)?;
                visit([&*part], [&mut *gradient], &mut Add);
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

/// What threads take and give back.
#[cfg(feature = "threads")]
struct Stash<D>(std::sync::Mutex<Vec<D>>);

#[cfg(feature = "threads")]
impl<D> Stash<D> {
    fn take(&self) -> Option<D> {
        self.lock().pop()
    }

    fn put(&self, desk: D) {
        self.lock().push(desk);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<D>> {
        // Whoever panicked held no desk that stands here.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(not(feature = "threads"))]
struct Stash<D>(core::cell::RefCell<Vec<D>>);

#[cfg(not(feature = "threads"))]
impl<D> Stash<D> {
    fn take(&self) -> Option<D> {
        self.0.borrow_mut().pop()
    }

    fn put(&self, desk: D) {
        self.0.borrow_mut().push(desk);
    }
}

impl<D> Default for Stash<D> {
    fn default() -> Self {
        Self(Default::default())
    }
}

/// Does the work of a network as one of the threads, if its layers are so large that they are worked on by several: else each of their
/// products would have to wake one.
#[cfg(feature = "threads")]
pub(super) fn among_threads<N: Parameters, R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if N::COUNT > MOST_PARAMETERS && rayon::current_num_threads() > 1 {
        rayon::scope(|_| work())
    } else {
        work()
    }
}

#[cfg(not(feature = "threads"))]
pub(super) fn among_threads<N: Parameters, R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Both, side by side if there are several threads.
#[cfg(feature = "threads")]
pub(super) fn join(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    if rayon::current_num_threads() > 1 {
        rayon::join(one, other);
    } else {
        one();
        other();
    }
}

#[cfg(not(feature = "threads"))]
pub(super) fn join(one: impl FnOnce(), other: impl FnOnce()) {
    one();
    other();
}
