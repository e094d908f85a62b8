//! The windows of pools with settings, and macros that implement these pools.

use super::settings::{PixelFields, PixelSettings, StepFields, StepSettings};
use crate::tensor::side::{Side, SlideAlong};

/// The windows over rows, over columns, and over steps.
pub(super) type Rows<S> = <<S as PixelSettings>::Is as PixelFields>::Rows;
pub(super) type Columns<S> = <<S as PixelSettings>::Is as PixelFields>::Columns;
pub(super) type Steps<S> = <<S as StepSettings>::Is as StepFields>::Steps;

/// The number of windows on a side.
pub(super) type Places<const D: usize, A> = <Side<D> as SlideAlong<A>>::Out;

/// Implements a pool of images by a [`Pools`](super::general::Pools) type.
macro_rules! pixel_pool {
    ([$($generics:tt)*] $layer:ty, $pools:ty, $($plan:tt)*) => {
        comparable!([$($generics)* S: WindowSettings] $layer);

        impl<const PLACE: usize, Fitting, $($generics)* S: PixelSettings, const C: usize, const H: usize, const W: usize, T: Real>
            At<PLACE, Image<C, H, W, T>> for $layer
        where
            Image<C, H, W, T>: AxesAt<PLACE, Self, (Rows<S>, Columns<S>), Check = Fitting>,
            Fitting: Then<Image<C, H, W, T>, Self>,
        {
            window_at!(@items Image<C, H, W, T>, Fitting);
        }

        general_pool!(
            [$($generics)* S: PixelSettings, const C: usize, const H: usize, const W: usize] $layer,
            Image<C, H, W, T> => <(Side<C>, Places<H, Rows<S>>, Places<W, Columns<S>>) as Sides<T>>::Tensor,
            $pools,
            [
                axis::<Rows<S>>(H, <Self::Output as Sample>::SHAPE[1]),
                axis::<Columns<S>>(W, <Self::Output as Sample>::SHAPE[2]),
            ],
            [
                Side<H>: SlideAlong<Rows<S>>,
                Side<W>: SlideAlong<Columns<S>>,
                (Side<C>, Places<H, Rows<S>>, Places<W, Columns<S>>): Sides<T>,
            ],
            plan .window({
                let places = <Self::Output as Sample>::SHAPE;
                window([Rows::<S>::NUMBERS, Columns::<S>::NUMBERS], [H, W], [places[1], places[2]])
            })
            $($plan)*
        );
    };
}

pub(super) use pixel_pool;

/// Implements a pool of sequences.
macro_rules! step_pool {
    ([$($generics:tt)*] $layer:ty, $pools:ty, $($plan:tt)*) => {
        comparable!([$($generics)* S: WindowSettings] $layer);

        impl<const PLACE: usize, Fitting, $($generics)* S: StepSettings, const STEPS: usize, const FEATURES: usize, T: Real>
            At<PLACE, Sequence<STEPS, FEATURES, T>> for $layer
        where
            Sequence<STEPS, FEATURES, T>: AxesAt<PLACE, Self, Steps<S>, Check = Fitting>,
            Fitting: Then<Sequence<STEPS, FEATURES, T>, Self>,
        {
            window_at!(@items Sequence<STEPS, FEATURES, T>, Fitting);
        }

        general_pool!(
            [$($generics)* S: StepSettings, const STEPS: usize, const FEATURES: usize] $layer,
            Sequence<STEPS, FEATURES, T> => <(Places<STEPS, Steps<S>>, Side<FEATURES>) as Sides<T>>::Tensor,
            $pools,
            [axis::<Steps<S>>(STEPS, <Self::Output as Sample>::SHAPE[0]), each(FEATURES)],
            [
                Side<STEPS>: SlideAlong<Steps<S>>,
                (Places<STEPS, Steps<S>>, Side<FEATURES>): Sides<T>,
            ],
            plan .window(Window::along([
                Steps::<S>::NUMBERS.reach(STEPS, <Self::Output as Sample>::SHAPE[0]),
                Reach::of_span(1, 1, 0),
            ]))
            $($plan)*
        );
    };
}
pub(super) use step_pool;
