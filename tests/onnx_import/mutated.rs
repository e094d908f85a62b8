//! Bytes changed, removed and added at random: an error or a network, and never a panic.

use chainrule::onnx::{self, Model};
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};

use super::{path, sources};

#[test]
fn mutated_files_are_errors_or_networks() {
    let files = [
        "mlp",
        "resnet",
        "lstm",
        "pools",
        "group_norm",
        "old_norms",
        "bidirectional",
        "branches",
        "attention",
        "conv_lstm",
    ];
    let (mut random, mut refused, mut read) = (rng(16), 0, 0);
    for name in files {
        let file = std::fs::read(path(&format!("models/{name}.onnx"))).unwrap();
        for _ in 0..1_000 {
            let mut bytes = file.clone();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..5) {
                    0 => bytes[at] ^= 1 << random.random_range(0..8),
                    1 => bytes[at] = random.next_u32() as u8,
                    2 => _ = bytes.remove(at),
                    // Numbers near the ends of their types.
                    3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)],
                    _ => bytes.insert(at, random.next_u32() as u8),
                }
            }
            let model = Model::from_bytes(&bytes);
            read += usize::from(model.is_ok());
            match model.and_then(|model| {
                let _ = model.load::<sources::mlp::Net>();
                onnx::source(&model)
            }) {
                // The source names types of this crate, and no text of the file outside of comments.
                Ok(source) => assert!(source.contains("pub type Net ="), "{source}"),
                Err(_) => refused += 1,
            }
        }
    }
    // Most changes hit names and weights.
    assert!(refused > 1_000 && read > 1_000, "{refused} refused, {read} read");
}
