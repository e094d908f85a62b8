//! The settings of a tuple, each in its field.

use core::marker::PhantomData;

use chainrule_parameters::{Part, TypeName};

use super::{
    Causal, CeilMode, Dilation, ExcludePadding, Groups, Kernel, OutputPadding, Padding, PaddingEnds, Same,
    SameLower, Setting, Stride,
};

/// A setting that is not given.
#[derive(Clone, Copy, Debug)]
pub struct Unset;

impl Setting for Unset {
    const NAME: TypeName = TypeName { parts: &[] };
    type And<A: Setting> = A;
}

/// A field that is set twice, by `A` and by `B`. A layer with it is a type, so that `init` and the list of its
/// parameters cause no further errors. It takes no input, which is the one error.
#[derive(Clone, Copy, Debug)]
pub struct Twice<A, B>(PhantomData<(A, B)>);

impl<A: Setting, B: Setting> Setting for Twice<A, B> {
    const NAME: TypeName = TypeName { parts: &[] };
    type And<C: Setting> = Self;
}

/// A setting that can be set together with `A`, which sets the same field. No setting can. All requirements of a field
/// that is set twice lead to this trait, so that there is only one error.
#[diagnostic::on_unimplemented(
    message = "`{A}` and `{Self}` set the same thing: only one of them can be given",
    label = "set twice",
    note = "give each setting once; `Padding`, `PaddingEnds`, `Same`, `SameLower` and `Causal` all set the padding"
)]
pub trait SetBeside<A> {}

/// All settings of a layer with windows, each in its field: kernel, stride, padding, dilation, groups, output padding,
/// rounding, and what a mean includes.
#[derive(Clone, Copy, Debug)]
pub struct Fields<K = Unset, S = Unset, P = Unset, D = Unset, G = Unset, O = Unset, R = Unset, C = Unset>(
    PhantomData<(K, S, P, D)>,
    PhantomData<(G, O, R, C)>,
);

/// Returns the text between settings in [`WindowFields::NAME`], if there is a setting before and after it.
const fn comma(before: bool, name: &TypeName) -> Part {
    Part::Text(if before && !name.parts.is_empty() { ", " } else { "" })
}

/// The [`Fields`] of some settings.
pub trait WindowFields {
    /// The given settings, as a tuple in a fixed order.
    const NAME: TypeName;
}

impl<K: Setting, S: Setting, P: Setting, D: Setting, G: Setting, O: Setting, R: Setting, C: Setting>
    WindowFields for Fields<K, S, P, D, G, O, R, C>
{
    const NAME: TypeName = TypeName {
        parts: &[
            Part::Text("("),
            Part::Name(&K::NAME),
            comma(true, &S::NAME),
            Part::Name(&S::NAME),
            comma(true, &P::NAME),
            Part::Name(&P::NAME),
            comma(true, &D::NAME),
            Part::Name(&D::NAME),
            comma(true, &G::NAME),
            Part::Name(&G::NAME),
            comma(true, &O::NAME),
            Part::Name(&O::NAME),
            comma(true, &R::NAME),
            Part::Name(&R::NAME),
            comma(true, &C::NAME),
            Part::Name(&C::NAME),
            Part::Text(")"),
        ],
    };
}

/// A setting that has a field in the fields `F`.
pub trait SetIn<F>: Setting {
    /// The fields with this setting.
    type Fields: WindowFields;
}

/// Implements, for each setting, its field.
macro_rules! places {
    ($([$($generics:tt)*] $Setting:ty: [$($B:ident)*] [$($A:ident)*];)*) => {$(
        impl<$($generics)* $($B: Setting,)* Place: Setting, $($A: Setting),*> SetIn<Fields<$($B,)* Place, $($A),*>>
            for $Setting
        {
            type Fields = Fields<$($B,)* Place::And<Self>, $($A),*>;
        }
    )*};
}

places! {
    [const H: usize, const W: usize,] Kernel<H, W>: [] [S P D G O R C];
    [const H: usize, const W: usize,] Stride<H, W>: [K] [P D G O R C];
    [const H: usize, const W: usize,] Padding<H, W>: [K S] [D G O R C];
    [const T: usize, const B: usize, const L: usize, const M: usize,] PaddingEnds<T, B, L, M>: [K S] [D G O R C];
    [] Same: [K S] [D G O R C];
    [] SameLower: [K S] [D G O R C];
    [] Causal: [K S] [D G O R C];
    [const H: usize, const W: usize,] Dilation<H, W>: [K S P] [G O R C];
    [const N: usize,] Groups<N>: [K S P D] [O R C];
    [const H: usize, const W: usize,] OutputPadding<H, W>: [K S P D G] [R C];
    [] CeilMode: [K S P D G O] [C];
    [] ExcludePadding: [K S P D G O R] [];
}

/// The settings of a layer with windows: one setting, or a tuple of several in any order. See the example of
/// [`Conv2dWith`](crate::layer::Conv2dWith).
#[doc(alias("kernel_size", "stride", "padding"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a setting of the windows of a layer",
    label = "expected a setting or a tuple of settings",
    note = "write the size of the window, as in `Kernel<3, 5>`, or a tuple with it, as in `(Kernel<3, 5>, Stride<2>, Padding<1, 2>)`"
)]
pub trait WindowSettings: Copy + Send + Sync + 'static {
    /// The settings, each in its field.
    type Fields: WindowFields;
}

impl<A: Setting + SetIn<Fields>> WindowSettings for A {
    type Fields = A::Fields;
}

/// Implements the settings for tuples, from the first setting on: for `(A, B)`, `A` is set in empty fields, and `B` in
/// the result.
macro_rules! tuple {
    ($A:ident $($Before:ident $B:ident)*) => {
        impl<$A: Setting + SetIn<Fields>, $($B: Setting + SetIn<$Before::Fields>),*> WindowSettings
            for ($A, $($B,)*)
        {
            type Fields = tuple!(@last $A $($B)*);
        }
    };
    (@last $Last:ident) => { $Last::Fields };
    (@last $First:ident $($Rest:ident)+) => { tuple!(@last $($Rest)+) };
}
tuple!(A);
tuple!(A A B);
tuple!(A A B B C);
tuple!(A A B B C C D);
tuple!(A A B B C C D D E);
tuple!(A A B B C C D D E E F);
tuple!(A A B B C C D D E E F F G);
