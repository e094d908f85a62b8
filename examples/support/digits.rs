//! The handwritten digits of this crate: see `examples/data/README.md`.

use chainrule::prelude::*;

/// 8x8 pixels from 0 to 1, row by row, and the digit that they show.
pub(crate) type Digit = (Vector<64>, Label<10>);

/// Returns the 3,823 digits of thirty writers.
#[allow(dead_code)] // not every example trains
pub(crate) fn train() -> Result<Vec<Digit>, String> {
    read("optdigits-train.csv", include_str!("../data/optdigits-train.csv"))
}

/// Returns the 1,797 digits of thirteen other writers.
pub(crate) fn test() -> Result<Vec<Digit>, String> {
    read("optdigits-test.csv", include_str!("../data/optdigits-test.csv"))
}

/// Reads digits: on each line 64 pixels from 0 to 16, row by row, and the digit that they show.
pub(crate) fn read(file: &str, text: &str) -> Result<Vec<Digit>, String> {
    let lines = text.lines().zip(1..);
    lines.map(|(line, number)| digit(line).map_err(|error| format!("{file}, line {number}{error}"))).collect()
}

/// Reads a line as a digit, with pixels from 0 to 1.
fn digit(line: &str) -> Result<Digit, String> {
    let cells: [&str; 65] = (line.split(',').collect::<Vec<_>>().try_into())
        .map_err(|cells: Vec<_>| format!(": a line has 65 columns, but this one has {}", cells.len()))?;
    let [pixels @ .., label] = &cells;
    let mut image = Vector::default();
    for (at, (pixel, cell)) in image.0.iter_mut().zip(pixels).enumerate() {
        let sixteenths = cell.parse::<u8>().ok().filter(|sixteenths| *sixteenths <= 16);
        let expected = || format!(", column {}: {cell:?} is not a whole number from 0 to 16", at + 1);
        *pixel = f32::from(sixteenths.ok_or_else(expected)?) / 16.0;
    }
    let label = label.parse().map_err(|_| format!(", column 65: {label:?} is not a digit"))?;
    Ok((image, Label::new(label).map_err(|error| format!(", column 65: {error}"))?))
}

/// Returns the digits as images.
#[allow(dead_code)] // not every example uses images
pub(crate) fn as_images(digits: Vec<Digit>) -> (Vec<Image<1, 8, 8>>, Vec<Label<10>>) {
    digits.into_iter().map(|(pixels, label)| (image(&pixels), label)).unzip()
}

fn image(pixels: &Vector<64>) -> Image<1, 8, 8> {
    Image([core::array::from_fn(|row| core::array::from_fn(|column| pixels[8 * row + column]))])
}
