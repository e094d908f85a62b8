//! Training for the experiments with deep networks: images as vectors, any optimizer, clipping, a recorder.

#[path = "digits.rs"]
pub(crate) mod digits;

use std::error::Error;

use chainrule::Real;
use chainrule::flow::Recorder;
use chainrule::layer::{Owned, Parameter, Role, ViewMut, Visitor, visit};
use chainrule::optimizer::Optimizer;
use chainrule::prelude::*;
use chainrule::rand::seq::SliceRandom;

/// Images as vectors, and the class of each.
pub(crate) struct Set<const D: usize> {
    pub(crate) images: Vec<Vector<D>>,
    pub(crate) labels: Vec<Label<10>>,
}

impl Set<64> {
    /// Returns the training and the test digits that come with this crate, with the mean image subtracted from each.
    pub(crate) fn digits() -> Result<(Self, Self), Box<dyn Error>> {
        let set = |digits: Vec<digits::Digit>| {
            let (images, labels) = digits.into_iter().unzip();
            Self { images, labels }
        };
        let (mut learn, mut test) = (set(digits::train()?), set(digits::test()?));
        for pixel in 0..64 {
            let mean = learn.images.iter().map(|x| x[pixel]).sum::<f32>() / learn.images.len() as f32;
            learn.images.iter_mut().chain(&mut test.images).for_each(|x| x[pixel] -= mean);
        }
        Ok((learn, test))
    }
}

/// How to train.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) batch: usize,
    pub(crate) steps: usize,
    /// The norm to which longer gradients are clipped.
    pub(crate) clip: f64,
    /// The share of the targets that label smoothing spreads over all classes.
    pub(crate) smoothing: f64,
    pub(crate) seed: u64,
}

/// Trains a network. Before each step it calls `each` with the optimizer and the share of the steps that are done.
/// Returns the network and the mean loss of its last hundred steps.
pub(crate) fn train<N, O, const D: usize>(
    mut net: Owned<N>,
    mut optimizer: O,
    set: &Set<D>,
    plan: Plan,
    recorder: &mut Recorder,
    mut each: impl FnMut(&mut O, f64),
) -> Result<(Owned<N>, f64), chainrule::Error>
where
    N: Maps<Vector<D>, Vector<10>>,
    O: Optimizer<N>,
{
    let (loss, mut random) = (CrossEntropy::smoothed(plan.smoothing), rng(plan.seed));
    let (mut workspace, mut gradient) = (Workspace::default(), N::zeros());
    let mut order: Vec<usize> = (0..set.images.len()).collect();
    let mut batches = Vec::new();
    let mut losses = Vec::new();
    for step in 0..plan.steps {
        if batches.is_empty() {
            order.shuffle(&mut random);
            batches = order.chunks(plan.batch).map(<[usize]>::to_vec).collect();
        }
        let batch = batches.pop().unwrap_or_default();
        let images: Vec<_> = batch.iter().map(|&at| set.images[at]).collect();
        let labels: Vec<_> = batch.iter().map(|&at| set.labels[at]).collect();
        losses.push(recorder.loss_gradient(
            &*net,
            &loss,
            &images,
            &labels,
            &mut workspace,
            &mut gradient,
            &mut random,
        )?);
        let norm = gradient.norm();
        if norm > plan.clip {
            visit([], [ViewMut::of(&mut *gradient)], &mut Scale(plan.clip / norm));
        }
        each(&mut optimizer, step as f64 / plan.steps as f64);
        recorder.step(&mut optimizer, &mut net, &gradient)?;
    }
    let last = &losses[losses.len().saturating_sub(100)..];
    Ok((net, last.iter().sum::<f64>() / last.len() as f64))
}

/// Returns the share of the images that are classified correctly.
pub(crate) fn accuracy<N, const D: usize>(net: &N, set: &Set<D>) -> Result<f64, chainrule::Error>
where
    N: Maps<Vector<D>, Vector<10>>,
{
    chainrule::metrics::accuracy(&net.predict_batch(&set.images)?, &set.labels)
}

/// Multiplies a gradient by a number. Buffers have no gradient.
struct Scale(f64);

impl Visitor<0, 1> for Scale {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if !matches!(parameter.role, Role::Buffer { .. }) {
            xs.iter_mut().for_each(|x| *x *= T::from_f64(self.0));
        }
    }
}
