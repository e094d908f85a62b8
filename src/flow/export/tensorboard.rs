//! TensorBoard's event files.
//!
//! A file is a sequence of records: the length of the data (8 bytes), a checksum of the length, the data, and a
//! checksum of the data (4 bytes each, little-endian). A checksum is a CRC-32C that is rotated and shifted by a
//! constant. So the checksum of data that ends with its own checksum is not a constant (`record_writer.h` of
//! TensorFlow).
//!
//! This crate writes such files itself, because the existing crates do not fit: `tboard` 0.1.1 needs `protoc` to build,
//! and another version of `prost` than this crate. `tensorboard-rs` 0.5.9 depends on `protobuf` 2 and `image` 0.23, and
//! panics if a file cannot be written.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use super::names::{figures, plain};
use super::proto::{
    Dim, Event, HistogramProto, PluginData, Summary, SummaryMetadata, TensorProto, TensorShapeProto, Value,
};
use super::write_file;
use crate::data::DataError;
use crate::flow::{Histogram, Record, Recorder, Warning};

/// The name of the file. TensorBoard reads files with `tfevents` in their name.
const FILE: &str = "events.out.tfevents.chainrule";
/// The data type of a tensor of texts.
const DT_STRING: i32 = 7;

impl Recorder {
    /// Writes all records to the file `events.out.tfevents.chainrule` in this folder, which `tensorboard --logdir`
    /// reads. It creates the folder. Returns the path of the file.
    ///
    /// The scalars have the names of [`to_jsonl`](Recorder::to_jsonl), and TensorBoard stores them as `f32`. If
    /// [`FlowOptions::histograms`](crate::flow::FlowOptions) was set, histograms are written as `output/PATH` and
    /// `log10_gradient/PATH`. A [`Warning`] is a text, `warning/RULE`. All events have the time of this call.
    ///
    /// The file is written completely or not at all. A running TensorBoard reads the new file after a restart.
    ///
    /// # Errors
    /// An error of the file system. The old file is then unchanged.
    #[doc(alias = "tensorboard")]
    #[doc(alias = "SummaryWriter")]
    #[doc(alias = "event file")]
    pub fn write_tensorboard(&self, folder: impl AsRef<Path>) -> Result<PathBuf, DataError> {
        let folder = folder.as_ref();
        std::fs::create_dir_all(folder).map_err(|source| DataError::Io { path: folder.into(), source })?;
        let path = folder.join(FILE);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
        write_file(&path, &events(self, now))?;
        Ok(path)
    }
}

/// Returns the bytes of a file whose events have this time.
fn events(recorder: &Recorder, wall_time: f64) -> Vec<u8> {
    let version = Event { wall_time, file_version: Some("brain.Event:2".into()), ..Event::default() };
    let mut bytes = framed(&version.encode_to_vec());
    for record in recorder.records() {
        let mut value = values(record);
        let warnings = recorder.warnings().iter().filter(|warning| warning.step == record.step);
        value.extend(warnings.map(text));
        let step = record.step.try_into().unwrap_or(i64::MAX);
        let event = Event { wall_time, step, summary: Some(Summary { value }), ..Event::default() };
        bytes.extend(framed(&event.encode_to_vec()));
    }
    bytes
}

/// Returns the scalars and histograms of a record.
fn values(record: &Record) -> Vec<Value> {
    let scalar = |(tag, value): (String, f64)| {
        let value = value as f32;
        value.is_finite().then(|| Value { tag, simple_value: Some(value), ..Value::default() })
    };
    let mut all: Vec<Value> = figures(record).into_iter().filter_map(scalar).collect();
    for layer in &record.flow.layers {
        let histograms = [("output", &layer.outputs), ("log10_gradient", &layer.output_grads)];
        for (name, histogram) in histograms {
            let Some(histogram) = histogram else { continue };
            let tag = format!("{name}/{}", plain(&layer.path));
            all.push(Value { tag, histo: Some(histogram_of(histogram)), ..Value::default() });
        }
    }
    all
}

/// The sums use the middles of the bins, because the numbers themselves are not stored.
fn histogram_of(histogram: &Histogram) -> HistogramProto {
    let mut edges: Vec<f64> = histogram.edges().collect();
    edges.pop();
    edges.push(histogram.end); // without rounding
    let bucket: Vec<f64> = histogram.counts.iter().map(|&count| count as f64).collect();
    let middles = edges.windows(2).map(|edges| 0.5 * edges[0] + 0.5 * edges[1]);
    let (mut sum, mut sum_squares) = (0.0, 0.0);
    for (middle, count) in middles.zip(&bucket) {
        sum += count * middle;
        sum_squares += count * middle * middle;
    }
    HistogramProto {
        min: histogram.start,
        max: histogram.end,
        num: bucket.iter().sum(),
        sum,
        sum_squares,
        bucket_limit: edges[1..].to_vec(),
        bucket,
    }
}

/// Returns a warning as a text, which TensorBoard reads as Markdown.
fn text(warning: &Warning) -> Value {
    let metadata = SummaryMetadata { plugin_data: Some(PluginData { plugin_name: "text".into() }) };
    let tensor = TensorProto {
        dtype: DT_STRING,
        tensor_shape: Some(TensorShapeProto { dim: vec![Dim { size: 1 }] }),
        string_val: vec![warning.to_string().into_bytes()],
    };
    Value {
        tag: format!("warning/{}", plain(warning.rule)),
        tensor: Some(tensor),
        metadata: Some(metadata),
        ..Value::default()
    }
}

/// Returns a record of the file.
fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length).to_le_bytes(), data, &masked_crc(data).to_le_bytes()].concat()
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Computes the CRC with Castagnoli's polynomial, reflected: RFC 3720, appendix B.4.
fn crc32c(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut crc, mut bit) = (byte as u32, 0);
            while bit < 8 {
                crc = (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    let next = |crc: u32, &byte: &u8| (crc >> 8) ^ TABLE[((crc as u8) ^ byte) as usize];
    !bytes.iter().fold(!0, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4, and the usual check value of a CRC.
    #[test]
    fn the_checksum_is_that_of_the_rfc() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&core::array::from_fn::<u8, 32, _>(|at| at as u8)), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }
}
