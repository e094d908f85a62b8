//! Networks in programs of another kind: without a heap, and in a library for C.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Runs a command, and returns what it prints.
fn run(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// The functions that a program asks of the system's libraries, by the names in its dynamic symbols.
fn asks_for(program: &[u8], function: &str) -> bool {
    let name = [b"\0", function.as_bytes(), b"\0"].concat();
    program.windows(name.len()).any(|bytes| bytes == name)
}

/// `examples/bare` trains and predicts with the bits of every processor (which the program checks itself), and takes
/// neither memory nor mathematics from the system.
#[test]
fn a_program_without_a_heap_and_without_std_trains_and_predicts() {
    let mut cargo = Command::new(env!("CARGO"));
    run(cargo.args([
        "build",
        "--quiet",
        "--release",
        "--manifest-path=examples/bare/Cargo.toml",
        "--target-dir=target/bare",
    ]));
    let program = root().join("target/bare/release/bare");
    let text = run(&mut Command::new(&program));
    assert!(
        text.starts_with("300 digits: 31 right before training, 281 after; the bits are those"),
        "{text}"
    );
    let program = std::fs::read(program).unwrap();
    assert!(asks_for(&program, "write") && asks_for(&program, "abort"), "the names are not where they were");
    for function in
        ["malloc", "calloc", "realloc", "free", "exp", "expf", "tanhf", "logf", "powf", "sqrtf", "fmaf"]
    {
        assert!(!asks_for(&program, function), "the program asks for {function}");
    }
}

/// `examples/plugin`: a C program plays a sound through the library, with an allocator that aborts.
#[test]
fn a_c_program_plays_a_sound_through_a_library() {
    let mut cargo = Command::new(env!("CARGO"));
    run(cargo.args(["build", "--quiet", "--workspace", "--lib"]));
    let (folder, library) = (tempfile::tempdir().unwrap(), root().join("target/debug/libplugin.so"));
    let host = folder.path().join("host");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-O1", "examples/plugin/host.c"])
        .arg(library)
        .args(["-lm", "-o"]);
    run(cc.arg(&host).arg(format!("-Wl,-rpath,{}", root().join("target/debug").display())));
    let text = run(&mut Command::new(host));
    assert!(text.contains("100 blocks of 64 samples, no allocation"), "{text}");
}
