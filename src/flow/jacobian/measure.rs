use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::estimate::estimate;
use super::figures::{Found, Part};
use super::{JacobianParts, JacobianSpectra, JacobianSpectrum};
use crate::Error;
use crate::flow::batch::Batch;
use crate::flow::hook::joined;
use crate::flow::passes::Passes;
use crate::flow::svd::singular_values;
use crate::kernel::{Initial, Strided, gemm};
use crate::layer::{BackwardHook, Factor, LayerPass, Plan, Segment};
use crate::tensor::Numbers;

/// A Jacobian is decomposed if it has at most this many elements: 128 MiB, 4096 x 4096.
const NUMBERS: usize = 1 << 24;

/// A hook that decomposes the Jacobians of the layers in a backward pass, for one input after another.
pub(in crate::flow) struct Measure<'a> {
    /// The parts to measure. `None` for the network itself.
    parts: Option<JacobianParts<'a>>,
    path: Vec<Segment>,
    /// The layers that have been entered and not yet left. The network itself is the first.
    open: Vec<&'static Plan>,
    /// The results at the current input, from the last layer to the first.
    links: Vec<Link>,
    measured: Vec<Part>,
}

/// A layer on the main path at one input.
struct Link {
    part: Part,
    /// Its Jacobian with a row for each output, if parts of several layers need it.
    matrix: Vec<f64>,
}

impl<'a> Measure<'a> {
    pub(in crate::flow) fn new(network: &'static Plan, parts: Option<JacobianParts<'a>>) -> Self {
        Self { parts, path: Vec::new(), open: vec![network], links: Vec::new(), measured: Vec::new() }
    }

    /// Ends the measurement at one input.
    pub(in crate::flow) fn end_of_input(&mut self, plan: &'static Plan) -> Result<(), Error> {
        let mut links = core::mem::take(&mut self.links);
        links.reverse();
        let parts = match self.parts {
            None | Some(JacobianParts::Layers) => links.into_iter().map(|link| link.part).collect(),
            Some(JacobianParts::Depths) => {
                let first = links.first().map_or(String::new(), |link| link.part.path.clone());
                products(&links, true, |part| format!("{first} to {}", part.path))?
            }
            Some(JacobianParts::Spans(pairs)) => {
                let between = |&(first, last): &(&str, &str)| {
                    let (start, end) = (position(&links, first)?.0, position(&links, last)?.1);
                    let chosen = links.get(start..=end).filter(|links| !links.is_empty());
                    let links = chosen.ok_or_else(|| unknown(&links, last))?;
                    products(links, false, |_| {
                        if first == last { first.to_owned() } else { format!("{first} to {last}") }
                    })
                };
                pairs.iter().map(between).collect::<Result<Vec<_>, Error>>()?.concat()
            }
        };
        if let Some(part) = parts.iter().find(|part: &&Part| part.found.is_empty()) {
            return Err(Error::NonFiniteJacobian { path: part.path.clone() });
        }
        if self.measured.is_empty() {
            self.measured = parts;
        } else {
            for (all, part) in self.measured.iter_mut().zip(parts) {
                all.found.extend(part.found);
            }
        }
        // The next pass begins at the network again.
        self.open = vec![plan];
        Ok(())
    }

    /// Returns the figures over all inputs.
    pub(in crate::flow) fn finish(self) -> Result<JacobianSpectra, Error> {
        let spectrum = |part: Part| {
            let path = part.path.clone();
            part.spectrum().ok_or(Error::NonFiniteJacobian { path })
        };
        let parts = self.measured.into_iter().map(spectrum).collect::<Result<_, _>>()?;
        Ok(JacobianSpectra { parts })
    }

    /// Returns the figures of the network itself.
    pub(in crate::flow) fn whole(self) -> Result<JacobianSpectrum, Error> {
        let mut parts = self.finish()?.parts;
        parts.pop().ok_or(Error::EmptyBatch)
    }

    /// Measures a layer at its input.
    fn link(&self, pass: &LayerPass<'_>) -> Option<Link> {
        let (plan, like) = (pass.layer.plan(), &pass.input);
        let mut passes = Passes::new(pass.layer, like);
        let (inputs, outputs) = (passes.inputs, passes.outputs);
        let epsilon = match like {
            Numbers::F32(_) => f64::from(f32::EPSILON),
            Numbers::F64(_) => f64::EPSILON,
            _ => return None, // a pair, or a label
        };
        let is_pair = like.len() != inputs || pass.output.len() != outputs;
        if is_pair || inputs.min(outputs) == 0 {
            return None;
        }
        passes.forward(&Batch::new(like, like.len(), |at| like.get(at)), 1)?;
        let dense = inputs.saturating_mul(outputs) <= NUMBERS;
        let alone = matches!(self.parts, None | Some(JacobianParts::Layers));
        let (mut found, mut matrix) = (Vec::new(), Vec::new());
        match (dense, alone) {
            (true, true) => found = values(passes.jacobian(like), inputs),
            (true, false) => matrix = passes.jacobian(like),
            (false, true) => found = vec![estimate(&mut passes, like)],
            (false, false) => {}
        }
        let (path, layer) = (joined(self.path.iter()), plan.name.to_string());
        Some(Link { part: Part { path, layer, inputs, outputs, epsilon, found }, matrix })
    }
}

impl BackwardHook for Measure<'_> {
    fn enter(&mut self, name: Segment, plan: &'static Plan) {
        self.path.push(name);
        self.open.push(plan);
    }

    fn leave(&mut self, pass: &LayerPass<'_>) {
        let Some(plan) = self.open.pop() else { return };
        let is_product = |plan: &Plan| plan.factor == Factor::Product && !plan.children.is_empty();
        let chosen = match self.parts {
            None => self.open.is_empty(),
            Some(_) => self.open.iter().all(|plan| is_product(plan)) && !is_product(plan),
        };
        if chosen {
            self.links.extend(self.link(pass));
        }
        self.path.pop();
    }
}

/// Decomposes a Jacobian. The list is empty if it is not finite.
fn values(matrix: Vec<f64>, inputs: usize) -> Vec<Found> {
    singular_values(matrix, inputs).map(Found::Values).into_iter().collect()
}

/// Decomposes the product of these layers. With `all`, also that of the first, of the first two, and so on.
fn products(links: &[Link], all: bool, name: impl Fn(&Part) -> String) -> Result<Vec<Part>, Error> {
    let mut product: Vec<f64> = Vec::new();
    let mut parts = Vec::new();
    let inputs = links.first().map_or(0, |first| first.part.inputs);
    for (at, Link { part, matrix }) in links.iter().enumerate() {
        let numbers = part.inputs.max(inputs).saturating_mul(part.outputs);
        if matrix.is_empty() || numbers > NUMBERS {
            let (name, expected) = ("the size of a Jacobian in a part of several layers", "at most 16777216");
            return Err(Error::Setting { name, value: numbers as f64, expected });
        }
        product = if product.is_empty() {
            matrix.clone()
        } else {
            let mut next = vec![0.0; part.outputs * inputs];
            let (a, b) = (Strided::rows(matrix, part.inputs), Strided::rows(&product, inputs));
            gemm(a, b, Initial::Zero, &mut next, part.inputs, inputs);
            next
        };
        if all || at + 1 == links.len() {
            let found = values(product.clone(), inputs);
            let layer = if at == 0 { part.layer.clone() } else { String::new() };
            parts.push(Part { path: name(part), layer, inputs, found, ..part.clone() });
        }
    }
    Ok(parts)
}

/// Returns the first and the last layer at this path or inside it.
fn position(links: &[Link], path: &str) -> Result<(usize, usize), Error> {
    let inside = |link: &Link| {
        let rest = link.part.path.strip_prefix(path);
        path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let first = links.iter().position(inside);
    let last = links.iter().rposition(inside);
    first.zip(last).ok_or_else(|| unknown(links, path))
}

fn unknown(links: &[Link], path: &str) -> Error {
    let paths = links.iter().map(|link| link.part.path.clone()).collect();
    Error::NotOnMainPath { path: path.to_owned(), paths }
}
