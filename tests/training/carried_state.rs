//! Long streams in windows: a `CarriedState` goes from one window to the next, and the gradient stops there.

use super::training_parity::{SetParameters, pytorch};
use chainrule::Error;
use chainrule::layer::{ViewMut, visit};
use chainrule::prelude::*;

/// The steps of a window.
const STEPS: usize = 6;
const STREAMS: usize = 3;

type Window = Sequence<STEPS, 2, f64>;
type Targets = Sequence<STEPS, 1, f64>;
type Net = (Lstm<2, 5, f64>, Gru<5, 4, f64>, Rnn<4, 3, Tanh, f64>, PerStep<Linear<3, 1, f64>>);

/// The streams of `windows_of_streams` in training.py, and their targets.
fn windows(count: usize) -> Vec<([Window; STREAMS], [Targets; STREAMS])> {
    let step = |stream: usize, at: usize| {
        let (stream, at) = (stream as f64, at as f64);
        [(0.37 * at + stream).sin(), (0.11 * at * (stream + 1.0)).cos()]
    };
    let target = |stream, at| [(0..=at).map(|at| step(stream, at)[0]).sum::<f64>() / 8.0];
    (0..count)
        .map(|window| {
            let first = window * STEPS;
            let here = |stream| Sequence(std::array::from_fn(|at| step(stream, first + at)));
            let targets = |stream| Sequence(std::array::from_fn(|at| target(stream, first + at)));
            (std::array::from_fn(here), std::array::from_fn(targets))
        })
        .collect()
}

fn net<N: Parameters>() -> Owned<N> {
    let mut net = N::zeros();
    visit([], [ViewMut::of(&mut *net)], &mut SetParameters::default());
    net
}

#[test]
fn training_on_windows_has_pytorchs_losses() {
    let expected = pytorch().windows;
    let mut trainer = Trainer::new(net::<Net>(), MeanSquaredError, Sgd::new(0.5), 0);
    let mut state = CarriedState::new::<Net, Window>(STREAMS);
    for (at, ((inputs, targets), expected)) in windows(8).iter().zip(&expected).enumerate() {
        if at == 2 {
            state.restart_where(|stream| stream == 1);
        }
        let loss = trainer.step_carried(inputs, targets, &mut state).unwrap();
        approx::assert_relative_eq!(loss, *expected, max_relative = 1e-12);
    }
    assert_eq!(expected.len(), 8);
}

/// The parts of a batch that several threads work on take their streams' states.
#[test]
fn a_divided_batch_takes_the_same_step() {
    let mut trainers = [None, Some(1), Some(2)].map(|samples| {
        let trainer = Trainer::new(net::<Net>(), MeanSquaredError, Sgd::new(0.5), 0);
        let trainer = if let Some(samples) = samples { trainer.micro_batch(samples) } else { trainer };
        (trainer, CarriedState::new::<Net, Window>(STREAMS))
    });
    for (inputs, targets) in windows(5) {
        let losses = trainers
            .each_mut()
            .map(|(trainer, state)| trainer.step_carried(&inputs, &targets, state).unwrap());
        approx::assert_relative_eq!(losses[1], losses[0], max_relative = 1e-12);
        approx::assert_relative_eq!(losses[2], losses[0], max_relative = 1e-12);
    }
}

#[test]
fn windows_are_predicted_like_the_whole_sequence() {
    let (net, count) = (net::<Net>(), 4);
    let mut state = CarriedState::new::<Net, Window>(STREAMS);
    let mut whole = [Sequence::<{ 4 * STEPS }, 2, f64>([[0.0; 2]; 4 * STEPS]); STREAMS];
    let mut parts = Vec::new();
    for (at, (inputs, _)) in windows(count).iter().enumerate() {
        for (whole, window) in whole.iter_mut().zip(inputs) {
            whole.0[at * STEPS..][..STEPS].copy_from_slice(&window.0);
        }
        let mut outputs = [Sequence([[0.0; 1]; STEPS]); STREAMS];
        net.predict_into(inputs, &mut outputs, &mut state).unwrap();
        parts.push(outputs);
    }
    let outputs: Vec<Sequence<{ 4 * STEPS }, 1, f64>> = net.predict_batch(&whole).unwrap();
    for (stream, output) in outputs.iter().enumerate() {
        let windows: Vec<[f64; 1]> = parts.iter().flat_map(|window| window[stream].0).collect();
        assert_eq!(windows, output.0, "stream {stream}");
    }
}

type Learned = (Lstm<2, 3, f64, LearnedState>, Rnn<3, 2, Tanh, f64, LearnedState>);

/// The gradient of a window is that of a network whose initial state is the one that is carried, which only a stream
/// that begins passes on to the initial state.
#[test]
fn the_gradient_of_a_window_stops_at_its_beginning() {
    let (loss, mut random) = (MeanSquaredError, rng(3));
    let mut net = Learned::init(&mut rng(1));
    net.0.initial_hidden.0 = [0.3, -0.2, 0.1];
    net.0.initial_cell.0 = [0.5, 0.4, -0.7];
    net.1.initial_hidden.0 = [-0.4, 0.6];
    let mut state = CarriedState::new::<Learned, Window>(1);
    let [(first, _), (second, _)] = [0, 1].map(|at| windows(2)[at]);
    let targets = [Sequence([[0.2, -0.1]; STEPS])];

    // In the first window, the gradient is the ordinary one.
    let mut gradients = [(); 2].map(|()| Learned::zeros());
    let [carried, ordinary] = &mut gradients;
    net.loss_gradient(&loss, &first[..1], &targets, &mut state, carried, &mut random).unwrap();
    let workspace = &mut Workspace::default();
    net.loss_gradient(&loss, &first[..1], &targets, workspace, ordinary, &mut random).unwrap();
    assert_eq!(**carried, **ordinary);
    assert!(ordinary.0.initial_cell.0.iter().all(|&g| g != 0.0));

    // The second is like a first window of a network that starts from the state after the first window.
    let mut hidden = net.clone();
    let mut stream = chainrule::stream::StreamState::new(&net);
    for step in first[0].0 {
        net.step(&Vector(step), &mut stream).unwrap();
    }
    let (lstm, rnn) = stream.layers;
    (hidden.0.initial_hidden, hidden.0.initial_cell) = (lstm.hidden.0, lstm.cell.0);
    hidden.1.initial_hidden = rnn.0;
    net.loss_gradient(&loss, &second[..1], &targets, &mut state, carried, &mut random).unwrap();
    hidden.loss_gradient(&loss, &second[..1], &targets, workspace, ordinary, &mut random).unwrap();
    ordinary.0.initial_hidden.0 = [0.0; 3];
    ordinary.0.initial_cell.0 = [0.0; 3];
    ordinary.1.initial_hidden.0 = [0.0; 2];
    assert_eq!(**carried, **ordinary);
}

#[test]
fn a_restarted_stream_gives_what_it_gave_at_first() {
    let net = net::<Net>();
    let mut state = CarriedState::new::<Net, Window>(STREAMS);
    let inputs = windows(1)[0].0;
    let window = |state: &mut CarriedState| {
        let mut outputs = [Sequence([[0.0; 1]; STEPS]); STREAMS];
        net.predict_into(&inputs, &mut outputs, state).unwrap();
        outputs
    };
    let (first, second) = (window(&mut state), window(&mut state));
    assert!((0..STREAMS).all(|stream| first[stream] != second[stream]));
    state.restart_where(|stream| stream == 1);
    let third = window(&mut state);
    assert_eq!([first[1] == third[1], first[0] == third[0]], [true, false]);
    state.restart();
    assert_eq!(window(&mut state), first);
}

#[test]
fn a_step_that_fails_leaves_the_state() {
    let mut trainer = Trainer::new(net::<Net>(), MeanSquaredError, Sgd::new(0.0), 0);
    let mut state = CarriedState::new::<Net, Window>(STREAMS);
    let [first, second] = [0, 1].map(|at| windows(2)[at]);
    trainer.step_carried(&first.0, &first.1, &mut state).unwrap();
    let mut before = state.clone();

    let mut infinite = second.0;
    infinite[1].0[2][0] = f64::INFINITY;
    assert!(matches!(
        trainer.step_carried(&infinite, &second.1, &mut state),
        Err(Error::NonFiniteData { sample: 1, element: 4, .. })
    ));
    // The forward pass is finite, its loss is not.
    let mut large = second.1;
    large[0].0[0][0] = 1e300;
    assert!(trainer.step_carried(&second.0, &large, &mut state).is_err());
    let [ours, expected] =
        [&mut state, &mut before].map(|state| trainer.step_carried(&second.0, &second.1, state).unwrap());
    assert_eq!(ours, expected);
}

#[test]
fn another_number_of_windows_and_another_network_are_errors() {
    let (inputs, targets) = windows(1)[0];
    let mut trainer = Trainer::new(net::<Net>(), MeanSquaredError, Sgd::new(0.1), 0);
    let mut state = CarriedState::new::<Net, Window>(STREAMS);
    let error = trainer.step_carried(&inputs[..2], &targets[..2], &mut state).unwrap_err();
    assert_eq!(error, Error::StreamCount { inputs: 2, streams: STREAMS });
    assert!(error.to_string().starts_with("the batch has 2 windows, but the carried state has 3 streams"));

    let mut other = CarriedState::new::<Learned, Window>(STREAMS);
    assert_eq!(trainer.step_carried(&inputs, &targets, &mut other), Err(Error::OtherState));
    let mut outputs = [Sequence([[0.0; 1]; STEPS]); STREAMS];
    assert_eq!(trainer.network.predict_into(&inputs, &mut outputs, &mut other), Err(Error::OtherState));
    assert_eq!(trainer.steps(), 0);
}

/// Layers in arrays and branches have their own states; a shared layer has one for each time that it is applied.
#[test]
fn every_layer_of_a_stack_has_its_own_state() {
    type Deep = (
        Linears,
        [Residual<Gru<4, 4, f64>>; 2],
        Concat<(Lstm<4, 2, f64>, Identity)>,
        Shared<Rnn<6, 6, Tanh, f64>, 2>,
    );
    type Linears = PerStep<(Linear<2, 4, f64>, Tanh)>;
    let net = Deep::init(&mut rng(5));
    let mut state = CarriedState::new::<Deep, Window>(2);
    let mut whole = [Sequence::<{ 3 * STEPS }, 2, f64>([[0.0; 2]; 3 * STEPS]); 2];
    let mut parts = [Vec::new(), Vec::new()];
    for (at, (inputs, _)) in windows(3).iter().enumerate() {
        let mut outputs = [Sequence([[0.0; 6]; STEPS]); 2];
        net.predict_into(&inputs[..2], &mut outputs, &mut state).unwrap();
        for stream in 0..2 {
            whole[stream].0[at * STEPS..][..STEPS].copy_from_slice(&inputs[stream].0);
            parts[stream].extend(outputs[stream].0);
        }
    }
    let outputs: Vec<Sequence<{ 3 * STEPS }, 6, f64>> = net.predict_batch(&whole).unwrap();
    for (output, parts) in outputs.iter().zip(&parts) {
        for (whole, part) in output.0.iter().flatten().zip(parts.iter().flatten()) {
            approx::assert_abs_diff_eq!(whole, part, epsilon = 1e-12); // `PerStep` sums in another order
        }
    }
}
