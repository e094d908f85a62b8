//! Training on several ranks: see [`distributed`](crate::distributed).

mod agree;
#[cfg(feature = "fit")]
mod fit;
mod sum;
mod wire;

use std::fmt::{Debug, Display};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Trainer;
use crate::checkpoint::{ChangedSetting, CheckpointError, Origin, State, StateFile, state_to_bytes};
use crate::distributed::{Communicator, RankError};
use crate::error::short_type_name;
use crate::kernel::{PORTABLE, instructions};
use crate::layer::{Parameters, View};

pub(super) use agree::Place;

/// The number of steps between two comparisons of the ranks' weights.
const COMPARE_EVERY: u64 = 64;

/// The ranks of a training, at least two.
pub(super) struct Ranks {
    pub(super) rank: usize,
    pub(super) size: usize,
    link: Link,
    reports: Vec<agree::Report>,
    /// The losses that the ranks have reported, one for each rank.
    losses: Vec<f64>,
    memory: Memory,
}

/// A communicator, which is not used any more after an error.
struct Link {
    communicator: Box<dyn Communicator>,
    lost: Option<RankError>,
}

impl Link {
    fn talk(
        &mut self,
        f: impl FnOnce(&mut dyn Communicator) -> Result<(), RankError>,
    ) -> Result<(), RankError> {
        match &self.lost {
            Some(error) => Err(error.clone()),
            None => f(&mut *self.communicator).inspect_err(|error| self.lost = Some(error.clone())),
        }
    }
}

/// The memory of a sum, reused in each step.
#[derive(Default)]
struct Memory {
    /// The gradient of this rank's pieces. At the end, the whole gradient.
    send: Vec<u64>,
    /// This rank's chunk of the gradients, from each of the ranks.
    received: Vec<u64>,
    /// The sum of this chunk, and its rounding errors.
    sum: Vec<u64>,
    errors: Vec<u64>,
}

impl Memory {
    fn prepare(&mut self, chunk: usize, ranks: usize) {
        for (words, count) in [
            (&mut self.send, chunk * ranks),
            (&mut self.received, chunk * ranks),
            (&mut self.sum, chunk),
            (&mut self.errors, chunk),
        ] {
            words.resize(count, 0);
        }
    }
}

impl<N, L, O> Trainer<N, L, O> {
    /// Divides each batch among the ranks of a training: processes on one or several machines, which all run this
    /// program.
    ///
    /// First the state of rank 0 is copied to all other ranks: weights, moments, random numbers, schedule, steps. Then
    /// all ranks take each step together. Each rank gets the whole batch, and computes some of its
    /// [pieces](Trainer::micro_batch). The gradients are added in the same order as in a single process. **So the
    /// result has the same bits as in a single process**, for any number of ranks.
    ///
    /// ```
    /// use chainrule::distributed::local;
    /// use chainrule::prelude::*;
    ///
    /// let x = [1.0, 2.0, 3.0, 4.0].map(|x| Vector([x]));
    /// let y = x.map(|x| Vector([2.0 * x[0] + 1.0]));
    /// std::thread::scope(|scope| {
    ///     for rank in local(2) {
    ///         scope.spawn(move || {
    ///             let net = Linear::<1, 1>::init(&mut rng(1));
    ///             let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1).micro_batch(2);
    ///             let mut trainer = trainer.across(rank).unwrap(); // each rank computes two samples
    ///             for _ in 0..400 {
    ///                 trainer.step(&x, &y).unwrap();
    ///             }
    ///             assert!(trainer.network.loss(&MeanSquaredError, &x, &y).unwrap() < 1e-3);
    ///         });
    ///     }
    /// });
    /// ```
    ///
    /// * A batch that has only one piece is computed by every rank. So is a batch of
    ///   [`step_carried`](Trainer::step_carried). `fit` returns [`RankError::TooMany`] if its batches have fewer pieces
    ///   than there are ranks.
    /// * Only rank 0 prints, validates, writes logs and checkpoints, and calls the functions of `fit`'s options. All
    ///   ranks get its results.
    /// * If something fails on one rank, all ranks return an error that names this rank. It is also an error if the
    ///   weights, the settings or the length of the data differ between ranks. Losses are compared by their [`Debug`]
    ///   text.
    /// * A [clone](Clone) trains alone.
    ///
    /// The [guide](crate::guide::many_machines) describes the costs, and how to start the ranks.
    ///
    /// # Errors
    /// [`RankError`], the same on all ranks: one of them has another network, loss, optimizer, setting, or version of
    /// this crate; the processors have different instructions, and the program is not compiled
    /// [portably](crate::PORTABLE); a rank does not answer.
    #[doc(alias = "distributed")]
    #[doc(alias = "DDP")]
    #[doc(alias = "DistributedDataParallel")]
    #[doc(alias = "data parallelism")]
    pub fn across(mut self, communicator: impl Communicator + 'static) -> Result<Self, RankError>
    where
        N: Parameters,
        L: Debug,
        O: State,
    {
        self.ranks = None;
        if communicator.size() <= 1 {
            return Ok(self);
        }
        let mut ranks = Ranks::new(communicator);
        let rank = ranks.rank;
        let instructions = if PORTABLE { "portable" } else { instructions() };
        let of_network = format!("<{}>", short_type_name::<N>());
        ranks.check_same(&[
            ("version of chainrule", env!("CARGO_PKG_VERSION").into()),
            ("order of bytes", if cfg!(target_endian = "big") { "big" } else { "little" }.into()),
            ("set of instructions (compile the program portably)", instructions.into()),
            ("network", format!("{} with {} parameters", <N as Parameters>::NAME, N::COUNT)),
            ("optimizer", short_type_name::<O>().replace(&of_network, "")),
            ("loss", format!("{:?}", self.loss)),
        ])?;
        ranks.copy_state(&mut self).map_err(|error| match error {
            CheckpointError::Rank(error) => *error,
            error => RankError::Failed { rank, error: error.to_string() },
        })?;
        self.ranks = Some(ranks);
        Ok(self)
    }

    /// Returns the rank of this process in a training [across](Trainer::across) several ranks. It is 0 for the first
    /// rank, and for a trainer that trains alone.
    pub fn rank(&self) -> usize {
        self.ranks.as_ref().map_or(0, |ranks| ranks.rank)
    }

    /// Calls `f`. Across ranks, only the first rank calls it, and all return its result.
    pub(super) fn on_first<T, E>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: Display + From<RankError>,
    {
        on_first(self, |trainer| trainer, f)
    }
}

impl<N, L, O> Trainer<N, L, O> {
    /// Reads a checkpoint, if there is one. Across ranks, the first rank reads it for all.
    #[cfg(feature = "fit")]
    pub(super) fn read(&mut self, path: &std::path::Path) -> Result<Option<StateFile>, CheckpointError> {
        let Some(ranks) = &mut self.ranks else { return StateFile::read_if_exists(path) };
        let mut bytes = ranks.on_first(|| {
            let bytes = StateFile::read_if_exists(path)?.map(StateFile::into_bytes);
            Ok::<_, CheckpointError>(bytes.map_or(Vec::new(), |mut bytes| {
                bytes.push(b'.'); // an empty file is not the same as none
                bytes
            }))
        })?;
        Ok(bytes.pop().map(|_| StateFile::of_bytes(path.into(), bytes)))
    }

    /// Returns the result of this rank if the result of every rank is `Ok`. Otherwise all ranks return an error.
    pub(super) fn settle<T, E: Display + From<RankError>>(&mut self, result: Result<T, E>) -> Result<T, E> {
        match &mut self.ranks {
            Some(ranks) => ranks.settle(result),
            None => result,
        }
    }
}

/// Calls `f` with a state that has a trainer. Across ranks, only the first rank calls it, and all return its result.
pub(super) fn on_first<S, N, L, O, T, E>(
    state: &mut S,
    trainer: impl Fn(&mut S) -> &mut Trainer<N, L, O>,
    f: impl FnOnce(&mut S) -> Result<T, E>,
) -> Result<T, E>
where
    T: Serialize + DeserializeOwned,
    E: Display + From<RankError>,
{
    let Some(mut ranks) = trainer(state).ranks.take() else { return f(state) };
    let rank = ranks.rank;
    let failed = |error: serde_json::Error| RankError::Failed { rank, error: error.to_string() };
    let result = ranks.on_first(|| {
        let result = f(state)?;
        serde_json::to_vec(&result).map_err(|error| E::from(failed(error)))
    });
    trainer(state).ranks = Some(ranks);
    serde_json::from_slice(&result?).map_err(|error| failed(error).into())
}

impl Ranks {
    fn new(communicator: impl Communicator + 'static) -> Self {
        let (rank, size) = (communicator.rank(), communicator.size());
        let link = Link { communicator: Box::new(communicator), lost: None };
        Self { rank, size, link, reports: Vec::new(), losses: Vec::new(), memory: Memory::default() }
    }

    /// Sets the state of all ranks to the state of the first one. All must have the same parts and settings.
    fn copy_state(&mut self, state: &mut dyn State) -> Result<(), CheckpointError> {
        let bytes = self.on_first(|| state_to_bytes(state, Origin::Bytes))?;
        let file = StateFile::of_bytes(Origin::File("the state of rank 0".into()), bytes);
        let checked = self.settle(file.check(state, false))?;
        let changed = checked.restore(state);
        let other = changed.first().map(|ChangedSetting { name, file, program }| {
            format!("`{name}` is {program}, and on rank 0 it is {file}")
        });
        self.settle_text(other)?.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Returns the digest of the weights in the steps in which the ranks compare them, and 0 in the others.
    pub(super) fn digest<N: Parameters>(&self, network: &N, steps: u64) -> u64 {
        if steps.is_multiple_of(COMPARE_EVERY) { wire::digest(View::of(network)) } else { 0 }
    }
}
