//! NumPy's archives, and invalid ones. NumPy wrote the fixtures: see `tests/fixtures/npy.py`.

use std::fs;
use std::path::{Path, PathBuf};

use chainrule::data::DataError;
use chainrule::data::npz::Npz;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/npy").join(format!("{name}.npz"))
}

/// Four samples of numbers in C order, as `f` makes them of 0 to 23.
fn samples(f: impl Fn(f32) -> f32) -> Vec<Sequence<2, 3>> {
    let number = |at: usize| f(at as f32);
    (0..4)
        .map(|sample| Sequence([0, 1].map(|step| [0, 1, 2].map(|x| number(6 * sample + 3 * step + x)))))
        .collect()
}

#[test]
fn stored_and_compressed_arrays_are_read_by_name() {
    for name in ["stored", "compressed"] {
        let mut archive = Npz::open(fixture(name)).unwrap();
        assert_eq!(archive.names(), ["fortran", "labels", "large", "x"]);
        assert_eq!(archive.read::<Sequence<2, 3>>("x").unwrap(), samples(|x| (x - 10.0) / 4.0), "{name}");
        assert_eq!(archive.read::<Sequence<2, 3>>("fortran").unwrap(), samples(|x| x - 10.0), "{name}");
        let labels: Vec<Label<3>> = archive.labels("labels").unwrap();
        assert_eq!(labels.iter().map(|label| label.index()).collect::<Vec<_>>(), [2, 0, 1, 2]);
        let large: Vec<Vector<6, f64>> = archive.read("large").unwrap();
        assert!(large.len() == 1000 && large.iter().all(|x| *x == Vector([0.0; 6])));
    }
}

#[test]
fn each_wrong_request_and_file_is_named() {
    let mut archive = Npz::open(fixture("compressed")).unwrap();
    let error = archive.read::<Vector<1>>("y").unwrap_err().to_string();
    assert!(
        error.ends_with(r#"there is no array "y"; the arrays are "fortran", "labels", "large", "x""#),
        "{error}"
    );
    let error = archive.read::<Vector<5>>("x").unwrap_err().to_string();
    assert!(error.ends_with("compressed.npz/x: the shape is (4, 2, 3), but must be (samples, 5)"), "{error}");
    let error = archive.labels::<2>("labels").unwrap_err().to_string();
    assert!(error.ends_with("labels: item 0 is 2: a class is a whole number from 0 to 1"), "{error}");
    assert!(matches!(Npz::open("no-such.npz"), Err(DataError::Io { .. })));
    let npy = fixture("compressed").with_file_name("labels_i8.npy");
    let error = Npz::open(npy).err().unwrap().to_string();
    assert!(error.contains("labels_i8.npy: the archive cannot be read: "), "{error}");
}

#[test]
fn a_bomb_is_refused_before_its_numbers_have_memory() {
    let mut archive = Npz::open(fixture("bomb")).unwrap();
    let error = archive.read::<Vector<1>>("x").unwrap_err();
    // 20 million numbers of 4 bytes, of a file of 20 kB: the limit is 64 MiB.
    let limit = 64 << 20;
    assert!(
        matches!(error, DataError::Memory { needed: 80_000_000..80_001_000, limit: at, .. } if at == limit),
        "{error}"
    );
    let mut archive = Npz::open(fixture("bomb")).unwrap().memory(81_000_000);
    assert_eq!(archive.read::<Vector<1>>("x").unwrap().len(), 20_000_000);
}

#[test]
fn thousands_of_changed_archives_give_an_error_or_the_right_array() {
    let mut rng = rng(0x5A);
    let expected = samples(|x| (x - 10.0) / 4.0);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-changed.npz", std::process::id()));
    let good = ["stored", "compressed"].map(|name| fs::read(fixture(name)).unwrap());
    let (mut right, mut wrong) = (0, 0);
    for round in 0..2000 {
        let mut bytes = good[round % 2].clone();
        // A part of the changes meets the directory at the end.
        let start = if rng.random_bool(0.5) { bytes.len() - 300 } else { 0 };
        for _ in 0..rng.random_range(1..3) {
            let at = rng.random_range(start.min(bytes.len() - 1)..bytes.len());
            match rng.random_range(0..6) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes.insert(at, rng.random()),
                _ => bytes[at] ^= 1 << rng.random_range(0..8),
            }
        }
        fs::write(&path, &bytes).unwrap();
        match Npz::open(&path).and_then(|mut archive| archive.read::<Sequence<2, 3>>("x")) {
            // The checksum covers the numbers.
            Ok(samples) => {
                right += 1;
                assert_eq!(samples, expected, "round {round}");
            }
            Err(error) => {
                wrong += 1;
                assert!(error.to_string().contains("changed.npz"), "round {round}: {error}");
            }
        }
    }
    fs::remove_file(&path).unwrap();
    assert!(right > 100 && wrong > 100, "{right} right, {wrong} wrong: these changes test little");
}
