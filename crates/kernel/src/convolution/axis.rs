//! One axis of a correlation: which numbers of the source are summed in which number of the target.

use core::ops::Range;

use super::WindowPlaces;

/// Places of the target, at distances of `apart`; the one at `place` is the sum over the taps `j` of the weight at
/// `tap + j * tap_step` times the source at `place * step + shift + j * spacing`, where that is on the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) first: usize,
    pub(super) apart: usize,
    pub(super) places: usize,
    pub(super) step: usize,
    pub(super) spacing: usize,
    shift: isize,
    pub(super) taps: usize,
    tap: usize,
    tap_step: isize,
    pub(super) source: usize,
}

impl Axis {
    /// The convolution, which has one phase, or a phase of its transpose.
    pub(super) const fn new(windows: &WindowPlaces, transposed: bool, phase: usize) -> Self {
        if transposed { Self::transpose(windows, phase) } else { Self::convolution(windows) }
    }

    /// Returns how many phases there are.
    pub(super) const fn phases(windows: &WindowPlaces, transposed: bool) -> usize {
        if transposed { windows.stride } else { 1 }
    }

    /// The convolution: every place of the output, from a window of the image.
    const fn convolution(windows: &WindowPlaces) -> Self {
        Self {
            first: 0,
            apart: 1,
            places: windows.places,
            step: windows.stride,
            spacing: windows.dilation,
            shift: -(windows.before as isize),
            taps: windows.kernel,
            tap: 0,
            tap_step: 1,
            source: windows.side,
        }
    }

    /// The transpose: those pixels of the image, from `phase` on, that the same taps reach, a stride apart. They are a
    /// convolution of the output with these taps, last to first, in steps of 1. The phases from 0 up to the stride are
    /// all pixels.
    ///
    /// A tap k of the window at place t is on the padded pixel `stride * t + dilation * k`. For pixels that are a
    /// stride apart, these are the taps from the first such one, k₀, on in steps of stride / g, at places that are
    /// dilation / g apart, where g is the greatest common divisor of both.
    const fn transpose(windows: &WindowPlaces, phase: usize) -> Self {
        let WindowPlaces { side, kernel, stride, dilation, before, places } = *windows;
        let pixel = phase + before;
        // The first tap, the place of the window whose first tap is on the pixel, and the steps of both.
        let (first_tap, base, tap_step, spacing) = if dilation == 1 {
            (pixel % stride, (pixel / stride) as isize, stride, 1)
        } else {
            let divisor = greatest_common_divisor(stride, dilation);
            let (tap_step, mut first_tap) = (stride / divisor, 0);
            while first_tap < kernel && pixel % stride != first_tap * dilation % stride {
                // The rests repeat after `tap_step` taps.
                first_tap = if first_tap + 1 < tap_step { first_tap + 1 } else { kernel };
            }
            // Without a tap, the place is not used.
            let first = if first_tap < kernel { first_tap * dilation } else { pixel };
            (first_tap, (pixel as isize - first as isize) / stride as isize, tap_step, dilation / divisor)
        };
        let taps = kernel.saturating_sub(first_tap).div_ceil(tap_step);
        let more = taps.saturating_sub(1);
        Self {
            first: phase,
            apart: stride,
            places: side.saturating_sub(phase).div_ceil(stride),
            step: 1,
            spacing,
            shift: base - (more * spacing) as isize,
            taps,
            tap: first_tap + more * tap_step,
            tap_step: -(tap_step as isize),
            source: places,
        }
    }

    /// Returns the index of the weight of tap `j`.
    pub(super) const fn weight(&self, j: usize) -> usize {
        self.tap.wrapping_add_signed(j as isize * self.tap_step)
    }

    /// Returns the index in the source of the first tap of a place; negative where it is before the source.
    #[inline(always)]
    pub(super) const fn source(&self, place: usize) -> isize {
        (place * self.step) as isize + self.shift
    }

    /// Returns the taps that are on the source for at least one of `together` places from this one on, and those
    /// between them.
    #[inline(always)]
    pub(super) const fn on_source(&self, place: usize, together: usize) -> Range<usize> {
        let (first, last) = (self.source(place), self.source(place + together - 1));
        let (mut start, mut end) =
            (clamp(-last, usize::MAX), clamp(self.source as isize - first, usize::MAX));
        if self.spacing != 1 {
            (start, end) = (start.div_ceil(self.spacing), end.div_ceil(self.spacing));
        }
        let end = if end < self.taps { end } else { self.taps };
        (if start < end { start } else { end })..end
    }

    /// Returns how far beyond either end of the source is read, if `together` places are computed at once.
    pub(super) const fn margins(&self, together: usize) -> [usize; 2] {
        if self.places == 0 || self.taps == 0 {
            return [0; 2];
        }
        let most = (together - 1) * self.step;
        let last = self.source(self.places - 1) + ((self.taps - 1) * self.spacing + 1) as isize;
        [clamp(-self.shift, most), clamp(last - self.source as isize, most)]
    }
}

/// Returns the greatest common divisor of two numbers that are not 0.
const fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
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
