use super::check_share;
use crate::Error;
use crate::bounds::AveragedAs;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Owned, Parameter, Parameters, Role, View, ViewMut, Visitor, visit};
use crate::tensor::SameType;
use chainrule_parameters::AsNetwork;

/// An exponential moving average of a network's weights. It is often better than the weights themselves.
///
/// `a = dₜ a + (1 - dₜ) w` after update t. It starts as a copy of the first network (t = 0). The decay rate warms up:
/// dₜ = min(d, (1 + t) / (10 + t)), so that the first networks do not dominate the average of a short training. It
/// reaches 0.9 at update 80 and 0.999 at update 8,990. [Buffers](Role::Buffer) are copied, because they are running
/// means already.
///
/// ```
/// use chainrule::prelude::*;
///
/// let mut average = ExponentialMovingAverage::new(0.9);
/// for weight in [1.0, 2.0] {
///     average.update(&Linear::<1, 1>::init_with(Initializer::constant(weight), &mut rng(0)))?;
/// }
/// let network = average.network().unwrap();
/// let decay = 2.0 / 11.0; // at update 1
/// approx::assert_relative_eq!(network.weights()[0], decay * 1.0 + (1.0 - decay) * 2.0);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Source
/// Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992; the form and the warm-up are those
/// of TensorFlow's `tf.train.ExponentialMovingAverage` with `num_updates`.
#[doc(alias("EMA", "AveragedModel", "SWA", "weight averaging"))]
#[derive(Clone, Debug)]
pub struct ExponentialMovingAverage<N: Parameters> {
    /// d, the decay rate: 0.999 is usual. The average is over about the last 1 / (1 - d) steps. At the beginning it is
    /// over about the last ninth of the steps.
    pub decay: f64,
    pub(crate) updates: u64,
    pub(crate) network: Owned<N>,
}

impl<N: Parameters> ExponentialMovingAverage<N> {
    /// Creates an average without a network.
    pub fn new(decay: f64) -> Self {
        Self { decay, updates: 0, network: Owned::zeros() }
    }

    /// Updates the average with the network after a step.
    ///
    /// # Errors
    /// [`Error::Setting`] if the decay is not at least 0 and below 1.
    pub fn update(&mut self, network: &impl AsNetwork<Network: AveragedAs<N>>) -> Result<(), Error> {
        check_share("the decay of an average", self.decay)?;
        let warm_up = match self.updates {
            0 => 0.0, // a copy of the first network
            updates => (1 + updates) as f64 / (10 + updates) as f64,
        };
        let decay = self.decay.min(warm_up);
        self.updates += 1;
        follow(decay, View::of(network.as_network().cast_one()), ViewMut::of(&mut *self.network));
        Ok(())
    }

    /// Returns the average, or `None` before the first update.
    pub fn network(&self) -> Option<&N> {
        (self.updates > 0).then_some(&self.network)
    }
}

fn follow(decay: f64, network: View<'_>, average: ViewMut<'_>) {
    visit([network], [average], &mut Follow(decay));
}

struct Follow(f64);

impl Visitor<1, 1> for Follow {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [w]: [&[T]; 1], [average]: [&mut [T]; 1]) {
        if self.0 == 0.0 || matches!(parameter.role, Role::Buffer { .. }) {
            return average.copy_from_slice(w);
        }
        let [decay, rest] = [self.0, 1.0 - self.0].map(T::from_f64);
        elementwise(&Mean { decay, rest }, [w], [average]);
    }
}

struct Mean<T> {
    decay: T,
    rest: T,
}

impl<T: Real> Elementwise<T, 1, 1> for Mean<T> {
    #[inline(always)]
    fn apply(&self, [w]: [T; 1], [average]: [T; 1]) -> [T; 1] {
        [self.decay * average + self.rest * w]
    }
}
