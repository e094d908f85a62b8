//! `docs/shape-errors.md` is generated from the compile-fail programs, the compiler's messages, and the lines in which
//! their twins differ.
//!
//! `BLESS=1 cargo test --workspace --test shapes page` generates it.

use std::fmt::Write;
use std::fs;

use super::{read, read_wrong, wrong_programs};

const INTRODUCTION: &str = "\
# What the compiler says

Each section has a rule: a program that does not compile, the compiler's message, and what to write instead. The
programs are in `tests/shapes/fail` (in `fail_when_built` if `cargo check` accepts them and `cargo build` does not).
Their twins, which compile, are in `tests/shapes/pass`. `tests/shapes/main.rs` compares the compiler's messages with
these, and `tests/shapes/shape_errors.rs` generates this page.
";

/// Formats `neighboring_layers_must_meet` as a sentence.
fn sentence(stem: &str) -> String {
    let words = stem.replace('_', " ");
    let (first, rest) = words.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Returns the line in which `pass` differs from `fail`, or, if it has more lines, those that `fail` lacks.
fn otherwise(fail: &str, pass: &str) -> String {
    let same_length = fail.lines().count() == pass.lines().count();
    let mut lines = pass.lines().enumerate();
    let differing = |(at, line): &(usize, &str)| match same_length {
        true => fail.lines().nth(*at) != Some(line),
        false => !fail.lines().any(|other| other == *line),
    };
    lines.by_ref().filter(differing).fold(String::new(), |all, (_, line)| all + line + "\n")
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for stem in wrong_programs() {
        let (fail, pass) = (read_wrong(&stem, ".rs"), read("pass", &stem, ".rs").unwrap());
        let message = read_wrong(&stem, ".stderr");
        let cure = otherwise(&fail, &pass);
        assert!(!cure.is_empty(), "{stem}: its twin does nothing otherwise");
        write!(
            page,
            "\n## {}\n\n```rust,ignore\n{}```\n\n```text\n{}```\n\nWhat compiles:\n\n```rust,ignore\n{cure}```\n",
            sentence(&stem),
            fail,
            message,
        )
        .unwrap();
    }
    page
}

#[test]
fn the_page_of_messages_is_what_the_compiler_says() {
    let (page, file) = (page(), "../docs/shape-errors.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, &page).unwrap();
    }
    assert!(
        fs::read_to_string(file).unwrap() == page,
        "docs/shape-errors.md is stale: run `BLESS=1 cargo test --workspace --test shapes page` and read its diff"
    );
}
