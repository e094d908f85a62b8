//! Pictures of gradient flow, which can be saved as SVG or PNG.
//!
//! ```
//! use chainrule::flow::picture;
//! use chainrule::prelude::*;
//! type Net<A> = (Linear<8, 32>, [(A, Linear<32, 32>); 10], A, Linear<32, 2>);
//!
//! let (inputs, targets) = ([Vector([0.5; 8]), Vector([-1.0; 8])], [Label::<2>::new(0)?, Label::new(1)?]);
//! let sigmoid = Net::<Sigmoid>::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
//! let tanh = Net::<Tanh>::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! picture::gradient([("sigmoid", &sigmoid), ("tanh", &tanh)])?.save("gradient.svg")?;
//! picture::factors(&sigmoid)?.save("factors.png")?;
//! picture::activations(&sigmoid)?.save("activations.svg")?;
//! picture::gradients(&sigmoid)?.save("gradients.svg")?;
//! picture::units(&sigmoid)?.save("units.svg")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use super::jacobian::picture::{singular_values, singular_values_by_depth};
pub use super::width::picture::coordinate_check;
use super::{Flow, Histogram, LayerFlow, Recorder};
use crate::layer::Factor;
use crate::plot::{Bars, HeatMap, Histograms, Lines, Picture, PlotError};

/// The largest number of lines that are easy to tell apart.
const LINES: usize = 8;

/// Draws the RMS of dR/dZ at each layer of weights, with a line for each network. See the example of
/// [the module](self).
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn gradient<'a>(flows: impl IntoIterator<Item = (&'a str, &'a Flow)>) -> Result<Picture, PlotError> {
    let lines = Lines::new("The gradient at each layer of weights")
        .x("layer of weights, from the input")
        .y("RMS of dR/dZ");
    flows
        .into_iter()
        .fold(lines.log_y(), |lines, (name, flow)| {
            lines.line(name, flow.profile().into_iter().map(|(depth, rms)| (depth as f64, rms)))
        })
        .picture()
}

/// Draws the two factors separately: the gains of W and of g', layer by layer. See the example of [the module](self).
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn factors(flow: &Flow) -> Result<Picture, PlotError> {
    let mut depth = 0.0;
    let (mut weights, mut slopes) = (Vec::new(), Vec::new());
    for layer in flow.leaves() {
        match layer.factor {
            Factor::Weights => {
                depth += 1.0;
                weights.extend(layer.gain.map(|gain| (depth, gain)));
            }
            // Between this layer of weights and the next.
            Factor::Activation { .. } => slopes.extend(layer.gain.map(|gain| (depth + 0.5, gain))),
            _ => {}
        }
    }
    Lines::new("The two factors of the gradient")
        .x("layer of weights, from the input")
        .y("gain, |dR/dinput| / |dR/doutput|")
        .log_y()
        .line("W", weights)
        .line("g'(Z)", slopes)
        .level(1.0, "gain 1")
        .picture()
}

/// Draws a histogram of each layer's outputs. See the example of [the module](self).
///
/// # Errors
/// [`PlotError`] if there is nothing to draw, for example because no histograms were measured.
pub fn activations(flow: &Flow) -> Result<Picture, PlotError> {
    let histograms = Histograms::new("The output of each layer").x("output");
    panels(histograms, flow, |layer| layer.outputs.as_ref())
}

/// Draws a histogram of the size of the gradient's elements at each layer's output. Zeros are left out. See the example
/// of [the module](self).
///
/// # Errors
/// [`PlotError`] if there is nothing to draw, for example because no histograms were measured.
pub fn gradients(flow: &Flow) -> Result<Picture, PlotError> {
    let histograms = Histograms::new("The gradient at each layer's output").x("log10 of |dR/doutput|");
    panels(histograms, flow, |layer| layer.output_grads.as_ref())
}

fn panels(
    histograms: Histograms,
    flow: &Flow,
    choose: impl Fn(&LayerFlow) -> Option<&Histogram>,
) -> Result<Picture, PlotError> {
    flow.leaves()
        .filter_map(|layer| Some((format!("{} {}", layer.path, layer.layer), choose(layer)?)))
        .fold(histograms, |histograms, (name, histogram)| {
            let edges: Vec<f64> = histogram.edges().collect();
            let counts: Vec<u64> = histogram.counts.iter().map(|&count| count as u64).collect();
            histograms.panel(name, &edges, &counts)
        })
        .picture()
}

/// Draws the shares of saturated and of dead units of each activation. See the example of [the module](self).
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn units(flow: &Flow) -> Result<Picture, PlotError> {
    let (names, slopes): (Vec<_>, Vec<_>) = flow
        .leaves()
        .filter_map(|layer| Some((format!("{} {}", layer.path, layer.layer), layer.activation?)))
        .unzip();
    Bars::new("Units without a slope", names)
        .x("share of units / %")
        .y("activation")
        .series("saturated", slopes.iter().map(|slope| 100.0 * slope.saturated))
        .series("dead", slopes.iter().map(|slope| 100.0 * slope.dead))
        .picture()
}

/// Draws a heat map of the RMS of dR/dZ at each layer of weights and each recorded step.
///
/// ```
/// use chainrule::flow::{Recorder, picture};
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let (inputs, targets) = ([Vector([0.0, 1.0]), Vector([1.0, 0.0])], [Vector([1.0]), Vector([-1.0])]);
/// let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1);
/// let mut recorder = Recorder::every(1);
/// for _ in 0..5 {
///     trainer.step_recorded(&inputs, &targets, &mut recorder)?;
/// }
/// # let folder = tempfile::tempdir()?;
/// # std::env::set_current_dir(&folder)?;
/// picture::heat_map(&recorder)?.save("gradient.svg")?;
/// picture::updates(&recorder)?.save("updates.svg")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn heat_map(recorder: &Recorder) -> Result<Picture, PlotError> {
    let records = recorder.records();
    let steps: Vec<f64> = records.iter().map(|record| record.step as f64).collect();
    let map = HeatMap::new("The gradient in training", steps)
        .x("training step")
        .y("layer of weights")
        .value("RMS of dR/dZ")
        .log();
    let layers: Vec<&LayerFlow> =
        records.first().map_or(Vec::new(), |record| weights(&record.flow).collect());
    layers
        .into_iter()
        .fold(map, |map, layer| {
            let rms = |flow: &Flow| flow.layer(&layer.path)?.output_grad_rms;
            map.row(&layer.path, records.iter().map(|record| rms(&record.flow).unwrap_or(f64::NAN)))
        })
        .picture()
}

/// Draws |dR/dh(t)| at each step of a recurrent layer, for the gradient of its last step. There is a line for each such
/// layer of each network. Layers with gates have a second line for the path without weights.
///
/// ```
/// use chainrule::flow::{Recorder, picture};
/// use chainrule::prelude::*;
/// type Net = (Lstm<1, 8>, LastStep, Linear<8, 2>);
///
/// let (inputs, targets) = ([Sequence([[0.5]; 20]), Sequence([[-0.5]; 20])], [Label::<2>::new(0)?, Label::new(1)?]);
/// let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
/// let flow = trainer.network.flow(&trainer.loss, &inputs, &targets)?;
/// let mut recorder = Recorder::every(1);
/// for _ in 0..5 {
///     trainer.step_recorded(&inputs, &targets, &mut recorder)?;
/// }
/// # let folder = tempfile::tempdir()?;
/// # std::env::set_current_dir(&folder)?;
/// picture::through_time([("new", &flow)])?.save("time.svg")?;
/// picture::time_heat_map(&recorder, "0")?.save("training.svg")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PlotError`] if there is nothing to draw, for example because no layer is recurrent.
pub fn through_time<'a>(flows: impl IntoIterator<Item = (&'a str, &'a Flow)>) -> Result<Picture, PlotError> {
    let points = |lengths: &[f64]| {
        let last = lengths.last().copied().unwrap_or(1.0);
        (1..)
            .zip(lengths.to_vec())
            .map(move |(step, length)| (f64::from(step), length / last))
            .collect::<Vec<_>>()
    };
    let mut lines = Lines::new("The gradient through the steps of time")
        .x("step")
        .y("|dR/dh(t)|, of the last step's")
        .log_y();
    for (name, flow) in flows {
        for layer in &flow.layers {
            let Some(time) = &layer.time else { continue };
            let line = format!("{name} {}", layer.path);
            lines = lines.line(line.trim_end(), points(&time.gradients));
            if !time.carried.is_empty() {
                lines = lines.line(format!("{}, gates alone", line.trim_end()), points(&time.carried));
            }
        }
    }
    lines.level(1.0, "1").picture()
}

/// Draws a heat map of |dR/dh(t)| at each step of a recurrent layer and each recorded step of training. See the example
/// of [`through_time`].
///
/// # Errors
/// [`PlotError`] if there is nothing to draw, for example because the layer at `path` is not recurrent.
pub fn time_heat_map(recorder: &Recorder, path: &str) -> Result<Picture, PlotError> {
    let records = recorder.records();
    let times: Vec<_> =
        records.iter().map(|record| record.flow.layer(path).and_then(|layer| layer.time.as_ref())).collect();
    let map = HeatMap::new(
        "The gradient through time, in training",
        records.iter().map(|record| record.step as f64),
    )
    .x("training step")
    .y("step of the sequence")
    .value("|dR/dh(t)|")
    .log();
    let steps = times.iter().flatten().map(|time| time.gradients.len()).max().unwrap_or(0);
    let rows = steps.min(32);
    (0..rows)
        .map(|row| row * (steps - 1) / (rows - 1).max(1))
        .fold(map, |map, step| {
            let length = |time: &Option<&super::TimeFlow>| {
                time.and_then(|time| time.gradients.get(step).copied()).unwrap_or(f64::NAN)
            };
            map.row((step + 1).to_string(), times.iter().map(length))
        })
        .picture()
}

/// Draws log10 of |update| / |W| at each recorded step, for at most eight layers, which are spread from the first to
/// the last. About -3 is healthy. See the example of [`heat_map`].
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
///
/// # Source
/// Karpathy, CS231n, "Neural networks part 3", section "Ratio of weights:updates".
pub fn updates(recorder: &Recorder) -> Result<Picture, PlotError> {
    let records = recorder.records();
    let lines = Lines::new("The updates of each layer").x("training step").y("log10 of |update| / |W|");
    let layers: Vec<&LayerFlow> =
        records.first().map_or(Vec::new(), |record| weights(&record.flow).collect());
    let shown = layers.len().min(LINES);
    (0..shown)
        .map(|at| layers[at * (layers.len() - 1) / (shown - 1).max(1)])
        .fold(lines, |lines, layer| {
            let point = |step: u64, flow: &Flow| {
                let weight = flow.layer(&layer.path)?.parameters.first()?;
                Some((step as f64, weight.update_to_weight()?.log10()))
            };
            lines.line(&layer.path, records.iter().filter_map(|record| point(record.step, &record.flow)))
        })
        .level(-3.0, "1e-3: healthy")
        .picture()
}

fn weights(flow: &Flow) -> impl Iterator<Item = &LayerFlow> {
    flow.leaves().filter(|layer| layer.factor == Factor::Weights)
}
