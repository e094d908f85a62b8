//! The coordinate check: how the changes during a training depend on the width of the network.

mod fit;
mod outputs;
#[cfg(feature = "plot")]
pub(super) mod picture;
mod table;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::figures::norm;
use crate::Error;
use crate::kernel::Real;
use crate::layer::{Bare, Mode, Parameter, Parameters, Role, View, Visitor, Workspace, compare, visit};
use crate::loss::TargetFor;
use crate::network::{Data, InputOf, Network, plan, show_forward};
use crate::optimizer::Optimizer;
use crate::tensor::Tensor;
use chainrule_parameters::{IntoOwned, Owned};

pub use fit::Exponent;
use outputs::{Output, Outputs};

/// A figure grows with the width if its exponent is at least this, and shrinks if it is at most minus this. The limit
/// is half-way between 0 and 1/2: the exponents of wide networks are multiples of 1/2. See the example of
/// [`coordinate_check`](crate::coordinate_check).
///
/// # Source
/// Yang, Hu, "Tensor programs IV: feature learning in infinite-width neural networks", ICML 2021, section 3.
pub const WIDTH_EXPONENT: f64 = 0.25;

/// The result of [`coordinate_check`](crate::coordinate_check): how much the output of each layer changes in the first
/// steps of a training, for several widths of the network. It prints as a table, with a sentence for each layer whose
/// changes depend on the width. See the example of [`coordinate_check`](crate::coordinate_check).
#[doc(alias = "mup")]
#[doc(alias = "maximal update parametrization")]
#[doc(alias = "hyperparameter transfer")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoordinateCheck {
    /// The widths, as they were given.
    pub widths: Vec<usize>,
    /// The number of steps.
    pub steps: usize,
    /// The number of networks of each width.
    pub seeds: u64,
    /// Each layer except tuples and arrays, in the order of the forward pass.
    pub layers: Vec<LayerScaling>,
    /// Each parameter tensor.
    pub updates: Vec<UpdateScaling>,
}

/// How the output of a layer depends on the width: an element of [`CoordinateCheck::layers`]. Figures are root mean
/// squares over the elements of the output, the batch and the seeds. See the example of
/// [`coordinate_check`](crate::coordinate_check).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerScaling {
    /// The path of the layer.
    pub path: String,
    /// Its type in the network of the first width.
    pub layer: String,
    /// The output before the first step, for each width.
    pub initial: Vec<f64>,
    /// The power of the width with which it grows. `None` if it is 0.
    pub initial_exponent: Option<Exponent>,
    /// The change of the output since then, for each width after each step.
    pub changes: Vec<Vec<f64>>,
    /// The power of the width with which the change after the last step grows. `None` if there is no change.
    pub exponent: Option<Exponent>,
}

/// How far a parameter moves: an element of [`CoordinateCheck::updates`]. See the example of
/// [`coordinate_check`](crate::coordinate_check).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpdateScaling {
    /// The path of the parameter, such as `0.weight`.
    pub path: String,
    /// |W - W before| after the last step, for each width, as the root mean square over the seeds.
    pub updates: Vec<f64>,
    /// The power of the width with which it grows. `None` if it does not move.
    pub exponent: Option<Exponent>,
}

/// How a figure depends on the width. See the example of [`coordinate_check`](crate::coordinate_check).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Growth {
    /// It grows with the width.
    Grows,
    /// It does not depend on it.
    Stable,
    /// It shrinks with the width.
    Shrinks,
}

/// The options of [`coordinate_check`](crate::coordinate_check), and a training at several widths.
#[doc(alias = "mup")]
#[derive(Clone, Debug)]
pub struct WidthSweep {
    steps: usize,
    seeds: u64,
    widths: Vec<usize>,
    /// For each width and each seed.
    runs: Vec<Vec<Run>>,
}

/// A training of one network.
#[derive(Clone, Debug, Default)]
struct Run {
    before: Vec<Output>,
    /// The change of each output after each step.
    changes: Vec<Vec<f64>>,
    /// The path of each parameter, and how far it has moved.
    updates: Vec<(String, f64)>,
}

impl Default for WidthSweep {
    fn default() -> Self {
        Self::new()
    }
}

impl WidthSweep {
    /// Creates the default options: four steps, as in Yang et al. 2021, and five networks of each width.
    pub fn new() -> Self {
        Self { steps: 4, seeds: 5, widths: Vec::new(), runs: Vec::new() }
    }

    /// Sets the number of steps, at least 1.
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }

    /// Sets the number of networks of each width, at least 1. Their seeds start at 0.
    pub fn seeds(self, seeds: u64) -> Self {
        Self { seeds, ..self }
    }

    /// Measures the networks of one width. `new` returns the network of a seed and its optimizer.
    /// [`coordinate_check`](crate::coordinate_check) calls it for each width.
    ///
    /// # Errors
    /// The errors of [`Network::loss_gradient`] and [`Optimizer::step`]. [`Error::Setting`] for 0 steps or 0 seeds.
    pub fn measure<M: IntoOwned<Network: Parameters>, O, X, Y: Tensor, L, T>(
        &mut self,
        width: usize,
        mut new: impl FnMut(u64) -> (M, O),
        loss: &L,
        inputs: &[X],
        targets: &[T],
    ) -> Result<(), Error>
    where
        Data: InputOf<X, M::Network, Y>,
        O: Optimizer<M::Network>,
        T: TargetFor<L, Y>,
    {
        let setting = |name, value, expected| Err(Error::Setting { name, value, expected });
        if self.steps == 0 {
            return setting("the number of steps of a coordinate check", 0.0, "at least 1");
        }
        if self.seeds == 0 {
            return setting("the number of seeds of a coordinate check", 0.0, "at least 1");
        }
        let mut runs = Vec::new();
        for seed in 0..self.seeds {
            let (network, mut optimizer) = new(seed);
            let mut network: Owned<M::Network> = network.into_owned();
            let (mut workspace, mut gradient) = (Workspace::default(), Owned::<M::Network>::zeros());
            let mut random = crate::random::rng(seed);
            let start = compare::copy(&*network);
            let see = |network: &M::Network| {
                let mut outputs = Outputs::new(plan::<X, M::Network, Y>());
                let (network, inputs) = (Data::network::<Bare>(network), Data::samples(inputs));
                show_forward(network, inputs, &mut Mode::Evaluate, &mut outputs);
                outputs.into_list()
            };
            let mut run = Run::default();
            for step in 0..self.steps {
                network.loss_gradient(loss, inputs, targets, &mut workspace, &mut gradient, &mut random)?;
                if step == 0 {
                    run.before = see(&network); // after the checks of the data
                }
                optimizer.step(&mut network, &gradient)?;
                run.changes.push(outputs::changes(&run.before, &see(&network)));
            }
            network.predict_batch(inputs)?; // an error if the last step has made the outputs infinite
            visit([View::of(&*start), View::of(&*network)], [], &mut Updates(&mut run.updates));
            run.before.iter_mut().for_each(Output::forget);
            runs.push(run);
        }
        self.widths.push(width);
        self.runs.push(runs);
        Ok(())
    }

    /// Fits the exponents.
    ///
    /// # Errors
    /// [`Error::Setting`] for fewer than two different widths, or if the networks of two widths have different layers.
    pub fn finish(self) -> Result<CoordinateCheck, Error> {
        fit::fit(self)
    }
}

/// Collects how far each parameter has moved.
struct Updates<'a>(&'a mut Vec<(String, f64)>);

impl Visitor<2, 0> for Updates<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [before, after]: [&[T]; 2], []: [&mut [T]; 0]) {
        if let Role::Buffer { .. } = parameter.role {
            return;
        }
        let change: Vec<f64> = before.iter().zip(after).map(|(a, b)| b.to_f64() - a.to_f64()).collect();
        self.0.push((parameter.path.to_string(), norm(&change)));
    }
}

impl CoordinateCheck {
    /// Returns the layer at this path.
    pub fn layer(&self, path: &str) -> Option<&LayerScaling> {
        self.layers.iter().find(|layer| layer.path == path)
    }

    /// Returns whether the changes of all layers' outputs are independent of the width.
    pub fn is_stable(&self) -> bool {
        self.layers.iter().all(|layer| layer.growth().is_none_or(|growth| growth == Growth::Stable))
    }

    /// Returns all figures as JSON, nested as the public fields are.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl LayerScaling {
    /// Returns how the change of the output depends on the width. `None` if there is no change.
    pub fn growth(&self) -> Option<Growth> {
        self.exponent.map(|exponent| exponent.growth())
    }
}

/// Trains a network of several widths for some steps, and fits how the change of each layer's output depends on the
/// width. This is the *coordinate check* of the maximal update parametrization (μP). Returns a
/// [`CoordinateCheck`](crate::flow::CoordinateCheck), or the first error.
///
/// If a change grows with the width, a wider network needs a smaller learning rate, and only this layer learns. If it
/// shrinks, a wide network hardly learns in this layer. In μP no change depends on the width, so the hyperparameters of
/// a small network suit a large one.
///
/// The arguments are: the name of the width and its values; a closure that returns the network of a seed and its
/// optimizer, and may use the width; the loss; inputs and targets; and optionally a
/// [`WidthSweep`](crate::flow::WidthSweep) with other numbers of steps and seeds.
///
/// ```
/// use chainrule::coordinate_check;
/// use chainrule::flow::{Growth, WIDTH_EXPONENT, WidthSweep};
/// use chainrule::prelude::*;
/// type Net<const W: usize> = (Linear<8, W>, Relu, Linear<W, W>, Relu, Linear<W, 2>);
///
/// let inputs: Vec<Vector<8>> = (0..16).map(|at| Vector([(at as f32).sin(); 8])).collect();
/// let labels: Vec<Label<2>> = (0..16).map(|at| Label::new(at % 2)).collect::<Result<_, _>>()?;
/// let check = coordinate_check!(
///     W in [32, 64, 128, 256],
///     |seed| (Net::<W>::init_with(Initializer::he_normal(), &mut rng(seed)), Adam::new(0.001)),
///     &CrossEntropy::default(), &inputs, &labels, WidthSweep::new().seeds(2)
/// )?;
/// println!("{check}");
/// assert_eq!(check.layer("4").unwrap().growth(), Some(Growth::Grows));
/// assert!(check.layer("4").unwrap().exponent.unwrap().value >= WIDTH_EXPONENT);
/// assert_eq!(check.updates[0].updates.len(), 4); // how far the first parameter moves, for each width
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Cost
/// For each width and seed, each step costs about three training steps.
///
/// # Source
/// Yang, Hu et al., "Tensor programs V: tuning large neural networks via zero-shot hyperparameter transfer", NeurIPS
/// 2021, appendix D.1.
#[doc(alias = "mup")]
#[doc(alias = "maximal update parametrization")]
#[macro_export]
macro_rules! coordinate_check {
    ($W:ident in [$($width:expr),+ $(,)?], $new:expr, $loss:expr, $inputs:expr, $targets:expr $(,)?) => {
        $crate::coordinate_check!($W in [$($width),+], $new, $loss, $inputs, $targets, $crate::flow::WidthSweep::new())
    };
    ($W:ident in [$($width:expr),+ $(,)?], $new:expr, $loss:expr, $inputs:expr, $targets:expr, $sweep:expr $(,)?) => {
        (|| -> ::core::result::Result<$crate::flow::CoordinateCheck, $crate::Error> {
            let (mut sweep, loss, inputs, targets) = ($sweep, $loss, $inputs, $targets);
            $({
                const $W: usize = $width;
                sweep.measure($W, $new, loss, inputs, targets)?;
            })+
            sweep.finish()
        })()
    };
}
