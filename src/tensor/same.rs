use super::{Sample, Tensor};

/// `Self` and `X` are the same type. Slices of the one are slices of the other.
///
/// Bounds ask for this instead of `F: Layer<X, Output = X>`, because a projection that fails hides the layer that is
/// to blame, and a trait that fails can say what is wrong in a sentence.
pub trait SameType<X>: Sized {
    #[doc(hidden)]
    fn cast_one(&self) -> &X;
    #[doc(hidden)]
    fn cast_one_mut(&mut self) -> &mut X;
    #[doc(hidden)]
    fn cast(these: &[Self]) -> &[X];
    #[doc(hidden)]
    fn cast_mut(these: &mut [Self]) -> &mut [X];
    #[doc(hidden)]
    fn cast_back(those: &[X]) -> &[Self];
    #[doc(hidden)]
    fn cast_back_mut(those: &mut [X]) -> &mut [Self];
}

impl<X> SameType<X> for X {
    fn cast_one(&self) -> &X {
        self
    }
    fn cast_one_mut(&mut self) -> &mut X {
        self
    }
    fn cast(these: &[X]) -> &[X] {
        these
    }
    fn cast_mut(these: &mut [X]) -> &mut [X] {
        these
    }
    fn cast_back(those: &[X]) -> &[X] {
        those
    }
    fn cast_back_mut(those: &mut [X]) -> &mut [X] {
        those
    }
}

/// `Self` and `X` are the same sample: so are their gradients.
pub trait SameSample<X: Sample>: Sample + SameType<X> {
    #[doc(hidden)]
    fn cast_grads(these: &[Self::Grad]) -> &[X::Grad];
    #[doc(hidden)]
    fn cast_grads_mut(these: &mut [Self::Grad]) -> &mut [X::Grad];
    #[doc(hidden)]
    fn cast_grads_back(those: &[X::Grad]) -> &[Self::Grad];
    #[doc(hidden)]
    fn cast_grads_back_mut(those: &mut [X::Grad]) -> &mut [Self::Grad];
}

impl<X: Sample> SameSample<X> for X {
    fn cast_grads(these: &[X::Grad]) -> &[X::Grad] {
        these
    }
    fn cast_grads_mut(these: &mut [X::Grad]) -> &mut [X::Grad] {
        these
    }
    fn cast_grads_back(those: &[X::Grad]) -> &[X::Grad] {
        those
    }
    fn cast_grads_back_mut(those: &mut [X::Grad]) -> &mut [X::Grad] {
        those
    }
}

/// A tensor of the same scalar as `In`.
#[diagnostic::on_unimplemented(
    message = "a layer has one scalar: it cannot take `{In}` and give `{Self}`",
    label = "`{In}` and `{Self}` are of different scalars",
    note = "give both the same scalar, `f32` or `f64`, as in `Dense<Vector<4, f64>, Vector<8, f64>>`"
)]
pub trait SameScalar<In: Tensor>: Tensor<Scalar = In::Scalar> {}

#[diagnostic::do_not_recommend] // so that the error is the one of `SameScalar`, not of the projection
impl<In: Tensor, Out: Tensor<Scalar = In::Scalar>> SameScalar<In> for Out {}

/// What a network gives is the `Y` that its user counts on.
#[diagnostic::on_unimplemented(
    message = "this network gives `{Self}`, not the `{Y}` that was declared",
    label = "the last layer gives `{Self}`",
    note = "make the last layer give `{Y}`, or declare `{Self}`"
)]
pub trait OutputIs<Y: Sample>: SameSample<Y> {}

impl<Y: Sample> OutputIs<Y> for Y {}
