//! Networks as vectors, for methods that compare whole gradients. The vectors do not contain [buffers](Role::Buffer).

use super::first_non_finite;
use super::step::follow;
use crate::Error;
use crate::kernel::{Elementwise, Real, elementwise, largest};
use crate::layer::{Parameter, Role, View, ViewMut, Visitor, visit};

/// Several vectors, by index, and a function of the first of them, the network. The methods are compiled for each type
/// of network; the computations with the vectors are compiled once.
pub(super) trait Vectors {
    /// Returns a vector.
    fn view(&self, at: usize) -> View<'_>;

    /// Returns a vector to write to, and another one to read.
    fn pair(&mut self, to: usize, from: usize) -> (ViewMut<'_>, View<'_>);

    /// Computes the loss of the network, and writes its gradient to the vector [`NEW`].
    fn evaluate(&mut self) -> Result<f64, Error>;

    /// Adds vectors until there are this many.
    fn reserve(&mut self, vectors: usize);
}

/// The network.
pub(super) const NETWORK: usize = 0;
/// The network before the current iteration.
pub(super) const START: usize = 1;
/// The direction of the current iteration.
pub(super) const DIRECTION: usize = 2;
/// The gradient at the network.
pub(super) const GRADIENT: usize = 3;
/// The gradient of the previous iteration.
pub(super) const PREVIOUS: usize = 4;
/// The gradient of the last evaluation.
pub(super) const NEW: usize = 5;
/// The gradients at both ends of the interval of the line search.
pub(super) const ENDS: [usize; 2] = [6, 7];
/// The number of these vectors. The history follows them.
pub(super) const FIXED: usize = 8;

impl dyn Vectors + '_ {
    /// Computes `to = own * to + other * from`.
    pub(super) fn combine(&mut self, own: f64, to: usize, other: f64, from: usize) {
        let (to, from) = self.pair(to, from);
        visit([from], [to], &mut Combine { own, other });
    }

    /// Computes `to = from`.
    pub(super) fn copy(&mut self, from: usize, to: usize) {
        let (to, from) = self.pair(to, from);
        visit([from], [to], &mut Copy);
    }

    /// Returns the scalar product, in `f64`.
    pub(super) fn dot(&self, a: usize, b: usize) -> f64 {
        let mut dot = Dot(0.0);
        visit([self.view(a), self.view(b)], [], &mut dot);
        dot.0
    }

    /// Returns the largest absolute value, and the sum of all absolute values.
    pub(super) fn sizes(&self, at: usize) -> [f64; 2] {
        let mut sizes = Sizes([0.0; 2]);
        visit([self.view(at)], [], &mut sizes);
        sizes.0
    }

    /// Updates the buffers of the network with the gradient of the last evaluation.
    pub(super) fn follow_buffers(&mut self) {
        let (network, gradient) = self.pair(NETWORK, GRADIENT);
        if network.description().has_buffers() {
            visit([gradient], [network], &mut FollowBuffers);
        }
    }

    /// Evaluates the network. All numbers of the network and of the gradient must be finite.
    pub(super) fn evaluate_finite(&mut self, sign: f64) -> Result<f64, Error> {
        if let Some((parameter, element, value)) = first_non_finite(self.view(NETWORK)) {
            return Err(Error::StepOverflow { parameter, element, value });
        }
        let loss = sign * self.evaluate()?;
        if let Some((parameter, element, value)) = first_non_finite(self.view(NEW)) {
            return Err(Error::NonFiniteGradient { parameter, element, value });
        }
        if sign < 0.0 {
            self.combine(-1.0, NEW, 0.0, GRADIENT);
        }
        if loss.is_finite() { Ok(loss) } else { Err(Error::NonFiniteLoss { value: loss }) }
    }
}

fn is_buffer(parameter: &Parameter<'_>) -> bool {
    matches!(parameter.role, Role::Buffer { .. })
}

struct Combine<T> {
    own: T,
    other: T,
}

impl Visitor<1, 1> for Combine<f64> {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        if !is_buffer(parameter) {
            let [own, other] = [self.own, self.other].map(T::from_f64);
            elementwise(&Combine { own, other }, [from], [to]);
        }
    }
}

impl<T: Real> Elementwise<T, 1, 1> for Combine<T> {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to]: [T; 1]) -> [T; 1] {
        [self.own * to + self.other * from]
    }
}

/// Copies buffers too. The gradient of a buffer is its distance from the value of the batch.
struct Copy;

impl Visitor<1, 1> for Copy {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        to.copy_from_slice(from);
    }
}

struct Dot(f64);

impl Visitor<2, 0> for Dot {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [a, b]: [&[T]; 2], []: [&mut [T]; 0]) {
        if is_buffer(parameter) {
            return;
        }
        let mut sums = [0.0; 8];
        for (a, b) in a.chunks(8).zip(b.chunks(8)) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a.to_f64() * b.to_f64();
            }
        }
        self.0 += sums.iter().sum::<f64>();
    }
}

struct Sizes([f64; 2]);

impl Visitor<1, 0> for Sizes {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if !is_buffer(parameter) {
            self.0[0] = self.0[0].max(largest(xs));
            self.0[1] += xs.iter().map(|x| x.to_f64().abs()).sum::<f64>();
        }
    }
}

struct FollowBuffers;

impl Visitor<1, 1> for FollowBuffers {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        if let Role::Buffer { momentum, .. } = parameter.role {
            follow(momentum, to, from);
        }
    }
}
