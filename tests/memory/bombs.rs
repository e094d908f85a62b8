//! Files that claim or unpack to far more than they are: what they cost is what the documentation says.

use std::io::Write;

use chainrule::data::{DataError, idx};
use chainrule::prelude::*;
use flate2::{Compression, write::GzEncoder};

use crate::allocator::watched;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A gzip of labels whose header promises `promised`, and which unpacks to `megabytes` of them.
fn labels(promised: u32, megabytes: usize) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let header = [0x0801_u32, promised].map(u32::to_be_bytes);
    // A gzip file may have several members, which follow each other.
    let bytes = [gzip(header.as_flattened()), gzip(&vec![0; 1_000_000]).repeat(megabytes)].concat();
    std::fs::write(&file, bytes).unwrap();
    file
}

/// The buffers of a file and of its decompressor.
const BUFFERS: usize = 200_000;

#[test]
fn a_bomb_of_labels_is_refused_by_its_header() {
    let bomb = labels(400_000_000, 400);
    assert!(bomb.path().metadata().unwrap().len() < 450_000);
    let (read, held) = watched(|| idx::labels::<10>(&bomb));
    // 1.6 GB in memory, and 256 times the size of the file is about 100 MB.
    let error = read.unwrap_err();
    assert!(
        matches!(error, DataError::Memory { needed: 1_600_000_000, limit: ..115_000_000, .. }),
        "{error}"
    );
    assert!(
        error.to_string().ends_with("if you trust the file, set another limit with `.memory(bytes)`"),
        "{error}"
    );
    assert!(held < BUFFERS, "{held} bytes");
}

#[test]
fn labels_take_what_their_header_and_their_type_say() {
    let file = labels(2_000_000, 2);
    let (read, held) = watched(|| idx::labels::<10>(&file));
    assert_eq!(read.unwrap().len(), 2_000_000);
    // While the vector grows, the old and the new one are both there.
    assert!(held < 2 * 4 * 2_000_000 + BUFFERS, "{held} bytes");
    // A file that goes on after what its header counts is not read to its end.
    let file = labels(1000, 50);
    let (read, held) = watched(|| idx::labels::<10>(&file));
    assert!(matches!(read, Err(DataError::Excess { count: 1000, .. })));
    assert!(held < BUFFERS, "{held} bytes");
}

#[test]
fn a_header_that_promises_more_than_the_file_holds_costs_what_the_file_holds() {
    let file = labels(4_000_000_000, 0);
    let (read, held) = watched(|| idx::Idx::new(&file).memory(u64::MAX).labels::<10>());
    let error = read.unwrap_err().to_string();
    assert!(error.ends_with("the file ends within label 0 of 4000000000"), "{error}");
    assert!(held < BUFFERS, "{held} bytes");
    let file = labels(4_000_000_000, 1);
    let (read, held) = watched(|| idx::Idx::new(&file).memory(u64::MAX).labels::<10>());
    assert!(matches!(read, Err(DataError::Truncated { .. })));
    assert!(held < 4 * 1_000_000 * 9 / 4 + BUFFERS, "{held} bytes");
}

#[test]
fn batches_drawn_by_weights_allocate_in_the_first_epoch_only() {
    use chainrule::data::{Dataset, Loader, Sampling};
    let data = Dataset::from_fn(50, |at, x: &mut Vector<3>| {
        x[0] = at as f32;
        at % 3
    })
    .unwrap();
    let weighted = Sampling::balanced(data.targets());
    for sampling in [Sampling::uniform(), weighted.clone(), weighted.without_replacement()] {
        let mut loader = Loader::new(&data, 8).unwrap().sample(sampling).unwrap();
        let mut rng = rng(1);
        let mut epoch = || while loader.next(&mut rng).unwrap().is_some() {};
        epoch();
        assert_eq!(crate::allocator::allocations(epoch), 0);
    }
}
