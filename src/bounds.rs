//! Floor 6: the bounds of a network's methods, written so that the compiler's error is a sentence.
//!
//! Every trait here holds for one type only, or for every layer, and a method could name that type or `Layer` instead.
//! The traits make the compiler's messages readable:
//!
//! * If the network fixes the type of an argument, such as `&[X]`, the error for any other type is "mismatched types".
//!   A trait that holds for `X` alone can say what is wrong.
//! * An error ends with a list of the types that implement the required trait. For `Layer<X>` the list has every tuple;
//!   for a trait with one blanket impl it is empty.
//! * The error for a bound shows the whole signature; the error for a projection does not. So the signatures say
//!   `Self::Input` where they could say `X`.

use crate::layer::Layer;
use crate::tensor::{OutputIs, SameType, Sample};

/// A network that takes `X`: every [`Layer<X>`](Layer), and nothing else.
pub trait AcceptsInput<X: Sample>: Layer<X> {
    /// `X` itself.
    type Input;
}

impl<X: Sample, N: Layer<X>> AcceptsInput<X> for N {
    type Input = X;
}

/// A network that takes `X` and gives `Y`: every [`Layer<X>`](Layer) whose output is `Y`, and nothing else.
pub trait Maps<X: Sample, Y: Sample>: AcceptsInput<X, Input = X> + Layer<X, Output: OutputIs<Y>> {}

impl<X: Sample, Y: Sample, N: Layer<X, Output: OutputIs<Y>>> Maps<X, Y> for N {}

/// An input of a network that takes `X`: an `X`.
#[diagnostic::on_unimplemented(
    message = "this network takes `{X}`, and the data are `{Self}`",
    label = "the first layer takes `{X}`",
    note = "make the first layer take `{Self}`, or give it `{X}`; an array becomes a tensor by its name, as in `Vector([0.0; 3])`"
)]
pub trait InputFor<X>: SameType<X> {}

impl<X> InputFor<X> for X {}

/// A buffer for an output `Y`: a `Y`.
#[diagnostic::on_unimplemented(
    message = "this network gives `{Y}`, and there is room for `{Self}`",
    label = "the last layer gives `{Y}`",
    note = "make room for the outputs in their own shape, `{Y}`"
)]
pub trait OutputFor<Y>: SameType<Y> {}

impl<Y> OutputFor<Y> for Y {}

/// The gradient of a network is a network of the same type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the gradient of `{N}`",
    label = "the gradient of another network",
    note = "the gradient of a network has the network's own type: `let mut gradient = Net::zeros();`"
)]
pub trait GradientOf<N> {
    #[doc(hidden)]
    fn as_gradient(&self) -> &N;
    #[doc(hidden)]
    fn as_gradient_mut(&mut self) -> &mut N;
}

#[diagnostic::do_not_recommend]
impl<N> GradientOf<N> for N {
    fn as_gradient(&self) -> &N {
        self
    }
    fn as_gradient_mut(&mut self) -> &mut N {
        self
    }
}

#[cfg(feature = "alloc")]
#[diagnostic::do_not_recommend]
impl<N> GradientOf<N> for chainrule_parameters::Owned<N> {
    fn as_gradient(&self) -> &N {
        self
    }
    fn as_gradient_mut(&mut self) -> &mut N {
        self
    }
}

/// Checks at compile time that a network takes `In` and gives `Out`. It does nothing at run time.
///
/// The compiler checks a `type` alias only where it is used. A constant below the alias makes it check at once:
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
/// const _: () = chainrule::shapes::<Net, Vector<784>, Vector<10>>();
/// ```
///
/// With `Vector<12>` in its place, the error would begin "this network gives `Vector<10>`, not the `Vector<12>` that
/// was declared".
pub const fn shapes<N: Maps<In, Out>, In: Sample, Out: Sample>() {
    // This evaluates the constants in which layers check sizes (a width of at least 1, as many numbers after
    // reshaping).
    let _ = <N as Layer<In>>::PLAN;
}
