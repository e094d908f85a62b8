//! Padding and resizing.

use crate::onnx::import::axes::{Data, Want};
use crate::onnx::import::layer::{Kind, Layer};
use crate::onnx::import::node::Node;
use crate::onnx::import::ratio::ratio;
use crate::onnx::import::tensor::Tensor;
use crate::onnx::import::walk::{Done, Walk};

pub(super) fn pad(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, mut layers, sides) = walk.ordered(node, Want::ChannelsFirst)?;
    let rank = sides.len() + 1;
    let pads = match walk.known(node, 1) {
        Some(pads) => pads.ints().map(<[i64]>::to_vec),
        None => node.ints("pads").map(<[i64]>::to_vec),
    };
    let pads = pads.ok_or("its pads are not constants")?;
    let pads: Option<Vec<usize>> =
        pads.iter().map(|&pad| usize::try_from(pad).ok().filter(|&pad| pad < 1 << 30)).collect();
    let pads = pads
        .filter(|pads| pads.len() == 2 * rank)
        .ok_or("its pads are negative, or not two for each axis")?;
    if Walk::has(node, 3) || (0..2).any(|axis| pads[axis] + pads[rank + axis] > 0) {
        return Err("it pads the batch or the channels".into());
    }
    let mode = match node.text("mode", "constant") {
        "constant" => {
            let number = walk.number(node, 2).unwrap_or_else(|| node.float("value", 0.0).into());
            let (numerator, denominator) =
                ratio(number).ok_or("its constant is not a ratio that fits in a type")?;
            format!("Constant<{numerator}, {denominator}>")
        }
        "reflect" => "Reflect".into(),
        "edge" => "Replicate".into(),
        "wrap" => "Circular".into(),
        other => return Err(format!("its mode is {other}")),
    };
    let mut padded = sides.clone();
    let text = if rank == 3 {
        padded[0] += pads[2] + pads[5];
        format!("Pad1d<{mode}, {}, {}>", pads[2], pads[5])
    } else {
        padded[1] += pads[2] + pads[6];
        padded[2] += pads[3] + pads[7];
        format!("Pad2d<{mode}, {}, {}, {}, {}>", pads[3], pads[7], pads[2], pads[6])
    };
    layers.push(Layer::new(&node.name, Kind::Plain(text)));
    walk.layers(node, from, layers, Data::channels_first(walk.batch, padded))
}

/// Converts an operator that repeats each pixel, or interpolates, by whole factors.
pub(super) fn resize(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (from, mut layers, sides) = walk.ordered(node, Want::ChannelsFirst)?;
    let &[channels, height, width] = &sides[..] else {
        return Err("only images are resized".into());
    };
    // In a `Resize`, the scales are input 2 and the sizes input 3. Before opset 11, the scales are input 1.
    let old = node.operator == "Upsample" || walk.graph.opset < 11;
    let scales_at = if old { 1 } else { 2 };
    let scales = walk.known(node, scales_at).filter(|scales| scales.len() == 4);
    let factors = match (scales, walk.known(node, 3).and_then(Tensor::ints)) {
        (Some(scales), _) if scales.at(0) == 1.0 && scales.at(1) == 1.0 => [scales.at(2), scales.at(3)],
        (None, Some(&[_, all, new_height, new_width])) if all == channels as i64 => {
            [new_height as f64 / height as f64, new_width as f64 / width as f64]
        }
        _ => return Err("its scales are not constants for height and width".into()),
    };
    let [by_height, by_width] = factors.map(|factor| factor as usize);
    if factors != [by_height as f64, by_width as f64]
        || by_height == 0
        || by_width == 0
        || by_height.max(by_width) > 1 << 20
    {
        return Err(format!("its factors are {factors:?}, but a layer has whole numbers"));
    }
    let coordinates =
        node.text("coordinate_transformation_mode", if old { "asymmetric" } else { "half_pixel" });
    let rounding = node.text("nearest_mode", if old { "floor" } else { "round_prefer_floor" });
    let text = match (node.text("mode", "nearest"), coordinates, rounding) {
        ("nearest", "asymmetric", "floor")
        | ("nearest", "half_pixel", "round_prefer_floor" | "round_prefer_ceil") => {
            match (by_height, by_width) {
                (one, other) if one == other => format!("Upsample2d<{one}>"),
                (one, other) => format!("Upsample2d<{one}, {other}>"),
            }
        }
        ("linear", "half_pixel" | "pytorch_half_pixel", _) => {
            format!("UpsampleBilinear2d<{by_height}, {by_width}, HalfPixel>")
        }
        ("linear", "align_corners", _) => {
            format!("UpsampleBilinear2d<{by_height}, {by_width}, AlignCorners>")
        }
        (mode, ..) => return Err(format!("its mode is {mode}, {coordinates}")),
    };
    layers.push(Layer::new(&node.name, Kind::Plain(text)));
    let sides = vec![channels, height.saturating_mul(by_height), width.saturating_mul(by_width)];
    walk.layers(node, from, layers, Data::channels_first(walk.batch, sides))
}
