//! The axes of a value, and the sides of a sample that they correspond to.
//!
//! A value of the graph is a batch of samples of this crate. A transpose, a reshape or a squeeze only changes its axes.
//! It becomes a layer only if a later operator depends on their order.

use super::fold::product;
use super::layer::{Kind, Layer};

/// The largest number of elements that [`Flatten`](crate::layer::Flatten) supports.
const FLATTENED: usize = 2048;

/// The meaning of an axis, or of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Batch,
    /// A side of the sample. For a sequence, 0 is the steps and 1 the features. For an image, 0 is the channels.
    Side(usize),
}

/// A part of an axis. Parts of length 1 are left out, except the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) of: Of,
    pub(super) size: usize,
}

/// A value that depends on the input.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Data {
    /// The sides of a sample: 1 for a vector, 2 for a sequence, 3 for an image.
    pub(super) sides: Vec<usize>,
    /// The parts of each axis, outermost first.
    pub(super) axes: Vec<Vec<Part>>,
}

/// The order of axes that an operator needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// `[batch, numbers]`.
    Vector,
    /// `[batch, features, steps]`, or `[batch, channels, height, width]`.
    ChannelsFirst,
}

/// Returns the index of the side that has the features or channels, for a sample with this number of sides.
pub(super) fn channel_side(sides: usize) -> usize {
    if sides == 2 { 1 } else { 0 }
}

/// Returns the sides in PyTorch's order, which is also the order of `Flatten`.
fn natural(sides: usize) -> &'static [usize] {
    match sides {
        1 => &[0],
        2 => &[1, 0],
        _ => &[0, 1, 2],
    }
}

impl Part {
    pub(super) fn batch(size: usize) -> Self {
        Self { of: Of::Batch, size }
    }

    pub(super) fn side(side: usize, size: usize) -> Self {
        Self { of: Of::Side(side), size }
    }

    fn counts(&self) -> bool {
        self.size != 1 || self.of == Of::Batch
    }
}

impl Data {
    /// Creates a value whose axes are the batch and these sides, in this order.
    pub(super) fn new(batch: usize, sides: Vec<usize>, order: &[usize]) -> Self {
        let mut axes = vec![vec![Part::batch(batch)]];
        axes.extend(order.iter().map(|&side| whole(side, sides[side])));
        Self { sides, axes }
    }

    /// Creates a value with its channels or features first.
    pub(super) fn channels_first(batch: usize, sides: Vec<usize>) -> Self {
        let order = natural(sides.len());
        Self::new(batch, sides, order)
    }

    /// Returns the dimensions of the value in the graph.
    pub(super) fn dims(&self) -> Vec<usize> {
        let size = |axis: &Vec<Part>| product(&axis.iter().map(|part| part.size).collect::<Vec<_>>());
        self.axes.iter().map(size).collect()
    }

    pub(super) fn batch(&self) -> usize {
        let parts = self.axes.iter().flatten();
        parts.filter(|part| part.of == Of::Batch).fold(1, |size: usize, part| size.saturating_mul(part.size))
    }

    /// Returns the side of the sample that is equal to an axis.
    pub(super) fn side_of(&self, axis: usize) -> Option<usize> {
        match self.axes[axis][..] {
            [Part { of: Of::Side(side), size }] if size == self.sides[side] => Some(side),
            _ => None,
        }
    }

    /// Returns the index of an axis. The number may be negative.
    pub(super) fn axis(&self, axis: i64) -> Option<usize> {
        let rank = self.axes.len() as i64;
        let axis = if axis < 0 { axis.checked_add(rank)? } else { axis };
        (0..rank).contains(&axis).then_some(axis as usize)
    }

    /// Returns whether an axis is the features of a sequence, the channels of an image, or the numbers of a vector.
    pub(super) fn is_channels(&self, axis: usize) -> bool {
        let channels = channel_side(self.sides.len());
        self.side_of(axis) == Some(channels) || self.axes[axis].is_empty() && self.sides[channels] == 1
    }

    /// Returns the value with its axes in another order.
    pub(super) fn permuted(&self, order: &[usize]) -> Self {
        let axes = order.iter().map(|&axis| self.axes[axis].clone()).collect();
        Self { sides: self.sides.clone(), axes }
    }

    /// Returns the value with the dimensions `dims`, which have the same product. `None` if this would divide an axis
    /// in a way that does not fit its parts.
    pub(super) fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        let mut parts: Vec<Part> = self.axes.iter().flatten().copied().filter(Part::counts).rev().collect();
        let mut axes = Vec::with_capacity(dims.len());
        for &dim in dims {
            let (mut axis, mut size) = (Vec::new(), 1_usize);
            // A batch of size 1 is an axis of length 1.
            if dim == 1 && parts.last().is_some_and(|part| part.size == 1) {
                axis.extend(parts.pop());
            }
            while size < dim {
                let part = parts.pop()?;
                match size.checked_mul(part.size)? {
                    all if dim.is_multiple_of(all) => {
                        axis.push(part);
                        size = all;
                    }
                    _ if dim.is_multiple_of(size) && part.size.is_multiple_of(dim / size) => {
                        let outer = dim / size;
                        axis.push(Part { of: part.of, size: outer });
                        parts.push(Part { of: part.of, size: part.size / outer });
                        size = dim;
                    }
                    _ => return None,
                }
            }
            axes.push(axis);
        }
        parts.is_empty().then_some(Self { sides: self.sides.clone(), axes: merged(axes) })
    }

    /// Returns the value with an axis replaced.
    pub(super) fn with_axis(&self, axis: usize, side: usize, size: usize) -> Self {
        let mut data = self.clone();
        data.sides[side] = size;
        data.axes[axis] = whole(side, size);
        data
    }

    /// Returns the layers that convert the samples to the required order, and the resulting sides. `None` if no layer
    /// does this.
    pub(super) fn ordered(&self, want: Want, node: &str) -> Option<(Vec<Layer>, Vec<usize>)> {
        let (first, rest) = self.axes.split_first()?;
        if !matches!(first[..], [Part { of: Of::Batch, .. }]) {
            return None;
        }
        let dims: Vec<usize> = self.dims()[1..].to_vec();
        // The sides in the memory order that is required.
        let sides = match (want, &dims[..]) {
            (Want::Vector, _) if dims.iter().filter(|&&dim| dim != 1).count() <= 1 => vec![product(&dims)],
            (Want::ChannelsFirst, &[features, steps]) => vec![steps, features],
            (Want::ChannelsFirst, &[channels, height, width]) => vec![channels, height, width],
            _ => return None,
        };
        let mut layers = Vec::new();
        let mut layer = |kind| layers.push(Layer::new(node, kind));
        let order = self.order(rest)?;
        let natural = natural(self.sides.len());
        let mut now = self.sides.clone();
        // Sides of length 1 may be anywhere.
        let real =
            |order: &[usize]| order.iter().copied().filter(|&side| self.sides[side] != 1).collect::<Vec<_>>();
        if real(&order) != real(natural) {
            if self.sides.len() == 2 {
                layer(Kind::plain("Transpose"));
                now.reverse();
            } else {
                layer(Kind::plain(&format!("Permute<{}, {}, {}>", order[0], order[1], order[2])));
                now = order.iter().map(|&side| self.sides[side]).collect();
            }
        }
        if now != sides {
            layer(match sides[..] {
                [numbers] if numbers <= FLATTENED => Kind::plain("Flatten"),
                // Between two sequences, `Reshape` has another order.
                [_, _] if now.len() == 2 => return None,
                _ => Kind::Reshape(sides.clone()),
            });
        }
        Some((layers, sides))
    }

    /// Returns the sides in the order of these axes. Each must be a whole side.
    fn order(&self, axes: &[Vec<Part>]) -> Option<Vec<usize>> {
        let (mut order, mut left): (Vec<usize>, usize) = (Vec::new(), 1);
        for part in axes.iter().flatten() {
            let Of::Side(side) = part.of else { return None };
            if left > 1 && order.last() != Some(&side) {
                return None;
            }
            if left <= 1 {
                if order.contains(&side) {
                    return None;
                }
                order.push(side);
                left = self.sides[side];
            }
            left = if left.is_multiple_of(part.size) { left / part.size } else { return None };
        }
        let ones = (0..self.sides.len()).filter(|side| self.sides[*side] == 1 && !order.contains(side));
        let ones: Vec<usize> = ones.collect();
        order.extend(ones);
        (left == 1 && order.len() == self.sides.len()).then_some(order)
    }
}

/// Returns a whole side as an axis.
fn whole(side: usize, size: usize) -> Vec<Part> {
    if size == 1 { Vec::new() } else { vec![Part::side(side, size)] }
}

/// Joins neighboring parts of a side in each axis.
fn merged(axes: Vec<Vec<Part>>) -> Vec<Vec<Part>> {
    let join = |axis: Vec<Part>| {
        let mut joined: Vec<Part> = Vec::new();
        for part in axis {
            match joined.last_mut() {
                Some(last) if last.of == part.of && part.of != Of::Batch => last.size *= part.size,
                _ => joined.push(part),
            }
        }
        joined
    };
    axes.into_iter().map(join).collect()
}
