//! Pools.

use super::graph::{Attribute, Name};
use super::writer::Writer;
use crate::kernel::{PoolingAxis, PoolingWindows};
use crate::layer::Plan;
use crate::layer::onnx::Pool;

/// The windows along an axis as settings of ONNX, if all have the same size.
struct Windows {
    kernel: usize,
    stride: usize,
    dilation: usize,
    /// The padding before and after that results in this number of places.
    pads: [usize; 2],
    /// Whether the last window extends beyond the padding of the layer.
    beyond: bool,
}

/// Returns the windows along an axis, or `None` if their sizes differ.
fn windows(axis: &PoolingAxis) -> Option<Windows> {
    let PoolingAxis { side, places, windows } = *axis;
    match windows {
        PoolingWindows::Sliding { window, stride, dilation, padding: [before, after] } => {
            let span = dilation * window.saturating_sub(1) + 1;
            let end = (places.saturating_sub(1) * stride + span).saturating_sub(before + side);
            // If these settings result in the same number of places, they are written, so that a reader finds the
            // layer's own settings.
            let left = (before + side + after).checked_sub(span);
            if left.is_some_and(|left| left / stride + 1 == places) {
                let pads = [before, after];
                return Some(Windows { kernel: window, stride, dilation, pads, beyond: false });
            }
            Some(Windows { kernel: window, stride, dilation, pads: [before, end], beyond: end > after })
        }
        PoolingWindows::Adaptive => {
            let each = side.checked_div(places).filter(|each| each * places == side)?;
            Some(Windows { kernel: each, stride: each, dilation: 1, pads: [0, 0], beyond: false })
        }
    }
}

/// Returns the numbers of each window along an axis, and the divisor of the sum for a mean.
fn taps(axis: &PoolingAxis, padding: bool) -> Vec<(Vec<usize>, usize)> {
    let PoolingAxis { side, places, windows } = *axis;
    let window = |place: usize| match windows {
        PoolingWindows::Sliding { window, stride, dilation, padding: [before, after] } => {
            let all = (0..window).map(|tap| place * stride + tap * dilation);
            let on_plane: Vec<usize> =
                all.clone().filter_map(|at| at.checked_sub(before)).filter(|&at| at < side).collect();
            let padded = all.filter(|&at| at < before + side + after).count();
            let count = if padding { padded } else { on_plane.len() };
            (on_plane, count)
        }
        PoolingWindows::Adaptive => {
            let numbers: Vec<usize> =
                (place * side / places..((place + 1) * side).div_ceil(places)).collect();
            let count = numbers.len();
            (numbers, count)
        }
    };
    (0..places).map(window).collect()
}

impl Writer {
    pub(super) fn pool(&mut self, plan: &Plan, kind: Pool, axes: [PoolingAxis; 2], x: &str) -> Name {
        // A sequence becomes an image of one channel; its plane is the steps and features.
        let is_image = plan.input.len() == 3;
        let x = if is_image { x.into() } else { self.graph.reshape(x, &[1, plan.input[0], plan.input[1]]) };
        let y = self.pool_planes(kind, &axes, &x);
        if is_image { y } else { self.graph.reshape(&y, plan.output) }
    }

    fn pool_planes(&mut self, kind: Pool, axes: &[PoolingAxis; 2], x: &str) -> Name {
        let [Some(rows), Some(columns)] = [windows(&axes[0]), windows(&axes[1])] else {
            return self.pool_by_axis(kind, axes, x);
        };
        let is_dilated = rows.dilation > 1 || columns.dilation > 1;
        let beyond = rows.beyond || columns.beyond;
        let (operator, more) = match kind {
            Pool::Max => ("MaxPool", None),
            Pool::Mean { padding } if !(is_dilated || padding && beyond) => {
                ("AveragePool", Some(("count_include_pad", Attribute::Int(padding.into()))))
            }
            Pool::Norm(power) if !is_dilated => ("LpPool", Some(("p", Attribute::Int(power.into())))),
            // This version of the operators has no dilation for this pool, or another mean for windows that cover fewer
            // numbers.
            _ => return self.pool_by_axis(kind, axes, x),
        };
        let both = |number: fn(&Windows) -> usize| [&rows, &columns].map(|axis| number(axis) as i64);
        let [kernel, strides, dilations] =
            [both(|axis| axis.kernel), both(|axis| axis.stride), both(|axis| axis.dilation)];
        let pads = [both(|axis| axis.pads[0]), both(|axis| axis.pads[1])].concat();
        let mut attributes = vec![
            ("kernel_shape", Attribute::Ints(&kernel)),
            ("strides", Attribute::Ints(&strides)),
            ("pads", Attribute::Ints(&pads)),
        ];
        attributes.extend(more);
        if is_dilated {
            attributes.push(("dilations", Attribute::Ints(&dilations)));
        }
        self.graph.node(operator, &[x], &attributes)
    }

    /// Writes a pool along the rows and then along the columns: sums by a matrix, maxima window by window.
    fn pool_by_axis(&mut self, kind: Pool, axes: &[PoolingAxis; 2], x: &str) -> Name {
        match kind {
            Pool::Max => {
                let y = self.largest(&axes[0], 2, x);
                self.largest(&axes[1], 3, &y)
            }
            Pool::Mean { padding } => self.sums(axes, Some(padding), x),
            Pool::Norm(power) => {
                let [power, root] =
                    [f64::from(power), 1.0 / f64::from(power)].map(|power| self.graph.number(power));
                let size = self.graph.node("Abs", &[x], &[]);
                let powers = self.graph.node("Pow", &[&size, &power], &[]);
                let sums = self.sums(axes, None, &powers);
                self.graph.node("Pow", &[&sums, &root], &[])
            }
        }
    }

    /// Writes the sums of the windows, or their means.
    fn sums(&mut self, axes: &[PoolingAxis; 2], mean: Option<bool>, x: &str) -> Name {
        let [rows, columns] = [0, 1].map(|axis| {
            let PoolingAxis { side, places, .. } = axes[axis];
            let windows = taps(&axes[axis], mean == Some(true));
            // `[places, side]` for the rows, as the left factor; transposed for the columns.
            let sides = if axis == 0 { [places, side] } else { [side, places] };
            let numbers = (0..places * side).map(|at| {
                let (place, number) =
                    if axis == 0 { (at / side, at % side) } else { (at % places, at / places) };
                let (window, count) = &windows[place];
                let share = if mean.is_some() { 1.0 / *count as f64 } else { 1.0 };
                if window.contains(&number) { share } else { 0.0 }
            });
            self.graph.constant(if axis == 0 { "rows" } else { "columns" }, &sides, numbers)
        });
        let y = self.graph.node("MatMul", &[&rows, x], &[]);
        if axes[1].places == axes[1].side { y } else { self.graph.node("MatMul", &[&y, &columns], &[]) }
    }

    /// Writes the maxima along an axis.
    fn largest(&mut self, axis: &PoolingAxis, at: usize, x: &str) -> Name {
        if axis.places == axis.side {
            return x.into();
        }
        let axes = [at as i64];
        let attributes = [("axes", Attribute::Ints(&axes)), ("keepdims", Attribute::Int(1))];
        let mut parts = vec![];
        for (window, _) in taps(axis, false) {
            let (first, last) = (window[0] as i64, window[window.len() - 1] as i64);
            let part = self.graph.slice(x, at, [first, last + 1]);
            parts.push(self.graph.node("ReduceMax", &[&part], &attributes));
        }
        let parts: Vec<&str> = parts.iter().map(|part| &part[..]).collect();
        self.graph.concat(&parts, at)
    }
}
