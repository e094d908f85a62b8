use super::Chain;
use crate::layer::Layer;
use crate::tensor::{Gives, Tensor};

/// The layers of a network that [`network!`](crate::network) declares to map `X` to `Y`.
pub trait Declared<X: Tensor, Y>: Chain<X> + Layer<X, Output: Gives<Y>> {}

impl<X: Tensor, Y, N: Chain<X> + Layer<X, Output: Gives<Y>>> Declared<X, Y> for N {}

/// A network as a struct: its layers are fields with names of your own.
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
/// The struct is a layer from the input that it declares, and nothing else. Input, layers and output are checked where the
/// network is written. It holds 1 to 16 layers; a field may be a tuple, an array or another such struct. Derives may stand
/// above it: every layer of this crate is `Clone` and `Debug`.
#[macro_export]
macro_rules! network {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $input:ty => $output:ty {
            $($(#[$field_meta:meta])* $field:ident: $layer:ty),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!("`", stringify!($layer), "`")]
                pub $field: $layer,
            )+
        }

        impl $crate::layer::Parameters for $name {
            const COUNT: usize = 0 $(+ <$layer as $crate::layer::Parameters>::COUNT)+;

            fn zeros() -> Self {
                Self { $($field: $crate::layer::Parameters::zeros()),+ }
            }

            fn fields(fields: &mut impl $crate::layer::Fields<Self>) {
                $(fields.layer(stringify!($field), |network| &network.$field, |network| &mut network.$field);)+
            }
        }

        #[allow(trivial_bounds)] // so that a wrong network is one error
        impl $crate::layer::Layer<$input> for $name
        where
            ($($layer,)+): $crate::stack::Declared<$input, $output>,
        {
            type Output = $output;
            type Tape = <($($layer,)+) as $crate::layer::Layer<$input>>::Tape;
            const COST: $crate::layer::Cost = <($($layer,)+) as $crate::layer::Layer<$input>>::COST;
            const FACTOR: $crate::layer::Factor = $crate::layer::Factor::Product;

            fn forward(
                &self,
                input: &[$input],
                output: &mut [$output],
                tape: &mut Self::Tape,
                mode: &mut $crate::layer::Mode<'_>,
            ) {
                let output = $crate::tensor::Is::cast_back_mut(output);
                <($($layer,)+) as $crate::stack::Chain<$input>>::forward_chain(($(&self.$field,)+), input, output, tape, mode);
            }

            fn backward<P: $crate::layer::Probe>(
                &self,
                input: &[$input],
                output: &[$output],
                output_grad: &[$output],
                input_grad: Option<&mut [$input]>,
                gradient: &mut Self,
                tape: &mut Self::Tape,
                probe: &mut P,
            ) {
                let (output, output_grad) = ($crate::tensor::Is::cast_back(output), $crate::tensor::Is::cast_back(output_grad));
                <($($layer,)+) as $crate::stack::Chain<$input>>::backward_chain(
                    &[$($crate::layer::Segment::Name(stringify!($field))),+],
                    ($(&self.$field,)+),
                    input,
                    output,
                    output_grad,
                    input_grad,
                    ($(&mut gradient.$field,)+),
                    tape,
                    probe,
                );
            }

            fn summarize(rows: &mut $crate::layer::Rows<'_>) {
                let names = [$($crate::layer::Segment::Name(stringify!($field))),+];
                <($($layer,)+) as $crate::stack::Chain<$input>>::summarize_chain(&names, rows);
            }
        }
    };
}
