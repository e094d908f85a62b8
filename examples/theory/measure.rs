//! Forward and backward passes of real networks, and the norms that a hook records.

use chainrule::layer::{BackwardHook, LayerPass, Plan, Segment};
use chainrule::prelude::*;
use chainrule::rand::Rng;
use chainrule::rand::rngs::ChaCha8Rng;
use chainrule::tensor::Numbers;
use rand_distr::{Distribution, StandardNormal};

use crate::along::Along;

/// The measurements of one network at each place: place 0 is before its first block, place L after its last.
pub(crate) struct Flow {
    /// The squared norm of the values, over the whole batch.
    pub(crate) values: Vec<f64>,
    /// The squared norm of the gradient with respect to them.
    pub(crate) gradients: Vec<f64>,
}

impl Flow {
    /// Returns the squared norm of the gradient with respect to the network's input, divided by that with respect to
    /// its output.
    pub(crate) fn ratio(&self) -> f64 {
        self.gradients[0] / self.gradients[self.gradients.len() - 1]
    }
}

/// Records the norms around each block of an array, at the first level of the network.
#[derive(Default)]
struct Norms {
    level: usize,
    /// Before and after each block. The backward pass reaches the last block first.
    values: Vec<[f64; 2]>,
    gradients: Vec<[f64; 2]>,
}

impl BackwardHook for Norms {
    fn enter(&mut self, _: Segment, _: &'static Plan) {
        self.level += 1;
    }

    fn leave(&mut self, pass: &LayerPass<'_>) {
        // The last call is for the network itself, without a call of `enter`.
        let Some(level) = self.level.checked_sub(1) else { return };
        self.level = level;
        if level == 0 {
            let input_grad = pass.input_grad.as_ref().map_or(f64::NAN, squared_norm);
            self.values.push([squared_norm(&pass.input), squared_norm(&pass.output)]);
            self.gradients.push([input_grad, squared_norm(&pass.output_grad)]);
        }
    }
}

/// In f64, because in f32 the squares of small numbers are 0.
fn squared_norm(xs: &Numbers<'_>) -> f64 {
    xs.iter().map(|x| x * x).sum()
}

/// Draws a network (an array of blocks), and measures a backward pass from a normal gradient at its outputs, for
/// `samples` normal inputs of variance 1.
pub(crate) fn flow<Net, const N: usize>(
    initializer: Initializer,
    samples: usize,
    random: &mut ChaCha8Rng,
) -> Result<Flow, chainrule::Error>
where
    Net: Maps<Vector<N>, Vector<N>>,
{
    let network = Net::init_with(initializer, random);
    flow_through(&*network, &normal_batch(samples, random), &normal_batch(samples, random))
}

/// Measures the forward and the backward pass through this network.
pub(crate) fn flow_through<Net, const N: usize>(
    network: &Net,
    input: &[Vector<N>],
    output_grad: &[Vector<N>],
) -> Result<Flow, chainrule::Error>
where
    Net: Maps<Vector<N>, Vector<N>>,
{
    let (mut norms, mut workspace, mut gradient) = (Norms::default(), Workspace::default(), Net::zeros());
    let random = &mut rng(0); // nothing in these networks is random
    network.loss_gradient_with_hook(
        &Along,
        input,
        output_grad,
        &mut workspace,
        &mut gradient,
        random,
        &mut norms,
    )?;
    let places = |pairs: Vec<[f64; 2]>| {
        let first = pairs.last().map(|[before, _]| *before);
        first.into_iter().chain(pairs.iter().rev().map(|[_, after]| *after)).collect()
    };
    Ok(Flow { values: places(norms.values), gradients: places(norms.gradients) })
}

/// Returns independent normal numbers of variance 1.
pub(crate) fn normal_batch<const N: usize>(samples: usize, random: &mut impl Rng) -> Vec<Vector<N>> {
    let mut number = || {
        let number: f64 = StandardNormal.sample(random);
        number as f32
    };
    (0..samples).map(|_| Vector(std::array::from_fn(|_| number()))).collect()
}

pub(crate) fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len() as f64
}

pub(crate) fn geometric_mean(xs: impl Iterator<Item = f64>) -> f64 {
    mean(&xs.map(f64::ln).collect::<Vec<_>>()).exp()
}
