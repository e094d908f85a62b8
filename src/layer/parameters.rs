use super::Path;
use super::path::Segment;
use crate::kernel::Real;

/// What a layer has to train, listed once.
///
/// From this one list come initialisation, optimisers, norms, comparison and gradient checks.
/// The gradient of a network is a network of the same type, and so are an optimiser's moments: [`zeros`] makes them.
///
/// ```
/// use chainrule::layer::{Field, Fields, Parameters};
/// use chainrule::tensor::{Tensor, Vector, zeros};
///
/// /// y = s · x, with one trained factor for each feature.
/// struct Scale<const N: usize> {
///     factor: Box<Vector<N>>,
/// }
///
/// impl<const N: usize> Parameters for Scale<N> {
///     const COUNT: usize = N;
///     fn zeros() -> Self {
///         Self { factor: zeros() }
///     }
///     fn fields(fields: &mut impl Fields<Self>) {
///         let factor = Field::scale("factor", &[N], 1.0);
///         fields.tensor(factor, |s| s.factor.as_slice(), |s| s.factor.as_mut_slice());
///     }
/// }
/// ```
///
/// [`zeros`]: Parameters::zeros
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer: it does not list its parameters",
    label = "`Parameters` is not implemented for `{Self}`",
    note = "a layer implements `Parameters` and `Layer<X>`, an activation gets both from `activation_layer!`, and a stack is a tuple of 1 to 16 layers"
)]
pub trait Parameters: Sized + Send + Sync {
    /// How many numbers all the parameters have together.
    const COUNT: usize;

    /// This layer with every parameter 0: a gradient before the first sample.
    fn zeros() -> Self;

    /// Names each parameter tensor and each inner layer, always in the same order.
    fn fields(fields: &mut impl Fields<Self>);
}

/// What a parameter is for. Initialisers, weight decay and optimisers tell them apart by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// The factors W of the chain rule's product.
    Weight {
        /// How many inputs each output sums over.
        fan_in: usize,
        /// How many outputs each input feeds.
        fan_out: usize,
    },
    /// What is added to a sum. Starts at 0.
    Bias,
    /// What multiplies a feature: a norm's gain, a slope. Starts at this value.
    Scale(f64),
    /// Measured, not trained: a running mean or variance.
    ///
    /// It is saved, loaded and compared as all parameters are. Where a weight has its gradient, a statistic has its
    /// distance from the batch's value, `running - batch`, which the backward pass of a training step adds. So whatever
    /// averages the gradients of several batches (threads, machines) averages what these batches measured, and every
    /// [`Optimizer`](crate::optimizer::Optimizer) takes the same step, `running -= momentum * gradient`: the running mean of
    /// what was measured. It has no learning rate and no moments, and norms over a gradient leave it out.
    Statistic {
        /// Its value in a new network.
        start: f64,
        /// The share of the way to the batch's value that a step goes: 0.1 is usual.
        momentum: f64,
    },
}

/// One parameter tensor of a layer: its name, its role and its sides, outermost first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field<'a> {
    /// The field's name.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
    /// Its sides, outermost first.
    pub shape: &'a [usize],
}

impl<'a> Field<'a> {
    /// A matrix of weights, or a higher tensor of them.
    pub const fn weight(name: &'static str, shape: &'a [usize], fan_in: usize, fan_out: usize) -> Self {
        Self { name, role: Role::Weight { fan_in, fan_out }, shape }
    }

    /// What is added.
    pub const fn bias(name: &'static str, shape: &'a [usize]) -> Self {
        Self { name, role: Role::Bias, shape }
    }

    /// What multiplies feature by feature; `start` is its value in a new network.
    pub const fn scale(name: &'static str, shape: &'a [usize], start: f64) -> Self {
        Self { name, role: Role::Scale(start), shape }
    }

    /// What is measured, not trained; `start` is its value in a new network, and each step goes the share `momentum` of
    /// the way to the batch's value.
    pub const fn statistic(name: &'static str, shape: &'a [usize], start: f64, momentum: f64) -> Self {
        Self { name, role: Role::Statistic { start, momentum }, shape }
    }

    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Receives the list that [`Parameters::fields`] gives, with the way to each field of an `N`.
pub trait Fields<N> {
    /// A parameter tensor.
    fn tensor<T: Real>(
        &mut self,
        field: Field<'_>,
        get: impl Fn(&N) -> &[T],
        get_mut: impl Fn(&mut N) -> &mut [T],
    );

    /// A layer inside this one.
    fn layer<C: Parameters>(
        &mut self,
        name: impl Into<Segment>,
        get: impl Fn(&N) -> &C,
        get_mut: impl Fn(&mut N) -> &mut C,
    );
}

/// A parameter tensor where it stands in a network.
#[derive(Clone, Copy, Debug)]
pub struct Parameter<'a> {
    /// The path from the network down to it; prints as `0.weight`.
    pub path: &'a Path<'a>,
    /// Its name, role and shape.
    pub field: Field<'a>,
}

/// Something done to each parameter of `R` networks to be read and `W` to be written, all of one type.
///
/// Adam reads one (the gradient) and writes three (the network and its two moments); a norm reads one and writes none.
pub trait Visitor<const R: usize, const W: usize> {
    /// Called for each parameter in order, with its numbers in each of the networks, in memory order.
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, read: [&[T]; R], write: [&mut [T]; W]);
}

/// Walks over the parameters of several networks of one type at once. Allocates nothing.
pub fn visit<N: Parameters, const R: usize, const W: usize>(
    read: [&N; R],
    write: [&mut N; W],
    visitor: &mut impl Visitor<R, W>,
) {
    N::fields(&mut Walk { read, write, path: &Path::ROOT, visitor });
}

struct Walk<'a, N, V, const R: usize, const W: usize> {
    read: [&'a N; R],
    write: [&'a mut N; W],
    path: &'a Path<'a>,
    visitor: &'a mut V,
}

impl<N, V: Visitor<R, W>, const R: usize, const W: usize> Fields<N> for Walk<'_, N, V, R, W> {
    fn tensor<T: Real>(
        &mut self,
        field: Field<'_>,
        get: impl Fn(&N) -> &[T],
        get_mut: impl Fn(&mut N) -> &mut [T],
    ) {
        let path = &self.path.join(field.name);
        let write = self.write.each_mut().map(|net| get_mut(net));
        self.visitor.visit(&Parameter { path, field }, self.read.map(get), write);
    }

    fn layer<C: Parameters>(
        &mut self,
        name: impl Into<Segment>,
        get: impl Fn(&N) -> &C,
        get_mut: impl Fn(&mut N) -> &mut C,
    ) {
        C::fields(&mut Walk {
            read: self.read.map(get),
            write: self.write.each_mut().map(|net| get_mut(net)),
            path: &self.path.join(name),
            visitor: &mut *self.visitor,
        });
    }
}

/// Walks over the parameters of the type `N`, without a network.
///
/// ```
/// use chainrule::layer::{Linear, Tanh, describe};
/// let mut lines = Vec::new();
/// describe::<(Linear<4, 3>, Tanh)>(&mut |p| lines.push(format!("{} {:?}", p.path, p.field.shape)));
/// assert_eq!(lines, ["0.weight [4, 3]", "0.bias [3]"]);
/// ```
pub fn describe<N: Parameters>(f: &mut impl FnMut(&Parameter<'_>)) {
    N::fields(&mut Description { path: &Path::ROOT, f });
}

struct Description<'a, F> {
    path: &'a Path<'a>,
    f: &'a mut F,
}

impl<N, F: FnMut(&Parameter<'_>)> Fields<N> for Description<'_, F> {
    fn tensor<T: Real>(&mut self, field: Field<'_>, _: impl Fn(&N) -> &[T], _: impl Fn(&mut N) -> &mut [T]) {
        (self.f)(&Parameter { path: &self.path.join(field.name), field });
    }

    fn layer<C: Parameters>(
        &mut self,
        name: impl Into<Segment>,
        _: impl Fn(&N) -> &C,
        _: impl Fn(&mut N) -> &mut C,
    ) {
        C::fields(&mut Description { path: &self.path.join(name), f: &mut *self.f });
    }
}

/// Implements [`Parameters`] and comparison for a unit struct: a layer with nothing to train.
macro_rules! nothing_to_train {
    ([$($generics:tt)*] $layer:ty) => {
        impl<$($generics)*> $crate::layer::Parameters for $layer {
            const COUNT: usize = 0;
            fn zeros() -> Self {
                Self
            }
            fn fields(_: &mut impl $crate::layer::Fields<Self>) {}
        }
        $crate::layer::compare::comparable!([$($generics)*] $layer);
    };
}
pub(crate) use nothing_to_train;
