//! The page `docs/layers.md` has a row for every public layer and every setting, and its names of PyTorch and ONNX are
//! those of `tests/onnx/coverage.txt`.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{
    every_combinator, every_layer, every_network, every_partial_layer, every_token_combinator,
    every_token_layer,
};

const PAGE: &str = include_str!("../../docs/layers.md");
const COVERAGE: &str = include_str!("../onnx/coverage.txt");

/// Traits and helpers that the modules of the layers export, which are not layers and not settings.
const NOT_LAYERS: [&str; 7] =
    ["After", "BiasOf", "BranchesAfter", "HasSizes", "Infer", "InferredAt", "WithBias"];

/// Layers whose rows name a similar layer of PyTorch or ONNX, or a part of what they are there.
const COMPOSED: [&str; 7] =
    ["FeedForward", "GateLinear", "LearnedPositions", "Pad1d", "Pad2d", "ZeroPad1d", "ZeroPad2d"];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.starts_with(char::is_uppercase))
}

/// The names that a file exports by `pub use`.
fn exported(source: &'static str) -> BTreeSet<&'static str> {
    let lists = source.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    lists.flat_map(words).collect()
}

/// The names in the types of all rows of tests/common/mod.rs that the crate exports as layers, and what takes their
/// place in `Infer`.
fn layers() -> BTreeSet<&'static str> {
    let mut types: Vec<&str> = vec![];
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            types.push(stringify!($layer));
        };
    }
    every_layer!(case);
    every_partial_layer!(case);
    every_token_layer!(case);
    every_combinator!(case);
    every_token_combinator!(case);
    every_network!(case);
    let in_rows: BTreeSet<_> = types.into_iter().flat_map(words).collect();

    let layer = exported(include_str!("../../src/layer/mod.rs"));
    let stack = exported(include_str!("../../src/stack/mod.rs"));
    let mut all: BTreeSet<_> = &in_rows & &(&layer | &stack);
    let infer = exported(include_str!("../../src/infer/mod.rs"));
    all.extend(infer.into_iter().filter(|name| !NOT_LAYERS.contains(name) && !name.starts_with("Shortcut")));
    all
}

/// A row of a table of the page: the cells by the names of their columns, and the layers that it links in the first.
struct Row {
    cells: BTreeMap<String, String>,
    layers: BTreeSet<String>,
}

/// The cells of a line of a table. A bar in a cell is written `\\|`.
fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "¦");
    let cells = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')).unwrap();
    cells.split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn rows() -> Vec<Row> {
    let (mut head, mut rows): (Vec<String>, _) = (vec![], vec![]);
    for line in PAGE.lines() {
        if !line.starts_with('|') {
            head.clear();
        } else if head.is_empty() {
            head = cells(line);
        } else if !line.starts_with("|---") {
            let line = cells(line);
            assert_eq!(line.len(), head.len(), "{line:?}");
            let links = line[0].split("](crate::").skip(1).map(|rest| rest.split(')').next().unwrap());
            let layers = links.map(|link| link.rsplit("::").next().unwrap().to_owned()).collect();
            rows.push(Row { layers, cells: head.iter().cloned().zip(line).collect() });
        }
    }
    rows
}

/// What `coverage.txt` has in a section: the layers of this crate for each name of the other library.
fn coverage(section: &str) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let text = COVERAGE.split(section).nth(1).unwrap().split("\n[").next().unwrap();
    let mut all = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((theirs, ours)) = line.split_once(" = ").or_else(|| line.split_once(" ~ ")) else {
            continue;
        };
        let ours: BTreeSet<_> = words(ours.split(';').next().unwrap()).collect();
        all.extend(theirs.split(' ').map(|name| (name, ours.clone())));
    }
    all
}

/// What is between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_layer_has_a_row() {
    let in_page: BTreeSet<_> = rows().into_iter().flat_map(|row| row.layers).collect();
    let missing: Vec<_> = layers().into_iter().filter(|layer| !in_page.contains(*layer)).collect();
    assert!(missing.is_empty(), "docs/layers.md has no row for {missing:?}");
}

#[test]
fn names_of_other_libraries_are_those_of_the_coverage() {
    let (torch, onnx) = (coverage("[torch.nn]"), coverage("[onnx]"));
    let (mut compared, mut wrong) = (0, vec![]);
    for row in &rows() {
        let torch_names = row.cells.get("PyTorch").into_iter().flat_map(|cell| code(cell));
        let torch_names = torch_names.filter_map(|name| Some((&torch, name.strip_prefix("nn.")?)));
        let onnx_names =
            row.cells.get("ONNX").into_iter().flat_map(|cell| code(cell)).map(|name| (&onnx, name));
        for (coverage, name) in torch_names.chain(onnx_names) {
            let ours = coverage.get(name).unwrap_or_else(|| panic!("coverage.txt has no `{name}`"));
            let composed = COMPOSED.iter().any(|layer| row.layers.contains(*layer));
            if !composed && !row.layers.is_empty() && !ours.iter().any(|layer| row.layers.contains(*layer)) {
                wrong.push(format!("`{name}` for {:?}, in coverage.txt for {ours:?}", row.layers));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "docs/layers.md has\n{}", wrong.join("\n"));
    assert!(compared > 150, "{compared} names");
}
