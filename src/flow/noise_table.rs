use alloc::string::String;
use core::fmt;

use super::noise::GradientNoise;
use super::noise_figures::NoiseFigures;
use super::table::{fold, short};
use crate::layer::{head, tail};

/// The largest number of rows. If there are more layers, the first and the last are printed.
const ROWS: usize = 60;

impl fmt::Display for GradientNoise {
    /// Prints a table of 80 columns, without colors: a row for each layer with parameters and for the network, and a
    /// summary in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = "─".repeat(79);
        let size = self.samples_of_a_piece();
        let pieces =
            if size == 1 { "one by one".into() } else { format!("{} pieces of {size}", self.pieces) };
        writeln!(
            f,
            "gradient noise of {} samples, {pieces}, loss {}; {} gradient passes",
            self.samples,
            short(self.loss),
            self.passes
        )?;
        if self.batch_statistics {
            writeln!(f, "(a batch norm: each piece of {size} is normalized by itself)")?;
        }
        writeln!(
            f,
            "{:<11} {:<14} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>8}",
            "path", "layer", "|dR/dW|", "SNR", "cosine", "norm", "inner", "orth.", "scale"
        )?;
        writeln!(f, "{line}")?;
        let (rows, left) = (self.layers.len().min(ROWS), self.layers.len().saturating_sub(ROWS));
        for (at, layer) in self.layers.iter().enumerate() {
            if at < rows / 2 || at >= rows / 2 + left {
                let path = if layer.path.is_empty() { "(network)" } else { &layer.path };
                row(f, path, &layer.layer.replace(", f64", "").replace(", no bias", ""), &layer.figures)?;
            } else if at == rows / 2 {
                writeln!(f, "… {left} more")?;
            }
        }
        if self.layers.len() != 1 {
            row(f, "all", "", &self.network)?;
        }
        writeln!(f, "{line}")?;
        fold(f, &self.in_words(), 79)
    }
}

fn row(f: &mut fmt::Formatter<'_>, path: &str, layer: &str, figures: &NoiseFigures) -> fmt::Result {
    let cell = |x: Option<f64>, width| x.map_or("-".into(), |x| fit(x, width));
    writeln!(
        f,
        "{:<11} {:<14} {:>7} {:>7} {:>6} {:>6} {:>6} {:>6} {:>8}",
        tail(path, 11),
        head(layer, 14),
        fit(figures.gradient_norm, 7),
        cell(figures.snr, 7),
        cell(figures.alignment, 6),
        cell(figures.norm_test, 6),
        cell(figures.inner_product_test, 6),
        cell(figures.orthogonality_test, 6),
        figures.noise_scale.map_or("-".into(), count),
    )
}

/// Formats a number in at most this many characters.
fn fit(x: f64, width: usize) -> String {
    let text = short(x);
    if text.len() <= width { text } else { format!("{x:.0e}") }
}

/// Formats a count of samples, with about three digits.
fn count(x: f64) -> String {
    match x {
        0.0..10.0 => format!("{x:.2}"),
        10.0..100.0 => format!("{x:.1}"),
        100.0..1e5 => format!("{x:.0}"),
        _ => format!("{x:.1e}"),
    }
}

impl GradientNoise {
    pub(super) fn in_words(&self) -> String {
        let NoiseFigures { gradient_norm, variance, norm_test, noise_scale, noise_scale_error, .. } =
            self.network;
        let samples = self.samples;
        if self.layers.is_empty() {
            return "this network has no parameters, and no gradient".into();
        }
        if gradient_norm == 0.0 {
            return "the gradient of this batch is 0".into();
        }
        let mut text = norm_test.map_or(String::new(), |norm| {
            format!(
                "noise: the standard error of this batch's gradient is {} times its length\n",
                short(norm)
            )
        });
        let Some((scale, steps)) = noise_scale.zip(self.steps(samples)) else {
            text += &if variance.is_some_and(|variance| variance > 0.0) {
                format!(
                    "noise scale: too large to measure with {samples} samples, which do not distinguish the gradient from noise"
                )
            } else {
                "noise scale: none; squares of this gradient overflow or underflow".into()
            };
            return text;
        };
        let error = noise_scale_error.map_or(String::new(), |error| format!(" ± {}", count(error)));
        text += &format!(
            "noise scale: {}{error} samples. Well below it, a larger batch takes proportionally fewer steps; well above, \
             hardly fewer. A batch of {samples} takes {} times the fewest steps",
            count(scale),
            count(steps),
        );
        if scale > 0.0 {
            text += &format!(", and {} times the fewest samples", count(1.0 + samples as f64 / scale));
        }
        text
    }
}
