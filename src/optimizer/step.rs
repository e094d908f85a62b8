use super::options::{Part, StepOptions};
use crate::Error;
use crate::kernel::{Elementwise, Real, all_finite, all_within, elementwise};
use crate::layer::{Parameter, Role, TableRows, View, ViewMut, Visitor, visit};
use chainrule_parameters::{Node, ParameterPath};

/// The rule of an optimizer: how a step changes each number of a network, and the `W - 1` moments of that number.
pub(super) trait Rule<const W: usize> {
    /// The rule in one scalar type.
    type In<T: Real>: Elementwise<T, 1, W> + Sync;

    /// Returns the rule for parameters with this learning rate.
    fn in_scalar<T: Real>(&self, rate: f64) -> Self::In<T>;

    /// Returns the largest step of a weight at this learning rate, and the largest number in its computation, if no
    /// gradient has been larger than 1. Infinity is correct for every rule, but costs a second pass.
    fn largest_step(&self, rate: f64) -> f64;

    /// Returns the rows of a table that the rule changes, or whose moments it changes. The default is all rows.
    fn moved(&self) -> Moved {
        Moved::All
    }
}

/// The rows of a [`Table`](chainrule_parameters::Table) that a rule changes, if its weights do not decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// All rows.
    All,
    /// The rows with a gradient or a moment other than 0. For all others, the rule does not change the weight, and the
    /// moments stay 0.
    WithGradientOrMoments,
    /// The rows with a gradient other than 0. For all others, the rule changes neither the weight nor the moments.
    WithGradient,
    /// The rows with a gradient other than 0, by definition: all others do not decay either.
    Lazily,
}

impl Moved {
    /// Returns the rows for a step of a parameter with these options.
    fn rows<const W: usize>(self, part: Part) -> TableRows<1, W> {
        let decays = part.coupled != 0.0 || part.remaining != 1.0;
        match self {
            Self::Lazily => TableRows::TouchedIn([true], [false; W]),
            _ if decays => TableRows::All,
            Self::All => TableRows::All,
            Self::WithGradient => TableRows::TouchedIn([true], [false; W]),
            Self::WithGradientOrMoments => {
                let mut moments = [true; W];
                moments[0] = false;
                TableRows::TouchedIn([true], moments)
            }
        }
    }
}

/// Changes the network (the first of `write`) and the moments of the optimizer. If a number would not be finite after
/// the step, it changes nothing and returns an error.
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
        stateless: W == 1,
        moved: rule.moved(),
        rate,
        options,
        largest_step: &largest_step,
        safe: true,
        found: None,
    };
    visit([gradient, write[0].as_view()], [], &mut check);
    check.found.map_or(Ok(()), Err)?;
    if !check.safe {
        let mut attempt = Attempt { node, rule, rate, options, found: None };
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

/// Returns L, the largest gradient that the moments of an optimizer store.
fn largest_kept<T: Real>() -> T {
    T::MAX.sqrt() / T::from_f64(2.0)
}

/// Checks the gradient, and whether a step can overflow.
///
/// An optimizer stores no gradient above L, half the root of the largest number M, in its moments. So no moment is
/// above L, and the squares are at most M/4. A step of at most M ε/4, half the distance between the two largest
/// numbers, overflows no finite weight. So the step is safe if the `largest_step` for gradients up to 1 is at most M ε
/// / (16 L), which includes a factor of 4 for rounding. In `f32` this is 3e11; with the usual settings of Adam the step
/// is 1e6. If weight decay is added to the gradient, each of the two must be at most L/2. A step that is not safe is
/// computed on copies first.
struct Check<'a> {
    node: &'static Node,
    stateless: bool,
    moved: Moved,
    rate: f64,
    options: &'a StepOptions,
    largest_step: &'a dyn Fn(Part) -> f64,
    safe: bool,
    found: Option<Error>,
}

impl Visitor<2, 0> for Check<'_> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g, w]: [&[T]; 2], []: [&mut [T]; 0]) {
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
        let path = ParameterPath::new(self.node, parameter.index);
        let place = |at: usize| (path, parameter.first + at, g[at].to_f64());
        if let Some((parameter, element, value)) = first(&|g| !g.is_finite()).map(place) {
            self.found = Some(Error::NonFiniteGradient { parameter, element, value });
        } else if let Some((parameter, element, value)) = first(&|g| g.abs() > kept).map(place) {
            self.found = Some(Error::StepOverflow { parameter, element, value });
        }
    }

    fn rows(&self, parameter: &Parameter<'_>) -> TableRows<2, 0> {
        let part = self.options.part(self.rate, parameter);
        match self.moved {
            // If weight decay is in the gradient, each weight is checked.
            Moved::All | Moved::WithGradient | Moved::WithGradientOrMoments if part.coupled > 0.0 => {
                TableRows::All
            }
            _ => TableRows::TouchedIn([true, false], []),
        }
    }
}

/// Computes the step without changing the network, and finds the first number that would not be finite.
struct Attempt<'a, R> {
    node: &'static Node,
    rule: &'a R,
    rate: f64,
    options: &'a StepOptions,
    found: Option<Error>,
}

/// The number of numbers that are computed together, in copies on the stack.
const TRIED: usize = 64;

impl<R: Rule<W>, const W: usize> Visitor<1, W> for Attempt<'_, R> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [g]: [&[T]; 1], write: [&mut [T]; W]) {
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
            // If weight decay is in the gradient, a moment can be too large although the gradient is not.
            let mut gradients = g[part.clone()].iter().zip(&copies[0]);
            let too_large = if rule.coupled > T::zero() && W > 1 {
                gradients.position(|(&g, &w)| (rule.sign * g + rule.coupled * w).abs() > largest_kept())
            } else {
                None
            };
            elementwise(&rule, [&g[part.clone()]], copies.each_mut().map(|copy| &mut copy[..part.len()]));
            let infinite = |at: &usize| copies.iter().any(|copy| !copy[*at].is_finite());
            let Some(at) = too_large.or_else(|| (0..part.len()).find(infinite)) else { continue };
            let (element, value) = (parameter.first + start + at, g[start + at].to_f64());
            let parameter = ParameterPath::new(self.node, parameter.index);
            self.found = Some(Error::StepOverflow { parameter, element, value });
        }
    }

    fn rows(&self, parameter: &Parameter<'_>) -> TableRows<1, W> {
        self.rule.moved().rows(self.options.part(self.rate, parameter))
    }
}

/// Changes the network by the step.
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
        let rule = with_options::<T, R, W>(self.rule, part);
        if self.rule.moved() == Moved::Lazily && parameter.row < parameter.len() {
            return each_row(&rule, parameter.row, g, write);
        }
        elementwise(&rule, [g], write);
    }

    fn rows(&self, parameter: &Parameter<'_>) -> TableRows<1, W> {
        self.rule.moved().rows(self.options.part(self.rate, parameter))
    }
}

/// Changes each row with a gradient by the step.
fn each_row<T: Real, const W: usize>(
    rule: &(impl Elementwise<T, 1, W> + Sync),
    row: usize,
    g: &[T],
    mut write: [&mut [T]; W],
) {
    for (at, g) in g.chunks(row).enumerate().filter(|(_, g)| g.iter().any(|&g| g != T::zero())) {
        let here = at * row..at * row + g.len();
        elementwise(rule, [g], write.each_mut().map(|numbers| &mut numbers[here.clone()]));
    }
}

/// Updates a buffer, in the same way for every optimizer: `running -= momentum * (running - batch)`.
pub(super) fn follow<T: Real>(momentum: f64, running: &mut [T], gradient: &[T]) {
    let momentum = T::from_f64(momentum);
    running.iter_mut().zip(gradient).for_each(|(running, &distance)| *running -= momentum * distance);
}
