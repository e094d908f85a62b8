//! A loss without its types, and the facts about the targets that follow from it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::{Any, TypeId};
use core::marker::PhantomData;

use crate::error::short_type_name;
use crate::kernel::Real;
use crate::loss::{Loss, TargetFor};
use crate::tensor::Tensor;

/// The loss of any outputs for the targets of a data set.
pub(super) trait Judge {
    /// Returns the name of the loss.
    fn name(&self) -> &str;

    /// Returns how many numbers an output has.
    fn len(&self) -> usize;

    /// Returns the loss of this output for the target of a sample, times its weight, and writes the gradient. `None` if
    /// the loss is not defined for this output.
    fn one(&self, sample: usize, output: &[f64], gradient: &mut [f64]) -> Option<f64>;

    /// Returns the weight of this sample.
    fn weight(&self, sample: usize) -> f64;

    /// Returns the numbers of a target, if it is a tensor of the output's type.
    fn target(&self, sample: usize) -> Option<Vec<f64>>;
}

/// A loss with its targets.
pub(super) struct Of<'a, L, Y, T> {
    loss: &'a L,
    targets: &'a [T],
    name: String,
    outputs: PhantomData<fn(Y)>,
}

impl<'a, L, Y, T> Of<'a, L, Y, T> {
    pub(super) fn new(loss: &'a L, targets: &'a [T]) -> Self {
        Self { loss, targets, name: short_type_name::<L>(), outputs: PhantomData }
    }
}

impl<L, Y: Tensor, T: TargetFor<L, Y> + 'static> Judge for Of<'_, L, Y, T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        Y::LEN
    }

    fn one(&self, sample: usize, output: &[f64], gradient: &mut [f64]) -> Option<f64> {
        let (loss, target) = (T::compare_by(self.loss), self.targets.get(sample)?);
        let [mut y, mut g]: [Box<Y>; 2] = [bytemuck::zeroed_box(), bytemuck::zeroed_box()];
        y.as_mut_slice().iter_mut().zip(output).for_each(|(to, from)| *to = Real::from_f64(*from));
        loss.check_output(&y, sample).ok()?;
        let value = loss.value(&y, target);
        loss.gradient(&y, target, &mut g);
        gradient.iter_mut().zip(g.as_slice()).for_each(|(to, from)| *to = from.to_f64());
        (value.is_finite() && gradient.iter().all(|g| g.is_finite())).then_some(value)
    }

    fn weight(&self, sample: usize) -> f64 {
        self.targets.get(sample).map_or(0.0, |target| T::compare_by(self.loss).weight(target))
    }

    fn target(&self, sample: usize) -> Option<Vec<f64>> {
        if TypeId::of::<T>() != TypeId::of::<Y>() {
            return None;
        }
        let target = (self.targets.get(sample)? as &dyn Any).downcast_ref::<Y>()?;
        Some(target.as_slice().iter().map(|y| y.to_f64()).collect())
    }
}

/// Returns the mean loss of outputs for samples, one after the other, and writes its gradient.
pub(super) fn mean(
    judge: &dyn Judge,
    samples: &[usize],
    outputs: &[f64],
    gradient: &mut [f64],
) -> Option<f64> {
    let len = judge.len();
    let weight: f64 = samples.iter().map(|&sample| judge.weight(sample)).sum();
    let mut sum = 0.0;
    for ((&sample, output), gradient) in
        samples.iter().zip(outputs.chunks_exact(len)).zip(gradient.chunks_exact_mut(len))
    {
        sum += judge.one(sample, output, gradient)?;
        gradient.iter_mut().for_each(|g| *g /= weight);
    }
    Some(sum / weight).filter(|mean| mean.is_finite())
}

/// The number of steps of the search for the best constant.
const SEARCH: usize = 80;

/// Returns whether the loss takes log-probabilities. Such a loss has no minimum over all outputs, so an output must be
/// normalized first.
pub(super) fn is_normalized(judge: &dyn Judge) -> bool {
    ["NllLoss", "WeightedNllLoss", "KlDivergence"].iter().any(|name| judge.name().starts_with(name))
}

/// Returns the output with the smallest mean loss over all samples, and that loss. `None` if the loss has no minimum.
pub(super) fn best_constant(judge: &dyn Judge, samples: &[usize], start: &[f64]) -> Option<(Vec<f64>, f64)> {
    let len = judge.len();
    let loss_of = |constant: &[f64]| -> Option<(f64, Vec<f64>)> {
        let outputs: Vec<f64> = samples.iter().flat_map(|_| constant.iter().copied()).collect();
        let mut gradients = alloc::vec![0.0; outputs.len()];
        let loss = mean(judge, samples, &outputs, &mut gradients)?;
        let mut gradient = alloc::vec![0.0; len];
        gradients.chunks_exact(len).for_each(|g| gradient.iter_mut().zip(g).for_each(|(sum, g)| *sum += g));
        Some((loss, gradient))
    };
    let normalized = is_normalized(judge);
    let settle = |constant: &mut Vec<f64>| {
        if normalized {
            let largest = constant.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = constant.iter().map(|x| (x - largest).exp()).sum();
            constant.iter_mut().for_each(|x| *x -= largest + sum.ln());
        }
    };
    // For targets that are tensors, the mean is the best constant of a squared error, and a good start for any other
    // loss.
    let mut constant = start.to_vec();
    if let Some(means) = mean_target(judge, samples)
        && loss_of(&means).zip(loss_of(&constant)).is_some_and(|(a, b)| a.0 < b.0)
    {
        constant = means;
    }
    settle(&mut constant);
    let (mut loss, mut gradient) = loss_of(&constant)?;
    let first = loss;
    let mut rate = 1.0;
    for _ in 0..SEARCH {
        let mut next: Vec<f64> = constant.iter().zip(&gradient).map(|(x, g)| x - rate * g).collect();
        settle(&mut next);
        match loss_of(&next) {
            Some((lower, its_gradient)) if lower < loss => {
                let gained = loss - lower;
                (constant, loss, gradient) = (next, lower, its_gradient);
                rate *= 2.0;
                if gained < 1e-7 * loss.abs().max(1e-12) {
                    break;
                }
            }
            _ => rate /= 4.0,
        }
        if rate < 1e-12 {
            break;
        }
    }
    // A loss that falls without end has no best constant.
    (loss > -1e3 * (1.0 + first.abs())).then_some((constant, loss))
}

/// Returns the mean of targets that are tensors.
pub(super) fn mean_target(judge: &dyn Judge, samples: &[usize]) -> Option<Vec<f64>> {
    let mut sum = alloc::vec![0.0; judge.len()];
    for &sample in samples {
        sum.iter_mut().zip(judge.target(sample)?).for_each(|(sum, y)| *sum += y / samples.len() as f64);
    }
    Some(sum)
}

/// The largest number of classes that is searched for.
const MOST_CLASSES: usize = 64;

/// Returns the samples of each class, if the targets are classes: samples whose loss has the same gradient at one
/// output have the same target. `None` if the targets have more distinct values than classes would have.
pub(super) fn classes(judge: &dyn Judge, samples: &[usize]) -> Option<Vec<Vec<usize>>> {
    let len = judge.len();
    let probe = [0.0, 0.5].into_iter().find_map(|at| {
        let output = alloc::vec![at; len];
        let mut gradient = alloc::vec![0.0; len];
        judge.one(*samples.first()?, &output, &mut gradient)?;
        Some(output)
    })?;
    let mut classes: Vec<(Vec<f64>, Vec<usize>)> = Vec::new();
    for &sample in samples {
        let mut gradient = alloc::vec![0.0; len];
        judge.one(sample, &probe, &mut gradient)?;
        match classes.iter().position(|(known, _)| *known == gradient) {
            Some(class) => classes[class].1.push(sample),
            None if classes.len() == MOST_CLASSES => return None,
            None => classes.push((gradient, alloc::vec![sample])),
        }
    }
    let few = !classes.is_empty() && 4 * classes.len() <= samples.len().max(8);
    few.then(|| classes.into_iter().map(|(_, members)| members).collect())
}
