//! The sums of the gradients of a batch's pieces, always in the same order.

use alloc::vec::Vec;

use chainrule_parameters::{Owned, Parameters, View, ViewMut};

use super::data_parallel::{MOST, among_threads};
use crate::Error;
use crate::kernel::{Elementwise, Real, elementwise};
use crate::layer::{Parameter, TableRows, Visitor, visit};
use crate::network::Network;
use crate::stream::Rows;

/// The sums of the gradients of all pieces.
pub(super) struct Sums<'a, N> {
    /// Memory for the gradients of pieces.
    pub(super) gradients: &'a mut Vec<Owned<N>>,
    pub(super) errors: &'a mut Option<Owned<N>>,
    /// The number of pieces.
    pub(super) count: usize,
    /// The number of pieces in a group. The gradients of a group are added in pairs, and the groups one after the
    /// other.
    pub(super) at_once: usize,
    /// The number of samples of a piece.
    pub(super) samples: usize,
    pub(super) states: Rows<'a>,
    /// The sum.
    pub(super) gradient: &'a mut Owned<N>,
}

impl<N: Parameters> Sums<'_, N> {
    /// Computes all pieces, and adds their gradients. Returns the loss.
    pub(super) fn here(self, work: Work<'_>) -> Result<f64, Error> {
        let Self { gradients, errors, count, at_once, samples, mut states, gradient } = self;
        gradients.resize_with(at_once.max(gradients.len()), Owned::zeros);
        let mut mean = 0.0;
        for first in (0..count).step_by(at_once) {
            let here = at_once.min(count - first);
            mean += sum_pieces(&mut gradients[..here], first, samples, &mut states, work)?;
            if first == 0 {
                core::mem::swap(gradient, &mut gradients[0]);
            } else {
                let errors = errors.get_or_insert_with(Owned::zeros);
                if first == at_once {
                    errors.set_zero();
                }
                let sum = ViewMut::of(&mut **gradient);
                add_compensated(View::of(&*gradients[0]), sum, ViewMut::of(&mut **errors));
            }
        }
        Ok(mean)
    }
}

/// Computes one piece for each of these gradients, starting with the piece `first`. Sums the gradients into the first
/// one, and returns the sum of the losses.
pub(super) fn sum_pieces<N: Parameters>(
    gradients: &mut [Owned<N>],
    first: usize,
    samples: usize,
    states: &mut Rows<'_>,
    work: Work<'_>,
) -> Result<f64, Error> {
    let mut pieces: [Option<Piece<'_>>; MOST] = Default::default();
    let count = gradients.len();
    for (piece, gradient) in pieces.iter_mut().zip(gradients) {
        let (here, others) = core::mem::take(states).split_at(samples);
        *states = others;
        *piece = Some(Piece { gradient: ViewMut::of(&mut **gradient), states: here, loss: Ok(0.0) });
    }
    let pieces = &mut pieces[..count];
    among_threads(count > 1, || sum(pieces, first, work))
}

/// The share of a piece in the batch's loss and gradient.
struct Piece<'a> {
    gradient: ViewMut<'a>,
    states: Rows<'a>,
    loss: Result<f64, Error>,
}

/// Computes the gradient of one piece. Returns its loss.
#[cfg(feature = "threads")]
pub(super) type Work<'a> = &'a (dyn Fn(usize, ViewMut<'_>, Rows<'_>) -> Result<f64, Error> + Sync);
#[cfg(not(feature = "threads"))]
pub(super) type Work<'a> = &'a dyn Fn(usize, ViewMut<'_>, Rows<'_>) -> Result<f64, Error>;

/// Sums several pieces of the batch into the first of them, recursively by halves. The order does not depend on the
/// threads.
fn sum(pieces: &mut [Option<Piece<'_>>], first: usize, work: Work<'_>) -> Result<f64, Error> {
    let halves = pieces.len() / 2;
    if let [Some(piece)] = pieces {
        piece.loss = work(first, piece.gradient.reborrow(), core::mem::take(&mut piece.states));
        return piece.loss.clone();
    }
    let (left, right) = pieces.split_at_mut(halves);
    let (mut one, mut other) = (Ok(0.0), Ok(0.0));
    join(|| one = sum(left, first, work), || other = sum(right, first + halves, work));
    if let ([Some(left), ..], [Some(right), ..]) = (left, right) {
        add(right.gradient.as_view(), left.gradient.reborrow());
    }
    Ok(one? + other?)
}

/// Computes `to += from`.
fn add(from: View<'_>, to: ViewMut<'_>) {
    visit([from], [to], &mut Add);
}

struct Add;

impl Visitor<1, 1> for Add {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        elementwise(&Sum, [from], [to]);
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<1, 1> {
        TableRows::TouchedIn([true], [false])
    }
}

pub(super) struct Sum;

impl<T: Real> Elementwise<T, 1, 1> for Sum {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to]: [T; 1]) -> [T; 1] {
        [to + from]
    }
}

/// Computes `to += from` with Kahan's compensation. `errors` is 0 before the first call, and then contains what was
/// rounded away. So the rounding errors do not grow with the number of terms.
///
/// # Source
/// Kahan, "Further remarks on reducing truncation errors", Communications of the ACM 8 (1965).
pub(super) fn add_compensated(from: View<'_>, to: ViewMut<'_>, errors: ViewMut<'_>) {
    visit([from], [to, errors], &mut AddCompensated);
}

struct AddCompensated;

impl Visitor<1, 2> for AddCompensated {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], write: [&mut [T]; 2]) {
        elementwise(&CompensatedSum, [from], write);
    }

    fn rows(&self, _: &Parameter<'_>) -> TableRows<1, 2> {
        TableRows::TouchedIn([true], [false, true])
    }
}

pub(super) struct CompensatedSum;

impl<T: Real> Elementwise<T, 1, 2> for CompensatedSum {
    #[inline(always)]
    fn apply(&self, [from]: [T; 1], [to, error]: [T; 2]) -> [T; 2] {
        let term = from - error;
        let sum = to + term;
        [sum, (sum - to) - term]
    }
}

/// Runs both functions, in parallel if there are several threads.
#[cfg(feature = "threads")]
fn join(one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
    if rayon::current_num_threads() > 1 {
        rayon::join(one, other);
    } else {
        one();
        other();
    }
}

#[cfg(not(feature = "threads"))]
fn join(one: impl FnOnce(), other: impl FnOnce()) {
    one();
    other();
}
