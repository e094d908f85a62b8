//! The windows along one axis as numbers, for kernels and plans.

use super::{Causal, Same, SameLower};
use crate::layer::{Reach, Window};
use crate::tensor::side::{Axis, Ends, Fitted, Side};

/// An [`Axis`] as numbers.
pub trait AxisNumbers: 'static {
    /// The numbers.
    const NUMBERS: WindowAxis;
}

impl<const K: usize, const S: usize, const D: usize, P: PaddingNumbers, R: 'static> AxisNumbers
    for Axis<Side<K>, Side<S>, Side<D>, P, R>
{
    const NUMBERS: WindowAxis = WindowAxis { kernel: K, stride: S, dilation: D, padding: P::PADDING };
}

/// A padding as a number, or as a rule from which it follows.
pub trait PaddingNumbers: 'static {
    /// The padding.
    const PADDING: AxisPadding;
}

impl<const BEFORE: usize, const AFTER: usize> PaddingNumbers for Ends<BEFORE, AFTER> {
    const PADDING: AxisPadding = AxisPadding::Before(BEFORE);
}

impl PaddingNumbers for Fitted<Same> {
    const PADDING: AxisPadding = AxisPadding::Same;
}

impl PaddingNumbers for Fitted<SameLower> {
    const PADDING: AxisPadding = AxisPadding::SameLower;
}

impl PaddingNumbers for Fitted<Causal> {
    const PADDING: AxisPadding = AxisPadding::Causal;
}

/// How much padding is before a side. How much is after it follows from the number of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisPadding {
    /// This much.
    Before(usize),
    /// Half of all, rounded down.
    Same,
    /// Half of all, rounded up.
    SameLower,
    /// All of it.
    Causal,
}

/// Windows along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAxis {
    /// How many numbers a window covers.
    pub kernel: usize,
    /// The distance from one window to the next.
    pub stride: usize,
    /// The distance between the numbers that a window covers.
    pub dilation: usize,
    /// The padding.
    pub padding: AxisPadding,
}

impl WindowAxis {
    /// Windows without gaps, with the same padding at both ends.
    pub(crate) const fn plain(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel, stride, dilation: 1, padding: AxisPadding::Before(padding) }
    }

    /// Returns over how many numbers a window extends, with what it leaves out: DILATION (K - 1) + 1.
    pub const fn span(&self) -> usize {
        self.dilation.saturating_mul(self.kernel.saturating_sub(1)).saturating_add(1)
    }

    /// Returns how many zeros are before a side of `side` numbers with `places` windows.
    pub const fn before(&self, side: usize, places: usize) -> usize {
        let last = places.saturating_sub(1).saturating_mul(self.stride);
        let all = last.saturating_add(self.span()).saturating_sub(side);
        match self.padding {
            AxisPadding::Before(before) => before,
            AxisPadding::Same => all / 2,
            AxisPadding::SameLower => all.div_ceil(2),
            AxisPadding::Causal => self.span() - 1,
        }
    }

    /// Returns how many numbers a transposed window loses before the first one of its output, a side of `side` numbers
    /// made of `places`.
    pub const fn cut_before(&self, side: usize, places: usize) -> usize {
        match self.padding {
            AxisPadding::Causal => 0,
            _ => self.before(side, places),
        }
    }

    /// Returns the window of a layer with transposed windows over rows and columns, from the sides of its output and
    /// of its input. With a stride of 1 they are windows too.
    pub(crate) const fn transposed_window(
        self,
        columns: Self,
        sides: [usize; 2],
        places: [usize; 2],
    ) -> Window {
        if self.stride != 1 || columns.stride != 1 {
            return Window::WHOLE;
        }
        Window::along([
            self.transposed_reach(sides[0], places[0]),
            columns.transposed_reach(sides[1], places[1]),
        ])
    }

    /// The number p of the output depends on the numbers p + before - dilation * k of the input.
    const fn transposed_reach(&self, side: usize, places: usize) -> Reach {
        let last = 0_isize.saturating_add_unsigned(self.cut_before(side, places));
        Reach { stride: 1, first: last.saturating_sub_unsigned(self.span() - 1), last }
    }

    /// Returns which places of a side of `side` numbers each of `places` windows depends on.
    pub const fn reach(&self, side: usize, places: usize) -> Reach {
        Reach::of_span(self.span(), self.stride, self.before(side, places))
    }
}
