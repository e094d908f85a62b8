//! The thread that calls MPI.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chainrule::distributed::RankError;
use mpi::Threading;
use mpi::request::{LocalScope, WaitGuard, scope};
use mpi::topology::{Process, SimpleCommunicator};
use mpi::traits::*;

/// The longest message: MPI counts in `i32`.
const LONGEST: usize = 1 << 30;
/// How often the thread looks for a message before it sleeps in between, and how long. A rank that waits for a longer
/// computation of another one leaves it the core.
const LOOKS: usize = 2000;
const SLEEP: Duration = Duration::from_micros(20);

/// What the thread does, with its memory.
#[derive(Debug)]
pub(crate) enum Job {
    /// The first result: MPI is initialized.
    Started {
        rank: usize,
        size: usize,
    },
    Broadcast(Vec<u8>),
    AllGather {
        own: Vec<u8>,
        all: Vec<u8>,
    },
    AllToAll {
        send: Vec<u8>,
        received: Vec<u8>,
    },
    Finish,
}

/// What the threads share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
    /// The rank that the thread waits for.
    waits_for: AtomicUsize,
}

#[derive(Debug, Default)]
struct Slot {
    job: Option<Job>,
    done: Option<(Job, Result<(), RankError>)>,
    memory: [Vec<u8>; 2],
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn give(&self, job: Job) {
        self.lock().job = Some(job);
        self.changed.notify_all();
    }

    /// Waits for the result of the job that was given; `None` after this time.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Option<(Job, Result<(), RankError>)> {
        let start = Instant::now();
        let mut slot = self.lock();
        while slot.done.is_none() {
            slot = match timeout {
                None => self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner),
                Some(timeout) => {
                    let left = timeout.checked_sub(start.elapsed())?;
                    self.changed.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        slot.done.take()
    }

    pub(crate) fn waits_for(&self) -> usize {
        self.waits_for.load(Ordering::Relaxed)
    }

    /// Takes one of the two pieces of memory that the last job left.
    pub(crate) fn memory(&self, at: usize) -> Vec<u8> {
        std::mem::take(&mut self.lock().memory[at])
    }

    pub(crate) fn keep(&self, memory: [Vec<u8>; 2]) {
        self.lock().memory = memory;
    }

    fn next(&self) -> Job {
        let mut slot = self.lock();
        loop {
            match slot.job.take() {
                Some(job) => return job,
                None => slot = self.changed.wait(slot).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn done(&self, job: Job, result: Result<(), RankError>) {
        self.lock().done = Some((job, result));
        self.changed.notify_all();
    }
}

/// Initializes MPI, and does jobs until the last.
pub(crate) fn run(shared: &Shared) {
    // Only this thread calls MPI.
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
        return shared.done(Job::Finish, Ok(()));
    };
    let world = universe.world();
    let (rank, size) = (world.rank() as usize, world.size() as usize);
    shared.done(Job::Started { rank, size }, Ok(()));
    let engine = Engine { world, rank, size, shared };
    loop {
        let mut job = shared.next();
        let result = match &mut job {
            Job::Started { .. } => Ok(()), // never given
            Job::Broadcast(bytes) => engine.broadcast(bytes),
            Job::AllGather { own, all } => engine.all_gather(own, all),
            Job::AllToAll { send, received } => engine.all_to_all(send, received),
            Job::Finish => break,
        };
        shared.done(job, result);
    }
    drop(engine);
    drop(universe); // MPI_Finalize
    shared.done(Job::Finish, Ok(()));
}

struct Engine<'a> {
    world: SimpleCommunicator,
    rank: usize,
    size: usize,
    shared: &'a Shared,
}

/// A message that is being sent, and to whom.
type Sending<'a, 's> = (usize, WaitGuard<'a, [u8], &'s LocalScope<'a>>);

impl Engine<'_> {
    fn broadcast(&self, bytes: &mut [u8]) -> Result<(), RankError> {
        if self.rank != 0 {
            return self.receive(0, bytes);
        }
        let bytes = &*bytes;
        scope(|scope| {
            let mut sending = Vec::new();
            self.others().for_each(|to| self.send(to, bytes, scope, &mut sending));
            self.finish(sending);
        });
        Ok(())
    }

    fn all_gather(&self, own: &[u8], all: &mut [u8]) -> Result<(), RankError> {
        let block = |rank: usize| rank * own.len()..(rank + 1) * own.len();
        all[block(self.rank)].copy_from_slice(own);
        self.exchange(|_| own, all, block)
    }

    fn all_to_all(&self, send: &[u8], received: &mut [u8]) -> Result<(), RankError> {
        let len = send.len() / self.size;
        let block = |rank: usize| rank * len..(rank + 1) * len;
        received[block(self.rank)].copy_from_slice(&send[block(self.rank)]);
        self.exchange(|to| &send[block(to)], received, block)
    }

    /// Sends something to each rank, and receives a block of each.
    fn exchange<'s>(
        &self,
        send: impl Fn(usize) -> &'s [u8],
        received: &mut [u8],
        block: impl Fn(usize) -> Range<usize>,
    ) -> Result<(), RankError> {
        scope(|scope| {
            let mut sending = Vec::new();
            self.others().for_each(|to| self.send(to, send(to), scope, &mut sending));
            let result = self.others().try_for_each(|from| self.receive(from, &mut received[block(from)]));
            self.finish(sending);
            result
        })
    }

    /// Returns the other ranks, beginning behind this one.
    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let (rank, size) = (self.rank, self.size);
        (1..size).map(move |distance| (rank + distance) % size)
    }

    fn process(&self, rank: usize) -> Process<'_> {
        self.world.process_at_rank(rank as i32)
    }

    fn send<'a, 's>(
        &self,
        to: usize,
        bytes: &'a [u8],
        scope: &'s LocalScope<'a>,
        sending: &mut Vec<Sending<'a, 's>>,
    ) {
        for chunk in bytes.chunks(LONGEST) {
            sending.push((to, WaitGuard::from(self.process(to).immediate_send(scope, chunk))));
        }
    }

    fn finish(&self, sending: Vec<Sending<'_, '_>>) {
        for (to, guard) in sending {
            self.shared.waits_for.store(to, Ordering::Relaxed);
            drop(guard);
        }
    }

    /// Receives a message, whose length is checked before it is read.
    fn receive(&self, from: usize, bytes: &mut [u8]) -> Result<(), RankError> {
        self.shared.waits_for.store(from, Ordering::Relaxed);
        for chunk in bytes.chunks_mut(LONGEST) {
            let mut looks = 0;
            let (message, status) = loop {
                match self.process(from).immediate_matched_probe() {
                    Some(found) => break found,
                    None if looks < LOOKS => thread::yield_now(),
                    None => thread::sleep(SLEEP),
                }
                looks += 1;
            };
            let (found, expected) = (status.count(u8::equivalent_datatype()) as usize, chunk.len());
            if found != expected {
                message.matched_receive_into(&mut vec![0_u8; found][..]);
                return Err(RankError::OutOfStep { rank: from, found, expected });
            }
            message.matched_receive_into(chunk);
        }
        Ok(())
    }
}
