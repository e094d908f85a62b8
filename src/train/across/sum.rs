//! The gradient of a batch whose pieces the ranks compute.
//!
//! The additions are the same, in the same order, as in a single process: the pieces of a group are added in pairs, by
//! halves, then the groups are added one after the other with compensation. Each rank computes a subtree of a group.
//! Then each rank receives its own chunk of all subtrees, and adds up the rest of the tree for this chunk. At the end,
//! all ranks receive all chunks. So each of R ranks sends and receives (R - 1) / R of the gradient twice.

use core::ops::Range;

use chainrule_parameters::{Owned, Parameters, View, ViewMut, clear_flags};

use super::agree::Place;
use super::wire::Wire;
use super::{Memory, Ranks};
use crate::Error;
use crate::stream::Rows;
use crate::train::sums::{Sums, Work, sum_pieces};

/// Pieces that are added in pairs, and the ranks that compute them.
#[derive(Clone, Debug, PartialEq)]
struct Tree {
    pieces: Range<usize>,
    ranks: Range<usize>,
}

impl Tree {
    /// Returns the two halves, whose sums are added, if several ranks compute them. If there is only one piece, the
    /// first rank computes it.
    fn halves(&self) -> Option<[Self; 2]> {
        let Self { pieces, ranks } = self;
        (pieces.len() > 1 && ranks.len() > 1).then(|| {
            let (piece, rank) = (pieces.start + pieces.len() / 2, ranks.start + ranks.len() / 2);
            [
                Self { pieces: pieces.start..piece, ranks: ranks.start..rank },
                Self { pieces: piece..pieces.end, ranks: rank..ranks.end },
            ]
        })
    }

    /// Returns the pieces that a rank computes.
    fn pieces_of(&self, rank: usize) -> Range<usize> {
        match self.halves() {
            Some([left, right]) => if left.ranks.contains(&rank) { left } else { right }.pieces_of(rank),
            None if rank == self.ranks.start => self.pieces.clone(),
            None => 0..0,
        }
    }

    /// Calls `add` with the first ranks of both halves for each addition, in order. At the end, the sum is at the first
    /// rank.
    fn fold(&self, add: &mut impl FnMut(usize, usize)) {
        if let Some([left, right]) = self.halves() {
            left.fold(add);
            right.fold(add);
            add(left.ranks.start, right.ranks.start);
        }
    }
}

/// Returns the trees of the next groups, and divides the ranks among them.
fn trees(pieces: Range<usize>, at_once: usize, ranks: usize) -> impl Iterator<Item = Tree> {
    let groups = pieces.len().div_ceil(at_once).min(ranks.div_ceil(at_once));
    (0..groups).map(move |at| {
        let start = pieces.start + at * at_once;
        let ranks = ranks * at / groups..ranks * (at + 1) / groups;
        Tree { pieces: start..pieces.end.min(start + at_once), ranks }
    })
}

impl Ranks {
    /// Computes the gradient of a batch, and returns the loss. `locate` finds the cause of an error of this rank.
    pub(in crate::train) fn sum<N: Parameters>(
        &mut self,
        sums: Sums<'_, N>,
        work: Work<'_>,
        mut place: Place,
        locate: impl Fn(Error) -> Error,
    ) -> Result<f64, Error> {
        let Sums { gradients, count, at_once, gradient, .. } = sums;
        let (rank, size) = (self.rank, self.size);
        let wire = Wire::of(View::of(&**gradient), size);
        let chunk = wire.chunk;
        self.memory.prepare(chunk, size);
        let (mut mean, mut first) = (0.0, 0);
        while first < count {
            let here = || trees(first..count, at_once, size);
            let mine =
                here().map(|tree| tree.pieces_of(rank)).find(|pieces| !pieces.is_empty()).unwrap_or(0..0);
            gradients.resize_with(mine.len().max(gradients.len()), Owned::zeros);
            let loss = match mine.len() {
                0 => Ok(0.0),
                pieces => {
                    let (gradients, states) = (&mut gradients[..pieces], &mut Rows::default());
                    sum_pieces(gradients, mine.start, 0, states, work).map_err(&locate)
                }
            };
            self.compare(place, loss)?;
            place.weights = 0; // they are compared once

            let Memory { send, received, sum, errors } = &mut self.memory;
            if !mine.is_empty() {
                wire.write(View::of(&*gradients[0]), send);
            }
            let (all, chunks) = (bytemuck::cast_slice(send), bytemuck::cast_slice_mut(received));
            self.link.talk(|communicator| communicator.all_to_all(all, chunks))?;
            for tree in here() {
                tree.fold(&mut |left, right| {
                    let (lefts, rights) = received.split_at_mut(right * chunk);
                    wire.add(rank, &rights[..chunk], &mut lefts[left * chunk..][..chunk]);
                    self.losses[left] += self.losses[right];
                });
                let top = tree.ranks.start;
                let term = &received[top * chunk..][..chunk];
                if tree.pieces.start == 0 {
                    sum.copy_from_slice(term);
                    errors.fill(0);
                } else {
                    wire.add_compensated(rank, term, sum, errors);
                }
                mean += self.losses[top];
            }
            first = here().last().map_or(count, |tree| tree.pieces.end);
        }
        let Memory { send, sum, .. } = &mut self.memory;
        let (own, all) = (bytemuck::cast_slice(sum), bytemuck::cast_slice_mut(send));
        self.link.talk(|communicator| communicator.all_gather(own, all))?;
        wire.read(send, ViewMut::of(&mut **gradient));
        clear_flags(ViewMut::of(&mut **gradient));
        Ok(mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every piece is computed by one rank, the ranks have the pieces in order, and the additions are the same as in a
    /// single process.
    #[test]
    fn the_ranks_share_a_tree_without_changing_it() {
        fn additions(pieces: Range<usize>) -> String {
            let middle = pieces.start + pieces.len() / 2;
            match pieces.len() {
                1 => pieces.start.to_string(),
                _ => format!("({}+{})", additions(pieces.start..middle), additions(middle..pieces.end)),
            }
        }
        for (pieces, ranks) in (1..=8).flat_map(|pieces| (1..=20).map(move |ranks| (pieces, ranks))) {
            let tree = Tree { pieces: 0..pieces, ranks: 0..ranks };
            let shares: Vec<_> = (0..ranks).map(|rank| tree.pieces_of(rank)).collect();
            let all: Vec<_> = shares.iter().cloned().flatten().collect();
            assert_eq!(all, (0..pieces).collect::<Vec<_>>());
            let mut sums: Vec<_> = shares
                .iter()
                .map(|share| if share.is_empty() { String::new() } else { additions(share.clone()) })
                .collect();
            tree.fold(&mut |left, right| sums[left] = format!("({}+{})", sums[left], sums[right]));
            assert_eq!(sums[0], additions(0..pieces), "{pieces} pieces on {ranks} ranks");
            if ranks.is_power_of_two() && ranks <= pieces {
                assert!(shares.iter().all(|share| share.len() <= pieces.div_ceil(ranks)));
            }
        }
    }

    #[test]
    fn more_ranks_than_a_group_has_pieces_take_several_groups_at_once() {
        let found: Vec<_> = trees(0..20, 8, 16).collect();
        assert_eq!(found, [Tree { pieces: 0..8, ranks: 0..8 }, Tree { pieces: 8..16, ranks: 8..16 },]);
        assert_eq!(trees(16..20, 8, 16).collect::<Vec<_>>(), [Tree { pieces: 16..20, ranks: 0..16 }]);
        assert_eq!(trees(0..7, 2, 3).count(), 2);
    }
}
