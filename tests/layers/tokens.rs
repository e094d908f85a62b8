//! Layers of tokens: against finite differences and PyTorch, on streams, tied and untied, and what is said of them.

use std::marker::PhantomData;

use crate::common::{TokenInputs, backward, bits, every_token_row, forward, inputs, trained};
use crate::fixtures::{Group, Named, Numbers};
use bytemuck::Pod;
use chainrule::gradcheck::gradcheck;
use chainrule::layer::Effect;
use chainrule::prelude::*;
use chainrule::stream::{Stream, StreamState};
use chainrule::{Error, ExpectedState, Real, expected_flow, network};
use serde::Deserialize;

/// Makes tokens of their indices as numbers, so that finite differences can be taken: those by the numbers are 0. A
/// padded sequence ends at the first -1.
#[derive(Parameters)]
#[parameters(name = "AsTokens")]
struct AsTokens<X: 'static> {
    #[parameter(skip)]
    tokens: PhantomData<fn() -> X>,
}

type Indices = Vector<5, f64>;

impl<X: TokenInputs + Pod> Layer<Indices> for AsTokens<X> {
    type Output = X;

    fn forward(&self, input: &[Indices], output: &mut [X], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        for (x, y) in input.iter().zip(output) {
            *y = X::of_indices(&x.0.map(|x| x.round() as i64)[..X::INDICES]);
        }
    }

    fn backward(&self, pass: Backward<'_, Indices, Self>) {
        pass.input_grad.into_iter().flatten().for_each(|dx| *dx = Vector([0.0; 5]));
    }
}

fn check<L: Maps<X, Y>, X: TokenInputs + Pod, Y: Tensor<Scalar = f64>>(name: &str) {
    let numbers = |x: &X| {
        let mut numbers = Vector([-1.0; 5]);
        x.indices().iter().zip(&mut numbers.0).for_each(|(&index, number)| *number = index as f64);
        numbers
    };
    let inputs: Vec<Indices> = X::token_inputs(6).iter().map(numbers).collect();
    for seed in 0..3 {
        let layer = <(AsTokens<X>, L)>::init_with(Initializer::he_normal(), &mut rng(seed));
        let report = gradcheck(&layer, &inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(report.checked, 6 * 5 + trained(&layer), "{name}");
        println!("{name}: {} numbers, worst relative error {:.1e}", report.checked, report.worst);
    }
}

#[test]
fn every_gradient_is_that_of_finite_differences() {
    type T = f64;
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            check::<$layer, $input, _>(stringify!($name));
        };
    }
    every_token_row!(case);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    input: Numbers,
    parameters: Named,
    output: Numbers,
    cotangent: Numbers,
    gradient: Named,
}

fn compare<L: Layer<X, Output: Tensor>, X: TokenInputs>(group: &mut Group<Case>, name: &str) {
    let Some(case) = group.take(name) else { return };
    let layer: Owned<L> = group.network(name, &case.parameters);
    let indices = |numbers: &[f64]| numbers.iter().map(|&index| index as i64).collect::<Vec<_>>();
    let input: Vec<X> = case.input.samples().map(|sample| X::of_indices(&indices(sample))).collect();
    assert_eq!(input, X::token_inputs(input.len()), "{name}: the inputs of make.py");
    let mut workspace = Workspace::default();
    let output = forward(&*layer, &input, &mut workspace, &mut Mode::Train(&mut rng(0)));
    group.close_batch(&format!("{name} output"), &output, &case.output);
    let cotangent: Vec<L::Output> = group.batch(&format!("{name} cotangent"), &case.cotangent);
    let (_, gradient) = backward(&*layer, &input, &output, &cotangent, &mut workspace, None);
    group.close_parameters(&format!("{name} gradient of"), &gradient, &case.gradient);
}

#[test]
fn every_row_has_the_numbers_of_pytorch() {
    macro_rules! in_scalar {
        ($scalar:ident) => {{
            type T = $scalar;
            let mut group = Group::load::<T>("tokens");
            macro_rules! case {
                ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                    compare::<$layer, $input>(&mut group, stringify!($name));
                };
            }
            every_token_row!(case);
            group.conclude();
        }};
    }
    in_scalar!(f32);
    in_scalar!(f64);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lazy {
    inputs: Numbers,
    targets: Numbers,
    before: Named,
    losses: Numbers,
    after: Named,
}

/// Both add ε at another place, and so it is 1e-15 there and here.
#[test]
fn lazy_rows_are_those_of_sparse_adam() {
    type Net = (Embedding<9, 4, f64>, Linear<4, 2, f64>);
    let mut group = Group::<Lazy>::load::<f64>("lazy");
    let case = group.take("sparse_adam").unwrap();
    let inputs: Vec<Token<9>> =
        case.inputs.numbers().iter().map(|&index| Token::new(index as usize).unwrap()).collect();
    let targets: Vec<Vector<2, f64>> = group.batch("targets", &case.targets);
    let train = |network: Owned<Net>, adam: Adam<Net>| {
        let mut trainer = Trainer::new(network, MeanSquaredError, adam.epsilon(1e-15), 1);
        let losses = (0..20).map(|step| {
            let batch = step % 4 * 3..step % 4 * 3 + 3;
            trainer.step(&inputs[batch.clone()], &targets[batch]).unwrap()
        });
        let losses: Vec<f64> = losses.collect();
        (losses, trainer.network)
    };
    let before: Owned<Net> = group.network("before", &case.before);
    let (losses, after) = train(before.clone(), Adam::new(0.02).lazy_rows());
    group.close("losses", &losses, case.losses.numbers());
    group.close_parameters("after", &after, &case.after);
    group.conclude();
    let (_, other) = train(before, Adam::new(0.02));
    assert!((other.0.weight[6].0[0] - after.0.weight[6].0[0]).abs() > 1e-3, "the two algorithms differ");
}

/// Rows of large numbers are looked up as they are, and a NaN in one gets to the samples with its token only.
#[test]
fn a_table_of_extreme_numbers_is_looked_up_number_by_number() {
    let mut table = Embedding::<7, 3>::zeros();
    let rows = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, -0.0, 1e-45, f32::NAN, 1.0];
    *table.weight = rows.map(|x| Vector([x; 3]));
    let tokens: Vec<Token<7>> = Token::all().collect();
    let y = forward(&*table, &tokens, &mut Workspace::default(), &mut Mode::Evaluate);
    for (y, row) in y.iter().zip(rows) {
        assert_eq!(y.0.map(f32::to_bits), [row.to_bits(); 3]);
    }
    let cotangents = vec![Vector([f32::MAX; 3]); 7];
    let (_, gradient) = backward(&*table, &tokens, &y, &cotangents, &mut Workspace::default(), None);
    assert_eq!(*gradient.weight, [Vector([f32::MAX; 3]); 7]);
    let error = table.predict_batch::<_, Vector<3>>(&tokens).unwrap_err();
    assert!(matches!(error, Error::NonFiniteOutput { sample: 5, element: 0, .. }), "{error}");
}

/// The gradients of the embedding and of the output layer of a network whose two tables are equal.
fn untied<X: TokenInputs, Y: Tensor<Scalar = f64>, B>(body: &B)
where
    B: Parameters + Clone,
    Tied<11, 4, B, f64>: Maps<X, Y>,
    (Embedding<11, 4, f64>, B, PerStep<Linear<4, 11, f64, NoBias>>): Maps<X, Y>,
{
    let mut tied = <Tied<11, 4, B, f64>>::zeros();
    let mut apart = <(Embedding<11, 4, f64>, B, PerStep<Linear<4, 11, f64, NoBias>>)>::zeros();
    tied.embedding = Embedding::init(&mut rng(3)).into_inner();
    tied.body = body.clone();
    (apart.0, apart.1) = (tied.embedding.clone(), body.clone());
    for (row, column) in (0..11).flat_map(|row| (0..4).map(move |column| (row, column))) {
        apart.2.layer.weight[column].0[row] = tied.embedding.weight[row].0[column];
    }
    let (x, mut workspace) = (X::token_inputs(5), Workspace::default());
    let dy = inputs::<Y>(5);
    let y = forward(&*tied, &x, &mut workspace, &mut Mode::Evaluate);
    let (_, gradient) = backward(&*tied, &x, &y, &dy, &mut workspace, None);
    let z = forward(&*apart, &x, &mut workspace, &mut Mode::Evaluate);
    let (_, parts) = backward(&*apart, &x, &z, &dy, &mut workspace, None);
    approx::assert_relative_eq!(*Y::flat(&y), *Y::flat(&z), max_relative = 1e-12, epsilon = 1e-12);
    let mut sum = parts.0.weight;
    for (row, column) in (0..11).flat_map(|row| (0..4).map(move |column| (row, column))) {
        sum[row].0[column] += parts.2.layer.weight[column].0[row];
    }
    for (found, expected) in gradient.embedding.weight.iter().zip(sum.iter()) {
        approx::assert_relative_eq!(found, expected, max_relative = 1e-10, epsilon = 1e-12);
    }
    approx::assert_relative_eq!(
        gradient.body.parameters(),
        parts.1.parameters(),
        max_relative = 1e-10,
        epsilon = 1e-12
    );
    assert_eq!(gradient.embedding.weight.touched(), 11, "the output gives each row a gradient");
}

#[test]
fn the_gradient_of_a_tied_table_is_the_sum_of_those_of_two() {
    type Body = (LearnedPositions<6, 4, f64>, Gru<4, 4, f64>);
    untied::<Tokens<5, 11>, Sequence<5, 11, f64>, Body>(&Body::init(&mut rng(1)));
}

#[test]
fn a_tied_table_is_one_parameter() {
    type Net = Tied<11, 4, (Gru<4, 4>, PerStep<Linear<4, 4>>)>;
    let mut paths = vec![];
    chainrule::layer::describe::<Net>(&mut |parameter| paths.push(parameter.path.to_string()));
    assert_eq!(
        (paths[0].as_str(), paths.iter().filter(|path| path.contains("embedding")).count()),
        ("embedding.weight", 1)
    );
    let summary = Net::summary::<Tokens<5, 11>>();
    assert_eq!(summary.parameters, Net::COUNT);
    assert_eq!(summary.rows.iter().map(|row| row.parameters).sum::<usize>(), Net::COUNT, "{summary}");
    let last = summary.rows.last().unwrap();
    assert_eq!((last.path.as_str(), last.multiply_adds), ("output", 5 * 4 * 11));
}

#[test]
fn gradient_flow_shows_the_parts_of_a_tied_network() {
    type Net = (Tied<11, 4, (Gru<4, 4>, PerStep<Linear<4, 4>>)>,);
    let net = Net::init(&mut rng(1));
    let targets: Vec<[Label<11>; 5]> =
        Tokens::<5, 11>::token_inputs(3).iter().map(|tokens| tokens.0).collect();
    let flow = net.flow(&CrossEntropy::default(), &Tokens::<5, 11>::token_inputs(3), &targets).unwrap();
    let found: Vec<_> = flow.layers.iter().map(|layer| (layer.path.as_str(), layer.layer.as_str())).collect();
    for expected in
        [("0.embedding", "Embedding<11, 4>"), ("0.body.0", "Gru<4, 4>"), ("0.output", "TiedOutput<4, 11>")]
    {
        assert!(found.contains(&expected), "{found:?}");
    }
    println!("{flow}");
}

/// Steps through the tokens, and compares with the whole sequence, to the bit.
fn steps<N, const WIDTH: usize, T: Real>(net: &Owned<N>)
where
    N: Stream<Token<11>, Output = Vector<WIDTH, T>> + Maps<Tokens<5, 11>, Sequence<5, WIDTH, T>>,
{
    for tokens in Tokens::<5, 11>::token_inputs(6) {
        let whole: Sequence<5, WIDTH, T> = net.predict(&tokens).unwrap();
        let mut state = StreamState::new(net);
        for (token, expected) in tokens.0.iter().zip(whole.0) {
            let y = net.step(token, &mut state).unwrap();
            let bits = |y: &[T; WIDTH]| y.map(|y| y.to_f64().to_bits());
            assert_eq!(bits(&y.0), bits(&expected));
        }
    }
}

#[test]
fn a_stream_of_tokens_gives_the_steps_of_the_sequence() {
    network! {
        struct Named: Tokens<5, 11> => Sequence<5, 3> {
            embedding: Embedding<11, 6>,
            positions: LearnedPositions<5, 6>,
            gru: Gru<6, 3>,
        }
    }
    macro_rules! in_scalar {
        ($T:ident) => {{
            type Waves = (Embedding<11, 6, $T>, SinusoidalPositions, Gru<6, 3, $T>);
            steps::<_, 3, $T>(&Waves::init(&mut rng(1)));
            type Odd = (Embedding<11, 5, $T>, Residual<SinusoidalPositions>);
            steps::<_, 5, $T>(&Odd::init(&mut rng(1)));
            type Learned = (Embedding<11, 6, $T>, LearnedPositions<9, 6, $T>, Gru<6, 3, $T>);
            steps::<_, 3, $T>(&Learned::init(&mut rng(1)));
            type Model = Tied<11, 6, (SinusoidalPositions, Gru<6, 6, $T>), $T>;
            steps::<_, 11, $T>(&Model::init(&mut rng(1)));
        }};
    }
    in_scalar!(f32);
    in_scalar!(f64);
    steps::<_, 3, f32>(&Named::init(&mut rng(1)));
}

/// 100,000 steps, where angles by a recurrence would be off.
#[test]
fn waves_are_those_of_the_sequence_far_from_its_start() {
    let net = <(SinusoidalPositions,)>::zeros();
    let mut state = StreamState::new(&net);
    let mut last = Vector([0.0_f64; 4]);
    for _ in 0..100_001 {
        last = net.step(&Vector([0.0_f64; 4]), &mut state).unwrap();
    }
    let expected = [1.0, 0.01].map(|frequency| 100_000.0_f64 * frequency);
    let expected = Vector([expected[0].sin(), expected[0].cos(), expected[1].sin(), expected[1].cos()]);
    approx::assert_abs_diff_eq!(last, expected, epsilon = 1e-11); // 1e5 u in the angle
}

#[test]
fn a_stream_behind_the_last_position_is_an_error_that_names_the_layer() {
    type Net = (
        Embedding<11, 4>,
        Residual<(
            SinusoidalPositions,
            [Concat<(LearnedPositions<3, 4>, Identity)>; 1],
            PerStep<Linear<8, 4>>,
        )>,
        LearnedPositions<4, 4>,
    );
    type Inner = (Embedding<11, 4>, Residual<[Evaluate<LearnedPositions<3, 4>>; 2]>, LearnedPositions<4, 4>);
    let net = Inner::init(&mut rng(1));
    let mut state = StreamState::new(&net);
    let token = Token::<11>::new(2).unwrap();
    for _ in 0..3 {
        net.step(&token, &mut state).unwrap();
    }
    let before = state;
    for _ in 0..2 {
        let error = net.step(&token, &mut state).unwrap_err();
        assert!(matches!(error, Error::StreamEnd { steps: 3, .. }));
        assert_eq!(
            error.to_string(),
            "the stream ends after 3 steps, because `LearnedPositions<3, 4>` has no more positions: start a new \
             `StreamState`, or use `SinusoidalPositions` or `Rotary`, which have no end"
        );
    }
    assert_eq!(format!("{:?}", state.layers), format!("{:?}", before.layers), "the state has not changed");
    net.step(&token, &mut StreamState::new(&net)).unwrap();
    assert_eq!(<Net as Parameters>::COUNT, 11 * 4 + 3 * 4 + 8 * 4 + 4 + 4 * 4);

    // A layer of a user that does not ask for the end gets NaN, which is an error too.
    let positions = LearnedPositions::<2, 1>::zeros();
    let (mut output, mut state) = (Vector([0.0]), Stream::<Vector<1>>::start(&*positions));
    for step in 0..4 {
        positions.step_into(&Vector([1.0]), &mut output, &mut state);
        assert_eq!(output.0[0].is_nan(), step > 1);
    }
}

#[test]
fn sizes_of_tokens_are_inferred() {
    trait Is<T> {}
    impl<T> Is<T> for T {}
    fn same<A: Is<B>, B>() {}
    same::<Infer<Token<65>, EmbeddingTo<8>>, Embedding<65, 8>>();
    same::<
        Infer<Tokens<16, 65>, (EmbeddingTo<8, f64>, AutoLearnedPositions)>,
        (Embedding<65, 8, f64>, LearnedPositions<16, 8, f64>),
    >();
    same::<
        Infer<PaddedTokens<16, 65>, (EmbeddingTo<8>, AutoLearnedPositions)>,
        (Embedding<65, 8>, LearnedPositions<16, 8>),
    >();
    same::<Infer<Tokens<16, 65>, Tied<65, 8, GruTo<8>>>, Tied<65, 8, Gru<8, 8>>>();
    type T = f32;
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            same::<Infer<$input, $layer>, $layer>();
        };
    }
    every_token_row!(case);
}

/// Theory knows what a table gives, and not what waves do.
#[test]
fn what_is_expected_of_a_table_is_measured() {
    type Net = (
        Embedding<500, 64>,
        LearnedPositions<4, 64>,
        LayerNorm<Vector<64>>,
        PerStep<(Linear<64, 64>, Tanh)>,
        LastStep,
        Linear<64, 10>,
    );
    const FLOW: chainrule::ExpectedFlow = expected_flow::<Net, Tokens<4, 500>>();
    assert_eq!(FLOW.state, ExpectedState::Healthy, "{FLOW}");
    let net = Net::init(&mut rng(1));
    let square = |rows: &[Vector<64>]| {
        let numbers = Vector::flat(rows).iter().map(|x| x.to_f64().powi(2));
        numbers.sum::<f64>() / (64 * rows.len()) as f64
    };
    approx::assert_relative_eq!(square(&*net.0.weight), 1.0 / 64.0, max_relative = 0.05);
    approx::assert_relative_eq!(square(&*net.1.weight), 1.0 / 64.0, max_relative = 0.3);
    let effect = <Embedding<500, 64> as Layer<Tokens<4, 500>>>::PLAN.effect;
    assert!(matches!(effect, Effect::Table));

    type Waves = (Embedding<500, 64>, SinusoidalPositions, PerStep<Linear<64, 64>>, LastStep);
    const UNKNOWN: chainrule::ExpectedFlow = expected_flow::<Waves, Tokens<4, 500>>();
    assert_ne!(UNKNOWN.state, ExpectedState::Healthy);
    println!("{FLOW}\n{UNKNOWN}\n{}", <Net as chainrule::Network>::summary::<Tokens<4, 500>>());
    println!("{:?}", chainrule::budget::<Net, Tokens<4, 500>>());
}

#[test]
fn tokens_are_lists_of_indices_in_json() {
    let tokens = Tokens::<3, 11>::from_indices(&[4, 10, 0]).unwrap();
    let text = serde_json::to_string(&tokens).unwrap();
    assert_eq!(text, "[4,10,0]");
    assert_eq!(serde_json::from_str::<Tokens<3, 11>>(&text).unwrap(), tokens);
    let padded = PaddedTokens::<8, 11>::from_indices(&[4, 10, 0]).unwrap();
    assert_eq!(serde_json::to_string(&padded).unwrap(), text);
    assert_eq!(serde_json::from_str::<PaddedTokens<8, 11>>(&text).unwrap(), padded);
    for wrong in ["[4,11,0]", "[4,1]", "[4,1,2,3]", "7", "[-1,0,0]"] {
        assert!(serde_json::from_str::<Tokens<3, 11>>(wrong).is_err(), "{wrong}");
    }
    for wrong in ["[]", "[4,11]", "[0,0,0,0,0,0,0,0,0]"] {
        assert!(serde_json::from_str::<PaddedTokens<8, 11>>(wrong).is_err(), "{wrong}");
    }
    let _ = bits(&Embedding::<2, 2>::zeros());
}
