//! Every mistake in every use of a network: one error, with the same sentence.
//!
//! `tests/shapes/fail` has the exact messages. This test compares only the first line, the code and the place of each
//! error, and does so for all combinations of mistake and use. The programs are in one package, so that one `cargo
//! check` compiles them.

mod entries;
mod mistakes;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use entries::{ENTRIES, Entry};
use mistakes::{MISTAKES, Mistake};
use serde_json::Value;

/// Combinations with a number of errors other than 1, and why.
const SEVERAL_ERRORS: &[(&str, &str, usize)] = &[
    // rustc compares the types at each line.
    ("last_layer", "three_uses", 3),
    // The metric also compares outputs of the network with the labels.
    ("last_layer", "fit", 2),
];

/// Combinations for which rustc's own message is as clear. It infers the output from the network before it compares it
/// with the written type: "expected `Vector<4>`, found `Vector<5>`".
const WORDS_OF_RUSTC: &[(&str, &str)] = &[
    ("last_layer", "predict"),
    ("last_layer", "predict_batch"),
    ("last_layer", "fit"), // for the metric; the loss has our sentence
    ("last_layer", "infer"),
    ("last_layer", "method"),
    ("last_layer", "three_uses"),
];

/// Combinations that are not a mistake.
const RIGHT: &[(&str, &str)] = &[("last_layer", "gradcheck")];

/// An error of the compiler.
struct Found {
    code: String,
    first_line: String,
    line: usize,
}

fn program(mistake: &Mistake, entry: &Entry) -> String {
    let network = if entry.in_f64 { &mistake.in_f64 } else { &mistake.in_f32 };
    let fields =
        network.layers.iter().enumerate().map(|(at, layer)| format!("        at_{at}: {layer}, // here"));
    let program = entry
        .program
        .replace("NET", &format!("({})", network.layers.join(", ")))
        .replace("FIELDS", &fields.collect::<Vec<_>>().join("\n"))
        .replace("INPUT", network.input)
        .replace("OUTPUT", "Vector<4>");
    format!("use chainrule::prelude::*;\n\n{program}\n")
}

/// Returns the errors of each program.
fn check(programs: &BTreeMap<String, String>) -> BTreeMap<String, Vec<Found>> {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (package, root) = (tmp.join("matrix"), Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    let bins = package.join("src/bin");
    let _ = fs::remove_dir_all(&bins);
    fs::create_dir_all(&bins).unwrap();
    let manifest = format!(
        "[package]\nname = \"matrix\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nchainrule = {{ path = {root:?} }}\n\n[profile.dev]\ndebug = \"line-tables-only\"\n"
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    for (name, program) in programs {
        fs::write(bins.join(name).with_extension("rs"), program).unwrap();
    }
    let checked = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--keep-going", "--quiet", "--message-format=json"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", tmp.parent().unwrap())
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .unwrap();
    let mut errors: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for line in String::from_utf8(checked.stdout).unwrap().lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let diagnostic = &message["message"];
        let text = diagnostic["message"].as_str().unwrap_or_default();
        if diagnostic["level"] != "error" || text.starts_with("aborting due to") {
            continue;
        }
        let spans = diagnostic["spans"].as_array().unwrap();
        let primary = spans.iter().find(|span| span["is_primary"] == true);
        errors.entry(message["target"]["name"].as_str().unwrap().to_owned()).or_default().push(Found {
            code: diagnostic["code"]["code"].as_str().unwrap_or_default().to_owned(),
            first_line: text.to_owned(),
            line: primary.map_or(0, line_of),
        });
    }
    assert!(!errors.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    errors
}

/// Returns the line of the program, even if the error is in a macro of the crate.
fn line_of(span: &Value) -> usize {
    match &span["expansion"] {
        Value::Null => span["line_start"].as_u64().unwrap() as usize,
        expansion => line_of(&expansion["span"]),
    }
}

/// Returns the differences between the errors of a program and the expected ones.
fn judge(mistake: &Mistake, entry: &Entry, program: &str, errors: &[Found]) -> Vec<String> {
    let allowed = SEVERAL_ERRORS
        .iter()
        .find(|(name, at, _)| (*name == "*" || *name == mistake.name) && *at == entry.name);
    let wanted = allowed.map_or(1, |&(.., count)| count);
    let network = if entry.in_f64 { &mistake.in_f64 } else { &mistake.in_f32 };
    let says = if network.says.is_empty() { entry.wrong_output } else { network.says };
    let mut wrong = vec![];
    if errors.len() != wanted {
        wrong.push(format!("{} errors instead of {wanted}", errors.len()));
    }
    for error in errors {
        // rustc writes `chainrule::Vector` for a name that comes from a glob import.
        let first_line = error.first_line.replace("chainrule::", "");
        if WORDS_OF_RUSTC.contains(&(mistake.name, entry.name)) && error.code == "E0308" {
            continue;
        }
        if !["E0277", ""].contains(&&*error.code) {
            wrong.push(format!("{}: {first_line}", error.code));
        } else if !first_line.ends_with(says) {
            wrong.push(format!("not the sentence: {first_line}"));
        } else if !program
            .lines()
            .nth(error.line.wrapping_sub(1))
            .is_some_and(|line| line.ends_with("// here"))
        {
            wrong.push(format!("at line {}", error.line));
        }
    }
    wrong
}

#[test]
fn every_mistake_is_one_sentence_at_every_entry_point() {
    let all = || MISTAKES.iter().flat_map(|mistake| ENTRIES.iter().map(move |entry| (mistake, entry)));
    let name = |mistake: &Mistake, entry: &Entry| format!("{}__{}", mistake.name, entry.name);
    let programs = all().map(|(mistake, entry)| (name(mistake, entry), program(mistake, entry))).collect();
    let errors = check(&programs);
    let mut table = String::new();
    for (mistake, entry) in all() {
        let name = name(mistake, entry);
        let found = errors.get(&name).map_or(&[][..], |errors| errors);
        if RIGHT.contains(&(mistake.name, entry.name)) {
            assert!(found.is_empty(), "{name} is right, and does not compile: {}", found[0].first_line);
            continue;
        }
        for wrong in judge(mistake, entry, &programs[&name], found) {
            table += &format!("{:<24}{:<15}{wrong}\n", mistake.name, entry.name);
        }
    }
    assert!(table.is_empty(), "{table}of {} programs in target/tmp/matrix", programs.len());
}
