//! The sections of the results of this module in a report.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::{Cell, Report};
use crate::flow::{
    CoordinateCheck, Curvature, Eigenvalue, Flow, GradientNoise, JacobianSpectra, JacobianSpectrum, Part,
    Warning,
};

/// The number of bins in the histogram of singular values.
const BINS: usize = 40;

/// A result that has a section in a [`Report`]: noise, curvature, singular values, a coordinate check, a learning-rate
/// test or a diagnosis. You can implement it for your own types.
///
/// ```
/// use chainrule::flow::{Report, ReportSection};
/// use chainrule::prelude::*;
///
/// struct Accuracy(f64);
///
/// impl ReportSection for Accuracy {
///     fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
///         report.note("Accuracy", format!("{:.1} % of the test set", 100.0 * self.0))
///     }
/// }
///
/// let (inputs, targets) = ([Vector([0.0, 1.0]), Vector([1.0, 0.5])], [Vector([1.0]), Vector([0.0])]);
/// let net = <(Linear<2, 4>, Tanh, Linear<4, 1>)>::init(&mut rng(1));
/// let flow = net.flow(&MeanSquaredError, &inputs, &targets)?;
/// let curvature = net.curvature(&MeanSquaredError, &inputs, &targets)?;
/// let page = Report::new("Two samples").flow("now", &flow).section(&curvature).section(&Accuracy(0.97)).html()?;
/// assert!(page.contains("97.0 % of the test set") && page.contains("largest eigenvalue"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ReportSection {
    /// Adds the section, or several sections.
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a>;
}

/// Adds a verdict for each part inside, if there are any.
pub(super) fn parts<'a>(report: Report<'a>, name: &str, flow: &Flow) -> Report<'a> {
    let parts = flow.parts();
    if parts.is_empty() {
        return report;
    }
    let row = |part: &Part| {
        let kind = match part.kind {
            crate::flow::PartKind::Branch => "branch".into(),
            crate::flow::PartKind::Gate if part.gate == "gate" => "gate".into(),
            crate::flow::PartKind::Gate => format!("{} gate", part.gate),
            crate::flow::PartKind::Time => "time".into(),
            crate::flow::PartKind::Way => part.gate.into(),
        };
        let state = part.verdict.state.to_string();
        let why = part.verdict.to_string().split_once(": ").map_or(String::new(), |(_, why)| why.into());
        vec![part.path.as_str().into(), kind.into(), part.share.into(), state.into(), why.into()]
    };
    report.table(
        format!("Inside: branches, gates, time steps and paths of attention ({name})"),
        ["path", "part", "share", "state", "why"],
        parts.iter().map(row),
    )
}

/// Adds the findings of the rules, and marks their steps.
pub(super) fn warnings<'a>(report: Report<'a>, warnings: &[Warning]) -> Report<'a> {
    if warnings.is_empty() {
        return report;
    }
    let marked = warnings.iter().fold(report, |report, warning| {
        report.mark(warning.step, format!("{}: {}", warning.rule, warning.text))
    });
    let row = |warning: &Warning| {
        vec![
            warning.step.into(),
            warning.rule.into(),
            warning.layer.as_deref().into(),
            warning.value.into(),
            warning.threshold.into(),
            warning.whole_text().into(),
            warning.cure.as_str().into(),
        ]
    };
    marked.table(
        "Warnings",
        ["step", "rule", "layer", "value", "threshold", "what", "cure"],
        warnings.iter().map(row),
    )
}

impl ReportSection for GradientNoise {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let rows =
            self.layers.iter().map(|layer| (layer.path.as_str(), layer.layer.as_str(), &layer.figures));
        let row = |(path, layer, figures): (&str, &str, &crate::flow::NoiseFigures)| -> Vec<Cell> {
            vec![
                path.into(),
                layer.into(),
                figures.gradient_norm.into(),
                figures.snr.into(),
                figures.alignment.into(),
                figures.norm_test.into(),
                figures.inner_product_test.into(),
                figures.orthogonality_test.into(),
                figures.noise_scale.into(),
            ]
        };
        let columns = ["path", "layer", "|dR/dW|", "SNR", "cosine", "norm", "inner", "orth.", "noise scale"];
        report.note("Noise of the gradient", self.in_words()).table(
            "Noise by layer",
            columns,
            rows.chain([("all", "", &self.network)]).map(row),
        )
    }
}

impl ReportSection for Curvature {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let row = |name: &str, of: &Eigenvalue| -> Vec<Cell> {
            vec![name.into(), of.value.into(), of.residual.into(), of.error.into()]
        };
        let mut rows =
            vec![row("largest eigenvalue", &self.largest), row("smallest eigenvalue", &self.smallest)];
        if let Some(along) = self.along_gradient {
            rows.push(vec!["along the gradient".into(), along.into()]);
        }
        if let Some(trace) = self.trace {
            rows.push(vec!["trace".into(), trace.value.into(), Cell::Empty, trace.standard_error.into()]);
        }
        report.note("Curvature of the loss", self.in_words()).table(
            "Eigenvalues of the Hessian",
            ["", "value", "residual", "error"],
            rows,
        )
    }
}

impl ReportSection for JacobianSpectra {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        spectra(report, &self.parts)
    }
}

impl ReportSection for JacobianSpectrum {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let histogram = self.histogram(BINS);
        let report = spectra(report, core::slice::from_ref(self));
        histogram.iter().fold(report, |report, histogram| report.histogram("Singular values", histogram))
    }
}

fn spectra<'a>(report: Report<'a>, parts: &[JacobianSpectrum]) -> Report<'a> {
    let row = |part: &JacobianSpectrum| {
        let path = if part.path.is_empty() { "(network)" } else { &part.path };
        vec![
            path.into(),
            part.layer.as_str().into(),
            part.mean.map(|mean| mean.mean).into(),
            part.deviation.map(|deviation| deviation.mean).into(),
            part.smallest.map(|smallest| smallest.mean).into(),
            part.largest.mean.into(),
            part.condition.map(|condition| condition.mean).into(),
            part.mean_square.mean.into(),
        ]
    };
    report.table(
        "Singular values of the Jacobians",
        ["path", "layer", "mean", "deviation", "smallest", "largest", "condition", "mean square"],
        parts.iter().map(row),
    )
}

impl ReportSection for CoordinateCheck {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let lines = self.layers.iter().map(|layer| {
            let last = layer.changes.iter().map(|changes| changes.last().copied().unwrap_or(f64::NAN));
            let points = self.widths.iter().map(|&width| (width as f64).log2()).zip(last.map(f64::log10));
            (layer.path.as_str(), points.filter(|(_, change)| change.is_finite()).collect())
        });
        let row = |layer: &crate::flow::LayerScaling| {
            vec![
                layer.path.as_str().into(),
                layer.layer.as_str().into(),
                layer.exponent.map(|exponent| exponent.to_string()).into(),
                layer.growth().map(|growth| growth.to_string()).into(),
            ]
        };
        report
            .lines(
                "The change of each output against the width",
                ["log2 of the width", "log10 of the RMS of the change"],
                lines,
            )
            .table(
                "Coordinate check",
                ["path", "layer", "exponent", "with the width"],
                self.layers.iter().map(row),
            )
    }
}
