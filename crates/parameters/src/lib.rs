//! The parameters of a network, described by one constant.
//!
//! A network is plain data: each layer stores its weights inline. [`Parameters::DESCRIPTION`] is a tree of constants
//! that says at which offset each tensor is, what it is for and which sides it has. Code that walks over parameters
//! (optimizers, norms, initialization, files) is an ordinary function over that tree, and is compiled once instead of
//! once for each network.
//!
//! | type | what it is |
//! |---|---|
//! | [`Parameters`] | the trait; `#[derive(Parameters)]` implements it |
//! | [`Node`], [`Field`], [`Role`] | the description |
//! | [`View`], [`ViewMut`] | the parameters of a network without its type |
//! | [`visit`], [`Visitor`] | the walk over the tensors of several networks of one type |
//! | [`Owned`] | a network on the heap, which is never moved through the stack |
//! | [`filled`], [`zeroed`] | a network made of bytes, or of zeros, also in a constant |
//! | [`Aligned`] | a tensor that starts at a cache line |
//! | [`Table`] | a tensor of rows, of which a batch uses few |
//!
//! All `unsafe` code relies on the contract of [`Parameters`], and on offsets and sizes that the compiler computes.
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

mod aligned;
mod as_network;
#[cfg(feature = "alloc")]
mod copies;
mod description;
mod fill;
mod flags;
mod impls;
mod name;
#[cfg(feature = "alloc")]
mod owned;
mod parameter_path;
mod path;
mod role;
mod scalar;
mod table;
mod view;
mod visit;

pub use aligned::{Aligned, Shaped, Storage};
#[doc(hidden)]
pub use aligned::{MOST_SIDES, Sides, sides};
pub use as_network::AsNetwork;
#[cfg(feature = "alloc")]
pub use copies::append_copies;
pub use description::{Field, Node, Tensor};
pub use fill::{copied, filled, zeroed};
pub use flags::clear_flags;
pub use name::{Named, Part, TypeName};
#[cfg(feature = "alloc")]
pub use owned::{IntoOwned, Owned};
pub use parameter_path::ParameterPath;
pub use path::{Path, Segment};
pub use role::{Layout, Role};
pub use scalar::{Number, Scalar};
#[doc(hidden)]
pub use table::Flags;
pub use table::{Table, TableRows};
#[doc(hidden)]
pub use view::NonEmpty;
pub use view::{View, ViewMut};
pub use visit::{Parameter, Visitor, describe, describe_leaves, visit};

/// The parameters of a layer, described by one constant.
///
/// Initialization, optimizers, norms, comparison, files and gradient checks all read this description. The gradient of
/// a network is a network of the same type, and so are an optimizer's moments: [`zeros`](Parameters::zeros) makes them.
///
/// `#[derive(Parameters)]` implements it for a struct; tuples and arrays of layers have it. There is no reason to
/// implement it by hand.
///
/// # Safety
/// * Each tensor of [`DESCRIPTION`](Parameters::DESCRIPTION) is inside `Self`, at its offset, aligned for its scalar;
///   no two of them overlap, and any numbers are a valid value of them. The flags of a [`Table`] are inside `Self` too,
///   and in no tensor.
/// * All bytes zero are a valid value of `Self`, and a bitwise copy of a value is a second valid value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer: it does not implement `Parameters`",
    label = "expected a layer, or a tuple or an array of layers",
    note = "declare a struct whose fields are layers with `network! {{ struct Name: Input => Output {{ .. }} }}`",
    note = "a layer that you write yourself needs `#[derive(Parameters)]` and implements `Layer<X>`",
    note = "a stack is a tuple of 1 to 16 layers; nest longer ones, as in `((A, B, C), (D, E, F))`",
    note = "a field that holds numbers needs an attribute: `#[parameter(bias)]`, `#[parameter(weight, fan_in = N, fan_out = N)]`, .., or `#[parameter(skip)]` for a constant"
)]
pub unsafe trait Parameters: Itself<Is = Self> + Sized + Send + Sync + 'static {
    /// The name of the type as its users write it: `Linear<8, 6>`.
    const NAME: TypeName;

    /// Where each parameter tensor is, what it is for and which sides it has.
    const DESCRIPTION: Node;

    /// How many numbers all the parameters have together.
    const COUNT: usize = Self::DESCRIPTION.count();

    /// Returns this layer with every parameter 0, on the heap: an empty gradient, for example.
    #[cfg(feature = "alloc")]
    fn zeros() -> Owned<Self> {
        Owned::zeros()
    }

    /// Returns this layer with every parameter 0, by value: for programs without a heap. A large network is too large
    /// for the stack. The function [`zeroed`] does the same in a constant.
    fn zeroed() -> Self {
        zeroed()
    }
}

/// A layer, as the result of a projection: [`Is`](Itself::Is) is not known for a type that is not a layer.
///
/// Bounds on `<N as Itself>::Is` give no errors for such a type, so that the error of [`Parameters`] is the only one.
/// Whatever implements `Parameters` implements it.
#[doc(hidden)]
pub trait Itself {
    /// `Self`.
    type Is;
}

/// Checks that a skipped field is plain data. The derive calls it.
#[doc(hidden)]
pub const fn assert_plain<T: Plain>() {}

/// A field of a layer that is not a parameter.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a field of the type `{Self}` cannot be skipped: a layer is plain data",
    label = "not plain data",
    note = "a skipped field must be `Copy` and `bytemuck::Zeroable`, as `PhantomData` and numbers are; other data of a layer can be an associated constant of its type"
)]
pub trait Plain: Copy + bytemuck::Zeroable + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Copy + bytemuck::Zeroable + Send + Sync + 'static> Plain for T {}
