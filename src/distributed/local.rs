//! Ranks on the threads of one process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Communicator, RankError};

/// The default timeout: how long a rank waits for another one.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the ranks of a training on `size` threads of this process, one for each thread. Use it for tests and for
/// trying out a program. (A single trainer uses all cores already: see the feature `threads`.)
///
/// The example of [`distributed`](super) calls it.
///
/// # Panics
/// If `size` is 0.
#[doc(alias = "threads")]
pub fn local(size: usize) -> Vec<LocalRank> {
    assert!(size > 0, "a training needs at least one rank");
    let boxes: Arc<[Mailbox]> = (0..size * size).map(|_| Mailbox::default()).collect();
    (0..size).map(|rank| LocalRank { rank, size, boxes: boxes.clone(), timeout: TIMEOUT }).collect()
}

/// A rank on a thread of this process. The function [`local`] creates it. See the example of
/// [the module](crate::distributed).
#[derive(Debug)]
pub struct LocalRank {
    rank: usize,
    size: usize,
    /// One mailbox for each pair of ranks, at `sender * size + receiver`.
    boxes: Arc<[Mailbox]>,
    timeout: Duration,
}

/// The channel from one rank to another. It contains at most one message, whose memory is reused.
#[derive(Debug, Default)]
struct Mailbox {
    message: Mutex<Message>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Message {
    bytes: Vec<u8>,
    full: bool,
    /// Whether one of the two ranks has ended.
    closed: bool,
}

impl Mailbox {
    /// Waits until the mailbox is full (if `full`) or empty. Returns an error if the other rank, `rank`, ends before
    /// that.
    fn wait(&self, full: bool, rank: usize, until: Deadline) -> Result<MutexGuard<'_, Message>, RankError> {
        let mut message = self.lock();
        while message.full != full {
            if message.closed {
                return Err(RankError::Ended { rank });
            }
            let left =
                until.left().ok_or(RankError::Silent { rank, seconds: until.timeout.as_secs_f64() })?;
            message = self.changed.wait_timeout(message, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(message)
    }

    fn lock(&self) -> MutexGuard<'_, Message> {
        self.message.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy)]
struct Deadline {
    start: Instant,
    timeout: Duration,
}

impl Deadline {
    /// Returns the remaining time, if any.
    fn left(self) -> Option<Duration> {
        self.timeout.checked_sub(self.start.elapsed()).filter(|left| !left.is_zero())
    }
}

impl LocalRank {
    /// Sets how long this rank waits for another one: 60 s by default. The timeout must be longer than the time that
    /// rank 0 needs to validate, to save a checkpoint and to call `on_epoch`, and longer than the difference between
    /// the durations of the ranks' steps.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn deadline(&self) -> Deadline {
        Deadline { start: Instant::now(), timeout: self.timeout }
    }

    fn send(&self, to: usize, bytes: &[u8], until: Deadline) -> Result<(), RankError> {
        let mailbox = &self.boxes[self.rank * self.size + to];
        let mut message = mailbox.wait(false, to, until)?;
        message.bytes.clear();
        message.bytes.extend_from_slice(bytes);
        message.full = true;
        mailbox.changed.notify_all();
        Ok(())
    }

    fn receive(&self, from: usize, bytes: &mut [u8], until: Deadline) -> Result<(), RankError> {
        let mailbox = &self.boxes[from * self.size + self.rank];
        let mut message = mailbox.wait(true, from, until)?;
        let (found, expected) = (message.bytes.len(), bytes.len());
        if found != expected {
            return Err(RankError::OutOfStep { rank: from, found, expected });
        }
        bytes.copy_from_slice(&message.bytes);
        message.full = false;
        mailbox.changed.notify_all();
        Ok(())
    }

    /// Returns the other ranks, starting with the one after this rank.
    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let (rank, size) = (self.rank, self.size);
        (1..size).map(move |distance| (rank + distance) % size)
    }
}

impl Communicator for LocalRank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn broadcast(&mut self, bytes: &mut [u8]) -> Result<(), RankError> {
        let until = self.deadline();
        if self.rank == 0 {
            self.others().try_for_each(|to| self.send(to, bytes, until))
        } else {
            self.receive(0, bytes, until)
        }
    }

    fn all_gather(&mut self, own: &[u8], all: &mut [u8]) -> Result<(), RankError> {
        let (until, block) = (self.deadline(), own.len());
        all[self.rank * block..][..block].copy_from_slice(own);
        self.others().try_for_each(|to| self.send(to, own, until))?;
        self.others().try_for_each(|from| self.receive(from, &mut all[from * block..][..block], until))
    }

    fn all_to_all(&mut self, send: &[u8], received: &mut [u8]) -> Result<(), RankError> {
        let (until, block) = (self.deadline(), send.len() / self.size);
        let own = self.rank * block..(self.rank + 1) * block;
        received[own.clone()].copy_from_slice(&send[own]);
        self.others().try_for_each(|to| self.send(to, &send[to * block..][..block], until))?;
        self.others().try_for_each(|from| self.receive(from, &mut received[from * block..][..block], until))
    }
}

/// Closes the mailboxes, so that the other ranks do not wait for this one. Messages sent before still arrive.
impl Drop for LocalRank {
    fn drop(&mut self) {
        for other in self.others() {
            for mailbox in
                [&self.boxes[self.rank * self.size + other], &self.boxes[other * self.size + self.rank]]
            {
                mailbox.lock().closed = true;
                mailbox.changed.notify_all();
            }
        }
    }
}
