//! A layer whose output is reduced to one number, f = Σ u·y, with access to all numbers that f depends on.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::kernel::Real;
use crate::layer::compare::copy;
use crate::layer::{Backward, Layer, Mode, Owned, Parameter, Role, View, ViewMut, Visitor, Workspace, visit};
use crate::tensor::Tensor;

/// A layer with inputs, and the gradient u of its output.
pub(super) struct Subject<X: Tensor, L: Layer<X>> {
    layer: Owned<L>,
    inputs: Vec<X>,
    outputs: Vec<L::Output>,
    cotangent: Vec<L::Output>,
    workspace: Workspace,
}

/// The result of one backward pass.
pub(super) struct Gradients {
    pub(super) inputs: Vec<f64>,
    pub(super) parameters: Vec<(String, Vec<f64>)>,
}

impl<X: Tensor<Scalar = f64>, L: Layer<X>> Subject<X, L>
where
    L::Output: Tensor<Scalar = f64>,
{
    pub(super) fn new(layer: &L, inputs: &[X]) -> Self {
        let mut cotangent: Vec<L::Output> = bytemuck::zeroed_vec(inputs.len());
        let mut rng = ChaCha8Rng::seed_from_u64(0x1986);
        L::Output::flat_mut(&mut cotangent).iter_mut().for_each(|u| *u = StandardNormal.sample(&mut rng));
        let outputs = bytemuck::zeroed_vec(inputs.len());
        Self {
            layer: copy(layer),
            inputs: inputs.to_vec(),
            outputs,
            cotangent,
            workspace: Workspace::default(),
        }
    }

    fn forward(&mut self) {
        let mut rng = ChaCha8Rng::seed_from_u64(0x2016);
        let workspace = self.workspace.prepare::<X, L>(self.inputs.len());
        self.layer.forward(&self.inputs, &mut self.outputs, workspace, &mut Mode::Train(&mut rng));
    }

    fn terms(&self) -> Vec<f64> {
        products(L::Output::flat(&self.outputs), L::Output::flat(&self.cotangent))
    }
}

/// A [`Subject`] of any types.
pub(super) trait AnySubject {
    /// Computes f = Σ u·y.
    fn value(&mut self) -> f64;

    /// Computes Σ |u·y|, the magnitude of the terms of f.
    fn magnitude(&mut self) -> f64;

    /// Returns the numbers of all inputs.
    fn inputs(&mut self) -> &mut [f64];

    /// Computes the gradients of f, after setting their memory to `before`. A layer that does not accumulate overwrites
    /// the gradients of its parameters.
    fn backward(&mut self, with_input_grad: bool, before: f64, accumulate: bool) -> Gradients;

    /// Returns one number of one parameter, counted in the visitor's order, and sets it to `value` if that is given.
    fn parameter(&mut self, tensor: usize, at: usize, value: Option<f64>) -> f64;
}

impl<X: Tensor<Scalar = f64>, L: Layer<X>> AnySubject for Subject<X, L>
where
    L::Output: Tensor<Scalar = f64>,
{
    fn inputs(&mut self) -> &mut [f64] {
        X::flat_mut(&mut self.inputs)
    }

    fn value(&mut self) -> f64 {
        self.forward();
        self.terms().iter().sum()
    }

    fn magnitude(&mut self) -> f64 {
        self.forward();
        self.terms().iter().map(|term| term.abs()).sum()
    }

    fn backward(&mut self, with_input_grad: bool, before: f64, accumulate: bool) -> Gradients {
        L::Output::flat_mut(&mut self.outputs).fill(before);
        self.forward();
        let mut gradient = L::zeros();
        visit([], [ViewMut::of(&mut *gradient)], &mut Fill(before));
        let mut input_grad = self.inputs.clone();
        X::flat_mut(&mut input_grad).fill(before);
        self.workspace.spoil_scratch(&L::PLAN, self.inputs.len());
        self.layer.backward(Backward {
            input: &self.inputs,
            output: &self.outputs,
            output_grad: &self.cotangent,
            input_grad: with_input_grad.then_some(&mut input_grad[..]),
            gradient: &mut gradient,
            workspace: self.workspace.prepare::<X, L>(self.inputs.len()),
            accumulate,
        });
        let mut collect = Collect(vec![]);
        visit([View::of(&*gradient)], [], &mut collect);
        Gradients { inputs: X::flat(&input_grad).to_vec(), parameters: collect.0 }
    }

    fn parameter(&mut self, tensor: usize, at: usize, value: Option<f64>) -> f64 {
        let mut access = Access { tensor, at, value, seen: 0, found: f64::NAN };
        visit([], [ViewMut::of(&mut *self.layer)], &mut access);
        access.found
    }
}

fn products(outputs: &[f64], cotangent: &[f64]) -> Vec<f64> {
    outputs.iter().zip(cotangent).map(|(y, u)| y * u).collect()
}

struct Fill(f64);

impl Visitor<0, 1> for Fill {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        xs.fill(T::from_f64(self.0));
    }
}

struct Collect(Vec<(String, Vec<f64>)>);

impl Visitor<1, 0> for Collect {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return; // not trained, so it has no gradient to check
        }
        self.0.push((parameter.path.to_string(), xs.iter().map(|x| x.to_f64()).collect()));
    }
}

struct Access {
    tensor: usize,
    at: usize,
    value: Option<f64>,
    seen: usize,
    found: f64,
}

impl Visitor<0, 1> for Access {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        if self.seen == self.tensor {
            self.found = xs[self.at].to_f64();
            if let Some(value) = self.value {
                xs[self.at] = T::from_f64(value);
            }
        }
        self.seen += 1;
    }
}
