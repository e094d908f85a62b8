//! Training allocates nothing after the first step, and inference nothing after the first call.
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::allocator::{allocations, count_together};
use crate::common::{
    TokenInputs, each_optimizer, every_combinator, every_layer, every_network, every_token_row, inputs,
};
use chainrule::prelude::*;

#[test]
fn the_counter_sees_each_way_of_asking_for_memory() {
    assert_eq!(allocations(|| ()), 0);
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7)))), 1);
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![0_u8; 100]))), 1); // zeroed
    let mut grows = vec![1];
    assert_eq!(allocations(|| grows.reserve_exact(1000)), 1); // moved to a larger place
    assert_eq!(allocations(|| drop(std::hint::black_box(Linear::<9, 1>::zeros()))), 1);
}

const FULL: usize = 8;
const LAST: usize = 3;

/// Steps on a full batch, and then: a full one, a smaller last one, a single sample, a full one again.
fn assert_only_the_first_step_allocates(name: &str, mut step: impl FnMut(usize)) {
    let first = allocations(|| step(FULL));
    assert!(first > 0, "{name}: the first step allocates nothing: is it counted at all?");
    let later = allocations(|| [FULL, LAST, 1, FULL].into_iter().for_each(step));
    assert_eq!(later, 0, "{name}: the steps after the first allocate");
}

/// With the trainer, and with a training loop without it.
fn train<N, X, Y, O>(name: &str, optimizer: impl Fn() -> O)
where
    N: Maps<X, Y>,
    X: Tensor,
    Y: Tensor,
    O: Optimizer<N>,
{
    let (xs, ys) = (inputs::<X>(FULL), inputs::<Y>(FULL));

    let mut trainer = Trainer::new(N::init(&mut rng(1)), Huber::new(1.0), optimizer(), 1);
    assert_only_the_first_step_allocates(name, |samples| {
        trainer.step(&xs[..samples], &ys[..samples]).unwrap();
    });

    let (mut net, mut gradient, mut workspace) = (N::init(&mut rng(1)), N::zeros(), Workspace::default());
    let (mut optimizer, mut rng) = (optimizer(), rng(2));
    assert_only_the_first_step_allocates(name, |samples| {
        let (xs, ys) = (&xs[..samples], &ys[..samples]);
        net.loss_gradient(&MeanSquaredError, xs, ys, &mut workspace, &mut gradient, &mut rng).unwrap();
        optimizer.step(&mut net, &gradient).unwrap();
    });
}

/// With every optimizer.
macro_rules! train {
    ($name:ident: $network:ty, $input:ty => $output:ty) => {
        #[test]
        fn $name() {
            type N = $network;
            train::<N, $input, $output, _>("Sgd", || Sgd::<N>::new(0.01));
            train::<N, $input, $output, _>("Sgd, momentum", || Sgd::<N>::new(0.01).momentum(0.9));
            train::<N, $input, $output, _>("Sgd, Nesterov", || Sgd::<N>::new(0.01).nesterov(0.9));
            train::<N, $input, $output, _>("RmsProp", || RmsProp::<N>::new(0.01));
            train::<N, $input, $output, _>("Adam", || Adam::<N>::new(0.01));
            train::<N, $input, $output, _>("AdamW", || AdamW::<N>::new(0.01));
        }
    };
}

#[test]
fn every_optimizer_allocates_only_in_its_first_step() {
    type N = (Linear<20, 33>, Relu, Linear<33, 4>);
    macro_rules! case {
        ($name:literal, |$rate:ident| $new:expr) => {
            train::<N, Vector<20>, Vector<4>, _>($name, || {
                let $rate = 0.01;
                $new
            });
        };
    }
    each_optimizer!(case);
    let freeze = || FreezeParameters::new(Adam::<N>::new(0.01), ["0", "2.bias"]);
    train::<N, Vector<20>, Vector<4>, _>("FreezeParameters", freeze);
}

#[test]
fn l_bfgs_allocates_nothing_once_its_history_is_full() {
    type N = (Linear<20, 33>, Tanh, Linear<33, 4>);
    let (xs, ys) = (inputs::<Vector<20>>(FULL), inputs::<Vector<4>>(FULL));
    let (mut net, mut workspace) = (N::init(&mut rng(1)), Workspace::default());
    let mut optimizer = Lbfgs::new().history(3).max_iterations(5).max_evaluations(99);
    let mut minimize = || {
        let evaluate = |net: &N, gradient: &mut N| {
            net.loss_gradient(&MeanSquaredError, &xs, &ys, &mut workspace, gradient, &mut rng(0))
        };
        assert_eq!(optimizer.minimize(&mut net, evaluate).unwrap().iterations, 5);
    };
    assert!(allocations(&mut minimize) > 0);
    assert_eq!(allocations(&mut minimize), 0);
}

train!(a_tuple_allocates_only_in_its_first_step:
    (Linear<20, 33>, Relu, Linear<33, 9>, PRelu, Linear<9, 4>), Vector<20> => Vector<4>);
train!(an_array_of_residual_blocks_allocates_only_in_its_first_step:
    (Linear<6, 16>, [(Residual<(Tanh, Linear<16, 16>)>, Tanh); 12], Linear<16, 3>), Vector<6> => Vector<3>);
train!(a_nested_stack_with_dropout_allocates_only_in_its_first_step: (
    Dense<Image<2, 4, 4, f64>, Sequence<3, 8, f64>>,
    Residual<(Dropout<20>, Gelu, Residual<[(Dropout<50>, Silu); 3]>)>,
    (Softmax, (Residual<(Elu, Dense<Sequence<3, 8, f64>, Vector<5, f64>>), Dense<Sequence<3, 8, f64>, Vector<5, f64>, NoBias>>,)),
    LogSoftmax,
), Image<2, 4, 4, f64> => Vector<5, f64>);

#[test]
fn a_classifier_allocates_only_in_its_first_step() {
    type Net = (Linear<12, 24>, Relu, Dropout<20>, Linear<24, 10>);
    let xs = inputs::<Vector<12>>(FULL);
    let labels: Vec<_> = Label::<10>::all().take(FULL).collect();
    let loss = CrossEntropy::smoothed(0.1);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), loss, Adam::new(0.01), 1);
    assert_only_the_first_step_allocates("cross-entropy", |samples| {
        trainer.step(&xs[..samples], &labels[..samples]).unwrap();
    });

    let shares = vec![Vector([0.1; 10]); FULL];
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), BinaryCrossEntropy, Adam::new(0.01), 1);
    assert_only_the_first_step_allocates("binary cross-entropy", |samples| {
        trainer.step(&xs[..samples], &shares[..samples]).unwrap();
    });
}

#[test]
fn losses_of_steps_and_pixels_and_of_two_heads_allocate_nothing() {
    fn check<Y: Tensor, Target>(name: &str, loss: impl Loss<Y, Target>, target: Target) {
        let (outputs, mut gradients) = (inputs::<Y>(1), inputs::<Y>(1));
        let asked = allocations(|| {
            let targets = std::slice::from_ref(&target);
            loss.mean(&outputs, targets).unwrap();
            loss.mean_and_gradient(&outputs, targets, &mut gradients).unwrap();
        });
        assert_eq!(asked, 0, "{name}");
    }
    let label = Label::<3>::of::<1>();
    let weighted = CrossEntropy::smoothed(0.1).weights([0.5, 1.0, 2.0]);
    check::<Sequence<40, 3>, _>("steps", weighted, [label; 40]);
    check::<Image<3, 9, 9>, _>("pixels", weighted, [[Some(label); 9]; 9]);
    check::<Sequence<40, 3>, _>("likelihood", NllLoss, [label; 40]);
    check::<Sequence<40, 3>, _>("paths", Ctc, Labels::<3, 8>::new(&[label; 5]).unwrap());
    check::<Sequence<2, 8>, _>("normal", GaussianNllLoss::of_log_variances(), Vector([0.5; 8]));
    check::<Sequence<3, 8>, _>("triplet", TripletMargin::default(), ());
    check::<Sequence<2, 8>, _>("cosine", CosineEmbedding::default(), true);
    check::<Vector<3>, _>("margin", MultiMargin::default(), label);
    check::<Vector<3>, _>("margins", MultiLabelMargin, Vector([1.0, 0.0, 1.0]));
    let positive = BinaryCrossEntropy.positive_weights([2.0; 3]);
    check::<Image<3, 9, 9>, _>("binary", positive, Image([[[1.0; 9]; 9]; 3]));
    check::<Vector<3>, _>("counts", PoissonNllLoss::default().full(), Vector([2.0; 3]));
}

#[test]
fn a_quantized_network_never_allocates() {
    use chainrule::quantized::Quantized;
    type Net = (
        (Conv2d<1, 4, 3, 1, 1>, BatchNorm<4>, Relu, MaxPool2d<2>),
        (Residual<(Conv2d<4, 4, 3, 1, 1>, Tanh)>, Flatten, Linear<64, 8>, Reshape<Sequence<4, 2>>),
        (Concat<(Gru<2, 2>, Lstm<2, 3>)>, LastStep, Shared<Linear<5, 5>, 2>, Linear<5, 3>, Softmax),
    );
    type Int8 = Quantized<Net, Image<1, 8, 8>>;
    let xs = inputs::<Image<1, 8, 8>>(FULL);
    let quantized: Box<Int8> = Quantized::calibrate(&Net::init(&mut rng(1)), &xs).unwrap();
    let (mut outputs, mut memory) = ([Vector([0.0; 3]); FULL], [0; Int8::RAM]);
    let count = allocations(|| {
        quantized.predict_into(&xs, &mut outputs, &mut memory).unwrap();
        quantized.predict_int8(&[[[7; 8]; 8]], &mut [0; 3], &mut memory).unwrap();
    });
    assert_eq!(count, 0);
}

#[test]
fn predicting_into_the_same_place_allocates_only_in_its_first_call() {
    type Net = (Linear<12, 24>, [Residual<(Relu, Linear<24, 24>, Dropout<20>)>; 3], Linear<24, 10>, Softmax);
    let (net, xs) = (Net::init(&mut rng(1)), inputs::<Vector<12>>(FULL));
    let (mut outputs, mut workspace) = ([Vector::default(); FULL], Workspace::default());
    assert_only_the_first_step_allocates("predict_into", |samples| {
        net.predict_into(&xs[..samples], &mut outputs[..samples], &mut workspace).unwrap();
    });
}

#[test]
fn what_is_done_with_parameters_allocates_nothing() {
    type Net = (Linear<12, 24>, [Residual<(PRelu, Linear<24, 24>)>; 3], Linear<24, 10>);
    let (mut net, other) = (Net::init(&mut rng(1)), Net::init(&mut rng(1)));
    let asked = allocations(|| {
        assert_eq!(net.parameters(), other.parameters());
        assert!(net.norm() > 0.0);
        net.set_zero();
    });
    assert_eq!(asked, 0);
}

/// A layer by itself, without the checks and buffers of `Network`: forward and backward, on a full and a smaller batch.
fn assert_second_pass_allocates_nothing<L: Maps<X, Y>, X: Tensor, Y: Tensor>(name: &str) {
    let layer = L::init(&mut rng(1));
    let (x, mut y, dy, mut dx) = (inputs::<X>(FULL), inputs::<Y>(FULL), inputs::<Y>(FULL), inputs::<X>(FULL));
    let (mut gradient, mut workspace, mut rng) = (L::zeros(), Workspace::default(), rng(2));
    let mut pass = |n: usize, train: bool| {
        let mut mode = if train { Mode::Train(&mut rng) } else { Mode::Evaluate };
        layer.forward(&x[..n], &mut y[..n], workspace.prepare::<X, L>(n), &mut mode);
        let mut back = |input_grad| {
            layer.backward(Backward {
                input: &x[..n],
                output: &y[..n],
                output_grad: &dy[..n],
                input_grad,
                gradient: &mut gradient,
                workspace: workspace.prepare::<X, L>(n),
                accumulate: true,
            });
        };
        back(Some(&mut dx[..n]));
        back(None);
    };
    pass(FULL, true);
    let later = allocations(|| {
        for (samples, train) in [(FULL, true), (LAST, true), (FULL, false), (FULL, true)] {
            pass(samples, train)
        }
    });
    assert_eq!(later, 0, "{name}: a pass after the first allocates");
}

/// A layer as a network: all that is called again and again.
fn assert_second_step_allocates_nothing<N: Maps<X, Y>, X: Tensor, Y: Tensor>(name: &str) {
    train::<N, X, Y, _>(name, || Sgd::<N>::new(1e-4).momentum(0.9));

    let (net, xs) = (N::init(&mut rng(1)), inputs::<X>(FULL));
    let (mut outputs, mut workspace) = (inputs::<Y>(FULL), Workspace::default());
    net.predict_into(&xs, &mut outputs, &mut workspace).unwrap();
    let later = allocations(|| {
        for samples in [FULL, LAST, 1, FULL] {
            net.predict_into(&xs[..samples], &mut outputs[..samples], &mut workspace).unwrap();
        }
    });
    assert_eq!(later, 0, "{name}: a prediction after the first allocates");
}

macro_rules! case {
    ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
        type T = f32;
        assert_second_pass_allocates_nothing::<$layer, $input, _>(stringify!($name));
        assert_second_step_allocates_nothing::<$layer, $input, _>(stringify!($name));
    }};
}

#[test]
fn the_second_pass_and_step_of_every_layer_allocate_nothing() {
    every_layer!(case);
}

#[test]
fn the_second_pass_and_step_of_every_combinator_and_network_allocate_nothing() {
    every_combinator!(case);
    every_network!(case);
}

/// A pair is not a tensor, so it is an input in none of the lists.
#[test]
fn a_network_with_two_inputs_allocates_only_in_its_first_step() {
    type Net = (Parallel<(Linear<12, 8>, Tanh), Linear<5, 8>>, Join, BatchNorm<16>, Linear<16, 4>);
    let pair = |(a, b)| Pair(a, b);
    let (first, second) = (inputs::<Vector<12>>(FULL), inputs::<Vector<5>>(FULL));
    let xs: Vec<_> = first.into_iter().zip(second).map(pair).collect();
    let ys = inputs::<Vector<4>>(FULL);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1);
    assert_only_the_first_step_allocates("a pair", |samples| {
        trainer.step(&xs[..samples], &ys[..samples]).unwrap();
    });
    let (mut outputs, mut workspace) = ([Vector::default(); FULL], Workspace::default());
    assert_only_the_first_step_allocates("predictions for a pair", |samples| {
        trainer.network.predict_into(&xs[..samples], &mut outputs[..samples], &mut workspace).unwrap();
    });
}

/// Threads that count together.
fn pool(threads: usize, counter: &'static AtomicUsize) -> rayon::ThreadPool {
    let counts = move |_| count_together(counter);
    rayon::ThreadPoolBuilder::new().num_threads(threads).start_handler(counts).build().unwrap()
}

/// A batch in pieces: the first step makes the pieces' gradients, and each thread makes what it works in when it works
/// for the first time.
#[test]
fn steps_in_pieces_allocate_only_in_their_first_on_each_thread() {
    type Net = (Linear<12, 24>, Tanh, Dropout<20>, [Residual<Linear<24, 24>>; 2], Linear<24, 10>);
    let (xs, ys) = (inputs::<Vector<12>>(FULL), inputs::<Vector<10>>(FULL));
    let trainer =
        || Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(1e-3), 1).micro_batch(2);

    static ONE: AtomicUsize = AtomicUsize::new(0);
    let mut alone = trainer();
    let (first, later) = pool(1, &ONE).install(|| {
        let mut steps = |count: usize| {
            let before = ONE.load(Relaxed);
            (0..count).for_each(|_| _ = alone.step(&xs, &ys).unwrap());
            (0..count).for_each(|_| _ = alone.step(&xs[..LAST], &ys[..LAST]).unwrap());
            ONE.load(Relaxed) - before
        };
        (steps(1), steps(20))
    });
    assert!(first > 0 && later == 0, "one thread: {first} allocations in the first step, {later} later");

    // A thread takes part when it gets to it, in the first step or in a later one, and rayon needs some memory for it.
    // No thread may take more than the whole first step of one thread, which made the gradients of four pieces as well.
    // If every step allocated once, there would be 1000.
    static THREE: AtomicUsize = AtomicUsize::new(0);
    let mut together = trainer();
    pool(3, &THREE).install(|| {
        (0..1000).for_each(|_| _ = together.step(&xs, &ys).unwrap());
    });
    let all = THREE.load(Relaxed);
    println!("{first} allocations on one thread, {all} on three");
    assert!(all <= 3 * first, "three threads: {all} allocations in 1000 steps, one needs {first}");
}

/// A layer so large that several threads work on one product.
#[test]
fn the_steps_of_a_large_layer_on_threads_allocate_only_in_the_first() {
    type Net = Linear<512, 1024>; // 525,312 parameters: a batch is not cut, but the products are
    let (xs, ys) = (inputs::<Vector<512>>(64), inputs::<Vector<1024>>(64)); // 2^25 multiply-adds each: in two halves
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(1e-4), 1);
    let [first, later] = pool(3, &COUNTER).install(|| {
        [1, 2].map(|steps| {
            let before = COUNTER.load(Relaxed);
            (0..steps).for_each(|_| _ = trainer.step(&xs, &ys).unwrap());
            COUNTER.load(Relaxed) - before
        })
    });
    println!("{first} allocations in the first step, {later} in the next two");
    // rayon needs memory for each thread that steals for the first time, which may be late: two of the three.
    assert!(first > 0 && later <= 2, "{first}, then {later}");
}

/// Not even the first step of a stream allocates: it may run where memory cannot be allocated.
#[test]
fn a_step_of_a_stream_never_allocates() {
    use chainrule::stream::StreamState;
    type Conv = Conv1dWith<8, 8, (Kernel<2>, Dilation<4>, Causal)>;
    type Gate = (Duplicate, Parallel<(Conv, Tanh), (Conv, Sigmoid)>, Product, Conv1d<8, 8, 1>);
    type Net = (
        Lstm<2, 8>,
        LayerNorm<Vector<8>>,
        [Residual<(Gru<8, 8>, Tanh)>; 2],
        [Residual<Gate>; 3],
        Conv1dWith<8, 8, (Kernel<3>, Groups<4>, Causal)>,
        Rnn<8, 3, Relu>,
        Softmax,
    );
    let net = Net::init(&mut rng(1));
    let mut sum = 0.0;
    let count = allocations(|| {
        let mut state = StreamState::new(&net);
        for step in 0..10 {
            sum += net.step(&Vector([step as f32, 0.5]), &mut state).unwrap()[0];
        }
    });
    assert_eq!(count, 0);
    assert!(sum > 0.0);
}

#[test]
fn windows_of_streams_allocate_only_in_the_first_step() {
    type Net = (Lstm<2, 6>, Gru<6, 5>, Rnn<5, 3>);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1);
    let mut state = CarriedState::new::<Net, Sequence<7, 2>>(FULL);
    let (xs, ys) = (inputs::<Sequence<7, 2>>(FULL), inputs::<Sequence<7, 3>>(FULL));
    assert!(allocations(|| drop(trainer.step_carried(&xs, &ys, &mut state))) > 0);
    let later = allocations(|| {
        state.restart_where(|stream| stream % 2 == 0);
        trainer.step_carried(&xs, &ys, &mut state).unwrap();
    });
    assert_eq!(later, 0);
}

#[test]
fn a_trainer_across_ranks_allocates_nothing_after_the_first_step() {
    type Net = (Linear<4, 6>, BatchNorm<6>, Tanh, Dropout<20>, Linear<6, 2>);
    let (xs, ys) = (&inputs::<Vector<4>>(FULL), &inputs::<Vector<2>>(FULL));
    std::thread::scope(|scope| {
        for rank in chainrule::distributed::local(2) {
            scope.spawn(move || {
                let net = Net::init(&mut rng(1));
                let trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1).micro_batch(4);
                let mut trainer = trainer.across(rank).unwrap();
                let mut step = |samples: usize| {
                    trainer.step(&xs[..samples], &ys[..samples]).unwrap();
                };
                // A batch of one piece has its own workspace.
                assert!(allocations(|| [FULL, LAST].into_iter().for_each(&mut step)) > 0);
                assert_eq!(allocations(|| [FULL, LAST, 1, 6, FULL].into_iter().for_each(&mut step)), 0);
            });
        }
    });
}

/// A network of tokens: training with a table whose rows are left out, and predictions.
fn assert_second_step_of_tokens_allocates_nothing<N: Maps<X, Y>, X: TokenInputs, Y: Tensor>(name: &str) {
    let (xs, ys) = (X::token_inputs(FULL), inputs::<Y>(FULL));
    let adam = Adam::<N>::new(1e-4);
    let mut trainer =
        Trainer::new(N::init(&mut rng(1)), MeanSquaredError, adam, 1).micro_batch(3).clip_norm(1.0);
    trainer.step(&xs, &ys).unwrap();
    trainer.step(&xs[..LAST], &ys[..LAST]).unwrap(); // in one piece, which has a workspace of its own
    let (mut outputs, mut workspace) = (inputs::<Y>(FULL), Workspace::default());
    trainer.network.predict_into(&xs, &mut outputs, &mut workspace).unwrap();
    let later = allocations(|| {
        for samples in [FULL, LAST, 1, FULL] {
            trainer.step(&xs[..samples], &ys[..samples]).unwrap();
            let (xs, outputs) = (&xs[..samples], &mut outputs[..samples]);
            trainer.network.predict_into(xs, outputs, &mut workspace).unwrap();
        }
    });
    assert_eq!(later, 0, "{name}: a step after the first allocates");
}

#[test]
fn the_second_step_of_every_network_of_tokens_allocates_nothing() {
    type T = f32;
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            assert_second_step_of_tokens_allocates_nothing::<$layer, $input, _>(stringify!($name));
        };
    }
    every_token_row!(case);
}
