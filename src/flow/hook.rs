use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::FlowOptions;
use super::attention::Attention;
use super::figures::{LayerFlow, ParameterFlow, WeightsFlow, norm, ratio, rms_by, to_f64};
use super::histogram::Histogram;
use super::open::{Open, PathGrad};
use super::rank::rank;
use super::slope::{Measured, Scratch, slope};
use super::spectrum::spectrum;
use super::time::TimeFlow;
use chainrule_parameters::describe;

use crate::expected::cause::Facts;
use crate::kernel::Real;
use crate::layer::{
    AttentionScores, BackwardHook, Factor, Layer, LayerPass, Parameter, Plan, Role, Segment, TimeStep, View,
    Visitor, visit,
};
use crate::tensor::{Numbers, Sample};

/// The number of bins of each histogram.
const BINS: usize = 40;

/// A hook that records the effect of each layer on the gradient in a backward pass.
///
/// [`GradientFlow::flow`](super::GradientFlow::flow) is simpler. Use this hook if you run a backward pass yourself:
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
/// let weights = layers[1].weights.unwrap();
/// assert_eq!(weights.fan_in, 4);
/// assert!(weights.spectrum.unwrap().smallest <= weights.spectrum.unwrap().largest); // singular values of W
/// assert!(layers[2].activation.unwrap().mean <= 1.0); // g' of tanh
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias = "backward hook")]
#[doc(alias = "register_hook")]
#[derive(Debug)]
pub struct FlowHook {
    detail: FlowOptions,
    /// Whether the forward pass was not finite, so that there is no gradient to measure.
    pub(super) forward_only: bool,
    path: Vec<Segment>,
    /// The layers that have been entered and not yet left, outermost first. The network itself is the first.
    open: Vec<Open>,
    layers: Vec<LayerFlow>,
    /// The input and the input gradient of the layer that was left last, and its nesting depth.
    last: ([Measured; 2], usize),
    scratch: Scratch,
}

impl FlowHook {
    /// Creates a hook for one backward pass through a network `N` on inputs `X`.
    pub fn new<N: Layer<X>, X: Sample>(detail: FlowOptions) -> Self {
        Self::of_plan(&N::PLAN, detail)
    }

    pub(super) fn of_plan(plan: &'static Plan, detail: FlowOptions) -> Self {
        let open = [Open::new(plan)].into();
        let (path, layers, last) = (Vec::new(), Vec::new(), Default::default());
        Self { detail, forward_only: false, path, open, layers, last, scratch: Scratch::default() }
    }

    /// Returns the figures of the network itself, and then of each layer in the order of the forward pass, each before
    /// the layers inside it. It is empty if no complete backward pass was recorded. After several passes, it has the
    /// last one.
    pub fn into_layers(self) -> Vec<LayerFlow> {
        self.layers
    }

    pub(super) fn take_layers(&mut self) -> Vec<LayerFlow> {
        core::mem::take(&mut self.layers)
    }

    /// Returns the figures of a layer whose backward pass has just ended, followed by those of the layers inside it.
    fn figures(&mut self, pass: &LayerPass<'_>, open: &Open) -> LayerFlow {
        let plan = pass.layer.plan();
        let output_grad = (!self.forward_only).then_some(&pass.output_grad);
        // An input without numbers, such as a label, has no gradient.
        let input_grad = pass.input_grad.as_ref().filter(|dx| !self.forward_only && !dx.is_empty());
        // In a product, the output of a layer is the input of the next layer, which was left before. Elsewhere the
        // memory may have been reused.
        let (last, level) = self.last;
        let product = self.open.last().is_some_and(|parent| parent.plan.factor == Factor::Product);
        let known = if product && level == self.path.len() { last } else { Default::default() };
        let output = Measured::of(&pass.output, known[0]);
        let output_norm = output_grad.map(|dy| Measured::of(dy, known[1]).norm);
        let input = Measured::of(&pass.input, Measured::default());
        let input_measured = input_grad.map(|dx| Measured::of(dx, Measured::default()));
        let input_norm = input_measured.map(|dx| dx.norm);
        let gain = input_norm.zip(output_norm).and_then(|(dx, dy)| ratio(dx, dy));
        let rms = |norm: Option<f64>, grads: Option<&Numbers<'_>>| Some(rms_by(norm?, grads?.len()));
        self.last = ([input, input_measured.unwrap_or_default()], self.path.len());
        let leaf = open.inside.is_empty();
        let counted = leaf && self.detail.histograms;
        let slope = match plan.factor {
            Factor::Activation { max_derivative } => slope(pass, max_derivative, &mut self.scratch),
            _ => None,
        };
        let (activation, units, unit_sums) =
            slope.map(|(a, b, c)| (Some(a), Some(b), Some(c))).unwrap_or_default();
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
            input_rms: rms_by(input.norm, pass.input.len()),
            output_rms: rms_by(output.norm, pass.output.len()),
            output_grad_rms: rms(output_norm, output_grad),
            input_grad_rms: rms(input_norm, input_grad),
            gain,
            activation,
            units,
            unit_sums,
            rank: if leaf && self.detail.ranks && plan.factor == Factor::Weights {
                rank(&pass.output, plan.output.iter().product())
            } else {
                None
            },
            weights: (plan.factor == Factor::Weights).then(|| WeightsFlow {
                gain,
                fan_in: fan_in(plan),
                spectrum: if self.detail.spectra { spectrum(pass.layer, &pass.input) } else { None },
            }),
            time: (!open.steps.is_empty()).then(|| TimeFlow::of(&open.steps)),
            gates: open.gates.figures(),
            attention: open.attention.as_ref().and_then(Attention::figures),
            paths: open.paths.iter().map(PathGrad::figures).collect(),
            cosine: open.cosine().filter(|_| !self.forward_only),
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

    /// Returns the parameters of a layer without layers inside it. Buffers are left out, since they have no gradient.
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

    fn gate(&mut self, name: &'static str, numbers: &mut dyn Iterator<Item = f64>) {
        if let Some(open) = self.open.last_mut() {
            open.gates.add(name, numbers);
        }
    }

    fn attention(&mut self, scores: &AttentionScores<'_>) {
        if let Some(open) = self.open.last_mut() {
            open.attention.get_or_insert_default().add(scores);
        }
    }

    fn leave(&mut self, pass: &LayerPass<'_>) {
        let Some(mut open) = self.open.pop() else { return };
        for (name, input_grad) in open.attention.iter().flat_map(Attention::ways) {
            open.paths.push(PathGrad { name: name.into(), input_grad });
        }
        let mut layers = [self.figures(pass, &open)].to_vec();
        // Only in a product does the gradient continue to the layer before it.
        if self.open.last().is_none_or(|parent| parent.plan.factor != Factor::Product) {
            self.last = Default::default();
        }
        // The backward pass visits a product from its last layer to its first.
        if open.plan.factor == Factor::Product || open.attention.is_some() {
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
            // The pass through the network itself has ended. Another one may follow.
            self.layers = layers;
            self.open.push(Open::new(open.plan));
            return;
        };
        let input_grad = pass.input_grad.as_ref().filter(|dx| !self.forward_only && !dx.is_empty());
        match (&mut parent.attention, input_grad) {
            (Some(attention), Some(dx)) => attention.add_way(&name.to_string(), dx),
            (None, Some(dx)) if parent.plan.factor == Factor::Sum => {
                parent.paths.push(PathGrad { name: name.to_string(), input_grad: to_f64(dx) });
            }
            _ => {}
        }
        parent.inside.push(layers);
    }
}

pub(super) fn joined<'a>(path: impl Iterator<Item = &'a Segment>) -> String {
    path.map(Segment::to_string).collect::<Vec<_>>().join(".")
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
