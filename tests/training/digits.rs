//! The main use from end to end: the digits are read correctly, and training is the same every time.

#[allow(dead_code)] // the rest of the example
#[path = "../../examples/digits.rs"]
pub(super) mod example;

use std::ffi::OsString;

use chainrule::data::Dataset;
use chainrule::prelude::*;
use example::digits::{Digit, read};
use example::{Net, learn, seed};

fn digits() -> Result<(Vec<Digit>, Vec<Digit>), String> {
    Ok((example::digits::train()?, example::digits::test()?))
}

fn counts(digits: &[Digit]) -> [usize; 10] {
    let mut counts = [0; 10];
    digits.iter().for_each(|(_, label)| counts[label.index()] += 1);
    counts
}

#[test]
fn each_class_has_as_many_digits_as_its_authors_counted() -> Result<(), String> {
    let (train, test) = digits()?;
    assert_eq!(counts(&train), [376, 389, 380, 389, 387, 376, 377, 387, 380, 382]);
    assert_eq!(counts(&test), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    Ok(())
}

/// scikit-learn's documentation prints this zero, the first image of its `load_digits`.
#[test]
fn pixels_are_sixteenths_row_after_row() -> Result<(), String> {
    let (image, label) = digits()?.1[0];
    let sixteenths = |row: usize| [0, 1, 2, 3, 4, 5, 6, 7].map(|column| 16.0 * image[8 * row + column]);
    assert_eq!(sixteenths(0), [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
    assert_eq!(sixteenths(1), [0.0, 0.0, 13.0, 15.0, 10.0, 15.0, 5.0, 0.0]);
    assert_eq!(sixteenths(7), [0.0, 0.0, 6.0, 13.0, 10.0, 0.0, 0.0, 0.0]);
    assert_eq!(label.index(), 0);
    Ok(())
}

/// Alpaydin and Kaynak publish 98.00 % for k = 1, which is 1761 of 1797 and no other count.
#[test]
fn one_nearest_neighbor_reads_as_many_digits_as_its_authors_published() -> Result<(), String> {
    let (train, test) = digits()?;
    let mut right = 0;
    for (image, label) in &test {
        let (mut nearest, mut least) = (train[0].1, f32::INFINITY);
        for (other, other_label) in &train {
            // The pixels are sixteenths, so these squares and their sums are exact.
            let (mut distance, mut at) = (0.0, 0);
            while at < 64 && distance < least {
                let difference = image[at] - other[at];
                distance += difference * difference;
                at += 1;
            }
            if distance < least {
                (nearest, least) = (*other_label, distance);
            }
        }
        right += usize::from(nearest == *label);
    }
    assert_eq!(right, 1761);
    Ok(())
}

#[test]
fn a_bad_line_is_named_with_its_column() {
    let pixels = "0,".repeat(64);
    let good = format!("{pixels}9\n");
    assert_eq!(read("digits.csv", &good.repeat(2)).map(|digits| digits.len()), Ok(2));
    // Two good lines, the bad one, a good one.
    let message = |bad: String| read("digits.csv", &format!("{good}{good}{bad}\n{good}")).unwrap_err();
    for (bad, expected) in [
        (format!("{pixels}10"), ", column 65: label 10 is out of range: there are 10 classes, 0 to 9"),
        (format!("{pixels}x"), ", column 65: \"x\" is not a digit"),
        (pixels.clone(), ", column 65: \"\" is not a digit"),
        (format!("0,0,17,{}9", "0,".repeat(61)), ", column 3: \"17\" is not a whole number from 0 to 16"),
        (format!("-1,{}9", "0,".repeat(63)), ", column 1: \"-1\" is not a whole number from 0 to 16"),
        (format!("0,1.5,{}9", "0,".repeat(62)), ", column 2: \"1.5\" is not a whole number from 0 to 16"),
        ("0,0,9".into(), ": a line has 65 columns, but this one has 3"),
        (format!("{pixels}9,9"), ": a line has 65 columns, but this one has 66"),
        (String::new(), ": a line has 65 columns, but this one has 1"),
    ] {
        assert_eq!(message(bad), format!("digits.csv, line 3{expected}"));
    }
}

#[test]
fn a_truncated_file_is_an_error() {
    let whole = include_str!("../../examples/data/optdigits-test.csv");
    let error = read("digits.csv", &whole[..whole.len() / 2]).unwrap_err();
    assert!(error.starts_with("digits.csv, line "), "{error}");
}

#[test]
fn the_seed_is_0_or_the_only_argument() {
    let seed = |arguments: &[&str]| seed(arguments.iter().map(OsString::from).collect());
    assert_eq!(seed(&[]), Ok(0));
    assert_eq!(seed(&["7"]), Ok(7));
    assert!(seed(&["-7"]).unwrap_err().contains("not \"-7\""));
    assert!(seed(&["18446744073709551616"]).is_err());
    assert!(seed(&["7", "8"]).unwrap_err().contains("one argument"));
}

/// A network after one pass over a few digits.
fn trained(seed: u64) -> Result<Owned<Net>, Box<dyn std::error::Error>> {
    let few = Dataset::from_pairs(digits()?.1.into_iter().take(200))?;
    Ok(learn(&few, &few, 1, seed, |_| ())?)
}

#[test]
fn the_same_seed_trains_the_same_network_and_another_seed_another() -> Result<(), Box<dyn std::error::Error>>
{
    let net = trained(1)?;
    assert_eq!(net.parameters(), trained(1)?.parameters());
    assert_ne!(net.parameters(), trained(2)?.parameters());
    Ok(())
}
