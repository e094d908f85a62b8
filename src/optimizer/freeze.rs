use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::paths::{check_paths as check_paths_of, leads_to};
use super::{GradientOf, Optimizer, Setting};
use crate::Error;
use crate::kernel::Real;
use crate::layer::{Parameter, Parameters, Role, View, ViewMut, Visitor, visit};
use crate::stack::EVALUATED;
use chainrule_parameters::{AsNetwork, Node, describe, describe_leaves};

/// An optimizer that freezes parts of the network, such as pretrained layers.
///
/// A part is the path of a layer (`2.branch`) or of a parameter (`0.weight`), as
/// [`Network::summary`](crate::Network::summary) prints it. Weight decay does not change it either.
///
/// A [`BatchNorm`](crate::layer::BatchNorm) with frozen running statistics would still normalize by the batch in
/// training. Then the layers after it would be trained on different inputs than they get in evaluation mode. So this is
/// an error, unless the norm is inside an [`Evaluate`](crate::stack::Evaluate), which keeps it in evaluation mode.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let mut optimizer = FreezeParameters::new(Adam::new(0.1), ["0"]);
/// let start = Net::init(&mut rng(1));
/// let (mut net, gradient) = (start.clone(), Net::init(&mut rng(2)));
/// optimizer.step(&mut net, &gradient)?;
/// assert_eq!(net.0, start.0);
/// assert_ne!(net.2, start.2);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("requires_grad", "requires_grad_(False)", "trainable", "fine-tuning"))]
#[derive(Clone, Debug)]
pub struct FreezeParameters<O> {
    /// The optimizer of the other parameters.
    pub optimizer: O,
    /// The paths of the frozen parts. To unfreeze a part, remove its path.
    pub paths: Vec<String>,
    /// A copy of the frozen parameters during a step.
    saved: Vec<u8>,
}

impl<O> FreezeParameters<O> {
    /// Freezes the layers and parameters at these paths.
    pub fn new<P: Into<String>>(optimizer: O, paths: impl IntoIterator<Item = P>) -> Self {
        Self { optimizer, paths: paths.into_iter().map(Into::into).collect(), saved: Vec::new() }
    }
}

impl<N: Parameters, O: Optimizer<N>> Optimizer<N> for FreezeParameters<O> {
    /// # Errors
    /// As the inner optimizer; [`Error::UnknownPath`] if no parameter has the path; [`Error::FrozenStatistics`] if a
    /// part contains a running mean or variance that is not in evaluation mode.
    fn step<M: AsNetwork<Network = N>, G: GradientOf<N>>(
        &mut self,
        network: &mut M,
        gradient: &G,
    ) -> Result<(), Error> {
        let Self { optimizer, paths, saved } = self;
        check_paths(&N::DESCRIPTION, paths)?;
        save(View::of(network.as_network()), paths, saved);
        optimizer.step(network, gradient)?;
        restore(ViewMut::of(network.as_network_mut()), paths, saved);
        Ok(())
    }

    fn learning_rate(&mut self) -> &mut f64 {
        self.optimizer.learning_rate()
    }

    fn setting(&mut self, setting: Setting) -> Option<&mut f64> {
        self.optimizer.setting(setting)
    }

    fn forget(&mut self) {
        self.optimizer.forget();
    }
}

fn check_paths(node: &Node, paths: &[String]) -> Result<(), Error> {
    check_paths_of(node, paths.iter())?;
    let mut statistics = None;
    describe(node, &mut |parameter| {
        let is_buffer = matches!(parameter.role, Role::Buffer { .. });
        if is_buffer && statistics.is_none() && paths.iter().any(|path| leads_to(path, parameter)) {
            let full = parameter.path.to_string();
            if !is_evaluated(node, &full) {
                statistics = Some(full);
            }
        }
    });
    statistics.map_or(Ok(()), |path| Err(Error::FrozenStatistics { path }))
}

/// Returns whether the parameter at this path is in a part that stays in evaluation mode.
fn is_evaluated(node: &Node, full: &str) -> bool {
    let mut evaluated = false;
    describe_leaves(node, &mut |path, _| {
        let path = path.to_string();
        evaluated |= path.strip_suffix(EVALUATED).is_some_and(|part| full.starts_with(part));
    });
    evaluated
}

fn save(network: View<'_>, paths: &[String], saved: &mut Vec<u8>) {
    saved.clear();
    visit([network], [], &mut Save { paths, saved });
}

fn restore(network: ViewMut<'_>, paths: &[String], saved: &[u8]) {
    visit([], [network], &mut Restore { paths, saved });
}

struct Save<'a> {
    paths: &'a [String],
    saved: &'a mut Vec<u8>,
}

impl Visitor<1, 0> for Save<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [w]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.paths.iter().any(|path| leads_to(path, parameter)) {
            self.saved.extend_from_slice(bytemuck::cast_slice(w));
        }
    }
}

struct Restore<'a> {
    paths: &'a [String],
    saved: &'a [u8],
}

impl Visitor<0, 1> for Restore<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [w]: [&mut [T]; 1]) {
        if self.paths.iter().any(|path| leads_to(path, parameter)) {
            let (own, rest) = self.saved.split_at(size_of_val(w));
            bytemuck::cast_slice_mut::<T, u8>(w).copy_from_slice(own);
            self.saved = rest;
        }
    }
}
