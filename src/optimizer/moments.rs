//! The storage of the moments of an optimizer.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use crate::Error;
#[cfg(feature = "alloc")]
use crate::layer::Owned;
use crate::layer::{Parameters, ViewMut, compare};
use chainrule_parameters::{copied, zeroed};

/// The storage of an optimizer's moments. A moment is a network of the type that is trained. The storage is [`OnHeap`],
/// the default, or [`Inline`], in the optimizer itself.
/// See the example of [`Inline`].
pub trait MomentStorage {
    #[doc(hidden)]
    type Of<N: Parameters>: Moments<N> + Clone + fmt::Debug + Send;
}

/// Moments on the heap, the default. They are allocated in the first step that needs them.
///
/// ```
/// use chainrule::optimizer::OnHeap;
/// use chainrule::prelude::*;
///
/// type Net = Linear<2, 1>;
/// let adam: Adam<Net, OnHeap> = Adam::new(0.01);
/// let same: Adam<Net> = adam; // the same type
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OnHeap;

/// Storage of `MOMENTS` moments in the optimizer itself, for programs without a heap. The optimizer is then plain data,
/// and `inline` can create it in a constant.
///
/// ```
/// use chainrule::optimizer::Inline;
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// static ADAM: std::sync::Mutex<Adam<Net, Inline<2>>> = std::sync::Mutex::new(Adam::inline(0.01));
///
/// let (mut net, gradient) = (Net::init(&mut rng(1)).into_inner(), Net::init(&mut rng(2)).into_inner());
/// ADAM.lock().unwrap().step(&mut net, &gradient)?; // allocates nothing
///
/// let mut three: Adam<Net, Inline<2>> = Adam::inline(0.01).amsgrad();
/// let error = three.step(&mut net, &gradient).unwrap_err();
/// assert_eq!(error, chainrule::Error::MomentCount { needed: 3, found: 2 });
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("no_std", "embedded", "no heap"))]
#[derive(Clone, Copy, Debug)]
pub struct Inline<const MOMENTS: usize>;

impl MomentStorage for OnHeap {
    type Of<N: Parameters> = HeapMoments<N>;
}

impl<const MOMENTS: usize> MomentStorage for Inline<MOMENTS> {
    type Of<N: Parameters> = InlineMoments<N, MOMENTS>;
}

/// The moments of an optimizer.
#[doc(hidden)]
pub trait Moments<N> {
    /// Returns mutable views of the first `W` moments.
    fn views<const W: usize>(&mut self) -> Result<[ViewMut<'_>; W], Error>;

    /// Returns the first moment, if it exists.
    fn first(&self) -> Option<&N>;

    /// Sets the moments to 0.
    fn forget(&mut self);
}

/// Networks on the heap. Without the feature `alloc`, this type has no values.
#[doc(hidden)]
pub struct HeapMoments<N> {
    #[cfg(feature = "alloc")]
    networks: Vec<Owned<N>>,
    #[cfg(not(feature = "alloc"))]
    never: (core::convert::Infallible, core::marker::PhantomData<N>),
}

#[cfg(feature = "alloc")]
impl<N: Parameters> HeapMoments<N> {
    pub(super) fn zeros(count: usize) -> Self {
        let mut moments = Self { networks: Vec::new() };
        moments.grow(count);
        moments
    }

    fn grow(&mut self, count: usize) {
        self.networks.resize_with(count.max(self.networks.len()), Owned::zeros);
    }

    /// Returns the moment at this index, and creates it if it does not exist.
    #[cfg(feature = "checkpoint")]
    pub(crate) fn at(&mut self, index: usize) -> &mut Owned<N> {
        self.grow(index + 1);
        &mut self.networks[index]
    }
}

#[cfg(feature = "alloc")]
impl<N: Parameters> Clone for HeapMoments<N> {
    fn clone(&self) -> Self {
        Self { networks: self.networks.clone() }
    }
}

#[cfg(feature = "alloc")]
impl<N: Parameters> Moments<N> for HeapMoments<N> {
    fn views<const W: usize>(&mut self) -> Result<[ViewMut<'_>; W], Error> {
        self.grow(W);
        let found = self.networks.len();
        let networks = self.networks.first_chunk_mut().ok_or(Error::MomentCount { needed: W, found })?;
        Ok(networks.each_mut().map(|network| ViewMut::of(&mut **network)))
    }

    fn forget(&mut self) {
        self.networks.iter_mut().for_each(|network| compare::set_zero(ViewMut::of(&mut **network)));
    }

    fn first(&self) -> Option<&N> {
        self.networks.first().map(|network| &**network)
    }
}

#[cfg(not(feature = "alloc"))]
impl<N: Parameters> Clone for HeapMoments<N> {
    fn clone(&self) -> Self {
        match self.never.0 {}
    }
}

#[cfg(not(feature = "alloc"))]
impl<N: Parameters> Moments<N> for HeapMoments<N> {
    fn views<const W: usize>(&mut self) -> Result<[ViewMut<'_>; W], Error> {
        match self.never.0 {}
    }

    fn forget(&mut self) {
        match self.never.0 {}
    }

    fn first(&self) -> Option<&N> {
        match self.never.0 {}
    }
}

/// Networks in the optimizer itself.
#[doc(hidden)]
pub struct InlineMoments<N, const MOMENTS: usize>([N; MOMENTS]);

impl<N: Parameters, const MOMENTS: usize> InlineMoments<N, MOMENTS> {
    pub(super) const fn zeros() -> Self {
        Self([const { zeroed::<N>() }; MOMENTS])
    }
}

impl<N: Parameters, const MOMENTS: usize> Clone for InlineMoments<N, MOMENTS> {
    fn clone(&self) -> Self {
        Self(self.0.each_ref().map(copied))
    }
}

impl<N: Parameters, const MOMENTS: usize> Moments<N> for InlineMoments<N, MOMENTS> {
    fn views<const W: usize>(&mut self) -> Result<[ViewMut<'_>; W], Error> {
        let networks = self.0.first_chunk_mut().ok_or(Error::MomentCount { needed: W, found: MOMENTS })?;
        Ok(networks.each_mut().map(ViewMut::of))
    }

    fn forget(&mut self) {
        self.0.iter_mut().for_each(|network| compare::set_zero(ViewMut::of(network)));
    }

    fn first(&self) -> Option<&N> {
        self.0.first()
    }
}

impl<N: Parameters> fmt::Debug for HeapMoments<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "moments of {} parameters", N::COUNT)
    }
}

impl<N: Parameters, const MOMENTS: usize> fmt::Debug for InlineMoments<N, MOMENTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MOMENTS} moments of {} parameters", N::COUNT)
    }
}
