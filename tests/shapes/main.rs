//! The compiler's messages for networks whose shapes do not match.
//!
//! `tests/shapes/fail` has a program for each rule, named as the rule; its twin of the same name in `tests/shapes/pass`
//! compiles and runs. The messages are in files next to the programs. Programs that `cargo check` accepts and
//! `cargo build` refuses stand in `tests/shapes/fail_when_built`. After a change that is meant to change a message:
//!
//! ```text
//! TRYBUILD=overwrite cargo test --workspace --test shapes
//! git diff tests/shapes
//! ```

mod matrix;
mod readme;
mod shape_errors;
mod twins;
mod when_built;

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};

/// Only programs that must fail, and all of them at `cargo check`: then trybuild checks them in one run of cargo, on
/// every core. With one program that must pass, it would build them one after the other.
#[test]
fn every_wrong_network_is_refused_with_the_message_beside_it() {
    trybuild::TestCases::new().compile_fail("shapes/fail/*.rs");
}

/// Programs that differ from their twin in a whole item: an `impl` that is not there.
const WITHOUT_AN_ITEM: [&str; 4] = [
    "a_field_of_numbers_says_what_they_are_for",
    "a_layer_must_list_its_parameters",
    "an_activation_declares_its_effect",
    "an_activation_must_be_made_a_layer",
];

#[test]
fn every_wrong_program_has_a_right_twin_that_differs_in_one_line() {
    let (wrong, right) = (wrong_programs(), names("pass", ".rs"));
    assert_eq!(wrong, right);
    assert!(!wrong.is_empty());
    for name in wrong {
        let (wrong, right) = (read_wrong(&name, ".rs"), read("pass", &name, ".rs").unwrap());
        assert!(wrong.lines().count() < 30, "{name} is too long to be read at a glance");
        let differing = wrong.lines().zip(right.lines()).filter(|(wrong, right)| wrong != right).count();
        let one_line = differing == 1 && wrong.lines().count() == right.lines().count();
        let kept = wrong.lines().all(|line| right.contains(line)) && wrong.len() < right.len();
        assert!(
            if WITHOUT_AN_ITEM.contains(&name.as_str()) { kept } else { one_line },
            "{name} and its twin differ in more than the rule"
        );
    }
}

#[test]
fn every_right_twin_runs() {
    let running = twins::TWINS.iter().map(|name| name.to_string()).collect();
    assert_eq!(
        names("pass", ".rs"),
        running,
        "the list in tests/shapes/twins.rs differs from tests/shapes/pass"
    );
}

#[test]
fn every_message_begins_with_a_sentence_of_ours() {
    let messages = &names("fail", ".stderr") | &names("fail_when_built", ".stderr");
    assert_eq!(messages, wrong_programs());
    for name in messages {
        let message = read_wrong(&name, ".stderr");
        for first in message.lines().filter(|line| line.starts_with("error")) {
            for theirs in [
                "mismatched types",
                "type mismatch",
                "the trait bound",
                "trait bounds were not",
                "annotations",
            ] {
                assert!(!first.contains(theirs), "{name}: {first}");
            }
        }
        assert!(!message.contains("\nwarning"), "{name}: a warning stands between reader and error");
        // rustc adds the lines below (`= help`, `= note`); the first lines are this crate's.
        let read_first = |line: &&str| !line.trim_start().starts_with("= ") && !line.starts_with("help: ");
        for line in message.lines().take_while(read_first) {
            for machinery in ["UInt<", "UTerm", "typenum", "nalgebra", "ArrayStorage", "Matrix<", "{float}"] {
                assert!(!line.contains(machinery), "{name}: the message shows `{machinery}`");
            }
        }
    }
}

fn read(folder: &str, name: &str, extension: &str) -> std::io::Result<String> {
    read_to_string(format!("shapes/{folder}/{name}{extension}"))
}

/// A file of a wrong program. A message has its paths as they are seen from the root of the repository.
fn read_wrong(name: &str, extension: &str) -> String {
    let file = read("fail", name, extension).or_else(|_| read("fail_when_built", name, extension));
    let text = file.unwrap_or_else(|error| panic!("{name}{extension}: {error}"));
    text.replace("$WORKSPACE/", "").replace(" shapes/fail/", " tests/shapes/fail/")
}

fn wrong_programs() -> BTreeSet<String> {
    &names("fail", ".rs") | &names("fail_when_built", ".rs")
}

/// The names of the files of a folder that end so.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let files = read_dir(format!("shapes/{folder}")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(extension).map(String::from)).collect()
}
