use super::Sample;

/// `Self` and `X` are the same type. The methods cast slices from one to the other.
///
/// Bounds use this trait instead of `F: Layer<X, Output = X>`. The compiler's error for the wrong projection would hide
/// the wrong layer. The error for a trait can explain the mistake in a sentence.
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

/// `Self` and `X` are the same sample type, and their gradients have the same type.
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

/// `Self` and `X` are the same type, which may be unsized.
pub trait IsType<X: ?Sized> {
    #[doc(hidden)]
    fn from_one(one: &X) -> &Self;
    #[doc(hidden)]
    fn from_many(many: &[X]) -> &[Self]
    where
        X: Sized,
        Self: Sized;
}

impl<X> IsType<X> for X {
    fn from_one(one: &X) -> &X {
        one
    }
    fn from_many(many: &[X]) -> &[X] {
        many
    }
}
