//! The figures of the page as columns: of layers, of parameters, of paths through a sum, and of time steps.

use crate::flow::{AttentionFlow, LayerFlow, TimeFlow};

/// The number of points shown of a curve through time.
const INSTANTS: usize = 48;

/// A function that takes the name of an item, its size, and its figure in each column.
pub(super) type Each<'a> = dyn FnMut(&str, usize, &[Option<f64>]) + 'a;

/// Items of one kind, with their figures. A layer may have several of them.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// The number of columns, from the first, that are shown for each recorded step.
    pub(super) recorded: usize,
    pub(super) items: fn(&LayerFlow, &mut Each<'_>),
}

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        name: "layers",
        columns: &[
            "output_grad",
            "gain",
            "output_rms",
            "slope",
            "saturated",
            "dead",
            "weight",
            "gradient",
            "update",
            "cosine",
            "share",
            "rate",
            "entropy",
            "input_rms",
            "input_grad",
            "largest",
            "smallest",
        ],
        recorded: 13,
        items: layer,
    },
    Kind { name: "paths", columns: &["input_grad"], recorded: 1, items: paths },
    Kind { name: "instants", columns: &["length", "carried"], recorded: 2, items: instants },
    Kind { name: "parameters", columns: &["weight", "gradient", "update"], recorded: 3, items: parameters },
];

fn layer(layer: &LayerFlow, each: &mut Each<'_>) {
    let (slope, time) = (layer.activation, layer.time.as_ref());
    let spectrum = layer.weights.and_then(|weights| weights.spectrum);
    let figures = [
        layer.output_grad_rms,
        layer.gain,
        Some(layer.output_rms),
        slope.map(|slope| slope.mean),
        slope.map(|slope| slope.saturated),
        slope.map(|slope| slope.dead),
        layer.weight_norm(),
        layer.gradient_norm(),
        layer.over_parameters(|own| own.update_norm),
        layer.cosine,
        time.and_then(TimeFlow::share),
        time.and_then(TimeFlow::rate),
        layer.attention.as_ref().map(AttentionFlow::entropy),
        Some(layer.input_rms),
        layer.input_grad_rms,
        spectrum.map(|spectrum| spectrum.largest),
        spectrum.map(|spectrum| spectrum.smallest),
    ];
    each("", layer.parameters.iter().map(|own| own.len).sum(), &figures);
}

fn paths(layer: &LayerFlow, each: &mut Each<'_>) {
    for path in &layer.paths {
        each(&path.name, 0, &[Some(path.input_grad_rms)]);
    }
}

fn instants(layer: &LayerFlow, each: &mut Each<'_>) {
    let Some(time) = &layer.time else { return };
    let steps = time.gradients.len();
    let points = steps.min(INSTANTS);
    for point in 0..points {
        let at = point * (steps - 1) / (points - 1).max(1);
        each("", at + 1, &[Some(time.gradients[at]), time.carried.get(at).copied()]);
    }
}

fn parameters(layer: &LayerFlow, each: &mut Each<'_>) {
    for own in &layer.parameters {
        let gradient = layer.output_grad_rms.map(|_| own.gradient_norm);
        each(&own.name, own.len, &[Some(own.norm), gradient, own.update_norm]);
    }
}
