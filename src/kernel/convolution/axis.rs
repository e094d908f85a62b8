//! One axis of a correlation: which numbers of the source meet at which of the target.

use core::ops::Range;

use super::Windows;

/// Places of the target, `apart` from one another; the one at `place` is the sum over the taps `j` of the weight at
/// `tap + j * tap_step` times the source at `place * step + shift + j`, where that is on the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) first: usize,
    pub(super) apart: usize,
    pub(super) places: usize,
    pub(super) step: usize,
    shift: isize,
    pub(super) taps: usize,
    tap: usize,
    tap_step: isize,
    source: usize,
}

impl Axis {
    /// The convolution, which has one phase, or a phase of its transpose.
    pub(super) fn of(windows: &Windows, transposed: bool, phase: usize, side: usize, out: usize) -> Self {
        if transposed {
            Self::transpose(windows, side, out, phase)
        } else {
            Self::convolution(windows, side, out)
        }
    }

    /// The convolution: every place of the output, from a window of the image.
    fn convolution(windows: &Windows, side: usize, out: usize) -> Self {
        Self {
            first: 0,
            apart: 1,
            places: out,
            step: windows.stride,
            shift: -(windows.padding as isize),
            taps: windows.kernel,
            tap: 0,
            tap_step: 1,
            source: side,
        }
    }

    /// The transpose: those pixels of the image, from `phase` on, that the same taps reach, a stride apart. They are a
    /// convolution of the output with these taps, last to first, in steps of 1. The phases from 0 up to the stride are all pixels.
    fn transpose(windows: &Windows, side: usize, out: usize, phase: usize) -> Self {
        let Windows { kernel, stride, padding, .. } = *windows;
        let (base, first_tap) = ((phase + padding) / stride, (phase + padding) % stride);
        let taps = kernel.saturating_sub(first_tap).div_ceil(stride);
        Self {
            first: phase,
            apart: stride,
            places: side.saturating_sub(phase).div_ceil(stride),
            step: 1,
            shift: base as isize - taps.saturating_sub(1) as isize,
            taps,
            tap: first_tap + taps.saturating_sub(1) * stride,
            tap_step: -(stride as isize),
            source: out,
        }
    }

    /// Where the tap `j` has its weight.
    pub(super) fn weight(&self, j: usize) -> usize {
        self.tap.wrapping_add_signed(j as isize * self.tap_step)
    }

    /// Where the first tap of a place lies on the source, or before it.
    #[inline(always)]
    pub(super) fn source(&self, place: usize) -> isize {
        (place * self.step) as isize + self.shift
    }

    /// The taps of so many places from this one on, of which at least one is on the source.
    #[inline(always)]
    pub(super) fn on_source(&self, place: usize, together: usize) -> Range<usize> {
        let (first, last) = (self.source(place), self.source(place + together - 1));
        let end = (self.source as isize - first).clamp(0, self.taps as isize) as usize;
        (-last).clamp(0, end as isize) as usize..end
    }

    /// How far beyond either end of the source is read, if so many places are worked on together.
    pub(super) fn margins(&self, together: usize) -> [usize; 2] {
        if self.places == 0 || self.taps == 0 {
            return [0; 2];
        }
        let most = (together - 1) * self.step;
        let last = self.source(self.places - 1) + self.taps as isize - self.source as isize;
        [-self.shift, last].map(|beyond| beyond.clamp(0, most as isize) as usize)
    }
}
