//! Folders of PNG and JPEG files. PIL wrote them, and read them for comparison: see `tests/fixtures/pictures.py`.

use std::fs;
use std::path::{Path, PathBuf};

use chainrule::data::{DataError, Filter, ImageFolder, npy};
use chainrule::prelude::*;

type Color = Image<3, 6, 8>;
type Gray = Image<1, 6, 8>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pictures")
}

/// The largest difference of two images.
fn off<X: Tensor<Scalar = f32>>(a: &X, b: &X) -> f32 {
    a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn pictures_are_those_that_pil_reads() {
    let (color, names) = ImageFolder::new(folder()).quiet().read::<Color, 2>().unwrap();
    let (gray, _) = ImageFolder::new(folder()).quiet().read::<Gray, 2>().unwrap();
    assert_eq!(names, ["color", "gray"]);
    let classes: Vec<usize> = color.targets().iter().map(|label| label.index()).collect();
    assert_eq!(classes, [0, 0, 0, 0, 1, 1, 1]);
    let expected: Vec<Color> = npy::read(folder().join("color.npy")).unwrap();
    let expected_gray: Vec<Gray> = npy::read(folder().join("gray.npy")).unwrap();
    for at in 0..7 {
        // Decoders of JPEG may round each of three sums otherwise, by 1 in 255 each.
        let jpeg = at == 3 || at == 6;
        let bound = if jpeg { 3.0 / 255.0 } else { 2.0 * f32::EPSILON };
        assert!(off(&color.inputs()[at], &expected[at]) <= bound, "picture {at}");
        assert!(off(&gray.inputs()[at], &expected_gray[at]) <= bound, "gray picture {at}");
    }
    // By hand: red is 30 times the column, green 40 times the row.
    assert_eq!(color.inputs()[0][(0, 5, 7)], 210.0 / 255.0);
    assert_eq!(color.inputs()[0][(1, 5, 7)], 200.0 / 255.0);
}

/// A picture alone in a folder of one class.
fn one(name: &str, file: &str, bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(name)).unwrap();
    fs::write(folder.path().join(name).join(file), bytes).unwrap();
    folder
}

#[test]
fn a_resized_picture_is_pils_by_the_same_kernel() {
    let png = fs::read(folder().join("color/1_rgb.png")).unwrap();
    let alone = one("a", "1.png", &png);
    let expected: Vec<Image<3, 3, 4>> = npy::read(folder().join("halves.npy")).unwrap();
    for (filter, expected) in
        [Filter::Triangle, Filter::CatmullRom, Filter::Lanczos3].into_iter().zip(expected)
    {
        let read = ImageFolder::new(alone.path()).resize(filter).read::<Image<3, 3, 4>, 1>();
        // Both round after the rows and after the columns.
        let off = off(&read.unwrap().0.inputs()[0], &expected);
        assert!(off <= 2.01 / 255.0, "{filter:?}: {off}");
    }
    // A picture of the right size is not touched.
    let same = ImageFolder::new(alone.path()).resize(Filter::Lanczos3).read::<Color, 1>().unwrap();
    let plain = ImageFolder::new(alone.path()).read::<Color, 1>().unwrap();
    assert_eq!(same.0.inputs(), plain.0.inputs());
}

#[test]
fn each_wrong_file_and_folder_is_named() {
    let message = |folder: &Path| ImageFolder::new(folder).read::<Color, 1>().unwrap_err().to_string();
    let png = fs::read(folder().join("color/1_rgb.png")).unwrap();
    let jpeg = fs::read(folder().join("color/4.jpg")).unwrap();
    let cases = [
        ("cut.png", &png[..40]),
        ("cut.jpg", &jpeg[..200]),
        ("text.png", b"not a picture"),
        ("none.jpg", b""),
    ];
    for (file, bytes) in cases {
        let error = message(one("a", file, bytes).path());
        let named = Path::new("a").join(file);
        assert!(error.contains(named.to_str().unwrap()), "{error}");
        assert!(error.contains(": the picture cannot be read: "), "{error}");
    }
    let whole = one("a", "1.png", &png);
    let error = ImageFolder::new(whole.path()).read::<Image<3, 8, 6>, 1>().unwrap_err();
    assert!(matches!(error, DataError::Size { expected: [8, 6], found: [6, 8], .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("1.png: the picture has 6 x 8 pixels (height x width), but must have 8 x 6")
    );
    let error = ImageFolder::new(folder()).read::<Color, 3>().unwrap_err().to_string();
    assert!(
        error.ends_with(r#"there are 2 classes ("color", "gray"), but the type of the label has 3"#),
        "{error}"
    );
    let error = message(one("empty", "notes.txt", b"").path());
    assert!(error.ends_with("empty: this folder contains no picture (.png, .jpg or .jpeg)"), "{error}");
    assert!(matches!(ImageFolder::new("no-such").read::<Color, 1>(), Err(DataError::Io { .. })));
    // A file may have the extension of the other format.
    assert!(ImageFolder::new(one("a", "png.jpg", &png).path()).read::<Color, 1>().is_ok());
}

#[test]
fn sizes_are_limited_before_a_picture_is_decoded() {
    let png = fs::read(folder().join("color/1_rgb.png")).unwrap();
    let alone = one("a", "1.png", &png);
    let small = ImageFolder::new(alone.path()).most_pixels(47).resize(Filter::Nearest);
    let error = small.read::<Color, 1>().unwrap_err().to_string();
    assert!(error.ends_with("it has 6 x 8 pixels, but the limit is 47 in total"), "{error}");
    assert!(ImageFolder::new(alone.path()).most_pixels(48).read::<Color, 1>().is_ok());
    let error = ImageFolder::new(alone.path()).memory(100).read::<Color, 1>().unwrap_err();
    assert!(matches!(error, DataError::Memory { needed: 576, limit: 100, .. }), "{error}");
    // A header that claims 60,000 x 60,000 pixels, with the checksum of PNG's header right.
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let checksum = crc(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    let bomb = one("a", "bomb.png", &bomb);
    let error =
        ImageFolder::new(bomb.path()).resize(Filter::Triangle).read::<Color, 1>().unwrap_err().to_string();
    assert!(error.contains("it has 60000 x 60000 pixels"), "{error}");
}

/// The checksum of PNG, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn the_progress_counts_the_files() {
    let mut seen = vec![];
    let folder =
        ImageFolder::new(folder()).on_progress(|progress| seen.push((progress.done, progress.total)));
    folder.read::<Gray, 2>().unwrap();
    assert_eq!(seen, (1..=7).map(|done| (done, Some(7))).collect::<Vec<_>>());
}
