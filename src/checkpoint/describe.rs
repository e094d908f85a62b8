//! The layers of a network as text, by which a file identifies the network.

use chainrule_parameters::{Field, Node, Part, Segment, TypeName};

/// Returns the name of a network's type. If the name of a struct does not contain its layers, they follow the name:
/// `Mlp { hidden: Linear<2, 8>, act: Tanh }`.
pub(super) fn describe(type_name: &TypeName, node: &Node) -> String {
    let name = type_name.to_string();
    match node {
        Node::Nothing | Node::Tensor(_) | Node::Setting(_) | Node::Flattens => name,
        Node::Repeat { of, count, layer, .. } => {
            let one = describe(layer, of);
            if name.contains(&one) { name } else { format!("[{one}; {count}]") }
        }
        Node::Fields(fields) => {
            let mut inside = Vec::new();
            layers(fields, &mut inside);
            // A name does not contain a type parameter that has the default value.
            let is_default = |layer: &String| {
                let mut parts = type_name.parts.iter();
                parts.any(|part| matches!(part, Part::Unless(name, _) if name.to_string() == *layer))
            };
            if inside.iter().all(|(_, layer)| name.contains(layer) || is_default(layer)) {
                return name;
            }
            let named = |(segment, layer): &(Segment, String)| match segment {
                Segment::Index(_) => layer.clone(),
                segment => format!("{segment}: {layer}"),
            };
            let list: Vec<_> = inside.iter().map(named).collect();
            let list = list.join(", ");
            if name.starts_with('(') { format!("({list})") } else { format!("{name} {{ {list} }}") }
        }
    }
}

/// Appends the layers among the fields. The layers of a flattened field are appended as if they were fields too.
fn layers(fields: &[Field], inside: &mut Vec<(Segment, String)>) {
    for Field { name, node, layer, .. } in fields {
        match (name, node, layer) {
            (Segment::Flattened, Node::Fields(fields), _) => layers(fields, inside),
            (_, _, Some(layer)) => inside.push((*name, describe(layer, node))),
            _ => {}
        }
    }
}
