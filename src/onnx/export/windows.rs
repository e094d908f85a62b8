//! Convolutions, and the resizing of images and sequences.

use super::graph::{Attribute, Name};
use super::writer::Writer;
use crate::layer::Plan;
use crate::layer::resize::Rule;
use crate::layer::window_settings::{AxisPadding, WindowAxis};

/// Returns a number for each axis, as a list for an attribute.
fn each(axes: &[WindowAxis], number: impl Fn(&WindowAxis) -> usize) -> Vec<i64> {
    axes.iter().map(|axis| number(axis) as i64).collect()
}

impl Writer {
    pub(super) fn convolution(
        &mut self,
        plan: &Plan,
        axes: [WindowAxis; 2],
        groups: usize,
        transposed: bool,
        x: &str,
    ) -> Name {
        let of_steps = plan.input.len() == 2;
        // The sides of the plane, and the axes along them.
        let (sides, axes) = if of_steps { (0..1, &axes[..1]) } else { (1..3, &axes[..]) };
        let (input, output) = (&plan.input[sides.clone()], &plan.output[sides]);
        let (mut before, mut after, mut more) = (vec![], vec![], vec![]);
        for (axis, (&input, &output)) in axes.iter().zip(input.iter().zip(output)) {
            // The side that the windows cover, and the number of windows.
            let (side, places) = if transposed { (output, input) } else { (input, output) };
            if let Some((padding, added)) = same_ends(axis, side, places, transposed) {
                before.push(padding);
                after.push(padding);
                more.push(added);
                continue;
            }
            let all = (places.saturating_sub(1) * axis.stride + axis.span()) as i64 - side as i64;
            let first =
                if transposed { axis.cut_before(side, places) } else { axis.before(side, places) } as i64;
            before.push(first);
            after.push((all - first).max(0));
            more.push((first - all).max(0));
        }
        let kernel = each(axes, |axis| axis.kernel);
        let strides = each(axes, |axis| axis.stride);
        let dilations = each(axes, |axis| axis.dilation);
        let pads = [before, after].concat();
        let mut attributes = vec![
            ("kernel_shape", Attribute::Ints(&kernel)),
            ("strides", Attribute::Ints(&strides)),
            ("pads", Attribute::Ints(&pads)),
            ("dilations", Attribute::Ints(&dilations)),
            ("group", Attribute::Int(groups as i64)),
        ];
        if transposed && more.iter().any(|&more| more > 0) {
            attributes.push(("output_padding", Attribute::Ints(&more)));
        }
        let graph = &mut self.graph;
        let x = if of_steps { graph.transpose(x, &[0, 2, 1]) } else { x.into() };
        let weight =
            graph.parameter("weight", |array| if of_steps { array.transpose(&[2, 1, 0]) } else { array });
        let bias = graph.parameter("bias", |array| array);
        let inputs = [Some(x), weight, bias];
        let inputs: Vec<&str> = inputs.iter().flatten().map(|input| &input[..]).collect();
        let y = graph.node(if transposed { "ConvTranspose" } else { "Conv" }, &inputs, &attributes);
        if of_steps { graph.transpose(&y, &[0, 2, 1]) } else { y }
    }

    pub(super) fn resize(&mut self, plan: &Plan, rule: Rule, x: &str) -> Name {
        let (from, to) = (plan.input, plan.output);
        let linear = match rule {
            Rule::HalfPixel => Some("half_pixel"),
            Rule::AlignCorners => Some("align_corners"),
            _ => None,
        };
        let whole = from.iter().zip(to).all(|(&from, &to)| from > 0 && to.is_multiple_of(from));
        let Some(coordinates) = linear.or((rule == Rule::Nearest && whole).then_some("asymmetric")) else {
            // By index, which is exact.
            let mut y = x.to_owned();
            for (axis, (&from, &to)) in from.iter().zip(to).enumerate().filter(|(_, (from, to))| from != to) {
                let indices: Vec<i64> = (0..to).map(|at| rule.tap(at, from, to).first as i64).collect();
                let indices = self.graph.integers(&indices);
                let axis = [("axis", Attribute::Int(axis as i64 + 1))];
                y = self.graph.node("Gather", &[&y, &indices], &axis);
            }
            return y;
        };
        // A sequence becomes an image of one channel; its plane is the steps and features.
        let is_image = from.len() == 3;
        let (rows, columns) = (from.len() - 2, from.len() - 1);
        let x = if is_image { x.into() } else { self.graph.reshape(x, &[1, from[0], from[1]]) };
        let scales = [1.0, 1.0, scale(from[rows], to[rows]), scale(from[columns], to[columns])];
        let scales = self.graph.floats("scales", &scales);
        let attributes = [
            ("mode", Attribute::Text(if linear.is_some() { "linear" } else { "nearest" })),
            ("coordinate_transformation_mode", Attribute::Text(coordinates)),
            ("nearest_mode", Attribute::Text("floor")),
        ];
        let used = if linear.is_some() { &attributes[..2] } else { &attributes };
        let y = self.graph.node("Resize", &[&x, "", &scales], used);
        if is_image { y } else { self.graph.reshape(&y, to) }
    }
}

/// Returns the padding of both ends, and the output padding of a transposed convolution, if these settings result in
/// this number of windows. A reader then finds the layer's own settings.
fn same_ends(axis: &WindowAxis, side: usize, places: usize, transposed: bool) -> Option<(i64, i64)> {
    let AxisPadding::Before(padding) = axis.padding else { return None };
    let padded = side as i64 + 2 * padding as i64 - axis.span() as i64;
    let (stride, last) = (axis.stride as i64, places as i64 - 1);
    let added = padded - last * stride;
    // (onnxruntime accepts only an output padding below the stride.)
    (0..stride).contains(&added).then_some((padding as i64, if transposed { added } else { 0 }))
}

/// Returns the factor between two sides. A runtime computes `to` as the whole part of `from` times this factor, in
/// `f32` or in `f64`.
fn scale(from: usize, to: usize) -> f32 {
    let mut scale = to as f32 / from as f32;
    while from as f64 * f64::from(scale) < to as f64 {
        scale = scale.next_up();
    }
    scale
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_scale_gives_the_side() {
        for (from, to) in (1..200).flat_map(|from| (1..200).map(move |to| (from, to))) {
            let scale = super::scale(from, to);
            assert_eq!((from as f32 * scale) as usize, to, "{from} to {to}");
            assert_eq!((from as f64 * f64::from(scale)) as usize, to, "{from} to {to}");
        }
    }
}
