//! The handwritten digits that come with this crate: see `examples/data/README.md`.

use chainrule::data::Csv;
use chainrule::prelude::*;

/// 8x8 pixels from 0 to 1, row after row, and the digit that they show.
pub(crate) type Digit = (Vector<64>, Label<10>);

/// The 3,823 digits of thirty writers.
pub(crate) fn train() -> Result<Vec<Digit>, String> {
    read("optdigits-train.csv", include_bytes!("../data/optdigits-train.csv.gz"))
}

/// The 1,797 digits of thirteen others.
pub(crate) fn test() -> Result<Vec<Digit>, String> {
    read("optdigits-test.csv", include_bytes!("../data/optdigits-test.csv.gz"))
}

/// Reads digits: on each line 64 pixels from 0 to 16, row after row, and the digit that they show.
pub(crate) fn read(file: &str, gzipped: &[u8]) -> Result<Vec<Digit>, String> {
    let table = Csv::from_reader(file, gzipped).without_header().labels::<Vector<64>, 10>(64);
    let digits = table.map_err(|error| error.to_string())?;
    digits
        .zip(1..)
        .map(|(digit, line)| scale(digit.map_err(|error| error.to_string())?, file, line))
        .collect()
}

/// Pixels from 0 to 16 as pixels from 0 to 1.
fn scale((mut image, label): Digit, file: &str, line: usize) -> Result<Digit, String> {
    for (column, pixel) in (1..).zip(&mut image.0) {
        if !(0.0..=16.0).contains(pixel) || pixel.fract() != 0.0 {
            let expected = "a pixel is a whole number from 0 to 16";
            return Err(format!("{file}, line {line}, column {column}: {expected}, not {pixel}"));
        }
        *pixel /= 16.0;
    }
    Ok((image, label))
}

/// The same digits as images.
#[allow(dead_code)] // not every example wants images
pub(crate) fn as_images(digits: Vec<Digit>) -> (Vec<Image<1, 8, 8>>, Vec<Label<10>>) {
    digits.into_iter().map(|(pixels, label)| (image(&pixels), label)).unzip()
}

fn image(pixels: &Vector<64>) -> Image<1, 8, 8> {
    Image([core::array::from_fn(|row| core::array::from_fn(|column| pixels[8 * row + column]))])
}
