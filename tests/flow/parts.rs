//! The parts inside of a network: branches, gates and steps in time, with a verdict each, against closed forms.

use chainrule::flow::{Flow, FlowState, Part, PartKind};
use chainrule::prelude::*;

fn part<'a>(parts: &'a [Part], name: &str) -> &'a Part {
    let names: Vec<String> = parts.iter().map(Part::name).collect();
    parts.iter().find(|part| part.name() == name).unwrap_or_else(|| panic!("no {name} in {names:?}"))
}

fn vectors<const N: usize>(samples: usize) -> Vec<Vector<N, f64>> {
    let at = |sample: usize, i: usize| ((sample * 17 + i * 5 + 3) as f64).sin();
    (0..samples).map(|sample| Vector(std::array::from_fn(|i| at(sample, i)))).collect()
}

fn sequences<const STEPS: usize, const N: usize>(samples: usize) -> Vec<Sequence<STEPS, N, f64>> {
    let at = |sample: usize, step: usize, i: usize| ((sample * 17 + step * 7 + i * 5) as f64).sin();
    (0..samples)
        .map(|sample| Sequence(std::array::from_fn(|step| std::array::from_fn(|i| at(sample, step, i)))))
        .collect()
}

fn assert_close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual}, and by hand {expected}");
}

/// σ(z).
fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

type L<const I: usize, const O: usize> = Linear<I, O, f64>;

#[test]
fn a_gradient_that_vanishes_inside_a_branch_is_a_part_though_the_trunk_is_healthy() {
    type Net = (L<8, 8>, [Residual<[L<8, 8>; 5]>; 2], L<8, 8>);
    let mut net = Net::init_with(Initializer::orthogonal(), &mut rng(1));
    net.1.iter_mut().flat_map(|block| &mut block.branch).for_each(|layer| {
        layer.weights_mut().iter_mut().for_each(|w| *w *= 0.3);
    });
    let flow = net.flow(&MeanSquaredError, &vectors(16), &vectors::<8>(16)).unwrap();
    let verdict = flow.verdict();
    assert_eq!(verdict.state, FlowState::Healthy);
    assert!(verdict.why.contains("; but inside the branch `1."), "{verdict}");
    assert!(verdict.why.contains("(and 1 more) it vanishes, to 8.1e-3"), "{verdict}");

    let parts = flow.parts();
    assert_eq!(parts.iter().map(Part::name).collect::<Vec<_>>(), ["1.0.branch", "1.1.branch"]);
    for part in &parts {
        assert_eq!((part.kind, part.level), (PartKind::Branch, 0));
        assert_close(part.share.unwrap(), 1.0); // the sum passes the gradient on to the branch as it is
        assert_eq!(part.verdict.state, FlowState::Vanishing);
        assert_close(part.verdict.first_over_last.unwrap(), 0.3_f64.powi(4));
        assert_close(part.verdict.rate.unwrap(), 0.3);
        assert!(part.verdict.cure.contains("3.33 times"), "{part}");
    }
    assert!(flow.parts_table().lines().all(|line| line.chars().count() < 80), "{}", flow.parts_table());
    assert_eq!(flow.parts_table().lines().count(), 3);
}

#[test]
fn a_dead_branch_is_a_part() {
    type Net = (L<4, 4>, Residual<(L<4, 4>, Relu, L<4, 4>)>, L<4, 4>);
    let mut net = Net::init(&mut rng(1));
    let healthy = net.flow(&MeanSquaredError, &vectors(16), &vectors::<4>(16)).unwrap();
    assert_eq!(healthy.parts()[0].verdict.state, FlowState::Healthy, "{}", healthy.parts()[0]);
    net.1.branch.0.bias = Vector([-100.0; 4]);
    let flow = net.flow(&MeanSquaredError, &vectors(16), &vectors::<4>(16)).unwrap();
    assert_eq!(flow.verdict().state, FlowState::Healthy);
    assert!(flow.verdict().why.contains("; but inside the branch `1.branch`, at `1.branch.1` (Relu)"));
    let parts = flow.parts();
    assert_eq!(parts[0].verdict.state, FlowState::Dead);
    assert_eq!(parts[0].verdict.starts_at.as_deref(), Some("1.branch.1"));

    // Before the only weights of a branch, too: then no gradient reaches those, except for their biases.
    type Before = (L<4, 4>, Residual<(L<4, 4>, Residual<(Relu, L<4, 4>)>)>, L<4, 4>);
    let mut net = Before::init(&mut rng(1));
    net.1.branch.0.bias = Vector([-100.0; 4]);
    let parts = net.flow(&MeanSquaredError, &vectors(16), &vectors::<4>(16)).unwrap().parts();
    let inner = part(&parts, "1.branch.1.branch");
    assert_eq!((inner.verdict.state, inner.level), (FlowState::Dead, 1));
}

#[test]
fn the_gate_of_a_highway_block_is_its_bias() {
    type Net<const BIAS: i32> = (L<8, 8>, [Highway<(L<8, 8>, Tanh), 8, BIAS, f64>; 3], L<8, 8>);
    fn parts<const BIAS: i32>() -> (Flow, Vec<Part>) {
        let mut net = Net::<BIAS>::init(&mut rng(1));
        net.1.iter_mut().for_each(|block| block.gate.0.weights_mut().fill(0.0));
        let flow = net.flow(&MeanSquaredError, &vectors(16), &vectors::<8>(16)).unwrap();
        let parts = flow.parts();
        (flow, parts)
    }
    let (flow, open) = parts::<-2>();
    assert_eq!(flow.verdict().state, FlowState::Healthy);
    assert_eq!(open.len(), 6, "a branch and a gate for each block: the gate is not a branch");
    for at in 0..3 {
        let gate = part(&open, &format!("1.{at} gate"));
        assert_eq!((gate.kind, gate.gate, gate.verdict.state), (PartKind::Gate, "gate", FlowState::Healthy));
        assert_close(gate.share.unwrap(), logistic(-2.0));
        let branch = part(&open, &format!("1.{at}.branch"));
        assert_close(branch.share.unwrap(), logistic(-2.0)); // dF = t dy
    }
    let (flow, closed) = parts::<-8>();
    assert_eq!(flow.verdict().state, FlowState::Healthy, "the blocks carry their input");
    assert!(flow.verdict().why.contains("; but "), "{}", flow.verdict());
    let gate = part(&closed, "1.2 gate");
    assert_eq!(gate.verdict.state, FlowState::Saturated);
    assert!(gate.verdict.why.contains("closed in 100 %"), "{gate}");
    let branch = part(&closed, "1.2.branch");
    assert_eq!(branch.verdict.state, FlowState::Vanishing);
    assert_close(branch.share.unwrap(), logistic(-8.0));
}

#[test]
fn the_gates_of_recurrent_layers_are_named() {
    // All weights 0: each gate is σ of its bias.
    let mut net = <(Lstm<2, 3, f64>, LastStep)>::zeros();
    net.0.bias_ih = [[-1.0; 3], [4.0; 3], [0.5; 3], [-6.0; 3]];
    let flow = net.flow(&MeanSquaredError, &sequences::<7, 2>(5), &vectors::<3>(5)).unwrap();
    let gates = &flow.layer("0").unwrap().gates;
    assert_eq!(gates.iter().map(|gate| gate.name).collect::<Vec<_>>(), ["input", "forget", "output"]);
    for (gate, bias, closed, open) in
        [(gates[0], -1.0, 0.0, 0.0), (gates[1], 4.0, 0.0, 1.0), (gates[2], -6.0, 1.0, 0.0)]
    {
        assert_close(gate.mean, logistic(bias));
        assert_eq!((gate.closed, gate.open), (closed, open), "{}", gate.name);
    }
    let parts = flow.parts();
    assert_eq!(part(&parts, "0 output gate").verdict.state, FlowState::Saturated);
    assert_eq!(part(&parts, "0 forget gate").verdict.state, FlowState::Healthy, "open is what it should be");
    let time = part(&parts, "0 time");
    assert_close(time.share.unwrap(), logistic(4.0).powi(6));
    assert_eq!(time.verdict.state, FlowState::Healthy);

    let mut net = <(Gru<2, 3, f64>, LastStep)>::zeros();
    net.0.bias_ih = [[1.0; 3], [-5.0; 3], [0.1; 3]];
    let flow = net.flow(&MeanSquaredError, &sequences::<7, 2>(5), &vectors::<3>(5)).unwrap();
    let gates = &flow.layer("0").unwrap().gates;
    assert_eq!(gates.iter().map(|gate| gate.name).collect::<Vec<_>>(), ["reset", "update"]);
    assert_close(gates[0].mean, logistic(1.0));
    assert_close(gates[1].mean, logistic(-5.0));
    let parts = flow.parts();
    assert_eq!(part(&parts, "0 time").verdict.state, FlowState::Vanishing);
    assert_eq!(flow.verdict().state, FlowState::Vanishing);
}

#[test]
fn the_gate_of_a_gated_linear_unit_is_half_of_its_input() {
    let inputs = [Vector([1.0, 2.0, 0.0, 3.0]), Vector([-1.0, 1.0, -8.0, 9.0])];
    let flow = Glu.flow(&MeanSquaredError, &inputs, &vectors::<2>(2)).unwrap();
    let gates = &flow.layers[0].gates;
    let expected = [0.0, 3.0, -8.0, 9.0].map(logistic);
    assert_close(gates[0].mean, expected.iter().sum::<f64>() / 4.0);
    assert_eq!((gates[0].closed, gates[0].open), (0.25, 0.5));
}

#[test]
fn parts_are_nested() {
    type Net = (Residual<(Lstm<3, 3, f64>, Residual<(PerStep<L<3, 3>>, Tanh)>)>, LastStep, L<3, 2>);
    let net = Net::init(&mut rng(1));
    let flow = net.flow(&MeanSquaredError, &sequences::<4, 3>(6), &vectors::<2>(6)).unwrap();
    let parts = flow.parts();
    let names: Vec<(String, usize)> = parts.iter().map(|part| (part.name(), part.level)).collect();
    let expected = [
        ("0.branch", 0),
        ("0.branch.0 input gate", 1),
        ("0.branch.0 forget gate", 1),
        ("0.branch.0 output gate", 1),
        ("0.branch.0 time", 1),
        ("0.branch.1.branch", 1),
    ];
    assert_eq!(names, expected.map(|(name, level)| (name.to_owned(), level)));
    let json: serde_json::Value = serde_json::to_value(&parts).unwrap();
    assert_eq!(json[1]["kind"], "Gate");
    assert!(flow.to_json().contains("\"gates\""));
}
