//! The verdict on healthy networks, on those without a trend, and on bad input.

use std::collections::BTreeSet;

use chainrule::Error;
use chainrule::flow::{Flow, FlowHook, FlowOptions, FlowState};
use chainrule::layer::Owned;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

type Plain<G, const DEPTH: usize, const N: usize> =
    (Linear<16, N>, [(G, Linear<N, N>); DEPTH], G, Linear<N, 10>);

/// Standardized inputs, and a class for each.
fn data<X: Tensor>(samples: usize, seed: u64) -> (Vec<X>, Vec<Label<10>>) {
    let (mut inputs, mut rng) = (vec![X::zeroed(); samples], rng(1000 + seed));
    for x in X::flat_mut(&mut inputs) {
        *x = chainrule::Real::from_f64(12f64.sqrt() * (rng.random::<f64>() - 0.5));
    }
    (inputs, (0..samples).map(|at| Label::new(at % 10).unwrap()).collect())
}

fn flow<X: Tensor, N: Maps<X, Vector<10>>>(network: &Owned<N>, seed: u64) -> Flow {
    let (inputs, labels) = data::<X>(32, seed);
    network.flow(&CrossEntropy::default(), &inputs, &labels).unwrap()
}

/// Without singular values, which cost most of the time.
fn light<X: Tensor, N: Maps<X, Vector<10>>>(network: &Owned<N>, seed: u64) -> Flow {
    let (inputs, labels) = data::<X>(8, seed);
    let (mut gradient, mut workspace, mut hook) =
        (N::zeros(), Workspace::default(), FlowHook::new::<N, X>(FlowOptions::LIGHT));
    let loss = CrossEntropy::default();
    let loss = network
        .loss_gradient_with_hook(
            &loss,
            &inputs,
            &labels,
            &mut workspace,
            &mut gradient,
            &mut rng(0),
            &mut hook,
        )
        .unwrap();
    Flow { loss: Some(loss), samples: inputs.len(), expected: None, layers: hook.into_layers() }
}

#[track_caller]
fn assert_healthy(flow: &Flow) {
    let verdict = flow.verdict();
    assert_eq!(verdict.state, FlowState::Healthy, "{flow}");
    assert_eq!((verdict.starts_at, verdict.cause, verdict.cure), (None, None, String::new()));
    assert!((0.05..20.0).contains(&verdict.first_over_last.unwrap()));
}

#[test]
fn networks_made_as_the_books_say_are_healthy() {
    let (he, lecun) = (Initializer::he_normal(), Initializer::lecun_normal());
    for seed in 0..4 {
        assert_healthy(&light::<Vector<16>, _>(&Plain::<Relu, 30, 64>::init_with(he, &mut rng(seed)), seed));
        let leaky = Plain::<LeakyRelu, 30, 64>::init_with(he, &mut rng(seed));
        assert_healthy(&light::<Vector<16>, _>(&leaky, seed));
        let tanh = Plain::<Tanh, 20, 48>::init_with(lecun, &mut rng(seed));
        assert_healthy(&light::<Vector<16>, _>(&tanh, seed));
        type Shallow = (Linear<16, 24>, Relu, Linear<24, 10>);
        assert_healthy(&flow::<Vector<16>, _>(&Shallow::init(&mut rng(seed)), seed));
    }
    assert_healthy(&flow::<Vector<16>, _>(&Plain::<Relu, 10, 32>::init_with(he, &mut rng(5)), 5));
}

#[test]
fn residual_stacks_are_healthy() {
    // Sigmoid, of whose slope a plain stack would leave 0.236^40; and blocks with a norm at their start.
    type Sigmoids = (Linear<16, 32>, [Residual<(Sigmoid, Linear<32, 32>)>; 40], Linear<32, 10>);
    type Block = Residual<(LayerNorm<Vector<32>>, Relu, Linear<32, 32>)>;
    type Normed = (Linear<16, 32>, [Block; 30], LayerNorm<Vector<32>>, Linear<32, 10>);
    for seed in 0..4 {
        assert_healthy(&light::<Vector<16>, _>(&Sigmoids::init(&mut rng(seed)), seed));
        assert_healthy(&light::<Vector<16>, _>(&Normed::init(&mut rng(seed)), seed));
    }
}

#[test]
fn a_convolutional_network_with_norms_is_healthy() {
    type First = (Conv2d<1, 4, 5>, BatchNorm<4>, Relu, MaxPool2d<2>);
    type Second = (Conv2d<4, 8, 3>, BatchNorm<8>, Relu, AvgPool2d<2>);
    type LeNet = (First, Second, Dense<Image<8, 2, 2>, Vector<32>>, Relu, Dropout<20>, Linear<32, 10>);
    for seed in 0..4 {
        let net = LeNet::init_with(Initializer::he_normal(), &mut rng(seed));
        assert_healthy(&light::<Image<1, 16, 16>, _>(&net, seed));
    }
}

/// Of how many new networks the verdict says that something is the matter.
fn alarms<N: Maps<Vector<16>, Vector<10>>>(networks: u64, init: Initializer) -> usize {
    let ill = |seed: &u64| {
        light(&N::init_with(init, &mut rng(100 + seed)), *seed).verdict().state != FlowState::Healthy
    };
    (0..networks).filter(ill).count()
}

/// By Hanin & Nica 2018, theorem 1, ln |dR/dZ|² of a ReLU network of He's weights is about normal over its random
/// weights, of mean -5β/2 and variance 5β with β the sum of 1/width: for 20 layers of width 32 it is N(-1.6, 3.1), and
/// ln 0.0498² = -6 lies 2.5 deviations below: 1 of 160 gradients has really vanished. Of width 64 it is 4.2 deviations,
/// 1 in 75,000. More than 4 of 100, expected 0.6, come once in 2,500 such tests; 1 of 15 of the larger ones once in
/// 5,000.
#[test]
fn of_healthy_networks_hardly_any_alarms() {
    let he = Initializer::he_normal();
    let narrow = alarms::<Plain<Relu, 20, 32>>(100, he);
    let wide = alarms::<Plain<Relu, 20, 64>>(15, he);
    assert!(narrow <= 4 && wide == 0, "{narrow} of 100 at width 32, {wide} of 15 at width 64");
}

#[test]
fn of_a_hundred_deep_sigmoid_networks_none_is_missed() {
    // 0.236^20 = 3e-13; the spread of a factor of some units does not lead from there to 0.05.
    let seen = alarms::<Plain<Sigmoid, 20, 16>>(100, Initializer::glorot_uniform());
    assert_eq!(seen, 100);
}

#[test]
fn without_two_layers_of_weights_or_a_gradient_a_network_is_healthy_for_a_reason_of_its_own() {
    let x = [Vector([0.5, -1.0, 2.0])];
    let y = [Vector([1.0, 1.0, 1.0])];
    let state = |flow: &Flow| {
        let verdict = flow.verdict();
        assert_eq!(
            (verdict.state, verdict.first_over_last, verdict.rate),
            (FlowState::Healthy, None, None),
            "{flow}"
        );
        assert_eq!((verdict.starts_at, verdict.cause, verdict.cure), (None, None, String::new()), "{flow}");
        assert!(!flow.to_string().contains("NaN") && !flow.to_csv().contains("NaN"), "{flow}");
        verdict.why
    };
    let none = (Tanh, Relu).flow(&MeanSquaredError, &x, &y).unwrap();
    let one = Linear::<3, 3>::init(&mut rng(1)).flow(&MeanSquaredError, &x, &y).unwrap();
    let inside = <(Relu, Linear<3, 3>, Tanh)>::init(&mut rng(1)).flow(&MeanSquaredError, &x, &y).unwrap();
    let exact =
        <(Linear<3, 3>, Linear<3, 3>)>::zeros().flow(&MeanSquaredError, &x, &[Vector::default()]).unwrap();
    assert_eq!(exact.layers[0].output_grad_rms, Some(0.0));
    assert_eq!(state(&one), state(&inside));
    assert_eq!([&none, &one, &exact].map(state).into_iter().collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn width_one_and_a_batch_of_one_are_networks_too() {
    type Thin = ([(Linear<1, 1>, Tanh); 5], Linear<1, 1>);
    let net = Thin::init_with(Initializer::constant(1.0), &mut rng(1));
    let flow = net.flow(&MeanSquaredError, &[Vector([0.5])], &[Vector([1.0])]).unwrap();
    assert_eq!(flow.verdict().state, FlowState::Healthy, "{flow}");
    assert!(!flow.to_string().contains("NaN"), "{flow}");
    // A single ReLU unit that is off for the one sample there is: that is what the batch says, and it is said.
    type Off = (Linear<1, 1>, Relu, Linear<1, 1>);
    let net = Off::init_with(Initializer::constant(-1.0), &mut rng(1));
    let verdict = net.flow(&MeanSquaredError, &[Vector([0.5])], &[Vector([1.0])]).unwrap().verdict();
    assert_eq!((verdict.state, verdict.starts_at.as_deref()), (FlowState::Dead, Some("1")));
}

#[test]
fn bad_input_is_an_error_that_names_it() {
    let net = Plain::<Relu, 2, 8>::init(&mut rng(1));
    let (mut inputs, labels) = data::<Vector<16>>(4, 1);
    let loss = CrossEntropy::default();
    assert_eq!(net.flow(&loss, &inputs[..0], &labels[..0]), Err(Error::EmptyBatch));
    assert_eq!(net.flow(&loss, &inputs, &labels[..3]), Err(Error::BatchLengths { inputs: 4, targets: 3 }));
    for bad in [f32::NAN, f32::INFINITY] {
        inputs[2][5] = bad;
        let Err(Error::NonFiniteData { what, sample, element, .. }) = net.flow(&loss, &inputs, &labels)
        else {
            panic!("{bad} is data")
        };
        assert_eq!((what, sample, element), ("input", 2, 5));
    }
}
