use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::figures::{LayerFlow, ParameterFlow, SlopeFlow, WayFlow, WeightsFlow, norm, ratio, rms};
use super::histogram::Histogram;
use super::spectrum::spectrum;
use super::{Detail, SATURATED};
use crate::kernel::Real;
use crate::layer::{
    Factor, Layer, NoProbe, Parameter, Parameters, Probe, Role, Seen, Segment, Visitor, as_written, describe,
    short_type_name, visit,
};
use crate::tensor::Tensor;

/// Bins of each histogram.
const BINS: usize = 40;

/// Watches one backward pass and writes down what each layer does to the gradient.
///
/// [`GradientFlow::flow`](super::GradientFlow::flow) is the short way; this is for a pass that one makes anyway:
///
/// ```
/// use chainrule::flow::{Detail, FlowProbe};
/// use chainrule::prelude::*;
/// type Net = (Linear<4, 8>, Tanh, Linear<8, 2>);
///
/// let (net, mut gradient, mut tape) = (Net::init(&mut rng(1)), Net::zeros(), Tape::default());
/// let (inputs, targets) = ([Vector([1.0, 0.0, -1.0, 0.5])], [Label::<2>::new(1)?]);
/// let mut probe = FlowProbe::new::<Net, Vector<4>>(Detail::default());
/// net.loss_gradient_with(
///     &CrossEntropy::default(), &inputs, &targets, &mut tape, &mut gradient, &mut rng(2), &mut probe,
/// )?;
/// let layers = probe.into_layers();
/// assert_eq!(layers[1].path, "0");
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug)]
pub struct FlowProbe {
    detail: Detail,
    /// Where the forward pass was not finite there is no gradient to be measured.
    pub(super) forward_only: bool,
    path: Vec<Segment>,
    /// The layers that have been entered and not yet left, outermost first; the network itself is the first.
    open: Vec<Open>,
    layers: Vec<LayerFlow>,
}

/// A layer with the backward pass inside it.
#[derive(Debug)]
struct Open {
    factor: Factor,
    /// The layers inside that have been left, each followed by those inside it.
    inside: Vec<Vec<LayerFlow>>,
    /// Of a sum: what each way has brought to the input.
    ways: Vec<Way>,
}

#[derive(Debug)]
struct Way {
    name: String,
    input_grad: Vec<f64>,
}

impl Way {
    fn figures(&self) -> WayFlow {
        WayFlow { name: self.name.clone(), input_grad_rms: rms(&self.input_grad) }
    }
}

impl Open {
    fn new(factor: Factor) -> Self {
        Self { factor, inside: Vec::new(), ways: Vec::new() }
    }
}

impl FlowProbe {
    /// For one backward pass through a network `N` on inputs `X`.
    pub fn new<N: Layer<X>, X: Tensor>(detail: Detail) -> Self {
        let open = [Open::new(N::FACTOR)].into();
        Self { detail, forward_only: false, path: Vec::new(), open, layers: Vec::new() }
    }

    /// The network itself, then each layer in the order of the forward pass, before the layers inside it. Empty unless a
    /// whole backward pass has been seen; of several, the last.
    pub fn into_layers(self) -> Vec<LayerFlow> {
        self.layers
    }

    /// The figures of a layer that has just been left, with those of the layers inside it to follow.
    fn figures<X: Tensor, L: Layer<X>>(&self, seen: &Seen<'_, X, L>, open: &Open) -> LayerFlow {
        let output_grad = (!self.forward_only).then(|| L::Output::flat(seen.output_grad));
        let input_grad = seen.input_grad.filter(|_| !self.forward_only).map(X::flat);
        let gain = input_grad.zip(output_grad).and_then(|(dx, dy)| ratio(norm(dx), norm(dy)));
        let leaf = open.inside.is_empty();
        let output = L::Output::flat(seen.output);
        let counted = leaf && self.detail.histograms;
        LayerFlow {
            path: self.path.iter().map(Segment::to_string).collect::<Vec<_>>().join("."),
            layer: as_written(&short_type_name::<L>()).into_owned(),
            level: self.path.len(),
            factor: L::FACTOR,
            input_shape: X::SHAPE,
            output_shape: L::Output::SHAPE,
            input_rms: rms(X::flat(seen.input)),
            output_rms: rms(output),
            output_grad_rms: output_grad.map(rms),
            input_grad_rms: input_grad.map(rms),
            gain,
            slope: match L::FACTOR {
                Factor::Slope { steepest } => Some(slope(seen, steepest)),
                _ => None,
            },
            weights: (L::FACTOR == Factor::Weights).then(|| WeightsFlow {
                gain,
                fan_in: fan_in::<L>(),
                spectrum: if self.detail.spectra { spectrum::<X, L>(seen.layer) } else { None },
            }),
            ways: open.ways.iter().map(Way::figures).collect(),
            cosine: match &open.ways[..] {
                [a, b] if !self.forward_only => cosine(&a.input_grad, &b.input_grad),
                _ => None,
            },
            parameters: if leaf { self.parameters(seen.layer, seen.gradient) } else { Vec::new() },
            outputs: counted.then(|| Histogram::of(output.iter().map(|y| y.to_f64()), BINS)),
            output_grads: output_grad
                .filter(|_| counted)
                .map(|dy| Histogram::of(dy.iter().map(|dy| dy.to_f64().abs().log10()), BINS)),
        }
    }
}

impl FlowProbe {
    /// The parameters of a leaf; a statistic is measured, not trained, and has no gradient.
    fn parameters<N: Parameters>(&self, layer: &N, gradient: &N) -> Vec<ParameterFlow> {
        let mut list = List(Vec::new());
        visit([layer, gradient], [], &mut list);
        if self.forward_only {
            list.0.iter_mut().for_each(|parameter| parameter.gradient_norm = f64::NAN);
        }
        list.0
    }
}

impl Probe for FlowProbe {
    fn enter<X: Tensor, L: Layer<X>>(&mut self, name: Segment) {
        self.path.push(name);
        self.open.push(Open::new(L::FACTOR));
    }

    fn leave<X: Tensor, L: Layer<X>>(&mut self, seen: Seen<'_, X, L>) {
        let Some(mut open) = self.open.pop() else { return };
        let mut layers = [self.figures(&seen, &open)].to_vec();
        // A product is gone through from its last layer to its first.
        if open.factor == Factor::Product {
            open.inside.reverse();
        }
        layers.extend(open.inside.into_iter().flatten());

        let Some((parent, name)) = self.open.last_mut().zip(self.path.pop()) else {
            // The network itself; another pass may follow.
            self.layers = layers;
            self.open.push(Open::new(open.factor));
            return;
        };
        if parent.factor == Factor::Sum
            && !self.forward_only
            && let Some(dx) = seen.input_grad
        {
            let input_grad = X::flat(dx).iter().map(|dx| dx.to_f64()).collect();
            parent.ways.push(Way { name: name.to_string(), input_grad });
        }
        parent.inside.push(layers);
    }
}

/// The cosine of the angle between two gradients.
fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a_norm, b_norm) = (norm(a), norm(b));
    let product: f64 = a.iter().zip(b).map(|(a, b)| (a / a_norm) * (b / b_norm)).sum();
    product.is_finite().then(|| product.clamp(-1.0, 1.0))
}

/// g'(Z), which is what the backward pass makes of a gradient of ones.
fn slope<X: Tensor, L: Layer<X>>(seen: &Seen<'_, X, L>, steepest: f64) -> SlopeFlow {
    let samples = seen.input.len();
    let (mut ones, mut slopes) = (bytemuck::zeroed_vec(samples), bytemuck::zeroed_vec::<X>(samples));
    L::Output::flat_mut(&mut ones).fill(Real::from_f64(1.0));
    let (gradient, tape) = (&mut L::zeros(), &mut L::Tape::default());
    seen.layer.backward(seen.input, seen.output, &ones, Some(&mut slopes), gradient, tape, &mut NoProbe);

    // Input and output are of one shape.
    let (slopes, outputs, zero) = (X::flat(&slopes), L::Output::flat(seen.output), Real::from_f64(0.0));
    let (mut sum, mut saturated, mut alive) = (0.0, 0, vec![false; units(X::SHAPE)]);
    for (at, slope) in slopes.iter().map(|slope| slope.to_f64().abs()).enumerate() {
        sum += slope;
        saturated += usize::from(slope < SATURATED * steepest);
        alive[unit(X::SHAPE, at % X::LEN)] |= slope != 0.0 || outputs[at] != zero;
    }
    let dead = alive.iter().filter(|alive| !**alive).count();
    SlopeFlow {
        mean: sum / slopes.len() as f64,
        steepest,
        saturated: saturated as f64 / slopes.len() as f64,
        dead: dead as f64 / alive.len() as f64,
    }
}

/// How many units a tensor of these sides has: features, or channels of an image.
fn units(shape: &[usize]) -> usize {
    match *shape {
        [_, features] => features,
        [units, ..] => units,
        [] => 1,
    }
}

/// Which unit the number at this place of a sample belongs to.
fn unit(shape: &[usize], at: usize) -> usize {
    match *shape {
        [_, features] => at % features,
        [_, height, width] => at / (height * width),
        _ => at,
    }
}

fn fan_in<N: Parameters>() -> usize {
    let mut first = None;
    describe::<N>(&mut |parameter| {
        if let Role::Weight { fan_in, .. } = parameter.field.role {
            first.get_or_insert(fan_in);
        }
    });
    first.unwrap_or(0)
}

struct List(Vec<ParameterFlow>);

impl Visitor<2, 0> for List {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [w, dw]: [&[T]; 2], []: [&mut [T]; 0]) {
        if let Role::Statistic { .. } = parameter.field.role {
            return;
        }
        let name = parameter.path.to_string();
        let (norm, gradient_norm) = (norm(w), norm(dw));
        self.0.push(ParameterFlow { name, len: w.len(), norm, gradient_norm, update_norm: None });
    }
}
