//! The handwritten digits that come with this crate: see `examples/data/README.md`.

use chainrule::prelude::*;
use flate2::read::GzDecoder;

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
    let mut format = csv::ReaderBuilder::new();
    let mut lines = format.has_headers(false).flexible(true).from_reader(GzDecoder::new(gzipped));
    let digit = |line: csv::Result<csv::StringRecord>| {
        let line = line.map_err(|error| format!("{file}: {error}"))?;
        let at = format!("{file}, line {}", line.position().map_or(0, |position| position.line()));
        if line.len() != 65 {
            return Err(format!("{at}: a digit has 65 columns, not {}", line.len()));
        }
        let number = |column: usize| {
            let not_a_number =
                |_| format!("{at}, column {column}: {:?} is not a whole number", &line[column - 1]);
            line[column - 1].parse::<usize>().map_err(not_a_number)
        };
        let mut image = Vector::default();
        for column in 1..=64 {
            image[column - 1] = match number(column)? {
                pixel @ 0..=16 => pixel as f32 / 16.0,
                pixel => return Err(format!("{at}, column {column}: a pixel is 0 to 16, not {pixel}")),
            };
        }
        let label = Label::new(number(65)?).map_err(|error| format!("{at}, column 65: {error}"))?;
        Ok((image, label))
    };
    lines.records().map(digit).collect()
}

/// The same digits as images.
#[allow(dead_code)] // not every example wants images
pub(crate) fn as_images(digits: Vec<Digit>) -> (Vec<Image<1, 8, 8>>, Vec<Label<10>>) {
    digits.into_iter().map(|(pixels, label)| (image(&pixels), label)).unzip()
}

fn image(pixels: &Vector<64>) -> Image<1, 8, 8> {
    Image([core::array::from_fn(|row| core::array::from_fn(|column| pixels[8 * row + column]))])
}
