//! The verdict on networks with a defect: the state, its place, the factor that causes it, and that the cure helps.

use chainrule::flow::{Cause, Flow, FlowState, LayerFlow, Verdict};
use chainrule::layer::{Factor, Owned};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

const N: usize = 24;
type Plain<G, const DEPTH: usize> = (Linear<16, N>, [(G, Linear<N, N>); DEPTH], G, Linear<N, 10>);
type PreActivation<G, const DEPTH: usize> =
    (Linear<16, N>, [Residual<(G, Linear<N, N>)>; DEPTH], G, Linear<N, 10>);

/// Inputs of this deviation.
fn flow_at<L: Maps<Vector<16>, Vector<10>>>(network: &Owned<L>, deviation: f32) -> Flow {
    let (mut rng, bound) = (rng(9), deviation * 12f32.sqrt());
    let inputs: Vec<Vector<16>> =
        (0..32).map(|_| Vector(std::array::from_fn(|_| bound * (rng.random::<f32>() - 0.5)))).collect();
    let labels: Vec<Label<10>> = (0..32).map(|at| Label::new(at % 10).unwrap()).collect();
    network.flow(&CrossEntropy::default(), &inputs, &labels).unwrap()
}

fn flow<L: Maps<Vector<16>, Vector<10>>>(network: &Owned<L>) -> Flow {
    flow_at(network, 1.0)
}

#[track_caller]
fn expect(
    flow: &Flow,
    state: FlowState,
    cause: impl Into<Option<Cause>>,
    starts_at: impl Into<Option<&'static str>>,
) -> Verdict {
    let verdict = flow.verdict();
    let found = (verdict.state, verdict.cause, verdict.starts_at.as_deref());
    assert_eq!(found, (state, cause.into(), starts_at.into()), "{flow}");
    assert_eq!(verdict.cure.is_empty(), state == FlowState::Healthy);
    verdict
}

#[track_caller]
fn assert_healthy(flow: &Flow) {
    assert_eq!(flow.verdict().state, FlowState::Healthy, "{flow}");
}

/// What the weights must be multiplied by for a gradient that stays as long as it is.
fn factor(verdict: &Verdict) -> f64 {
    1.0 / verdict.rate.unwrap()
}

/// The layer where the verdict starts.
fn start<'a>(flow: &'a Flow, verdict: &Verdict) -> &'a LayerFlow {
    let path = verdict.starts_at.as_deref().unwrap();
    flow.layers.iter().find(|layer| layer.path == path).unwrap()
}

/// The gains of the layers from the last layer of weights back to the first multiply to what the verdict says is left
/// of the gradient, its rate is their mean over `steps` layers of weights, and its cause is the kind of layer that
/// takes most.
#[track_caller]
fn assert_the_gains_make_the_verdict(flow: &Flow, verdict: &Verdict, steps: i32) {
    let main: Vec<&LayerFlow> = flow.main_path().collect();
    let weights = |layer: &&LayerFlow| matches!(layer.factor, Factor::Weights | Factor::Sum);
    let (first, last) = (main.iter().position(weights).unwrap(), main.iter().rposition(weights).unwrap());
    let gain = |of: &dyn Fn(&LayerFlow) -> bool| -> f64 {
        let layers = main[first + 1..=last].iter().filter(|layer| of(layer));
        layers.map(|layer| layer.gain.unwrap()).product()
    };
    let (total, left) = (gain(&|_| true), verdict.first_over_last.unwrap());
    assert!((total / left - 1.0).abs() < 1e-9, "{total}, and not {left}");
    let rate = verdict.rate.unwrap();
    assert!((rate.powi(steps) / left - 1.0).abs() < 1e-9, "{rate} over {steps} layers is not {left}");
    let causes = [
        (Cause::Weights, gain(&|layer| layer.factor == Factor::Weights)),
        (Cause::Activation, gain(&|layer| matches!(layer.factor, Factor::Activation { .. }))),
        (Cause::Sum, gain(&|layer| layer.factor == Factor::Sum)),
    ];
    let worse = |a: &f64, b: &f64| if left < 1.0 { a.total_cmp(b) } else { b.total_cmp(a) };
    let worst = causes.iter().min_by(|a, b| worse(&a.1, &b.1)).unwrap();
    assert_eq!(verdict.cause, Some(worst.0), "{causes:?}");
}

#[test]
fn a_sigmoid_network_vanishes_by_g_and_its_cures_cure() {
    let faulty = flow(&Plain::<Sigmoid, 20>::init(&mut rng(1)));
    // x 0.236 a layer: below 0.05 after the third, from `3` by `1.19.1`, `1.18.1` to `1.17.1`.
    let verdict = expect(&faulty, FlowState::Vanishing, Cause::Activation, "1.17.1");
    assert!((0.22..0.25).contains(&verdict.rate.unwrap()), "{verdict}");
    assert_the_gains_make_the_verdict(&faulty, &verdict, 21);
    let he = Initializer::he_normal();
    assert_healthy(&flow(&Plain::<LeakyRelu, 20>::init_with(he, &mut rng(1))));
    assert_healthy(&flow(&Plain::<Relu, 20>::init_with(he, &mut rng(1))));
    assert_healthy(&flow(&Plain::<Tanh, 20>::init(&mut rng(1))));
    assert_healthy(&flow(&PreActivation::<Sigmoid, 20>::init(&mut rng(1))));
}

#[test]
fn small_weights_vanish_by_w_and_the_factor_cures() {
    // PyTorch's default: Z of 1/√3.
    let init = Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt());
    let faulty = flow(&Plain::<Tanh, 20>::init_with(init, &mut rng(2)));
    let verdict = expect(&faulty, FlowState::Vanishing, Cause::Weights, "1.14.1");
    assert_the_gains_make_the_verdict(&faulty, &verdict, 21);
    assert!((0.54..0.6).contains(&verdict.rate.unwrap()), "{verdict}"); // 1/√3 = 0.577 and a little g'
    assert_healthy(&flow(&Plain::<Tanh, 20>::init_with(init.gain(factor(&verdict)), &mut rng(2))));
    assert_healthy(&flow(&PreActivation::<Tanh, 20>::init_with(init, &mut rng(2))));

    // ReLU halves, and W does not make up for it: g' is the smaller factor, and the cure is He's factor √2.
    let glorot = Initializer::glorot_normal();
    let verdict = flow(&Plain::<Relu, 20>::init_with(glorot, &mut rng(2))).verdict();
    assert_eq!((verdict.state, verdict.cause), (FlowState::Vanishing, Some(Cause::Activation)));
    assert!((factor(&verdict) / 2f64.sqrt() - 1.0).abs() < 0.1, "{verdict}");
    assert_healthy(&flow(&Plain::<Relu, 20>::init_with(glorot.gain(factor(&verdict)), &mut rng(2))));
}

#[test]
fn large_weights_explode_by_w_and_the_factor_cures() {
    let he = Initializer::he_normal();
    let verdict = flow(&Plain::<Relu, 20>::init_with(he.gain(2.0), &mut rng(3))).verdict();
    assert_eq!((verdict.state, verdict.cause), (FlowState::Exploding, Some(Cause::Weights)), "{verdict}");
    assert!((1.8..2.2).contains(&verdict.rate.unwrap()), "{verdict}");
    assert_healthy(&flow(&Plain::<Relu, 20>::init_with(he.gain(2.0 * factor(&verdict)), &mut rng(3))));

    // Of tanh the slope grows as the weights become smaller, so that one look is not enough.
    let (mut gain, mut looks) = (6.0, 0);
    loop {
        let init = Initializer::lecun_normal().gain(gain);
        let verdict = flow(&Plain::<Tanh, 20>::init_with(init, &mut rng(3))).verdict();
        if verdict.state == FlowState::Healthy {
            break;
        }
        assert_eq!((verdict.state, verdict.cause), (FlowState::Exploding, Some(Cause::Weights)), "{verdict}");
        (gain, looks) = (gain * factor(&verdict), looks + 1);
        assert!(looks < 10, "{gain}: {verdict}");
    }
    assert!((1.0..2.5).contains(&gain) && looks > 1, "{looks}, {gain}");
}

#[test]
fn residual_blocks_explode_by_their_sums_and_smaller_branches_cure() {
    // Each block of unit gain multiplies the norm by √2: 20 after 8.6 of 40.
    type Net = PreActivation<Relu, 40>;
    let mut net = Net::init_with(Initializer::he_normal(), &mut rng(4));
    let faulty = flow(&net);
    let verdict = faulty.verdict();
    assert_eq!((verdict.state, verdict.cause), (FlowState::Exploding, Some(Cause::Sum)), "{verdict}");
    assert_the_gains_make_the_verdict(&faulty, &verdict, 41);
    let at: usize = verdict.starts_at.unwrap().strip_prefix("1.").unwrap().parse().unwrap();
    assert!((28..=34).contains(&at), "{at}");
    assert!((verdict.rate.unwrap() / 2f64.sqrt() - 1.0).abs() < 0.05);
    for block in &mut net.1 {
        block.branch.1.weights_mut().iter_mut().for_each(|w| *w /= 40f32.sqrt());
    }
    assert_healthy(&flow(&net));
}

#[test]
fn dead_units_are_named_dead() {
    type Net = Plain<Relu, 12>;
    let mut net = Net::init_with(Initializer::he_normal(), &mut rng(5));
    // Every eighth unit is on in every sample, all others are off.
    for (_, layer) in &mut net.1 {
        layer.bias.0.iter_mut().enumerate().for_each(|(at, b)| *b = if at % 8 == 0 { 9.0 } else { -30.0 });
    }
    let some = flow(&net);
    expect(&some, FlowState::Dead, Cause::Activation, "2");
    // All activations but the first, whose layer of weights keeps its biases of 0.
    let dead = |layer: &&LayerFlow| layer.activation.is_some_and(|slope| slope.dead > 0.75);
    assert_eq!(some.layers.iter().filter(dead).count(), 12);
    // The last but two: all off, so that nothing goes on below it.
    net.1[9].1.bias.0.fill(-1000.0);
    let all = expect(&flow(&net), FlowState::Dead, Cause::Activation, "1.10.0");
    assert_eq!(all.first_over_last, Some(0.0));
    assert_healthy(&flow(&Net::init_with(Initializer::he_normal(), &mut rng(5))));
}

#[test]
fn of_dead_layers_the_first_is_named_whose_input_is_not_0() {
    // Biases are 0, so that every ReLU behind a dead one has zeros as its input, and is dead too.
    type Net = Plain<Relu, 12>;
    for (layer, path) in [(0, "1.1.0"), (5, "1.6.0"), (10, "1.11.0")] {
        let mut net = Net::init_with(Initializer::he_normal(), &mut rng(5));
        net.1[layer].1.bias.0.fill(-1000.0);
        let flow = flow(&net);
        let verdict = expect(&flow, FlowState::Dead, Cause::Activation, path);
        assert_eq!(verdict.first_over_last, Some(0.0));
        assert!(start(&flow, &verdict).input_rms > 900.0 && flow.layer("2").unwrap().input_rms == 0.0);
    }
}

#[test]
fn a_gradient_that_vanishes_inside_the_branches_is_reported() {
    type Branch<G> = (G, Linear<N, N>, G, Linear<N, N>, G, Linear<N, N>, G, Linear<N, N>);
    type Net<G> = (Linear<16, N>, [Residual<Branch<G>>; 3], Linear<N, 10>);
    let faulty = flow(&Net::<Sigmoid>::init(&mut rng(1)));
    assert_healthy(&faulty); // it passes by
    let why = faulty.verdict().why;
    // By hand: 0.236 cubed is 0.013; all layers have the same width.
    let rms = |path: String| faulty.layer(&path).unwrap().output_grad_rms.unwrap();
    let share = |block| rms(format!("1.{block}.branch.1")) / rms(format!("1.{block}.branch.7"));
    let worst = (0..3).min_by(|&a, &b| share(a).total_cmp(&share(b))).unwrap();
    assert!((0.005..0.03).contains(&share(worst)));
    let says = format!(
        "; but inside the branch `1.{worst}.branch` (and 2 more) it vanishes, to {:.1e}: the first layers \
                        inside hardly learn",
        share(worst)
    );
    assert!(why.contains(&says), "{why}, and not {says}");

    let he = Initializer::he_normal();
    let healthy = flow(&Net::<Relu>::init_with(he, &mut rng(1)));
    assert!(!healthy.verdict().why.contains("inside"), "{healthy}");
}

#[test]
fn saturated_units_are_named_saturated_and_standardized_inputs_cure() {
    let lecun = Initializer::lecun_normal();
    // Inputs of 1000: the first activation alone is saturated, and nothing is left of the gradient of the first layer.
    let net = Plain::<Tanh, 8>::init_with(lecun, &mut rng(6));
    let verdict = expect(&flow_at(&net, 1000.0), FlowState::Saturated, Cause::Activation, "1.0.0");
    assert_eq!(verdict.cure, "smaller weights; or standardized inputs");
    assert_healthy(&flow_at(&net, 1.0));
    let mut smaller = Plain::<Tanh, 8>::init_with(lecun, &mut rng(6));
    smaller.0.weights_mut().iter_mut().for_each(|w| *w *= 1e-3);
    assert_healthy(&flow_at(&smaller, 1000.0));
    expect(
        &flow_at(&Plain::<Sigmoid, 1>::init_with(lecun, &mut rng(6)), 1e4),
        FlowState::Saturated,
        Cause::Activation,
        "1.0.0",
    );
    // All activations, by their biases; and so far that g' is 0.
    let mut net = Plain::<Tanh, 8>::init_with(lecun, &mut rng(6));
    net.1.iter_mut().for_each(|(_, layer)| layer.bias.0.fill(5.0));
    expect(&flow(&net), FlowState::Saturated, Cause::Activation, "2");
    net.1.iter_mut().for_each(|(_, layer)| layer.bias.0.fill(500.0));
    let verdict = expect(&flow(&net), FlowState::Saturated, Cause::Activation, "2");
    assert_eq!(verdict.cure, "smaller biases");
    net.1.iter_mut().for_each(|(_, layer)| layer.bias.0.fill(0.5));
    assert_healthy(&flow(&net));
}

#[test]
fn one_layer_alone_is_named_and_a_provably_small_one_for_every_batch() {
    // Ten identities; the fifth makes this batch's gradient a hundredth as long, though not every gradient.
    let mut net = <[Linear<4, 4>; 10]>::zeros();
    for layer in net.iter_mut() {
        (0..4).for_each(|at| layer.weight[at][at] = 1.0);
    }
    let flow = |net: &[Linear<4, 4>; 10]| {
        net.flow(&MeanSquaredError, &[Vector([0.0; 4])], &[Vector([0.0, 1.0, 2.0, -1.0])]).unwrap()
    };
    (1..4).for_each(|at| net[5].weight[at][at] = 0.01);
    let noisy = flow(&net);
    assert!((noisy.attenuation().unwrap() - 0.01).abs() < 1e-6);
    let verdict = expect(&noisy, FlowState::Vanishing, Cause::Weights, "5");
    assert!(verdict.why.contains("most of it in one step, 1.0e-2 from `5` to `4`"), "{verdict}");
    assert!(verdict.why.contains("another batch") && verdict.cure.contains("another batch"), "{verdict}");
    // Its last singular value too: whatever the gradient, no more than a hundredth is left.
    net[5].weight[0][0] = 0.01;
    let small = flow(&net);
    let verdict = expect(&small, FlowState::Vanishing, Cause::Weights, "5");
    let spectrum = start(&small, &verdict).weights.unwrap().spectrum.unwrap();
    assert!((spectrum.largest - 0.01).abs() < 1e-8, "{spectrum:?}"); // in f32
    (0..4).for_each(|at| net[5].weight[at][at] = 300.0);
    let verdict = expect(&flow(&net), FlowState::Exploding, Cause::Weights, "5");
    assert!(!verdict.why.contains("another batch"), "{verdict}");
    net[5].weight[0][0] = 1.0; // one direction that does not grow
    let verdict = expect(&flow(&net), FlowState::Exploding, Cause::Weights, "5");
    assert!(verdict.why.contains("another batch"), "{verdict}");
    // The limit is the same for one layer as for many: 0.0498.
    (0..4).for_each(|at| net[5].weight[at][at] = 0.049);
    expect(&flow(&net), FlowState::Vanishing, Cause::Weights, "5");
    (0..4).for_each(|at| net[5].weight[at][at] = 0.051);
    assert_healthy(&flow(&net));
}

/// A gradient arrives at the layer and none leaves it, though neither its weights nor its g' are 0.
#[track_caller]
fn assert_underflows(flow: &Flow, verdict: &Verdict) {
    let layer = start(flow, verdict);
    assert!(layer.output_grad_rms.unwrap() > 0.0 && layer.input_grad_rms == Some(0.0), "{flow}");
    assert!(layer.activation.is_none_or(|slope| slope.mean > 0.0), "{flow}");
    assert!(layer.weights.is_none() || layer.parameters.iter().any(|weights| weights.norm > 0.0), "{flow}");
}

#[test]
fn zero_weights_and_gradients_that_underflow_are_told_apart() {
    type Net = Plain<Tanh, 5>;
    expect(&flow(&Net::zeros()), FlowState::Vanishing, Cause::Weights, "3");
    let mut net = Net::init(&mut rng(7));
    net.1[2].1.weights_mut().fill(0.0);
    net.1[2].1.bias.0.fill(0.1);
    expect(&flow(&net), FlowState::Vanishing, Cause::Weights, "1.2.1");
    // 0.236^80 is below the smallest f32: no unit is off, no weight is 0.
    type Deep = ([(Linear<8, 8>, Sigmoid); 100], Linear<8, 8>);
    let x = [Vector([0.3; 8])];
    let deep = Deep::init(&mut rng(8)).flow(&MeanSquaredError, &x, &x).unwrap();
    let verdict = deep.verdict();
    assert_eq!((verdict.state, verdict.first_over_last), (FlowState::Vanishing, Some(0.0)), "{verdict}");
    assert_underflows(&deep, &verdict);
    // At a layer of weights that are small and not 0, though its bias is.
    let mut flow = <[Linear<2, 2>; 3]>::init_with(Initializer::constant(1e-24), &mut rng(0))
        .flow(&MeanSquaredError, &[Vector([1.0; 2])], &[Vector([1.0; 2])])
        .unwrap();
    let verdict = expect(&flow, FlowState::Vanishing, Cause::Weights, "1");
    assert_underflows(&flow, &verdict);
    // Nor is it taken for 0 where no singular values were measured.
    flow.layers.iter_mut().filter_map(|layer| layer.weights.as_mut()).for_each(|w| w.spectrum = None);
    assert_eq!(flow.verdict(), verdict);
}

#[test]
fn the_layer_that_first_gives_what_is_not_finite_is_named() {
    type Net = Plain<Relu, 5>;
    let he = Initializer::he_normal();
    let mut net = Net::init_with(he, &mut rng(9));
    net.1[3].1.weight[4][2] = f32::NAN; // which the ReLU behind it makes 0 again
    let wrong = |flow: &Flow, at| {
        let verdict = expect(flow, FlowState::NonFinite, None, at);
        let parameters = &start(flow, &verdict).parameters;
        let wrong: Vec<_> = parameters.iter().filter(|parameter| !parameter.norm.is_finite()).collect();
        assert_eq!(wrong.len(), 1, "{flow}");
        // The name is what a reader looks for in the sentence.
        assert!(verdict.why.contains(&format!("`{}`", wrong[0].name)), "{verdict}");
        wrong[0].name.to_string()
    };
    assert_eq!(wrong(&flow(&net), "1.3.1"), "weight");
    let mut net = Net::init_with(he, &mut rng(9));
    net.1[2].1.bias[0] = f32::INFINITY;
    assert_eq!(wrong(&flow(&net), "1.2.1"), "bias");

    // 1e8 a layer: 1e39 at the fifth, `1.3.1`.
    let large = flow(&Net::init_with(he.gain(1e8), &mut rng(9)));
    let at = start(&large, &expect(&large, FlowState::NonFinite, None, "1.3.1"));
    assert!(at.input_rms.is_finite() && !at.output_rms.is_finite(), "{large}");
    assert!(at.parameters.iter().all(|parameter| parameter.norm.is_finite()), "{large}");
    // Neither way through the block overflows, their sum does.
    let blocks =
        <(Linear<1, 1>, Residual<Linear<1, 1>>, Tanh)>::init_with(Initializer::constant(1.0), &mut rng(0))
            .flow(&MeanSquaredError, &[Vector([3e38])], &[Vector([0.0])])
            .unwrap();
    let at = start(&blocks, &expect(&blocks, FlowState::NonFinite, None, "1"));
    assert_eq!(at.factor, Factor::Sum);
    let branch = blocks.layers.iter().find(|layer| layer.path == "1.branch").unwrap();
    assert!(at.input_rms.is_finite() && branch.output_rms.is_finite(), "{blocks}");
}

#[test]
fn what_is_not_finite_only_on_the_way_back_or_in_the_loss_is_named_too() {
    // Three factors W of 1e13: the output of 1e-20 is 1e19, and the gradient that comes back through them 1e45.
    type Net = [Residual<Linear<1, 1>>; 3];
    let net = Net::init_with(Initializer::constant(1e13), &mut rng(0));
    let way_back = net.flow(&MeanSquaredError, &[Vector([1e-20])], &[Vector([0.0])]).unwrap();
    let verdict = expect(&way_back, FlowState::NonFinite, None, "1.branch");
    let at = start(&way_back, &verdict);
    assert!(way_back.loss.is_some() && at.output_grad_rms.unwrap().is_finite(), "{way_back}");
    assert!(!at.input_grad_rms.unwrap().is_finite(), "{way_back}");

    let net = Linear::<1, 1, f64>::init_with(Initializer::constant(1e200), &mut rng(0));
    let loss = net.flow(&MeanSquaredError, &[Vector([1.0])], &[Vector([0.0])]).unwrap();
    expect(&loss, FlowState::NonFinite, None, None);
    assert!(loss.loss.is_none() && loss.layers.iter().all(|layer| layer.output_rms.is_finite()), "{loss}");
}
