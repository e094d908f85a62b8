//! The README shows a program, its line with one wrong number, and the compiler's message. This test compares all three
//! with the program and the message in `tests/shapes`.

use std::fs::read_to_string;

use super::{read, read_wrong};

#[test]
fn the_readme_shows_the_program_the_wrong_number_and_the_message() {
    let readme = read_to_string("../README.md").unwrap();
    let (right, wrong) = (read("pass", "readme", ".rs").unwrap(), read_wrong("readme", ".rs"));
    // The fact, and the label at the argument. Notes and what rustc says about traits are left out.
    let message = read_wrong("readme", ".stderr");
    let label = 1 + message.lines().position(|line| line.contains('^')).unwrap();
    let message = message.lines().take(label).fold(String::new(), |all, line| all + line + "\n");

    let lines = right.lines().zip(wrong.lines());
    let change: String = lines.filter(|(a, b)| a != b).map(|(a, b)| format!("-{a}\n+{b}\n")).collect();

    assert_eq!(change.lines().count(), 2, "the wrong program differs in one line");
    for (language, text) in [("rust", &right), ("diff", &change), ("text", &message)] {
        let fenced = format!("\n```{language}\n{text}```\n");
        assert!(readme.contains(&fenced), "README.md does not show this:\n{fenced}");
    }
}
