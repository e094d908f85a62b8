#[path = "../common/mod.rs"]
mod common;
#[path = "../files/transformers.rs"]
mod transformers;
