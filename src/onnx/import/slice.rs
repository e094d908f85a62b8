//! Parts of an axis.

use std::collections::BTreeSet;

use super::fold::{Budget, axis, product};
use super::node::Node;
use super::tensor::{Numbers, Tensor, strides};

/// Returns the start and the end of a part of a list of `dim` numbers, clamped like in ONNX.
pub(super) fn slice_range(start: i64, end: i64, dim: usize) -> (usize, usize) {
    let dim = dim as i64;
    let place = |at: i64| (if at < 0 { at.saturating_add(dim) } else { at }).clamp(0, dim);
    let (start, end) = (place(start), place(end));
    (start as usize, end.max(start) as usize)
}

/// `count` numbers along an axis, `step` apart; the step may be negative.
pub(super) struct Slice {
    pub(super) axis: usize,
    pub(super) start: usize,
    pub(super) count: usize,
    pub(super) step: i64,
}

/// Returns the slices of a `Slice` node, for a value with these dimensions.
pub(super) fn slices(node: &Node, dims: &[usize], inputs: &[Option<&Tensor>]) -> Option<Vec<Slice>> {
    let list = |at: usize, name: &str| match inputs.get(at).copied().flatten() {
        Some(tensor) => tensor.ints().map(<[i64]>::to_vec),
        None => node.ints(name).map(<[i64]>::to_vec),
    };
    let (starts, ends) = (list(1, "starts")?, list(2, "ends")?);
    let axes = list(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return None;
    }
    let slice = |at: usize| {
        let axis = axis(axes[at], dims.len())?;
        let (dim, step) = (i64::try_from(dims[axis]).ok()?, steps[at]);
        let place = |at: i64| if at < 0 { at.saturating_add(dim) } else { at };
        let (start, length) = if step > 0 {
            let start = place(starts[at]).clamp(0, dim);
            (start, place(ends[at]).clamp(0, dim) - start)
        } else {
            let start = place(starts[at]).clamp(-1, dim - 1);
            (start, start - place(ends[at]).clamp(-1, dim - 1))
        };
        let count = u64::try_from(length.max(0)).ok()?.div_ceil(step.unsigned_abs().max(1));
        (step != 0).then_some(Slice { axis, start: start.max(0) as usize, count: count as usize, step })
    };
    let slices: Vec<Slice> = (0..starts.len()).map(slice).collect::<Option<_>>()?;
    // A second slice of the same axis would have to select from the result of the first.
    let mut axes = BTreeSet::new();
    slices.iter().all(|slice| axes.insert(slice.axis)).then_some(slices)
}

/// Computes a `Slice` of a constant.
pub(super) fn slice(node: &Node, inputs: &[Option<&Tensor>], budget: &Budget) -> Option<Tensor> {
    let mut tensor = inputs.first().copied().flatten()?.clone();
    for Slice { axis, start, count, step } in slices(node, &tensor.dims, inputs)? {
        let (mut dims, inner) = (tensor.dims.clone(), strides(&tensor.dims)[axis]);
        dims[axis] = count;
        if let Numbers::Filled(_) = tensor.numbers {
            tensor.dims = dims;
            continue;
        }
        let all = if tensor.len() == 0 { 0 } else { product(&dims) };
        budget.spend(all)?;
        let before = tensor.dims[axis].saturating_mul(inner);
        let places = (0..all).map(|at| {
            let along = start as i64 + (at / inner % count) as i64 * step;
            at / (inner * count) * before + along as usize * inner + at % inner
        });
        tensor = tensor.pick(dims, places);
    }
    Some(tensor)
}
