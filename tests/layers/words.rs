//! The words of docs, comments and messages: phrases that the style guide of `CONTRIBUTING.md` does not allow, British
//! spelling, and lines over 120 columns.

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// Files that quote such phrases, or that another program writes.
const EXEMPT: &[&str] = &[
    "CONTRIBUTING.md",
    "tests/layers/words.rs",
    "tests/onnx/cases.md",
    "docs/shape-errors.md",
    "docs/coverage.md",
];

const BRITISH: &[&str] = &[
    "behaviour",
    "centre ",
    "centred",
    "colour",
    "favour",
    "generalis",
    "initialis",
    "licence",
    "modell",
    "neighbour",
    "normalis",
    "optimis",
    "quantis",
    "serialis",
];

/// What may follow "is no" and "are no": comparisons.
const COMPARISONS: &[&str] =
    &["better", "fewer", "greater", "larger", "later", "less", "longer", "more", "other", "smaller", "worse"];

/// The files with the endings, in all folders but those that builds write.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["target", "wip", ".git", "node_modules"].contains(&name) {
                files(&path, found);
            }
        } else if [".rs", ".md"].iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// The phrases in the left column of the table in `CONTRIBUTING.md`.
fn phrases(guide: &str) -> Vec<String> {
    let rows = guide.lines().filter(|line| line.starts_with("| \""));
    rows.map(|row| row.split('"').nth(1).unwrap().to_lowercase()).collect()
}

/// Whether `text` has `phrase` as whole words.
fn has(text: &str, phrase: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(phrase).any(|(at, _)| {
        !letter(text[..at].chars().next_back()) && !letter(text[at + phrase.len()..].chars().next())
    })
}

/// "X is no sample", where "X is not a sample" is meant.
fn negated_noun(text: &str) -> bool {
    [" is no ", " are no "].iter().any(|verb| {
        text.match_indices(verb).any(|(at, _)| {
            let (before, after) = (text[..at].trim_end(), &text[at + verb.len()..]);
            let comparison = COMPARISONS.iter().any(|word| after.starts_with(word));
            !before.ends_with("there")
                && before.ends_with(|c: char| c.is_alphanumeric() || c == '`')
                && !comparison
        })
    })
}

/// What is wrong with a line, if anything.
fn fault(line: &str, prose: bool, phrases: &[String]) -> Option<String> {
    let text = line.to_lowercase();
    if let Some(phrase) =
        phrases.iter().find(|phrase| !negated_noun(&format!("it {phrase}")) && has(&text, phrase))
    {
        return Some(format!("\"{phrase}\""));
    }
    if negated_noun(&text) {
        return Some("\"is no ..\"".into());
    }
    if let Some(stem) = BRITISH.iter().find(|stem| text.contains(**stem)) {
        return Some(format!("British spelling, \"{stem}\""));
    }
    let columns = line.chars().count();
    (prose && columns > 120).then(|| format!("{columns} columns"))
}

#[test]
fn words_are_those_of_the_style_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let phrases = phrases(&read_to_string(root.join("CONTRIBUTING.md")).unwrap());
    assert!(phrases.len() > 10, "{phrases:?}");
    let mut found = Vec::new();
    files(root, &mut found);
    let mut faults = Vec::new();
    for path in found {
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        if EXEMPT.contains(&name) {
            continue;
        }
        let mut fenced = false;
        for (at, line) in read_to_string(&path).unwrap().lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            let comment = line.trim_start().trim_start_matches(['/', '!']).trim_start();
            // (An indented line, and one that begins with `$` or `#`, is code.)
            let code = ["$", "#"].iter().any(|mark| comment.starts_with(mark)) || line.contains("//!     ");
            let table_or_link = comment.starts_with('|')
                || comment.starts_with('[')
                || line.contains("](")
                || line.contains("://");
            let prose = if name.ends_with(".md") { !fenced } else { line.trim_start().starts_with("//") };
            if let Some(fault) = fault(line, prose && !code && !table_or_link, &phrases) {
                faults.push(format!("{name}:{}: {fault}: {}", at + 1, line.trim()));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} lines; the table in CONTRIBUTING.md says what to write:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn faults_are_found() {
    let phrases = ["so many".to_owned(), "is no error".to_owned()];
    let fault = |line: &str| fault(line, true, &phrases);
    assert_eq!(fault("/// Takes So many samples."), Some("\"so many\"".into()));
    assert_eq!(fault("/// Also somany, so-many, and so manyfold."), None);
    assert_eq!(fault("// An array is no sample."), Some("\"is no ..\"".into()));
    assert_eq!(fault("// There is no sample, and it is no longer there."), None);
    assert_eq!(fault("// They share no samples, if there are no samples."), None);
    assert_eq!(fault("// The colour."), Some("British spelling, \"colour\"".into()));
    assert_eq!(fault(&format!("// {}", "x".repeat(118))), Some("121 columns".into()));
}
