use super::backward_child;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::compare::comparable;
use crate::layer::{Cost, Factor, Fields, Identity, Layer, Mode, Parameters, Probe, Rows, Seen};
use crate::tensor::{Buffer, Is, Tensor};

/// A branch, and a skip connection around it.
///
/// Forward `y = F(x) + S(x)`; backward `dx = J_F' dy + J_S' dy`. With the plain skip, S the identity, that is
/// `y = F(x) + x` and `dx = J_F' dy + dy`: the second term has no factor W and no factor g'.
///
/// # Shapes
/// Any input. Branch and shortcut must give the same shape; the plain skip gives the input's. Where the branch changes
/// the shape, give a shortcut layer that changes it alike: `Residual<Branch, Linear<64, 32>>`.
///
/// # Gradient flow
/// However small the branch's Jacobian, the gradient of the output reaches the input whole: a plain skip cannot vanish.
/// Each block of a random branch of unit gain doubles the squared norm, in stacks without normalisation.
///
/// # Source
/// The notes, section 2.1: A(n) = g(Z(n) + Z(n-k)) is `(Residual<(Tanh, Linear<N, N>)>, Tanh)`.
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
/// // The shape changes from 4 to 2 on both ways.
/// type Down = Residual<(Linear<4, 8>, Relu, Linear<8, 2>), Linear<4, 2, f32, NoBias>>;
/// let y: Vector<2> = Down::init(&mut rng(0)).predict(&Vector([1.0; 4]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Residual<F, S = Identity> {
    /// F, the layers that the skip goes around.
    pub branch: F,
    /// S, the way around them.
    pub shortcut: S,
}

/// The two ways through a residual block arrive at one shape, and can be added.
#[diagnostic::on_unimplemented(
    message = "the two ways through a residual block must give one shape: its branch gives `{Self}`, and its skip brings `{X}`",
    label = "`{Self}` cannot be added to `{X}`",
    note = "the plain skip brings the block's own input, so its branch must give that shape back; where the shape changes, let the skip be a layer that changes it alike, as in `Residual<Branch, Linear<64, 32>>`"
)]
pub trait Addable<X>: Is<X> {}

impl<X> Addable<X> for X {}

impl<F: Parameters, S: Parameters> Parameters for Residual<F, S> {
    const COUNT: usize = F::COUNT + S::COUNT;

    fn zeros() -> Self {
        Self { branch: F::zeros(), shortcut: S::zeros() }
    }

    fn fields(fields: &mut impl Fields<Self>) {
        fields.layer("branch", |block| &block.branch, |block| &mut block.branch);
        fields.layer("shortcut", |block| &block.shortcut, |block| &mut block.shortcut);
    }
}

/// What each way gave, and the gradient that comes back through the shortcut. Those of the plain skip are the block's own input and
/// output gradient: its buffers stay empty.
#[derive(Debug)]
pub struct ResidualTape<X: Tensor, F: Layer<X>, S: Layer<X>> {
    branch_output: Buffer<F::Output>,
    shortcut_output: Buffer<S::Output>,
    shortcut_grad: Buffer<X>,
    branch: F::Tape,
    shortcut: S::Tape,
}

impl<X: Tensor, F: Layer<X>, S: Layer<X>> Default for ResidualTape<X, F, S> {
    fn default() -> Self {
        Self {
            branch_output: Buffer::default(),
            shortcut_output: Buffer::default(),
            shortcut_grad: Buffer::default(),
            branch: F::Tape::default(),
            shortcut: S::Tape::default(),
        }
    }
}

impl<X: Tensor, F: Layer<X>, S: Layer<X>> Layer<X> for Residual<F, S>
where
    F::Output: Addable<S::Output>,
{
    type Output = S::Output;
    type Tape = ResidualTape<X, F, S>;
    const COST: Cost = {
        let shortcut = if S::IS_IDENTITY { 0 } else { size_of::<S::Output>() + size_of::<X>() };
        F::COST.beside(S::COST).keeping(size_of::<F::Output>() + shortcut)
    };
    const FACTOR: Factor = Factor::Sum;

    fn forward(&self, input: &[X], output: &mut [S::Output], tape: &mut Self::Tape, mode: &mut Mode<'_>) {
        let branch = tape.branch_output.take(input.len());
        self.branch.forward(input, branch, &mut tape.branch, mode);
        let skip = if S::IS_IDENTITY {
            bytemuck::cast_slice(input)
        } else {
            let skip = tape.shortcut_output.take(input.len());
            self.shortcut.forward(input, skip, &mut tape.shortcut, mode);
            skip
        };
        let both = [S::Output::flat(Is::cast(branch)), S::Output::flat(skip)];
        elementwise(&Add, both, [S::Output::flat_mut(output)]);
    }

    fn backward<P: Probe>(
        &self,
        input: &[X],
        _: &[S::Output],
        output_grad: &[S::Output],
        mut input_grad: Option<&mut [X]>,
        gradient: &mut Self,
        tape: &mut Self::Tape,
        probe: &mut P,
    ) {
        let samples = input.len();
        backward_child(
            "branch",
            &self.branch,
            input,
            tape.branch_output.get(samples),
            Is::cast_back(output_grad),
            input_grad.as_deref_mut(),
            &mut gradient.branch,
            &mut tape.branch,
            probe,
        );
        let skip_grad = if S::IS_IDENTITY {
            let (output, skip_grad) = (bytemuck::cast_slice(input), bytemuck::cast_slice(output_grad));
            probe.enter::<X, S>("shortcut".into());
            probe.leave(Seen {
                layer: &self.shortcut,
                input,
                output,
                output_grad,
                input_grad: input_grad.as_ref().map(|_| skip_grad),
                gradient: &gradient.shortcut,
            });
            skip_grad
        } else {
            let skip_grad = tape.shortcut_grad.take(samples);
            backward_child(
                "shortcut",
                &self.shortcut,
                input,
                tape.shortcut_output.get(samples),
                output_grad,
                if input_grad.is_some() { Some(&mut *skip_grad) } else { None },
                &mut gradient.shortcut,
                &mut tape.shortcut,
                probe,
            );
            skip_grad
        };
        if let Some(input_grad) = input_grad {
            elementwise(&AddTo, [X::flat(skip_grad)], [X::flat_mut(input_grad)]);
        }
    }

    fn summarize(rows: &mut Rows<'_>) {
        rows.child::<X, F>("branch", 1);
        if !S::IS_IDENTITY {
            rows.child::<X, S>("shortcut", 1);
        }
    }
}

/// y = f + s.
struct Add;

impl<T: Real> Elementwise<T, 2, 1> for Add {
    #[inline(always)]
    fn apply(&self, [branch, skip]: [T; 2], _: [T; 1]) -> [T; 1] {
        [branch + skip]
    }
}

/// dx = dx + skip.
struct AddTo;

impl<T: Real> Elementwise<T, 1, 1> for AddTo {
    #[inline(always)]
    fn apply(&self, [skip]: [T; 1], [dx]: [T; 1]) -> [T; 1] {
        [dx + skip]
    }
}

comparable!([F: Parameters, S: Parameters] Residual<F, S>);
