//! Memory: what is allocated and when, and networks and samples that are larger than a stack.
//!
//! This program has an allocator that counts by thread, so its tests can run side by side.

mod allocator;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/files.rs"]
mod files;

mod allocation;
mod bombs;
mod budget;
mod elsewhere;
mod large_images;
mod large_network;
mod large_samples;
mod mutations;
mod real_time;
mod text;
