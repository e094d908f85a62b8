//! Functions of single numbers, and of two values number by number.

use crate::onnx::import::axes::{Data, channel_side};
use crate::onnx::import::layer::{Head, Kind, Layer, Pairing};
use crate::onnx::import::node::Node;
use crate::onnx::import::ratio::{ratio, two_ratios};
use crate::onnx::import::tensor::Tensor;
use crate::onnx::import::walk::{Done, Step, Walk};

/// Returns the layer that corresponds to an operator without settings.
pub(super) fn without_settings(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "Relu" => "Relu",
        "Tanh" => "Tanh",
        "Sigmoid" => "Sigmoid",
        "Softplus" => "Softplus",
        "Softsign" => "Softsign",
        "HardSwish" => "HardSwish",
        "Mish" => "Mish",
        "Erf" => "Erf",
        "Exp" => "Exp",
        "Log" => "Log",
        "Sqrt" => "Sqrt",
        "Reciprocal" => "Reciprocal",
        "Abs" => "Abs",
        "Neg" => "Neg",
        "Sin" => "Sin",
        "Cos" => "Cos",
        _ => return None,
    })
}

/// Returns `name<numerator, denominator>`.
fn fraction(name: &str, number: f64) -> Result<Kind, String> {
    match ratio(number) {
        Some((numerator, denominator)) if numerator > 0 => {
            Ok(Kind::Plain(format!("{name}<{numerator}, {denominator}>")))
        }
        _ => Err(format!("its setting {number} is not a positive ratio that fits in a type")),
    }
}

pub(super) fn with_settings(walk: &mut Walk<'_>, node: &Node) -> Done {
    let alpha = |default: f32| f64::from(node.float("alpha", default));
    let kind = match &node.operator[..] {
        "LeakyRelu" => fraction("LeakyRelu", alpha(0.01))?,
        "Elu" => fraction("Elu", alpha(1.0))?,
        "Celu" => fraction("Celu", alpha(1.0))?,
        "ThresholdedRelu" => fraction("ThresholdedRelu", alpha(1.0))?,
        "Selu" => {
            let [alpha, gamma] = [node.float("alpha", 1.673_263_2), node.float("gamma", 1.050_701)];
            if (alpha - 1.673_263_2).abs() > 1e-6 || (gamma - 1.050_701).abs() > 1e-6 {
                return Err("its alpha and gamma are not those of Selu".into());
            }
            Kind::plain("Selu")
        }
        "HardSigmoid" => {
            let (slope, start) = (ratio(alpha(0.2)), ratio(f64::from(node.float("beta", 0.5))));
            match (slope, start) {
                (Some((1, 6)), Some((1, 2))) => Kind::plain("HardSigmoid"),
                (Some((num, den)), Some((start, of))) if num > 0 => {
                    Kind::Plain(format!("HardSigmoid<{num}, {den}, {start}, {of}>"))
                }
                _ => return Err("its alpha or beta is not a ratio that fits in a type".into()),
            }
        }
        "Gelu" => Kind::plain(if node.text("approximate", "none") == "tanh" { "GeluTanh" } else { "Gelu" }),
        "Swish" if node.float("alpha", 1.0) == 1.0 => Kind::plain("Silu"),
        "Swish" if ratio(node.float("alpha", 1.0).into()) == ratio(1.702) => Kind::plain("QuickGelu"),
        "Shrink" => match (node.float("bias", 0.0), f64::from(node.float("lambd", 0.5))) {
            (0.0, lambda) => fraction("HardShrink", lambda)?,
            (bias, lambda) if f64::from(bias) == lambda => fraction("SoftShrink", lambda)?,
            _ => return Err("its bias is neither 0 nor its lambd".into()),
        },
        "Clip" => return clip(walk, node),
        "Pow" => match walk.number(node, 1) {
            Some(2.0) => Kind::plain("Square"),
            Some(0.5) => Kind::plain("Sqrt"),
            Some(-1.0) => Kind::plain("Reciprocal"),
            Some(1.0) => Kind::plain("Identity"),
            // A part of `GeluTanh`.
            Some(3.0) => Kind::plain("Cube"),
            _ => return Err("its power is not 2, 1/2 or -1".into()),
        },
        "PRelu" => return prelu(walk, node),
        _ => return Err("no layer of this crate has its settings".into()),
    };
    walk.elementwise(node, kind)
}

fn clip(walk: &mut Walk<'_>, node: &Node) -> Done {
    // In old opsets, the limits are attributes.
    let limit = |at: usize, name: &str, none: f64| match walk.number(node, at) {
        Some(limit) => limit,
        None if walk.graph.opset < 11 => node.float(name, none as f32).into(),
        None => none,
    };
    let [low, high] = [limit(1, "min", f64::NEG_INFINITY), limit(2, "max", f64::INFINITY)];
    let (low, high) = match (low, high) {
        (0.0, 6.0) => return walk.elementwise(node, Kind::plain("Relu6")),
        (-1.0, 1.0) => return walk.elementwise(node, Kind::plain("HardTanh")),
        (0.0, high) if high > 1e38 => return walk.elementwise(node, Kind::plain("Relu")),
        (low, high) => (
            if low < -1e38 { f64::NEG_INFINITY } else { low },
            if high > 1e38 { f64::INFINITY } else { high },
        ),
    };
    let (low, high, denominator) =
        two_ratios(low, high).ok_or("its limits are not ratios of integers that fit in a type")?;
    let kind = match denominator {
        1 => format!("Clamp<{low}, {high}>"),
        denominator => format!("Clamp<{low}, {high}, {denominator}>"),
    };
    walk.elementwise(node, Kind::Plain(kind))
}

fn prelu(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (_, data) = walk.data(node, 0)?;
    let slope = walk.weight(node, 1, None)?;
    let (head, slope) = match slope.len() {
        1 => (Head::without_scalar("PRelu".into()), slope.reshaped(vec![1])),
        _ => {
            let slope = by_channel(&data, &slope).ok_or("its slopes are not one for each channel")?;
            (Head::new(format!("ChannelPRelu<{}", slope.len())), slope)
        }
    };
    walk.elementwise(node, Kind::Whole { head, tensors: vec![("slope", slope)] })
}

/// Returns the numbers of a tensor with one number for each channel of the value, to whose axes it is broadcast.
fn by_channel(data: &Data, tensor: &Tensor) -> Option<Tensor> {
    let channels = channel_side(data.sides.len());
    let before = data.axes.len().checked_sub(tensor.dims.len())?;
    for (at, &dim) in tensor.dims.iter().enumerate() {
        if dim != 1 && data.side_of(before + at) != Some(channels) {
            return None;
        }
    }
    let count = tensor.len();
    (count == data.sides[channels]).then(|| tensor.clone().reshaped(vec![count]))
}

/// Converts an operator on a value and a constant, or on two values.
pub(super) fn binary(walk: &mut Walk<'_>, node: &Node) -> Done {
    let operator = &node.operator[..];
    if node.inputs.len() > 2 {
        return Err(format!("it has {} inputs, but a pair has two", node.inputs.len()));
    }
    if node.inputs.len() == 1 {
        return super::shapes::same(walk, node);
    }
    match (walk.is_data(node, 0), walk.is_data(node, 1)) {
        (true, true) => pair(walk, node),
        (true, false) => with_constant(walk, node, operator, 0, 1),
        (false, true) => with_constant(walk, node, operator, 1, 0),
        _ => Err("one of its inputs is not computed by a layer".into()),
    }
}

fn with_constant(walk: &mut Walk<'_>, node: &Node, operator: &str, value: usize, constant: usize) -> Done {
    let (from, mut data) = walk.data(node, value)?;
    let swapped = value == 1;
    let tensor = walk.weight(node, constant, None)?;
    // If the constant has more axes than the value, the value gets axes of length 1.
    while data.axes.len() < tensor.dims.len() {
        data.axes.insert(0, Vec::new());
    }
    let layer = |kind| Layer::new(&node.name, kind);
    let plain = |name: &str| layer(Kind::plain(name));
    if let Some(number) = tensor.one() {
        let layers = match (operator, swapped) {
            ("Add" | "Sum", _) => vec![layer(Kind::Shift(number))],
            ("Sub", false) => vec![layer(Kind::Shift(-number))],
            ("Sub", true) => vec![plain("Neg"), layer(Kind::Shift(number))],
            ("Mul", _) => vec![layer(Kind::Scale(number))],
            ("Div", false) => vec![layer(Kind::Scale(1.0 / number))],
            ("Div", true) => vec![plain("Reciprocal"), layer(Kind::Scale(number))],
            ("Max", _) if number == 0.0 => vec![plain("Relu")],
            ("Max" | "Min", _) => {
                let [low, high] =
                    if operator == "Max" { [number, f64::INFINITY] } else { [f64::NEG_INFINITY, number] };
                let (low, high, denominator) =
                    two_ratios(low, high).ok_or("its constant is not a ratio that fits in a type")?;
                vec![layer(Kind::Plain(format!("Clamp<{low}, {high}, {denominator}>").replace(", 1>", ">")))]
            }
            _ => return Err("no layer of this crate does this with a constant".into()),
        };
        return walk.layers(node, from, layers, data);
    }
    let tensor = by_channel(&data, &tensor).ok_or_else(|| {
        format!("its constant of {:?} does not have one number for each feature or channel", tensor.dims)
    })?;
    let channels = tensor.len();
    let affine = |gain, bias| layer(Kind::Affine { channels, gain, bias });
    let layers = match (operator, swapped) {
        ("Add" | "Sum", _) => vec![affine(None, Some(tensor))],
        ("Sub", false) => vec![affine(None, Some(tensor.map(|x| -x)))],
        ("Sub", true) => vec![plain("Neg"), affine(None, Some(tensor))],
        ("Mul", _) => vec![affine(Some(tensor), None)],
        ("Div", false) => vec![affine(Some(tensor.map(|x| 1.0 / x)), None)],
        _ => return Err("no layer of this crate does this with a constant for each channel".into()),
    };
    walk.layers(node, from, layers, data)
}

fn pair(walk: &mut Walk<'_>, node: &Node) -> Done {
    let (a, mut first) = walk.data(node, 0)?;
    let (b, mut second) = walk.data(node, 1)?;
    let pairing = match &node.operator[..] {
        "Add" | "Sum" => Pairing::Sum,
        "Sub" => Pairing::Difference,
        "Mul" => Pairing::Product,
        "Div" => Pairing::Quotient,
        "Max" => Pairing::Maximum,
        _ => Pairing::Minimum,
    };
    // Broadcasting adds axes of length 1 in front.
    while first.axes.len() < second.axes.len() {
        first.axes.insert(0, Vec::new());
    }
    while second.axes.len() < first.axes.len() {
        second.axes.insert(0, Vec::new());
    }
    if first == second {
        return walk.set(node, 0, vec![a, b], Step::Pair(pairing, Ok(())), first);
    }
    let (one, other) = (first.dims(), second.dims());
    if one == other {
        return Err("its two inputs have their axes in different orders".into());
    }
    if !one.iter().zip(&other).all(|(&one, &other)| one == other || one == 1 || other == 1) {
        return Err(format!("its inputs are of {one:?} and {other:?}"));
    }
    // Some norms are written this way. In other cases, it becomes an error when the layers are combined.
    let larger = if one.iter().zip(&other).all(|(one, other)| one >= other) { first } else { second };
    let broadcast = Err(format!("it broadcasts {} to {}", shown(walk, &one), shown(walk, &other)));
    walk.set(node, 0, vec![a, b], Step::Pair(pairing, broadcast), larger)
}

fn shown(walk: &Walk<'_>, dims: &[usize]) -> String {
    let side = |dim: &usize| if *dim == walk.batch { "batch".into() } else { dim.to_string() };
    format!("[{}]", dims.iter().map(side).collect::<Vec<_>>().join(", "))
}

/// Converts `Where(x > 20, x, Softplus(x))`, which PyTorch writes for `Softplus`.
pub(super) fn threshold(walk: &mut Walk<'_>, node: &Node) -> Done {
    let value = |at: usize| node.inputs.get(at).copied().flatten();
    if node.operator == "Greater" {
        let (from, _) = walk.data(node, 0)?;
        let limit = walk.number(node, 1).ok_or("only a comparison with a constant is read")?;
        if let (true, Some(output)) = (limit >= 20.0, node.outputs.first().copied().flatten()) {
            walk.masks.insert(output, from);
            return Ok(());
        }
        return Err("no layer of this crate compares numbers".into());
    }
    let (Some(mask), Some(x), Some(y)) = (value(0), value(1), value(2)) else {
        return Err("it has too few inputs".into());
    };
    let softplus = walk.links.get(&y).is_some_and(|link| {
        let is_softplus = |layers: &[Layer]| layers.iter().all(|layer| layer.kind.is("Softplus"));
        link.from == [x] && matches!(&link.step, Step::Layers(layers) if is_softplus(layers))
    });
    match walk.data_of(y).cloned() {
        Some(data) if softplus && walk.masks.get(&mask) == Some(&x) => {
            walk.set(node, 0, vec![y], Step::Same, data)
        }
        _ => Err("no layer of this crate chooses between two values".into()),
    }
}
