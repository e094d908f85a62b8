use crate::{Number, Role, Scalar, Segment, Storage};

/// The parameters of a layer: a tree of constants.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// No parameters.
    Nothing,
    /// One tensor.
    Tensor(Tensor),
    /// Several, by name.
    Fields(&'static [Field]),
    /// Equal layers in a row.
    Repeat {
        /// How many.
        count: usize,
        /// How many bytes from one to the next.
        stride: usize,
        /// One of them.
        of: &'static Node,
    },
}

/// A child of a [`Node`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: Segment,
    /// How many bytes after the start of its parent.
    pub offset: usize,
    /// What is there.
    pub node: &'static Node,
}

/// A parameter tensor.
#[derive(Clone, Copy, Debug)]
pub struct Tensor {
    role: Role,
    shape: &'static [usize],
    scalar: Scalar,
    len: usize,
}

impl Tensor {
    /// What it is for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Its sides, outermost first.
    pub const fn shape(&self) -> &'static [usize] {
        self.shape
    }

    /// Its scalar.
    pub const fn scalar(&self) -> Scalar {
        self.scalar
    }

    /// How many numbers it has: the product of its sides.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Node {
    /// The tensor that a field of the type `E` holds, in the scalar `T`; nothing, if it has no numbers.
    ///
    /// Whether the sides make as many numbers as are there is checked while the program compiles.
    pub const fn tensor<E: Storage, T: Number>(role: Role, shape: &'static [usize]) -> Self {
        let size = size_of::<E::Numbers>();
        if size == 0 {
            assert!(
                !matches!(role, Role::Weight { .. }),
                "every side of a tensor must be at least 1: a layer of width 0 passes nothing on"
            );
            return Self::Nothing;
        }
        assert!(
            size.is_multiple_of(size_of::<T>()) && align_of::<E>() >= align_of::<T>(),
            "the field of a parameter does not consist of numbers of its scalar"
        );
        let (mut product, mut side) = (1_usize, 0);
        while side < shape.len() {
            product = match product.checked_mul(shape[side]) {
                Some(product) => product,
                None => panic!("the sides of a parameter multiply to more than fits into memory"),
            };
            side += 1;
        }
        let len = size / size_of::<T>();
        assert!(
            product == len,
            "the sides of a parameter do not multiply to the numbers that its field holds"
        );
        Self::Tensor(Tensor { role, shape, scalar: T::SCALAR, len })
    }

    /// How many numbers there are in all.
    pub const fn count(&self) -> usize {
        match self {
            Self::Nothing => 0,
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

    /// Whether there is a [buffer](Role::Buffer) among them.
    pub const fn has_buffers(&self) -> bool {
        match self {
            Self::Nothing => false,
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
