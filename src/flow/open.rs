//! The layers whose backward pass a hook is in.

use alloc::string::String;
use alloc::vec::Vec;

use super::attention::Attention;
use super::figures::{LayerFlow, PathFlow, norm, rms, sum};
use super::gates::Gates;
use crate::layer::{Plan, TimeStep};

/// A layer during its backward pass.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) plan: &'static Plan,
    /// The layers inside whose backward pass has ended, each followed by those inside it.
    pub(super) inside: Vec<Vec<LayerFlow>>,
    /// For a sum, the gradient that each path has added to the input.
    pub(super) paths: Vec<PathGrad>,
    /// For a recurrent layer, its steps from the last to the first.
    pub(super) steps: Vec<TimeStep>,
    pub(super) gates: Gates,
    pub(super) attention: Option<Attention>,
}

#[derive(Debug)]
pub(super) struct PathGrad {
    pub(super) name: String,
    pub(super) input_grad: Vec<f64>,
}

impl PathGrad {
    pub(super) fn figures(&self) -> PathFlow {
        PathFlow { name: self.name.clone(), input_grad_rms: rms(&self.input_grad) }
    }
}

impl Open {
    pub(super) fn new(plan: &'static Plan) -> Self {
        let gates = Gates::default();
        Self { plan, inside: Vec::new(), paths: Vec::new(), steps: Vec::new(), gates, attention: None }
    }

    /// Returns whether the layers inside are one layer that is applied several times.
    pub(super) fn shared(&self) -> bool {
        self.plan.children.iter().any(|child| child.shared)
    }

    /// Returns the cosine of the angle between the gradients of two paths.
    pub(super) fn cosine(&self) -> Option<f64> {
        match &self.paths[..] {
            [a, b] => cosine(&a.input_grad, &b.input_grad),
            _ => None,
        }
    }
}

/// Computes the cosine of the angle between two gradients.
fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a_norm, b_norm) = (norm(a), norm(b));
    // Uses unit vectors if the product of two numbers could overflow or underflow.
    let tame = [a_norm, b_norm].iter().all(|norm| (1e-100..1e100).contains(norm));
    let product = if tame {
        sum(a, b, |a, b| a * b) / (a_norm * b_norm)
    } else {
        sum(a, b, |a, b| (a / a_norm) * (b / b_norm))
    };
    product.is_finite().then(|| product.clamp(-1.0, 1.0))
}
