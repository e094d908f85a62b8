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

/// A padding as a number, or as a rule that determines it.
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

/// How much padding is before a side. The padding after it follows from the number of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisPadding {
    /// A fixed number.
    Before(usize),
    /// Half of the padding, rounded down.
    Same,
    /// Half of the padding, rounded up.
    SameLower,
    /// The whole padding.
    Causal,
}

/// Windows along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowAxis {
    /// How many numbers a window contains.
    pub kernel: usize,
    /// The distance from one window to the next.
    pub stride: usize,
    /// The distance between the numbers of a window.
    pub dilation: usize,
    /// The padding.
    pub padding: AxisPadding,
}

impl WindowAxis {
    /// Returns windows without gaps, with the same padding at both ends.
    pub(crate) const fn plain(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel, stride, dilation: 1, padding: AxisPadding::Before(padding) }
    }

    /// Returns the span of a window, including its gaps: DILATION (K - 1) + 1.
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

    /// Returns how many numbers of the transposed windows are removed before the first number of the output. The output
    /// is a side of `side` numbers for `places` input numbers.
    pub const fn cut_before(&self, side: usize, places: usize) -> usize {
        match self.padding {
            AxisPadding::Causal => 0,
            _ => self.before(side, places),
        }
    }

    /// Returns the window of a layer with transposed windows over rows and columns, given the sides of its output and
    /// its input. With a stride of 1, transposed windows are also windows.
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

    /// Returns the reach: the number p of the output depends on the numbers p + before - dilation * k of the input.
    const fn transposed_reach(&self, side: usize, places: usize) -> Reach {
        let last = 0_isize.saturating_add_unsigned(self.cut_before(side, places));
        Reach { stride: 1, first: last.saturating_sub_unsigned(self.span() - 1), last }
    }

    /// Returns the places of a side of `side` numbers on which each of `places` windows depends.
    pub const fn reach(&self, side: usize, places: usize) -> Reach {
        Reach::of_span(self.span(), self.stride, self.before(side, places))
    }
}
