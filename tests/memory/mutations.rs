//! Invalid files: ten thousand mutations of valid ones, and malicious headers: a typed error or a finite network, never
//! a panic, nothing half loaded, and no more memory than a multiple of the file.
use std::collections::BTreeMap;

use crate::allocator::watched;
use crate::common::bits;
use crate::files::file;
use chainrule::checkpoint::{self, CheckpointError, Format};
use chainrule::parameters::AsNetwork;
use chainrule::prelude::*;
use chainrule::rand::rngs::ChaCha8Rng;
use chainrule::rand::{Rng, RngExt};

/// How much memory a file of this length may take, in bytes for each byte of the file:
///
/// * for a side of a shape, which has two, `0,`: eight for the number, up to 16 in a vector that has just grown, eight
///   in the copy that is sorted by offsets or stands in the error. Two copies of it at a time: 16 for one of the
///   file's;
/// * for the smallest tensor, `"a":{"dtype":"I8","shape":[],"data_offsets":[0,1]},` of 51: a place in a tree (135, its
///   nodes half empty), and then either a copy to be sorted, a row of a table and its index (195), or a place in the
///   tree of those that are not expected (45), a line of the error in a vector that grows (240) and the key that sorts
///   it (90). 510: ten for one.
///
/// So 24, and 16 kB for what does not grow.
fn allowed(file: usize) -> usize {
    24 * file + 16 * 1024
}

#[test]
fn the_watch_sees_how_much_is_held() {
    assert_eq!(watched(|| drop(std::hint::black_box(vec![1_u8; 1000]))).1, 1000);
    let two = || drop([0, 1].map(|_| std::hint::black_box(vec![0_u8; 1000])));
    assert_eq!(watched(two).1, 2000);
    assert_eq!(watched(|| (0..2).for_each(|_| drop(std::hint::black_box(vec![0_u8; 1000])))).1, 1000);
}

type Net = (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>, BatchNorm<4>, Linear<4, 2>);

fn finite(net: &impl AsNetwork) -> bool {
    bits(net).into_iter().all(|bits| f64::from_bits(bits).is_finite())
}

/// One way of damaging a file.
fn mutate(good: &[u8], draws: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    let somewhere = |draws: &mut ChaCha8Rng, end: usize| draws.random_range(0..end);
    match draws.random_range(0..9) {
        0 => bytes.truncate(somewhere(draws, good.len())),
        1 => {
            for _ in 0..draws.random_range(1..9) {
                let at = somewhere(draws, good.len());
                bytes[at] ^= 1 << draws.random_range(0..8);
            }
        }
        // In the header alone, where a bit means more.
        2 => {
            let at = somewhere(draws, header);
            bytes[at] ^= 1 << draws.random_range(0..8);
        }
        3 => {
            let far = [
                0,
                1,
                7,
                header as u64 - 9,
                header as u64,
                good.len() as u64,
                1 << 60,
                u64::MAX - 7,
                u64::MAX,
            ];
            let length = match draws.random_range(0..=far.len()) {
                at if at < far.len() => far[at],
                _ => draws.next_u64() >> draws.random_range(0..64),
            };
            bytes[..8].copy_from_slice(&length.to_le_bytes());
        }
        4 => bytes.insert(somewhere(draws, good.len()), draws.random()),
        5 => drop(bytes.remove(somewhere(draws, good.len()))),
        // A number of the header becomes another one, and the header's length is set right.
        6 => {
            let text = std::str::from_utf8(&good[8..header]).unwrap();
            let starts: Vec<_> = text
                .char_indices()
                .filter(|&(at, c)| c.is_ascii_digit() && !text[..at].ends_with(|c: char| c.is_ascii_digit()))
                .map(|(at, _)| at)
                .collect();
            let start = starts[somewhere(draws, starts.len())];
            let end = start + text[start..].find(|c: char| !c.is_ascii_digit()).unwrap();
            let numbers =
                ["0", "1", "3", "1152921504606846976", "18446744073709551615", "-1", "1e400", "2.5", "[]"];
            let number = numbers[somewhere(draws, numbers.len())];
            return file(&format!("{}{number}{}", &text[..start], &text[end..]), &good[header..]);
        }
        // Four bytes of the numbers: a NaN where they are one number.
        7 => {
            let at = header + somewhere(draws, good.len() - header - 3);
            bytes[at..at + 4].fill(0xff);
        }
        // A piece of the file over another one.
        _ => {
            let length = draws.random_range(1..64).min(good.len() / 2);
            let (from, to) = (somewhere(draws, good.len() - length), somewhere(draws, good.len() - length));
            bytes.copy_within(from..from + length, to);
        }
    }
    bytes
}

/// Which error it is.
fn kind(error: &CheckpointError) -> &'static str {
    match error {
        CheckpointError::Broken { .. } => "broken",
        CheckpointError::Mismatch(_) => "mismatch",
        CheckpointError::NonFinite { .. } => "not finite",
        CheckpointError::Version { .. } => "version",
        CheckpointError::Layout { .. } => "layout",
        CheckpointError::OtherNetwork { .. } => "another type",
        error => panic!("another error than a file can have: {error:?}"),
    }
}

#[test]
fn ten_thousand_mutations_of_a_network_are_errors_or_finite_networks() {
    let good = checkpoint::to_bytes(&Net::init(&mut rng(1))).unwrap();
    let (mut draws, mut seen) = (rng(2), BTreeMap::<&str, usize>::new());
    for _ in 0..10_000 {
        let bytes = mutate(&good, &mut draws);
        let (loaded, most) = watched(|| checkpoint::from_bytes::<Net>(&bytes));
        assert!(most <= allowed(bytes.len()), "{most} bytes for a file of {}", bytes.len());
        let outcome = match &loaded {
            Ok(net) if bytes == good || checkpoint::to_bytes(net).unwrap() == good => "the same network",
            Ok(net) => {
                assert!(finite(net));
                "another network"
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                kind(error)
            }
        };
        *seen.entry(outcome).or_default() += 1;
    }
    println!("{seen:?}");
    // The seed is fixed, and so are these counts: each outcome is among them.
    let outcomes: Vec<_> = seen.into_keys().collect();
    assert_eq!(
        outcomes,
        [
            "another network",
            "another type",
            "broken",
            "layout",
            "mismatch",
            "not finite",
            "the same network",
            "version"
        ]
    );
}

#[test]
fn mutations_of_files_leave_the_network_and_the_run_as_they_were_or_load_them_whole() {
    let folder = tempfile::tempdir().unwrap();
    let [net_path, run_path, after] = ["net", "run", "after"].map(|name| folder.path().join(name));
    let new = |seed| Trainer::new(Net::init(&mut rng(seed)), MeanSquaredError, Adam::new(0.01), seed);
    let (xs, ys) = ([Vector([0.1, 0.2, 0.3]); 2], [Vector([0.5, -0.5]); 2]);
    let mut saved = new(1);
    saved.step(&xs, &ys).unwrap();
    checkpoint::save(&saved.network, &net_path).unwrap();
    saved.save_checkpoint(&run_path).unwrap();
    let (net_file, run_file) = (std::fs::read(&net_path).unwrap(), std::fs::read(&run_path).unwrap());

    let mut run = new(2);
    run.step(&xs, &ys).unwrap();
    run.save_checkpoint(&after).unwrap();
    let (net_before, run_before) = (bits(&run.network), std::fs::read(&after).unwrap());
    let (mut draws, mut errors) = (rng(3), [0; 2]);
    for _ in 0..1_000 {
        std::fs::write(&net_path, mutate(&net_file, &mut draws)).unwrap();
        let mut net = Net::init(&mut rng(9));
        let init = bits(&net);
        match checkpoint::load_into(&mut net, &net_path) {
            Ok(()) => assert!(finite(&net)),
            Err(_) => {
                errors[0] += 1;
                assert_eq!(bits(&net), init);
            }
        }

        let bytes = mutate(&run_file, &mut draws);
        std::fs::write(&run_path, &bytes).unwrap();
        let (resumed, most) = watched(|| run.resume(&run_path));
        assert!(most <= allowed(bytes.len()), "{most} bytes for a file of {}", bytes.len());
        match resumed {
            Err(error) => {
                kind(&error);
                errors[1] += 1;
            }
            Ok(_) => {
                assert!(finite(&run.network));
                run = new(2);
                run.step(&xs, &ys).unwrap();
            }
        }
        // All that a checkpoint has: network, moments, settings, random state.
        if draws.random_ratio(1, 10) {
            run.save_checkpoint(&after).unwrap();
            assert_eq!(std::fs::read(&after).unwrap(), run_before);
            assert_eq!(bits(&run.network), net_before);
        }
    }
    assert!(errors.iter().all(|&count| (100..1_000).contains(&count)), "{errors:?}");
}

/// A tensor's entry in a header.
fn entry(name: &str, dtype: &str, shape: &str, from: u64, to: u64) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":[{shape}],"data_offsets":[{from},{to}]}}"#)
}

fn header(entries: &[String]) -> String {
    format!("{{{}}}", entries.join(","))
}

/// Loaded as the network's own file, so that only the header can be wrong.
fn refused(bytes: &[u8]) -> String {
    let load = || Format::chainrule().without_metadata().from_bytes::<Linear<2, 2>>(bytes).unwrap_err();
    let (error, most) = watched(load);
    assert!(most <= allowed(bytes.len()), "{most} bytes for a file of {}: {error}", bytes.len());
    assert!(matches!(error, CheckpointError::Broken { .. }), "{error}");
    error.to_string()
}

#[test]
fn a_header_that_claims_more_than_there_is_is_refused_before_anything_is_allocated() {
    let far = 1 << 60;
    for (what, entries) in [
        // 2^60 numbers of 32 bits are more bits than a machine can count; 2^60 bytes are not, and are not there.
        ("overflow", vec![entry("weight", "F32", "1152921504606846976", 0, 1 << 62)]),
        ("describes 1152921504606846976 bytes", vec![entry("weight", "I8", "1152921504606846976", 0, far)]),
        ("overflow", vec![entry("weight", "F32", "4294967296,4294967296,4294967296", 0, 4)]),
        ("overflow", vec![entry("weight", "F64", "18446744073709551615", 0, 8)]),
        ("invalid shape", vec![entry("weight", "F32", "2,2", 0, far)]),
        ("describes 17 bytes", vec![entry("a", "I8", "17", 0, 17)]),
    ] {
        let error = refused(&file(&header(&entries), &[0; 16]));
        assert!(error.contains(what), "{error}");
    }
    // Together 2^64 - 1 bytes: with the header's length the sum would overflow.
    let step = (1_u64 << 61) - 1;
    let mut entries: Vec<_> =
        (0..8).map(|i| entry(&format!("t{i}"), "I8", &step.to_string(), i * step, (i + 1) * step)).collect();
    entries.push(entry("t8", "I8", "7", 8 * step, u64::MAX));
    let error = refused(&file(&header(&entries), &[0; 16]));
    assert!(error.contains("describes 18446744073709551615 bytes"), "{error}");
}

#[test]
fn tensors_that_overlap_or_leave_gaps_or_share_a_name_are_refused() {
    let (w, b) =
        (|from, to| entry("weight", "F32", "2,2", from, to), |from, to| entry("bias", "F32", "2", from, to));
    let good = file(&header(&[w(0, 16), b(16, 24)]), &[0; 24]);
    assert!(Format::chainrule().without_metadata().from_bytes::<Linear<2, 2>>(&good).is_ok());
    for (what, entries) in [
        ("invalid offset for tensor `bias`", [w(0, 16), b(8, 16)]),
        (
            "invalid offset for tensor `bias`",
            [w(0, 16), b(0, 8)].map(|entry| entry.replace("[0,8]", "[12,20]")),
        ),
        ("invalid offset", [w(0, 16), b(20, 28)]),
        ("invalid offset", [w(16, 0), b(16, 24)]),
        ("invalid shape", [w(0, 16), b(16, 28)]),
        ("describes 24 bytes of numbers, but 28 follow", [w(0, 16), b(16, 24)]),
        ("two tensors have the name \"weight\"", [w(0, 16), w(0, 16)]),
    ] {
        let error = refused(&file(&header(&entries), &[0; 28]));
        assert!(error.contains(what), "{what}: {error}");
    }
}

#[test]
fn what_is_no_header_at_all_is_refused() {
    for (what, bytes) in [
        ("ends within the header's length", vec![]),
        ("ends within the header's length", vec![1; 7]),
        (
            "its header should have 18446744073709551615 bytes, but only 9 follow",
            [[0xff; 8].as_slice(), &[0; 9]].concat(),
        ),
        ("EOF", file("", &[])),
        ("EOF", file("{", &[])),
        ("invalid type: sequence", file("[]", &[])),
        ("expected value", file("PK\u{3}\u{4}", &[0; 100])), // a zip, as torch.save writes it
        ("EOF", file(&format!(r#"{{"a":{{"b":{}"#, "[".repeat(100_000)), &[])),
        ("expected value", file(&format!(r#"{{"a":{{"dtype":{}"#, "[".repeat(100_000)), &[])),
        ("invalid type", file(r#"{"__metadata__":{"chainrule":7}}"#, &[])),
        ("its note `chainrule`", file(r#"{"__metadata__":{"chainrule":"{}"}}"#, &[])),
        ("unknown variant", file(r#"{"a":{"dtype":"F33","shape":[],"data_offsets":[0,0]}}"#, &[])),
    ] {
        let error = refused(&bytes);
        assert!(error.contains(what), "{what}: {error}");
    }
    let error = refused(&[8_u64.to_le_bytes().as_slice(), &[0xff; 8]].concat()); // not UTF-8
    assert!(error.contains("its header"), "{error}");
}

#[test]
fn headers_made_to_fill_the_memory_take_a_multiple_of_the_file() {
    let many: Vec<_> = (0..20_000).map(|i| entry(&format!("{i:x}"), "I8", "", i, i + 1)).collect();
    let sides = "0,".repeat(1 << 19) + "0"; // one more than fit: the vector has just grown
    let values = format!("{{\\\"a\\\":[{sides}]}}");
    let note = format!(
        r#"{{"__metadata__":{{"chainrule":"{{\"format\":1,\"version\":\"\",\"layout\":\"chainrule\",\"network\":\"\",\"values\":{values}}}"}}}}"#
    );
    let unknown = entry("w", "I8", "0", 0, 0).replace("[0]", &format!(r#"[0],"x":[{sides}]"#));
    for (what, bytes) in [
        ("many tensors", file(&header(&many), &vec![0; many.len()])),
        ("many sides", file(&header(&[entry("weight", "I8", &sides, 0, 0)]), &[])),
        ("many values", file(&note, &[])),
        ("a long name", file(&header(&[entry(&"n".repeat(1_000_000), "I8", "0", 0, 0)]), &[])),
        ("an unknown field", file(&header(&[unknown]), &[])),
    ] {
        let (result, most) =
            watched(|| Format::chainrule().without_metadata().from_bytes::<Linear<2, 2>>(&bytes));
        let error = result.unwrap_err();
        println!(
            "{what}: {:.1} bytes for each of the file's {}",
            most as f64 / bytes.len() as f64,
            bytes.len()
        );
        assert!(matches!(error, CheckpointError::Mismatch(_)), "{what}: {error}");
        assert!(error.to_string().len() < 4 * bytes.len() + 2_000);
        assert!(most <= allowed(bytes.len()), "{what}: {most} bytes for a file of {}", bytes.len());
    }
}

#[test]
fn a_small_file_does_not_make_room_for_a_large_network() {
    type Large = Linear<4096, 4096>; // 67 MB
    let bytes = checkpoint::to_bytes(&Linear::<2, 2>::zeros()).unwrap();
    let (error, most) = watched(|| checkpoint::from_bytes::<Large>(&bytes).map(|_| ()).unwrap_err());
    assert!(matches!(error, CheckpointError::Mismatch(_)) && most <= allowed(bytes.len()), "{most}: {error}");
}
