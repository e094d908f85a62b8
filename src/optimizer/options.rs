//! The options of all optimizers in addition to their own rule: weight decay, ascent, and groups of parameters.

#[cfg(feature = "alloc")]
use alloc::string::String;
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use super::check_size;
#[cfg(feature = "alloc")]
use super::paths::{check_paths, leads_to};
use crate::Error;
use crate::layer::{Parameter, Role};
use chainrule_parameters::Node;

/// The options of all optimizers except [`Lbfgs`](super::Lbfgs). For each option, the optimizer has a method that sets
/// it.
///
/// ```
/// use chainrule::prelude::*;
///
/// let mut net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Linear::<1, 1>::init_with(Initializer::constant(2.0), &mut rng(0));
/// let mut sgd = Sgd::new(0.1).weight_decay(0.5).maximize();
/// assert!(sgd.options.maximize);
/// sgd.step(&mut net, &gradient)?;
/// approx::assert_relative_eq!(net.weights()[0], 1.0 + 0.1 * (2.0 - 0.5 * 1.0));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("weight_decay", "L2 regularization", "param_groups"))]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepOptions {
    /// λ, at least 0: the weight decay.
    pub weight_decay: f64,
    /// Whether weight decay is decoupled: before the step, a weight is multiplied by 1 - η λ. Otherwise λ w is added to
    /// its gradient, which equals the penalty λ/2 w² in the loss.
    pub decoupled: bool,
    /// Whether biases, and the gains and slopes of layers, decay too. Otherwise only the weights do.
    pub decay_all: bool,
    /// Whether the steps go along the gradient, to maximize, instead of against it.
    pub maximize: bool,
    /// Parameter groups: parts of the network with a different learning rate or weight decay.
    #[cfg(feature = "alloc")]
    pub groups: Vec<Group>,
}

/// A part of a network with a different learning rate or weight decay.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let head = Group::new("2").rate(10.0);
/// let mut sgd = Sgd::new(0.1).weight_decay(0.01).group(head).group(Group::new("0").weight_decay(0.0));
/// let mut net = Net::init_with(Initializer::constant(1.0), &mut rng(0));
/// let gradient = Net::init_with(Initializer::constant(0.5), &mut rng(0));
/// sgd.step(&mut net, &gradient)?;
/// approx::assert_relative_eq!(net.0.weights()[0], 1.0 - 0.1 * 0.5);
/// approx::assert_relative_eq!(net.2.weights()[0], 1.0 - 1.0 * (0.5 + 0.01 * 1.0));
///
/// let nowhere = Sgd::new(0.1).group(Group::new("head")).step(&mut net, &gradient).unwrap_err();
/// assert_eq!(
///     nowhere.to_string(),
///     "there is no parameter at `head` or below it: the parameters are 0.weight, 0.bias, 2.weight and 2.bias"
/// );
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("param_groups", "parameter groups", "discriminative learning rates"))]
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The path of a layer or a parameter, as [`Network::summary`](crate::Network::summary) prints it.
    pub path: String,
    /// The factor of the optimizer's learning rate, at least 0: 1 by default. It also applies under a schedule.
    pub rate: f64,
    /// The weight decay of each parameter of the group, including biases. It replaces the optimizer's.
    pub weight_decay: Option<f64>,
}

#[cfg(feature = "alloc")]
impl Group {
    /// Creates a group of all parameters at this path or below it, with the learning rate and weight decay of the
    /// optimizer.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), rate: 1.0, weight_decay: None }
    }

    /// Sets the factor of the learning rate. To keep parameters constant, [`FreezeParameters`](super::FreezeParameters)
    /// is safer than a rate of 0, because it also checks running statistics.
    pub fn rate(self, factor: f64) -> Self {
        Self { rate: factor, ..self }
    }

    /// Sets the weight decay of each parameter of the group, including biases.
    pub fn weight_decay(self, decay: f64) -> Self {
        Self { weight_decay: Some(decay), ..self }
    }
}

/// The options of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// η.
    pub(super) rate: f64,
    /// 1, or -1 to maximize.
    pub(super) sign: f64,
    /// The factor of the weight that is added to the gradient.
    pub(super) coupled: f64,
    /// The factor of the weight before the step.
    pub(super) remaining: f64,
}

impl Default for StepOptions {
    fn default() -> Self {
        Self::NONE
    }
}

impl StepOptions {
    /// The default: no options.
    pub(super) const NONE: Self = Self::decay(0.0, false);

    /// Returns options with only a weight decay.
    pub(super) const fn decay(weight_decay: f64, decoupled: bool) -> Self {
        Self {
            weight_decay,
            decoupled,
            decay_all: false,
            maximize: false,
            #[cfg(feature = "alloc")]
            groups: Vec::new(),
        }
    }

    /// Checks the options for a network of this description.
    pub(super) fn check(&self, rate: f64, node: &Node) -> Result<(), Error> {
        check_size("the learning rate", rate)?;
        check_size("the weight decay", self.weight_decay)?;
        self.check_groups(rate, node)
    }

    #[cfg(feature = "alloc")]
    fn check_groups(&self, rate: f64, node: &Node) -> Result<(), Error> {
        for group in &self.groups {
            check_size("the factor of a group's learning rate", group.rate)?;
            check_size("the learning rate of a group", rate * group.rate)?;
            check_size("the weight decay of a group", group.weight_decay.unwrap_or(0.0))?;
        }
        check_paths(node, self.groups.iter().map(|group| &group.path))
    }

    #[cfg(not(feature = "alloc"))]
    fn check_groups(&self, _: f64, _: &Node) -> Result<(), Error> {
        Ok(())
    }

    /// Returns the factor of the learning rate of this parameter, and its weight decay if its group sets one. If it is
    /// in several groups, the last one applies.
    #[cfg(feature = "alloc")]
    fn of_group(&self, parameter: &Parameter<'_>) -> (f64, Option<f64>) {
        let group = self.groups.iter().rev().find(|group| leads_to(&group.path, parameter));
        group.map_or((1.0, None), |group| (group.rate, group.weight_decay))
    }

    #[cfg(not(feature = "alloc"))]
    fn of_group(&self, _: &Parameter<'_>) -> (f64, Option<f64>) {
        (1.0, None)
    }

    /// Returns the options of this parameter.
    pub(super) fn part(&self, rate: f64, parameter: &Parameter<'_>) -> Part {
        let (factor, own) = self.of_group(parameter);
        let decays = self.decay_all || matches!(parameter.role, Role::Weight { .. });
        let decay = own.unwrap_or(if decays { self.weight_decay } else { 0.0 });
        let rate = rate * factor;
        let (coupled, remaining) = if self.decoupled { (0.0, 1.0 - rate * decay) } else { (decay, 1.0) };
        Part { rate, sign: if self.maximize { -1.0 } else { 1.0 }, coupled, remaining }
    }
}

/// Implements the constructors by a function `with_moments`, [`Optimizer`](super::Optimizer) by a method `step_of`, and
/// the methods that set the [`StepOptions`]. The learning rate and the options are fields of the optimizer, or of the
/// optimizer inside it. `momentum` is the field of [`Setting::Momentum`](super::Setting), and `counts` are the fields
/// that the steps change in addition to the moments.
macro_rules! optimizer {
    (
        $(#[$doc:meta])* $name:ident $(in $inner:ident)?, moments: $moments:literal
        $(, momentum: $momentum:ident $([$index:literal])?)? $(, counts: $($count:ident = $start:literal),+)?
    ) => {
        #[cfg(feature = "alloc")]
        impl<N: chainrule_parameters::Parameters> $name<N> {
            $(#[$doc])*
            pub fn new(learning_rate: f64) -> Self {
                Self::with_moments(learning_rate, crate::optimizer::moments::HeapMoments::zeros($moments))
            }
        }

        impl<N: chainrule_parameters::Parameters, const MOMENTS: usize>
            $name<N, crate::optimizer::Inline<MOMENTS>>
        {
            /// Creates the optimizer with the settings of `new`, and with its moments in itself, for programs without a
            /// heap. It does not compile if there are fewer moments than these settings need. See the example of
            /// [`Inline`](crate::optimizer::Inline).
            pub const fn inline(learning_rate: f64) -> Self {
                const {
                    assert!(
                        MOMENTS + 1 > $moments,
                        concat!(
                            stringify!($name), " has at least this many moments: `Inline<", $moments, ">`"
                        )
                    );
                }
                Self::with_moments(learning_rate, crate::optimizer::moments::InlineMoments::zeros())
            }
        }

        impl<N: chainrule_parameters::Parameters, M: crate::optimizer::MomentStorage> $name<N, M> {
            /// Sets the weight decay λ of the weights. Biases and gains do not decay, unless
            /// [`decay_all`](Self::decay_all) is set. Weight decay is added to the gradient, unless it is
            /// [`decoupled`](crate::optimizer::StepOptions::decoupled).
            pub fn weight_decay(mut self, decay: f64) -> Self {
                self$(.$inner)?.options.weight_decay = decay;
                self
            }

            /// Decouples the weight decay from the gradient: before each step, a weight is multiplied by 1 - η λ.
            pub fn decoupled(mut self) -> Self {
                self$(.$inner)?.options.decoupled = true;
                self
            }

            /// Applies the weight decay to biases and gains too, as PyTorch does.
            pub fn decay_all(mut self) -> Self {
                self$(.$inner)?.options.decay_all = true;
                self
            }

            /// Maximizes instead of minimizing: the steps go along the gradient.
            pub fn maximize(mut self) -> Self {
                self$(.$inner)?.options.maximize = true;
                self
            }

            /// Adds a part of the network with a different learning rate or weight decay. If a parameter is in several
            /// groups, the last one applies.
            #[cfg(feature = "alloc")]
            pub fn group(mut self, group: crate::optimizer::Group) -> Self {
                self$(.$inner)?.options.groups.push(group);
                self
            }
        }

        #[diagnostic::do_not_recommend] // so that the error is about `Optimizer`, not about `SameType`
        impl<S, N, P> crate::optimizer::Optimizer<N> for $name<S, P>
        where
            S: chainrule_parameters::Parameters,
            P: crate::optimizer::MomentStorage,
            N: chainrule_parameters::Parameters + crate::tensor::SameType<S>,
        {
            fn step<M, G>(&mut self, network: &mut M, gradient: &G) -> Result<(), crate::Error>
            where
                M: chainrule_parameters::AsNetwork<Network = N>,
                G: crate::optimizer::GradientOf<N>,
            {
                let network = network.as_network_mut().cast_one_mut();
                let gradient = gradient.as_gradient().cast_one();
                self.step_of(crate::layer::View::of(gradient), crate::layer::ViewMut::of(network))
            }

            fn learning_rate(&mut self) -> &mut f64 {
                &mut self$(.$inner)?.learning_rate
            }

            fn setting(&mut self, setting: crate::optimizer::Setting) -> Option<&mut f64> {
                let this = &mut *self;
                $(let this = &mut this.$inner;)?
                match setting {
                    crate::optimizer::Setting::WeightDecay => Some(&mut this.options.weight_decay),
                    $(crate::optimizer::Setting::Momentum => Some(&mut this.$momentum$([$index])?),)?
                    #[allow(unreachable_patterns)]
                    _ => None,
                }
            }

            fn forget(&mut self) {
                let this = &mut *self;
                $(let this = &mut this.$inner;)?
                crate::optimizer::moments::Moments::forget(&mut this.moments);
                $($(this.$count = $start;)+)?
            }
        }
    };
}
pub(super) use optimizer;
