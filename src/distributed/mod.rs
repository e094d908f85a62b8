// Tier 7.
//! Training on several processes or machines.
//!
//! Each process is a *rank*, a number from 0. All ranks run the same program.
//! [`Trainer::across`](crate::Trainer::across) copies the state of rank 0 to all ranks, and divides every batch among
//! them. The weights are the same as in a single process, bit for bit. The [guide](crate::guide::many_machines)
//! describes the rules, the costs and the errors.
//!
//! A [`Communicator`] connects the ranks. This module has one for the threads of a process, [`local`]; the crate
//! `chainrule-mpi` has one for MPI. You can implement the trait for another engine.
//!
//! ```
//! use chainrule::distributed::local;
//! use chainrule::prelude::*;
//! type Net = (Linear<2, 16>, Tanh, Dropout<10>, Linear<16, 1>);
//!
//! let inputs: Vec<_> = (0..32).map(|at| Vector([at as f32 / 32.0, 1.0])).collect();
//! let targets: Vec<_> = inputs.iter().map(|x| Vector([x[0] * x[0]])).collect();
//! // The batches are divided into pieces of 8 samples, for any number of ranks.
//! let trainer = || Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1).micro_batch(8);
//!
//! let mut alone = trainer();
//! let expected: Vec<f64> = (0..10).map(|_| alone.step(&inputs, &targets)).collect::<Result<_, _>>()?;
//!
//! std::thread::scope(|scope| {
//!     for rank in local(4) {
//!         scope.spawn(|| {
//!             let mut trainer = trainer().across(rank).unwrap();
//!             for &loss in &expected {
//!                 assert_eq!(trainer.step(&inputs, &targets), Ok(loss)); // the same bits
//!             }
//!             assert_eq!(trainer.network.parameters(), alone.network.parameters());
//!         });
//!     }
//! });
//! # Ok::<(), chainrule::Error>(())
//! ```

mod local;

pub use crate::error::RankError;
pub use local::{LocalRank, local};

/// The connection of one rank with all ranks of a training.
///
/// **The contract.** All ranks call the same methods in the same order, with slices of the same lengths. Each method
/// returns when the bytes of all ranks that it needs have arrived. If the bytes of a rank do not arrive within a
/// timeout, which the engine sets, the method returns a [`RankError`] that names this rank. After an error, no method
/// is called again. Bytes must arrive unchanged. A communicator does not add numbers; the trainer does this, in a fixed
/// order.
///
/// [`local`] is an example of about a hundred lines.
///
/// ```
/// use chainrule::distributed::{Communicator, local};
///
/// std::thread::scope(|scope| {
///     for mut rank in local(3) {
///         scope.spawn(move || {
///             let own = [rank.rank() as u8];
///             let mut all = [0; 3];
///             rank.all_gather(&own, &mut all).unwrap();
///             assert_eq!(all, [0, 1, 2]);
///         });
///     }
/// });
/// ```
#[doc(alias = "MPI")]
#[doc(alias = "NCCL")]
#[doc(alias = "Gloo")]
#[doc(alias = "process group")]
#[doc(alias = "all-reduce")]
#[doc(alias = "allreduce")]
pub trait Communicator: Send + Sync {
    /// Returns the number of this rank: 0 to `size() - 1`.
    fn rank(&self) -> usize;

    /// Returns the number of ranks, at least 1.
    #[doc(alias = "world_size")]
    fn size(&self) -> usize;

    /// Sets `bytes` on every rank to the bytes of rank 0.
    ///
    /// # Errors
    /// [`RankError`], as defined in the contract above.
    fn broadcast(&mut self, bytes: &mut [u8]) -> Result<(), RankError>;

    /// Sets `all` to the bytes of all ranks, in their order: `size()` blocks of the length of `own`.
    ///
    /// # Errors
    /// [`RankError`], as defined in the contract above.
    fn all_gather(&mut self, own: &[u8], all: &mut [u8]) -> Result<(), RankError>;

    /// Sends a block to each rank. `send` contains `size()` blocks of equal length. The block `r` of `send` is copied
    /// to rank `r`, where it becomes the block of this rank in `received`.
    ///
    /// # Errors
    /// [`RankError`], as defined in the contract above.
    fn all_to_all(&mut self, send: &[u8], received: &mut [u8]) -> Result<(), RankError>;
}
