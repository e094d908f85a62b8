//! ONNX's own backend tests, run on chainrule's layers. README.md describes the files of this folder.

mod data;
mod names;
mod rows;
mod tables;

use bytemuck::Pod;
use chainrule::layer::{Owned, View, ViewMut};
use chainrule::prelude::*;
use data::{Case, Cases};

/// Reads the input of a case, and a layer with its parameters.
fn prepare<L: Parameters, X: Sample + Pod>(
    case: &mut Case,
    [input, parameters]: [&[&str]; 2],
) -> (Vec<X>, Owned<L>) {
    let bytes = case.batch(input, size_of::<X>());
    let mut x = bytemuck::zeroed_vec(bytes.len() / size_of::<X>());
    bytemuck::cast_slice_mut(&mut x).copy_from_slice(&bytes);
    let mut layer = L::zeros();
    case.set(ViewMut::of(&mut *layer), parameters);
    (x, layer)
}

/// Runs a layer on the input of a case, and compares its output with ONNX's.
fn run<L: Layer<X, Output: Pod>, X: Sample + Pod>(
    cases: &mut Cases,
    case: &'static str,
    training: bool,
    sources: [&[&str]; 2],
    output: &str,
    tolerance: [f64; 3],
) {
    let mut case = cases.row(case);
    let (x, layer) = prepare::<L, X>(&mut case, sources);
    let mut y: Vec<L::Output> = bytemuck::zeroed_vec(x.len());
    let (mut workspace, mut draws) = (Workspace::default(), rng(0));
    let mut mode = if training { Mode::Train(&mut draws) } else { Mode::Evaluate };
    layer.forward(&x, &mut y, workspace.prepare::<X, L>(x.len()), &mut mode);
    case.compare_bytes(bytemuck::cast_slice(&y), output, tolerance);
}

/// Takes a training step of a layer, and compares one of its buffers with ONNX's output. The gradients of its trained
/// parameters are 0.
fn compare_buffer<L: Layer<X, Output: Tensor>, X: Tensor>(
    cases: &mut Cases,
    case: &'static str,
    sources: [&[&str]; 2],
    (path, output): (&str, &str),
    tolerance: [f64; 3],
) {
    let mut case = cases.row(case);
    let (x, mut layer) = prepare::<L, X>(&mut case, sources);
    let (mut y, dy): (Vec<_>, Vec<_>) = (bytemuck::zeroed_vec(x.len()), bytemuck::zeroed_vec(x.len()));
    let (mut workspace, mut gradient) = (Workspace::default(), L::zeros());
    layer.forward(&x, &mut y, workspace.prepare::<X, L>(x.len()), &mut Mode::Train(&mut rng(0)));
    layer.backward(Backward {
        input: &x,
        output: &y,
        output_grad: &dy,
        input_grad: None,
        gradient: &mut *gradient,
        workspace: workspace.prepare::<X, L>(x.len()),
        accumulate: !L::OVERWRITES,
    });
    let found = Sgd::new(1.0).step(&mut *layer, &gradient).map(|()| data::parameter(View::of(&*layer), path));
    match found {
        Ok(found) => case.compare(&found, &case.tensor(output), tolerance),
        Err(error) => case.fail(error),
    }
}

/// The labels of one sample.
trait Target {
    /// How many there are.
    const LABELS: usize;

    /// Makes a target of as many labels; `None` does not count.
    fn of(labels: &[Option<usize>]) -> Self;
}

impl<const CLASSES: usize> Target for Option<Label<CLASSES>> {
    const LABELS: usize = 1;

    fn of(labels: &[Option<usize>]) -> Self {
        labels[0].map(|index| Label::new(index).expect("a label of the classes"))
    }
}

impl<Y: Target, const N: usize> Target for [Y; N] {
    const LABELS: usize = N * Y::LABELS;

    fn of(labels: &[Option<usize>]) -> Self {
        std::array::from_fn(|at| Y::of(&labels[at * Y::LABELS..(at + 1) * Y::LABELS]))
    }
}

/// Computes a loss of the outputs and labels of a case, and compares it with ONNX's: the mean of the batch, or its sum,
/// or (for `none`) the loss of each sample.
fn compare_loss<X: Tensor, Y: Target, L: Loss<X, Y>, F: Fn(&Case) -> L>(
    cases: &mut Cases,
    case: &'static str,
    loss: F,
    [x, y]: [&str; 2],
    ignored: Option<i64>,
    (reduction, output): (&str, &str),
    tolerance: [f64; 3],
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

/// A network of one number.
type Number = Linear<1, 1, f32, NoBias>;

fn number(value: f64) -> Owned<Number> {
    let mut number = Number::zeros();
    number.weight[0] = Vector([value as f32]);
    number
}

/// Brings an optimizer into the state in which its next step has this velocity: by a step along it, of the rate 0.
fn with_velocity(mut sgd: Sgd<Number>, velocity: f64) -> Sgd<Number> {
    let (rate, options) = (sgd.learning_rate, sgd.options.clone());
    (sgd.learning_rate, sgd.options) = (0.0, Default::default());
    sgd.step(&mut *number(0.0), &number(velocity)).expect("a finite velocity");
    (sgd.learning_rate, sgd.options) = (rate, options);
    sgd
}

/// Takes a step of each number `x` along its gradient, by an optimizer in its state, and compares where it ends.
fn compare_step<O: Optimizer<Number>>(
    cases: &mut Cases,
    case: &'static str,
    optimizer: impl Fn(f64) -> O,
    sources: [&str; 3],
    output: &str,
    tolerance: [f64; 3],
) {
    let mut case = cases.row(case);
    let [x, gradient, state] = sources.map(|source| case.tensor(source).numbers);
    let steps = x.iter().zip(&gradient).zip(&state).map(|((&x, &gradient), &state)| {
        let mut x = number(x);
        optimizer(state).step(&mut *x, &number(gradient))?;
        Ok(x.weight[0][0].into())
    });
    match steps.collect::<Result<Vec<f64>, chainrule::Error>>() {
        Ok(found) => case.compare(&found, &case.tensor(output), tolerance),
        Err(error) => case.fail(error),
    }
}

#[test]
fn every_expressible_case_passes() {
    let mut cases = Cases::load(0.0);
    rows::run_all(&mut cases);
    let (cases, failures) = cases.conclude();
    assert!(failures.is_empty(), "{} failures\n  {}", failures.len(), failures.join("\n  "));
    assert_eq!(cases, rows::CASES);
}

/// A row that compared nothing would pass with any numbers.
#[test]
fn every_row_sees_a_wrong_number() {
    let mut cases = Cases::load(0.01);
    rows::run_all(&mut cases);
    let (_, failures) = cases.conclude();
    assert_eq!(failures.len(), rows::ROWS);
}
