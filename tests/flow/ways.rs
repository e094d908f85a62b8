//! The two ways of a gradient through attention, and the entropy of its heads: compared with PyTorch's autograd
//! (`tests/fixtures/ways.py`), and what the verdict, the tables, the files, the page and the rules say of them.

use serde::Deserialize;

use super::fixtures::{Group, Named, Numbers};
use chainrule::flow::{Flow, FlowOptions, FlowState, PartKind, Recorder, Rule};
use chainrule::loss::TargetFor;
use chainrule::prelude::*;
use chainrule::{Error, Maps, Real};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    inputs: Numbers,
    memory: Option<Numbers>,
    lengths: Vec<usize>,
    targets: Numbers,
    parameters: Named,
    loss: f64,
    values: f64,
    scores: f64,
    cosine: f64,
    entropies: Vec<f64>,
    largest: Vec<f64>,
}

const STEPS: usize = 6;
const WIDTH: usize = 8;
type Steps<T> = Sequence<STEPS, WIDTH, T>;

fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs().max(1e-6), "{what}: {found}, PyTorch has {expected}");
}

/// Compares the flow of a network whose attention is at this path.
fn check(name: &str, case: &Case, flow: &Flow, path: &str, tolerance: f64) {
    close(&format!("{name} loss"), flow.loss.unwrap(), case.loss, tolerance);
    let layer = flow.layer(path).unwrap();
    let [values, scores] = &layer.paths[..] else { panic!("{:?}", layer.paths) };
    assert_eq!((&values.name[..], &scores.name[..]), ("values", "scores"));
    close(&format!("{name} values"), values.input_grad_rms, case.values, tolerance);
    close(&format!("{name} scores"), scores.input_grad_rms, case.scores, tolerance);
    // Of two lengths that are nearly orthogonal, the cosine has the error of the lengths.
    assert!((layer.cosine.unwrap() - case.cosine).abs() <= tolerance, "{name}: {:?}", layer.cosine);
    let attention = layer.attention.as_ref().unwrap();
    assert_eq!(attention.heads.len(), case.entropies.len());
    for (at, head) in attention.heads.iter().enumerate() {
        close(&format!("{name} entropy {at}"), head.entropy, case.entropies[at], tolerance);
        close(&format!("{name} largest {at}"), head.largest, case.largest[at], tolerance);
    }
    let mean = case.entropies.iter().sum::<f64>() / case.entropies.len() as f64;
    close(&format!("{name} mean"), attention.entropy(), mean, tolerance);
    let parts = flow.parts();
    let ways: Vec<_> = parts.iter().filter(|part| part.kind == PartKind::Way).collect();
    assert_eq!(ways.iter().map(|way| way.gate).collect::<Vec<_>>(), ["values", "scores"]);
    close(&format!("{name} share"), ways[1].share.unwrap(), case.scores / (case.values + case.scores), tolerance);
    close(&format!("{name} shares"), ways[0].share.unwrap() + ways[1].share.unwrap(), 1.0, 1e-12);
}

/// Takes a case, with its network, its inputs and its targets.
fn take<N: Parameters, X: Tensor, Y: Tensor>(
    group: &mut Group<Case>,
    name: &str,
) -> (Case, Owned<N>, Vec<X>, Vec<Y>) {
    let case = group.take(name).unwrap();
    let net = group.network::<N>(name, &case.parameters);
    let (inputs, targets) = (group.batch::<X>(name, &case.inputs), group.batch::<Y>(name, &case.targets));
    (case, net, inputs, targets)
}

fn sequences<T: Real, N: Maps<Steps<T>, Steps<T>>>(group: &mut Group<Case>, name: &str, tolerance: f64)
where
    Steps<T>: TargetFor<MeanSquaredError, Steps<T>>,
{
    let (case, net, inputs, targets) = take::<N, Steps<T>, Steps<T>>(group, name);
    let flow = net.flow(&MeanSquaredError, &inputs, &targets).unwrap();
    check(name, &case, &flow, "", tolerance);
}

/// The fixtures have 17 digits, and their inputs are exact. An entropy near 0 is a difference of numbers near 1.
fn all<T: Real>(tolerance: f64)
where
    Steps<T>: TargetFor<MeanSquaredError, Steps<T>>,
    Vector<WIDTH, T>: TargetFor<MeanSquaredError, Vector<WIDTH, T>>,
{
    let group = &mut Group::<Case>::load::<T>("ways");
    sequences::<T, SelfAttention<8, 4, NoMask, T>>(group, "plain", tolerance);
    sequences::<T, SelfAttention<8, 4, NoMask, T>>(group, "uniform", tolerance);
    sequences::<T, SelfAttention<8, 4, Causal, T>>(group, "causal", tolerance);
    sequences::<T, SelfAttention<8, 4, SlidingWindow<3>, T>>(group, "sliding", tolerance);
    sequences::<T, SelfAttention<8, 4, (Causal, Rotary), T, 4>>(group, "grouped_and_rotary", tolerance);
    // Scores of hundreds: their rounding is that much larger.
    sequences::<T, SelfAttention<8, 4, NoMask, T>>(group, "collapsed", 1e3 * tolerance);

    type Last<T> = (SelfAttention<8, 4, NoMask, T>, LastStep);
    let (case, net, inputs, targets) = take::<Last<T>, Steps<T>, Vector<WIDTH, T>>(group, "padded");
    let padded = |(steps, &length): (&Steps<T>, &usize)| Padded::<STEPS, WIDTH, T>::new(&steps.0[..length]);
    let inputs: Vec<_> = inputs.iter().zip(&case.lengths).map(padded).collect::<Result<_, _>>().unwrap();
    let flow = net.flow(&MeanSquaredError, &inputs, &targets).unwrap();
    check("padded", &case, &flow, "0", tolerance);

    type Cross<T> = CrossAttention<8, 4, NoMask, T>;
    let (case, net, inputs, targets) = take::<Cross<T>, Steps<T>, Steps<T>>(group, "cross");
    let memory = group.batch::<Sequence<5, WIDTH, T>>("cross", case.memory.as_ref().unwrap());
    let inputs: Vec<_> = inputs.into_iter().zip(memory).map(|(a, b)| Pair(a, b)).collect();
    let flow = net.flow(&MeanSquaredError, &inputs, &targets).unwrap();
    check("cross", &case, &flow, "", tolerance);
}

#[test]
fn the_two_ways_and_the_entropies_are_those_of_pytorch() {
    all::<f64>(1e-9);
    all::<f32>(1e-4);
}
