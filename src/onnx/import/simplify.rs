//! Combines several operators into the layer from which an exporter has written them.

use super::layer::{Head, Kind, Layer, Pairing, sample};
use super::walk::Done;

/// Parts of layers, which are not layers themselves.
pub(super) const PARTS: [&str; 4] = ["Cube", "TwiceGelu", "TwiceGeluTanh", "SixHardSwish"];

/// Returns whether a number is this constant, up to the digits that a file may have.
fn near(number: f64, constant: f64) -> bool {
    (number - constant).abs() <= 2e-4 * constant.abs()
}

/// Appends a layer. If it and the last ones are the parts of one layer, they are replaced by this layer.
pub(super) fn push(layers: &mut Vec<Layer>, layer: Layer) {
    match &layer.kind {
        Kind::Plain(name) if name == "Identity" => return,
        Kind::Scale(1.0) | Kind::Shift(0.0) => return,
        _ => {}
    }
    let Some(last) = layers.last_mut() else {
        layers.push(layer);
        return;
    };
    match (&mut last.kind, layer.kind) {
        // The bias of a linear map or a convolution.
        (
            Kind::Weighted { bias: bias @ None, outputs, .. },
            Kind::Affine { channels, gain: None, bias: Some(summand) },
        ) if *outputs == channels => {
            *bias = Some(summand);
        }
        (Kind::Affine { bias: bias @ None, .. }, Kind::Affine { gain: None, bias: Some(summand), .. }) => {
            *bias = Some(summand);
        }
        // The factors and summands of a norm.
        (
            Kind::Norm { head, gain: to @ None, bias: bias @ None, running, .. },
            Kind::Affine { gain, bias: summand, .. },
        ) if running.is_empty() && takes_affine(head, summand.is_some()) => {
            (*to, *bias) = (gain, summand);
        }
        (
            Kind::Norm { head, gain: Some(_), bias: bias @ None, running, .. },
            Kind::Affine { gain: None, bias: Some(summand), .. },
        ) if running.is_empty() && takes_affine(head, true) => *bias = Some(summand),
        // LogSigmoid, and functions with a factor after them.
        (Kind::Plain(name), Kind::Plain(log)) if name == "Sigmoid" && log == "Log" => {
            *name = "LogSigmoid".into()
        }
        (Kind::Plain(name), Kind::Scale(half)) if name == "TwiceGelu" && near(half, 0.5) => {
            *name = "Gelu".into()
        }
        (Kind::Plain(name), Kind::Scale(half)) if name == "TwiceGeluTanh" && near(half, 0.5) => {
            *name = "GeluTanh".into();
        }
        (Kind::Plain(name), Kind::Scale(part)) if name == "SixHardSwish" && near(part, 1.0 / 6.0) => {
            *name = "HardSwish".into();
        }
        // x - mean, and then the division by the root mean square.
        (
            Kind::Pair(Pairing::Difference, one, other, Err(_)),
            Kind::Norm { head, epsilon, momentum, gain: None, .. },
        ) if one.is_empty()
            && matches!(&other[..], [mean] if mean.kind.is("MeanOver<Features>"))
            && head.text.starts_with("RmsNorm<") =>
        {
            let head = Head { text: head.text.replacen("RmsNorm", "LayerNorm", 1), ..head };
            last.kind = Kind::Norm { head, epsilon, momentum, gain: None, bias: None, running: Vec::new() };
        }
        (_, kind) => layers.push(Layer { kind, ..layer }),
    }
}

/// Returns whether a norm can have factors (and summands, if `summands`) for each channel.
fn takes_affine(head: &Head, summands: bool) -> bool {
    head.text.starts_with("GroupNorm<")
        || head.text.starts_with("LayerNorm<Vector<")
        || head.text.starts_with("RmsNorm<Vector<") && !summands
}

/// Combines two branches that start at a value with these sides.
pub(super) fn joined(
    node: &str,
    pairing: Pairing,
    one: Vec<Layer>,
    other: Vec<Layer>,
    fits: Done,
    (sides, double): (&[usize], bool),
) -> Vec<Layer> {
    let new = |kind| Layer::new(node, kind);
    let layer = |kind| vec![new(kind)];
    if pairing == Pairing::Sum && fits.is_ok() {
        return layer(match (one.len(), other.len()) {
            (0, 0) => Kind::Scale(2.0),
            (a, b) if b > a => Kind::Residual(other, one),
            _ => Kind::Residual(one, other),
        });
    }
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    let function = match pairing {
        Pairing::Product if fits.is_ok() => product(short, long),
        Pairing::Quotient if one.is_empty() && is(&other, &["Abs", "+1"]) => Some("Softsign"),
        _ => None,
    };
    if let Some(name) = function {
        return layer(Kind::plain(name));
    }
    // A factor inside a power is moved after it.
    if let (Pairing::Product, Ok(()), [], [before @ .., factor]) = (pairing, &fits, &short[..], &long[..])
        && let (Kind::Scale(factor), Some(power @ ("Square" | "Cube"))) = (&factor.kind, product(&[], before))
    {
        return vec![new(Kind::plain(power)), new(Kind::Scale(*factor))];
    }
    // The division by the root mean square, as norms are written.
    let features = if sides.len() == 2 { sides.get(1) } else { sides.first() };
    if let (Some(&features), true, false) = (features, one.is_empty() || other.is_empty(), sides.len() == 3)
        && let Some(epsilon) =
            root_mean_square(pairing, if one.is_empty() { &other } else { &one }, one.is_empty())
    {
        let head = Head::without_scalar(format!("RmsNorm<{}", sample(&[features], double)));
        return layer(Kind::Norm {
            head,
            epsilon,
            momentum: 0.1,
            gain: None,
            bias: None,
            running: Vec::new(),
        });
    }
    layer(Kind::Pair(pairing, one, other, fits))
}

/// Returns the activation that is equal to a product of two functions of the same number.
fn product(short: &[Layer], long: &[Layer]) -> Option<&'static str> {
    let half = matches!(short, [Layer { kind: Kind::Scale(half), .. }] if near(*half, 0.5));
    if !short.is_empty() && !half {
        return None;
    }
    const ERF: [&str; 3] = ["*0.70710678", "Erf", "+1"];
    let tanh = |layers: &[Layer]| match layers {
        [Layer { kind: Kind::Residual(cube, rest), .. }, others @ ..] => {
            rest.is_empty() && is(cube, &["Cube", "*0.044715"]) && is(others, &["*0.79788456", "Tanh", "+1"])
        }
        _ => false,
    };
    let (last, before) = match long {
        [before @ .., Layer { kind: Kind::Scale(half), .. }] if near(*half, 0.5) => (true, before),
        all => (false, all),
    };
    Some(match (half, last) {
        (true, false) | (false, true) if is(before, &ERF) => "Gelu",
        (true, false) | (false, true) if tanh(before) => "GeluTanh",
        (false, false) if is(long, &ERF) => "TwiceGelu",
        (false, false) if tanh(long) => "TwiceGeluTanh",
        (false, false) if long.is_empty() => "Square",
        (false, false) if is(long, &["Square"]) => "Cube",
        (false, false) if is(long, &["Sigmoid"]) => "Silu",
        (false, false) if is(long, &["*1.702", "Sigmoid"]) => "QuickGelu",
        (false, false) if is(long, &["Softplus", "Tanh"]) => "Mish",
        (false, false) if is(long, &["HardSigmoid"]) => "HardSwish",
        (false, false) if is(long, &["+3", "Relu6"]) => "SixHardSwish",
        (false, false) if is(long, &["+3", "Relu6", "*0.16666667"]) => "HardSwish",
        _ => return None,
    })
}

/// Returns whether layers are these: names, factors `*2` and summands `+2`.
fn is(layers: &[Layer], names: &[&str]) -> bool {
    let same = |(layer, name): (&Layer, &&str)| match (&layer.kind, name.split_at(1)) {
        (Kind::Scale(factor), ("*", number)) => number.parse().is_ok_and(|number| near(*factor, number)),
        (Kind::Shift(summand), ("+", number)) => number.parse().is_ok_and(|number| near(*summand, number)),
        (kind, _) => kind.is(name),
    };
    layers.len() == names.len() && layers.iter().zip(names).all(same)
}

/// Returns the epsilon of a quotient by `√(mean x² + epsilon)`, or of a product with its reciprocal.
fn root_mean_square(pairing: Pairing, layers: &[Layer], divides: bool) -> Option<f64> {
    let layers = match (pairing, layers) {
        (Pairing::Quotient, layers) if divides => layers,
        (Pairing::Product, [layers @ .., last]) if last.kind.is("Reciprocal") => layers,
        _ => return None,
    };
    match layers {
        [square, mean, Layer { kind: Kind::Shift(epsilon), .. }, root]
            if square.kind.is("Square") && mean.kind.is("MeanOver<Features>") && root.kind.is("Sqrt") =>
        {
            Some(*epsilon)
        }
        _ => None,
    }
}
