//! The compiler's messages for networks whose shapes do not match.
//!
//! `tests/shapes/fail` has a program for each rule, with the rule as its name. Its twin in `tests/shapes/pass` has the
//! same name, and compiles and runs. The messages are in files next to the programs. Programs that `cargo check`
//! accepts and `cargo build` rejects are in `tests/shapes/fail_when_built`. After a change that is meant to change a
//! message:
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

// All of these programs must fail, and already at `cargo check`. Trybuild then checks them in one run of cargo, on
// every core. With one program that must pass, it would build them one after another.
#[test]
fn every_wrong_network_is_rejected_with_the_message_in_its_file() {
    trybuild::TestCases::new().compile_fail("shapes/fail/*.rs");
}

/// Programs without a whole item that their twins have.
const WITHOUT_AN_ITEM: [&str; 4] = [
    "a_field_of_numbers_has_a_role",
    "a_layer_must_list_its_parameters",
    "an_activation_declares_its_effect",
    "an_activation_needs_the_macro_activation_layer",
];

#[test]
fn every_wrong_program_has_a_right_twin_that_differs_in_one_line() {
    let (wrong, right) = (wrong_programs(), names("pass", ".rs"));
    assert_eq!(wrong, right);
    assert!(!wrong.is_empty());
    for name in wrong {
        let (wrong, right) = (read_wrong(&name, ".rs"), read("pass", &name, ".rs").unwrap());
        assert!(wrong.lines().count() < 30, "{name} is too long to be read quickly");
        let differing = wrong.lines().zip(right.lines()).filter(|(wrong, right)| wrong != right).count();
        let one_line = differing == 1 && wrong.lines().count() == right.lines().count();
        let kept = wrong.lines().all(|line| right.contains(line)) && wrong.len() < right.len();
        assert!(
            if WITHOUT_AN_ITEM.contains(&name.as_str()) { kept } else { one_line },
            "{name} and its twin differ in more than one line"
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

/// Programs whose first error is rustc's own, because it involves no trait of ours. Each names both types, or the cure.
const WORDS_OF_RUSTC: [&str; 10] = [
    "a_batch_is_a_slice_of_samples", // E0308: expected `&[_]`, found `&Vector<4>`
    "a_generic_network_without_any_bound", // E0599: restrict the type parameter
    "a_layer_norm_has_the_type_of_its_input", // E0107: expected 1 generic argument
    "a_metric_compares_the_outputs_of_the_network", // E0308: expected `3`, found `2`
    "a_step_takes_a_batch",          // E0308: expected `&[_]`, found `&Vector<4>`
    "a_trainer_follows_a_schedule_and_not_an_optimizer", // E0308: expected `Schedule`, found `Plateau`
    "a_validation_set_has_the_targets_of_the_training_set", // E0308: expected `Label<3>`, found `Vector<3>`
    "an_activation_is_a_layer_and_not_a_function", // E0618: expected function, found `Relu`
    "the_bound_of_a_generic_network_has_its_output", // E0308: add `Output = Vector<3>`
    "the_rate_of_dropout_is_in_percent", // E0308: expected `u32`, found floating-point number
];

/// Programs with several errors, and why.
const SEVERAL_ERRORS: [(&str, usize); 8] = [
    ("a_convolution_of_a_stream_is_causal", 2), // one for the state, and one for the step
    ("the_sizes_of_a_layer_are_in_its_type", 2), // two layers are wrong
    // The first error is at the `impl`; the second is that a type that is not a layer has no `predict`.
    ("a_network_struct_lists_its_parameters", 2),
    ("a_stack_of_more_than_20_layers_is_nested", 2),
    ("a_bidirectional_layer_cannot_take_a_stream", 2), // `Bidirectional` reverses twice
    ("the_input_of_infer_comes_first", 3),             // the two types are exchanged
    // A type that is not a scalar type, and a layer that does not take it.
    ("pixels_of_u8_are_converted_first", 2),
    ("the_numbers_of_a_sample_are_floats", 2),
];

/// Parts of rustc's own first lines.
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
            // E0599 begins with our sentence if one bound is missing.
            let codes = ["error[E0277]", "error[E0080]", "error[E0599]", "error:"];
            assert!(codes.iter().any(|code| error.starts_with(code)), "{name}: {error}");
            assert!(!THEIRS.iter().any(|theirs| error.contains(theirs)), "{name}: {error}");
        }
        // The first line and the label name the wrong layer, with its sizes and its place.
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
        // rustc adds the last lines (`= help`, `= note`); the first lines are this crate's.
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

/// Returns a file of a wrong program. The paths in a message are relative to the root of the repository.
fn read_wrong(name: &str, extension: &str) -> String {
    let file = read("fail", name, extension).or_else(|_| read("fail_when_built", name, extension));
    let text = file.unwrap_or_else(|error| panic!("{name}{extension}: {error}"));
    text.replace("$WORKSPACE/", "").replace(" shapes/fail/", " tests/shapes/fail/")
}

fn wrong_programs() -> BTreeSet<String> {
    &names("fail", ".rs") | &names("fail_when_built", ".rs")
}

/// Returns the names of the files of a folder with this extension.
fn names(folder: &str, extension: &str) -> BTreeSet<String> {
    let files = read_dir(format!("shapes/{folder}")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(extension).map(String::from)).collect()
}
