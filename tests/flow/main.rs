//! Gradient flow: figures, verdicts, tables, records, and what theory expects.

#[path = "../common/mod.rs"]
mod common;
#[allow(dead_code)] // the methods for skips
#[path = "../common/notes.rs"]
mod notes;

mod extremes;
mod figures;
mod histogram;
mod paths;
mod recorder;
mod slopes;
mod spectrum;
mod table;
mod theory;
mod verdict;
mod verdict_causes;
