//! The bounds on the methods of a network. (`bounds` has the other traits that exist for the compiler's messages.)

use crate::bounds::OutputIs;
use crate::layer::Layer;
use crate::tensor::Sample;

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
