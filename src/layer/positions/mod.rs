//! Positions: they distinguish the steps of a sequence in layers that do not depend on the order of the steps, such as
//! attention.

mod learned;
mod sinusoidal;

pub use learned::LearnedPositions;
#[doc(hidden)]
pub use learned::{HasPositions, Longest};
pub use sinusoidal::SinusoidalPositions;
pub(crate) use sinusoidal::{fill, frequency};

use crate::kernel::{Elementwise, Real};

/// Computes y = x + p.
pub(super) struct AddPosition;

impl<T: Real> Elementwise<T, 2, 1> for AddPosition {
    #[inline(always)]
    fn apply(&self, [x, position]: [T; 2], _: [T; 1]) -> [T; 1] {
        [x + position]
    }
}
