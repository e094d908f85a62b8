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

mod kinds;
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

/// Programs whose first error is rustc's own, because no trait of ours takes part. Each names both types, or the cure.
const WORDS_OF_RUSTC: [&str; 10] = [
    "a_batch_is_a_slice_of_samples", // E0308: expected `&[_]`, found `&Vector<4>`
    "a_generic_network_without_any_bound", // E0599: restrict the type parameter
    "a_layer_norm_says_what_it_normalizes", // E0107: expected 1 generic argument
    "a_metric_compares_the_outputs_of_the_network", // E0308: expected `3`, found `2`
    "a_step_takes_a_batch",          // E0308: expected `&[_]`, found `&Vector<4>`
    "a_trainer_follows_a_schedule_and_not_an_optimizer", // E0308: expected `Schedule`, found `Plateau`
    "a_validation_set_has_the_targets_of_the_training_set", // E0308: expected `Label<3>`, found `Vector<3>`
    "an_activation_is_a_layer_and_not_a_function", // E0618: expected function, found `Relu`
    "the_bound_of_a_generic_network_says_the_output", // E0308: add `Output = Vector<3>`
    "the_rate_of_dropout_is_in_per_cent", // E0308: expected `u32`, found floating-point number
];

/// Programs whose message has several errors, and why.
const SEVERAL_ERRORS: [(&str, usize); 8] = [
    ("a_convolution_of_a_stream_is_causal", 2), // the state is refused, and so is the step
    ("a_layer_says_its_sizes_in_its_type", 2),  // two layers are wrong
    // `predict` is no method of what is not a layer: the error after the one at its `impl` or `init`.
    ("a_network_struct_lists_its_parameters", 2),
    ("a_stack_of_more_than_20_layers_is_nested", 2),
    ("a_stream_has_no_end", 2),       // `Bidirectional` reverses twice
    ("infer_says_the_data_first", 3), // the two types are in each other's places
    // A scalar that is none, and a layer that does not take it.
    ("pixels_of_u8_are_converted_first", 2),
    ("the_numbers_of_a_sample_are_floats", 2),
];

/// Words of rustc's own first lines.
const THEIRS: [&str; 5] =
    ["mismatched types", "type mismatch", "the trait bound", "trait bounds were not", "annotations"];

#[test]
fn every_message_begins_with_a_sentence_of_ours() {
    let messages = &names("fail", ".stderr") | &names("fail_when_built", ".stderr");
    assert_eq!(messages, wrong_programs());
    for name in messages {
        let message = read_wrong(&name, ".stderr");
        let errors: Vec<&str> = message.lines().filter(|line| line.starts_with("error")).collect();
        let wanted =
            SEVERAL_ERRORS.iter().find(|(several, _)| *several == name).map_or(1, |&(_, count)| count);
        assert_eq!(errors.len(), wanted, "{name}: {errors:#?}");
        if WORDS_OF_RUSTC.contains(&name.as_str()) {
            continue;
        }
        for error in &errors {
            // E0599 has a sentence of ours if one bound is missing.
            let codes = ["error[E0277]", "error[E0080]", "error[E0599]", "error:"];
            assert!(codes.iter().any(|code| error.starts_with(code)), "{name}: {error}");
            assert!(!THEIRS.iter().any(|theirs| error.contains(theirs)), "{name}: {error}");
        }
        // A layer that is refused is named, with its sizes and its place, in the first line and in the label.
        if let Some((_, refused)) = errors[0].split_once(": layer ")
            && let Some((layer, why)) = refused.split_once(", cannot take")
        {
            let (place, layer) = layer.split_once(" of this stack, ").unwrap();
            assert!(!layer.contains('_'), "{name}: {}", errors[0]);
            let label = format!("arrives at layer {place}");
            assert!(
                !why.ends_with("as its input") || message.contains(&label),
                "{name}: no label with the place"
            );
        }
        assert!(!message.contains("warning:"), "{name}: a warning is printed with the error");
        // rustc adds the lines below (`= help`, `= note`); the first lines are this crate's.
        let read_first = |line: &&str| !line.trim_start().starts_with("= ") && !line.starts_with("help: ");
        for line in message.lines().take_while(read_first) {
            for machinery in ["UInt<", "UTerm", "typenum", "nalgebra", "bytemuck", "ArrayStorage", "Matrix<"]
            {
                assert!(!line.contains(machinery), "{name}: the message shows `{machinery}`");
            }
        }
    }
}

#[test]
fn every_exception_is_a_program() {
    let programs = wrong_programs();
    let several = SEVERAL_ERRORS.iter().map(|(name, _)| name);
    for name in WORDS_OF_RUSTC.iter().chain(several).chain(&WITHOUT_AN_ITEM) {
        assert!(programs.contains(*name), "{name}");
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
