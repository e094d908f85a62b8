//! The softmax of scores at each position of an output, and the cross-entropy with it.

use super::class_target::{ClassTarget, ClassWeights, Shares};
use crate::kernel::elementary::exp_below_0;
use crate::kernel::{Kernel, Level, Real, dispatch, exp_below_largest, log_sum_exp, maximum, sum};
use crate::tensor::Tensor;

/// The number of positions that are computed together if the scores of a position are not adjacent in memory.
const BLOCK: usize = 64;

/// Returns the sum over a sample's positions of Σ qₖ (ln Σ exp aⱼ - aₖ), with the q of `shares`.
pub(super) fn value<W: ClassWeights, Y: Tensor, Target: ClassTarget<Y>>(
    shares: &Shares<'_, W>,
    output: &Y,
    target: &Target,
) -> f64 {
    let scores = output.as_slice();
    if !Target::CLASSES_FIRST {
        let rows = scores.chunks_exact(Target::CLASSES).enumerate();
        return rows.fold(0.0, |total, (position, scores)| match shares.at(target, position) {
            None => total,
            Some(q) => total + of(scores, log_sum_exp(scores), q),
        });
    }
    let mut total = 0.0;
    for start in (0..Target::POSITIONS).step_by(BLOCK) {
        let block = Block { scores, positions: Target::POSITIONS, start, exponentials: None };
        let (largest, sums) = dispatch(block);
        for at in 0..BLOCK.min(Target::POSITIONS - start) {
            let Some(q) = shares.at(target, start + at) else { continue };
            let scores = scores[start + at..].iter().step_by(Target::POSITIONS);
            total += of(scores, (largest[at], sums[at].ln()), q);
        }
    }
    total
}

/// Returns the sum of the [`value`]s of all samples, and writes `share` times its gradient, p Σ q - q at each position,
/// to `gradient`. It computes one exponential for each score.
pub(super) fn sum_and_gradient<W: ClassWeights, Y: Tensor, Target: ClassTarget<Y>>(
    shares: &Shares<'_, W>,
    outputs: &[Y],
    targets: &[Target],
    gradients: &mut [Y],
    share: f64,
) -> f64 {
    if Target::CLASSES_FIRST {
        let samples = outputs.iter().zip(targets).zip(gradients);
        return samples.fold(0.0, |total, ((output, target), gradient)| {
            total + planes(shares, output.as_slice(), target, gradient.as_mut_slice(), share)
        });
    }
    let (scores, gradient) = (Y::flat(outputs), Y::flat_mut(gradients));
    let (classes, positions) = (Target::CLASSES, Target::POSITIONS);
    exp_below_largest(scores, classes, gradient);
    let rows = scores.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes));
    rows.enumerate().fold(0.0, |total, (row, (scores, gradient))| {
        let Some(q) = shares.at(&targets[row / positions], row % positions) else {
            gradient.fill(Real::zero());
            return total;
        };
        let norm = sum(gradient);
        let scale = Y::Scalar::from_f64((0..classes).fold(0.0, |sum, class| sum + q(class)) * share) / norm;
        for (class, g) in gradient.iter_mut().enumerate() {
            *g = *g * scale - Y::Scalar::from_f64(q(class) * share);
        }
        total + of(scores, (maximum(scores), norm.ln()), q)
    })
}

/// Computes Σ qₖ (ln Σ exp aⱼ - aₖ). `largest` is the largest score, and `log_sum` the logarithm of the sum.
fn of<'a, T: Real>(
    scores: impl IntoIterator<Item = &'a T>,
    (largest, log_sum): (T, T),
    q: impl Fn(usize) -> f64,
) -> f64 {
    let minus_log = |a: T| (largest - a).to_f64() + log_sum.to_f64();
    scores.into_iter().enumerate().fold(0.0, |sum, (class, &a)| {
        let q = q(class);
        if q == 0.0 { sum } else { sum + q * minus_log(a) }
    })
}

/// Computes [`sum_and_gradient`] for one sample in which the scores of a position are not adjacent in memory.
fn planes<W: ClassWeights, Y: Tensor<Scalar = T>, Target: ClassTarget<Y>, T: Real>(
    shares: &Shares<'_, W>,
    scores: &[T],
    target: &Target,
    gradient: &mut [T],
    share: f64,
) -> f64 {
    let (mut total, positions) = (0.0, Target::POSITIONS);
    for start in (0..positions).step_by(BLOCK) {
        let (largest, sums) =
            dispatch(Block { scores, positions, start, exponentials: Some(&mut *gradient) });
        for at in 0..BLOCK.min(positions - start) {
            let place = |class| class * positions + start + at;
            let Some(q) = shares.at(target, start + at) else {
                (0..Target::CLASSES).for_each(|class| gradient[place(class)] = T::zero());
                continue;
            };
            let counts = (0..Target::CLASSES).fold(0.0, |sum, class| sum + q(class));
            let scale = T::from_f64(counts * share) / sums[at];
            for class in 0..Target::CLASSES {
                let g = &mut gradient[place(class)];
                *g = *g * scale - T::from_f64(q(class) * share);
            }
            let scores = scores[start + at..].iter().step_by(positions);
            total += of(scores, (largest[at], sums[at].ln()), q);
        }
    }
    total
}

/// Computes the largest score m of each of the next positions, and Σ exp(a - m); also writes each exp(a - m).
struct Block<'a, T> {
    scores: &'a [T],
    positions: usize,
    start: usize,
    exponentials: Option<&'a mut [T]>,
}

impl<T: Real> Kernel for Block<'_, T> {
    type Output = ([T; BLOCK], [T; BLOCK]);

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> ([T; BLOCK], [T; BLOCK]) {
        let Self { scores, positions, start, mut exponentials } = self;
        let len = BLOCK.min(positions - start);
        let (mut largest, mut sums, mut e) = ([T::zero(); BLOCK], [T::zero(); BLOCK], [T::zero(); BLOCK]);
        largest[..len].copy_from_slice(&scores[start..start + len]);
        for class in scores.chunks_exact(positions) {
            for (m, &a) in largest.iter_mut().zip(&class[start..start + len]) {
                *m = if a > *m { a } else { *m };
            }
        }
        for (class, scores) in scores.chunks_exact(positions).enumerate() {
            for ((e, &m), &a) in e.iter_mut().zip(&largest).zip(&scores[start..start + len]) {
                *e = exp_below_0::<L, T>(a - m);
            }
            for (sum, &e) in sums.iter_mut().zip(&e) {
                *sum += e;
            }
            if let Some(to) = &mut exponentials {
                let first = class * positions + start;
                to[first..first + len].copy_from_slice(&e[..len]);
            }
        }
        (largest, sums)
    }
}
