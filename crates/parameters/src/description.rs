use crate::{Flags, Number, Role, Scalar, Segment, Storage, TypeName};

/// The parameters of a layer: a tree of constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// No parameters.
    Nothing,
    /// One tensor.
    Tensor(Tensor),
    /// A number that the type sets and that is not trained, such as a norm's epsilon. A file contains it with the
    /// tensors.
    Setting(f64),
    /// No parameters, in a layer that puts the numbers of a sequence in another order than that of memory: feature by
    /// feature. What is behind it depends on that order.
    Flattens,
    /// A struct or a tuple: several nodes, by name.
    Fields(&'static [Field]),
    /// Equal layers in a row.
    Repeat {
        /// How many layers there are.
        count: usize,
        /// How many bytes from one to the next.
        stride: usize,
        /// The description of one of them.
        of: &'static Node,
        /// The type of one of them.
        layer: &'static TypeName,
    },
}

/// A child of a [`Node`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Segment,
    /// How many bytes after the start of its parent.
    pub offset: usize,
    /// The description of this child.
    pub node: &'static Node,
    /// The type of this child, if it is a layer.
    pub layer: Option<&'static TypeName>,
}

impl Field {
    /// The field of the type `F` at this offset in a struct `S`.
    ///
    /// Whether it is aligned there is checked while the program compiles: in a packed struct it is not.
    #[doc(hidden)]
    pub const fn new<S, F>(name: Segment, offset: usize, node: &'static Node) -> Self {
        assert!(
            offset.is_multiple_of(align_of::<F>()) && align_of::<S>() >= align_of::<F>(),
            "a layer cannot be `#[repr(packed)]`: its parameters would not be aligned"
        );
        Self { name, offset, node, layer: None }
    }

    /// Sets the type of a child that is a layer.
    #[doc(hidden)]
    pub const fn layer(self, layer: &'static TypeName) -> Self {
        Self { layer: Some(layer), ..self }
    }
}

/// A parameter tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tensor {
    role: Role,
    shape: &'static [usize],
    scalar: Scalar,
    len: usize,
    pub(crate) flags: Option<Flags>,
}

impl Tensor {
    /// Returns what it is for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns its sides, outermost first.
    pub const fn shape(&self) -> &'static [usize] {
        self.shape
    }

    /// Returns its scalar.
    pub const fn scalar(&self) -> Scalar {
        self.scalar
    }

    /// Returns how many numbers it has: the product of its sides.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether it has no numbers.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Node {
    /// Returns the tensor in a field of the type `E`, in the scalar `T`, or [`Node::Nothing`] if it has no numbers.
    ///
    /// The weight of a layer of width 0 is a tensor without numbers; no network with it can be used.
    ///
    /// A shape whose product of sides differs from the number of elements does not compile, and neither does a role
    /// whose numbers make no sense.
    pub const fn tensor<E: Storage, T: Number>(role: Role, shape: &'static [usize]) -> Self {
        let size = size_of::<E::Numbers>();
        if size == 0 {
            // A weight is remembered: `NonEmpty` does not accept a network with it.
            let empty = Tensor { role, shape, scalar: T::SCALAR, len: 0, flags: None };
            return if let Role::Weight { .. } = role { Self::Tensor(empty) } else { Self::Nothing };
        }
        assert!(
            size.is_multiple_of(size_of::<T>()) && align_of::<E>() >= align_of::<T>(),
            "the field of a parameter does not consist of numbers of its scalar"
        );
        role.check();
        let (mut product, mut side) = (1_usize, 0);
        while side < shape.len() {
            product = match product.checked_mul(shape[side]) {
                Some(product) => product,
                None => panic!("the parameter is too large: the product of its dimensions overflows"),
            };
            side += 1;
        }
        let len = size / size_of::<T>();
        assert!(
            product == len,
            "the sides of a parameter do not multiply to the numbers that its field holds"
        );
        if let Some(flags) = E::FLAGS {
            assert!(!shape.is_empty() && shape[0] == flags.rows, "the first side of a table counts its rows");
        }
        Self::Tensor(Tensor { role, shape, scalar: T::SCALAR, len, flags: E::FLAGS })
    }

    /// Returns how many numbers there are in all.
    pub const fn count(&self) -> usize {
        match self {
            Self::Nothing | Self::Setting(_) | Self::Flattens => 0,
            Self::Tensor(tensor) => tensor.len,
            Self::Fields(fields) => {
                let (mut sum, mut at) = (0, 0);
                while at < fields.len() {
                    sum += fields[at].node.count();
                    at += 1;
                }
                sum
            }
            Self::Repeat { count, of, .. } => *count * of.count(),
        }
    }

    /// Returns whether there is a weight without numbers: that of a layer of width 0.
    #[doc(hidden)]
    pub const fn has_empty_weight(&self) -> bool {
        match self {
            Self::Nothing | Self::Setting(_) | Self::Flattens => false,
            Self::Tensor(tensor) => tensor.len == 0,
            Self::Fields(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    if fields[at].node.has_empty_weight() {
                        return true;
                    }
                    at += 1;
                }
                false
            }
            Self::Repeat { count, of, .. } => *count > 0 && of.has_empty_weight(),
        }
    }

    /// Returns whether there is a [buffer](Role::Buffer) among them.
    pub const fn has_buffers(&self) -> bool {
        match self {
            Self::Nothing | Self::Setting(_) | Self::Flattens => false,
            Self::Tensor(tensor) => matches!(tensor.role, Role::Buffer { .. }),
            Self::Fields(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    if fields[at].node.has_buffers() {
                        return true;
                    }
                    at += 1;
                }
                false
            }
            Self::Repeat { count, of, .. } => *count > 0 && of.has_buffers(),
        }
    }
}
