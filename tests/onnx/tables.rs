//! The tables that make.py writes: their counts are those of their rows, and of the rows that ran.

use std::collections::BTreeMap;

use crate::rows;

fn read(file: &str) -> String {
    let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim);
    Some(cells.collect())
}

#[test]
fn the_head_of_the_coverage_counts_its_rows() {
    let text = read("../docs/coverage.md");
    let (mut head, mut counted) = (BTreeMap::new(), BTreeMap::<_, [usize; 4]>::new());
    let (mut section, mut passed, mut cases) = ("", 0, 0);
    for line in text.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let Some(cells) = cells(line) else { continue };
        if section.is_empty() {
            let numbers: Vec<usize> = cells[1..].iter().filter_map(|cell| cell.parse().ok()).collect();
            if let Ok(numbers) = <[usize; 4]>::try_from(numbers) {
                head.insert(cells[0], numbers);
            }
        } else if let Some(at) = ["whole", "in part", "absent"].iter().position(|state| *state == cells[1]) {
            let counts = counted.entry(section).or_default();
            counts[at] += 1;
            counts[3] += 1;
            let of =
                cells[3].split_once(" of ").map(|(pass, all)| (pass.parse::<usize>(), all.parse::<usize>()));
            if let Some((Ok(pass), Ok(all))) = of {
                (passed, cases) = (passed + pass, cases + all);
            }
            assert_eq!(cells[1] == "absent", cells[2].is_empty(), "{line}");
            assert!(cells[1] == "whole" || !cells.last().unwrap().is_empty(), "no reason: {line}");
        }
    }
    assert_eq!(head, counted);
    assert_eq!(passed, rows::CASES);
    let sentence = text[..text.find("\n## ").unwrap()].replace('\n', " ");
    assert!(sentence.contains(&format!("{cases} cases have an operator")), "{cases} cases\n{sentence}");
    assert!(sentence.contains(&format!("{passed} of them can be expressed")), "{passed} passed\n{sentence}");
}

#[test]
fn the_list_of_cases_has_each_row() {
    let text = read("onnx/cases.md");
    let lines: Vec<_> = text.lines().filter_map(cells).filter(|cells| cells[0].starts_with('`')).collect();
    let passed: Vec<_> = lines.iter().filter(|cells| !cells[3].starts_with("not expressible: ")).collect();
    assert_eq!(passed.len(), rows::CASES);
    let rows = read("onnx/rows.rs");
    for cells in passed {
        let case = format!("\"{}\"", cells[0].trim_matches('`'));
        assert!(rows.contains(&case), "{case} has no row");
    }
    let sentence = format!("{} of {} cases can be expressed", rows::CASES, lines.len());
    assert!(text.contains(&sentence), "{sentence}");
}
