//! The moments of the activations, which are constants of the crate.
//!
//! `BLESS=1 cargo test -p chainrule-tests --test flow moments` writes `src/layer/activation/moments.rs`.

use std::fs;

use chainrule::layer::Activation;
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
        ("pub(super)", "GELU", moments::<Gelu>()),
        ("pub(super)", "GELU_TANH", moments::<GeluTanh>()),
        ("pub(super)", "MISH", moments::<Mish>()),
        ("pub(super)", "SIGMOID", moments::<Sigmoid>()),
        ("pub(super)", "SILU", moments::<Silu>()),
        ("pub(super)", "SOFTPLUS", moments::<Softplus>()),
        ("pub(super)", "SOFTSIGN", moments::<Softsign>()),
        ("pub(super)", "TANH", moments::<Tanh>()),
    ];
    let head = "\
//! The moments of the activations for normal inputs: numbers that `tests/flow/moments.rs` computes and writes.
//!
//! `EXPONENTIAL` is 0 above zero and exp(x) - 1 below it.

use crate::layer::Moments;
";
    series.iter().fold(head.to_owned(), |file, (whose, name, series)| {
        // One number has the digits of a constant that clippy knows.
        file + &format!(
            "\n#[rustfmt::skip]\n{whose} const {name}: Moments = {};\n",
            wrapped(&series.to_string())
        )
    })
}

/// Breaks a list into lines of at most 116 characters.
fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 112 {
            lines += &(line.trim_start().to_owned() + "\n    ");
            line.clear();
        }
        line = line + " " + word;
    }
    lines + line.trim_start()
}

#[test]
fn the_moments_in_the_crate_are_those_that_the_theory_computes() {
    let (file, path) = (file(), "../src/layer/activation/moments.rs");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &file).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), file, "BLESS=1 writes it");
}
