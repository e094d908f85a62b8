use super::backward_child;
use crate::kernel::Real;
use crate::layer::compare::comparable;
use crate::layer::{Cost, Factor, Field, Fields, Layer, Mode, Parameters, Probe, Rows, Segment};
use crate::tensor::{Buffer, Join2, Join3, Join4, Tensor};

/// Branches side by side on one input, their outputs joined.
///
/// Forward `y = [F(x), G(x), ..]`, along the channels of images and the features of vectors and sequences; backward cuts `dy`
/// into the gradients of the branches, and `dx = J_F' dy_F + J_G' dy_G + ..`.
///
/// # Shapes
/// Any input; 2 to 4 branches in a tuple, each of which may be a stack. `Vector<A>` and `Vector<B>` give `Vector<A + B>`,
/// `Sequence<STEPS, A>` and `Sequence<STEPS, B>` give `Sequence<STEPS, A + B>`, `Image<A, H, W>` and `Image<B, H, W>` give
/// `Image<A + B, H, W>`, worked out by the compiler for sides up to 1024. For more than 4 branches, nest.
///
/// # Gradient flow
/// Gradients of all branches meet in the input. With [`Identity`](crate::layer::Identity) as a branch, `Concat<(Identity, F)>`,
/// a gradient reaches the input whole, as through a skip; but the output grows, and what follows needs more weights.
///
/// # Source
/// Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 4. Huang, Liu, van der Maaten, Weinberger, "Densely
/// connected convolutional networks", CVPR 2017, eq. 2: `Concat<(Identity, F)>`.
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
#[derive(Clone, Copy, Debug, Default)]
pub struct Concat<B> {
    /// The branches, a tuple of 2 to 4 layers.
    pub branches: B,
}

impl<B: Parameters> Parameters for Concat<B> {
    const COUNT: usize = B::COUNT;

    fn zeros() -> Self {
        Self { branches: B::zeros() }
    }

    fn fields(fields: &mut impl Fields<Self>) {
        B::fields(&mut Inside { fields });
    }
}

/// The fields of the tuple, as fields of the concatenation around it: `0.weight`, not `branches.0.weight`.
struct Inside<'a, F> {
    fields: &'a mut F,
}

impl<B, F: Fields<Concat<B>>> Fields<B> for Inside<'_, F> {
    fn tensor<T: Real>(
        &mut self,
        field: Field<'_>,
        get: impl Fn(&B) -> &[T],
        get_mut: impl Fn(&mut B) -> &mut [T],
    ) {
        self.fields.tensor(field, |concat| get(&concat.branches), |concat| get_mut(&mut concat.branches));
    }

    fn layer<C: Parameters>(
        &mut self,
        name: impl Into<Segment>,
        get: impl Fn(&B) -> &C,
        get_mut: impl Fn(&mut B) -> &mut C,
    ) {
        self.fields.layer(name, |concat| get(&concat.branches), |concat| get_mut(&mut concat.branches));
    }
}

/// Layers that stand side by side on an `X`: a tuple of 2 to 4.
#[diagnostic::on_unimplemented(
    message = "a concatenation holds 2 to 4 branches in a tuple, and not `{Self}`",
    label = "`{Self}` is not a tuple of 2 to 4 layers",
    note = "write the branches as a tuple, as in `Concat<(Relu, Tanh)>`; more than 4 nest, as in `Concat<(Concat<(A, B, C)>, Concat<(D, E)>)>`"
)]
pub trait Branches<X: Tensor>: Parameters {
    /// All outputs in one tensor.
    type Output: Tensor<Scalar = X::Scalar>;
    #[doc(hidden)]
    type Tapes: Default + Send;
    #[doc(hidden)]
    const COST: Cost;
    #[doc(hidden)]
    fn forward(&self, input: &[X], output: &mut [Self::Output], tapes: &mut Self::Tapes, mode: &mut Mode<'_>);
    #[doc(hidden)]
    fn backward<P: Probe>(
        &self,
        back: Back<'_, X, Self::Output>,
        gradient: &mut Self,
        tapes: &mut Self::Tapes,
        probe: &mut P,
    );
    #[doc(hidden)]
    fn summarize(rows: &mut Rows<'_>);
}

/// What the branches keep, and the gradient that comes back from all of them but the first.
#[derive(Debug)]
pub struct ConcatTape<X: Tensor, B: Branches<X>> {
    input_grad: Buffer<X>,
    branches: B::Tapes,
}

impl<X: Tensor, B: Branches<X>> Default for ConcatTape<X, B> {
    fn default() -> Self {
        Self { input_grad: Buffer::default(), branches: B::Tapes::default() }
    }
}

impl<X: Tensor, B: Branches<X>> Layer<X> for Concat<B> {
    type Output = B::Output;
    type Tape = ConcatTape<X, B>;
    const COST: Cost = B::COST.keeping(size_of::<X>());
    const FACTOR: Factor = Factor::Sum;

    fn forward(&self, input: &[X], output: &mut [B::Output], tape: &mut Self::Tape, mode: &mut Mode<'_>) {
        self.branches.forward(input, output, &mut tape.branches, mode);
    }

    fn backward<P: Probe>(
        &self,
        input: &[X],
        _: &[B::Output],
        output_grad: &[B::Output],
        input_grad: Option<&mut [X]>,
        gradient: &mut Self,
        tape: &mut Self::Tape,
        probe: &mut P,
    ) {
        let input_grad = input_grad.map(|sum| (sum, tape.input_grad.take(input.len())));
        let back = Back { input, output_grad, input_grad };
        self.branches.backward(back, &mut gradient.branches, &mut tape.branches, probe);
    }

    fn summarize(rows: &mut Rows<'_>) {
        B::summarize(rows);
    }
}

/// What all branches see of the way back: their input, the gradient of all outputs, and where the gradient of the input is
/// summed, with room for that of one branch.
#[derive(Debug)]
pub struct Back<'a, X, Y> {
    input: &'a [X],
    output_grad: &'a [Y],
    input_grad: Option<(&'a mut [X], &'a mut [X])>,
}

/// What one branch keeps: its own tape, its output and the gradient of that.
#[derive(Debug)]
pub struct Branch<Y, T> {
    output: Buffer<Y>,
    grad: Buffer<Y>,
    tape: T,
}

impl<Y, T: Default> Default for Branch<Y, T> {
    fn default() -> Self {
        Self { output: Buffer::default(), grad: Buffer::default(), tape: T::default() }
    }
}

/// The rows of a part within the rows of the whole: `part` numbers after the first `start`, of every `whole`.
#[derive(Clone, Copy)]
struct Cut {
    start: usize,
    part: usize,
    whole: usize,
}

impl Cut {
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

/// One branch back: cuts its gradient out of the whole, and adds what reaches the input to what the branches before it left.
fn branch_back<X: Tensor, L: Layer<X>, Y: Tensor<Scalar = X::Scalar>, P: Probe>(
    at: usize,
    layer: &L,
    back: &mut Back<'_, X, Y>,
    cut: Cut,
    gradient: &mut L,
    kept: &mut Branch<L::Output, L::Tape>,
    probe: &mut P,
) {
    let samples = back.input.len();
    let (output, grad) = (kept.output.get(samples), kept.grad.take(samples));
    cut.read(Y::flat(back.output_grad), L::Output::flat_mut(grad));
    let first = at == 0;
    let input_grad = back.input_grad.as_mut().map(|(sum, own)| if first { &mut **sum } else { &mut **own });
    backward_child(at, layer, back.input, output, grad, input_grad, gradient, &mut kept.tape, probe);
    if let Some((sum, own)) = &mut back.input_grad
        && !first
    {
        X::flat_mut(sum).iter_mut().zip(X::flat(own)).for_each(|(sum, &own)| *sum += own);
    }
}

macro_rules! branches {
    ($Join:ident: $First:ident 0 $(, $L:ident $i:tt)+) => {
        impl<X: Tensor, $First: Layer<X>, $($L: Layer<X>),+> Branches<X> for ($First, $($L),+)
        where
            $First::Output: $Join<$($L::Output),+>,
        {
            type Output = <$First::Output as $Join<$($L::Output),+>>::Joined;
            type Tapes = (Branch<$First::Output, $First::Tape>, $(Branch<$L::Output, $L::Tape>),+);
            const COST: Cost = $First::COST$(.beside($L::COST))+
                .keeping(2 * (size_of::<$First::Output>() $(+ size_of::<$L::Output>())+));

            fn forward(
                &self,
                input: &[X],
                output: &mut [Self::Output],
                tapes: &mut Self::Tapes,
                mode: &mut Mode<'_>,
            ) {
                let rows = <$First::Output as $Join<$($L::Output),+>>::ROWS;
                let mut cut = Cut { start: 0, part: 0, whole: Self::Output::LEN / rows };
                branches!(@forward self, input, output, tapes, mode, rows, cut; $First 0 $(, $L $i)+);
            }

            fn backward<P: Probe>(
                &self,
                mut back: Back<'_, X, Self::Output>,
                gradient: &mut Self,
                tapes: &mut Self::Tapes,
                probe: &mut P,
            ) {
                let rows = <$First::Output as $Join<$($L::Output),+>>::ROWS;
                let mut cut = Cut { start: 0, part: 0, whole: Self::Output::LEN / rows };
                branches!(@backward self, back, gradient, tapes, probe, rows, cut; $First 0 $(, $L $i)+);
            }

            fn summarize(rows: &mut Rows<'_>) {
                rows.child::<X, $First>(0, 1);
                $(rows.child::<X, $L>($i, 1);)+
            }
        }
    };

    (@forward $self:ident, $x:ident, $y:ident, $tapes:ident, $mode:ident, $rows:ident, $cut:ident; $($L:ident $i:tt),+) => {
        $(
            let output = $tapes.$i.output.take($x.len());
            $self.$i.forward($x, output, &mut $tapes.$i.tape, $mode);
            $cut = Cut { start: $cut.start + $cut.part, part: $L::Output::LEN / $rows, ..$cut };
            $cut.write($L::Output::flat(output), Self::Output::flat_mut($y));
        )+
    };

    (@backward $self:ident, $back:ident, $gradient:ident, $tapes:ident, $probe:ident, $rows:ident, $cut:ident;
     $($L:ident $i:tt),+) => {
        $(
            $cut = Cut { start: $cut.start + $cut.part, part: $L::Output::LEN / $rows, ..$cut };
            branch_back($i, &$self.$i, &mut $back, $cut, &mut $gradient.$i, &mut $tapes.$i, $probe);
        )+
    };
}
branches!(Join2: F 0, G 1);
branches!(Join3: F 0, G 1, H 2);
branches!(Join4: F 0, G 1, H 2, I 3);

comparable!([B: Parameters] Concat<B>);
