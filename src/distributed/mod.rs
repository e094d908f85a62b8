//! Tier 7: training on several processes or machines.
//!
//! Each process is a *rank*, a number from 0. All run the same program; [`Trainer::across`](crate::Trainer::across)
//! gives each the state of rank 0, and divides every batch among them. The weights are those of one process, bit for
//! bit. The [guide](crate::guide::many_machines) has the rules, the costs and the errors.
//!
//! A [`Communicator`] connects the ranks. Here is one for the threads of a process, [`local`]; the crate
//! `chainrule-mpi` has one for MPI, and you can write another one for the engine that you have.
//!
//! ```
//! use chainrule::distributed::local;
//! use chainrule::prelude::*;
//! type Net = (Linear<2, 16>, Tanh, Dropout<10>, Linear<16, 1>);
//!
//! let inputs: Vec<_> = (0..32).map(|at| Vector([at as f32 / 32.0, 1.0])).collect();
//! let targets: Vec<_> = inputs.iter().map(|x| Vector([x[0] * x[0]])).collect();
//! // The batches are divided into pieces of 8 samples, whatever computes them.
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

/// The connection of a process with the others of a training: of a *rank* with all ranks.
///
/// **The contract.** All ranks call the same methods in the same order, with slices of the same lengths. Each method
/// returns when the bytes of all ranks that it needs have arrived. If one does not come within a time that the engine
/// sets, the method returns a [`RankError`] that names that rank, and does not wait longer; after an error, no method
/// is called any more. Bytes arrive as they were sent. Nothing is added up here: the order of the sums is the
/// trainer's.
///
/// [`local`] is an example of about a hundred lines.
pub trait Communicator: Send + Sync {
    /// Returns the number of this rank: 0 to `size() - 1`.
    fn rank(&self) -> usize;

    /// Returns how many ranks there are, at least 1.
    fn size(&self) -> usize;

    /// Sets `bytes` on every rank to those of rank 0.
    ///
    /// # Errors
    /// [`RankError`], as the contract says.
    fn broadcast(&mut self, bytes: &mut [u8]) -> Result<(), RankError>;

    /// Sets `all` to the bytes of all ranks, in their order: `size()` blocks of the length of `own`.
    ///
    /// # Errors
    /// [`RankError`], as the contract says.
    fn all_gather(&mut self, own: &[u8], all: &mut [u8]) -> Result<(), RankError>;

    /// Sends a block to each rank: block `r` of `send`, of `size()` blocks of equal length, becomes on rank `r` the
    /// block of this rank in `received`.
    ///
    /// # Errors
    /// [`RankError`], as the contract says.
    fn all_to_all(&mut self, send: &[u8], received: &mut [u8]) -> Result<(), RankError>;
}
