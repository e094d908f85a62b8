use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{CoordinateCheck, Exponent, Growth, LayerScaling, WIDTH_EXPONENT};
use crate::flow::table::{fold, short};
use crate::layer::{head, tail};

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grows => "grows",
            Self::Stable => "stable",
            Self::Shrinks => "shrinks",
        })
    }
}

impl fmt::Display for Exponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.value)?;
        self.error.map_or(Ok(()), |error| write!(f, " ± {error:.2}"))
    }
}

impl fmt::Display for CoordinateCheck {
    /// Prints a row for each layer, with the change of its output after the last step at the smallest and the largest
    /// width. A sentence follows for each layer of parameters whose changes depend on the width. It has 80 columns and
    /// no colors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
        let widths: Vec<String> = self.widths.iter().map(|width| format!("{width}")).collect();
        let title = format!(
            "coordinate check: widths {}; {}, {}",
            widths.join(", "),
            plural(self.steps as u64, "step"),
            plural(self.seeds, "seed")
        );
        fold(f, &title, 79)?;
        let line = "─".repeat(79);
        let places = 0..self.widths.len();
        let least = places.clone().min_by_key(|&at| self.widths[at]).unwrap_or(0);
        let most = places.max_by_key(|&at| self.widths[at]).unwrap_or(0);
        let columns = [least, most].map(|at| format!("at {}", self.widths.get(at).copied().unwrap_or(0)));
        let [from, to] = &columns;
        write!(f, "\nRMS of the change of each output, and the power of the width by which it grows\n")?;
        write!(f, "{:<16} {:<18} {from:>9} {to:>9}   exponent\n{line}", "path", "layer")?;
        for layer in &self.layers {
            let path = if layer.path.is_empty() { "(network)" } else { &layer.path };
            let change = |at: usize| layer.changes[at].last().map_or("-".into(), |change| short(*change));
            let words = layer.exponent.map_or("no change".into(), |exponent| {
                format!("{:<13} {}", format!("{exponent}"), exponent.growth())
            });
            write!(
                f,
                "\n{:<16} {:<18} {:>9} {:>9}   {words}",
                tail(path, 16),
                head(&layer.layer.replace(", f64", "").replace(", NoBias", ""), 18),
                change(least),
                change(most),
            )?;
        }
        write!(f, "\n{line}")?;
        for layer in self.layers.iter().filter(|layer| self.has_parameters(layer)) {
            if let Some(words) = layer.words() {
                f.write_str("\n")?;
                fold(f, &words, 79)?;
            }
        }
        if self.is_stable() {
            let words =
                format!("stable: no layer's output changes by a power of the width beyond ±{WIDTH_EXPONENT}");
            f.write_str("\n")?;
            fold(f, &words, 79)?;
        }
        Ok(())
    }
}

impl CoordinateCheck {
    /// Returns whether a layer has parameters. The other layers only change because of the layers before them.
    fn has_parameters(&self, layer: &LayerScaling) -> bool {
        let inside = |path: &str| path.strip_prefix(&layer.path).is_some_and(|rest| rest.starts_with('.'));
        layer.path.is_empty() || self.updates.iter().any(|update| inside(&update.path))
    }
}

impl LayerScaling {
    /// Returns a sentence about its exponent, if the change depends on the width.
    fn words(&self) -> Option<String> {
        let (verb, meaning) = match self.growth()? {
            Growth::Stable => return None,
            Growth::Grows => ("grows", "a wider network needs a smaller learning rate here"),
            Growth::Shrinks => ("shrinks", "the wider the network, the less this layer learns"),
        };
        let path = if self.path.is_empty() { String::new() } else { format!("`{}` ", self.path) };
        let exponent = self.exponent?;
        Some(format!(
            "{path}({}): the change of its output {verb} as width^{exponent}: {meaning}",
            self.layer
        ))
    }
}
