//! Files: weights and checkpoints, data sets, and what happens when a file is wrong or cannot be written.

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/files.rs"]
mod files;
#[path = "../fixtures/mod.rs"]
mod fixtures;

mod checkpoint;
mod csv;
mod csv_from_elsewhere;
mod dataset;
mod faults;
mod history;
mod idx;
mod images;
mod meaning;
mod npy;
mod npz;
mod pictures;
mod python_files;
mod quantized;
mod sampling;
mod text;
mod transformers;
mod weights;
