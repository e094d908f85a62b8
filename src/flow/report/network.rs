//! The data of the page: the fixed part, the network, and its figures in each flow and at each recorded step.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;

use super::error::difference;
use super::figures::{KINDS, Kind};
use super::items::Items;
use super::packed::{self, Number, pack, short, shorts};
use super::section::Section;
use super::{Mark, Report, ReportError};
use crate::flow::{Flow, Histogram, LayerFlow, Record, Verdict};
use crate::layer::Factor;

/// The largest number of layers times steps that are shown.
const CELLS: usize = 1 << 20;
/// The largest number of parameters times steps. If there are more, a step has one figure for all parameters of a layer
/// together.
const PARAMETER_CELLS: usize = 1 << 17;

/// All data of the page.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    title: &'a str,
    version: &'static str,
    layers: Vec<Layer<'a>>,
    /// The items of each kind: their layer, name and size.
    items: BTreeMap<&'static str, Items>,
    flows: Vec<Moment<'a>>,
    training: Option<Training>,
    marks: &'a [Mark],
    sections: &'a [Section],
}

#[derive(Serialize)]
struct Layer<'a> {
    path: &'a str,
    layer: &'a str,
    level: usize,
    factor: &'static str,
    input: &'static [usize],
    output: &'static [usize],
    /// The number of its own parameters.
    parameters: usize,
    fan_in: Option<usize>,
    max_derivative: Option<Number>,
}

#[derive(Serialize)]
struct Moment<'a> {
    name: &'a str,
    loss: Option<Number>,
    samples: usize,
    verdict: Diagnosis,
    theory: Option<Theory>,
    figures: BTreeMap<&'static str, BTreeMap<&'static str, Vec<Option<Number>>>>,
    /// The layers whose smallest singular value is an upper bound.
    bounds: Vec<usize>,
    histograms: BTreeMap<usize, [Option<&'a Histogram>; 2]>,
}

#[derive(PartialEq, Serialize)]
struct Diagnosis {
    state: String,
    starts_at: Option<String>,
    cause: Option<String>,
    why: String,
    cure: String,
}

#[derive(Serialize)]
struct Theory {
    share: Number,
    rate: Number,
    layers: usize,
}

#[derive(Serialize)]
struct Training {
    steps: Vec<u64>,
    /// Every `stride`-th record is shown.
    stride: usize,
    samples: Vec<usize>,
    loss: Vec<Option<Number>>,
    /// The verdicts without repetitions, and the index of the verdict at each step.
    verdicts: Vec<Diagnosis>,
    verdict: Vec<usize>,
    figures: BTreeMap<&'static str, BTreeMap<&'static str, Packed>>,
}

/// A column at all steps: for each row four characters per step.
#[derive(Default, Serialize)]
struct Packed {
    /// The items that have the figure.
    rows: Vec<usize>,
    data: String,
}

impl<'a> Page<'a> {
    pub(super) fn of(report: &'a Report<'a>) -> Result<Self, ReportError> {
        Self::with(report, CELLS)
    }

    /// Collects the data. It skips records if there are more than this many layers in all records together.
    fn with(report: &'a Report<'a>, cells: usize) -> Result<Self, ReportError> {
        let named = report.flows.iter().map(|(name, flow)| (format!("the flow `{name}`"), *flow));
        let recorded = |record: &'a Record| (format!("the record of step {}", record.step), &record.flow);
        let mut moments = named.chain(report.records.iter().map(recorded));
        let layers = match moments.next() {
            None if report.sections.is_empty() => return Err(ReportError::Empty),
            None => &[][..],
            Some((first, flow)) => {
                for (moment, other) in moments {
                    if let Some(why) = difference(flow, other) {
                        return Err(ReportError::OtherNetwork { first, moment, why });
                    }
                }
                &flow.layers[..]
            }
        };
        let stride = (report.records.len() * layers.len()).div_ceil(cells).max(1);
        let records: Vec<&Record> = report.records.iter().step_by(stride).collect();
        let flows = report.flows.iter().map(|(_, flow)| *flow);
        let all: Vec<&Flow> = flows.chain(records.iter().map(|record| &record.flow)).collect();
        let items = KINDS.each_ref().map(|kind| Items::of(kind, &all));
        Ok(Self {
            title: &report.title,
            version: env!("CARGO_PKG_VERSION"),
            layers: layers.iter().map(Layer::of).collect(),
            flows: report.flows.iter().map(|(name, flow)| Moment::of(name, flow, &items)).collect(),
            training: (!records.is_empty()).then(|| Training::of(&records, stride, &items)),
            items: KINDS.iter().map(|kind| kind.name).zip(items).collect(),
            marks: &report.marks,
            sections: &report.sections,
        })
    }

    /// Returns JSON that can be inside a `script` element, because it has no `<`.
    pub(super) fn to_json(&self) -> String {
        // Strings, numbers and lists of known types: serialization cannot fail.
        serde_json::to_string(self).unwrap_or_default().replace('<', "\\u003c")
    }
}

impl<'a> Layer<'a> {
    fn of(layer: &'a LayerFlow) -> Self {
        let (factor, max_derivative) = match layer.factor {
            Factor::Weights => ("weights", None),
            Factor::Activation { max_derivative } => ("activation", Some(max_derivative)),
            Factor::Product => ("product", None),
            Factor::Sum => ("sum", None),
            Factor::Other => ("other", None),
        };
        Self {
            path: &layer.path,
            layer: &layer.layer,
            level: layer.level,
            factor,
            input: layer.input_shape,
            output: layer.output_shape,
            parameters: layer.parameters.iter().map(|own| own.len).sum(),
            fan_in: layer.weights.map(|weights| weights.fan_in),
            max_derivative: max_derivative.map(short),
        }
    }
}

impl<'a> Moment<'a> {
    fn of(name: &'a str, flow: &'a Flow, items: &[Items; KINDS.len()]) -> Self {
        let figures = KINDS.iter().zip(items).map(|(kind, items)| {
            let mut columns = vec![vec![None; items.layer.len()]; kind.columns.len()];
            for (at, layer) in flow.layers.iter().enumerate() {
                items.each(kind, at, layer, |item, figures| {
                    columns.iter_mut().zip(figures).for_each(|(column, figure)| column[item] = *figure);
                });
            }
            let measured =
                kind.columns.iter().zip(columns).filter(|(_, own)| own.iter().any(Option::is_some));
            (kind.name, measured.map(|(name, column)| (*name, shorts(column))).collect())
        });
        let bounds = |(at, layer): (usize, &LayerFlow)| {
            layer.weights?.spectrum.filter(|spectrum| !spectrum.exact).map(|_| at)
        };
        let histograms =
            flow.layers.iter().map(|layer| [layer.outputs.as_ref(), layer.output_grads.as_ref()]);
        let theory = flow.expected.filter(|theory| theory.layers > 1 && !theory.rate.is_nan());
        Self {
            name,
            loss: flow.loss.map(packed::loss),
            samples: flow.samples,
            verdict: Diagnosis::of(flow.verdict()),
            theory: theory.map(|theory| Theory {
                share: short(theory.share),
                rate: short(theory.rate),
                layers: theory.layers,
            }),
            figures: figures.collect(),
            bounds: flow.layers.iter().enumerate().filter_map(bounds).collect(),
            histograms: histograms.enumerate().filter(|(_, own)| own.iter().any(Option::is_some)).collect(),
        }
    }
}

impl Diagnosis {
    fn of(verdict: Verdict) -> Self {
        let Verdict { state, starts_at, cause, why, cure, .. } = verdict;
        let cause = cause.map(|cause| cause.to_string());
        Self { state: state.to_string(), starts_at, cause, why, cure }
    }
}

impl Training {
    fn of(records: &[&Record], stride: usize, items: &[Items; KINDS.len()]) -> Self {
        let (mut verdicts, mut verdict): (Vec<Diagnosis>, Vec<usize>) = Default::default();
        for record in records {
            let own = Diagnosis::of(record.flow.verdict());
            if verdicts.last() != Some(&own) {
                verdicts.push(own);
            }
            verdict.push(verdicts.len() - 1);
        }
        let kinds = KINDS.iter().zip(items).filter(|(kind, items)| {
            kind.name != "parameters" || items.layer.len() * records.len() <= PARAMETER_CELLS
        });
        Self {
            steps: records.iter().map(|record| record.step).collect(),
            stride,
            samples: records.iter().map(|record| record.flow.samples).collect(),
            loss: records.iter().map(|record| record.flow.loss.map(packed::loss)).collect(),
            verdicts,
            verdict,
            figures: kinds.map(|(kind, items)| (kind.name, columns(kind, records, items))).collect(),
        }
    }
}

/// Packs the columns of a kind. A stack has no figures: the page computes them from the layers inside it.
fn columns(kind: &Kind, records: &[&Record], items: &Items) -> BTreeMap<&'static str, Packed> {
    let (steps, layers) = (records.len(), &records[0].flow.layers);
    let stack = |at: usize| {
        layers[at].factor == Factor::Product
            && layers.get(at + 1).is_some_and(|next| next.level > layers[at].level)
    };
    let mut all = BTreeMap::new();
    for at in (0..layers.len()).filter(|&at| !stack(at)) {
        let own = &items.of[at];
        let mut columns = vec![vec![None; own.len() * steps]; kind.recorded];
        for (step, record) in records.iter().enumerate() {
            items.each(kind, at, &record.flow.layers[at], |item, figures| {
                let place = (item - own[0]) * steps + step;
                columns.iter_mut().zip(figures).for_each(|(column, figure)| column[place] = *figure);
            });
        }
        for (name, column) in kind.columns.iter().zip(&columns) {
            for (item, row) in own.iter().zip(column.chunks_exact(steps)) {
                if row.iter().any(Option::is_some) {
                    let packed: &mut Packed = all.entry(*name).or_default();
                    packed.rows.push(*item);
                    row.iter().for_each(|figure| pack(*figure, &mut packed.data));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::GradientFlow;
    use crate::init::Init;
    use crate::layer::{Linear, Tanh};
    use crate::loss::MeanSquaredError;
    use crate::random::rng;
    use crate::tensor::Vector;

    #[test]
    fn a_long_training_is_thinned_out() {
        let net = <(Linear<2, 2>, Tanh, Linear<2, 2>)>::init(&mut rng(1));
        let flow = net.flow(&MeanSquaredError, &[Vector([1.0, 0.5])], &[Vector([0.0; 2])]).unwrap();
        let records: Vec<Record> =
            (0..30).map(|step| Record { step, flow: flow.clone(), mean_loss: None }).collect();
        let report = Report::new("").records(&records);
        // Four layers, including the network itself.
        for (cells, stride, shown) in [(120, 1, 30), (119, 2, 15), (60, 2, 15), (59, 3, 10), (1, 120, 1)] {
            let training = Page::with(&report, cells).unwrap().training.unwrap();
            assert_eq!((training.stride, training.steps.len()), (stride, shown), "{cells}");
            assert!(training.steps.iter().enumerate().all(|(at, step)| *step == (at * stride) as u64));
        }
    }
}
