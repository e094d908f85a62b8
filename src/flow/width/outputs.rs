use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::flow::figures::rms;
use crate::flow::hook::joined;
use crate::layer::{BackwardHook, Factor, LayerPass, Plan, Segment};

/// The output of a layer on a batch.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) path: String,
    pub(super) layer: String,
    /// Its root mean square.
    pub(super) rms: f64,
    numbers: Vec<f64>,
}

impl Output {
    /// Drops the numbers, and keeps their root mean square.
    pub(super) fn forget(&mut self) {
        self.numbers = Vec::new();
    }
}

/// Computes the root mean square of the change of each output.
pub(super) fn changes(before: &[Output], after: &[Output]) -> Vec<f64> {
    let change = |(before, after): (&Output, &Output)| {
        rms(&before.numbers.iter().zip(&after.numbers).map(|(a, b)| b - a).collect::<Vec<_>>())
    };
    before.iter().zip(after).map(change).collect()
}

/// A hook that stores the output of each layer except tuples and arrays.
pub(super) struct Outputs {
    path: Vec<Segment>,
    open: Vec<&'static Plan>,
    list: Vec<Output>,
}

impl Outputs {
    pub(super) fn new(network: &'static Plan) -> Self {
        Self { path: Vec::new(), open: vec![network], list: Vec::new() }
    }

    /// Returns the outputs in the order of the forward pass, each layer before those inside it.
    pub(super) fn into_list(mut self) -> Vec<Output> {
        self.list.reverse();
        self.list
    }
}

impl BackwardHook for Outputs {
    fn enter(&mut self, name: Segment, plan: &'static Plan) {
        self.path.push(name);
        self.open.push(plan);
    }

    fn leave(&mut self, pass: &LayerPass<'_>) {
        let plan = self.open.pop().unwrap_or(pass.layer.plan());
        let path = joined(self.path.iter());
        self.path.pop();
        // A shortcut has the input of its block.
        let is_stack = plan.factor == Factor::Product && !plan.children.is_empty();
        if is_stack || plan.identity || pass.output.is_empty() {
            return;
        }
        let numbers: Vec<f64> = pass.output.iter().collect();
        self.list.push(Output { path, layer: plan.name.to_string(), rms: rms(&numbers), numbers });
    }
}
