//! Training: steps, schedules, initializers, threads, and runs that stop and go on.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/embedding.rs"]
mod embedding;

mod arithmetic;
mod bad_input;
mod bad_targets;
mod carried_state;
mod cloning;
mod digits;
mod failed_steps;
mod fit;
mod fixed_trainer;
mod generic;
mod ignored_targets;
mod initialization;
mod initializers;
mod lbfgs;
mod long_signals;
mod metrics;
mod monitor;
mod options;
mod overflow;
mod rank_errors;
mod ranks;
mod rate_test;
mod resume;
mod resume_with_changes;
mod sampling;
mod schedules;
mod sparse;
mod stacks;
mod statistics;
mod steps;
mod surprises;
mod text;
mod threads;
mod training_parity;
