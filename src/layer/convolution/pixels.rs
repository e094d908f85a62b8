//! The passes of convolutions of images, shared by all of these layers.

use super::{block, sum_in_blocks};
use crate::kernel::{
    Real, WindowPlaces, Windows, bias_gradient, convolve, convolve_transposed, weight_gradient,
};
use crate::layer::onnx::Form;
use crate::layer::window_settings::WindowAxis;
use crate::layer::{Backward, Layer, Space, Window, WorkspaceMut, check_lengths};
use crate::tensor::{Sample, Tensor, len};

/// The windows of a convolution from `X` to `Y`. The windows of a transposed convolution are on its output.
#[derive(Clone, Copy)]
pub(crate) struct Pixels {
    pub(super) axes: [WindowAxis; 2],
    pub(super) groups: usize,
    pub(super) transposed: bool,
}

impl Pixels {
    /// Creates windows of `kernel` x `kernel` pixels.
    pub(crate) const fn square(groups: usize, kernel: usize, stride: usize, padding: usize) -> Self {
        Self { axes: [WindowAxis::plain(kernel, stride, padding); 2], groups, transposed: false }
    }

    /// Returns the form in ONNX.
    pub(super) const fn form(self) -> Form {
        let Self { axes, groups, transposed } = self;
        Form::Convolution { axes, groups, transposed }
    }

    /// Returns the windows of the transposed convolution.
    pub(super) const fn transposed(self) -> Self {
        Self { transposed: true, ..self }
    }

    /// Returns the image on which the windows are, and the image that has a pixel for each window.
    const fn images<X: Tensor, Y: Tensor>(&self) -> [&'static [usize]; 2] {
        if self.transposed { [Y::SHAPE, X::SHAPE] } else { [X::SHAPE, Y::SHAPE] }
    }

    /// Returns the windows for the kernel, and how many channels they produce.
    #[inline(always)]
    pub(crate) const fn windows<X: Tensor, Y: Tensor>(&self) -> (Windows, usize) {
        let [image, places] = self.images::<X, Y>();
        let windows = Windows::along(
            self.groups,
            image[0] / self.groups,
            self.places(0, image[1], places[1]),
            self.places(1, image[2], places[2]),
        );
        (windows, places[0])
    }

    const fn places(&self, axis: usize, side: usize, places: usize) -> WindowPlaces {
        let axis = &self.axes[axis];
        let before = if self.transposed { axis.cut_before(side, places) } else { axis.before(side, places) };
        let WindowAxis { kernel, stride, dilation, .. } = *axis;
        WindowPlaces { side, kernel, stride, dilation, before, places }
    }

    /// Returns the scratch memory of a pass. An empty tensor needs none: `Plan::check` does not accept it.
    pub(super) const fn scratch<X: Tensor, Y: Tensor>(&self) -> Space {
        if len::<X>() == 0 || len::<Y>() == 0 {
            return Space::NONE;
        }
        let (windows, channels) = self.windows::<X, Y>();
        Space::per_batch::<X::Scalar>(windows.workspace_len::<X::Scalar>(channels))
    }

    /// Returns which pixels of the input each pixel of the output depends on.
    pub(super) const fn window<X: Tensor, Y: Tensor>(&self) -> Window {
        let ([image, places], [rows, columns]) = (self.images::<X, Y>(), self.axes);
        if self.transposed {
            rows.transposed_window(columns, [image[1], image[2]], [places[1], places[2]])
        } else {
            Window::along([rows.reach(image[1], places[1]), columns.reach(image[2], places[2])])
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
    ) {
        check_lengths(input.len(), output.len());
        let (windows, channels) = self.windows::<X, Y>();
        let scratch = workspace.scratch::<X::Scalar>(windows.workspace_len::<X::Scalar>(channels));
        let (x, y) = (X::flat(input), Y::flat_mut(output));
        if self.transposed {
            convolve_transposed(&windows, weights, bias, x, y, scratch);
        } else {
            convolve(&windows, weights, bias, x, y, scratch);
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
        let Backward { input, output_grad, input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let (windows, channels) = self.windows::<X, L::Output>();
        let scratch = workspace.scratch::<T>(windows.workspace_len::<T>(channels));
        let dy = L::Output::flat(output_grad);
        let (dw, db) = parts(gradient);
        let [_, places] = self.images::<X, L::Output>();
        let block = block(places[1] * places[2]);
        sum_in_blocks(input.len(), block, accumulate.into(), dw, &mut workspace, |block, accumulate, dw| {
            let (x, dy) = (X::flat(&input[block.clone()]), L::Output::flat(&output_grad[block]));
            let (small, large) = if self.transposed { (x, dy) } else { (dy, x) };
            weight_gradient(&windows, small, large, accumulate, dw, scratch);
        });
        if let Some(db) = db {
            bias_gradient(dy, L::Output::LEN / <L::Output as Sample>::SHAPE[0], accumulate.into(), db);
        }
        if let Some(dx) = input_grad {
            let dx = X::flat_mut(dx);
            if self.transposed {
                convolve(&windows, weights, None, dy, dx, scratch);
            } else {
                convolve_transposed(&windows, weights, None, dy, dx, scratch);
            }
        }
    }
}
