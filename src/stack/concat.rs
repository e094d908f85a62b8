use chainrule_derive::Parameters;
use chainrule_parameters::{Parameters, Segment};

use super::place::at_if;
use super::{BranchesAt, backward_child};
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{
    Backward, BackwardHook, Child, Effect, Factor, Layer, Mode, Plan, Space, WorkspaceMut, check_lengths,
};
use crate::tensor::{Join2, Join3, Join4, Sample, Tensor};

/// The scalar of the gradients with respect to an `X`.
type Scalar<X> = <<X as Sample>::Grad as Tensor>::Scalar;

/// Parallel branches on one input, whose outputs are concatenated.
///
/// Forward `y = [F(x), G(x), ..]`, along the channels of images or the features of vectors and sequences. The backward
/// pass cuts `dy` into the gradients of the branches, and `dx = J_F' dy_F + J_G' dy_G + ..`.
///
/// # Shapes
/// Any input; 2 to 4 branches in a tuple. Each branch can be a stack. For more than 4 branches, nest.
///
/// * `Vector<A>` and `Vector<B>` give `Vector<A + B>`.
/// * `Sequence<STEPS, A>` and `Sequence<STEPS, B>` give `Sequence<STEPS, A + B>`.
/// * `Image<A, H, W>` and `Image<B, H, W>` give `Image<A + B, H, W>`.
///
/// The compiler computes the sums for sides up to 2048 and [some longer ones](crate::tensor::side).
///
/// # Gradient flow
/// The gradient of the input is the sum over all branches. If one branch is [`Identity`](crate::layer::Identity), as in
/// `Concat<(Identity, F)>`, a gradient reaches the input unchanged, as through a skip connection. But the output is
/// larger, and the next layer needs more weights.
///
/// # Source
/// Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 4. Huang, Liu, van der Maaten, Weinberger,
/// "Densely connected convolutional networks", CVPR 2017, eq. 2: `Concat<(Identity, F)>`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let both = Concat { branches: (Identity, Relu) };
/// assert_eq!(both.predict(&Vector([-2.0, 3.0]))?, Vector([-2.0, 3.0, 0.0, 3.0]));
///
/// /// Windows of two sizes on one image: 8 + 4 channels.
/// type Inception = Concat<(Conv2d<3, 8, 3, 1, 1>, Conv2d<3, 4, 5, 1, 2>)>;
/// let y: Image<12, 6, 6> = Inception::init(&mut rng(0)).predict(&Image([[[0.5; 6]; 6]; 3]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("concatenate", "cat", "Inception", "DenseNet", "branches"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "Concat<{B}>")]
pub struct Concat<B> {
    /// The branches, a tuple of 2 to 4 layers.
    #[parameter(flatten)]
    pub branches: B,
}

/// Parallel layers on an `X`: a tuple of 2 to 4 layers.
/// See the example of [`Concat`].
#[diagnostic::on_unimplemented(
    message = "a concatenation needs a tuple of 2 to 4 branches, not `{Self}`",
    label = "`{Self}` is not a tuple of 2 to 4 layers",
    note = "write the branches as a tuple, as in `Concat<(Relu, Tanh)>`, and nest more than 4, as in `Concat<(Concat<(A, B, C)>, Concat<(D, E)>)>`"
)]
pub trait Branches<X: Sample<Grad: Tensor>>: Parameters {
    /// The tensor that concatenates all outputs.
    type Output: Tensor<Scalar = Scalar<X>>;
    #[doc(hidden)]
    const CHILDREN: &'static [Child];
    /// Returns `plan` with all branches added.
    #[doc(hidden)]
    fn forward(
        &self,
        input: &[X],
        output: &mut [Self::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    );
    #[doc(hidden)]
    fn backward(
        &self,
        pass: BranchesPass<'_, X, Self::Output>,
        gradient: &mut Self,
        hook: Option<&mut dyn BackwardHook>,
    );
    #[doc(hidden)]
    const OUTPUTS: Space;
}

/// Returns the plan of parallel branches. The output of each branch is saved.
const fn plan(mut plan: Plan, children: &'static [Child], outputs: Space) -> Plan {
    let mut at = 0;
    while at < children.len() {
        plan = plan.parallel(children[at].plan, at == 0);
        at += 1;
    }
    plan.saves(outputs)
}

impl<X: Sample<Grad: Tensor>, B: Branches<X>> Layer<X> for Concat<B> {
    type Output = B::Output;
    const PLAN: Plan = Plan {
        children: B::CHILDREN,
        // Scratch memory for the gradient of one output at a time, and for one branch's gradient of the input.
        ..plan(Plan::leaf::<X, Self>().factor(Factor::Sum).effect(Effect::Concat), B::CHILDREN, B::OUTPUTS)
            .backward_scratch(B::OUTPUTS)
            .backward_scratch(Space::per_sample::<X::Grad>(1))
            .form(Form::Concat)
    };
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[X],
        output: &mut [B::Output],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        self.branches.forward(input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        Layer::<X>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output_grad, input_grad, gradient, workspace, accumulate, .. } = pass;
        let pass = BranchesPass { input, output_grad, input_grad, workspace, accumulate };
        self.branches.backward(pass, &mut gradient.branches, hook);
    }
}

/// The arguments of the backward pass that are the same for all branches.
#[derive(Debug)]
pub struct BranchesPass<'a, X: Sample, Y> {
    input: &'a [X],
    output_grad: &'a [Y],
    input_grad: Option<&'a mut [X::Grad]>,
    workspace: WorkspaceMut<'a>,
    accumulate: bool,
}

/// The columns of a part in a matrix: each row of the matrix has `whole` numbers, and the part has `part` of them,
/// after the first `start`.
#[derive(Clone, Copy)]
struct Columns {
    start: usize,
    part: usize,
    whole: usize,
}

impl Columns {
    fn write<T: Copy>(self, part: &[T], whole: &mut [T]) {
        for (whole, part) in whole.chunks_exact_mut(self.whole).zip(part.chunks_exact(self.part)) {
            whole[self.start..][..self.part].copy_from_slice(part);
        }
    }

    fn read<T: Copy>(self, whole: &[T], part: &mut [T]) {
        for (part, whole) in part.chunks_exact_mut(self.part).zip(whole.chunks_exact(self.whole)) {
            part.copy_from_slice(&whole[self.start..][..self.part]);
        }
    }
}

/// Runs the forward pass of one branch, and copies its output to its columns of the concatenated output.
fn branch_forward<X: Sample<Grad: Tensor>, L: Layer<X>, Y: Tensor<Scalar = Scalar<X>>>(
    layer: &L,
    input: &[X],
    output: &mut [Y],
    columns: Columns,
    workspace: &mut WorkspaceMut<'_>,
    mode: &mut Mode<'_>,
) where
    L::Output: Tensor<Scalar = Scalar<X>>,
{
    let own = workspace.saved::<L::Output>(input.len());
    let mut saved = workspace.split(&L::PLAN, input.len());
    layer.forward(input, own, workspace.child(&mut saved), mode);
    columns.write(L::Output::flat(own), Y::flat_mut(output));
}

/// Runs the backward pass of one branch. It copies the branch's output gradient out of the whole, and adds the branch's
/// input gradient to the sum of the branches before it.
fn branch_backward<X: Sample<Grad: Tensor>, L: Layer<X>, Y: Tensor<Scalar = Scalar<X>>>(
    at: usize,
    layer: &L,
    pass: &mut BranchesPass<'_, X, Y>,
    columns: Columns,
    gradient: &mut L,
    hook: &mut Option<&mut dyn BackwardHook>,
) where
    L::Output: Tensor<Scalar = Scalar<X>>,
{
    let BranchesPass { input, output_grad, input_grad, workspace, accumulate } = pass;
    let samples = input.len();
    let output = &*workspace.saved::<L::Output>(samples);
    let mut saved = workspace.split(&L::PLAN, samples);
    let mut scratch = workspace.reborrow();
    let grad = scratch.scratch::<L::Output>(samples);
    let own = scratch.scratch::<X::Grad>(samples);
    columns.read(Y::flat(output_grad), L::Output::flat_mut(grad));
    let dx = input_grad.as_deref_mut().map(|sum| if at == 0 { sum } else { &mut *own });
    let pass = Backward {
        input,
        output,
        output_grad: &*grad,
        input_grad: dx,
        gradient,
        workspace: scratch.child(&mut saved),
        accumulate: *accumulate,
    };
    backward_child(Segment::Index(at), layer, pass, hook);
    if at > 0
        && let Some(sum) = input_grad
    {
        elementwise(&AddTo, [X::Grad::flat(own)], [X::Grad::flat_mut(sum)]);
    }
}

/// Computes dx = dx + own, where `own` is the input gradient of one branch.
struct AddTo;

impl<T: Real> Elementwise<T, 1, 1> for AddTo {
    #[inline(always)]
    fn apply(&self, [own]: [T; 1], [dx]: [T; 1]) -> [T; 1] {
        [dx + own]
    }
}

macro_rules! branches {
    ($Join:ident: $First:ident 0 $(, $L:ident $i:tt)+) => {
        impl<X: Sample<Grad: Tensor>, $First: Layer<X>, $($L: Layer<X>),+> Branches<X> for ($First, $($L),+)
        where
            $First::Output: $Join<$($L::Output),+> + Tensor<Scalar = Scalar<X>>,
            $($L::Output: Tensor<Scalar = Scalar<X>>,)+
        {
            type Output = <$First::Output as $Join<$($L::Output),+>>::Joined;
            const CHILDREN: &'static [Child] = &[
                Child { name: Segment::Index(0), plan: &$First::PLAN, copies: 1, shared: false },
                $(Child { name: Segment::Index($i), plan: &$L::PLAN, copies: 1, shared: false },)+
            ];
            const OUTPUTS: Space = Space::per_sample::<$First::Output>(1)$(.and(Space::per_sample::<$L::Output>(1)))+;

            fn forward(
                &self,
                input: &[X],
                output: &mut [Self::Output],
                mut workspace: WorkspaceMut<'_>,
                mode: &mut Mode<'_>,
            ) {
                check_lengths(input.len(), output.len());
                let rows = <$First::Output as $Join<$($L::Output),+>>::ROWS;
                let columns = Columns { start: 0, part: $First::Output::LEN / rows, whole: Self::Output::LEN / rows };
                branch_forward(&self.0, input, output, columns, &mut workspace, mode);
                $(
                    let columns =
                        Columns { start: columns.start + columns.part, part: $L::Output::LEN / rows, ..columns };
                    branch_forward(&self.$i, input, output, columns, &mut workspace, mode);
                )+
                let _ = columns;
            }

            fn backward(
                &self,
                mut pass: BranchesPass<'_, X, Self::Output>,
                gradient: &mut Self,
                mut hook: Option<&mut dyn BackwardHook>,
            ) {
                let rows = <$First::Output as $Join<$($L::Output),+>>::ROWS;
                let columns = Columns { start: 0, part: $First::Output::LEN / rows, whole: Self::Output::LEN / rows };
                branch_backward(0, &self.0, &mut pass, columns, &mut gradient.0, &mut hook);
                $(
                    let columns =
                        Columns { start: columns.start + columns.part, part: $L::Output::LEN / rows, ..columns };
                    branch_backward($i, &self.$i, &mut pass, columns, &mut gradient.$i, &mut hook);
                )+
                let _ = columns;
            }
        }
    };
}
branches!(Join2: F 0, G 1);
branches!(Join3: F 0, G 1, H 2);
branches!(Join4: F 0, G 1, H 2, I 3);

at_if!(
    [X: Sample<Grad: Tensor>, B: BranchesAt<PLACE, X> + Parameters] Concat<B>, X,
    B::Check,
    where B::Check: Sized
);

comparable!([B: Parameters] Concat<B>);
