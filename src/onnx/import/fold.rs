//! Operators on known tensors: constants, and the shapes that an exporter computes.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::node::{Attribute, Node};
use super::slice::{slice, slice_range};
use super::tensor::{MOST_AXES, Numbers, Tensor};

/// The number of elements that may still be computed, so that a small file cannot create large tensors.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) fn new(numbers: usize) -> Self {
        Self(Cell::new(numbers))
    }

    pub(super) fn spend(&self, numbers: usize) -> Option<()> {
        self.0.set(self.0.get().checked_sub(numbers)?);
        Some(())
    }
}

/// Returns the product of dimensions, or the largest number if the product is larger.
pub(super) fn product(dims: &[usize]) -> usize {
    dims.iter().fold(1, |product, &dim| product.saturating_mul(dim))
}

/// Returns the index of an axis of a tensor of this rank. The number may be negative.
pub(super) fn axis(axis: i64, rank: usize) -> Option<usize> {
    let rank = i64::try_from(rank).ok()?;
    let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
    (0..rank).contains(&axis).then_some(axis as usize)
}

/// Returns the dimensions after a `Reshape` of a value with the dimensions `dims`.
pub(super) fn reshaped(dims: &[usize], shape: &[i64], keeps_zeros: bool) -> Option<Vec<usize>> {
    (shape.len() <= MOST_AXES).then_some(())?;
    let count = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
    let (mut known, mut inferred, mut new) = (1_usize, None, Vec::with_capacity(shape.len()));
    for (at, &side) in shape.iter().enumerate() {
        let side = match side {
            -1 if inferred.is_none() => {
                inferred = Some(at);
                1
            }
            0 if !keeps_zeros => *dims.get(at)?,
            side => usize::try_from(side).ok()?,
        };
        known = known.checked_mul(side)?;
        new.push(side);
    }
    if let Some(at) = inferred {
        new[at] = if known > 0 && count.is_multiple_of(known) { count / known } else { return None };
        known = known.checked_mul(new[at])?;
    }
    (known == count).then_some(new)
}

/// Computes the output of a node whose inputs are all known. `None` if this crate does not compute this operator.
pub(super) fn fold(node: &Node, inputs: &[Option<&Tensor>], budget: &Budget) -> Option<Tensor> {
    let input = |at: usize| inputs.get(at).copied().flatten();
    match &node.operator[..] {
        "Constant" => constant(node),
        "Identity" | "Dropout" => {
            Some(input(0)?.clone()).filter(|tensor| budget.spend(tensor.stored()).is_some())
        }
        "Cast" => cast(node, input(0)?, budget),
        "Shape" => {
            let dims: Option<Vec<i64>> = input(0)?.dims.iter().map(|&dim| i64::try_from(dim).ok()).collect();
            shape(node, dims?)
        }
        "Squeeze" | "Unsqueeze" | "Reshape" | "Flatten" => {
            let tensor = input(0)?;
            budget.spend(tensor.stored())?;
            Some(tensor.clone().reshaped(new_dims(node, &tensor.dims, input(1))?))
        }
        "Transpose" => {
            let tensor = input(0)?;
            budget.spend(tensor.stored())?;
            Some(tensor.permuted(&order(node, tensor.dims.len())?))
        }
        "Concat" => concat(node, inputs, budget),
        "Gather" => gather(node, input(0)?, input(1)?, budget),
        "Slice" => slice(node, inputs, budget),
        "ConstantOfShape" => {
            let dims: Option<Vec<usize>> =
                input(0)?.ints()?.iter().map(|&dim| usize::try_from(dim).ok()).collect();
            let dims = dims?;
            let numbers = match node.attributes.get("value") {
                // The sides of shapes, and paddings.
                Some(Attribute::Tensor(Tensor { numbers: Numbers::I64(ints), .. })) => {
                    let count = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
                    budget.spend(count)?;
                    Numbers::I64(vec![*ints.first()?; count])
                }
                Some(Attribute::Tensor(tensor)) => Numbers::Filled(tensor.one()?),
                _ => Numbers::Filled(0.0),
            };
            Some(Tensor { dims, numbers })
        }
        "Expand" => {
            let dims: Option<Vec<usize>> =
                input(1)?.ints()?.iter().map(|&dim| usize::try_from(dim).ok()).collect();
            Some(Tensor { dims: dims?, numbers: Numbers::Filled(input(0)?.one()?) })
        }
        operator => {
            let function: fn(f64) -> f64 = match operator {
                "Neg" => |x| -x,
                "Sqrt" => f64::sqrt,
                "Reciprocal" => |x| 1.0 / x,
                "Exp" => f64::exp,
                "Abs" => f64::abs,
                _ => return binary(operator, input(0)?, input(1)?, budget),
            };
            budget.spend(input(0)?.stored())?;
            Some(input(0)?.map(function))
        }
    }
}

fn constant(node: &Node) -> Option<Tensor> {
    let (name, attribute) = node.attributes.iter().next()?;
    Some(match (&name[..], attribute) {
        ("value", Attribute::Tensor(tensor)) => tensor.clone(),
        ("value_int", Attribute::Int(int)) => Tensor::scalar(Numbers::I64(vec![*int])),
        ("value_float", Attribute::Float(float)) => Tensor::scalar(Numbers::F32(vec![*float])),
        ("value_ints", Attribute::Ints(ints)) => Tensor::of_ints(ints.clone()),
        ("value_floats", Attribute::Floats(floats)) => {
            Tensor { dims: vec![floats.len()], numbers: Numbers::F32(floats.clone()) }
        }
        _ => return None,
    })
}

fn cast(node: &Node, tensor: &Tensor, budget: &Budget) -> Option<Tensor> {
    if matches!(tensor.numbers, Numbers::Filled(_)) {
        return Some(tensor.clone());
    }
    budget.spend(tensor.len())?;
    let numbers = (0..tensor.len()).map(|at| tensor.at(at));
    let numbers = match node.int("to", 0) {
        1 => Numbers::F32(numbers.map(|x| x as f32).collect()),
        7 => Numbers::I64(numbers.map(|x| x as i64).collect()),
        11 => Numbers::F64(numbers.collect()),
        _ => return None,
    };
    Some(Tensor { dims: tensor.dims.clone(), numbers })
}

/// Returns the part of the dimensions that a `Shape` returns.
pub(super) fn shape(node: &Node, dims: Vec<i64>) -> Option<Tensor> {
    let (start, end) = slice_range(node.int("start", 0), node.int("end", i64::MAX), dims.len());
    Some(Tensor::of_ints(dims[start..end].to_vec()))
}

/// Returns the order of axes of a `Transpose`.
pub(super) fn order(node: &Node, rank: usize) -> Option<Vec<usize>> {
    let Some(perm) = node.ints("perm") else { return Some((0..rank).rev().collect()) };
    let order: Option<Vec<usize>> = perm.iter().map(|&at| axis(at, rank)).collect();
    let order = order?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    sorted.into_iter().eq(0..rank).then_some(order)
}

/// Returns the axes of a node. They are an attribute, or an input in later opsets.
pub(super) fn axes(node: &Node, input: Option<&Tensor>) -> Option<Vec<i64>> {
    match input {
        Some(axes) => Some(axes.ints()?.to_vec()),
        None => node.ints("axes").map(<[i64]>::to_vec),
    }
}

/// Returns the new dimensions of an operator that does not change the numbers.
pub(super) fn new_dims(node: &Node, dims: &[usize], input: Option<&Tensor>) -> Option<Vec<usize>> {
    match &node.operator[..] {
        "Reshape" => reshaped(dims, input?.ints()?, node.int("allowzero", 0) == 1),
        "Flatten" => {
            let at = match node.int("axis", 1) {
                at if at == dims.len() as i64 => dims.len(),
                at => axis(at, dims.len())?,
            };
            let product =
                |dims: &[usize]| dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim));
            Some(vec![product(&dims[..at])?, product(&dims[at..])?])
        }
        "Squeeze" => {
            let axes: Option<BTreeSet<usize>> = match axes(node, input) {
                Some(axes) => axes.iter().map(|&at| axis(at, dims.len())).collect(),
                None => Some((0..dims.len()).filter(|&axis| dims[axis] == 1).collect()),
            };
            let axes = axes?;
            axes.iter().all(|&axis| dims[axis] == 1).then_some(())?;
            Some((0..dims.len()).filter(|axis| !axes.contains(axis)).map(|axis| dims[axis]).collect())
        }
        _ => {
            let axes = axes(node, input)?;
            let rank = dims.len().checked_add(axes.len()).filter(|&rank| rank <= MOST_AXES)?;
            let axes: Option<Vec<usize>> = axes.iter().map(|&at| axis(at, rank)).collect();
            let (axes, mut rest) = (axes?, dims.iter());
            (0..rank).map(|axis| if axes.contains(&axis) { Some(1) } else { rest.next().copied() }).collect()
        }
    }
}

fn concat(node: &Node, inputs: &[Option<&Tensor>], budget: &Budget) -> Option<Tensor> {
    let parts: Option<Vec<&Tensor>> = inputs.iter().copied().collect();
    let parts = parts?;
    let first = *parts.first()?;
    let at = axis(node.int("axis", 0), first.dims.len())?;
    let same = |part: &&Tensor| {
        part.dims.len() == first.dims.len()
            && (0..first.dims.len()).all(|axis| axis == at || part.dims[axis] == first.dims[axis])
    };
    parts.iter().all(same).then_some(())?;
    let mut dims = first.dims.clone();
    dims[at] = parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.dims[at]))?;
    if let Some(number) = first.one()
        && parts.iter().all(|part| matches!(part.numbers, Numbers::Filled(_)) && part.all(number))
    {
        return Some(Tensor { dims, numbers: Numbers::Filled(number) });
    }
    let count = dims.iter().try_fold(1_usize, |product, &dim| product.checked_mul(dim))?;
    budget.spend(count)?;
    let (outer, inner) = (product(&dims[..at]), product(&dims[at + 1..]));
    let places = (0..if count == 0 { 0 } else { outer }).flat_map(|row| {
        parts.iter().enumerate().flat_map(move |(part, tensor)| {
            let width = tensor.dims[at] * inner;
            (row * width..(row + 1) * width).map(move |place| (part, place))
        })
    });
    let kind = parts.iter().find(|part| !matches!(part.numbers, Numbers::Filled(_)))?;
    let numbers = match kind.numbers {
        Numbers::I64(_) => Numbers::I64(places.map(|(part, at)| parts[part].at(at) as i64).collect()),
        Numbers::F64(_) => Numbers::F64(places.map(|(part, at)| parts[part].at(at)).collect()),
        _ => Numbers::F32(places.map(|(part, at)| parts[part].at(at) as f32).collect()),
    };
    Some(Tensor { dims, numbers })
}

fn gather(node: &Node, tensor: &Tensor, indices: &Tensor, budget: &Budget) -> Option<Tensor> {
    let at = axis(node.int("axis", 0), tensor.dims.len())?;
    let chosen = indices.ints()?.iter().map(|&index| axis(index, tensor.dims[at]));
    let chosen: Vec<usize> = chosen.collect::<Option<_>>()?;
    let dims = [&tensor.dims[..at], &indices.dims[..], &tensor.dims[at + 1..]].concat();
    let (outer, inner) = (product(&tensor.dims[..at]), product(&tensor.dims[at + 1..]));
    budget.spend(outer.checked_mul(inner)?.checked_mul(chosen.len())?)?;
    let width = tensor.dims[at].saturating_mul(inner);
    // A file may have any number of rows of length 0: they are left out.
    let outer = if inner == 0 || chosen.is_empty() { 0 } else { outer };
    let places = (0..outer).flat_map(|row| {
        chosen.iter().flat_map(move |index| {
            let start = row * width + index * inner;
            start..start + inner
        })
    });
    Some(tensor.pick(dims, places))
}

/// Applies an operator number by number, to two tensors of the same shape, or to a tensor and a number.
fn binary(operator: &str, a: &Tensor, b: &Tensor, budget: &Budget) -> Option<Tensor> {
    let integers = a.ints().is_some() && b.ints().is_some();
    let function = |x: f64, y: f64| {
        Some(match operator {
            "Add" => x + y,
            "Sub" => x - y,
            "Mul" => x * y,
            "Div" if integers && y == 0.0 => return None,
            "Div" if integers => (x / y).trunc(),
            "Div" => x / y,
            "Pow" => x.powf(y),
            _ => return None,
        })
    };
    if !matches!(operator, "Add" | "Sub" | "Mul" | "Div" | "Pow") {
        return None;
    }
    let (dims, count) = match (a.one(), b.one()) {
        _ if a.dims == b.dims => (a.dims.clone(), a.len()),
        (_, Some(_)) => (a.dims.clone(), a.len()),
        (Some(_), _) => (b.dims.clone(), b.len()),
        _ => return None,
    };
    budget.spend(count)?;
    let at = |tensor: &Tensor, at: usize| tensor.at(if tensor.len() == 1 { 0 } else { at });
    let numbers: Option<Vec<f64>> = (0..count).map(|place| function(at(a, place), at(b, place))).collect();
    let numbers = numbers?;
    let double = matches!((&a.numbers, &b.numbers), (Numbers::F64(_), _) | (_, Numbers::F64(_)));
    let numbers = if integers {
        Numbers::I64(numbers.iter().map(|&x| x as i64).collect())
    } else if double {
        Numbers::F64(numbers)
    } else {
        Numbers::F32(numbers.iter().map(|&x| x as f32).collect())
    };
    Some(Tensor { dims, numbers })
}
