//! `docs/shape-errors.md` is generated from the compile-fail programs, the compiler's messages, and the lines in which
//! their twins differ.
//!
//! `BLESS=1 cargo test --workspace --test shapes page` generates it.

use std::fmt::Write;
use std::fs;

use super::kinds::KINDS;
use super::{read, read_wrong, wrong_programs};

const INTRODUCTION: &str = "\
# What the compiler says

For each mistake: the wrong line (`-`), the right line (`+`), and how the compiler's message begins. The whole programs
and messages are in `tests/shapes/fail` (in `fail_when_built` if `cargo check` accepts them and `cargo build` does not),
and the right programs in `tests/shapes/pass`. `tests/shapes/main.rs` compares the compiler's messages with these, and
`tests/shapes/shape_errors.rs` generates this page.
";

/// The lines of a message that the page shows.
const LINES: usize = 6;

/// Formats `neighboring_layers_must_meet` as a sentence.
fn sentence(stem: &str) -> String {
    let words = stem.replace('_', " ");
    let (first, rest) = words.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Returns the lines of `other` that differ from `program`; if `other` has more lines, those that `program` lacks.
fn otherwise(program: &str, other: &str) -> String {
    let same_length = program.lines().count() == other.lines().count();
    let mut lines = other.lines().enumerate();
    let differing = |(at, line): &(usize, &str)| match same_length {
        true => program.lines().nth(*at) != Some(line),
        false => !program.lines().any(|known| known == *line),
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = lines.by_ref().filter(differing).map(|(_, line)| line).collect();
    let least = lines.iter().map(|line| indent(line)).min().unwrap_or(0);
    lines.iter().fold(String::new(), |all, line| all + &line[least..] + "\n")
}

/// Returns the first line of a message, the place with its label, and our notes.
fn beginning(message: &str) -> String {
    let bare = |line: &&str| line.trim().chars().all(|mark| "|_^/ ".contains(mark));
    let theirs =
        |line: &&str| line.contains("required by a bound introduced by this call") && !line.contains('^');
    let ours = |line: &&str| !bare(line) && !theirs(line);
    let until = |line: &&str| !line.trim_start().starts_with("= ") && !line.starts_with("help: ");
    // A second error, or the place in the crate, is not the beginning.
    let first =
        message.lines().take(1).chain(message.lines().skip(1).take_while(|line| !line.starts_with("error")));
    let first: Vec<&str> = first.collect();
    let shown = first.iter().copied().take_while(until).filter(ours).take(LINES - 1);
    let notes = first.iter().copied().filter(|line| {
        let note = line.trim_start().starts_with("= note: ");
        note && !line.contains("required for")
            && !line.contains("originates in")
            && !line.contains("redundant")
    });
    shown.chain(notes).take(LINES).fold(String::new(), |all, line| all + line.trim_end() + "\n")
}

fn marked(mark: char, lines: &str) -> String {
    lines.lines().fold(String::new(), |all, line| format!("{all}{mark}{line}\n"))
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (heading, stems) in KINDS {
        write!(page, "\n## {heading}\n").unwrap();
        for stem in *stems {
            let (fail, pass) = (read_wrong(stem, ".rs"), read("pass", stem, ".rs").unwrap());
            let (wrong, right) = (otherwise(&pass, &fail), otherwise(&fail, &pass));
            assert!(!right.is_empty(), "{stem}: its twin does nothing otherwise");
            let (wrong, right) = (marked('-', &wrong), marked('+', &right));
            let message = beginning(&read_wrong(stem, ".stderr"));
            write!(
                page,
                "\n### {}\n\n```diff\n{wrong}{right}```\n\n```text\n{message}```\n",
                sentence(stem),
            )
            .unwrap();
        }
    }
    page
}

#[test]
fn every_wrong_program_is_of_one_kind() {
    let mut programs: Vec<&str> = KINDS.iter().flat_map(|(_, stems)| stems.iter().copied()).collect();
    programs.sort_unstable();
    assert_eq!(
        programs,
        wrong_programs().iter().map(String::as_str).collect::<Vec<_>>(),
        "see tests/shapes/kinds.rs"
    );
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
