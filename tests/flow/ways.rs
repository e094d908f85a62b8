//! The two ways of a gradient through attention, and the entropy of its heads: compared with PyTorch's autograd
//! (`tests/fixtures/ways.py`), and what the verdict, the tables, the files, the page and the rules say of them.

use serde::Deserialize;

use super::fixtures::{Group, Named, Numbers};
use chainrule::flow::{Flow, FlowState, PartKind, Recorder, Report, Rule};
use chainrule::loss::TargetFor;
use chainrule::prelude::*;
use chainrule::{Maps, Real};

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
    close(
        &format!("{name} share"),
        ways[1].share.unwrap(),
        case.scores / (case.values + case.scores),
        tolerance,
    );
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

type Net = (PerStep<Linear<4, 8>>, Residual<SelfAttention<8, 4>>, PerStep<Linear<8, 4>>);

/// A network whose queries are `scale` times as large, and a batch.
fn net(scale: f32) -> (Owned<Net>, Vec<Sequence<6, 4>>) {
    let mut net = Net::init(&mut rng(1));
    net.1.branch.query.weights_mut().iter_mut().for_each(|w| *w *= scale);
    let at = |sample: usize, step: usize, i: usize| ((sample * 17 + step * 7 + i * 5) as f32).sin();
    let steps = |sample| Sequence(std::array::from_fn(|step| std::array::from_fn(|i| at(sample, step, i))));
    (net, (0..16).map(steps).collect())
}

#[test]
fn a_collapsed_attention_is_named() {
    let (network, batch) = net(1e5);
    let flow = network.flow(&MeanSquaredError, &batch, &batch).unwrap();
    let attention = flow.layer("1.branch").unwrap().attention.as_ref().unwrap();
    assert_eq!((attention.collapsed(), attention.uniform()), (1.0, 0.0));
    let parts = flow.parts();
    let names: Vec<_> = parts.iter().map(|part| part.name()).collect();
    assert_eq!(names, ["1.branch", "1.branch values", "1.branch scores"]);
    assert_eq!(parts[1].verdict.state, FlowState::Healthy);
    let scores = &parts[2].verdict;
    assert_eq!((scores.state, scores.starts_at.as_deref()), (FlowState::Saturated, Some("1.branch")));
    assert!(
        scores.why.starts_with("the attention of `1.branch` (SelfAttention<8, 4>) has collapsed: entropy "),
        "{scores}"
    );
    assert!(scores.why.contains("of the largest, 4 of 4 heads collapsed, 0 uniform"), "{scores}");
    assert!(scores.cure.contains("Schedule::warm_up"), "{scores}");
    assert!(flow.parts_table().lines().all(|line| line.chars().count() < 80), "{}", flow.parts_table());
    assert!(flow.parts_table().contains("saturated"), "{}", flow.parts_table());

    let (network, batch) = net(0.0);
    let flow = network.flow(&MeanSquaredError, &batch, &batch).unwrap();
    let parts = flow.parts();
    assert!(parts.iter().all(|part| part.verdict.state == FlowState::Healthy));
    let why = &parts[2].verdict.why;
    assert!(
        why.ends_with("; entropy 1.000 to 1.000 of the largest, 0 of 4 heads collapsed, 4 uniform"),
        "{why}"
    );
    // With queries of 0 the keys get no gradient, and the queries one of their biases alone.
    assert_eq!(flow.layer("1.branch.key").unwrap().output_grad_rms, Some(0.0));
}

#[test]
fn tables_files_and_the_page_have_the_ways_and_the_entropy() {
    let (network, batch) = net(1.0);
    let flow = network.flow(&MeanSquaredError, &batch, &batch).unwrap();
    let layer = flow.layer("1.branch").unwrap();
    let entropy = layer.attention.as_ref().unwrap().entropy();
    let (values, scores) = (layer.paths[0].input_grad_rms, layer.paths[1].input_grad_rms);
    let text = flow.to_string();
    let row = format!("H {entropy:.2}, scores {:.0}%", 100.0 * scores / (values + scores));
    assert!(text.lines().any(|line| line.starts_with("1.branch ") && line.ends_with(&row)), "{row}\n{text}");
    assert!(text.lines().all(|line| line.chars().count() < 80), "{text}");
    // The layers inside are in the order of the forward pass.
    let inside: Vec<_> =
        flow.layers.iter().filter_map(|layer| layer.path.strip_prefix("1.branch.")).collect();
    assert_eq!(inside, ["query", "key", "value", "output"]);

    let csv = flow.to_csv();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let row = csv.lines().find(|line| line.starts_with("1.branch,")).unwrap();
    // The type has a comma, and is in quotes.
    let row: Vec<&str> = row
        .split('"')
        .flat_map(|part| {
            if part.contains("Self") { vec![part] } else { part.trim_matches(',').split(',').collect() }
        })
        .collect();
    let cell =
        |name: &str| row[header.iter().position(|column| *column == name).unwrap()].parse::<f64>().unwrap();
    assert_eq!((cell("values_grad_rms"), cell("scores_grad_rms")), (values, scores));
    assert_eq!((cell("attention_entropy"), cell("collapsed_heads")), (entropy, 0.0));
    assert!(flow.to_json().contains("\"heads\": ["));
    let page = Report::new("attention").flow("now", &flow).html().unwrap();
    assert!(page.contains("paths of attention (now)") && page.contains("\"entropy\""));
}

#[test]
fn a_recorder_warns_of_a_collapse_after_three_records() {
    for (scale, warns) in [(1e5, true), (1.0, false)] {
        let (network, batch) = net(scale);
        let mut trainer = Trainer::new(network, MeanSquaredError, Sgd::new(1e-6), 1);
        let mut recorder = Recorder::every(1);
        for step in 0..4 {
            trainer.step_recorded(&batch, &batch, &mut recorder).unwrap();
            let found: Vec<_> = recorder
                .warnings()
                .iter()
                .filter(|warning| warning.rule == Rule::AttentionCollapse.name())
                .collect();
            assert_eq!(found.len(), usize::from(warns && step >= 2), "{step}");
            for warning in found {
                assert_eq!((warning.layer.as_deref(), warning.value), (Some("1.branch"), 1.0));
                assert!(warning.text.contains("4 of 4 heads collapsed"), "{}", warning.text);
            }
        }
        let series = recorder.series("attention_entropy/1.branch");
        assert_eq!(series.len(), 4);
        assert!(series.iter().all(|(_, entropy)| (*entropy < 0.05) == warns));
        assert!(recorder.to_jsonl().contains("\"scores_share/1.branch\":"));
    }
}
