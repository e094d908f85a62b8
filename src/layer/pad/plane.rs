//! The arithmetic of padding planes. An image has one plane for each channel. A sequence is one plane, with a row for
//! each step.

use super::PadMode;
use super::mode::Fill;
use crate::kernel::Real;
use crate::layer::{Effect, Reach, Window};

/// One side of a plane, and its padding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    pub(crate) side: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

impl Ends {
    const fn padded(&self) -> usize {
        self.before + self.side + self.after
    }

    /// Returns the index in the side of the number at this place of the padded side, or `None` for the constant.
    #[inline(always)]
    fn source<M: PadMode>(&self, at: usize) -> Option<usize> {
        let Self { side, before, .. } = *self;
        let inside = at.wrapping_sub(before);
        if inside < side {
            return Some(inside);
        }
        let first = at < before;
        match M::FILL {
            Fill::Constant(_) => None,
            Fill::Reflect => Some(if first { before - at } else { 2 * (side - 1) - inside }),
            Fill::Replicate => Some(if first { 0 } else { side - 1 }),
            Fill::Circular => Some(if first { side - (before - at) } else { inside - side }),
        }
    }

    /// Returns the places beyond the border.
    #[inline(always)]
    fn beyond(&self) -> impl Iterator<Item = usize> {
        (0..self.before).chain(self.before + self.side..self.padded())
    }

    const fn reach(&self, fill: Fill) -> Reach {
        let (before, after) = (self.before as isize, self.after as isize);
        let [first, last] = match fill {
            Fill::Reflect => [-before - 2 * after, before],
            Fill::Replicate => [-before - after, 0],
            _ => [-before, -before],
        };
        Reach { stride: 1, first, last }
    }
}

/// Planes with padding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plane {
    pub(crate) rows: Ends,
    pub(crate) columns: Ends,
}

impl Plane {
    /// Returns the window.
    pub(super) const fn window<M: PadMode>(&self) -> Window {
        match M::FILL {
            Fill::Circular => Window::WHOLE,
            fill => Window::along([self.rows.reach(fill), self.columns.reach(fill)]),
        }
    }

    /// Returns the effect. The gradient at a constant is lost. For repeated numbers the effect depends on how similar
    /// the gradients at these places are.
    pub(super) const fn effect<M: PadMode>(&self) -> Effect {
        match M::FILL {
            Fill::Constant(_) => {
                let inside = (self.rows.side * self.columns.side) as f64;
                Effect::Pool { gradient: inside / (self.rows.padded() * self.columns.padded()) as f64 }
            }
            _ => Effect::Unknown,
        }
    }

    /// Pads the planes of `x`.
    #[inline]
    pub(super) fn pad<T: Real, M: PadMode>(&self, x: &[T], y: &mut [T]) {
        let Self { rows, columns } = *self;
        let fill = T::from_f64(if let Fill::Constant(number) = M::FILL { number } else { 0.0 });
        let planes = x.chunks_exact((rows.side * columns.side).max(1));
        for (x, y) in planes.zip(y.chunks_exact_mut((rows.padded() * columns.padded()).max(1))) {
            for (row, y) in y.chunks_exact_mut(columns.padded()).enumerate() {
                let Some(from) = rows.source::<M>(row) else {
                    y.fill(fill);
                    continue;
                };
                let x = &x[from * columns.side..][..columns.side];
                y[columns.before..][..columns.side].copy_from_slice(x);
                for at in columns.beyond() {
                    y[at] = columns.source::<M>(at).map_or(fill, |from| x[from]);
                }
            }
        }
    }

    /// Computes the gradient of the planes from the gradient of the padded planes.
    #[inline]
    pub(super) fn gradient<T: Real, M: PadMode>(&self, dy: &[T], dx: &mut [T]) {
        let Self { rows, columns } = *self;
        dx.fill(T::zero());
        let padded = dy.chunks_exact((rows.padded() * columns.padded()).max(1));
        for (dx, dy) in dx.chunks_exact_mut((rows.side * columns.side).max(1)).zip(padded) {
            for (row, dy) in dy.chunks_exact(columns.padded()).enumerate() {
                let Some(from) = rows.source::<M>(row) else { continue };
                let dx = &mut dx[from * columns.side..][..columns.side];
                dx.iter_mut().zip(&dy[columns.before..]).for_each(|(dx, &dy)| *dx += dy);
                for at in columns.beyond() {
                    if let Some(from) = columns.source::<M>(at) {
                        dx[from] += dy[at];
                    }
                }
            }
        }
    }
}
