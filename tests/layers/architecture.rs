//! The tiers of the crate: a module uses only what is below it, so that there is no circle. (Between crates, cargo
//! itself sees to it.)

use std::collections::BTreeMap;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// The modules of `src`, lowest first, each with the number of its tier: `ARCHITECTURE.md` describes them.
const TIERS: &[(u32, &[&str])] = &[
    (0, &["error"]),
    (1, &["atomic_file", "kernel", "random"]),
    (1, &["elementary"]),
    (2, &["tensor"]),
    (2, &["bounds"]),
    (3, &["layer"]),
    (4, &["stack"]),
    (4, &["infer"]),
    (5, &["stream"]),
    (5, &["loss"]),
    (5, &["init", "gradcheck", "schedule", "optimizer"]),
    (6, &["network", "expected"]),
    (6, &["data", "checkpoint"]),
    (6, &["metrics", "text"]),
    (7, &["flow", "onnx", "quantized", "theory", "distributed"]),
    (8, &["train", "fixed_trainer"]),
    (9, &["diagnose"]),
    (10, &["guide"]),
];

/// What is at the root of the crate, and on whose tier: `plot` is a crate.
const ROOT: &[(&str, &str)] = &[("Error", "error"), ("plot", "kernel")];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a file names by `crate::`, outside comments. (`$crate::` is for the macros' users.)
fn used(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.fold(String::new(), |all, line| all + line + "\n");
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let name =
            |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match rest.strip_prefix('{') {
            None => used.push(name(rest)),
            Some(list) => {
                let (mut depth, mut word) = (0, String::new());
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => used.push(name(std::mem::take(&mut word).trim())),
                        c if depth == 0 => word.push(c),
                        _ => {}
                    }
                }
                used.push(name(word.trim()));
            }
        }
    }
    used.retain(|name| !name.is_empty());
    used
}

#[test]
fn a_module_uses_only_what_is_below_it() {
    let tier: BTreeMap<&str, usize> = TIERS
        .iter()
        .enumerate()
        .flat_map(|(at, (_, names))| names.iter().map(move |name| (*name, at)))
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 100, "the sources were not found");
    let mut arrows = 0;
    for file in files {
        let path = file.strip_prefix(&root).unwrap();
        let own = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if own == "lib" {
            continue; // it shows what is below
        }
        let here = *tier.get(own).unwrap_or_else(|| panic!("`{own}` has no tier"));
        for name in used(&read_to_string(&file).unwrap()) {
            let name = ROOT.iter().find(|(item, _)| *item == name).map_or(&name[..], |(_, module)| module);
            let Some(&there) = tier.get(name) else {
                panic!(
                    "{}: `crate::{name}` is at the root of the crate; name the module it is in",
                    path.display()
                )
            };
            arrows += 1;
            assert!(
                there < here || name == own,
                "{}: `{own}` uses `{name}`, which is not below it",
                path.display()
            );
        }
    }
    assert!(arrows > 200, "only {arrows} uses were found");
}

#[test]
fn the_map_has_a_paragraph_for_each_module() {
    let map = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md")).unwrap();
    for name in TIERS.iter().flat_map(|(_, names)| names.iter()) {
        assert!(map.contains(&format!("`src/{name}")), "ARCHITECTURE.md does not describe `src/{name}`");
    }
}

/// The table of `ARCHITECTURE.md` and the comment of each module name the same tier.
#[test]
fn the_table_and_the_modules_name_the_same_tier() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let map = read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for (tier, names) in TIERS.iter().filter(|(tier, _)| (1..=9).contains(tier)) {
        let row =
            map.lines().find(|line| line.starts_with(&format!("| {tier} |"))).expect("a row for each tier");
        for name in *names {
            let file = [format!("src/{name}.rs"), format!("src/{name}/mod.rs")].map(|file| root.join(file));
            let source = file.iter().find_map(|file| read_to_string(file).ok()).unwrap();
            assert!(source.starts_with(&format!("// Tier {tier}")), "`src/{name}` does not say its tier");
            assert!(row.contains(&format!("`src/{name}")), "`{name}` in ARCHITECTURE.md");
        }
    }
}

#[test]
fn uses_are_found_in_lists_and_in_paths() {
    let source = "use crate::{Error, kernel::Real, layer::{Layer, Plan}};\n// crate::train\nlet x = crate::network::f();\n";
    assert_eq!(used(source), ["Error", "kernel", "layer", "network"]);
    assert_eq!(used("$crate::train::x"), Vec::<String>::new());
}
