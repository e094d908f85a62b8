//! The passes of convolutions of sequences, shared by all of these layers.

use super::step_places::{GATHERED, StepPlaces, start};
use super::{blocks_scratch, sum_in_blocks};
use crate::kernel::{Accumulate, Initial, Real, Strided, WindowPlaces, Windows, gemm, sum_rows};
use crate::layer::onnx::Form;
use crate::layer::window_settings::WindowAxis;
use crate::layer::{Backward, Layer, Mode, Plan, Space, Window, WorkspaceMut, check_lengths};
use crate::tensor::Tensor;

/// How many samples of gradients are added in the scalar type of the layer.
const BLOCK: usize = 32;

/// The windows of a convolution of sequences.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    pub(super) axis: WindowAxis,
    pub(super) groups: usize,
    pub(super) transposed: bool,
}

impl Steps {
    /// Creates windows of `kernel` steps.
    pub(crate) const fn plain(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { axis: WindowAxis::plain(kernel, stride, padding), groups: 1, transposed: false }
    }

    /// Returns the windows of the transposed convolution.
    pub(super) const fn transposed(self) -> Self {
        Self { transposed: true, ..self }
    }

    /// Returns the sequence on which the windows are, and the sequence that has a step for each window.
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

    /// Returns whether window t ends at step t, so that the convolution can be part of a stream.
    #[inline(always)]
    const fn ends_at_its_place<X: Tensor, Y: Tensor>(&self) -> bool {
        let places = self.places::<X, Y>();
        let in_place = places.stride == 1 && places.places == places.steps;
        in_place && places.before + 1 == self.axis.span() && !self.transposed
    }

    /// Returns the windows on the sequence as windows on images: one channel for each group, and a row for each step.
    /// Each window covers whole rows.
    pub(crate) const fn windows_of_rows<X: Tensor, Y: Tensor>(&self) -> Windows {
        let StepPlaces { steps, from, places, kernel, stride, dilation, before, .. } = self.places::<X, Y>();
        let rows = WindowPlaces { side: steps, kernel, stride, dilation, before, places };
        let each = from / self.groups;
        let columns = WindowPlaces { side: each, kernel: each, stride: 1, dilation: 1, before: 0, places: 1 };
        Windows::along(self.groups, 1, rows, columns)
    }

    /// Declares the memory of the passes.
    pub(super) const fn memory<X: Tensor, Y: Tensor>(&self, plan: Plan, weights: usize) -> Plan {
        let places = self.places::<X, Y>();
        let Self { axis, groups, transposed } = *self;
        let plan = plan.form(Form::Convolution { axes: [axis; 2], groups, transposed });
        let plan = if self.ends_at_its_place::<X, Y>() {
            plan.forward_scratch(Space::per_batch::<X::Scalar>(places.gathered()))
        } else {
            plan
        };
        let scratch = Space::per_batch::<X::Scalar>(places.scratch());
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

    /// Computes the forward pass.
    pub(super) fn forward<X: Tensor, Y: Tensor<Scalar = X::Scalar>>(
        self,
        weights: &[X::Scalar],
        bias: Option<&[X::Scalar]>,
        input: &[X],
        output: &mut [Y],
        mut workspace: WorkspaceMut<'_>,
        mode: &Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let places = self.places::<X, Y>();
        if let ([x], [y], Mode::Evaluate) = (input, &mut *output, mode)
            && self.ends_at_its_place::<X, Y>()
        {
            let gathered = workspace.scratch::<X::Scalar>(places.gathered());
            return self.step_by_step(places, weights, bias, x.as_slice(), y.as_mut_slice(), gathered);
        }
        let scratch = workspace.scratch::<X::Scalar>(if self.transposed { places.scratch() } else { 0 });
        for (x, y) in input.iter().zip(output) {
            let (x, y) = (x.as_slice(), y.as_mut_slice());
            let initial = bias.map_or(Initial::Zero, Initial::Row);
            if self.transposed {
                start(initial, y);
                places.transpose(weights, x, y, scratch);
            } else {
                places.convolve(weights, x, initial, y);
            }
        }
    }

    /// Computes the convolution of one sequence in the same way as a stream: the sums of each place are in the order
    /// for a single step. `gathered` is memory for a few windows.
    fn step_by_step<T: Real>(
        self,
        places: StepPlaces,
        weights: &[T],
        bias: Option<&[T]>,
        x: &[T],
        y: &mut [T],
        gathered: &mut [T],
    ) {
        let StepPlaces { from, to, kernel, dilation, before, .. } = places;
        let window = kernel * from;
        // Only windows without gaps that are completely inside the sequence are read in place.
        let gathers = if dilation == 1 { before.min(places.places) } else { places.places };
        let (start, in_place) = y.split_at_mut(gathers * to);
        for (block, y) in start.chunks_mut(GATHERED * to).enumerate() {
            let gathered = &mut gathered[..y.len() / to * window];
            for (at, window) in gathered.chunks_exact_mut(window).enumerate() {
                for (tap, step) in window.chunks_exact_mut(from).enumerate() {
                    match (block * GATHERED + at + tap * dilation).checked_sub(before) {
                        Some(at) => step.copy_from_slice(&x[at * from..][..from]),
                        None => step.fill(T::zero()),
                    }
                }
            }
            self.windows([from, to], weights, bias, Strided::rows(gathered, window), y);
        }
        self.windows([from, to], weights, bias, Strided { numbers: x, strides: [from, 1] }, in_place);
    }

    /// Computes steps of the output, one for each window. The windows have no gaps.
    #[inline(always)]
    pub(super) fn windows<T: Real>(
        self,
        [from, to]: [usize; 2],
        weights: &[T],
        bias: Option<&[T]>,
        windows: Strided<'_, T>,
        y: &mut [T],
    ) {
        let (kernel, groups) = (self.axis.kernel, self.groups);
        let initial = bias.map_or(Initial::Zero, Initial::Row);
        if groups == 1 {
            return gemm(windows, Strided::rows(weights, to), initial, y, kernel * from, to);
        }
        let (places, stride, dilation, before) = (1, 1, 1, 0);
        let one = StepPlaces { steps: kernel, from, places, to, groups, kernel, stride, dilation, before };
        for (at, y) in y.chunks_exact_mut(to).enumerate() {
            one.convolve(weights, &windows.numbers[at * windows.strides[0]..], initial, y);
        }
    }

    /// Computes the backward pass. `parts` returns the weights and the bias of a gradient.
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
        // The loops for groups add all windows of a sample in the scalar type.
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
                    places.convolve(weights, dy, Initial::Output, dx);
                } else {
                    places.transpose(weights, dy, dx, scratch);
                }
            }
        });
    }
}
