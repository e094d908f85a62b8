/// What a layer costs for each sample, known at compile time.
///
/// Stacks add up the costs of their layers. You can use it in a `const` assertion.
///
/// # Examples
/// ```
/// use chainrule::layer::Cost;
/// use chainrule::prelude::*;
/// type Net = (Linear<16, 32>, Tanh, Linear<32, 4>);
/// const _: () = assert!(Net::COUNT * size_of::<f32>() <= 4096, "the network must fit into 4 KiB");
/// const _: () = assert!(<Net as Layer<Vector<16>>>::PLAN.cost.multiply_adds <= 1000);
///
/// // Layers of weights from 8 numbers to 4 to 2: one hidden layer, of width 4.
/// let cost = Cost::weights(8 * 4, 4).then(Cost::weights(4 * 2, 2));
/// assert_eq!((cost.multiply_adds, cost.backward_multiply_adds, cost.depth), (40, 80, 2));
/// assert_eq!(cost.beta(), 1.0 / 4.0);
/// ```
#[doc(alias("FLOPs", "MACs"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The multiply-adds of the matrix products in a forward pass. Activations are not counted.
    pub multiply_adds: u64,
    /// The multiply-adds of a backward pass, for the gradients of weights and inputs.
    pub backward_multiply_adds: u64,
    /// The number of layers of weights along the longest path: the length of the chain rule's product.
    pub depth: usize,
    /// The sum of 1 / width over all layers of weights.
    widths: f64,
    /// 1 / width of the last layer of weights. For parallel branches, the sum over the last layer of each.
    last: f64,
}

impl Cost {
    /// The cost of a layer without matrix products.
    pub const FREE: Self =
        Self { multiply_adds: 0, backward_multiply_adds: 0, depth: 0, widths: 0.0, last: 0.0 };

    /// Returns the cost of a layer of weights from the multiply-adds of its forward pass and its number of output
    /// features (channels for an image). Each of its two gradients takes the same number of multiply-adds as the
    /// forward pass.
    pub const fn weights(multiply_adds: u64, width: usize) -> Self {
        let (backward_multiply_adds, last) = (2 * multiply_adds, 1.0 / width as f64);
        Self { multiply_adds, backward_multiply_adds, depth: 1, widths: last, last }
    }

    /// Returns the cost of this layer followed by `next`.
    pub const fn then(self, next: Self) -> Self {
        Self {
            multiply_adds: self.multiply_adds + next.multiply_adds,
            backward_multiply_adds: self.backward_multiply_adds + next.backward_multiply_adds,
            depth: self.depth + next.depth,
            widths: self.widths + next.widths,
            last: if next.depth > 0 { next.last } else { self.last },
        }
    }

    /// Returns the cost of this layer in parallel with `other`, on the same input.
    pub const fn parallel(self, other: Self) -> Self {
        let deeper = if self.depth >= other.depth { self } else { other };
        Self { depth: deeper.depth, last: self.last + other.last, ..self.then(other) }
    }

    /// Returns the cost of `times` such layers in a row.
    pub const fn repeated(self, times: usize) -> Self {
        if times == 0 {
            return Self::FREE;
        }
        Self {
            multiply_adds: self.multiply_adds * times as u64,
            backward_multiply_adds: self.backward_multiply_adds * times as u64,
            depth: self.depth * times,
            widths: self.widths * times as f64,
            last: self.last,
        }
    }

    /// Returns the cost of this layer applied to each of `steps` steps.
    pub(crate) const fn for_steps(self, steps: usize) -> Self {
        Self {
            multiply_adds: self.multiply_adds * steps as u64,
            backward_multiply_adds: self.backward_multiply_adds * steps as u64,
            ..self
        }
    }

    /// Returns Hanin's β: the sum of 1 / width over the hidden layers. The larger it is, the more the gradients of a
    /// ReLU network vary from one initialization to another: their variance grows by about exp(5 β). Keep it below 1.
    ///
    /// # Source
    /// Hanin, "Which neural net architectures give rise to exploding and vanishing gradients?", NeurIPS 2018, theorem
    /// 1.
    pub const fn beta(&self) -> f64 {
        self.widths - self.last
    }
}
