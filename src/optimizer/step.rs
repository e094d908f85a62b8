use alloc::string::ToString;

use crate::Error;
use crate::kernel::{Elementwise, Real, all_finite, all_within, elementwise};
use crate::layer::{Parameter, Role, View, ViewMut, Visitor, visit};

/// How a step changes each number of a network, and the `W - 1` numbers that the optimizer keeps for it.
pub(super) trait Rule<const W: usize> {
    /// The rule in one scalar.
    type In<T: Real>: Elementwise<T, 1, W> + Sync;

    /// Returns the rule for weights, or for biases and scales, which do not decay.
    fn in_scalar<T: Real>(&self, is_weight: bool) -> Self::In<T>;

    /// Returns the largest step of a weight, and the largest number from which it is computed, when no gradient has
    /// been larger than 1.
    fn largest_step(&self) -> f64;
}

/// Changes the network (the first of `write`) and what the optimizer keeps, or nothing: a step after which a number
/// would not be finite is an error.
pub(super) fn take_step<R: Rule<W>, const W: usize>(
    rule: &R,
    gradient: View<'_>,
    mut write: [ViewMut<'_>; W],
) -> Result<(), Error> {
    let mut check = Check { stateless: W == 1, largest_step: rule.largest_step(), safe: true, found: None };
    visit([gradient], [], &mut check);
    check.found.map_or(Ok(()), Err)?;
    if !check.safe {
        let mut attempt = Attempt { rule, found: None };
        visit([gradient], write.each_mut().map(ViewMut::reborrow), &mut attempt);
        attempt.found.map_or(Ok(()), Err)?;
    }
    visit([gradient], write, &mut Apply(rule));
    Ok(())
}

/// Checks the gradient, and whether a step can overflow at all.
///
/// No gradient that an optimizer keeps in its moments is above L, half the root of the largest number M: so no moment
/// is, and the squares are at most M/4. A step that is at most M ε/4, half the distance between the two largest
/// numbers, overflows no weight that is finite. So the step is safe if the `largest_step` for gradients up to 1 is at
/// most M ε / (16 L), in which a factor of 4 is for rounding: in `f32` that is 3e11, with the usual settings of Adam
/// the step is 1e6. A step that is not safe is tried first.
struct Check {
    stateless: bool,
    largest_step: f64,
    safe: bool,
    found: Option<Error>,
}

impl Visitor<1, 0> for Check {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], []: [&mut [T]; 0]) {
        if self.found.is_some() {
            return;
        }
        let kept = T::MAX.sqrt() / T::from_f64(2.0);
        let (is_buffer, most) =
            (matches!(parameter.role, Role::Buffer { .. }), T::MAX.to_f64() * T::EPSILON.to_f64() / 16.0);
        let within = all_within(g, kept);
        self.safe &= is_buffer || within && self.largest_step <= most / kept.to_f64();
        if within || (is_buffer || self.stateless) && all_finite(g) {
            return;
        }
        let first = |bad: &dyn Fn(&T) -> bool| g.iter().position(bad);
        let (parameter, value) = (parameter.path.to_string(), |element: usize| g[element].to_f64());
        if let Some(element) = first(&|g| !g.is_finite()) {
            self.found = Some(Error::NonFiniteGradient { parameter, element, value: value(element) });
        } else if let Some(element) = first(&|g| g.abs() > kept) {
            self.found = Some(Error::StepOverflow { parameter, element, value: value(element) });
        }
    }
}

/// Computes the step without taking it, and finds the first number that would not be finite.
struct Attempt<'a, R> {
    rule: &'a R,
    found: Option<Error>,
}

impl<R: Rule<W>, const W: usize> Visitor<1, W> for Attempt<'_, R> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], write: [&mut [T]; W]) {
        if self.found.is_some() || matches!(parameter.role, Role::Buffer { .. }) {
            return;
        }
        let rule = self.rule.in_scalar::<T>(matches!(parameter.role, Role::Weight { .. }));
        let overflows = |at: &usize| {
            let after = rule.apply([g[*at]], core::array::from_fn(|w| write[w][*at]));
            after.iter().any(|number| !number.is_finite())
        };
        if let Some(element) = (0..g.len()).find(overflows) {
            let (parameter, value) = (parameter.path.to_string(), g[element].to_f64());
            self.found = Some(Error::StepOverflow { parameter, element, value });
        }
    }
}

/// Takes the step.
struct Apply<'a, R>(&'a R);

impl<R: Rule<W>, const W: usize> Visitor<1, W> for Apply<'_, R> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], write: [&mut [T]; W]) {
        if let Role::Buffer { momentum, .. } = parameter.role {
            return write.into_iter().take(1).for_each(|running| follow(momentum, running, g));
        }
        let is_weight = matches!(parameter.role, Role::Weight { .. });
        elementwise(&self.0.in_scalar::<T>(is_weight), [g], write);
    }
}

/// Moves a buffer, in the same way in every optimizer: `running -= momentum * (running - batch)`.
fn follow<T: Real>(momentum: f64, running: &mut [T], gradient: &[T]) {
    let momentum = T::from_f64(momentum);
    running.iter_mut().zip(gradient).for_each(|(running, &distance)| *running -= momentum * distance);
}
