//! The plan of a layer that contains layers.

use super::{Child, Plan, Segment};

impl Child {
    /// Returns a layer inside, with its name and its plan.
    pub const fn new(name: &'static str, plan: &'static Plan) -> Self {
        Self { name: Segment::Name(name), plan, copies: 1, shared: false }
    }
}

impl Plan {
    /// Returns the plan of a layer that is applied to each of `steps` steps of a sample.
    pub(crate) const fn for_steps(self, steps: usize) -> Self {
        Self {
            cost: self.cost.for_steps(steps),
            saved: self.saved.for_parts(steps),
            forward_scratch: self.forward_scratch.for_parts(steps),
            backward_scratch: self.backward_scratch.for_parts(steps),
            ..self
        }
    }

    /// Declares the layers inside, each of which takes the input of this layer. Adds their costs and their memory, and
    /// combines their windows as those of parallel layers. (For layers with other inputs, call [`window`](Plan::window)
    /// after this.)
    ///
    /// In both passes, this layer takes its own slices from the workspace first. Then it takes the memory of each layer
    /// inside, in this order: see [`child`](super::WorkspaceMut::child). In the backward pass it calls
    /// [`backward_child`](crate::stack::backward_child).
    ///
    /// # Examples
    /// ```
    /// use chainrule::layer::{Child, Plan};
    /// use chainrule::prelude::*;
    ///
    /// // The plan of a layer that contains two linear layers.
    /// const CHILDREN: &[Child] = &[
    ///     Child::new("gate", &<Linear<4, 4> as Layer<Vector<4>>>::PLAN),
    ///     Child::new("map", &<Linear<4, 4> as Layer<Vector<4>>>::PLAN),
    /// ];
    /// const fn plan<L: Layer<Vector<4>>>() -> Plan {
    ///     Plan::leaf::<Vector<4>, L>().contains(CHILDREN)
    /// }
    /// assert_eq!(plan::<Tanh>().cost.multiply_adds, 32);
    /// ```
    pub const fn contains(mut self, children: &'static [Child]) -> Self {
        let mut at = 0;
        while at < children.len() {
            self = self.parallel(children[at].plan, at == 0);
            at += 1;
        }
        Self { children, ..self }
    }
}
