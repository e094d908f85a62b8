/// `Self` and `X` are the same type. Slices of the one are slices of the other.
///
/// Bounds ask for this instead of `F: Layer<X, Output = X>`, because a projection that fails hides the layer that is
/// to blame, and a trait that fails can say what is wrong in a sentence.
pub trait Is<X>: Sized {
    #[doc(hidden)]
    fn cast(these: &[Self]) -> &[X];
    #[doc(hidden)]
    fn cast_mut(these: &mut [Self]) -> &mut [X];
    #[doc(hidden)]
    fn cast_back(those: &[X]) -> &[Self];
    #[doc(hidden)]
    fn cast_back_mut(those: &mut [X]) -> &mut [Self];
}

impl<X> Is<X> for X {
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
