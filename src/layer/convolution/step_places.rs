//! The windows on one sequence: the convolution, the transposed convolution and the gradient of the weights.
//!
//! A sequence is stored step by step. A window without gaps is therefore one slice. All windows that are completely
//! inside the sequence are the rows of one matrix, which a product reads in place. With a dilation there is one product
//! for each tap of the window. Groups of features are so narrow that loops over the features are used instead.

use core::ops::Range;

use crate::kernel::{Accumulate, Initial, Real, Strided, gemm, gemm_deep};

/// How many steps of gradients are summed before the sum is added to the total.
const STEPS: usize = 64;

/// How many windows are gathered at a time, if they have gaps or start before the sequence.
pub(super) const GATHERED: usize = 32;

/// The windows on a sequence of `steps`, at `places`. They map groups of in total `from` features to groups of in total
/// `to` features. The weights are `[kernel, from / groups, to]`.
#[derive(Clone, Copy)]
pub(super) struct StepPlaces {
    pub(super) steps: usize,
    pub(super) from: usize,
    pub(super) places: usize,
    pub(super) to: usize,
    pub(super) groups: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) dilation: usize,
    pub(super) before: usize,
}

impl StepPlaces {
    /// Returns how much scratch memory [`transpose`](Self::transpose) and [`weight_gradient`](Self::weight_gradient)
    /// need.
    pub(super) const fn scratch(&self) -> usize {
        match (self.groups, self.dilation, self.stride) {
            (1, 1, _) => self.places * self.kernel * self.from,
            (1, _, 1) => 0,
            (1, _, _) => self.places * self.from,
            _ => self.to,
        }
    }

    /// Returns the memory for gathered windows of a causal convolution.
    pub(super) const fn gathered(&self) -> usize {
        let windows = match (self.dilation, self.before) {
            (1, before) if before < GATHERED => before,
            _ => GATHERED,
        };
        windows * self.kernel * self.from
    }

    /// Returns whether each window contains a step of the sequence.
    const fn are_on_the_sequence(&self) -> bool {
        let last = self.places.saturating_sub(1) * self.stride;
        self.before < self.kernel && last < self.steps + self.before
    }

    /// Calls `f` for each run of places whose windows (without gaps) have the same part inside the sequence. The
    /// arguments are the places, that part of the window, and the step at which the first of these parts starts.
    /// Windows completely inside the sequence are one run. A window across an end is a separate run.
    fn runs(&self, mut f: impl FnMut(Range<usize>, Range<usize>, usize)) {
        let Self { steps, places, kernel, stride, before, .. } = *self;
        let part = |t: usize| {
            let end = (steps + before).saturating_sub(t * stride).min(kernel);
            before.saturating_sub(t * stride)..end
        };
        let mut start = 0;
        while start < places {
            let part_here = part(start);
            let end = (start..places).find(|&t| part(t) != part_here).unwrap_or(places);
            if !part_here.is_empty() {
                let step = start * stride + part_here.start - before;
                f(start..end, part_here, step);
            }
            start = end;
        }
    }

    /// Calls `f` for each tap of the window, with the places at which the tap is inside the sequence, and with its step
    /// at the first of these places.
    fn taps(&self, mut f: impl FnMut(usize, Range<usize>, usize)) {
        for tap in 0..self.kernel {
            let shift = tap * self.dilation;
            let first = self.before.saturating_sub(shift).div_ceil(self.stride);
            let past =
                (self.steps + self.before).saturating_sub(shift).div_ceil(self.stride).min(self.places);
            if first < past {
                f(tap, first..past, first * self.stride + shift - self.before);
            }
        }
    }

    /// Computes `y = W * x`, added to the initial values.
    pub(super) fn convolve<T: Real>(&self, w: &[T], x: &[T], initial: Initial<'_, T>, y: &mut [T]) {
        let Self { from, to, stride, .. } = *self;
        let initial = if self.groups == 1 && self.dilation == 1 && self.are_on_the_sequence() {
            initial
        } else {
            start(initial, y);
            Initial::Output
        };
        if self.groups > 1 {
            return self.each_row(|i, x_at, y_at, w_at| {
                self.add_products(i, &x[x_at..][..from], &w[w_at..][..to], &mut y[y_at..][..to]);
            });
        }
        let mut product = |places: Range<usize>, taps: Range<usize>, first: usize| {
            let w = &w[taps.start * from * to..taps.end * from * to];
            let windows = Strided { numbers: &x[first * from..], strides: [stride * from, 1] };
            let y = &mut y[places.start * to..places.end * to];
            gemm(windows, Strided::rows(w, to), initial, y, taps.len() * from, to);
        };
        if self.dilation == 1 {
            self.runs(product);
        } else {
            self.taps(|tap, places, first| product(places, tap..tap + 1, first));
        }
    }

    /// Computes `x += Wᵀ * y`.
    pub(super) fn transpose<T: Real>(&self, w: &[T], y: &[T], x: &mut [T], scratch: &mut [T]) {
        let Self { from, to, stride, .. } = *self;
        if self.groups > 1 {
            return self.each_row(|i, x_at, y_at, w_at| {
                self.add_dot_products(i, &y[y_at..][..to], &w[w_at..][..to], &mut x[x_at..][..from]);
            });
        }
        let mut product = |places: Range<usize>, taps: Range<usize>, first: usize| {
            let w = Strided::transposed(&w[taps.start * from * to..taps.end * from * to], to);
            let y = Strided::rows(&y[places.start * to..places.end * to], to);
            let (width, x) = (taps.len() * from, &mut x[first * from..]);
            if width == stride * from {
                return gemm(y, w, Initial::Output, &mut x[..places.len() * width], to, width);
            }
            // Windows overlap in x, or leave gaps, so they are computed separately and then added to x.
            let windows = &mut scratch[..places.len() * width];
            gemm(y, w, Initial::Zero, windows, to, width);
            for (step, window) in windows.chunks_exact(width).enumerate() {
                let x = &mut x[step * stride * from..][..width];
                x.iter_mut().zip(window).for_each(|(x, &window)| *x += window);
            }
        };
        if self.dilation == 1 {
            self.runs(product);
        } else {
            self.taps(|tap, places, first| product(places, tap..tap + 1, first));
        }
    }

    /// Computes `dW += Σ x ⊗ y`.
    pub(super) fn weight_gradient<T: Real>(&self, x: &[T], y: &[T], dw: &mut [T], scratch: &mut [T]) {
        let Self { from, to, stride, .. } = *self;
        if self.groups > 1 {
            return self.weight_gradient_of_groups(x, y, dw, &mut scratch[..to]);
        }
        let mut product = |places: Range<usize>, taps: Range<usize>, first: usize| {
            let dw = &mut dw[taps.start * from * to..taps.end * from * to];
            let y = Strided::rows(&y[places.start * to..places.end * to], to);
            let windows = Strided { numbers: &x[first * from..], strides: [1, stride * from] }; // transposed
            gemm_deep(windows, y, Accumulate::Add, dw, places.len(), to);
        };
        if self.dilation == 1 {
            self.runs(product);
        } else {
            self.taps(|tap, places, first| product(places, tap..tap + 1, first));
        }
    }
    /// Calls `f` for each tap, place and feature i of a group. The arguments are i, and the start of the step of `x`,
    /// of the step of `y`, and of the weights of this tap and i.
    fn each_row(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let Self { from, to, groups, stride, .. } = *self;
        let inputs = from / groups;
        self.taps(|tap, places, first| {
            for place in places.clone() {
                let step = first + (place - places.start) * stride;
                for i in 0..inputs {
                    f(i, step * from, place * to, (tap * inputs + i) * to);
                }
            }
        });
    }

    /// Computes `sums[o] += x[i of the group of o] * b[o]`.
    fn add_products<T: Real>(&self, i: usize, x: &[T], b: &[T], sums: &mut [T]) {
        let (inputs, outputs) = (self.from / self.groups, self.to / self.groups);
        let terms = sums.iter_mut().zip(b);
        match (inputs, outputs) {
            (1, 1) => terms.zip(x).for_each(|((sum, &b), &x)| *sum += x * b),
            (_, 1) => {
                terms.zip(x[i..].iter().step_by(inputs)).for_each(|((sum, &b), &x)| *sum += x * b);
            }
            _ => {
                let groups = sums.chunks_exact_mut(outputs).zip(b.chunks_exact(outputs));
                for ((sums, b), &x) in groups.zip(x[i..].iter().step_by(inputs)) {
                    sums.iter_mut().zip(b).for_each(|(sum, &b)| *sum += x * b);
                }
            }
        }
    }

    /// Computes `x[i of the group of o] += a[o] * b[o]`, summed over the group.
    fn add_dot_products<T: Real>(&self, i: usize, a: &[T], b: &[T], x: &mut [T]) {
        let (inputs, outputs) = (self.from / self.groups, self.to / self.groups);
        if (inputs, outputs) == (1, 1) {
            return x.iter_mut().zip(a.iter().zip(b)).for_each(|(x, (&a, &b))| *x += a * b);
        }
        let groups = a.chunks_exact(outputs).zip(b.chunks_exact(outputs));
        for ((a, b), x) in groups.zip(x[i..].iter_mut().step_by(inputs)) {
            *x += a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + a * b);
        }
    }

    /// Computes the gradient of the weights of groups, by summing a few steps at a time.
    fn weight_gradient_of_groups<T: Real>(&self, x: &[T], y: &[T], dw: &mut [T], sums: &mut [T]) {
        let Self { from, to, groups, stride, .. } = *self;
        let inputs = from / groups;
        self.taps(|tap, places, first| {
            for (at, start) in places.clone().step_by(STEPS).enumerate() {
                let end = places.end.min(start + STEPS);
                for i in 0..inputs {
                    sums.fill(T::zero());
                    for place in start..end {
                        let step = first + (at * STEPS + place - start) * stride;
                        self.add_products(i, &x[step * from..][..from], &y[place * to..][..to], sums);
                    }
                    let dw = &mut dw[(tap * inputs + i) * to..][..to];
                    dw.iter_mut().zip(&*sums).for_each(|(dw, &sum)| *dw += sum);
                }
            }
        });
    }
}

/// Writes the initial values of the sums.
pub(super) fn start<T: Real>(initial: Initial<'_, T>, y: &mut [T]) {
    match initial {
        Initial::Row(row) => y.chunks_exact_mut(row.len()).for_each(|y| y.copy_from_slice(row)),
        Initial::Zero => y.fill(T::zero()),
        Initial::Output => {}
    }
}
