//! A padded sequence gives the outputs and the gradients of the sequence of its length.

use chainrule::layer::{MeanOver, Steps};
use chainrule::prelude::*;
use chainrule::{Error, Real};

/// The longest sequence, and the length of one that is shorter.
const MOST: usize = 7;
const SHORT: usize = 4;

fn steps<const STEPS: usize>() -> [[f64; 3]; STEPS] {
    std::array::from_fn(|t| std::array::from_fn(|at| 1.5 * ((5 * t + 2 * at) as f64 * 0.7).sin()))
}

/// Compares the output, the gradient of the input and those of all parameters with those of a sequence.
fn check<N, Y: Tensor<Scalar = f64>>(name: &str)
where
    N: Maps<Padded<MOST, 3, f64>, Y> + Maps<Sequence<SHORT, 3, f64>, Y> + Maps<Sequence<MOST, 3, f64>, Y>,
{
    let net = N::init(&mut rng(1));
    let cotangent = {
        let mut numbers = Y::zeroed();
        numbers.as_mut_slice().iter_mut().enumerate().for_each(|(at, u)| *u = 1.0 + at as f64);
        numbers
    };
    let batch = [Padded::new(&steps::<SHORT>()).unwrap(), Padded::new(&steps::<MOST>()).unwrap()];
    let (short, full) = (Sequence(steps::<SHORT>()), Sequence(steps::<MOST>()));

    let outputs: Vec<Y> = net.predict_batch(&batch).unwrap();
    let expected: [Y; 2] = [net.predict(&short).unwrap(), net.predict(&full).unwrap()];
    let (grads, mut gradient) = net.vjp(&batch, &[cotangent; 2]).unwrap();
    let (short_grads, short_gradient) = net.vjp(&[short], &[cotangent]).unwrap();
    let (full_grads, full_gradient) = net.vjp(&[full], &[cotangent]).unwrap();

    for (ours, expected) in outputs.iter().zip(&expected) {
        close(name, ours.as_slice(), expected.as_slice());
    }
    close(name, &grads[0].0.as_flattened()[..SHORT * 3], short_grads[0].0.as_flattened());
    assert!(grads[0].0[SHORT..].iter().flatten().all(|&dx| dx == 0.0), "{name}: the padding has a gradient");
    close(name, grads[1].0.as_flattened(), full_grads[0].0.as_flattened());
    assert!(gradient.norm() > 1e-3 || N::COUNT == 0, "{name}: there is no gradient");
    gradient.add_scaled(-1.0, &short_gradient);
    gradient.add_scaled(-1.0, &full_gradient);
    assert!(gradient.norm() < 1e-12, "{name}: the gradients of the parameters differ by {}", gradient.norm());
}

fn close<T: Real>(name: &str, ours: &[T], expected: &[T]) {
    assert_eq!(ours.len(), expected.len());
    for (ours, expected) in ours.iter().zip(expected) {
        assert!((ours.to_f64() - expected.to_f64()).abs() < 1e-12, "{name}: {ours:?} and {expected:?}");
    }
}

/// Transformers: no step sees the padding, in blocks of both kinds, with a shortcut that has weights, and in a pair.
#[test]
fn padding_changes_no_transformer() {
    type T = f64;
    type Wide = PerStep<Linear<3, 6, T>>;
    type Block<M> = TransformerBlock<6, 2, 8, M, Gelu, T>;
    check::<(Wide, [Block<NoMask>; 2], LastStep), Vector<6, T>>("an encoder");
    type Turned = TransformerBlock<6, 1, 8, (Causal, Rotary), Gelu, T>;
    check::<(Wide, Turned, MeanOver<Steps>), Vector<6, T>>("a causal block with rotary positions");
    type Post = PostNormTransformerBlock<6, 3, 8, NoMask, Tanh, T>;
    check::<(Wide, [Post; 2], MeanOver<Steps>), Vector<6, T>>("norms behind the sums");
    check::<
        (Residual<PerStep<(Linear<3, 4, T>, Tanh)>, PerStep<Linear<3, 4, T, NoBias>>>, LastStep),
        Vector<4, T>,
    >("a shortcut");
    type Decoder = TransformerDecoder<6, 2, 8, 2, Causal, Relu, T>;
    check::<(Wide, Duplicate, Parallel<Identity, [Block<NoMask>; 1]>, Decoder, LastStep), Vector<6, T>>(
        "a decoder",
    );
}

/// In a residual block by itself, where no layer behind it sets the gradient of the padding to 0.
#[test]
fn the_padding_of_a_residual_block_has_no_gradient() {
    use crate::common::{backward, forward};
    let net = <Residual<PerStep<Linear<3, 3, f64>>>>::init(&mut rng(1));
    let input = [Padded::<MOST, 3, f64>::new(&steps::<SHORT>()).unwrap()];
    let mut workspace = Workspace::default();
    let output = forward(&*net, &input, &mut workspace, &mut Mode::Evaluate);
    let (grads, _) = backward(&*net, &input, &output, &[Sequence([[1.0; 3]; MOST])], &mut workspace, None);
    assert!(grads[0].0[..SHORT].iter().flatten().all(|&dx| dx != 0.0));
    assert!(grads[0].0[SHORT..].iter().flatten().all(|&dx| dx == 0.0));
}

#[test]
fn padding_changes_neither_outputs_nor_gradients() {
    type T = f64;
    type Forward = (Lstm<3, 4, T>, LastStep);
    type Backward = (Reverse, Gru<3, 5, T>, LastStep);
    check::<(Lstm<3, 4, T, LearnedState>, LastStep), Vector<4, T>>("an LSTM");
    check::<(Gru<3, 4, T>, LastStep, Linear<4, 2, T>), Vector<2, T>>("a GRU");
    check::<(Rnn<3, 4, Tanh, T>, MeanOver<Steps>), Vector<4, T>>("the mean of an RNN");
    check::<(Reverse, LastStep), Vector<3, T>>("the first step");
    check::<(PerStep<(Linear<3, 4, T>, Tanh)>, Lstm<4, 2, T>, Gru<2, 3, T>, LastStep), Vector<3, T>>(
        "a stack",
    );
    check::<(Concat<(Forward, Backward)>, Linear<9, 2, T>), Vector<2, T>>("both directions");
}

/// The layers give padded sequences, whose steps behind the end are 0.
#[test]
fn the_output_is_padded_too() {
    let net = <(Lstm<3, 4, f64>, PerStep<Linear<4, 2, f64>>, Reverse)>::init(&mut rng(2));
    let input = Padded::<MOST, 3, f64>::new(&steps::<SHORT>()).unwrap();
    let output: Padded<MOST, 2, f64> = net.predict(&input).unwrap();
    let expected: Sequence<SHORT, 2, f64> = net.predict(&Sequence(steps::<SHORT>())).unwrap();
    assert_eq!(output.length(), SHORT);
    close("steps", output.steps().collect::<Vec<_>>().as_flattened(), expected.0.as_flattened());
    let mut whole = Sequence([[1.0; 2]; MOST]);
    output.write_to(&mut whole);
    assert!(whole.0[SHORT..].iter().flatten().all(|&y| y == 0.0));
}

#[test]
fn the_length_and_the_numbers_are_checked() {
    let error = Padded::<MOST, 1>::new(&[[0.0]; MOST + 1]).unwrap_err();
    assert_eq!(error, Error::SequenceLength { found: MOST + 1, most: MOST });
    assert_eq!(error.to_string(), "the sequence has 8 steps, but its type allows 1 to 7");
    assert!(Padded::<MOST, 1>::new(&[]).is_err());

    let net = <(Gru<1, 2>, LastStep)>::init(&mut rng(1));
    let input = Padded::<MOST, 1>::new(&[[0.5], [f32::NAN]]).unwrap();
    let result: Result<Vector<2>, Error> = net.predict(&input);
    assert!(matches!(result, Err(Error::NonFiniteData { sample: 0, element: 1, .. })));
}

#[test]
fn a_padded_sequence_is_serialized_without_its_padding() {
    let padded = Padded::<5, 2>::new(&[[1.0, 2.0], [3.0, 4.5]]).unwrap();
    let text = serde_json::to_string(&padded).unwrap();
    assert_eq!(text, "[[1.0,2.0],[3.0,4.5]]");
    assert_eq!(serde_json::from_str::<Padded<5, 2>>(&text).unwrap(), padded);
    let error = serde_json::from_str::<Padded<1, 2>>(&text).unwrap_err().to_string();
    assert!(error.starts_with("the sequence has 2 steps, but its type allows 1 to 1"), "{error}");
}

/// Gradient flow sees the recurrent layer, also through time.
#[test]
fn gradient_flow_takes_padded_sequences() {
    let net = <(Lstm<3, 4>, LastStep)>::init(&mut rng(1));
    let inputs = [Padded::<MOST, 3>::new(&[[0.5; 3]; SHORT]).unwrap(); 2];
    let targets = [Vector([0.1; 4]); 2];
    let flow = net.flow(&MeanSquaredError, &inputs, &targets).unwrap();
    assert!(flow.to_string().contains("Lstm<3, 4>"), "{flow}");
    println!("{flow}");
}

/// Which of two numbers came first, in sequences of 2 to 12 steps: only the real steps tell.
#[test]
fn a_network_learns_from_sequences_of_unequal_lengths() {
    use chainrule::rand::RngExt;
    type Net = (Gru<1, 8>, LastStep, Linear<8, 2>);
    let mut random = rng(3);
    let mut sequences = |count: usize| -> (Vec<Padded<12, 1>>, Vec<Label<2>>) {
        (0..count)
            .map(|_| {
                let positive = random.random_bool(0.5);
                let mut steps = vec![[0.0]; random.random_range(2..=12)];
                steps[0][0] = if positive { 1.0 } else { -1.0 };
                (Padded::new(&steps).unwrap(), Label::new(usize::from(positive)).unwrap())
            })
            .unzip()
    };
    let (train, test) = (sequences(200), sequences(100));
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.02), 1);
    for _ in 0..60 {
        trainer.step(&train.0, &train.1).unwrap();
    }
    let outputs: Vec<Vector<2>> = trainer.network.predict_batch(&test.0).unwrap();
    let right = outputs.iter().zip(&test.1).filter(|(y, label)| Label::from_scores(y) == **label).count();
    assert_eq!(right, 100);
}

/// The plan is that of the layer on sequences: the same theory holds.
#[test]
fn a_layer_on_padded_sequences_has_the_effect_that_it_has_on_sequences() {
    use chainrule::expected_flow;
    type Net = (Lstm<2, 16>, LastStep, Linear<16, 1>);
    let [padded, sequence] =
        [expected_flow::<Net, Padded<100, 2>>(), expected_flow::<Net, Sequence<100, 2>>()];
    assert_eq!(format!("{padded:?}"), format!("{sequence:?}"));
}
