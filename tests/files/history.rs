//! The log of a run, and what remains of it when the run is killed.

use std::fs;
use std::path::{Path, PathBuf};

use chainrule::data::DataError;
use chainrule::metrics::History;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// A path in the target folder whose file goes away with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const NAMES: [&str; 3] = ["loss", "test accuracy", "a \"name\", quoted"];

/// Numbers that only their shortest exact text brings back.
fn recorded(mut history: History) -> History {
    history.record(1, 10, &[("loss", 0.1 + 0.2), ("a \"name\", quoted", -0.0)]).unwrap();
    history.record(1, 20, &[("loss", 5e-324)]).unwrap();
    history.record(2, 30, &[("test accuracy", 2.0 / 3.0), ("loss", 1.7976931348623157e308)]).unwrap();
    history.record(2, u64::MAX, &[]).unwrap();
    history
}

#[test]
fn what_is_written_is_read_back_to_the_last_bit() {
    for name in ["bits.csv", "bits.jsonl"] {
        let file = Scratch::new(name);
        let history = recorded(History::new(NAMES).unwrap().log_to(&file.0).unwrap());
        let read = History::read(&file.0).unwrap();
        assert_eq!(read.rows().len(), 4, "{name}");
        for (found, expected) in read.rows().iter().zip(history.rows()) {
            assert_eq!((found.epoch, found.step), (expected.epoch, expected.step), "{name}");
        }
        for value in NAMES {
            let bits = |history: &History| {
                history.values(value).map(|(step, x)| (step, x.to_bits())).collect::<Vec<_>>()
            };
            assert_eq!(bits(&read), bits(&history), "{value} in {name}");
        }
    }
}

#[test]
fn every_row_is_in_the_file_as_soon_as_it_is_recorded() {
    let (table, lines) = (Scratch::new("rows.csv"), Scratch::new("rows.jsonl"));
    let history = History::new(["loss", "rate"]).unwrap().log_to(&table.0).unwrap();
    let mut history = history.log_to(&lines.0).unwrap();
    history.record(1, 7, &[("rate", 1e-3), ("loss", 0.5)]).unwrap();
    assert_eq!(fs::read_to_string(&table.0).unwrap(), "epoch,step,loss,rate\n1,7,0.5,0.001\n");
    let line: serde_json::Value = serde_json::from_str(&fs::read_to_string(&lines.0).unwrap()).unwrap();
    assert_eq!(line, serde_json::json!({"epoch": 1, "step": 7, "loss": 0.5, "rate": 0.001}));
    history.record(1, 8, &[("loss", 0.25)]).unwrap();
    assert!(fs::read_to_string(&table.0).unwrap().ends_with("\n1,8,0.25,\n"));
    assert_eq!(fs::read_to_string(&lines.0).unwrap().lines().count(), 2);
    std::mem::forget(history); // killed: nothing is left to be flushed
    assert_eq!(History::read(&table.0).unwrap().rows().len(), 2);
}

#[test]
fn a_file_cut_anywhere_keeps_its_whole_lines_and_the_run_goes_on_in_it() {
    for name in ["cut.csv", "cut.jsonl"] {
        let file = Scratch::new(name);
        recorded(History::new(NAMES).unwrap().log_to(&file.0).unwrap());
        let whole = fs::read(&file.0).unwrap();
        let header = usize::from(name.ends_with("csv"));
        for cut in 0..=whole.len() {
            fs::write(&file.0, &whole[..cut]).unwrap();
            let lines = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
            let resumed = History::resume(NAMES, &file.0, 20);
            if lines < header {
                assert!(matches!(resumed, Err(DataError::NoRows { .. })), "{name} cut at {cut}");
                continue;
            }
            let mut history = resumed.unwrap();
            let kept = (lines - header).min(2); // the rows of steps 10 and 20
            assert_eq!(history.rows().len(), kept, "{name} cut at {cut}");
            history.record(9, 25, &[("loss", 1.0)]).unwrap();
            let steps: Vec<u64> = History::read(&file.0).unwrap().rows().iter().map(|row| row.step).collect();
            assert_eq!(steps, [&[10, 20][..kept], &[25]].concat(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn numbers_that_are_not_finite_are_written_as_each_format_can() {
    let (table, lines) = (Scratch::new("odd.csv"), Scratch::new("odd.jsonl"));
    let history = History::new(["loss"]).unwrap().log_to(&table.0).unwrap();
    let mut history = history.log_to(&lines.0).unwrap();
    for (step, loss) in [f64::NAN, f64::INFINITY].into_iter().enumerate() {
        history.record(1, step as u64, &[("loss", loss)]).unwrap();
    }
    let read = |path| History::read(path).unwrap().values("loss").map(|(_, x)| x).collect::<Vec<_>>();
    let (table, lines) = (read(&table.0), read(&lines.0));
    assert!(table[0].is_nan() && table[1] == f64::INFINITY);
    assert!(lines[0].is_nan() && lines[1].is_nan());
}

#[test]
fn wrong_names_and_files_are_errors_that_say_where() {
    let name = |names: &[&str]| History::new(names.iter().copied()).unwrap_err().to_string();
    assert_eq!(name(&["a", "a"]), r#""a" cannot be the name of a value: it occurs twice"#);
    for (wrong, problem) in [
        ("", "it is empty"),
        ("epoch", "already has one"),
        ("step", "already has one"),
        (" a", "a space"),
        ("a\nb", "a line break"),
    ] {
        assert!(name(&[wrong]).ends_with(problem), "{wrong:?}");
    }
    let mut history = History::new(["loss"]).unwrap();
    let error = history.record(1, 1, &[("los", 1.0)]).unwrap_err().to_string();
    assert!(error.ends_with("it is not among the names of this history"), "{error}");
    assert!(history.record(1, 1, &[("loss", 1.0), ("loss", 2.0)]).is_err());
    assert_eq!((history.rows().len(), history.values("los").count()), (0, 0));

    let read = |name: &str, text: &str| {
        let file = Scratch::new(name);
        fs::write(&file.0, text).unwrap();
        let error = History::read(&file.0).expect_err(text).to_string();
        error.split_once(name).unwrap().1.to_string()
    };
    assert_eq!(
        read("bad.csv", "epoch,step,a\n1,2,3\n1,x,3\n"),
        r#", line 3, column 2 ("step"): "x" is not a number"#
    );
    assert_eq!(read("bad.csv", "epoch,step,a\n1,2,y\n"), r#", line 2, column 3 ("a"): "y" is not a number"#);
    assert_eq!(read("bad.csv", "epoch,step,a\n,2,3\n"), r#", line 2, column 1 ("epoch"): the cell is empty"#);
    assert_eq!(
        read("bad.csv", "epoch,step,a\n1,2\n"),
        ", line 2: the first line has 3 columns, but this one has 2"
    );
    assert!(
        read("bad.csv", "step,epoch,a\n1,2,3\n")
            .contains("the header is \"step,epoch,a\", but must be epoch, step")
    );
    assert!(
        read("bad.jsonl", "{\"epoch\":1,\"step\":2}\n{\"epoch\":1}\n")
            .starts_with(", line 2: this is not a row of a log")
    );
    assert!(read("bad.jsonl", "{\"epoch\":1,\"step\":2,\"a\":\"b\"}\n").starts_with(", line 1: "));
    assert!(read("bad.txt", "").ends_with("the end of the name is `.txt`, but must be `.csv` or `.jsonl`"));
    assert!(matches!(History::read("no-such.csv"), Err(DataError::Io { .. })));
    let nowhere = History::new(["loss"]).unwrap().log_to("no/such/folder/log.csv").unwrap_err();
    assert!(nowhere.to_string().starts_with("no/such/folder/log.csv: "), "{nowhere}");

    let file = Scratch::new("other.csv");
    recorded(History::new(NAMES).unwrap().log_to(&file.0).unwrap());
    let before = fs::read(&file.0).unwrap();
    assert!(matches!(History::resume(["loss"], &file.0, 99), Err(DataError::Name { .. })));
    assert_eq!(fs::read(&file.0).unwrap(), before, "a refused file was changed");
}

#[test]
fn thousands_of_changed_logs_are_read_or_refused() {
    let mut rng = rng(11);
    for name in ["changed.csv", "changed.jsonl"] {
        let file = Scratch::new(name);
        recorded(History::new(NAMES).unwrap().log_to(&file.0).unwrap());
        let good = fs::read(&file.0).unwrap();
        let mut refused = 0;
        for round in 0..2000 {
            let mut bytes = good.clone();
            for _ in 0..rng.random_range(1..3) {
                let at = rng.random_range(0..bytes.len());
                match rng.random_range(0..3) {
                    0 => bytes[at] ^= 1 << rng.random_range(0..8),
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, b",\n\"{}:e5-"[rng.random_range(0..9)]),
                }
            }
            fs::write(&file.0, &bytes).unwrap();
            match History::read(&file.0) {
                // Each inserted line break may make one row more.
                Ok(history) => assert!(history.rows().len() <= 6, "round {round}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 500, "{refused} of 2000 changes were noticed in {name}");
    }
}
