//! What is known about a layer at compile time.

use core::marker::PhantomData;

use chainrule_parameters::{Named, Node, NonEmpty, Parameters, Part, Segment, TypeName};

use super::onnx::Form;
use super::{Cost, Effect, Factor, Layer, Onnx, Space, Window};
use crate::error::Text;
use crate::tensor::Sample;

/// What is known about a layer and its input at compile time: a constant, which contains the plans of the layers
/// inside.
///
/// Summaries, costs, workspaces and gradient flow read this tree. Their code is compiled once, not once for each
/// network.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::layer::{Plan, Space};
///
/// // The plan of a layer that saves a mask of its input:
/// const fn plan<X: Tensor, L: Layer<X>>() -> Plan {
///     Plan::leaf::<X, L>().saves(Space::per_sample::<X>(1))
/// }
/// const PLAN: Plan = plan::<Vector<4>, Relu>();
/// assert_eq!(PLAN.saved.per_sample, 16);
/// assert_eq!(PLAN.name.to_string(), "Relu");
/// ```
#[doc(alias("layer metadata"))]
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The layer's type.
    pub name: TypeName,
    /// The shape of its input.
    pub input: &'static [usize],
    /// The shape of its output.
    pub output: &'static [usize],
    /// Its parameters.
    pub parameters: &'static Node,
    /// Which factor of the chain rule's product it is.
    pub factor: Factor,
    /// How it changes the moments of a random signal and of its gradient.
    pub effect: Effect,
    /// Its cost for each sample, including all layers inside.
    pub cost: Cost,
    /// Which part of its input each place of its output depends on, in evaluation mode.
    pub window: Window,
    /// What the forward pass saves for the backward pass.
    pub saved: Space,
    /// Scratch memory for the forward pass.
    pub forward_scratch: Space,
    /// Scratch memory for the backward pass.
    pub backward_scratch: Space,
    /// How many numbers the layer carries for each stream from one window to the next, such as the hidden state of a
    /// recurrent layer. See [`CarriedState`](crate::stream::CarriedState).
    pub carried: usize,
    /// The layers inside.
    pub children: &'static [Child],
    /// What to try if this layer makes gradients vanish or explode. Empty if that follows from its factor. See
    /// [`cure`](Plan::cure).
    pub cure: &'static str,
    /// Why the layer cannot work with the constants in its type. Empty if it can. See [`requires`](Plan::requires).
    pub fault: &'static [Part],
    /// Its form in ONNX, set by [`onnx`](Plan::onnx). Without the feature `onnx`, programs do not contain it.
    #[cfg(feature = "onnx")]
    #[doc(hidden)]
    pub onnx: Onnx,
    /// Whether its output equals its input, so that a copy can be avoided.
    #[doc(hidden)]
    pub identity: bool,
}

/// The plan of a network whose layers are [checked](Plan::check).
///
/// All code that runs a network uses this one constant, so that a wrong layer gives one error and not several.
pub(crate) struct Checked<X, N>(PhantomData<(X, N)>);

impl<X: Sample, N: Layer<X>> Checked<X, N> {
    pub(crate) const PLAN: &'static Plan = {
        let _ = NonEmpty::<N>::DESCRIPTION;
        N::PLAN.check();
        &N::PLAN
    };
}

/// A layer inside another layer. See the example of [`Plan::contains`].
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// Its name in the outer layer.
    pub name: Segment,
    /// Its plan.
    pub plan: &'static Plan,
    /// How many equal layers follow one another.
    pub copies: usize,
    /// Whether they are the same layer, with one set of parameters.
    pub shared: bool,
}

impl Plan {
    /// Returns the plan of a layer that contains no layers, saves nothing, needs no scratch memory and has no matrix
    /// products. Its window is pointwise if input and output have the same number of steps, or of rows and columns.
    /// Otherwise its window is the whole input.
    pub const fn leaf<X: Sample, L: Layer<X>>() -> Self {
        Self {
            name: <L as Named>::NAME,
            parameters: &<L as Parameters>::DESCRIPTION,
            ..Self::of_shapes(X::SHAPE, L::Output::SHAPE)
        }
    }

    /// Returns a plan without a name and without parameters.
    pub(crate) const fn of_shapes(input: &'static [usize], output: &'static [usize]) -> Self {
        Self {
            name: TypeName { parts: &[] },
            input,
            output,
            parameters: &Node::Nothing,
            factor: Factor::Other,
            effect: Effect::Unknown,
            cost: Cost::FREE,
            window: Window::guess(input, output),
            saved: Space::NONE,
            forward_scratch: Space::NONE,
            backward_scratch: Space::NONE,
            carried: 0,
            children: &[],
            cure: "",
            fault: &[],
            #[cfg(feature = "onnx")]
            onnx: Onnx::UNKNOWN,
            identity: false,
        }
    }

    /// Sets the cost.
    pub const fn costs(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    /// Sets which factor of the chain rule's product it is.
    pub const fn factor(self, factor: Factor) -> Self {
        Self { factor, ..self }
    }

    /// Sets how the layer changes the moments of a random signal and of its gradient. The default is
    /// [`Effect::Unknown`].
    pub const fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Sets what to try if this layer makes gradients vanish or explode: a phrase without a full stop. A verdict of
    /// gradient flow shows it instead of the built-in advice. That advice is for weights, activations, norms and sums
    /// of paths, and can be wrong for other kinds of layers.
    ///
    /// # Examples
    /// ```
    /// use chainrule::layer::Plan;
    /// use chainrule::prelude::*;
    ///
    /// // A gated layer, y = t(x) F(x) + (1 - t(x)) x. Its gate sets how much of the gradient takes the skip path.
    /// const fn plan<X: Tensor, L: Layer<X>>() -> Plan {
    ///     Plan::leaf::<X, L>().cure("a smaller bias of the gate, so that it carries more")
    /// }
    /// assert!(plan::<Vector<4>, Tanh>().cure.starts_with("a smaller bias"));
    /// ```
    pub const fn cure(self, cure: &'static str) -> Self {
        Self { cure, ..self }
    }

    /// Sets which part of its input each place of its output depends on.
    pub const fn window(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// Returns an empty product of layers, to which [`then`](Self::then) adds.
    pub(crate) const fn product<X: Sample, L: Layer<X>>() -> Self {
        Self::leaf::<X, L>()
            .factor(Factor::Product)
            .effect(Effect::Stack)
            .window(Window::POINTWISE)
            .form(Form::InOrder)
    }

    /// Declares that the layer works only if `holds` is true. Otherwise a network with this layer does not compile, and
    /// `why` is the error message. It may contain numbers.
    ///
    /// # Examples
    /// ```
    /// use chainrule::layer::Plan;
    /// use chainrule::parameters::Part;
    /// use chainrule::prelude::*;
    ///
    /// const fn plan<X: Tensor, L: Layer<X>>(groups: usize) -> Plan {
    ///     Plan::leaf::<X, L>().requires(groups > 0, &[Part::Text("there must be at least 1 group")])
    /// }
    /// assert!(plan::<Vector<4>, Relu>(2).fault.is_empty());
    /// ```
    pub const fn requires(self, holds: bool, why: &'static [Part]) -> Self {
        if holds { self } else { Self { fault: why, ..self } }
    }

    /// Checks each layer: its [requirements](Plan::requires), and that each side of its output is at least 1. In a
    /// constant, a wrong layer is a compile error at the caller.
    ///
    /// # Panics
    /// Panics if a layer is wrong.
    #[doc(hidden)]
    #[track_caller]
    pub const fn check(&self) {
        if let Some(wrong) = self.first_wrong() {
            let mut text = Text::new();
            text.text("`").name(&wrong.name).text("` ");
            if wrong.fault.is_empty() {
                text.text("gives a tensor of the shape [").sides(wrong.output);
                text.text("]: every dimension of a tensor must be at least 1");
            } else {
                text.parts(wrong.fault);
            }
            panic!("{}", text.as_str());
        }
    }

    /// Returns the first wrong layer, the innermost one.
    const fn first_wrong(&self) -> Option<&Self> {
        let mut at = 0;
        while at < self.children.len() {
            if let Some(wrong) = self.children[at].plan.first_wrong() {
                return Some(wrong);
            }
            at += 1;
        }
        let mut wrong = !self.fault.is_empty();
        let mut side = 0;
        while side < self.output.len() {
            wrong = wrong || self.output[side] == 0;
            side += 1;
        }
        if wrong { Some(self) } else { None }
    }

    /// Declares that the output equals the input.
    pub(crate) const fn identity(self) -> Self {
        Self { identity: true, effect: Effect::Unchanged, ..self }.onnx(Onnx::IDENTITY)
    }

    /// Adds memory for values that the forward pass saves for the backward pass.
    pub const fn saves(self, space: Space) -> Self {
        Self { saved: self.saved.and(space), ..self }
    }

    /// Adds the same scratch memory for each of the two passes.
    pub const fn scratch(self, space: Space) -> Self {
        Self {
            forward_scratch: self.forward_scratch.and(space),
            backward_scratch: self.backward_scratch.and(space),
            ..self
        }
    }

    /// Adds scratch memory for the forward pass.
    pub(crate) const fn forward_scratch(self, space: Space) -> Self {
        Self { forward_scratch: self.forward_scratch.and(space), ..self }
    }

    /// Adds scratch memory for the backward pass.
    pub const fn backward_scratch(self, space: Space) -> Self {
        Self { backward_scratch: self.backward_scratch.and(space), ..self }
    }

    /// Adds numbers that the layer carries for each stream. See
    /// [`WorkspaceMut::carried`](super::WorkspaceMut::carried).
    pub const fn carries(self, numbers: usize) -> Self {
        Self { carried: self.carried + numbers, ..self }
    }

    /// Adds the memory of `child`. Each child has separate memory for saved values. All children share the scratch
    /// memory that follows this layer's scratch memory.
    const fn with_memory_of(self, child: &Self, copies: usize) -> Self {
        Self {
            saved: self.saved.and(child.saved.times(copies)),
            forward_scratch: self.forward_scratch.or(child.forward_scratch),
            backward_scratch: self.backward_scratch.or(child.backward_scratch),
            carried: self.carried + child.carried * copies,
            ..self
        }
    }

    /// Adds `child`, whose input is the output of the layers before it.
    pub(crate) const fn then(self, child: &Self) -> Self {
        let window = self.window.then(child.window);
        Self { cost: self.cost.then(child.cost), window, ..self.with_memory_of(child, 1) }
    }

    /// Adds `copies` of `child`, one after the other.
    pub(crate) const fn repeat(self, child: &Self, copies: usize) -> Self {
        let (cost, window) = (child.cost.repeated(copies), child.window.repeated(copies));
        Self {
            cost: self.cost.then(cost),
            window: self.window.then(window),
            ..self.with_memory_of(child, copies)
        }
    }

    /// Adds `child`, which takes the same input as the layers before it.
    pub(crate) const fn parallel(self, child: &Self, first: bool) -> Self {
        let cost = if first { child.cost } else { self.cost.parallel(child.cost) };
        let window = if first { child.window } else { self.window.parallel(child.window) };
        Self { cost, window, ..self.with_memory_of(child, 1) }
    }

    /// Returns the plan with the name and the parameters of the network `N`.
    #[doc(hidden)]
    pub const fn named<N: Parameters>(self) -> Self {
        Self { name: <N as Named>::NAME, parameters: &<N as Parameters>::DESCRIPTION, ..self }
    }

    /// Returns the bytes of memory that training needs for each sample.
    #[cfg(feature = "alloc")]
    pub(crate) const fn bytes_per_sample(&self) -> usize {
        self.saved.per_sample + self.forward_scratch.or(self.backward_scratch).per_sample
    }
}
