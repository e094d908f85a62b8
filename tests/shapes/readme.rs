//! The README shows a program, its line with one wrong number, and the compiler's message. The page `docs/shapes.md`
//! shows a message, and the beginnings of common ones. These tests compare them with the programs and messages in
//! `tests/shapes`.

use std::fs::read_to_string;

use super::{read, read_wrong, wrong_programs};

#[test]
fn the_readme_shows_the_program_the_wrong_number_and_the_message() {
    let readme = read_to_string("../README.md").unwrap();
    let (right, wrong) = (read("pass", "readme", ".rs").unwrap(), read_wrong("readme", ".rs"));
    // The fact, and the label at the argument. Notes and what rustc says about traits are left out.
    let message = read_wrong("readme", ".stderr");
    let label = 1 + message.lines().position(|line| line.contains('^')).unwrap();
    let message = message.lines().take(label).fold(String::new(), |all, line| all + line + "\n");
    let message = message.replace("tests/shapes/fail/readme.rs", "src/main.rs");

    let lines = right.lines().zip(wrong.lines());
    let change: String = lines.filter(|(a, b)| a != b).map(|(a, b)| format!("-{a}\n+{b}\n")).collect();

    assert_eq!(change.lines().count(), 2, "the wrong program differs in one line");
    for (language, text) in [("rust", &right), ("diff", &change), ("text", &message)] {
        let fenced = format!("\n```{language}\n{text}```\n");
        assert!(readme.contains(&fenced), "README.md does not show this:\n{fenced}");
    }
}

#[test]
fn the_page_on_shapes_shows_real_messages() {
    let page = read_to_string("../docs/shapes.md").unwrap();
    let messages: Vec<String> = wrong_programs().iter().map(|name| read_wrong(name, ".stderr")).collect();

    // Each line of a block is in one message, in this order.
    let shows = |message: &str, block: &str| {
        let mut lines = message.lines();
        block.lines().all(|line| lines.any(|other| other == line))
    };
    let blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<&str> = blocks.filter(|block| block.starts_with("error")).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(messages.iter().any(|message| shows(message, block)), "no message has these lines:\n{block}");
    }

    // `..` stands for any text.
    let begins = |message: &str, row: &str| {
        let first_line = message.lines().next().unwrap().replace("chainrule::", "");
        let mut rest = &first_line[..];
        row.split("..").all(|part| rest.split_once(part.trim()).map(|(_, after)| rest = after).is_some())
    };
    let (_, table) = page.split_once("| the message begins |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    for row in rows.map(|line| line[1..].split(" | ").next().unwrap()) {
        assert!(messages.iter().any(|message| begins(message, row)), "no message begins:\n{row}");
    }
}
