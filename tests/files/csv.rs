//! Valid and invalid tables.

use std::io::{Read, Write};

use chainrule::data::{Column, Csv, DataError, Dataset, stream};
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use flate2::{Compression, write::GzEncoder};

const KINDS: [&str; 3] = ["flat", "round", "long, thin"];

/// Two numbers and the name of a class, with a header.
const TABLE: &str = "height,width,kind\n1.5,-2,round\n 3e2 , 0.25,flat\n+4,.5,\"long, thin\"\n";

type Kinds = Dataset<Vector<2>, Label<3>>;

fn kinds(bytes: &[u8]) -> Result<Kinds, DataError> {
    Csv::from_reader("kinds.csv", bytes).classes("kind", KINDS)?.read()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The message of a table `a,b,class` of 3 classes that is wrong.
fn message(table: &str) -> String {
    let labels = Csv::from_reader("t.csv", table.as_bytes()).labels::<Vector<2>, 3>("class");
    labels.and_then(|records| records.read()).expect_err(table).to_string()
}

#[test]
fn a_table_is_read_plain_and_compressed_with_each_ending_of_lines() {
    let without_last_newline = TABLE.trim_end().to_string();
    let with_mark = format!("\u{feff}{TABLE}");
    for table in [TABLE.into(), TABLE.replace('\n', "\r\n"), without_last_newline, with_mark] {
        for bytes in [table.as_bytes().to_vec(), gzip(table.as_bytes())] {
            let data = kinds(&bytes).unwrap();
            assert_eq!(data.inputs(), [Vector([1.5, -2.0]), Vector([300.0, 0.25]), Vector([4.0, 0.5])]);
            assert_eq!(data.targets().iter().map(|label| label.index()).collect::<Vec<_>>(), [1, 0, 2]);
        }
    }
}

#[test]
fn a_file_is_opened_by_its_path_and_a_missing_one_named() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}-kinds.csv.gz", std::process::id()));
    std::fs::write(&path, gzip(TABLE.as_bytes())).unwrap();
    let data: Result<Kinds, _> = Csv::new(&path).classes("kind", KINDS).and_then(|records| records.read());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(data.unwrap().len(), 3);
    let error = Csv::new("no-such.csv").labels::<Vector<2>, 3>("kind").err().unwrap();
    assert!(
        matches!(error, DataError::Io { .. }) && error.to_string().starts_with("no-such.csv: "),
        "{error}"
    );
}

#[test]
fn columns_are_picked_by_name_and_by_index_in_the_order_asked_for() {
    let table = "a;b;c;d\n1;2;3;4\n5;6;7;8\n";
    let csv = || Csv::from_reader("t.csv", table.as_bytes()).delimiter(b';');
    let data: Dataset<Vector<2>, Vector<2>> = csv().numbers(["d", "a"]).unwrap().read().unwrap();
    assert_eq!((data.inputs()[1], data.targets()[1]), (Vector([6.0, 7.0]), Vector([8.0, 5.0])));
    let data: Dataset<Vector<3>, Vector<1, f64>> =
        csv().inputs([3, 0, 2]).numbers([1]).unwrap().read().unwrap();
    assert_eq!((data.inputs()[0], data.targets()[0]), (Vector([4.0, 1.0, 3.0]), Vector([2.0])));
    let mixed = [Column::from("b"), Column::from(3)];
    let data: Dataset<Image<1, 2, 1>, Label<8>> = csv().inputs(mixed).labels("a").unwrap().read().unwrap();
    assert_eq!((data.inputs()[1], data.targets()[1].index()), (Image([[[6.0], [8.0]]]), 5));
    let data: Dataset<Vector<3>, Label<2>> =
        Csv::from_reader("t.csv", "0,1,2,1\n".as_bytes()).without_header().labels(3).unwrap().read().unwrap();
    assert_eq!((data.len(), data.targets()[0].index()), (1, 1));
}

#[test]
fn each_wrong_cell_is_named_by_line_and_column() {
    let table = |row: &str| format!("a,b,class\n1,2,0\n{row}\n1,2,0\n");
    for (row, expected) in [
        (
            "NaN,2,0",
            r#"column 1 ("a"): "NaN" is not a number: choose a replacement for missing numbers with `.missing(..)`"#,
        ),
        (
            "NA,2,0",
            r#"column 1 ("a"): "NA" is not a number: choose a replacement for missing numbers with `.missing(..)`"#,
        ),
        ("1,-inf,0", r#"column 2 ("b"): "-inf" is not finite, or too large for its scalar"#),
        ("1,1e39,0", r#"column 2 ("b"): "1e39" is not finite, or too large for its scalar"#),
        (
            "1,,0",
            r#"column 2 ("b"): the cell is empty: choose a replacement for missing numbers with `.missing(..)`"#,
        ),
        (
            "1,  ,0",
            r#"column 2 ("b"): the cell is empty: choose a replacement for missing numbers with `.missing(..)`"#,
        ),
        ("1,2,", r#"column 3 ("class"): the cell is empty"#),
        ("1,two,0", r#"column 2 ("b"): "two" is not a number"#),
        ("1,0x10,0", r#"column 2 ("b"): "0x10" is not a number"#),
        ("1\r7,2,0", r#"column 1 ("a"): "1\r7" is not a number"#),
        ("1,2,3", r#"column 3 ("class"): label 3 is out of range: there are 3 classes, 0 to 2"#),
        ("1,2,-1", r#"column 3 ("class"): "-1" is not a class: a class is a whole number from 0"#),
        ("1,2,1.5", r#"column 3 ("class"): "1.5" is not a class: a class is a whole number from 0"#),
        ("1,2,inf", r#"column 3 ("class"): "inf" is not a class: a class is a whole number from 0"#),
        ("1,2,1e30", r#"column 3 ("class"): label 1e30 is out of range: there are 3 classes, 0 to 2"#),
    ] {
        assert_eq!(message(&table(row)), format!("t.csv, line 3, {expected}"));
    }
    let error = kinds(TABLE.replace("flat", "square").as_bytes()).unwrap_err().to_string();
    let expected = r#"there is no class "square"; the classes are "flat", "round", "long, thin""#;
    assert_eq!(error, format!(r#"kinds.csv, line 3, column 3 ("kind"): {expected}"#));
    let long = message(&table(&format!("1,{},0", "x".repeat(100_000))));
    assert!(long.len() < 120, "a message of {} bytes", long.len());
    let no_header = Csv::from_reader("t.csv", "1,2\n1,x\n".as_bytes()).without_header();
    let error = no_header.labels::<Vector<1>, 2>(1).unwrap().read().unwrap_err().to_string();
    assert!(error.starts_with("t.csv, line 1, column 2: label 2 is out of range"), "{error}");
}

#[test]
fn each_wrong_line_is_named() {
    let table = |row: &str| format!("a,b,class\n1,2,0\n{row}\n1,2,0\n");
    for (row, expected) in [
        ("", "the line is empty: delete it, or read the table with `.skip_empty_lines()`"),
        ("  ", "the line is empty: delete it, or read the table with `.skip_empty_lines()`"),
        ("\r", "the line is empty: delete it, or read the table with `.skip_empty_lines()`"),
        ("1,2", "the first line has 3 columns, but this one has 2"),
        ("1,2,0,", "the first line has 3 columns, but this one has 4"),
        ("1,\"2,0", "a quotation mark is not closed"),
        ("1\",\"2,0", "a quotation mark is not closed"),
    ] {
        assert_eq!(message(&table(row)), format!("t.csv, line 3: {expected}"));
        let windows = table(row).replace('\n', "\r\n");
        assert_eq!(message(&windows), format!("t.csv, line 3: {expected}"), "with \\r\\n");
    }
    assert_eq!(
        message("a,b,class\n1,2,0\n1,2\n\n9"),
        "t.csv, line 3: the first line has 3 columns, but this one has 2"
    );
}

#[test]
fn a_table_without_rows_or_with_other_columns_is_refused() {
    for empty in ["", "a,b,class", "a,b,class\n"] {
        assert_eq!(message(empty), "t.csv: the table has no rows");
    }
    assert_eq!(
        message("a,b,kind\n1,2,0\n"),
        r#"t.csv: there is no column "class"; the columns are "a", "b", "kind""#
    );
    assert_eq!(
        message("class,b,class\n1,2,0\n"),
        r#"t.csv: there is more than one column "class"; the columns are "class", "b", "class""#
    );
    assert_eq!(
        message("a,b,c,class\n1,2,3,0\n"),
        "t.csv: 3 columns for an input of shape [2], which has 2 numbers"
    );
    let csv = || Csv::from_reader("t.csv", "1,2,3\n".as_bytes()).without_header();
    let error = |error: Option<DataError>| error.unwrap().to_string();
    assert_eq!(
        error(csv().labels::<Vector<2>, 2>(3).err()),
        "t.csv: there is no column 3; the columns are 0 to 2, without names"
    );
    assert_eq!(
        error(csv().labels::<Vector<2>, 2>("kind").err()),
        r#"t.csv: there is no column "kind"; the columns are 0 to 2, without names"#
    );
    assert_eq!(
        error(csv().numbers::<Vector<2>, Vector<2>>([2]).err()),
        "t.csv: 1 columns for a target of shape [2], which has 2 numbers"
    );
}

/// Zeros without end, as a small gzip file may unpack to; they are counted.
struct Endless(usize);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += buffer.len();
        assert!(self.0 < 5 << 20, "more was read than the 4 MiB of the longest line");
        buffer.fill(b'0');
        Ok(buffer.len())
    }
}

#[test]
fn an_endless_line_is_refused_before_it_is_held() {
    let error = Csv::from_reader("t.csv", Endless(0)).labels::<Vector<2>, 3>(0).err().unwrap().to_string();
    assert_eq!(error, "t.csv, line 1: the line is longer than 4194304 bytes: this is not a table of numbers");
}

#[test]
fn a_compressed_file_that_is_cut_or_flipped_is_an_error_and_the_iterator_ends() {
    let packed = gzip(TABLE.repeat(50).as_bytes());
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    for bytes in [&packed[..packed.len() / 2], &packed[..packed.len() - 4], &flipped] {
        let records = Csv::from_reader("t.csv", bytes).classes::<Vector<2>, 3>("kind", KINDS).unwrap();
        // 150 rows, 49 headers among them, and the error.
        assert!(records.into_iter().filter(|record| record.is_err()).count() <= 50);
        let error = kinds(bytes).unwrap_err();
        assert!(error.to_string().starts_with("kinds.csv"), "{error}");
    }
}

#[test]
fn a_stream_of_records_goes_on_after_a_bad_row_for_those_who_skip_it() {
    let table = "0,1\n0,x\n\n0,0\n0\n0,1\n";
    let records = Csv::from_reader("t.csv", table.as_bytes()).without_header().labels::<Vector<1>, 2>(1);
    let rows: Vec<_> =
        records.unwrap().into_iter().map(|row| row.ok().map(|(_, label)| label.index())).collect();
    assert_eq!(rows, [Some(1), None, None, Some(0), None, Some(1)]);
}

#[test]
fn a_streamed_table_gives_the_batches_of_one_in_memory() {
    let table: String = (0..25).map(|row| format!("{row},{}\n", row % 3)).collect();
    let records =
        || Csv::from_reader("t.csv", table.as_bytes()).without_header().labels::<Vector<1>, 3>(1).unwrap();
    let data = records().read().unwrap();
    let mut streamed = stream::batches(records(), 4).unwrap();
    for (inputs, labels) in data.batches(4).unwrap() {
        assert_eq!(streamed.next().unwrap(), Some((inputs, labels)));
    }
    assert_eq!(streamed.next().unwrap(), None);
}

#[test]
fn thousands_of_changed_tables_give_an_error_with_its_place_or_rows_of_finite_numbers() {
    let mut rng = rng(7);
    let good = TABLE.as_bytes().to_vec();
    let packed = gzip(&good);
    let (mut right, mut wrong) = (0, 0);
    for round in 0..6000 {
        let mut bytes = if round % 4 == 0 { packed.clone() } else { good.clone() };
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..=bytes.len());
            match rng.random_range(0..4) {
                0 if round % 2 == 0 => bytes.truncate(at),
                1 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at, b",\n\r\"-.e5 \0\xff;"[rng.random_range(0..12)]),
            }
        }
        match kinds(&bytes) {
            Ok(data) => {
                right += 1;
                assert!(data.len() <= 6, "round {round}: {} rows of 3 and at most 3 new lines", data.len());
                assert!(Vector::flat(data.inputs()).iter().all(|x| x.is_finite()), "round {round}");
            }
            Err(error) => {
                wrong += 1;
                let text = error.to_string();
                assert!(text.starts_with("kinds.csv"), "round {round}: {text}");
                if let DataError::Cell { line, column, .. } = error {
                    assert!((2..=7).contains(&line) && (1..=3).contains(&column), "round {round}: {text}");
                }
            }
        }
    }
    assert!(right > 500 && wrong > 500, "{right} right, {wrong} wrong: these changes test little");
}
