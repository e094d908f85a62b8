use chainrule_derive::Parameters;
use chainrule_parameters::{Parameters, Part, Segment};

use super::place::at_if;
use super::summand::Summand;
use super::{AddsToBranch, backward_child};
use crate::bounds::SameShape;
use crate::layer::compare::comparable;
use crate::layer::{
    At, Backward, BackwardHook, Child, Effect, Factor, Identity, Layer, Mode, Onnx, OnnxInput, OnnxNode,
    Plan, Space, WorkspaceMut, check_lengths, leave,
};
use crate::tensor::{SameSample, SameType, Sample};

/// A residual block: a branch, and a skip connection around it.
///
/// Forward `y = F(x) + S(x)`; backward `dx = J_F' dy + J_S' dy`. In the plain skip connection S is the identity: `y =
/// F(x) + x` and `dx = J_F' dy + dy`. The first term of the gradient contains all factors W and g' of the branch. The
/// second term contains none of them.
///
/// # Shapes
/// Any tensor, or a [`Padded`](crate::tensor::Padded) sequence if the branch keeps its length. The outputs of branch
/// and shortcut must have the same shape. The output of the plain skip connection has the shape of the input. If the
/// branch changes the shape, add a shortcut layer with the same output shape: `Residual<Branch, Linear<64, 32>>`.
///
/// # Gradient flow
/// The second term does not vanish, however small the Jacobian of the branch is. So the gradient of the output reaches
/// the input, unless the branch cancels it (as F(x) = -x does). In a stack without normalization, a block whose random
/// branch has a gain of 1 doubles the squared norm of the gradient.
///
/// # Source
/// A(n) = g(Z(n) + Z(n-k)) is `(Residual<(Tanh, Linear<N, N>)>, Tanh)`.
/// He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, eq. 1 and 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// // A branch whose weights are all zero: the block is the identity.
/// let block = Residual::<(Tanh, Linear<2, 2>)>::zeros();
/// assert_eq!(block.predict(&Vector([1.0, -2.0]))?, Vector([1.0, -2.0]));
///
/// // The shape changes from 4 to 2 in the branch and in the shortcut.
/// type Down = Residual<(Linear<4, 8>, Relu, Linear<8, 2>), Linear<4, 2, f32, NoBias>>;
/// let y: Vector<2> = Down::init(&mut rng(0)).predict(&Vector([1.0; 4]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("skip connection", "ResNet", "shortcut", "residual block"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "Residual<{F}{=Part::Unless(&<S as Parameters>::NAME, \"Identity\")}>")]
pub struct Residual<F, S = Identity> {
    /// F, the branch.
    pub branch: F,
    /// S, the skip connection around it.
    pub shortcut: S,
}

at_if!(
    [X: Sample, F: At<PLACE, X>, S: At<PLACE, X>] Residual<F, S>, X,
    <S::Output as AddsToBranch<PLACE, F::Output>>::Check,
    where S::Output: AddsToBranch<PLACE, F::Output>
);

const BRANCH: Segment = Segment::Name("branch");
const SHORTCUT: Segment = Segment::Name("shortcut");

const ADD_INPUT: Onnx = Onnx::nodes(&[
    OnnxNode::child(0, &[OnnxInput::Input]),
    OnnxNode::new("Add", &[OnnxInput::Output(0), OnnxInput::Input]),
]);
const ADD_SHORTCUT: Onnx = Onnx::nodes(&[
    OnnxNode::child(0, &[OnnxInput::Input]),
    OnnxNode::child(1, &[OnnxInput::Input]),
    OnnxNode::new("Add", &[OnnxInput::Output(0), OnnxInput::Output(1)]),
]);

impl<X: Summand, F: Layer<X>, S: Layer<X>> Layer<X> for Residual<F, S>
where
    F::Output: SameShape<S::Output, Same = S::Output>,
    S::Output: Summand,
{
    type Output = <F::Output as SameShape<S::Output>>::Same;
    const PLAN: Plan = {
        let plan = Plan::leaf::<X, Self>()
            .factor(Factor::Sum)
            .effect(Effect::Sum)
            .parallel(&F::PLAN, true)
            .parallel(&S::PLAN, false)
            .saves(Space::per_sample::<F::Output>(1));
        if S::PLAN.identity {
            Plan {
                children: &[Child { name: BRANCH, plan: &F::PLAN, copies: 1, shared: false }],
                ..plan.onnx(ADD_INPUT)
            }
        } else {
            let children = &[
                Child { name: BRANCH, plan: &F::PLAN, copies: 1, shared: false },
                Child { name: SHORTCUT, plan: &S::PLAN, copies: 1, shared: false },
            ];
            Plan {
                children,
                ..plan
                    .saves(Space::per_sample::<S::Output>(1))
                    .backward_scratch(Space::per_sample::<X::Grad>(1))
                    .onnx(ADD_SHORTCUT)
            }
        }
    };
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[X],
        output: &mut [S::Output],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let samples = input.len();
        let branch = workspace.saved::<F::Output>(samples);
        let mut saved = workspace.split(&F::PLAN, samples);
        self.branch.forward(input, branch, workspace.child(&mut saved), mode);
        let skip = if S::PLAN.identity {
            bytemuck::cast_slice(input)
        } else {
            let skip = workspace.saved::<S::Output>(samples);
            let mut saved = workspace.split(&S::PLAN, samples);
            self.shortcut.forward(input, skip, workspace.child(&mut saved), mode);
            &*skip
        };
        S::Output::add(F::Output::cast(branch), skip, output);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        Layer::<X>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, mut hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let samples = input.len();
        let output = &*workspace.saved::<F::Output>(samples);
        let mut saved = workspace.split(&F::PLAN, samples);
        let pass = Backward {
            input,
            output,
            output_grad: F::Output::cast_grads_back(output_grad),
            input_grad: input_grad.as_deref_mut(),
            gradient: &mut gradient.branch,
            workspace: workspace.child(&mut saved),
            accumulate,
        };
        backward_child(BRANCH, &self.branch, pass, &mut hook);
        let skip_grad = if S::PLAN.identity {
            let (output, skip_grad) = (bytemuck::cast_slice(input), bytemuck::cast_slice(output_grad));
            if let Some(hook) = &mut hook {
                hook.enter(SHORTCUT, &S::PLAN);
                let dx = input_grad.as_ref().map(|_| skip_grad);
                leave(&self.shortcut, input, output, output_grad, dx, &gradient.shortcut, &mut **hook);
            }
            skip_grad
        } else {
            let output = &*workspace.saved::<S::Output>(samples);
            let mut saved = workspace.split(&S::PLAN, samples);
            let skip_grad = workspace.scratch::<X::Grad>(samples);
            let pass = Backward {
                input,
                output,
                output_grad,
                input_grad: if input_grad.is_some() { Some(&mut *skip_grad) } else { None },
                gradient: &mut gradient.shortcut,
                workspace: workspace.child(&mut saved),
                accumulate,
            };
            backward_child(SHORTCUT, &self.shortcut, pass, &mut hook);
            &*skip_grad
        };
        if let Some(input_grad) = input_grad {
            X::add_grads(input, skip_grad, input_grad);
        }
    }
}

comparable!([F: Parameters, S: Parameters] Residual<F, S>);
