//! Types in their short form.

/// Returns a type without parameters that have their default, and with its shorter name if there is one.
pub(super) fn short(name: &str) -> String {
    let Some((kind, rest)) = name.split_once('<') else { return name.into() };
    let arguments = rest.strip_suffix('>').unwrap_or(rest);
    if let (true, Some((mode, ends))) = (matches!(kind, "Pad1d" | "Pad2d"), arguments.rsplit_once(">, ")) {
        let axes = &kind[3..];
        return match mode.strip_prefix("Constant<") {
            Some("0, 1") => format!("ZeroPad{axes}<{ends}>"),
            Some(number) => format!("ConstantPad{axes}<{number}, {ends}>"),
            None => name.into(),
        };
    }
    for (mode, kinds) in
        [("Reflect, ", "Reflection"), ("Replicate, ", "Replication"), ("Circular, ", "Circular")]
    {
        if let (true, Some(ends)) = (matches!(kind, "Pad1d" | "Pad2d"), arguments.strip_prefix(mode)) {
            return format!("{kinds}{kind}<{ends}>");
        }
    }
    let mut numbers: Vec<&str> = arguments.split(", ").collect();
    let plain = numbers.iter().all(|number| number.parse::<usize>().is_ok());
    let drop_if = |numbers: &mut Vec<&str>, count: usize, default: &str| {
        if plain && numbers.len() == count && numbers.last() == Some(&default) {
            numbers.pop();
        }
    };
    match kind {
        "Conv1d" | "Conv2d" | "TransposedConv1d" | "TransposedConv2d" => {
            drop_if(&mut numbers, 5, "0");
            drop_if(&mut numbers, 4, "1");
        }
        "DepthwiseConv2d" => {
            drop_if(&mut numbers, 4, "0");
            drop_if(&mut numbers, 3, "1");
        }
        "MaxPool1d" | "MaxPool2d" | "AvgPool1d" | "AvgPool2d" => {
            let kernel = numbers[0];
            drop_if(&mut numbers, 3, "0");
            drop_if(&mut numbers, 2, kernel);
        }
        "LeakyRelu" if arguments == "1, 100" => return kind.into(),
        "Elu" | "Celu" | "ThresholdedRelu" if arguments == "1, 1" => return kind.into(),
        "UpsampleBilinear2d" => {
            numbers.retain(|number| *number != "HalfPixel");
            if numbers.len() == 2 && numbers[0] == numbers[1] {
                numbers.pop();
            }
        }
        "Rnn" => numbers.retain(|number| *number != "Tanh"),
        _ => return name.into(),
    }
    format!("{kind}<{}>", numbers.join(", "))
}
