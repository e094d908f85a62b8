use alloc::string::{String, ToString};

use chainrule_parameters::{AsNetwork, NonEmpty};

use rand::Rng;

use super::Initializer;
use super::draw::{normal, symmetric};
use super::initializer::BiasScheme;
use crate::Error;
use crate::kernel::Real;
use crate::layer::unknown_path;
use crate::layer::{Owned, Parameter, Parameters, Role, ViewMut, Visitor, visit};

/// Creates a network from its type.
///
/// It is implemented for every type, and its methods require [`Parameters`]. So if an element of a stack is not a
/// layer, the compiler names that element. The trait has no methods on values.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Relu, Linear<8, 3>);
///
/// let net = Net::init(&mut rng(1));
/// assert_eq!(net.0.weights(), Net::init(&mut rng(1)).0.weights()); // the same seed
/// assert_eq!(net.2.bias, Vector([0.0; 3]));
/// let ones = Net::init_with(Initializer::constant(1.0), &mut rng(1));
/// assert_eq!(ones.0.weights(), [1.0; 16]);
/// ```
#[doc(alias("reset_parameters", "weight initialization", "new"))]
pub trait Init: Sized {
    /// Creates a network with [Glorot's weights](Initializer::glorot_uniform). The same generator state gives the same
    /// network.
    fn init(rng: &mut impl Rng) -> Owned<Self>
    where
        Self: Parameters,
    {
        let _ = NonEmpty::<Self>::DESCRIPTION; // names the caller in the compiler's error
        network(Initializer::default(), rng)
    }

    /// Creates a network with weights from this initializer.
    fn init_with(initializer: Initializer, rng: &mut impl Rng) -> Owned<Self>
    where
        Self: Parameters,
    {
        let _ = NonEmpty::<Self>::DESCRIPTION;
        network(initializer, rng)
    }
}

impl<N> Init for N {}

impl Initializer {
    /// Initializes a part of a network again. The part is the path of a layer (`2.branch`) or of a parameter
    /// (`0.weight`), as [`summary`](crate::Network::summary) prints it. Parameters that are neither weights nor biases
    /// are set to the first value that their layer declares.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 8>, Relu, Linear<8, 3>);
    ///
    /// let mut net = Net::init_with(Initializer::he_normal(), &mut rng(1));
    /// Initializer::zeros().init_part(&mut *net, "2", &mut rng(2))?;
    /// assert_eq!(net.predict(&Vector([1.0, 2.0]))?, Vector([0.0; 3]));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownPath`] if no parameter has the path.
    pub fn init_part<M: AsNetwork>(
        &self,
        network: &mut M,
        path: &str,
        rng: &mut impl Rng,
    ) -> Result<(), Error> {
        let below =
            |full: &str| full.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        match self.init_where(network, |full| path.is_empty() || below(full), rng) {
            0 => Err(unknown_path(&M::Network::DESCRIPTION, path)),
            _ => Ok(()),
        }
    }

    /// Initializes the parameters whose path satisfies `is_chosen` again. Returns their number.
    ///
    /// ```
    /// use chainrule::prelude::*;
    /// type Net = (Linear<2, 8>, Relu, Linear<8, 3>);
    ///
    /// let mut net = Net::init(&mut rng(1));
    /// let biases = Initializer::default().bias_constant(0.1);
    /// assert_eq!(biases.init_where(&mut *net, |path| path.ends_with("bias"), &mut rng(2)), 2);
    /// assert_eq!(net.2.bias, Vector([0.1; 3]));
    /// ```
    pub fn init_where(
        &self,
        network: &mut impl AsNetwork,
        mut is_chosen: impl FnMut(&str) -> bool,
        rng: &mut impl Rng,
    ) -> usize {
        let mut fill = Fill { initializer: *self, rng, weight: None, is_chosen: &mut is_chosen, chosen: 0 };
        visit([], [ViewMut::of(network.as_network_mut())], &mut fill);
        fill.chosen
    }
}

/// Creates a network of the type `N`.
fn network<N: Parameters>(initializer: Initializer, rng: &mut impl Rng) -> Owned<N> {
    let mut network = Owned::zeros();
    fill(ViewMut::of(&mut *network), initializer, rng);
    network
}

fn fill(network: ViewMut<'_>, initializer: Initializer, rng: &mut dyn Rng) {
    let mut all = |_: &str| true;
    visit([], [network], &mut Fill { initializer, rng, weight: None, is_chosen: &mut all, chosen: 0 });
}

struct Fill<'a> {
    initializer: Initializer,
    rng: &'a mut dyn Rng,
    /// The layer of the last weight, and the fan-in of that weight.
    weight: Option<(String, usize)>,
    is_chosen: &'a mut dyn FnMut(&str) -> bool,
    chosen: usize,
}

impl Fill<'_> {
    fn fill_bias<T: Real>(&mut self, path: &str, values: &mut [T]) {
        let (initializer, rng) = (self.initializer, &mut *self.rng);
        match (initializer.bias, &self.weight) {
            // Constant biases draw no random numbers, so the weights for a seed do not change.
            (BiasScheme::Constant(value), _) => values.fill(T::from_f64(value)),
            (BiasScheme::Normal(deviation), _) => {
                values.iter_mut().for_each(|b| *b = T::from_f64(deviation * normal(rng)));
            }
            (BiasScheme::Uniform, Some((layer, fan_in))) if layer == layer_of(path) => {
                let bound = 1.0 / libm::sqrt(*fan_in as f64);
                values.iter_mut().for_each(|b| *b = T::from_f64(bound * symmetric(rng)));
            }
            (BiasScheme::Uniform, _) => values.fill(T::zero()),
        }
    }
}

/// Returns the path of the layer that contains a parameter.
fn layer_of(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(layer, _)| layer)
}

impl Visitor<0, 1> for Fill<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [values]: [&mut [T]; 1]) {
        let path = parameter.path.to_string();
        if let Role::Weight { fan_in, fan_out, layout } = parameter.role {
            let [fan_in, _] = self.initializer.fans([fan_in, fan_out], layout, parameter.shape);
            self.weight = Some((layer_of(&path).into(), fan_in));
        }
        if !(self.is_chosen)(&path) {
            return;
        }
        self.chosen += 1;
        match parameter.role {
            Role::Weight { fan_in, fan_out, layout } => {
                self.initializer.fill([fan_in, fan_out], layout, parameter.shape, values, self.rng);
            }
            Role::Bias => self.fill_bias(&path, values),
            Role::Scale(start) | Role::Buffer { start, .. } => values.fill(T::from_f64(start)),
        }
    }
}
