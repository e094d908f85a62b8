//! A network on a stream, step by step, gives the bits of the same network on the whole sequence.

use chainrule::prelude::*;
use chainrule::stream::{Stream, StreamState};

const STEPS: usize = 23;

/// Returns a sequence of numbers between -2 and 2.
fn sequence<const IN: usize, T: Real>(seed: usize) -> Sequence<STEPS, IN, T> {
    Sequence(std::array::from_fn(|step| {
        std::array::from_fn(|at| T::from_f64(2.0 * ((seed + 7 * step + 3 * at) as f64 * 0.37).sin()))
    }))
}

/// Compares each step with the whole sequence alone, to the bit, and with the same sequence in a batch, to 1e-6,
/// absolute and relative: some ten roundings.
fn check<N, const IN: usize, const OUT: usize, T: Real>(net: &Owned<N>)
where
    N: Stream<Vector<IN, T>, Output = Vector<OUT, T>> + Maps<Sequence<STEPS, IN, T>, Sequence<STEPS, OUT, T>>,
{
    let batch: Vec<Sequence<STEPS, IN, T>> = (0..9).map(sequence).collect();
    let together = net.predict_batch(&batch).unwrap();
    for (x, of_batch) in batch.iter().zip(&together) {
        let whole: Sequence<STEPS, OUT, T> = net.predict(x).unwrap();
        let mut state = StreamState::new(net);
        for step in 0..STEPS {
            let y = net.step(&Vector(x.0[step]), &mut state).unwrap();
            let bits = |y: &[T]| y.iter().map(|y| y.to_f64().to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&y.0), bits(&whole.0[step]), "step {step}");
            for (y, of_batch) in y.0.iter().zip(&of_batch.0[step]) {
                assert!(
                    (y.to_f64() - of_batch.to_f64()).abs() < 1e-6 * (1.0 + y.to_f64().abs()),
                    "{y:?} and {of_batch:?} at step {step}"
                );
            }
        }
    }
}

macro_rules! equal {
    ($($name:ident: $net:ty, $in:literal => $out:literal;)+) => {$(
        #[test]
        fn $name() {
            {
                type T = f32;
                check::<$net, $in, $out, T>(&<$net>::init(&mut rng(1)));
            }
            type T = f64;
            check::<$net, $in, $out, T>(&<$net>::init(&mut rng(2)));
        }
    )+};
}

equal! {
    an_rnn: Rnn<3, 5, Tanh, T>, 3 => 5;
    an_rnn_with_relu_and_a_learned_state: Rnn<3, 8, Relu, T, LearnedState>, 3 => 8;
    an_lstm: Lstm<3, 5, T>, 3 => 5;
    a_wide_lstm: Lstm<3, 64, T>, 3 => 64;
    an_lstm_with_a_learned_state: Lstm<1, 16, T, LearnedState>, 1 => 16;
    a_gru: Gru<3, 5, T>, 3 => 5;
    a_wide_gru: Gru<40, 33, T, LearnedState>, 40 => 33;
    a_stack: (Lstm<3, 6, T>, Tanh, LayerNorm<Vector<6, T>>, Dropout<20>, Gru<6, 6, T>, Softmax), 3 => 6;
    an_array: [(Lstm<4, 4, T>, Gelu); 3], 4 => 4;
    residual_blocks: (Rnn<2, 4, Tanh, T>, [Residual<(Gru<4, 4, T>, Silu)>; 2]), 2 => 4;
    residual_blocks_with_shortcuts: Residual<Lstm<3, 4, T>, Rnn<3, 4, Relu, T>>, 3 => 4;
    branches: Concat<(Lstm<3, 2, T>, Identity, (Gru<3, 2, T>, Elu))>, 3 => 7;
    one_layer_several_times: Shared<(Gru<3, 3, T>, PRelu<T>), 3>, 3 => 3;
    a_part_in_evaluation_mode: (Evaluate<(Gru<3, 3, T>, BatchNorm<3, T>)>, RmsNorm<Vector<3, T>>), 3 => 3;
    sixteen_layers: (
        Gru<2, 2, T>, Tanh, Gru<2, 2, T>, Relu, Gru<2, 2, T>, Tanh, Gru<2, 2, T>, Relu, Gru<2, 2, T>, Tanh, Gru<2, 2, T>,
        Relu, Gru<2, 2, T>, Tanh, Gru<2, 2, T>, LogSoftmax
    ), 2 => 2;
}

/// The gate of WaveNet (Oord and others 2016, eq. 2), in a residual block.
type Gate<const N: usize, const D: usize, T> = Residual<(
    Duplicate,
    Parallel<
        (Conv1dWith<N, N, (Kernel<2>, Dilation<D>, Causal), T>, Tanh),
        (Conv1dWith<N, N, (Kernel<2>, Dilation<D>, Causal), T>, Sigmoid),
    >,
    Product,
    Conv1d<N, N, 1, 1, 0, T>,
)>;

// Windows of more steps than the sequence has, of one step, and without a bias; sums of several vectors, of a part of
// one, of more terms than a tile, and those of groups.
equal! {
    a_causal_convolution: Conv1dWith<3, 5, (Kernel<3>, Causal), T>, 3 => 5;
    a_dilated_convolution: Conv1dWith<2, 3, (Kernel<4>, Dilation<5>, Causal), T>, 2 => 3;
    a_window_longer_than_the_sequence: Conv1dWith<2, 3, (Kernel<40>, Causal), T>, 2 => 3;
    a_dilation_longer_than_the_sequence: Conv1dWith<2, 3, (Kernel<3>, Dilation<24>, Causal), T>, 2 => 3;
    a_convolution_without_a_bias: Conv1dWith<5, 17, (Kernel<2>, Dilation<3>, Causal), T, NoBias>, 5 => 17;
    a_wide_convolution: Conv1dWith<16, 70, (Causal, Kernel<3>), T>, 16 => 70;
    a_deep_convolution: Conv1dWith<40, 9, (Kernel<3>, Dilation<2>, Causal), T>, 40 => 9;
    a_depthwise_convolution: Conv1dWith<4, 4, (Kernel<3>, Dilation<2>, Causal, Groups<4>), T>, 4 => 4;
    a_convolution_of_groups: Conv1dWith<6, 9, (Kernel<2>, Causal, Groups<3>), T>, 6 => 9;
    a_convolution_of_one_step: (Conv1d<3, 8, 1, 1, 0, T>, Conv1d<8, 2, 1, 1, 0, T, NoBias>), 3 => 2;
    one_step_with_settings: (
        Conv1dWith<3, 8, (Kernel<1>, Causal), T>, Conv1dWith<8, 8, Kernel<1>, T>,
        Conv1dWith<8, 8, (Kernel<1>, Dilation<7>, Same), T>, Conv1dWith<8, 2, (SameLower, Groups<2>, Kernel<1>), T>,
    ), 3 => 2;
    wavenet: (
        Conv1dWith<1, 8, (Kernel<2>, Causal), T>,
        Gate<8, 1, T>, Gate<8, 2, T>, Gate<8, 4, T>, Gate<8, 8, T>, Gate<8, 16, T>, Gate<8, 1, T>, Gate<8, 2, T>,
        Relu, Conv1d<8, 4, 1, 1, 0, T>, Softmax,
    ), 1 => 4;
    a_temporal_block: [Residual<(
        Conv1dWith<4, 4, (Kernel<3>, Dilation<2>, Causal), T>, LayerNorm<Vector<4, T>>, Relu, Dropout<20>,
        Conv1dWith<4, 4, (Kernel<3>, Dilation<2>, Causal), T>, Relu,
    )>; 6], 4 => 4;
    one_convolution_several_times: Shared<(Conv1dWith<3, 3, (Kernel<2>, Dilation<3>, Causal), T>, Tanh), 4>, 3 => 3;
    convolutions_and_recurrence: (Conv1dWith<2, 6, (Kernel<3>, Causal), T>, Gelu, Lstm<6, 5, T>), 2 => 5;
    halves_of_a_pair: (
        Duplicate,
        Parallel<
            (Gru<3, 4, T>, Duplicate, Parallel<Tanh, Conv1dWith<4, 4, (Kernel<2>, Causal), T>>, Sum),
            Rnn<3, 4, Tanh, T>,
        >,
        Join, Conv1d<8, 4, 1, 1, 0, T>,
        (Duplicate, Parallel<Tanh, Conv1dWith<4, 4, (Kernel<2>, Causal), T>>, Maximum),
        (Duplicate, Parallel<Gelu, (Sigmoid, Shift<2>)>, Quotient),
        (Duplicate, Parallel<Tanh, Rnn<4, 4, Tanh, T>>, Minimum),
        (Duplicate, Parallel<Identity, Softmax>, Difference),
    ), 3 => 4;
}

/// A transformer block with the norm before each branch.
type Block<const N: usize, const HEADS: usize, M, T, const KEYS: usize> = (
    Residual<(LayerNorm<Vector<N, T>>, SelfAttention<N, HEADS, M, T, KEYS>)>,
    Residual<(LayerNorm<Vector<N, T>>, PerStep<(Linear<N, 24, T>, Gelu, Linear<24, N, T>)>)>,
);

// Windows of one step, of more steps than the sequence, and of a few; heads of one number, groups of heads.
equal! {
    attention: SelfAttention<8, 2, SlidingWindow<23>, T>, 8 => 8;
    attention_to_itself: SelfAttention<6, 6, SlidingWindow<1>, T>, 6 => 6;
    attention_in_a_window: SelfAttention<12, 3, SlidingWindow<5>, T, 4>, 12 => 12;
    attention_in_a_long_window: SelfAttention<40, 4, SlidingWindow<100>, T, 20>, 40 => 40;
    attention_with_rotary_positions: SelfAttention<12, 3, (SlidingWindow<7>, Rotary), T>, 12 => 12;
    attention_without_biases: SelfAttention<12, 3, (SlidingWindow<7>, Rotary<500>, NoBias), T>, 12 => 12;
    a_transformer: (
        PerStep<Linear<3, 16, T>>,
        [Block<16, 4, (SlidingWindow<9>, Rotary), T, 8>; 3],
        LayerNorm<Vector<16, T>>,
        PerStep<Linear<16, 5, T>>
    ), 3 => 5;
}

/// The gates, and what has an effect in training only.
type Gated = (
    Gru<2, 8>,
    (Affine<8>, ChannelPRelu<8>, GaussianNoise<1, 10>),
    Glu,
    (AlphaDropout<10>, SwiGlu, GaussianDropout<20>),
    Lstm<2, 4>,
    Softmin,
    GeGlu,
);

#[test]
fn gates_and_noise() {
    check::<Gated, 2, 2, f32>(&Gated::init(&mut rng(8)));
}

/// To the layer inside, a sequence is a batch of steps: outputs of less than a vector, of several, and of more than a
/// tile.
type EachStep<T> =
    (Gru<3, 8, T>, PerStep<(Linear<8, 130, T>, Gelu, Linear<130, 37, T>, Tanh, Linear<37, 4, T>)>, Softmax);

#[test]
fn a_layer_on_each_step() {
    check::<EachStep<f32>, 3, 4, f32>(&EachStep::init(&mut rng(9)));
    check::<EachStep<f64>, 3, 4, f64>(&EachStep::init(&mut rng(9)));
}

chainrule::network! {
    /// Two recurrent layers.
    struct Named: Sequence<STEPS, 3> => Sequence<STEPS, 4> {
        first: Lstm<3, 4>,
        act: Tanh,
        second: Gru<4, 4>,
    }
}

#[test]
fn a_network_with_named_fields() {
    let net = Named::init(&mut rng(3));
    let x = sequence::<3, f32>(5);
    let whole: Sequence<STEPS, 4> = net.predict(&x).unwrap();
    let mut state = StreamState::new(&net);
    for step in 0..STEPS {
        assert_eq!(net.step(&Vector(x.0[step]), &mut state).unwrap().0, whole.0[step]);
    }
}

/// The layers of vectors behind the last step give at each step the output for the sequence so far.
#[test]
fn a_classifier_of_the_sequence_so_far() {
    type Net = (Gru<2, 6>, LastStep, Linear<6, 3>, Tanh);
    let net = Net::init(&mut rng(4));
    let x = sequence::<2, f32>(3);
    let mut state = StreamState::new(&net);
    let y: Vec<Vector<3>> = x.0.iter().map(|x| net.step(&Vector(*x), &mut state).unwrap()).collect();
    let first: Sequence<5, 2> = Sequence(std::array::from_fn(|step| x.0[step]));
    assert_eq!(y[4], net.predict(&first).unwrap());
    assert_eq!(y[STEPS - 1], net.predict(&x).unwrap());

    type Highways = (Gru<2, 6>, LastStep, [Highway<(Linear<6, 6>, Tanh), 6>; 2], Linear<6, 3>);
    let net = Highways::init(&mut rng(4));
    let mut state = StreamState::new(&net);
    let y: Vec<Vector<3>> = x.0.iter().map(|x| net.step(&Vector(*x), &mut state).unwrap()).collect();
    assert_eq!(y[4], net.predict(&first).unwrap());
    assert_eq!(y[STEPS - 1], net.predict(&x).unwrap());
}

#[test]
fn a_copy_of_a_state_goes_on_from_there() {
    let net = Lstm::<1, 4>::init(&mut rng(5));
    let mut state = StreamState::new(&net);
    for step in 0..3 {
        net.step(&Vector([step as f32]), &mut state).unwrap();
    }
    let mut copy = state;
    let y = net.step(&Vector([1.0]), &mut state).unwrap();
    assert_eq!(net.step(&Vector([1.0]), &mut copy).unwrap(), y);
    assert_eq!(state.layers, copy.layers);
    assert_eq!(size_of_val(&state.layers), 2 * 4 * size_of::<f32>());
    assert_eq!(state.layers.hidden.0, y);
    assert_eq!(format!("{state:?}"), "StreamState(Lstm<1, 4>, 32 bytes)");
}

/// The past of a window of 3 with a dilation of 4 is 8 steps, and a place in them.
#[test]
fn a_causal_convolution_keeps_the_steps_that_its_window_still_covers() {
    type Net = Conv1dWith<2, 1, (Kernel<3>, Dilation<4>, Causal)>;
    let mut net = Net::zeros();
    *net.weight = [[[1.0], [0.0]], [[10.0], [0.0]], [[100.0], [0.0]]];
    let mut state = StreamState::new(&net);
    assert_eq!(size_of_val(&state.layers), 8 * 2 * size_of::<f32>() + size_of::<usize>());
    let steps: Vec<f32> = (1..=30).map(|step| step as f32).collect();
    let past = |at: usize, back: usize| at.checked_sub(back).map_or(0.0, |at| steps[at]);
    for (at, &x) in steps.iter().enumerate() {
        let mut copy = state;
        let y = net.step(&Vector([x, 7.0]), &mut state).unwrap();
        assert_eq!(y[0], 100.0 * x + 10.0 * past(at, 4) + past(at, 8), "step {at}");
        assert_eq!(net.step(&Vector([x, 7.0]), &mut copy).unwrap(), y);
        assert_eq!(state.layers, copy.layers);
    }
    let pointwise = Conv1d::<2, 3, 1>::zeros();
    assert_eq!(size_of_val(&StreamState::new(&pointwise).layers), size_of::<usize>());
}

/// A network may end in a pair, and begin with one.
#[test]
fn a_step_of_two_inputs() {
    type Net = (Parallel<Lstm<1, 2>, Conv1dWith<1, 2, (Kernel<2>, Causal)>>, Product);
    let net = Net::init(&mut rng(7));
    let [a, b] = [3, 8].map(sequence::<1, f32>);
    let whole: Sequence<STEPS, 2> = net.predict(&Pair(a, b)).unwrap();
    let mut state = StreamState::new(&net);
    for ((a, b), y) in a.0.into_iter().zip(b.0).zip(whole.0) {
        assert_eq!(net.step(&Pair(Vector(a), Vector(b)), &mut state).unwrap().0, y);
    }
    let error = net.step(&Pair(Vector([0.0]), Vector([f32::NAN])), &mut state).unwrap_err();
    assert!(matches!(error, chainrule::Error::NonFiniteData { element: 1, .. }), "{error}");
}

#[test]
fn a_number_that_is_not_finite_is_an_error_and_changes_nothing() {
    let net = <(Gru<1, 4>, Tanh)>::init(&mut rng(6));
    let mut state = StreamState::new(&net);
    net.step(&Vector([0.5]), &mut state).unwrap();
    let before = state.layers;
    let error = net.step(&Vector([f32::NAN]), &mut state).unwrap_err();
    assert!(matches!(error, chainrule::Error::NonFiniteData { what: "input", .. }), "{error}");
    assert!(before == state.layers);
}

/// The initial state of a recurrent layer is not a bias: it starts at 0 whatever the biases start at.
#[test]
fn an_initial_state_starts_at_zero() {
    let initializer = Initializer::default().bias_constant(0.1);
    let lstm = Lstm::<1, 2, f32, LearnedState>::init_with(initializer, &mut rng(1));
    assert_eq!((lstm.initial_hidden, lstm.initial_cell), (Vector([0.0; 2]), Vector([0.0; 2])));
    assert_eq!(lstm.bias_ih, [[0.1; 2]; 4]);
}
