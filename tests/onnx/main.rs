//! ONNX's own backend tests, run on chainrule's layers. README.md describes the files of this folder.

mod data;
mod names;
mod rows;
mod tables;

use bytemuck::Pod;
use chainrule::layer::{Owned, ViewMut};
use chainrule::prelude::*;
use data::Cases;

/// Runs a layer on the input of a case, and compares its output with ONNX's.
fn run<L: Layer<X, Output: Pod>, X: Sample + Pod>(
    cases: &mut Cases,
    case: &'static str,
    training: bool,
    [input, parameters]: [&[&str]; 2],
    output: &str,
    tolerance: [f64; 2],
) {
    let mut case = cases.row(case);
    let bytes = case.batch(input, size_of::<X>());
    let mut x: Vec<X> = bytemuck::zeroed_vec(bytes.len() / size_of::<X>());
    bytemuck::cast_slice_mut(&mut x).copy_from_slice(&bytes);
    let mut layer: Owned<L> = L::zeros();
    case.set(ViewMut::of(&mut *layer), parameters);

    let mut y: Vec<L::Output> = bytemuck::zeroed_vec(x.len());
    let (mut workspace, mut draws) = (Workspace::default(), rng(0));
    let mut mode = if training { Mode::Train(&mut draws) } else { Mode::Evaluate };
    layer.forward(&x, &mut y, workspace.prepare::<X, L>(x.len()), &mut mode);
    case.compare_bytes(bytemuck::cast_slice(&y), output, tolerance);
}

#[test]
fn every_expressible_case_passes() {
    let mut cases = Cases::load();
    rows::run_all(&mut cases);
    assert_eq!(cases.conclude(), rows::CASES);
}
