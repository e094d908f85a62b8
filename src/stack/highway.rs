use chainrule_derive::Parameters;
use chainrule_parameters::{Parameters, Segment};

use super::backward_child;
use super::place::{HighwayBranchAt, at_if};
use crate::bounds::HighwayBranch;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::compare::comparable;
use crate::layer::{
    At, Backward, BackwardHook, Child, Effect, Factor, GateLinear, Layer, Mode, Onnx, OnnxInput, OnnxNode,
    Plan, Sigmoid, Space, WorkspaceMut, check_lengths,
};
use crate::tensor::{SameSample, SameType, Tensor, Vector};

/// A highway block: a branch, and a trained gate. For each number, the gate sets how much comes from the branch and how
/// much from the input.
///
/// Forward `y = t F(x) + (1 - t) x`, elementwise, with the gate `t = σ(W x + b)`; backward `dx = J_F' (t dy) + W dz +
/// (1 - t) dy` with `dz = t (1 - t) (F(x) - x) dy`, `dW = x dzᵀ` and `db = dz`.
///
/// # Shapes
/// `Vector<N>` to `Vector<N>`. F maps `Vector<N>` to `Vector<N>` too. W is the parameter `gate.0.weight`, `[N, N]`,
/// with one row for each input. b is the parameter `gate.0.bias`, `[N]`. The initializer sets W; b starts at
/// `GATE_BIAS`, whatever the initializer sets for biases. For each step of a sequence, use `PerStep<Highway<F, N>>`.
///
/// # Gradient flow
/// The last term of the gradient has only one factor, 1 - t. With the default bias of -2, t is near σ(-2) = 0.12 in a
/// new block, so this path keeps 0.88 of the gradient. 50 blocks keep 1.8e-3 of it by this path alone, or 0.4 with a
/// bias of -4. [`gradient_flows`](crate::gradient_flows) supports the block if it supports the branch.
///
/// # Source
/// Srivastava, Greff, Schmidhuber, "Highway networks", 2015, eq. 3; section 2.2 for the negative bias.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // W = 0 and b = -2: the block passes 1 - σ(-2) = 0.8808 of its input. The output of the branch is 0.
/// let mut block = Highway::<(Linear<2, 2>, Tanh), 2>::zeros();
/// block.gate.0.bias = Vector([-2.0; 2]);
/// let y = block.predict(&Vector([1.0, -2.0]))?;
/// approx::assert_abs_diff_eq!(y, Vector([0.8808, -1.7616]), epsilon = 1e-4);
///
/// // Twenty blocks, and one block on each step of a sequence.
/// type Net = (Linear<8, 32>, [Highway<(Linear<32, 32>, Tanh), 32>; 20], Linear<32, 4>);
/// const _: () = chainrule::gradient_flows::<Net, Vector<8>>();
/// type Steps = PerStep<Highway<(Linear<3, 3>, Relu), 3, -1>>;
/// let y = Steps::init(&mut rng(0)).predict(&Sequence([[0.5, 0.1, 0.2]; 7]))?;
/// # let _: Sequence<7, 3> = y;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("highway network", "gated skip connection"))]
#[derive(Clone, Parameters)]
#[parameters(place = own, name = "Highway<{F}, {N}, {GATE_BIAS}{:T}>")]
pub struct Highway<F, const N: usize, const GATE_BIAS: i32 = -2, T: Real = f32> {
    /// F, the branch.
    pub branch: F,
    /// t, the gate.
    pub gate: (GateLinear<N, GATE_BIAS, T>, Sigmoid),
}

comparable!([F: Parameters, const N: usize, const GATE_BIAS: i32, T: Real] Highway<F, N, GATE_BIAS, T>);

at_if!(
    [F: At<PLACE, Vector<N, T>>, const N: usize, const GATE_BIAS: i32, T: Real] Highway<F, N, GATE_BIAS, T>,
    Vector<N, T>,
    <F::Output as HighwayBranchAt<PLACE, Vector<N, T>>>::Check,
    where F::Output: HighwayBranchAt<PLACE, Vector<N, T>>
);

const BRANCH: &str = "branch";
const GATE: &str = "gate";

type Gate<const N: usize, const GATE_BIAS: i32, T> = (GateLinear<N, GATE_BIAS, T>, Sigmoid);

impl<F, const N: usize, const GATE_BIAS: i32, T> Layer<Vector<N, T>> for Highway<F, N, GATE_BIAS, T>
where
    T: Real,
    F: Layer<Vector<N, T>>,
    F::Output: HighwayBranch<Vector<N, T>, Same = Vector<N, T>>,
{
    type Output = <F::Output as HighwayBranch<Vector<N, T>>>::Same;
    const PLAN: Plan = Plan::leaf::<Vector<N, T>, Self>()
        .contains(&[
            Child::new(BRANCH, &F::PLAN),
            Child::new(GATE, &<Gate<N, GATE_BIAS, T> as Layer<Vector<N, T>>>::PLAN),
        ])
        .factor(Factor::Sum)
        .onnx(Onnx::nodes(&[
            OnnxNode::child(0, &[OnnxInput::Input]),
            OnnxNode::child(1, &[OnnxInput::Input]),
            OnnxNode::new("Mul", &[OnnxInput::Output(1), OnnxInput::Output(0)]),
            OnnxNode::new("Sub", &[OnnxInput::Number(1.0), OnnxInput::Output(1)]),
            OnnxNode::new("Mul", &[OnnxInput::Output(3), OnnxInput::Input]),
            OnnxNode::new("Add", &[OnnxInput::Output(2), OnnxInput::Output(4)]),
        ]))
        .effect(Effect::Highway { bias: GATE_BIAS as f64 })
        .saves(Space::per_sample::<Vector<N, T>>(2)) // F(x) and t
        .backward_scratch(Space::per_sample::<Vector<N, T>>(2)) // dF or dt, and what the gate gives dx
        .cure(
            "a smaller `GATE_BIAS` of the highway blocks, such as -4, so that each carries more of its input",
        );
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Vector<N, T>],
        output: &mut [Vector<N, T>],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let samples = input.len();
        let (branch, gate) = workspace.saved::<Vector<N, T>>(2 * samples).split_at_mut(samples);
        let mut saved = workspace.split(&F::PLAN, samples);
        let child = workspace.child(&mut saved);
        self.branch.forward(input, F::Output::cast_back_mut(branch), child, mode);
        let mut saved = workspace.split(&<Gate<N, GATE_BIAS, T> as Layer<Vector<N, T>>>::PLAN, samples);
        self.gate.forward(input, gate, workspace.child(&mut saved), mode);
        let read = [&*gate, branch, input].map(Tensor::flat);
        mix(read, Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, Vector<N, T>, Self>) {
        pass.check_lengths();
        self.backward_with_hook(pass, None);
    }

    fn backward_with_hook(
        &self,
        pass: Backward<'_, Vector<N, T>, Self>,
        mut hook: Option<&mut dyn BackwardHook>,
    ) {
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let samples = input.len();
        let (branch, gate) = workspace.saved::<Vector<N, T>>(2 * samples).split_at(samples);
        if let Some(hook) = &mut hook {
            hook.gate(GATE, &mut Tensor::flat(gate).iter().map(|t| t.to_f64()));
        }
        let (grad, of_gate) = workspace.scratch::<Vector<N, T>>(2 * samples).split_at_mut(samples);

        elementwise(&BranchGrad, [gate, output_grad].map(Tensor::flat), [Tensor::flat_mut(grad)]);
        let mut saved = workspace.split(&F::PLAN, samples);
        let pass = Backward {
            input,
            output: F::Output::cast_back(branch),
            output_grad: F::Output::cast_grads_back(grad),
            input_grad: input_grad.as_deref_mut(),
            gradient: &mut gradient.branch,
            workspace: workspace.child(&mut saved),
            accumulate,
        };
        backward_child(Segment::Name(BRANCH), &self.branch, pass, &mut hook);

        let read = [branch, input, output_grad].map(Tensor::flat);
        elementwise(&GateGrad, read, [Tensor::flat_mut(grad)]);
        let mut saved = workspace.split(&<Gate<N, GATE_BIAS, T> as Layer<Vector<N, T>>>::PLAN, samples);
        let pass = Backward {
            input,
            output: gate,
            output_grad: &*grad,
            input_grad: input_grad.is_some().then_some(&mut *of_gate),
            gradient: &mut gradient.gate,
            workspace: workspace.child(&mut saved),
            accumulate,
        };
        backward_child(Segment::Name(GATE), &self.gate, pass, &mut hook);

        if let Some(input_grad) = input_grad {
            let read = [gate, of_gate, output_grad].map(Tensor::flat);
            elementwise(&AddCarried, read, [Tensor::flat_mut(input_grad)]);
        }
    }
}

/// Computes y from t, F(x) and x.
pub(crate) fn mix<T: Real>(read: [&[T]; 3], y: &mut [T]) {
    elementwise(&Mix, read, [y]);
}

/// Computes y = t F(x) + (1 - t) x.
struct Mix;

impl<T: Real> Elementwise<T, 3, 1> for Mix {
    #[inline(always)]
    fn apply(&self, [t, branch, x]: [T; 3], _: [T; 1]) -> [T; 1] {
        [t * branch + (T::one() - t) * x]
    }
}

/// Computes the gradient of F(x), t dy.
struct BranchGrad;

impl<T: Real> Elementwise<T, 2, 1> for BranchGrad {
    #[inline(always)]
    fn apply(&self, [t, dy]: [T; 2], _: [T; 1]) -> [T; 1] {
        [t * dy]
    }
}

/// Computes the gradient of t, (F(x) - x) dy.
struct GateGrad;

impl<T: Real> Elementwise<T, 3, 1> for GateGrad {
    #[inline(always)]
    fn apply(&self, [branch, x, dy]: [T; 3], _: [T; 1]) -> [T; 1] {
        [(branch - x) * dy]
    }
}

/// Adds the gradient of the gate's input, and (1 - t) dy, to the gradient of the input.
struct AddCarried;

impl<T: Real> Elementwise<T, 3, 1> for AddCarried {
    #[inline(always)]
    fn apply(&self, [t, of_gate, dy]: [T; 3], [dx]: [T; 1]) -> [T; 1] {
        [dx + (of_gate + (T::one() - t) * dy)]
    }
}
