//! The file format: safetensors, with one entry of this crate in the metadata.

use std::collections::BTreeMap;
use std::fmt;

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, View};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::layout::below;
use super::{CheckpointError, Origin};

/// The version of the format that this crate writes. A reader rejects later versions.
const FORMAT: u32 = 1;

/// The name of the entry in the metadata. There is only one entry, because the crate safetensors stores metadata in a
/// hash map: with two entries, their order could differ from run to run, and so would the bytes.
const NOTE: &str = "chainrule";

/// The number of bytes of the header's length.
const PREFIX: usize = size_of::<u64>();

/// The small values of a checkpoint, by name.
pub(super) type Values = BTreeMap<String, Box<RawValue>>;

/// The numbers that are set by the types of the layers, by name.
pub(super) type Constants = BTreeMap<String, f64>;

/// Texts, by name.
pub(super) type Texts = BTreeMap<String, String>;

/// The entry in the metadata.
#[derive(serde::Deserialize, serde::Serialize)]
pub(super) struct Note {
    pub(super) format: u32,
    /// The version of the crate, for readers of the file.
    pub(super) version: String,
    /// The naming convention and the order of sides: see `Layout`.
    pub(super) layout: String,
    /// The type of the saved network; in a checkpoint, the type of its first network.
    pub(super) network: String,
    /// The types of networks that have a prefix in the file, by prefix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) networks: Texts,
    /// The small values of a checkpoint, by name, as text: parsing them cannot take more memory than the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) values: Option<Values>,
    /// The numbers that are set by the types of the layers, by name: for example a norm's epsilon.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) constants: Constants,
    /// The settings of the program that saved a checkpoint, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) settings: Texts,
}

impl Note {
    /// Creates the note of a network that is saved alone.
    pub(super) fn new(layout: &str, network: String, constants: Constants) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            layout: layout.into(),
            network,
            networks: BTreeMap::new(),
            values: None,
            constants,
            settings: BTreeMap::new(),
        }
    }

    /// Returns the type of the network whose tensors have this prefix in the file, if the file contains the type.
    pub(super) fn network_at(&self, prefix: &str) -> Option<&String> {
        let whole = prefix.is_empty() && self.networks.is_empty() && self.values.is_none();
        self.networks.get(prefix).or(whole.then_some(&self.network))
    }
}

/// A tensor that is written to a file.
pub(super) struct Written {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

impl View for &Written {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.bytes).into()
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Returns the bytes of a file. They are always the same for the same tensors.
pub(super) fn serialize(
    origin: &Origin,
    tensors: &[(String, Written)],
    note: &Note,
) -> Result<Vec<u8>, CheckpointError> {
    let broken = |reason: String| CheckpointError::Broken { origin: origin.clone(), reason };
    let note = serde_json::to_string(note).map_err(|error| broken(error.to_string()))?;
    // A hash map of the standard library or of `hashbrown`: it depends on whether safetensors is built with its feature
    // `std`.
    let metadata = [(NOTE.into(), note)].into_iter().collect();
    let tensors = tensors.iter().map(|(name, tensor)| (name, tensor));
    safetensors::serialize(tensors, Some(metadata)).map_err(|error| broken(error.to_string()))
}

/// A valid file: every tensor has its bytes, and every byte belongs to a tensor.
pub(super) struct Container<'a> {
    pub(super) origin: Origin,
    pub(super) note: Option<Note>,
    pub(super) tensors: BTreeMap<String, TensorInfo>,
    data: &'a [u8],
}

impl<'a> Container<'a> {
    pub(super) fn parse(origin: Origin, bytes: &'a [u8]) -> Result<Self, CheckpointError> {
        match parse(bytes) {
            Err(reason) => Err(CheckpointError::Broken { origin, reason }),
            Ok((_, Some(Note { format: found, .. }), _)) if found > FORMAT => {
                Err(CheckpointError::Version { origin, found, known: FORMAT })
            }
            Ok((tensors, note, data)) => Ok(Self { origin, note, tensors, data }),
        }
    }

    /// Returns the small values of a checkpoint; `None` for other files.
    pub(super) fn values(&self) -> Option<&Values> {
        self.note.as_ref()?.values.as_ref()
    }

    /// Returns a small value.
    pub(super) fn value(&self, name: &str) -> Option<&RawValue> {
        Some(self.values()?.get(name)?)
    }

    /// Returns whether there is a tensor or a value with this name or below it.
    pub(super) fn has(&self, name: &str) -> bool {
        let values = self.values().into_iter().flat_map(Values::keys);
        self.tensors.keys().chain(values).any(|path| below(path, name).is_some())
    }

    /// Returns the bytes of one of its tensors.
    pub(super) fn bytes(&self, info: &TensorInfo) -> &'a [u8] {
        &self.data[info.data_offsets.0..info.data_offsets.1]
    }
}

type Parsed<'a> = (BTreeMap<String, TensorInfo>, Option<Note>, &'a [u8]);

/// Reads the header with the types and rules of the crate `safetensors`, and two additional checks. Lengths are
/// compared before they are added, because the crate's reader overflows on headers that claim 2^64 bytes. A duplicate
/// name is an error.
fn parse(bytes: &[u8]) -> Result<Parsed<'_>, String> {
    let (length, rest) = bytes.split_first_chunk::<PREFIX>().ok_or("it ends within the header's length")?;
    let length = u64::from_le_bytes(*length);
    let split = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (header, data) = split
        .ok_or_else(|| format!("its header should have {length} bytes, but only {} follow", rest.len()))?;
    let Header { tensors, mut metadata } =
        serde_json::from_slice(header).map_err(|error| format!("its header: {error}"))?;

    let mut by_place: Vec<_> = tensors.iter().map(|(name, info)| (name.clone(), info.clone())).collect();
    by_place.sort_by_key(|(_, info)| info.data_offsets);
    let promised = Metadata::new(None, by_place).map_err(|error| error.to_string())?.data_len();
    if promised != data.len() {
        return Err(format!("its header describes {promised} bytes of numbers, but {} follow", data.len()));
    }
    let note = metadata.remove(NOTE).map(|note| serde_json::from_str(&note)).transpose();
    Ok((tensors, note.map_err(|error| format!("its note `{NOTE}`: {error}"))?, data))
}

struct Header {
    tensors: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names to tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header { tensors: BTreeMap::new(), metadata: BTreeMap::new() };
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                header.metadata = map.next_value()?;
            } else if header.tensors.insert(name.clone(), map.next_value()?).is_some() {
                return Err(A::Error::custom(format!("two tensors have the name {name:?}")));
            }
        }
        Ok(header)
    }
}
