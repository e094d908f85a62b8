use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::batch::{Batch, bytes};
use super::figures::{
    ActivationFlow, LayerFlow, ParameterFlow, PathFlow, WeightsFlow, norm, norm_of, ratio, rms, rms_of,
};
use super::histogram::Histogram;
use super::spectrum::spectrum;
use super::time::TimeFlow;
use super::{FlowOptions, SATURATED};
use chainrule_parameters::describe;

use crate::expected::cause::Facts;
use crate::kernel::Real;
use crate::layer::{
    BackwardHook, Factor, Layer, LayerPass, Parameter, Plan, Role, Segment, Space, TimeStep, View, Visitor,
    Workspace, visit,
};
use crate::tensor::Sample;

/// The number of bins of each histogram.
const BINS: usize = 40;

/// A hook that records what each layer does to the gradient in a backward pass.
///
/// [`GradientFlow::flow`](super::GradientFlow::flow) is simpler. Use this hook if you run a backward pass anyway:
///
/// ```
/// use chainrule::flow::{FlowOptions, FlowHook};
/// use chainrule::prelude::*;
/// type Net = (Linear<4, 8>, Tanh, Linear<8, 2>);
///
/// let (net, mut gradient, mut workspace) = (Net::init(&mut rng(1)), Net::zeros(), Workspace::default());
/// let (inputs, targets) = ([Vector([1.0, 0.0, -1.0, 0.5])], [Label::<2>::new(1)?]);
/// let mut hook = FlowHook::new::<Net, Vector<4>>(FlowOptions::default());
/// net.loss_gradient_with_hook(
///     &CrossEntropy::default(), &inputs, &targets, &mut workspace, &mut gradient, &mut rng(2), &mut hook,
/// )?;
/// let layers = hook.into_layers();
/// assert_eq!(layers[1].path, "0");
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug)]
pub struct FlowHook {
    detail: FlowOptions,
    /// If the forward pass was not finite, there is no gradient to measure.
    pub(super) forward_only: bool,
    path: Vec<Segment>,
    /// The layers that have been entered and not yet left, outermost first; the network itself is the first.
    open: Vec<Open>,
    layers: Vec<LayerFlow>,
}

/// A layer whose backward pass has begun and not ended.
#[derive(Debug)]
struct Open {
    plan: &'static Plan,
    /// The layers inside whose backward pass has ended, each followed by those inside it.
    inside: Vec<Vec<LayerFlow>>,
    /// For a sum, the gradient that each path has brought to the input.
    paths: Vec<PathGrad>,
    /// For a recurrent layer, its steps from the last to the first.
    steps: Vec<TimeStep>,
}

#[derive(Debug)]
struct PathGrad {
    name: String,
    input_grad: Vec<f64>,
}

impl PathGrad {
    fn figures(&self) -> PathFlow {
        PathFlow { name: self.name.clone(), input_grad_rms: rms(&self.input_grad) }
    }
}

impl Open {
    fn new(plan: &'static Plan) -> Self {
        Self { plan, inside: Vec::new(), paths: Vec::new(), steps: Vec::new() }
    }

    /// Returns whether the layers inside are one layer, applied several times.
    fn shared(&self) -> bool {
        self.plan.children.iter().any(|child| child.shared)
    }
}

impl FlowHook {
    /// Creates a hook for one backward pass through a network `N` on inputs `X`.
    pub fn new<N: Layer<X>, X: Sample>(detail: FlowOptions) -> Self {
        Self::of_plan(&N::PLAN, detail)
    }

    pub(super) fn of_plan(plan: &'static Plan, detail: FlowOptions) -> Self {
        let open = [Open::new(plan)].into();
        Self { detail, forward_only: false, path: Vec::new(), open, layers: Vec::new() }
    }

    /// Returns the network itself, then each layer in the order of the forward pass, before the layers inside it. It is
    /// empty if no complete backward pass was recorded; after several, it has the last.
    pub fn into_layers(self) -> Vec<LayerFlow> {
        self.layers
    }

    /// Returns the figures of a layer whose backward pass has just ended, followed by those of the layers inside it.
    fn figures(&self, pass: &LayerPass<'_>, open: &Open) -> LayerFlow {
        let plan = pass.layer.plan();
        let output_grad = (!self.forward_only).then_some(&pass.output_grad);
        // An input without numbers, such as a label, has no gradient.
        let input_grad = pass.input_grad.as_ref().filter(|dx| !self.forward_only && !dx.is_empty());
        let gain = input_grad.zip(output_grad).and_then(|(dx, dy)| ratio(norm_of(dx), norm_of(dy)));
        let leaf = open.inside.is_empty();
        let counted = leaf && self.detail.histograms;
        LayerFlow {
            path: joined(self.path.iter()),
            parameters_path: joined(
                self.path.iter().zip(&self.open).filter(|(_, of)| !of.shared()).map(|(name, _)| name),
            ),
            facts: Facts::of(plan),
            layer: plan.name.to_string(),
            level: self.path.len(),
            factor: plan.factor,
            input_shape: plan.input,
            output_shape: plan.output,
            input_rms: rms_of(&pass.input),
            output_rms: rms_of(&pass.output),
            output_grad_rms: output_grad.map(rms_of),
            input_grad_rms: input_grad.map(rms_of),
            gain,
            activation: match plan.factor {
                Factor::Activation { max_derivative } => slope(pass, max_derivative),
                _ => None,
            },
            weights: (plan.factor == Factor::Weights).then(|| WeightsFlow {
                gain,
                fan_in: fan_in(plan),
                spectrum: if self.detail.spectra { spectrum(pass.layer, &pass.input) } else { None },
            }),
            time: (!open.steps.is_empty()).then(|| TimeFlow::of(&open.steps)),
            paths: open.paths.iter().map(PathGrad::figures).collect(),
            cosine: match &open.paths[..] {
                [a, b] if !self.forward_only => cosine(&a.input_grad, &b.input_grad),
                _ => None,
            },
            parameters: if leaf {
                self.parameters(pass.layer.parameters(), pass.gradient)
            } else {
                Vec::new()
            },
            outputs: counted.then(|| Histogram::of(&pass.output.iter().collect::<Vec<_>>(), BINS)),
            output_grads: output_grad
                .filter(|_| counted)
                .map(|dy| Histogram::of(&dy.iter().map(|dy| dy.abs().log10()).collect::<Vec<_>>(), BINS)),
        }
    }

    /// Returns the parameters of a leaf. Buffers are left out, since they have no gradient.
    fn parameters(&self, layer: View<'_>, gradient: View<'_>) -> Vec<ParameterFlow> {
        let mut list = List(Vec::new());
        visit([layer, gradient], [], &mut list);
        if self.forward_only {
            list.0.iter_mut().for_each(|parameter| parameter.gradient_norm = f64::NAN);
        }
        list.0
    }
}

impl BackwardHook for FlowHook {
    fn enter(&mut self, name: Segment, plan: &'static Plan) {
        self.path.push(name);
        self.open.push(Open::new(plan));
    }

    fn step_of_time(&mut self, step: &TimeStep) {
        if let Some(open) = self.open.last_mut().filter(|_| !self.forward_only) {
            open.steps.push(*step);
        }
    }

    fn leave(&mut self, pass: &LayerPass<'_>) {
        let Some(mut open) = self.open.pop() else { return };
        let mut layers = [self.figures(pass, &open)].to_vec();
        // The backward pass visits a product from its last layer to its first.
        if open.plan.factor == Factor::Product {
            open.inside.reverse();
        }
        // The backward pass reaches the first application last: then the gradient of the shared parameters is complete.
        if open.shared()
            && let Some((first, others)) = open.inside.split_first_mut()
        {
            for (layer, whole) in others.iter_mut().flat_map(|other| other.iter_mut().zip(&*first)) {
                layer.parameters.clone_from(&whole.parameters);
            }
        }
        layers.extend(open.inside.into_iter().flatten());

        let Some((parent, name)) = self.open.last_mut().zip(self.path.pop()) else {
            // The pass through the network itself has ended; another one may follow.
            self.layers = layers;
            self.open.push(Open::new(open.plan));
            return;
        };
        if parent.plan.factor == Factor::Sum
            && !self.forward_only
            && let Some(dx) = pass.input_grad.as_ref().filter(|dx| !dx.is_empty())
        {
            parent.paths.push(PathGrad { name: name.to_string(), input_grad: dx.iter().collect() });
        }
        parent.inside.push(layers);
    }
}

pub(super) fn joined<'a>(path: impl Iterator<Item = &'a Segment>) -> String {
    path.map(Segment::to_string).collect::<Vec<_>>().join(".")
}

/// Computes the cosine of the angle between two gradients.
fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a_norm, b_norm) = (norm(a), norm(b));
    let product: f64 = a.iter().zip(b).map(|(a, b)| (a / a_norm) * (b / b_norm)).sum();
    product.is_finite().then(|| product.clamp(-1.0, 1.0))
}

/// Computes g'(Z): the backward pass of a gradient of ones.
fn slope(pass: &LayerPass<'_>, max_derivative: f64) -> Option<ActivationFlow> {
    let (plan, outputs) = (pass.layer.plan(), &pass.output);
    let samples = outputs.len() / plan.output.iter().product::<usize>().max(1);
    let (ones, mut slopes) = (Batch::of(outputs, |_| 1.0), Batch::of(outputs, |_| 0.0));
    let mut workspace = Workspace::default();
    let (input, output) = (bytes(&pass.input), bytes(outputs));
    let workspace = workspace.reserve(plan, Space::NONE, samples);
    if !pass.layer.backward(input, output, ones.bytes(), slopes.bytes_mut(), workspace) {
        return None;
    }

    // Input and output have the same shape.
    let slopes = slopes.numbers();
    let (mut sum, mut saturated, mut alive) = (0.0, 0, vec![false; units(plan.input)]);
    let len = plan.input.iter().product::<usize>();
    for (at, slope) in slopes.iter().map(f64::abs).enumerate() {
        sum += slope;
        saturated += usize::from(slope < SATURATED * max_derivative);
        alive[unit(plan.input, at % len)] |= slope != 0.0 || outputs.get(at) != 0.0;
    }
    let dead = alive.iter().filter(|alive| !**alive).count();
    Some(ActivationFlow {
        mean: sum / slopes.len() as f64,
        max_derivative,
        saturated: saturated as f64 / slopes.len() as f64,
        dead: dead as f64 / alive.len() as f64,
    })
}

/// Returns how many units a tensor of these sides has: features, or channels of an image.
fn units(shape: &[usize]) -> usize {
    match *shape {
        [_, features] => features,
        [units, ..] => units,
        [] => 1,
    }
}

/// Returns the unit to which the number at this index of a sample belongs.
fn unit(shape: &[usize], at: usize) -> usize {
    match *shape {
        [_, features] => at % features,
        [_, height, width] => at / (height * width),
        _ => at,
    }
}

fn fan_in(plan: &Plan) -> usize {
    let mut first = None;
    describe(plan.parameters, &mut |parameter| {
        if let Role::Weight { fan_in, .. } = parameter.role {
            first.get_or_insert(fan_in);
        }
    });
    first.unwrap_or(0)
}

struct List(Vec<ParameterFlow>);

impl Visitor<2, 0> for List {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [w, dw]: [&[T]; 2], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        let name = parameter.path.to_string();
        let (norm, gradient_norm) = (norm(w), norm(dw));
        self.0.push(ParameterFlow { name, len: w.len(), norm, gradient_norm, update_norm: None });
    }
}
