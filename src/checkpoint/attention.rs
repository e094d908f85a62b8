//! Attention layers and transformer blocks as modules of PyTorch.

use super::entry::{Entry, Part};
use super::layout::{below, join};
use super::{CheckpointError, Format};
use crate::layer::Role;

/// The linear maps of an attention layer whose weights are in a single tensor in PyTorch.
const JOINED: [&str; 3] = ["query", "key", "value"];

/// Returns the paths of the attention layers, in their order.
pub(super) fn attention_layers(entries: &[Entry]) -> Vec<String> {
    let has = |layer: &str, map: &str| {
        let path = join(layer, &format!("{map}.weight"));
        entries.iter().any(|entry| entry.path == path && entry.sides.len() == 2)
    };
    let layer = |entry: &Entry| {
        let layer = entry.path.strip_suffix("query.weight")?;
        let layer = layer.strip_suffix('.').unwrap_or(layer);
        ["key", "value", "output"].iter().all(|map| has(layer, map)).then(|| layer.to_owned())
    };
    entries.iter().filter_map(layer).collect()
}

/// Names the weights of attention layers like `nn.MultiheadAttention`, which has the weights of queries, keys and
/// values in a single tensor. Layers with grouped queries keep their names, because that module does not support them.
/// So do layers for which `renames` renames single maps.
pub(super) fn name_attention(entries: &mut [Entry], renames: &[(String, String)]) {
    for layer in attention_layers(entries) {
        let map = |name: &str| join(&layer, name);
        let maps = [JOINED[0], JOINED[1], JOINED[2], "output"];
        let renamed =
            |(path, _): &(String, String)| maps.iter().any(|name| below(path, &map(name)).is_some());
        let sides = |name: &str| {
            let path = map(&format!("{name}.weight"));
            entries.iter().find(|entry| entry.path == path).map(|entry| entry.sides.clone())
        };
        let [Some(query), Some(key), Some(value)] = JOINED.map(sides) else { continue };
        if query[1] != key[1] || query[1] != value[1] || renames.iter().any(renamed) {
            continue;
        }
        let one_input = query[0] == key[0] && query[0] == value[0];
        for entry in entries.iter_mut() {
            let Some(rest) = below(&entry.path, &layer) else { continue };
            let Some((map, field)) = rest.split_once('.') else { continue };
            if map == "output" {
                entry.name = join(&layer, &format!("out_proj.{field}"));
            } else if let Some(at) = JOINED.iter().position(|name| *name == map) {
                if field == "weight" && !one_input {
                    entry.name = join(&layer, &format!("{}_proj_weight", &map[..1]));
                    continue;
                }
                entry.name = join(&layer, &format!("in_proj_{field}"));
                entry.shape[0] *= JOINED.len();
                entry.part = Some(Part { at, of: JOINED.len() });
            }
        }
    }
}

/// Names for the blocks of a transformer: the path `ours` becomes `theirs`.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    pub(super) ours: String,
    pub(super) theirs: String,
    /// Whether they are numbered in the file: `theirs.0`, `theirs.1`, ..
    pub(super) numbered: bool,
}

/// The kind of a layer in a block.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Attention,
    Norm,
    Linear,
}

impl Blocks {
    /// Returns the path and the name in the file of each layer.
    pub(super) fn names(&self, entries: &[Entry]) -> Result<Vec<(String, String)>, CheckpointError> {
        let Self { ours, theirs, numbered } = self;
        let attention = attention_layers(entries);
        let mut layers: Vec<(String, Kind)> = Vec::new();
        for entry in entries.iter().filter(|entry| below(&entry.path, ours).is_some()) {
            let (layer, field) = entry.path.rsplit_once('.').unwrap_or(("", &entry.path));
            let of_attention = attention.iter().find(|path| below(&entry.path, path).is_some());
            let (layer, kind) = match (of_attention, entry.role, field) {
                (Some(path), ..) => (&path[..], Kind::Attention),
                (None, Role::Scale(_), "gain") => (layer, Kind::Norm),
                (None, Role::Weight { .. }, "weight") => (layer, Kind::Linear),
                _ => continue,
            };
            if !layers.iter().any(|(path, _)| path == layer) {
                layers.push((layer.to_owned(), kind));
            }
        }
        let count = |kind| layers.iter().filter(|layer| layer.1 == kind).count();
        let found = [Kind::Attention, Kind::Linear, Kind::Norm].map(count);
        let blocks = found[1] / 2;
        let each = if found[0] == blocks { [1, 2, 2] } else { [2, 2, 3] };
        let wrong = found != each.map(|each| each * blocks) || blocks == 0 || !numbered && blocks != 1;
        if wrong {
            return Err(CheckpointError::NoTransformerLayer { path: ours.clone(), found });
        }
        let [mut attention, mut linear, mut norm] = [0; 3];
        let name = |(path, kind): (String, Kind)| {
            let (seen, each) = match kind {
                Kind::Attention => (&mut attention, each[0]),
                Kind::Linear => (&mut linear, each[1]),
                Kind::Norm => (&mut norm, each[2]),
            };
            let (block, at) = (*seen / each, *seen % each);
            *seen += 1;
            let name = match (kind, at) {
                (Kind::Attention, 0) => "self_attn".into(),
                (Kind::Attention, _) => "multihead_attn".into(),
                (Kind::Linear, at) => format!("linear{}", at + 1),
                (Kind::Norm, at) => format!("norm{}", at + 1),
            };
            let name = if *numbered { format!("{block}.{name}") } else { name };
            (path, join(theirs, &name))
        };
        Ok(layers.into_iter().map(name).collect())
    }
}

impl Format {
    /// Names the blocks of a transformer at and below the path `ours`, in their order, as the layers `theirs.0`,
    /// `theirs.1` and so on of PyTorch: [`nn.TransformerEncoderLayer`](crate::TransformerBlock), or
    /// [`nn.TransformerDecoderLayer`](crate::DecoderBlock) for blocks with two attention layers. The type of the
    /// network determines whether the norms are before the other layers (`norm_first=True`) or after them.
    ///
    /// ```
    /// use chainrule::checkpoint::Format;
    /// use chainrule::prelude::*;
    ///
    /// // self.encoder = nn.TransformerEncoder(
    /// //     nn.TransformerEncoderLayer(16, 2, 64, batch_first=True, norm_first=True), 3, norm=nn.LayerNorm(16))
    /// // self.head = nn.Linear(16, 5)
    /// type Net = (TransformerEncoder<16, 2, 64, 3>, MeanOver<Steps>, Linear<16, 5>);
    /// let format = Format::pytorch()
    ///     .transformer_layers("0.0", "encoder.layers")
    ///     .rename("0.1", "encoder.norm")
    ///     .rename("2", "head");
    /// let bytes = format.to_bytes(&Net::init(&mut rng(1)))?;
    /// let net = format.from_bytes::<Net>(&bytes)?;
    /// # let text = String::from_utf8_lossy(&bytes);
    /// # assert!(text.contains("\"encoder.layers.2.self_attn.in_proj_weight\"") && text.contains("\"encoder.layers.0.linear2.bias\""));
    /// # let _ = net;
    /// # Ok::<(), chainrule::checkpoint::CheckpointError>(())
    /// ```
    pub fn transformer_layers(self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.with_blocks(Blocks { ours: ours.into(), theirs: theirs.into(), numbered: true })
    }

    /// Does the same as [`transformer_layers`](Format::transformer_layers) for a single block, which is called `theirs`
    /// without a number.
    pub fn transformer_layer(self, ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        self.with_blocks(Blocks { ours: ours.into(), theirs: theirs.into(), numbered: false })
    }
}
