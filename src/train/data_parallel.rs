//! Data parallelism: divides a batch into pieces for the cores of the machine, with the same bits for any number of
//! cores.
//!
//! The division depends on the network and the batch only, not on the machine. Every piece has its own gradient and
//! random stream, and the gradients are added in pairs, always in the same order.

use alloc::vec::Vec;

use chainrule_parameters::{Owned, Parameters, View, ViewMut};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use super::sums::{Sums, Work, add_compensated};
use crate::Error;
use crate::layer::{AsWorkspace, Layer, Plan, Workspace, Wrapper};
use crate::loss::{Loss, TargetFor, check_lengths};
use crate::network::{Network, Share, loss_gradient};
use crate::stream::Rows;
use crate::tensor::{Sample, Tensor};

/// The cost of a byte of activations, in multiply-adds. This is the cost of an activation function; a tanh costs more,
/// a ReLU less.
const MULTIPLY_ADDS_PER_BYTE: u64 = 4;
/// The least multiply-adds of a piece: about 300 μs, compared with 20 μs for waking a thread and adding a gradient.
const WORTH: u64 = 16_000_000;
/// The least multiply-adds of a piece for each parameter, because the gradients of all pieces have to be added.
const WORTH_EACH: u64 = 64;
/// The largest number of pieces.
pub(super) const MOST: usize = 8;
/// Networks with more parameters than this are not divided, because each piece needs a copy of the gradient. The matrix
/// products of such layers are large enough to use several cores.
pub(super) const MOST_PARAMETERS: usize = 1 << 19;
/// Up to this number of parameters, a second thread does not make the optimizer's step faster.
pub(super) const FEW_PARAMETERS: usize = 1 << 15;
/// A small network, for which computing the gradient costs little, processes this many bytes of activations at once:
/// the size of a second-level cache.
const CACHE: usize = 1 << 18;
/// A network with this many multiply-adds for each parameter is small: adding its gradients costs almost no time.
const GRADIENT_IS_FREE: u64 = 512;

/// How a batch is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pieces {
    /// The number of samples of a piece: the work of one thread, with its own random stream.
    pub(super) piece: usize,
    /// The number of samples that a pass processes at once.
    pub(super) part: usize,
}

impl Pieces {
    /// Divides a batch of this size, according to the cost of a sample. Networks with buffers are not divided, because
    /// a batch norm needs the mean and variance of the whole batch.
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

/// The memory of a thread that works on a piece. The pool has one for each of the threads that have worked at the same
/// time.
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

impl<N: Parameters> DataParallel<N> {
    /// Computes [`Network::loss_gradient`](crate::Network::loss_gradient) for a divided batch: returns the mean loss,
    /// and writes the gradient to `gradient`.
    ///
    /// `add` calls [`Sums::here`], or distributes some of the pieces to other ranks.
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

/// A pool of objects that threads take and put back.
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

/// Runs work that uses several threads on a thread of the pool. Otherwise each part of the work would have to wake a
/// thread.
#[cfg(feature = "threads")]
pub(super) fn among_threads<R: Send>(several: bool, work: impl FnOnce() -> R + Send) -> R {
    if several && rayon::current_num_threads() > 1 { rayon::scope(|_| work()) } else { work() }
}

#[cfg(not(feature = "threads"))]
pub(super) fn among_threads<R>(_: bool, work: impl FnOnce() -> R) -> R {
    work()
}
