//! ONNX's own backend tests, run on chainrule's layers. README.md describes the files of this folder.

mod data;
mod names;
mod rows;
mod tables;

use bytemuck::Pod;
use chainrule::layer::{Owned, ViewMut};
use chainrule::prelude::*;
use data::{Case, Cases};

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

/// The labels of one sample.
trait Target {
    /// How many there are.
    const LABELS: usize;

    /// Makes a target of as many labels; `None` does not count.
    fn of(labels: &[Option<usize>]) -> Self;
}

impl<const CLASSES: usize> Target for Label<CLASSES> {
    const LABELS: usize = 1;

    fn of(labels: &[Option<usize>]) -> Self {
        Self::new(labels[0].expect("a label that counts")).expect("a label of the classes")
    }
}

/// Computes a loss of the outputs and labels of a case, and compares it with ONNX's: the mean of the batch, or its sum, or
/// (for `none`) the loss of each sample.
fn compare_loss<X: Tensor, Y: Target, L: Loss<X, Y>, F: Fn(&Case) -> L>(
    cases: &mut Cases,
    case: &'static str,
    loss: F,
    [x, y]: [&str; 2],
    ignored: Option<i64>,
    (reduction, output): (&str, &str),
    tolerance: [f64; 2],
) {
    let mut case = cases.row(case);
    let loss = loss(&case);
    let (bytes, labels) = (case.batch(&[x], size_of::<X>()), case.tensor(y));
    let mut x: Vec<X> = bytemuck::zeroed_vec(bytes.len() / size_of::<X>());
    bytemuck::cast_slice_mut(&mut x).copy_from_slice(&bytes);
    let label = |&label: &f64| (Some(label as i64) != ignored).then_some(label as usize);
    let labels: Vec<_> = labels.numbers.iter().map(label).collect();
    let y: Vec<Y> = labels.chunks_exact(Y::LABELS).map(Y::of).collect();
    assert_eq!(x.len(), y.len(), "{}: samples and targets", case.name);

    let found = match reduction {
        "mean" => loss.mean(&x, &y).map(|mean| vec![mean]),
        _ => Ok(x.iter().zip(&y).map(|(x, y)| loss.value(x, y)).collect()),
    };
    let found = found.map(|losses| if reduction == "sum" { vec![losses.iter().sum()] } else { losses });
    match found {
        Ok(found) => case.compare(&found, &case.tensor(output), tolerance),
        Err(error) => case.fail(error),
    }
}

#[test]
fn every_expressible_case_passes() {
    let mut cases = Cases::load();
    rows::run_all(&mut cases);
    assert_eq!(cases.conclude(), rows::CASES);
}
