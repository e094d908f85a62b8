//! No layer can be forgotten: the shared lists are compared with the files of `src/layer` and `src/stack` that
//! implement `Layer`, and with the layers that `src/layer/mod.rs` exports. A new layer without a row fails here, and so
//! does a row without a file. No file is exempt by name: what holds a layer is read from the source.

use std::collections::BTreeSet;
use std::path::Path;

use crate::common::{
    every_combinator, every_layer, every_network, every_partial_layer, every_token_combinator,
    every_token_layer,
};

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

/// A source file in one line, without comments and tests, and apart from it the macros that it defines: name and body.
fn code(path: &str) -> (String, Vec<(String, String)>) {
    let text = std::fs::read_to_string(source(&format!("{path}.rs"))).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    let (mut rest, mut macros, mut inside) = (String::new(), vec![], false);
    for line in lines {
        if let Some(name) = line.strip_prefix("macro_rules! ") {
            macros.push((name.trim_end_matches([' ', '{']).to_owned(), String::new()));
            inside = true;
        }
        let part = if inside { &mut macros.last_mut().unwrap().1 } else { &mut rest };
        *part += " ";
        *part += line.trim();
        inside &= line != "}";
    }
    (rest, macros)
}

/// What `Layer<..>` is implemented for: `Dense<In, Out, B>`, `[F; N]`, `$norm`.
fn implementors(code: &str) -> Vec<&str> {
    let after = code.match_indices("Layer<").filter_map(|(at, layer)| {
        let rest = &code[at + layer.len()..];
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        })?;
        rest[end + 1..].trim_start().strip_prefix("for ")
    });
    after.map(|target| target.split(" where ").next().unwrap().split('{').next().unwrap().trim()).collect()
}

/// What is between the parentheses of each call of this macro.
fn calls<'a>(code: &'a str, name: &str) -> Vec<&'a str> {
    let call = format!(" {name}!(");
    code.match_indices(&call).map(|(at, _)| code[at + call.len()..].split(");").next().unwrap()).collect()
}

/// The types for which the files below a folder implement `Layer`, by file: written out, or by a macro that does it.
fn layers(folder: &str) -> Vec<(String, String)> {
    let files: Vec<_> =
        files(folder).into_iter().map(|file| (code(&format!("{folder}/{file}")), file)).collect();
    let macros: Vec<_> = files.iter().flat_map(|((_, macros), _)| macros).collect();
    // Macros that implement `Layer`, and macros that call one of them.
    let mut makers: Vec<&str> = vec![];
    loop {
        let makes = |body: &str| {
            !implementors(body).is_empty() || makers.iter().any(|maker| body.contains(&format!("{maker}!")))
        };
        let next: Vec<&str> =
            macros.iter().filter(|(_, body)| makes(body)).map(|(name, _)| name.as_str()).collect();
        if next == makers {
            break;
        }
        makers = next;
    }
    let mut layers = vec![];
    for ((code, _), file) in &files {
        let called = makers.iter().flat_map(|maker| calls(code, maker));
        layers.extend(
            implementors(code).into_iter().chain(called).map(|layer| (file.clone(), layer.to_owned())),
        );
    }
    layers
}

fn files_with_layers(folder: &str) -> BTreeSet<String> {
    layers(folder).into_iter().map(|(file, _)| file).collect()
}

#[test]
fn every_file_of_layers_has_a_row_and_every_row_a_file() {
    let rows = [rows!(every_layer), rows!(every_partial_layer), rows!(every_token_layer)].concat();
    let rows = owned(rows.iter().map(|row| row[0]));
    assert_same("the files of src/layer", &files_with_layers("layer"), &rows);
}

#[test]
fn every_file_of_combinators_has_a_row_and_every_row_a_file() {
    let rows = [rows!(every_combinator), rows!(every_token_combinator)].concat();
    let rows = owned(rows.iter().map(|row| row[0]).filter(|file| !file.is_empty()));
    assert_same("the files of src/stack", &files_with_layers("stack"), &rows);
}

/// The names in the `pub use` lists of a file.
fn exported(path: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(source(path)).unwrap();
    let lists = source.split("\npub use ").skip(1).map(|rest| rest.split(';').next().unwrap());
    let names = lists.flat_map(|list| list.rsplit("::").next().unwrap().split([',', '{', '}', '\n', ' ']));
    owned(names.filter(|name| name.starts_with(char::is_uppercase)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

#[test]
fn every_layer_that_is_exported_stands_in_a_row() {
    let layers: Vec<_> = layers("layer").into_iter().map(|(_, layer)| layer).collect();
    let mut layers: BTreeSet<String> =
        &owned(layers.iter().flat_map(|layer| words(layer))) & &exported("layer/mod.rs");
    layers.remove("Parameters"); // a bound that another crate has
    // The bounds of a layer's generics are next to it.
    for file in files("layer") {
        let text = std::fs::read_to_string(source(&format!("layer/{file}.rs"))).unwrap();
        let traits = owned(text.split("pub trait ").skip(1).filter_map(|rest| words(rest).next()));
        // What a macro that implements a layer gets next to it, such as its window.
        let items: Vec<&str> = text.split("\npub struct ").collect();
        let plain =
            items.windows(2).filter(|pair| !pair[0].rsplit("\n\n").next().unwrap().contains("Parameters"));
        let plain = owned(plain.filter_map(|pair| words(pair[1]).next()));
        layers.retain(|name| !traits.contains(name) && !plain.contains(name));
    }
    let rows = [rows!(every_layer), rows!(every_partial_layer), rows!(every_token_layer)].concat();
    let in_rows = owned(rows.iter().flat_map(|row| words(row[2])));
    let without_row: Vec<_> = layers.difference(&in_rows).collect();
    assert!(without_row.is_empty(), "{without_row:?} are in no row of tests/common/mod.rs");
    let heads = owned(rows.iter().map(|row| words(row[2]).next().unwrap()));
    let aliases = ["Zero", "Constant", "Reflection", "Replication", "Circular"];
    let aliases = ["1d", "2d"].map(|end| aliases.map(|mode| format!("{mode}Pad{end}")));
    let known = &(&layers | &aliases.into_iter().flatten().collect()) | &owned(["InstanceNorm"]);
    let unseen: Vec<_> = heads.difference(&known).collect();
    assert!(unseen.is_empty(), "{unseen:?} have rows, and src/layer does not implement `Layer` for them");
}

#[test]
fn no_two_rows_have_one_name_or_one_content() {
    let rows =
        [rows!(every_layer), rows!(every_partial_layer), rows!(every_combinator), rows!(every_network)]
            .concat();
    let rows = [rows, rows!(every_token_layer), rows!(every_token_combinator)].concat();
    let (names, contents) =
        (rows.iter().map(|row| row[1]), rows.iter().map(|row| [row[2], row[3]].join(" of ")));
    assert_eq!(names.collect::<BTreeSet<_>>().len(), rows.len());
    assert_eq!(contents.collect::<BTreeSet<_>>().len(), rows.len());
    assert!(rows!(every_network).len() >= 12, "a dozen composed networks were promised");
}
