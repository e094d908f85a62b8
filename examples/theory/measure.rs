//! Real networks, forward and backward, and the norms that a probe of one's own sees on the way.

use chainrule::layer::{Mode, Probe, Seen, Segment};
use chainrule::prelude::*;
use chainrule::rand::Rng;
use chainrule::rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What one network showed, place by place: place 0 is before its first block, place L behind its last.
pub(crate) struct Flow {
    /// The squared norm of the values, over the whole batch.
    pub(crate) values: Vec<f64>,
    /// The squared norm of the gradient by them.
    pub(crate) gradients: Vec<f64>,
}

impl Flow {
    /// The squared norm of the gradient by the network's input, over that by its output.
    pub(crate) fn ratio(&self) -> f64 {
        self.gradients[0] / self.gradients[self.gradients.len() - 1]
    }
}

/// Keeps the norms around each block of an array, which stands at the first level of the network; looks no deeper.
#[derive(Default)]
struct Norms {
    level: usize,
    /// Before and behind each block: the backward pass meets the last one first.
    values: Vec<[f64; 2]>,
    gradients: Vec<[f64; 2]>,
}

impl Probe for Norms {
    fn enter<X: Tensor, L: Layer<X>>(&mut self, _: Segment) {
        self.level += 1;
    }

    fn leave<X: Tensor, L: Layer<X>>(&mut self, seen: Seen<'_, X, L>) {
        self.level -= 1;
        if self.level == 0 {
            let input_grad = seen.input_grad.map_or(f64::NAN, squared_norm);
            self.values.push([squared_norm(seen.input), squared_norm(seen.output)]);
            self.gradients.push([input_grad, squared_norm(seen.output_grad)]);
        }
    }
}

/// In f64: in f32 a sum of squares is 0 long before its terms are.
fn squared_norm<X: Tensor>(xs: &[X]) -> f64 {
    X::flat(xs).iter().map(|x| x.to_f64() * x.to_f64()).sum()
}

/// A network, an array of blocks, drawn by `initializer`, and one backward pass from a normal gradient of its outputs, for
/// `samples` normal inputs of variance 1.
pub(crate) fn flow<Net, const N: usize>(
    initializer: Initializer,
    samples: usize,
    random: &mut ChaCha8Rng,
) -> Flow
where
    Net: Layer<Vector<N>, Output = Vector<N>>,
{
    let network = Net::init_with(initializer, random);
    flow_through(&network, &normal_batch(samples, random), &normal_batch(samples, random))
}

/// The same through this network.
pub(crate) fn flow_through<Net, const N: usize>(
    network: &Net,
    input: &[Vector<N>],
    output_grad: &[Vector<N>],
) -> Flow
where
    Net: Layer<Vector<N>, Output = Vector<N>>,
{
    let mut norms = Norms::default();
    backward(network, input, output_grad, &mut norms);
    let places = |pairs: Vec<[f64; 2]>| {
        let first = pairs.last().map(|[before, _]| *before);
        first.into_iter().chain(pairs.iter().rev().map(|[_, behind]| *behind)).collect()
    };
    Flow { values: places(norms.values), gradients: places(norms.gradients) }
}

/// The gradient by the inputs.
pub(crate) fn backward<Net, const N: usize>(
    network: &Net,
    input: &[Vector<N>],
    output_grad: &[Vector<N>],
    probe: &mut impl Probe,
) -> Vec<Vector<N>>
where
    Net: Layer<Vector<N>, Output = Vector<N>>,
{
    let (mut output, mut input_grad) = (input.to_vec(), input.to_vec());
    let (mut gradient, mut workspace) = (Net::zeros(), Default::default());
    network.forward(input, &mut output, &mut workspace, &mut Mode::Evaluate);
    network.backward(input, &output, output_grad, Some(&mut input_grad), &mut gradient, &mut workspace, probe);
    input_grad
}

/// Independent normal numbers of variance 1.
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
