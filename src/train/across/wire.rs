//! The gradient as bytes: its division among the ranks, and its sum.

use chainrule_parameters::{View, ViewMut};

use crate::kernel::{Real, elementwise};
use crate::layer::{Parameter, Visitor, visit};
use crate::train::sums::{CompensatedSum, Sum};

/// The layout of a network's numbers in words of 8 bytes: all `f32` first, then all `f64`, each group aligned. Each
/// rank adds up a chunk, an equal part of the words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Wire {
    /// The number of words of the `f32`.
    singles: usize,
    /// The number of words of a chunk.
    pub(super) chunk: usize,
}

impl Wire {
    pub(super) fn of(network: View<'_>, ranks: usize) -> Self {
        let mut count = Count::default();
        visit([network], [], &mut count);
        let singles = count.singles.div_ceil(2);
        Self { singles, chunk: (singles + count.doubles).div_ceil(ranks) }
    }

    /// Copies the numbers of a network to words.
    pub(super) fn write(self, network: View<'_>, words: &mut [u64]) {
        let (singles, doubles) = words.split_at_mut(self.singles);
        let (singles, doubles) = (bytemuck::cast_slice_mut(singles), bytemuck::cast_slice_mut(doubles));
        visit([network], [], &mut Write { singles, doubles });
    }

    /// Copies the words to the numbers of a network.
    pub(super) fn read(self, words: &[u64], network: ViewMut<'_>) {
        let (singles, doubles) = words.split_at(self.singles);
        let (singles, doubles) = (bytemuck::cast_slice(singles), bytemuck::cast_slice(doubles));
        visit([], [network], &mut Read { singles, doubles });
    }

    /// Computes `to += from` for the chunk of a rank.
    pub(super) fn add(self, rank: usize, from: &[u64], to: &mut [u64]) {
        let at = self.split(rank);
        let ((singles, doubles), (to_singles, to_doubles)) = (from.split_at(at), to.split_at_mut(at));
        elementwise::<f32, 1, 1>(
            &Sum,
            [bytemuck::cast_slice(singles)],
            [bytemuck::cast_slice_mut(to_singles)],
        );
        elementwise::<f64, 1, 1>(
            &Sum,
            [bytemuck::cast_slice(doubles)],
            [bytemuck::cast_slice_mut(to_doubles)],
        );
    }

    /// Computes `to += from` for the chunk of a rank with compensation: see `add_compensated`.
    pub(super) fn add_compensated(self, rank: usize, from: &[u64], to: &mut [u64], errors: &mut [u64]) {
        let at = self.split(rank);
        let (singles, doubles) = from.split_at(at);
        let (to_singles, to_doubles) = to.split_at_mut(at);
        let (error_singles, error_doubles) = errors.split_at_mut(at);
        let write = [to_singles, error_singles].map(bytemuck::cast_slice_mut);
        elementwise::<f32, 1, 2>(&CompensatedSum, [bytemuck::cast_slice(singles)], write);
        let write = [to_doubles, error_doubles].map(bytemuck::cast_slice_mut);
        elementwise::<f64, 1, 2>(&CompensatedSum, [bytemuck::cast_slice(doubles)], write);
    }

    /// Returns how many words of a rank's chunk are `f32`.
    fn split(self, rank: usize) -> usize {
        self.singles.saturating_sub(rank * self.chunk).min(self.chunk)
    }
}

#[derive(Default)]
struct Count {
    singles: usize,
    doubles: usize,
}

impl Visitor<1, 0> for Count {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        *(if is_single::<T>() { &mut self.singles } else { &mut self.doubles }) += xs.len();
    }
}

fn is_single<T>() -> bool {
    size_of::<T>() == size_of::<f32>()
}

struct Write<'a> {
    singles: &'a mut [u8],
    doubles: &'a mut [u8],
}

impl Visitor<1, 0> for Write<'_> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        let rest = if is_single::<T>() { &mut self.singles } else { &mut self.doubles };
        let (here, others) = core::mem::take(rest).split_at_mut(size_of_val(xs));
        here.copy_from_slice(bytemuck::cast_slice(xs));
        *rest = others;
    }
}

struct Read<'a> {
    singles: &'a [u8],
    doubles: &'a [u8],
}

impl Visitor<0, 1> for Read<'_> {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        let rest = if is_single::<T>() { &mut self.singles } else { &mut self.doubles };
        let (here, others) = rest.split_at(size_of_val(xs));
        bytemuck::cast_slice_mut(xs).copy_from_slice(here);
        *rest = others;
    }
}

/// Returns a hash of the weights and of their order.
pub(super) fn digest(network: View<'_>) -> u64 {
    let mut digest = Digest(0);
    visit([network], [], &mut digest);
    digest.0
}

/// The hash of the crate `rustc-hash`: fast, but not safe against collisions that are made on purpose.
struct Digest(u64);

impl Visitor<1, 0> for Digest {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        for x in xs {
            self.0 = (self.0.rotate_left(5) ^ x.to_f64().to_bits()).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::Init;
    use crate::layer::Linear;
    use crate::random::rng;

    /// Both scalars, with an odd number of `f32`.
    type Mixed = (Linear<2, 5>, Linear<3, 1, f64>, Linear<1, 2>);

    #[test]
    fn a_network_of_both_scalars_is_divided_into_chunks_and_added_as_by_one_process() {
        let [a, b] = [1, 2].map(|seed| Mixed::init(&mut rng(seed)));
        for ranks in 1..9 {
            let wire = Wire::of(View::of(&*a), ranks);
            let mut words = [vec![0; wire.chunk * ranks], vec![0; wire.chunk * ranks]];
            wire.write(View::of(&*a), &mut words[0]);
            wire.write(View::of(&*b), &mut words[1]);
            let [sum, other] = &mut words;
            for (rank, (to, from)) in sum.chunks_mut(wire.chunk).zip(other.chunks(wire.chunk)).enumerate() {
                wire.add(rank, from, to);
            }
            let mut found = Mixed::init(&mut rng(3));
            wire.read(sum, ViewMut::of(&mut *found));
            let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
            assert_eq!(found.0.weights(), sum(a.0.weights(), b.0.weights()));
            assert_eq!(found.2.weights(), sum(a.2.weights(), b.2.weights()));
            for (at, found) in found.1.weights().iter().enumerate() {
                assert_eq!(*found, a.1.weights()[at] + b.1.weights()[at]);
            }
        }
    }

    #[test]
    fn a_digest_shows_a_sign_and_an_order() {
        let net = Mixed::init(&mut rng(1));
        let digest_of = |change: &dyn Fn(&mut Mixed)| {
            let mut changed = net.clone();
            change(&mut changed);
            digest(View::of(&*changed))
        };
        let digests = [
            digest_of(&|_| ()),
            digest_of(&|net| net.0.bias.0[0] = -0.0),
            digest_of(&|net| (net.0.bias.0[0], net.0.bias.0[1]) = (-0.0, -0.0)),
            digest_of(&|net| net.0.bias.0[2] = 1.0),
            digest_of(&|net| net.0.bias.0[3] = 1.0),
        ];
        assert!((1..digests.len()).all(|at| !digests[..at].contains(&digests[at])), "{digests:?}");
    }
}
