//! What the ranks exchange: whether they are at the same step, whether the step succeeded, and texts.

use core::fmt::Display;

use super::Ranks;
use crate::Error;
use crate::distributed::RankError;

/// The position of a rank in the training. It must be the same on all ranks.
#[derive(Clone, Copy)]
pub(in crate::train) struct Place {
    /// The number of steps taken.
    pub(in crate::train) steps: u64,
    /// The number of samples of the batch, and of each of its pieces.
    pub(in crate::train) samples: usize,
    pub(in crate::train) piece: usize,
    /// The digest of the weights; 0 in a step that does not compare them.
    pub(in crate::train) weights: u64,
}

impl Place {
    /// The names of all numbers except the last one, the digest of the weights.
    const NAMES: [&str; 3] = ["number of steps", "batch size", "size of a piece"];

    fn numbers(self) -> [u64; 4] {
        [self.steps, self.samples as u64, self.piece as u64, self.weights]
    }
}

/// What one rank reports to the others about a step.
#[repr(C)]
#[derive(Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Report {
    place: [u64; 4],
    status: u64,
    loss: f64,
}

const OK: u64 = 0;
const FAILED: u64 = 1;
const NO_WEIGHT: u64 = 2;

impl Ranks {
    /// Compares the positions of all ranks, and the results of their parts of a step. If all succeeded, `losses`
    /// contains their losses. Otherwise all ranks return the error of the first rank that failed.
    pub(super) fn compare(&mut self, place: Place, result: Result<f64, Error>) -> Result<(), Error> {
        let status = match &result {
            Ok(_) => OK,
            Err(Error::NoWeight) => NO_WEIGHT,
            Err(_) => FAILED,
        };
        let own = Report { place: place.numbers(), status, loss: *result.as_ref().unwrap_or(&0.0) };
        self.reports.resize(self.size, Report::default());
        let (own, all) = (bytemuck::bytes_of(&own), bytemuck::cast_slice_mut(&mut self.reports));
        self.link.talk(|communicator| communicator.all_gather(own, all))?;
        self.check_places()?;
        self.losses.clear();
        self.losses.extend(self.reports.iter().map(|report| report.loss));
        match self.reports.iter().find(|report| report.status != OK) {
            None => Ok(()),
            Some(Report { status: NO_WEIGHT, .. }) => Err(Error::NoWeight),
            Some(_) => Err(self.settle(result.map(drop)).err().unwrap_or(Error::NoWeight)), // one of them has failed
        }
    }

    fn check_places(&self) -> Result<(), RankError> {
        let first = self.reports[0].place;
        for (rank, report) in self.reports.iter().enumerate() {
            if let Some(at) = (0..first.len()).find(|&at| report.place[at] != first[at]) {
                let Some(&what) = Place::NAMES.get(at) else {
                    return Err(RankError::Weights { rank, step: first[0] });
                };
                let (there, first) = (report.place[at].to_string(), first[at].to_string());
                return Err(RankError::Differs { rank, what: what.into(), there, first });
            }
        }
        Ok(())
    }

    /// Returns the loss of a batch that every rank has computed, after a check that all have computed the same.
    pub(in crate::train) fn same(&mut self, place: Place, result: Result<f64, Error>) -> Result<f64, Error> {
        self.compare(place, result.clone())?;
        let first = self.losses[0];
        match self.losses.iter().position(|loss| loss.to_bits() != first.to_bits()) {
            None => result,
            Some(rank) => {
                let (what, there) = ("loss of the same batch".into(), self.losses[rank].to_string());
                Err(RankError::Differs { rank, what, there, first: first.to_string() }.into())
            }
        }
    }

    /// Returns the result of this rank if the result of every rank is `Ok`. Otherwise all ranks return the error of the
    /// first rank that failed, or their own error if all failed in the same way.
    pub(in crate::train) fn settle<T, E>(&mut self, result: Result<T, E>) -> Result<T, E>
    where
        E: Display + From<RankError>,
    {
        let own = result.as_ref().err().map(ToString::to_string);
        match self.settle_text(own)? {
            Some(first) => Err(first.into()),
            None => result,
        }
    }

    /// Returns the first of the errors of all ranks; `None` if there is no error, or if all ranks have the same one.
    pub(super) fn settle_text(&mut self, own: Option<String>) -> Result<Option<RankError>, RankError> {
        let all = self.gather(&own.map(|error| format!("!{error}")).unwrap_or_default())?;
        let failed = all.iter().position(|text| !text.is_empty());
        Ok(failed.filter(|&rank| all.iter().any(|text| *text != all[rank])).map(|rank| {
            let error = all[rank][1..].into();
            RankError::Failed { rank, error }
        }))
    }

    /// Checks that all ranks have the same values, given by name.
    pub(in crate::train) fn check_same(&mut self, settings: &[(&str, String)]) -> Result<(), RankError> {
        let own = settings.iter().map(|(_, value)| &value[..]).collect::<Vec<_>>().join("\0");
        let all = self.gather(&own)?;
        let mut others = all.iter().enumerate();
        let Some((rank, other)) = others.find(|(_, text)| **text != all[0]) else { return Ok(()) };
        let pairs = other.split('\0').zip(all[0].split('\0'));
        for ((there, first), (what, _)) in pairs.zip(settings) {
            if there != first {
                let what = (*what).into();
                return Err(RankError::Differs { rank, what, there: there.into(), first: first.into() });
            }
        }
        let (what, there) = ("program".into(), "other settings".into());
        Err(RankError::Differs { rank, what, there, first: "these".into() })
    }

    /// Returns the texts of all ranks.
    fn gather(&mut self, own: &str) -> Result<Vec<String>, RankError> {
        let mut lengths = vec![0_u64; self.size];
        let length = own.len() as u64;
        let (own_length, all) = (bytemuck::bytes_of(&length), bytemuck::cast_slice_mut(&mut lengths));
        self.link.talk(|communicator| communicator.all_gather(own_length, all))?;
        let most = lengths.iter().copied().max().unwrap_or(0) as usize;
        if most == 0 {
            return Ok(vec![String::new(); self.size]);
        }
        let (mut padded, mut all) = (vec![0; most], vec![0; most * self.size]);
        padded[..own.len()].copy_from_slice(own.as_bytes());
        self.link.talk(|communicator| communicator.all_gather(&padded, &mut all))?;
        let texts = all.chunks(most).zip(&lengths);
        Ok(texts
            .map(|(text, &length)| String::from_utf8_lossy(&text[..length as usize]).into_owned())
            .collect())
    }

    /// Calls `f` on rank 0, and returns its result on all ranks. If it fails, all ranks return an error with the cause.
    pub(in crate::train) fn on_first<E>(
        &mut self,
        f: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E>
    where
        E: Display + From<RankError>,
    {
        let (mut header, mut message) = ([OK, 0], Vec::new());
        if self.rank == 0 {
            match f() {
                Ok(bytes) => message = bytes,
                Err(error) => (header[0], message) = (FAILED, error.to_string().into_bytes()),
            }
            header[1] = message.len() as u64;
        }
        self.link.talk(|communicator| communicator.broadcast(bytemuck::cast_slice_mut(&mut header)))?;
        message.resize(header[1] as usize, 0);
        self.link.talk(|communicator| communicator.broadcast(&mut message))?;
        if header[0] == OK {
            return Ok(message);
        }
        let error = String::from_utf8_lossy(&message).into_owned();
        Err(RankError::Failed { rank: 0, error }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributed::local;
    use crate::train::across::Ranks;

    fn on_ranks<R: Send>(size: usize, f: impl Fn(&mut Ranks) -> R + Sync) -> Vec<R> {
        let f = &f;
        std::thread::scope(|scope| {
            let spawn = |rank| scope.spawn(move || f(&mut Ranks::new(rank)));
            let threads: Vec<_> = local(size).into_iter().map(spawn).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// For example, two builds of a program: another version, or another number of values to compare.
    #[test]
    fn the_first_difference_is_named_on_all_ranks() {
        for result in on_ranks(4, |ranks| {
            let version = if ranks.rank == 2 { "0.2.0" } else { "0.1.0" };
            ranks.check_same(&[("byte order", "little".into()), ("version", version.into())])
        }) {
            let text = result.unwrap_err().to_string();
            assert_eq!(text, "rank 2 has another version than rank 0: 0.2.0, not 0.1.0");
        }
        for result in on_ranks(3, |ranks| {
            let settings = [("version", "0.1.0".into()), ("new", "1".into())];
            ranks.check_same(&settings[..if ranks.rank == 1 { 2 } else { 1 }])
        }) {
            assert!(matches!(result, Err(RankError::Differs { rank: 1, .. })), "{result:?}");
        }
    }

    #[test]
    fn texts_of_all_lengths_arrive() {
        for texts in on_ranks(3, |ranks| ranks.gather(["", "two words", "\u{e9}"][ranks.rank]).unwrap()) {
            assert_eq!(texts, ["", "two words", "\u{e9}"]);
        }
        assert_eq!(on_ranks(2, |ranks| ranks.gather("").unwrap()), [["", ""]; 2]);
    }
}
