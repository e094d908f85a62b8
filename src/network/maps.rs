//! The bounds on networks and their data. (`bounds` has the other traits that exist for the compiler's messages.)

use bytemuck::Pod;
use chainrule_parameters::Parameters;

use crate::bounds::OutputIs;
use crate::layer::{At, Layer};
use crate::tensor::Sample;

/// The input of a network `N` that gives `Y` for it: every [`Sample`] that `N` maps to `Y`, and nothing else.
///
/// Methods that take data have this bound on the data, not a bound on the network. So the compiler knows the shape of the
/// input before it looks at the layers, and its error is about the first layer whose input is wrong. In generic code,
/// [`Maps`] on the network implies it.
pub trait InputOf<N, Y: Sample> {
    /// `Self`.
    type Sample: Sample;

    /// `N`.
    type Network: Layer<Self::Sample, Output = Y>;

    #[doc(hidden)]
    fn samples(inputs: &[Self]) -> &[Self::Sample]
    where
        Self: Sized;

    #[doc(hidden)]
    fn cast<W: Wrapper>(network: &W::Of<N>) -> &W::Of<Self::Network>;

    #[doc(hidden)]
    fn cast_mut<W: Wrapper>(network: &mut W::Of<N>) -> &mut W::Of<Self::Network>;
}

/// A generic type: [`Of<N>`](Wrapper::Of) is that type for a network `N`.
#[doc(hidden)]
pub trait Wrapper {
    type Of<N>;
}

/// The network itself.
#[doc(hidden)]
#[derive(Debug)]
pub(crate) struct Bare;

impl Wrapper for Bare {
    type Of<N> = N;
}

// The output is `Z`, and only if `Z` is `Y` does the last bound hold. With `Layer<X, Output = Y>`, the error for another
// output would be "type mismatch resolving ..", and not the sentence of `OutputIs`.
impl<N, X, Y, Z> InputOf<N, Y> for X
where
    X: Sample,
    Y: Sample + Pod,
    N: OutputOf<X, Is = Z> + Layer<X, Output = <Z as OutputIs<Y>>::Same>,
    Z: OutputIs<Y, Same = Y>,
{
    type Sample = X;
    type Network = N;

    fn samples(inputs: &[X]) -> &[X] {
        inputs
    }
    fn cast<W: Wrapper>(network: &W::Of<N>) -> &W::Of<N> {
        network
    }
    fn cast_mut<W: Wrapper>(network: &mut W::Of<N>) -> &mut W::Of<N> {
        network
    }
}

/// The output of a layer as a type, apart from its bounds.
#[doc(hidden)]
pub trait OutputOf<X> {
    type Is;
}

impl<X: Sample, N: Layer<X>> OutputOf<X> for N {
    type Is = N::Output;
}

/// A network that takes `X` and gives `Y`: every [`Layer<X>`](Layer) whose output is `Y`, and nothing else.
///
/// This is the bound for generic code. A network with it can be used as any other: with all methods, in a
/// [`Trainer`](crate::Trainer), as a layer of a stack, in an array if it gives back what it takes.
///
/// ```
/// use chainrule::Maps;
/// use chainrule::prelude::*;
///
/// fn train<N: Maps<Vector<4>, Vector<3>>>(network: N) -> Result<N, chainrule::Error>
/// where
///     N: Clone,
/// {
///     let (inputs, labels) = ([Vector([0.5; 4]); 6], [Label::<3>::new(1)?; 6]);
///     let mut trainer = Trainer::new(network, CrossEntropy::default(), Adam::new(0.01), 1);
///     trainer.step(&inputs, &labels)?;
///     Ok(trainer.network.into_inner())
/// }
///
/// type Net = (Linear<4, 16>, Relu, Linear<16, 3>);
/// train(Net::init(&mut rng(1)).into_inner())?;
/// # Ok::<(), chainrule::Error>(())
/// ```
pub trait Maps<X: Sample, Y: Sample + Pod>:
    Layer<X, Output = Y>
    + At<0, X, Layer = Self, Output = Y>
    + At<1, X, Layer = Self, Output = Y>
    + At<2, X, Layer = Self, Output = Y>
    + At<3, X, Layer = Self, Output = Y>
    + At<4, X, Layer = Self, Output = Y>
    + At<5, X, Layer = Self, Output = Y>
    + At<6, X, Layer = Self, Output = Y>
    + At<7, X, Layer = Self, Output = Y>
    + At<8, X, Layer = Self, Output = Y>
    + At<9, X, Layer = Self, Output = Y>
    + At<10, X, Layer = Self, Output = Y>
    + At<11, X, Layer = Self, Output = Y>
    + At<12, X, Layer = Self, Output = Y>
    + At<13, X, Layer = Self, Output = Y>
    + At<14, X, Layer = Self, Output = Y>
    + At<15, X, Layer = Self, Output = Y>
{
}

impl<X, Y, Z, N> Maps<X, Y> for N
where
    X: Sample,
    Y: Sample + Pod,
    Z: OutputIs<Y, Same = Y>,
    N: OutputOf<X, Is = Z>
        + Layer<X, Output = <Z as OutputIs<Y>>::Same>
        + At<0, X, Layer = N, Output = Y>
        + At<1, X, Layer = N, Output = Y>
        + At<2, X, Layer = N, Output = Y>
        + At<3, X, Layer = N, Output = Y>
        + At<4, X, Layer = N, Output = Y>
        + At<5, X, Layer = N, Output = Y>
        + At<6, X, Layer = N, Output = Y>
        + At<7, X, Layer = N, Output = Y>
        + At<8, X, Layer = N, Output = Y>
        + At<9, X, Layer = N, Output = Y>
        + At<10, X, Layer = N, Output = Y>
        + At<11, X, Layer = N, Output = Y>
        + At<12, X, Layer = N, Output = Y>
        + At<13, X, Layer = N, Output = Y>
        + At<14, X, Layer = N, Output = Y>
        + At<15, X, Layer = N, Output = Y>,
{
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
pub const fn shapes<N: Parameters, In: InputOf<N, Out>, Out: Sample>() {
    // This evaluates the constants in which layers check sizes (a width of at least 1, as many numbers after
    // reshaping).
    let _ = <In::Network as Layer<In::Sample>>::PLAN;
}
