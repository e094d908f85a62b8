//! Errors of a training on several ranks.

use alloc::string::String;

/// An error of a training on several ranks, which contains the number of the rank. All ranks return the same error,
/// except after [`Silent`](Self::Silent) and [`Ended`](Self::Ended): then each returns the rank that it waited for.
///
/// ```
/// use chainrule::distributed::{Communicator, RankError, local};
///
/// let mut ranks = local(2);
/// drop(ranks.remove(1)); // the program of rank 1 has ended
/// let error = ranks[0].all_gather(&[1], &mut [0; 2]).unwrap_err();
/// assert_eq!(error, RankError::Ended { rank: 1 });
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RankError {
    /// Something failed on one rank, and therefore on all of them.
    #[error("rank {rank}: {error}")]
    Failed {
        /// The rank that failed; the first one, if there are several.
        rank: usize,
        /// Its error.
        error: String,
    },
    /// A rank differs from rank 0: it has another network, loss, optimizer, data set, or version of this crate.
    #[error("rank {rank} has another {what} than rank 0: {there}, not {first}")]
    Differs {
        /// The rank.
        rank: usize,
        /// The name of the part that differs.
        what: String,
        /// Its value on this rank.
        there: String,
        /// Its value on rank 0.
        first: String,
    },
    /// The weights of a rank are not the same as on rank 0: the program has changed them on one of them.
    #[error("rank {rank} has other weights than rank 0 (step {step})")]
    Weights {
        /// The rank.
        rank: usize,
        /// The number of steps that had been taken when the weights were compared.
        step: u64,
    },
    /// There are more ranks than pieces of a batch.
    #[error(
        "{ranks} ranks are too many for batches of {samples} samples, which are divided into {pieces}: start at most \
         {pieces}, or use smaller pieces, as in `.micro_batch({})`", (samples / ranks).max(1)
    )]
    TooMany {
        /// The number of ranks.
        ranks: usize,
        /// The number of samples in a batch.
        samples: usize,
        /// The number of pieces of a batch.
        pieces: usize,
    },
    /// A rank did not answer in time.
    #[error(
        "rank {rank} did not answer for {seconds} s: it computes for longer than the timeout, hangs, was killed, or \
         does something else"
    )]
    Silent {
        /// The rank.
        rank: usize,
        /// The time that this rank waited.
        seconds: f64,
    },
    /// A rank has ended: its program returned or panicked, or it left the training after an error that the other ranks
    /// did not have.
    #[error("rank {rank} has ended")]
    Ended {
        /// The rank.
        rank: usize,
    },
    /// A rank sent an unexpected number of bytes: the programs of the ranks differ.
    #[error(
        "rank {rank} sent {found} bytes, but {expected} were expected: the ranks do not run the same program"
    )]
    OutOfStep {
        /// The rank.
        rank: usize,
        /// The number of bytes that it sent.
        found: usize,
        /// The expected number of bytes.
        expected: usize,
    },
    /// The engine failed.
    #[error("{engine} failed: {error}")]
    Engine {
        /// The name of the engine.
        engine: &'static str,
        /// Its error.
        error: String,
    },
}
