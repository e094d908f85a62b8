//! Programs with an error in a constant of a generic function: `cargo check` accepts them, and `cargo build` does not.
//!
//! They are examples of this package that only this test builds. Below our sentence, rustc also names functions inside
//! the crate, so the `.stderr` files have only the first lines of the errors. One of the notes must name a line of the
//! program.

use std::path::Path;
use std::process::Command;

use super::{names, read};

/// Returns the errors that the compiler reports, one in each line.
fn errors(name: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // The whole workspace, as in `cargo test --workspace`: with other features, the crate would be built again.
    cargo.current_dir(root).args([
        "build",
        "--workspace",
        "--quiet",
        "--color=never",
        "--message-format=human",
    ]);
    let built =
        cargo.args(["--features", "chainrule-tests/wrong_programs", "--example", name]).output().unwrap();
    let said = String::from_utf8(built.stderr).unwrap();
    assert!(!built.status.success(), "{name} compiles, but must not");
    assert!(said.contains(&format!("shapes/fail_when_built/{name}.rs:")), "no line of {name} in\n{said}");
    let errors = said.lines().filter(|line| line.starts_with("error") && !line.contains("could not compile"));
    errors.fold(String::new(), |all, line| all + line + "\n")
}

#[test]
fn every_wrong_constant_is_rejected_with_the_message_in_its_file() {
    let overwrite = std::env::var("TRYBUILD").is_ok_and(|update| update == "overwrite");
    for name in names("fail_when_built", ".rs") {
        let errors = errors(&name);
        if overwrite {
            std::fs::write(format!("shapes/fail_when_built/{name}.stderr"), &errors).unwrap();
        }
        assert_eq!(errors, read("fail_when_built", &name, ".stderr").unwrap(), "{name}");
    }
}
