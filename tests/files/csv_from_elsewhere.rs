//! Tables as spreadsheets and other programs write them.

use std::io::Write;

use chainrule::data::{BadCell, Csv, DataError, Dataset, Missing};
use chainrule::prelude::*;
use flate2::{Compression, write::GzEncoder};

fn csv(table: &str) -> Csv<'_> {
    Csv::from_reader("t.csv", table.as_bytes())
}

/// The inputs and classes of a table `a,b,class`.
fn rows(csv: Csv<'_>) -> Result<Vec<(Vector<2>, usize)>, DataError> {
    let data = csv.labels::<Vector<2>, 3>("class")?.read()?;
    Ok(data.iter().map(|(input, label)| (*input, label.index())).collect())
}

fn message(csv: Csv<'_>) -> String {
    rows(csv).unwrap_err().to_string()
}

#[test]
fn empty_lines_at_the_end_are_no_rows() {
    let expected = [(Vector([1.0, 2.0]), 0)];
    for end in ["", "\n", "\n\n\n", "\n  \n\t\n", "\r\n\r\n"] {
        assert_eq!(rows(csv(&format!("a,b,class\n1,2,0{end}"))).unwrap(), expected, "{end:?}");
    }
    let gap = "\n\na,b,class\n\n1,2,0\n\n\n3,4,1\n";
    assert!(message(csv(gap)).starts_with("t.csv, line 1: the line is empty"));
    assert!(message(csv(&gap[2..])).starts_with("t.csv, line 2: the line is empty"));
    assert_eq!(
        rows(csv(gap).skip_empty_lines()).unwrap(),
        [(Vector([1.0, 2.0]), 0), (Vector([3.0, 4.0]), 1)]
    );
    // Lines are still counted as an editor does.
    let wrong = gap.replace("3,4,1", "3,x,1");
    let error = message(csv(&wrong).skip_empty_lines());
    assert_eq!(error, r#"t.csv, line 8, column 2 ("b"): "x" is not a number"#);
}

#[test]
fn a_quoted_cell_may_have_line_breaks_quotation_marks_and_delimiters() {
    for newline in ["\n", "\r\n"] {
        let table =
            "a,\"the\nlength, in\n\"\"mm\"\"\",class\n1,2,\"x\ny\"\n3,4,z\n5,w,z\n".replace('\n', newline);
        let read = || csv(&table).inputs(["a"]).classes::<Vector<1>, 2>("class", ["x\ny", "z"]);
        let data = read().unwrap().read().unwrap();
        assert_eq!(data.inputs(), [1.0, 3.0, 5.0].map(|x| Vector([x])));
        assert_eq!(data.targets()[0].index(), 0);
        // The header has three lines and the first row two, so that `w` is on line 7.
        let error = csv(&table).classes::<Vector<2>, 2>("class", ["x\ny", "z"]).unwrap().read().unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with(r#"t.csv, line 7, column 2 ("the\nlength, in\n\"mm\""): "w""#), "{text}");
    }
    // A row begins in the line where its error is.
    let open = "a,b,class\n1,2,0\n1,\"2,0\n1,2,0\n";
    assert_eq!(message(csv(open)), "t.csv, line 3: a quotation mark is not closed");
    let endless = format!("a,b,class\n1,\"2,0\n{}", "1,2,0\n".repeat(1_000_000));
    assert_eq!(message(csv(&endless)), "t.csv, line 2: a quotation mark is not closed");
}

#[test]
fn decimal_commas_are_read_with_semicolons() {
    let table = "a;b;class\n1,5;-2,25e1;0\n3;,5;2,0\n";
    let expected = [(Vector([1.5, -22.5]), 0), (Vector([3.0, 0.5]), 2)];
    assert_eq!(rows(csv(table).decimal_comma()).unwrap(), expected);
    let tabs = table.replace(';', "\t");
    assert_eq!(rows(csv(&tabs).decimal_comma().delimiter(b'\t')).unwrap(), expected);
    assert_eq!(rows(csv(&tabs).delimiter(b'\t').decimal_comma()).unwrap(), expected);
    let quoted = "a,b,class\n\"1,5\",\"-22,5\",0\n3,\",5\",2\n";
    assert_eq!(rows(csv(quoted).delimiter(b',').decimal_comma()).unwrap(), expected);
    // Neither a thousand nor one and a half is meant for sure.
    let error = message(csv("a;b;class\n1.500;2;0\n").decimal_comma());
    assert_eq!(error, r#"t.csv, line 2, column 1 ("a"): "1.500" is not a number"#);
}

#[test]
fn comments_and_a_mark_of_utf_8_are_skipped() {
    let table = "\u{feff}# a comment, with \"\na,b,class\n1,2,0\n# another\n3,4,1\n#";
    let expected = [(Vector([1.0, 2.0]), 0), (Vector([3.0, 4.0]), 1)];
    assert_eq!(rows(csv(table).comment(b'#')).unwrap(), expected);
    assert!(message(csv(table)).contains("there is no column \"class\""));
}

#[test]
fn labels_may_be_whole_numbers_with_a_fraction_of_zero() {
    let classes = rows(csv("a,b,class\n0,0,0.0\n0,0,1.\n0,0,2e0\n0,0,-0\n")).unwrap();
    assert_eq!(classes.iter().map(|(_, class)| *class).collect::<Vec<_>>(), [0, 1, 2, 0]);
    let error = message(csv("a,b,class\n0,0,3.0\n"));
    assert!(error.ends_with("label 3.0 is out of range: there are 3 classes, 0 to 2"), "{error}");
}

#[test]
fn labels_of_text_have_the_alphabetic_order_of_their_names() {
    let table = "x,kind\n1,round\n2,flat\n3,round\n4,\"long, thin\"\n";
    let (data, names) = csv(table).text_labels::<Vector<1>, 3>("kind").unwrap();
    assert_eq!(names, ["flat", "long, thin", "round"]);
    assert_eq!(data.targets().iter().map(|label| label.index()).collect::<Vec<_>>(), [2, 0, 2, 1]);
    // The names read the next table, in which a class may be missing and another unknown.
    let next =
        csv("x,kind\n9,flat\n").classes::<Vector<1>, 3>("kind", names.clone()).unwrap().read().unwrap();
    assert_eq!(next.targets()[0].index(), 0);
    let error = csv("x,kind\n9,square\n").classes::<Vector<1>, 3>("kind", names).unwrap().read().unwrap_err();
    assert!(
        matches!(error, DataError::Cell { line: 2, column: 2, wrong: BadCell::Unknown { .. }, .. }),
        "{error}"
    );

    let error = csv(table).text_labels::<Vector<1>, 2>("kind").unwrap_err().to_string();
    let expected = r#""long, thin" is one class too many for the type of the label, after "round", "flat""#;
    assert_eq!(error, format!(r#"t.csv, line 5, column 2 ("kind"): {expected}"#));
    let error = csv(table).text_labels::<Vector<1>, 4>("kind").unwrap_err().to_string();
    assert_eq!(
        error,
        r#"t.csv: there are 3 classes ("flat", "long, thin", "round"), but the type of the label has 4"#
    );
    let error = csv("x,kind\n1,flat\n").text_labels::<Vector<1>, 2>("kind").unwrap_err().to_string();
    assert_eq!(error, r#"t.csv: there is 1 class ("flat"), but the type of the label has 2"#);
}

#[test]
fn a_missing_target_is_never_a_class_unless_it_is_named_as_one() {
    let all = [Missing::Error, Missing::Constant(0.0), Missing::Mean, Missing::DropRow];
    for text in ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", " ? "] {
        let table = format!("x,kind\n1,b\n2,{text}\n3,a\n");
        for missing in all {
            let found = csv(&table).missing(missing).text_labels::<Vector<1>, 2>("kind");
            if missing == Missing::DropRow {
                let (data, names) = found.unwrap();
                assert_eq!(
                    (data.inputs(), names),
                    (&[1.0, 3.0].map(|x| Vector([x]))[..], ["a", "b"].map(Into::into))
                );
                continue;
            }
            let text = text.trim();
            let expected = match text {
                "" => "the cell is empty".into(),
                _ => format!(
                    "{text:?} means a missing target: leave out its row with `.missing(Missing::DropRow)`, or if it \
                     is a class, add it to `.classes(..)`"
                ),
            };
            let error = found.unwrap_err().to_string();
            assert_eq!(error, format!(r#"t.csv, line 3, column 2 ("kind"): {expected}"#), "{missing:?}");
        }
    }
    for missing in all {
        let classes = csv("x,kind\n1,None\n2,some\n").missing(missing).classes("kind", ["None", "some"]);
        let data: Dataset<Vector<1>, Label<2>> = classes.unwrap().read().unwrap();
        assert_eq!(
            data.targets().iter().map(|label| label.index()).collect::<Vec<_>>(),
            [0, 1],
            "{missing:?}"
        );
        if missing != Missing::DropRow {
            let target = csv("x,y\n1,NA\n").missing(missing).numbers::<Vector<1>, Vector<1>>(["y"]);
            let error = target.unwrap().read().unwrap_err();
            assert!(
                matches!(
                    error,
                    DataError::Cell { line: 2, column: 2, wrong: BadCell::MissingTarget { .. }, .. }
                ),
                "{error}"
            );
        }
    }
}

#[test]
fn a_constant_that_is_not_finite_in_the_scalar_is_refused() {
    for (value, shown) in
        [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (1e39, "1000000000000000000000000000000000000000")]
    {
        let error = message(csv(HOLES).missing(Missing::Constant(value)));
        let expected = "but must be finite in the scalar of the inputs";
        assert_eq!(error, format!("the constant for missing cells is {shown}, {expected}"));
    }
    let wide = csv(HOLES).missing(Missing::Constant(1e39)).labels::<Vector<2, f64>, 3>("class").unwrap();
    assert_eq!(wide.read().unwrap().inputs()[1], Vector([3.0, 1e39]));
}

/// NaN, empty and `?` are missing; the columns without them have means 2 and 25.
const HOLES: &str = "a,b,class\n1,10,0\n3,NaN,1\n ,40,2\n?,25,0\n";

#[test]
fn missing_numbers_are_an_error_or_follow_the_rule_that_was_chosen() {
    let error = |csv: Csv<'_>| message(csv);
    let hint = "choose a replacement for missing numbers with `.missing(..)`";
    assert_eq!(error(csv(HOLES)), format!(r#"t.csv, line 3, column 2 ("b"): "NaN" is not a number: {hint}"#));
    assert_eq!(
        error(csv("a,b,class\n1,,0\n")),
        format!(r#"t.csv, line 2, column 2 ("b"): the cell is empty: {hint}"#)
    );
    let inputs =
        |missing| rows(csv(HOLES).missing(missing)).unwrap().iter().map(|row| row.0.0).collect::<Vec<_>>();
    assert_eq!(inputs(Missing::Constant(-1.0)), [[1.0, 10.0], [3.0, -1.0], [-1.0, 40.0], [-1.0, 25.0]]);
    assert_eq!(inputs(Missing::Mean), [[1.0, 10.0], [3.0, 25.0], [2.0, 40.0], [2.0, 25.0]]);
    assert_eq!(inputs(Missing::DropRow), [[1.0, 10.0]]);

    // A missing target drops its row, and is an error otherwise.
    let targets = "a,b,class\n1,2,\n1,2,1\n";
    assert_eq!(rows(csv(targets).missing(Missing::DropRow)).unwrap(), [(Vector([1.0, 2.0]), 1)]);
    assert!(error(csv(targets).missing(Missing::Mean)).ends_with(r#"column 3 ("class"): the cell is empty"#));
    let all = "a,b,class\n,2,0\n,3,0\n";
    assert_eq!(
        error(csv(all).missing(Missing::Mean)),
        r#"t.csv: column 1 ("a") has no mean, because all its cells are missing"#
    );
    assert_eq!(error(csv(all).missing(Missing::DropRow)), "t.csv: the table has no rows");
    // A word is still none.
    assert!(error(csv("a,b,class\n1,two,0\n").missing(Missing::Mean)).ends_with("\"two\" is not a number"));

    let stream = csv(HOLES).missing(Missing::Mean).labels::<Vector<2>, 3>("class").unwrap();
    let results: Vec<_> = stream.into_iter().collect();
    assert!(matches!(results[..], [Err(DataError::StreamedMean { .. })]));
    let stream = csv(HOLES).missing(Missing::DropRow).labels::<Vector<2>, 3>("class").unwrap();
    assert_eq!(stream.into_iter().filter(|row| row.is_ok()).count(), 1);
}

#[test]
fn categories_become_ones_and_zeros_in_the_place_of_their_column() {
    let table = "a,color,b,class\n1,red,2,0\n3,,4,1\n5,blue,6,0\n";
    let read = |missing, names: [&str; 2]| {
        csv(table).missing(missing).one_hot("color", names).labels::<Vector<4>, 2>("class").unwrap().read()
    };
    let data = read(Missing::Mean, ["blue", "red"]).unwrap();
    let expected = [[1.0, 0.0, 1.0, 2.0], [3.0, 0.0, 0.0, 4.0], [5.0, 1.0, 0.0, 6.0]];
    assert_eq!(data.inputs(), expected.map(Vector));
    assert_eq!(read(Missing::DropRow, ["blue", "red"]).unwrap().len(), 2);
    let error = read(Missing::Error, ["blue", "red"]).unwrap_err().to_string();
    assert_eq!(error, r#"t.csv, line 3, column 2 ("color"): the cell is empty"#);
    let error = read(Missing::Mean, ["blue", "green"]).unwrap_err().to_string();
    assert!(
        error.ends_with(r#"column 2 ("color"): there is no class "red"; the classes are "blue", "green""#),
        "{error}"
    );
    let error =
        csv(table).one_hot("shade", ["red"]).labels::<Vector<4>, 2>("class").err().unwrap().to_string();
    assert!(error.starts_with("t.csv: there is no column \"shade\""), "{error}");
    // A column that is not an input: left out of the inputs, or the target.
    for (csv, column) in [(csv(table).inputs(["a", "b"]), "color"), (csv(table), "class")] {
        let error = csv.one_hot(column, ["red"]).labels::<Vector<2>, 2>("class").err().unwrap();
        assert!(matches!(error, DataError::NoInput { .. }), "{error}");
        let cure = "add it to `.inputs(..)`, or delete its `.one_hot(..)`";
        let expected = format!("t.csv: column {column:?} of `.one_hot(..)` is not among the inputs: {cure}");
        assert_eq!(error.to_string(), expected);
    }
    // The mean of a column behind the categories is that of its own column.
    let table = "color,b,class\nred,,0\nblue,4,0\n";
    let csv = csv(table).missing(Missing::Mean).one_hot("color", ["red", "blue"]);
    let data = csv.labels::<Vector<3>, 2>("class").unwrap().read().unwrap();
    assert_eq!(data.inputs(), [[1.0, 0.0, 4.0], [0.0, 1.0, 4.0]].map(Vector));
}

#[test]
fn thousands_of_columns_are_found_by_name() {
    const COLUMNS: usize = 5000;
    let name = |at: usize| format!("c{at}");
    let line =
        |cell: &dyn Fn(usize) -> String| (0..COLUMNS + 1).map(cell).collect::<Vec<_>>().join(",") + "\n";
    let table = line(&name) + &line(&|at| at.to_string()) + &line(&|at| (2 * at).to_string());
    let start = std::time::Instant::now();
    let reversed = (0..COLUMNS).rev().map(name);
    let data: Dataset<Vector<COLUMNS>, Vector<1>> =
        csv(&table).inputs(reversed).numbers([name(COLUMNS)]).unwrap().read().unwrap();
    assert_eq!(
        (data.inputs()[1][0], data.targets()[1][0]),
        (2.0 * (COLUMNS - 1) as f32, 2.0 * COLUMNS as f32)
    );
    let data: Dataset<Vector<1>, Vector<COLUMNS>> =
        csv(&table).numbers((0..COLUMNS).map(name)).unwrap().read().unwrap();
    assert_eq!(data.targets()[0][COLUMNS - 1], (COLUMNS - 1) as f32);
    // A search through all names for each column would compare 25 million times.
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn the_progress_goes_from_some_bytes_of_the_file_to_all() {
    let table = "1,2,0\n".repeat(50_000);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(table.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for bytes in [table.as_bytes(), &packed] {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, bytes).unwrap();
        let mut seen = vec![];
        let csv = Csv::new(&file).without_header().on_progress(|progress| {
            assert_eq!(progress.total, Some(bytes.len() as u64));
            seen.push(progress.done);
        });
        assert_eq!(csv.labels::<Vector<2>, 3>(2).unwrap().read().unwrap().len(), 50_000);
        assert!(seen.is_sorted() && seen.len() <= 101, "{seen:?}");
        assert_eq!(seen.last(), Some(&(bytes.len() as u64)));
    }
}

#[test]
fn the_samples_of_a_compressed_table_are_limited() {
    // A million rows of 4 bytes, in 4 kB; in memory 8 bytes each.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all("0,0\n".repeat(1_000_000).as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let read = |csv: Csv<'_>| csv.without_header().labels::<Vector<1>, 2>(1).unwrap().read();
    let error = read(Csv::from_reader("bomb.csv", &packed[..]).memory(1_000_000)).unwrap_err();
    assert!(
        matches!(error, DataError::Memory { needed: 1_000_001..1_000_009, limit: 1_000_000, .. }),
        "{error}"
    );
    // A stream has one row in memory.
    let stream = Csv::from_reader("bomb.csv", &packed[..]).memory(100).without_header();
    assert!(stream.labels::<Vector<1>, 2>(1).unwrap().into_iter().take(1000).all(|row| row.is_ok()));
}
