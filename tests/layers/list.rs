//! No layer can be forgotten: the shared lists are compared with the files of `src/layer` and `src/stack`, and with the
//! names that `src/layer/mod.rs` gives to the world. A new layer without a row fails here, and so does a row without a
//! file.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{every_combinator, every_layer, every_network};

/// Files of `src/layer` that hold no layer: the contract, and what is shared.
const NO_LAYER: &[&str] = &[
    "mod",
    "activation/mod",
    "activation/each",
    "convolution/mod",
    "norm/mod",
    "pool/mod",
    "parameters",
    "path",
    "probe",
    "mode",
    "compare",
    "cost",
    "summary",
    "factor",
];

/// Files of `src/stack` that hold none, or (`named`) a macro, which has a test of its own.
const NO_COMBINATOR: &[&str] = &["mod", "named"];

/// What `src/layer/mod.rs` exports beside layers.
const NOT_LAYERS: &[&str] = &[
    "Activation",
    "Cost",
    "Factor",
    "Rows",
    "Summary",
    "SummaryRow",
    "View",
    "NoBias",
    "Mode",
    "Field",
    "Fields",
    "Parameter",
    "Parameters",
    "Role",
    "Visitor",
    "Path",
    "Segment",
    "NoProbe",
    "Probe",
    "Seen",
];

fn source(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src").join(path)
}

/// The Rust files below a folder of `src`, without their ending: `dense`, `activation/relu`.
fn files(folder: &str) -> BTreeSet<String> {
    fn collect(folder: &Path, prefix: &str, files: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_stem().unwrap().to_str().unwrap());
            if path.is_dir() {
                collect(&path, &format!("{name}/"), files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.insert(name);
            }
        }
    }
    let mut files = BTreeSet::new();
    collect(&source(folder), "", &mut files);
    files
}

/// The rows of a list: file, name, layer, input.
macro_rules! rows {
    ($list:ident) => {{
        let mut rows: Vec<[&str; 4]> = vec![];
        macro_rules! case {
            ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                rows.push([$file, stringify!($name), stringify!($layer), stringify!($input)]);
            };
        }
        $list!(case);
        rows
    }};
}

fn owned<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(String::from).collect()
}

fn assert_same(what: &str, files: &BTreeSet<String>, rows: &BTreeSet<String>) {
    let without_row: Vec<_> = files.difference(rows).collect();
    assert!(without_row.is_empty(), "{what} {without_row:?} are in no row of tests/common/mod.rs");
    let without_file: Vec<_> = rows.difference(files).collect();
    assert!(
        without_file.is_empty(),
        "rows of tests/common/mod.rs name {without_file:?}, which is none of {what}"
    );
}

#[test]
fn every_file_of_layers_has_a_row_and_every_row_a_file() {
    let files = files("layer");
    let exempt = owned(NO_LAYER.iter().copied());
    assert!(exempt.is_subset(&files), "NO_LAYER names a file that is gone: {:?}", exempt.difference(&files));
    let rows = owned(rows!(every_layer).iter().map(|row| row[0]));
    assert_same("the files of src/layer", &files.difference(&exempt).cloned().collect(), &rows);
}

#[test]
fn every_file_of_combinators_has_a_row_and_every_row_a_file() {
    let files = files("stack").into_iter().filter(|file| !NO_COMBINATOR.contains(&file.as_str())).collect();
    assert_same("the files of src/stack", &files, &owned(rows!(every_combinator).iter().map(|row| row[0])));
}

/// The names in the `pub use` lists of a file.
fn exported(path: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(source(path)).unwrap();
    let lists = source.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    let names = lists.flat_map(|list| list.rsplit("::").next().unwrap().split([',', '{', '}', '\n', ' ']));
    owned(names.filter(|name| name.starts_with(char::is_uppercase)))
}

#[test]
fn every_layer_that_is_exported_stands_in_a_row() {
    let exported = exported("layer/mod.rs");
    let exempt = owned(NOT_LAYERS.iter().copied());
    assert!(exempt.is_subset(&exported), "NOT_LAYERS names what is gone: {:?}", exempt.difference(&exported));
    let rows = rows!(every_layer);
    let words = rows.iter().flat_map(|row| row[2].split(|c: char| !c.is_alphanumeric()));
    let in_rows: BTreeSet<String> = owned(words).intersection(&exported).cloned().collect();
    assert_same(
        "the layers that src/layer/mod.rs exports",
        &exported.difference(&exempt).cloned().collect(),
        &in_rows.difference(&exempt).cloned().collect(),
    );
}

#[test]
fn no_two_rows_have_one_name_or_one_content() {
    let rows = [rows!(every_layer), rows!(every_combinator), rows!(every_network)].concat();
    let (names, contents) =
        (rows.iter().map(|row| row[1]), rows.iter().map(|row| [row[2], row[3]].join(" of ")));
    assert_eq!(names.collect::<BTreeSet<_>>().len(), rows.len());
    assert_eq!(contents.collect::<BTreeSet<_>>().len(), rows.len());
    assert!(rows!(every_network).len() >= 12, "a dozen composed networks were promised");
}
