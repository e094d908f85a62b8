//! Ranks on MPI, for trainings of [`chainrule`] on several processes or machines.
//!
//! ```no_run
//! use chainrule::prelude::*;
//! use chainrule_mpi::Mpi;
//! type Net = (Linear<2, 16>, Tanh, Linear<16, 1>);
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1).micro_batch(8);
//! let mut trainer = trainer.across(Mpi::start()?)?;
//! # let (inputs, targets) = ([Vector([0.0; 2]); 32], [Vector([0.0]); 32]);
//! trainer.step(&inputs, &targets)?; // each rank computes some pieces of 8 samples
//! # Ok(())
//! # }
//! ```
//!
//! ```console
//! $ apt-get install libopenmpi-dev openmpi-bin libclang-dev   # Debian; libclang is for the crate `mpi`
//! $ cargo build --release --example digits
//! $ mpirun -n 4 target/release/examples/digits
//! $ mpirun -n 8 --hostfile machines --map-by node target/release/examples/digits
//! ```
//!
//! Started without `mpirun`, a program is a training on one rank. The guide of chainrule, `docs/many-machines.md`, has
//! the rules, the costs and the errors.

mod engine;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use chainrule::distributed::{Communicator, RankError};

use engine::{Job, Shared, run};

/// How long a rank waits for another one unless the program sets it.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A rank of MPI's world, for [`Trainer::across`](chainrule::Trainer::across).
///
/// One thread makes all calls of MPI, so that a rank that hangs cannot stop the others: whatever MPI does, a
/// method returns within the [timeout](Self::timeout). After such an error the program should end. It then ends
/// without `MPI_Finalize`, which would wait for all ranks, and so `mpirun` ends the others too.
///
/// **On an error leave by [`std::process::exit(1)`](std::process::exit), not by returning**, while the trainer exists:
/// `mpirun` then ends all ranks at once. Returning drops this rank, which calls `MPI_Finalize`. If the others do not
/// know of the error, such as one of the program itself, all wait for the whole timeout.
#[derive(Debug)]
pub struct Mpi {
    shared: Arc<Shared>,
    rank: usize,
    size: usize,
    timeout: Duration,
    lost: bool,
}

impl Mpi {
    /// Initializes MPI. Call it once, at the start of the program.
    ///
    /// # Errors
    /// [`RankError::Engine`] if MPI cannot be initialized, or has been already.
    pub fn start() -> Result<Self, RankError> {
        let shared = Arc::new(Shared::default());
        let failed = |error: String| RankError::Engine { engine: "MPI", error };
        let engine = shared.clone();
        thread::Builder::new()
            .name("mpi".into())
            .spawn(move || run(&engine))
            .map_err(|error| failed(error.to_string()))?;
        match shared.wait(None) {
            Some((Job::Started { rank, size }, Ok(()))) => {
                Ok(Self { shared, rank, size, timeout: TIMEOUT, lost: false })
            }
            _ => Err(failed("it is initialized already, or the program was compiled for another MPI".into())),
        }
    }

    /// Sets how long this rank waits for another one: 300 s by default. It must be longer than rank 0 takes to
    /// validate, to save a checkpoint and to call `on_epoch`, and than the difference between the ranks' steps.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Has the engine do a job. Returns its memory.
    fn call(&mut self, job: Job) -> Result<Job, RankError> {
        self.shared.give(job);
        match self.shared.wait(Some(self.timeout)) {
            Some((job, result)) => {
                self.lost |= result.is_err();
                result.map(|()| job)
            }
            None => {
                self.lost = true;
                Err(RankError::Silent { rank: self.shared.waits_for(), seconds: self.timeout.as_secs_f64() })
            }
        }
    }

    /// Returns a copy of these bytes, in memory that is reused.
    fn copy(&self, memory: usize, bytes: &[u8]) -> Vec<u8> {
        let mut copy = self.shared.memory(memory);
        copy.clear();
        copy.extend_from_slice(bytes);
        copy
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn broadcast(&mut self, bytes: &mut [u8]) -> Result<(), RankError> {
        let job = Job::Broadcast(self.copy(0, bytes));
        if let Job::Broadcast(found) = self.call(job)? {
            bytes.copy_from_slice(&found);
            self.shared.keep([found, Vec::new()]);
        }
        Ok(())
    }

    fn all_gather(&mut self, own: &[u8], all: &mut [u8]) -> Result<(), RankError> {
        let job = Job::AllGather { own: self.copy(0, own), all: self.copy(1, all) };
        if let Job::AllGather { own, all: found } = self.call(job)? {
            all.copy_from_slice(&found);
            self.shared.keep([own, found]);
        }
        Ok(())
    }

    fn all_to_all(&mut self, send: &[u8], received: &mut [u8]) -> Result<(), RankError> {
        let job = Job::AllToAll { send: self.copy(0, send), received: self.copy(1, received) };
        if let Job::AllToAll { send, received: found } = self.call(job)? {
            received.copy_from_slice(&found);
            self.shared.keep([send, found]);
        }
        Ok(())
    }
}

/// Finalizes MPI, unless this rank has lost another one, or panics.
impl Drop for Mpi {
    fn drop(&mut self) {
        if !self.lost && !thread::panicking() {
            self.shared.give(Job::Finish);
            self.shared.wait(Some(self.timeout));
        }
    }
}
