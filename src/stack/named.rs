use core::marker::PhantomData;

use super::{Chain, LayerRefs};
use crate::layer::{BackwardHook, Child, Layer, Mode, Plan, Segment, WorkspaceMut};
use crate::tensor::Sample;

/// The layers `L` of a network from `X` to `Y` that [`network!`](crate::network) declares.
///
/// The macro takes the items of [`Layer`] from this type. If the layers do not match, the compiler finds no item here
/// and uses the item of [`Unchecked`]. Then the macro's own check is the only error.
#[derive(Debug)]
pub struct Stack<L, X, Y>(PhantomData<(L, X, Y)>);

/// The arguments of a backward pass: input, output, and their gradients.
type Passed<'a, X, Y> = (&'a [X], &'a [Y], &'a [<Y as Sample>::Grad], Option<&'a mut [<X as Sample>::Grad]>);

impl<L, X: Sample, Y: Sample> Stack<L, X, Y>
where
    L: Chain<X> + Layer<X, Output = Y>,
{
    /// Whether the layers match.
    pub const MATCH: bool = true;

    /// The plan of the tuple.
    pub const PLAN: Plan = <L as Layer<X>>::PLAN;

    /// Runs the forward pass, as [`Layer::forward`].
    #[inline(always)]
    pub fn forward(
        layers: L::Layers<'_>,
        input: &[X],
        output: &mut [Y],
        workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        L::forward_chain(layers, input, output, workspace, mode);
    }

    /// Runs the backward pass, as [`Layer::backward`].
    #[inline(always)]
    pub fn backward(
        names: &[Segment],
        layers: L::Layers<'_>,
        (input, output, output_grad, input_grad): Passed<'_, X, Y>,
        gradient: L::LayersMut<'_>,
        workspace: WorkspaceMut<'_>,
        accumulate: bool,
        hook: Option<&mut dyn BackwardHook>,
    ) {
        L::backward_chain(
            names,
            layers,
            input,
            output,
            output_grad,
            input_grad,
            gradient,
            workspace,
            accumulate,
            hook,
        );
    }
}

/// The items of [`Stack`] for layers that do not match. A program that uses them does not compile.
pub trait Unchecked<L: LayerRefs, X: Sample, Y: Sample>: Sized {
    /// As [`Stack::MATCH`].
    const MATCH: bool = false;

    /// A placeholder for the plan. (A panic would be a second error.)
    const PLAN: Plan = Plan {
        children: &[Child {
            name: Segment::Index(0),
            plan: &Plan::of_shapes(X::SHAPE, Y::SHAPE),
            copies: 1,
            shared: false,
        }; 16],
        ..Plan::of_shapes(X::SHAPE, Y::SHAPE)
    };

    /// As [`Stack::forward`].
    fn forward(_: L::Layers<'_>, _: &[X], _: &mut [Y], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        const { panic!("the layers of this network do not match") }
    }

    /// As [`Stack::backward`].
    fn backward(
        _: &[Segment],
        _: L::Layers<'_>,
        _: Passed<'_, X, Y>,
        _: L::LayersMut<'_>,
        _: WorkspaceMut<'_>,
        _: bool,
        _: Option<&mut dyn BackwardHook>,
    ) {
        const { panic!("the layers of this network do not match") }
    }
}

impl<L: LayerRefs, X: Sample, Y: Sample> Unchecked<L, X, Y> for Stack<L, X, Y> {}

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

/// Declares a network as a struct with named layers: each field is a layer, in the order of the forward pass.
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
/// The struct is a layer for one input type only, the type that it declares. It has 1 to 16 layers. A field may be a
/// tuple, an array or another such struct.
///
/// # What is checked
/// The input, the layers and the output are checked where the network is declared, by `cargo check`. A wrong layer
/// gives one error at the type of its field, however often the network is used:
///
/// ```text
/// error[E0277]: layer 2 of this stack, `Dense<Image<6, 5, 5>, Vector<10>>`, cannot take `Image<6, 6, 6>` as its input
///   |
/// 7 |         head: Dense<Image<6, 5, 5>, Vector<10>>,
///   |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
/// ```
///
/// The constants of the layers are checked in the same way: a dropout of 100 percent, a width of 0, a slope with the
/// denominator 0, a `Reshape` to a different number of elements. (The constants of a generic network are checked by
/// `cargo build`, where the network is used.)
///
/// # Visibility
/// A field without a visibility is public. `pub(crate)`, `pub(super)` and `pub(self)` (private) have their usual
/// meaning.
///
/// # Generics
/// A network may have constants and types as parameters, with defaults, and a `where` clause. A type parameter that is
/// a layer has the bound [`Maps`](crate::Maps). The layers must match for all values of the parameters:
///
/// ```
/// use chainrule::network;
/// use chainrule::prelude::*;
///
/// network! {
///     /// A block of any kind between two linear layers.
///     pub struct Around<const H: usize, B: Maps<Vector<H>, Vector<H>> = Tanh>: Vector<4> => Vector<2> {
///         widen: Linear<4, H>,
///         block: B,
///         pub(crate) narrow: Linear<H, 2>,
///     }
/// }
///
/// let scores: Vector<2> = Around::<16>::init(&mut rng(1)).predict(&Vector([1.0; 4]))?;
/// let net = Around::<32, [Residual<(Linear<32, 32>, Relu)>; 3]>::init(&mut rng(1));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// If a parameter is used in the size of a convolution or a pooling layer, the compiler cannot compute the output shape
/// of that layer. State it in the `where` clause: `Conv2d<1, 6, K>: Maps<Image<1, 8, 8>, Image<6, 6, 6>>`.
///
/// # Derives and other attributes
/// Attributes and documentation above the struct and its fields are kept. Every layer of this crate is `Clone` and
/// `Debug`. `#[derive(Default)]` sets every parameter to 0. `Default` is implemented for each layer, and for arrays and
/// tuples of any length. So a struct that contains a network can derive `Default`.
///
/// `#[gradient_flows]` checks at compile time that the gradient of a new network reaches the first layer. `#[infer]`
/// accepts layers without the sizes of their inputs; the fields have the complete types.
#[doc(alias("Sequential", "nn.Sequential", "Module", "MLP", "multilayer perceptron", "model"))]
#[macro_export]
macro_rules! network {
    ($($network:tt)*) => {
        $crate::stack::network! { ($crate) $($network)* }
    };
}
