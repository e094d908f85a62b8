use alloc::format;
use alloc::string::String;
use core::fmt;

use super::{Across, ISOMETRY, JacobianSpectra, JacobianSpectrum};
use crate::flow::table::{fold, short};
use crate::layer::{head, tail};

/// The number of bins of the histogram, and the length of the longest bar.
const BINS: usize = 12;
const BAR: usize = 48;
/// A spectrum is shown on a log scale if the standard deviation of its logarithms is larger than this: a factor of e.
const LOG_SCALE: f64 = 1.0;

impl fmt::Display for JacobianSpectrum {
    /// Prints the figures with their range over the inputs, a histogram of all singular values, and a sentence about
    /// them, in 80 columns without colors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.values.len() {
            0 => String::new(),
            1 => ", 1 input".into(),
            count => format!(", {count} inputs"),
        };
        let path =
            if self.path.is_empty() { String::new() } else { format!(" of `{}`", tail(&self.path, 30)) };
        writeln!(f, "singular values of dy/dx{path}, {} x {}{count}", self.outputs, self.inputs)?;
        let line = "─".repeat(79);
        writeln!(f, "{line}\n{:<28} {:>9} {:>9} {:>9}", "over the inputs", "mean", "least", "greatest")?;
        for (name, figure) in [
            ("mean", self.mean),
            ("standard deviation", self.deviation),
            ("deviation of the logarithms", self.log_deviation),
            ("mean square", Some(self.mean_square)),
            ("variance of squares / mean²", self.square_variance),
            (if self.values.is_empty() { "largest, at least" } else { "largest" }, Some(self.largest)),
            ("smallest", self.smallest),
            ("condition number", self.condition),
        ] {
            if let Some(Across { mean, least, greatest }) = figure {
                writeln!(f, "{name:<28} {:>9} {:>9} {:>9}", short(mean), short(least), short(greatest))?;
            }
        }
        if let Some(error) = self.standard_error {
            writeln!(f, "standard error of the mean square: {}", short(error))?;
        }
        writeln!(f, "{line}")?;
        self.bars(f)?;
        fold(f, &self.words(), 79)
    }
}

impl JacobianSpectrum {
    /// Returns whether its spectrum is shown on a log scale.
    pub(super) fn is_wide(&self) -> bool {
        self.log_deviation.is_some_and(|deviation| deviation.mean > LOG_SCALE)
    }

    /// Writes a histogram with one bin per line.
    fn bars(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.is_wide();
        let histogram = if wide { self.log_histogram(BINS) } else { self.histogram(BINS) };
        let Some(histogram) = histogram else { return Ok(()) };
        let all = self.values.iter().map(|values| values.len()).sum::<usize>().max(1);
        let most = histogram.counts.iter().copied().max().unwrap_or(0).max(1);
        let edges: alloc::vec::Vec<f64> =
            histogram.edges().map(|edge| if wide { 10f64.powf(edge) } else { edge }).collect();
        for (edges, &count) in edges.windows(2).zip(&histogram.counts) {
            let bar = "█".repeat((count * BAR).div_ceil(most));
            let share = 100.0 * count as f64 / all as f64;
            let row = format!("{:>9} to {:>9} {share:5.1} % {bar}", short(edges[0]), short(edges[1]));
            writeln!(f, "{}", row.trim_end())?;
        }
        if histogram.left_out > 0 {
            writeln!(
                f,
                "{:>22} {:5.1} %",
                "0, up to rounding",
                100.0 * histogram.left_out as f64 / all as f64
            )?;
        }
        Ok(())
    }

    /// Returns a sentence about the figures.
    fn words(&self) -> String {
        let Some((near, smallest)) = self.near_one.zip(self.smallest) else {
            return "too large to be decomposed: estimates from random gradients".into();
        };
        if self.is_isometry() {
            return format!(
                "close to an isometry: every singular value is between {} and {}",
                short(smallest.least),
                short(self.largest.greatest)
            );
        }
        let typical = format!("the root of their mean square is {}", short(self.mean_square.mean.sqrt()));
        let singular = match (self.singular, self.values.len()) {
            (0, _) => String::new(),
            (singular, all) => format!("; it is singular at {singular} of {all} inputs"),
        };
        format!(
            "not an isometry: {:.0} % of the singular values are between {} and {ISOMETRY}; {typical}{singular}",
            100.0 * near,
            1.0 / ISOMETRY
        )
    }
}

impl fmt::Display for JacobianSpectra {
    /// Prints a row for each part, with means over the inputs, in 80 columns without colors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = "─".repeat(79);
        writeln!(
            f,
            "{:<14} {:<14} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7}",
            "path", "layer", "outputs x", "mean", "log", "small-", "larg-", "condi-"
        )?;
        writeln!(
            f,
            "{:<14} {:<14} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7}",
            "", "", "inputs", "square", "spread", "est", "est", "tion"
        )?;
        write!(f, "{line}")?;
        for part in &self.parts {
            let cell = |figure: Option<Across>| figure.map_or("-".into(), |figure| short(figure.mean));
            let path = if part.path.is_empty() { "(network)" } else { &part.path };
            write!(
                f,
                "\n{:<14} {:<14} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7}",
                tail(path, 14),
                head(&part.layer.replace(", f64", "").replace(", NoBias", ""), 14),
                format!("{}x{}", part.outputs, part.inputs),
                short(part.mean_square.mean),
                cell(part.log_deviation),
                cell(part.smallest),
                short(part.largest.mean),
                cell(part.condition)
            )?;
        }
        Ok(())
    }
}
