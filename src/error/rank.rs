//! Errors of a training on several ranks.

use alloc::string::String;

/// An error of a training on several ranks, which names the rank. All ranks return the same one, except after
/// [`Silent`](Self::Silent) and [`Ended`](Self::Ended), where each may name another rank that it waited for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RankError {
    /// Something failed on one rank, and so on all of them.
    #[error("rank {rank}: {error}")]
    Failed {
        /// The rank where it failed; the first one, if there are several.
        rank: usize,
        /// Its error.
        error: String,
    },
    /// A rank does not have what rank 0 has: another network, loss, optimizer, data set, version of this crate.
    #[error("rank {rank} has another {what} than rank 0: {there}, not {first}")]
    Differs {
        /// The rank.
        rank: usize,
        /// What differs.
        what: String,
        /// What this rank has.
        there: String,
        /// What rank 0 has.
        first: String,
    },
    /// The weights of a rank are not those of rank 0: the program has changed them on one of them.
    #[error("rank {rank} has other weights than rank 0 (step {step})")]
    Weights {
        /// The rank.
        rank: usize,
        /// How many steps had been taken when they were compared.
        step: u64,
    },
    /// There are more ranks than pieces of a batch.
    #[error(
        "{ranks} ranks for batches of {samples} samples, which are divided into {pieces}: start {pieces} at most, or give \
         the trainer smaller pieces, as in `.micro_batch({})`", (samples / ranks).max(1)
    )]
    TooMany {
        /// How many ranks there are.
        ranks: usize,
        /// How many samples a batch has.
        samples: usize,
        /// How many pieces it has.
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
        /// How long this rank waited.
        seconds: f64,
    },
    /// A rank has ended: its program returned or panicked, or it left the training after an error that the others do not have.
    #[error("rank {rank} has ended")]
    Ended {
        /// The rank.
        rank: usize,
    },
    /// A rank sent something else than this rank expects: their programs do not do the same.
    #[error("rank {rank} sent {found} bytes where {expected} were expected: its program does something else")]
    OutOfStep {
        /// The rank.
        rank: usize,
        /// How many bytes it sent.
        found: usize,
        /// How many were expected.
        expected: usize,
    },
    /// The engine itself failed.
    #[error("{engine} failed: {error}")]
    Engine {
        /// The name of the engine.
        engine: &'static str,
        /// Its error.
        error: String,
    },
}
