use alloc::boxed::Box;
use core::fmt;
use core::slice::{from_mut, from_ref};

use bytemuck::{Pod, Zeroable};

use super::compare::comparable;
use super::{Cost, Factor, Field, Fields, Layer, Mode, Parameters, Probe};
use crate::kernel::{Real, Start, Strided, product, sum_rows};
use crate::tensor::{Aligned, SameScalar, Tensor, Vector, zeros};

/// A linear map from every number of one shape to every number of another: Z = W X + b of the notes.
///
/// Forward `z = x W + b`; backward `dx = dz Wᵀ`, `dW = xᵀ dz`, `db = dz`, summed over the batch.
///
/// # Shapes
/// Input `In`, output `Out`, any tensors of one scalar: `Dense<Image<1, 28, 28>, Vector<10>>` needs no flattening.
/// `weight` is `[In::LEN, Out::LEN]`, input after input; `bias` has the shape of the output.
/// For vectors write [`Linear<IN, OUT>`](Linear).
///
/// # Gradient flow
/// The Jacobian is W: the factor of the chain rule's product that initialisation and training set. With entries of
/// variance s² the squared norm of a gradient grows by `Out::LEN` s² on average, so that
/// [He's initialisation](crate::init::Initializer::he_normal) (s² = 2 / fan-in) holds it between layers of one width and ReLU.
///
/// # Source
/// Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986), eq. 1 and 6.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut layer = Linear::<2, 3>::zeros();
/// *layer.weight = [[1.0, 2.0, 3.0].into(), [10.0, 20.0, 30.0].into()]; // a row for each input
/// *layer.bias = Vector([0.5, 0.5, 0.5]);
/// assert_eq!(layer.predict(&Vector([1.0, 0.1]))?, Vector([2.5, 4.5, 6.5]));
/// # Ok::<(), chainrule::Error>(())
/// ```
pub struct Dense<In: Tensor, Out: Tensor, B: Bias<Out> = Out> {
    /// W: for each number of the input, its weight towards each number of the output.
    pub weight: Aligned<In::Of<Out>>,
    /// b: of the shape of the output, or [`NoBias`].
    pub bias: Box<B>,
}

/// A linear map between vectors. Without a bias: `Linear<784, 128, f32, NoBias>`.
///
/// ```
/// use chainrule::prelude::*;
/// assert_eq!(<Linear<784, 128>>::COUNT, 784 * 128 + 128);
/// assert_eq!(<Linear<784, 128, f32, NoBias>>::COUNT, 784 * 128);
/// ```
pub type Linear<const IN: usize, const OUT: usize, T = f32, B = Vector<OUT, T>> =
    Dense<Vector<IN, T>, Vector<OUT, T>, B>;

/// In the place of a bias: there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroable, Pod)]
#[repr(C)]
pub struct NoBias;

/// What may stand in the place of a [`Dense`] layer's bias: the output's own shape, or [`NoBias`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the bias of a layer that gives `{Out}`",
    label = "a bias is either `{Out}`, the default, or `NoBias`"
)]
pub trait Bias<Out: Tensor>: Pod + Send + Sync {
    #[doc(hidden)]
    fn as_numbers(&self) -> Option<&[Out::Scalar]>;
    #[doc(hidden)]
    fn as_numbers_mut(&mut self) -> Option<&mut [Out::Scalar]>;
}

impl<Out: Tensor> Bias<Out> for Out {
    fn as_numbers(&self) -> Option<&[Out::Scalar]> {
        Some(self.as_slice())
    }
    fn as_numbers_mut(&mut self) -> Option<&mut [Out::Scalar]> {
        Some(self.as_mut_slice())
    }
}

impl<Out: Tensor> Bias<Out> for NoBias {
    fn as_numbers(&self) -> Option<&[Out::Scalar]> {
        None
    }
    fn as_numbers_mut(&mut self) -> Option<&mut [Out::Scalar]> {
        None
    }
}

impl<In: Tensor, Out: Tensor, B: Bias<Out>> Dense<In, Out, B> {
    /// W as numbers in memory order: for each input, its weight towards each output.
    pub fn weights(&self) -> &[Out::Scalar] {
        bytemuck::must_cast_slice(from_ref(&*self.weight))
    }

    /// W as numbers in memory order: for each input, its weight towards each output.
    pub fn weights_mut(&mut self) -> &mut [Out::Scalar] {
        bytemuck::must_cast_slice_mut(from_mut(&mut *self.weight))
    }
}

impl<In: Tensor, Out: SameScalar<In>, B: Bias<Out>> Parameters for Dense<In, Out, B> {
    const COUNT: usize = In::LEN * Out::LEN + size_of::<B>() / size_of::<Out::Scalar>();

    fn zeros() -> Self {
        Self { weight: Aligned::zeros(), bias: zeros() }
    }

    fn fields(fields: &mut impl Fields<Self>) {
        let sides = [In::LEN, Out::LEN];
        let weight = Field::weight("weight", &sides, sides[0], sides[1]);
        fields.tensor(weight, Self::weights, Self::weights_mut);
        if size_of::<B>() > 0 {
            fields.tensor(
                Field::bias("bias", Out::SHAPE),
                |dense| dense.bias.as_numbers().unwrap_or(&[]),
                |dense| dense.bias.as_numbers_mut().unwrap_or(&mut []),
            );
        }
    }
}

impl<In: Tensor, Out: SameScalar<In>, B: Bias<Out>> Layer<In> for Dense<In, Out, B> {
    type Output = Out;
    type Tape = ();
    const COST: Cost = Cost::weights((In::LEN * Out::LEN) as u64, Out::LEN);
    const FACTOR: Factor = Factor::Weights;

    fn forward(&self, input: &[In], output: &mut [Out], _: &mut (), _: &mut Mode<'_>) {
        let start = self.bias.as_numbers().map_or(Start::Zero, Start::Row);
        let (x, w) = (Strided::rows(In::flat(input), In::LEN), Strided::rows(self.weights(), Out::LEN));
        product(x, w, start, Out::flat_mut(output), In::LEN, Out::LEN);
    }

    fn backward<P: Probe>(
        &self,
        input: &[In],
        _: &[Out],
        output_grad: &[Out],
        input_grad: Option<&mut [In]>,
        gradient: &mut Self,
        _: &mut (),
        _: &mut P,
    ) {
        let dz = Out::flat(output_grad);
        let x = Strided::transposed(In::flat(input), In::LEN);
        product(x, Strided::rows(dz, Out::LEN), Start::Zero, gradient.weights_mut(), input.len(), Out::LEN);
        if let Some(db) = gradient.bias.as_numbers_mut() {
            sum_rows(dz, db);
        }
        if let Some(input_grad) = input_grad {
            let (dz, w) = (Strided::rows(dz, Out::LEN), Strided::transposed(self.weights(), Out::LEN));
            product(dz, w, Start::Zero, In::flat_mut(input_grad), Out::LEN, In::LEN);
        }
    }
}

comparable!([T: Real, In: Tensor<Scalar = T>, Out: Tensor<Scalar = T>, B: Bias<Out>] Dense<In, Out, B>);

impl<T: Real, In: Tensor<Scalar = T>, Out: Tensor<Scalar = T>, B: Bias<Out>> Clone for Dense<In, Out, B> {
    fn clone(&self) -> Self {
        crate::layer::compare::copy(self)
    }
}

impl<In: Tensor, Out: Tensor, B: Bias<Out>> fmt::Debug for Dense<In, Out, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bias = if size_of::<B>() > 0 { "" } else { ", no bias" };
        write!(f, "Dense({:?} -> {:?}{bias})", In::SHAPE, Out::SHAPE)
    }
}
