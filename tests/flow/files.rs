//! Files of records: JSON lines, series, and TensorBoard's event files, whose frames are read here by a reader of its
//! own.

use std::collections::BTreeMap;
use std::fs;

use chainrule::data::DataError;
use chainrule::flow::{FlowOptions, Recorder, Rules};
use chainrule::prelude::*;

type Net = (Linear<3, 6>, Relu, [Residual<(Tanh, Linear<6, 6>)>; 2], Linear<6, 2>);

/// Records with histograms, ranks and a warning at step 4.
fn recorder() -> Recorder {
    let own = Rules::none().own("step: 4", "this test", 3.0, |record| Some(record.step as f64));
    let everything = FlowOptions { ranks: true, ..FlowOptions::default() };
    let mut recorder = Recorder::every(2).options(everything).rules(own);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1);
    for step in 0..6 {
        let at = |sample: usize, i: usize| ((step * 31 + sample * 7 + i) as f32 * 0.37).sin();
        let inputs: Vec<_> = (0..12).map(|sample| Vector([0, 1, 2].map(|i| at(sample, i)))).collect();
        let targets: Vec<_> = (0..12).map(|sample| Vector([3, 5].map(|i| at(sample, i)))).collect();
        trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap();
    }
    recorder
}

#[test]
fn a_line_of_json_has_the_figures_of_a_record_by_names_that_loggers_take() {
    let recorder = recorder();
    let text = recorder.to_jsonl();
    let lines: Vec<BTreeMap<String, f64>> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["step"]).collect::<Vec<_>>(), [0.0, 2.0, 4.0]);
    for name in lines.iter().flat_map(BTreeMap::keys) {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)), "{name}");
        assert!(name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.matches('/').count() < 2);
    }
    let record = &recorder.records()[1];
    let layer = |path: &str| record.flow.layer(path).unwrap();
    let inner = layer("2.0.branch.1");
    let expected = [
        ("loss", record.flow.loss.unwrap()),
        ("mean_loss", record.mean_loss.unwrap()),
        ("gain/network", record.flow.attenuation().unwrap()),
        ("gradient_rms/2.0.branch.1", inner.output_grad_rms.unwrap()),
        ("update_to_weight/2.0.branch.1", inner.update_to_weight().unwrap()),
        ("feature_rank/2.0.branch.1", inner.rank.unwrap().feature as f64),
        ("dead/1", layer("1").units.unwrap().dead_share()),
        ("saturated/2.1.branch.0", layer("2.1.branch.0").activation.unwrap().saturated),
    ];
    for (name, value) in expected {
        assert_eq!(lines[1][name], value, "{name}");
        assert_eq!(recorder.series(name)[1], (2, value));
    }
    assert!(!lines[1].contains_key("slope_mean/0"), "a figure that the layer does not have");
    assert_eq!(recorder.series("slope_mean/0"), []);
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let (recorder, folder) = (recorder(), tempfile::tempdir().unwrap());
    let [lines, table] = ["flow.jsonl", "flow.csv"].map(|name| folder.path().join(name));
    recorder.write_jsonl(&lines).unwrap();
    recorder.write_csv(&table).unwrap();
    assert_eq!(fs::read_to_string(&lines).unwrap(), recorder.to_jsonl());
    assert_eq!(fs::read_to_string(&table).unwrap(), recorder.to_csv());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    let nowhere = folder.path().join("none").join("flow.jsonl");
    assert!(matches!(recorder.write_jsonl(&nowhere), Err(DataError::Io { .. })));
    // A folder cannot be made where a file is.
    assert!(matches!(recorder.write_tensorboard(&lines), Err(DataError::Io { .. })));
    assert_eq!(fs::read_to_string(&lines).unwrap(), recorder.to_jsonl());
}

/// CRC-32C bit by bit, with the mask of TensorFlow's `crc32c.h`.
fn masked_crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Returns the data of each record of an event file.
fn records(mut file: &[u8]) -> Vec<&[u8]> {
    let mut all = Vec::new();
    while let Some((length, rest)) = file.split_at_checked(8) {
        let size = u64::from_le_bytes(length.try_into().unwrap()) as usize;
        let (length_crc, rest) = rest.split_at(4);
        let (data, rest) = rest.split_at(size);
        let (data_crc, rest) = rest.split_at(4);
        assert_eq!(length_crc, masked_crc(length).to_le_bytes());
        assert_eq!(data_crc, masked_crc(data).to_le_bytes());
        all.push(data);
        file = rest;
    }
    assert!(file.is_empty());
    all
}

/// Returns the fields of a protobuf message: their numbers, and their bytes; those of a number in 8 bytes.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(message: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (byte, rest) = message.split_first().unwrap();
            *message = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut all = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let length = match key & 7 {
            0 => {
                all.push((key >> 3, varint(&mut message).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut message) as usize,
            5 => 4,
            wire => panic!("wire type {wire}"),
        };
        let (bytes, rest) = message.split_at(length);
        all.push((key >> 3, bytes.to_vec()));
        message = rest;
    }
    all
}

fn field(message: &[u8], number: u64) -> Option<Vec<u8>> {
    fields(message).into_iter().find(|(other, _)| *other == number).map(|(_, bytes)| bytes)
}

/// The folder for `tests/tensorboard/read.py`, which TensorBoard's own reader reads.
const FOLDER: &str = "CHAINRULE_TENSORBOARD";

#[test]
fn an_event_file_has_the_scalars_histograms_and_warnings() {
    let (recorder, folder) = (recorder(), tempfile::tempdir().unwrap());
    let path = recorder.write_tensorboard(folder.path().join("run")).unwrap();
    let file = fs::read(&path).unwrap();
    let events = records(&file);
    assert_eq!(events.len(), 4);
    assert_eq!(field(events[0], 3).unwrap(), b"brain.Event:2");
    for (event, line) in events[1..].iter().zip(recorder.to_jsonl().lines()) {
        let mut line: BTreeMap<String, f64> = serde_json::from_str(line).unwrap();
        // protobuf leaves out a step of 0.
        let step = field(event, 2).map_or(0, |step| u64::from_le_bytes(step.try_into().unwrap()));
        assert_eq!(line.remove("step"), Some(step as f64));
        let (mut histograms, mut texts) = (0, Vec::new());
        for (_, value) in fields(&field(event, 5).unwrap()) {
            let tag = String::from_utf8(field(&value, 1).unwrap()).unwrap();
            if let Some(scalar) = field(&value, 2) {
                let scalar = f32::from_le_bytes(scalar.try_into().unwrap());
                assert_eq!(line.remove(&tag).map(|value| value as f32), Some(scalar), "{tag}");
            } else if let Some(histogram) = field(&value, 5) {
                let list = |number| {
                    let bytes = field(&histogram, number).unwrap();
                    bytes.as_chunks().0.iter().map(|x| f64::from_le_bytes(*x)).collect::<Vec<_>>()
                };
                assert_eq!(list(7).iter().sum::<f64>(), list(3)[0], "{tag}");
                assert_eq!(list(6).last().copied(), Some(list(2)[0]));
                histograms += 1;
            } else {
                texts.push(tag);
            }
        }
        assert!(line.is_empty(), "not in the file: {line:?}");
        let leaves = recorder.records()[0].flow.leaves().count();
        assert_eq!(histograms, 2 * leaves);
        assert_eq!(texts, if step == 4 { vec!["warning/step__4"] } else { vec![] });
    }
    if let Some(folder) = std::env::var_os(FOLDER) {
        recorder.write_tensorboard(&folder).unwrap();
        recorder.write_jsonl(std::path::Path::new(&folder).join("flow.jsonl")).unwrap();
    }
}
