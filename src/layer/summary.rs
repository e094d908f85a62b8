use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{Cost, Layer, Path, Segment};
use crate::tensor::Tensor;

/// A network as a table: each layer with the shape it gives, its parameters and its multiply-adds.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
/// let table = Net::summary::<Vector<784>>().to_string();
/// assert!(table.contains("100,480")); // 784 * 128 + 128
/// println!("{table}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The shape of the input.
    pub input: &'static [usize],
    /// The layers in order, those inside blocks one by one.
    pub rows: Vec<SummaryRow>,
    /// How many numbers the whole network is made of.
    pub parameters: usize,
    /// What the whole network costs.
    pub cost: Cost,
}

/// One layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Where it stands: `2.branch.0`. A range of equal blocks in an array stands as one: `2.[0..50].branch.0`.
    pub path: String,
    /// Its type, without the paths of modules.
    pub layer: String,
    /// The shape it gives.
    pub output: &'static [usize],
    /// How many parameters it has, in all of its copies.
    pub parameters: usize,
    /// How many multiply-adds its forward pass takes, in all of its copies.
    pub multiply_adds: u64,
}

impl Summary {
    pub(crate) fn of<X: Tensor, N: Layer<X>>() -> Self {
        let mut rows = Rows { rows: Vec::new(), path: Path::ROOT, copies: 1 };
        N::summarize(&mut rows);
        Self { input: X::SHAPE, rows: rows.rows, parameters: N::COUNT, cost: N::COST }
    }
}

/// Where the layers of a network write their rows.
#[derive(Debug)]
pub struct Rows<'a> {
    rows: Vec<SummaryRow>,
    path: Path<'a>,
    copies: usize,
}

impl Rows<'_> {
    /// A layer without layers inside.
    pub fn leaf<X: Tensor, L: Layer<X>>(&mut self) {
        self.rows.push(SummaryRow {
            path: self.path.to_string(),
            layer: short_type_name::<L>(),
            output: L::Output::SHAPE,
            parameters: L::COUNT * self.copies,
            multiply_adds: L::COST.multiply_adds * self.copies as u64,
        });
    }

    /// A layer inside this one, and how many equal ones stand there in a row.
    pub fn child<X: Tensor, L: Layer<X>>(&mut self, name: impl Into<Segment>, copies: usize) {
        let rows = core::mem::take(&mut self.rows);
        let mut inner = Rows { rows, path: self.path.join(name), copies: self.copies * copies };
        L::summarize(&mut inner);
        self.rows = inner.rows;
    }
}

/// The name of a type without the paths of its modules.
pub(crate) fn short_type_name<T>() -> String {
    let mut short = String::new();
    for part in
        core::any::type_name::<T>().split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
    {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// `1234567` as `1,234,567`.
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

/// The first `width` characters; what is cut off shows as an ellipsis.
pub(crate) fn head(text: &str, width: usize) -> Cow<'_, str> {
    if text.chars().count() <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(width - 1).chain(['…']).collect())
}

/// The last `width` characters; what is cut off shows as an ellipsis.
pub(crate) fn tail(text: &str, width: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= width {
        return Cow::Borrowed(text);
    }
    Cow::Owned(['…'].into_iter().chain(text.chars().skip(length + 1 - width)).collect())
}

/// `Dense<Vector<64>, Vector<10>>` as its users wrote it: `Linear<64, 10>`.
pub(crate) fn as_written(layer: &str) -> Cow<'_, str> {
    let sides = |rest: &str| -> Option<String> {
        let (input, rest) = rest.split_once(">, Vector<")?;
        let (output, rest) = rest.split_once('>')?;
        let (input, scalar) = match input.split_once(", ") {
            Some((input, scalar)) => (input, format!(", {scalar}")),
            None => (input, String::new()),
        };
        let output = output.split(',').next().unwrap_or(output);
        let output = format!("{output}{scalar}");
        Some(match rest {
            ">" => format!("Linear<{input}, {output}>"),
            _ if rest.contains("NoBias") => format!("Linear<{input}, {output}>, no bias"),
            _ => format!("Linear<{input}, {output}>"),
        })
    };
    if let Some(linear) = layer.strip_prefix("Dense<Vector<").and_then(sides) {
        return Cow::Owned(linear);
    }
    let Some(at) = layer.find("Dense<Vector<").filter(|&at| at > 0) else { return Cow::Borrowed(layer) };
    // One inside another layer, up to the end of its brackets.
    let mut depth = 0;
    let end = layer[at..].find(|c| {
        depth += i32::from(c == '<') - i32::from(c == '>');
        c == '>' && depth == 0
    });
    let (inside, rest) = layer[at..].split_at(end.map_or(layer.len() - at, |end| end + 1));
    let inside = as_written(inside).replace(", no bias", "");
    Cow::Owned(format!("{}{inside}{}", &layer[..at], as_written(rest)))
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
                head(&as_written(&row.layer), 25),
                shape(row.output),
                thousands(row.parameters as u64),
                thousands(row.multiply_adds)
            )?;
        }
        writeln!(f, "{line}")?;
        let total = [self.parameters as u64, self.cost.multiply_adds].map(thousands);
        writeln!(f, "{:<55} {:>11} {:>11}", "total", total[0], total[1])?;
        let kept = format!("{} bytes a sample", thousands(self.cost.tape_bytes as u64));
        write!(
            f,
            "depth {}, Hanin's beta {:.3}, kept for the way back: {kept}",
            self.cost.depth,
            self.cost.beta()
        )
    }
}
