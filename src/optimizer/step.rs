use super::options::{Part, StepOptions};
use crate::Error;
use crate::kernel::{Elementwise, Real, all_finite, all_within, elementwise};
use crate::layer::{Parameter, Role, View, ViewMut, Visitor, visit};
use chainrule_parameters::{Node, ParameterPath};

/// How a step changes each number of a network, and the `W - 1` numbers that the optimizer keeps for it.
pub(super) trait Rule<const W: usize> {
    /// The rule in one scalar.
    type In<T: Real>: Elementwise<T, 1, W> + Sync;

    /// Returns the rule for parameters with this learning rate.
    fn in_scalar<T: Real>(&self, rate: f64) -> Self::In<T>;

    /// Returns the largest step of a weight at this learning rate, and the largest number from which it is computed,
    /// when no gradient has been larger than 1. Infinity is right for every rule, but costs a second pass.
    fn largest_step(&self, rate: f64) -> f64;
}

/// Changes the network (the first of `write`) and what the optimizer keeps, or nothing: a step after which a number
/// would not be finite is an error.
pub(super) fn take_step<R: Rule<W>, const W: usize>(
    rule: &R,
    rate: f64,
    options: &StepOptions,
    gradient: View<'_>,
    mut write: [ViewMut<'_>; W],
) -> Result<(), Error> {
    let node = gradient.description();
    options.check(rate, node)?;
    let largest_step = |part: Part| rule.largest_step(part.rate);
    let mut check = Check {
        node,
        visited: 0,
        stateless: W == 1,
        rate,
        options,
        largest_step: &largest_step,
        safe: true,
        found: None,
    };
    visit([gradient, write[0].as_view()], [], &mut check);
    check.found.map_or(Ok(()), Err)?;
    if !check.safe {
        let mut attempt = Attempt { node, visited: 0, rule, rate, options, found: None };
        visit([gradient], write.each_mut().map(ViewMut::reborrow), &mut attempt);
        attempt.found.map_or(Ok(()), Err)?;
    }
    visit([gradient], write, &mut Apply { rule, rate, options });
    Ok(())
}

/// A rule with the options of a parameter: the sign of the gradient, and weight decay.
struct WithOptions<M, T> {
    rule: M,
    sign: T,
    coupled: T,
    remaining: T,
}

impl<T: Real, M: Elementwise<T, 1, W>, const W: usize> Elementwise<T, 1, W> for WithOptions<M, T> {
    #[inline(always)]
    fn apply(&self, [g]: [T; 1], mut write: [T; W]) -> [T; W] {
        let g = self.sign * g + self.coupled * write[0];
        write[0] = self.remaining * write[0];
        self.rule.apply([g], write)
    }
}

fn with_options<T: Real, R: Rule<W>, const W: usize>(rule: &R, part: Part) -> WithOptions<R::In<T>, T> {
    let [sign, coupled, remaining] = [part.sign, part.coupled, part.remaining].map(T::from_f64);
    WithOptions { rule: rule.in_scalar(part.rate), sign, coupled, remaining }
}

/// Returns L, the largest gradient that an optimizer keeps in its moments.
fn largest_kept<T: Real>() -> T {
    T::MAX.sqrt() / T::from_f64(2.0)
}

/// Checks the gradient, and whether a step can overflow at all.
///
/// No gradient that an optimizer keeps in its moments is above L, half the root of the largest number M: so no moment
/// is, and the squares are at most M/4. A step that is at most M ε/4, half the distance between the two largest
/// numbers, overflows no weight that is finite. So the step is safe if the `largest_step` for gradients up to 1 is at
/// most M ε / (16 L), in which a factor of 4 is for rounding: in `f32` that is 3e11, with the usual settings of Adam
/// the step is 1e6. With weight decay that is added to the gradient, each of the two must be at most L/2. A step that
/// is not safe is tried first.
struct Check<'a> {
    node: &'static Node,
    /// How many parameters have been visited.
    visited: usize,
    stateless: bool,
    rate: f64,
    options: &'a StepOptions,
    largest_step: &'a dyn Fn(Part) -> f64,
    safe: bool,
    found: Option<Error>,
}

impl Visitor<2, 0> for Check<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g, w]: [&[T]; 2], []: [&mut [T]; 0]) {
        self.visited += 1;
        if self.found.is_some() {
            return;
        }
        let (kept, half) = (largest_kept::<T>(), T::from_f64(0.5));
        let is_buffer = matches!(parameter.role, Role::Buffer { .. });
        let within = all_within(g, kept);
        if !is_buffer && self.safe {
            let part = self.options.part(self.rate, parameter);
            let most = T::MAX.to_f64() * T::EPSILON.to_f64() / 16.0 / kept.to_f64();
            self.safe = within && (self.largest_step)(part) <= most && part.remaining.abs() <= 1.0;
            if part.coupled > 0.0 {
                let limit = T::from_f64(0.5 * kept.to_f64() / part.coupled).min(T::MAX);
                self.safe &= all_within(g, half * kept) && all_within(w, limit);
            }
        }
        if within || (is_buffer || self.stateless) && all_finite(g) {
            return;
        }
        let first = |bad: &dyn Fn(&T) -> bool| g.iter().position(bad);
        let parameter = ParameterPath::new(self.node, self.visited - 1);
        let value = |element: usize| g[element].to_f64();
        if let Some(element) = first(&|g| !g.is_finite()) {
            self.found = Some(Error::NonFiniteGradient { parameter, element, value: value(element) });
        } else if let Some(element) = first(&|g| g.abs() > kept) {
            self.found = Some(Error::StepOverflow { parameter, element, value: value(element) });
        }
    }
}

/// Computes the step without taking it, and finds the first number that would not be finite.
struct Attempt<'a, R> {
    node: &'static Node,
    visited: usize,
    rule: &'a R,
    rate: f64,
    options: &'a StepOptions,
    found: Option<Error>,
}

/// How many numbers are tried at once, in copies on the stack.
const TRIED: usize = 64;

impl<R: Rule<W>, const W: usize> Visitor<1, W> for Attempt<'_, R> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], write: [&mut [T]; W]) {
        self.visited += 1;
        if matches!(parameter.role, Role::Buffer { .. }) {
            return;
        }
        let rule = with_options::<T, R, W>(self.rule, self.options.part(self.rate, parameter));
        let mut copies = [[T::zero(); TRIED]; W];
        for start in (0..g.len()).step_by(TRIED) {
            if self.found.is_some() {
                return;
            }
            let part = start..g.len().min(start + TRIED);
            for (copy, numbers) in copies.iter_mut().zip(&write) {
                copy[..part.len()].copy_from_slice(&numbers[part.clone()]);
            }
            // With weight decay in the gradient, a moment can be too large although the gradient is not.
            let mut gradients = g[part.clone()].iter().zip(&copies[0]);
            let too_large = if rule.coupled > T::zero() && W > 1 {
                gradients.position(|(&g, &w)| (rule.sign * g + rule.coupled * w).abs() > largest_kept())
            } else {
                None
            };
            elementwise(&rule, [&g[part.clone()]], copies.each_mut().map(|copy| &mut copy[..part.len()]));
            let infinite = |at: &usize| copies.iter().any(|copy| !copy[*at].is_finite());
            let Some(at) = too_large.or_else(|| (0..part.len()).find(infinite)) else { continue };
            let element = start + at;
            let parameter = ParameterPath::new(self.node, self.visited - 1);
            let value = g[element].to_f64();
            self.found = Some(Error::StepOverflow { parameter, element, value });
        }
    }
}

/// Takes the step.
struct Apply<'a, R> {
    rule: &'a R,
    rate: f64,
    options: &'a StepOptions,
}

impl<R: Rule<W>, const W: usize> Visitor<1, W> for Apply<'_, R> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], write: [&mut [T]; W]) {
        if let Role::Buffer { momentum, .. } = parameter.role {
            return write.into_iter().take(1).for_each(|running| follow(momentum, running, g));
        }
        let part = self.options.part(self.rate, parameter);
        elementwise(&with_options::<T, R, W>(self.rule, part), [g], write);
    }
}

/// Moves a buffer, in the same way in every optimizer: `running -= momentum * (running - batch)`.
pub(super) fn follow<T: Real>(momentum: f64, running: &mut [T], gradient: &[T]) {
    let momentum = T::from_f64(momentum);
    running.iter_mut().zip(gradient).for_each(|(running, &distance)| *running -= momentum * distance);
}
