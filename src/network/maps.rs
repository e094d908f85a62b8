//! The bounds on networks and their data. (`bounds` has the other traits that exist for the compiler's messages.)

use bytemuck::Pod;
use chainrule_parameters::Parameters;

use crate::bounds::OutputIs;
use crate::layer::{At, Checked, Layer, Plan, TakenBy, Wrapper};
use crate::tensor::{AsSample, IsType, Sample};

/// A network `N` takes an `X`, if that is a [`Sample`], and gives `Y` for it. [`Data`] implements it, for exactly these
/// types.
///
/// Methods that take data have the bound `Data: InputOf<X, N, Y>`, and not a bound on the network. So the compiler knows
/// the shape of the input before it looks at the layers, and its error is about the first layer whose input is wrong. In
/// generic code, [`Maps`] on the network implies it.
pub trait InputOf<X: ?Sized, N, Y> {
    /// `X`.
    type Sample: Sample;

    /// `N`.
    type Network: Layer<Self::Sample, Output = Y>;

    /// The plan of the network. A method that mentions it is named, with its caller, in the compiler's error for a layer
    /// that is wrong.
    #[doc(hidden)]
    const PLAN: &'static Plan;

    #[doc(hidden)]
    fn sample(input: &X) -> &Self::Sample;

    #[doc(hidden)]
    fn samples(inputs: &[X]) -> &[Self::Sample]
    where
        X: Sized;

    #[doc(hidden)]
    fn network<W: Wrapper>(network: &W::Of<N>) -> &W::Of<Self::Network>;

    #[doc(hidden)]
    fn network_mut<W: Wrapper>(network: &mut W::Of<N>) -> &mut W::Of<Self::Network>;
}

/// The data of a network, in the bound [`Data: InputOf<X, N, Y>`](InputOf).
///
/// The compiler's error for a bound whose type is in the error's cause would be about the bound instead of the cause.
#[derive(Clone, Copy, Debug)]
pub struct Data;

// The output is `Z`, and only if `Z` is `Y` does the last bound hold. With `Output = Y`, the error for another output
// would be "type mismatch resolving ..", and not the sentence of `OutputIs`.
impl<X, N, Y, Z> InputOf<X, N, Y> for Data
where
    X: ?Sized + AsSample,
    X::Sample: Gives<N, Output = Z> + TakenBy<N, Output = <Z as OutputIs<Y>>::Same>,
    Z: OutputIs<Y, Same = Y>,
{
    type Sample = X::Sample;
    type Network = <X::Sample as TakenBy<N>>::Network;
    const PLAN: &'static Plan = Checked::<X::Sample, Self::Network>::PLAN;

    fn sample(input: &X) -> &X::Sample {
        X::Sample::from_one(input)
    }
    fn samples(inputs: &[X]) -> &[X::Sample]
    where
        X: Sized,
    {
        X::Sample::from_many(inputs)
    }
    fn network<W: Wrapper>(network: &W::Of<N>) -> &W::Of<Self::Network> {
        <X::Sample as TakenBy<N>>::network::<W>(network)
    }
    fn network_mut<W: Wrapper>(network: &mut W::Of<N>) -> &mut W::Of<Self::Network> {
        <X::Sample as TakenBy<N>>::network_mut::<W>(network)
    }
}

/// The output that the network `N` gives for a sample, apart from the bounds on it.
#[doc(hidden)]
pub trait Gives<N> {
    type Output;
}

impl<X: Sample, N: Parameters<Is: Layer<X>>> Gives<N> for X {
    type Output = <N::Is as Layer<X>>::Output;
}

/// Returns the plan of the network `N` for inputs `X`.
#[cfg(feature = "alloc")]
pub(crate) const fn plan<X: ?Sized, N, Y>() -> &'static Plan
where
    Data: InputOf<X, N, Y>,
{
    <Data as InputOf<X, N, Y>>::PLAN
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a network that takes `{X}` and gives `{Y}`",
    label = "a network from `{X}` to `{Y}` is needed here",
    note = "what `init` returns, an `Owned<N>`, has its network on the heap and is not a layer itself: take an `Owned<N>` where `N: Maps<{X}, {Y}>`, or move the network out by `.into_inner()`"
)]
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

// `N::Is` is `N`, unless that is not a layer.
impl<X, Y, Z, N> Maps<X, Y> for N
where
    X: Sample + Gives<N, Output = Z>,
    Y: Sample + Pod,
    Z: OutputIs<Y, Same = Y>,
    N: Parameters,
    N::Is: Layer<X, Output = <Z as OutputIs<Y>>::Same>
        + At<0, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<1, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<2, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<3, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<4, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<5, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<6, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<7, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<8, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<9, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<10, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<11, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<12, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<13, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<14, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>
        + At<15, X, Layer = N, Output = <Z as OutputIs<Y>>::Same>,
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
/// is expected here".
#[track_caller]
pub const fn shapes<N, In: Sample, Out: Sample>()
where
    Data: InputOf<In, N, Out>,
{
    <<Data as InputOf<In, N, Out>>::Network as Layer<<Data as InputOf<In, N, Out>>::Sample>>::PLAN.check();
}
