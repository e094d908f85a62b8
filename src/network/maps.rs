//! The bounds on networks and their data. (`bounds` has the other traits for the compiler's messages.)

use bytemuck::Pod;
use chainrule_parameters::Parameters;

use crate::bounds::OutputIs;
use crate::layer::{At, Checked, Layer, Plan, TakenBy, Wrapper};
use crate::tensor::{AsSample, IsType, Sample};

/// The network `N` maps the input `X`, if it is a [`Sample`], to the output `Y`. [`Data`] implements this trait for
/// exactly these types.
///
/// Methods that take data have the bound `Data: InputOf<X, N, Y>` instead of a bound on the network. So the compiler
/// has the shape of the input before it checks the layers, and its error is about the first layer with a wrong input.
/// In generic code, the bound [`Maps`] on the network implies this one.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::{Data, Error, InputOf};
///
/// /// Predicts for the same input twice.
/// fn twice<N: Network, X>(network: &N, x: &X) -> Result<[Vector<1>; 2], Error>
/// where
///     Data: InputOf<X, N, Vector<1>>,
/// {
///     Ok([network.predict(x)?, network.predict(x)?])
/// }
/// let network = Linear::<2, 1>::zeros().into_inner();
/// assert_eq!(twice(&network, &Vector([1.0, 2.0]))?, [Vector([0.0]); 2]);
/// # Ok::<(), Error>(())
/// ```
pub trait InputOf<X: ?Sized, N, Y> {
    /// `X`.
    type Sample: Sample;

    /// `N`.
    type Network: Layer<Self::Sample, Output = Y>;

    /// The plan of the network. If a layer is wrong, the compiler's error names a method that uses this constant, and
    /// its caller.
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
/// It is a separate type, because the compiler would otherwise report the bound instead of the cause.
///
/// See the example of [`InputOf`].
#[derive(Clone, Copy, Debug)]
pub struct Data;

// The output is `Z`, and the last bound requires that `Z` is `Y`. With `Output = Y`, the error for a different
// output would be "type mismatch resolving ..", not the sentence of `OutputIs`.
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

/// The output of the network `N` for a sample, without the bounds on it.
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

/// A network from `X` to `Y`: every [`Layer<X>`](Layer) whose output is `Y`.
///
/// This is the bound for generic code. A network with this bound has all methods, works in a
/// [`Trainer`](crate::Trainer), and can be a layer of a stack. If its input and output have the same type, it can also
/// be in an array. The bounds `At<0, ..>` to `At<15, ..>` allow it at every place of a stack. Every network satisfies
/// them.
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
    label = "expected a network from `{X}` to `{Y}`",
    note = "`init` returns an `Owned<N>`, which has its network on the heap and is not a layer itself: accept an `Owned<N>` where `N: Maps<{X}, {Y}>`, or move the network out with `.into_inner()`"
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

// `N::Is` is `N` if that is a layer.
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

/// Checks at compile time that a network maps `In` to `Out`. It does nothing at run time.
///
/// The compiler checks a `type` alias only where it is used. A constant below the alias checks it at once:
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<784, 128>, Relu, Linear<128, 10>);
/// const _: () = chainrule::shapes::<Net, Vector<784>, Vector<10>>();
/// ```
///
/// With `Vector<12>` instead of `Vector<10>`, the error would begin "this network gives `Vector<10>`, not the
/// `Vector<12>` that is expected here".
#[doc(alias("shape check", "static_assert"))]
#[track_caller]
pub const fn shapes<N, In: Sample, Out: Sample>()
where
    Data: InputOf<In, N, Out>,
{
    <<Data as InputOf<In, N, Out>>::Network as Layer<<Data as InputOf<In, N, Out>>::Sample>>::PLAN.check();
}
