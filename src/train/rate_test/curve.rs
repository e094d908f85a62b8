use std::fmt;

use super::LearningRateTest;

/// The size of the curve in characters.
const COLUMNS: usize = 66;
const ROWS: usize = 8;

impl fmt::Display for LearningRateTest {
    /// Prints the smoothed loss against the learning rate, on a log scale, and the suggestion, in 80 columns without
    /// colours.
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
        match self.exploded {
            Some(rate) => writeln!(f, "the loss exploded after the step at {rate:.2e}")?,
            None => writeln!(f, "the loss did not explode up to {:.2e}: test higher rates too", last.rate)?,
        }
        match self.suggestion {
            None => f.write_str("the loss does not fall at any of these rates"),
            Some(rate) => {
                write!(f, "suggestion: {rate:.2e}, a tenth of {:.2e}, where it is lowest", self.lowest)?;
                self.steepest.map_or(Ok(()), |rate| write!(f, "\nit falls most steeply at {rate:.2e}"))
            }
        }
    }
}

/// Returns the part of a column in a row, from the height above the row's lower edge, in rows.
fn bar(height: f64) -> char {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    // The lowest point is a thin line, so that it can be seen.
    EIGHTHS[((height * 8.0).round().clamp(0.0, 8.0)) as usize]
}

/// Formats a loss in at most 10 characters.
fn number(x: f64) -> String {
    if (0.01..1000.0).contains(&x.abs()) { format!("{x:.3}") } else { format!("{x:.2e}") }
}
