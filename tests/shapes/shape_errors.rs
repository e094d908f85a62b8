//! Generates `docs/shape-errors.md` from the compile-fail programs, the compiler's messages, and the lines in which the
//! twins of the programs differ.
//!
//! `BLESS=1 cargo test --workspace --test shapes page` writes the file.

use std::fmt::Write;
use std::fs;

use super::kinds::KINDS;
use super::{read, read_wrong, wrong_programs};

const INTRODUCTION: &str = "\
# All compiler messages

For each mistake, this page shows the wrong line (`-`), the corrected line (`+`), and the beginning of the compiler's
message. The wrong programs and the whole messages are in `tests/shapes/fail`, or in `tests/shapes/fail_when_built` if
`cargo check` accepts the program and only `cargo build` rejects it. The corrected programs are in `tests/shapes/pass`.
A test compares the compiler's messages with these files, and generates this page.
";

/// The largest number of lines of a message on the page.
const LINES: usize = 6;

/// Returns `neighboring_layers_must_match` as a sentence.
fn sentence(stem: &str) -> String {
    let words = if stem == "readme" { "the example of the README".into() } else { stem.replace('_', " ") };
    let (first, rest) = words.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

/// Returns the lines of `other` that differ from those of `program`. If their numbers of lines differ, returns the
/// lines that are not in `program`.
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

/// Returns the first line of a message, the line of the program with its label, and our notes.
fn beginning(message: &str) -> String {
    let bare = |line: &&str| line.trim().chars().all(|mark| "|_^/ ".contains(mark));
    let theirs =
        |line: &&str| line.contains("required by a bound introduced by this call") && !line.contains('^');
    let ours = |line: &&str| !bare(line) && !theirs(line);
    let until = |line: &&str| !line.trim_start().starts_with("= ") && !line.starts_with("help: ");
    // Stop at a second error.
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
            assert!(!right.is_empty(), "{stem}: its twin does not differ");
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
fn every_wrong_program_has_one_kind() {
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
        "docs/shape-errors.md is out of date: run `BLESS=1 cargo test --workspace --test shapes page` and read its diff"
    );
}
