//! Data parallelism: divides a batch into pieces for the cores of the machine, with the same bits for any number of
//! cores.
//!
//! The division depends on the network and the batch only, not on the machine. Every piece has its own gradient and
//! random stream, and the gradients are added in pairs, always in the same order.

use alloc::vec::Vec;

use chainrule_parameters::{Owned, Parameters, View, ViewMut};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use crate::Error;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{AsWorkspace, Layer, Parameter, Plan, Visitor, Workspace, Wrapper, visit};
use crate::loss::{Loss, TargetFor, check_lengths};
use crate::network::{Network, Share, loss_gradient};
use crate::stream::Rows;
use crate::tensor::{Sample, Tensor};

/// The cost of a byte of activations in multiply-adds: that of an activation function, more with a tanh and less with a
/// ReLU.
const MULTIPLY_ADDS_PER_BYTE: u64 = 4;
/// The least multiply-adds of a piece: about 300 μs, compared with 20 μs for waking a thread and adding a gradient.
const WORTH: u64 = 16_000_000;
/// The least multiply-adds of a piece for each parameter, whose gradient has to be added.
const WORTH_EACH: u64 = 64;
/// The largest number of pieces.
const MOST: usize = 8;
/// Networks with more parameters than this are not divided, because each piece needs a copy of the gradient. The matrix
/// products of such layers are large enough to use several cores.
const MOST_PARAMETERS: usize = 1 << 19;
/// The bytes of activations that a small network, whose gradient costs little, processes at once: the size of a
/// second-level cache.
const CACHE: usize = 1 << 18;
/// A network with this many multiply-adds for each parameter is small: the cost of its gradient is negligible.
const GRADIENT_IS_FREE: u64 = 512;

/// How a batch is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pieces {
    /// The samples of a piece, the work of one thread, with its own random stream.
    pub(super) piece: usize,
    /// How many of them a pass processes at once.
    pub(super) part: usize,
}

impl Pieces {
    /// Divides a batch of this size, according to the cost of a sample. Networks with buffers are not divided: a batch
    /// norm needs mean and variance of the whole batch.
    pub(super) fn of(plan: &Plan, samples: usize) -> Self {
        let whole = samples.max(1);
        if plan.parameters.has_buffers() {
            return Self { piece: whole, part: whole };
        }
        let (count, bytes) = (plan.parameters.count(), plan.bytes_per_sample());
        let products = plan.cost.multiply_adds + plan.cost.backward_multiply_adds;
        let each = products + MULTIPLY_ADDS_PER_BYTE * bytes as u64;
        let pieces = each * samples as u64 / WORTH.max(WORTH_EACH * count as u64);
        let pieces = if count > MOST_PARAMETERS { 1 } else { pieces.clamp(1, MOST as u64) };
        let pieces = 1 << pieces.ilog2(); // the work is divided in halves
        let piece = whole.div_ceil(pieces);
        let cached = (CACHE / bytes.max(1)).max(1);
        let worth = each * cached as u64 >= GRADIENT_IS_FREE * count as u64;
        Self { piece, part: if worth { piece.min(cached) } else { piece } }
    }
}

/// The memory of data parallel training, reused in each step.
pub(super) struct DataParallel<N> {
    gradients: Vec<Owned<N>>,
    /// The rounding errors of the sum of groups of pieces.
    errors: Option<Owned<N>>,
    workers: WorkerPool<Worker<N>>,
}

/// [`DataParallel`] for any network.
pub(super) struct AnyDataParallel;

impl Wrapper for AnyDataParallel {
    type Of<N> = DataParallel<N>;
}

/// The memory of a thread that works on a piece. There are as many as the largest number of threads that have worked at
/// once.
struct Worker<N> {
    workspace: Workspace,
    /// The gradient of a part of a piece, and the rounding errors of the sum of all parts.
    part: Option<[Owned<N>; 2]>,
}

impl<N> Default for DataParallel<N> {
    fn default() -> Self {
        Self { gradients: Vec::new(), errors: None, workers: WorkerPool::default() }
    }
}

/// The part of a piece in the batch's loss and gradient.
struct Piece<'a> {
    gradient: ViewMut<'a>,
    states: Rows<'a>,
    loss: Result<f64, Error>,
}

impl<N: Parameters> DataParallel<N> {
    /// Computes [`Network::loss_gradient`](crate::Network::loss_gradient) for a divided batch: returns the mean loss,
    /// and writes its gradient to `gradient`.
    ///
    /// `add` calls [`Sums::here`], or has others compute some of the pieces.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn loss_gradient<X: Sample, Y: Tensor, L: Sync, Target: TargetFor<L, Y>>(
        &mut self,
        network: &N,
        loss: &L,
        inputs: &[X],
        targets: &[Target],
        states: Rows<'_>,
        pieces: Pieces,
        gradient: &mut Owned<N>,
        rng: &mut impl Rng,
        add: impl FnOnce(Sums<'_, N>, Work<'_>) -> Result<f64, Error>,
    ) -> Result<f64, Error>
    where
        N: Layer<X, Output = Y>,
    {
        check_lengths(inputs.len(), targets.len())?;
        let count = inputs.len().div_ceil(pieces.piece);
        // The number of gradients in memory is the same on every machine.
        let at_once = count.min(if N::COUNT > MOST_PARAMETERS { 2 } else { MOST });
        let seed = rng.next_u64(); // one number is drawn, independent of the pieces and their success

        let weight_of = |targets: &[Target]| Target::compare_by(loss).total_weight(targets);
        let (workers, weight) = (&self.workers, weight_of(targets));
        let step = |samples: core::ops::Range<usize>,
                    workspace: &mut dyn AsWorkspace,
                    gradient: &mut N,
                    rng: &mut ChaCha8Rng| {
            let part = weight_of(&targets[samples.clone()]);
            let share = Share {
                // Of a batch without weight, each piece is the whole, and so an error.
                weight: if part == weight { 1.0 } else { part / weight },
                samples: samples.len() as f64 / inputs.len() as f64,
            };
            let (inputs, targets) = (&inputs[samples.clone()], &targets[samples.clone()]);
            loss_gradient(network, loss, inputs, targets, share, workspace, gradient, rng, None)
                .map_err(|error| error.in_batch(samples.start))
        };
        let work = |at: usize, gradient: ViewMut<'_>, mut states: Rows<'_>| {
            let Some(gradient) = gradient.downcast::<N>() else { return Ok(0.0) }; // it always has an element
            let mut worker =
                workers.take().unwrap_or_else(|| Worker { workspace: Workspace::default(), part: None });
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(at as u64);
            let piece = at * pieces.piece..inputs.len().min((at + 1) * pieces.piece);
            let mut mean = Ok(0.0);
            for start in piece.clone().step_by(pieces.part) {
                let samples = start..piece.end.min(start + pieces.part);
                let (mut here, others) = states.split_at(samples.len());
                states = others;
                let workspace = &mut here.workspace(&mut worker.workspace);
                let stepped = if start == piece.start {
                    step(samples, workspace, gradient, &mut rng)
                } else {
                    let [part, errors] = worker.part.get_or_insert_with(|| [Owned::zeros(), Owned::zeros()]);
                    if start == piece.start + pieces.part {
                        errors.set_zero();
                    }
                    let stepped = step(samples, workspace, part, &mut rng);
                    let sum = ViewMut::of(&mut *gradient);
                    add_compensated(View::of(&**part), sum, ViewMut::of(&mut **errors));
                    stepped
                };
                mean = mean.and_then(|mean| Ok(mean + stepped?));
                if mean.is_err() {
                    break;
                }
            }
            workers.put(worker);
            mean
        };

        let (gradients, errors, samples) = (&mut self.gradients, &mut self.errors, pieces.piece);
        add(Sums { gradients, errors, count, at_once, samples, states, gradient }, &work)
    }
}

/// The sums of the gradients of all pieces.
pub(super) struct Sums<'a, N> {
    /// Memory for the gradients of pieces.
    pub(super) gradients: &'a mut Vec<Owned<N>>,
    errors: &'a mut Option<Owned<N>>,
    /// How many pieces there are.
    pub(super) count: usize,
    /// How many of them are a group, whose gradients are added in pairs. Groups are added one after the other.
    pub(super) at_once: usize,
    /// The samples of a piece.
    samples: usize,
    states: Rows<'a>,
    /// The sum.
    pub(super) gradient: &'a mut Owned<N>,
}

impl<N: Parameters> Sums<'_, N> {
    /// Computes all pieces, and adds their gradients. Returns the loss.
    pub(super) fn here(self, work: Work<'_>) -> Result<f64, Error> {
        let Self { gradients, errors, count, at_once, samples, mut states, gradient } = self;
        gradients.resize_with(at_once.max(gradients.len()), Owned::zeros);
        let mut mean = 0.0;
        for first in (0..count).step_by(at_once) {
            let here = at_once.min(count - first);
            mean += sum_pieces(&mut gradients[..here], first, samples, &mut states, work)?;
            if first == 0 {
                core::mem::swap(gradient, &mut gradients[0]);
            } else {
                let errors = errors.get_or_insert_with(Owned::zeros);
                if first == at_once {
                    errors.set_zero();
                }
                let sum = ViewMut::of(&mut **gradient);
                add_compensated(View::of(&*gradients[0]), sum, ViewMut::of(&mut **errors));
            }
        }
        Ok(mean)
    }
}

/// Computes the pieces from `first`, one for each of these gradients, and sums them into the first gradient. Returns the
/// sum of their losses.
pub(super) fn sum_pieces<N: Parameters>(
    gradients: &mut [Owned<N>],
    first: usize,
    samples: usize,
    states: &mut Rows<'_>,
    work: Work<'_>,
) -> Result<f64, Error> {
    let mut pieces: [Option<Piece<'_>>; MOST] = Default::default();
    let count = gradients.len();
    for (piece, gradient) in pieces.iter_mut().zip(gradients) {
        let (here, others) = core::mem::take(states).split_at(samples);
        *states = others;
        *piece = Some(Piece { gradient: ViewMut::of(&mut **gradient), states: here, loss: Ok(0.0) });
    }
    sum(&mut pieces[..count], first, work)
}

/// Computes the gradient of one piece. Returns its loss.
#[cfg(feature = "threads")]
pub(super) type Work<'a> = &'a (dyn Fn(usize, ViewMut<'_>, Rows<'_>) -> Result<f64, Error> + Sync);
#[cfg(not(feature = "threads"))]
pub(super) type Work<'a> = &'a dyn Fn(usize, ViewMut<'_>, Rows<'_>) -> Result<f64, Error>;

/// Sums several pieces of the batch into the first of them, recursively by halves, independent of the threads.
fn sum(pieces: &mut [Option<Piece<'_>>], first: usize, work: Work<'_>) -> Result<f64, Error> {
    let halves = pieces.len() / 2;
    if let [Some(piece)] = pieces {
        piece.loss = work(first, piece.gradient.reborrow(), core::mem::take(&mut piece.states));
        return piece.loss.clone();
    }
    let (left, right) = pieces.split_at_mut(halves);
    let (mut one, mut other) = (Ok(0.0), Ok(0.0));
    join(|| one = sum(left, first, work), || other = sum(right, first + halves, work));
    if let ([Some(left), ..], [Some(right), ..]) = (left, right) {
        add(right.gradient.as_view(), left.gradient.reborrow());
    }
    Ok(one? + other?)
}

/// Computes `to += from`.
fn add(from: View<'_>, to: ViewMut<'_>) {
    visit([from], [to], &mut Add);
}

struct Add;

impl Visitor<1, 1> for Add {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        elementwise(&Sum, [from], [to]);
    }
}

pub(super) struct Sum;

impl<T: Real> Elementwise<T, 1, 1> for Sum {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to]: [T; 1]) -> [T; 1] {
        [to + from]
    }
}

/// Computes `to += from` with Kahan's compensation: `errors`, 0 before the first call, has what was rounded away. So the
/// rounding errors do not grow with the number of terms.
///
/// # Source
/// Kahan, "Further remarks on reducing truncation errors", Communications of the ACM 8 (1965).
fn add_compensated(from: View<'_>, to: ViewMut<'_>, errors: ViewMut<'_>) {
    visit([from], [to, errors], &mut AddCompensated);
}

struct AddCompensated;

impl Visitor<1, 2> for AddCompensated {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], write: [&mut [T]; 2]) {
        elementwise(&CompensatedSum, [from], write);
    }
}

pub(super) struct CompensatedSum;

impl<T: Real> Elementwise<T, 1, 2> for CompensatedSum {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to, error]: [T; 2]) -> [T; 2] {
        let term = from - error;
        let sum = to + term;
        [sum, (sum - to) - term]
    }
}

/// A pool of objects that threads take and give back.
#[cfg(feature = "threads")]
struct WorkerPool<W>(std::sync::Mutex<Vec<W>>);

#[cfg(feature = "threads")]
impl<W> WorkerPool<W> {
    fn take(&self) -> Option<W> {
        self.lock().pop()
    }

    fn put(&self, worker: W) {
        self.lock().push(worker);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<W>> {
        // A thread that panicked had taken its worker, so the ones in the pool are valid.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(not(feature = "threads"))]
struct WorkerPool<W>(core::cell::RefCell<Vec<W>>);

#[cfg(not(feature = "threads"))]
impl<W> WorkerPool<W> {
    fn take(&self) -> Option<W> {
        self.0.borrow_mut().pop()
    }

    fn put(&self, worker: W) {
        self.0.borrow_mut().push(worker);
    }
}

impl<W> Default for WorkerPool<W> {
    fn default() -> Self {
        Self(Default::default())
    }
}

/// Runs the work of a network on a thread of the pool if its products use several threads. Otherwise each of the
/// products would have to wake one.
#[cfg(feature = "threads")]
pub(super) fn among_threads<R: Send>(parameters: usize, work: impl FnOnce() -> R + Send) -> R {
    if parameters > MOST_PARAMETERS && rayon::current_num_threads() > 1 {
        rayon::scope(|_| work())
    } else {
        work()
    }
}

#[cfg(not(feature = "threads"))]
pub(super) fn among_threads<R>(_: usize, work: impl FnOnce() -> R) -> R {
    work()
}

/// Runs both, in parallel if there are several threads.
#[cfg(feature = "threads")]
fn join(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    if rayon::current_num_threads() > 1 {
        rayon::join(one, other);
    } else {
        one();
        other();
    }
}

#[cfg(not(feature = "threads"))]
fn join(one: impl FnOnce(), other: impl FnOnce()) {
    one();
    other();
}
