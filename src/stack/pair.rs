//! Layers on a pair of samples: networks with two inputs.

use chainrule_derive::Parameters;
use chainrule_parameters::{Parameters, Segment};

use super::place::at_if;
use super::summand::Summand;
use super::{AddsToSummand, Both, JoinedBehind, KnownOutput, backward_child};
use crate::bounds::ParallelInput;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{
    At, Backward, BackwardHook, Child, Layer, Mode, Onnx, OnnxInput, OnnxNode, Plan, Space, Window,
    WorkspaceMut, check_lengths,
};
use crate::tensor::{Join2, Pair, SameSample, Sample, Tensor};

/// Applies a layer to each half of a pair.
///
/// Forward `y = (F(a), G(b))`; backward `da = J_F' dy_F`, `db = J_G' dy_G`.
///
/// # Shapes
/// Input `Pair<A, B>`, output `Pair<F(A), G(B)>`. Each half is copied into a separate slice of the workspace, so it
/// must be a tensor, or a pair of tensors, and cannot be a `Label`.
///
/// # Gradient flow
/// The gradient of each half is a separate product of factors.
///
/// # Source
/// Bromley, Guyon, LeCun, Säckinger, Shah, "Signature verification using a siamese time delay neural network", NIPS
/// 1993.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// /// Class scores from a picture and a speed.
/// type Picture = (Conv2d<1, 4, 3>, Relu, Dense<Image<4, 4, 4>, Vector<8>>);
/// type Net = (Parallel<Picture, Linear<2, 8>>, Sum, Tanh, Linear<8, 3>);
/// let y: Vector<3> = Net::init(&mut rng(0)).predict(&Pair(Image([[[0.5; 6]; 6]]), Vector([0.1, 0.2])))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("two inputs", "multi-input", "siamese network", "two towers"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "Parallel<{F}, {G}>")]
pub struct Parallel<F, G> {
    /// F, on the first half.
    pub first: F,
    /// G, on the second half.
    pub second: G,
}

at_if!(
    [A: ParallelInput, B: ParallelInput, F: At<PLACE, A>, G: At<PLACE, B>] Parallel<F, G>, Pair<A, B>,
    <<F::Output as KnownOutput>::Check as Both<<G::Output as KnownOutput>::Check>>::Check,
    where Self: Parameters
);

const FIRST: Segment = Segment::Name("first");
const SECOND: Segment = Segment::Name("second");

impl<A: ParallelInput, B: ParallelInput, F: Layer<A>, G: Layer<B>> Layer<Pair<A, B>> for Parallel<F, G> {
    type Output = Pair<F::Output, G::Output>;
    const PLAN: Plan = Plan {
        children: &[
            Child { name: FIRST, plan: &F::PLAN, copies: 1, shared: false },
            Child { name: SECOND, plan: &G::PLAN, copies: 1, shared: false },
        ],
        // Memory for both halves of the input and the output, and for the gradients of one half at a time.
        ..Plan::leaf::<Pair<A, B>, Self>()
            .form(Form::Parallel)
            .parallel(&F::PLAN, true)
            .parallel(&G::PLAN, false)
            .saves(Space::per_sample::<A>(1).and(Space::per_sample::<F::Output>(1)))
            .saves(Space::per_sample::<B>(1).and(Space::per_sample::<G::Output>(1)))
            .backward_scratch(
                half::<A::Grad, <F::Output as Sample>::Grad>()
                    .or(half::<B::Grad, <G::Output as Sample>::Grad>()),
            )
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
        let samples = input.len();
        let (a, y) = (workspace.saved::<A>(samples), workspace.saved::<F::Output>(samples));
        let (b, z) = (workspace.saved::<B>(samples), workspace.saved::<G::Output>(samples));
        for (&pair, (a, b)) in input.iter().zip(a.iter_mut().zip(b.iter_mut())) {
            (*a, *b) = (pair.0, pair.1);
        }
        let mut saved = workspace.split(&F::PLAN, samples);
        self.first.forward(a, y, workspace.child(&mut saved), mode);
        let mut saved = workspace.split(&G::PLAN, samples);
        self.second.forward(b, z, workspace.child(&mut saved), mode);
        for (output, (y, z)) in output.iter_mut().zip(y.iter().zip(z.iter())) {
            *output = Pair(*y, *z);
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
        let (a, y) = (&*workspace.saved::<A>(samples), &*workspace.saved::<F::Output>(samples));
        let (b, z) = (&*workspace.saved::<B>(samples), &*workspace.saved::<G::Output>(samples));

        let mut saved = workspace.split(&F::PLAN, samples);
        let mut scratch = workspace.reborrow();
        let (da, dy) = (scratch.scratch::<A::Grad>(samples), scratch.scratch(samples));
        for (dy, &pair) in dy.iter_mut().zip(output_grad) {
            *dy = pair.0;
        }
        let pass = Backward {
            input: a,
            output: y,
            output_grad: &*dy,
            input_grad: input_grad.is_some().then_some(&mut *da),
            gradient: &mut gradient.first,
            workspace: scratch.child(&mut saved),
            accumulate,
        };
        backward_child(FIRST, &self.first, pass, &mut hook);
        for (dx, da) in input_grad.iter_mut().flat_map(|dx| dx.iter_mut()).zip(da) {
            dx.0 = *da;
        }

        let mut saved = workspace.split(&G::PLAN, samples);
        let mut scratch = workspace.reborrow();
        let (db, dz) = (scratch.scratch::<B::Grad>(samples), scratch.scratch(samples));
        for (dz, &pair) in dz.iter_mut().zip(output_grad) {
            *dz = pair.1;
        }
        let pass = Backward {
            input: b,
            output: z,
            output_grad: &*dz,
            input_grad: input_grad.is_some().then_some(&mut *db),
            gradient: &mut gradient.second,
            workspace: scratch.child(&mut saved),
            accumulate,
        };
        backward_child(SECOND, &self.second, pass, &mut hook);
        for (dx, db) in input_grad.iter_mut().flat_map(|dx| dx.iter_mut()).zip(db) {
            dx.1 = *db;
        }
    }
}

/// Returns the memory for the gradients of the input and the output of one half.
const fn half<X, Y>() -> Space {
    Space::per_sample::<X>(1).and(Space::per_sample::<Y>(1))
}

comparable!([F: Parameters, G: Parameters] Parallel<F, G>);

/// Copies a sample to both halves of a pair.
///
/// Forward `y = (x, x)`; backward `dx = dy_1 + dy_2`.
///
/// # Shapes
/// Input `X`, any tensor or a padded sequence; output `Pair<X, X>`.
///
/// # Gradient flow
/// A linear map of norm √2: the gradients of both copies are added.
///
/// # Source
/// The transpose of [`Sum`].
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Duplicate.predict(&Vector([1.0, 2.0]))?, Pair(Vector([1.0, 2.0]), Vector([1.0, 2.0])));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct Duplicate;

impl<X: Summand> Layer<X> for Duplicate {
    type Output = Pair<X, X>;
    const PLAN: Plan = Plan::leaf::<X, Self>().window(Window::POINTWISE).form(Form::Duplicate);

    fn forward(&self, input: &[X], output: &mut [Pair<X, X>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        for (y, x) in output.iter_mut().zip(input) {
            *y = Pair(*x, *x);
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Some(input_grad) = pass.input_grad else { return };
        for ((x, dx), &Pair(first, second)) in
            pass.input.chunks(1).zip(input_grad.chunks_mut(1)).zip(pass.output_grad)
        {
            dx[0] = first;
            X::add_grads(x, &[second], dx);
        }
    }
}

comparable!([] Duplicate);

/// Adds the halves of a pair.
///
/// Forward `y = a + b`; backward `da = db = dy`.
///
/// # Shapes
/// Input `Pair<X, X>`, output `X`, any tensor.
///
/// # Gradient flow
/// Each half gets the whole gradient, unchanged.
///
/// # Source
/// He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, eq. 1.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Sum.predict(&Pair(Vector([1.0, 2.0]), Vector([10.0, 20.0])))?, Vector([11.0, 22.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("Add", "torch.add"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Sum;

at_if!(
    [A: Tensor, B: Tensor] Sum, Pair<A, B>, <A as AddsToSummand<PLACE, B>>::Check, where A: AddsToSummand<PLACE, B>
);

impl<A: Tensor, B: Tensor + SameSample<A>> Layer<Pair<A, B>> for Sum {
    type Output = A;
    const PLAN: Plan = Plan::leaf::<Pair<A, B>, Self>()
        .window(Window::POINTWISE)
        .onnx(Onnx::nodes(&[OnnxNode::new("Add", &[OnnxInput::First, OnnxInput::Second])]));

    fn forward(&self, input: &[Pair<A, B>], output: &mut [A], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        for (y, &Pair(a, b)) in output.iter_mut().zip(input) {
            elementwise(&Add, [a.as_slice(), b.cast_one().as_slice()], [y.as_mut_slice()]);
        }
    }

    fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
        pass.check_lengths();
        let summands = pass.output_grad.iter().zip(B::cast_back(pass.output_grad));
        for (dx, (&a, &b)) in pass.input_grad.into_iter().flatten().zip(summands) {
            *dx = Pair(a, b);
        }
    }
}

comparable!([] Sum);

/// Concatenates the halves of a pair along channels or features.
///
/// Forward `y = [a, b]`; the backward pass cuts `dy` into `da` and `db`.
///
/// # Shapes
/// As [`Concat`](super::Concat) of two branches: `Pair<Vector<A>, Vector<B>>` to `Vector<A + B>`, and so on.
///
/// # Gradient flow
/// The Jacobian is the identity: each half gets its part of the gradient.
///
/// # Source
/// Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 4.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(Join.predict(&Pair(Vector([1.0, 2.0]), Vector([3.0])))?, Vector([1.0, 2.0, 3.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("concatenate", "torch.cat"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own)]
pub struct Join;

at_if!([A: Tensor, B: Tensor] Join, Pair<A, B>, <B as JoinedBehind<(A,)>>::Check, where B: JoinedBehind<(A,)>);

impl<A: Tensor + Join2<B>, B: Tensor<Scalar = A::Scalar>> Layer<Pair<A, B>> for Join {
    type Output = A::Joined;
    const PLAN: Plan = Plan::leaf::<Pair<A, B>, Self>().window(Window::POINTWISE).form(Form::Join);

    fn forward(&self, input: &[Pair<A, B>], output: &mut [A::Joined], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let (first, second) = (A::LEN / A::ROWS, B::LEN / A::ROWS);
        for (y, &Pair(a, b)) in output.iter_mut().zip(input) {
            let rows = a.as_slice().chunks_exact(first).zip(b.as_slice().chunks_exact(second));
            for (y, (a, b)) in y.as_mut_slice().chunks_exact_mut(first + second).zip(rows) {
                y[..first].copy_from_slice(a);
                y[first..].copy_from_slice(b);
            }
        }
    }

    fn backward(&self, pass: Backward<'_, Pair<A, B>, Self>) {
        pass.check_lengths();
        let (first, second) = (A::LEN / A::ROWS, B::LEN / A::ROWS);
        for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
            let (mut a, mut b) = (A::zeroed(), B::zeroed());
            let rows =
                a.as_mut_slice().chunks_exact_mut(first).zip(b.as_mut_slice().chunks_exact_mut(second));
            for (dy, (a, b)) in dy.as_slice().chunks_exact(first + second).zip(rows) {
                a.copy_from_slice(&dy[..first]);
                b.copy_from_slice(&dy[first..]);
            }
            *dx = Pair(a, b);
        }
    }
}

comparable!([] Join);

/// Computes a + b.
struct Add;

impl<T: Real> Elementwise<T, 2, 1> for Add {
    #[inline(always)]
    fn apply(&self, [a, b]: [T; 2], _: [T; 1]) -> [T; 1] {
        [a + b]
    }
}
