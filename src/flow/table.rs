use core::fmt;

use super::attention::{SCORES, way_share};
use super::{Flow, LayerFlow, TimeFlow};
use crate::expected::ExpectedFlow;
use crate::layer::{Factor, head, tail};

/// The length of the bar in characters.
const BAR: usize = 12;

impl fmt::Display for Flow {
    /// Prints a table of 80 columns, without colors. Each layer has the RMS of dR/d`output` (also as a bar, on a log
    /// scale), its gain, and the figures of its factor. The verdict follows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = "─".repeat(79);
        let loss = self.loss.map_or("not finite".into(), short);
        let samples = if self.samples == 1 { "sample" } else { "samples" };
        writeln!(f, "gradient flow of {} {samples}, loss {loss}", self.samples)?;
        writeln!(
            f,
            "{:<12} {:<16} {:>7} {:<BAR$} {:>7} factor",
            "path", "layer", "dR/dout", "log scale", "gain"
        )?;
        writeln!(f, "{line}")?;
        let scale = Scale::of(self);
        for (at, layer) in self.layers.iter().enumerate() {
            // The figures of a block include its skip connection. A stack is left out unless it has no layers.
            let skip = layer.layer == "Identity" && layer.path.ends_with("shortcut");
            if skip || (layer.factor == Factor::Product && !self.is_leaf(at)) {
                continue;
            }
            self.row(f, layer, scale)?;
        }
        writeln!(f, "{line}")?;
        if let (Some(product), Some(whole)) = (self.product_of_gains(), self.attenuation()) {
            writeln!(f, "all gains multiplied {product:.3e}, |dR/dX| / |dR/dA| {whole:.3e}")?;
        }
        if let Some(expected) =
            self.expected.filter(|expected| expected.layers > 1 && !expected.rate.is_nan())
        {
            let ExpectedFlow { share, rate, .. } = expected;
            writeln!(
                f,
                "theory expects {share:.3e} with new weights (Glorot), {rate:.3} a layer of weights"
            )?;
        }
        for layer in &self.layers {
            if let Some(time) = &layer.time {
                through_time(f, layer, time)?;
            }
        }
        fold(f, &self.verdict().to_string(), 79)
    }
}

/// Writes the gradient of a recurrent layer at each step, as bars on a log scale.
fn through_time(f: &mut fmt::Formatter<'_>, layer: &LayerFlow, time: &TimeFlow) -> fmt::Result {
    const COLUMNS: usize = 36;
    let (steps, Some(share), Some(rate)) = (time.gradients.len(), time.share(), time.rate()) else {
        return Ok(());
    };
    let path = if layer.path.is_empty() { "(network)" } else { &layer.path };
    writeln!(f, "{} back through {steps} steps: {} arrives, {rate:.3} a step", head(path, 30), short(share))?;
    let scale = Scale::over(time.gradients.iter().copied());
    let columns = steps.min(COLUMNS);
    let step = |column: usize| column * (steps - 1) / (columns - 1).max(1);
    let bars: String = (0..columns).map(|column| scale.column(time.gradients[step(column)])).collect();
    writeln!(f, "  step 1 {bars} step {steps}, |dR/dh| on a log scale")?;
    let gates: Vec<String> =
        layer.gates.iter().map(|gate| format!("{} {}", gate.name, short(gate.mean))).collect();
    if gates.is_empty() { Ok(()) } else { writeln!(f, "  mean of the gates: {}", gates.join(", ")) }
}

impl Flow {
    fn row(&self, f: &mut fmt::Formatter<'_>, layer: &LayerFlow, scale: Scale) -> fmt::Result {
        let rms = layer.output_grad_rms;
        let row = format!(
            "{:<12} {:<16} {:>7} {:<BAR$} {:>7} {}",
            tail(if layer.path.is_empty() { "(network)" } else { &layer.path }, 12),
            head(&layer.layer.replace(", f64", "").replace(", no bias", ""), 16),
            rms.map_or("-".into(), size),
            rms.map_or(String::new(), |rms| scale.bar(rms)),
            layer.gain.map_or("-".into(), short),
            factor(layer)
        );
        writeln!(f, "{}", row.trim_end())
    }

    /// Returns a table of the parameters: |W|, |dR/dW|, their quotient and, after a recorded step, |update| / |W|.
    pub fn parameters_table(&self) -> String {
        let mut table = format!(
            "{:<30} {:>9} {:>10} {:>10} {:>8} {:>8}\n",
            "parameter", "numbers", "|W|", "|dR/dW|", "dW/W", "step/W"
        );
        for layer in &self.layers {
            for parameter in &layer.parameters {
                let path = format!("{}.{}", layer.path, parameter.name);
                let cell = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.1e}"));
                let gradient = layer.output_grad_rms.map(|_| format!("{:.3e}", parameter.gradient_norm));
                table += &format!(
                    "{:<30} {:>9} {:>10.3e} {:>10} {:>8} {:>8}\n",
                    tail(path.trim_start_matches('.'), 30),
                    parameter.len,
                    parameter.norm,
                    gradient.unwrap_or("-".into()),
                    cell(parameter.gradient_to_weight()),
                    cell(parameter.update_to_weight())
                );
            }
        }
        table
    }
}

/// Formats the figures of a layer's factor in 21 characters.
fn factor(layer: &LayerFlow) -> String {
    if !layer.output_rms.is_finite() {
        return format!("output is {}", if layer.output_rms.is_nan() { "NaN" } else { "infinite" });
    }
    if let Some(slope) = layer.activation {
        let (off, word) = if slope.dead > 0.0 { (slope.dead, "dead") } else { (slope.saturated, "sat") };
        return format!("g' {} {word} {:.0}%", short(slope.mean), 100.0 * off);
    }
    if let Some(spectrum) = layer.weights.and_then(|weights| weights.spectrum) {
        let most = if spectrum.exact { "" } else { "≤" };
        return format!("σ {most}{} to {}", short(spectrum.smallest), short(spectrum.largest));
    }
    if let Some((share, rate)) = layer.time.as_ref().and_then(|time| time.share().zip(time.rate())) {
        return format!("time {} by {rate:.3}", tiny(share));
    }
    if let [gate] = &layer.gates[..] {
        return format!("gate {:.2} closed {:.0}%", gate.mean, 100.0 * gate.closed);
    }
    if let Some(attention) = &layer.attention {
        let scores =
            way_share(&layer.paths, SCORES).map_or(String::new(), |x| format!(", scores {:.0}%", 100.0 * x));
        return format!("H {:.2}{scores}", attention.entropy());
    }
    match &layer.paths[..] {
        [branch, skip] if skip.name == "shortcut" => {
            format!("skip {}, F {}", tiny(skip.input_grad_rms), tiny(branch.input_grad_rms))
        }
        paths => {
            let terms: Vec<String> = paths.iter().map(|path| tiny(path.input_grad_rms)).collect();
            head(&terms.join(" + "), 21).into_owned()
        }
    }
}

/// Formats a number with about three significant digits in 7 characters.
pub(super) fn short(x: f64) -> String {
    match x.abs() {
        0.0 | 0.01..100.0 => format!("{x:.3}"),
        100.0..1000.0 => format!("{x:.1}"),
        _ => size(x),
    }
}

/// Formats a number with an exponent in 7 characters.
fn size(x: f64) -> String {
    let long = format!("{x:.1e}");
    if long.len() > 7 { tiny(x) } else { long }
}

/// Formats a number in at most 6 characters.
fn tiny(x: f64) -> String {
    format!("{x:.0e}")
}

/// The range of the bars in decades.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(flow: &Flow) -> Self {
        Self::over(flow.layers.iter().filter_map(|layer| layer.output_grad_rms))
    }

    fn over(sizes: impl Iterator<Item = f64>) -> Self {
        let logs = sizes.filter(|rms| *rms > 0.0 && rms.is_finite()).map(f64::log10);
        let (low, high) =
            logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        // At least two decades, so that nearly equal gradients have nearly equal bars.
        Self { low: low.min(high - 2.0), high }
    }

    /// Returns a column of one character.
    fn column(self, rms: f64) -> char {
        const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        if rms.is_nan() || rms <= 0.0 {
            return ' ';
        }
        let share = ((rms.log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        EIGHTHS[(share * 7.0).round() as usize]
    }

    /// Returns the bar: full for the largest gradient, nearly empty for the smallest.
    fn bar(self, rms: f64) -> String {
        const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
        if rms.is_nan() || rms <= 0.0 {
            return String::new();
        }
        let share = ((rms.log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let eighths = ((share * (BAR * 8) as f64).round() as usize).max(1);
        let mut bar = "█".repeat(eighths / 8);
        if !eighths.is_multiple_of(8) {
            bar.push(EIGHTHS[eighths % 8]);
        }
        bar
    }
}

/// Writes `text` in lines of at most `width` characters.
pub(super) fn fold(f: &mut fmt::Formatter<'_>, text: &str, width: usize) -> fmt::Result {
    for (at, paragraph) in text.lines().enumerate() {
        let mut column = 0;
        for word in paragraph.split(' ') {
            let word = head(word, width - 2); // a path of dozens of names
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                column = 0;
                writeln!(f)?;
                f.write_str("  ")?;
                column += 2;
            } else if column > 0 {
                f.write_str(" ")?;
                column += 1;
            } else if at > 0 {
                writeln!(f)?;
            }
            f.write_str(&word)?;
            column += length;
        }
    }
    Ok(())
}
