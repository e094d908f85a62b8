//! One axis of a correlation: which numbers of the source are summed in which number of the target.

use core::ops::Range;

use super::Windows;

/// Places of the target, at distances of `apart`; the one at `place` is the sum over the taps `j` of the weight at
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
    pub(super) const fn new(
        windows: &Windows,
        transposed: bool,
        phase: usize,
        side: usize,
        out: usize,
    ) -> Self {
        if transposed {
            Self::transpose(windows, side, out, phase)
        } else {
            Self::convolution(windows, side, out)
        }
    }

    /// The convolution: every place of the output, from a window of the image.
    const fn convolution(windows: &Windows, side: usize, out: usize) -> Self {
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
    /// convolution of the output with these taps, last to first, in steps of 1. The phases from 0 up to the stride are
    /// all pixels.
    const fn transpose(windows: &Windows, side: usize, out: usize, phase: usize) -> Self {
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

    /// Returns the index of the weight of tap `j`.
    pub(super) fn weight(&self, j: usize) -> usize {
        self.tap.wrapping_add_signed(j as isize * self.tap_step)
    }

    /// Returns the index in the source of the first tap of a place; negative where it is before the source.
    #[inline(always)]
    pub(super) const fn source(&self, place: usize) -> isize {
        (place * self.step) as isize + self.shift
    }

    /// Returns the taps that are on the source for at least one of `together` places from this one on.
    #[inline(always)]
    pub(super) const fn on_source(&self, place: usize, together: usize) -> Range<usize> {
        let (first, last) = (self.source(place), self.source(place + together - 1));
        let end = clamp(self.source as isize - first, self.taps);
        clamp(-last, end)..end
    }

    /// Returns how far beyond either end of the source is read, if `together` places are computed at once.
    pub(super) const fn margins(&self, together: usize) -> [usize; 2] {
        if self.places == 0 || self.taps == 0 {
            return [0; 2];
        }
        let most = (together - 1) * self.step;
        let last = self.source(self.places - 1) + self.taps as isize - self.source as isize;
        [clamp(-self.shift, most), clamp(last, most)]
    }
}

/// `x`, but at least 0 and at most `most`.
#[inline(always)]
const fn clamp(x: isize, most: usize) -> usize {
    if x < 0 {
        0
    } else if x as usize > most {
        most
    } else {
        x as usize
    }
}
