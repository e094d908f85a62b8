//! The moments of the activations, which are constants of the crate.
//!
//! `BLESS=1 cargo test -p chainrule-tests --test flow moments` writes `src/layer/activation/moments.rs`.

use std::fs;

use chainrule::layer::{Activation, Erf};
use chainrule::prelude::*;
use chainrule::theory::moments;

/// 0 above zero, exp(x) - 1 below: the part of ELU and SELU that is not a straight line.
struct Exponential;

impl Activation for Exponential {
    fn apply<T: Real>(x: T) -> T {
        if x > T::zero() { T::zero() } else { T::from_f64(x.to_f64().exp_m1()) }
    }
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x > T::zero() { T::zero() } else { T::from_f64(x.to_f64().exp()) }
    }
}

fn file() -> String {
    let series = [
        ("pub(crate)", "EXPONENTIAL", moments::<Exponential>()),
        ("pub(super)", "ERF", moments::<Erf>()),
        ("pub(super)", "GELU", moments::<Gelu>()),
        ("pub(super)", "GELU_TANH", moments::<GeluTanh>()),
        ("pub(super)", "MISH", moments::<Mish>()),
        ("pub(super)", "SIGMOID", moments::<Sigmoid>()),
        ("pub(super)", "SILU", moments::<Silu>()),
        ("pub(super)", "SOFTPLUS", moments::<Softplus>()),
        ("pub(super)", "SOFTSIGN", moments::<Softsign>()),
        ("pub(super)", "TANH", moments::<Tanh>()),
        ("pub(super)", "TANH_SHRINK", moments::<TanhShrink>()),
    ];
    let head = "\
//! The moments of the activations for normal inputs: numbers that `tests/flow/moments.rs` computes and writes.
//!
//! `EXPONENTIAL` is 0 above zero and exp(x) - 1 below it.

#![allow(clippy::approx_constant)] // softplus(0) is ln 2

use crate::layer::Moments;
";
    series.iter().fold(head.to_owned(), |file, (whose, name, series)| {
        file + &format!(
            "\n#[rustfmt::skip]\n{whose} const {name}: Moments = {};\n",
            wrapped(&series.to_string())
        )
    })
}

/// Breaks a series into a line for each field, and these into lines of at most 116 characters.
fn wrapped(text: &str) -> String {
    let text =
        text.replace(" {", " {\n    ").replace(", mean", ",\n    mean").replace(", square", ",\n    square");
    let text = text.replace(", slope", ",\n    slope").replace("] }", "],\n}");
    let mut lines = String::new();
    for field in text.lines() {
        let mut line = String::from(if field.starts_with(' ') { "    " } else { "" });
        for word in field.trim().split(' ') {
            if line.len() + 1 + word.len() > 116 {
                lines += &(line.trim_end().to_owned() + "\n");
                line = "        ".into();
            }
            line = line + word + " ";
        }
        lines += &(line.trim_end().to_owned() + "\n");
    }
    lines.trim_end().to_owned()
}

/// The words of a file, and its numbers.
fn words_and_numbers(file: &str) -> (Vec<&str>, Vec<f64>) {
    let mut numbers = Vec::new();
    let words = file.split([' ', '\n', '[', ']', ',', '&']).filter(|word| match word.parse::<f64>() {
        Ok(number) => {
            numbers.push(number);
            false
        }
        Err(_) => !word.is_empty(),
    });
    (words.collect(), numbers)
}

/// Another machine's `exp` may differ in the last digits of a number, and so leave out the end of a series.
#[test]
fn the_moments_in_the_crate_are_those_that_the_theory_computes() {
    let (file, path) = (file(), "../src/layer/activation/moments.rs");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &file).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap();
    let ((words, numbers), (expected_words, expected)) =
        (words_and_numbers(&committed), words_and_numbers(&file));
    assert_eq!(words, expected_words, "BLESS=1 writes it");
    assert_eq!(numbers.len(), expected.len(), "BLESS=1 writes it");
    for (number, expected) in numbers.iter().zip(expected) {
        assert!((number - expected).abs() < 1e-10, "{number} is {expected} now: BLESS=1 writes it");
    }
}
