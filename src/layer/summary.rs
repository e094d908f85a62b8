use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use chainrule_parameters::Path;

use super::{Checked, Cost, Layer, Plan};
use crate::tensor::Sample;

/// A table of a network: each layer with its output shape, its parameters and its multiply-adds.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
/// let table = Net::summary::<Vector<784>>().to_string();
/// assert!(table.contains("100,480")); // 784 * 128 + 128
/// println!("{table}");
/// ```
#[doc(alias("summary", "model.summary()", "torchinfo"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The shape of the input.
    pub input: &'static [usize],
    /// The layers in order, including those inside blocks.
    pub rows: Vec<SummaryRow>,
    /// How many parameters the whole network has.
    pub parameters: usize,
    /// The cost of the whole network.
    pub cost: Cost,
    /// The bytes of workspace that training needs for each sample.
    pub training_bytes: usize,
}

/// One row of a [`Summary`]: a layer. See the example of [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Its path: `2.branch.0`. Equal blocks in an array share one row: `2.[0..50].branch.0`.
    pub path: String,
    /// Its type, without the paths of modules.
    pub layer: String,
    /// Its output shape.
    pub output: &'static [usize],
    /// How many parameters it has, in all its copies.
    pub parameters: usize,
    /// How many multiply-adds its forward pass takes, in all its copies.
    pub multiply_adds: u64,
}

impl Summary {
    pub(crate) fn of<X: Sample, N: Layer<X>>() -> Self {
        Self::of_plan(Checked::<X, N>::PLAN)
    }

    fn of_plan(plan: &Plan) -> Self {
        let mut rows = Vec::new();
        list(plan, &Path::ROOT, [1, 1], &mut rows);
        let (parameters, training_bytes) = (plan.parameters.count(), plan.bytes_per_sample());
        Self { input: plan.input, rows, parameters, cost: plan.cost, training_bytes }
    }
}

/// Adds the row of a layer, or the rows of the layers inside it.
fn list(plan: &Plan, path: &Path<'_>, [copies, passes]: [usize; 2], rows: &mut Vec<SummaryRow>) {
    if plan.children.is_empty() {
        return rows.push(SummaryRow {
            path: path.to_string(),
            layer: plan.name.to_string(),
            output: plan.output,
            parameters: plan.parameters.count() * copies,
            multiply_adds: plan.cost.multiply_adds * passes as u64,
        });
    }
    for child in plan.children {
        let own = if child.shared { 1 } else { child.copies };
        list(child.plan, &path.join(child.name), [copies * own, passes * child.copies], rows);
    }
}

/// Formats `1234567` as `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn shape(sides: &[usize]) -> String {
    sides.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

/// Returns the first `width` characters. An ellipsis shows that text was cut.
pub(crate) fn head(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(width - 1).chain(['…']).collect())
}

/// Returns the last `width` characters. An ellipsis shows that text was cut.
pub(crate) fn tail(text: &str, width: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(['…'].into_iter().chain(text.chars().skip(length + 1 - width)).collect())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = "─".repeat(79);
        writeln!(
            f,
            "{:<16} {:<25} {:>12} {:>11} {:>11}",
            "path", "layer", "output", "parameters", "mult-adds"
        )?;
        writeln!(f, "{line}")?;
        writeln!(f, "{:<16} {:<25} {:>12}", "", "(input)", shape(self.input))?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<16} {:<25} {:>12} {:>11} {:>11}",
                tail(&row.path, 16),
                head(&row.layer, 25),
                shape(row.output),
                thousands(row.parameters as u64),
                thousands(row.multiply_adds)
            )?;
        }
        writeln!(f, "{line}")?;
        let total = [self.parameters as u64, self.cost.multiply_adds].map(thousands);
        writeln!(f, "{:<55} {:>11} {:>11}", "total", total[0], total[1])?;
        let bytes = thousands(self.training_bytes as u64);
        let (depth, beta) = (self.cost.depth, self.cost.beta());
        write!(f, "depth {depth}, Hanin's beta {beta:.3}, memory for training: {bytes} bytes a sample")
    }
}
