//! The passes of convolutions of sequences, which all of their layers share.
//!
//! A sequence is stored step after step. A window without gaps is then one slice, and all windows that are completely on
//! the sequence are the rows of one matrix, which a product reads in place. With a dilation there is a product for each
//! tap of the window. Groups of features are so narrow that loops over the features are used instead.

use core::ops::Range;

use super::{blocks_scratch, sum_in_blocks};
use crate::kernel::{Accumulate, Initial, Real, Strided, gemm, gemm_deep, sum_rows};
use crate::layer::window_settings::WindowAxis;
use crate::layer::{Backward, Layer, Plan, Space, Window, WorkspaceMut, check_lengths};
use crate::tensor::Tensor;

/// The samples whose gradients are added in the layer's scalar.
const BLOCK: usize = 32;
/// The steps whose gradients are added before they are added to those of the other steps.
const STEPS: usize = 64;

/// The windows of a convolution of sequences.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    pub(super) axis: WindowAxis,
    pub(super) groups: usize,
    pub(super) transposed: bool,
}

impl Steps {
    /// Windows of `kernel` steps.
    pub(super) const fn plain(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { axis: WindowAxis::plain(kernel, stride, padding), groups: 1, transposed: false }
    }

    /// The transpose.
    pub(super) const fn transposed(self) -> Self {
        Self { transposed: true, ..self }
    }

    /// Returns the sequence that the windows are on and the one that has a step for each of them.
    const fn sequences<X: Tensor, Y: Tensor>(&self) -> [&'static [usize]; 2] {
        if self.transposed { [Y::SHAPE, X::SHAPE] } else { [X::SHAPE, Y::SHAPE] }
    }

    #[inline(always)]
    const fn places<X: Tensor, Y: Tensor>(&self) -> StepPlaces {
        let [sequence, places] = self.sequences::<X, Y>();
        let axis = &self.axis;
        let before = if self.transposed {
            axis.cut_before(sequence[0], places[0])
        } else {
            axis.before(sequence[0], places[0])
        };
        StepPlaces {
            steps: sequence[0],
            from: sequence[1],
            places: places[0],
            to: places[1],
            groups: self.groups,
            kernel: axis.kernel,
            stride: axis.stride,
            dilation: axis.dilation,
            before,
        }
    }

    /// Declares the memory of the passes.
    pub(super) const fn memory<X: Tensor, Y: Tensor>(&self, plan: Plan, weights: usize) -> Plan {
        let scratch = Space::per_batch::<X::Scalar>(self.places::<X, Y>().scratch());
        let plan = if self.transposed { plan.scratch(scratch) } else { plan.backward_scratch(scratch) };
        plan.backward_scratch(blocks_scratch::<X::Scalar>(weights))
    }

    /// Returns which steps of the input each step of the output depends on.
    pub(super) const fn window<X: Tensor, Y: Tensor>(&self) -> Window {
        let ([sequence, places], axis) = (self.sequences::<X, Y>(), self.axis);
        if self.transposed {
            axis.transposed_window(axis, [sequence[0]; 2], [places[0]; 2])
        } else {
            Window::along([axis.reach(sequence[0], places[0]); 2])
        }
    }

    /// The forward pass.
    pub(super) fn forward<X: Tensor, Y: Tensor<Scalar = X::Scalar>>(
        self,
        weights: &[X::Scalar],
        bias: Option<&[X::Scalar]>,
        input: &[X],
        output: &mut [Y],
        mut workspace: WorkspaceMut<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let places = self.places::<X, Y>();
        let scratch = workspace.scratch::<X::Scalar>(if self.transposed { places.scratch() } else { 0 });
        for (x, y) in input.iter().zip(output) {
            let (x, y) = (x.as_slice(), y.as_mut_slice());
            match bias {
                Some(bias) => y.chunks_exact_mut(bias.len()).for_each(|y| y.copy_from_slice(bias)),
                None => y.fill(X::Scalar::zero()),
            }
            if self.transposed {
                places.transpose(weights, x, y, scratch);
            } else {
                places.convolve(weights, x, y);
            }
        }
    }

    /// The backward pass. `parts` gives the weights of a gradient, and its bias.
    pub(super) fn backward<T: Real, X: Tensor<Scalar = T>, L: Layer<X, Output: Tensor<Scalar = T>>>(
        self,
        weights: &[T],
        pass: Backward<'_, X, L>,
        parts: impl FnOnce(&mut L) -> (&mut [T], Option<&mut [T]>),
    ) {
        pass.check_lengths();
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let (dw, db) = parts(gradient);
        if let Some(db) = db {
            sum_rows(L::Output::flat(output_grad), accumulate.into(), db);
        }
        if let Some(input_grad) = &mut input_grad {
            X::flat_mut(input_grad).fill(T::zero());
        }
        let places = self.places::<X, L::Output>();
        let scratch = workspace.scratch::<T>(places.scratch());
        // The loops of groups add all windows of a sample in the scalar.
        let block = if self.groups > 1 { 1 } else { BLOCK };
        sum_in_blocks(input.len(), block, accumulate.into(), dw, &mut workspace, |block, accumulate, dw| {
            if accumulate == Accumulate::Overwrite {
                dw.fill(T::zero());
            }
            for at in block {
                let (x, dy) = (input[at].as_slice(), output_grad[at].as_slice());
                let (large, small) = if self.transposed { (dy, x) } else { (x, dy) };
                places.weight_gradient(large, small, dw, scratch);
                let Some(input_grad) = &mut input_grad else { continue };
                let dx = input_grad[at].as_mut_slice();
                if self.transposed {
                    places.convolve(weights, dy, dx);
                } else {
                    places.transpose(weights, dy, dx, scratch);
                }
            }
        });
    }
}

/// Windows on a sequence of `steps`, at `places`: from groups of `from` features in all to groups of `to`. The weights
/// are `[kernel, from / groups, to]`.
#[derive(Clone, Copy)]
struct StepPlaces {
    steps: usize,
    from: usize,
    places: usize,
    to: usize,
    groups: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    before: usize,
}

impl StepPlaces {
    /// Returns how much scratch memory [`transpose`](Self::transpose) and [`weight_gradient`](Self::weight_gradient)
    /// need.
    const fn scratch(&self) -> usize {
        match (self.groups, self.dilation, self.stride) {
            (1, 1, _) => self.places * self.kernel * self.from,
            (1, _, 1) => 0,
            (1, _, _) => self.places * self.from,
            _ => self.to,
        }
    }

    /// Calls `f` for each run of places whose windows, without gaps, have the same part on the sequence, with the places,
    /// that part of the window, and the step at which the first of these parts begins. Windows completely on the sequence
    /// form one run; a window across an end is a separate run.
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

    /// Calls `f` for each tap of the window, with the places at which it is on the sequence, and the step that it is on
    /// at the first of them.
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

    /// `y += W * x`.
    fn convolve<T: Real>(&self, w: &[T], x: &[T], y: &mut [T]) {
        let Self { from, to, stride, .. } = *self;
        if self.groups > 1 {
            return self.each_row(|i, x_at, y_at, w_at| {
                self.add_products(i, &x[x_at..][..from], &w[w_at..][..to], &mut y[y_at..][..to]);
            });
        }
        let mut product = |places: Range<usize>, taps: Range<usize>, first: usize| {
            let w = &w[taps.start * from * to..taps.end * from * to];
            let windows = Strided { numbers: &x[first * from..], strides: [stride * from, 1] };
            let y = &mut y[places.start * to..places.end * to];
            gemm(windows, Strided::rows(w, to), Initial::Output, y, taps.len() * from, to);
        };
        if self.dilation == 1 {
            self.runs(product);
        } else {
            self.taps(|tap, places, first| product(places, tap..tap + 1, first));
        }
    }

    /// `x += Wᵀ * y`.
    fn transpose<T: Real>(&self, w: &[T], y: &[T], x: &mut [T], scratch: &mut [T]) {
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
            // Windows overlap in x, or leave gaps: they are computed separately, then added to x.
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

    /// `dW += Σ x ⊗ y`.
    fn weight_gradient<T: Real>(&self, x: &[T], y: &[T], dw: &mut [T], scratch: &mut [T]) {
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
    /// For each tap, place and feature i of a group: calls `f` with i, and with where the step of `x`, that of `y`, and
    /// the weights of this tap and i begin.
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

    /// `sums[o] += x[i of the group of o] * b[o]`.
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

    /// `x[i of the group of o] += a[o] * b[o]`, summed over the group.
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

    /// The gradient of the weights of groups: the sums of a few steps at a time.
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
