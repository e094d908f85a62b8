//! Where the direct convolutions read: bands of a source's rows, copied with their padding, so that every tap of every
//! place is a number at a constant distance from that of the first tap.

use super::axis::Axis;
use super::{WindowPlaces, Windows};
use crate::simd::{Level, VECTOR_BYTES, Vector};
use crate::{Real, size};

/// The most taps of a channel: their distances are in a table on the stack.
pub(super) const MOST_TAPS: usize = 64;

/// One axis of the copies. With a `step` between places, each copy is `step` planes: the numbers at multiples of the
/// step, those after them, and so on.
#[derive(Clone, Copy)]
pub(super) struct Side {
    source: usize,
    /// The zeros before the source.
    before: usize,
    pub(super) step: usize,
    /// The places of the target, in the phase that has the most.
    pub(super) places: usize,
    /// How many numbers of a plane follow the first tap of the last place.
    more: usize,
}

impl Side {
    const fn new(windows: &WindowPlaces, transposed: bool) -> Self {
        let phases = Axis::phases(windows, transposed);
        let (mut before, mut places, mut phase) = (0, 0, 0);
        while phase < phases {
            let axis = Axis::new(windows, transposed, phase);
            if axis.taps > 0 && axis.source(0) < -(before as isize) {
                before = axis.source(0).unsigned_abs();
            }
            places = size::larger(places, axis.places);
            phase += 1;
        }
        let first = Axis::new(windows, transposed, 0);
        let mut side = Self { source: first.source, before, step: first.step, places, more: 0 };
        phase = 0;
        while phase < phases {
            let axis = Axis::new(windows, transposed, phase);
            if axis.taps > 0 {
                side.more = size::larger(side.more, side.at(&axis, axis.taps - 1)[1]);
            }
            phase += 1;
        }
        side
    }

    /// Returns the plane and the index of tap `j` of the place 0 of a phase of the target.
    #[inline(always)]
    const fn at(&self, axis: &Axis, j: usize) -> [usize; 2] {
        let at = (axis.source(0) + self.before as isize) as usize + j * axis.spacing;
        if self.step == 1 { [0, at] } else { [at % self.step, at / self.step] }
    }
}

/// The copies of a band of every channel of one group.
#[derive(Clone, Copy)]
pub(super) struct Bands {
    channels: usize,
    pub(super) rows: Side,
    pub(super) columns: Side,
    /// How many rows of places a band has.
    pub(super) band: usize,
}

impl Bands {
    /// Bands of about this number of `bytes`, and of at least `least` places.
    pub(super) const fn new<T>(
        windows: &Windows,
        transposed: bool,
        channels: usize,
        bytes: usize,
        least: usize,
    ) -> Self {
        let (rows, columns) = (Side::new(&windows.rows, transposed), Side::new(&windows.columns, transposed));
        let mut bands = Self { channels, rows, columns, band: 1 };
        let row = channels * rows.step * columns.step * bands.pitch() * size_of::<T>();
        let fit = size::larger((bytes / row).saturating_sub(rows.more), least.div_ceil(bands.pitch()));
        let fit = size::larger(fit, 1);
        bands.band = rows.places.div_ceil(rows.places.div_ceil(fit));
        bands
    }

    /// Returns the length of a row of a plane.
    #[inline(always)]
    pub(super) const fn pitch(&self) -> usize {
        self.columns.places + self.columns.more
    }

    /// Returns the length of the planes of a channel.
    #[inline(always)]
    pub(super) const fn channel(&self) -> usize {
        self.rows.step * self.columns.step * (self.band + self.rows.more) * self.pitch()
    }

    /// Returns the length of the copies, and a vector more, which is read and written past their end.
    pub(super) const fn len<T>(&self) -> usize {
        size::sum([size::product([self.channels, self.channel()]), VECTOR_BYTES / size_of::<T>()])
    }

    /// Returns where tap `(i, j)` of place 0 of a phase of the target is, from the start of a channel on.
    #[inline(always)]
    pub(super) const fn tap(&self, y: &Axis, x: &Axis, i: usize, j: usize) -> usize {
        let ([y_plane, y], [x_plane, x]) = (self.rows.at(y, i), self.columns.at(x, j));
        ((y_plane * self.columns.step + x_plane) * (self.band + self.rows.more) + y) * self.pitch() + x
    }

    /// Copies the channels of one sample, for a band from this row of places on.
    ///
    /// # Safety
    /// The channels can be read at `from`, and [`len`](Self::len) numbers can be written at `to`. The processor has the
    /// level.
    #[inline(always)]
    pub(super) unsafe fn fill<L: Level, T: Real>(&self, from: *const T, first: usize, to: *mut T) {
        let Self { channels, rows, columns, band, .. } = *self;
        let (pitch, width) = (self.pitch(), columns.source);
        let mut to = to;
        for channel in 0..channels {
            for plane in 0..rows.step * columns.step {
                let (y_plane, x_plane) = (plane / columns.step, plane % columns.step);
                for row in first..first + band + rows.more {
                    let y = row * rows.step + y_plane;
                    // SAFETY: the row `y - before` of the channel is checked to be on the source. All rows are written
                    // one after the other, each up to a vector past its end.
                    unsafe {
                        if y < rows.before || y - rows.before >= rows.source {
                            zeros::<L, T>(to, pitch);
                        } else {
                            let from = from.add((channel * rows.source + y - rows.before) * width);
                            if columns.step == 1 {
                                fill_row::<L, T>(from, width, columns.before, to, pitch);
                            } else {
                                for at in 0..pitch {
                                    let x = at * columns.step + x_plane;
                                    let on = x >= columns.before && x - columns.before < width;
                                    *to.add(at) = if on { *from.add(x - columns.before) } else { T::zero() };
                                }
                            }
                        }
                        to = to.add(pitch);
                    }
                }
            }
        }
    }
}

/// Writes zeros, in whole vectors.
///
/// # Safety
/// `len` numbers and a vector can be written at `to`. The processor has the level.
#[inline(always)]
unsafe fn zeros<L: Level, T: Real>(to: *mut T, len: usize) {
    let mut at = 0;
    while at < len {
        // SAFETY: the vector begins before `len`.
        unsafe { T::Vector::<L>::zero().write(to.add(at)) };
        at += T::Vector::<L>::LANES;
    }
}

/// Copies `width` numbers with `before` zeros before them, and with as many after them that there are `pitch`, or fewer
/// of the numbers. It writes whole vectors.
///
/// # Safety
/// `width` numbers can be read at `from`; `pitch` numbers and a vector can be written at `to`. The processor has the
/// level.
#[inline(always)]
pub(super) unsafe fn fill_row<L: Level, T: Real>(
    from: *const T,
    width: usize,
    before: usize,
    to: *mut T,
    pitch: usize,
) {
    let lanes = T::Vector::<L>::LANES;
    let before = if before < pitch { before } else { pitch };
    let width = if width < pitch - before { width } else { pitch - before };
    // SAFETY: numbers below `width` are read; each vector that is written begins before `pitch`.
    unsafe {
        zeros::<L, T>(to, before);
        let to = to.add(before);
        let mut at = 0;
        while at + lanes <= width {
            T::Vector::<L>::read(from.add(at)).write(to.add(at));
            at += lanes;
        }
        if at < width {
            // The other lanes are zeros.
            T::Vector::<L>::read_first(from.add(at), width - at).write(to.add(at));
            at += lanes;
        }
        if at < pitch - before {
            zeros::<L, T>(to.add(at), pitch - before - at);
        }
    }
}
