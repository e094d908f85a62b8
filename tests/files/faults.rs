//! What can happen while a file is written: a kill, a full disk, a folder that takes nothing. The file on the disk is
//! always whole, the old one or the new one.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use chainrule::checkpoint::{self, CheckpointError, State, StateFields};
use chainrule::layer::{Parameter, View, ViewMut, Visitor, visit};
use chainrule::prelude::*;
use chainrule::rand::Rng;

type Net = (Linear<32, 48>, Tanh, BatchNorm<48>, Linear<48, 4>);

/// A run in which every number is the count of the epochs, so that a file of two halves shows.
struct Run {
    network: Owned<Net>,
    adam: Adam<Net>,
    epoch: u32,
}

impl State for Run {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.network("network", &mut self.network);
        fields.state("adam", &mut self.adam);
        fields.value("epoch", &mut self.epoch);
    }
}

struct SetAll(u32);

impl Visitor<0, 1> for SetAll {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, []: [&[T]; 0], [xs]: [&mut [T]; 1]) {
        xs.fill(T::from_f64(self.0.into()));
    }
}

struct AllAre(u32, bool);

impl Visitor<1, 0> for AllAre {
    fn visit<T: chainrule::Real>(&mut self, _: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        self.1 &= xs.iter().all(|x| x.to_f64() == f64::from(self.0));
    }
}

impl Run {
    fn at(epoch: u32) -> Self {
        let mut run = Self { network: Net::zeros(), adam: Adam::new(0.0), epoch };
        visit([], [ViewMut::of(&mut *run.network)], &mut SetAll(epoch));
        run.adam.learning_rate = epoch.into();
        run
    }

    /// The epoch of a checkpoint that must be whole.
    fn epoch_of(path: &Path) -> u32 {
        let mut run = Self::at(0);
        checkpoint::load_state(&mut run, path).unwrap_or_else(|error| panic!("not whole: {error}"));
        let mut all = AllAre(run.epoch, true);
        visit([View::of(&*run.network)], [], &mut all);
        assert!(
            all.1 && run.adam.learning_rate == f64::from(run.epoch),
            "of two epochs, one of them {}",
            run.epoch
        );
        run.epoch
    }
}

const ROLE: &str = "CHAINRULE_TEST_ROLE";

/// This test binary again, with only the test of this name.
fn child(test: &str, folder: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("faults::{test}"), "--nocapture"]).env(ROLE, test).current_dir(folder);
    child
}

/// Whether this process was started by [`child`] for this test.
fn is_child(test: &str) -> bool {
    std::env::var(ROLE).is_ok_and(|role| role == test)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_process_killed_200_times_while_it_saves_leaves_a_whole_file_each_time() {
    const TEST: &str = "a_process_killed_200_times_while_it_saves_leaves_a_whole_file_each_time";
    if is_child(TEST) {
        let path = Path::new("run.safetensors");
        let mut epoch = Run::epoch_of(path);
        loop {
            epoch += 1;
            checkpoint::save_state(&mut Run::at(epoch), path).unwrap();
            println!("saved {epoch}");
        }
    }
    // Most of the time goes into waiting for the disk: four at once.
    let left_behind: usize = std::thread::scope(|scope| {
        let threads = [1, 2, 3, 4].map(|seed| scope.spawn(move || kill_50_times(TEST, seed)));
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    });
    println!("{left_behind} files left behind");
    // What a save leaves that is killed in its middle. The child does little but save, and most of a save is spent
    // while that file is there: none in 200 kills would mean that no kill hit a save.
    assert!(left_behind >= 10);
}

/// How many kills left the file behind that was being written. The next save removes it.
fn kill_50_times(test: &str, seed: u64) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    checkpoint::save_state(&mut Run::at(1), &path).unwrap();
    let (mut draws, mut epoch, mut left_behind) = (rng(seed), 1, 0);
    let temporary = || names(folder.path()).iter().filter(|name| name.ends_with(".tmp")).count();
    for _ in 0..50 {
        let mut child = child(test, folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let epoch_in = |line: String| line.strip_prefix("saved ").and_then(|epoch| epoch.parse().ok());
        let first: u32 = lines.by_ref().find_map(epoch_in).expect("the child saves nothing");
        std::thread::sleep(Duration::from_micros(draws.next_u64() % 10_000));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let last = lines.filter_map(epoch_in).last().unwrap_or(first);
        let found = Run::epoch_of(&path);
        // The last one that was reported, or the one that was being saved.
        assert!(found == last || found == last + 1, "{last} was saved, and {found} is on the disk");
        assert!(first > epoch, "the child did not go on from {epoch}");
        epoch = found;
        assert!(temporary() <= 1, "a save left the file of an earlier one: {:?}", names(folder.path()));
        left_behind += temporary();
    }
    checkpoint::save_state(&mut Run::at(epoch), &path).unwrap();
    assert_eq!(names(folder.path()), ["run.safetensors"]);
    left_behind
}

#[test]
fn a_file_may_have_the_longest_name_that_the_file_system_takes() {
    let folder = tempfile::tempdir().unwrap();
    for length in [244, 255] {
        let path = folder.path().join("n".repeat(length));
        checkpoint::save(&small(), &path).unwrap();
        assert_eq!(checkpoint::load::<Linear<2, 2>>(&path).unwrap(), small());
    }
    assert_eq!(write_error(&folder.path().join("n".repeat(256))).kind(), std::io::ErrorKind::InvalidFilename);
    assert_eq!(names(folder.path()).len(), 2);
}

/// Two threads save the same file again and again: neither takes the temporary file of the other for a stale one.
#[test]
fn a_save_does_not_remove_the_file_of_another_that_is_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| checkpoint::save(&small(), &path).unwrap()));
        }
    });
    assert_eq!(names(folder.path()), ["net"]);
}

#[test]
fn a_disk_that_is_full_is_an_error_and_the_old_file_stays() {
    const TEST: &str = "a_disk_that_is_full_is_an_error_and_the_old_file_stays";
    if is_child(TEST) {
        let path = Path::new("run.safetensors");
        let error = checkpoint::save_state(&mut Run::at(2), path).unwrap_err();
        assert!(matches!(error, CheckpointError::Write { .. }), "{error}");
        let text = error.to_string();
        assert!(text.ends_with("the old file is unchanged"), "{text}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    checkpoint::save_state(&mut Run::at(1), &path).unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 16 * 1024);
    // No file may grow past 16 blocks (of 512 bytes or 1 kB, as the shell has it). The signal for that is ignored, so
    // that writing is an error as it is on a full disk.
    let test = child(TEST, folder.path());
    let script = r#"trap '' XFSZ; ulimit -f 16; exec "$0" "$@""#;
    let limited = Command::new("sh")
        .args(["-c", script])
        .arg(test.get_program())
        .args(test.get_args())
        .envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&limited.stdout);
    assert!(limited.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(Run::epoch_of(&path), 1);
    assert_eq!(names(folder.path()), ["run.safetensors"]);
}

fn small() -> Owned<Linear<2, 2>> {
    Linear::init(&mut rng(1))
}

fn write_error(path: &Path) -> std::io::Error {
    match checkpoint::save(&small(), path).unwrap_err() {
        CheckpointError::Write { path: named, source } if named == path => source,
        error => panic!("{error}"),
    }
}

#[test]
fn a_folder_that_is_none_or_takes_nothing_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    assert_eq!(write_error(&file.join("net")).kind(), std::io::ErrorKind::NotADirectory);
    assert_eq!(write_error(&folder.path().join("missing/net")).kind(), std::io::ErrorKind::NotFound);
    if cfg!(target_os = "linux") {
        write_error(Path::new("/proc/net.safetensors")); // where root may not make a file either
    }

    // A folder without the right to write into it; root may all the same.
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    match fs::write(closed.join("probe"), "") {
        Err(_) => assert_eq!(write_error(&closed.join("net")).kind(), std::io::ErrorKind::PermissionDenied),
        Ok(()) => checkpoint::save(&small(), closed.join("net")).unwrap(),
    }
}

#[test]
fn a_file_that_is_missing_or_a_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for (path, kind) in [
        (folder.path().join("missing"), std::io::ErrorKind::NotFound),
        (folder.path().to_owned(), std::io::ErrorKind::IsADirectory),
    ] {
        match checkpoint::load::<Linear<2, 2>>(&path).unwrap_err() {
            CheckpointError::Read { path: named, source } => assert_eq!((named, source.kind()), (path, kind)),
            error => panic!("{error}"),
        }
    }
}

#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, socket) = (folder.path().join("inner"), folder.path().join("socket"));
    fs::create_dir(&inner).unwrap();
    let _listener = UnixListener::bind(&socket).unwrap();
    for path in [&inner, &socket] {
        let error = checkpoint::save(&small(), path).unwrap_err();
        assert!(matches!(error, CheckpointError::NotAFile { .. }), "{error}");
        assert!(!path.is_file());
    }
    assert_eq!(names(folder.path()), ["inner", "socket"]);
}

#[test]
fn a_file_keeps_its_rights_and_a_new_one_has_those_of_any_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    fs::write(folder.path().join("any"), "").unwrap();
    checkpoint::save(&small(), folder.path().join("new")).unwrap();
    assert_eq!(mode("new"), mode("any"));
    fs::set_permissions(folder.path().join("any"), fs::Permissions::from_mode(0o604)).unwrap();
    checkpoint::save(&small(), folder.path().join("any")).unwrap();
    assert_eq!(mode("any"), 0o604);
}

#[test]
fn a_link_stays_one_and_the_file_that_it_leads_to_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&file, "old").unwrap();
    symlink(&file, &link).unwrap();
    checkpoint::save(&small(), &link).unwrap();
    assert!(link.is_symlink());
    assert_eq!(checkpoint::load::<Linear<2, 2>>(&file).unwrap(), small());
}

#[test]
fn a_bare_name_is_a_file_in_the_folder_one_is_in() {
    const TEST: &str = "a_bare_name_is_a_file_in_the_folder_one_is_in";
    if is_child(TEST) {
        checkpoint::save(&small(), "net").unwrap();
        assert_eq!(checkpoint::load::<Linear<2, 2>>("net").unwrap(), small());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let said = child(TEST, folder.path()).output().unwrap();
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("1 passed"), "{said:?}");
    assert_eq!(names(folder.path()), ["net"]);
}
