use std::fmt;

use super::LearningRateTest;
#[cfg(feature = "flow")]
use crate::flow::{Report, ReportSection};

/// The size of the curve in characters.
const COLUMNS: usize = 66;
const ROWS: usize = 8;

impl fmt::Display for LearningRateTest {
    /// Prints the smoothed loss against the learning rate, on a log scale, and the suggestion, in 80 columns without
    /// colors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else { return Ok(()) };
        writeln!(f, "learning-rate test: {} steps, smoothed loss", self.points.len())?;
        let most = self.most();
        let least = self.points.iter().map(|point| point.smoothed).fold(most, f64::min);
        let count = self.points.len();
        let columns = COLUMNS.min(count);
        let heights: Vec<f64> = (0..columns)
            .map(|column| self.points[column * (count - 1) / (columns - 1).max(1)].smoothed.min(most))
            .map(|loss| if most > least { (loss - least) / (most - least) } else { 0.0 })
            .collect();
        for row in (0..ROWS).rev() {
            let label = match row {
                0 => number(least),
                row if row == ROWS - 1 => number(most),
                _ => String::new(),
            };
            let bars: String = heights.iter().map(|height| bar(height * ROWS as f64 - row as f64)).collect();
            writeln!(f, "{label:>10} │{}", bars.trim_end())?;
        }
        let (from, to) = (format!("{:.1e}", first.rate), format!("{:.1e}", last.rate));
        let to_width = columns.saturating_sub(from.len()).max(to.len() + 1);
        writeln!(f, "{:>10}  {from}{to:>to_width$}", "rate")?;
        f.write_str(&self.in_words())
    }
}

impl LearningRateTest {
    fn in_words(&self) -> String {
        let last = self.points.last().map_or(f64::NAN, |point| point.rate);
        let mut text = match self.exploded {
            Some(rate) => format!("the loss exploded after the step at {rate:.2e}\n"),
            None if self.points.last().is_some_and(|point| point.rate > self.lowest) => {
                format!("the loss did not explode up to {last:.2e}; it is lowest at {:.2e}\n", self.lowest)
            }
            None => format!("the loss still falls at {last:.2e}: test higher rates too\n"),
        };
        let Some(rate) = self.suggestion else {
            return text + "the loss does not fall at any of these rates";
        };
        text += &format!("suggestion: {rate:.2e}, a tenth of {:.2e}, where it is lowest", self.lowest);
        if let Some(rate) = self.steepest {
            text += &format!("\nit falls most steeply at {rate:.2e}");
        }
        text
    }
}

/// Returns the character of a column in a row. `height` is measured from the lower edge of the row, in rows.
fn bar(height: f64) -> char {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    // The lowest point is a thin line, so that it can be seen.
    EIGHTHS[((height * 8.0).round().clamp(0.0, 8.0)) as usize]
}

/// Formats a loss in at most 10 characters.
fn number(x: f64) -> String {
    if (0.01..1000.0).contains(&x.abs()) { format!("{x:.3}") } else { format!("{x:.2e}") }
}

#[cfg(feature = "flow")]
impl ReportSection for LearningRateTest {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let most = self.most();
        let points = self.points.iter().map(|point| (point.rate.log10(), point.smoothed.min(most))).collect();
        let text = self.in_words();
        report
            .lines("Learning-rate test", ["log10 of the learning rate", "smoothed loss"], [("loss", points)])
            .note("Learning rate", text)
    }
}
