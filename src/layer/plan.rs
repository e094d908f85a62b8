//! What is known of a layer before the program runs.

use chainrule_parameters::{Named, Node, Parameters, Segment, TypeName};

use super::{Cost, Factor, Layer, Space};
use crate::tensor::Sample;

/// What is known of a layer and its input before the program runs: a constant, which contains the plans of the layers inside.
///
/// Summaries, costs, workspaces and gradient flow read this tree; none of them is compiled anew for each network.
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::layer::{Plan, Space};
///
/// // What a layer that saves its input's mask would say of itself:
/// const fn plan<X: Tensor, L: Layer<X>>() -> Plan {
///     Plan::leaf::<X, L>().saves(Space::per_sample::<X>(1))
/// }
/// const PLAN: Plan = plan::<Vector<4>, Relu>();
/// assert_eq!(PLAN.saved.per_sample, 16);
/// assert_eq!(PLAN.name.to_string(), "Relu");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The layer's type.
    pub name: TypeName,
    /// The sides of its input.
    pub input: &'static [usize],
    /// The sides of its output.
    pub output: &'static [usize],
    /// Its parameters.
    pub parameters: &'static Node,
    /// Which factor of the chain rule's product it is.
    pub factor: Factor,
    /// What it costs for each sample, with all layers inside.
    pub cost: Cost,
    /// What the forward pass saves for the backward pass.
    pub saved: Space,
    /// Memory for the forward pass alone.
    pub forward_scratch: Space,
    /// Memory for the backward pass alone.
    pub backward_scratch: Space,
    /// The layers inside.
    pub children: &'static [Child],
    /// Whether it gives its input back, so that nobody needs to copy it.
    #[doc(hidden)]
    pub identity: bool,
}

/// A layer inside another.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Its name there.
    pub name: Segment,
    /// What is known of it.
    pub plan: &'static Plan,
    /// How many equal ones follow one another.
    pub copies: usize,
    /// Whether they are one and the same, with one set of parameters.
    pub shared: bool,
}

impl Plan {
    /// A layer without layers inside, which saves nothing, needs no scratch memory and has no products.
    pub const fn leaf<X: Sample, L: Layer<X>>() -> Self {
        Self {
            name: <L as Named>::NAME,
            input: X::SHAPE,
            output: L::Output::SHAPE,
            parameters: &<L as Parameters>::DESCRIPTION,
            factor: Factor::Other,
            cost: Cost::FREE,
            saved: Space::NONE,
            forward_scratch: Space::NONE,
            backward_scratch: Space::NONE,
            children: &[],
            identity: false,
        }
    }

    /// With this cost.
    pub const fn costs(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    /// Being this factor of the chain rule's product.
    pub const fn factor(self, factor: Factor) -> Self {
        Self { factor, ..self }
    }

    /// Giving its input back.
    pub(crate) const fn identity(self) -> Self {
        Self { identity: true, ..self }
    }

    /// Saving this much in the forward pass, for the backward pass, beside what it saves already.
    pub const fn saves(self, space: Space) -> Self {
        Self { saved: self.saved.and(space), ..self }
    }

    /// Needing this much scratch memory in each of the two passes.
    pub const fn scratch(self, space: Space) -> Self {
        Self {
            forward_scratch: self.forward_scratch.and(space),
            backward_scratch: self.backward_scratch.and(space),
            ..self
        }
    }

    /// Needing this much scratch memory in the backward pass, beside what it needs already.
    pub(crate) const fn backward_scratch(self, space: Space) -> Self {
        Self { backward_scratch: self.backward_scratch.and(space), ..self }
    }

    /// The memory of `child` beside what this needs already: it saves its own, and works in the scratch memory that is left,
    /// where another child worked before.
    const fn with_memory_of(self, child: &Self, copies: usize) -> Self {
        Self {
            saved: self.saved.and(child.saved.times(copies)),
            forward_scratch: self.forward_scratch.or(child.forward_scratch),
            backward_scratch: self.backward_scratch.or(child.backward_scratch),
            ..self
        }
    }

    /// Then `child`, on what the layers before it give.
    pub(crate) const fn then(self, child: &Self) -> Self {
        Self { cost: self.cost.then(child.cost), ..self.with_memory_of(child, 1) }
    }

    /// Then `copies` of `child`.
    pub(crate) const fn repeat(self, child: &Self, copies: usize) -> Self {
        Self { cost: self.cost.then(child.cost.repeated(copies)), ..self.with_memory_of(child, copies) }
    }

    /// `child` on the same input as the layers before it.
    pub(crate) const fn beside(self, child: &Self, first: bool) -> Self {
        let cost = if first { child.cost } else { self.cost.beside(child.cost) };
        Self { cost, ..self.with_memory_of(child, 1) }
    }

    /// The same stack as the layers of the network `N`, by their names there.
    #[doc(hidden)]
    pub const fn named<N: Parameters>(self) -> Self {
        Self { name: <N as Named>::NAME, parameters: &<N as Parameters>::DESCRIPTION, ..self }
    }

    /// The memory that training keeps for each sample, in bytes.
    #[cfg(feature = "alloc")]
    pub(crate) const fn bytes_per_sample(&self) -> usize {
        self.saved.per_sample + self.forward_scratch.or(self.backward_scratch).per_sample
    }
}
