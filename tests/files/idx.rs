//! Valid and invalid IDX files.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use chainrule::data::{DataError, idx};
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use flate2::{Compression, write::GzEncoder};

/// A file in the target folder that goes away with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn header(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// `count` images of 2 x 3 whose bytes count up from 0.
fn images_file(count: u32) -> Vec<u8> {
    let mut bytes = header(&[0x0803, count, 2, 3]);
    bytes.extend((0..count * 6).map(|byte| byte as u8));
    bytes
}

fn labels_file(classes: &[u8]) -> Vec<u8> {
    let mut bytes = header(&[0x0801, classes.len() as u32]);
    bytes.extend(classes);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn images_and_labels_are_read_plain_and_compressed() {
    for compress in [false, true] {
        let pack = |bytes: Vec<u8>| if compress { gzip(&bytes) } else { bytes };
        let images = Scratch::new(&format!("right-images-{compress}"), &pack(images_file(43)));
        let labels = Scratch::new(&format!("right-labels-{compress}"), &pack(labels_file(&[3; 43])));
        let (images, labels) = idx::pair::<2, 3, 10>(&images.0, &labels.0).unwrap();
        assert_eq!((images.len(), labels.len()), (43, 43));
        assert_eq!(
            images[0],
            Image([[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]].map(|c| c.map(|r| r.map(|x: f32| x / 255.0))))
        );
        assert_eq!(images[42][(0, 0, 0)], 252.0 / 255.0);
        assert!(labels.iter().all(|label| label.index() == 3));
    }
}

#[test]
fn each_lie_is_an_error_that_names_the_file_and_the_field() {
    let images = |name: &str, bytes: &[u8]| {
        let file = Scratch::new(name, bytes);
        let error = idx::images::<2, 3>(&file.0).expect_err(name).to_string();
        assert!(error.contains(file.0.to_str().unwrap()), "{error}");
        error
    };
    let mut bytes = images_file(4);
    bytes[3] = 1;
    assert!(images("magic", &bytes).ends_with("the magic number is 2049, but must be 2051"));
    let wide = [&header(&[0x0803, 1, 2, 4])[..], &[0; 8]].concat();
    assert!(images("columns", &wide).ends_with("the number of columns is 4, but must be 3"));
    let tall = [&header(&[0x0803, 1, 7, 3])[..], &[0; 21]].concat();
    assert!(images("rows", &tall).ends_with("the number of rows is 7, but must be 2"));
    assert!(images("short", &images_file(4)[..30]).ends_with("the file ends within image 2 of 4"));
    assert!(images("header", &images_file(4)[..6]).ends_with("the file ends within the number of images"));
    assert!(images("empty", &[]).ends_with("the file ends within the magic number"));
    let long = [&images_file(4)[..], &[0]].concat();
    assert!(images("long", &long).ends_with("there is more data after the 4 items of the header"));
    // A header may claim 4,294,967,295 images; what is not there is not allocated.
    let claim = [&header(&[0x0803, u32::MAX, 2, 3])[..], &[0; 6]].concat();
    assert!(images("claim", &claim).ends_with("the file ends within image 1 of 4294967295"));
    let packed = gzip(&images_file(400));
    images("gzip-cut", &packed[..packed.len() - 9]);
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    images("gzip-checksum", &flipped);

    let labels = Scratch::new("eleven", &labels_file(&[0, 9, 11]));
    let error = idx::labels::<10>(&labels.0).unwrap_err().to_string();
    assert!(error.ends_with("item 2: label 11 is out of range: there are 10 classes, 0 to 9"), "{error}");

    let (images, labels) =
        (Scratch::new("four", &images_file(4)), Scratch::new("three", &labels_file(&[1, 2, 3])));
    let error = idx::pair::<2, 3, 10>(&images.0, &labels.0).unwrap_err();
    assert!(matches!(error, DataError::Counts { images: 4, labels: 3, .. }), "{error}");

    let error = idx::labels::<10>("no-such-file").unwrap_err();
    assert!(
        matches!(error, DataError::Io { .. }) && error.to_string().starts_with("no-such-file: "),
        "{error}"
    );
}

#[test]
fn a_streamed_pair_is_the_pair_and_ends_at_its_first_error() {
    let (images, labels) = (
        Scratch::new("stream-images", &gzip(&images_file(5))),
        Scratch::new("stream-labels", &labels_file(&[0, 1, 2, 3, 4])),
    );
    let (all_images, all_labels) = idx::pair::<2, 3, 5>(&images.0, &labels.0).unwrap();
    let streamed = idx::stream::<2, 3, 5>(&images.0, &labels.0).unwrap();
    let pairs: Vec<_> = streamed.into_iter().map(Result::unwrap).collect();
    assert_eq!(pairs, all_images.into_iter().zip(all_labels).collect::<Vec<_>>());

    let results = idx::stream::<2, 3, 3>(&images.0, &labels.0).unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(results.len(), 4, "three pairs and an error");
    assert!(matches!(results[3], Err(DataError::Label { index: 3, .. })));
    let long = Scratch::new("stream-long", &[&labels_file(&[0; 5])[..], &[9]].concat());
    let results = idx::stream::<2, 3, 3>(&images.0, &long.0).unwrap().into_iter().collect::<Vec<_>>();
    assert!(matches!(results[..], [.., Ok(_), Err(DataError::Excess { count: 5, .. })]));
    let short = Scratch::new("stream-short", &images_file(4));
    assert!(matches!(
        idx::stream::<2, 3, 5>(&short.0, &labels.0).err(),
        Some(DataError::Counts { images: 4, labels: 5, .. })
    ));
}

#[test]
fn a_thousand_corrupted_files_give_errors_or_the_same_number_of_images() {
    let mut rng = rng(2051);
    let good = [images_file(20), gzip(&images_file(20))];
    for round in 0..1000 {
        let mut bytes = good[round % 2].clone();
        for _ in 0..rng.random_range(1..4) {
            match rng.random_range(0..3) {
                0 => bytes.truncate(rng.random_range(0..=bytes.len())),
                1 if !bytes.is_empty() => {
                    let at = rng.random_range(0..bytes.len());
                    bytes[at] ^= 1 << rng.random_range(0..8);
                }
                _ => bytes.insert(rng.random_range(0..=bytes.len()), rng.random()),
            }
        }
        let file = Scratch::new("corrupted", &bytes);
        // A flipped pixel of a plain file cannot be told; then there are as many images as were written.
        if let Ok(images) = idx::images::<2, 3>(&file.0) {
            assert_eq!(images.len(), 20, "round {round}");
        }
    }
}

/// The type of a file, and the numbers that NumPy wrote to it: see `tests/fixtures/npy.py`.
#[test]
fn numbers_of_every_type_are_read_as_they_are() {
    let kinds: [(&str, &dyn Fn(f64) -> f64); 6] = [
        ("u1", &|x| x),
        ("i1", &|x| x - 10.0),
        ("i2", &|x| x - 10.0),
        ("i4", &|x| x - 10.0),
        ("f4", &|x| (x - 10.0) / 4.0),
        ("f8", &|x| (x - 10.0) / 4.0),
    ];
    for (kind, f) in kinds {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/npy").join(format!("{kind}.idx"));
        let expected: Vec<f64> = (0..24).map(|at| f(f64::from(at))).collect();
        let sequences: Vec<Sequence<2, 3, f64>> = idx::read(&path).unwrap();
        assert_eq!(Sequence::flat(&sequences), expected, "{kind}");
        let single: Vec<Image<1, 2, 3>> = idx::read(&path).unwrap();
        assert!(Image::flat(&single).iter().zip(&expected).all(|(&x, &y)| f64::from(x) == y), "{kind}");
        let packed = Scratch::new(&format!("packed-{kind}"), &gzip(&fs::read(&path).unwrap()));
        assert_eq!(idx::read::<Sequence<2, 3, f64>>(&packed.0).unwrap(), sequences, "{kind}");
        let error = idx::read::<Vector<6>>(&path).unwrap_err().to_string();
        let expected = "the shape of a sample is [2, 3], but must be [6] (sides of 1 do not count)";
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn labels_may_be_integers_of_any_size() {
    let file = |name: &str, code: u32, bytes: &[u8], count: u32| {
        Scratch::new(name, &[&header(&[code << 8 | 1, count])[..], bytes].concat())
    };
    let labels = |file: &Scratch| {
        idx::labels::<300>(&file.0).map(|labels| labels.iter().map(|label| label.index()).collect::<Vec<_>>())
    };
    assert_eq!(labels(&file("i1", 0x09, &[1, 127], 2)).unwrap(), [1, 127]);
    assert_eq!(labels(&file("i2", 0x0b, &[0, 1, 1, 0], 2)).unwrap(), [1, 256]);
    assert_eq!(labels(&file("i4", 0x0c, &[0, 0, 1, 2], 1)).unwrap(), [258]);
    let error = labels(&file("negative", 0x09, &[5, 0xff], 2)).unwrap_err().to_string();
    assert!(error.ends_with("item 1 is -1: a class is a whole number from 0 to 299"), "{error}");
    let error = labels(&file("large", 0x0b, &[1, 0x2c], 1)).unwrap_err().to_string();
    assert!(error.ends_with("item 0: label 300 is out of range: there are 300 classes, 0 to 299"), "{error}");
    let error = labels(&file("floating", 0x0d, &[0; 4], 1)).unwrap_err().to_string();
    assert!(error.ends_with("the magic number is 3329, but must be 2049"), "{error}");
    let error = labels(&file("unknown", 0x0a, &[0], 1)).unwrap_err().to_string();
    assert!(error.ends_with("the magic number is 2561, but must be that of an IDX file"), "{error}");
}

#[test]
fn numbers_that_are_not_finite_and_too_many_sides_are_refused() {
    let nan = [&header(&[0x0d02, 2, 2])[..], &[0; 8], &[0; 4], &f32::NAN.to_be_bytes()].concat();
    let nan = Scratch::new("nan", &nan);
    let error = idx::read::<Vector<2>>(&nan.0).unwrap_err();
    assert!(matches!(error, DataError::NonFinite { sample: 1, element: 1, .. }), "{error}");
    let large = Scratch::new("large", &[&header(&[0x0e01, 1])[..], &1e300_f64.to_be_bytes()].concat());
    assert!(matches!(idx::read::<Vector<1>>(&large.0), Err(DataError::NonFinite { .. })));
    assert_eq!(idx::read::<Vector<1, f64>>(&large.0).unwrap(), [Vector([1e300])]);
    for sides in [0, 9, 255] {
        let error = idx::read::<Vector<1>>(&Scratch::new("sides", &header(&[0x0800 | sides])).0).unwrap_err();
        assert!(error.to_string().contains("the number of dimensions is"), "{error}");
    }
}

#[test]
fn the_progress_is_told_in_bytes_of_the_file() {
    let file = Scratch::new("progress", &labels_file(&[1; 100_000]));
    let mut seen = vec![];
    let labels = idx::Idx::new(&file.0)
        .on_progress(|progress| seen.push((progress.done, progress.total)))
        .labels::<2>();
    assert_eq!(labels.unwrap().len(), 100_000);
    assert!(seen.len() > 5 && seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.last(), Some(&(100_008, Some(100_008))));
}
