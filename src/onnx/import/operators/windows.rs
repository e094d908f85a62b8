//! Convolutions and pools.

use crate::onnx::import::axes::{Data, Want};
use crate::onnx::import::layer::{Head, Kind, Layer};
use crate::onnx::import::node::Node;
use crate::onnx::import::tensor::Tensor;
use crate::onnx::import::walk::{Done, Walk};

/// The windows of a node, for each axis.
struct Windows {
    kernel: Vec<usize>,
    stride: Vec<usize>,
    dilation: Vec<usize>,
    begin: Vec<usize>,
    end: Vec<usize>,
    /// `Same` or `SameLower`, if the padding follows from the output.
    same: Option<&'static str>,
    ceil: bool,
}

impl Windows {
    fn of(node: &Node, kernel: Vec<usize>) -> Result<Self, String> {
        let axes = kernel.len();
        let list = |name: &str, default: usize, count: usize| {
            let list: Option<Vec<usize>> = match node.ints(name) {
                Some(ints) => {
                    ints.iter().map(|&int| usize::try_from(int).ok().filter(|&int| int < 1 << 30)).collect()
                }
                None => Some(vec![default; count]),
            };
            list.filter(|list| list.len() == count)
                .ok_or_else(|| format!("its {name} are {:?}", node.ints(name)))
        };
        let pads = list("pads", 0, 2 * axes)?;
        let same = match node.text("auto_pad", "NOTSET") {
            "SAME_UPPER" => Some("Same"),
            "SAME_LOWER" => Some("SameLower"),
            "NOTSET" | "VALID" => None,
            other => return Err(format!("its auto_pad is {other}")),
        };
        let (stride, dilation) = (list("strides", 1, axes)?, list("dilations", 1, axes)?);
        if [&kernel, &stride, &dilation].iter().any(|list| list.contains(&0)) {
            return Err("it has a kernel, stride or dilation of 0".into());
        }
        let (begin, end) = (pads[..axes].to_vec(), pads[axes..].to_vec());
        Ok(Self { kernel, stride, dilation, begin, end, same, ceil: node.int("ceil_mode", 0) == 1 })
    }

    /// Returns kernel, stride and padding for the layers without settings: one number each.
    fn plain(&self) -> Option<[usize; 3]> {
        let equal = |list: &[usize]| list.iter().all(|&number| number == list[0]);
        let plain = self.dilation.iter().all(|&d| d == 1)
            && self.begin == self.end
            && !self.ceil
            && self.same.is_none();
        (plain && [&self.kernel, &self.stride, &self.begin].iter().all(|list| equal(list)))
            .then(|| [self.kernel[0], self.stride[0], self.begin[0]])
    }

    /// Returns the settings for the layers with settings, in the order in which they are printed. The arguments are
    /// inserted at their places: the groups, the output padding, and the settings after the rounding.
    fn settings(&self, stride: bool, groups: &str, output_padding: &str, last: &str) -> String {
        let named = |name: &str, list: &[usize]| {
            let equal = list.iter().all(|&number| number == list[0]);
            let shown: Vec<String> =
                list[..if equal { 1 } else { list.len() }].iter().map(usize::to_string).collect();
            format!("{name}<{}>", shown.join(", "))
        };
        let mut settings = vec![named("Kernel", &self.kernel)];
        if stride {
            settings.push(named("Stride", &self.stride));
        }
        if let Some(same) = self.same {
            settings.push(same.into());
        } else if self.begin != self.end {
            let ends: Vec<usize> =
                self.begin.iter().zip(&self.end).flat_map(|(&begin, &end)| [begin, end]).collect();
            let equal = ends.len() == 4 && ends[..2] == ends[2..];
            let shown: Vec<String> =
                ends[..if equal { 2 } else { ends.len() }].iter().map(usize::to_string).collect();
            settings.push(format!("PaddingEnds<{}>", shown.join(", ")));
        } else if self.begin.iter().any(|&padding| padding > 0) {
            settings.push(named("Padding", &self.begin));
        }
        if self.dilation.iter().any(|&dilation| dilation > 1) {
            settings.push(named("Dilation", &self.dilation));
        }
        let ceil = if self.ceil { "CeilMode" } else { "" };
        settings.extend(
            [groups, output_padding, ceil, last]
                .iter()
                .filter(|text| !text.is_empty())
                .map(|text| text.to_string()),
        );
        format!("({})", settings.join(", "))
    }

    /// Returns the number of elements that a window spans along an axis.
    fn span(&self, axis: usize) -> Option<usize> {
        (self.kernel[axis] - 1).checked_mul(self.dilation[axis])?.checked_add(1)
    }

    /// Returns the number of windows along an axis.
    fn places(&self, axis: usize, side: usize) -> Option<usize> {
        let stride = self.stride[axis];
        if self.same.is_some() {
            return Some(side.div_ceil(stride));
        }
        let padded = side.checked_add(self.begin[axis])?;
        let room = padded.checked_add(self.end[axis])?.checked_sub(self.span(axis)?)?;
        if !self.ceil {
            return Some(room / stride + 1);
        }
        // The last window must start before the end padding.
        let places = room.div_ceil(stride) + 1;
        Some(if (places - 1).checked_mul(stride)? >= padded { places - 1 } else { places })
    }

    /// Returns the sides of the output of the windows, with this number of channels.
    fn outputs(&self, sides: &[usize], channels: usize) -> Result<Vec<usize>, String> {
        let places = |axis: usize, side: usize| {
            self.places(axis, side).ok_or_else(|| format!("its window is larger than its input of {sides:?}"))
        };
        Ok(match *sides {
            [steps, _] => vec![places(0, steps)?, channels],
            [_, height, width] => vec![channels, places(0, height)?, places(1, width)?],
            _ => return Err("its input is neither a sequence nor an image".into()),
        })
    }
}

/// Checks that a kernel has 1 or 2 axes.
fn rank(axes: usize) -> Result<usize, String> {
    if axes == 1 || axes == 2 {
        Ok(axes)
    } else {
        Err(format!("it has windows of {axes} axes, but layers have 1 or 2"))
    }
}

/// Returns the weight in this crate's order. For sequences, the order of the sides is reversed.
fn ordered_weight(weight: &Tensor, axes: usize) -> Tensor {
    if axes == 1 { weight.permuted(&[2, 1, 0]) } else { weight.clone() }
}

fn positive(number: i64) -> Option<usize> {
    usize::try_from(number).ok().filter(|&number| number > 0)
}

pub(super) fn convolution(walk: &mut Walk<'_>, node: &Node) -> Done {
    let weight = walk.weight(node, 1, None)?;
    let axes = rank(weight.dims.len().saturating_sub(2))?;
    let (from, mut layers, sides) = walk.ordered(node, Want::ChannelsFirst)?;
    let groups = positive(node.int("group", 1)).ok_or("its group is not positive")?;
    let (outputs, inputs) = (weight.dims[0], weight.dims[1].saturating_mul(groups));
    let channels = sides[if axes == 1 { 1 } else { 0 }];
    if sides.len() != axes + 1 || inputs != channels || outputs == 0 || !outputs.is_multiple_of(groups) {
        return Err(format!("its weight of {:?} does not fit its input of {sides:?}", weight.dims));
    }
    let windows = Windows::of(node, weight.dims[2..].to_vec())?;
    let bias = if Walk::has(node, 2) { Some(walk.weight(node, 2, Some(&[outputs]))?) } else { None };
    let head = match windows.plain() {
        Some([k, s, p]) if groups == 1 => format!("Conv{axes}d<{inputs}, {outputs}, {k}, {s}, {p}"),
        Some([k, s, p]) if axes == 2 && groups == inputs && groups == outputs => {
            format!("DepthwiseConv2d<{inputs}, {k}, {s}, {p}")
        }
        _ => {
            let stride = windows.stride.iter().any(|&stride| stride > 1);
            let groups = if groups > 1 { format!("Groups<{groups}>") } else { String::new() };
            format!("Conv{axes}dWith<{inputs}, {outputs}, {}", windows.settings(stride, &groups, "", ""))
        }
    };
    let weight = ordered_weight(&weight, axes);
    layers.push(Layer::new(
        &node.name,
        Kind::Weighted { head: Head::new(head), weight, bias, outputs, from: None },
    ));
    let sides = windows.outputs(&sides, outputs)?;
    walk.layers(node, from, layers, Data::channels_first(walk.batch, sides))
}

pub(super) fn transposed_convolution(walk: &mut Walk<'_>, node: &Node) -> Done {
    let weight = walk.weight(node, 1, None)?;
    let axes = rank(weight.dims.len().saturating_sub(2))?;
    let (from, mut layers, sides) = walk.ordered(node, Want::ChannelsFirst)?;
    let groups = positive(node.int("group", 1)).ok_or("its group is not positive")?;
    let (inputs, outputs) = (weight.dims[0], weight.dims[1].saturating_mul(groups));
    let channels = sides[if axes == 1 { 1 } else { 0 }];
    if sides.len() != axes + 1 || inputs != channels || outputs == 0 || !inputs.is_multiple_of(groups) {
        return Err(format!("its weight of {:?} does not fit its input of {sides:?}", weight.dims));
    }
    let windows = Windows::of(node, weight.dims[2..].to_vec())?;
    if node.attributes.contains_key("output_shape") || windows.same.is_some() {
        return Err("its output_shape or auto_pad is not read: PyTorch writes pads".into());
    }
    let more: Option<Vec<usize>> = match node.ints("output_padding") {
        Some(ints) => {
            ints.iter().map(|&int| usize::try_from(int).ok().filter(|&int| int < 1 << 30)).collect()
        }
        None => Some(vec![0; axes]),
    };
    let more = more.filter(|more| more.len() == axes).ok_or("its output_padding is not a list of numbers")?;
    let bias = if Walk::has(node, 2) { Some(walk.weight(node, 2, Some(&[outputs]))?) } else { None };
    let head = match windows.plain() {
        Some([k, s, p]) if groups == 1 && more.iter().all(|&more| more == 0) => {
            format!("TransposedConv{axes}d<{inputs}, {outputs}, {k}, {s}, {p}")
        }
        _ => {
            let stride = windows.stride.iter().any(|&stride| stride > 1);
            let groups = if groups > 1 { format!("Groups<{groups}>") } else { String::new() };
            let more = match more[..] {
                _ if more.iter().all(|&more| more == 0) => String::new(),
                [one, other] if one != other => format!("OutputPadding<{one}, {other}>"),
                _ => format!("OutputPadding<{}>", more[0]),
            };
            format!(
                "TransposedConv{axes}dWith<{inputs}, {outputs}, {}",
                windows.settings(stride, &groups, &more, "")
            )
        }
    };
    let side = |axis: usize, side: usize| {
        let filled = (side - 1).checked_mul(windows.stride[axis])?.checked_add(windows.span(axis)?)?;
        filled.checked_add(more[axis])?.checked_sub(windows.begin[axis])?.checked_sub(windows.end[axis])
    };
    let sides = match sides[..] {
        [steps, _] => side(0, steps).map(|steps| vec![steps, outputs]),
        [_, height, width] => {
            side(0, height).zip(side(1, width)).map(|(height, width)| vec![outputs, height, width])
        }
        _ => None,
    };
    let sides = sides.ok_or("its padding is larger than its output")?;
    let weight = ordered_weight(&weight, axes);
    layers.push(Layer::new(
        &node.name,
        Kind::Weighted { head: Head::new(head), weight, bias, outputs, from: None },
    ));
    walk.layers(node, from, layers, Data::channels_first(walk.batch, sides))
}

pub(super) fn pool(walk: &mut Walk<'_>, node: &Node) -> Done {
    let kernel: Option<Vec<usize>> =
        node.ints("kernel_shape").unwrap_or_default().iter().map(|&int| positive(int)).collect();
    let kernel = kernel.ok_or("its kernel is not positive")?;
    let axes = rank(kernel.len())?;
    let (from, mut layers, sides) = walk.ordered(node, Want::ChannelsFirst)?;
    if sides.len() != axes + 1 {
        return Err(format!("its window has {axes} axes, but its input has the sides {sides:?}"));
    }
    if node.outputs.get(1).copied().flatten().is_some_and(|places| walk.needed[places])
        || node.int("storage_order", 0) != 0
    {
        return Err("it also returns the indices of the largest numbers".into());
    }
    let windows = Windows::of(node, kernel)?;
    let average = node.operator == "AveragePool";
    let padded =
        windows.same.is_some() || windows.begin.iter().chain(&windows.end).any(|&padding| padding > 0);
    let exclude = average && (padded || windows.ceil) && node.int("count_include_pad", 0) == 0;
    let name = if average { "AvgPool" } else { "MaxPool" };
    let text = match windows.plain() {
        Some([k, s, p]) if !exclude && 2 * p <= k => format!("{name}{axes}d<{k}, {s}, {p}>"),
        _ => {
            let last = if exclude { "ExcludePadding" } else { "" };
            format!("{name}{axes}dWith<{}>", windows.settings(true, "", "", last))
        }
    };
    layers.push(Layer::new(&node.name, Kind::Plain(text)));
    let channels = sides[if axes == 1 { 1 } else { 0 }];
    let sides = windows.outputs(&sides, channels)?;
    walk.layers(node, from, layers, Data::channels_first(walk.batch, sides))
}
