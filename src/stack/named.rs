use super::Chain;
use crate::bounds::OutputIs;
use crate::layer::{Child, Layer, Segment};
use crate::tensor::Sample;

/// The layers of a network that [`network!`](crate::network) declares to map `X` to `Y`.
pub trait Declared<X: Sample, Y: Sample>: Chain<X> + Layer<X, Output: OutputIs<Y>> {}

impl<X: Sample, Y: Sample, N: Chain<X> + Layer<X, Output: OutputIs<Y>>> Declared<X, Y> for N {}

/// Names the layers of a stack after the fields of its struct.
#[doc(hidden)]
pub const fn named<const N: usize>(children: &'static [Child], names: [&'static str; N]) -> [Child; N] {
    let mut named = [children[0]; N];
    let mut at = 0;
    while at < N {
        named[at] = children[at];
        named[at].name = Segment::Name(names[at]);
        at += 1;
    }
    named
}

/// Declares a network as a struct, whose layers are fields with names that you choose.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::network;
///
/// network! {
///     /// Handwritten digits, 8 x 8 pixels.
///     pub struct Digits: Image<1, 8, 8> => Vector<10> {
///         conv: Conv2d<1, 6, 3>,
///         act: Relu,
///         /// Scores for each digit.
///         head: Dense<Image<6, 6, 6>, Vector<10>>,
///     }
/// }
///
/// let net = Digits::init(&mut rng(1));
/// assert_eq!(net.head.bias[0], 0.0);
/// let scores = net.predict(&Image::default())?;
/// assert!(format!("{:?}", net.parameters()).starts_with("conv.weight [6, 1, 3, 3]"));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// The struct is a layer for the input that it declares only. Input, layers and output are checked where the network is
/// written. It holds 1 to 16 layers; a field may be a tuple, an array or another such struct. It takes no generics. You
/// can put derives above it: every layer of this crate is `Clone` and `Debug`.
#[macro_export]
macro_rules! network {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $input:ty => $output:ty {
            $($(#[$field_meta:meta])* $field:ident: $layer:ty),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive($crate::Parameters)]
        #[parameters(crate = $crate)]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!("`", stringify!($layer), "`")]
                pub $field: $layer,
            )+
        }

        #[allow(trivial_bounds)] // so that a wrong network gives one error
        impl $crate::layer::Layer<$input> for $name
        where
            ($($layer,)+): $crate::stack::Declared<$input, $output>,
        {
            type Output = $output;
            const PLAN: $crate::layer::Plan = $crate::layer::Plan {
                children: &$crate::stack::named(
                    <($($layer,)+) as $crate::layer::Layer<$input>>::PLAN.children,
                    [$(stringify!($field)),+],
                ),
                ..<($($layer,)+) as $crate::layer::Layer<$input>>::PLAN.named::<Self>()
            };
            const OVERWRITES: bool = true;

            fn forward(
                &self,
                input: &[$input],
                output: &mut [$output],
                workspace: $crate::layer::WorkspaceMut<'_>,
                mode: &mut $crate::layer::Mode<'_>,
            ) {
                let output = $crate::tensor::SameType::cast_back_mut(output);
                <($($layer,)+) as $crate::stack::Chain<$input>>::forward_chain(
                    ($(&self.$field,)+), input, output, workspace, mode,
                );
            }

            fn backward(&self, pass: $crate::layer::Backward<'_, $input, Self>) {
                $crate::layer::Layer::backward_with_hook(self, pass, ::core::option::Option::None);
            }

            fn backward_with_hook(
                &self,
                pass: $crate::layer::Backward<'_, $input, Self>,
                hook: ::core::option::Option<&mut dyn $crate::layer::BackwardHook>,
            ) {
                use $crate::tensor::{SameType, SameSample};
                type Last = <($($layer,)+) as $crate::layer::Layer<$input>>::Output;
                <($($layer,)+) as $crate::stack::Chain<$input>>::backward_chain(
                    &[$($crate::layer::Segment::Name(stringify!($field))),+],
                    ($(&self.$field,)+),
                    pass.input,
                    SameType::cast_back(pass.output),
                    <Last as SameSample<$output>>::cast_grads_back(pass.output_grad),
                    pass.input_grad,
                    ($(&mut pass.gradient.$field,)+),
                    pass.workspace,
                    pass.accumulate,
                    hook,
                );
            }
        }
    };
}
