//! NumPy's files, and invalid files. NumPy wrote the fixtures: see `tests/fixtures/npy.py`.

use std::fs;
use std::path::{Path, PathBuf};

use chainrule::data::{DataError, npy};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

type Sample<T = f32> = Sequence<2, 3, T>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/npy").join(format!("{name}.npy"))
}

/// Four samples of numbers in C order, as `f` makes them of 0 to 23.
fn samples<T: Real>(f: impl Fn(f64) -> f64) -> Vec<Sample<T>> {
    let number =
        |sample: usize, step: usize, feature: usize| T::from_f64(f((6 * sample + 3 * step + feature) as f64));
    let row = |sample, step| [number(sample, step, 0), number(sample, step, 1), number(sample, step, 2)];
    (0..4).map(|sample| Sequence([row(sample, 0), row(sample, 1)])).collect()
}

/// Reads a file of these bytes, which goes away again.
fn read<X: Tensor>(name: &str, bytes: &[u8]) -> Result<Vec<X>, DataError> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}.npy", std::process::id()));
    fs::write(&path, bytes).unwrap();
    let read = npy::read(&path);
    fs::remove_file(&path).unwrap();
    read
}

/// A file of version 1.0 with this header.
fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), numbers].concat()
}

#[test]
fn numpys_arrays_are_read_in_every_type_order_and_version() {
    let quarters = |x: f64| (x - 10.0) / 4.0;
    for (names, f) in [
        (&["counted_u1", "counted_u2", "counted_u4", "counted_u8"][..], &(|x| x) as &dyn Fn(f64) -> f64),
        (&["minus_ten_i1", "minus_ten_i2", "minus_ten_i4", "minus_ten_i8"], &|x| x - 10.0),
        (&["minus_ten_fortran_big_endian_i2"], &|x| x - 10.0),
        (&["quarters_f4", "quarters_fortran_f4", "quarters_big_endian_f4"], &quarters),
        (&["quarters_f8", "quarters_fortran_f8", "quarters_big_endian_f8"], &quarters),
        (&["quarters_f2", "quarters_big_endian_f2", "quarters_bfloat16"], &quarters),
        (&["quarters_version_2", "quarters_version_3"], &quarters),
        (&["odd_b1"], &|x| x % 2.0),
    ] {
        for name in names {
            assert_eq!(npy::read::<Sample>(fixture(name)).unwrap(), samples(f), "{name}");
            assert_eq!(npy::read::<Sample<f64>>(fixture(name)).unwrap(), samples(f), "{name} in f64");
        }
    }
    assert_eq!(npy::read::<Sample>(fixture("none_f4")).unwrap(), []);
}

#[test]
fn numbers_of_two_bytes_are_those_that_numpy_converts_them_to() {
    for (two, eight) in [("edges_f2", "edges_of_f2_f8"), ("edges_bfloat16", "edges_of_bfloat16_f8")] {
        let read = |name| npy::read::<Vector<1, f64>>(fixture(name)).unwrap();
        let bits = |numbers: Vec<Vector<1, f64>>| numbers.iter().map(|x| x[0].to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(read(two)), bits(read(eight)), "{two}");
    }
    let error = npy::read::<Vector<1>>(fixture("infinite_f2")).unwrap_err();
    assert!(matches!(error, DataError::NonFinite { sample: 1, value: f64::INFINITY, .. }), "{error}");
}

#[test]
fn written_labels_are_numpys_own_file_byte_for_byte() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-labels.npy", std::process::id()));
    let labels = [2, 0, 1, 2].map(|class| Label::<3>::new(class).unwrap());
    npy::write_labels(&path, &labels).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(fixture("labels_i8")).unwrap());
    assert_eq!(npy::labels::<3>(&path).unwrap(), labels);
    fs::remove_file(&path).unwrap();
}

#[test]
fn labels_and_scalars_have_one_side() {
    let labels: Vec<Label<3>> = npy::labels(fixture("labels_i8")).unwrap();
    assert_eq!(labels.iter().map(|label| label.index()).collect::<Vec<_>>(), [2, 0, 1, 2]);
    assert_eq!(npy::read::<Vector<1>>(fixture("scalars_f8")).unwrap(), [0.5, 1.5, 2.5].map(|x| Vector([x])));
}

#[test]
fn what_is_written_is_numpys_own_file_byte_for_byte() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-written.npy", std::process::id()));
    npy::write(&path, &samples::<f32>(|x| (x - 10.0) / 4.0)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(fixture("quarters_f4")).unwrap());
    npy::write(&path, &samples::<f64>(|x| (x - 10.0) / 4.0)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(fixture("quarters_f8")).unwrap());
    npy::write::<Sample>(&path, &[]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(fixture("none_f4")).unwrap());
    fs::remove_file(&path).unwrap();
    let error = npy::write(fixture("no/such/folder"), &samples::<f32>(|x| x)).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
}

/// A column-major array of many samples: the formula is that of numpy's strides, written out.
#[test]
fn fortran_order_is_turned_for_every_sample_and_side() {
    let (samples, channels, height, width) = (5, 2, 3, 4);
    let mut numbers = vec![];
    for column in 0..width {
        for row in 0..height {
            for channel in 0..channels {
                for sample in 0..samples {
                    numbers.push((((sample * 10 + channel) * 10 + row) * 10 + column) as u16);
                }
            }
        }
    }
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let header = "{'shape': (5, 2, 3, 4), 'fortran_order': True, 'descr': '<u2'}";
    let images: Vec<Image<2, 3, 4>> = read("fortran", &file(header, &bytes)).unwrap();
    for (sample, image) in images.iter().enumerate() {
        for (channel, rows) in image.0.iter().enumerate() {
            for (row, pixels) in rows.iter().enumerate() {
                for (column, &pixel) in pixels.iter().enumerate() {
                    assert_eq!(pixel, (((sample * 10 + channel) * 10 + row) * 10 + column) as f32);
                }
            }
        }
    }
}

#[test]
fn other_types_shapes_and_numbers_are_refused_with_their_place() {
    let message = |name: &str| {
        let error = npy::read::<Sample>(fixture(name)).expect_err(name).to_string();
        assert!(error.starts_with(fixture(name).to_str().unwrap()), "{error}");
        error.rsplit_once(".npy: ").unwrap().1.to_string()
    };
    let types = "but must be f2, f4, f8, V2 (bfloat16), i1 to i8, u1 to u8 or b1";
    assert_eq!(message("complex_c8"), format!("the type is \"<c8\", {types}"));
    assert_eq!(message("text_U3"), format!("the type is \"<U3\", {types}"));
    assert!(message("record").starts_with("the header is \"{'descr': [("));
    assert_eq!(message("no_side_f8"), "the shape is (), but must be (samples, 2, 3)");
    assert_eq!(message("labels_i8"), "the shape is (4,), but must be (samples, 2, 3)");
    let clean = "clean the data before training on it";
    assert_eq!(message("nan_fortran_f8"), format!("sample 2 has NaN at element 3: {clean}"));
    let large = "1000000000000000000000000000000000000000";
    let message_of_large = message("too_large_for_f4_f8");
    assert!(
        message_of_large.starts_with("sample 2 has ") && message_of_large.contains(large),
        "{message_of_large}"
    );
    assert!(npy::read::<Sample<f64>>(fixture("too_large_for_f4_f8")).is_ok());
    assert!(message_of_large.ends_with(&format!("at element 3: {clean}")));

    let labels = |name: &str| npy::labels::<2>(fixture(name)).unwrap_err().to_string();
    assert!(labels("labels_i8").ends_with("item 0 is 2: a class is a whole number from 0 to 1"));
    assert!(labels("labels_negative_i1").ends_with("item 1 is -1: a class is a whole number from 0 to 1"));
    assert!(labels("scalars_f8").contains("the type is <f8, but must be one of whole numbers"));
    assert!(labels("counted_u1").ends_with("the shape is (4, 2, 3), but must be (samples, 1)"));
    assert!(matches!(npy::read::<Sample>("no-such.npy"), Err(DataError::Io { .. })));
}

#[test]
fn a_header_may_claim_what_it_likes_and_nothing_is_allocated_for_it() {
    let claim = |shape: &str| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        read::<Sample>("claim", &file(&header, &[0; 30])).expect_err(shape).to_string()
    };
    // 2^60 samples; more numbers than 2^64; a side of 2^64; a product that wraps to 24 numbers.
    assert!(claim("(1152921504606846976, 2, 3)").ends_with("within sample 1 of 1152921504606846976"));
    assert!(claim("(18446744073709551615, 2, 3)").ends_with("within sample 1 of 18446744073709551615"));
    assert!(claim("(18446744073709551616, 2, 3)").contains("the header is"));
    assert!(claim("(9223372036854775812, 2, 3)").contains("within sample 1 of"));
    assert!(claim("(1, 9223372036854775809, 6)").contains("the shape is (1, 9223372036854775809, 6)"));
    assert!(claim(&format!("({}", "(".repeat(9000))).contains("the header is"));
    assert!(claim("(2, 2, 3)").ends_with("the file ends within sample 1 of 2"));
    assert!(claim("(1, 2, 3)").ends_with("there is more data after the 1 items of the header"));

    let whole = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}", &[0; 24]);
    assert!(read::<Sample>("whole", &whole).is_ok());
    for (cut, expected) in [
        (0, "the magic number"),
        (5, "the magic number"),
        (7, "the version"),
        (9, "the length of the header"),
        (20, "the header"),
        (whole.len() - 1, "sample 0 of 1"),
    ] {
        let error = read::<Sample>("cut", &whole[..cut]).unwrap_err().to_string();
        assert!(error.ends_with(&format!("the file ends within {expected}")), "{error}");
    }
    // Version 2.0 has four bytes for the length.
    let long = [b"\x93NUMPY\x02\x00\xff\xff\xff\xff", &[b' '; 100][..]].concat();
    let error = read::<Sample>("long", &long).unwrap_err().to_string();
    assert!(error.ends_with("the length of the header is 4294967295, but must be at most 10000"), "{error}");
    let version = read::<Sample>("version", b"\x93NUMPY\x04\x00aaaa").unwrap_err().to_string();
    assert!(version.ends_with("the version is 4.0, but must be 1.0, 2.0 or 3.0"), "{version}");
}

#[test]
fn a_header_has_three_keys_each_once() {
    let parses = |header: &str| read::<Sample>("keys", &file(header, &[0; 24])).is_ok();
    assert!(parses("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }   \n"));
    assert!(parses("{\"shape\":(1L,2L,3L),\"descr\":\"<f4\",\"fortran_order\":True}"));
    for wrong in [
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), 'x': 1}",
        "{'descr': '<f4', 'fortran_order': Falsely, 'shape': (1, 2, 3)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1, 2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, -2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)} {",
        "{'descr': '', 'fortran_order': False, 'shape': (1, 2, 3)}",
    ] {
        assert!(!parses(wrong), "{wrong}");
    }
}

#[test]
fn thousands_of_changed_files_give_an_error_or_as_many_numbers_as_the_file_has() {
    let mut rng = rng(0x4E55);
    let good = ["quarters_f8", "quarters_fortran_f4", "counted_u1", "quarters_version_3"]
        .map(|name| fs::read(fixture(name)).unwrap());
    let (mut right, mut wrong) = (0, 0);
    for round in 0..6000 {
        let mut bytes = good[round % good.len()].clone();
        for _ in 0..rng.random_range(1..4) {
            // Half of the changes meet the header, which is the first 128 bytes.
            let end = if rng.random_bool(0.5) { bytes.len().min(128) } else { bytes.len() };
            let at = rng.random_range(0..end.max(1));
            match rng.random_range(0..5) {
                0 => bytes.truncate(at),
                1 | 2 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
                3 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), b"0123456789(),'{} \xff"[rng.random_range(0..18)]),
            }
        }
        match read::<Sample>("changed", &bytes) {
            Ok(samples) => {
                right += 1;
                assert!(samples.len() * 6 <= bytes.len(), "round {round}");
                assert!(Sample::flat(&samples).iter().all(|x| x.is_finite()), "round {round}");
            }
            Err(error) => {
                wrong += 1;
                assert!(error.to_string().contains("changed.npy: "), "round {round}: {error}");
            }
        }
    }
    // A third of the rounds makes one change; a quarter of those meets the numbers, and two fifths of these flip a bit,
    // which leaves a right file: 200 of 6000, and few more.
    assert!(right > 100 && wrong > 3000, "{right} right, {wrong} wrong: these changes test little");
}
