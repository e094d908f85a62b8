//! The example `digits` on ranks of MPI: the weights of one process, and what happens when a rank fails.
//!
//! It needs `mpirun`, of Open MPI.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// 640 digits in batches of 64, the last with 61: 8 pieces each.
const RUN: [&str; 4] = ["--epochs", "3", "--samples", "637"];

/// One training at a time: ranks that wait for a core would seem to hang.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn digits() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join("examples/digits")
}

fn output(command: &mut Command) -> Output {
    command.env("RAYON_NUM_THREADS", "1").output().unwrap()
}

/// Starts the example with these arguments on each of several groups of ranks.
fn mpirun(groups: &[(usize, &[&str])]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--verbose", "-k", "10", "120", "mpirun", "--allow-run-as-root", "--oversubscribe"]);
    for (at, (ranks, arguments)) in groups.iter().enumerate() {
        command.args((at > 0).then_some(":"));
        command.arg("-n").arg(ranks.to_string()).arg(digits()).args(*arguments);
    }
    output(&mut command)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the line of the weights.
#[track_caller]
fn weights(output: Output) -> String {
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{printed}{errors}");
    let lines: Vec<_> = printed.lines().filter(|line| line.starts_with("weights ")).collect();
    assert_eq!(lines.len(), 1, "only rank 0 prints: {printed}{errors}");
    assert_eq!(errors.matches("epoch 1/3").count().max(1), 1, "only rank 0 shows progress: {errors}");
    lines[0].into()
}

fn one_process() -> String {
    weights(output(Command::new(digits()).args(RUN)))
}

/// Returns what all ranks print when a training fails.
#[track_caller]
fn failure(output: Output) -> String {
    assert!(!output.status.success());
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert!(!printed.contains("timeout: sending signal"), "it did not end: {printed}");
    printed
}

#[test]
fn every_number_of_ranks_gives_the_weights_of_one_process() {
    let _turn = alone();
    let expected = one_process();
    for ranks in [1, 2, 4, 8] {
        assert_eq!(weights(mpirun(&[(ranks, &RUN)])), expected, "{ranks} ranks");
    }
}

#[test]
fn after_a_rank_is_killed_the_run_resumes_to_the_same_weights() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let with = [&RUN[..], &["--checkpoint", path.to_str().unwrap()]].concat();
    let printed = failure(mpirun(&[(4, &[&with[..], &["--kill", "2"]].concat())]));
    assert!(printed.contains("rank 2") && printed.contains("signal 9"), "{printed}");
    assert_eq!(weights(mpirun(&[(2, &with)])), one_process());
}

#[test]
fn a_rank_that_hangs_is_named_within_the_timeout_and_the_run_resumes() {
    let _turn = alone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let with = [&RUN[..], &["--checkpoint", path.to_str().unwrap()]].concat();
    let start = Instant::now();
    let printed = failure(mpirun(&[(3, &[&with[..], &["--stop", "1", "--timeout", "8"]].concat())]));
    assert!(printed.contains("error: epoch 2: rank 1 did not answer for 8 s"), "{printed}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(weights(mpirun(&[(4, &with)])), one_process());
}

#[test]
fn an_error_of_the_program_on_one_rank_ends_all() {
    let _turn = alone();
    let start = Instant::now();
    let printed = failure(mpirun(&[(3, &[&RUN[..], &["--fail", "1"]].concat())]));
    assert!(printed.contains("error: rank 1 fails, as --fail says"), "{printed}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn an_unknown_option_is_an_error() {
    for (arguments, expected) in [
        (&["--epoch", "3"][..], "error: unknown option --epoch"),
        (&["epochs", "3"], "error: unknown option epochs"),
        (&["--epochs"], "error: --epochs needs a value"),
    ] {
        let printed = failure(output(Command::new(digits()).args(arguments)));
        assert!(printed.contains(expected), "{printed}");
    }
}

#[test]
fn ranks_that_do_not_do_the_same_are_an_error() {
    let _turn = alone();
    let printed = failure(mpirun(&[(1, &[]), (1, &["--piece", "4"])]));
    assert!(printed.contains("error: rank 1: `micro_batch` is 4, and on rank 0 it is 8"), "{printed}");
    let printed = failure(mpirun(&[(2, &RUN), (1, &["--epochs", "3", "--samples", "600"])]));
    assert!(
        printed.contains("error: rank 2 has another number of samples than rank 0: 600, not 637"),
        "{printed}"
    );
    let printed = failure(mpirun(&[(8, &["--samples", "6"])]));
    assert!(
        printed.contains("error: 8 ranks are too many for batches of 6 samples, which are divided into 1"),
        "{printed}"
    );
}
