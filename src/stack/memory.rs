//! Layers on a pair whose second half is a memory, for the decoder of a sequence-to-sequence network.

use bytemuck::{Pod, Zeroable};
use chainrule_derive::Parameters;
use chainrule_parameters::{Named, Parameters, Segment};

use super::place::at_if;
use super::summand::Summand;
use super::{KnownOutput, SumWithFirst, backward_child};
use crate::bounds::SameShape;
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{
    At, Backward, BackwardHook, Child, Effect, Factor, Layer, Mode, Plan, Space, Window, WorkspaceMut,
    check_lengths,
};
use crate::tensor::{Pair, SameSample, SameType, Sample};

/// Applies a layer to the first half of a pair, and leaves the second half unchanged.
///
/// Forward `y = (F(a), b)`; backward `da = J_F' dy_1`, `db = dy_2`.
///
/// # Shapes
/// Input `Pair<A, B>`, output `Pair<F(A), B>`. The parameters and their paths are those of F. It computes the same as
/// `Parallel<F, Identity>`, with fewer copies of the second half.
///
/// # Gradient flow
/// As F for the first half. The gradient of the second half passes unchanged.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, figure 1: the layers of a decoder that do not use the
/// encoder's output.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let pair = OnFirst { layer: Neg }.predict(&Pair(Vector([1.0, 2.0]), Vector([3.0])))?;
/// assert_eq!(pair, Pair(Vector([-1.0, -2.0]), Vector([3.0])));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "OnFirst<{F}>")]
pub struct OnFirst<F> {
    /// F, on the first half.
    #[parameter(flatten)]
    pub layer: F,
}

at_if!(
    [A: Sample + Pod, B: Sample + Pod, F: At<PLACE, A>] OnFirst<F>, Pair<A, B>,
    <F::Output as KnownOutput>::Check,
    where F::Output: KnownOutput
);

impl<A: Sample + Pod, B: Sample + Pod, F: Layer<A>> Layer<Pair<A, B>> for OnFirst<F> {
    type Output = Pair<F::Output, B>;
    // The plan of F, with the same children, and with memory for the first half and for its gradients.
    const PLAN: Plan = {
        let leaf = Plan::leaf::<Pair<A, B>, Self>();
        Plan {
            name: <Self as Named>::NAME,
            parameters: &<Self as Parameters>::DESCRIPTION,
            input: leaf.input,
            output: leaf.output,
            effect: Effect::Unknown,
            identity: false,
            ..F::PLAN
                .saves(Space::per_sample::<A>(1))
                .saves(Space::per_sample::<F::Output>(1))
                .backward_scratch(Space::per_sample::<A::Grad>(1))
                .backward_scratch(Space::per_sample::<<F::Output as Sample>::Grad>(1))
                .form(Form::OnFirst(&F::PLAN))
        }
    };
    const OVERWRITES: bool = F::OVERWRITES;

    fn forward(
        &self,
        input: &[Pair<A, B>],
        output: &mut [Self::Output],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let (a, y) = (workspace.saved::<A>(input.len()), workspace.saved::<F::Output>(input.len()));
        a.iter_mut().zip(input).for_each(|(a, pair)| *a = pair.0);
        self.layer.forward(a, y, workspace, mode);
        for (output, (y, pair)) in output.iter_mut().zip(y.iter().zip(input)) {
            (output.0, output.1) = (*y, pair.1);
        }
    }

    fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
        pass.check_lengths();
        Layer::<Pair<A, B>>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, Pair<A, B>, Self>, hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output_grad, input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let samples = input.len();
        let (a, y) = (&*workspace.saved::<A>(samples), &*workspace.saved::<F::Output>(samples));
        let da = workspace.scratch::<A::Grad>(samples);
        let dy = workspace.scratch::<<F::Output as Sample>::Grad>(samples);
        dy.iter_mut().zip(output_grad).for_each(|(dy, pair)| *dy = pair.0);
        let pass = Backward {
            input: a,
            output: y,
            output_grad: &*dy,
            input_grad: input_grad.is_some().then_some(&mut *da),
            gradient: &mut gradient.layer,
            workspace,
            accumulate,
        };
        self.layer.backward_with_hook(pass, hook);
        for (dx, (da, dy)) in input_grad.into_iter().flatten().zip(da.iter().zip(output_grad)) {
            (dx.0, dx.1) = (*da, dy.1);
        }
    }
}

comparable!([F: Parameters] OnFirst<F>);

/// A residual block on a pair. The branch reads both halves. The block changes the first half, and leaves the second
/// unchanged.
///
/// Forward `y = (a + F(a, b), b)`; backward `da = dy_1 + da_F`, `db = dy_2 + db_F`, with `(da_F, db_F) = J_F' dy_1`.
///
/// # Shapes
/// Input and output `Pair<A, B>`: tensors, or padded sequences. F maps the pair to an A.
///
/// # Gradient flow
/// As [`Residual`](super::Residual): the gradient of the first half has a term without factors. The gradient of the
/// second half is the sum over all blocks that read it.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, section 3.1: the sub-layer of a decoder that attends to the
/// output of the encoder.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let block = ResidualWithMemory { branch: Product }; // a + a b
/// let pair = block.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 100.0])))?;
/// assert_eq!(pair, Pair(Vector([11.0, 202.0]), Vector([10.0, 100.0])));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "ResidualWithMemory<{F}>")]
pub struct ResidualWithMemory<F> {
    /// F, the branch.
    pub branch: F,
}

at_if!(
    [A: Sample + Pod, B: Sample + Pod, F: At<PLACE, Pair<A, B>>] ResidualWithMemory<F>, Pair<A, B>,
    <A as SumWithFirst<PLACE, F::Output>>::Check,
    where A: SumWithFirst<PLACE, F::Output>
);

const BRANCH: Segment = Segment::Name("branch");

impl<A: Summand, B: Summand, F: Layer<Pair<A, B>>> Layer<Pair<A, B>> for ResidualWithMemory<F>
where
    F::Output: SameShape<A, Same = A>,
{
    type Output = Pair<<F::Output as SameShape<A>>::Same, B>;
    const PLAN: Plan = Plan {
        children: &[Child { name: BRANCH, plan: &F::PLAN, copies: 1, shared: false }],
        ..Plan::leaf::<Pair<A, B>, Self>()
            .factor(Factor::Sum)
            .parallel(&F::PLAN, true)
            .saves(Space::per_sample::<A>(1))
            .backward_scratch(Space::per_sample::<A::Grad>(1))
            .form(Form::ResidualWithMemory)
    };
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[Pair<A, B>],
        output: &mut [Self::Output],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let branch = workspace.saved::<F::Output>(input.len());
        let mut saved = workspace.split(&F::PLAN, input.len());
        self.branch.forward(input, branch, workspace.child(&mut saved), mode);
        for (y, (&Pair(a, b), branch)) in output.iter_mut().zip(input.iter().zip(F::Output::cast(branch))) {
            let mut sum = A::zeroed();
            A::add(one(branch), one(&a), core::slice::from_mut(&mut sum));
            *y = Pair(sum, b);
        }
    }

    fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
        pass.check_lengths();
        Layer::<Pair<A, B>>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(
        &self,
        pass: Backward<'_, Pair<A, B>, Self>,
        mut hook: Option<&mut dyn BackwardHook>,
    ) {
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let samples = input.len();
        let output = &*workspace.saved::<F::Output>(samples);
        let mut saved = workspace.split(&F::PLAN, samples);
        let dy = workspace.scratch::<A::Grad>(samples);
        dy.iter_mut().zip(output_grad).for_each(|(dy, pair)| *dy = pair.0);
        let pass = Backward {
            input,
            output,
            output_grad: F::Output::cast_grads_back(dy),
            input_grad: input_grad.as_deref_mut(),
            gradient: &mut gradient.branch,
            workspace: workspace.child(&mut saved),
            accumulate,
        };
        backward_child(BRANCH, &self.branch, pass, &mut hook);
        for (dx, (&Pair(a, b), &dy)) in input_grad.into_iter().flatten().zip(input.iter().zip(output_grad)) {
            let (Pair(mut da, mut db), Pair(dy_first, dy_second)) = (*dx, dy);
            A::add_grads(one(&a), one(&dy_first), core::slice::from_mut(&mut da));
            B::add_grads(one(&b), one(&dy_second), core::slice::from_mut(&mut db));
            *dx = Pair(da, db);
        }
    }
}

/// Returns a batch of one sample.
fn one<X>(sample: &X) -> &[X] {
    core::slice::from_ref(sample)
}

comparable!([F: Parameters] ResidualWithMemory<F>);

/// Returns the first half of a pair.
///
/// Forward `y = a`; backward `da = dy`, `db = 0`.
///
/// # Shapes
/// Input `Pair<A, B>`, output `A`.
///
/// # Gradient flow
/// The gradient of the first half passes unchanged. The gradient of the second half is 0.
///
/// # Source
/// Vaswani et al., "Attention is all you need", NIPS 2017, figure 1: the output of a decoder, without the memory.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(First.predict(&Pair(Vector([1.0, 2.0]), Vector([3.0])))?, Vector([1.0, 2.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct First;

/// Returns the second half of a pair.
///
/// Forward `y = b`; backward `da = 0`, `db = dy`.
///
/// # Shapes
/// Input `Pair<A, B>`, output `B`.
///
/// # Gradient flow
/// The gradient of the second half passes unchanged. The gradient of the first half is 0.
///
/// # Source
/// As [`First`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Second.predict(&Pair(Vector([1.0, 2.0]), Vector([3.0])))?, Vector([3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct Second;

macro_rules! half {
    ($layer:ident, $Half:ident, $at:tt, $other:tt) => {
        impl<A: Sample + Pod, B: Sample + Pod> Layer<Pair<A, B>> for $layer {
            type Output = $Half;
            const PLAN: Plan =
                Plan::leaf::<Pair<A, B>, Self>().window(Window::POINTWISE).form(Form::Half($at));

            fn forward(
                &self,
                input: &[Pair<A, B>],
                output: &mut [$Half],
                _: WorkspaceMut<'_>,
                _: &mut Mode<'_>,
            ) {
                check_lengths(input.len(), output.len());
                output.iter_mut().zip(input).for_each(|(y, pair)| *y = pair.$at);
            }

            fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
                pass.check_lengths();
                for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
                    dx.$at = *dy;
                    dx.$other = Zeroable::zeroed();
                }
            }
        }

        comparable!([] $layer);
    };
}
half!(First, A, 0, 1);
half!(Second, B, 1, 0);
