//! Gradient flow: figures, verdicts, tables, records, and what theory expects.

#[allow(dead_code)] // the methods for skips
#[path = "../common/chain_rule.rs"]
mod chain_rule;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/embedding.rs"]
mod embedding;
#[path = "../fixtures/mod.rs"]
mod fixtures;

#[path = "../../examples/support/along.rs"]
mod along;
mod composite;

mod cures;
mod curvature;
mod expected;
mod expected_messages;
mod extremes;
mod figures;
mod files;
mod histogram;
mod jacobian;
mod moments;
mod noise;
mod noise_of_all;
mod norm_places;
mod over_time;
mod parts;
mod paths;
mod recorder;
mod report;
mod slopes;
mod spectrum;
mod table;
mod theory;
mod time;
mod verdict;
mod verdict_causes;
mod ways;
mod width;
